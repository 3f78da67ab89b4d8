"""Data that stay: register an array once, then name it by its id wherever a point has an argument."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app import errors
from app.api import services
from app.api.http import body, handler, json_stream, problem, replies, routing
from app.api.rest import schemas
from app.api.rest.data import bodies
from app.runtime.data import arrays

_MAX_LISTED = 1000
_Limit = Annotated[int, Query(description=f"How many at most, from 1 to {_MAX_LISTED}.")]
EXAMPLE_ID = "3dea008199967601c15f65b67e3d696b"
"""Of the example, [1.0, 2.5, 4.0]."""

_DESCRIBED = {
    "data_id": EXAMPLE_ID,
    "shape": [3],
    "dtype": "float64",
    "bytes": 24,
    "shared": True,
}


class Kept(pydantic.BaseModel):
    """An array that is kept."""

    data_id: Annotated[str, pydantic.Field(description="The digest of dtype, shape and numbers: the same everywhere.")]
    shape: list[int]
    dtype: str
    bytes: int
    shared: Annotated[bool, pydantic.Field(description="Whether others may use it who know the id.")]


class DataListing(pydantic.BaseModel):
    """Data registered from one place."""

    data: list[Kept]


UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: schemas.refusal("No such data are kept for this client: {}", errors.NotFound)
}

router = APIRouter(prefix="/v1", tags=["data"])
_posted = APIRouter(prefix="/v1", tags=["data"], route_class=routing.Route, responses=schemas.PROBLEMS)
_EXAMPLE = {"content": {"application/json": {"examples": {"example": {"value": _DESCRIBED}}}}}
_LISTED = {"content": {"application/json": {"examples": {"example": {"value": {"data": [_DESCRIBED]}}}}}}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


async def _register(request: Request) -> replies.Reply:
    try:
        return await _registered(request)
    except errors.GradserveError as error:
        return problem.refusal(error)


async def _registered(request: Request) -> replies.Reply:
    parts = services.of(request)
    given = await _given(request, parts.limits.of_data())
    served = parts.engine
    array = await served.lengthy.run(lambda: arrays.aligned(given.array))
    kept, created = await served.data.register(array, handler.owner(request.scope), shared=given.shared)
    location = f"data/{kept.data_id}".encode()
    content = json_stream.encode(kept.described())
    return replies.Reply(201 if created else 200, content, headers=((b"location", location),))


async def _given(request: Request, limits: body.RequestLimits) -> bodies.Given:
    headers = request.scope["headers"]
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get(bodies.LENGTH)
    binary = length is not None or media_type in bodies.NPY_TYPES
    raw = await body.receive_once(headers, request.receive, limits, any_type=binary)
    shared = _flag(request.query_params.get("shared", "false"))
    if length is not None:
        return await bodies.from_tensor(raw, length, limits, shared=shared)
    if binary:
        return bodies.Given(bodies.from_npy(raw), shared)
    return await bodies.from_json(raw, limits, shared=shared)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise errors.InvalidField("shared is true or false", field="shared")
    return text == "true"


_KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD
_register.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what FastAPI documents
    [
        inspect.Parameter("body", _KIND, annotation=bodies.DataRequest | bodies.KeptTensor),
        inspect.Parameter(
            "shared",
            _KIND,
            default=False,
            annotation=Annotated[bool, Query(description="true or false. The same for a body without such a field.")],
        ),
    ]
)
_posted.add_api_route(
    "/data",
    _register,
    methods=["POST"],
    name="register data",
    response_model=Kept,
    status_code=201,
    operation_id="register_data",
    summary="Keep an array",
    description="Keep an array under the digest of its content: 201 the first time, 200 after.\n\n"
    '`{"data": "<data_id>"}` then stands for it wherever a point has an argument. The body is JSON, the bytes of an '
    "`.npy` file, or a tensor of the Open Inference Protocol, `{name, shape, datatype, data}`, with its numbers in the "
    "document or behind it (`Inference-Header-Content-Length`). Where keys are needed data belong to the key, unless "
    "they are `shared`.",
    responses={201: _EXAMPLE, 200: {"model": Kept, "description": "This client had registered it before."}},
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json": {"example": {"values": [1.0, 2.5, 4.0]}},
                bodies.NPY_TYPES[0]: _BINARY,  # generators know no other
            }
        }
    },
)


@router.get(
    "/data",
    response_model=DataListing,
    operation_id="list_data",
    summary="List the data registered from here",
    responses={200: _LISTED},
)
async def registered(request: Request, limit: _Limit = 100) -> dict[str, Any]:
    """List what this client has registered, the latest first."""
    if not 1 <= limit <= _MAX_LISTED:
        raise errors.InvalidField(f"limit is from 1 to {_MAX_LISTED}", field="limit")
    return {"data": await services.of(request).engine.data.listed(handler.owner(request.scope), limit)}


@router.get(
    "/data/{data_id}",
    response_model=Kept,
    operation_id="describe_data",
    summary="Describe data",
    responses={200: _EXAMPLE, **UNKNOWN},
)
async def describe(data_id: str, request: Request) -> dict[str, Any]:
    """Describe data that are kept."""
    found = await services.of(request).engine.data.get(data_id, handler.owner(request.scope))
    return found.described()


@router.delete("/data/{data_id}", status_code=204, operation_id="delete_data", summary="Delete data", responses=UNKNOWN)
async def delete(data_id: str, request: Request) -> Response:
    """Delete data that this client has registered; who else has registered the same array keeps it."""
    await services.of(request).engine.data.remove(data_id, handler.owner(request.scope))
    return Response(status_code=204)


router.routes += _posted.routes
