"""R, with its base and stats packages. A condition that is not known is taken as one that does not hold."""

from __future__ import annotations

from collections.abc import Sequence

from app.export import program as programs
from app.export.forms import C_LOGIC, CHOICE, OPERATORS, POWER, WordForm, calls
from app.export.language import Language, Syntax

_POWER = WordForm("{0}^{1}", POWER, (POWER + 1,))

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    **C_LOGIC,
    "select": WordForm("if (isTRUE({0})) {1} else {2}", CHOICE, (CHOICE, CHOICE + 1)),
    **calls("sin cos tan asin acos atan sinh cosh tanh asinh atanh exp expm1 log log2 log10 log1p sqrt abs sign"),
    **calls("floor ceil=ceiling trunc gamma lgamma digamma sinpi cospi"),
    **calls("atan2 maximum=max minimum=min betaln=lbeta", 2),
    "mod": WordForm("{0} %% {1}", OPERATORS["div"].level + 1, (OPERATORS["div"].level + 2,)),
    "pow": _POWER,
    "pow_const": _POWER,
    "const_pow": _POWER,
    "polygamma": WordForm("psigamma({1}, {0})"),
    "erfc": WordForm("2 * pnorm({0}, sd = sqrt(0.5), lower.tail = FALSE)", OPERATORS["mul"].level),
    "gamma_part": WordForm("pgamma({1}, {0}, lower.tail = {2} == 0)"),
    "betainc": WordForm("pbeta({2}, {0}, {1})"),
}

SYNTAX = Syntax(
    infinity="Inf",
    nan="NaN",
    whole=True,
    as_condition=WordForm("{0} != 0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("as.numeric(isTRUE({0}))"),
    assign="{0} <- {1}",
    assign_condition="{0} <- {1}",
    function="{name} <- function({parameters}) {{\n{body}  {result}\n}}\n",
    parameter="{0}",
    comment="# ",
    unicode=False,
    indent="  ",
    keywords="if else repeat while function for next break in TRUE FALSE NULL Inf NaN NA T F c list array dim value"
    " gradient product tangents return sd as numeric",
)


def _element(name: str, indices: Sequence[int], _: programs.Shape) -> str:
    return f"{name}[{', '.join(str(index + 1) for index in indices)}]" if indices else name


def _gradient(entries: Sequence[str], shape: programs.Shape) -> str:
    if shape == ():
        return entries[0]
    listed = f"c({', '.join(programs.by_columns(entries, shape))})"
    return listed if len(shape) == 1 else f"array({listed}, dim = c({', '.join(map(str, shape))}))"


def _layout(program: programs.SourceFileParts) -> str:
    parts = ["\n".join(program.heading) + "\n", *program.helpers]
    for function in program.functions:
        names = [argument.name for argument in program.arguments] + (["tangents"] if function.moved else [])
        lines = [f"{function.name} <- function({', '.join(names)}) {{", *[f"  {line}" for line in function.lines]]
        found = [_gradient(e, s) for e, s in zip(function.entries, program.shapes(), strict=True)]
        by = [f"{program.arguments[p].name} = {text}" for p, text in zip(program.wanted, found, strict=True)]
        listed = found[0] if program.single else programs.broken("c(" if program.flat else "list(", by, ")", "  ")
        output = "product" if function.moved else "gradient"
        parts.append("\n".join([*lines, f"  list(value = {function.value}, {output} = {listed})", "}", ""]))
    return "\n".join(parts)


R = Language(
    name="r",
    title="R",
    filename="value_and_grad.R",
    media_type="text/x-r",
    words=WORDS,
    syntax=SYNTAX,
    layout=_layout,
    element=_element,
    listed=lambda name, place, flat: f"{name}[{place + 1}]" if flat else f"{name}[[{place + 1}]]",
)
