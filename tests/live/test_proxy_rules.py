"""The rules of deploy/proxy/nginx.conf, checked with replicas whose answers the test chooses."""

import concurrent.futures
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.benchmarks.ring import Ring
from tests.live.proxy import Stub, proxying, stubs
from tests.support import assertions

pytestmark = pytest.mark.slow

HELD = 32
"""max_conns of the configuration."""
ID = "4226752467f825da2f16ea77bfc0464d"


class Proxied:
    """Replicas behind nginx."""

    def __init__(self, http: httpx.Client, replicas: list[Stub]) -> None:
        self.http = http
        self.port = http.base_url.port or 0
        self.replicas = replicas
        self.ring = Ring([replica.address for replica in replicas])

    def post(self, content: bytes | str, path: str = "/v1/grad", **headers: str) -> httpx.Response:
        return self.http.post(path, content=content, headers=headers)

    def about(self, expression: Any) -> httpx.Response:
        return self.post(json.dumps({"expression": expression, "point": [1.0]}))

    def order(self, key: str) -> list[Stub]:
        """Return the replicas in the order in which a key goes to them."""
        return [
            next(each for each in self.replicas if each.address == found) for found in self.ring.order(key.encode())
        ]

    def at_once(self, number: int) -> list[int]:
        """Send some requests at once; return how many each replica has under way, in the order of the ring."""
        with concurrent.futures.ThreadPoolExecutor(number) as threads:
            for replica in self.replicas:
                replica.open.clear()
            asked = [threads.submit(self.about, "x**2") for _ in range(number)]
            deadline = time.monotonic() + 20
            while sum(each.under_way for each in self.replicas) < number and time.monotonic() < deadline:
                time.sleep(0.01)
            found = [each.under_way for each in self.order("x**2")]
            for replica in self.replicas:
                replica.open.set()
            assert {each.result().status_code for each in asked} == {200}
        return found


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Proxied]:
    with stubs() as replicas, proxying(tmp_path, [each.address for each in replicas]) as http:
        yield Proxied(http, replicas)


@pytest.mark.parametrize("escaped", [True, False])
def test_a_function_goes_to_its_replica_on_the_ring(proxied: Proxied, escaped: bool) -> None:
    met = set()
    for n in range(60):
        text = json.dumps(f'\u03b1*x**{n} + "\\', ensure_ascii=escaped)
        found = proxied.post(f'{{"point": [{n}], "expression" :\n {text}, "argnums": 0}}'.encode()).text
        assert found == proxied.ring.owner(text[1:-1].encode())
        met.add(found)
    assert len(met) == 3


def test_every_route_of_a_function_goes_to_its_replica(proxied: Proxied) -> None:
    for n in range(20):
        text = f"sin(x)**{n}"
        owner = proxied.ring.owner(text.encode())
        for path, document in (
            ("/v1/hessian", {"expression": text, "args": ["x"], "point": {"x": 2.0}}),
            ("/v1/jacobian", {"expression": [text, "y"], "point": [1.0, 2.0]}),
            ("/v1/functions", {"expression": text}),
            ("/Gradient", {"input": [[1.0]], "sens": [1.0], "config": {"expression": text}}),
            ("/tesseract/apply", {"inputs": {"x": [1.0], "expression": text}}),
            ("/v2/models/gradient/infer", {"inputs": [], "parameters": {"expression": text}}),
        ):
            assert proxied.post(json.dumps(document), path).text == owner, path


def test_requests_with_an_id_are_routed_by_the_id(proxied: Proxied) -> None:
    owner = proxied.ring.owner(ID.encode())
    for path in (f"/v1/functions/{ID}/grad", f"/f/{ID}/Evaluate", f"/f/{ID}/tesseract/apply", f"/v2/models/{ID}/infer"):
        for n in range(3):
            assert proxied.post(json.dumps({"point": [n], "expression": f"x + {n}"}), path).text == owner
    assert proxied.http.get(f"/v1/functions/{ID}").text == owner


def test_requests_without_a_function_go_to_the_replicas_in_turn(proxied: Proxied) -> None:
    assert len({proxied.http.get("/docs").text for _ in range(9)}) == 3
    assert len({proxied.post('{"point": [1]}').text for _ in range(9)}) == 3


@pytest.mark.parametrize(
    "content",
    [
        b'{"expression": "' + b"x+" * 65_000 + b'x", "point": [1]}',
        b'{"expression": "' + b'\\"' * 8_000_000 + b'"}',
        b'{"expression": "' + b'\\"' * 8_000_000,
        b'{"expression": "' + b"\\" * 16_000_000,
        b'"expression":"' * 1_100_000,
        b'{"expression":[' * 1_000_000,
        b'"expression"' + b" " * 16_000_000,
        b'"' * 16_000_000,
        b'{"point": [' + b"1.5," * 4_000_000 + b'1], "expression": "x"}',
        b'\xff\xfe\0{"expression": "\0\xff\xc3\x28"}',
        b"",
    ],
    ids=[
        "long",
        "escapes",
        "no end",
        "backslashes",
        "starts",
        "lists",
        "spaces",
        "quotes",
        "numbers",
        "bytes",
        "empty",
    ],
)
def test_every_body_is_passed_on_unchanged(proxied: Proxied, content: bytes) -> None:
    for _ in range(2):
        assert proxied.post(content).status_code == 200
    bodies = [body for each in proxied.replicas for _, body in each.seen]
    assert bodies == [content, content]


def test_a_full_replica_passes_requests_to_the_next_one_on_the_ring(proxied: Proxied) -> None:
    assert proxied.at_once(HELD) == [HELD, 0, 0]
    assert proxied.at_once(HELD + 20) == [HELD, 20, 0]
    found = proxied.at_once(3 * HELD + 60)  # all are full, and no request is refused
    assert sum(found) == 3 * HELD + 60
    assert min(found) > HELD


@pytest.mark.parametrize("how", ["breaks", "refuses", "drains"])
def test_the_next_replica_answers_for_one_that_is_lost(proxied: Proxied, how: str) -> None:
    first, second, _ = proxied.order("x**2")
    assert proxied.about("x**2").text == first.address
    if how == "breaks":
        first.gone = True
    elif how == "refuses":
        first.close()
    else:
        first.status = 503
    began = time.monotonic()
    for _ in range(20):
        assert proxied.about("x**2").text == second.address
    # Once before, and then once for every fail_timeout.
    assert len(first.seen) <= 2 + (time.monotonic() - began)


def test_a_429_is_passed_on_and_not_retried(proxied: Proxied) -> None:
    for replica in proxied.replicas:
        replica.status = 429
    response = proxied.about("x**2")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert sum(len(each.seen) for each in proxied.replicas) == 1


def test_without_a_replica_the_answer_is_a_problem_document(proxied: Proxied) -> None:
    for replica in proxied.replicas:
        replica.gone = True
    for _ in range(3):
        response = proxied.about("x**2")
        assertions.assert_problem(response, 503, "draining")
        assert response.headers["Retry-After"] == "1"
    # A request that kills who answers it is asked again, but not for ever.
    assert sum(len(each.seen) for each in proxied.replicas) <= 3 * 4
    for replica in proxied.replicas:
        replica.gone = False
    time.sleep(3)  # fail_timeout, which nginx counts in whole seconds
    assert proxied.about("x**2").status_code == 200


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/Evaluate", {"error": {"type": "InvalidOutput", "message": "no replica answers"}}),
        (
            "/f/4226752467f825da2f16ea77bfc0464d/Gradient",
            {"error": {"type": "InvalidOutput", "message": "no replica answers"}},
        ),
        ("/tesseract/apply", {"detail": "no replica answers"}),
        ("/f/4226752467f825da2f16ea77bfc0464d/tesseract/jacobian", {"detail": "no replica answers"}),
        ("/v2/models/gradient/infer", {"error": "no replica answers"}),
    ],
)
def test_clients_of_other_protocols_read_why_there_is_no_answer(proxied: Proxied, path: str, expected: object) -> None:
    for replica in proxied.replicas:
        replica.gone = True
    response = proxied.http.post(path, json={})
    for replica in proxied.replicas:
        replica.gone = False
    assert (response.status_code, response.json()) == (503, expected)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Retry-After"] == "1"
    time.sleep(3)  # fail_timeout, which nginx counts in whole seconds


def test_too_large_requests_are_refused_in_the_form_of_the_service(proxied: Proxied) -> None:
    assertions.assert_problem(proxied.post(b"1" * 18_000_000), 413, "body_too_large")
    assertions.assert_problem(proxied.post(b"{}", Long="a" * 70_000), 400, "body_too_large")
    assertions.assert_problem(proxied.post(b"{}", **{f"X-{n}": "a" * 60_000 for n in range(5)}), 400, "body_too_large")
    assert not any(each.seen for each in proxied.replicas)
    # What is over the service's bounds and not over these the service refuses itself.
    assert proxied.post(b"1" * 17_000_000, Long="a" * 60_000).status_code == 200


def test_the_requests_under_way_of_one_address_are_limited(proxied: Proxied) -> None:
    begun = b"POST /v1/grad HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    senders: list[socket.socket] = []

    def begin() -> socket.socket:
        sender = stack.enter_context(socket.create_connection((proxied.http.base_url.host, proxied.port)))
        sender.sendall(begun)
        return sender

    def go_on() -> None:
        """Send a byte more of every body: nginx drops a request that sends nothing for 10 seconds.

        Those that a busy machine has let it drop are sent anew.
        """
        for place, sender in enumerate(senders):
            try:
                sender.sendall(b" ")
            except ConnectionError:
                senders[place] = begin()

    with contextlib.ExitStack() as stack:
        for number in range(512):
            senders.append(begin())
            if number % 32 == 0:
                go_on()
        deadline = time.monotonic() + 60  # nginx reads them all, however busy the machine is
        while (response := proxied.about("x**2")).status_code == 200 and time.monotonic() < deadline:
            time.sleep(0.05)
            go_on()
        assertions.assert_problem(response, 429, "overloaded")
        assert response.headers["Retry-After"] == "1"


def test_the_replica_gets_the_address_of_the_caller_and_the_request_id(proxied: Proxied) -> None:
    proxied.post("{}", **{"X-Forwarded-For": "203.0.113.7", "X-Request-ID": "mine", "Authorization": "Bearer k"})
    ((headers, _),) = [seen for each in proxied.replicas for seen in each.seen]
    assert headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"
    assert headers["x-request-id"] == "mine"
    assert headers["authorization"] == "Bearer k"
    assert headers["host"] == str(proxied.http.base_url.netloc, "ascii")


def test_metrics_of_a_single_replica_are_not_public(proxied: Proxied) -> None:
    assertions.assert_problem(proxied.http.get("/metrics"), 404, "not_found")
    assert not any(each.seen for each in proxied.replicas)
