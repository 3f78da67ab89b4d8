"""Tables of numbers as text: comma, semicolon or tab between columns. What is wrong is told with its place."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of numbers by name, of rows that have all of them; ``skipped`` rows did not."""

    columns: Mapping[str, Sequence[float]]
    skipped: int


def columns(text: str, names: Sequence[str]) -> Columns:
    """Return some columns of a table with names in its first line.

    Raises ``typer.BadParameter`` that names the place of what is wrong.
    """
    rows = csv.DictReader(io.StringIO(text), dialect=_dialect(text), skipinitialspace=True)
    there = [name.strip() for name in rows.fieldnames or []]
    rows.fieldnames = there
    for name in names:
        if name not in there:
            raise typer.BadParameter(f"the data have no column {name}; there are: {', '.join(there)}")
    found: dict[str, list[float]] = {name: [] for name in names}
    skipped = 0
    for row in rows:
        cells = {name: (row[name] or "").strip() for name in names}
        if not all(cells.values()):
            skipped += 1
            continue
        for name, cell in cells.items():
            found[name].append(_number(cell, f"line {rows.line_num}, column {name}"))
    if not found[names[0]]:
        raise typer.BadParameter("the data have no row with all of these columns")
    return Columns(found, skipped)


def rows(text: str) -> list[list[float]]:
    """Return a table of numbers alone, or below a line of names; every line has as many.

    Raises ``typer.BadParameter`` that names the place of what is wrong.
    """
    lines = csv.reader(io.StringIO(text), dialect=_dialect(text), skipinitialspace=True)
    found: list[list[float]] = []
    names = True
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if names and not any(map(_is_number, cells)):
            names = False
            continue
        names = False
        place = f"line {lines.line_num}"
        found.append([_number(cell.strip(), f"{place}, column {n}") for n, cell in enumerate(cells, 1)])
        if len(cells) != len(found[0]):
            raise typer.BadParameter(f"{place} has {len(cells)} numbers, the lines above have {len(found[0])}")
    if not found:
        raise typer.BadParameter("the table has no numbers")
    return found


def _dialect(text: str) -> Any:
    try:
        return csv.Sniffer().sniff(text[:65536], ",;\t")
    except csv.Error:
        return csv.excel


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, place: str) -> float:
    number = float(cell) if _is_number(cell) else math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"{place}: {cell[:40] or 'an empty cell'} is no finite number")
    return number
