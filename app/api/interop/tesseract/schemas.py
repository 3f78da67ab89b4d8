"""Bodies of Tesseract as models, for the OpenAPI document alone: ``model`` and ``arrays`` read requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic
from pydantic import ConfigDict, Field

from app.api.interop import endpoints, json_bodies
from app.api.interop.named_arrays import MAX_SIZE
from app.language.expression.values import MAX_RANK

_Size = Annotated[int, Field(ge=0, lt=MAX_SIZE)]
_Shape = Annotated[list[_Size], Field(max_length=MAX_RANK)]
_Dtype = Literal[
    "float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"
]
_Ranks = Annotated[int, Field(ge=0, le=MAX_RANK)]
_Rank = _Ranks | list[_Ranks] | None
_Names = Annotated[list[str], Field(min_length=1, max_length=json_bodies.MAX_TEXTS)]
_Outputs = Annotated[list[Literal["value", "gradient"]], Field(min_length=1, max_length=json_bodies.MAX_TEXTS)]
_RANK = "Number of axes of each argument, one for all or a list, where the text leaves it open."


class TesseractNumbers(pydantic.BaseModel):
    """Numbers of an array in JSON."""

    buffer: endpoints.Numbers
    encoding: Literal["json", "raw"]
    compression: Literal["none"] | None = None


class TesseractBytes(pydantic.BaseModel):
    """Numbers of an array in base64: little-endian, in row-major order."""

    buffer: str
    encoding: Literal["base64"]
    compression: Literal["none"] | None = None


class TesseractOutline(pydantic.BaseModel):
    """An array without its numbers. It may have the members object_type and data, which are not read."""

    shape: _Shape
    dtype: _Dtype


class TesseractArray(TesseractOutline):
    """An array with its shape. It may have the member object_type, which is not read."""

    data: Annotated[TesseractNumbers | TesseractBytes | endpoints.Numbers, Field(description="The numbers.")]


_Array = TesseractArray | endpoints.Numbers
_Outline = TesseractOutline | endpoints.Numbers


class _Function(pydantic.BaseModel):
    expression: Annotated[
        str | Annotated[list[str], Field(max_length=json_bodies.MAX_TEXTS)],
        Field(description="The function as text, or a text for each of its values."),
    ]
    args: Annotated[
        Annotated[list[str], Field(max_length=json_bodies.MAX_TEXTS)] | None,
        Field(description="Argument names in order. Default: in the order in which they appear in the text."),
    ] = None
    rank: Annotated[_Rank, Field(description=_RANK)] = None


class TesseractInputs(_Function):
    """A function, and its arguments by name, or one array X for all of them. Leading axes are a batch."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Array]


class TesseractFunctionInputs(pydantic.BaseModel):
    """Arguments of a registered function by name, or one array X for all of them. Leading axes are a batch."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Array]

    rank: Annotated[_Rank | _Array, Field(description=f"{_RANK} An argument of this name is an array.")] = None


class TesseractInputOutlines(_Function):
    """A function, and shapes and dtypes of its arguments by name, or of one array X for all of them."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Outline]


class TesseractFunctionInputOutlines(pydantic.BaseModel):
    """Shapes and dtypes of the arguments of a registered function by name, or of one array X for all of them."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Outline]

    rank: Annotated[_Rank | _Outline, Field(description=f"{_RANK} An argument of this name is an array.")] = None


class _Request(pydantic.BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Jacobian(_Request):
    jac_inputs: Annotated[_Names, Field(description="Inputs to differentiate by.")]
    jac_outputs: Annotated[_Outputs, Field(description="Outputs to differentiate.")]


class _Jvp(_Request):
    jvp_inputs: Annotated[_Names, Field(description="Inputs to differentiate by.")]
    jvp_outputs: Annotated[_Outputs, Field(description="Outputs to differentiate.")]
    tangent_vector: Annotated[dict[str, _Array], Field(description="A tangent for each of jvp_inputs.")]


class _Vjp(_Request):
    vjp_inputs: Annotated[_Names, Field(description="Inputs to differentiate by.")]
    vjp_outputs: Annotated[_Outputs, Field(description="Outputs to differentiate.")]
    cotangent_vector: Annotated[dict[str, _Array], Field(description="A cotangent for each of vjp_outputs.")]


_MEMBERS: dict[str, type[_Request]] = {
    "apply": _Request,
    "jacobian": _Jacobian,
    "jacobian_vector_product": _Jvp,
    "vector_jacobian_product": _Vjp,
    "abstract_eval": _Request,
}
"""What each endpoint takes beside the inputs."""


def request(endpoint: str, *, by_id: bool) -> type[pydantic.BaseModel]:
    """Return the body of an endpoint, for a function in the request or a registered one."""
    if endpoint == "abstract_eval":
        inputs: Any = TesseractFunctionInputOutlines if by_id else TesseractInputOutlines
    else:
        inputs = TesseractFunctionInputs if by_id else TesseractInputs
    name = "".join(map(str.capitalize, endpoint.split("_")))
    return pydantic.create_model(
        f"Tesseract{name}{'At' if by_id else ''}Request", __base__=_MEMBERS[endpoint],
        __doc__=f"A call of {endpoint}.", inputs=(inputs, ...),
    )  # fmt: skip


class TesseractData(pydantic.BaseModel):
    """Numbers: nested lists for json, text for base64, as the Accept header asks."""

    buffer: endpoints.Numbers | str
    encoding: Literal["json", "base64"]


class TesseractOutput(pydantic.BaseModel):
    """An array that was computed."""

    object_type: Literal["array"]
    shape: list[int]
    dtype: Literal["float64", "float32"]
    data: TesseractData


class TesseractOutputs(pydantic.BaseModel):
    """The outputs; a function of several values has no gradient."""

    value: TesseractOutput | None = None
    gradient: TesseractOutput | None = None


class TesseractShape(pydantic.BaseModel):
    """Shape and dtype of an output."""

    shape: list[int]
    dtype: Literal["float64", "float32"]


class TesseractShapes(pydantic.BaseModel):
    """Shapes and dtypes of the outputs; a function of several values has no gradient."""

    value: TesseractShape
    gradient: TesseractShape | None = None


class TesseractJacobians(pydantic.RootModel[dict[str, dict[str, TesseractOutput]]]):
    """The Jacobian of each output by each input, with the axes of the output before those of the input."""


class TesseractCotangents(pydantic.RootModel[dict[str, TesseractOutput]]):
    """The product by each input, in its shape."""


class TesseractHealth(pydantic.BaseModel):
    """That it is alive."""

    status: Literal["ok"]


class TesseractSchema(pydantic.BaseModel):
    """An OpenAPI document with what clients of Tesseract read: endpoints, inputs and outputs."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]


REPLIES: dict[str, type[pydantic.BaseModel]] = {
    "apply": TesseractOutputs,
    "jacobian": TesseractJacobians,
    "jacobian_vector_product": TesseractOutputs,
    "vector_jacobian_product": TesseractCotangents,
    "abstract_eval": TesseractShapes,
    "health": TesseractHealth,
    "openapi.json": TesseractSchema,
}
