"""Functions as resources: register one, list and describe those registered."""

import contextlib
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Query
from starlette.requests import Request

from app import errors
from app.api import services
from app.api.http import handler, json_stream, replies, routing
from app.api.rest import derivatives, explain, fits, propagate, schemas, taylor
from app.api.rest.symbolic import code
from app.engine import engine

_MAX_LISTED = 1000
_Limit = Annotated[int, Query(description=f"How many at most, from 1 to {_MAX_LISTED}.")]

_TUTORIAL: dict[str, Any] = {"expression": "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"}
_DESCRIBED: dict[str, Any] = {
    "function_id": "f192e0275eec0ad157a53a1d96574f3c",
    "expression": "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2",
    "args": ["X"],
    "shape": [],
    "tier": "interpreted",
    "operations": 8,
}


class RegisterRequest(schemas.FunctionFields):
    """A function to be asked about by its id."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [_TUTORIAL]})

    data: Annotated[
        dict[str, Any] | None,
        pydantic.Field(
            description='an object by name: numbers, or {"data": "<data_id>"}. These arguments are bound to data that '
            "stay, and requests give the others."
        ),
    ] = None


async def _register(request: Any, served: engine.Engine, owner: str) -> replies.Reply:
    entry, created = await served.registry.register(request.text, request.args, owner, request.data)
    location = f"functions/{entry.function_id}".encode()
    content = json_stream.encode(served.registry.describe(entry))
    return replies.Reply(201 if created else 200, content, headers=((b"location", location),))


REGISTER = handler.Operation(RegisterRequest, _register, needs="owner")

router = APIRouter(prefix="/v1", tags=["functions"])
_EXAMPLE = {"content": {"application/json": {"examples": {"example": {"value": _DESCRIBED}}}}}
_LISTED = {"content": {"application/json": {"examples": {"example": {"value": {"functions": [_DESCRIBED]}}}}}}
routing.add_operation(
    router,
    "/functions",
    REGISTER,
    name="register",
    response_model=schemas.Registered,
    status_code=201,
    operation_id="register_function",
    summary="Register a function",
    description="Keep a function under its id: 201 the first time, 200 after.\n\n"
    "The id is made of the function alone, so it is the same however the text is spelled, whoever registers it and on\n"
    "every server. What follows takes only the point: `POST /v1/functions/{function_id}/grad` and the other "
    "derivatives.\n\nWith `data` some arguments are bound to data that stay. The id covers the data, and requests, "
    "`argnums` and answers know only the other arguments.",
    responses=schemas.PROBLEMS
    | {201: _EXAMPLE, 200: {"model": schemas.Registered, "description": "It was registered before."}},
)


@router.get(
    "/functions",
    response_model=schemas.Listing,
    response_model_exclude_unset=True,
    operation_id="list_functions",
    summary="List the functions registered from here",
    responses={200: _LISTED},
)
async def registered(request: Request, limit: _Limit = 100) -> dict[str, Any]:
    """List what this client has registered with this process, the latest first."""
    if not 1 <= limit <= _MAX_LISTED:
        raise errors.InvalidField(f"limit is from 1 to {_MAX_LISTED}", field="limit")
    registry = services.of(request).engine.registry
    entries = registry.owned(handler.owner(request.scope))[:limit]
    return {"functions": [registry.describe(entry) for entry in entries]}


@router.get(
    "/functions/{function_id}",
    response_model=schemas.Registered,
    response_model_exclude_unset=True,
    operation_id="describe_function",
    summary="Describe a function",
    responses={200: _EXAMPLE, **schemas.UNKNOWN},
)
async def describe(function_id: str, request: Request) -> dict[str, Any]:
    """Describe a registered function: its text, arguments and what answers it."""
    registry = services.of(request).engine.registry
    return registry.describe(await registry.entry(function_id))


async def register_examples(served: engine.Engine) -> None:
    """Register the functions of the documentation's examples, so that trying them out by id works anywhere."""
    asked = [each.request_example for each in (*derivatives.DERIVATIVES, *fits.FITS)]
    asked += [taylor.REQUEST_EXAMPLE, propagate.REQUEST_EXAMPLE, code.REQUEST_EXAMPLE, explain.REQUEST_EXAMPLE]
    for example in (_TUTORIAL, *asked):
        with contextlib.suppress(errors.TooComplex):  # the limits are the operator's
            await served.registry.register(example["expression"], example.get("args"), "")
