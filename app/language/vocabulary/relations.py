"""The six relations between two numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import sympy
from sympy.core.basic import Basic


class Relation(NamedTuple):
    """A relation between two numbers; its tape instruction takes ``swapped`` operands where it has none of its own."""

    sign: str
    node: type[Basic]
    opcode: str
    swapped: bool
    holds: Callable[[int | Fraction | float, int | Fraction | float], bool]


_RELATIONS = (
    Relation("<", sympy.StrictLessThan, "less", False, operator.lt),
    Relation("<=", sympy.LessThan, "less_equal", False, operator.le),
    Relation(">", sympy.StrictGreaterThan, "less", True, operator.gt),
    Relation(">=", sympy.GreaterThan, "less_equal", True, operator.ge),
    Relation("==", sympy.Eq, "equal", False, operator.eq),
    Relation("!=", sympy.Ne, "not_equal", False, operator.ne),
)

BY_SIGN = {relation.sign: relation for relation in _RELATIONS}

BY_NODE = {relation.node: relation for relation in _RELATIONS}
