"""Operators: how tightly they bind, and the instruction that each becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.language.grammar import stack_code
from app.language.grammar.stack_code import Instruction

CONDITIONAL, OR, AND, NOT, COMPARE, BIT_OR, BIT_AND, SUM, PRODUCT, UNARY, POWER = range(1, 12)
"""How tightly an operator binds, as in Python; CONDITIONAL is the ``else`` of ``a if c else b``."""

WALRUS = CONDITIONAL
"""Level of ``:=``, which takes a whole choice as its value."""

OPEN_IF = 0
"""Level of an ``if`` whose ``else`` has not come: no operator after it may take it off the stack."""

CHAINS = {
    **dict.fromkeys("+-", ("sum", SUM)),
    **dict.fromkeys("*/", ("product", PRODUCT)),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in", "not in", "is", "is not"), ("compare", COMPARE)),
    "or": ("or", OR),
    "and": ("and", AND),
    "|": ("or", BIT_OR),
    "&": ("and", BIT_AND),
}
"""Kind and level of the operators of which a chain becomes one instruction."""


class Operator(NamedTuple):
    """An operator that waits for its right operand, or a chain of them; the offset is that of the first."""

    level: int
    kind: str  # a key of INSTRUCTIONS, "positive", "if" or "ifelse"
    texts: list[str]
    offset: int
    start: int = 0  # where in the code its second operand begins


UNARY_OPERATORS = {"+": "positive", "-": "negate", "~": "not"}

AUGMENTED = {
    "+=": ("sum", "+"), "-=": ("sum", "-"), "*=": ("product", "*"), "/=": ("product", "/"),
    "**=": ("binary", "**"), "^=": ("binary", "**"), "//=": ("binary", "//"), "%=": ("binary", "%"),
    "@=": ("binary", "@"), "|=": ("or", "|"), "&=": ("and", "&"),
}  # fmt: skip
"""Kind and operator of each augmented assignment."""

ASSIGNING = frozenset({"=", *AUGMENTED})

INSTRUCTIONS: dict[str, Callable[[list[str], int], Instruction]] = {
    "sum": lambda texts, offset: stack_code.Sum("+" + "".join(texts), offset),
    "product": lambda texts, offset: stack_code.Product("*" + "".join(texts), offset),
    "compare": lambda texts, offset: stack_code.Compare(tuple(texts), offset),
    "and": lambda texts, offset: stack_code.Joined("and", len(texts) + 1, offset),
    "or": lambda texts, offset: stack_code.Joined("or", len(texts) + 1, offset),
    "walrus": lambda texts, offset: stack_code.Bind(texts[0], True, offset),
    "binary": lambda texts, offset: stack_code.Binary(texts[0], offset),
    "unary": lambda texts, offset: stack_code.Unary(texts[0], offset),
}
"""Instruction of each kind, from its texts and offset."""
