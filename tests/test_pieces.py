"""Large JSON in pieces: what is read and written is what the standard library reads and writes."""

import asyncio
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.protocols import pieces
from tests import laws

NUMBERS = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut so often that a few numbers are many pieces."""
    monkeypatch.setattr(pieces, "_PIECE_BYTES", 4)
    monkeypatch.setattr(pieces, "_PIECE_NUMBERS", 3)


def load(raw: bytes, most: int = 10**6, **options: Any) -> Any:
    return asyncio.run(pieces.load(raw, most, **options))


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=5)


ARRAYS = st.recursive(NUMBERS, nested, max_leaves=30)
TEXTS = st.text(max_size=8) | st.sampled_from(["[1, 2, 3]", '["', "\\", '\\"[1,2,3,4,5]', "]"])
DOCUMENTS = st.recursive(
    ARRAYS | TEXTS | st.none() | st.booleans(),
    lambda inner: nested(inner) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(DOCUMENTS, st.sampled_from([None, 1]), st.booleans())
def test_what_is_read_is_what_was_written(document: Any, indent: int | None, ascii_only: bool) -> None:
    raw = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    assert load(raw) == document


@given(st.text("[]1,. -\n", min_size=6, max_size=30))
def test_what_is_not_json_is_not_read(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match="at line"):
            load(text.encode())
    else:
        assert load(text.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[11111,]",
        "[11111,,22222]",
        "[,11111]",
        "[[11111,],22222]",
        "[[11111],22222",
        "[[11111]],22222]",
        "[11111],[22222]",
        "[11111 22222,33333]",
        "[11111,\x0b22222]",
        "[[11111,22222],]",
        "[[],[,11111]]",
        '{"a": [11111,22222], "b": [33333,]}',
    ],
)
def test_a_mistake_at_a_cut_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match="at line"):
        load(text.encode())


@given(DOCUMENTS.filter(lambda document: isinstance(document, list | dict)))
def test_what_is_written_is_what_is_read(document: Any) -> None:
    assert laws.strict_json(asyncio.run(pieces.dump(document))) == document


@pytest.mark.parametrize(
    ("inf_nan", "written"), [("strings", ["NaN", "-Infinity"]), ("constants", [math.nan, -math.inf])]
)
def test_numbers_that_are_not_finite_are_written_as_asked(inf_nan: pieces.InfNan, written: list[Any]) -> None:
    found = json.loads(asyncio.run(pieces.dump({"value": [1.0, 2.0, 3.0, 4.0, math.nan, -math.inf]}, inf_nan=inf_nan)))
    assert list(map(str, found["value"][4:])) == list(map(str, written))


def test_the_text_around_arrays_is_checked_once() -> None:
    seen: list[bytes] = []
    assert load(b'{"a": [11111, 22222], "b": "[11111, 22222]"}', check=seen.append)["a"] == [11111, 22222]
    (text,) = seen
    assert b"[11111, 22222]" in text, "what stands in a text is no array"
    assert text.count(b"11111") == 1


@pytest.mark.parametrize("text", ['"array 0"', '{"array 0": [11111, 22222, 33333]}'])
def test_no_text_of_a_client_is_taken_for_an_array(text: str) -> None:
    assert load(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("unit", "count"), [("0,", 300_000), ("[],", 300_000), ("{},", 20_000), ('"",', 150_000), ('{"a":0},', 20_000)]
)
def test_more_than_any_request_needs_is_refused_unread(unit: str, count: int) -> None:
    with pytest.raises(errors.TooComplex, match="than any request needs"):
        load(f"[{unit * count}0]".encode(), 1000)


def test_others_have_a_turn_between_pieces() -> None:
    async def turns() -> int:
        taken = 0

        async def take() -> None:
            nonlocal taken
            while True:
                taken += 1
                await asyncio.sleep(0)

        other = asyncio.ensure_future(take())
        document = await pieces.load(json.dumps(list(range(1000))).encode(), 10**6)
        assert taken > 100
        await pieces.dump({"value": [[float(number)] * 4 for number in document]})
        other.cancel()
        return taken

    assert asyncio.run(turns()) > 300
