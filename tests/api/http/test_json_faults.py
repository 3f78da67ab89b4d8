"""A body that is not JSON is refused with the place of the mistake, and with what to send instead."""

import pytest

from tests.support.service import Client

BOM = b"\xef\xbb\xbf"
ROWS = [
    (BOM + b'{"a": 1}', "line 1, column 1", "byte order mark"),
    ('{"a": 1}'.encode("utf-16"), "line 1, column 1", "UTF-16"),
    ('{"a": 1}'.encode("utf-16-le"), "line 1", "UTF-16"),
    (b'{"point": [NaN]}', "line 1, column 12", "NaN"),
    (b'{"point": [nan]}', "line 1", "NaN"),
    (b'{"point": [1.0, -Infinity]}', "line 1", "Infinity"),
    (b"{'a': 1}", "line 1, column 2", "double quotes"),
    (b'{\n"a": [1, 2,]}', "line 2, column 12", "last comma"),
    (b'{"a": 1,\n}', "line 2, column 1", "last comma"),
    (b'{"a": True}', "line 1, column 7", "true"),
    (b'{"a": None}', "line 1, column 7", "null"),
    (b'{"a": 1} // x', "line 1, column 10", "comments"),
    (b'{"a": 1.}', "line 1", "1.0"),
    (b'{"a": .5}', "line 1", "0.5"),
    (b'{"a": +1}', "line 1", "without +"),
    (b'{"a": 01}', "line 1", "leading zeros"),
    (b"{a: 1}", "line 1, column 2", "double quotes"),
    (b'{"a": "x\ny"}', "line", r"\n"),
    (b'{"a": "x', "line 1", "ends before"),
    (b'{"a": [1', "line 1", "ends before"),
    (b'{"a": 1 "b": 2}', "line 1, column 9", "commas"),
    (b'{"a" 1}', "line 1, column 6", ""),
    (b'{"a": "\xff"}', "line 1", "UTF-8"),
    (b'{"expression": "\\d"}', "line 1", "backslash"),
    (b"expression=x", "line 1, column 1", "form"),
    (b"<x/>", "line 1, column 1", "XML"),
]


@pytest.mark.parametrize(("content", "place", "hint"), ROWS, ids=lambda value: ascii(value)[:40])
def test_what_is_wrong_with_a_body_is_said(client: Client, content: bytes, place: str, hint: str) -> None:
    response = client.post(content)
    assert response.status_code == 400
    assert place in response.json()["detail"]
    assert hint in response.json().get("hint", "")


def test_the_place_in_a_body_that_is_read_in_pieces_is_said_of_the_whole(client: Client) -> None:
    numbers = b",".join([b"1.5"] * 100_000)
    content = b'{"expression": "sum(X)",\n"point": [[' + numbers + b"]], }"
    response = client.post(content)
    assert response.status_code == 400
    column = len(content) - content.index(b"\n") - 1
    assert response.json()["detail"].endswith(f"at line 2, column {column}")
    assert "comma" in response.json()["hint"]
