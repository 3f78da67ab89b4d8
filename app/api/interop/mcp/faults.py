"""What is wrong with a call, as text that a language model mends its own text by."""

from __future__ import annotations

from typing import Any

from app import errors

_MOST = 300  # characters of a detail or a hint


def text(error: errors.GradserveError, arguments: Any) -> str:
    """Return the lines of an error: the code and what is wrong, the marked place in the client's text, the hint."""
    place = f" in {error.field[:80]}" if error.field else ""
    lines = [f"{error.code}{place}: {error.detail[:_MOST]}"]
    position = error.position
    if position is not None:
        lines.append(f"line {position.line}, column {position.column}:")
        found = _named(error.field or "expression", arguments)
        if isinstance(found, str) and position.line <= found.count("\n") + 1:
            lines += [f"  {line}" for line in position.marked(found).split("\n")]
    if error.hint:
        lines.append(f"hint: {error.hint[:_MOST]}")
    if isinstance(error, errors.Refused):
        lines.append(f"hint: the same call may succeed in {error.retry_after_seconds} s")
    return "\n".join(lines)


def _named(field: str, arguments: Any) -> Any:
    """Return the argument that a field such as "expression.1" names, None if there is none."""
    found = arguments
    for step in field.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
    return found
