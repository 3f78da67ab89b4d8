"""What of a loop's body need not be in the loop.

    before   what reads no carried value, for all steps at once
    core     what the next carried values need
    after    what reads carried values but no next one needs, for all steps at once; the loop then gives what it reads
    sums     a carried value that only grows by a term: the sum of all terms

The steps of a loop take NumPy some microseconds an instruction, all steps at once take it little more than one of them.
Of the reverse sweep of a loop only the recurrence of the cotangents is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.autodiff.arrays import sweep
from app.autodiff.arrays.loops import scans
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.rules import batching
from app.autodiff.arrays.tape import Parameters, elements

_MOST_ELEMENTS = 1 << 24
"""Limit of what is kept for all steps at once."""


def emit(r: Recorder, parameters: Parameters, operands: Sequence[Slot]) -> list[Slot]:
    """Write a loop; return its last carried values and its stacked results. For the arguments see ``scans``."""
    count, _, _, _, body = parameters
    nested = any(opcode == "scan" for opcode, _, _ in body.code)
    if nested or count * sum([elements(shape) for shape in body.shapes[body.leaves :]]) > _MOST_ELEMENTS:
        return _plain(r, parameters, operands)
    return _Split(r, parameters, operands).results()


def _plain(r: Recorder, parameters: Parameters, operands: Sequence[Slot]) -> list[Slot]:
    scan = scans.emit(r, parameters, operands)
    return [r.emit("scan_result", (number,), scan) for number in range(len(parameters[-1].results))]


class _Split:
    """The parts of a body, by its slots."""

    def __init__(self, r: Recorder, parameters: Parameters, operands: Sequence[Slot]) -> None:
        self.r = r
        self.count, self.reverse, self.carried, self.stacked, self.body = parameters
        self.operands = operands
        body = self.body
        self.sums = self._sums()
        self.cells = [number for number in range(self.carried) if number not in self.sums]
        cells = {1 + number for number in self.cells}
        # Slots that read a carried value, and those that the next values need.
        self.moving = set(cells)
        for slot, (_, inputs, _) in enumerate(body.code, body.leaves):
            if not self.moving.isdisjoint(inputs):
                self.moving.add(slot)
        self.core = self._needed([body.results[number] for number in self.cells]) & self.moving

    def results(self) -> list[Slot]:
        body, carried = self.body, self.carried
        ends = [*self.sums.values(), *body.results[carried:]]
        code = dict(enumerate(body.code, body.leaves))
        after = (self._needed(ends) & self.moving & code.keys()) - self.core
        # What the loop reads from before it, and what is read from the loop after it.
        read = {i for slot in self.core if slot in code for i in code[slot][1]}
        read |= {body.results[number] for number in self.cells}
        given = sorted(read - self.moving - set(range(body.leaves - len(body.statics), body.leaves)))
        later = {i for slot in after for i in code[slot][1]} | set(ends)
        saved = sorted(later & (self.core | {1 + number for number in self.cells}))
        known = self._before(given, later - self.moving)
        last, stacks = self._loop(given, saved, known)
        slots = known | {slot: (stack, True) for slot, stack in zip(saved, stacks, strict=True)}
        found = self._written(sorted(after), slots)
        totals = {number: self._total(number, found[slot]) for number, slot in self.sums.items()}
        cells = iter(last)
        finals = [totals[number] if number in totals else next(cells) for number in range(carried)]
        rows = [self._stacked(found[slot]) for slot in body.results[carried:]]
        return [*finals, *rows]

    def _sums(self) -> dict[int, int]:
        """Return, by number, the slot of the term by which a carried value grows, if that is all it is for."""
        body, found = self.body, {}
        uses: dict[int, int] = {}
        for slot in [i for _, inputs, _ in body.code for i in inputs] + list(body.results):
            uses[slot] = uses.get(slot, 0) + 1
        for number in range(self.carried):
            own, result = 1 + number, body.results[number]
            if result < body.leaves or uses.get(own) != 1 or uses[result] != 1:
                continue
            opcode, inputs, _ = body.code[result - body.leaves]
            grows = opcode == "add" or (opcode == "sub" and inputs[0] == own)
            if grows and own in inputs and body.shapes[own] == body.shapes[result]:
                found[number] = inputs[1] if inputs[0] == own else inputs[0]
        return found

    def _needed(self, ends: Iterable[int]) -> set[int]:
        body, needed = self.body, set(ends)
        for slot in range(len(body.shapes) - 1, body.leaves - 1, -1):
            if slot in needed:
                needed.update(body.code[slot - body.leaves][1])
        return needed

    def _before(self, given: list[int], later: set[int]) -> dict[int, tuple[Slot, bool]]:
        """Write what reads no carried value; return by slot what holds it, and whether for each step."""
        body, carried, stacked = self.body, self.carried, self.stacked
        slots: dict[int, tuple[Slot, bool]] = {}
        if body.last_uses()[0] >= 0:
            slots[0] = self.r.emit("real", (), self.r.emit("iota", (self.count,))), True
        for number, operand in enumerate(self.operands):
            if number >= carried:
                slots[1 + number] = operand, number < carried + stacked
        first = len(body.inputs)
        slots |= {first + i: (self.r.number(value), False) for i, value in enumerate(body.statics)}
        needed = self._needed({*given, *later}) - self.moving
        return self._written([slot for slot in sorted(needed) if slot >= body.leaves], slots)

    def _written(self, code: list[int], slots: dict[int, tuple[Slot, bool]]) -> dict[int, tuple[Slot, bool]]:
        found = dict(slots)
        for slot in code:
            opcode, inputs, parameters = self.body.code[slot - self.body.leaves]
            found[slot] = batching.instruction(self.r, opcode, parameters, self.count, [found[i] for i in inputs])
        return found

    def _loop(
        self, given: list[int], saved: list[int], known: dict[int, tuple[Slot, bool]]
    ) -> tuple[list[Slot], list[Slot]]:
        """Write the loop; return its last carried values, and for all steps the slots that are read after it."""
        if not self.cells:
            return [], []
        body, inner = self.body, Recorder()
        rows = [slot for slot in given if known[slot][1]]
        fixed = [slot for slot in given if not known[slot][1]]
        inner.input(())
        slots: dict[int, Slot] = {1 + number: inner.input(body.shapes[1 + number]) for number in self.cells}
        slots |= {slot: inner.input(body.shapes[slot]) for slot in (*rows, *fixed)}
        first = len(body.inputs)
        slots |= {first + i: inner.number(value) for i, value in enumerate(body.statics)}
        for slot in sorted(self.core):
            if slot >= body.leaves:
                opcode, inputs, parameters = body.code[slot - body.leaves]
                slots[slot] = sweep.written(inner, opcode, parameters, [slots[i] for i in inputs])
        ends = [*[body.results[number] for number in self.cells], *saved]
        core = inner.finish(*[slots[slot] for slot in ends])
        start = [self.operands[number] for number in self.cells]
        operands = [*start, *[known[slot][0] for slot in (*rows, *fixed)]]
        found = _plain(self.r, (self.count, self.reverse, len(self.cells), len(rows), core), operands)
        return found[: len(self.cells)], found[len(self.cells) :]

    def _stacked(self, found: tuple[Slot, bool]) -> Slot:
        (slot,) = batching.all_mapped(self.r, [found], self.count)
        return slot

    def _total(self, number: int, term: tuple[Slot, bool]) -> Slot:
        """Return a carried value that grows by a term."""
        slot, mapped = term
        total = self.r.emit("reduce_sum", ((0,),), slot) if mapped else slot * float(self.count)
        opcode, _, _ = self.body.code[self.body.results[number] - self.body.leaves]
        return self.r.word(opcode, self.operands[number], total)
