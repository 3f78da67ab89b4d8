"""The attributes of uvicorn that are not public and are used by app/api/server/uvicorn_adapter.py."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http import httptools_impl

from app.api.server import uvicorn_adapter
from tests.support.service import Client
from tests.support.sockets import connected

SERVER = Path(uvicorn_adapter.__file__).parent


@pytest.mark.parametrize("attribute", uvicorn_adapter.PROTOCOL_ATTRIBUTES)
def test_the_protocol_of_this_uvicorn_has_the_attribute(client: Client, attribute: str) -> None:
    async def connect() -> Any:
        protocol, _ = connected(client.app)
        protocol.on_message_begin()
        return protocol

    message = f"uvicorn {uvicorn.__version__}: HttpToolsProtocol has no {attribute}; see {uvicorn_adapter.__file__}"
    assert hasattr(client.run(connect()), attribute), message


@pytest.mark.parametrize("attribute", uvicorn_adapter.CYCLE_ATTRIBUTES)
def test_the_request_of_this_uvicorn_has_the_attribute(attribute: str) -> None:
    async def cycle() -> Any:
        nothing: Any = None
        arguments = dict.fromkeys(("scope", "transport", "flow", "logger", "access_logger", "message_event"), nothing)
        return httptools_impl.RequestResponseCycle(
            **arguments,
            access_log=False,
            default_headers=[],
            expect_100_continue=False,
            keep_alive=True,
            on_response=lambda: None,
        )

    message = f"uvicorn {uvicorn.__version__}: RequestResponseCycle has no {attribute}; see {uvicorn_adapter.__file__}"
    assert hasattr(asyncio.run(cycle()), attribute), message


def test_only_the_adapter_imports_the_protocol_of_uvicorn() -> None:
    for file in SERVER.parents[1].rglob("*.py"):
        imported = {
            name
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ImportFrom)
            for name in [node.module or ""]
        }
        assert file.name == "uvicorn_adapter.py" or not any(name.startswith("uvicorn.") for name in imported), file


def test_the_other_modules_use_few_attributes_of_uvicorn_by_name() -> None:
    hidden = set(uvicorn_adapter.PROTOCOL_ATTRIBUTES) - {"client", "headers", "loop", "parser", "transport", "url"}
    callbacks = {name for name in hidden if name.startswith(("on_", "connection_"))} | {"shutdown"}
    for name in ("connections.py", "protocol.py"):
        used = {
            node.attr for node in ast.walk(ast.parse((SERVER / name).read_text())) if isinstance(node, ast.Attribute)
        }
        assert not used & (hidden - callbacks), name


def answered(client: Client, *data: bytes) -> tuple[list[bytes], Any]:
    """Return what a connection writes, write by write, when it receives this, and its protocol."""

    async def talk() -> tuple[list[bytes], Any]:
        protocol, pipe = connected(client.app)
        for each in data:
            protocol.data_received(each)
        async with asyncio.timeout(20):
            while protocol.is_answering() or protocol.has_queued_requests():  # noqa: ASYNC110 - of a test
                await asyncio.sleep(0.001)
        return pipe.writes, protocol

    return client.run(talk())


def test_head_and_body_of_an_answer_are_one_write(client: Client) -> None:
    (written,), _ = answered(client, b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n")
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert f"content-length: {len(body)}".encode() in head


def test_an_answer_without_a_body_and_the_next_one_are_written_in_their_order(client: Client) -> None:
    asked = [f"{method} /healthz HTTP/1.1\r\nHost: service\r\n\r\n".encode() for method in ("HEAD", "GET")]
    first, second = answered(client, *asked)[0]
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert first.endswith(b"\r\n\r\n")
    assert second.endswith(b"}")


def test_a_long_body_is_not_copied_behind_its_head(client: Client) -> None:
    head, body, *_ = answered(client, b"GET /openapi.json HTTP/1.1\r\nHost: service\r\n\r\n")[0]
    assert head.endswith(b"\r\n\r\n")
    assert body.startswith(b"{")


def test_the_answer_to_a_closing_connection_is_written_before_it_is_closed(client: Client) -> None:
    asked = b"HEAD /healthz HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n"
    (written,), protocol = answered(client, asked)
    assert written.endswith(b"connection: close\r\n\r\n")
    assert protocol.transport.is_closing()
