"""Arrays as Tesseract writes them in JSON, and the encodings that a client may choose from."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from app import errors
from app.api.interop import named_arrays
from app.api.interop.named_arrays import Array, Shape
from app.engine import points

FORMATS = ("json", "json+base64")
_MEDIA_TYPES = {
    "*/*": "json",
    "application/json": "json",
    # What Tesseract's own client sends if it has no preference: base64 is exact and shorter.
    "application/*": "json+base64",
    "application/json+base64": "json+base64",
}
_DTYPES = frozenset(
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()  # noqa: SIM905
)
_SINGLE = frozenset({"float16", "float32"})


def array(value: Any, field: str) -> Array:
    """Return the array that a client has written as nested lists, or as an object with shape, dtype and data.

    The array is float32 for float16 and float32, else float64.
    """
    if not isinstance(value, dict):
        return points.array(value, field, finite=False)
    shape, dtype = named_arrays.read_shape(value.get("shape"), field), _dtype(value, field)
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
    numbers = points.array(buffer, field, finite=False)
    if numbers.size != math.prod(shape):
        raise errors.BadShape(f"{numbers.size} numbers do not have the shape {list(shape)}", field=field)
    with np.errstate(over="ignore"):
        return numbers.reshape(shape).astype(_computed(dtype))


def outline(value: Any, field: str) -> tuple[Shape, str]:
    """Return the shape of an array and the dtype it is computed in, without reading the data of an object."""
    if isinstance(value, dict):
        return named_arrays.read_shape(value.get("shape"), field), _computed(_dtype(value, field))
    numbers = array(value, field)
    return numbers.shape, numbers.dtype.name


def _from_base64(buffer: str, shape: Shape, dtype: str, field: str) -> Array:
    try:
        raw = base64.b64decode(buffer, validate=True)
    except (binascii.Error, ValueError):
        raise errors.InvalidField("the buffer is not base64", field=field) from None
    sent = np.dtype(dtype).newbyteorder("<")
    if len(raw) != math.prod(shape) * sent.itemsize:
        detail = f"{len(raw)} bytes are no {dtype} array of shape {list(shape)}"
        raise errors.BadShape(detail, field=field)
    return np.frombuffer(raw, sent).reshape(shape).astype(_computed(dtype), copy=False)


def _dtype(value: Mapping[str, Any], field: str) -> str:
    dtype = value.get("dtype")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise errors.InvalidField(f"dtype is one of {', '.join(sorted(_DTYPES))}", field=field)
    return dtype


def _computed(dtype: str) -> str:
    """Return the dtype in which numbers of a dtype are computed."""
    return "float32" if dtype in _SINGLE else "float64"


def accepted_format(header: str) -> str | None:
    """Return the one of ``FORMATS`` that an Accept header prefers, None if it takes none (RFC 9110, section 12.5.1)."""
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


def encode(output: Any, encoding: str) -> Any:
    """Return an array, or a mapping of arrays by name, as Tesseract writes them in JSON."""
    if isinstance(output, Mapping):
        return {name: encode(each, encoding) for name, each in output.items()}
    if encoding == "json":
        data = {"buffer": output.tolist(), "encoding": "json"}
    else:
        little = output.astype(output.dtype.newbyteorder("<"), copy=False)
        data = {"buffer": base64.b64encode(little.tobytes()).decode(), "encoding": "base64"}
    return {"object_type": "array", "shape": output.shape, "dtype": output.dtype.name, "data": data}
