"""The official client of the Model Context Protocol, connected to the application in this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp
from mcp.client.streamable_http import streamable_http_client

from tests.support.service import Client

MODES = ["legacy", "auto"]
"""How a client begins: by the handshake of the revisions to 2025-11-25, or with a version in each message."""


@asynccontextmanager
async def connected(
    client: Client, mode: str = "legacy", headers: Mapping[str, str] | None = None
) -> AsyncIterator[mcp.Client]:
    transport = httpx2.ASGITransport(client.app)
    async with (
        httpx2.AsyncClient(transport=transport, base_url="http://service", headers=dict(headers or {})) as http,
        mcp.Client(streamable_http_client("http://service/mcp", http_client=http), mode=mode) as session,
    ):
        yield session


def call(client: Client, tool: str, arguments: Mapping[str, Any], mode: str = "legacy") -> Any:
    """Return the result of a call of a tool."""

    async def called() -> Any:
        async with connected(client, mode) as session:
            return await session.call_tool(tool, dict(arguments))

    return client.run(called())


def answer(client: Client, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed answer to a call that must succeed."""
    result = call(client, tool, arguments)
    assert not result.is_error, result.content[0].text
    found: dict[str, Any] = result.structured_content
    return found


def refusal(client: Client, tool: str, arguments: Mapping[str, Any]) -> str:
    """Return the text of a call that must fail."""
    result = call(client, tool, arguments)
    assert result.is_error, result.structured_content
    text: str = result.content[0].text
    return text
