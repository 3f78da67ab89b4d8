"""The REST protocol, version 1: POST a function as text and a point, get its derivatives."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app import engine, plans, tiers
from app.protocols import body, exchange, models, pieces

_TUTORIAL = {
    "expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)",
    "args": ["x1", "x2", "x3"],
    "point": [1.0, 2.0, 3.0],
}
_ANSWER = {
    "value": 92.0,
    "args": ["x1", "x2", "x3"],
    "argnums": [0, 1, 2],
    "dtype": "float64",
    "finite": True,
    "function_id": "4226752467f825da2f16ea77bfc0464d",
}
_POLAR = {"expression": ["r*cos(t)", "r*sin(t)"], "args": ["r", "t"], "point": [2.0, 0.0]}
_POLAR_ANSWER = {
    "value": [2.0, 0.0],
    "args": ["r", "t"],
    "argnums": [0, 1],
    "dtype": "float64",
    "finite": True,
    "function_id": "083547c25f9c6a7b2fee1e5ef176e502",
}


@dataclass(frozen=True, slots=True)
class Derivative:
    """One route and its twin by function id.

    Attributes:
        name: of the route; the engine's transform is the same but for "evaluate".
        transform: the engine's.
        field: of the answer that holds the derivative, None for the value alone.
        direction: of the request that holds tangents or cotangent.
        bases: the models a request is made of, the function's first.
        response: model of the answer.
        summary: one line.
        description: in Markdown.
        request_example: posted by a test.
        response_example: exactly what the request example gets.
    """

    name: str
    transform: str
    field: str | None
    direction: str
    bases: tuple[type[pydantic.BaseModel], ...]
    response: type[pydantic.BaseModel]
    summary: str
    description: str
    request_example: dict[str, Any]
    response_example: dict[str, Any]

    def model(self, *, by_id: bool) -> type[pydantic.BaseModel]:
        """Return the model of a request's body, with or without the function in it."""
        example = dict(self.request_example)
        bases = self.bases
        if by_id:
            bases = bases[1:]
            example = {name: value for name, value in example.items() if name not in ("expression", "args")}
        name = self.name.capitalize() + ("AtRequest" if by_id else "Request")
        more = {"json_schema_extra": {"examples": [example]}}
        # Fields in the order of the bases, which is how people write them: pydantic's is the other way round.
        return pydantic.create_model(name, __base__=bases[::-1], __doc__=self.summary, __cls_kwargs__=more)

    def document(self, answer: engine.Answer) -> dict[str, Any]:
        """Return an answer as the protocol writes it."""
        document: dict[str, Any] = {"value": answer.value}
        if self.field is not None:
            document[self.field] = answer.derivative
        document["args"] = answer.args
        if self.field is not None:
            document["argnums"] = answer.argnums
        document["dtype"] = answer.dtype
        document["finite"] = answer.finite
        document["function_id"] = answer.function_id
        if answer.difference is not None:
            document["verify"] = {
                "max_relative_difference": answer.difference,
                "method": "central differences, extrapolated (Ridders)",
            }
        return document


_OF_ONE = (models.Scalar, models.Point, models.Argnums)
_OF_ANY = (models.Function, models.Point, models.Argnums)

DERIVATIVES = (
    Derivative(
        "grad",
        "grad",
        "gradient",
        "",
        _OF_ONE,
        models.GradResponse,
        "Value and gradient of a function at a point",
        "Differentiate a scalar function by some of its arguments, as jax.value_and_grad does.\n\n"
        "`argnums` says by which: a position or name gives that argument's gradient in the argument's shape, a list "
        "gives a list. With `in_axes` the value and every gradient carry a leading batch axis.",
        _TUTORIAL | {"argnums": [0, 1, 2]},
        _ANSWER | {"gradient": [10.0, 24.0, 42.0]},
    ),
    Derivative(
        "evaluate",
        "value",
        None,
        "",
        (models.Function, models.Point),
        models.EvaluateResponse,
        "Value of a function at a point",
        "Evaluate a function at a point, or at many with `in_axes`.",
        _TUTORIAL,
        {name: value for name, value in _ANSWER.items() if name != "argnums"},
    ),
    Derivative(
        "jacobian",
        "jacobian",
        "jacobian",
        "",
        _OF_ANY,
        models.JacobianResponse,
        "Value and Jacobian of a function at a point",
        "Differentiate a function of one or many values, as jax.jacobian does.\n\n`expression` may be a list of "
        "texts, or give an array. The Jacobian has the axes of the value, then those of the argument; for a list of "
        "`argnums` it is a list of such blocks.",
        _POLAR | {"argnums": [0, 1]},
        _POLAR_ANSWER | {"jacobian": [[1.0, 0.0], [0.0, 2.0]]},
    ),
    Derivative(
        "hessian",
        "hessian",
        "hessian",
        "",
        _OF_ONE,
        models.HessianResponse,
        "Value and Hessian of a function at a point",
        "Differentiate a scalar function twice, as jax.hessian does: for a list of `argnums` the Hessian is a list of "
        "lists of blocks. Exact: forward mode over reverse mode, no differences.",
        {"expression": "x**2*y + y**3", "args": ["x", "y"], "point": [1.0, 2.0], "argnums": [0, 1]},
        {
            "value": 10.0,
            "hessian": [[4.0, 2.0], [2.0, 12.0]],
            "args": ["x", "y"],
            "argnums": [0, 1],
            "dtype": "float64",
            "finite": True,
            "function_id": "8294a910a27291fd8a33f0f2782a04c5",
        },
    ),
    Derivative(
        "jvp",
        "jvp",
        "jvp",
        "tangents",
        (models.Function, models.Point, models.Argnums, models.Tangents),
        models.JvpResponse,
        "Value and Jacobian-vector product of a function at a point",
        "The directional derivative along `tangents`, as jax.jvp gives it. Arguments that are not among `argnums` are "
        "held still.",
        _POLAR | {"argnums": [0, 1], "tangents": [0.5, 0.25]},
        _POLAR_ANSWER | {"jvp": [0.5, 0.5]},
    ),
    Derivative(
        "vjp",
        "vjp",
        "vjp",
        "cotangent",
        (models.Function, models.Point, models.Argnums, models.Cotangent),
        models.VjpResponse,
        "Value and vector-Jacobian product of a function at a point",
        "The gradient of the values weighted by `cotangent`, as jax.vjp gives it.",
        _POLAR | {"argnums": [0, 1], "cotangent": [1.0, 10.0]},
        _POLAR_ANSWER | {"vjp": [1.0, 20.0]},
    ),
    Derivative(
        "hvp",
        "hvp",
        "hvp",
        "tangents",
        (models.Scalar, models.Point, models.Argnums, models.Tangents),
        models.HvpResponse,
        "Value and Hessian-vector product of a function at a point",
        "The derivative of the gradient along `tangents`, without forming the Hessian.",
        {
            "expression": "x**2*y + y**3",
            "args": ["x", "y"],
            "point": [1.0, 2.0],
            "argnums": [0, 1],
            "tangents": [1.0, 0.5],
        },
        {
            "value": 10.0,
            "hvp": [5.0, 8.0],
            "args": ["x", "y"],
            "argnums": [0, 1],
            "dtype": "float64",
            "finite": True,
            "function_id": "8294a910a27291fd8a33f0f2782a04c5",
        },
    ),
)

BY_NAME = {derivative.name: derivative for derivative in DERIVATIVES}


class Route(APIRoute):
    """A POST route answered by ``exchange`` instead of FastAPI's own machinery.

    FastAPI keeps what it is best at, the OpenAPI document; reading is bounded, JSON strict and errors ours.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        operation = exchange.Operation.of(self.endpoint)

        async def handle(request: Request) -> Response:
            performs: exchange.Exchange = request.app.state.exchange
            named = (
                exchange.owner(request.scope)
                if operation.needs == "owner"
                else request.path_params.get(operation.needs, "")
            )
            reply = await performs.perform(operation, named, request.scope["headers"], request.receive)
            response = Response(reply.content, reply.status)
            response.raw_headers = reply.raw_headers()
            return response

        return handle


def engine_of(request: Request) -> engine.Engine:
    """Return the engine that serves a request."""
    served: engine.Engine = request.app.state.engine
    return served


Served = Annotated[engine.Engine, Depends(engine_of)]


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": models.Problem, "description": description, "content": {"application/problem+json": {}}}
    for status, description in (
        (400, "Not JSON: `invalid_json`, or not even HTTP: `bad_request`"),
        (401, "No key where one is needed, or not a known one: `unauthorized`"),
        (408, "The body did not arrive in time: `request_timeout`"),
        (413, "The body is too large: `body_too_large`"),
        (414, "The address is over the published limit: `body_too_large`"),
        (431, "The headers are over the published limit: `body_too_large`"),
        (415, "Not application/json: `unsupported_media_type`"),
        (
            422,
            (
                "The request is at fault: `invalid_field`, `invalid_name`, `syntax_error`, `unknown_name`, "
                "`bad_arity`, `bad_constant`, `bad_shape`, `too_complex`, `too_expensive`"
            ),
        ),
        (429, "Try again later: `overloaded`"),
        (503, "Starting or stopping: `draining`"),
    )
}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {
        "model": models.Problem,
        "description": "Nobody registered the function here: `not_found`",
        "content": {"application/problem+json": {}},
    }
}

router = APIRouter(prefix="/v1", route_class=Route, responses=PROBLEMS)


def _add(derivative: Derivative) -> None:
    """Add a route for functions in the request, and one for functions by id."""
    whole, at = derivative.model(by_id=False), derivative.model(by_id=True)

    async def by_text(query: whole, served: Served) -> exchange.Reply:  # type: ignore[valid-type]
        return await _answer(served, derivative, _query(derivative, query))

    async def by_id(query: at, served: Served, function_id: str) -> exchange.Reply:  # type: ignore[valid-type]
        entry = await served.registrar.entry(function_id)
        return await _answer(served, derivative, _query(derivative, query, entry.expression, entry.args))

    found = derivative.response_example
    first = {name: found[name] for name in ("value", derivative.field) if name is not None}  # as it is written
    example = {"content": {"application/json": {"examples": {"example": {"value": first | found}}}}}
    for path, endpoint, tag, more in (
        (f"/{derivative.name}", by_text, "derivatives", {}),
        (f"/functions/{{function_id}}/{derivative.name}", by_id, "functions", UNKNOWN),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            response_model=derivative.response,
            response_model_exclude_none=True,
            responses={200: example, **more},
            tags=[tag],
            name=derivative.name if endpoint is by_text else f"{derivative.name} by id",
            operation_id=f"{derivative.name}" + ("" if endpoint is by_text else "_by_id"),
            summary=derivative.summary + ("" if endpoint is by_text else ", by its id"),
            description=derivative.description,
        )


for _each in DERIVATIVES:
    _add(_each)


async def _answer(served: engine.Engine, derivative: Derivative, query: engine.Query) -> exchange.Reply:
    answer = await served.answer(query)
    reply = _headed(answer, await pieces.dump(derivative.document(answer)))
    if answer.tier == "compiled" and query.in_axes is None and answer.call is not None:
        reply.again = _again(served, answer.call, derivative)
    return reply


def _again(served: engine.Engine, call: plans.Call, derivative: Derivative) -> exchange.Again:
    """Return how to answer a hot function's next request."""

    def prepare(point: Any) -> _Pending | None:
        asked = served.again(call, point)
        return None if asked is None else _Pending(served, asked, derivative)

    return exchange.Again(prepare, call.plan.weight)


class _Pending:
    """A hot function at a point."""

    __slots__ = ("_asked", "_derivative", "_served", "run")

    def __init__(self, served: engine.Engine, asked: tiers.Asked, derivative: Derivative) -> None:
        self._served = served
        self._asked = asked
        self._derivative = derivative
        self.run = asked.run

    def reply(self) -> exchange.Reply:
        answer = self._served.finish(self._asked)
        return _headed(answer, body.encode(self._derivative.document(answer)))


def _query(derivative: Derivative, request: Any, expression: Any = None, args: Any = None) -> engine.Query:
    return engine.Query(
        derivative.transform,
        request.expression if expression is None else expression,
        request.point,
        request.args if expression is None else args,
        getattr(request, "argnums", 0),
        request.dtype,
        request.in_axes,
        getattr(request, derivative.direction) if derivative.direction else None,
        getattr(request, "verify", False),
    )


def _headed(answer: engine.Answer, content: bytes) -> exchange.Reply:
    timing = b"parse;dur=%.3f, execute;dur=%.3f" % (answer.parse_seconds * 1e3, answer.execute_seconds * 1e3)
    used = _CACHE_STATUS[answer.hit, answer.tier]
    return exchange.Reply(200, content, headers=((b"server-timing", timing), used))


_CACHE_STATUS = {
    (hit, tier): (b"cache-status", f"gradserve; {'hit' if hit else 'fwd=miss'}; detail={tier}".encode())
    for hit in (True, False)
    for tier in ("interpreted", "compiled")
}


def operations() -> dict[str, exchange.Operation]:
    """Return the operations of this protocol by path, in which {function_id} stands for any."""
    return {route.path: exchange.Operation.of(route.endpoint) for route in router.routes if isinstance(route, Route)}
