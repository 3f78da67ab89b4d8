"""Code to take away: value and gradient of a function as one source file of another language."""

import dataclasses
from typing import Annotated, Any, Literal

import pydantic_core
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app import __version__
from app.api.http import handler, json_stream, replies, routing
from app.api.rest import schemas
from app.api.rest.symbolic import formulae
from app.engine import engine
from app.engine.functions import bindings
from app.engine.symbolic import code

REQUEST_EXAMPLE: dict[str, Any] = {"expression": "x*sin(y)", "args": ["x", "y"], "language": "python"}
_SOURCE = f'''# Value and gradient of a function by x, y.
#
# f(x, y) =
#     x*sin(y)
#
# Written by gradserve {__version__}. The numbers are float64. This file needs nothing else.

import math


def value_and_grad(x, y):
    """Return the value, and the gradient by [x, y]."""
    t1 = math.sin(y)
    value = x * t1
    return value, [t1, x * math.cos(y)]
'''
_ANSWER: dict[str, Any] = {
    "language": "python",
    "filename": "value_and_grad.py",
    "media_type": "text/x-python",
    "entry": "value_and_grad",
    "source": _SOURCE,
    "args": ["x", "y"],
    "argnums": [0, 1],
    "function_id": "31833beda0cd0e85a8bdfba039b68871",
}


class _FileFields(schemas.RequestFields):
    """The file that is wanted."""

    language: Annotated[
        Literal["c", "python", "numpy", "jax", "javascript", "julia", "r", "matlab", "rust", "excel", "stablehlo"],
        Field(
            description="a name. The language of the file; matlab is for Octave, too, and excel for any spreadsheet."
        ),
    ]
    argnums: Annotated[
        schemas.Chosen | None,
        Field(
            description="a position or name of an argument, or a list of them, as in jax.grad. Default: a list of all."
        ),
    ] = None
    shapes: Annotated[
        formulae.Shapes,
        Field(
            description="a list of shapes, one for each argument, [] for a number. Needed where the function depends "
            "on them, and where the text does not tell how long an argument is."
        ),
    ] = None
    hvp: Annotated[
        bool | Annotated[None, schemas.null_is(False)],
        Field(description="true or false. Whether the file has Hessian-vector products, too."),
    ] = False
    name: Annotated[
        Annotated[str, Field(max_length=64)] | None,
        Field(
            description="a name in ASCII. That of the function in the file, and of the file; products get _hvp behind "
            "it. Default: value_and_grad, or as the language writes that."
        ),
    ] = None


class CodeRequest(_FileFields, schemas.ScalarFields):
    """A function and the file that is wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": [REQUEST_EXAMPLE]})


class CodeAtRequest(_FileFields):
    """The file that is wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"language": "python"}]})


class CodeResponse(BaseModel):
    """A source file."""

    language: Annotated[str, Field(description="As in the request.")]
    filename: Annotated[str, Field(description="The name that the file should have.")]
    media_type: Annotated[str, Field(description="Of the file.")]
    entry: Annotated[str, Field(description="The function that gives value and gradient; of a sheet, the row.")]
    source: Annotated[str, Field(description="The file.")]
    args: Annotated[list[str], Field(description="The arguments that it takes, in order; a file may rename them.")]
    argnums: Annotated[int | list[int], Field(description="What was asked, as positions.")]
    function_id: Annotated[str, Field(description="Names the function, however it was spelled.")]


async def _answer(
    request: Any, expression: Any, args: Any, served: engine.Engine, binding: bindings.Binding | None
) -> replies.Reply:
    asked = code.FileQuery(request.language, request.argnums, request.shapes, request.hvp, request.name)
    found = await served.code.write(expression, args, asked, binding)
    document = found.document | {"args": found.args, "argnums": found.argnums, "function_id": found.function_id}
    computed = replies.Computed(found.hit, derive_seconds=found.seconds)
    return replies.Reply(200, await json_stream.dump(document), computed=computed)


def _file(reply: replies.Reply) -> replies.Reply:
    """Return the file of an answer as a reply of its own."""
    document = pydantic_core.from_json(reply.content)
    disposition = f'attachment; filename="{document["filename"]}"'.encode()
    return dataclasses.replace(
        reply,
        content=document["source"].encode(),
        media_type=b"text/plain; charset=utf-8",
        headers=((b"content-disposition", disposition),),
    )


OPERATIONS = handler.on_function(CodeRequest, CodeAtRequest, _answer, as_text=_file)

router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)
_DOCUMENTED: dict[str, Any] = {
    "response_model": CodeResponse,
    "description": "Value and gradient, and with `hvp` Hessian-vector products, as one readable file that needs "
    "nothing of this service. A word that the language lacks is part of the file, or is refused by its name. With "
    "`Accept: text/plain` the answer is the file itself.",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/json": {"examples": {"example": {"value": _ANSWER}}},
            "text/plain": {"schema": {"type": "string"}, "examples": {"example": {"value": _SOURCE}}},
        }
    }
}
routing.add_on_function(
    router, "code", OPERATIONS, "A function and its gradient as a source file", "derivatives", _RESPONSES,
    schemas.UNKNOWN, **_DOCUMENTED,
)  # fmt: skip
