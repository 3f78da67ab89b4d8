"""Products of vectors, matrices and arrays: matrix products are ``einsum``, the others are elementwise."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Shape, Value


def matmul(builder: ArrayBuilder, x: Value, y: Value, offset: int, name: str = "@") -> Value:
    """Return x @ y; axes before the last two are broadcast."""
    x, y = (builder.number(builder.array(each, offset), offset) for each in (x, y))
    if not x.shape or not y.shape:
        raise errors.BadShape(f"{name} takes arrays, not numbers", offset=offset)
    fits = x.shape[-1] == (y.shape[0] if len(y.shape) == 1 else y.shape[-2])
    stacks = x.shape[:-2], y.shape[:-2]
    if not fits or not _broadcasts(*stacks):
        raise errors.BadShape(f"{name} of shapes {list(x.shape)} and {list(y.shape)}", offset=offset)
    letters = string.ascii_lowercase[3 : 3 + max(map(len, stacks))]
    x, first = _stack_of(builder, x, "ab" if len(x.shape) > 1 else "b", letters, offset)
    y, second = _stack_of(builder, y, "bc" if len(y.shape) > 1 else "b", letters, offset)
    kept = "".join([letter for letter in letters if letter in first + second])
    result = kept + ("a" if "a" in first else "") + ("c" if "c" in second else "")
    found = builder.emit("einsum", (f"{first},{second}->{result}",), x, y, offset=offset)
    inner = found.shape[len(kept) :]
    return builder.emit("reshape", (_joint(*stacks) + inner,), found, offset=offset)


def _broadcasts(first: Shape, second: Shape) -> bool:
    pairs = zip(reversed(first), reversed(second), strict=False)
    return all(a == b or 1 in (a, b) for a, b in pairs)


def _joint(first: Shape, second: Shape) -> Shape:
    rank = max(len(first), len(second))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (first, second)]
    return tuple([b if a == 1 else a for a, b in zip(*padded, strict=True)])


def _stack_of(builder: ArrayBuilder, array: Value, inner: str, letters: str, offset: int) -> tuple[Value, str]:
    """Return an array without the axes of length 1 before its last ones, and the letters of its axes."""
    outer = array.shape[: len(array.shape) - len(inner)]
    own = letters[len(letters) - len(outer) :]
    kept = [(letter, size) for letter, size in zip(own, outer, strict=True) if size != 1]
    shape = tuple([size for _, size in kept]) + array.shape[len(outer) :]
    reshaped = builder.emit("reshape", (shape,), array, offset=offset)
    return reshaped, "".join([letter for letter, _ in kept]) + inner


def contract(call: ArrayCall, x: Value, y: Value, left: Sequence[int], right: Sequence[int]) -> Value:
    """Return the sum of products over pairs of axes; the axes that are left are those of x, then those of y."""
    letters = iter(string.ascii_letters)
    first = [next(letters) for _ in x.shape]
    second = [next(letters) for _ in y.shape]
    for a, b in zip(left, right, strict=True):
        second[b] = first[a]
    kept = [letter for axis, letter in enumerate(first) if axis not in left]
    kept += [letter for axis, letter in enumerate(second) if axis not in right]
    subscripts = f"{''.join(first)},{''.join(second)}->{''.join(kept)}"
    return call.emit("einsum", (subscripts,), *call.numbers(x, y))


def _operands(call: ArrayCall) -> tuple[Value, Value]:
    x, y = call.numbers(call.array("x"), call.array("y"))
    return x, y


def _unfit(call: ArrayCall, x: Value, y: Value) -> errors.BadShape:
    return call.bad_shape(f"{call.name} of shapes {list(x.shape)} and {list(y.shape)}")


def _last_axes(call: ArrayCall, second: int) -> Value:
    """Return the product over the last axis of x and one of the last axes of y; of numbers, their product."""
    x, y = _operands(call)
    if not x.shape or not y.shape:
        return call.mul(x, y)
    axis = max(len(y.shape) - second, 0)
    if x.shape[-1] != y.shape[axis]:
        raise _unfit(call, x, y)
    call.builder.check_rank(len(x.shape) + len(y.shape) - 2, call.offset)
    return contract(call, x, y, [len(x.shape) - 1], [axis])


def _matmul(call: ArrayCall) -> Value:
    return matmul(call.builder, call.value("x"), call.value("y"), call.offset, call.name)


def _flat(call: ArrayCall, array: Value) -> Value:
    return call.reshape(array, (math.prod(array.shape),))


def _vdot(call: ArrayCall) -> Value:
    x, y = [_flat(call, each) for each in _operands(call)]
    if x.shape != y.shape:
        raise call.bad_shape(f"vdot of {x.shape[0]} and {y.shape[0]} elements")
    return contract(call, x, y, [0], [0])


def _outer(call: ArrayCall) -> Value:
    x, y = [_flat(call, each) for each in _operands(call)]
    return call.mul(call.reshape(x, (x.shape[0], 1)), call.reshape(y, (1, y.shape[0])))


def _kron(call: ArrayCall) -> Value:
    x, y = _operands(call)
    rank = max(len(x.shape), len(y.shape))
    if rank > 2:
        raise call.bad_shape("kron takes vectors and matrices")
    first, second = [(1,) * (rank - len(each.shape)) + each.shape for each in (x, y)]
    shape = tuple([a * b for a, b in zip(first, second, strict=True)])
    left = call.reshape(x, tuple([size for each in first for size in (each, 1)]))
    right = call.reshape(y, tuple([size for each in second for size in (1, each)]))
    return call.reshape(call.mul(left, right), shape)


def _cross(call: ArrayCall) -> Value:
    x, y = call.array("x"), call.array("y")
    count = x.shape[-1] if x.shape else 0
    if not y.shape or y.shape[-1] != count or count not in {2, 3}:
        raise call.bad_shape("cross takes vectors of length 3, or of length 2, along the last axis")
    a, b = _components(call, x), _components(call, y)

    def minor(i: int, j: int) -> Value:
        return call.sub(call.mul(a[i], b[j]), call.mul(a[j], b[i]))

    if count == 2:
        return minor(0, 1)
    found = call.stacked([minor(1, 2), minor(2, 0), minor(0, 1)])
    rank = len(found.shape)
    return found if rank == 1 else call.emit("transpose", ((*range(1, rank), 0),), found)


def _components(call: ArrayCall, vectors: Value) -> Sequence[Value]:
    """Return the elements of vectors along the last axis."""
    if len(vectors.shape) > 1:
        rank = len(vectors.shape)
        vectors = call.emit("transpose", ((rank - 1, *range(rank - 1)),), vectors)
    return call.builder.items(vectors, call.offset)


def _tensordot(call: ArrayCall) -> Value:
    x, y = _operands(call)
    left, right = _pairs(call, x, y)
    ranks = len(x.shape), len(y.shape)
    if len(left) != len(right) or any(a >= ranks[0] or b >= ranks[1] for a, b in zip(left, right, strict=True)):
        raise _unfit(call, x, y)
    if any(x.shape[a] != y.shape[b] for a, b in zip(left, right, strict=True)):
        raise call.bad_shape(f"tensordot over {len(left)} axes of shapes {list(x.shape)} and {list(y.shape)}")
    call.builder.check_rank(sum(ranks) - 2 * len(left), call.offset)
    return contract(call, x, y, left, right)


def _pairs(call: ArrayCall, x: Value, y: Value) -> tuple[list[int], list[int]]:
    """Return the axes of both operands over which a tensordot sums: a count of axes, or two lists."""
    given = call.value("axes") if call.has("axes") else call.builder.leaf(2)
    if given.kind == "tuple" and len(given.items) == 2:
        left, right = [call.integers_of(item, "axes") for item in given.items]
        return [axis % max(len(x.shape), 1) for axis in left], [axis % max(len(y.shape), 1) for axis in right]
    count = call.checked_integer(given, "axes")
    if not 0 <= count <= min(len(x.shape), len(y.shape)):
        raise call.bad_shape(f"tensordot over {count} axes of shapes {list(x.shape)} and {list(y.shape)}")
    return list(range(len(x.shape) - count, len(x.shape))), list(range(count))


def _convolve(call: ArrayCall) -> Value:
    """Return sums along antidiagonals: products with the row i moved by i, by writing wider rows end to end."""
    return _sums(call, call.array("x", 1), call.array("y", 1), "full")


def _correlate(call: ArrayCall) -> Value:
    """Return numpy.correlate: the convolution with the second operand in reverse order."""
    x, y = call.array("x", 1), call.array("y", 1)
    size = y.shape[0]
    return _sums(call, x, call.emit("slice", ((max(size - 1, 0), size, -1),), y), "valid")


def _sums(call: ArrayCall, x: Value, y: Value, mode: str) -> Value:
    short, long = call.numbers(*sorted((x, y), key=lambda each: each.shape[0]))
    rows, columns = short.shape[0], long.shape[0]
    if not rows:
        raise call.bad_shape(f"{call.name} of an empty array")
    products = call.mul(call.reshape(short, (rows, 1)), call.reshape(long, (1, columns)))
    width = rows + columns
    padded = call.emit("place", ((rows, width), ((0, rows, 1), (0, columns, 1))), products)
    moved = call.emit("slice", ((0, rows * (width - 1), 1),), call.reshape(padded, (rows * width,)))
    whole = call.emit("reduce_sum", ((0,),), call.reshape(moved, (rows, width - 1)))
    start, count = _convolved(call, rows, columns, mode)
    return call.emit("slice", ((start, count, 1),), whole)


def _convolved(call: ArrayCall, short: int, long: int, mode: str) -> tuple[int, int]:
    """Return where the part of a convolution begins that its mode asks for, and its length."""
    mode = call.value("mode").text if call.has("mode") else mode
    parts = {"full": (0, short + long - 1), "same": ((short - 1) // 2, long), "valid": (short - 1, long - short + 1)}
    if mode not in parts:
        hint = 'modes are "full", "same" and "valid"'
        raise errors.SyntaxRejected(f"this mode of {call.name} is not in the language", hint=hint, offset=call.offset)
    return parts[mode]


def _polyval(call: ArrayCall) -> Value:
    total, x = call.builder.leaf(0), call.array("x")
    coefficients = call.builder.items(call.array("p", 1), call.offset)
    call.builder.charge(len(coefficients), call.offset)
    for coefficient in coefficients:
        total = coefficient if total.constant == 0 else call.add(call.mul(total, x), coefficient)
    return total


def _dot_general(call: ArrayCall) -> Value:
    """Return ``lax.dot_general``: axes of batches, then those of x, then those of y."""
    x, y = _operands(call)
    given = call.value("dimension_numbers")
    pairs = [pair.items for pair in given.items if len(pair.items) == 2]
    if len(pairs) != 2 or len(given.items) != 2:
        hint = "write dot_general(x, y, (((1,), (0,)), ((), ())))"
        raise errors.SyntaxRejected("dimension_numbers are pairs of lists of axes", hint=hint, offset=call.offset)
    axes = [[_axes_of(call, each, array) for each, array in zip(pair, (x, y), strict=True)] for pair in pairs]
    letters = iter(string.ascii_letters)
    first, second = [next(letters) for _ in x.shape], [next(letters) for _ in y.shape]
    for left, right in axes:
        if [x.shape[a] for a in left] != [y.shape[b] for b in right]:
            raise _unfit(call, x, y)
        for a, b in zip(left, right, strict=True):
            second[b] = first[a]
    kept = [first[a] for a in axes[1][0]]
    for name, used in ((first, axes[0][0] + axes[1][0]), (second, axes[0][1] + axes[1][1])):
        kept += [letter for at, letter in enumerate(name) if at not in used]
    call.builder.check_rank(len(kept), call.offset)
    return call.emit("einsum", (f"{''.join(first)},{''.join(second)}->{''.join(kept)}",), x, y)


def _axes_of(call: ArrayCall, value: Value, array: Value) -> list[int]:
    return [call.checked_axis(axis, array.shape) for axis in call.integers_of(value, "an axis")]


def _multi_dot(call: ArrayCall) -> Value:
    matrices = call.builder.items(call.value("x"), call.offset)
    if not matrices:
        raise call.bad_shape("multi_dot of nothing")
    first, *rest = matrices
    for each in rest:
        first = matmul(call.builder, first, each, call.offset, call.name)
    return first


FUNCTIONS: dict[str, ArrayWord] = {
    "dot": lambda call: _last_axes(call, 2), "inner": lambda call: _last_axes(call, 1), "matmul": _matmul,
    "vdot": _vdot, "outer": _outer, "kron": _kron, "cross": _cross, "tensordot": _tensordot, "convolve": _convolve,
    "correlate": _correlate, "dot_general": _dot_general,
    "polyval": _polyval, "multi_dot": _multi_dot,
}  # fmt: skip
