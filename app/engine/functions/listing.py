"""A function's tape as rows: each operation with its operands, the shape of its result and its value at a point.

The rows are of the tape that the engine runs, of numbers or of arrays. Values are computed by NumPy, each operation
once, and only for the rows that are listed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.autodiff import tape as scalars
from app.autodiff.arrays import cost, run
from app.autodiff.arrays import tape as arrays
from app.engine import points
from app.engine.functions import array_plans, plans
from app.language.expression.values import Shape

Array = NDArray[Any]

MAX_ROWS = 300
"""Operations that are listed; the leaves that they read come with them."""

MAX_NUMBERS = 16
"""Numbers of a value that is shown; of a larger one only the shape is."""

_MAX_BYTES = 1 << 26
"""Of all values of the rows, which are alive at once."""

_MAX_TEXT = 80


@dataclass(frozen=True, slots=True)
class TapeSlot:
    """A slot of a tape."""

    slot: int
    operation: str  # "input", "constant" or "static" for a leaf, else an opcode
    operands: tuple[int, ...]  # slots
    detail: str | None  # what an input reads, or the parameters of an operation
    shape: Shape | None  # None for a loop, which has several values
    value: Any  # nested lists; None if it has more than ``MAX_NUMBERS`` numbers


@dataclass(frozen=True, slots=True)
class TapeListing:
    """Rows of a tape.

    Attributes:
        kind: "numbers", if each slot is a number, or "arrays".
        rows: leaves that the operations read, then the operations in the order of the tape.
        operations: how many the tape has, listed or not.
        result: slot of the value.
        cost: of one run of the tape by NumPy.
    """

    kind: str
    rows: list[TapeSlot]
    operations: int
    result: int
    cost: cost.Cost


def of_numbers(plan: plans.Plan, point: points.Point) -> TapeListing:
    """Return the tape of a plan as rows, with the values at one point."""
    vector = plan.leaves(point.flat, plan.layout(point.shapes), "float64")
    return _listing("numbers", _as_arrays(plan.recording.tape), list(vector), _elements(plan))


def of_arrays(plan: array_plans.ArrayPlan, args: Sequence[str], point: points.Point) -> TapeListing:
    """Return the tape of a function of whole arrays as rows, with the values at one point."""
    leaves = plan.derivative("value", (), 0).leaves(point.arguments(0), (), "float64")
    names = [args[argument] for argument in plan.recording.inputs]
    return _listing("arrays", plan.recording.tape, leaves, names)


def _elements(plan: plans.Plan) -> list[str]:
    """Return what each input reads, such as ``x`` or ``X[0, 1]``."""
    listed = [(plan.args[argument], ", ".join(map(str, indices))) for argument, indices in plan.recording.inputs]
    return [f"{name}[{indices}]" if indices else name for name, indices in listed]


def _as_arrays(tape: scalars.Tape) -> arrays.ArrayTape:
    """Return a tape of numbers as one of arrays of shape (), which NumPy runs."""
    numbers: tuple[Shape, ...] = ((),)
    code = tuple([(opcode, operands, ()) for opcode, operands in tape.code])
    return arrays.make(
        numbers * tape.inputs,
        numbers * tape.constants,
        tuple(map(float, tape.statics)),
        code,
        numbers * (tape.leaves + len(code)),
        (tape.result,),
    )


def _listing(kind: str, tape: arrays.ArrayTape, leaves: Sequence[Any], names: Sequence[str]) -> TapeListing:
    code = tape.code[: _listed(tape)]
    read = {slot for _, operands, _ in code for slot in operands if slot < tape.leaves}
    if tape.results[0] < tape.leaves:
        read.add(tape.results[0])
    given = [*leaves, *tape.statics]
    rows = [_leaf(tape, slot, given[slot], names) for slot in sorted(read)]
    values = _values(tape, code, leaves)
    for slot, (opcode, operands, parameters) in enumerate(code, tape.leaves):
        shape = None if opcode == "scan" else tape.shapes[slot]
        rows.append(TapeSlot(slot, opcode, operands, _detail(parameters), shape, _shown(values.get(slot))))
    return TapeListing(kind, rows, len(tape.code), tape.results[0], cost.cost(tape))


def _listed(tape: arrays.ArrayTape) -> int:
    """Return how many operations are listed: few, and their values fit into memory together."""
    sizes = [0 if opcode == "scan" else 8 * arrays.elements(shape) for (opcode, _, _), shape in _code(tape)]
    fit = sum(total <= _MAX_BYTES for total in itertools.accumulate(sizes))
    return min(MAX_ROWS, fit)


def _code(tape: arrays.ArrayTape) -> list[tuple[arrays.Instruction, Shape]]:
    return list(zip(tape.code, tape.shapes[tape.leaves :], strict=True))


def _values(tape: arrays.ArrayTape, code: tuple[arrays.Instruction, ...], leaves: Sequence[Any]) -> dict[int, Array]:
    """Return the value of each operation by its slot; a loop has none of its own."""
    slots = tuple([slot for slot, (opcode, _, _) in enumerate(code, tape.leaves) if opcode != "scan"])
    if not slots:
        return {}
    shapes = tape.shapes[: tape.leaves + len(code)]
    listed = arrays.make(tape.inputs, tape.constants, tape.statics, code, shapes, slots)
    return dict(zip(slots, run.prepare(listed)(leaves), strict=True))


def _leaf(tape: arrays.ArrayTape, slot: int, value: Any, names: Sequence[str]) -> TapeSlot:
    constants = len(tape.inputs) + len(tape.constants)
    kind = "input" if slot < len(tape.inputs) else "constant" if slot < constants else "static"
    name = names[slot] if kind == "input" else None
    return TapeSlot(slot, kind, (), name, tape.shapes[slot], _shown(value))


def _detail(parameters: arrays.Parameters) -> str | None:
    if not parameters:
        return None
    body = next((each for each in parameters if isinstance(each, arrays.ArrayTape)), None)
    if body is not None:
        return f"{parameters[0]} steps of {len(body.code)} operations"
    text = ", ".join(map(str, parameters))
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."


def _shown(value: Any) -> Any:
    return None if value is None or np.size(value) > MAX_NUMBERS else np.asarray(value).tolist()
