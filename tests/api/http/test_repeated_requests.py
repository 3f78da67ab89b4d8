"""Requests that are repeated with other points get the answers that a first request would get."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.api.http import repeated_requests
from tests.support.service import Client

HOT = "3*x**2 + y"


def hot(client: Client, content: bytes) -> None:
    """Ask until the function is compiled, and so that the request is known."""
    for _ in range(100_000):
        response = client.post(content)
        assert response.status_code == 200, response.text
        if response.headers["cache-status"].endswith("hit; detail=compiled"):
            return
    raise AssertionError("never compiled")


def ask(client: Client, content: bytes) -> Any:
    response = client.post(content)
    assert response.status_code == 200, response.text
    return response.json()


def test_another_point_in_a_known_text_gets_its_own_answer(client: Client) -> None:
    text = '{"expression": "3*x**2 + y", "point" : %s , "argnums": [1, 0]}'
    hot(client, (text % "[1, 2]").encode())
    for x, y, written in [(5.0, -2.0, "[5, -2.0]"), (0.5, 1e3, "[5e-1,\n1E3]"), (-1.0, 0.0, "[ -1 , 0.0 ]")]:
        answer = ask(client, (text % written).encode())
        assert (answer["value"], answer["gradient"]) == (3 * x * x + y, [1.0, 6 * x])


@pytest.mark.parametrize(
    "text",
    [
        '{"expression": "3*x**2 + y", "args": ["x", "y"], "point": %s}',
        '{"point": %s, "expression": "3*x**2 + y"}',
        '{"expression": "3*x**2 + y", "argnums": 0, "\\u0070oint": %s}',
        '{"\\u0070oint": %s, "expression": "3*point**2 + y", "args": ["point", "y"]}',
        '{"expression": "lambda point, y:\\n3*point**2 + y", "point": %s}',
    ],
)
def test_the_point_is_found_wherever_it_stands_however_it_is_spelled(client: Client, text: str) -> None:
    hot(client, (text % "[1.0, 2.0]").encode())
    answer = ask(client, (text % "[-4.0, 7.0]").encode())
    assert (answer["value"], answer["gradient"]) == (55.0, -24.0)


@pytest.mark.parametrize(
    "text", ['{"expression": "3*X[0]**2 + X[1]", "point": %s}', '{"expression": "x", "point": %s}']
)
def test_a_point_of_another_shape_gets_the_answer_of_a_first_request(client: Client, text: str) -> None:
    hot(client, (text % ("[1.0, 2.0]" if "X" in text else "[1.0]")).encode())
    for written in ("[]", "[1.0, 2.0, 3.0]", "[[1.0, 2.0]]", "[[1.0], [2.0]]", "[1.0, [2.0]]", "[1e999, 1.0]", "[1, 2"):
        known = client.post((text % written).encode())
        # Further blanks make it a text that is not known.
        fresh = client.post((text % written).replace('", "', '" ,  "').encode())
        assert known.status_code == fresh.status_code, written
        assert known.content == fresh.content


def test_a_known_text_of_one_operation_is_not_another_operations(client: Client) -> None:
    content = b'{"expression": "3*x**2 + y", "point": [1.0, 2.0]}'
    hot(client, content)
    assert "gradient" not in client.answer(json.loads(content), "/v1/evaluate")
    response = client.request("POST", "/v1/evaluate", content=content, headers={"Content-Type": "application/json"})
    assert "gradient" not in response.json()


DECOYS = [
    b'{"tangents": {"point": [1.0]}, "p\\u006fint": [2.0]}',
    b'{"args": ["point"], "p\\u006fint": [1.0], "x": {"point": [1.0]}}',
    b'{"expression": "\\"point\\": [1.0]", "p\\u006fint": [1.0]}',
    b'[{"point": [1.0]}]',
    b'{"point": 1.0}',
    b'{"point": {"x": [1.0]}}',
    b'{"point": [1.0]',
    b'{"point": [1.0]]}',
    b'{"point": [1.0, "point": [2.0]]}',
    b'{"point": [1.0], "point": {"x": 1}}',
]


@pytest.mark.parametrize("content", DECOYS)
def test_only_the_outermost_point_is_the_point(content: bytes) -> None:
    assert not repeated_requests.splits(content)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6) | st.just('"point": [1]') | st.just("point"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["point", "x", "args", 'a"point']), inner, max_size=3)
    ),
    max_leaves=12,
)
NUMBERS = st.lists(st.integers(-99, 99) | st.floats(-1e9, 1e9) | st.lists(st.integers(0, 9), max_size=2), max_size=4)


@given(
    fields=st.dictionaries(st.sampled_from(["args", "argnums", "tangents", "x"]), JSON_VALUES, max_size=3),
    position=st.integers(0, 3),
    first=NUMBERS,
    second=NUMBERS,
    indent=st.sampled_from([None, 1]),
)
def test_a_point_put_in_the_place_of_another_changes_nothing_else(
    fields: dict[str, Any], position: int, first: list[Any], second: list[Any], indent: int | None
) -> None:
    members = list(fields.items())
    members.insert(min(position, len(members)), ("point", first))
    content = json.dumps(dict(members), indent=indent).encode()
    if not repeated_requests.splits(content):
        return  # then nothing is known of it, and it is read in full
    (before, after), text = repeated_requests.split(content)
    assert repeated_requests.numbers(text) == first
    changed = before + json.dumps(second).encode() + after
    assert json.loads(changed) == json.loads(content) | {"point": second}
    # And that is how it is taken apart again.
    assert repeated_requests.split(changed) == ((before, after), json.dumps(second).encode())


@given(text=st.text("[]0123456789.,-+eE \n", max_size=20))
def test_only_a_json_array_is_a_point(text: str) -> None:
    found = repeated_requests.numbers(text.encode())
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    assert found == (expected if isinstance(expected, list) else None)


def test_a_large_body_is_not_searched() -> None:
    content = b'{"point": [%s]}' % b",".join([b"1.0"] * 5000)
    assert not repeated_requests.splits(content)


def test_after_a_refused_point_the_request_is_still_known(client: Client) -> None:
    text = '{"expression": "3*x**2 + y", "args": ["x", "y"], "point": %s}'
    hot(client, (text % "[1.0, 2.0]").encode())
    assert client.post((text % "[1.0]").encode()).json()["code"] == errors.InvalidField.code
    assert ask(client, (text % "[2.0, 2.0]").encode())["gradient"] == 12.0
