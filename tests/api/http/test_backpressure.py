"""The memory of bodies and answers is bounded, for all protocols."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Message

from app.api.http.middleware import backpressure
from app.api.interop import wires
from app.settings import Settings
from tests.support.service import Client, serving

POINTS = [float(number) for number in range(40_000)]
GRAD = {"expression": "x**2", "point": [POINTS], "in_axes": 0}
ASKED: dict[str, Any] = {
    "/v1/grad": GRAD,
    "/tesseract/apply": {"inputs": {"expression": "x**2", "x": POINTS}},
    "/v2/models/gradient/infer": {
        "parameters": {"expression": "x**2"},
        "inputs": [{"name": "x", "shape": [len(POINTS)], "datatype": "FP64", "data": POINTS}],
    },
    "/Evaluate": {"name": "gradient", "input": [POINTS], "config": {"expression": "sum(X)", "shapes": {"X": [40_000]}}},
}


@pytest.fixture(scope="module")
def narrow() -> Iterator[Client]:
    """A service with room for half a body, and for half an answer."""
    size = len(json.dumps(GRAD))
    settings = Settings(max_body_bytes=2 * size, max_bodies_bytes=2 * size, max_answers_bytes=400_000)
    with serving(settings, workers=False) as client:
        yield client


@pytest.mark.parametrize("path", ASKED)
def test_a_body_over_the_memory_of_all_bodies_gets_a_429(narrow: Client, path: str) -> None:
    budgets = narrow.app.state.services.budgets
    assert budgets.bodies.bytes == 0
    budgets.bodies.bytes = 2 * len(json.dumps(GRAD)) - 1000  # what others hold
    try:
        refused = narrow.post(ASKED[path], path)
    finally:
        budgets.bodies.bytes = 0
    assert refused.status_code == 429, refused.text[:200]
    assert int(refused.headers["retry-after"]) > 0
    assert "too many large requests" in refused.text


def test_memory_is_given_back_after_every_request(narrow: Client) -> None:
    for document in (GRAD, GRAD | {"expression": "undefined(x)"}, GRAD | {"point": None}):
        narrow.post(document)
        narrow.post(document, "/tesseract/apply")
    budgets = narrow.app.state.services.budgets
    assert budgets.bodies.bytes == budgets.answers.bytes == 0


@pytest.mark.parametrize("path", ["/v1/grad", "/tesseract/apply", "/v2/models/gradient/infer"])
def test_an_answer_over_the_memory_of_all_answers_is_replaced_by_a_429(narrow: Client, path: str) -> None:
    refused = narrow.post(ASKED[path], path, accept_encoding="identity")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    assert "too many large answers are waiting to be read" in refused.text
    assert narrow.post({"expression": "x**2", "point": [3.0]}).json()["gradient"] == 6.0


def test_a_large_answer_is_sent_in_pieces_and_counted_until_the_last() -> None:
    held = backpressure.MemoryBudget(10**7, "full")
    content = bytes(range(256)) * 4096
    sent: list[Message] = []
    seen: list[int] = []

    async def send(message: Message) -> None:
        sent.append(message)
        seen.append(held.bytes)

    async def answer() -> None:
        paced = backpressure.PacedSend(send, held, "/v1/grad", wires.refusal)
        await paced({"type": "http.response.start", "status": 200, "headers": []})
        assert not sent, "nothing is said before it is known that there is room"
        await paced({"type": "http.response.body", "body": content})
        paced.release()

    asyncio.run(answer())
    start, *bodies = sent
    assert start["status"] == 200
    assert len(bodies) == 4
    assert b"".join(message["body"] for message in bodies) == content
    assert [message["more_body"] for message in bodies] == [True, True, True, False]
    assert seen == [len(content)] * 5
    assert held.bytes == 0
