"""The wire of Tesseract: a function as a component that other programs evaluate and differentiate.

    /tesseract                  the function is the input ``expression``
    /f/{function_id}/tesseract  a registered function

Inputs are the arguments by name, or one array X for all, see ``tensors``; outputs are ``value`` and, of a scalar
function, ``gradient``. Both are differentiable, so a client that only takes first derivatives has exact second ones.
Leading axes are a batch; the Jacobian of a batch is block-diagonal, and its products are taken point by point.

The wire is that of tesseract-core 1.15 (https://docs.pasteurlabs.ai/projects/tesseract-core).
"""

import dataclasses
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydantic
from fastapi import APIRouter
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from app import engine, errors, functions
from app.protocols import foreign, problem, tensors, tesseract_wire

Array = NDArray[Any]
Shape = tuple[int, ...]

_OPTIONS = ("expression", "args", "rank")


@dataclass(frozen=True, slots=True)
class Asked:
    """A function at points.

    Attributes:
        served: the engine.
        query: the question, but for its transform.
        frame: how the inputs make up the points.
        shape: of the value.
    """

    served: engine.Engine
    query: engine.Query
    frame: tensors.Frame
    shape: Shape

    @property
    def own(self) -> dict[str, Shape]:
        """Shape of each output at a point."""
        return {"value": self.shape} | ({"gradient": self.frame.gradient} if self.shape == () else {})

    async def first(self) -> tuple[Array, Array]:
        """Return values (b, m) and their Jacobians (b, m, n)."""
        found = await self._ask("grad" if self.shape == () else "jacobian")
        assert found.derivative is not None
        return found.values, found.derivative

    async def rows(self, output: str) -> Array:
        """Return the Jacobians of an output, (b, m, n)."""
        return (await self.first())[1] if output == "value" else await self._second("hessian")

    async def curved(self, directions: Array) -> Array:
        """Return products of Hessians and directions (b, n)."""
        return (await self._second("hvp", directions[:, None]))[:, 0]

    async def _second(self, transform: str, direction: Array | None = None) -> Array:
        found = await self._ask(transform, direction)
        assert found.derivative is not None
        return found.derivative

    async def _ask(self, transform: str, direction: Array | None = None) -> engine.Numbers:
        return await self.served.numbers(dataclasses.replace(self.query, transform=transform, direction=direction))


# Requests


def _outline(value: Any, field: str) -> tuple[Shape, str]:
    """Return shape and dtype of an input of which nothing else need be known."""
    if isinstance(value, dict):
        return tensors.shape(value.get("shape"), field), tesseract_wire.computed(tesseract_wire.dtype_of(value, field))
    found = tesseract_wire.array(value, field)
    return found.shape, found.dtype.name


async def _function(
    served: engine.Engine, inputs: dict[str, Any], function_id: str | None
) -> tuple[engine.Query, functions.Function, dict[str, Any]]:
    """Return the query without its point, the function, and the inputs that are its arguments."""
    if function_id is not None:
        entry = await served.registrar.entry(function_id)
        expression: Any = entry.expression
        args: list[str] | None = list(entry.args)
        known = [name for name in _OPTIONS[2:] if name not in entry.args]
    else:
        expression, known = inputs.get("expression"), list(_OPTIONS)
        if expression is None:
            hint = "register the function to leave it out" if "expression" not in inputs else None
            raise errors.InvalidField("the input expression is missing", hint=hint, field="inputs.expression")
        if not isinstance(expression, str):
            expression = foreign.texts(expression, "inputs.expression")
        args = None if inputs.get("args") is None else foreign.texts(inputs["args"], "inputs.args")
    function = await served.look(expression, args)
    rest = {name: value for name, value in inputs.items() if name not in known}
    return engine.Query("value", expression, None, args), function, rest


def _rank(inputs: Mapping[str, Any], function: functions.Function) -> int | list[int] | None:
    """Return the option that says how many axes the arguments have, unless that is an argument."""
    return None if "rank" in function.args else tensors.rank(inputs.get("rank"), "inputs.rank")


def _inputs(document: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    """Return the inputs of a request that has these members and no others."""
    for name in document:
        if name not in members and name != "inputs":
            listed = ", ".join(["inputs", *members])
            detail = f"{errors.quote(name)} is not a member of this request"
            raise errors.InvalidField(detail, hint=f"members: {listed}", field=f"body.{name[:80]}")
    inputs = document.get("inputs")
    if not isinstance(inputs, dict):
        raise errors.InvalidField("inputs is an object", field="inputs")
    return inputs


async def _asked(served: engine.Engine, inputs: dict[str, Any], function_id: str | None) -> Asked:
    """Return what a request asks about."""
    query, function, rest = await _function(served, inputs, function_id)
    arrays = {name: tesseract_wire.array(value, f"inputs.{name}") for name, value in rest.items()}
    shapes = {name: each.shape for name, each in arrays.items()}
    frame = tensors.place(function, shapes, served.limits.point, _rank(inputs, function))
    single = all(each.dtype == np.float32 for each in arrays.values())
    at = dataclasses.replace(query, point=frame.point(arrays), dtype="float32" if single else "float64")
    shaped = await served.shape(query.expression, query.args, frame.shapes)
    return Asked(served, at, frame, shaped.shape)


def _chosen(document: Mapping[str, Any], member: str, known: Sequence[str]) -> list[str]:
    """Return the inputs or outputs that a request names."""
    names = foreign.texts(document.get(member), member)
    if not names:
        raise errors.InvalidField(f"{member} names nothing", field=member)
    for index, name in enumerate(names):
        if name not in known:
            detail = f"{errors.quote(name)} is not among {errors.quote(', '.join(known))}"
            raise errors.InvalidField(detail, field=f"{member}.{index}")
    return list(dict.fromkeys(names))


def _vectors(document: Mapping[str, Any], member: str, shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """Return tangents or cotangents, in these shapes."""
    given = document.get(member)
    if not isinstance(given, dict) or given.keys() != shapes.keys():
        raise errors.InvalidField(f"{member} has one entry for each name that is listed", field=member)
    found = {}
    for name, shape in shapes.items():
        vector = tesseract_wire.array(given[name], f"{member}.{name}")
        try:
            found[name] = np.broadcast_to(vector, shape)
        except ValueError:
            detail = f"{name} has shape {list(shape)}, its entry {list(vector.shape)}"
            raise errors.BadShape(detail, field=f"{member}.{name}") from None
    return found


# Endpoints: from the request to the arrays of the answer


async def _apply(asked: Asked, _: Mapping[str, Any]) -> dict[str, Array]:
    values, slopes = await asked.first()
    found = {"value": values.reshape(asked.frame.lead + asked.shape)}
    if asked.shape == ():
        found["gradient"] = slopes[:, 0].reshape(asked.frame.lead + asked.frame.gradient)
    return found


async def _jacobian(asked: Asked, document: Mapping[str, Any]) -> dict[str, dict[str, Array]]:
    inputs = {each.name: each for each in asked.frame.inputs}
    wanted = _chosen(document, "jac_inputs", list(inputs))
    outputs = _chosen(document, "jac_outputs", list(asked.own))
    shapes = [inputs[name].shape for name in wanted]
    rows = asked.frame.batch * max(math.prod(asked.own[output]) for output in outputs)
    most = asked.served.limits.work.max_numbers
    if rows * sum(map(math.prod, shapes)) > most:
        hint = "products with it take less: jacobian_vector_product, vector_jacobian_product"
        raise errors.TooComplex(f"the Jacobian has more than {most} numbers", hint=hint)
    found = {}
    for output in outputs:
        flat = await asked.rows(output)
        found[output] = {name: asked.frame.spread(flat, asked.own[output], inputs[name]) for name in wanted}
    return found


async def _jvp(asked: Asked, document: Mapping[str, Any]) -> dict[str, Array]:
    frame = asked.frame
    inputs = {each.name: each.shape for each in frame.inputs}
    wanted = _chosen(document, "jvp_inputs", list(inputs))
    outputs = _chosen(document, "jvp_outputs", list(asked.own))
    tangents = frame.flat(_vectors(document, "tangent_vector", {name: inputs[name] for name in wanted}))
    found = {}
    for output in outputs:
        if output == "value":
            product = _contracted("bmn,bn->bm", (await asked.first())[1], tangents)
        else:
            product = await asked.curved(tangents)
        found[output] = product.reshape(frame.lead + asked.own[output])
    return found


async def _vjp(asked: Asked, document: Mapping[str, Any]) -> dict[str, Array]:
    frame = asked.frame
    inputs = {each.name: each for each in frame.inputs}
    wanted = _chosen(document, "vjp_inputs", list(inputs))
    outputs = _chosen(document, "vjp_outputs", list(asked.own))
    whole = {output: frame.lead + asked.own[output] for output in outputs}
    total: Any = 0
    for output, cotangent in _vectors(document, "cotangent_vector", whole).items():
        rows = cotangent.reshape(frame.batch, -1)
        if output == "value":
            total = total + _contracted("bm,bmn->bn", rows, (await asked.first())[1])
        else:  # a Hessian is symmetric
            total = total + await asked.curved(rows)
    return {name: frame.gathered(total, inputs[name]) for name in wanted}


def _contracted(subscripts: str, left: Array, right: Array) -> Array:
    with np.errstate(all="ignore"):
        product: Array = np.einsum(subscripts, left, right)
    return product


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One way of asking.

    Attributes:
        name: of it, the last part of the address.
        summary: one line.
        members: of a request, beside its inputs.
        answer: from what is asked and the request to arrays by name.
        example: a request, but for the inputs.
        gets: exactly what it gets with those of the tutorial.
    """

    name: str
    summary: str
    members: tuple[str, ...]
    answer: Callable[[Asked, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
    example: Mapping[str, Any]
    gets: Mapping[str, Any]


def _sent(buffer: Any, *shape: int) -> dict[str, Any]:
    """Return an array as this wire writes it in JSON."""
    return {
        "object_type": "array",
        "shape": list(shape),
        "dtype": "float64",
        "data": {"buffer": buffer, "encoding": "json"},
    }


_GRADIENT = _sent([10.0, 24.0, 42.0], 3)
_HESSIAN = _sent([[10.0, 0.0, 0.0], [0.0, 12.0, 0.0], [0.0, 0.0, 14.0]], 3, 3)

ENDPOINTS = (
    Endpoint("apply", "Value and gradient", (), _apply, {}, {"value": _sent(92.0), "gradient": _GRADIENT}),
    Endpoint(
        "jacobian",
        "Jacobians of value and gradient",
        ("jac_inputs", "jac_outputs"),
        _jacobian,
        {"jac_inputs": ["X"], "jac_outputs": ["gradient"]},
        {"gradient": {"X": _HESSIAN}},
    ),
    Endpoint(
        "jacobian_vector_product",
        "Products of these Jacobians and a tangent",
        ("jvp_inputs", "jvp_outputs", "tangent_vector"),
        _jvp,
        {"jvp_inputs": ["X"], "jvp_outputs": ["value"], "tangent_vector": {"X": [1.0, 0.0, 0.0]}},
        {"value": _sent(10.0)},
    ),
    Endpoint(
        "vector_jacobian_product",
        "Products of a cotangent and these Jacobians",
        ("vjp_inputs", "vjp_outputs", "cotangent_vector"),
        _vjp,
        {"vjp_inputs": ["X"], "vjp_outputs": ["value"], "cotangent_vector": {"value": 1.0}},
        {"X": _GRADIENT},
    ),
)
_TUTORIAL = {"expression": "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2", "X": [1.0, 2.0, 3.0]}


# Answers


def _refusal(error: errors.GradserveError) -> Response:
    """Write an error: mistakes in the request as the list that its client turns into an exception."""
    status = problem.status(type(error))
    if status not in (400, 422):
        return foreign.reply({"detail": foreign.sentence(error)}, status)
    where = (error.field or "inputs").split(".")
    if isinstance(error, errors.InvalidJson):
        where = []
    elif where[0] == "body":
        del where[0]
    elif where[0] not in _MEMBERS:
        where.insert(0, "inputs")
    told = problem.body(error)
    context = {name: told[name] for name in ("position", "hint") if name in told}
    mistake = {"type": error.code, "loc": ["body", *where], "msg": foreign.sentence(error), "input": None}
    return foreign.reply({"detail": [mistake | ({"ctx": context} if context else {})]}, 422)


_MEMBERS = frozenset({"inputs"}.union(*(endpoint.members for endpoint in ENDPOINTS)))


def _unacceptable() -> Response:
    detail = {
        "message": "nothing that the Accept header asks for is offered",
        "available_formats": tesseract_wire.FORMATS,
        "available_gpu_transports": ["none"],
        "available_compressions": ["none"],
    }
    return foreign.reply({"detail": detail}, 406)


# Routes


async def _answer(request: Request, endpoint: Endpoint, function_id: str | None) -> Response:
    encoding = tesseract_wire.accepted(request.headers.get("accept", ""))
    if encoding is None:
        return _unacceptable()
    document = await foreign.read(request)
    asked = await _asked(foreign.served(request), _inputs(document, endpoint.members), function_id)
    return await foreign.answer(tesseract_wire.encoded(await endpoint.answer(asked, document), encoding))


async def _abstract(request: Request, function_id: str | None) -> Response:
    inputs = _inputs(await foreign.read(request), ())
    served = foreign.served(request)
    query, function, rest = await _function(served, inputs, function_id)
    outlines = {name: _outline(value, f"inputs.{name}") for name, value in rest.items()}
    shapes = {name: shape for name, (shape, _) in outlines.items()}
    frame = tensors.place(function, shapes, served.limits.point, _rank(inputs, function))
    shaped = await served.shape(query.expression, query.args, frame.shapes)
    asked = Asked(served, query, frame, shaped.shape)
    dtype = "float32" if all(each == "float32" for _, each in outlines.values()) else "float64"
    return foreign.reply({name: {"shape": frame.lead + own, "dtype": dtype} for name, own in asked.own.items()})


_NAMES = [*(endpoint.name for endpoint in ENDPOINTS), "abstract_eval", "health"]


async def _schema(request: Request, function_id: str | None) -> Response:
    if function_id is None:
        return foreign.reply(tesseract_wire.schema(None, "gradserve", _NAMES))
    served = foreign.served(request)
    entry = await served.registrar.entry(function_id)
    function = await served.look(entry.expression, entry.args)
    return foreign.reply(tesseract_wire.schema(function, function_id, _NAMES))


async def _health(request: Request, function_id: str | None) -> Response:
    if function_id is not None:
        await foreign.served(request).registrar.entry(function_id)
    return foreign.reply({"status": "ok"})


router = APIRouter(tags=["tesseract"], route_class=foreign.route(_refusal), include_in_schema=True)

_Handler = Callable[[Request, str | None], Awaitable[Response]]


class TesseractRefusal(pydantic.BaseModel):
    """An error of Tesseract: text, or a list of mistakes in the inputs as pydantic writes them."""

    detail: str | list[dict[str, Any]]


def _add(
    name: str, method: str, summary: str, handler: _Handler, gets: Any, example: Mapping[str, Any] | None = None
) -> None:
    """Add a route for functions in the request, and one for registered functions."""

    async def by_text(request: Request) -> Response:
        return await handler(request, None)

    async def by_id(request: Request, function_id: str) -> Response:
        return await handler(request, function_id)

    posts = {"of_406": "Nothing that the Accept header asks for is offered", "of_422": "The request is at fault"}
    for path, endpoint, inputs, more in (
        ("/tesseract", by_text, _TUTORIAL, {}),
        ("/f/{function_id}/tesseract", by_id, {"X": _TUTORIAL["X"]}, {"of_404": "Nobody registered the function here"}),
    ):
        asked = None if example is None else {"inputs": inputs, **example}
        told = more | ({} if asked is None else posts)
        router.add_api_route(
            f"{path}/{name}",
            endpoint,
            methods=[method],
            response_class=Response,
            operation_id=f"tesseract_{name.partition('.')[0]}" + ("" if endpoint is by_text else "_by_id"),
            summary=summary + ("" if endpoint is by_text else ", of a registered function"),
            openapi_extra=foreign.asks(asked),
            responses=foreign.answers(gets, TesseractRefusal, body=asked is not None, **told),
        )


def _post(endpoint: Endpoint) -> _Handler:
    return lambda request, function_id: _answer(request, endpoint, function_id)


_OUTLINE = {"value": {"shape": [], "dtype": "float64"}, "gradient": {"shape": [3], "dtype": "float64"}}

for _each in ENDPOINTS:
    _add(_each.name, "POST", _each.summary, _post(_each), _each.gets, _each.example)
_add("abstract_eval", "POST", "Shapes and dtypes of the outputs, nothing computed", _abstract, _OUTLINE, {})
_add("health", "GET", "Whether it is alive", _health, {"status": "ok"})
_add("openapi.json", "GET", "What its clients read first: endpoints, inputs and outputs", _schema, None)
