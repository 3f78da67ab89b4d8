"""NAME=VALUE of options: numbers, bounds, data that stay at the service, and arrays in files."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import typer

from app.cli import tables

Result = TypeVar("Result")


def assigned(given: list[str] | None, option: str, read: Callable[[str], Result], form: str) -> dict[str, Result]:
    """Return the values of an option by name; ``read`` raises ValueError where a value is not of the form."""
    found: dict[str, Result] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if name.strip() in found:
            raise typer.BadParameter(f"{name.strip()} is given twice", param_hint=option)
        try:
            if not equals:
                raise ValueError
            found[name.strip()] = read(value)
        except ValueError:
            raise typer.BadParameter(f"{text} is not {form}", param_hint=option) from None
        except typer.BadParameter as error:
            raise typer.BadParameter(f"{text}: {error.message}", param_hint=option) from None
    return found


def numbers(given: list[str] | None, option: str) -> dict[str, Any]:
    """Return numbers, nested lists, or data that stay at the service, by name."""
    return assigned(given, option, _entry, 'NAME=NUMBER, NAME=[NUMBERS] or NAME={"data": ID}')


def arrays(given: list[str] | None, option: str) -> dict[str, Any]:
    """Return the arrays of files by name."""
    return assigned(given, option, _array, "NAME=FILE or NAME=FILE:COLUMN")


def bounds(text: str) -> tuple[float | None, float | None]:
    """Return the ends of LEAST:MOST, each of which may be missing."""
    low, colon, high = text.partition(":")
    if not colon:
        raise ValueError
    return float(low) if low.strip() else None, float(high) if high.strip() else None


def _entry(text: str) -> Any:
    entry = json.loads(text)
    if isinstance(entry, int | float | list) or is_data(entry):
        return entry
    raise ValueError


def is_data(entry: Any) -> bool:
    """Return whether an entry of a point names data that stay at the service."""
    return isinstance(entry, dict) and entry.keys() == {"data"}


def _array(text: str) -> Any:
    if not text:
        raise ValueError
    file, column = Path(text), ""
    if not file.exists() and ":" in text:
        name, _, column = text.rpartition(":")
        file = Path(name)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(error.strerror or "it cannot be read") from None
    if file.suffix in _READERS:
        if column:
            raise typer.BadParameter(f"a {file.suffix} file has no columns by name")
        return _READERS[file.suffix](raw)
    try:
        table = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter("it is neither .npy, .json nor a table in UTF-8") from None
    return _column(table, column) if column else _rows(table)


def _column(table: str, name: str) -> Any:
    found = tables.columns(table, [name])
    if found.skipped:
        raise typer.BadParameter(f"{found.skipped} cells of the column {name} are empty")
    return found.columns[name]


def _rows(table: str) -> Any:
    rows = tables.rows(table)
    return [row[0] for row in rows] if len(rows[0]) == 1 else rows


def _json(raw: bytes) -> Any:
    try:
        return _finite(json.loads(raw))
    except ValueError:
        raise typer.BadParameter("it is not JSON") from None


def _npy(raw: bytes) -> Any:
    import numpy as np  # noqa: PLC0415 - few commands need it

    try:
        return _finite(np.load(io.BytesIO(raw), allow_pickle=False))
    except (ValueError, EOFError):
        raise typer.BadParameter("it is no .npy file of numbers") from None


def _finite(given: Any) -> Any:
    """Return an array of finite numbers as a nested list."""
    import numpy as np  # noqa: PLC0415

    try:
        array = np.asarray(given)
    except ValueError:
        raise typer.BadParameter("its lists are not equally long") from None
    if array.dtype.kind not in "iuf" or not array.size:
        raise typer.BadParameter("it holds other things than numbers")
    if not np.isfinite(array).all():
        raise typer.BadParameter("it holds numbers that are not finite")
    return array.tolist()


_READERS: dict[str, Callable[[bytes], Any]] = {".npy": _npy, ".json": _json}
"""By the ending of a file; all others are tables."""


def text(expression: str) -> str:
    """Return the text of a function; for - what is read from the input."""
    return sys.stdin.buffer.read().decode() if expression == "-" else expression


def reading(function: str | None, notation: str) -> dict[str, str]:
    """Return the fields that say how to read a text: the name of its function, and its notation."""
    if notation not in ("text", "latex"):
        raise typer.BadParameter(f"{notation} is not text or latex", param_hint="--format")
    given = {"function": function, "format": notation if notation != "text" else None}
    return {name: value for name, value in given.items() if value}


def argnum(given: str) -> int | str:
    """Return a position as a number, a name as it stands."""
    try:
        return int(given)
    except ValueError:
        return given


def request(
    expression: str,
    at: list[str] | None,
    data: list[str] | None,
    argnums: list[str] | None,
    dtype: str,
    function: str | None,
    notation: str,
) -> dict[str, Any]:
    """Return a request for derivatives, by the arguments that are neither data nor files unless some are named."""
    if dtype not in ("float64", "float32"):
        raise typer.BadParameter(f"{dtype} is not float64 or float32", param_hint="--dtype")
    given, files = numbers(at, "--at"), arrays(data, "--data")
    for name in files.keys() & given.keys():
        raise typer.BadParameter(f"{name} is given by --at, too", param_hint="--data")
    if not given and not files:
        raise typer.BadParameter("the point is missing", param_hint="--at")
    point = given | files
    moved = [name for name, entry in given.items() if not is_data(entry)]
    by = [argnum(text) for text in argnums or moved or point]
    asked = {"expression": text(expression), "point": point, "argnums": by, "dtype": dtype}
    return asked | reading(function, notation)
