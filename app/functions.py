"""A text and what has been made of it: one set of plans, or one for each shape its arguments have come in."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from app import algebra, errors, parsing, plans, tape
from app.algebra import Shape

_REMEMBERED = 8
"""How many sets of argument shapes are kept for one text."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A function for arguments of certain ranks or shapes.

    Attributes:
        shape: of the value.
        cells: one plan for each number of the value, row-major.
        operations: of all cells.
    """

    shape: Shape
    cells: tuple[plans.Plan, ...]
    operations: int


class Function:
    """A text ready to be asked about.

    Args:
        reading: the text, read.

    Attributes:
        args: argument names in order.
        ranks: how each argument is used, None where that is not known or does not matter.
        text: as it was given.
        function_id: names the function: 32 hex digits, see ``tape.Recording`` and ``fingerprint``.
    """

    __slots__ = ("_general", "_limits", "_reading", "_settled", "_shaped", "args", "function_id", "ranks", "text")

    def __init__(self, reading: parsing.Function) -> None:
        self.args = reading.args
        self.ranks = reading.ranks
        # A function that needs no shapes may never be asked for others: its code and tree are not kept.
        self._reading = reading if reading.program is None else None
        self.text = reading.text
        self._limits = reading.limits
        self._shaped: OrderedDict[tuple[Shape, ...], Shaped] = OrderedDict()
        self._settled: OrderedDict[tuple[Shape, ...], tuple[Shape, ...]] = OrderedDict()
        self.function_id = reading.identity
        self._general: Shaped | None = None
        if reading.program is not None:
            recordings = tape.record_cells(reading.program)
            self.function_id = _identity(reading.program.shape, recordings)
            self._general = self._shape(reading.program, recordings)

    @property
    def general(self) -> Shaped | None:
        """The function, if it is one whatever the shapes of its arguments."""
        return self._general

    @property
    def whole(self) -> tuple[int | None, ...]:
        """Rank that a list given for a function of one argument is taken to have."""
        return self.ranks if self._general is not None else (1,) * len(self.ranks)

    @property
    def weight(self) -> int:
        """Operations of all plans kept, and a share for the text."""
        kept = [] if self._general is None else [self._general]
        return sum(map(len, self.text)) // 8 + sum(
            shaped.operations + 40 * len(shaped.cells) for shaped in [*kept, *self._shaped.values()]
        )

    def settled(self, shapes: tuple[Shape, ...], limits: algebra.Limits | None = None) -> tuple[Shape, ...]:
        """Return the shapes that arguments have which came as lists of one number: such a list is that number.

        Unless the function indexes, iterates or measures it: then it would not make sense for a number, or it hands
        one to a function of arrays.
        """
        if self._general is not None or (1,) not in shapes:
            return shapes
        found = self._settled.get(shapes)
        if found is None:
            numbers = tuple([() if shape == (1,) else shape for shape in shapes])
            try:
                program = self._read(numbers, limits)
                found = shapes if program.measured else numbers
            except errors.BadShape:
                found = shapes
            self._settled[shapes] = found
            while len(self._settled) > _REMEMBERED:
                self._settled.popitem(last=False)
        return found

    def known(self, shapes: Sequence[Shape]) -> Shaped | None:
        """Return what ``at`` would without reading the text again, or None."""
        general = self._general
        if general is not None and _fit(self.ranks, shapes):
            return general
        return self._shaped.get(tuple(shapes))

    def at(self, shapes: Sequence[Shape], limits: algebra.Limits | None = None) -> Shaped:
        """Return the function for arguments of these shapes.

        Args:
            shapes: shape of each argument.
            limits: bounds on reading the text for them, if not those it was read with.

        Raises:
            errors.Rejected: the text makes no sense for them.
        """
        found = self.known(shapes)
        if found is None:
            program = self._read(shapes, limits)
            found = self._shaped[tuple(shapes)] = self._shape(program, tape.record_cells(program))
            while len(self._shaped) > _REMEMBERED:
                self._shaped.popitem(last=False)
        return found

    def _read(self, shapes: Sequence[Shape], limits: algebra.Limits | None) -> parsing.Program:
        reading = self._reading or parsing.read(self.text, self.args, limits=self._limits)
        return reading.at(shapes, limits)

    def _shape(self, program: parsing.Program, recordings: Sequence[tape.Recording]) -> Shaped:
        cells = tuple(
            [
                plans.Plan(recording, program.args, program.ranks, shapes=program.shapes, function_id=self.function_id)
                for recording in recordings
            ]
        )
        return Shaped(program.shape, cells, sum(plan.operations for plan in cells))


def _fit(ranks: Sequence[int | None], shapes: Sequence[Shape]) -> bool:
    return all(rank is None or len(shape) == rank for rank, shape in zip(ranks, shapes, strict=True))


def _identity(shape: Shape, recordings: Sequence[tape.Recording]) -> str:
    """Return the id of a function that needs no shapes: its tape's, or one made of those of its values."""
    ids = [recording.function_id for recording in recordings]
    if shape == ():
        return ids[0]
    return hashlib.blake2b(repr((shape, ids)).encode(), digest_size=16).hexdigest()
