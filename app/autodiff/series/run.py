"""A tape over power series: one instruction after the other, each with all its coefficients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app.autodiff import table
from app.autodiff.arrays.tape import ArrayTape
from app.autodiff.series.power import Space
from app.autodiff.tape import Tape

Tick = Callable[[], None]
"""Called before each instruction; what it raises ends the run."""


def numbers(space: Space, tape: Tape, leaves: Sequence[Any], tick: Tick) -> Any:
    """Return the value of a tape of numbers, of its inputs and constants.

    A leaf is a number, an array of numbers at several points, or a series of such.
    """
    slots = [*leaves, *[float(value) for value in tape.statics]]
    for opcode, operands in tape.code:
        tick()
        slots.append(space.settled(space.word(opcode, *[slots[i] for i in operands])))
        space.forget()
    return slots[tape.result]


def arrays(space: Space, tape: ArrayTape, leaves: Sequence[Any], tick: Tick) -> list[Any]:
    """Return the results of a tape of arrays, of its inputs and constants: arrays, or series of arrays."""
    slots = [*leaves, *tape.statics]
    last = tape.last_uses()
    for position, (opcode, operands, parameters) in enumerate(tape.code):
        tick()
        values = [slots[i] for i in operands]
        if opcode == "scan":
            slots.append(_scan(space, parameters, values, tick))
        elif opcode == "scan_result":
            slots.append(values[0][parameters[0]])
        else:
            word = opcode in table.TABLE
            found = space.word(opcode, *values) if word else space.primitive(opcode, parameters, *values)
            slots.append(space.fitted(found, tape.shapes[tape.leaves + position]))
        space.forget()
        for i in operands:
            if last[i] == position and i >= tape.leaves:
                slots[i] = None
    return [slots[i] for i in tape.results]


def _scan(space: Space, parameters: Any, operands: Sequence[Any], tick: Tick) -> list[Any]:
    """Return the last carried values and the stacked results of a loop."""
    count, reverse, carried, stacked, body = parameters
    state, fixed = list(operands[:carried]), operands[carried + stacked :]
    rows: list[list[Any]] = []
    for index in range(count - 1, -1, -1) if reverse else range(count):
        given = [_row(space, x, index) for x in operands[carried : carried + stacked]]
        found = arrays(space, body, [np.float64(index), *state, *given, *fixed], tick)
        state = found[:carried]
        rows.append(found[carried:])
    if reverse:
        rows.reverse()
    shapes = [body.shapes[slot] for slot in body.results[carried:]]
    columns = [[row[number] for row in rows] for number in range(len(shapes))]
    empty = [np.zeros((0, *shape)) for shape in shapes]
    return [
        *state,
        *[space.settled(space.stack(each)) if rows else none for each, none in zip(columns, empty, strict=True)],
    ]


def _row(space: Space, x: Any, index: int) -> Any:
    return space.settled(space.each(lambda c: c[index], x))
