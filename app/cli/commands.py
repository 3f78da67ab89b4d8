"""The command line: derivatives of a function, here or at a server; serving, measuring, filling the cache.

Exit codes: 0 success, 1 the function or point is at fault, 2 wrong usage, 3 the server cannot be reached or refuses
for now.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, TypeVar

import httpx
import pydantic
import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from typer.core import TyperGroup

from app import __version__
from app.cli import bench, client


class _Commands(TyperGroup):
    """Commands that report wrong settings as wrong usage."""

    def invoke(self, ctx: Any) -> Any:  # a context of the click that typer brings
        try:
            return super().invoke(ctx)
        except pydantic.ValidationError as error:
            wrong = [f"GRADSERVE_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
            typer.echo("\n".join(wrong), err=True)
            raise typer.Exit(_USAGE) from None


cli = typer.Typer(
    name="gradserve", cls=_Commands, help="Gradients of functions written as text.", pretty_exceptions_enable=False
)

Result = TypeVar("Result")
Answer = dict[str, Any]

_FAULT, _USAGE, _ELSEWHERE = 1, 2, 3
_WIDE = 10_000  # columns of an output that is not a terminal
Expression = Annotated[
    str, typer.Argument(help="The function: an expression, a lambda, a def or several statements; - reads it.")
]
At = Annotated[list[str], typer.Option(help="An argument and its value: x=1.5 or X=[1,2,3]. Repeat for each.")]
Argnums = Annotated[
    list[str] | None, typer.Option(help="Name or position to differentiate by; all arguments if not given.")
]
Dtype = Annotated[str, typer.Option(help="float64 or float32.")]
Named = Annotated[
    str | None, typer.Option("--function", help="Name of the function, if the text has several; else the last one.")
]
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
        typer.echo(ctx.get_help(), nl=False)
        raise typer.Exit(_USAGE)


@cli.command("serve")
def run_server(
    host: Annotated[str | None, typer.Option(help="Address to listen on [GRADSERVE_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [GRADSERVE_PORT].")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share it [GRADSERVE_WORKERS].")] = None,
) -> None:
    """Serve over HTTP until stopped."""
    from app.cli import serve  # noqa: PLC0415 - loads JAX
    from app.settings import Settings  # noqa: PLC0415

    given = {"host": host, "port": port, "workers": workers}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    raise typer.Exit(serve.serve(settings))


def _gradient(answer: Answer) -> None:
    names = (f"d/d{name}" for name in _differentiated(answer))
    _list([("value", answer["value"]), *zip(names, answer["gradient"], strict=True)])


def _hessian(answer: Answer) -> None:
    """Print a value and its Hessian: a table for scalar arguments, else one line for each block."""
    names, blocks = _differentiated(answer), answer["hessian"]
    if any(isinstance(block, list) for row in blocks for block in row):
        pairs = [(f"d2/d{a}d{b}", blocks[i][j]) for i, a in enumerate(names) for j, b in enumerate(names)]
        _list([("value", answer["value"]), *pairs])
        return
    _list([("value", answer["value"])])
    _table(["d2", *names], [[name, *row] for name, row in zip(names, blocks, strict=True)])


def _differentiated(answer: Answer) -> list[str]:
    return [answer["args"][n] for n in answer["argnums"]]


_DERIVATIVES: list[tuple[str, Callable[[Answer], None], str]] = [
    ("grad", _gradient, "Print the value and gradient of a function at a point."),
    ("hessian", _hessian, "Print the value and second derivatives of a function at a point."),
]
"""Commands that request /v1/NAME: name, what prints the answer, help."""


def _derivative(transform: str, show: Callable[[Answer], None]) -> Callable[..., None]:
    """Return the command of a transform."""

    def command(  # noqa: PLR0913, PLR0917 - options
        expression: Expression,
        at: At,
        argnums: Argnums = None,
        dtype: Dtype = "float64",
        function: Named = None,
        as_json: Json = False,
        url: Url = None,
        key: Key = None,
    ) -> None:
        document = _request(expression, at, argnums, dtype, function)

        async def post() -> httpx.Response:
            async with client.connect(url, key) as service:
                return await service.post(f"/v1/{transform}", document)

        show(_answer(_run(post(), document["expression"]), as_json=as_json))

    return command


for _name, _show_answer, _help in _DERIVATIVES:
    cli.command(_name, help=_help)(_derivative(_name, _show_answer))


@cli.command()
def symbolic(  # noqa: PLR0913, PLR0917 - options
    expression: Expression,
    argnums: Argnums = None,
    args: Annotated[list[str] | None, typer.Option(help="Argument names in order, if not as they appear.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Write LaTeX.")] = False,
    function: Named = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print a function and its partial derivatives as formulae."""
    given: dict[str, Any] = {"expression": _text(expression)} | ({"args": args} if args else {})
    given |= {"function": function} if function else {}

    async def post() -> httpx.Response:
        async with client.connect(url, key, workers=True) as service:
            by = [_argnum(text) for text in argnums or []]
            if not by:
                by = list((await service.post("/v1/functions", given)).json()["args"])
            return await service.post("/v1/symbolic", given | {"argnums": by})

    answer = _answer(_run(post(), given["expression"]), as_json=as_json)
    form = "latex" if latex else "text"
    partials = [(f"df/d{part['arg']}{part['index'] or ''}", part[form]) for part in answer["partials"]]
    _list([("f", answer["function"][form]), *partials])


@cli.command("bench")
def measure_gradient(
    expression: Expression,
    at: At,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to measure.")] = 3.0,
    function: Named = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Measure how long the gradient of a function takes, one request after the other."""
    document = _request(expression, at, None, "float64", function)

    async def measure() -> bench.Timings:
        async with client.connect(url, key, workers=True) as service:
            with _progress() as progress:
                task = progress.add_task("measuring", total=seconds)
                return await bench.measure(
                    service, document, seconds, lambda passed: progress.update(task, completed=passed)
                )

    timings = _run(measure(), document["expression"])
    rows, first = timings.rows(), round(timings.first * 1e6, 1)
    if as_json:
        typer.echo(json.dumps({"first_us": first, "tiers": rows}))
    else:
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
    """Compile functions in advance: into this machine's cache, or at a server."""
    lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]

    async def warm_all() -> list[dict[str, Any]]:
        async with client.connect(url, key, workers=True) as service:
            with _progress() as progress:
                return [await _warm(service, line, seconds) for line in progress.track(lines, description="compiling")]

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
    from app.settings import Settings  # noqa: PLC0415 - loads JAX

    settings = Settings()
    for name, field in Settings.model_fields.items():
        typer.echo(f"GRADSERVE_{name.upper()}={getattr(settings, name)}  # {field.description}")


async def _warm(service: client.Client, line: str, seconds: float) -> dict[str, Any]:
    """Have the function of a line compiled; return its row of the output."""
    try:
        document = json.loads(line) if line.startswith("{") else await _at_ones(service, line)
        response = await bench.warm(service, document, seconds)
    except ValueError:
        return {"function": line[:80], "outcome": "not JSON"}
    except client.ProblemResponse as refused:
        return {"function": line[:80], "outcome": refused.document["code"]}
    return {"function": response.json()["function_id"], "outcome": client.tier(response)}


async def _at_ones(service: client.Client, expression: str) -> dict[str, Any]:
    """Return a request for a function of numbers with all arguments 1: the compiled code is the same at every point."""
    registered = await service.post("/v1/functions", {"expression": expression})
    return {"expression": expression, "point": [1.0] * len(registered.json()["args"])}


def _request(
    expression: str, at: list[str], argnums: list[str] | None, dtype: str, function: str | None
) -> dict[str, Any]:
    if dtype not in ("float64", "float32"):
        raise typer.BadParameter(f"{dtype} is not float64 or float32", param_hint="--dtype")
    point: dict[str, Any] = {}
    for name, value in map(_assignment, at):
        if name in point:
            raise typer.BadParameter(f"{name} is given twice", param_hint="--at")
        point[name] = value
    by = [_argnum(text) for text in argnums or point]
    named = {"function": function} if function else {}
    return {"expression": _text(expression), "point": point, "argnums": by, "dtype": dtype} | named


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


def _answer(response: httpx.Response, *, as_json: bool) -> Answer:
    """Return the answer; with --json, print it instead and exit."""
    if as_json:
        typer.echo(response.text)
        raise typer.Exit
    answer: Answer = response.json()
    return answer


def _run(work: Coroutine[Any, Any, Result], expression: str = "") -> Result:
    """Run requests; if one is refused, print the error and exit."""
    try:
        return asyncio.run(work)
    except client.ProblemResponse as refused:
        _explain(refused.document, expression)
        status = refused.document["status"]
        at_fault = 400 <= status < 500 and status not in (401, 429)
        raise typer.Exit(_FAULT if at_fault else _ELSEWHERE) from None
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


def _list(rows: list[tuple[str, Any]]) -> None:
    """Print names and values in two aligned columns."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        typer.echo(f"{name:<{width}}  {value}")


def _show(rows: list[dict[str, Any]]) -> None:
    """Print rows with the same columns as a table."""
    if rows:
        _table([name.replace("_", " ") for name in rows[0]], [row.values() for row in rows])


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table, with lines on a terminal and without them elsewhere."""
    on_terminal = sys.stdout.isatty()
    table = Table(*columns, box=box.SIMPLE_HEAD if on_terminal else None, pad_edge=False)
    for row in rows:
        table.add_row(*map(str, row))
    Console(width=None if on_terminal else _WIDE).print(table)


def _progress() -> Progress:
    """Return a progress bar on stderr, shown only on a terminal."""
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


if __name__ == "__main__":
    cli()
