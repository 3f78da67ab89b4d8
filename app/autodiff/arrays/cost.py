"""What running a tape costs, from its shapes alone."""

from __future__ import annotations

from dataclasses import dataclass

from app.autodiff import table
from app.autodiff.arrays import primitives
from app.autodiff.arrays.tape import ArrayTape, Instruction, Shape, elements

_BYTES = 8
_VIEWS = frozenset({"reshape", "transpose", "broadcast", "slice", "stop_gradient", "scan_result"})
_CHEAP = frozenset({
    "add", "sub", "mul", "div", "neg", "square", "reciprocal", "sqrt", "abs", "maximum", "minimum", "less",
    "less_equal", "equal", "not_equal", "select", "sign", "floor", "ceil", "trunc", "round", "strong_mul",
    "strong_div", "zero_mul", "and", "or", "not", "copysign",
})  # fmt: skip
_CUBIC = {
    "cholesky": 1.0, "inv": 3.0, "det": 1.0, "cofactor": 30.0, "logabsdet": 1.0, "detsign": 1.0, "eigvalsh": 5.0,
    "eigvecsh": 15.0,
}  # fmt: skip
_ELEMENT, _ELEMENTARY, _SPECIAL, _HOSTED, _PRECISE, _MOVED, _PRODUCT = 1.0, 10.0, 100.0, 1000.0, 2e6, 1.0, 0.1
_QUADRATURE = 2e4


@dataclass(frozen=True, slots=True)
class Cost:
    """Estimates for one run by NumPy.

    Attributes:
        bytes: greatest sum of the arrays that are alive at once, without the leaves.
        flops: operations, weighted so that one takes about a nanosecond.
        instructions: calls of NumPy, of a scan those of all its steps.
    """

    bytes: int
    flops: float
    instructions: int


def cost(tape: ArrayTape) -> Cost:
    """Return what one run of a tape costs."""
    last = tape.last_uses()
    alive = most = instructions = 0
    flops = 0.0
    sizes = [0] * tape.leaves + [_size(tape, each, slot) for slot, each in enumerate(tape.code, tape.leaves)]
    for position, instruction in enumerate(tape.code):
        opcode, operands, parameters = instruction
        slot = tape.leaves + position
        alive += sizes[slot]
        inner = 0
        if opcode == "scan":
            step = cost(parameters[-1])
            flops += parameters[0] * step.flops
            instructions += parameters[0] * step.instructions
            inner = step.bytes
        else:
            flops += _flops(instruction, [tape.shapes[i] for i in operands], tape.shapes[slot])
            instructions += 1
        most = max(most, alive + inner)
        for i in {*operands, slot}:
            if last[i] <= position:
                alive -= sizes[i]
    return Cost(most, flops, instructions)


def _size(tape: ArrayTape, instruction: Instruction, slot: int) -> int:
    if instruction[0] in _VIEWS:
        return 0
    if instruction[0] == "scan":
        return _BYTES * sum([elements(shape) for shape in tape.shapes[slot]])  # type: ignore[arg-type, misc]
    return _BYTES * elements(tape.shapes[slot])


def _weight(opcode: str) -> float:
    """Return what a word costs for each element."""
    if opcode in _CHEAP:
        return _ELEMENT
    if opcode in table.orders.PRECISE:
        return _PRECISE
    if opcode in table.hosted.QUADRATURES:
        return _QUADRATURE
    return _ELEMENTARY if opcode in table.CORE else _HOSTED if opcode in table.HOSTED else _SPECIAL


def _flops(instruction: Instruction, operands: list[Shape], result: Shape) -> float:
    opcode, _, parameters = instruction
    size = elements(result)
    if opcode in table.TABLE:
        return _weight(opcode) * size
    if opcode in _VIEWS:
        return 0.0
    if opcode == "einsum":
        first, second, _ = primitives.subscripts(parameters)
        sizes = dict(zip(first + second, operands[0] + operands[1], strict=True))
        return _PRODUCT * elements(tuple(sizes.values()))
    if opcode in _CUBIC:
        return _PRODUCT * _CUBIC[opcode] * elements(operands[0]) * operands[0][-1]
    if opcode in {"solve", "solve_triangular"}:
        factor = elements(operands[0]) * operands[0][-1] if opcode == "solve" else 0
        return _PRODUCT * (factor + elements(operands[1]) * operands[0][-1])
    read = max([size, *[elements(shape) for shape in operands]])
    return (_ELEMENTARY if opcode in {"argsort", "scatter_add", "put_along"} else _MOVED) * read
