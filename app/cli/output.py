"""What commands print: answers as lists and tables, errors with their place, progress.

Rich is imported when it prints: a start of the service does without it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from app.cli import client

if TYPE_CHECKING:
    import httpx
    from rich.progress import Progress

Result = TypeVar("Result")
Answer = dict[str, Any]

FAULT, USAGE, ELSEWHERE = 1, 2, 3
"""Exit codes: the function or point is at fault, wrong usage, the server cannot be reached or refuses for now."""
_WIDE = 10_000  # columns of an output that is not a terminal


def answer_of(response: httpx.Response, *, as_json: bool) -> Answer:
    """Return the answer; with --json, print it instead and exit."""
    if as_json:
        typer.echo(response.text)
        raise typer.Exit
    answer: Answer = response.json()
    return answer


def run(work: Coroutine[Any, Any, Result], expression: str = "") -> Result:
    """Run requests; if one is refused, print the error and exit."""
    try:
        return asyncio.run(work)
    except client.ProblemResponse as refused:
        _explain(refused.document, expression)
        status = refused.document["status"]
        at_fault = 400 <= status < 500 and status not in (401, 403, 429)
        raise typer.Exit(FAULT if at_fault else ELSEWHERE) from None
    except client.BadAddress as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None


def _explain(problem: dict[str, Any], expression: str) -> None:
    """Print an error, with a caret under its position in the expression."""
    typer.echo(f"{problem['code']}: {problem['detail']}", err=True)
    position = problem.get("position")
    if position is not None:
        typer.echo(f"  {expression.split(chr(10))[position['line'] - 1]}", err=True)
        typer.echo(f"  {' ' * (position['column'] - 1)}^", err=True)
    if problem.get("hint"):
        typer.echo(f"hint: {problem['hint']}", err=True)


def listing(rows: list[tuple[str, Any]]) -> None:
    """Print names and values in two aligned columns."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        typer.echo(f"{name:<{width}}  {value}")


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows with the same columns as a table."""
    if rows:
        table([name.replace("_", " ") for name in rows[0]], [row.values() for row in rows])


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table, with lines on a terminal and without them elsewhere."""
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    on_terminal = sys.stdout.isatty()
    made = Table(*columns, box=box.SIMPLE_HEAD if on_terminal else None, pad_edge=False)
    for row in rows:
        made.add_row(*map(str, row))
    Console(width=None if on_terminal else _WIDE).print(made)


def progress() -> Progress:
    """Return a progress bar on stderr, shown only on a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
