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
