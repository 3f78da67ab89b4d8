"""The command line: ``gradserve serve``, ``gradserve grad EXPR --at x=1.5``, ``gradserve config``."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Annotated, Any

import pydantic_core
import typer
import uvicorn

from app import __version__, compiler, engine, errors, logs, main, store
from app.protocols import lifecycle, v1, wire
from app.settings import Settings

cli = typer.Typer(
    name="gradserve",
    help="Gradients of functions written as text.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [GRADSERVE_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [GRADSERVE_PORT].")] = None,
) -> None:
    """Serve over HTTP until stopped."""
    settings = Settings()
    settings = settings.model_copy(
        update={"host": host or settings.host, "port": settings.port if port is None else port}
    )
    logs.configure(settings.log_level, settings.log_format)
    app = main.create_app(settings)
    config = uvicorn.Config(
        app,
        http=wire.protocol(app.edge),
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        proxy_headers=False,
    )
    server = lifecycle.Server(config, app, settings.drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):  # it has ended as it should, and tells the shell how
        server.run()
    if not server.started:
        raise typer.Exit(3)  # uvicorn's own for a start that failed


@cli.command()
def grad(
    expression: Annotated[str, typer.Argument(help="The function: an expression, a lambda or a def.")],
    at: Annotated[list[str], typer.Option(help="An argument and its value: x=1.5 or X=[1,2,3]. Repeat for each.")],
    argnums: Annotated[
        list[str] | None, typer.Option(help="Name or position to differentiate by; all arguments if not given.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON answer of POST /v1/grad.")] = False,
) -> None:
    """Print the value and gradient of a function at a point, without a server."""
    point = dict(_assignment(text) for text in at)
    wanted: list[int | str] = [_argnum(text) for text in argnums or point]
    if dtype not in ("float64", "float32"):
        raise typer.BadParameter(f"{dtype} is not float64 or float32", param_hint="--dtype")
    try:
        answer = asyncio.run(_answer(engine.Query("grad", expression, point, argnums=wanted, dtype=dtype)))
    except errors.GradserveError as error:
        _explain(error, expression)
        raise typer.Exit(1) from None
    if as_json:
        document = v1.BY_NAME["grad"].document(answer)
        typer.echo(pydantic_core.to_json(document, inf_nan_mode="strings").decode())
        return
    argnums_found = answer.argnums if isinstance(answer.argnums, list) else [answer.argnums]
    rows = [("value", answer.value)]
    rows += [(f"d/d{answer.args[n]}", part) for n, part in zip(argnums_found, answer.derivative, strict=True)]
    width = max(len(name) for name, _ in rows)
    for name, number in rows:
        typer.echo(f"{name:<{width}}  {number}")


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


async def _answer(query: engine.Query) -> engine.Answer:
    compiler.configure()
    settings = Settings()
    disk = store.open_store(settings.cache_directory(), settings.cache_max_bytes)
    asked = engine.Engine(engine.Options(limits=settings.engine_limits(), disk=disk))
    try:
        return await asked.answer(query)
    finally:
        await asked.close()


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


def _explain(error: errors.GradserveError, expression: str) -> None:
    """Print an error with a caret under the place it is about."""
    typer.echo(f"{error.code}: {error.detail}", err=True)
    if error.position is not None:
        typer.echo(f"  {expression.split(chr(10))[error.position.line - 1]}", err=True)
        typer.echo(f"  {' ' * (error.position.column - 1)}^", err=True)
    if error.hint is not None:
        typer.echo(f"hint: {error.hint}", err=True)


if __name__ == "__main__":
    cli()
