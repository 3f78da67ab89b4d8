"""What reading a text gives: an unevaluated tree, and what is known of its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy.core.basic import Basic

from app.language.expression.values import Shape


@dataclass(frozen=True, slots=True)
class Expression:
    """A function read for arguments of certain ranks or shapes.

    ``root`` is an unevaluated SymPy tree over v0, v1, ... and elements of them; for an array-valued function the
    ``sympy.Tuple`` of its cells, row-major. A rank is None if the argument is not used, 0 if it is used as a number,
    n >= 1 if it is used with n indices.
    """

    root: Basic
    args: tuple[str, ...]  # NFKC-normalised
    ranks: tuple[int | None, ...]
    constants: Mapping[int, Any]  # folded numbers and arrays by ``id`` of the node, for the constant nodes of ``root``
    shape: Shape = ()
    shapes: tuple[Shape, ...] | None = None  # None if the expression holds for all shapes of these ranks
    number_as_array: bool = False  # whether a function of arrays was given a number
    whole: bool = False  # whether an array is one node: then ``root`` is one, and has shapes and constants beside it
    shape_of: Mapping[int, Shape] = field(default_factory=dict)  # of the nodes that are arrays, by ``id``
    hosted: bool = False  # whether it has host words: only NumPy computes it, whole

    def cells(self) -> tuple[Basic, ...]:
        """Return the node of each cell; a scalar has one."""
        return self.root.args if self.shape != () else (self.root,)
