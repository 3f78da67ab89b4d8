"""The REST protocol, version 1: POST a function as text and a point, get its derivatives."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

import pydantic
from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from pydantic.config import JsonDict
from starlette.requests import Request
from starlette.responses import Response

from app import engine
from app.protocols import body, exchange

_NUMBERS: JsonDict = {"oneOf": [{"type": "number"}, {"type": "array", "items": {}}]}
_TUTORIAL: JsonDict = {
    "expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)",
    "args": ["x1", "x2", "x3"],
    "point": [1.0, 2.0, 3.0],
}
_FUNCTION_ID = "4226752467f825da2f16ea77bfc0464d"


_MATHML = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{}</mrow></math>'
_TIMES = "<mo>&#x2062;</mo>"
_X0 = "<msub><mi>X</mi><mn>0</mn></msub>"
_FORMULAE: JsonDict = {
    "function": {
        "text": "a*X[0]**2",
        "latex": r"a \, X_{0}^{2}",
        "mathml": _MATHML.format(f"<mi>a</mi>{_TIMES}<msup><mrow>{_X0}</mrow><mrow><mn>2</mn></mrow></msup>"),
    },
    "partials": [
        {
            "arg": "X",
            "index": [0],
            "text": "2*a*X[0]",
            "latex": r"2 \, a \, X_{0}",
            "mathml": _MATHML.format(f"<mn>2</mn>{_TIMES}<mi>a</mi>{_TIMES}{_X0}"),
        }
    ],
    "args": ["a", "X"],
    "argnums": [1],
    "simplified": True,
    "function_id": "dc7629a750205a46500e1f8e654c781e",
}


class EvaluateRequest(pydantic.BaseModel):
    """A function and where to evaluate it."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [_TUTORIAL]})

    expression: Annotated[str, pydantic.Field(description="the function: an expression, a lambda or a def, as text.")]
    args: Annotated[
        Annotated[list[str], pydantic.Field(fail_fast=True)] | None,
        pydantic.Field(
            description="a list of argument names in order. Default: a lambda's or def's parameters, or the names "
            "of an expression in the order they appear."
        ),
    ] = None
    point: Annotated[
        Any,
        pydantic.Field(
            description="one number or nested list for each argument, or an object by name. A function of one "
            "argument may be given that argument's list itself.",
            json_schema_extra={
                "anyOf": [
                    {"type": "array", "items": _NUMBERS},
                    {"type": "object", "additionalProperties": _NUMBERS},
                ]
            },
        ),
    ]
    dtype: Annotated[
        Literal["float64", "float32"], pydantic.Field(description='"float64" or "float32". The working precision.')
    ] = "float64"
    in_axes: Annotated[
        int | Annotated[list[int | None], pydantic.Field(fail_fast=True)] | None,
        pydantic.Field(
            description="null, 0, or a list of them, one for each argument. 0: the argument carries a leading batch "
            "axis, as in jax.vmap."
        ),
    ] = None


class GradRequest(EvaluateRequest):
    """A function, where to differentiate it and by what."""

    model_config = pydantic.ConfigDict(json_schema_extra={"examples": [_TUTORIAL | {"argnums": [0, 1, 2]}]})

    argnums: Annotated[
        int | str | Annotated[list[int | str], pydantic.Field(fail_fast=True)],
        pydantic.Field(
            description="a position or name of an argument, or a list of them. As in jax.grad: an int gives that "
            "argument's gradient, a list gives a list."
        ),
    ] = 0


Numbers = Annotated[
    Any,
    pydantic.Field(
        json_schema_extra={"oneOf": [{"type": "number"}, {"type": "string"}, {"type": "array", "items": {}}]}
    ),
]


class EvaluateResponse(pydantic.BaseModel):
    """The value; numbers that are not finite are the strings NaN, Infinity and -Infinity."""

    model_config = pydantic.ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "value": 92.0,
                    "args": ["x1", "x2", "x3"],
                    "dtype": "float64",
                    "finite": True,
                    "function_id": _FUNCTION_ID,
                }
            ]
        }
    )

    value: Annotated[Numbers, pydantic.Field(description="A number, or a list with a batch axis.")]
    args: Annotated[list[str], pydantic.Field(description="Argument names in order.")]
    dtype: Literal["float64", "float32"]
    finite: Annotated[bool, pydantic.Field(description="Whether every number in the answer is finite.")]
    function_id: Annotated[str, pydantic.Field(description="Names the function, however it was spelled.")]


class GradResponse(EvaluateResponse):
    """Value and gradient; numbers that are not finite are the strings NaN, Infinity and -Infinity."""

    model_config = pydantic.ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "value": 92.0,
                    "gradient": [10.0, 24.0, 42.0],
                    "args": ["x1", "x2", "x3"],
                    "argnums": [0, 1, 2],
                    "dtype": "float64",
                    "finite": True,
                    "function_id": _FUNCTION_ID,
                }
            ]
        }
    )

    gradient: Annotated[Numbers, pydantic.Field(description="Nested like the arguments of argnums.")]
    argnums: Annotated[int | list[int], pydantic.Field(description="What was asked, as positions.")]


class Problem(pydantic.BaseModel):
    """An error, as in RFC 9457."""

    class Position(pydantic.BaseModel):
        """Where in the expression: line and column from 1, offset from 0, in characters."""

        line: int
        column: int
        offset: int

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    position: Position | None = None
    hint: str | None = None


class Route(APIRoute):
    """A POST route answered by ``exchange`` instead of FastAPI's own machinery.

    FastAPI keeps what it is best at, the OpenAPI document; reading is bounded, JSON strict and errors ours.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        operation = exchange.Operation.of(self.endpoint)

        async def handle(request: Request) -> Response:
            state = request.app.state
            headers = request.scope["headers"]
            reply = await exchange.perform(operation, state.engine, headers, request.receive, state.body_limits)
            response = Response(reply.content, reply.status)
            response.raw_headers = reply.raw_headers()
            return response

        return handle


def _engine(request: Request) -> engine.Engine:
    served: engine.Engine = request.app.state.engine
    return served


Served = Annotated[engine.Engine, Depends(_engine)]


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description, "content": {"application/problem+json": {}}}
    for status, description in (
        (400, "Not JSON: `invalid_json`"),
        (408, "The body did not arrive in time: `request_timeout`"),
        (413, "The body is too large: `body_too_large`"),
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

router = APIRouter(prefix="/v1", tags=["derivatives"], route_class=Route, responses=_PROBLEMS)


@router.post("/grad", response_model=GradResponse, summary="Value and gradient of a function at a point")
async def grad(query: GradRequest, served: Served) -> exchange.Reply:
    """Differentiate a scalar function by some of its arguments, as jax.value_and_grad does.

    `argnums` says by which: a position or name gives that argument's gradient in the argument's shape, a list gives
    a list. With `in_axes` the value and every gradient carry a leading batch axis.
    """
    answer = await served.answer(_query("grad", query, argnums=query.argnums))
    document = {
        "value": answer.value,
        "gradient": answer.gradient,
        "args": answer.args,
        "argnums": answer.argnums,
        "dtype": answer.dtype,
        "finite": answer.finite,
        "function_id": answer.function_id,
    }
    return _reply(answer, document)


@router.post("/evaluate", response_model=EvaluateResponse, summary="Value of a function at a point")
async def evaluate(query: EvaluateRequest, served: Served) -> exchange.Reply:
    """Evaluate a scalar function at a point, or at many with `in_axes`."""
    answer = await served.answer(_query("value", query))
    document = {
        "value": answer.value,
        "args": answer.args,
        "dtype": answer.dtype,
        "finite": answer.finite,
        "function_id": answer.function_id,
    }
    return _reply(answer, document)


class SymbolicRequest(pydantic.BaseModel):
    """A function and what to differentiate it by."""

    model_config = pydantic.ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"examples": [{"expression": "a*X[0]**2", "argnums": ["X"]}]}
    )

    expression: Annotated[str, pydantic.Field(description="the function, as in /v1/grad.")]
    args: Annotated[
        Annotated[list[str], pydantic.Field(fail_fast=True)] | None,
        pydantic.Field(description="a list of argument names in order, as in /v1/grad."),
    ] = None
    argnums: Annotated[
        int | str | Annotated[list[int | str], pydantic.Field(fail_fast=True)],
        pydantic.Field(description="a position or name of an argument, or a list of them."),
    ] = 0
    simplify: Annotated[bool, pydantic.Field(description="true or false. Whether to make the formulae shorter.")] = True


class Formula(pydantic.BaseModel):
    """An expression in three forms."""

    text: Annotated[str, pydantic.Field(description="In the function language; post it as an expression.")]
    latex: Annotated[str, pydantic.Field(description="LaTeX, for the mathematics mode.")]
    mathml: Annotated[str, pydantic.Field(description="A math element of presentation MathML.")]


class PartialDerivative(Formula):
    """A partial derivative in three forms."""

    arg: Annotated[str, pydantic.Field(description="The argument it is taken by.")]
    index: Annotated[list[int] | None, pydantic.Field(description="The element of an array argument, else null.")]


class SymbolicResponse(pydantic.BaseModel):
    """A function and its partial derivatives as formulae, in the client's own names."""

    model_config = pydantic.ConfigDict(json_schema_extra={"examples": [_FORMULAE]})

    function: Formula
    partials: Annotated[
        list[PartialDerivative],
        pydantic.Field(description="In the order of argnums; of an array argument one for each element used."),
    ]
    args: Annotated[list[str], pydantic.Field(description="Argument names in order.")]
    argnums: Annotated[int | list[int], pydantic.Field(description="What was asked, as positions.")]
    simplified: Annotated[bool, pydantic.Field(description="Whether every formula was simplified within the time.")]
    function_id: Annotated[str, pydantic.Field(description="Names the function, however it was spelled.")]


@router.post("/symbolic", response_model=SymbolicResponse, summary="A function and its partial derivatives as formulae")
async def symbolic(query: SymbolicRequest, served: Served) -> exchange.Reply:
    """Differentiate a scalar function symbolically: text of the function language, LaTeX and MathML.

    An argument used by its elements has one partial derivative for each element used.
    """
    answer = await served.symbolic(query.expression, query.args, query.argnums, simplify=query.simplify)
    members = ("function", "partials", "args", "argnums", "simplified", "function_id")
    document = {name: getattr(answer, name) for name in members}
    timing = (b"server-timing", b"derive;dur=%.3f" % (answer.seconds * 1e3))
    used = (b"cache-status", b"gradserve; hit" if answer.hit else b"gradserve; fwd=miss")
    return exchange.Reply(200, body.encode(document), headers=(timing, used))


def _query(transform: str, request: EvaluateRequest, *, argnums: int | str | list[int | str] = 0) -> engine.Query:
    return engine.Query(
        transform, request.expression, request.point, request.args, argnums, request.dtype, request.in_axes
    )


def _reply(answer: engine.Answer, document: dict[str, Any]) -> exchange.Reply:
    timing = b"parse;dur=%.3f, execute;dur=%.3f" % (answer.parse_seconds * 1e3, answer.execute_seconds * 1e3)
    used = _CACHE_STATUS[answer.hit, answer.tier]
    return exchange.Reply(200, body.encode(document), headers=((b"server-timing", timing), used))


_CACHE_STATUS = {
    (hit, tier): (b"cache-status", f"gradserve; {'hit' if hit else 'fwd=miss'}; detail={tier}".encode())
    for hit in (True, False)
    for tier in ("interpreted", "compiled")
}


def operations() -> dict[str, exchange.Operation]:
    """Return the operations of this protocol by path."""
    return {route.path: exchange.Operation.of(route.endpoint) for route in router.routes if isinstance(route, Route)}
