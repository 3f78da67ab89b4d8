"""A spreadsheet: rows of tab-separated text to paste at A1, names in column A, numbers and formulae in column B."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from app import errors
from app.export import program as programs
from app.export.forms import COMPARISON, OPERATORS, WordForm, calls, infix
from app.export.language import Language, Syntax

MOST_ROWS = 400
"""Rows of a sheet that is still one to read."""

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    "equal": infix("=", COMPARISON),
    "not_equal": infix("<>", COMPARISON),
    **calls("and=AND or=OR", 2),
    **calls("not=NOT"),
    **calls("select=IF", 3),
    **calls("sin=SIN cos=COS tan=TAN asin=ASIN acos=ACOS atan=ATAN sinh=SINH cosh=COSH tanh=TANH asinh=ASINH"),
    **calls("atanh=ATANH exp=EXP log=LN log10=LOG10 sqrt=SQRT abs=ABS sign=SIGN trunc=TRUNC floor=INT"),
    **calls("maximum=MAX minimum=MIN mod=MOD pow=POWER pow_const=POWER const_pow=POWER", 2),
    "atan2": WordForm("ATAN2({1}, {0})"),
}

SYNTAX = Syntax(
    infinity="NA()",
    nan="NA()",
    whole=True,
    as_condition=WordForm("{0}<>0", COMPARISON, OPERATORS["equal"].operands),
    as_number=WordForm("IF({0}, 1, 0)"),
    assign="{0}\t{1}",
    assign_condition="{0}\t{1}",
    function="",
    parameter="",
    comment="",
    unicode=True,
    keywords="",
)

_PLACE = re.compile("\0[^\0]*\0|\\b(?:t[0-9]+|value)\\b")


def element(name: str, indices: Sequence[int], shape: programs.Shape) -> str:
    """Return a place for the cell of an element, for which ``_layout`` puts the cell."""
    return f"\0{name}:{programs.flat_place(indices, shape)}\0"


def _layout(program: programs.SourceFileParts) -> str:
    (function,) = program.functions
    inputs = [
        (argument.name + _index(place, argument.shape), argument.name, place)
        for argument in program.arguments
        for place in range(argument.size)
    ]
    cells = {f"\0{name}:{place}\0": f"B{row}" for row, (_, name, place) in enumerate(inputs, 2)}
    statements = [line.split("\t") for line in function.lines]
    if function.value != "value":
        statements.append(["value", function.value])
    cells |= {name: f"B{row}" for row, (name, _) in enumerate(statements, 2 + len(inputs))}
    for position, entries in zip(program.wanted, function.entries, strict=True):
        argument = program.arguments[position]
        statements += [[f"d/d{argument.name}{_index(k, argument.shape)}", each] for k, each in enumerate(entries)]
    rows = [f"{label}\t1" for label, _, _ in inputs] + [f"{name}\t={_placed(text, cells)}" for name, text in statements]
    if len(rows) > MOST_ROWS:
        detail = f"a sheet has at most {MOST_ROWS} rows, and this function takes {len(rows)}"
        raise errors.TooComplex(detail, hint="ask for another language", field="language")
    return "\n".join([" ".join(program.heading), *rows, ""])


def _index(place: int, shape: programs.Shape) -> str:
    return "" if shape == () else f"[{', '.join(map(str, np.unravel_index(place, shape)))}]"


def _placed(text: str, cells: dict[str, str]) -> str:
    return _PLACE.sub(lambda found: cells[found[0]], text)


EXCEL = Language(
    name="excel",
    title="spreadsheets",
    filename="value_and_grad.tsv",
    media_type="text/tab-separated-values",
    words=WORDS,
    syntax=SYNTAX,
    layout=_layout,
    element=element,
    listed=lambda name, place, _: f"{name}[{place}]",
    entry="value",
    hvp="",
    inline=True,
)
