"""What version 1 of the REST protocol reads and writes, as models: the source of its OpenAPI document.

A member that may be left out may be null, which means the same. Where a list of one is wanted, its only entry may stand
alone: jsonlite in R and jsonencode in MATLAB write it so.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from app import errors
from app.api.http import problem
from app.language.grammar.modules import parser as modules
from app.language.grammar.spelling.latex import translator as latex

NAMED: dict[str, JsonDict] = {
    "Dtype": {"type": "string", "enum": ["float64", "float32"], "description": "A precision."},
    # The items are not typed by name: the generator of Python clients leaves out what refers to itself.
    "Numbers": {
        "anyOf": [{"type": "number"}, {"type": "array", "items": {}}],
        "description": "A number, or a nested list of numbers.",
    },
    "KeptArray": {
        "type": "object",
        "properties": {"data": {"type": "string"}},
        "required": ["data"],
        "additionalProperties": False,
        "description": "An array that POST /v1/data keeps, by its id.",
    },
    "Argument": {
        "anyOf": [{"type": "number"}, {"type": "array", "items": {}}, {"$ref": "#/components/schemas/KeptArray"}],
        "description": "A number, a nested list of numbers, or an array that is kept.",
    },
    "PointByName": {
        "type": "object",
        "additionalProperties": {"$ref": "#/components/schemas/Argument"},
        "description": "A number, nested list or kept array for each argument.",
    },
    "Found": {
        "anyOf": [{"type": "number"}, {"type": "string"}, {"type": "array", "items": {}}],
        "description": "A number, NaN, Infinity or -Infinity as text, or a nested list of them.",
    },
}
"""Schemas that many fields share: a field names one in its member ``NAME``,
and ``openapi.document`` makes that a reference."""

NAME = "x-name"
_NUMBERS: JsonDict = {NAME: "Numbers"}
_DTYPE: JsonDict = {NAME: "Dtype"}


class RequestFields(BaseModel):
    """Fields of a request: none but these, each of its type."""

    model_config = ConfigDict(strict=True, extra="forbid")


def _whole(given: Any) -> Any:
    """Return 2.0 as 2: JSON Schema calls both an integer, and some clients write every number as a float."""
    return int(given) if isinstance(given, float) and given.is_integer() and abs(given) < 2**53 else given


def null_is(default: Any) -> AfterValidator:
    """Return the validator of null in a field that has this default."""
    return AfterValidator(lambda _: default)


Whole = Annotated[int, BeforeValidator(_whole)]
listed = AfterValidator(lambda given: [given])
"""The validator of what stands alone for a list of one."""
Text = Annotated[
    str,
    Field(
        description="the function, as text: an expression, a lambda, a def or several statements. It gives one number."
    ),
]
Texts = Annotated[
    str | Annotated[list[str], Field(fail_fast=True, min_length=1)],
    Field(
        description="the function, as text: an expression, a lambda, a def or several statements. A list of texts is "
        "a function with as many values."
    ),
]
Named = Annotated[str | None, Field(description="its name, in a text of several functions. Default: the last one.")]
Args = Annotated[
    Annotated[list[str], Field(fail_fast=True)] | Annotated[str, listed] | None,
    Field(
        description="a list of argument names in order, or the only one. Default: a lambda's or def's parameters, or "
        "the names of an expression in the order they appear."
    ),
]
Format = Annotated[
    Literal["text", "latex"] | Annotated[None, null_is("text")],
    Field(description='"text" or "latex". The notation of the expression.'),
]


def written(expression: str | list[str], notation: str | None) -> str | list[str]:
    """Return a text or texts that say that they are LaTeX if that is their notation."""
    mark = latex.marked if notation == "latex" else str
    return mark(expression) if isinstance(expression, str) else [mark(each) for each in expression]


class FunctionFields(RequestFields):
    """A function."""

    expression: Texts
    args: Args = None
    function: Named = None
    format: Format = "text"

    @property
    def text(self) -> str | list[str]:
        """The text or texts, which say that they are LaTeX and which function is asked about if the request does."""
        if self.function is None:
            return written(self.expression, self.format)
        if isinstance(self.expression, list) or self.format == "latex":
            raise errors.InvalidField("a list of texts, or LaTeX, has no functions to choose from", field="function")
        return modules.naming(self.expression, self.function)


class ScalarFields(FunctionFields):
    """A function of one value."""

    expression: Text


Point = Annotated[
    Any,
    Field(
        description='one number, nested list or {"data": id} for each argument, or an object by name. A function of '
        "one argument may be given that argument's number or list itself.",
        json_schema_extra={
            "anyOf": [
                {"type": "array", "items": {NAME: "Argument"}},
                {NAME: "KeptArray"},
                {NAME: "PointByName"},
                {"type": "number"},
            ]
        },
    ),
]
InAxes = Annotated[
    Whole | Annotated[list[Whole | None], Field(fail_fast=True)] | None,
    Field(
        description="null, 0, or a list of them, one for each argument. 0: the argument carries a leading batch "
        "axis, as in jax.vmap."
    ),
]
Chosen = Whole | str | Annotated[list[Whole | str], Field(fail_fast=True)]
Argnums = Annotated[
    Chosen | Annotated[None, null_is(0)],
    Field(
        description="a position or name of an argument, or a list of them. As in jax.grad: an int gives that "
        "argument's derivative, a list gives a list."
    ),
]


class PointFields(RequestFields):
    """Where to evaluate it."""

    point: Point
    dtype: Annotated[
        Annotated[Literal["float64", "float32"], Field(json_schema_extra=_DTYPE)] | Annotated[None, null_is("float64")],
        Field(description='"float64" or "float32". The working precision.'),
    ] = "float64"
    in_axes: InAxes = None


class ReduceFields(RequestFields):
    """Whether a batch becomes one answer."""

    reduce: Annotated[
        Literal["sum", "mean"] | None,
        Field(
            description='"sum", "mean" or null. With in_axes: value and derivative of the sum or mean over the batch. '
            "The gradient by an argument with the batch axis keeps it."
        ),
    ] = None


class ArgnumsFields(RequestFields):
    """By what to differentiate it."""

    argnums: Argnums = 0
    verify: Annotated[
        bool | Literal["rigorous"] | Annotated[None, null_is(False)],
        Field(
            description='true, false or "rigorous". true compares the answer with central differences; "rigorous" '
            "encloses every number of it by ball arithmetic."
        ),
    ] = False


class TangentsFields(RequestFields):
    """Along what."""

    tangents: Annotated[
        Any,
        Field(
            description="a number or nested list in the shape of the argument of argnums, for a list of argnums a "
            "list of them. A list of several such gives as many products. With in_axes one for all points, or one "
            "for each.",
            json_schema_extra=_NUMBERS,
        ),
    ]


class CotangentFields(RequestFields):
    """Weights of the values."""

    cotangent: Annotated[
        Any,
        Field(
            description="a number or nested list in the shape of the value. A list of several such gives as many "
            "products. With in_axes one for all points, or one for each.",
            json_schema_extra=_NUMBERS,
        ),
    ]


Numbers = Annotated[Any, Field(json_schema_extra={NAME: "Found"})]


class Verification(BaseModel):
    """How far the derivative is from central differences extrapolated to step 0."""

    max_relative_difference: Annotated[
        float | str,
        Field(description="Relative to each number, or to a thousandth of the greatest where that is more."),
    ]
    method: str


class Enclosure(BaseModel):
    """Pairs [lower, upper] that surely contain the numbers, nested as the numbers are.

    They are of the function itself at the float64 numbers of the point, whatever the float64 computation rounds.
    """

    value: Annotated[Numbers, Field(description="Of the value.")]
    gradient: Annotated[Numbers, Field(description="Of the gradient, if that is asked for.")] = None
    jacobian: Annotated[Numbers, Field(description="Of the Jacobian, if that is asked for.")] = None
    hessian: Annotated[Numbers, Field(description="Of the Hessian, if that is asked for.")] = None
    jvp: Annotated[Numbers, Field(description="Of the product, if that is asked for.")] = None
    vjp: Annotated[Numbers, Field(description="Of the product, if that is asked for.")] = None
    hvp: Annotated[Numbers, Field(description="Of the product, if that is asked for.")] = None


class AnswerFields(BaseModel):
    """What every answer has."""

    value: Annotated[Numbers, Field(description="A number or array, behind a batch axis if there is one.")]
    args: Annotated[list[str], Field(description="Argument names in order.")]
    finite: Annotated[bool, Field(description="Whether every number in the answer is finite.")]
    function_id: Annotated[str, Field(description="Names the function, however it was spelled.")]


class EvaluateResponse(AnswerFields):
    """The value; numbers that are not finite are the strings NaN, Infinity and -Infinity."""

    dtype: Annotated[Literal["float64", "float32"], Field(description="What was asked.", json_schema_extra=_DTYPE)]


class _DerivativeResponse(EvaluateResponse):
    argnums: Annotated[int | list[int], Field(description="What was asked, as positions.")]
    verify: Annotated[Verification | None, Field(description="There if true was asked for.")] = None
    enclosure: Annotated[Enclosure | None, Field(description="There if rigorous was asked for.")] = None
    certified: Annotated[
        bool | None,
        Field(description="Whether every number lies within 4 ulp of an enclosure that is tight to 1e-15 of it."),
    ] = None
    reason: Annotated[str | None, Field(description="Why the numbers are not certified.")] = None


class GradResponse(_DerivativeResponse):
    """Value and gradient; numbers that are not finite are the strings NaN, Infinity and -Infinity."""

    gradient: Annotated[Numbers, Field(description="Nested like the arguments of argnums.")]


class JacobianResponse(_DerivativeResponse):
    """Value and Jacobian."""

    jacobian: Annotated[
        Numbers, Field(description="The axes of the value, then those of the argument; for a list of argnums a list.")
    ]


class HessianResponse(_DerivativeResponse):
    """Value and Hessian."""

    hessian: Annotated[
        Numbers, Field(description="The axes of the argument twice; for a list of argnums a list of lists of blocks.")
    ]


class JvpResponse(_DerivativeResponse):
    """Value and Jacobian-vector product."""

    jvp: Annotated[Numbers, Field(description="In the shape of the value.")]


class VjpResponse(_DerivativeResponse):
    """Value and vector-Jacobian product."""

    vjp: Annotated[Numbers, Field(description="Nested like the arguments of argnums.")]


class HvpResponse(_DerivativeResponse):
    """Value and Hessian-vector product."""

    hvp: Annotated[Numbers, Field(description="Nested like the arguments of argnums.")]


class Registered(BaseModel):
    """A function that can be asked about by its id."""

    function_id: str
    expression: Annotated[str | list[str], Field(description="The function as text, in one spelling.")]
    args: list[str]
    shape: Annotated[list[int] | None, Field(description="Of the value; null where that depends on the arguments.")]
    tier: Annotated[Literal["interpreted", "compiled"], Field(description="What answers a gradient at one point now.")]
    operations: Annotated[int | None, Field(description="On its tape; null where that depends on the arguments.")]
    data: Annotated[dict[str, str] | None, Field(description="The ids of its data by argument, if some are bound.")] = (
        None
    )


class Listing(BaseModel):
    """Functions registered from one place."""

    functions: list[Registered]


class Problem(BaseModel):
    """An error, as in RFC 9457."""

    class Position(BaseModel):
        """Where in the expression: line and column from 1, offset from 0, in characters."""

        line: int
        column: int
        offset: int

    type: Annotated[
        str, Field(description="Identifies the kind of error, like code. It need not be an address: GET v1/errors is.")
    ]
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    position: Position | None = None
    hint: str | None = None


class ErrorCode(BaseModel):
    """A code that a problem document can carry."""

    code: str
    status: int
    title: str
    meaning: str


def refusal(description: str, *causes: type[errors.GradserveError]) -> dict[str, Any]:
    return {"model": Problem, **problem.documented(description, *causes)}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: refusal("Not JSON: {}, or not even HTTP: {}", errors.InvalidJson, errors.BadRequest),
    401: refusal("No key where one is needed, or not a known one: {}", errors.Unauthorized),
    403: refusal("The key does not have the scope that this needs: {}", errors.Forbidden),
    408: refusal("The body did not arrive in time: {}", errors.RequestTimeout),
    413: refusal("The body is too large: {}", errors.BodyTooLarge),
    414: refusal("The address is over the published limit: {}", errors.AddressTooLong),
    431: refusal("The headers are over the published limit: {}", errors.HeadersTooLarge),
    415: refusal("Not application/json: {}", errors.UnsupportedMediaType),
    422: refusal(
        "The request is at fault: {}, {}, {}, {}, {}, {}, {}, {}, {}",
        errors.InvalidField,
        errors.InvalidName,
        errors.SyntaxRejected,
        errors.UnknownName,
        errors.BadArity,
        errors.BadConstant,
        errors.BadShape,
        errors.TooComplex,
        errors.TooExpensive,
    ),
    429: refusal("Try again later: {}", errors.Overloaded),
    503: refusal("Starting or stopping: {}", errors.Draining),
}
"""Refusals of operations, for their routes in the OpenAPI document."""

UNKNOWN: dict[int | str, dict[str, Any]] = {404: refusal("Nobody registered the function here: {}", errors.NotFound)}
"""The refusal of a function id."""
