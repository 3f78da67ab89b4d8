"""Bodies of the Open Inference Protocol as models, for the OpenAPI document alone: ``tensors`` reads requests."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import ConfigDict, Field

from app.api.interop import endpoints
from app.api.interop.inference.tensors import MAX_TENSORS, RESERVED
from app.api.interop.named_arrays import MAX_SIZE
from app.language.expression.values import MAX_RANK

_Size = Annotated[int, Field(ge=0, lt=MAX_SIZE)]
_Ranks = Annotated[int, Field(ge=0, le=MAX_RANK)]
_Datatype = Literal["FP32", "FP64"]
_WITHOUT_EFFECT = f"^(triton_.*|{'|'.join(sorted(RESERVED))})$"


class InferenceParameters(pydantic.BaseModel):
    """The function of the model gradient, and what to do with it.

    The protocol's own parameters have no effect: sequence_id, sequence_start, sequence_end, priority, timeout, headers,
    and those that begin with triton_.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"patternProperties": {_WITHOUT_EFFECT: {}}})

    expression: Annotated[str, Field(description="The function as text. It may be a BYTES tensor instead.")] = ""
    args: Annotated[
        list[str] | str | None,
        Field(description="Argument names in order, a list or a text with commas. Default: as they appear."),
    ] = None
    argnums: Annotated[
        int | str | list[int | str] | None,
        Field(
            description="A position or name of an argument, or several, a list or a text with commas. The gradient is "
            "by these. Default: by the first tensor."
        ),
    ] = None
    rank: Annotated[
        _Ranks | str | list[_Ranks] | None,
        Field(
            description="Number of axes of each argument, one for all or one for each, where the text leaves it open."
        ),
    ] = None
    binary_data_output: Annotated[
        bool | None, Field(description="Whether the bytes of all outputs follow the document.")
    ] = False


class InferenceInputParameters(pydantic.BaseModel):
    """How a tensor is sent."""

    binary_data_size: Annotated[
        Annotated[int, Field(ge=0)] | None,
        Field(description="How many bytes behind the document are its numbers, little-endian, in row-major order."),
    ] = None


class InferenceInput(pydantic.BaseModel):
    """A tensor: an argument by its name, or X for all arguments. Leading axes are a batch."""

    name: str
    shape: Annotated[list[_Size], Field(max_length=MAX_RANK)]
    datatype: _Datatype
    data: Annotated[endpoints.Numbers | None, Field(description="The numbers, unless they follow the document.")] = None
    parameters: InferenceInputParameters | None = None


class InferenceText(pydantic.BaseModel):
    """The function as a tensor of one text."""

    name: Literal["expression"]
    shape: Annotated[list[int], Field(min_length=1, max_length=1, description="[1]; it is not read.")]
    datatype: Literal["BYTES"]
    data: Annotated[
        Annotated[list[str], Field(min_length=1, max_length=1)] | None,
        Field(description="The text, unless it follows the document."),
    ] = None
    parameters: InferenceInputParameters | None = None


class InferenceOutputParameters(pydantic.BaseModel):
    """How an output is sent."""

    binary_data: Annotated[bool | None, Field(description="Whether its bytes follow the document.")] = False


class InferenceWanted(pydantic.BaseModel):
    """An output that is wanted."""

    name: Literal["value", "gradient"]
    parameters: InferenceOutputParameters | None = None


class InferenceRequest(pydantic.BaseModel):
    """A function and the tensors that are its arguments."""

    id: Annotated[str | None, Field(description="Is in the reply, too.")] = None
    parameters: InferenceParameters | None = None
    inputs: Annotated[list[InferenceInput | InferenceText], Field(max_length=MAX_TENSORS)]
    outputs: Annotated[
        Annotated[list[InferenceWanted], Field(max_length=MAX_TENSORS)] | None,
        Field(description="Default: value, and gradient if the value is one number."),
    ] = None


class InferenceBinary(pydantic.BaseModel):
    """How many bytes behind the document are the numbers of an output."""

    binary_data_size: int


class InferenceOutput(pydantic.BaseModel):
    """An output, in the datatype of the inputs."""

    name: Literal["value", "gradient"]
    datatype: _Datatype
    shape: list[int]
    data: Annotated[list[float] | None, Field(description="The numbers, flat, unless they follow the document.")] = None
    parameters: InferenceBinary | None = None


class InferenceReply(pydantic.BaseModel):
    """Outputs; numbers that are not finite are the tokens NaN, Infinity and -Infinity."""

    model_name: str
    model_version: Literal["1"]
    id: str | None = None
    outputs: list[InferenceOutput]


class InferenceTensor(pydantic.BaseModel):
    """Name, datatype and shape of a tensor; -1 is an axis of any length."""

    name: str
    datatype: Literal["FP64"]
    shape: list[int]


class InferenceModel(pydantic.BaseModel):
    """Inputs and outputs of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[InferenceTensor]
    outputs: list[InferenceTensor]


class InferenceModelReady(pydantic.BaseModel):
    """That a model takes requests."""

    name: str
    ready: Literal[True]


class InferenceServer(pydantic.BaseModel):
    """What server this is."""

    name: str
    version: str
    extensions: list[str]


class InferenceLive(pydantic.BaseModel):
    """That the process is alive."""

    live: Literal[True]


class InferenceReady(pydantic.BaseModel):
    """That the server takes requests."""

    ready: Literal[True]
