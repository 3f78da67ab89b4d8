"""Loops with carried values: one instruction whose parameters hold the tape of its body.

    scan  (count, reverse, carried, stacked, body)

    body(index, c1, ..., x1, ..., k1, ...) = (next c1, ..., y1, ...)

Operands are the first carried values, the stacked ones, whose first axis is the loop's, and those that are the same in
every step. The results, read by ``scan_result``, are the last carried values and each y along a new first axis. With
``reverse`` the index runs from count - 1 down to 0; x and y are at the index.

The vector-Jacobian product is another scan, backwards, whose carried values are the cotangents of c and the sums of the
cotangents of k; the first scan is made to give the c of every step besides (Griewank & Walther 2008, section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from app.autodiff.arrays import sweep
from app.autodiff.arrays.loops import splitting
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.tape import ArrayTape, Parameters


def emit(r: Recorder, parameters: Parameters, operands: Sequence[Slot]) -> Slot:
    """Write a scan without the operands that its body does not read."""
    count, reverse, carried, stacked, body = parameters
    last = body.last_uses()
    used = [last[slot] >= 0 for slot in range(1, len(body.inputs))]
    keep = [position < carried or used[position] for position in range(len(operands))]
    if all(keep):
        return r.emit("scan", parameters, *operands)
    inner = Recorder()
    leaves = [
        inner.input(shape) if position == 0 or keep[position - 1] else inner.phantom(shape)
        for position, shape in enumerate(body.inputs)
    ]
    values = sweep.replay(inner, body, leaves)
    smaller = inner.finish(*[values[slot] for slot in body.results])
    rows = sum(keep[carried : carried + stacked])
    kept = [x for x, own in zip(operands, keep, strict=True) if own]
    return r.emit("scan", (count, reverse, carried, rows, smaller), *kept)


def pull(r: Recorder, scan: Slot, cotangents: dict[int, Slot], varied: Sequence[bool]) -> list[Slot | None]:
    """Return the cotangent of each operand of a scan.

    Args:
        r: where the scan is written.
        scan: the slot of the scan.
        cotangents: of its results, by number.
        varied: whether each operand needs one.
    """
    count, reverse, carried, stacked, body = r.made_by(scan)[2]
    operands = r.operands(scan)
    moving = _moving(body, carried, list(varied))
    wanted = [position for position, own in enumerate(moving) if own]
    cells = [position for position in wanted if position < carried]
    rows = [position for position in wanted if carried <= position < carried + stacked]
    fixed = [position for position in wanted if position >= carried + stacked]
    ys = [number for number in range(carried, len(body.results)) if number in cotangents]

    # The body's own sweep. Its inputs: index, cotangents of c, sums for k, then c, x, cotangents of y, then k.
    inner = Recorder()
    index = inner.input(())
    shape = body.inputs
    seeds = {number: inner.input(shape[1 + number]) for number in cells}
    sums = [inner.input(shape[1 + position]) for position in fixed]
    values = [inner.input(each) for each in shape[1 : 1 + carried + stacked]]
    seeds |= {number: inner.input(body.shapes[body.results[number]]) for number in ys}
    values += [inner.input(each) for each in shape[1 + carried + stacked :]]
    found = sweep.pulled(
        inner, body, [index, *values], [seeds.get(n) for n in range(len(body.results))], [1 + each for each in wanted]
    )
    parts = {
        position: _or_zeros(inner, part, shape[1 + position]) for position, part in zip(wanted, found, strict=True)
    }
    totals = [total + parts[position] for total, position in zip(sums, fixed, strict=True)]
    backward = inner.finish(*[parts[each] for each in cells], *totals, *[parts[each] for each in rows])

    saved = _save(r, scan, carried, body)
    first = [_or_zeros(r, cotangents.get(number), shape[1 + number]) for number in cells]
    zeros = [_or_zeros(r, None, shape[1 + position]) for position in fixed]
    given = [*first, *zeros, *saved, *operands[carried : carried + stacked], *[cotangents[number] for number in ys]]
    sizes = len(cells) + len(fixed), carried + stacked + len(ys)
    results = splitting.emit(r, (count, not reverse, *sizes, backward), [*given, *operands[carried + stacked :]])
    answers: list[Slot | None] = [None] * len(operands)
    for number, position in enumerate([*cells, *fixed, *rows]):
        if varied[position]:
            answers[position] = results[number]
    return answers


def _moving(body: ArrayTape, carried: int, moving: list[bool]) -> list[bool]:
    """Return for each operand whether it varies, where a carried value varies as soon as one of its steps does."""
    while True:
        reached = sweep.varied(body, [False, *moving])
        more = [own or (position < carried and reached[body.results[position]]) for position, own in enumerate(moving)]
        if more == moving:
            return moving
        moving = more


def _or_zeros(r: Recorder, x: Slot | None, shape: tuple[int, ...]) -> Slot:
    return r.emit("broadcast", (shape,), r.number(0.0)) if x is None else x


def _save(r: Recorder, scan: Slot, carried: int, body: ArrayTape) -> list[Slot]:
    """Make a scan give its carried values of every step too, as they were before it; return them."""
    count, reverse, _, stacked, _ = r.made_by(scan)[2]
    states = tuple(range(1, 1 + carried))
    if body.results[-carried:] != states or len(body.results) < 2 * carried:
        inner = Recorder()
        values = sweep.replay(inner, body, [inner.input(shape) for shape in body.inputs])
        body = inner.finish(*[values[slot] for slot in (*body.results, *states)])
        r.rewrite(scan, (count, reverse, carried, stacked, body))
    first = len(body.results) - carried
    return [r.emit("scan_result", (first + number,), scan) for number in range(carried)]
