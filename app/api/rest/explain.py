"""Explanations: the tape of a function with its values at a point, what answered, and what it cost."""

import dataclasses
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.http import handler, json_stream, replies, routing
from app.api.rest import schemas
from app.engine import engine, query
from app.engine.functions import bindings, listing

REQUEST_EXAMPLE: dict[str, Any] = {
    "expression": "x**2 + sin(y)",
    "args": ["x", "y"],
    "point": [3.0, 0.0],
    "argnums": [0, 1],
}
_ROWS: list[dict[str, Any]] = [
    {"slot": 0, "operation": "input", "operands": [], "detail": "x", "shape": [], "value": 3.0},
    {"slot": 1, "operation": "input", "operands": [], "detail": "y", "shape": [], "value": 0.0},
    {"slot": 2, "operation": "square", "operands": [0], "shape": [], "value": 9.0},
    {"slot": 3, "operation": "sin", "operands": [1], "shape": [], "value": 0.0},
    {"slot": 4, "operation": "add", "operands": [2, 3], "shape": [], "value": 9.0},
]
_EXPLAINED: dict[str, Any] = {
    "value": 9.0,
    "tier": "interpreted",
    "seconds": {"parse": 0.0006, "execute": 0.0003},
    "kind": "numbers",
    "operations": 3,
    "rows": _ROWS,
    "result": 4,
    "cost": {"operations": 3, "flops": 12.0, "bytes": 24},
    "compilation": {
        "state": "waiting",
        "spent_seconds": 0.0001,
        "needed_seconds": 0.00083018,
        "expected_seconds": 0.041509,
    },
    "args": ["x", "y"],
    "finite": True,
    "function_id": "a90e0338bafc4ac242837133b74add9b",
}


class _PlaceFields(schemas.ArgnumsFields):
    point: schemas.Point


class ExplainRequest(_PlaceFields, schemas.ScalarFields):
    """A function, and a point at which its gradient is explained."""

    model_config = ConfigDict(json_schema_extra={"examples": [REQUEST_EXAMPLE]})


class ExplainAtRequest(_PlaceFields):
    """A point at which the gradient of a registered function is explained."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"point": [3.0, 0.0], "argnums": [0, 1]}]})


class TapeRow(BaseModel):
    """A slot of the tape: a leaf, or an operation."""

    slot: Annotated[int, Field(description="Its number.")]
    operation: Annotated[str, Field(description="input, constant or static for a leaf; else what is computed.")]
    operands: Annotated[list[int], Field(description="Slots that the operation reads.")]
    detail: Annotated[
        str | None, Field(description="What an input reads, as X[0]; the parameters of an operation, as an axis.")
    ] = None
    shape: Annotated[
        list[int] | None, Field(description="Of the value; not there for a loop, which has several values.")
    ] = None
    value: Annotated[
        schemas.Numbers | None,
        Field(description=f"At the point; not there if it has more than {listing.MAX_NUMBERS} numbers."),
    ] = None


class RunCost(BaseModel):
    """What one run of the function by NumPy is estimated to cost, from the shapes alone."""

    operations: Annotated[int, Field(description="Calls of NumPy, of a loop those of all its steps.")]
    flops: Annotated[float, Field(description="Floating-point operations, weighted: one takes about a nanosecond.")]
    bytes: Annotated[int, Field(description="Greatest sum of the intermediate arrays that exist at once.")]


class CompileState(BaseModel):
    """How far the gradient is from being compiled."""

    state: Annotated[
        Literal["compiled", "compiling", "waiting", "never"],
        Field(description="waiting: it is compiled as soon as interpretation has cost needed_seconds."),
    ]
    spent_seconds: Annotated[float, Field(description="What interpretation has cost so far.")]
    needed_seconds: Annotated[
        float | None, Field(description="What it has to cost; not there if only NumPy runs it.")
    ] = None
    expected_seconds: Annotated[
        float | None, Field(description="What compilation is expected to take; not there if only NumPy runs it.")
    ] = None


class ExplainResponse(schemas.AnswerFields):
    """How a gradient was answered."""

    tier: Annotated[Literal["interpreted", "compiled"], Field(description="What computed value and gradient.")]
    seconds: Annotated[
        dict[str, float],
        Field(
            description="Wall-clock time: parse, from the text to the computation, and execute, of value and gradient."
        ),
    ]
    kind: Annotated[
        Literal["numbers", "arrays"], Field(description="Whether each slot of the tape is a number or an array.")
    ]
    operations: Annotated[int, Field(description="How many the tape has.")]
    rows: Annotated[
        list[TapeRow],
        Field(description=f"The first {listing.MAX_ROWS} operations in order, behind the leaves that they read."),
    ]
    result: Annotated[int, Field(description="The slot of the value.")]
    cost: RunCost
    compilation: CompileState


async def _explain(
    request: Any, expression: Any, args: Any, served: engine.Engine, binding: bindings.Binding | None
) -> replies.Reply:
    asked = query.Query("grad", expression, request.point, args, request.argnums, binding=binding)
    found = await served.explain(asked)
    answer = found.answer
    if binding is not None:
        answer.args, answer.function_id = binding.free, binding.function_id
    computed = replies.Computed(answer.hit, answer.tier, answer.parse_seconds, answer.execute_seconds)
    return replies.Reply(200, await json_stream.dump(_document(found)), computed=computed)


def _document(found: query.Explanation) -> dict[str, Any]:
    answer, tape = found.answer, found.listing
    names = ("slot", "operation", "operands", "detail", "shape", "value")
    return {
        "value": answer.value,
        "tier": answer.tier,
        "seconds": {"parse": answer.parse_seconds, "execute": answer.execute_seconds},
        "kind": tape.kind,
        "operations": tape.operations,
        "rows": [_known({name: getattr(row, name) for name in names}) for row in tape.rows],
        "result": tape.result,
        "cost": {"operations": tape.cost.instructions, "flops": tape.cost.flops, "bytes": tape.cost.bytes},
        "compilation": _known(dataclasses.asdict(found.promotion)),
        "args": answer.args,
        "finite": answer.finite,
        "function_id": answer.function_id,
    }


def _known(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


OPERATIONS = handler.on_function(ExplainRequest, ExplainAtRequest, _explain)

router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)
_DOCUMENTED: dict[str, Any] = {
    "response_model": ExplainResponse,
    "response_model_exclude_none": True,
    "description": "Compute value and gradient at one point, and show how: the tape of the function as rows, with the "
    "value of each operation there; the tier that answered; what a run costs; and how far the function is from being "
    "compiled.",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"examples": {"example": {"value": _EXPLAINED}}}}}
}
_SUMMARY = "How a gradient is computed: the tape, the tier, the cost"
routing.add_on_function(
    router, "explain", OPERATIONS, _SUMMARY, "derivatives", _RESPONSES, schemas.UNKNOWN, **_DOCUMENTED
)
