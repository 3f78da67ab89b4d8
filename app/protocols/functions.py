"""Functions as resources: register one, and ask about it by its id."""

import contextlib
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Query
from starlette.requests import Request

from app import engine, errors
from app.protocols import body, exchange, models, v1

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


class RegisterRequest(models.Function):
    """A function to be asked about by its id."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [_TUTORIAL]})


router = APIRouter(prefix="/v1", tags=["functions"])
_posted = APIRouter(route_class=v1.Route, responses=v1.PROBLEMS)
_EXAMPLE = {"content": {"application/json": {"examples": {"example": {"value": _DESCRIBED}}}}}


@_posted.post(
    "/functions",
    response_model=models.Registered,
    status_code=201,
    operation_id="register_function",
    summary="Register a function",
    responses={
        201: _EXAMPLE,
        200: {"model": models.Registered, "description": "It was registered before."},
    },
)
async def register(query: RegisterRequest, served: v1.Served, owner: str) -> exchange.Reply:
    """Keep a function under its id: 201 the first time, 200 after.

    The id is made of the function alone, so it is the same however the text is spelled, whoever registers it and on
    every server. What follows takes only the point: `POST /v1/functions/{function_id}/grad` and the other derivatives.
    """
    entry, created = await served.registrar.register(query.expression, query.args, owner)
    location = f"/v1/functions/{entry.function_id}".encode()
    content = body.encode(served.registrar.describe(entry))
    return exchange.Reply(201 if created else 200, content, headers=((b"location", location),))


@router.get(
    "/functions",
    response_model=models.Listing,
    operation_id="list_functions",
    summary="List the functions registered from here",
    responses={
        200: {"content": {"application/json": {"examples": {"example": {"value": {"functions": [_DESCRIBED]}}}}}}
    },
)
async def registered(request: Request, served: v1.Served, limit: _Limit = 100) -> dict[str, Any]:
    """List what this client has registered with this process, the latest first."""
    if not 1 <= limit <= _MAX_LISTED:
        raise errors.InvalidField(f"limit is from 1 to {_MAX_LISTED}", field="limit")
    entries = served.registrar.owned(exchange.owner(request.scope))[:limit]
    return {"functions": [served.registrar.describe(entry) for entry in entries]}


@router.get(
    "/functions/{function_id}",
    response_model=models.Registered,
    operation_id="describe_function",
    summary="Describe a function",
    responses={200: _EXAMPLE, **v1.UNKNOWN},
)
async def describe(function_id: str, served: v1.Served) -> dict[str, Any]:
    """Describe a registered function: its text, arguments and what answers it."""
    return served.registrar.describe(await served.registrar.entry(function_id))


router.include_router(_posted)


async def register_examples(served: engine.Engine) -> None:
    """Register the functions of the documentation's examples, so that trying them out by id works anywhere."""
    for example in (_TUTORIAL, *(derivative.request_example for derivative in v1.DERIVATIVES)):
        with contextlib.suppress(errors.TooComplex):  # the limits are the operator's
            await served.registrar.register(example["expression"], example.get("args"), "")
