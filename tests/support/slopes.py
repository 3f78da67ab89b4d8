"""Derivatives of words by forward mode over a namespace, nested as often as asked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.autodiff.namespaces import forward


def slope(xp: Any, opcode: str, operands: Sequence[Any], by: Sequence[int]) -> Any:
    """Return the derivative of a word of numbers or arrays ``operands`` by one operand after the other."""
    numbers = list(operands)
    spaces = []
    for direction in by:
        xp = forward.Forward(xp)
        numbers[direction] = forward.Moving(xp, numbers[direction], 1.0)
        spaces.append(xp)
    with np.errstate(all="ignore"):
        found = getattr(xp, opcode)(*numbers)
    for space in reversed(spaces):
        found = found.tangent if isinstance(found, forward.Moving) and found.space is space else 0.0
    return found
