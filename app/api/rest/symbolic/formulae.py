"""Formulae: a function and its partial derivatives as text, LaTeX and MathML."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.http import handler, json_stream, replies, routing
from app.api.rest import schemas
from app.engine import engine

_MATHML = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{}</mrow></math>'
_TIMES = "<mo>&#x2062;</mo>"
_X0 = "<msub><mi>X</mi><mn>0</mn></msub>"
_ASKED: dict[str, Any] = {"expression": "a*X[0]**2", "argnums": ["X"]}
_ASKED_IN_LATEX: dict[str, Any] = {
    "expression": r"a \, X_{0}^{2}", "format": "latex", "args": ["a", "X"], "argnums": ["X"],
}  # fmt: skip
_FORMULAE: dict[str, Any] = {
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
_EXAMPLES = {"example": {"value": _FORMULAE}, "of LaTeX": {"value": _FORMULAE}}

_Size = Annotated[schemas.Whole, Field(ge=0)]
_Shape = list[_Size] | Annotated[_Size, schemas.listed]
Shapes = Annotated[list[_Shape], Field(fail_fast=True)] | Annotated[_Size, schemas.listed, schemas.listed] | None
"""A shape for each argument; the only one may stand alone."""


class SymbolicRequest(schemas.ScalarFields):
    """A function and what to differentiate it by."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ASKED, _ASKED_IN_LATEX]})

    argnums: Annotated[
        schemas.Chosen | Annotated[None, schemas.null_is(0)],
        Field(description="a position or name of an argument, or a list of them."),
    ] = 0
    shapes: Annotated[
        Shapes,
        Field(
            description="a list of shapes, one for each argument, [] for a number. Needed where the function depends "
            "on them."
        ),
    ] = None
    simplify: Annotated[
        bool | Annotated[None, schemas.null_is(True)],
        Field(description="true or false. Whether to make the formulae shorter."),
    ] = True


class Formula(BaseModel):
    """An expression in three forms."""

    text: Annotated[str, Field(description="In the function language; post it as an expression.")]
    latex: Annotated[str, Field(description="LaTeX, for the mathematics mode; post it with the format latex.")]
    mathml: Annotated[str, Field(description="A math element of presentation MathML.")]


class PartialDerivative(Formula):
    """A partial derivative in three forms."""

    arg: Annotated[str, Field(description="The argument it is taken by.")]
    index: Annotated[list[int] | None, Field(description="The element of an array argument, else null.")]


class SymbolicResponse(BaseModel):
    """A function and its partial derivatives as formulae, in the client's own names."""

    function: Formula
    partials: Annotated[
        list[PartialDerivative],
        Field(description="In the order of argnums; of an array argument one for each element used."),
    ]
    args: Annotated[list[str], Field(description="Argument names in order.")]
    argnums: Annotated[int | list[int], Field(description="What was asked, as positions.")]
    simplified: Annotated[bool, Field(description="Whether every formula was simplified within the time.")]
    function_id: Annotated[str, Field(description="Names the function, however it was spelled.")]


async def _derive(request: Any, served: engine.Engine, _: str) -> replies.Reply:
    answer = await served.symbolic.derive(
        request.text, request.args, request.argnums, shapes=request.shapes, simplify=request.simplify
    )
    members = ("function", "partials", "args", "argnums", "simplified", "function_id")
    document = {name: getattr(answer, name) for name in members}
    computed = replies.Computed(answer.hit, derive_seconds=answer.seconds)
    return replies.Reply(200, json_stream.encode(document), computed=computed)


SYMBOLIC = handler.Operation(SymbolicRequest, _derive)

router = APIRouter(prefix="/v1", route_class=routing.Route, tags=["derivatives"], responses=schemas.PROBLEMS)
routing.add_operation(
    router,
    "/symbolic",
    SYMBOLIC,
    name="symbolic",
    response_model=SymbolicResponse,
    operation_id="symbolic",
    summary="A function and its partial derivatives as formulae",
    description="Differentiate a scalar function symbolically: text of the function language, LaTeX and MathML.\n\n"
    "An argument used by its elements has one partial derivative for each element used.",
    responses={200: {"content": {"application/json": {"examples": _EXAMPLES}}}},
)
