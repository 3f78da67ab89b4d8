"""Places of values among others, and sums over the elements that belong to one place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.words import reductions
from app.language.arrays.words.scans import flat, part
from app.language.expression.values import Value, tuple_of

# Places


def _place(call: ArrayCall, sorted_: Value, values: Value, *, right: bool) -> Value:
    """Return how many elements of a sorted vector are less than each value, or at most it if ``right``; nan is last."""
    wide = call.reshape(values, (*values.shape, 1))
    unknown = call.of("not_equal", wide, wide)
    below = call.of("less_equal" if right else "less", sorted_, wide)
    both = call.of("logical_or", below, call.of("logical_and", unknown, call.of("equal", sorted_, sorted_)))
    if right:
        both = call.of("logical_or", both, unknown)
    return reductions.total(call, both, (len(values.shape),))


def _searchsorted(call: ArrayCall) -> Value:
    side = call.value("side").text if call.has("side") else "left"
    if side not in {"left", "right"}:
        raise errors.SyntaxRejected('side is "left" or "right"', offset=call.offset)
    return _place(call, *call.numbers(call.array("a", 1), call.array("v")), right=side == "right")


def _digitize(call: ArrayCall) -> Value:
    """Return numpy.digitize: the bins ascend or descend."""
    values, bins = call.numbers(call.array("x"), call.array("bins", 1))
    count, right = bins.shape[0], not call.flag("right", default=False)
    if not count:
        return call.broadcast(call.builder.leaf(0), values.shape)
    rising = _place(call, bins, values, right=right)
    backwards = call.emit("slice", ((count - 1, count, -1),), bins)
    falling = call.sub(call.builder.leaf(count), _place(call, backwards, values, right=right))
    ends = [call.builder.item(bins, at, call.offset) for at in (0, count - 1)]
    return call.select(call.of("less_equal", *ends), rising, falling)


# Segments


def _length(call: ArrayCall, name: str, places: Value) -> int:
    """Return the number of segments: as given, or one more than the greatest place that is known from the text."""
    if call.has(name):
        count = call.integer(name, 0)
    elif places.constant is None:
        hint = f"write {name}=n"
        raise errors.SyntaxRejected(f"{call.name} needs a known length", hint=hint, offset=call.offset)
    else:
        count = max(call.integers_of(places, "a place"), default=-1) + 1
    if count < 0:
        raise call.bad_shape(f"{call.name} of {count} segments")
    return count


def _segmented(reduce: str, neutral: float) -> ArrayWord:
    """Return the function of a segment word; ``neutral`` is what a segment without elements has."""

    def run(call: ArrayCall) -> Value:
        data, places = call.array("data"), call.array("segment_ids", 1)
        if data.shape[:1] != places.shape:
            raise call.bad_shape(f"{call.name} of shapes {list(data.shape)} and {list(places.shape)}")
        return segments(call, data, places, _length(call, "num_segments", places), reduce, neutral)

    return run


_REDUCE: dict[str, Callable[[ArrayCall, Value, tuple[int, ...]], Value]] = {
    "prod": reductions.product, "max": reductions.greatest, "min": reductions.least,
}  # fmt: skip


def segments(call: ArrayCall, data: Value, places: Value, count: int, reduce: str, neutral: float) -> Value:
    """Return a sum, product or extreme of the rows of each place; rows of places that are not there are left out."""
    data, places = call.numbers(data, places)
    if reduce == "sum" and count:
        ends = call.builder.leaf(0), call.builder.leaf(count)
        inside = call.of("logical_and", call.of("less_equal", ends[0], places), call.of("less", places, ends[1]))
        rows = call.select(call.reshape(inside, _wide(1, data)[1:]), data, ends[0])
        return call.emit("scatter_add", (0, count), rows, call.select(inside, places, ends[0]))
    call.check_known(count)
    if not count:
        return call.broadcast(call.builder.leaf(0), (0, *data.shape[1:]))
    own = call.reshape(call.of("equal", call.known(np.arange(count)[:, None]), places), _wide(count, data))
    none = call.builder.leaf(int(neutral)) if math.isfinite(neutral) else call.builder.named(str(neutral), neutral)
    return _REDUCE[reduce](call, call.select(own, data, none), (1,))


def _wide(count: int, data: Value) -> tuple[int, ...]:
    return (count, data.shape[0], *[1] * (len(data.shape) - 1))


def _bincount(call: ArrayCall) -> Value:
    """Return numpy.bincount; places beyond a length that is given are left out, as in JAX."""
    places = flat(call, call.array("x"))
    weights = flat(call, call.array("weights")) if call.has("weights") else call.builder.leaf(1)
    weights = call.broadcast(weights, places.shape)
    if call.has("length"):
        return segments(call, weights, places, _length(call, "length", places), "sum", 0)
    least = call.integer("minlength", 0)
    if least < 0:
        raise call.bad_shape(f"{call.name} of {least} places")
    if places.constant is None:
        if not least:
            hint = "write length=n"
            raise errors.SyntaxRejected(f"{call.name} needs a known length", hint=hint, offset=call.offset)
        found = segments(call, weights, places, least, "sum", 0)
        beyond = call.of("greater_equal", reductions.greatest(call, places, (0,)), call.builder.leaf(least))
        return call.select(beyond, call.builder.named("nan", math.nan), found)
    return segments(call, weights, places, max(_length(call, "length", places), least), "sum", 0)


# Differences


def _gradient(call: ArrayCall, operands: list[Value]) -> Value:
    """Return numpy.gradient: central differences inside, one-sided ones at the ends, along each axis."""
    array, *spacing = [call.builder.number(call.builder.array(each, call.offset), call.offset) for each in operands]
    axes = call.axes(array)
    if call.has("edge_order") and call.integer("edge_order", 1) != 1:
        raise errors.SyntaxRejected("edge_order is 1", offset=call.offset)
    if len(spacing) not in {0, 1, len(axes)} or not axes:
        raise call.bad_shape(f"{call.name} over {len(axes)} axes with {len(spacing)} spacings")
    if len(spacing) < len(axes):
        spacing = (spacing or [call.builder.leaf(1)]) * len(axes)
    found = [_slope(call, array, axis, each) for axis, each in zip(axes, spacing, strict=True)]
    return found[0] if len(found) == 1 else tuple_of(found)


def _slope(call: ArrayCall, array: Value, axis: int, spacing: Value) -> Value:
    size = array.shape[axis]
    if size < 2 or spacing.shape not in {(), (size,)}:
        raise call.bad_shape(f"{call.name} of {size} elements with a spacing of shape {list(spacing.shape)}")

    def rise(step: int, start: int, count: int) -> Value:
        return call.sub(part(call, array, axis, start + step, count), part(call, array, axis, start, count))

    if not spacing.shape:
        inner = call.div(rise(2, 0, size - 2), call.mul(call.builder.leaf(2), spacing))
        ends = [call.div(rise(1, start, 1), spacing) for start in (0, size - 2)]
        return call.emit("concatenate", (axis,), ends[0], inner, ends[1])
    width = call.sub(part(call, spacing, 0, 1, size - 1), part(call, spacing, 0, 0, size - 1))
    width = call.reshape(width, tuple([size - 1 if at == axis else 1 for at in range(len(array.shape))]))
    slopes = call.div(rise(1, 0, size - 1), width)
    first, last = [part(call, slopes, axis, start, size - 2) for start in (0, 1)]
    before, after = [part(call, width, axis, start, size - 2) for start in (0, 1)]
    inner = call.div(call.add(call.mul(after, first), call.mul(before, last)), call.add(before, after))
    ends = [part(call, slopes, axis, start, 1) for start in (0, size - 2)]
    return call.emit("concatenate", (axis,), ends[0], inner, ends[1])


FUNCTIONS: dict[str, ArrayWord] = {
    "searchsorted": _searchsorted, "digitize": _digitize, "bincount": _bincount,
    "segment_sum": _segmented("sum", 0), "segment_prod": _segmented("prod", 1),
    "segment_max": _segmented("max", -math.inf), "segment_min": _segmented("min", math.inf),
}  # fmt: skip

VARIADIC = {"gradient": _gradient}
