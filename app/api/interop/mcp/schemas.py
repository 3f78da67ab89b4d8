"""What the tools take and give, as models: the source of their JSON Schemas (dialect 2020-12).

The fields of a tool are fields of its REST route, with the same meaning; a test compares them. Points and derivatives
are objects by argument name, which a language model mixes up less than positions. Schemas have no ``$ref`` and no null
types, which some hosts do not read; null is taken for what may be left out.
"""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from pydantic import ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

Schema = dict[str, Any]

_NUMBERS: Schema = {"anyOf": [{"type": "number"}, {"type": "array", "items": {}}]}
_FOUND: Schema = {
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}, {"type": "array", "items": {}}]
}
_BY_NAME: Schema = {"type": "object", "additionalProperties": _NUMBERS}
_FOUND_BY_NAME: Schema = {"type": "object", "additionalProperties": _FOUND}
_Nothing = SkipJsonSchema[None]


class ToolFields(pydantic.BaseModel):
    """The arguments of a tool: none but these, each of its type."""

    model_config = ConfigDict(strict=True, extra="forbid")


_Text = Annotated[
    str,
    Field(
        description="the function as text. An expression such as 5*x**2 + sin(y), a lambda or a def, in the names of "
        "Python, NumPy, JAX and SymPy."
    ),
]
_Texts = Annotated[
    str | list[str],
    Field(description="the function as text, which may give an array, or a list of texts, one for each value."),
]
_Point = Annotated[
    dict[str, Any],
    WithJsonSchema(_BY_NAME),
    Field(description='an object with a number or nested list for each argument, such as {"x": 1, "W": [[1, 2]]}.'),
]
_Names = Annotated[
    list[str] | _Nothing,
    Field(description="a list of argument names to differentiate by. Default: all of the point."),
]
_Bounds = Annotated[
    dict[str, Any] | _Nothing,
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "array", "items": {}}}),
    Field(description='an object of pairs [low, high] by argument name, null for none, such as {"x": [0, null]}.'),
]
_Moved = Annotated[
    list[str] | _Nothing, Field(description="a list of the argument names that move. Default: all of the point.")
]
_Method = Annotated[str | _Nothing, Field(description="the name of a method of SciPy. Default: a good one.")]
_Evaluations = Annotated[
    int | _Nothing, Field(ge=1, description="a positive number. How often the function is computed at most.")
]
_CONDITION: Schema = {
    "type": "object",
    "properties": {"type": {"enum": ["ineq", "eq"]}, "expression": {"type": "string"}},
    "required": ["type", "expression"],
    "additionalProperties": False,
}


class GradientArguments(ToolFields):
    """A function of one value, and where."""

    expression: _Text
    point: _Point
    argnums: _Names = None


class EvaluateArguments(ToolFields):
    """A function, and where."""

    expression: _Texts
    point: Annotated[
        dict[str, Any],
        WithJsonSchema(_BY_NAME),
        Field(description="an object with a number or nested list for each argument, {} for a function of none."),
    ] = {}


class JacobianArguments(ToolFields):
    """A function of several values, and where."""

    expression: _Texts
    point: _Point
    argnums: _Names = None


class SymbolicArguments(ToolFields):
    """A function, and by what to differentiate it."""

    expression: _Text
    argnums: Annotated[list[str], Field(description="a list of argument names to differentiate by.")]
    shapes: Annotated[
        list[Any] | _Nothing,
        WithJsonSchema({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        Field(
            description="a list of shapes, one for each argument in order, [] for a number. Only for functions of "
            "whole arrays, such as sum(X**2)."
        ),
    ] = None
    simplify: Annotated[
        bool | _Nothing, Field(description="true or false. Whether to make the formulae shorter. Default: true.")
    ] = None


class TaylorArguments(ToolFields):
    """A function, where, and which derivatives."""

    expression: _Text
    point: _Point
    order: Annotated[
        int | _Nothing, Field(ge=0, le=20, description="a number from 0 to 20. The order of the last derivative.")
    ] = None
    direction: Annotated[
        dict[str, Any] | _Nothing,
        WithJsonSchema(_BY_NAME),
        Field(description="an object by argument name: derive along this. Needless for a function of one number."),
    ] = None
    orders: Annotated[
        dict[str, int] | _Nothing,
        Field(description='an object of orders by argument name, instead of order: {"x": 1, "y": 2} is one mixed '
              "derivative."),
    ] = None  # fmt: skip


class MinimizeArguments(ToolFields):
    """A function to minimise, and where to start."""

    expression: _Text
    point: Annotated[_Point, Field(description="an object with the start of each argument by name.")]
    argnums: _Moved = None
    bounds: _Bounds = None
    constraints: Annotated[
        list[dict[str, Any]] | _Nothing,
        WithJsonSchema({"type": "array", "items": _CONDITION}),
        Field(description='a list of conditions {"type": "ineq" or "eq", "expression": text}: >= 0 or == 0.'),
    ] = None
    method: _Method = None
    max_evaluations: _Evaluations = None


class LeastSquaresArguments(ToolFields):
    """Residuals, parameters and data."""

    expression: Annotated[
        str | list[str],
        Field(description="the residuals as text, which give an array, such as a*exp(-b*t) + c - y; or a list."),
    ]
    point: Annotated[
        _Point, Field(description="an object by name: the start of each parameter, and the data as lists.")
    ]
    argnums: Annotated[list[str], Field(description="a list of the parameters that move; all others are data.")]
    bounds: _Bounds = None
    method: _Method = None
    max_evaluations: _Evaluations = None


class CheckArguments(ToolFields):
    """A function, where, and the gradient that is claimed there."""

    expression: _Text
    point: _Point
    claimed: Annotated[
        dict[str, Any],
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{"type": "string"}, {"type": "number"}, {"type": "array", "items": {}}]
                },
            }
        ),
        Field(
            min_length=1,
            description="an object with the claimed partial derivative by each argument: a formula as text, a number, "
            "or a nested list in the argument's shape.",
        ),
    ]
    tolerance: Annotated[
        float | int | _Nothing,
        Field(ge=0, le=1, description="a number from 0 to 1. The relative error that is still right. Default: 1e-6."),
    ] = None


class LanguageArguments(ToolFields):
    """What is looked for."""

    query: Annotated[
        str | _Nothing,
        Field(
            max_length=200,
            description="a text: words of a topic, or a name such as np.linalg.solve. Default: an overview.",
        ),
    ] = None


# What the tools give

_Numbers = Annotated[Any, WithJsonSchema(_FOUND)]
_NumbersByName = Annotated[dict[str, Any], WithJsonSchema(_FOUND_BY_NAME)]
_Finite = Annotated[bool, Field(description="Whether every number of the answer is finite.")]


class ValueContent(pydantic.BaseModel):
    """A value."""

    value: Annotated[_Numbers, Field(description="The value of the function.")]
    finite: _Finite


class GradientContent(ValueContent):
    """A value and a gradient."""

    gradient: Annotated[_NumbersByName, Field(description="By argument name, each in the argument's shape.")]


class HessianContent(ValueContent):
    """A value and second derivatives."""

    hessian: Annotated[
        dict[str, Any],
        WithJsonSchema({"type": "object", "additionalProperties": _FOUND_BY_NAME}),
        Field(description="By two argument names: hessian.x.y is the second derivative by x and y."),
    ]


class JacobianContent(ValueContent):
    """Values and their derivatives."""

    jacobian: Annotated[
        _NumbersByName, Field(description="By argument name: the axes of the value, then those of the argument.")
    ]


class PartialContent(pydantic.BaseModel):
    """A partial derivative as formulae."""

    arg: str
    index: Annotated[list[int], Field(description="The element of an array argument; empty for a number.")]
    text: Annotated[str, Field(description="In the function language.")]
    latex: str


class FormulaeContent(pydantic.BaseModel):
    """A function and its partial derivatives."""

    function: Annotated[str, Field(description="The function, in one spelling.")]
    partials: list[PartialContent]
    simplified: bool


class SeriesContent(pydantic.BaseModel):
    """Derivatives of high order: a list by order, or one mixed derivative."""

    value: _Numbers
    derivatives: Annotated[
        list[_Numbers] | _Nothing, Field(description="Of order 0, 1, ..., not divided by factorials.")
    ] = None
    derivative: Annotated[_Numbers, Field(description="The mixed derivative, if orders were given.")] = None
    finite: _Finite


class SearchContent(ValueContent):
    """What a search found."""

    x: Annotated[_NumbersByName, Field(description="The arguments that moved, by name.")]
    gradient: Annotated[_NumbersByName, Field(description="There, by name.")]
    converged: Annotated[bool, Field(description="Whether it is a solution, as far as can be told.")]
    message: str
    method: str
    evaluations: int
    iterations: int


class FitContent(SearchContent):
    """What a fit found; value is half the sum of squares."""

    standard_errors: Annotated[_NumbersByName | _Nothing, Field(description="Of the parameters, by name.")] = None
    covariance: Annotated[_Numbers, Field(description="Of the numbers that moved, in the order of argnums.")] = None
    reason: Annotated[str | _Nothing, Field(description="Why there is no covariance.")] = None


class EntryContent(pydantic.BaseModel):
    """One number of a gradient."""

    arg: str
    index: Annotated[list[int], Field(description="The element of an array argument; empty for a number.")]
    claimed: _Numbers
    right: Annotated[_Numbers, Field(description="What the partial derivative is.")]
    relative_error: Annotated[
        float | _Nothing,
        Field(description="Left out where a number is not finite."),
    ] = None
    correct: bool


class VerdictContent(pydantic.BaseModel):
    """Whether a claimed gradient is right."""

    correct: Annotated[bool, Field(description="Whether every entry is.")]
    value: Annotated[_Numbers, Field(description="The value of the function.")]
    tolerance: float
    entries: list[EntryContent]
    missing: Annotated[list[str], Field(description="Arguments of the point for which nothing was claimed.")]


class WordContent(pydantic.BaseModel):
    """A function of the language."""

    name: str
    aliases: list[str]
    arguments: Annotated[str, Field(description="How many, or their names.")]
    doc: str


class FormContent(pydantic.BaseModel):
    """A form of statement or expression."""

    form: str
    doc: str
    example: str


class LanguageContent(pydantic.BaseModel):
    """What the language has."""

    words: Annotated[list[WordContent], Field(description="Functions that match, the best first.")]
    forms: Annotated[list[FormContent], Field(description="Forms of statements that match.")]
    constants: list[str]
    operators: list[str]
    names: Annotated[list[str], Field(description="The names of all functions, for an empty query.")]
    note: str


def json_schema(model: type[pydantic.BaseModel]) -> Schema:
    """Return the schema of a model, without references, titles and defaults of null."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    found: Schema = _plain(schema, definitions)
    return found


def _plain(part: Any, definitions: Schema) -> Any:
    if isinstance(part, list):
        return [_plain(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _plain(definitions[part["$ref"].rpartition("/")[2]], definitions)
    kept = {name: each for name, each in part.items() if not _is_noise(name, each)}
    if "properties" in kept:
        members = {name: _plain(each, definitions) for name, each in kept.pop("properties").items()}
        return {name: _plain(each, definitions) for name, each in kept.items()} | {"properties": members}
    return {name: _plain(each, definitions) for name, each in kept.items()}


def _is_noise(name: str, value: Any) -> bool:
    return (name == "title" and isinstance(value, str)) or (name == "default" and value in (None, {}))
