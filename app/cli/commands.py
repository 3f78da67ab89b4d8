"""The command line: derivatives of a function, here or at a server; serving, keys, measuring, filling the cache.

Exit codes: 0 success, 1 the function or point is at fault, 2 wrong usage, 3 the server cannot be reached or refuses
for now.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from app import __version__, errors
from app.cli import assignments, bench, client, code, fit, keys, mcp, output, tables

if TYPE_CHECKING:
    import httpx


class _Commands(TyperGroup):
    """Commands that report wrong settings, and input that is no text, as wrong usage."""

    def invoke(self, ctx: Any) -> Any:  # a context of the click that typer brings
        try:
            return super().invoke(ctx)
        except errors.Misconfigured as error:
            wrong = str(error)
        except UnicodeError:
            wrong = "the input is not UTF-8"
        typer.echo(wrong, err=True)
        raise typer.Exit(output.USAGE)


cli = typer.Typer(
    name="gradserve", cls=_Commands, help="Gradients of functions written as text.", pretty_exceptions_enable=False
)

Answer = output.Answer

Expression = Annotated[
    str, typer.Argument(help="The function: an expression, a lambda, a def or several statements; - reads it.")
]
At = Annotated[
    list[str] | None,
    typer.Option(help='An argument and its value: x=1.5, X=[1,2,3] or X={"data": ID}. Repeat for each.'),
]
Data = Annotated[
    list[str] | None,
    typer.Option(help="An argument and the file it stands in: X=x.npy, X=x.json, X=rows.csv or x=table.csv:COLUMN."),
]
Argnums = Annotated[
    list[str] | None, typer.Option(help="Name or position to differentiate by; all of --at if not given.")
]
Args = Annotated[list[str] | None, typer.Option(help="Argument names in order, if not as they appear.")]
Dtype = Annotated[str, typer.Option(help="float64 or float32.")]
Named = Annotated[
    str | None, typer.Option("--function", help="Name of the function, if the text has several; else the last one.")
]
Notation = Annotated[str, typer.Option("--format", help="Notation of the function: text or latex.")]
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
        raise typer.Exit(output.USAGE)


@cli.command("serve")
def run_server(
    host: Annotated[str | None, typer.Option(help="Address to listen on [GRADSERVE_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [GRADSERVE_PORT].")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share it [GRADSERVE_WORKERS].")] = None,
    uds: Annotated[str | None, typer.Option(help="Unix socket to listen on instead [GRADSERVE_UDS].")] = None,
    tls_cert_file: Annotated[str | None, typer.Option(help="Certificate for HTTPS [GRADSERVE_TLS_CERT_FILE].")] = None,
    tls_key_file: Annotated[str | None, typer.Option(help="Key of the certificate [GRADSERVE_TLS_KEY_FILE].")] = None,
) -> None:
    """Serve over HTTP or HTTPS until stopped."""
    gc.disable()  # nearly all of 400,000 new objects stay; ``application`` enables it when it has started
    from app.cli.serving import serve  # noqa: PLC0415 - loads JAX
    from app.environment import read  # noqa: PLC0415

    tls = {"tls_cert_file": tls_cert_file, "tls_key_file": tls_key_file}
    given = {"host": host, "port": port, "workers": workers, "uds": uds, **tls}
    settings = read(**{name: value for name, value in given.items() if value is not None})
    settings.check_cache()
    settings.certificate()
    raise typer.Exit(serve.serve(settings))


@cli.command("mcp")
def serve_agents(url: Url = None, key: Key = None) -> None:
    """Serve agents over the standard input and output, by the Model Context Protocol."""
    mcp.serve(url, key)


def _gradient(answer: Answer) -> None:
    names = (f"d/d{name}" for name in _differentiated(answer))
    output.listing([("value", answer["value"]), *zip(names, answer["gradient"], strict=True)])


def _hessian(answer: Answer) -> None:
    """Print a value and its Hessian: a table for scalar arguments, else one line for each block."""
    names, blocks = _differentiated(answer), answer["hessian"]
    if any(isinstance(block, list) for row in blocks for block in row):
        pairs = [(f"d2/d{a}d{b}", blocks[i][j]) for i, a in enumerate(names) for j, b in enumerate(names)]
        output.listing([("value", answer["value"]), *pairs])
        return
    output.listing([("value", answer["value"])])
    output.table(["d2", *names], [[name, *row] for name, row in zip(names, blocks, strict=True)])


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
        at: At = None,
        data: Data = None,
        argnums: Argnums = None,
        dtype: Dtype = "float64",
        function: Named = None,
        notation: Notation = "text",
        as_json: Json = False,
        url: Url = None,
        key: Key = None,
    ) -> None:
        document = assignments.request(expression, at, data, argnums, dtype, function, notation)

        async def post() -> httpx.Response:
            async with client.connect(url, key) as service:
                return await service.post(f"/v1/{transform}", document)

        show(output.answer_of(output.run(post(), document["expression"]), as_json=as_json))

    return command


for _name, _show_answer, _help in _DERIVATIVES:
    cli.command(_name, help=_help)(_derivative(_name, _show_answer))


@cli.command()
def taylor(  # noqa: PLR0913, PLR0917 - options
    expression: Expression,
    at: At = None,
    data: Data = None,
    order: Annotated[int | None, typer.Option(help="The greatest order along the direction, 0 to 20.")] = None,
    direction: Annotated[
        list[str] | None, typer.Option(help="x=1 or X=[1,0]; what is left out stands still. Needless for one number.")
    ] = None,
    orders: Annotated[list[str] | None, typer.Option(help="x=2: instead, a mixed derivative of these orders.")] = None,
    dtype: Dtype = "float64",
    function: Named = None,
    notation: Notation = "text",
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print the value and derivatives of high order of a function at a point."""
    document = assignments.request(expression, at, data, None, dtype, function, notation)
    del document["argnums"]
    by_name = {"direction": direction, "orders": orders}
    given = {"order": order} | {name: assignments.numbers(each, f"--{name}") or None for name, each in by_name.items()}
    document |= {name: each for name, each in given.items() if each is not None}

    async def post() -> httpx.Response:
        async with client.connect(url, key) as service:
            return await service.post("/v1/taylor", document)

    answer = output.answer_of(output.run(post(), document["expression"]), as_json=as_json)
    if "derivative" in answer:
        output.listing([("value", answer["value"]), ("derivative", answer["derivative"])])
    else:
        output.listing([(f"order {n}", each) for n, each in enumerate(answer["derivatives"])])


@cli.command()
def symbolic(  # noqa: PLR0913, PLR0917 - options
    expression: Expression,
    argnums: Argnums = None,
    args: Args = None,
    latex: Annotated[bool, typer.Option("--latex", help="Write LaTeX.")] = False,
    function: Named = None,
    notation: Notation = "text",
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print a function and its partial derivatives as formulae."""
    given: dict[str, Any] = {"expression": assignments.text(expression)} | ({"args": args} if args else {})
    given |= assignments.reading(function, notation)

    async def post() -> httpx.Response:
        async with client.connect(url, key, workers=True) as service:
            by = [assignments.argnum(text) for text in argnums or []]
            if not by:
                by = list((await service.post("/v1/functions", given)).json()["args"])
            return await service.post("/v1/symbolic", given | {"argnums": by})

    answer = output.answer_of(output.run(post(), given["expression"]), as_json=as_json)
    form = "latex" if latex else "text"
    partials = [(f"df/d{part['arg']}{part['index'] or ''}", part[form]) for part in answer["partials"]]
    output.listing([("f", answer["function"][form]), *partials])


@cli.command("code")
def write_code(  # noqa: PLR0913, PLR0917 - options
    expression: Expression,
    language: Annotated[str, typer.Option(help="c, python, numpy, jax, javascript, julia, r, matlab, ...")] = "python",
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file, not to the screen.")] = None,
    argnums: Argnums = None,
    args: Args = None,
    shape: Annotated[list[str] | None, typer.Option(help="3, 2x3 or (), one for each argument in order.")] = None,
    hvp: Annotated[bool, typer.Option("--hvp", help="Write Hessian-vector products, too.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the function in the file.")] = None,
    function: Named = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Print a function and its gradient as a source file that needs nothing else."""
    by = [assignments.argnum(text) for text in argnums or []] or None
    given = {"expression": assignments.text(expression), "language": language, "argnums": by, "args": args, "hvp": hvp}
    code.write(
        given | {"function": function, "name": name}, code.shapes(shape), file, as_json=as_json, url=url, key=key
    )


@cli.command("bench")
def measure_gradient(  # noqa: PLR0913, PLR0917 - options
    expression: Expression,
    at: At = None,
    data: Data = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to measure.")] = 3.0,
    function: Named = None,
    notation: Notation = "text",
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Measure how long the gradient of a function takes, one request after the other."""
    document = assignments.request(expression, at, data, None, "float64", function, notation)

    async def measure() -> bench.Timings:
        async with client.connect(url, key, workers=True) as service:
            with output.progress() as progress:
                task = progress.add_task("measuring", total=seconds)
                return await bench.measure(
                    service, document, seconds, lambda passed: progress.update(task, completed=passed)
                )

    timings = output.run(measure(), document["expression"])
    rows, first = timings.rows(), round(timings.first * 1e6, 1)
    if as_json:
        typer.echo(json.dumps({"first_us": first, "tiers": rows}))
    else:
        output.listing([("first answer", f"{first} us")])
        output.show(rows)


@cli.command()
def warm(
    file: Annotated[
        typer.FileText, typer.Argument(encoding="utf-8", help="A function or a /v1/grad request a line; - reads them.")
    ],
    seconds: Annotated[float, typer.Option(min=0.1, help="At most so long for each.")] = 60.0,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Compile functions in advance: into this machine's cache, or at a server."""
    lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]

    async def warm_all() -> list[dict[str, Any]]:
        async with client.connect(url, key, workers=True) as service:
            with output.progress() as progress:
                return [await _warm(service, line, seconds) for line in progress.track(lines, description="compiling")]

    rows = output.run(warm_all())
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        output.show(rows)
    if any(row["outcome"] != "compiled" for row in rows):
        raise typer.Exit(output.FAULT)


@cli.command("fit")
def fit_curve(  # noqa: PLR0913, PLR0917 - options
    data: Annotated[
        typer.FileText, typer.Argument(encoding="utf-8", help="A table with names in its first line: CSV; - reads it.")
    ],
    model: Annotated[str, typer.Argument(help="Of parameters and columns, as in a*exp(-b*t) + c.")],
    x: Annotated[list[str], typer.Option(help="A column that the model uses. Repeat for each.")],
    y: Annotated[str, typer.Option(help="The column that the model should give.")],
    sigma: Annotated[str, typer.Option(help="A column with the standard deviations of y.")] = "",
    start: Annotated[list[str] | None, typer.Option(help="Where a parameter starts: a=2. Default: 1.")] = None,
    bound: Annotated[list[str] | None, typer.Option(help="Bounds of a parameter: a=0:10, a=0: or a=:10.")] = None,
    method: Annotated[str | None, typer.Option(help="trf, dogbox or lm.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw data, curve and residuals to this file.")] = None,
    notation: Notation = "text",
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Fit the parameters of a model to a table of data, by least squares."""
    if plot is not None:
        fit.check_plot(plot)
    starts = assignments.assigned(start, "--start", float, "NAME=NUMBER")
    bounds = assignments.assigned(bound, "--bound", assignments.bounds, "NAME=LEAST:MOST")
    reading = assignments.reading(None, notation)
    columns = tables.columns(data.read(), [*x, y, *([sigma] if sigma else [])])

    async def answer() -> tuple[Answer, fit.Fitting]:
        # Formulae are derived in a worker process.
        async with client.connect(url, key, workers=bool(reading)) as service:
            text = await fit.as_text(service, model, reading)
            fitting = fit.Fitting(text, x, y, sigma, starts, bounds, method)
            with output.progress() as progress:
                found = await fit.run(service, fitting, columns, progress)
            if plot is not None:
                await fit.plot(service, fitting, columns, found, plot)
            return found, fitting

    found, fitting = output.run(answer(), model)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        fit.show(found, fitting, columns)
    if not found["converged"]:
        raise typer.Exit(output.FAULT)


@cli.command()
def config() -> None:
    """Print the configuration in force, as environment variables; keys and passwords are hidden."""
    from app.environment import read  # noqa: PLC0415 - loads JAX
    from app.settings import Settings  # noqa: PLC0415

    for (variable, value), field in zip(read().shown().items(), Settings.model_fields.values(), strict=True):
        typer.echo(f"{variable}={value}  # {field.description}")


cli.add_typer(keys.cli, name="keys")


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


if __name__ == "__main__":
    cli()
