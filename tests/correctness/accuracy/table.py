"""The file of the largest errors, and the table of it that ``docs/language.md`` has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.correctness.accuracy.measure import KINDS

FILE = Path(__file__).with_name("accuracy.tsv")
DOCS = Path(__file__).parents[3] / "docs" / "language.md"
BEGIN, END = "<!-- accuracy -->\n", "<!-- end accuracy -->\n"

Errors = dict[str, float]
"""The largest error by kind, in units in the last place."""

_HEADER = "\t".join(["call", *KINDS])
_STEPS = (1, 4, 16, 64, 256, 1024, 4096)
"""What errors are rounded up to in the documentation."""


def read() -> dict[str, Errors]:
    """Return the errors by call."""
    lines = FILE.read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    return {call: dict(zip(KINDS, map(float, numbers), strict=True)) for call, *numbers in rows}


def write(errors: Mapping[str, Errors]) -> None:
    comment = (
        "# The largest errors found, in units in the last place; made by python -m tests.correctness.accuracy --write"
    )
    lines = ["\t".join([call, *[_rounded(each[kind]) for kind in KINDS]]) for call, each in errors.items()]
    FILE.write_text("\n".join([comment, _HEADER, *lines, ""]))


def _rounded(error: float) -> str:
    """Return an error with two digits, rounded up."""
    if error in {0, math.inf}:
        return str(error)
    digit = 10.0 ** (math.floor(math.log10(error)) - 1)
    return f"{math.ceil(error / digit - 1e-9) * digit:.2g}"


def _step(error: float) -> str:
    return next((str(step) for step in _STEPS if error <= step), "more")


def documented(errors: Mapping[str, Errors]) -> str:
    """Return the table for the documentation: words of the same errors in one line, the most accurate first."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for call, each in errors.items():
        groups.setdefault(tuple(_step(each[kind]) for kind in KINDS), []).append(call)
    order = [*map(str, _STEPS), "more"]
    ranks = {steps: sorted((order.index(step) for step in steps), reverse=True) for steps in groups}
    lines = [
        f"| {_names(groups[steps])} | {' | '.join(steps)} |" for steps in sorted(groups, key=lambda each: ranks[each])
    ]
    return "\n".join(["| functions | value | first | second |", "| --- | --- | --- | --- |", *lines, ""])


def _names(calls: Iterable[str]) -> str:
    """Return calls without the names of arguments, which say nothing: only orders and numbers of arguments do."""
    found = []
    for call in calls:
        word, _, rest = call.partition("(")
        first = rest.rstrip(")").split(", ")[0]
        several = (word in {"zeta", "log", "hypot", "squareplus"} and "," in rest) or first.isdigit()
        found.append(f"`{call}`" if several else f"`{word}`")
    return " ".join(found)
