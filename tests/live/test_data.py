"""Data that stay, on real servers: bounded, shared by replicas, right after a process was killed."""

import contextlib
import io
import itertools
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.live.server import Server, serving
from tests.live.test_shared_store import SECRET, redis

pytestmark = pytest.mark.slow

NPY = {"Content-Type": "application/x-npy"}


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def upload(server: Server, array: np.ndarray, **headers: str) -> httpx.Response:
    return server.http.post("/v1/data", content=npy(array), headers=NPY | headers)


def total(server: Server, data_id: str, **headers: str) -> httpx.Response:
    request = {"expression": "sum(X*c)", "point": [{"data": data_id}, 1.0], "argnums": 1}
    return server.http.post("/v1/grad", json=request, headers=headers)


def settle(server: Server) -> None:
    """Wait until nothing is loaded in the background any more, which takes memory."""
    resident = 0
    while abs(server.resident_bytes() - resident) > 1 << 20:
        resident = server.resident_bytes()
        time.sleep(2)


def stored_bytes(cache: Path) -> int:
    return sum(path.stat().st_size for path in (cache / "data").iterdir())


def test_memory_and_disk_are_bounded_whoever_sends_how_much(tmp_path: Path) -> None:
    owners = [f"owner{number}" for number in range(100)]
    settings = {
        "GRADSERVE_API_KEYS": ",".join(owners),
        "GRADSERVE_MAX_DATA_BYTES": str(8 << 20),
        "GRADSERVE_MAX_DATA_ARRAYS_OF_ONE": "20",
        "GRADSERVE_DATA_MAX_BYTES": str(4 << 20),
    }
    rng = np.random.default_rng(0)
    with serving(tmp_path, **settings) as server:
        before = 0
        for count in range(5_000):
            owner = owners[count % len(owners)]
            assert upload(server, rng.normal(size=300), **{"X-API-Key": owner}).status_code == 201
            if count == 1000:
                before = server.resident_bytes()
        assert server.resident_bytes() < before + (32 << 20)
        # One sweep follows the next after 64 entries, of which an upload writes three.
        assert stored_bytes(tmp_path) < (4 << 20) + 64 * 4096
        for owner in owners[::10]:
            listed = server.http.get("/v1/data?limit=1000", headers={"X-API-Key": owner}).json()["data"]
            assert 0 < len(listed) <= 20
            assert total(server, listed[0]["data_id"], **{"X-API-Key": owner}).status_code == 200
        lines = server.http.get("/metrics", headers={"X-API-Key": owners[0]}).text.splitlines()
        held = next(float(line.split()[1]) for line in lines if line.startswith("gradserve_data_bytes "))
        assert 0 < held <= 8 << 20


def test_a_process_killed_amid_uploads_and_evictions_leaves_nothing_wrong(tmp_path: Path) -> None:
    """Whatever is listed afterwards is whole or gone, and can be registered again."""
    settings = {"GRADSERVE_MAX_DATA_ARRAYS_OF_ONE": "3", "GRADSERVE_MAX_DATA_BYTES": str(64 << 20)}
    arrays = [np.random.default_rng(seed).normal(size=300_000) for seed in range(8)]
    choose = random.Random(1)  # noqa: S311 - when to kill is no secret
    confirmed: dict[str, int] = {}
    for _ in range(4):
        with contextlib.suppress(Exception), serving(tmp_path, **settings) as server:

            def send(server: Server = server) -> None:
                with contextlib.suppress(httpx.TransportError):
                    for number, array in enumerate(arrays * 50):
                        confirmed[upload(server, array).json()["data_id"]] = number % len(arrays)

            sending = threading.Thread(target=send)
            sending.start()
            time.sleep(0.5 + choose.random())
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            sending.join()
    assert len(confirmed) >= 3
    with serving(tmp_path, **settings) as server:
        listed = server.http.get("/v1/data").json()["data"]
        assert len(listed) <= 3
        for data_id, number in confirmed.items():
            answer = total(server, data_id)
            assert answer.status_code in {200, 404}
            if answer.status_code == 200:
                assert answer.json()["gradient"] == pytest.approx(arrays[number].sum(), rel=1e-9)
        for number, array in enumerate(arrays):
            again = upload(server, array).json()["data_id"]
            assert total(server, again).json()["gradient"] == pytest.approx(array.sum(), rel=1e-9)
            assert confirmed.get(again, number) == number


def test_a_process_killed_amid_fits_and_sweeps_of_the_store_leaves_nothing_wrong(tmp_path: Path) -> None:
    """What fits use is still there and right, what is answered is whole, and the store is within its size."""
    largest = 8 << 20
    rng, choose = np.random.default_rng(6), random.Random(2)  # noqa: S311 - when to kill is no secret
    times, others = np.linspace(0, 1, 1000), [rng.normal(size=20_000) for _ in range(120)]
    measured = 3 - 2 * times + rng.normal(scale=0.1, size=1000)
    line = {"expression": "a + b*t - y", "args": ["a", "b", "t", "y"]}
    expected = np.linalg.lstsq(np.column_stack([np.ones(1000), times]), measured)[0]
    fit = {"point": [0.0, 0.0]}
    endless = {"expression": "sum(100*(X[1:] - X[:-1]**2)**2 + (1 - X[:-1])**2)", "point": [[0.5] * 30]}
    confirmed: dict[str, int] = {}
    path, unsent = "", iter(enumerate(others))

    def send(server: Server) -> None:
        for number, array in itertools.islice(unsent, 30):  # fewer than would push out what this round has used
            confirmed[upload(server, array).json()["data_id"]] = number

    def search(server: Server) -> None:
        with httpx.Client(base_url=server.http.base_url, timeout=30) as http:
            http.post("/v1/minimize", json=endless | {"method": "Nelder-Mead"})

    for _ in range(4):
        with (
            contextlib.suppress(subprocess.SubprocessError),
            serving(tmp_path, GRADSERVE_DATA_MAX_BYTES=str(largest)) as server,
        ):
            if not path:
                bound = line | {"data": {"t": times.tolist(), "y": measured.tolist()}}
                path = (
                    f"/v1/functions/{server.http.post('/v1/functions', json=bound).json()['function_id']}/least_squares"
                )
            found = server.http.post(path, json=fit)
            assert found.json()["x"] == pytest.approx(expected, rel=1e-9), found.text
            working = [threading.Thread(target=_until_killed, args=(each, server)) for each in (send, search, search)]
            for each in working:
                each.start()
            time.sleep(0.3 + choose.random())
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            for each in working:
                each.join()
    assert len(confirmed) >= 4
    with serving(tmp_path, GRADSERVE_DATA_MAX_BYTES=str(largest)) as server:
        assert server.http.post(path, json=fit).json()["x"] == pytest.approx(expected, rel=1e-9)
        for data_id, number in confirmed.items():
            answer = total(server, data_id)
            assert answer.status_code in {200, 404}
            if answer.status_code == 200:
                assert answer.json()["gradient"] == pytest.approx(others[number].sum(), rel=1e-9)
        upload(server, others[0])  # a process sweeps when it writes first
        assert stored_bytes(tmp_path) < largest + 3 * others[0].nbytes


def _until_killed(work: Callable[[Server], None], server: Server) -> None:
    with contextlib.suppress(httpx.TransportError):
        work(server)


def test_two_replicas_with_one_store_have_the_same_data(tmp_path: Path) -> None:
    array = np.random.default_rng(4).normal(size=3_000_000)  # three pieces
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(redis(tmp_path))
        settings = {"GRADSERVE_STORE": store.url, "GRADSERVE_STORE_SECRET": SECRET, "GRADSERVE_API_KEYS": "a,b"}
        one = stack.enter_context(serving(tmp_path / "one", **settings))
        two = stack.enter_context(serving(tmp_path / "two", **settings))
        alice, bob = {"X-API-Key": "a"}, {"X-API-Key": "b"}
        described = upload(one, array, **alice).json()
        assert two.http.get("/v1/data", headers=alice).json() == {"data": [described]}
        found = total(two, described["data_id"], **alice)
        assert found.json()["gradient"] == pytest.approx(array.sum(), rel=1e-9)
        assert total(two, described["data_id"], **bob).status_code == 404
        assert one.http.delete(f"/v1/data/{described['data_id']}", headers=alice).status_code == 204
        assert two.http.get("/v1/data", headers=alice).json() == {"data": []}


def test_a_hundred_megabytes_of_json_are_never_held_twice(tmp_path: Path) -> None:
    numbers = np.random.default_rng(5).normal(size=5_000_000)
    body = b'{"values": [' + b",".join([b"%.17g" % number for number in numbers.tolist()]) + b"]}"
    assert len(body) > 95_000_000
    with serving(tmp_path) as server:
        settle(server)
        before, peak, slowest, done = server.resident_bytes(), 0, 0.0, threading.Event()

        def watch() -> None:
            nonlocal peak, slowest
            with httpx.Client(base_url=server.http.base_url) as http:
                while not done.is_set():
                    peak = max(peak, server.resident_bytes())
                    began = time.perf_counter()
                    assert http.get("/healthz").status_code == 200
                    slowest = max(slowest, time.perf_counter() - began)

        watching = threading.Thread(target=watch)
        watching.start()
        began = time.perf_counter()
        response = server.http.post("/v1/data", content=body, headers={"Content-Type": "application/json"}, timeout=120)
        seconds = time.perf_counter() - began
        done.set()
        watching.join()
        assert response.status_code == 201, response.text
        assert response.json()["bytes"] == numbers.nbytes
        # The body, the array, and a tenth of them; as Python objects the numbers alone would take 160 MB more.
        assert peak - before < 1.1 * (len(body) + numbers.nbytes) + (32 << 20)
        # The event loop gives way between pieces.
        assert slowest < 0.5 * seconds
