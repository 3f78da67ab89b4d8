"""C99, with its mathematical library."""

from __future__ import annotations

from collections.abc import Sequence

from app.export import program as programs
from app.export.forms import ATOM, C_LOGIC, CHOICE, OPERATORS, WordForm, calls
from app.export.language import Language, Syntax

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    **C_LOGIC,
    **calls("sin cos tan asin acos atan sinh cosh tanh asinh atanh exp exp2 expm1 log log2 log10 log1p sqrt cbrt"),
    **calls("abs=fabs floor ceil trunc round=rint erf erfc gamma=tgamma lgamma"),
    **calls("atan2 hypot fmod copysign maximum=fmax minimum=fmin pow pow_const=pow const_pow=pow", 2),
}

SYNTAX = Syntax(
    infinity="INFINITY",
    nan="NAN",
    whole=False,
    as_condition=WordForm("{0} != 0.0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("({0} ? 1.0 : 0.0)", ATOM, (CHOICE + 1,)),
    assign="const double {0} = {1};",
    assign_condition="const int {0} = {1};",
    function="static double {name}({parameters}) {{\n{body}    return {result};\n}}\n",
    parameter="double {0}",
    comment="// ",
    unicode=False,
    keywords="auto break case char const continue default do double else enum extern float for goto if inline int long"
    " register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while"
    " point gradient tangents product value main INFINITY NAN NULL",
)


def element(name: str, indices: Sequence[int], shape: programs.Shape) -> str:
    return f"{name}[{programs.flat_place(indices, shape)}]" if shape else name


def _layout(program: programs.SourceFileParts) -> str:
    parts = ["\n".join(program.heading) + "\n\n#include <math.h>\n", *program.helpers]
    return "\n".join([*parts, *[_function(program, each) for each in program.functions]])


def _function(program: programs.SourceFileParts, function: programs.DerivedFunction) -> str:
    output = "product" if function.moved else "gradient"
    moved = ", const double *tangents" if function.moved else ""
    lines = [f"double {function.name}(const double *point{moved}, double *{output}) {{"]
    if not any(argument.used for argument in program.arguments):
        lines.append("    (void)point;")
    if function.moved and not any("tangents[" in line for line in _texts(function)):
        lines.append("    (void)tangents;")
    for argument, start in zip(program.arguments, program.offsets, strict=False):
        if argument.used and argument.shape == ():
            lines.append(f"    const double {argument.name} = point[{start}];")
        elif argument.used:
            lines.append(f"    const double *const {argument.name} = point + {start};")
    lines += [f"    {line}" for line in function.lines]
    flat = [entry for entries in function.entries for entry in entries]
    lines += [f"    {output}[{place}] = {entry};" for place, entry in enumerate(flat)]
    return "\n".join([*lines, f"    return {function.value};", "}", ""])


def _texts(function: programs.DerivedFunction) -> list[str]:
    return [*function.lines, *[entry for entries in function.entries for entry in entries]]


C = Language(
    name="c",
    title="C",
    filename="value_and_grad.c",
    media_type="text/x-c",
    words=WORDS,
    syntax=SYNTAX,
    layout=_layout,
    element=element,
    listed=lambda name, place, _: f"{name}[{place}]",
)
