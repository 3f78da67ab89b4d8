"""Requests that are repeated with other points get the answers that a first request would get."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.api.http import body as body_module
from app.api.http import repeated_requests
from tests.support.assertions import is_close
from tests.support.service import Client

HOT = "3*x**2 + y"


def splits(content: bytes) -> bool:
    """Return whether the point of a body that is valid is found, and to be the outermost one."""
    try:
        json.loads(content)
    except ValueError:
        return False  # it has not been answered
    taken = repeated_requests.split(content)
    return taken is not None and repeated_requests.names(taken) is not None


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
        # Another blank makes it a text that is not known; what is wrong stays where it is.
        fresh = client.post((text % written).replace('", "', '",\t"').encode())
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
    b'{"tangents": {"point": {"x": [1.0]}}, "p\\u006fint": {"x": [1.0]}}',
    b'{"point": {"x": [1.0], "x": [2.0]}}',
    b'{"point": {"x": {"y": 1.0}}}',
    b'{"point": {"x": 1.0}',
    b'{"point": {}}',
    b'{"point": [1.0]',
    b'{"point": [1.0]]}',
    b'{"point": [1.0, "point": [2.0]]}',
    b'{"point": [1.0], "point": {"x": 1}}',
]


@pytest.mark.parametrize("content", DECOYS)
def test_only_the_outermost_point_is_the_point(content: bytes) -> None:
    assert not splits(content)


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
    if not splits(content):
        return  # then nothing is known of it, and it is read in full
    taken = repeated_requests.split(content)
    assert taken is not None
    before, after = taken.around
    ((start, stop),) = taken.places
    assert json.loads(content[start:stop]) == first
    changed = before + json.dumps(second).encode() + after
    assert json.loads(changed) == json.loads(content) | {"point": second}
    # And that is how it is taken apart again, in either way.
    expected = repeated_requests.Split((before, after), ((len(before), len(changed) - len(after)),))
    assert repeated_requests.split(changed) == expected
    assert repeated_requests.split_again(changed, taken.around, is_listed=True) == expected


AROUND = [
    (b'{"expression": "x", "point": ', b', "argnums": [0, 1]}'),
    (b'{"point": ', b"}"),
    (b'{"x": {"a": [1]}, "point":\n', b'\n, "args": ["a"]}'),
]
AROUND_MEMBERS = [
    (b'{"expression": "x", "point": {"x": ', b'}, "argnums": [0]}'),
    (b'{"point": {"x": ', b', "y": ', b"}}"),
    (b'{"x": {"a": [1]}, "point":\n{ "a":', b',\n"b"\n:', b', "a": ', b'} , "args": ["a"]}'),
]


@given(around=st.sampled_from(AROUND), text=st.text('[]{},:"1 \n', max_size=20))
def test_a_body_like_an_earlier_one_is_taken_apart_as_any_body_or_left_to_be(
    around: tuple[bytes, bytes], text: str
) -> None:
    before, behind = around
    taken = repeated_requests.split(before + b"[1]" + behind)
    assert taken is not None
    assert taken.around == around
    for content in (before + text.encode() + behind, before + f"[{text}]".encode() + behind):
        found = repeated_requests.split_again(content, around, is_listed=True)
        assert found is None or found == repeated_requests.split(content)


@given(
    around=st.sampled_from(AROUND_MEMBERS),
    texts=st.lists(
        st.text('[]{},:"1 \n', max_size=12) | st.sampled_from(["1", "[1]", "-2.5", ', "y": 1']), min_size=3, max_size=3
    ),
)
def test_an_object_like_an_earlier_one_is_taken_apart_as_any_body_or_left_to_be(
    around: tuple[bytes, ...], texts: list[str]
) -> None:
    def body(values: list[str]) -> bytes:
        return b"".join([part + value.encode() for part, value in zip(around, [*values, ""], strict=True)])

    count = len(around) - 1
    taken = repeated_requests.split(body(["1"] * count))
    assert taken is not None
    assert taken.around == around
    content = body(texts[:count])
    found, other = repeated_requests.split_again(content, around, is_listed=False), repeated_requests.split(content)
    if found is not None:
        assert other is not None
        values, others = ([content[slice(*place)].strip() for place in each.places] for each in (found, other))
        assert values == others  # but for blanks before a value
    assert repeated_requests.split_again(body(["1", "[2]", "3"][:count]), around, is_listed=False) is not None


@given(text=st.text("[]0123456789.,-+eE \n", max_size=20))
def test_only_a_json_array_is_a_point(text: str) -> None:
    found = repeated_requests.array(text.encode())
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    assert found == (expected if isinstance(expected, list) else None)


def test_after_a_refused_point_the_request_is_still_known(client: Client) -> None:
    text = '{"expression": "3*x**2 + y", "args": ["x", "y"], "point": %s}'
    hot(client, (text % "[1.0, 2.0]").encode())
    assert client.post((text % "[1.0]").encode()).json()["code"] == errors.InvalidField.code
    assert ask(client, (text % "[2.0, 2.0]").encode())["gradient"] == 12.0


def test_a_body_of_many_megabytes_is_not_taken_apart() -> None:
    assert not splits(b'{"point": [%s]}' % b",".join([b"1.0"] * 2_000_000))


ENTRIES = st.integers(-99, 99) | st.lists(st.integers(0, 99), min_size=2, max_size=2) | st.just([[1, 2.5], [3, 4]])


class Request:
    """What is repeated, with three arguments."""

    weight, arguments, seconds = 1, 3, 0.0

    def prepare(self, point: Any) -> None:
        """Answer nothing."""


@given(
    rounds=st.lists(st.lists(ENTRIES, min_size=3, max_size=3), min_size=2, max_size=6),
    by_name=st.booleans(),
    indent=st.sampled_from([None, 1]),
    more=st.lists(st.sampled_from(["[1, 2], 3", "", "[[1, 2]", "3] , [4", "null", "[5, 6]"]), min_size=3, max_size=3),
)
def test_what_is_kept_of_the_last_point_changes_nothing(
    rounds: list[list[Any]], by_name: bool, indent: int | None, more: list[str]
) -> None:
    def body(entries: list[str]) -> bytes:
        if not by_name:
            return b'{"point": [%b]}' % ", ".join(entries).encode()
        named = ", ".join(f'"{name}": {entry}' for name, entry in zip("abc", entries, strict=True))
        return b'{"point": {%b}, "argnums": 0}' % named.encode()

    bodies = [body([json.dumps(entry, indent=indent) for entry in entries]) for entries in rounds]
    bodies[1:1] = [body([*map(json.dumps, rounds[0][:place]), *more[place:]]) for place in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeated_requests, "_KEPT_BYTES", 4)
        first = repeated_requests.split(bodies[0])
        assert first is not None
        members = repeated_requests.names(first)
        assert members is not None
        known = repeated_requests.Repeated(Request(), members, 1000)
        for content in bodies:
            taken = repeated_requests.split(content)
            if taken is None or taken.around != first.around:
                continue
            with pytest.MonkeyPatch.context() as longer:
                longer.setattr(repeated_requests, "_KEPT_BYTES", 1000)
                short = known.short_point(content, taken.places)
            assert short is None or short == json.loads(content)["point"]
            try:
                found = known.point(known.match(content, taken.places))
            except errors.Rejected:
                continue  # it is read in full, and refused there
            try:
                expected = json.loads(content)["point"]
            except ValueError:
                assert found is None
            else:
                assert found is None or plain(found) == expected
                assert found is not None or content not in bodies[4:]


def plain(point: Any) -> Any:
    if isinstance(point, dict):
        return {name: plain(entry) for name, entry in point.items()}
    if isinstance(point, list):
        return list(map(plain, point))
    return point.tolist() if isinstance(point, np.ndarray) else point


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "grad": ("sum((X @ w - y)**2)", {"argnums": ["w"]}),
    "evaluate": ("sum((X @ w - y)**2)", {}),
    "jacobian": ("tanh(X @ w) - y", {"argnums": [1]}),
    "hessian": ("sum(exp(X @ w) - y)", {"argnums": [1]}),
    "jvp": ("tanh(X @ w) - y", {"argnums": [1], "tangents": [[1.0, 2.0]]}),
    "vjp": ("tanh(X @ w) - y", {"argnums": [1], "cotangent": [1.0] * 40}),
    "hvp": ("sum(exp(X @ w) - y)", {"argnums": [1], "tangents": [[1.0, 2.0]]}),
}


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_with_its_data_is_answered_at_other_parameters(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str, by_name: bool, by_id: bool
) -> None:
    text, fields = MODELS[name]
    path = f"/v1/{name}"
    asked: dict[str, Any] = {"expression": text, "args": ["X", "w", "y"]}
    if by_id:
        path = f"/v1/functions/{client.post(asked, '/v1/functions').json()['function_id']}/{name}"
        asked = {}
    rng = np.random.default_rng(0)
    data = {"X": rng.normal(size=(40, 2)).tolist(), "w": [0.5, 0.25], "y": rng.normal(size=40).tolist()}

    def body(changed: dict[str, Any], blank: str = " ") -> bytes:
        point = data | changed
        return (
            json.dumps(asked | {"point": point if by_name else list(point.values())} | fields)
            .replace('": ', f'":{blank}')
            .encode()
        )

    for w in ([0.5, 0.25], [0.5, 0.5]):
        assert client.post(body({"w": w}), path).status_code == 200
    changes: list[dict[str, Any]] = [
        {"w": [0.25, 0.125]},
        {"w": [-1, 1e-3]},
        {"y": [0.5] * 40},
        {"X": [[0.5, 0.25]] * 40},
        {},
    ]
    expected = [client.post(body(change, "\t"), path) for change in changes]
    monkeypatch.setattr(body_module, "decode", None)  # nothing is read in full any more
    for change, other in zip(changes, expected, strict=True):
        found = client.post(body(change), path)
        assert found.status_code == 200, found.text
        assert is_close(found.json(), other.json())  # the function may have been compiled meanwhile
        assert found.headers["cache-status"].startswith("gradserve; hit; detail=")


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_with_its_data_is_answered_at_as_many_other_parameters(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str, by_name: bool
) -> None:
    text, fields = MODELS[name]
    asked = {"expression": text, "args": ["X", "w", "y"], "in_axes": [None, 0, None]} | fields
    rng = np.random.default_rng(0)
    data = {"X": rng.normal(size=(40, 2)).tolist(), "w": [[0.5, 0.25]] * 3, "y": rng.normal(size=40).tolist()}

    def body(changed: dict[str, Any], blank: str = " ") -> bytes:
        point = data | changed
        document = asked | {"point": point if by_name else list(point.values())}
        return json.dumps(document).replace('": ', f'":{blank}').encode()

    for w in ([0.5, 0.25], [0.5, 0.5]):
        response = client.post(body({"w": [w] * 3}), f"/v1/{name}")
        assert response.status_code == 200, response.text
    changes: list[dict[str, Any]] = [
        {"w": [[0.25, 0.125], [1.0, 2.0], [-1, 1e-3]]},
        {"y": [0.5] * 40},
        {"X": [[0.5, 0.25]] * 40},
        {},
    ]
    expected = [client.post(body(change, "\t"), f"/v1/{name}") for change in changes]
    with monkeypatch.context() as patch:
        patch.setattr(body_module, "decode", None)  # nothing is read in full any more
        for change, other in zip(changes, expected, strict=True):
            found = client.post(body(change), f"/v1/{name}")
            assert found.status_code == 200, found.text
            assert is_close(found.json(), other.json())  # the function may have been compiled meanwhile
    more = {"w": [[0.25, 0.125]] * 4}  # not as many: it is read in full
    found, other = (client.post(body(more, blank), f"/v1/{name}") for blank in (" ", "\t"))
    assert is_close(found.json(), other.json())


@pytest.mark.parametrize(
    "change",
    [
        {"w": [0.5]},
        {"w": [[0.5, 0.5]]},
        {"w": 0.5},
        {"w": [0.5, None]},
        {"w": [0.5, True]},
        {"w": "text"},
        {"w": [0.5, [0.5]]},
        {"w": {"a": 1}},
        {"y": [0.5] * 39},
        {"X": [[0.5, 0.25, 1.0]] * 40},
        {"X": [[0.5, 0.25], [0.5]] * 20},
        {"X": [[0.5, "a"]] * 40},
        {"X": [[0.5, 0.25]] * 41, "y": [0.5] * 41},
        {"v": 1.0},
    ],
)
@pytest.mark.parametrize("by_name", [False, True])
def test_what_is_wrong_with_a_repeated_model_is_said_as_of_a_first_one(
    client: Client, change: dict[str, Any], by_name: bool
) -> None:
    data = {"X": [[0.5, 0.25], [1.0, 2.0]] * 20, "w": [0.5, 0.25], "y": [0.125] * 40}

    def body(changed: dict[str, Any], blank: str = " ") -> bytes:
        point = data | changed
        written = {"expression": "sum((X @ w - y)**2)", "point": point if by_name else list(point.values())}
        return json.dumps(written).replace('": ', f'":{blank}').encode()

    for w in ([0.5, 0.25], [0.5, 0.5], [0.5, 0.75]):
        assert client.post(body({"w": w})).status_code == 200
    found, expected = client.post(body(change)), client.post(body(change, "\t"))
    assert found.status_code == expected.status_code
    assert found.json() == expected.json()


def test_the_hot_lane_answers_models_that_are_quick_and_leaves_others(client: Client) -> None:
    lane = client.app.state.services.hot_lane
    headers = [(b"content-type", b"application/json"), (b"host", b"service")]

    def body(text: str, rows: int, w: float) -> bytes:
        point = {"X": [[0.5, 0.25]] * rows, "w": [0.5, w]}
        return json.dumps({"expression": text, "point": point, "argnums": ["w"]}).encode()

    async def prepare(content: bytes) -> Any:
        return lane.prepare(lane.way("/v1/grad", headers), content, ("192.0.2.1", 1))

    def ask(text: str, rows: int) -> Any:
        for number in range(12):
            assert client.post(body(text, rows, number / 8)).status_code == 200
        return client.run(prepare(body(text, rows, 2.5)))

    quick = ask("sum(tanh(X @ w)**2)", 50)
    assert quick is not None
    prepared, _ = quick
    prepared.run()
    answer, expected = json.loads(prepared.reply().content), client.post(body("sum(tanh(X @ w)**2)", 50, 2.5)).json()
    assert answer == expected
    assert ask("sum(exp(-(X @ X.T)**2))*sum(w)", 2000) is None  # four million numbers: milliseconds
    # So is a point of which too much is new.
    text = "sum(tanh(X @ w)**2) + 0*sum(w)"
    assert ask(text, 8000) is None or client.run(prepare(body(text, 8000, 2.5).replace(b"0.25", b"0.75"))) is None
