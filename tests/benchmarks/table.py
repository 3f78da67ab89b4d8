"""The results of the benchmark as a table and as a JSON document."""

from __future__ import annotations

import dataclasses
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.benchmarks import expressions


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio must reach, in one or more steps.

    Attributes:
        steps: the bound for the ratio, or for the figure if there is no ratio, at each step.
        at_most: whether less is better.
        unit: what the bounds are in; a ratio's "x" if not given.
    """

    steps: tuple[float, ...]
    at_most: bool = False
    unit: str = "x"

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        return f"{sign} " + ", then ".join(f"{step:g}{self.unit}" for step in self.steps)

    def met(self, found: float) -> int:
        """Return how many steps are reached."""
        return sum(found <= step if self.at_most else found >= step for step in self.steps)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        who: the server that was measured.
        figure: the result, in ``unit``.
        unit: "/s", "ms", "us", "s" or "MB".
        against: the server it is compared with.
        reference: the result of that server, in the same unit.
        ratio: the comparison, as ``goal`` has it.
        goal: from the design.
        spread: the least and the greatest of the rounds' ratios.
    """

    what: str
    who: str
    figure: float
    unit: str
    against: str = ""
    reference: float | None = None
    ratio: float | None = None
    goal: Goal | None = None
    spread: tuple[float, float] | None = None

    @property
    def met(self) -> str:
        """How many of the goal's steps are reached, as "1/2"; nothing without a goal."""
        if self.goal is None:
            return ""
        return f"{self.goal.met(self.figure if self.ratio is None else self.ratio)}/{len(self.goal.steps)}"

    def cells(self) -> tuple[str, ...]:
        """Return the line as text."""
        reference = "" if self.reference is None else f"{_number(self.reference)} {self.unit}"
        ratio = "" if self.ratio is None else f"{_number(self.ratio)}x"
        spread = "" if self.spread is None else f"{_number(self.spread[0])} to {_number(self.spread[1])}"
        goal = "" if self.goal is None else str(self.goal)
        return (
            self.what,
            self.who,
            f"{_number(self.figure)} {self.unit}",
            self.against,
            reference,
            ratio,
            spread,
            goal,
            self.met,
        )


@dataclass(slots=True)
class Run:
    """A run of the benchmark: the input of every section, and its results.

    Attributes:
        rounds: how often everything takes its turn.
        peers: the Python of the peers' environment.
        slow: whether to measure what takes minutes too.
        source: functions nobody has seen.
        rows: lines of the table.
        samples: what each line was made of: one figure a round, or one a request.
        notes: what the reader of the table must know.
    """

    rounds: int
    peers: Path
    slow: bool
    source: expressions.Source
    rows: list[Row] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, *rows: Row) -> None:
        """Add lines to the table."""
        self.rows.extend(rows)

    def keep(self, name: str, values: Sequence[float]) -> None:
        """Keep the raw measurements behind a figure."""
        self.samples[name] = list(values)

    def document(self, **more: Any) -> dict[str, Any]:
        """Return everything as a JSON document."""
        rows = [
            dataclasses.asdict(row) | {"goal": str(row.goal) if row.goal else None, "met": row.met} for row in self.rows
        ]
        return {
            "machine": machine(),
            "versions": versions(),
            "settings": {name: text for name, text in os.environ.items() if name.startswith("GRADSERVE_")},
            "rounds": self.rounds,
            "seed": self.source.seed,
            **more,
            "notes": self.notes,
            "rows": rows,
            "samples": self.samples,
        }


def ratios(figures: Sequence[float], references: Sequence[float]) -> list[float]:
    """Return the ratios within each round, whose median counts: a slow moment slows both figures and cancels."""
    return [figure / reference for figure, reference in zip(figures, references, strict=True)]


def compare(
    what: str,
    who: str,
    figures: Sequence[float],
    unit: str,
    against: str,
    references: Sequence[float],
    goal: Goal | None = None,
    *,
    faster: bool = False,
) -> Row:
    """Return the row that compares two lists of one figure per round; the ratio is inverted if less is faster."""
    found = ratios(references, figures) if faster else ratios(figures, references)
    middle, spread = statistics.median(found), (min(found), max(found))
    return Row(
        what, who, statistics.median(figures), unit, against, statistics.median(references), middle, goal, spread
    )


def heading(run: Run, load_before: Sequence[float]) -> str:
    """Return the heading: what was measured, on which machine, and its load."""
    found = machine()
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    return (
        f"{found['processor']}, {found['cores']} cores; load average {load_before[0]:.1f} before, "
        f"{found['load_average'][0]:.1f} after\nPython {found['python']}, {packages}\n{run.rounds} rounds, medians; "
        "a ratio is the median of the rounds' ratios. Machines are shared: read the ratios."
    )


def render(rows: Sequence[Row]) -> str:
    """Return the table."""
    head = ("", "who", "figure", "against", "its figure", "ratio", "of rounds", "goal", "met")
    lines = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    # What is said once is not said again in the next line.
    lines = [line if line[0] != before[0] else ("", *line[1:]) for before, line in pairwise([head, *lines])]
    right = {2, 4, 5, 6}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def machine() -> dict[str, Any]:
    """Return the machine that ran the benchmark."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": list(os.getloadavg()),
    }


def versions() -> dict[str, str]:
    """Return the versions that gradserve ran on."""
    names = ("gradserve", "jax", "jaxlib", "numpy", "sympy", "fastapi", "pydantic", "uvicorn", "uvloop", "httptools")
    return {name: metadata.version(name) for name in names}


def _number(value: float) -> str:
    """Return three significant digits, without an exponent."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.5f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
