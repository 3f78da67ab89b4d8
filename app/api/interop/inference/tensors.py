"""Requests and replies of the Open Inference Protocol as bytes.

Tensors stand in the JSON document, or their bytes follow it: little-endian, in the order of the tensors, with the
length of the document in the header Inference-Header-Content-Length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import errors
from app.api.http import body, json_stream, replies
from app.api.interop import json_bodies, named_arrays
from app.api.interop.named_arrays import Array
from app.engine import points

LENGTH = "Inference-Header-Content-Length"
VERSION = "1"
OUTPUTS = ("value", "gradient")
_DATATYPES = {"FP32": "<f4", "FP64": "<f8"}
_NAMES = {"float32": "FP32", "float64": "FP64"}
MAX_TENSORS = 256
_PARAMETERS = frozenset({"expression", "args", "argnums", "rank", "binary_data_output"})
RESERVED = frozenset({"sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers"})
"""Parameters of the protocol that have no effect here. All others are refused, which catches a misspelt name."""


@dataclass(frozen=True, slots=True)
class TensorRequest:
    """A request, and whether its outputs are binary: those it lists, or all if it lists none."""

    id: str | None
    parameters: Mapping[str, Any]  # with the expression if that came as a tensor
    tensors: Mapping[str, Array]
    outputs: Mapping[str, bool]
    binary: bool


async def read(raw: bytes | bytearray, header: str | None, limits: body.RequestLimits) -> TensorRequest:
    """Return the request in a body; ``header`` is Inference-Header-Content-Length, None if no bytes follow the JSON."""
    length = len(raw)
    if header is not None:
        if not header.isdecimal() or len(header) > 12 or int(header) > length:
            raise errors.InvalidField("Inference-Header-Content-Length is not the length of the document in the body")
        length = int(header)
    document = await json_bodies.parse(bytes(memoryview(raw)[:length]), limits)
    parameters = _object(document, "parameters")
    for name in parameters:
        if name not in _PARAMETERS | RESERVED and not name.startswith("triton_"):
            hint = f"parameters: {', '.join(sorted(_PARAMETERS))}"
            raise errors.InvalidField(f"{errors.quote(name)} is not a parameter", hint=hint, field="parameters")
    tensors, expression = _inputs(document, memoryview(raw)[length:])
    if expression is not None:
        parameters = {**parameters, "expression": expression}
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise errors.InvalidField("id is a text", field="id")
    binary = _flag(parameters, "binary_data_output", default=False)
    return TensorRequest(request_id, parameters, tensors, _outputs(document, default=binary), binary)


def _object(document: Mapping[str, Any], member: str) -> dict[str, Any]:
    value = document.get(member)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.InvalidField(f"{member} is an object", field=member)
    return value


def _named_objects(document: Mapping[str, Any], member: str) -> list[dict[str, Any]]:
    """Return a list of objects, each with a name that no other has."""
    entries = document.get(member)
    if entries is None and member == "outputs":
        return []
    if not isinstance(entries, list) or len(entries) > MAX_TENSORS or not all(isinstance(e, dict) for e in entries):
        raise errors.InvalidField(f"{member} is a list of at most {MAX_TENSORS} objects", field=member)
    names = [entry.get("name") for entry in entries]
    if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise errors.InvalidField(f"each of {member} has a name of its own", field=member)
    return entries


def _inputs(document: Mapping[str, Any], binary: memoryview) -> tuple[dict[str, Array], str | None]:
    """Return the tensors of a request, and the text of the function if a tensor holds it."""
    tensors: dict[str, Array] = {}
    expression, start = None, 0
    for tensor in _named_objects(document, "inputs"):
        name, content = tensor["name"], None
        size = _object(tensor, "parameters").get("binary_data_size")
        _refuse_shared_memory(tensor, f"inputs.{name}")
        if size is not None:
            if type(size) is not int or not 0 <= size <= len(binary) - start:
                raise errors.InvalidField("binary_data_size is more than the body has", field=f"inputs.{name}")
            content = binary[start : start + size]
            start += size
        if name == "expression" and tensor.get("datatype") == "BYTES":
            expression = _text(tensor, content)
        else:
            tensors[name] = _tensor(tensor, content)
    if start != len(binary):
        raise errors.InvalidField(f"{len(binary) - start} bytes of the body belong to no tensor", field="inputs")
    return tensors, expression


def _refuse_shared_memory(tensor: Mapping[str, Any], field: str) -> None:
    if "shared_memory_region" in _object(tensor, "parameters"):
        raise errors.InvalidField("shared memory is not offered", field=field)


def _text(tensor: Mapping[str, Any], content: memoryview | None) -> str:
    """Return the text of a BYTES tensor: the only entry of its JSON data, or bytes behind their length in 4 bytes."""
    data = tensor.get("data")
    if content is None and isinstance(data, list) and len(data) == 1 and isinstance(data[0], str):
        return data[0]
    try:
        if content is not None and int.from_bytes(content[:4], "little") == len(content) - 4:
            return bytes(content[4:]).decode()
    except UnicodeDecodeError:
        pass
    raise errors.InvalidField("expression is one text in UTF-8", field="expression")


def _tensor(tensor: Mapping[str, Any], content: memoryview | None) -> Array:
    """Return a tensor of numbers, from its bytes or from its JSON data if there are none."""
    name, datatype = tensor["name"], tensor.get("datatype")
    field = f"inputs.{name}"
    shape = named_arrays.read_shape(tensor.get("shape"), field)
    if not isinstance(datatype, str) or datatype not in _DATATYPES:
        raise errors.InvalidField(f"{errors.quote(name)} must have datatype FP32 or FP64", field=field)
    if content is None:
        with np.errstate(over="ignore"):
            numbers = points.array(tensor.get("data"), field, finite=False).astype(_DATATYPES[datatype], copy=False)
    elif len(content) % np.dtype(_DATATYPES[datatype]).itemsize:
        raise errors.BadShape(f"{len(content)} bytes are no numbers of datatype {datatype}", field=field)
    else:
        numbers = np.frombuffer(content, _DATATYPES[datatype])
    if numbers.size != math.prod(shape):
        detail = f"{errors.quote(name)} has {numbers.size} numbers for the shape {list(shape)}"
        raise errors.BadShape(detail, field=field)
    return numbers.reshape(shape)


def _outputs(document: Mapping[str, Any], *, default: bool) -> dict[str, bool]:
    """Return whether each wanted output is binary."""
    wanted = {}
    for output in _named_objects(document, "outputs"):
        if output["name"] not in OUTPUTS:
            detail = f"{errors.quote(output['name'])} is not an output; the outputs are {', '.join(OUTPUTS)}"
            raise errors.InvalidField(detail, field="outputs")
        _refuse_shared_memory(output, "outputs")
        wanted[output["name"]] = _flag(_object(output, "parameters"), "binary_data", default=default)
    return wanted


def _flag(parameters: Mapping[str, Any], name: str, *, default: bool) -> bool:
    flag = parameters.get(name)
    if flag is None:
        return default
    if not isinstance(flag, bool):
        raise errors.InvalidField(f"{name} is true or false", field="parameters")
    return flag


async def reply(outputs: Mapping[str, Array], request: TensorRequest, model: str) -> replies.Reply:
    """Return the reply with these outputs of a model, each binary or in JSON as the request wants it."""
    tensors, buffers = [], []
    for name, array in outputs.items():
        datatype = _NAMES[array.dtype.name]
        tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": array.shape or (1,)}
        if request.outputs.get(name, request.binary):
            buffers.append(_rows(array.astype(_DATATYPES[datatype], copy=False)).data.cast("B") if array.size else b"")
            tensor["parameters"] = {"binary_data_size": array.nbytes}
        else:
            tensor["data"] = array.ravel().tolist()
        tensors.append(tensor)
    document = {"model_name": model, "model_version": VERSION, "outputs": tensors}
    if request.id is not None:
        document["id"] = request.id
    if not buffers:
        return await json_bodies.large_reply(document)
    head = await json_stream.dump(document, inf_nan="constants")
    headers = ((LENGTH.lower().encode(), b"%d" % len(head)),)
    return replies.Reply(200, b"".join([head, *buffers]), b"application/octet-stream", headers)


def _rows(array: Array) -> Array:
    """Return an array in C order. To copy long columns one by one takes a quarter of the time of copying short rows."""
    if array.ndim != 2 or array.flags.c_contiguous or array.shape[1] > array.shape[0]:
        return np.ascontiguousarray(array)
    found = np.empty(array.shape, array.dtype)
    for column in range(array.shape[1]):
        found[:, column] = array[:, column]
    return found
