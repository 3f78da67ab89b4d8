"""Julia, with its Base. A function that is not defined for a number throws; here it gives NaN."""

from __future__ import annotations

from collections.abc import Sequence

from app.export import program as programs
from app.export.forms import C_LOGIC, OPERATORS, WordForm, calls
from app.export.language import Language, Syntax

_PARTIAL = {"sqrt": "x < 0", "log": "x < 0", "log2": "x < 0", "log10": "x < 0", "log1p": "x < -1",
            "asin": "abs(x) > 1", "acos": "abs(x) > 1", "atanh": "abs(x) > 1"}  # fmt: skip
"""Where each of these throws."""

SNIPPETS: dict[str, str] = {
    f"real_{name}": f"real_{name}(x) = {where} ? NaN : {name}(x)\n" for name, where in _PARTIAL.items()
} | {"real_power": "real_power(x, n) = x < 0 && n != trunc(n) ? NaN : x^n\n"}

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    **C_LOGIC,
    **calls("sin cos tan atan sinh cosh tanh asinh exp exp2 expm1 cbrt abs sign floor ceil trunc round"),
    **calls(" ".join(f"{name}=real_{name}" for name in _PARTIAL), needs=True),
    **calls("atan2=atan hypot copysign mod fmod=rem maximum=max minimum=min", 2),
    **calls("pow=real_power pow_const=real_power const_pow=real_power", 2, needs=True),
}

SYNTAX = Syntax(
    infinity="Inf",
    nan="NaN",
    whole=False,
    as_condition=WordForm("{0} != 0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("Float64({0})"),
    assign="{0} = {1}",
    assign_condition="{0} = {1}",
    function="function {name}({parameters})\n{body}    return {result}\nend\n",
    parameter="{0}",
    comment="# ",
    unicode=True,
    keywords="baremodule begin break catch const continue do else elseif end export false finally for function global"
    " if import importall in isa let local macro module quote return struct true try using while where mutable"
    " primitive abstract type Float64 Inf NaN reshape tangents value pi im ans",
)


def _element(name: str, indices: Sequence[int], _: programs.Shape) -> str:
    return f"{name}[{', '.join(str(index + 1) for index in indices)}]" if indices else name


def _gradient(entries: Sequence[str], shape: programs.Shape) -> str:
    if shape == ():
        return entries[0]
    listed = f"[{', '.join(programs.by_columns(entries, shape))}]"
    return listed if len(shape) == 1 else f"reshape({listed}, {', '.join(map(str, shape))})"


def _layout(program: programs.SourceFileParts) -> str:
    parts = ["\n".join(program.heading) + "\n", *program.helpers]
    for function in program.functions:
        names = [argument.name for argument in program.arguments] + (["tangents"] if function.moved else [])
        lines = [f"function {function.name}({', '.join(names)})", *[f"    {line}" for line in function.lines]]
        found = [_gradient(e, s) for e, s in zip(function.entries, program.shapes(), strict=True)]
        opening, closing = ("[", "]") if program.flat else ("(", ",)" if len(found) == 1 else ")")
        listed = found[0] if program.single else programs.broken(opening, found, closing, "    ")
        parts.append("\n".join([*lines, f"    return {function.value}, {listed}", "end", ""]))
    return "\n".join(parts)


JULIA = Language(
    name="julia",
    title="Julia",
    filename="value_and_grad.jl",
    media_type="text/x-julia",
    words=WORDS,
    syntax=SYNTAX,
    snippets=SNIPPETS,
    layout=_layout,
    element=_element,
    listed=lambda name, place, _: f"{name}[{place + 1}]",
)
