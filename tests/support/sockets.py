"""The application listening on a real socket, and connections to it whose every byte a test chooses."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httptools
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.api import services
from app.api.server import protocol as http_protocol
from app.api.server import tls

HEADERS = "Host: service\r\nContent-Type: application/json\r\n"


def request(content: bytes, headers: str = HEADERS, line: str = "POST /v1/grad HTTP/1.1") -> bytes:
    return f"{line}\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode() + content


class Response:
    """One response, filled by the parser's callbacks."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = b""
        self.complete = False

    def json(self) -> Any:
        return json.loads(self.content)


class Connection:
    """A connection whose responses are read by the parser of another project (httptools)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._parser: Any = httptools.HttpResponseParser(self)
        self._responses: list[Response] = []

    def on_message_begin(self) -> None:
        self._responses.append(Response())

    def on_header(self, name: bytes, value: bytes) -> None:
        self._responses[-1].headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._responses[-1].content += body

    def on_message_complete(self) -> None:
        self._responses[-1].status = self._parser.get_status_code()
        self._responses[-1].complete = True

    @property
    def ended(self) -> bool:
        """Whether the other side has closed the connection."""
        return self._reader.at_eof() or self.writer.transport.is_closing() or self._reader.exception() is not None

    async def receive(self, count: int = 1, *, pause: float = 0.0) -> list[Response]:
        """Return the next responses, with a pause before each piece that is read."""
        while sum(response.complete for response in self._responses) < count:
            await asyncio.sleep(pause)
            data = await asyncio.wait_for(self._reader.read(1 << 16), 20)
            assert data, f"closed after {len(self._responses)} responses"
            self._parser.feed_data(data)
        found, self._responses = self._responses, []
        return found

    async def ask(self, content: bytes) -> Response:
        self.writer.write(content)
        (response,) = await self.receive()
        return response

    async def rest(self) -> bytes:
        """Return everything that is received until the connection is closed."""
        return await asyncio.wait_for(self._reader.read(), 20)

    async def closed(self) -> bool:
        try:
            return not await self.rest()
        except ConnectionResetError:  # what was sent after the end is answered so
            return True


class Served:
    """A listening application.

    Attributes:
        asgi: paths of the requests that reached it over ASGI.
    """

    def __init__(self, app: FastAPI, port: int, trusted: ssl.SSLContext | None = None) -> None:
        self._app = app
        self.port = port
        self._trusted = trusted
        self.asgi: list[str] = []
        self._connections: list[Connection] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asgi.append(scope["path"])
        await self._app(scope, receive, send)

    def trust(self, trusted: ssl.SSLContext) -> None:
        """Change what the connections from now on trust."""
        self._trusted = trusted

    async def connect(self) -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", self.port, ssl=self._trusted))
        self._connections.append(connection)
        return connection

    async def close(self) -> None:
        """Close every connection, from the client's side."""
        for connection in self._connections:
            connection.writer.close()
        closings = (connection.writer.wait_closed() for connection in self._connections)
        await asyncio.gather(*closings, return_exceptions=True)

    async def heat(self, content: bytes) -> None:
        """Repeat a request until compiled code answers it, and clear ``asgi``.

        An executable may be there for another function of the same structure: then the first request is no hit.
        """
        connection = await self.connect()
        async with asyncio.timeout(120):
            status = ""
            while status != "gradserve; hit; detail=compiled":
                response = await connection.ask(request(content))
                status = response.headers["cache-status"]
                await asyncio.sleep(0.01)  # leaves the processor to the compile worker
        self.asgi.clear()


class Pipe(asyncio.Transport):
    """The server's side of a connection without a socket: a test feeds the protocol and reads what it writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False
        self.answered = asyncio.Event()

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))
        if b"}" in data:
            self.answered.set()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """A test decides what is read."""

    def resume_reading(self) -> None:
        """Nothing was paused."""


def connected(app: FastAPI) -> tuple[Any, Pipe]:
    """Return uvicorn's protocol of a new connection, and its transport."""
    parts: services.Services = app.state.services
    config = uvicorn.Config(app, http=http_protocol.factory(parts), ws="none", lifespan="off", log_level="error")
    config.load()
    protocol: Any = config.http_protocol_class(config=config, server_state=ServerState(), app_state={})  # type: ignore[call-arg]
    pipe = Pipe()
    protocol.connection_made(pipe)
    return protocol, pipe


@asynccontextmanager
async def listening(
    app: FastAPI, certificate: tls.Certificate | None = None, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[Served]:
    """Serve an application on a free port by the protocol of this service.

    Args:
        app: the application.
        certificate: to speak HTTPS.
        trusted: what clients then trust.
    """
    served = Served(app, 0, trusted)
    parts: services.Services = app.state.services
    config = uvicorn.Config(
        served,
        http=http_protocol.factory(parts, certificate),
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="error",
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]
        "127.0.0.1",
        0,
    )
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        await served.close()
        server.close()
        await server.wait_closed()
