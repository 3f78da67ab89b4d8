"""A row of the table: the partial derivatives of an opcode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Namespace = Any
"""Has each opcode as an attribute, a function."""

Number = Any
"""What the functions of a namespace take and return; it has ``+ - * /`` and unary minus."""

Partial = Callable[..., Number] | float
"""(xp, y, x0, x1, ...) -> dy/dxi, or a constant."""


@dataclass(frozen=True, slots=True)
class Row:
    """The partial derivatives by each operand; None is zero everywhere."""

    partials: tuple[Partial | None, ...]


def row(*partials: Partial | None) -> Row:
    return Row(partials)
