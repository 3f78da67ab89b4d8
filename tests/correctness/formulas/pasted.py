"""Functions as people paste them, read from the plain texts beside this module.

An entry is a line ``== name | source | point | point ...`` and the text below it, up to the next such line. A point
is ``x=1.5; w=[1, 2]``: the arguments in their order, each with JSON for its value. Further points are other lengths,
or other numbers, for the same text.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class Pasted:
    """A function's text, where it comes from, its arguments and a point: numbers and nested tuples."""

    name: str
    source: str
    expression: str
    args: tuple[str, ...]
    point: tuple[Any, ...]


def read(*names: str) -> tuple[Pasted, ...]:
    """Return the entries of some texts, one for each point."""
    return tuple(entry for name in names for entry in _entries((TEXTS / f"{name}.txt").read_text("utf-8")))


def _entries(text: str) -> Iterator[Pasted]:
    for part in text.split("\n== ")[1:]:
        header, _, body = part.partition("\n")
        name, source, *points = map(str.strip, header.split(" | "))
        for number, point in enumerate(points):
            args, values = _point(point)
            yield Pasted(f"{name}-{number + 1}" if number else name, source, body.strip("\n"), args, values)


def _point(text: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    pairs = [entry.split("=", 1) for entry in text.split(";")]
    return tuple(name.strip() for name, _ in pairs), tuple(_frozen(json.loads(value)) for _, value in pairs)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
