"""Bodies that must be refused: not strict JSON, or fields that are missing, unknown, wrong or do not fit."""

# ruff: noqa: RUF001 - look-alikes are what is tested

import asyncio
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.api.http import body
from app.api.rest import derivatives
from tests.support import assertions
from tests.support.service import Client

Codes = str | set[str]
GOOD = {"expression": "x*y", "point": [1.0, 2.0]}
NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"}",
    b"{]",
    b"null x",
    b"{}x",
    b"{} {}",
    b"{'expression': 'x', 'point': [1]}",
    b'{"expression": "x", "point": [1],}',
    b'{"expression": "x", "point": [1,]}',
    b'{"expression": "x" "point": [1]}',
    b'{"expression": "x", "point": [1]} // comment',
    b'/* comment */ {"expression": "x", "point": [1]}',
    b'{"expression": "x", "point": [NaN]}',
    b'{"expression": "x", "point": [nan]}',
    b'{"expression": "x", "point": [Infinity]}',
    b'{"expression": "x", "point": [-Infinity]}',
    b'{"expression": "x", "point": [+1]}',
    b'{"expression": "x", "point": [01]}',
    b'{"expression": "x", "point": [.5]}',
    b'{"expression": "x", "point": [5.]}',
    b'{"expression": "x", "point": [0x10]}',
    b'{"expression": "x", "point": [1e]}',
    b'{"expression": "x", "point": [1_000]}',
    b'{"expression": "x, "point": [1]}',
    b'{"expression": "x\n", "point": [1]}',
    b'{"expression": "x\x00", "point": [1]}',
    b'{"expression": "x\\q", "point": [1]}',
    b'{"expression": "\\ud800", "point": [1]}',
    b'{"expression": "x", "args": ["\\udfff"], "point": [1]}',
    b'{"expression": "\\udc00\\ud800", "point": [1]}',
    b'{"expression": "\\u12", "point": [1]}',
    b'{"expression": "\xff", "point": [1]}',
    b'{"expression": "\xc3", "point": [1]}',
    b'{"expression": "\xed\xa0\x80", "point": [1]}',
    b'{"expression": "\xc0\xae", "point": [1]}',
    b'\xef\xbb\xbf{"expression": "x", "point": [1]}',
    '{"expression": "x", "point": [1]}'.encode("utf-16"),
    '{"expression": "x", "point": [1]}'.encode("utf-32"),
    b"\x80\x04\x95",
    b"\x1f\x8b\x08\x00",
    b"expression=x&point=1",
    b"<xml/>",
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"point":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"expression": "x", "point": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"expression": "x", "point": [' + b"1" * 10_000 + b"]}",
]


@pytest.mark.parametrize("content", NOT_JSON, ids=lambda content: ascii(content)[:60])
def test_a_body_that_is_not_strict_json_is_refused(client: Client, content: bytes) -> None:
    assertions.assert_problem(client.post(content), 400, "invalid_json", sent=content.decode("latin-1"))


@pytest.mark.parametrize("content", [b"[]", b"null", b"true", b"1", b'"x"', b'[{"expression": "x", "point": [1]}]'])
def test_a_body_that_is_not_an_object_is_refused(client: Client, content: bytes) -> None:
    response = client.post(content)
    assertions.assert_problem(response, response.status_code, {"invalid_json", "invalid_field"})
    assert response.status_code in {400, 422}


@pytest.mark.parametrize(
    "content",
    [
        b'{"expression": "x", "expression": "x*x", "point": [3]}',
        b'{"expression": "x", "point": {"x": 1, "x": 2}}',
        b'{"expression": "x", "point": [3], "dtype": "float64", "dtype": "float32"}',
        b'{"expression": "x", "point": [3], "p\\u006fint": [4]}',
        b'{"expression": "x", "point"\n:[3], "point":[4]}',
        b'{"expression": "x", "point"%s:[3], "point":[4]}' % (b" " * 100),
        b'{"expression": "x + 0*(\\"\\\\\\\\", "point": [3], "point": [4]}',
        b'{"expression": "x", "point": [3], "args": [%s"x"], "args": ["x"]}' % (b'"y", ' * 5000),
    ],
)
def test_a_repeated_field_is_refused(client: Client, content: bytes) -> None:
    response = client.post(content)
    assertions.assert_problem(response, response.status_code, {"invalid_json", "invalid_field"})
    assert response.status_code in {400, 422}


def test_a_repeated_string_is_not_a_repeated_field(client: Client) -> None:
    content = b'{"args": ["args", "point"], "expression": "args*point", "argnums": "point", "point": [3, 4]}'
    assert client.post(content).json()["gradient"] == 3.0
    content = b'{"expression": "point*x", "point": {"point": 3, "x": 4}}'
    assert client.post(content).json()["gradient"] == 4.0


WRONG: dict[str, list[Any]] = {
    "expression": [None, 1, 1.5, True, [], ["x"], {}, {"x": 1}],
    "args": [1, True, {}, {"x": 1}, [1], [None], [True], [["x"]], ["x", 1], [1.5]],
    "point": [None, 1, 1.5, True, "1", "x", [None, 1], ["1", 1], [True, 1], [{}, 1], [[None], 1], [1], [1, 2, 3], [],
        {}, {"x": 1}, {"x": 1, "y": "2"}, {"x": 1, "y": True}, {"x": 1, "y": None}, {"x": 1, "y": 2, "z": 3}],
    "argnums": [1.5, 0.5, True, False, [], {}, [None], [True], [0.5], [[0]], "z", ["z"], 2, -3, [0, 0], [0, 2],
        [0, -2], ["x", 0], 10**30, 1e30, [[]], {"0": 1}, [0, True]],
    "dtype": [1, True, "", "float", "float16", "float128", "bfloat16", "int32", "complex64", "Float64",
        "float64 ", [], ["float64"], {}],
    "in_axes": [1, -1, 1.0, True, False, "0", "", [1, 0], [0], [0, 0, 0], [True, 0], [0.5, 0], ["0", 0], {},
        [None, None], [], [[0], 0], 10**30],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values], ids=repr
)
def test_a_field_of_a_wrong_type_or_value_is_refused(client: Client, field: str, value: Any) -> None:
    problem = assertions.assert_problem(client.post(GOOD | {field: value}), 422, "invalid_field")
    assert problem["field"].split(".")[0] == field


@pytest.mark.parametrize("missing", ["expression", "point"])
def test_a_missing_field_is_named(client: Client, missing: str) -> None:
    document = {name: value for name, value in GOOD.items() if name != missing}
    problem = assertions.assert_problem(client.post(document), 422, "invalid_field")
    assert problem["field"] == missing


@pytest.mark.parametrize(
    "extra",
    ["expr", "Expression", "argnum", "", " ", "__class__", "x" * 1000, "é", "\u202e", "a\x00b", "\U0001f600" * 100],
)
def test_an_unknown_field_is_refused(client: Client, extra: str) -> None:
    assertions.assert_problem(client.post(GOOD | {extra: 1}), 422, "invalid_field", sent=extra)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"args": ["x", "x"]}, "invalid_name"),
        ({"args": ["x", "ｘ"]}, "invalid_name"),
        ({"args": ["x", "lambda"]}, "invalid_name"),
        ({"args": ["x", ""]}, "invalid_name"),
        ({"args": ["x", "y z"]}, "invalid_name"),
        ({"args": ["x", "1y"]}, "invalid_name"),
        ({"args": ["x", "__y__"]}, "invalid_name"),
        ({"args": ["x", "y\x00"]}, "invalid_name"),
        ({"args": ["x", "y\u202e"]}, "invalid_name"),
        ({"args": ["x", "y" * 65]}, "invalid_name"),
        ({"args": ["x", "y" * 100_000]}, "invalid_name"),
        ({"args": ["x", "\U0001f600" * 60]}, "invalid_name"),
        ({"args": ["x", "'" * 60]}, "invalid_name"),
        ({"args": ["x", "\\" * 60]}, "invalid_name"),
        ({"args": ["x"]}, "unknown_name"),
        ({"args": []}, {"unknown_name", "invalid_field"}),
        ({"args": [f"a{i}" for i in range(65)]}, "too_complex"),
        ({"args": ["x"] * 200_000}, "too_complex"),
        ({"point": {"x": 1, "ｘ": 2, "y": 3}}, "invalid_name"),
        ({"point": {"x": 1, "y": 2, "lambda": 3}}, "invalid_name"),
        ({"point": {"x": 1, "y" * 100_000: 2}}, "invalid_name"),
        ({"point": [[1.0, 2.0], 3.0]}, "bad_shape"),
        ({"point": [[[1.0]], 3.0]}, "bad_shape"),
        ({"point": [[1.0, 2.0], [1.0]], "in_axes": 0}, "bad_shape"),
        ({"point": [1.0, 2.0], "in_axes": 0}, "bad_shape"),
        ({"point": [[], []], "in_axes": 0}, "bad_shape"),
        ({"point": [[1, 2], [3]], "in_axes": 0}, "bad_shape"),
        ({"point": [[0.5] * 100_001, 1.0], "in_axes": [0, None]}, "too_complex"),
        ({"point": [1e400, 1.0]}, {"invalid_field", "invalid_json"}),
        ({"point": [10**400, 1.0]}, {"invalid_field", "invalid_json"}),
        ({"expression": "3", "args": None, "point": []}, "invalid_field"),
        ({"expression": "lambda a, b: a", "args": ["x", "y"]}, "invalid_field"),
    ],
)
def test_contradicting_fields_are_refused(client: Client, fields: dict[str, Any], code: Codes) -> None:
    content = json.dumps(GOOD | fields).replace("Infinity", "1e400").encode()
    response = client.post(content)
    codes = {code} if isinstance(code, str) else code
    assertions.assert_problem(
        response, 400 if response.json()["code"] == "invalid_json" else 422, codes, sent=content.decode()
    )


def test_a_point_nested_a_hundred_deep_is_refused(client: Client) -> None:
    content = b'{"expression": "x*y", "point": [' + b"[" * 100 + b"1" + b"]" * 100 + b", 2]}"
    assertions.assert_problem(client.post(content), 422, {"bad_shape", "invalid_field", "too_complex"})


def test_random_documents_never_get_a_5xx(client: Client) -> None:
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-3, 3)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5)
    )
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    )

    @given(
        st.dictionaries(
            st.sampled_from(["args", "point", "argnums", "dtype", "in_axes", "expression"]), values, max_size=3
        )
    )
    def law(fields: dict[str, Any]) -> None:
        response = client.post(json.dumps(GOOD | fields).encode())
        if response.status_code != 200:
            assertions.assert_problem(response, response.status_code, set(assertions.CONTRACT))
            assert 400 <= response.status_code < 500

    law()


def peak_bytes(content: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(errors.InvalidField):
            asyncio.run(body.decode(derivatives.BY_NAME["grad"].model(by_id=False), content))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("field", "item"),
    [
        ("argnums", b"null"),
        ("args", b"1"),
        ("in_axes", b"{}"),
    ],
)
def test_the_memory_to_refuse_a_list_is_proportional_to_its_length(field: str, item: bytes) -> None:
    content = b'{"expression": "x", "point": [1], "%s": [%s]}' % (field.encode(), b",".join([item] * 20_000))
    assert peak_bytes(content) < 40 * len(content)
