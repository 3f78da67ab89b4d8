"""``/v1/data``: what it takes, keeps, answers and refuses; and data in the points of every route."""

import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving

PATH = "/v1/data"
NPY = {"Content-Type": "application/x-npy"}
NUMBERS = [1.0, 2.5, 4.0]
GONE = "f" * 32
REFUSED = {"invalid_field", "bad_shape"}


def kept(client: Client, values: Any, **fields: Any) -> str:
    """Register an array as JSON; return its id."""
    response = client.post({"values": values, **fields}, PATH)
    assert response.status_code in {200, 201}, response.text
    data_id: str = response.json()["data_id"]
    return data_id


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def upload(client: Client, content: bytes, **headers: str) -> httpx.Response:
    return client.request("POST", PATH, content=content, headers=NPY | headers)


def test_data_are_registered_once(client: Client) -> None:
    first = client.post({"values": [[7.0, 8.0]]}, PATH)
    assert first.status_code == 201
    described = first.json()
    assert first.headers["location"] == f"data/{described['data_id']}"  # beside the address that was asked
    assert described | {"data_id": ""} == {
        "data_id": "",
        "shape": [1, 2],
        "dtype": "float64",
        "bytes": 16,
        "shared": True,
    }
    again = client.post({"values": [[7.0, 8.0]]}, PATH)
    assert (again.status_code, again.json()) == (200, described)
    assert client.get(f"/v1/{first.headers['location']}").json() == described
    assert described in client.get(PATH).json()["data"]


def test_an_id_is_a_digest_of_dtype_shape_and_numbers(client: Client) -> None:
    ids = [
        kept(client, [1, 2, 3, 4]),
        kept(client, [[1, 2], [3, 4]]),
        kept(client, [1, 2, 3, 4], dtype="float32"),
        kept(client, [1, 2, 3, 4], dtype="int64"),
        kept(client, [1, 2, 3, 5]),
    ]
    assert len(set(ids)) == len(ids)
    # As the documentation says it: the same on a machine of another byte order.
    assert ids[0] == upload(client, npy(np.array([1, 2, 3, 4], ">f8"))).json()["data_id"]


def test_deleted_data_are_gone(client: Client) -> None:
    data_id = kept(client, [3.0, 1.0, 4.0])
    point = {"X": {"data": data_id}}
    assert client.answer({"expression": "sum(X)", "point": point})["value"] == 8.0
    assert client.request("DELETE", f"{PATH}/{data_id}").status_code == 204
    problem = client.post({"expression": "sum(X)", "point": point})
    assertions.assert_problem(problem, 404, "not_found")
    assert problem.json()["field"] == "point.X"
    for method in ("GET", "DELETE"):
        assertions.assert_problem(client.request(method, f"{PATH}/{data_id}"), 404, "not_found")


@pytest.mark.parametrize("data_id", ["", "x", "F" * 32, GONE, "../secret", "0" * 40, "\u00e9" * 32])
def test_an_id_that_is_none_is_not_found(client: Client, data_id: str) -> None:
    request = {"expression": "sum(X)", "point": {"X": {"data": data_id}}}
    assertions.assert_problem(client.post(request), 404, "not_found")


@pytest.mark.parametrize("entry", [{"data": 3}, {"data": None}, {}, {"data": GONE, "more": 1}, {"id": GONE}])
def test_an_entry_that_names_no_data_is_refused(client: Client, entry: Any) -> None:
    assertions.assert_problem(client.post({"expression": "sum(X)", "point": [entry]}), 422, "invalid_field")
    assertions.assert_problem(client.post({"expression": "sum(X)", "point": {"X": entry}}), 422, "invalid_field")


def test_data_stand_for_the_only_argument_without_a_list(client: Client) -> None:
    entry = {"data": kept(client, NUMBERS)}
    assert client.grad("sum(data**2)", entry)["gradient"] == [2 * number for number in NUMBERS]
    assertions.assert_problem(client.post({"expression": "sum(X*c)", "point": entry}), 422, "invalid_field")


def test_data_among_the_numbers_of_an_argument_are_refused(client: Client) -> None:
    entry = {"data": kept(client, NUMBERS)}
    for point in ([1.0, entry], [entry, entry], [entry, entry, entry], [[entry]], [[1.0, entry]]):
        assertions.assert_problem(client.post({"expression": "sum(X)", "point": point}), 422, REFUSED)


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("grad", {"expression": "sum((X - c)**2)", "argnums": ["X", "c"]}),
    ("evaluate", {"expression": "X*c"}),
    ("jacobian", {"expression": ["sum(X)*c", "c**2"], "argnums": ["c", "X"]}),
    ("hessian", {"expression": "sum(X**3*c)", "argnums": ["X", "c"]}),
    ("jvp", {"expression": "X*c", "argnums": "c", "tangents": 2.0}),
    ("vjp", {"expression": "X*c", "argnums": "c", "cotangent": NUMBERS}),
    ("hvp", {"expression": "sum(X*c**3)", "argnums": "c", "tangents": 2.0}),
    ("grad", {"expression": "sum((X - c)**2)", "argnums": "c", "verify": True}),
    ("grad", {"expression": "sum((X - c)**2)", "argnums": "c", "verify": "rigorous"}),
    ("grad", {"expression": "sum((X - c)**2)", "argnums": "c", "dtype": "float32"}),
    ("grad", {"expression": "X**2*c", "argnums": ["X", "c"], "in_axes": {"X": 0}}),
    ("taylor", {"expression": "sum(X)*exp(c)", "order": 3, "direction": {"c": 1.0}}),
]


@pytest.mark.parametrize(("route", "request_"), REQUESTS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("named", [True, False], ids=["by name", "in a list"])
def test_data_mean_what_their_numbers_mean(
    client: Client, route: str, request_: dict[str, Any], dtype: str, *, named: bool
) -> None:
    values = [1.0, 2.0, 4.0]
    args, path = ["X", "c"], f"/v1/{route}"
    given = dict(request_) | {"args": args}
    if "in_axes" in given:
        given["in_axes"] = [given["in_axes"].get(name) for name in args]
    entry = {"data": kept(client, values, dtype=dtype)}
    points = [{"X": values, "c": 1.5}, {"X": entry, "c": 1.5}] if named else [[values, 1.5], [entry, 1.5]]
    expected, found = (client.answer(given | {"point": point}, path) for point in points)
    assert found == expected


def test_many_rows_are_not_counted_as_a_point_that_is_sent(client: Client) -> None:
    rows = np.arange(2_500_000, dtype=np.int32)
    data_id = upload(client, npy(rows)).json()["data_id"]
    found = client.grad("sum(X*c)", {"X": {"data": data_id}, "c": 2.0}, argnums="c")
    assert found["gradient"] == float(rows.sum(dtype=np.int64))


ARRAYS = [
    np.array(NUMBERS),
    np.array(NUMBERS, ">f8"),
    np.array(NUMBERS, "<f4"),
    np.array([[1, 2, 3], [4, 5, 6]], ">i2"),
    np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    np.array([True, False, True]),
    np.array(7.5),
    np.array([1, 2**63], np.uint64),
    np.array([np.nan, np.inf, 1.0]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str} {array.shape}")
def test_npy_bytes_are_read_as_numpy_reads_them(client: Client, array: Any) -> None:
    described = upload(client, npy(array)).json()
    assert described["shape"] == list(array.shape)
    assert described["dtype"] == array.dtype.name
    found = client.answer({"expression": "X", "point": [{"data": described["data_id"]}]}, "/v1/evaluate")
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.array(found["value"], float).reshape(array.shape), array.astype(float))


def header(text: str, version: bytes = b"\x01\x00", content: bytes = b"") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode() + content


HOSTILE = [
    b"",
    b"\x93NUMPY",
    b"not npy at all",
    header(""),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}"),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", content=bytes(8)),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", content=bytes(8)),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 1)}", content=bytes(16)),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': 'x'}", content=bytes(8)),
    header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", content=bytes(8)),
    header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", content=bytes(8)),
    header("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", content=bytes(16)),
    header("{'descr': '<f2', 'fortran_order': False, 'shape': (1,)}", content=bytes(2)),
    header("{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", content=bytes(16)),
    header("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}", content=bytes(8)),
    header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {(1,) * 9}}}", content=bytes(8)),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", b"\x09\x00", bytes(8)),
    header("(" * 9000),
    header("__import__('os').system('true')", content=bytes(8)),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': " + "9" * 5000 + "}"),
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_header_is_refused(client: Client, content: bytes) -> None:
    assert upload(client, content).status_code == 422


TENSOR: dict[str, Any] = {"name": "X", "shape": [3], "datatype": "FP64"}


def test_a_tensor_is_kept_from_json_and_from_bytes(client: Client) -> None:
    expected = kept(client, NUMBERS)
    assert client.post(TENSOR | {"data": NUMBERS}, PATH).json()["data_id"] == expected
    head, content = json.dumps(TENSOR).encode(), np.array(NUMBERS).tobytes()
    length = {"Inference-Header-Content-Length": str(len(head))}
    for media_type in ("application/octet-stream", "application/json"):
        response = upload(client, head + content, **length, **{"Content-Type": media_type})
        assert response.json()["data_id"] == expected


@pytest.mark.parametrize(
    ("tensor", "content"),
    [
        (TENSOR, bytes(23)),
        (TENSOR, bytes(32)),
        (TENSOR, b""),
        (TENSOR | {"datatype": "BYTES"}, bytes(24)),
        (TENSOR | {"shape": [-3]}, bytes(24)),
        (TENSOR | {"shape": [3] + [1] * 8}, bytes(24)),
        (TENSOR | {"shape": ["3"]}, bytes(24)),
        (TENSOR | {"data": NUMBERS}, bytes(24)),
        (TENSOR | {"parameters": {"binary_data_size": 8}}, bytes(24)),
        (TENSOR | {"more": 1}, bytes(24)),
        ({"datatype": "FP64"}, bytes(24)),
        ([TENSOR], bytes(24)),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(client: Client, tensor: Any, content: bytes) -> None:
    head = json.dumps(tensor).encode()
    response = upload(client, head + content, **{"Inference-Header-Content-Length": str(len(head))})
    assert response.status_code in {400, 422}


@pytest.mark.parametrize("length", ["-1", "x", "999", "9" * 40, "1e1", ""])
def test_a_length_that_is_none_is_refused(client: Client, length: str) -> None:
    response = upload(client, json.dumps(TENSOR).encode(), **{"Inference-Header-Content-Length": length})
    assert response.status_code in {400, 422}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1, 2]",
        b'{"values": [1, NaN]}',
        b'{"values": [1, 1e999]}',
        b'{"values": [[1], [2, 3]]}',
        b'{"values": [true]}',
        b'{"values": "x"}',
        b'{"values": {"data": "x"}}',
        b'{"values": [1], "values": [2]}',
        b'{"values": [1], "dtype": "object"}',
        b'{"values": [1.5], "dtype": "int64"}',
        b'{"values": [3000000000], "dtype": "int32"}',
        b'{"values": [1e300], "dtype": "float32"}',
        b'{"values": [1], "shared": 1}',
        b'{"values": [1], "more": 1}',
        b'{"dtype": "float64"}',
    ],
)
def test_a_body_that_is_no_array_is_refused(client: Client, body: bytes) -> None:
    assert client.post(body, PATH).status_code in {400, 422}


def test_other_media_types_and_flags_are_refused(client: Client) -> None:
    assertions.assert_problem(
        client.request("POST", PATH, content=b"1,2", headers={"Content-Type": "text/csv"}),
        415,
        "unsupported_media_type",
    )
    assertions.assert_problem(client.post({"values": [1]}, f"{PATH}?shared=yes"), 422, "invalid_field")
    assertions.assert_problem(client.get(f"{PATH}?limit=0"), 422, "invalid_field")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    settings = Settings(
        api_keys="alice,bob",
        max_data_bytes_of_one=100_000,
        max_data_arrays_of_one=5,
        max_data_body_bytes=50_000,
        cache_dir=str(tmp_path_factory.mktemp("keyed")),
    )
    with serving(settings, workers=False) as started:
        yield started


def ask(client: Client, who: str, method: str, path: str, **options: Any) -> httpx.Response:
    return client.request(method, path, headers={"X-API-Key": who}, **options)


def test_data_are_their_owners(keyed: Client) -> None:
    mine = ask(keyed, "alice", "POST", PATH, json={"values": [1.25, 2.0]}).json()
    assert mine["shared"] is False
    data_id = mine["data_id"]
    request = {"expression": "sum(X)", "point": [{"data": data_id}]}
    assert ask(keyed, "alice", "POST", "/v1/grad", json=request).status_code == 200

    def asked(data_id: str) -> list[tuple[int, dict[str, Any]]]:
        request = {"expression": "sum(X)", "point": [{"data": data_id}]}
        replies = [
            ask(keyed, "bob", "POST", "/v1/grad", json=request),
            ask(keyed, "bob", "GET", f"{PATH}/{data_id}"),
            ask(keyed, "bob", "DELETE", f"{PATH}/{data_id}"),
        ]
        return [(reply.status_code, json.loads(reply.text.replace(data_id, ""))) for reply in replies]

    assert asked(data_id) == asked(GONE)
    assert ask(keyed, "bob", "GET", PATH).json() == {"data": []}
    # Whoever has the array has it registered for the first time, whether or not others have.
    assert ask(keyed, "bob", "POST", PATH, json={"values": [1.25, 2.0]}).status_code == 201
    assert ask(keyed, "bob", "POST", "/v1/grad", json=request).status_code == 200
    # It stays while one of its owners wants it.
    assert ask(keyed, "alice", "DELETE", f"{PATH}/{data_id}").status_code == 204
    assert ask(keyed, "alice", "GET", f"{PATH}/{data_id}").status_code == 404
    assert ask(keyed, "bob", "GET", f"{PATH}/{data_id}").status_code == 200


def test_shared_data_are_for_all_who_know_the_id(keyed: Client) -> None:
    data_id = ask(keyed, "alice", "POST", PATH, json={"values": [5.0], "shared": True}).json()["data_id"]
    assert ask(keyed, "bob", "GET", f"{PATH}/{data_id}").status_code == 200
    assert ask(keyed, "bob", "DELETE", f"{PATH}/{data_id}").status_code == 404
    assert ask(keyed, "alice", "DELETE", f"{PATH}/{data_id}").status_code == 204
    assert ask(keyed, "bob", "GET", f"{PATH}/{data_id}").status_code == 404


def test_the_oldest_data_of_an_owner_go_first(keyed: Client) -> None:
    ids = [ask(keyed, "bob", "POST", PATH, json={"values": [float(n)]}).json()["data_id"] for n in range(7)]
    listed = [each["data_id"] for each in ask(keyed, "bob", "GET", PATH).json()["data"]]
    assert listed == ids[:1:-1]
    problem = ask(keyed, "bob", "GET", f"{PATH}/{ids[0]}")
    assertions.assert_problem(problem, 404, "not_found")
    assert "evicted" in problem.json()["hint"]


def test_a_body_of_data_has_a_limit_of_its_own(keyed: Client) -> None:
    problem = ask(keyed, "bob", "POST", PATH, content=npy(np.zeros(7000)))
    assertions.assert_problem(problem, 413, "body_too_large")


def test_data_and_their_owners_outlive_a_restart(tmp_path: Path) -> None:
    settings = Settings(api_keys="alice,bob", cache_dir=str(tmp_path))
    array = np.random.default_rng(2).normal(size=(1100, 1000))  # more than a piece of the store
    with serving(settings, workers=False) as first:
        described = first.request("POST", PATH, content=npy(array), headers=NPY | {"X-API-Key": "alice"}).json()
    with serving(settings, workers=False) as second:
        assert ask(second, "alice", "GET", PATH).json() == {"data": [described]}
        assert ask(second, "bob", "GET", f"{PATH}/{described['data_id']}").status_code == 404
        request = {"expression": "sum(X*c)", "point": [{"data": described["data_id"]}, 1.0], "argnums": 1}
        found = ask(second, "alice", "POST", "/v1/grad", json=request).json()
        assert found["gradient"] == pytest.approx(array.sum(), rel=1e-9)
