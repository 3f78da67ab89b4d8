"""The command ``code``: a function and its gradient as a source file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from app.cli import client, output


def write(
    given: dict[str, Any],
    shapes: list[list[int]] | None,
    file: Path | None,
    *,
    as_json: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Ask for a file, and print it or write it to ``file``."""
    document = {name: each for name, each in (given | {"shapes": shapes}).items() if each is not None}

    async def post() -> Any:
        async with client.connect(url, key, workers=True) as service:
            return await service.post("/v1/code", document)

    answer = output.answer_of(output.run(post(), given["expression"]), as_json=as_json)
    if file is None:
        typer.echo(answer["source"], nl=False)
    else:
        file.write_text(answer["source"], encoding="utf-8")


def shapes(texts: list[str] | None) -> list[list[int]] | None:
    """Return shapes as a request has them: ``3`` and ``2x3``, and ``()`` of a number."""
    try:
        return [[int(size) for size in text.split("x")] if text != "()" else [] for text in texts] if texts else None
    except ValueError:
        raise typer.BadParameter("a shape is written 3 or 2x3, that of a number ()", param_hint="--shape") from None
