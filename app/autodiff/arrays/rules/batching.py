"""Tape to tape for many points at once: some leaves get a leading axis, and so do the slots that read them.

A rule takes (recorder, parameters, size, operands, mapped) and returns the slot with the leading axis. What no mapped
leaf reaches is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.autodiff import table
from app.autodiff.arrays import primitives, sweep
from app.autodiff.arrays.loops import scans
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.tape import ArrayTape, Parameters

Rule = Callable[[Recorder, Parameters, int, list[Slot], list[bool]], Slot]


def inline(
    r: Recorder, tape: ArrayTape, leaves: Sequence[Slot], mapped: Sequence[bool], size: int
) -> list[tuple[Slot, bool]]:
    """Write a tape over leaves, of which those that are mapped have a leading axis; return its results so."""
    slots = [*zip(leaves, mapped, strict=True), *[(r.number(value), False) for value in tape.statics]]
    for opcode, operands, parameters in tape.code:
        slots.append(instruction(r, opcode, parameters, size, [slots[i] for i in operands]))
    return [slots[i] for i in tape.results]


def instruction(
    r: Recorder, opcode: str, parameters: Parameters, size: int, operands: Sequence[tuple[Slot, bool]]
) -> tuple[Slot, bool]:
    """Write one instruction over operands, each with whether it has the leading axis; return its result so."""
    given, mapped = [slot for slot, _ in operands], [own for _, own in operands]
    if not any(mapped):
        return sweep.written(r, opcode, parameters, given), False
    if opcode in table.TABLE:
        return _elementwise(r, opcode, given, mapped), True
    rule = _scan if opcode == "scan" else RULES[opcode]
    return rule(r, parameters, size, given, mapped), True


def batch(tape: ArrayTape, mapped: Sequence[bool], size: int) -> ArrayTape:
    """Return the tape for ``size`` points at once; all its results have a leading axis.

    Args:
        tape: the function of a point.
        mapped: for each input and constant leaf, whether it has a leading axis.
        size: length of that axis.
    """
    r, leaves = _begin(tape, mapped, size)
    return r.finish(*all_mapped(r, inline(r, tape, leaves, mapped, size), size))


def batch_sum(tape: ArrayTape, mapped: Sequence[bool], size: int) -> ArrayTape:
    """Return the tape of the sum over ``size`` points of each result; arguments as of ``batch``."""
    r, leaves = _begin(tape, mapped, size)
    results = all_mapped(r, inline(r, tape, leaves, mapped, size), size)
    return r.finish(*[r.emit("reduce_sum", ((0,),), each) for each in results])


def _begin(tape: ArrayTape, mapped: Sequence[bool], size: int) -> tuple[Recorder, list[Slot]]:
    """Return a recorder with the leaves of a tape, of which those that are mapped have a leading axis."""
    r = Recorder()
    inputs = [r.input((size, *shape) if own else shape) for shape, own in zip(tape.inputs, mapped, strict=False)]
    rest = mapped[len(tape.inputs) :]
    constants = [r.leaf((size, *shape) if own else shape) for shape, own in zip(tape.constants, rest, strict=True)]
    return r, [*inputs, *constants]


def all_mapped(r: Recorder, results: list[tuple[Slot, bool]], size: int) -> list[Slot]:
    """Return slots of which all have the leading axis."""
    return [slot if own else _repeat(r, slot, size) for slot, own in results]


def _repeat(r: Recorder, x: Slot, size: int) -> Slot:
    return r.emit("broadcast", ((size, *x.shape),), x)


def _every(r: Recorder, size: int, operands: list[Slot], mapped: list[bool]) -> list[Slot]:
    return all_mapped(r, list(zip(operands, mapped, strict=True)), size)


def _elementwise(r: Recorder, opcode: str, operands: list[Slot], mapped: list[bool]) -> Slot:
    ranks = [len(x.shape) - own for x, own in zip(operands, mapped, strict=True)]
    rank = max(ranks)
    aligned = [_padded(r, x, rank) if own else x for x, own in zip(operands, mapped, strict=True)]
    return r.word(opcode, *aligned)


def _padded(r: Recorder, x: Slot, rank: int) -> Slot:
    """Return x of shape (size, ...) with axes of size 1 after the first, so that it has this rank besides."""
    extra = rank - (len(x.shape) - 1)
    return r.emit("reshape", ((x.shape[0], *(1,) * extra, *x.shape[1:]),), x) if extra else x


def _shifted(parameters: Parameters, *, places: int = 1) -> Parameters:
    """Return parameters whose first ones are axes, counted one further."""
    axes = [tuple([axis + 1 for axis in each]) if isinstance(each, tuple) else each + 1 for each in parameters[:places]]
    return (*axes, *parameters[places:])


def _by_axis(opcode: str) -> Rule:
    return lambda r, p, size, operands, mapped: r.emit(opcode, _shifted(p), *_every(r, size, operands, mapped))


def _plain(opcode: str) -> Rule:
    return lambda r, p, size, operands, mapped: r.emit(opcode, p, *_every(r, size, operands, mapped))


def _transpose(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    return r.emit("transpose", ((0, *_shifted(p)[0]),), *operands)


def _broadcast(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    return r.emit("broadcast", ((size, *p[0]),), _padded(r, operands[0], len(p[0])))


def _place(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    return r.emit("place", ((size, *p[0]), ((0, size, 1), *p[1])), *operands)


def _einsum(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    *names, result = primitives.subscripts(p)
    letter = primitives.letters(1, p[0])
    first, second = [letter + own if flag else own for own, flag in zip(names, mapped, strict=True)]
    return r.emit("einsum", (f"{first},{second}->{letter}{result}",), *operands)


def _gather(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    (x, indices), (axis,) = operands, p
    if not mapped[1]:
        return r.emit("gather", (axis + 1,), x, indices)
    if not mapped[0]:
        result = r.emit("gather", p, x, indices)
        return r.emit("transpose", ((axis, *range(axis), *range(axis + 1, len(result.shape))),), result)
    # Both: rows of one array of shape (size * n, ...).
    order = (0, axis + 1, *range(1, axis + 1), *range(axis + 2, len(x.shape)))
    turned = r.emit("transpose", (order,), x)
    rows = r.emit("reshape", ((size * x.shape[axis + 1], *turned.shape[2:]),), turned)
    result = r.emit("gather", (0,), rows, r.emit("flat_index", (x.shape[axis + 1],), indices))
    count = len(indices.shape)  # the leading axis and those of the indices come first now
    back = (0, *range(count, count + axis), *range(1, count), *range(count + axis, len(result.shape)))
    return r.emit("transpose", (back,), result)


def _scatter_add(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    (x, indices), (axis, length) = operands, p
    if not mapped[1]:
        return r.emit("scatter_add", (axis + 1, length), x, indices)
    x = x if mapped[0] else _repeat(r, x, size)
    count = len(indices.shape) - 1
    inner = tuple(range(axis + 1, axis + 1 + count))
    order = (0, *inner, *range(1, axis + 1), *range(axis + 1 + count, len(x.shape)))
    turned = r.emit("transpose", (order,), x)
    summed = r.emit("scatter_add", (0, size * length), turned, r.emit("flat_index", (length,), indices))
    parted = r.emit("reshape", ((size, length, *summed.shape[1:]),), summed)
    return r.emit("transpose", ((0, *range(2, 2 + axis), 1, *range(2 + axis, len(parted.shape))),), parted)


def _solve(opcode: str) -> Rule:
    """Return the rule of a solver; with one matrix for all, the right sides become columns."""

    def rule(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
        a, b = operands
        if mapped[0] or len(a.shape) != 2:
            return r.emit(opcode, p, *_every(r, size, operands, mapped))
        columns = r.emit("transpose", ((1, 0, 2),), b)
        x = r.emit(opcode, p, a, r.emit("reshape", ((columns.shape[0], size * columns.shape[2]),), columns))
        return r.emit("transpose", ((1, 0, 2),), r.emit("reshape", (columns.shape,), x))

    return rule


def _scan_result(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    (scan,) = operands
    carried = r.made_by(scan)[2][2]
    result = r.emit("scan_result", p, scan)
    if p[0] < carried:
        return result
    return r.emit("transpose", ((1, 0, *range(2, len(result.shape))),), result)


def _scan(r: Recorder, p: Parameters, size: int, operands: list[Slot], mapped: list[bool]) -> Slot:
    """Batch the body: carried values all have the leading axis, stacked ones have it second."""
    count, reverse, carried, stacked, body = p
    first = _every(r, size, operands[:carried], mapped[:carried])
    flags = [False, *[True] * carried, *mapped[carried:]]
    rows = [
        r.emit("transpose", ((1, 0, *range(2, len(x.shape))),), x) if own else x
        for x, own in zip(operands[carried : carried + stacked], mapped[carried:], strict=False)
    ]
    inner = batch(body, flags, size)
    return scans.emit(r, (count, reverse, carried, stacked, inner), [*first, *rows, *operands[carried + stacked :]])


RULES: dict[str, Rule] = {
    "reshape": lambda r, p, size, operands, mapped: r.emit("reshape", ((size, *p[0]),), *operands),
    "transpose": _transpose,
    "broadcast": _broadcast,
    "slice": lambda r, p, size, operands, mapped: r.emit("slice", ((0, size, 1), *p), *operands),
    "place": _place,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "einsum": _einsum,
    "solve": _solve("solve"),
    "solve_triangular": _solve("solve_triangular"),
    "scan_result": _scan_result,
    **{
        opcode: _by_axis(opcode)
        for opcode in (
            "take_along", "put_along", "concatenate", "reduce_sum", "reduce_max", "reduce_min", "cumsum",
            "argsort", "argmax", "argmin",
        )
    },
    **{
        opcode: _plain(opcode)
        for opcode in (
            "cholesky", "inv", "det", "cofactor", "logabsdet", "detsign", "eigvalsh", "eigvecsh", "stop_gradient",
            "real",
        )
    },
}  # fmt: skip
"""Rule of each primitive but scans. ``flat_index`` is written by these rules alone, after which nothing is mapped."""
