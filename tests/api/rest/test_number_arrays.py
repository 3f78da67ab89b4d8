"""Large JSON arrays are read in pieces into the array that ``json`` and NumPy read, or refused."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.api.http import json_stream
from app.api.rest.data import number_arrays

MOST = 2_200_000
ROWS = np.random.default_rng(3).normal(size=(9000, 3)).tolist()
RAW = json.dumps({"values": ROWS}).encode()


def load(raw: bytes) -> Any:
    return asyncio.run(number_arrays.load(raw, MOST))


@pytest.mark.parametrize("shape", [(20_000,), (3, 9000), (9000, 3), (40, 30, 20), (1, 1, 20_000), (20_000, 1, 1)])
@pytest.mark.parametrize("separators", [(",", ":"), (" , ", " : ")])
def test_a_large_array_is_the_one_that_json_reads(shape: tuple[int, ...], separators: tuple[str, str]) -> None:
    raw = json.dumps(
        {"a": 1, "values": np.random.default_rng(1).normal(size=shape).tolist(), "b": "x"}, separators=separators
    ).encode()
    found = load(raw)
    assert isinstance(found["values"], np.ndarray)
    np.testing.assert_array_equal(found["values"], np.array(json.loads(raw)["values"]))
    assert (found["a"], found["b"]) == (1, "x")


def test_a_small_document_is_read_as_any_other() -> None:
    assert load(b'{"values": [[1, 2], [3]], "dtype": "x"}') == {"values": [[1, 2], [3]], "dtype": "x"}


def row(entry: Any) -> Callable[[], bytes]:
    """Return a document in which one of the rows is something else."""
    return lambda: json.dumps({"values": [*ROWS[:5000], entry, *ROWS[5000:]]}).encode()


BROKEN: list[tuple[str, Callable[[], bytes]]] = [
    ("a short row", row([1.0, 2.0])),
    ("a row too deep", row([[1.0, 2.0, 3.0]])),
    ("a number for a row", row(1.0)),
    ("an empty row", row([])),
    ("a boolean", row([True, 1.0, 2.0])),
    ("null", row([None, 1.0, 2.0])),
    ("a text", row(["x", 1.0, 2.0])),
    ("a comma too many at the end", lambda: RAW.replace(b"]]}", b"],]}")),
    ("a bracket too few", lambda: RAW.replace(b"]]}", b"]}")),
    ("a bracket too many", lambda: RAW.replace(b"]]}", b"]]]}")),
    ("a number behind", lambda: RAW.replace(b"]]}", b"]] 5}")),
    ("no comma", lambda: RAW.replace(b"], [", b"] [", 1)),
    ("two commas", lambda: RAW.replace(b"], [", b"],, [", 1)),
    ("a leading zero", lambda: RAW.replace(b"[[", b"[[01,", 1)),
    ("a plus", lambda: RAW.replace(b"[[", b"[[+", 1)),
    ("beyond float64", lambda: RAW.replace(b"[[", b"[[1e999,", 1)),
    ("closed at once", lambda: RAW.replace(b"[[", b"[[1],[", 1)),
    ("never closed", lambda: RAW[:-3]),
    ("a comma at the end of a row", lambda: RAW.replace(b"], [", b",] , [", 1)),
    ("a number between a row and its bracket", lambda: RAW.replace(b"], [", b",] 2.5, [", 1)),
    ("a comma behind a bracket", lambda: RAW.replace(b"], [", b"], 6.0[, ", 1)),
]


@pytest.mark.parametrize("make", [each[1] for each in BROKEN], ids=[each[0] for each in BROKEN])
def test_what_is_no_rectangular_array_of_finite_numbers_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(errors.Rejected):
        load(make())


def test_numbers_among_rows_of_one_number_are_refused() -> None:
    """Their count alone would fit."""
    rows: list[Any] = [[1.0]] * 20_000
    rows[7] = 1.0
    raw = json.dumps({"values": rows}, separators=(" , ", ":")).encode()
    assert len(raw) > 131_072
    with pytest.raises(errors.BadShape):
        load(raw)


def test_an_array_that_is_not_a_member_of_the_document_is_refused() -> None:
    with pytest.raises(errors.Rejected):
        load(json.dumps({"a": {"values": ROWS}}).encode())


@given(
    st.sampled_from(["[%s1.5,[2,3]]", "[[1,2],[3,4]%s]", "[[1,2],[3,%s4]]", "[1,2%s,3]", "[[[1],[2]]%s,[[3],[4]]]"]),
    st.text("[],-.e 1", max_size=8),
    st.integers(1, 6),
)
def test_an_array_with_a_slip_is_taken_if_and_only_if_json_and_numpy_take_it(around: str, slip: str, size: int) -> None:
    raw = json.dumps({"values": 0}).replace("0", around % slip).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_PIECE_BYTES", 4)
        patch.setattr(number_arrays, "_PIECE_BYTES", size)
        try:
            expected = np.array(json.loads(raw)["values"], np.float64)
        except ValueError:
            with pytest.raises(errors.Rejected):
                load(raw)
        else:
            if expected.size and np.isfinite(expected).all():
                np.testing.assert_array_equal(np.asarray(load(raw)["values"], np.float64), expected)
