"""TLS: the same answers and bounds as without, certificates that are renewed, files that do not fit."""

import asyncio
import dataclasses
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app import errors
from app.api.server import tls
from tests.support import certificates
from tests.support.service import Client, serving
from tests.support.sockets import Connection, Response, Served, listening, request

Result = TypeVar("Result")
QUESTION = json.dumps({"expression": "x**2 + 5", "point": [3.0]}).encode()
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def own() -> Iterator[Client]:
    with serving() as started:
        yield started


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return certificates.make(tmp_path)


def converse(
    client: Client, files: tuple[Path, Path], talk: Callable[[Served], Awaitable[Result]], **limits: Any
) -> Result:
    """Run a conversation over TLS, under some limits of its own."""
    state = client.app.state
    usual = state.services
    certificate = tls.Certificate(str(files[0]), str(files[1]))

    async def run() -> Result:
        state.services = dataclasses.replace(usual, limits=dataclasses.replace(usual.limits, **limits))
        try:
            async with listening(client.app, certificate, certificates.trusting(files[0])) as served:
                return await talk(served)
        finally:
            state.services = usual

    return client.run(run())


async def plain(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect without TLS."""
    return await asyncio.open_connection("127.0.0.1", served.port)


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionResetError:
        return True


def test_a_hot_request_never_reaches_asgi_and_its_answer_is_the_same(own: Client, files: tuple[Path, Path]) -> None:
    async def talk(served: Served) -> tuple[list[Response], list[str]]:
        await served.heat(QUESTION)
        connection = await served.connect()
        return [await connection.ask(request(QUESTION)) for _ in range(3)], served.asgi

    responses, asgi = converse(own, files, talk)
    assert asgi == []
    assert {response.content for response in responses} == {own.post(QUESTION).content}


def test_pipelined_and_large_answers_are_whole(own: Client, files: tuple[Path, Path]) -> None:
    document = {"expression": "x**2", "point": [[float(n) for n in range(30_000)]], "in_axes": 0}

    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        connection.writer.write(request(json.dumps(document).encode()) + HEALTH)
        return await connection.receive(2)

    large, health = converse(own, files, talk)
    assert large.json()["gradient"] == [2.0 * n for n in range(30_000)]
    assert health.status == 200


def test_connections_that_never_begin_their_handshake_are_bounded(own: Client, files: tuple[Path, Path]) -> None:
    async def talk(served: Served) -> tuple[bool, int]:
        idle = [await plain(served) for _ in range(2)]
        await asyncio.sleep(0.1)
        reader, writer = await plain(served)  # one too many: half of four are for one address
        refused = await ended(reader)
        for _, each in (*idle, (reader, writer)):
            each.close()
        await asyncio.sleep(0.1)
        return refused, (await (await served.connect()).ask(HEALTH)).status

    assert converse(own, files, talk, max_connections=4) == (True, 200)


def test_a_handshake_that_takes_too_long_is_ended(own: Client, files: tuple[Path, Path]) -> None:
    async def talk(served: Served) -> float:
        reader, writer = await plain(served)
        writer.write(b"\x16\x03\x01\x02\x00\x01")
        began = asyncio.get_running_loop().time()
        assert await ended(reader)
        writer.close()
        return asyncio.get_running_loop().time() - began

    assert 0.5 < converse(own, files, talk, receive_seconds=1.0) < 5.0


@pytest.mark.parametrize("content", [HEALTH, b"\x16\x03\x01\x00\x05hello", b"\0" * 4096, b""])
def test_what_is_no_handshake_is_ended_and_leaves_no_connection_open(
    own: Client, files: tuple[Path, Path], content: bytes
) -> None:
    async def talk(served: Served) -> list[int]:
        for _ in range(5):
            _, writer = await plain(served)
            writer.write(content)
            if content:
                await asyncio.sleep(0.02)
            writer.close()
        await asyncio.sleep(0.2)
        connections = [await served.connect() for _ in range(2)]
        return [(await connection.ask(HEALTH)).status for connection in connections]

    assert converse(own, files, talk, max_connections=4) == [200, 200]


def test_clients_that_leave_at_once_after_their_handshake_leave_no_connection_open(
    own: Client, files: tuple[Path, Path]
) -> None:
    async def talk(served: Served) -> int:
        for _ in range(20):
            connection = await served.connect()
            connection.writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            connection.writer.transport.abort()
        await asyncio.sleep(0.2)
        return (await (await served.connect()).ask(HEALTH)).status

    assert converse(own, files, talk, max_connections=4) == 200


def shown(connection: Connection) -> bytes:
    """Return the certificate that a server has shown."""
    found: bytes = connection.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return found


def test_a_renewed_certificate_is_shown_to_new_connections(
    own: Client, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    renewed = certificates.make(tmp_path_factory.mktemp("renewed"))

    async def talk(served: Served) -> None:
        old = await served.connect()
        served.trust(certificates.trusting(files[0], renewed[0]))
        renewed[0].replace(files[0])  # for a moment the two do not fit, as when a tool replaces one after the other
        assert shown(await served.connect()) == shown(old)
        renewed[1].replace(files[1])
        new = await served.connect()
        assert shown(new) != shown(old)
        assert [(await each.ask(HEALTH)).status for each in (old, new)] == [200, 200]
        files[0].unlink()
        assert shown(await served.connect()) == shown(new)

    converse(own, files, talk)


@pytest.mark.parametrize(
    ("break_", "told"),
    [
        (lambda certificate, _: certificate.unlink(), "GRADSERVE_TLS_CERT_FILE: it cannot be read: No such file"),
        (lambda _, key: key.unlink(), "GRADSERVE_TLS_KEY_FILE: it cannot be read: No such file"),
        (lambda certificate, key: certificate.write_bytes(key.read_bytes()), "GRADSERVE_TLS_CERT_FILE: there is no"),
        (lambda certificate, key: key.write_bytes(certificate.read_bytes()), "GRADSERVE_TLS_KEY_FILE: there is no"),
        (lambda _, key: key.write_bytes(b"\xff"), "GRADSERVE_TLS_KEY_FILE: there is no"),
        (lambda certificate, _: (certificate.unlink(), certificate.mkdir()), "GRADSERVE_TLS_CERT_FILE: it cannot"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(
    files: tuple[Path, Path], break_: Callable[[Path, Path], Any], told: str
) -> None:
    break_(*files)
    with pytest.raises(errors.Misconfigured) as refused:
        tls.Certificate(*map(str, files))
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


def test_a_key_of_another_certificate_is_refused(
    files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, other = certificates.make(tmp_path_factory.mktemp("other"))
    with pytest.raises(errors.Misconfigured, match="GRADSERVE_TLS_KEY_FILE: it is not the key of the certificate"):
        tls.Certificate(str(files[0]), str(other))


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    certificate, key = map(str, certificates.make(tmp_path, "hunter2"))
    for password, told in (("", "is not set"), ("hunter3", "is not its password")):
        with pytest.raises(errors.Misconfigured, match=f"GRADSERVE_TLS_KEY_PASSWORD {told}") as refused:
            tls.Certificate(certificate, key, password)
        assert "hunter" not in str(refused.value)
    tls.Certificate(certificate, key, "hunter2")
