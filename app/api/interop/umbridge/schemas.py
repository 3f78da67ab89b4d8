"""Bodies of UM-Bridge as models, for the OpenAPI document alone: ``fields`` reads requests."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import ConfigDict, Field

_One = Field(min_length=1, max_length=1)  # R puts single values into lists
_Vector = list[float] | float
_Index = Annotated[int, Field(ge=0)]
_Length = Annotated[int, Field(ge=1)]


class UmBridgeFunctionConfig(pydantic.BaseModel):
    """How the vectors of a registered function are read."""

    model_config = ConfigDict(extra="forbid")

    layout: Annotated[
        Literal["vector", "args"] | Annotated[list[Literal["vector", "args"]], _One] | None,
        Field(description="Whether all arguments are one input vector, or each is one."),
    ] = "vector"
    shapes: Annotated[
        dict[str, _Length | Annotated[list[_Length], Field(max_length=8)]]
        | Annotated[list[float], Field(max_length=0)]
        | None,
        Field(description="The length or shape of arguments that are arrays, by name."),
    ] = None
    dtype: Annotated[
        Literal["float64", "float32"] | Annotated[list[Literal["float64", "float32"]], _One] | None,
        Field(description="The working precision."),
    ] = "float64"


class UmBridgeConfig(UmBridgeFunctionConfig):
    """A function, and how its vectors are read."""

    expression: Annotated[
        str | Annotated[list[str], Field(min_length=1)],
        Field(description="The function as text, or a text for each of its values."),
    ] = "x**2"
    args: Annotated[
        list[str] | str | None,
        Field(description="Argument names in order. Default: in the order in which they appear in the text."),
    ] = None


_Empty = Annotated[list[float], Field(max_length=0)]  # what R makes of an empty object


class _Named(pydantic.BaseModel):
    name: Annotated[
        str | Annotated[list[str], _One],
        Field(description='The model: "gradient", or the id of a registered function.'),
    ]


class _Configured(pydantic.BaseModel):
    config: Annotated[UmBridgeConfig | _Empty | None, Field(description="The function, for the model gradient.")] = None


class _FunctionConfigured(pydantic.BaseModel):
    config: Annotated[UmBridgeFunctionConfig | _Empty | None, Field(description="How vectors are read.")] = None


class _Input(pydantic.BaseModel):
    input: Annotated[list[_Vector], Field(min_length=1, description="The input vectors.")]


class _Output(pydantic.BaseModel):
    outWrt: Annotated[_Index | Annotated[list[_Index], _One], Field(description="Which output vector: 0.")]


class _First(pydantic.BaseModel):
    inWrt: Annotated[
        _Index | Annotated[list[_Index], _One], Field(description="Which input vector to differentiate by.")
    ]


class _Second(pydantic.BaseModel):
    inWrt1: Annotated[_Index | Annotated[list[_Index], _One], Field(description="Which input vector the answer is by.")]
    inWrt2: Annotated[_Index | Annotated[list[_Index], _One], Field(description="Which input vector vec belongs to.")]


class _Sens(pydantic.BaseModel):
    sens: Annotated[_Vector, Field(description="Weights of the outputs.")]


class _Vec(pydantic.BaseModel):
    vec: Annotated[_Vector, Field(description="The vector to multiply with, as long as the input vector.")]


_AT_POINT = (_Configured, _Input)
_MEMBERS: dict[str, tuple[type[pydantic.BaseModel], ...]] = {
    "ModelInfo": (),
    "InputSizes": (_Configured,),
    "OutputSizes": (_Configured,),
    "Evaluate": _AT_POINT,
    "Gradient": (*_AT_POINT, _Output, _First, _Sens),
    "ApplyJacobian": (*_AT_POINT, _Output, _First, _Vec),
    "ApplyHessian": (*_AT_POINT, _Output, _Second, _Sens, _Vec),
}
"""What each operation takes beside the name of the model."""


def request(operation: str, *, by_id: bool) -> type[pydantic.BaseModel]:
    """Return the body of an operation, at the root or on the path of a registered function."""
    members = _MEMBERS[operation]
    if by_id:
        members = tuple([_FunctionConfigured if each is _Configured else each for each in members])
    bases: tuple[type[pydantic.BaseModel], ...] = (_Named, *members)
    name = f"UmBridge{operation}{'At' if by_id else ''}Request"
    # Fields in the order of the bases: pydantic's is the other way round.
    return pydantic.create_model(name, __base__=bases[::-1], __doc__=f"A call of {operation}.")


class UmBridgeSupport(pydantic.BaseModel):
    """Which operations a model has."""

    Evaluate: bool
    Gradient: bool
    ApplyJacobian: bool
    ApplyHessian: bool


class UmBridgeModelInfo(pydantic.BaseModel):
    """What a model supports."""

    support: UmBridgeSupport


class UmBridgeInputSizes(pydantic.BaseModel):
    """Lengths of the input vectors."""

    inputSizes: list[int]


class UmBridgeOutputSizes(pydantic.BaseModel):
    """Lengths of the output vectors."""

    outputSizes: list[int]


class UmBridgeVectors(pydantic.BaseModel):
    """Output vectors; numbers that are not finite are the tokens NaN, Infinity and -Infinity."""

    output: list[list[float]]


class UmBridgeVector(pydantic.BaseModel):
    """A derivative; numbers that are not finite are the tokens NaN, Infinity and -Infinity."""

    output: list[float]


class UmBridgeInfo(pydantic.BaseModel):
    """The protocol's version and the names of the models."""

    protocolVersion: float
    models: list[str]


REPLIES: dict[str, type[pydantic.BaseModel]] = {
    "ModelInfo": UmBridgeModelInfo,
    "InputSizes": UmBridgeInputSizes,
    "OutputSizes": UmBridgeOutputSizes,
    "Evaluate": UmBridgeVectors,
    "Gradient": UmBridgeVector,
    "ApplyJacobian": UmBridgeVector,
    "ApplyHessian": UmBridgeVector,
}
