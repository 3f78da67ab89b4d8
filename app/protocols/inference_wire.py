"""Open Inference Protocol, version 2, as bytes: requests to tensors by name, and tensors to replies.

In JSON, or with the tensors' bytes behind the document: little-endian, in the order of the tensors, the document's
length in Inference-Header-Content-Length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

from app import errors, points
from app.protocols import body, foreign, pieces, tensors

Array = NDArray[Any]

LENGTH = "Inference-Header-Content-Length"
VERSION = "1"
OUTPUTS = ("value", "gradient")
_DATATYPES = {"FP32": "<f4", "FP64": "<f8"}
_NAMES = {"float32": "FP32", "float64": "FP64"}
_MAX_TENSORS = 256
_PARAMETERS = frozenset({"expression", "args", "argnums", "rank", "binary_data_output"})
_RESERVED = frozenset({"sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers"})
"""Parameters of the protocol that mean nothing here; refusing the rest catches a misspelt one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read.

    Attributes:
        id: the client's, if any.
        parameters: of the request.
        tensors: inputs by name.
        outputs: the ones wanted, and whether in binary; none if the request names none.
        binary: whether outputs are in binary that say nothing else.
    """

    id: str | None
    parameters: Mapping[str, Any]
    tensors: Mapping[str, Array]
    outputs: Mapping[str, bool]
    binary: bool


async def read(raw: bytes, header: str | None, limits: body.Limits) -> Asked:
    """Return a request.

    Args:
        raw: its body.
        header: Inference-Header-Content-Length, where tensors follow the document.
        limits: bounds on it.

    Raises:
        errors.Rejected: it is none.
    """
    length = len(raw) if header is None else _length(header, len(raw))
    document = await foreign.document(raw[:length], limits)
    parameters = _object(document, "parameters")
    for name in parameters:
        if name not in _PARAMETERS | _RESERVED and not name.startswith("triton_"):
            hint = f"parameters: {', '.join(sorted(_PARAMETERS))}"
            raise errors.InvalidField(f"{errors.quote(name)} is not a parameter", hint=hint, field="parameters")
    given, text = _inputs(document, memoryview(raw)[length:])
    if text is not None:
        parameters = {**parameters, "expression": text}
    identity = document.get("id")
    if identity is not None and not isinstance(identity, str):
        raise errors.InvalidField("id is a text", field="id")
    binary = _flag(parameters, "binary_data_output", default=False)
    return Asked(identity, parameters, given, _outputs(document, default=binary), binary)


def _length(header: str, most: int) -> int:
    if not header.isdecimal() or len(header) > 12 or int(header) > most:
        raise errors.InvalidField("Inference-Header-Content-Length is not the length of the document in the body")
    return int(header)


def _object(document: Mapping[str, Any], member: str) -> dict[str, Any]:
    found = document.get(member, {})
    if not isinstance(found, dict):
        raise errors.InvalidField(f"{member} is an object", field=member)
    return found


def _named(document: Mapping[str, Any], member: str) -> list[dict[str, Any]]:
    """Return a list of objects with names, no two the same."""
    found = document.get(member)
    if not isinstance(found, list) or len(found) > _MAX_TENSORS or not all(isinstance(each, dict) for each in found):
        raise errors.InvalidField(f"{member} is a list of at most {_MAX_TENSORS} objects", field=member)
    names = [each.get("name") for each in found]
    if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise errors.InvalidField(f"each of {member} has a name of its own", field=member)
    return found


def _inputs(document: Mapping[str, Any], binary: memoryview) -> tuple[dict[str, Array], str | None]:
    """Return the tensors of a request, and the text of the function if it is among them."""
    found: dict[str, Array] = {}
    text, start = None, 0
    for tensor in _named(document, "inputs"):
        name, content = tensor["name"], None
        size = _object(tensor, "parameters").get("binary_data_size")
        if "shared_memory_region" in _object(tensor, "parameters"):
            raise errors.InvalidField("shared memory is not offered", field=f"inputs.{name}")
        if size is not None:
            if type(size) is not int or not 0 <= size <= len(binary) - start:
                raise errors.InvalidField("binary_data_size is more than the body has", field=f"inputs.{name}")
            content = binary[start : start + size]
            start += size
        if name == "expression" and tensor.get("datatype") == "BYTES":
            text = _text(tensor, content)
        else:
            found[name] = _tensor(tensor, content)
    if start != len(binary):
        raise errors.InvalidField(f"{len(binary) - start} bytes of the body belong to no tensor", field="inputs")
    return found, text


def _text(tensor: Mapping[str, Any], content: memoryview | None) -> str:
    """Return the one text of a BYTES tensor: of its JSON data, or behind its length in four bytes."""
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
    name, datatype = tensor["name"], tensor.get("datatype")
    field = f"inputs.{name}"
    shape = tensors.shape(tensor.get("shape"), field)
    if not isinstance(datatype, str) or datatype not in _DATATYPES:
        raise errors.InvalidField(f"{errors.quote(name)} must have datatype FP32 or FP64", field=field)
    if content is None:
        with np.errstate(over="ignore"):
            found = points.array(tensor.get("data"), field, finite=False).astype(_DATATYPES[datatype], copy=False)
    elif len(content) % np.dtype(_DATATYPES[datatype]).itemsize:
        raise errors.BadShape(f"{len(content)} bytes are no numbers of datatype {datatype}", field=field)
    else:
        found = np.frombuffer(content, _DATATYPES[datatype])
    if found.size != math.prod(shape):
        detail = f"{errors.quote(name)} has {found.size} numbers for the shape {list(shape)}"
        raise errors.BadShape(detail, field=field)
    return found.reshape(shape)


def _outputs(document: Mapping[str, Any], *, default: bool) -> dict[str, bool]:
    """Return which outputs are wanted, and whether in binary."""
    wanted = {}
    for output in _named(document, "outputs") if document.get("outputs") else []:
        if output["name"] not in OUTPUTS:
            detail = f"{errors.quote(output['name'])} is not an output; the outputs are {', '.join(OUTPUTS)}"
            raise errors.InvalidField(detail, field="outputs")
        parameters = _object(output, "parameters")
        if "shared_memory_region" in parameters:
            raise errors.InvalidField("shared memory is not offered", field="outputs")
        wanted[output["name"]] = _flag(parameters, "binary_data", default=default)
    return wanted


def _flag(parameters: Mapping[str, Any], name: str, *, default: bool) -> bool:
    flag = parameters.get(name, default)
    if not isinstance(flag, bool):
        raise errors.InvalidField(f"{name} is true or false", field="parameters")
    return flag


async def reply(answers: Mapping[str, Array], binary: Mapping[str, bool], model: str, identity: str | None) -> Response:
    outputs, buffers = [], []
    for name, array in answers.items():
        datatype = _NAMES[array.dtype.name]
        output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": array.shape or (1,)}
        if binary[name]:
            buffers.append(np.ascontiguousarray(array, _DATATYPES[datatype]).data.cast("B") if array.size else b"")
            output["parameters"] = {"binary_data_size": array.nbytes}
        else:
            output["data"] = array.ravel().tolist()
        outputs.append(output)
    document = {"model_name": model, "model_version": VERSION, "outputs": outputs}
    if identity is not None:
        document["id"] = identity
    head = await pieces.dump(document, inf_nan="constants")
    if not buffers:
        return Response(head, media_type="application/json")
    headers = {LENGTH: str(len(head))}
    return Response(b"".join([head, *buffers]), headers=headers, media_type="application/octet-stream")
