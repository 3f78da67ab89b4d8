"""JavaScript, as a module."""

from __future__ import annotations

from app.export import program as programs
from app.export.forms import ATOM, C_LOGIC, CHOICE, OPERATORS, WordForm, calls, infix
from app.export.language import Language, Syntax

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    **C_LOGIC,
    "equal": infix("===", OPERATORS["equal"].level),
    "not_equal": infix("!==", OPERATORS["equal"].level),
    **calls("sin cos tan asin acos atan sinh cosh tanh asinh atanh exp expm1 log log2 log10 log1p", before="Math."),
    **calls("sqrt cbrt abs sign floor ceil trunc", before="Math."),
    **calls("atan2 maximum=max minimum=min pow pow_const=pow const_pow=pow", 2, before="Math."),
    "fmod": WordForm("{0} % {1}", OPERATORS["div"].level, OPERATORS["div"].operands),
}

SYNTAX = Syntax(
    infinity="Infinity",
    nan="NaN",
    whole=True,
    as_condition=WordForm("{0} !== 0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("({0} ? 1 : 0)", ATOM, (CHOICE + 1,)),
    assign="const {0} = {1};",
    assign_condition="const {0} = {1};",
    function="function {name}({parameters}) {{\n{body}  return {result};\n}}\n",
    parameter="{0}",
    comment="// ",
    unicode=True,
    indent="  ",
    keywords="arguments await break case catch class const continue debugger default delete do else enum eval export"
    " extends false finally for function if implements import in instanceof interface let new null package private"
    " protected public return static super switch this throw true try typeof undefined var void while with yield"
    " Infinity NaN Math tangents value valueAndGrad valueAndHvp gradient product",
)


def _layout(program: programs.SourceFileParts) -> str:
    parts = ["\n".join(program.heading) + "\n", *program.helpers]
    return "\n".join([*parts, *[_function(program, each) for each in program.functions]])


def _function(program: programs.SourceFileParts, function: programs.DerivedFunction) -> str:
    names = [argument.name for argument in program.arguments] + (["tangents"] if function.moved else [])
    lines = [f"export function {function.name}({', '.join(names)}) {{", *[f"  {line}" for line in function.lines]]
    output = "product" if function.moved else "gradient"
    found = [programs.nested(e, s) for e, s in zip(function.entries, program.shapes(), strict=True)]
    listed = found[0] if program.single else programs.broken("[", found, "]", "  ")
    return "\n".join([*lines, f"  return {{ value: {function.value}, {output}: {listed} }};", "}", ""])


JAVASCRIPT = Language(
    name="javascript",
    title="JavaScript",
    filename="value_and_grad.mjs",
    media_type="text/javascript",
    words=WORDS,
    syntax=SYNTAX,
    layout=_layout,
    element=programs.bracketed,
    listed=lambda name, place, _: f"{name}[{place}]",
    entry="valueAndGrad",
    hvp="valueAndHvp",
)
