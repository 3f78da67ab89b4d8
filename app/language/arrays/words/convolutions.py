"""Convolutions along one, two or three axes: windows of the padded array, and one product of all with the kernel.

An array has the axes of batch and channels first, (N, C, ...), the kernel (O, C, ...), as in ``lax.conv``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.expression.values import Value

_LAYOUT = "write dimension_numbers=('NHWC', 'HWIO', 'NHWC')"
_MODES = 'modes are "full", "same" and "valid"'
_MOST_AXES = 3

Pads = list[tuple[int, int]]


def _convolved(
    call: ArrayCall, x: Value, w: Value, strides: Sequence[int], pads: Pads, dilation: Sequence[int]
) -> Value:
    """Return the products of a kernel with windows of an array, without turning the kernel round."""
    axes = len(strides)
    groups = call.integer("feature_group_count", 1)
    if groups < 1 or x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        raise call.bad_shape(f"{call.name}: kernels {list(w.shape)} do not fit {x.shape[1]} channels")
    sizes = [low + size + high for size, (low, high) in zip(x.shape[2:], pads, strict=True)]
    found = _padded(call, x, sizes, pads)
    kept = []
    for axis in reversed(range(axes)):
        span = (w.shape[2 + axis] - 1) * dilation[axis] + 1
        count = max(0, (sizes[axis] - span) // strides[axis] + 1)
        if not count:
            raise call.bad_shape(
                f"{call.name}: the kernel {list(w.shape[2:])} is larger than the array {list(x.shape[2:])}"
            )
        call.check_known(count * w.shape[2 + axis])
        places = np.arange(count)[:, None] * strides[axis] + np.arange(w.shape[2 + axis]) * dilation[axis]
        found = call.emit("gather", (2 + axis,), found, call.known(places))
        kept.append(count)
    letters = "abc"[:axes], "klm"[:axes]
    windows = "".join(first + second for first, second in zip(*letters, strict=True))
    found = call.reshape(found, (x.shape[0], groups, w.shape[1], *found.shape[2:]))
    kernels = call.reshape(w, (groups, w.shape[0] // groups, *w.shape[1:]))
    found = call.emit("einsum", (f"ngi{windows},goi{letters[1]}->ngo{letters[0]}",), found, kernels)
    return call.reshape(found, (x.shape[0], w.shape[0], *kept[::-1]))


def _padded(call: ArrayCall, x: Value, sizes: Sequence[int], pads: Pads) -> Value:
    """Return an array with zeros around it, or less of it where they are negative."""
    cut = [
        (max(0, -low), size - max(0, -low) - max(0, -high), 1)
        for size, (low, high) in zip(x.shape[2:], pads, strict=True)
    ]
    if any(count < 1 for _, count, _ in cut):
        raise call.bad_shape(f"{call.name}: nothing is left of an array {list(x.shape)}")
    found = call.emit("slice", ((0, x.shape[0], 1), (0, x.shape[1], 1), *cut), x)
    places = [(max(0, low), count, 1) for (low, _), (_, count, _) in zip(pads, cut, strict=True)]
    if found.shape[2:] == tuple(sizes):
        return found
    where = ((0, x.shape[0], 1), (0, x.shape[1], 1), *places)
    return call.emit("place", ((*x.shape[:2], *sizes), where), found)


def _general(call: ArrayCall) -> Value:
    """Return ``lax.conv_general_dilated`` and its relatives."""
    x, w = call.numbers(call.array("lhs"), call.array("rhs"))
    axes = len(x.shape) - 2
    if len(w.shape) != len(x.shape) or not 1 <= axes <= _MOST_AXES:
        raise call.bad_shape(
            f"{call.name} takes arrays (N, C, ...) and (O, C, ...), not {list(x.shape)} and {list(w.shape)}"
        )
    for name in ("lhs_dilation", "batch_group_count"):
        if call.has(name) and set(call.integers(name)) != {1}:
            hint = "put the zeros between the elements before it: x.at[..., ::2].set(...)"
            raise errors.SyntaxRejected(f"{name} is not in the language", hint=hint, offset=call.offset)
    orders = _orders(call, axes)
    x, w = call.emit("transpose", (orders[0],), x), call.emit("transpose", (orders[1],), w)
    strides = _each(call, "window_strides", axes)
    dilation = _each(call, "rhs_dilation", axes)
    spans = [(size - 1) * step + 1 for size, step in zip(w.shape[2:], dilation, strict=True)]
    found = _convolved(call, x, w, strides, _pads(call, x.shape[2:], spans, strides), dilation)
    return call.emit("transpose", (tuple(np.argsort(orders[2]).tolist()),), found)


def _orders(call: ArrayCall, axes: int) -> list[tuple[int, ...]]:
    """Return for the array, the kernel and the result which of its axes is the batch, the channels, and the others."""
    plain = tuple(range(axes + 2))
    if not call.has("dimension_numbers"):
        return [plain, plain, plain]
    texts = [each.text for each in call.value("dimension_numbers").items]
    spatial = "".join(each for each in texts[0] if each not in "NC") if texts else ""
    if len(texts) != 3 or [sorted(each) for each in texts] != [sorted(first + spatial) for first in ("NC", "OI", "NC")]:
        raise errors.SyntaxRejected("dimension_numbers are three strings", hint=_LAYOUT, offset=call.offset)
    if len(spatial) != axes:
        raise call.bad_shape(f"dimension_numbers are of {len(spatial) + 2} axes, the array has {axes + 2}")
    return [
        tuple([text.index(each) for each in first + spatial])
        for text, first in zip(texts, ("NC", "OI", "NC"), strict=True)
    ]


def _each(call: ArrayCall, name: str, axes: int) -> list[int]:
    found = call.integers(name) if call.has(name) else [1]
    found = found * axes if len(found) == 1 else found
    if len(found) != axes or min(found) < 1:
        raise call.bad_shape(f"{name} is an integer above 0 for each of {axes} axes")
    return found


def _pads(call: ArrayCall, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> Pads:
    """Return how many zeros stand before and behind each axis."""
    given = call.value("padding") if call.has("padding") else None
    if given is not None and given.kind != "text":
        pairs = (
            np.reshape(call.integers("padding"), (-1, 2)).tolist()
            if len(call.integers("padding")) == 2 * len(sizes)
            else []
        )
        if not pairs:
            raise call.bad_shape(f"padding is a pair of integers for each of {len(sizes)} axes")
        return [(low, high) for low, high in pairs]
    mode = "VALID" if given is None else given.text.upper()
    if mode == "VALID":
        return [(0, 0)] * len(sizes)
    if mode not in {"SAME", "SAME_LOWER"}:
        hint = 'write "SAME", "VALID", or pairs [(1, 1), (1, 1)]'
        raise errors.SyntaxRejected("this padding is not in the language", hint=hint, offset=call.offset)
    found = []
    for size, span, stride in zip(sizes, spans, strides, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + span - size)
        found.append((total // 2, total - total // 2) if mode == "SAME" else (total - total // 2, total // 2))
    return found


def _centred(width: int, *, late: bool) -> tuple[int, int]:
    """Return the zeros before and behind an axis; where they cannot be equal, ``correlate2d`` has more behind it."""
    return (width // 2, width - width // 2) if late else (width - width // 2, width // 2)


def _of_signals(axes: int | None, *, turned: bool) -> ArrayWord:
    """Return SciPy's convolution, or correlation, of two arrays of as many axes; ``axes`` of them, or 1 to 3."""

    def run(call: ArrayCall) -> Value:
        x, y = call.numbers(call.array("x", axes), call.array("y", axes))
        if len(x.shape) != len(y.shape) or not 1 <= len(x.shape) <= _MOST_AXES:
            raise call.bad_shape(f"{call.name} takes arrays of as many axes, not {list(x.shape)} and {list(y.shape)}")
        for name, only in (("boundary", "fill"), ("fillvalue", 0)):
            if call.has(name) and only not in {call.value(name).text, call.value(name).constant}:
                hint = "pad the array before it: np.pad(x, 1, mode='wrap')"
                raise errors.SyntaxRejected("the border is of zeros", hint=hint, offset=call.offset)
        mode = call.value("mode").text if call.has("mode") else "full"
        if mode not in {"full", "same", "valid"}:
            raise errors.SyntaxRejected(
                f"this mode of {call.name} is not in the language", hint=_MODES, offset=call.offset
            )
        if mode == "valid" and not turned and all(a < b for a, b in zip(x.shape, y.shape, strict=True)):
            x, y = y, x
        wide = [size - 1 for size in y.shape]
        pads = {
            "full": [(each, each) for each in wide],
            "same": [_centred(each, late=turned and axes == 2) for each in wide],
            "valid": [(0, 0)] * len(wide),
        }[mode]
        kernel = call.emit("slice", tuple([(size - 1, size, -1) for size in y.shape]), y) if not turned else y
        ones = [1] * len(wide)
        found = _convolved(
            call, call.reshape(x, (1, 1, *x.shape)), call.reshape(kernel, (1, 1, *y.shape)), ones, pads, ones
        )
        return call.reshape(found, found.shape[2:])

    return run


FUNCTIONS: dict[str, ArrayWord] = {
    "conv_general_dilated": _general,
    "scipy.signal.convolve": _of_signals(None, turned=False),
    "scipy.signal.correlate": _of_signals(None, turned=True),
    "convolve2d": _of_signals(2, turned=False),
    "correlate2d": _of_signals(2, turned=True),
}
"""Function by canonical name."""
