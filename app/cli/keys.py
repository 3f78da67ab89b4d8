"""``gradserve keys``: makes, lists and revokes the keys in a file, which a running server reads again by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app import errors
from app.cli import output

cli = typer.Typer(help="Make, list and revoke the keys of a server.", no_args_is_help=True)

_VARIABLE = "GRADSERVE_KEY_STORE"

Store = Annotated[Path | None, typer.Option(help="The file that has the keys.", envvar=_VARIABLE)]
Name = Annotated[str, typer.Argument(help="Of the key: letters, digits and . _ -, used once.")]


@cli.command()
def add(
    name: Name,
    scope: Annotated[
        list[str] | None, typer.Option(help="ask, register or metrics. Repeat for several. Default: ask.")
    ] = None,
    quota: Annotated[str, typer.Option(help='A rate of its own, as in "100/minute" or "5/second;1000/day".')] = "",
    store: Store = None,
) -> None:
    """Make a key and print its secret, which is shown only now."""
    from app.runtime import keys  # noqa: PLC0415 - loads the library of rates

    with _one_line():
        secret = keys.add(_path(store), name, scope or [keys.ASK], quota)
    typer.echo(secret)
    typer.echo(f"This is the secret of {name}, shown only now. Send it as: Authorization: Bearer SECRET", err=True)


@cli.command("list")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    store: Store = None,
) -> None:
    """Print the keys without their secrets, revoked ones too."""
    from app.runtime import keys  # noqa: PLC0415

    with _one_line():
        found = keys.load(_path(store))
    rows = [{name: each for name, each in key.dump().items() if name != "sha256"} for key in found]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    shown = [[row["name"], " ".join(row["scopes"]), row["quota"], row["created"], row["revoked"] or ""] for row in rows]
    output.table(["name", "scopes", "quota", "created", "revoked"], shown)


@cli.command()
def revoke(name: Name, store: Store = None) -> None:
    """Revoke a key for good; a running server refuses it within a second."""
    from app.runtime import keys  # noqa: PLC0415

    with _one_line():
        keys.revoke(_path(store), name)


def _path(store: Path | None) -> Path:
    if store is None:
        raise errors.Misconfigured([f"{_VARIABLE}: set it to the file that has the keys, or give --store"])
    return store


@contextmanager
def _one_line() -> Iterator[None]:
    """Report what is wrong with a key or the file as wrong usage, on one line."""
    try:
        yield
    except ValueError as error:
        raise errors.Misconfigured([str(error)]) from None
