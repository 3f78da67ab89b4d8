"""The command line: ask for derivatives here or at a server, serve, measure, fill the cache.

Exit codes: 0 it worked, 1 the function or point is at fault, 2 wrong usage, 3 the server is not there or refuses
for now.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import pydantic
import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from typer.core import TyperGroup

from app import __version__, asking, measuring, serving
from app.settings import Settings


class _Commands(TyperGroup):
    """The commands, of which each may find that a setting is wrong."""

    def invoke(self, ctx: Any) -> Any:  # of the click that typer brings
        try:
            return super().invoke(ctx)
        except pydantic.ValidationError as error:
            wrong = [f"GRADSERVE_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
            typer.echo("\n".join(wrong), err=True)
            raise typer.Exit(_USAGE) from None


cli = typer.Typer(
    name="gradserve",
    cls=_Commands,
    help="Gradients of functions written as text.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Result = TypeVar("Result")

_FAULT, _USAGE, _ELSEWHERE = 1, 2, 3
_WIDE = 10_000
"""Columns of what is not a terminal: whoever reads it cuts it."""

Expression = Annotated[str, typer.Argument(help="The function: an expression, a lambda or a def; - reads it.")]
At = Annotated[list[str], typer.Option(help="An argument and its value: x=1.5 or X=[1,2,3]. Repeat for each.")]
Argnums = Annotated[
    list[str] | None, typer.Option(help="Name or position to differentiate by; all arguments if not given.")
]
Dtype = Annotated[str, typer.Option(help="float64 or float32.")]
Json = Annotated[bool, typer.Option("--json", help="Print the JSON answer of the service.")]
Url = Annotated[str | None, typer.Option(help="Ask this server, not this process.", envvar="GRADSERVE_URL")]
Key = Annotated[str | None, typer.Option(help="Key for the server.", envvar="GRADSERVE_KEY")]


@cli.callback(invoke_without_command=True)
def _options(
    ctx: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        typer.echo(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(_USAGE)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [GRADSERVE_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [GRADSERVE_PORT].")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share it [GRADSERVE_WORKERS].")] = None,
) -> None:
    """Serve over HTTP until stopped."""
    given = {"host": host, "port": port, "workers": workers}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    raise typer.Exit(serving.serve(settings))


@cli.command()
def grad(
    expression: Expression,
    at: At,
    argnums: Argnums = None,
    dtype: Dtype = "float64",
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print the value and gradient of a function at a point."""
    document = _question(expression, at, argnums, dtype)
    answer = _ask("/v1/grad", document, url, key, as_json=as_json)
    names = [answer["args"][n] for n in answer["argnums"]]
    rows = [("value", answer["value"])]
    rows += [(f"d/d{name}", part) for name, part in zip(names, answer["gradient"], strict=True)]
    _list(rows)


@cli.command()
def hessian(
    expression: Expression,
    at: At,
    argnums: Argnums = None,
    dtype: Dtype = "float64",
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print the value and second derivatives of a function at a point."""
    document = _question(expression, at, argnums, dtype)
    answer = _ask("/v1/hessian", document, url, key, as_json=as_json)
    names = [answer["args"][n] for n in answer["argnums"]]
    blocks = answer["hessian"]
    if any(isinstance(block, list) for row in blocks for block in row):
        pairs = [(f"d2/d{a}d{b}", blocks[i][j]) for i, a in enumerate(names) for j, b in enumerate(names)]
        _list([("value", answer["value"]), *pairs])
        return
    _list([("value", answer["value"])])
    table = _table("d2", *names)
    for name, row in zip(names, blocks, strict=True):
        table.add_row(name, *map(str, row))
    _console().print(table)


@cli.command()
def symbolic(
    expression: Expression,
    argnums: Argnums = None,
    args: Annotated[list[str] | None, typer.Option(help="Argument names in order, if not as they appear.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Write LaTeX.")] = False,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print a function and its partial derivatives as formulae."""
    function: dict[str, Any] = {"expression": _text(expression)} | ({"args": args} if args else {})

    async def derive() -> asking.Found:
        async with asking.asking(url, key, workers=True) as asker:
            by = [_argnum(text) for text in argnums or []]
            if not by:
                by = list((await asker.ask("/v1/functions", function)).document["args"])
            return await asker.ask("/v1/symbolic", function | {"argnums": by})

    answer = _answer(_run(derive(), function["expression"]), as_json=as_json)
    form = "latex" if latex else "text"
    partials = [(f"df/d{part['arg']}{part['index'] or ''}", part[form]) for part in answer["partials"]]
    _list([("f", answer["function"][form]), *partials])


@cli.command()
def bench(
    expression: Expression,
    at: At,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to ask.")] = 3.0,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Measure how long the gradient of a function takes, one request after the other."""
    document = _question(expression, at, None, "float64")

    async def measure() -> measuring.Timings:
        async with asking.asking(url, key, workers=True) as asker:
            with _progress() as progress:
                task = progress.add_task("asking", total=seconds)
                return await measuring.measure(
                    asker, document, seconds, lambda passed: progress.update(task, completed=passed)
                )

    timings = _run(measure(), document["expression"])
    rows = timings.rows()
    first = round(timings.first * 1e6, 1)
    if as_json:
        typer.echo(json.dumps({"first_us": first, "tiers": rows}))
        return
    _list([("first answer", f"{first} us")])
    _show(rows)


@cli.command()
def warm(
    file: Annotated[typer.FileText, typer.Argument(help="A function or a /v1/grad request a line; - reads them.")],
    seconds: Annotated[float, typer.Option(min=0.1, help="At most so long for each.")] = 60.0,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Have functions compiled before somebody asks: into this machine's cache, or at a server."""
    lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]

    async def warm_all() -> list[dict[str, Any]]:
        async with asking.asking(url, key, workers=True) as asker:
            with _progress() as progress:
                return [await _warm(asker, line, seconds) for line in progress.track(lines, description="compiling")]

    rows = _run(warm_all())
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        _show(rows)
    if any(row["outcome"] != "compiled" for row in rows):
        raise typer.Exit(_FAULT)


@cli.command()
def config() -> None:
    """Print the configuration in force, as environment variables."""
    settings = Settings()
    for name, field in Settings.model_fields.items():
        typer.echo(f"GRADSERVE_{name.upper()}={getattr(settings, name)}  # {field.description}")


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


async def _warm(asker: asking.Asker, line: str, seconds: float) -> dict[str, Any]:
    """Return what became of a line."""
    try:
        document = json.loads(line) if line.startswith("{") else await _ones(asker, line)
        found = await measuring.warm(asker, document, seconds)
    except ValueError:
        return {"function": line[:80], "outcome": "not JSON"}
    except asking.Refused as refused:
        return {"function": line[:80], "outcome": refused.document["code"]}
    return {"function": found.document["function_id"], "outcome": found.tier}


async def _ones(asker: asking.Asker, expression: str) -> dict[str, Any]:
    """Return a request for a function of numbers, at ones: where does not matter to a compiler."""
    described = await asker.ask("/v1/functions", {"expression": expression})
    return {"expression": expression, "point": [1.0] * len(described.document["args"])}


def _question(expression: str, at: list[str], argnums: list[str] | None, dtype: str) -> dict[str, Any]:
    """Return the document of a request."""
    if dtype not in ("float64", "float32"):
        raise typer.BadParameter(f"{dtype} is not float64 or float32", param_hint="--dtype")
    point: dict[str, Any] = {}
    for name, value in map(_assignment, at):
        if name in point:
            raise typer.BadParameter(f"{name} is given twice", param_hint="--at")
        point[name] = value
    by = [_argnum(text) for text in argnums or point]
    return {"expression": _text(expression), "point": point, "argnums": by, "dtype": dtype}


def _text(expression: str) -> str:
    return sys.stdin.read() if expression == "-" else expression


def _argnum(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    try:
        number = json.loads(value)
    except ValueError:
        number = None
    if not equals or not isinstance(number, int | float | list):
        raise typer.BadParameter(f"{text} is not NAME=NUMBER or NAME=[NUMBERS]", param_hint="--at")
    return name.strip(), number


def _ask(path: str, document: dict[str, Any], url: str | None, key: str | None, *, as_json: bool) -> dict[str, Any]:
    """Return the answer to a document."""

    async def ask() -> asking.Found:
        async with asking.asking(url, key) as asker:
            return await asker.ask(path, document)

    return _answer(_run(ask(), document["expression"]), as_json=as_json)


def _answer(found: asking.Found, *, as_json: bool) -> dict[str, Any]:
    """Return what was found, decoded; if JSON is wanted, print it and be done."""
    if as_json:
        typer.echo(found.content.decode())
        raise typer.Exit
    return found.document


def _run(work: Coroutine[Any, Any, Result], expression: str = "") -> Result:
    """Run something that asks, and end the command with an explanation if it is refused."""
    try:
        return asyncio.run(work)
    except asking.Refused as refused:
        _explain(refused.document, expression)
        ours = 400 <= refused.document["status"] < 500 and refused.document["status"] not in (401, 429)
        raise typer.Exit(_FAULT if ours else _ELSEWHERE) from None
    except asking.BadAddress as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None


def _explain(problem: dict[str, Any], expression: str) -> None:
    """Print an error with a caret under the place it is about."""
    typer.echo(f"{problem['code']}: {problem['detail']}", err=True)
    position = problem.get("position")
    if position is not None:
        typer.echo(f"  {expression.split(chr(10))[position['line'] - 1]}", err=True)
        typer.echo(f"  {' ' * (position['column'] - 1)}^", err=True)
    if problem.get("hint"):
        typer.echo(f"hint: {problem['hint']}", err=True)


def _list(rows: list[tuple[str, Any]]) -> None:
    """Print names and what they are, aligned."""
    width = max(len(name) for name, _ in rows)
    for name, what in rows:
        typer.echo(f"{name:<{width}}  {what}")


def _show(rows: list[dict[str, Any]]) -> None:
    """Print a table of rows that have the same columns."""
    if not rows:
        return
    table = _table(*(name.replace("_", " ") for name in rows[0]))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    _console().print(table)


def _table(*columns: str) -> Table:
    """Return an empty table, drawn with lines where a person reads it."""
    return Table(*columns, box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_WIDE)


def _progress() -> Progress:
    """Return a progress bar, on the terminal's error stream alone."""
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


if __name__ == "__main__":
    cli()
