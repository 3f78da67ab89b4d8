"""Statements of a module, each with the names that it assigns."""

from __future__ import annotations

from typing import NamedTuple

from app.language.grammar import stack_code
from app.language.grammar.stack_code import Assign, Instruction

SAME = frozenset({"jit", "njit", "checkpoint", "remat", "vectorize"})
"""Functions that give the function that they are given; ``vectorize`` as numbers go."""


class ModuleEntry(NamedTuple):
    """A statement of a module: "function" (its code leaves the function), "class", "code", or "value" (leaves one)."""

    kind: str
    code: list[Instruction]
    offset: int
    name: str = ""  # of a function, empty for a lambda without one

    @property
    def names(self) -> set[str]:
        """Names that it assigns."""
        if self.kind == "function":
            return {self.name}
        return {*stack_code.assigned(self.code), *stack_code.changed(self.code)}

    @property
    def stored(self) -> list[Instruction]:
        """Its code as a statement."""
        if self.kind != "function":
            return self.code
        return [*self.code, Assign(self.name, keep=False, augmented=False, offset=self.offset)]
