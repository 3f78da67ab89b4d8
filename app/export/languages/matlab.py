"""MATLAB and GNU Octave. Functions that would give complex numbers give NaN."""

from __future__ import annotations

from collections.abc import Sequence

from app.export import program as programs
from app.export.forms import AND, ATOM, NOT, OPERATORS, OR, SIGN, WordForm, calls, infix
from app.export.language import Language, Syntax

_PARTIAL = {"sqrt": "x < 0", "log": "x < 0", "log2": "x < 0", "log10": "x < 0", "log1p": "x < -1",
            "asin": "abs(x) > 1", "acos": "abs(x) > 1", "atanh": "abs(x) > 1"}  # fmt: skip
"""Where the result of each of these is complex."""

_SNIPPET = """function y = real_{0}(x)
    if {1}
        y = NaN;
    else
        y = {0}(x);
    end
end
"""

SNIPPETS: dict[str, str] = {f"real_{name}": _SNIPPET.format(name, where) for name, where in _PARTIAL.items()} | {
    "real_power": """function y = real_power(x, n)
    if x < 0 && n ~= fix(n)
        y = NaN;
    else
        y = x ^ n;
    end
end
""",
    "pick": """function y = pick(condition, a, b)
    if condition
        y = a;
    else
        y = b;
    end
end
""",
}

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    "not_equal": infix("~=", OPERATORS["equal"].level),
    "and": infix("&&", AND),
    "or": WordForm("{0} || {1}", OR, (NOT,)),
    "not": WordForm("~{0}", SIGN, (ATOM,)),
    **calls("select=pick", 3, needs=True),
    **calls("sin cos tan atan sinh cosh tanh asinh exp expm1 abs sign floor ceil trunc=fix"),
    **calls("erf erfc erfcx erfinv erfcinv gamma lgamma=gammaln digamma=psi"),
    **calls(" ".join(f"{name}=real_{name}" for name in _PARTIAL), needs=True),
    **calls("atan2 hypot mod fmod=rem maximum=max minimum=min betaln", 2),
    **calls("pow=real_power pow_const=real_power const_pow=real_power", 2, needs=True),
    **calls("jn=besselj yn=bessely iv=besseli kn=besselk", 2),
    "cbrt": WordForm("nthroot({0}, 3)"),
    "betainc": WordForm("betainc({2}, {0}, {1})"),
}

SYNTAX = Syntax(
    infinity="Inf",
    nan="NaN",
    whole=True,
    as_condition=WordForm("{0} ~= 0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("double({0})"),
    assign="{0} = {1};",
    assign_condition="{0} = {1};",
    function="function y = {name}({parameters})\n{body}    y = {result};\nend\n",
    parameter="{0}",
    comment="% ",
    unicode=False,
    keywords="break case catch classdef continue else elseif end for function global if otherwise parfor persistent"
    " return spmd switch try while do endif endfor endfunction endwhile until unwind_protect Inf NaN pi e i j eps y ans"
    " value gradient product tangents reshape double true false",
)


def _element(name: str, indices: Sequence[int], _: programs.Shape) -> str:
    return f"{name}({', '.join(str(index + 1) for index in indices)})" if indices else name


def _gradient(entries: Sequence[str], shape: programs.Shape) -> str:
    if shape == ():
        return entries[0]
    listed = f"[{', '.join(programs.by_columns(entries, shape))}]"
    return listed if len(shape) == 1 else f"reshape({listed}, {', '.join(map(str, shape))})"


def _layout(program: programs.SourceFileParts) -> str:
    functions = []
    for function in program.functions:
        names = [argument.name for argument in program.arguments] + (["tangents"] if function.moved else [])
        output = "product" if function.moved else "gradient"
        lines = [f"function [value, {output}] = {function.name}({', '.join(names)})"]
        lines += [f"    {line}" for line in function.lines]
        if function.value != "value":
            lines.append(f"    value = {function.value};")
        found = [_gradient(e, s) for e, s in zip(function.entries, program.shapes(), strict=True)]
        opening, closing = ("[", "]") if program.flat else ("{", "}")
        listed = found[0] if program.single else f"{opening}{', '.join(found)}{closing}"
        functions.append("\n".join([*lines, f"    {output} = {listed};", "end", ""]))
    # The first function of a file is the one that its name calls.
    return "\n".join(["\n".join(program.heading), *functions, *program.helpers])


MATLAB = Language(
    name="matlab",
    title="MATLAB and GNU Octave",
    filename="value_and_grad.m",
    media_type="text/x-matlab",
    words=WORDS,
    syntax=SYNTAX,
    snippets=SNIPPETS,
    layout=_layout,
    element=_element,
    listed=lambda name, place, flat: f"{name}({place + 1})" if flat else f"{name}{{{place + 1}}}",
)
