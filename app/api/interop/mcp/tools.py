"""The closed table of tools, each with its schemas, an example, and what it asks the REST routes.

No tool has an effect: none registers, keeps or changes anything, and every text goes through the parser of the
language, which evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pydantic_core

from app import errors
from app.api.http import body
from app.api.interop.mcp import checking, language_help, schemas, service

MAX_ANSWER_BYTES = 256 * 1024
"""Longest answer of a tool, as JSON: more fits no context of a language model."""

INSTRUCTIONS = (
    "A calculator for functions written as text: values, exact derivatives, formulae, minima and fits. Write a "
    "function as an expression, a lambda or a def, in the names of Python, NumPy, JAX and SymPy; give the point by "
    "argument names. Nothing is executed as Python. When a text is refused, the error shows the place and a hint: mend "
    "the text and call again. language_help finds the words that the language has."
)

Answer = Callable[[Any, service.Service], Awaitable[service.Document]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool; ``path`` is the REST route whose fields it takes, empty if it takes others."""

    name: str
    title: str
    description: str
    takes: type[schemas.ToolFields]
    gives: type[Any]
    answer: Answer
    example: service.Document  # arguments, called by a test
    path: str = ""


async def call(tool: Tool, arguments: service.Document, asked: service.Service) -> tuple[service.Document, str]:
    """Return the answer to a call, and the same as JSON; what is wrong is an ``errors.GradserveError``."""
    answer = await tool.answer(body.validated(tool.takes, arguments), asked)
    answer = {member: value for member, value in answer.items() if value is not None}
    text = pydantic_core.to_json(answer)
    if len(text) > MAX_ANSWER_BYTES:
        raise errors.TooComplex(
            f"the answer has {len(text)} bytes, the limit of a tool is {MAX_ANSWER_BYTES}",
            hint="ask for fewer numbers, such as a sum, or for fewer arguments",
        )
    return answer, text.decode()


def _given(request: schemas.ToolFields) -> service.Document:
    """Return the fields of a call that are not null."""
    return request.model_dump(exclude_none=True)


def _by_name(answer: service.Document, member: str) -> service.Document:
    """Return a derivative by argument name."""
    names = [answer["args"][place] for place in answer["argnums"]]
    return dict(zip(names, answer[member], strict=True))


def _derivative(path: str, member: str) -> Answer:
    async def answer(request: Any, asked: service.Service) -> service.Document:
        document = {"argnums": list(request.point)} | _given(request)
        found = await asked.ask(path, document)
        by_name = _by_name(found, member)
        if member == "hessian":
            by_name = {name: dict(zip(by_name, row, strict=True)) for name, row in by_name.items()}
        return {"value": found["value"], member: by_name, "finite": found["finite"]}

    return answer


async def _evaluate(request: schemas.EvaluateArguments, asked: service.Service) -> service.Document:
    document = _given(request)
    if not request.point:
        document |= {"args": ["none"], "point": {"none": 0.0}}  # the routes want one argument
    found = await asked.ask("/v1/evaluate", document)
    return {member: found[member] for member in ("value", "finite")}


async def _symbolic(request: schemas.SymbolicArguments, asked: service.Service) -> service.Document:
    found = await asked.ask("/v1/symbolic", _given(request))
    partials = [
        {"arg": each["arg"], "index": each["index"] or [], "text": each["text"], "latex": each["latex"]}
        for each in found["partials"]
    ]
    return {"function": found["function"]["text"], "partials": partials, "simplified": found["simplified"]}


async def _taylor(request: schemas.TaylorArguments, asked: service.Service) -> service.Document:
    found = await asked.ask("/v1/taylor", _given(request))
    return {member: found.get(member) for member in ("value", "derivatives", "derivative", "finite")}


def _search(path: str) -> Answer:
    async def answer(request: Any, asked: service.Service) -> service.Document:
        found = await asked.ask(path, {"argnums": list(request.point)} | _given(request))
        members = ("value", "finite", "converged", "message", "method", "evaluations", "iterations")
        document = {"x": _by_name(found, "x"), "gradient": _by_name(found, "gradient")}
        document |= {member: found[member] for member in members}
        if found.get("standard_errors") is not None:
            document["standard_errors"] = _by_name(found, "standard_errors")
        return document | {member: found.get(member) for member in ("covariance", "reason")}

    return answer


_LINE = {"a": 0.0, "b": 0.0, "t": [-1.0, -1.0, 1.0, 1.0], "y": [0.0, 2.0, 4.0, 6.0]}

TOOLS = (
    Tool(
        "gradient",
        "Gradient",
        "Value and exact gradient of a function of one value at a point, by automatic differentiation.",
        schemas.GradientArguments,
        schemas.GradientContent,
        _derivative("/v1/grad", "gradient"),
        {"expression": "x**2*y + sin(y)", "point": {"x": 3.0, "y": 0.0}},
        "/v1/grad",
    ),
    Tool(
        "evaluate",
        "Value",
        "Value of a function or of a constant expression at a point, in float64.",
        schemas.EvaluateArguments,
        schemas.ValueContent,
        _evaluate,
        {"expression": "2*gamma(5) + sqrt(16)"},
        "/v1/evaluate",
    ),
    Tool(
        "hessian",
        "Hessian",
        "Value and exact second derivatives of a function of one value at a point.",
        schemas.GradientArguments,
        schemas.HessianContent,
        _derivative("/v1/hessian", "hessian"),
        {"expression": "x**2*y + y**3", "point": {"x": 1.0, "y": 2.0}},
        "/v1/hessian",
    ),
    Tool(
        "jacobian",
        "Jacobian",
        "Values and exact derivatives of a function of several values at a point.",
        schemas.JacobianArguments,
        schemas.JacobianContent,
        _derivative("/v1/jacobian", "jacobian"),
        {"expression": ["r*cos(t)", "r*sin(t)"], "point": {"r": 2.0, "t": 0.0}},
        "/v1/jacobian",
    ),
    Tool(
        "symbolic_derivative",
        "Formulae of derivatives",
        "Partial derivatives of a function as formulae: text of the function language, and LaTeX.",
        schemas.SymbolicArguments,
        schemas.FormulaeContent,
        _symbolic,
        {"expression": "a*x**2 + sin(x)", "argnums": ["x"]},
        "/v1/symbolic",
    ),
    Tool(
        "taylor",
        "Derivatives of high order",
        "Derivatives of order 0 to order (at most 20) at a point, along a direction; or one mixed derivative.",
        schemas.TaylorArguments,
        schemas.SeriesContent,
        _taylor,
        {"expression": "exp(2*x)", "point": {"x": 0.0}, "order": 3},
        "/v1/taylor",
    ),
    Tool(
        "minimize",
        "Minimum",
        "A local minimum of a function near a start, with bounds and conditions if wanted.",
        schemas.MinimizeArguments,
        schemas.SearchContent,
        _search("/v1/minimize"),
        {"expression": "(x - 1)**2 + (y + 2)**2", "point": {"x": 0.0, "y": 0.0}},
        "/v1/minimize",
    ),
    Tool(
        "least_squares",
        "Least-squares fit",
        "Fit parameters to data: where half the sum of squared residuals is least, with standard errors.",
        schemas.LeastSquaresArguments,
        schemas.FitContent,
        _search("/v1/least_squares"),
        {"expression": "a + b*t - y", "point": _LINE, "argnums": ["a", "b"]},
        "/v1/least_squares",
    ),
    Tool(
        "check_derivative",
        "Check of a derivative",
        "Whether a gradient that you worked out is right at a point: each claimed formula or number is compared with "
        "the exact partial derivative.",
        schemas.CheckArguments,
        schemas.VerdictContent,
        checking.check,
        {
            "expression": "x**2*y + sin(y)",
            "point": {"x": 3.0, "y": 0.0},
            "claimed": {"x": "2*x*y", "y": "x**2 - cos(y)"},
        },
    ),
    Tool(
        "language_help",
        "Words of the function language",
        "Which functions and statements the function language has, by name or topic.",
        schemas.LanguageArguments,
        schemas.LanguageContent,
        language_help.find,
        {"query": "logsumexp"},
    ),
)

BY_NAME = {tool.name: tool for tool in TOOLS}
