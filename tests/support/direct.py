"""The application in this process for synchronous clients of httpx, without a network."""

import httpx

from tests.support.service import Client


class Direct(httpx.BaseTransport):
    """Hands requests to the application without a network; ``asked`` lists their methods and paths."""

    def __init__(self, client: Client) -> None:
        self._client, self._asgi = client, httpx.ASGITransport(client.app)
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")

        async def answer() -> httpx.Response:
            response = await self._asgi.handle_async_request(request)
            content = b"".join([piece async for piece in response.aiter_raw()])
            return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(content))

        return self._client.run(answer())
