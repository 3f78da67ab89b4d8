"""Every request that a test of these protocols sends, and its reply, is as the OpenAPI document says."""

import json
from typing import Any

import httpx
import pytest

from tests.support import documented
from tests.support.service import Client

_LONGEST = 20_000  # bytes of a body that is compared


@pytest.fixture(autouse=True)
def exchanges(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare what is answered with the document, and what was sent if it was taken."""
    send = Client.request

    def compared(self: Client, method: str, path: str, **options: Any) -> httpx.Response:
        response = send(self, method, path, **options)
        operation = document.find(method, path)
        if operation is not None and len(response.content) <= _LONGEST and response.status_code != 500:
            if response.is_success and len(response.request.content) <= _LONGEST:
                operation.check_request(_json(response.request))
            operation.check_reply(response.status_code, _json(response))
        return response

    document = documented.Document(client.get("/openapi.json").json())
    monkeypatch.setattr(Client, "request", compared)


def _json(message: httpx.Request | httpx.Response) -> Any:
    """Return the document of a body, without the bytes of tensors behind it; None if there is none."""
    length = message.headers.get("Inference-Header-Content-Length")
    content = message.content[: int(length)] if length is not None and length.isdecimal() else message.content
    try:
        return json.loads(content)
    except ValueError:
        return None
