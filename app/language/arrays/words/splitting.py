"""Arrays in parts and of parts: splits, blocks, elements left out, and indices of triangles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from app import errors
from app.language.arrays import indexing
from app.language.arrays.call import ArrayCall, ArrayWord, VariadicWord
from app.language.arrays.words.joining import joined, of_rank
from app.language.arrays.words.scans import flat, part
from app.language.expression.values import Value, tuple_of


def _split(call: ArrayCall) -> Value:
    """Return the list of parts between indices, or of so many parts; ``split`` wants them of one length."""
    array = call.array("x")
    axis = call.checked_axis(call.integer("axis", 0), array.shape)
    size, given = array.shape[axis], call.array("indices_or_sections")
    if given.shape:
        cuts = [max(-size, each) for each in call.integers("indices_or_sections")]
    else:
        count = call.integer("indices_or_sections", 1)
        if count < 1 or (size % count and call.name.rpartition(".")[2] != "array_split"):
            raise call.bad_shape(f"{size} elements are not split into {count} equal parts")
        call.builder.charge(count, call.offset)
        each, more = divmod(size, count)
        cuts = [at * each + min(at, more) for at in range(1, count)]
    ends = [0, *cuts, size]
    ranges = [range(size)[start:stop] for start, stop in itertools.pairwise(ends)]
    return tuple_of([part(call, array, axis, *indexing.triple(each)) for each in ranges])


def _block(call: ArrayCall) -> Value:
    """Return nested lists of arrays as one array: the innermost lists are joined along the last axis."""

    def depth(value: Value) -> int:
        return 1 + max(map(depth, call.builder.items(value, call.offset)), default=0) if value.kind == "tuple" else 0

    def rank(value: Value) -> int:
        if value.kind == "tuple":
            return max(map(rank, value.items), default=0)
        return len(call.builder.array(value, call.offset).shape)

    levels = depth(call.value("x"))
    axes = max(levels, rank(call.value("x")))
    call.builder.check_rank(axes, call.offset)

    def block(value: Value, left: int) -> Value:
        if value.kind != "tuple":
            return of_rank(call, call.builder.array(value, call.offset), axes)
        if not value.items:
            raise call.bad_shape("block of an empty list")
        return joined(call, [block(item, left - 1) for item in value.items], axes - left)

    return block(call.value("x"), levels)


def _block_diagonal(call: ArrayCall, operands: list[Value]) -> Value:
    parts = [of_rank(call, call.builder.array(each, call.offset), 2) for each in operands]
    if any(len(each.shape) != 2 for each in parts):
        raise call.bad_shape(f"{call.name} takes matrices")
    shape = tuple([sum(each.shape[axis] for each in parts) for axis in (0, 1)])
    found, corner = call.broadcast(call.builder.leaf(0), shape), (0, 0)
    for each in call.numbers(*parts):
        places = [(start, size, 1) for start, size in zip(corner, each.shape, strict=True)]
        found = call.add(found, call.emit("place", (shape, tuple(places)), each))
        corner = corner[0] + each.shape[0], corner[1] + each.shape[1]
    return found


def _broadcast_arrays(call: ArrayCall, operands: list[Value]) -> Value:
    arrays = [call.builder.array(each, call.offset) for each in operands]
    shape = call.builder.joint(arrays, call.offset)
    return tuple_of([call.broadcast(each, shape) for each in arrays])


def _select_n(call: ArrayCall, operands: list[Value]) -> Value:
    """Return the case that an index, or a condition, says, as ``lax.select_n``."""
    which, *cases = [call.builder.array(each, call.offset) for each in operands]
    if not cases:
        raise call.bad_shape("select_n needs a case")
    found = cases[-1]
    for at, case in reversed(list(enumerate(cases[:-1]))):
        found = call.select(call.of("equal", *call.numbers(which), call.builder.leaf(at)), case, found)
    return found


def _delete(call: ArrayCall) -> Value:
    array, axis = call.array("x"), call.axis(call.array("x"))
    if axis is None:
        array, axis = flat(call, array), 0
    size = array.shape[axis]
    given = call.value("obj")
    if given.kind == "slice":
        gone = set(range(size)[indexing.slice_of(call.builder, given, call.offset)])
    else:
        gone = {each % size for each in call.integers("obj") if _is_inside(call, each, size)}
    call.check_known(size)
    left = [at for at in range(size) if at not in gone]
    return indexing.taken(call.builder, array, axis, call.known(np.array(left, dtype=np.int64)), call.offset)


def _is_inside(call: ArrayCall, index: int, size: int) -> bool:
    if not -size <= index < size:
        raise call.bad_shape(f"index {index} into an axis of {size} elements")
    return True


# Indices that are known from the text


def _indices(call: ArrayCall, places: Sequence[np.ndarray]) -> Value:
    return tuple_of([call.known(each) for each in places])


def _triangle(lower: bool) -> ArrayWord:
    """Return the function of tril_indices or triu_indices."""

    def run(call: ArrayCall) -> Value:
        rows = call.integer("n", 0)
        columns = call.integer("m", rows)
        if min(rows, columns) < 0:
            raise call.bad_shape(f"a shape has no negative lengths: {[rows, columns]}")
        call.check_known(rows * columns)
        return _indices(call, (np.tril_indices if lower else np.triu_indices)(rows, call.integer("k", 0), columns))

    return run


def _triangle_from(lower: bool) -> ArrayWord:
    def run(call: ArrayCall) -> Value:
        rows, columns = call.array("x", 2).shape
        call.check_known(rows * columns)
        return _indices(call, (np.tril_indices if lower else np.triu_indices)(rows, call.integer("k", 0), columns))

    return run


def _diagonal(call: ArrayCall) -> Value:
    size, axes = call.integer("n", 0), call.integer("ndim", 2)
    call.builder.check_rank(axes, call.offset)
    call.check_known(max(size, 0))
    return _indices(call, [np.arange(size)] * axes)


def _grid(call: ArrayCall) -> Value:
    sizes = call.integers("dimensions")
    call.builder.check_rank(len(sizes) + 1, call.offset)
    if min(sizes, default=0) < 0:
        raise call.bad_shape(f"a shape has no negative lengths: {sizes}")
    call.check_known(math.prod(sizes) * len(sizes))
    return call.known(np.indices(sizes))


def _open_grid(call: ArrayCall, operands: list[Value]) -> Value:
    """Return indices of rows, columns and so on that are broadcast, as ``numpy.ix_``."""
    call.builder.check_rank(len(operands), call.offset)
    arrays = [call.builder.array(each, call.offset) for each in operands]
    if any(len(each.shape) != 1 for each in arrays):
        raise call.bad_shape("ix_ takes vectors")
    shapes = [[-1 if at == axis else 1 for at in range(len(arrays))] for axis in range(len(arrays))]
    if any(each.constant is None for each in arrays):
        raise errors.SyntaxRejected("ix_ takes integers known from the text", offset=call.offset)
    whole = [np.flatnonzero(each.constant) if each.kind == "condition" else each.constant for each in arrays]
    return _indices(call, [np.reshape(each, shape) for each, shape in zip(whole, shapes, strict=True)])


def _nonzero(call: ArrayCall) -> Value:
    """Return where conditions that are known from the text hold."""
    found = call.builder.condition(call.array("x"), call.offset)
    if found.constant is None:
        hint = "write where(condition, value, 0), which keeps the shape"
        raise errors.SyntaxRejected(f"{call.name} takes conditions known from the text", hint=hint, offset=call.offset)
    known = np.atleast_1d(np.asarray(found.constant, bool))
    bare = call.name.rpartition(".")[2]
    if bare == "nonzero":
        return _indices(call, np.nonzero(known))
    return call.known(np.argwhere(known) if bare == "argwhere" else np.flatnonzero(known))


FUNCTIONS: dict[str, ArrayWord] = {
    "split": _split, "block": _block, "delete": _delete, "nonzero": _nonzero, "indices": _grid,
    "tril_indices": _triangle(True), "triu_indices": _triangle(False), "diag_indices": _diagonal,
    "tril_indices_from": _triangle_from(True), "triu_indices_from": _triangle_from(False),
}  # fmt: skip

VARIADIC: dict[str, VariadicWord] = {
    "block_diag": _block_diagonal, "broadcast_arrays": _broadcast_arrays, "select_n": _select_n, "ix_": _open_grid,
}  # fmt: skip
