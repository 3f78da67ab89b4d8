"""No word is less accurate than the table says, and the documentation has the table."""

import random

import pytest

from tests.correctness.accuracy import measure, references, rows, table
from tests.support.service import SyncEngine

ROWS = rows.rows()
_SEED = 20261129
_SLACK = 4.0


def _allowed(recorded: float) -> float:
    """Return the largest error of a sample: other processors have other roundings."""
    return 2 * recorded + _SLACK


def _worse(engine: SyncEngine, row: rows.Row, count: int) -> list[str]:
    """Return what is less accurate than recorded, at a sample of the points of a row."""
    chosen = random.Random(f"{_SEED} {row}")  # noqa: S311 - the same points in every run
    points = row.points()
    found = measure.measure(engine, row, chosen.sample(points, min(count, len(points))))
    recorded = table.read()[str(row)]
    return [
        f"{row} {kind}: {worst.ulps:.3g} ulp at {worst.point}, {worst.found!r} for {worst.exact}"
        for kind, worst in found.items()
        if not worst.ulps <= _allowed(recorded[kind])
    ]


def test_every_word_is_in_the_table() -> None:
    assert {str(row) for row in ROWS} == table.read().keys()
    assert {row.word for row in ROWS} <= references.names()


def test_the_documentation_has_the_table() -> None:
    published = table.DOCS.read_text().partition(table.BEGIN)[2].partition(table.END)[0]
    assert published == table.documented(table.read())


def test_a_wrong_digit_is_found() -> None:
    """The instrument itself: one unit more is one unit of error, and a zero is measured by its swing."""
    one = measure.exact(references.reference("erf"), (1.0,))
    assert one.value is not None
    right = float(one.value)
    assert measure.ulps(right, one.value, 0 * one.value) <= 0.5
    assert 0.5 <= measure.ulps(right + 2.0**-53, one.value, 0 * one.value) <= 1.5
    assert abs(float(one.first[0,]) - 0.41510749742059466) < 1e-16
    assert abs(float(one.second[0, 0]) + 0.83021499484118943) < 1e-16


@pytest.mark.parametrize("row", [row for row in ROWS if not row.hosted][::5], ids=str)
def test_a_word_is_as_accurate_as_recorded(engine: SyncEngine, row: rows.Row) -> None:
    assert _worse(engine, row, 5) == []


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_word_is_as_accurate_as_recorded(engine: SyncEngine, row: rows.Row) -> None:
    assert _worse(engine, row, 12 if row.count < 4 else 4) == []
