"""The tools as a server of the official SDK, which is imported here and nowhere else.

Over HTTP each message has a transport of its own, so no session is kept, and a client that goes away ends its call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Message, Receive, Scope

from app import __version__, errors
from app.api.http import replies
from app.api.interop.mcp import faults, schemas, service, tools

_log = logging.getLogger("gradserve")

Context = ServerRequestContext[Any, Any]

_HINTS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def make(find: Callable[[Any], service.Service]) -> Server[Any]:
    """Return the server; ``find`` gives the service for an HTTP request, or for None over stdio."""
    listed = types.ListToolsResult(tools=[_described(tool) for tool in tools.TOOLS])

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return listed

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await _called(params.name, params.arguments or {}, find(context.request))

    return Server(
        "gradserve",
        version=__version__,
        title="gradserve",
        description="Gradients of functions written as text.",
        instructions=tools.INSTRUCTIONS,
        get_tool_input_schema={tool.name: tool.input_schema for tool in listed.tools}.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _described(tool: tools.Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schemas.json_schema(tool.takes) | {"examples": [tool.example]},
        output_schema=schemas.json_schema(tool.gives),
        annotations=_HINTS,
    )


async def _called(name: str, arguments: service.Document, asked: service.Service) -> types.CallToolResult:
    """Return the answer to a call; what is wrong with it is in the result, where the language model sees it."""
    tool = tools.BY_NAME.get(name)
    try:
        if tool is None:
            hint = f"tools: {', '.join(tools.BY_NAME)}"
            raise errors.NotFound(f"there is no tool {errors.quote(name)}", hint=hint)
        answer, text = await tools.call(tool, arguments, asked)
    except errors.GradserveError as error:
        return _refused(faults.text(error, arguments))
    except Exception:  # noqa: BLE001 - a bug: the client learns nothing of it, the log has everything
        _log.exception("a call of a tool failed")
        return _refused("internal_error: something went wrong here; the log has the request id")
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=answer)


def _refused(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)


async def over_stdio(server: Server[Any]) -> None:
    """Serve the client at the standard input and output until it closes them."""
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


async def over_http(server: Server[Any], scope: Scope, raw: bytes, receive: Receive) -> replies.Reply:
    """Return the reply to one message, whose body has been read.

    The service that answers its call gets ``receive`` with the request, to see whether the client goes away.
    """
    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=max(1, len(raw))
    )
    unread = [raw]
    sent: list[Message] = []

    async def read() -> Message:
        return {"type": "http.request", "body": unread.pop()} if unread else await receive()

    async def send(message: Message) -> None:
        sent.append(message)

    async with manager.run():
        await manager.handle_request(scope, read, send)
    start, *parts = sent
    content = b"".join(part.get("body", b"") for part in parts)
    headers = tuple((name, value) for name, value in start["headers"] if name == b"allow")
    return replies.Reply(start["status"], content, headers=headers)
