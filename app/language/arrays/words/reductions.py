"""Sums, extremes, norms and conditions, of all elements or along axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.expression.values import NeedsShapes, Value, tuple_of

Axes = tuple[int, ...]
Reduce = Callable[[ArrayCall, Value, Axes], Value]


def reduction(reduce: Reduce, word: str = "", *, neutral: float | None = None) -> ArrayWord:
    """Return the function of a word from one of an array and axes.

    ``word`` is what it is of a list of numbers, and ``neutral`` what changes no result of it: what elements that
    ``where=`` leaves out are. Without ``neutral`` a word has neither ``where=`` nor ``initial=``.
    """

    def run(call: ArrayCall) -> Value:
        value = call.value("x")
        masked = call.has("where") or call.has("initial")
        if word and value.kind == "tuple" and not call.has("axis") and not masked and _is_folded(call, call.items("x")):
            return of_list(call, word, value.items)
        if word and value.listed and "." not in call.name and not call.has("axis"):
            return reduce(call, call.array("x"), (0,))
        array = call.array("x")
        if neutral is not None and call.has("where"):
            array = call.select(call.array("where"), array, _constant(call, neutral))
        found = along(call, array, reduce, empty=word in {"add", "multiply"} or call.has("initial"))
        return call.of(word, call.array("initial"), found) if call.has("initial") else found

    return run


def _constant(call: ArrayCall, number: float) -> Value:
    return call.builder.leaf(int(number)) if math.isfinite(number) else call.builder.named(str(number), number)


def along(call: ArrayCall, array: Value, reduce: Reduce, *, empty: bool = False) -> Value:
    """Reduce an array along the axes of the call, or all; an axis stays with length 1 if ``keepdims``."""
    axes = call.axes(array)
    if not math.prod([array.shape[axis] for axis in axes]):
        if not empty:
            raise call.bad_shape(f"{call.name} of an empty array")
        if reduce in (greatest, least):
            shape = tuple([size for axis, size in enumerate(array.shape) if axis not in axes])
            bound = _constant(call, -math.inf if reduce is greatest else math.inf)
            found = call.broadcast(bound, shape)
            return call.reshape(found, kept(array, axes)) if call.flag("keepdims", default=False) else found
    found = reduce(call, array, axes)
    if call.flag("keepdims", default=False):
        return call.reshape(found, kept(array, axes))
    return found


def kept(array: Value, axes: Axes) -> Axes:
    """Return the shape of an array in which reduced axes have length 1."""
    return tuple([1 if axis in axes else size for axis, size in enumerate(array.shape)])


def _is_folded(call: ArrayCall, items: Sequence[Value]) -> bool:
    """Return whether a list is of numbers, or of arrays that Python's own function adds one by one."""
    if any(item.kind == "argument" for item in items):
        raise NeedsShapes
    if all(not call.builder.is_array(item) for item in items):
        return True
    return "." not in call.name and any(item.shape for item in items)


def of_list(call: ArrayCall, word: str, items: Sequence[Value]) -> Value:
    """Return the sum, product, greatest or least of a list, by the word of two of its items."""
    if word in {"add", "multiply"}:
        if not items:
            return call.builder.leaf(int(word == "multiply"))
        return call.add(*items) if word == "add" else call.mul(*items)
    if not items:
        raise call.bad_shape(f"{call.name} of an empty array")
    numbers = call.numbers(*items)
    while len(numbers) > 1:  # in pairs, as a tournament: the tape stays shallow
        pairs = [call.of(word, *numbers[i : i + 2]) for i in range(0, len(numbers) - 1, 2)]
        numbers = pairs + numbers[len(numbers) - len(numbers) % 2 :]
    return numbers[0]


def total(call: ArrayCall, array: Value, axes: Axes) -> Value:
    return call.emit("reduce_sum", (axes,), *call.numbers(array)) if axes else call.numbers(array)[0]


def greatest(call: ArrayCall, array: Value, axes: Axes) -> Value:
    return call.emit("reduce_max", (axes,), *call.numbers(array)) if axes else call.numbers(array)[0]


def least(call: ArrayCall, array: Value, axes: Axes) -> Value:
    return call.emit("reduce_min", (axes,), *call.numbers(array)) if axes else call.numbers(array)[0]


def _count(array: Value, axes: Axes) -> int:
    return math.prod([array.shape[axis] for axis in axes])


def mean(call: ArrayCall, array: Value, axes: Axes) -> Value:
    """Return the mean of the elements that ``where=`` of the call keeps."""
    kept_ = _chosen(call, array)
    if kept_ is None:
        return call.div(total(call, array, axes), call.builder.leaf(_count(array, axes)))
    return call.div(total(call, call.select(kept_, array, call.builder.leaf(0)), axes), total(call, kept_, axes))


def _chosen(call: ArrayCall, array: Value) -> Value | None:
    if not call.has("where"):
        return None
    return call.broadcast(call.builder.condition(call.array("where"), call.offset), array.shape)


def _variance(call: ArrayCall, array: Value, axes: Axes) -> Value:
    centre = call.reshape(mean(call, array, axes), kept(array, axes))
    squares = call.of("square", call.sub(array, centre))
    kept_, lost = _chosen(call, array), call.builder.leaf(call.integer("ddof", call.integer("correction", 0)))
    if kept_ is None:
        return call.div(total(call, squares, axes), call.sub(call.builder.leaf(_count(array, axes)), lost))
    squares = call.select(kept_, squares, call.builder.leaf(0))
    return call.div(total(call, squares, axes), call.sub(total(call, kept_, axes), lost))


def _deviation(call: ArrayCall, array: Value, axes: Axes) -> Value:
    return call.of("sqrt", _variance(call, array, axes))


def product(call: ArrayCall, array: Value, axes: Axes) -> Value:
    """Return products along axes, halving the array again and again."""
    others = tuple([axis for axis in range(len(array.shape)) if axis not in axes])
    moved = call.emit("transpose", ((*axes, *others),), *call.numbers(array))
    rest = tuple([array.shape[axis] for axis in others])
    found = call.reshape(moved, (_count(array, axes), *rest))
    while found.shape[0] > 1:
        half, odd = divmod(found.shape[0], 2)
        parts = [_rows(call, found, 0, half), _rows(call, found, half, half)]
        halved = call.mul(*parts)
        found = call.emit("concatenate", (0,), halved, _rows(call, found, 2 * half, 1)) if odd else halved
    if not found.shape[0]:
        return call.broadcast(call.builder.leaf(1), rest)
    return call.reshape(found, rest)


def _rows(call: ArrayCall, array: Value, start: int, count: int) -> Value:
    return call.emit("slice", ((start, count, 1), *[(0, size, 1) for size in array.shape[1:]]), array)


def _span(call: ArrayCall, array: Value, axes: Axes) -> Value:
    return call.sub(greatest(call, array, axes), least(call, array, axes))


def _average(call: ArrayCall) -> Value:
    array = call.array("x")
    if not call.has("weights"):
        return along(call, array, mean)
    weights, axis = call.array("weights"), call.axis(array)
    if axis is None:
        array = call.reshape(array, (math.prod(array.shape),))
        axis = 0
    count = math.prod(weights.shape)
    if count != array.shape[axis]:
        raise call.bad_shape(f"{count} weights for {array.shape[axis]} elements")
    shape = tuple([size if at == axis else 1 for at, size in enumerate(array.shape)])
    weighed = call.mul(array, call.reshape(weights, shape))
    return call.div(total(call, weighed, (axis,)), total(call, weights, tuple(range(len(weights.shape)))))


def norm(call: ArrayCall, array: Value, axes: Axes) -> Value:
    order: Any = 2
    if call.has("ord"):
        order = call.number("ord").constant
    if order is None:
        raise errors.SyntaxRejected("ord must be a number known from the text", offset=call.offset)
    if order == 2:
        return call.of("sqrt", total(call, call.of("square", array), axes))
    sizes = call.of("abs", array)
    if order == 1:
        return total(call, sizes, axes)
    if math.isinf(order):
        return (greatest if order > 0 else least)(call, sizes, axes)
    power = call.number("ord")
    powers = total(call, call.of("power", sizes, power), axes)
    return call.of("power", powers, call.div(call.builder.leaf(1), power))


def exponentials(call: ArrayCall, array: Value, axes: Axes) -> tuple[Value, Value, Value, Value]:
    """Return exp(x - top) of all elements but the greatest, and what belongs to it.

    A single finite greatest element is taken out, so that sums of the others keep their digits: what is left of
    a probability near 1, and of its derivatives, is such a sum. With ties nothing is near 1 and nothing taken out.

    Returns:
        top: the greatest element along axes where it is finite, else 0.
        others: exp(x - top), and 0 in place of what is taken out.
        taken: 1 in its place, 0 elsewhere; the shape of the array.
        one: whether something is taken out, as 1 or 0; the shape of ``top``.
    """
    shape = kept(array, axes)
    top = greatest(call, array, axes)
    most = call.of("equal", array, call.reshape(call.emit("stop_gradient", (), top), shape))
    infinite = call.of("equal", call.of("abs", top), call.builder.named("inf", math.inf))
    top = call.select(infinite, call.builder.leaf(0), top)
    single = call.of("equal", total(call, most, axes), call.builder.leaf(1))
    (one,) = call.numbers(call.select(infinite, call.builder.truth(False), single))
    taken = call.mul(most, call.reshape(one, shape))
    rest = call.of("exp", call.sub(array, call.reshape(top, shape)))
    return top, call.mul(rest, call.sub(call.builder.leaf(1), taken)), taken, one


def log_of_total(call: ArrayCall, others: Value, one: Value, axes: Axes) -> Value:
    """Return log(sum(exp(x - top))) of ``exponentials``: of the others log1p, which is exact where they are small."""
    rest = call.sub(total(call, others, axes), call.sub(call.builder.leaf(1), one))
    return call.of("log1p", rest)


def _logsumexp(call: ArrayCall, array: Value, axes: Axes) -> Value:
    """Return log(sum(b * exp(x))) = top + log(sum(b * exp(x - top)))."""
    if call.has("where"):
        array = call.select(call.array("where"), array, _constant(call, -math.inf))
    top, others, taken, one = exponentials(call, array, axes)
    signed = call.flag("return_sign", default=False)
    if not call.has("b"):
        found = call.add(top, log_of_total(call, others, one, axes))
        return call.builder.mean("logsumexp", axes, call.numbers(array), found)
    parts = call.mul(call.array("b"), call.add(others, taken))
    if parts.shape != array.shape:
        raise call.bad_shape(f"{call.name} of weights that do not fit the shape {list(array.shape)}")
    whole = total(call, parts, axes)
    if signed:
        return call.add(top, call.of("log", call.of("abs", whole)))
    found = call.add(top, call.of("log", whole))
    weights = call.broadcast(call.array("b"), array.shape)
    return call.builder.mean("logsumexp", axes, call.numbers(array, weights), found)


def _with_sign(call: ArrayCall) -> Value:
    """Return logsumexp; with ``return_sign`` the logarithm of the size of the sum, and its sign."""
    found = reduction(_logsumexp)(call)
    if not call.flag("return_sign", default=False):
        return found
    array = call.array("x")
    _, others, taken, _ = exponentials(call, array, call.axes(array))
    parts = call.add(others, taken)
    parts = call.mul(call.array("b"), parts) if call.has("b") else parts
    sign = call.of("sign", total(call, parts, call.axes(array)))
    return tuple_of((found, call.reshape(sign, found.shape)))


def _holds(reduce: Reduce, *, of_nothing: bool) -> ArrayWord:
    def run(call: ArrayCall) -> Value:
        array = call.builder.condition(call.array("x"), call.offset)
        if call.has("where"):
            array = call.select(call.array("where"), array, call.builder.truth(of_nothing))
        axes = call.axes(array)
        if not axes:
            return array
        shape = tuple([size for axis, size in enumerate(array.shape) if axis not in axes])
        if _count(array, axes):
            found = call.builder.condition(reduce(call, array, axes), call.offset)
        else:
            found = call.broadcast(call.builder.truth(of_nothing), shape)
        return call.reshape(found, kept(array, axes)) if call.flag("keepdims", default=False) else found

    return run


FUNCTIONS: dict[str, ArrayWord] = {
    "sum": reduction(total, "add", neutral=0), "prod": reduction(product, "multiply", neutral=1),
    "mean": reduction(mean), "var": reduction(_variance), "std": reduction(_deviation),
    "amax": reduction(greatest, "maximum", neutral=-math.inf),
    "amin": reduction(least, "minimum", neutral=math.inf), "ptp": reduction(_span),
    "average": _average, "logsumexp": _with_sign,
    "all": _holds(least, of_nothing=True), "any": _holds(greatest, of_nothing=False),
}  # fmt: skip
