"""The head of a plain text: imports, and the parameters of the ``lambda`` or ``def`` whose value it is."""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(
    r"(?:import (?:math|numpy as np|jax|jax\.numpy as jnp)\n+)*"
    r"(?:lambda (?P<parameters>[\w, ]*):|def (?P<name>\w+)\((?P<listed>[\w, ]*)\):\s+return )"
)


class FunctionHead(NamedTuple):
    """What a text says before its expression.

    Attributes:
        parameters: of the function; None for an expression alone.
        name: of a ``def``, which its expression may not call; else empty.
        start: where the expression begins.
    """

    parameters: tuple[str, ...] | None
    name: str
    start: int


_NONE = FunctionHead(None, "", 0)


def head(text: str) -> FunctionHead:
    """Return the head of a text. Parameters are as they stand there: a trailing comma leaves an empty one."""
    found = _HEAD.match(text)
    if found is None:
        return _NONE
    parameters = (found["parameters"] or found["listed"] or "").split(",")
    return FunctionHead(tuple([each.strip() for each in parameters]), found["name"] or "", found.end())
