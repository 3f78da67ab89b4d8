"""Formulae: a function and its partial derivatives as text, LaTeX and MathML."""

from typing import Annotated, Any

import pydantic
from fastapi import APIRouter

from app.protocols import body, exchange, models, v1

_MATHML = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{}</mrow></math>'
_TIMES = "<mo>&#x2062;</mo>"
_X0 = "<msub><mi>X</mi><mn>0</mn></msub>"
_ASKED: dict[str, Any] = {"expression": "a*X[0]**2", "argnums": ["X"]}
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


class SymbolicRequest(models.Scalar):
    """A function and what to differentiate it by."""

    model_config = pydantic.ConfigDict(json_schema_extra={"examples": [_ASKED]})

    argnums: Annotated[
        int | str | Annotated[list[int | str], pydantic.Field(fail_fast=True)],
        pydantic.Field(description="a position or name of an argument, or a list of them."),
    ] = 0
    shapes: Annotated[
        Annotated[list[list[Annotated[int, pydantic.Field(ge=0)]]], pydantic.Field(fail_fast=True)] | None,
        pydantic.Field(
            description="a list of shapes, one for each argument, [] for a number. Needed where the function depends "
            "on them."
        ),
    ] = None
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

    function: Formula
    partials: Annotated[
        list[PartialDerivative],
        pydantic.Field(description="In the order of argnums; of an array argument one for each element used."),
    ]
    args: Annotated[list[str], pydantic.Field(description="Argument names in order.")]
    argnums: Annotated[int | list[int], pydantic.Field(description="What was asked, as positions.")]
    simplified: Annotated[bool, pydantic.Field(description="Whether every formula was simplified within the time.")]
    function_id: Annotated[str, pydantic.Field(description="Names the function, however it was spelled.")]


router = APIRouter(prefix="/v1", route_class=v1.Route, tags=["derivatives"], responses=v1.PROBLEMS)


@router.post(
    "/symbolic",
    response_model=SymbolicResponse,
    operation_id="symbolic",
    summary="A function and its partial derivatives as formulae",
    responses={200: {"content": {"application/json": {"examples": {"example": {"value": _FORMULAE}}}}}},
)
async def symbolic(query: SymbolicRequest, served: v1.Served) -> exchange.Reply:
    """Differentiate a scalar function symbolically: text of the function language, LaTeX and MathML.

    An argument used by its elements has one partial derivative for each element used.
    """
    answer = await served.deriver.formulae(
        query.expression, query.args, query.argnums, shapes=query.shapes, simplify=query.simplify
    )
    members = ("function", "partials", "args", "argnums", "simplified", "function_id")
    document = {name: getattr(answer, name) for name in members}
    timing = (b"server-timing", b"derive;dur=%.3f" % (answer.seconds * 1e3))
    used = (b"cache-status", b"gradserve; hit" if answer.hit else b"gradserve; fwd=miss")
    return exchange.Reply(200, body.encode(document), headers=(timing, used))
