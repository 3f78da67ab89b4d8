"""Derivatives by GET: the query string is the request, for spreadsheets, links and caches between.

A few parameters are fields of the POST; every other one is an argument of the function. The answer is the same as to a
POST, or its numbers as CSV (RFC 4180), which a spreadsheet reads into cells.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request

from app import errors
from app.api import services
from app.api.http import problem, replies, routing
from app.api.rest import derivatives, schemas

DERIVATIVES = ("grad", "evaluate", "jacobian", "hessian")
"""Those whose requests need no direction."""

_MAX_AGE_SECONDS = 86_400  # the answer never changes, but for the last digits
_EXPONENT = re.compile(r"(?<=[0-9.][eE]) (?=[0-9])")  # of "1e+20" in a URL in which "+" means a space
_POSITION = re.compile(r"-?[0-9]{1,9}")
_FORMATS = ("json", "csv")
_CSV = b"text/csv; charset=utf-8; header=absent"


class _Field(NamedTuple):
    """A parameter that is a field of the request."""

    read: Callable[[str, str], Any]
    meaning: str


def _numbers(name: str, text: str) -> Any:
    """Return the numbers of a parameter: a number, or anything that JSON has in brackets."""
    try:
        found = json.loads(_EXPONENT.sub("+", text.strip()))
        json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, int | float | list | dict) and not isinstance(found, bool):
        return found
    hint = "a number has a decimal point, 1.5; a list has brackets, [1, 2, 3]"
    raise errors.InvalidField(f"{errors.quote(name)} is no number and no list", hint=hint, field=f"point.{name}"[:80])


def _axes(name: str, text: str) -> Any:
    return None if text.strip() == "null" else _numbers(name, text)


def _names(_: str, text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _argnums(_: str, text: str) -> int | str | list[int | str]:
    found = [int(each) if _POSITION.fullmatch(each) else each for each in _names("", text)]
    return found if "," in text else found[0]


def _text(_: str, text: str) -> str:
    return text


_FIELDS: Mapping[str, _Field] = {
    "expression": _Field(_text, "The function, as text; repeated, a function of as many values."),
    "args": _Field(_names, "Names of the arguments in order, separated by commas."),
    "function": _Field(_text, "The name of the function in a text that has several."),
    "notation": _Field(_text, "text or latex: the notation of the expression, which the POST calls its format."),
    "argnums": _Field(_argnums, "Positions or names, separated by commas. One alone: by that argument."),
    "point": _Field(_numbers, "The point as the POST takes it, for arguments named like other parameters."),
    "dtype": _Field(_text, "float64 or float32."),
    "in_axes": _Field(_axes, "null, 0, or a list of 0 and null, one for each argument."),
}
_ARGUMENTS = "Every other parameter is an argument: a number, a list in brackets, or data by id."
_FORMAT = "json, or csv: the numbers of the derivative alone, of the value where no derivative is asked."
_DESCRIPTION = (
    "The same answer as to the POST of this path, for spreadsheets and links. Every parameter that is not listed is an "
    "argument of the function: `?expression=x**2*y&x=1.5&y=2`. In a URL a plus is written `%2B`. Caches may keep the "
    "answer for a day."
)
_OPERATIONS = routing.operations([derivatives.router])
_OF_FUNCTION = frozenset({"expression", "args", "function", "notation"})
_NAMES = {"notation": "format"}
"""What the POST calls a field whose name is another one here."""


def _csv(document: dict[str, Any], field: str | None) -> bytes:
    """Return the numbers of an answer: one line for each list of numbers."""
    lines = [",".join(map(str, line)) for line in _lines(document[field or "value"])]
    return "".join([f"{line}\r\n" for line in lines]).encode()


def _lines(found: Any) -> list[list[Any]]:
    if not isinstance(found, list):
        return [[found]]
    if not any(isinstance(each, list) for each in found):
        return [found]
    return [line for each in found for line in _lines(each)]


class Link:
    """The GET beside the POST of a derivative."""

    def __init__(self, derivative: derivatives.Derivative, *, by_id: bool) -> None:
        self.derivative = derivative
        self.path = f"/functions/{{function_id}}/{derivative.name}" if by_id else f"/{derivative.name}"
        self.fields = {name: field for name, field in _FIELDS.items() if not by_id or name not in _OF_FUNCTION}
        self._operation = _OPERATIONS[f"/v1{self.path}"]

    async def answer(self, request: Request) -> replies.Reply:
        parts: services.Services = request.app.state.services
        named = request.path_params.get("function_id", "")
        try:
            document, form = self._read(request.query_params.multi_items())
            raw = json.dumps(document).encode()
            reply = await parts.request_handler.ask(self._operation, named, raw, request.receive)
        except errors.GradserveError as error:
            if b"+" in request.scope["query_string"] and error.field in (None, "expression"):
                error.hint = "in the query string of a URL + is a space: a plus is written %2B"
            return problem.refusal(error)
        if form == "csv":
            reply.content, reply.media_type = _csv(json.loads(reply.content), self.derivative.field), _CSV
        scope = b"private" if parts.authenticator.keyed else b"public"
        reply.headers = (*reply.headers, (b"cache-control", b"%s, max-age=%d" % (scope, _MAX_AGE_SECONDS)))
        return reply

    def _read(self, parameters: Sequence[tuple[str, str]]) -> tuple[dict[str, Any], str]:
        """Return the body of the POST that a query string stands for, and the format of the answer."""
        document: dict[str, Any] = {}
        point: dict[str, Any] = {}
        form = "json"
        for name, texts in _together(parameters).items():
            text = texts[0]
            if len(texts) > 1 and not (name == "expression" and name in self.fields):
                raise errors.InvalidField(f"{errors.quote(name)} is given {len(texts)} times", field=name[:80])
            if name == "format":
                form = text
            elif name in self.fields:
                document[_NAMES.get(name, name)] = texts if len(texts) > 1 else self.fields[name].read(name, text)
            elif name in _FIELDS:
                hint = "an argument of this name is given in point"
                raise errors.InvalidField("the function is given by its id", hint=hint, field=name)
            else:
                point[name] = _numbers(name, text)
        if form not in _FORMATS:
            raise errors.InvalidField(
                f"format is {errors.quote(form)}, not one of {', '.join(_FORMATS)}", field="format"
            )
        if point and "point" in document:
            raise errors.InvalidField("arguments are given by their names or by point, not both", field="point")
        return {"point": point} | document, form

    def documented(self) -> list[dict[str, Any]]:
        """Return the parameters as an OpenAPI document lists them."""
        example = self._example()
        listed = [
            {
                "name": name, "in": "query", "required": name == "expression", "description": field.meaning,
                "schema": self._schema(name), **({"example": example[name]} if name in example else {}),
            }
            for name, field in self.fields.items()
        ]  # fmt: skip
        formats = {"type": "string", "enum": list(_FORMATS), "default": "json"}
        named = {"type": "object", "additionalProperties": {"type": "string"}}
        return [
            *listed,
            {"name": "format", "in": "query", "description": _FORMAT, "schema": formats},
            {
                "name": "arguments", "in": "query", "style": "form", "explode": True, "description": _ARGUMENTS,
                "schema": named, "example": example["arguments"],
            },
        ]  # fmt: skip

    def _schema(self, name: str) -> dict[str, Any]:
        text = {"type": "string"}
        several = name == "expression" and schemas.FunctionFields in self.derivative.bases
        return {"type": "array", "items": text, "minItems": 1} if several else text

    def _example(self) -> dict[str, Any]:
        """Return the example of the POST as parameters."""
        given = self.derivative.request_example
        listed = {name: ",".join(map(str, given[name])) for name in ("args", "argnums") if name in given}
        point = {name: str(number) for name, number in zip(given["args"], given["point"], strict=True)}
        text = given["expression"]
        several = "items" in self._schema("expression") and isinstance(text, str)
        return listed | {"expression": [text] if several else text, "arguments": point}


def _together(parameters: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in parameters:
        found.setdefault(name, []).append(text)
    return found


router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)


def _add(derivative: derivatives.Derivative, *, by_id: bool) -> None:
    link = Link(derivative, by_id=by_id)

    async def endpoint(request: Request) -> replies.Reply:
        return await link.answer(request)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("function_id", kind, annotation=str)] if by_id else []
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what FastAPI documents
    how = "id and link" if by_id else "link"
    content = {
        "application/json": {"examples": {"example": {"value": derivative.shown()}}},
        "text/csv": {"schema": {"type": "string"}, "example": "10.0,24.0,42.0\r\n"},
    }
    responses: dict[int | str, dict[str, Any]] = {200: {"content": content}}
    router.add_api_route(
        link.path, endpoint, methods=["GET"], summary=f"{derivative.summary}, by {how}",
        name=f"{derivative.name} by {how}", operation_id=f"{derivative.name}_by_{how.replace(' ', '_')}",
        tags=["functions" if by_id else "derivatives"], response_model=derivative.response,
        response_model_exclude_none=True, openapi_extra={"parameters": link.documented()},
        description=_DESCRIPTION, responses=responses | (schemas.UNKNOWN if by_id else {}),
    )  # fmt: skip


for _derivative in derivatives.DERIVATIVES:
    if _derivative.name in DERIVATIVES:
        for _by_id in (False, True):
            _add(_derivative, by_id=_by_id)
