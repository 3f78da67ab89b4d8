"""Large JSON in pieces: what is read and written is what the standard library reads and writes."""

import asyncio
import json
import math
import re
from typing import Any

import numpy as np
import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from app import errors
from app.api.http import json_stream
from tests.support import assertions

NUMBERS = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut so often that a few numbers are many pieces."""
    monkeypatch.setattr(json_stream, "_PIECE_BYTES", 4)
    monkeypatch.setattr(json_stream, "_PIECE_NUMBERS", 3)
    monkeypatch.setattr(json_stream, "_LONG", 4)


def load(raw: bytes, most: int = 10**6, **options: Any) -> Any:
    return asyncio.run(json_stream.load(raw, most, **options))


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
def test_large_json_reads_as_the_parser_reads_it(document: Any, indent: int | None, ascii_only: bool) -> None:
    raw = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    assert load(raw) == document


@given(st.text("[]1,. -\n", min_size=6, max_size=30))
def test_text_that_is_no_json_is_refused(text: str) -> None:
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
def test_a_mistake_at_a_cut_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at line"):
        load(text.encode())


@given(
    st.text('[]1,.:{}"a\n ', max_size=12),
    st.sampled_from(
        ['{"a": [11111,22222],%s}', '{"a": [[11111],\n22222],\n"b":%s}', '[[1111,2222],"b",[333,444],\n%s']
    ),
)
def test_the_place_of_a_mistake_is_that_in_the_whole_body(mistake: str, around: str) -> None:
    raw = (around % mistake).encode()
    try:
        expected = pydantic_core.from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            load(raw)
    else:
        assert load(raw) == expected


@given(DOCUMENTS.filter(lambda document: isinstance(document, list | dict)))
def test_a_document_that_is_written_reads_the_same(document: Any) -> None:
    assert assertions.strict_json(asyncio.run(json_stream.dump(document))) == document


@pytest.mark.parametrize(
    ("inf_nan", "written"), [("strings", ["NaN", "-Infinity"]), ("constants", [math.nan, -math.inf])]
)
def test_numbers_that_are_not_finite_are_written_as_asked(inf_nan: json_stream.InfNan, written: list[Any]) -> None:
    found = json.loads(
        asyncio.run(json_stream.dump({"value": [1.0, 2.0, 3.0, 4.0, math.nan, -math.inf]}, inf_nan=inf_nan))
    )
    assert list(map(str, found["value"][4:])) == list(map(str, written))


def test_a_name_that_stands_twice_around_large_arrays_is_refused() -> None:
    assert load(b'{"a": [11111, 22222], "b": "[11111, 22222]"}', unique_names=True)["a"] == [11111, 22222]
    with pytest.raises(errors.InvalidJson):
        load(b'{"a": [11111, 22222], "a": "[11111, 22222]"}', unique_names=True)


@pytest.mark.parametrize("text", ['"array 0"', '{"array 0": [11111, 22222, 33333]}'])
def test_no_string_of_a_client_is_taken_for_an_array(text: str) -> None:
    assert load(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("unit", "count"), [("0,", 300_000), ("[],", 300_000), ("{},", 20_000), ('"",', 150_000), ('{"a":0},', 20_000)]
)
def test_too_many_values_are_refused_before_parsing(unit: str, count: int) -> None:
    with pytest.raises(errors.TooComplex, match="than any request needs"):
        load(f"[{unit * count}0]".encode(), 1000)


def test_other_tasks_run_between_pieces() -> None:
    async def turns() -> int:
        taken = 0

        async def take() -> None:
            nonlocal taken
            while True:
                taken += 1
                await asyncio.sleep(0)

        other = asyncio.ensure_future(take())
        document = await json_stream.load(json.dumps(list(range(1000))).encode(), 10**6)
        assert taken > 100
        await json_stream.dump({"value": [[float(number)] * 4 for number in document]})
        other.cancel()
        return taken

    assert asyncio.run(turns()) > 300


def plain(value: Any) -> Any:
    """Return a document with lists for arrays."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


@given(
    st.text('[]{}1,.-e "\nul', max_size=20),
    st.sampled_from(
        [
            '{"point": {"a": [11111,22222%s]}}',
            '{"point": {"a": [[1,2],[3,4]%s], "b": [5.5]}}',
            '{"point": {"a": [11111,%s22222], "b": [true,false,null]}, "c": [33333,44444]}',
            '{"a": [11111,22222], "point": {%s"b": [[11111],\n[22222] , [33333]]}}',
            '{"point": [[11111,22222]%s, [33333, 44444]], "a": [[11111,22222]]}',
            '{"point": [[11111,22222], %s[33333, 44444] ], "point2": [[11111,22222]]}',
        ]
    ),
)
def test_a_point_read_to_arrays_is_what_the_parser_reads(inserted: str, around: str) -> None:
    raw = (around % inserted).encode()
    try:
        expected = pydantic_core.from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            load(raw, numpy_point=True)
    else:
        assert plain(load(raw, numpy_point=True)) == expected


FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)


@given(st.lists(st.tuples(FINITE, FINITE, FINITE), min_size=1, max_size=5))
def test_large_arrays_of_a_point_are_read_to_float64(rows: list[tuple[float, ...]]) -> None:
    rows *= 40  # so that a piece has some
    point = {"a": [row[0] for row in rows], "b": [list(row) for row in rows], "c": [row[1] for row in rows]}
    raw = json.dumps({"x": [11111] * 40, "point": point, "y": [11111] * 40}).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_PIECE_BYTES", 100)
        found = load(raw, numpy_point=True)
    for name, entry in point.items():
        assert found["point"][name].dtype == np.float64
        assert found["point"][name].tobytes() == np.array(entry, np.float64).tobytes()
    assert found["x"] == found["y"] == [11111] * 40


@given(st.lists(st.tuples(FINITE, FINITE, FINITE), min_size=1, max_size=5))
def test_the_long_lists_of_a_point_are_read_to_float64(rows: list[tuple[float, ...]]) -> None:
    columns = [list(column) * 40 for column in zip(*rows, strict=True)]
    raw = json.dumps({"x": [[11111] * 40], "point": columns}).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_PIECE_BYTES", 100)
        patch.setattr(json_stream, "_LONG", 50)
        found = load(raw, numpy_point=True)
    assert [column.dtype for column in found["point"]] == [np.float64] * 3
    assert [column.tobytes() for column in found["point"]] == [np.array(x, np.float64).tobytes() for x in columns]
    assert found["x"] == [[11111] * 40]


@pytest.mark.parametrize(
    "array",
    ["[1,true,22222]", "[1,null,22222]", "[1111,[2222],3333]", "[[1,2],[3,4,5]]", "[[1,2],[[3],4]]", "[[],[],[],[]]"],
)
def test_what_is_no_array_of_numbers_stays_a_list(array: str) -> None:
    raw = f'{{"point": {{"a": {array}}}}}'.encode()
    assert load(raw, numpy_point=True) == json.loads(raw)


def test_a_number_beyond_float64_stays_what_the_parser_makes_of_it() -> None:
    assert load(b'{"point": {"a": [1e999, 22222]}}', numpy_point=True) == {"point": {"a": [math.inf, 22222]}}


@pytest.mark.parametrize(
    "document",
    [
        '{"b": {"point": {"a": [11111,22222]}}}',
        '[{"point": {"a": [11111,22222]}}]',
        '{"point": {"a": {"b": [11111,22222]}}}',
        '{"b": "\\"point\\": {", "a": [11111,22222]}',
        '{"point": {"a": 1}, "b": [11111,22222]}',
        '{"point": [11111,22222]}',
        '{"b": {"point": [[11111,22222], [33333]]}}',
        '{"point": [[11111,22222], 5, [33333]]}',
        '{"point": [[[11111],[22222]], [33333]]}',
    ],
)
def test_arrays_elsewhere_stay_lists(document: str) -> None:
    assert load(document.encode(), numpy_point=True) == json.loads(document)


SHAPES = npst.array_shapes(min_side=0, max_dims=3)
FLOATS = st.one_of([npst.arrays(dtype, SHAPES, elements=npst.from_dtype(np.dtype(dtype))) for dtype in "fd"])


@given(FLOATS, st.booleans(), st.sampled_from(["strings", "constants"]))
def test_arrays_are_written_as_their_lists_are(array: Any, turned: bool, inf_nan: json_stream.InfNan) -> None:
    array = array.T if turned else array
    document = {"value": array, "gradient": [array, array[::-1]]}
    expected = pydantic_core.to_json(
        {"value": array.tolist(), "gradient": [array.tolist(), array[::-1].tolist()]}, inf_nan_mode=inf_nan
    )
    assert asyncio.run(json_stream.dump(document, inf_nan=inf_nan)) == expected
