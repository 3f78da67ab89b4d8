"""The bodies that register data: JSON, .npy bytes, and tensors of the Open Inference Protocol.

A tensor is one object of the protocol's ``inputs``, with its numbers in the document or, with the header
Inference-Header-Content-Length, behind it.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from numpy.lib import format as npy
from numpy.typing import NDArray

from app import errors
from app.api.http import body
from app.api.rest import schemas
from app.api.rest.data import number_arrays
from app.engine import points
from app.runtime.data import arrays

Array = NDArray[Any]

NPY_TYPES = ("application/octet-stream", "application/x-npy")
LENGTH = "inference-header-content-length"
_MAX_AXES = 8
_MAX_HEADER = 10_000  # bytes of the header of an .npy file

_DATATYPES = {
    "BOOL": "?",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    "FP32": "<f4",
    "FP64": "<f8",
}
_Dtype = Literal["float64", "float32", "int64", "int32"]


class DataRequest(schemas.RequestFields):
    """An array to be kept."""

    values: Annotated[
        Any, pydantic.Field(description="a number or nested list.", json_schema_extra={schemas.NAME: "Numbers"})
    ]
    dtype: Annotated[
        _Dtype | Annotated[None, schemas.null_is("float64")],
        pydantic.Field(description='"float64", "float32", "int64" or "int32".'),
    ] = "float64"
    shared: Annotated[
        bool | Annotated[None, schemas.null_is(False)],
        pydantic.Field(description="true or false. Whether others may use the data who know the id."),
    ] = False


class KeptTensor(schemas.RequestFields):
    """A tensor of the Open Inference Protocol to be kept."""

    name: Annotated[str | None, pydantic.Field(description="It is not read.")] = None
    shape: Annotated[list[schemas.Whole], pydantic.Field(description="at most 8 axes.")]
    datatype: Annotated[
        str, pydantic.Field(description="the type of the numbers.", json_schema_extra={"enum": list(_DATATYPES)})
    ]
    data: Annotated[
        Any,
        pydantic.Field(
            description="the numbers, flat or nested, unless they follow the document.",
            json_schema_extra={"anyOf": [{schemas.NAME: "Numbers"}, {"type": "null"}]},
        ),
    ] = None
    parameters: Annotated[
        dict[str, Any] | None, pydantic.Field(description="binary_data_size: the bytes behind the document.")
    ] = None


@dataclass(frozen=True, slots=True)
class Given:
    """An array that a request brings, and whether others may use it."""

    array: Array
    shared: bool


async def from_json(raw: bytes | bytearray, limits: body.RequestLimits, *, shared: bool) -> Given:
    """Return the array of a JSON body: ``{"values": ...}``, or a tensor."""
    document = await number_arrays.load(raw, limits.max_json_values)
    if isinstance(document, dict) and "datatype" in document:
        return Given(_tensor(body.validated(KeptTensor, document), None), shared)
    given = body.validated(DataRequest, document)
    numbers = points.array(given.values, "values")
    return Given(_in_dtype(numbers, np.dtype(given.dtype), "values"), given.shared or shared)


async def from_tensor(raw: bytes | bytearray, length: str, limits: body.RequestLimits, *, shared: bool) -> Given:
    """Return the array of a tensor whose bytes follow its document."""
    if not length.isdecimal() or len(length) > 12 or int(length) > len(raw):
        raise errors.InvalidField("Inference-Header-Content-Length is not the length of the document in the body")
    head, content = bytes(memoryview(raw)[: int(length)]), memoryview(raw)[int(length) :]
    document = await number_arrays.load(head, limits.max_json_values)
    return Given(_tensor(body.validated(KeptTensor, document), content), shared)


def from_npy(raw: bytes | bytearray) -> Array:
    """Return the array of .npy bytes without copying it: floats, integers or truth values, in any order.

    NumPy reads the header; its own reading of objects, which is pickle, is never reached.
    """
    head = io.BytesIO(memoryview(raw)[: _MAX_HEADER + 64])
    try:
        version = npy.read_magic(head)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(head, max_header_size=_MAX_HEADER)
        sizes = [int(size) for size in shape]
    except Exception:  # noqa: BLE001 - NumPy has an error for each way in which a header can be wrong
        raise errors.InvalidField(
            "the bytes are no .npy file of version 1 or 2", hint="numpy.save writes one"
        ) from None
    if dtype.kind not in arrays.KINDS or dtype.hasobject or dtype.itemsize > 8 or dtype.name == "float16":
        raise errors.InvalidField(
            f"data are float64, float32, integers or bool, not {errors.quote(dtype.name)}", field="dtype"
        )
    if len(sizes) > _MAX_AXES:
        raise errors.TooComplex(f"an array of more than {_MAX_AXES} axes", field="shape")
    content = memoryview(raw)[head.tell() :]
    if min(sizes, default=0) < 0 or math.prod(sizes) * dtype.itemsize != len(content):
        raise errors.BadShape(f"{len(content)} bytes of numbers do not fit the shape {sizes}"[:200], field="shape")
    flat = np.frombuffer(content, dtype)
    return flat.reshape(sizes, order="F" if fortran else "C")


def _tensor(tensor: KeptTensor, content: memoryview | None) -> Array:
    if tensor.datatype not in _DATATYPES:
        hint = f"datatypes: {', '.join(_DATATYPES)}"
        raise errors.InvalidField(f"{errors.quote(tensor.datatype)} is not a datatype", hint=hint, field="datatype")
    if len(tensor.shape) > _MAX_AXES:
        raise errors.TooComplex(f"an array of more than {_MAX_AXES} axes", field="shape")
    dtype = np.dtype(_DATATYPES[tensor.datatype])
    if content is None or tensor.data is not None:
        if content:
            raise errors.InvalidField("the numbers stand in the document or behind it, not both", field="data")
        numbers = _in_dtype(points.array(tensor.data, "data"), dtype, "data")
    elif len(content) % dtype.itemsize or (tensor.parameters or {}).get("binary_data_size", len(content)) != len(
        content
    ):
        raise errors.BadShape(f"{len(content)} bytes are not those of the tensor", field="data")
    else:
        numbers = np.frombuffer(content, dtype)
    if min(tensor.shape, default=0) < 0 or numbers.size != math.prod(tensor.shape):
        raise errors.BadShape(f"{numbers.size} numbers do not fit the shape {tensor.shape}"[:200], field="shape")
    return numbers.reshape(tensor.shape)


def _in_dtype(numbers: Array, dtype: np.dtype[Any], field: str) -> Array:
    """Return finite numbers in a dtype; an integer type takes integers only."""
    if dtype == numbers.dtype:
        return numbers
    with np.errstate(all="ignore"):
        found = numbers.astype(dtype)
        kept = np.isfinite(found).all() if dtype.kind == "f" else (found.astype(np.float64) == numbers).all()
    if not kept:
        raise errors.InvalidField(f"the numbers are not all {dtype.name}", field=field)
    return found
