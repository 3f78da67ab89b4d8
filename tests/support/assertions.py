"""Assertions that many tests make: a problem document is well formed, JSON is strict, numbers are close."""

import json
import math
from typing import Any

import httpx
import pytest

from app import errors

CONTRACT = {
    "invalid_json": 400,
    "unauthorized": 401,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "invalid_field": 422,
    "invalid_name": 422,
    "syntax_error": 422,
    "unknown_name": 422,
    "bad_arity": 422,
    "bad_constant": 422,
    "too_complex": 422,
    "bad_shape": 422,
    "too_expensive": 422,
    "overloaded": 429,
    "draining": 503,
}
"""Status by code, as the public table has it. Repeated here, so that a change of the service fails a test."""

_MEASURED = {"seconds", "state", "spent_seconds"}  # of an explanation

HTTP_CODES = {
    "bad_request": 400,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "internal_error": 500,
}
"""Status by code, for the codes that the public table leaves to HTTP."""

_REQUIRED = {"type", "title", "status", "detail", "code"}
_OPTIONAL = {"field", "position", "hint"}
_TRACES = (
    "Traceback",
    "site-packages",
    "object at 0x",
    '.py"',
    ".py:",
    "NoneType",
    "jaxlib",
    "ValueError",
    "TypeError",
)
_MAX_BYTES = 1024
_MAX_ECHO = 80


def strict_json(content: bytes) -> Any:
    """Return a document that must be JSON by RFC 8259: NaN and Infinity fail."""

    def refuse(token: str) -> Any:
        raise AssertionError(f"{token} is not JSON")

    return json.loads(content.decode(), parse_constant=refuse)


def assert_problem(
    response: httpx.Response, status: int, code: str | set[str], *, sent: str = "", text: str | None = None
) -> dict[str, Any]:
    """Check that a response is a well-formed problem document, and return it.

    Args:
        response: what the service answered.
        status: the status it must have.
        code: the code it must have, or several that are allowed.
        sent: text of the client, of which at most 80 characters may come back.
        text: the expression that a position counts in.
    """
    codes = {code} if isinstance(code, str) else code
    assert response.status_code == status, f"{response.status_code} {response.text[:400]}"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    assert len(response.content) <= _MAX_BYTES
    problem: dict[str, Any] = strict_json(response.content)
    assert set(problem) >= _REQUIRED
    assert set(problem) <= _REQUIRED | _OPTIONAL
    assert problem["code"] in codes, problem
    assert problem["status"] == status
    assert problem["type"].endswith("#" + problem["code"])
    for member in ("title", "detail", "hint", "field"):
        assert isinstance(problem.get(member, ""), str)
    assert problem["detail"], "a problem must say what happened"
    written = [value for value in problem.values() if isinstance(value, str)]
    assert not any(trace in value for trace in _TRACES for value in written), problem
    assert longest_echo(sent, written) <= _MAX_ECHO
    if text is not None and "position" in problem:
        assert_position(problem["position"], text)
    if status in (429, 503):
        assert int(response.headers["retry-after"]) > 0
    return problem


def assert_position(position: dict[str, int], text: str) -> None:
    """Check that line, column and offset of a position name the same place in the text."""
    assert set(position) == {"line", "column", "offset"}
    assert 0 <= position["offset"] <= len(text)
    before = text[: position["offset"]].split("\n")
    assert (position["line"], position["column"]) == (len(before), len(before[-1]) + 1)


def longest_echo(sent: str, written: list[str]) -> int:
    """Return 81 if the answer repeats more than 80 characters of what was sent, otherwise 0."""
    for value in written:
        for start in range(len(value) - _MAX_ECHO):
            if value[start : start + _MAX_ECHO + 1] in sent:
                return _MAX_ECHO + 1
    return 0


def assert_close(found: Any, expected: Any, relative: float = 1e-12, absolute: float = 0.0) -> None:
    """Check that two nests of numbers have the same shape and close numbers; NaN equals NaN."""
    if isinstance(expected, list | tuple):
        assert isinstance(found, list | tuple), f"{found} is not nested like {expected}"
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other, relative, absolute)
        return
    assert isinstance(found, int | float), f"{found!r} is not a number"
    f, e = float(found), float(expected)
    if math.isnan(e) or math.isinf(e) or f == e:
        assert (math.isnan(f) and math.isnan(e)) or f == e, f"{f} is not {e}"
        return
    assert abs(f - e) <= relative * abs(e) + absolute, f"{f} is not {e}: off by {abs(f - e):.3g}"


def subclasses(base: type[errors.GradserveError]) -> list[type[errors.GradserveError]]:
    """Return a class and all its subclasses, once each."""
    found = [base]
    for cls in found:
        found.extend(below for below in cls.__subclasses__() if below not in found and below.__module__ == "app.errors")
    return found


def is_close(found: Any, shown: Any) -> bool:
    """Return whether two documents are equal.

    Floats may differ in the last two digits, because libm differs by machine, and so may the length of a search.
    """
    if isinstance(shown, dict):
        return found.keys() == shown.keys() and all(
            type(found[key]) is int if key in _LENGTHS else is_close(found[key], shown[key]) for key in shown
        )
    if isinstance(shown, list):
        return len(found) == len(shown) and all(map(is_close, found, shown))
    if isinstance(shown, float):
        return bool(found == pytest.approx(shown, rel=1e-14))
    return bool(found == shown)


_LENGTHS = {"evaluations", "iterations"}


def timeless(document: Any) -> Any:
    """Return a document without times that were measured, and what follows from them."""
    if isinstance(document, list):
        return [timeless(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {name: timeless(value) for name, value in document.items() if name not in _MEASURED}
