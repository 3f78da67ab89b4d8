"""Tesseract's documents: arrays as it writes them, the formats it negotiates, and the schema its clients read."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors, functions, points
from app.protocols import tensors

Array = NDArray[Any]
Shape = tuple[int, ...]

FORMATS = ("json", "json+base64")
OUTPUTS = ("value", "gradient")
_DTYPES = frozenset(
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()  # noqa: SIM905
)
_SINGLE = frozenset({"float16", "float32"})


def array(value: Any, field: str) -> Array:
    """Return an array of a request: numbers in lists, or an object with shape, dtype and data.

    Raises:
        errors.Rejected: it is neither.
    """
    if not isinstance(value, dict):
        return points.array(value, field, finite=False)
    shape, dtype = tensors.shape(value.get("shape"), field), dtype_of(value, field)
    data = value.get("data")
    if not isinstance(data, dict):
        data = {"buffer": data, "encoding": "json"}
    buffer, encoding = data.get("buffer"), data.get("encoding")
    if data.get("compression") not in (None, "none"):
        raise errors.InvalidField("compressed arrays are not read", hint="send them as they are", field=field)
    if encoding == "base64" and isinstance(buffer, str):
        return _from_base64(buffer, shape, dtype, field)
    if encoding not in ("json", "raw"):
        raise errors.InvalidField("an array's encoding is json or base64", field=field)
    found = points.array(buffer, field, finite=False)
    if found.size != math.prod(shape):
        raise errors.BadShape(f"{found.size} numbers do not have the shape {list(shape)}", field=field)
    with np.errstate(over="ignore"):
        return found.reshape(shape).astype(computed(dtype))


def _from_base64(buffer: str, shape: Shape, dtype: str, field: str) -> Array:
    try:
        raw = base64.b64decode(buffer, validate=True)
    except (binascii.Error, ValueError):
        raise errors.InvalidField("the buffer is not base64", field=field) from None
    found = np.dtype(dtype).newbyteorder("<")
    if len(raw) != math.prod(shape) * found.itemsize:
        detail = f"{len(raw)} bytes are no {dtype} array of shape {list(shape)}"
        raise errors.BadShape(detail, field=field)
    return np.frombuffer(raw, found).reshape(shape).astype(computed(dtype), copy=False)


def dtype_of(value: Mapping[str, Any], field: str) -> str:
    dtype = value.get("dtype")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise errors.InvalidField(f"dtype is one of {', '.join(sorted(_DTYPES))}", field=field)
    return dtype


def computed(dtype: str) -> str:
    """Return what numbers of a dtype are computed in."""
    return "float32" if dtype in _SINGLE else "float64"


def accepted(header: str) -> str | None:
    """Return the format that an Accept header asks for, or None if it is not offered (RFC 9110, section 12.5.1)."""
    if not header.strip():
        return FORMATS[0]
    best, weight = None, 0.0
    for item in header.split(",")[:64]:
        media_type, *parameters = (part.strip() for part in item.lower().split(";"))
        options = dict(part.partition("=")[::2] for part in parameters)
        offered = options.get("gpu_transport", "none") == "none" and options.get("compression", "none") == "none"
        try:
            quality = float(options.get("q", "1"))
        except ValueError:
            quality = 0.0
        if offered and media_type in _MEDIA_TYPES and quality > weight:
            best, weight = _MEDIA_TYPES[media_type], quality
    return best


_MEDIA_TYPES = {
    "*/*": "json",
    "application/json": "json",
    # What Tesseract's own client says when it does not mind: exact and shorter.
    "application/*": "json+base64",
    "application/json+base64": "json+base64",
}


def encoded(answer: Any, encoding: str) -> Any:
    """Return arrays by name as the wire writes them."""
    if isinstance(answer, Mapping):
        return {name: encoded(each, encoding) for name, each in answer.items()}
    if encoding == "json":
        data = {"buffer": answer.tolist(), "encoding": "json"}
    else:
        little = answer.astype(answer.dtype.newbyteorder("<"), copy=False)
        data = {"buffer": base64.b64encode(little.tobytes()).decode(), "encoding": "base64"}
    return {"object_type": "array", "shape": answer.shape, "dtype": answer.dtype.name, "data": data}


_ARRAY = {
    "type": "object",
    "properties": {"object_type": {"const": "array", "type": "string"}},
    "array_flags": ["DIFFERENTIABLE"],
}
_DIFFERENTIABLE = {"dtype": "float64"}
"""No shape: any number of axes, so clients send a batch as one array."""


def schema(function: functions.Function | None, title: str, endpoints: Sequence[str]) -> dict[str, Any]:
    """Return what clients read before they ask: endpoints, inputs, outputs, and which of these are differentiable.

    Args:
        function: it, or None where it comes with every request.
        title: what to call it.
        endpoints: names of what can be asked.
    """
    options: dict[str, Any] = {"rank": {"description": "axes of each argument, where the text leaves it open"}}
    if function is None:
        texts = {"type": "array", "items": {"type": "string"}}
        options |= {"expression": {"anyOf": [{"type": "string"}, texts]}, "args": texts}
        names = [tensors.ALL]
    else:
        names = list(function.args) + ([tensors.ALL] if tensors.stands_for_all(function) else [])
        options = {name: option for name, option in options.items() if name not in names}
    required = ["expression", tensors.ALL] if function is None else []
    inputs = {"type": "object", "properties": options | dict.fromkeys(names, _ARRAY), "required": required}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {f"/{name}": {} for name in endpoints},
        "components": {
            "schemas": {
                "Apply_InputSchema": inputs,
                "Apply_OutputSchema": {"type": "object", "properties": dict.fromkeys(OUTPUTS, _ARRAY)},
                "ApplyInputSchema": {"differentiable_arrays": dict.fromkeys(names, _DIFFERENTIABLE)},
                "ApplyOutputSchema": {"differentiable_arrays": dict.fromkeys(OUTPUTS, _DIFFERENTIABLE)},
            }
        },
        "x-supported-output-formats": FORMATS,
        "x-supported-gpu-transports": ["none"],
        "x-supported-compressions": ["none"],
    }
