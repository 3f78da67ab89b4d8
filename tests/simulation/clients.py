"""Clients of the simulated service: what they ask, what the right answer is, and how they behave on the wire."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

from tests.simulation.faults import Fates

Check = Callable[[Any], bool]
"""Says whether the JSON document of an answer with status 200 is right."""

_UNSENT = -1


@dataclass(frozen=True)
class Question:
    """A request, and what its answer must be.

    ``refusals`` are the statuses that a fault of the service, or a lack of time or room, may cause. A request at fault
    has the status of its ``mistake``, and then nothing else but a refusal is right.
    """

    path: str
    body: bytes
    check: Check
    method: str = "POST"
    mistake: int | None = None
    may_be_lost: bool = False  # what it names is in the store only
    refusals: frozenset[int] = frozenset({408, 429, 503})


@dataclass
class Exchange:
    """What became of a request."""

    question: Question
    status: int = _UNSENT  # until an answer began
    content: bytes = b""
    gone: bool = False  # the client went away
    complete: bool = False  # the answer came to its end
    seconds: float = 0.0  # from the end of the request to the begin of the answer

    @property
    def fault(self) -> str | None:
        """What is wrong with the answer."""
        asked = self.question
        if self.gone and not self.complete:
            return None
        if not self.complete:
            return "no answer"
        try:
            document = json.loads(self.content)
        except ValueError:
            return f"not JSON: {self.content[:200]!r}"
        if asked.mistake is None and self.status in (200, 201) and asked.check(document):
            return None
        if self.status in (asked.mistake, *asked.refusals) or document.get("code") == "too_expensive":
            return None
        return f"{self.status} {self.content[:300]!r}"


async def exchange(app: ASGIApp, question: Question, fates: Fates) -> Exchange:
    """Send a request and read its answer, as fast as the client's fate is."""
    result = Exchange(question)
    loop = asyncio.get_running_loop()
    pieces = _pieces(question.body, fates)
    in_pieces = len(pieces) > 1
    gone = asyncio.Event()
    leaving = None
    if fates.happens("a client goes away", 0.08):
        leaving = loop.call_later(fates.seconds(0.02), gone.set)
    sent_at = loop.time()
    reads_slowly = fates.happens("a client reads slowly", 0.05)

    async def receive() -> Message:
        nonlocal sent_at
        if pieces and not gone.is_set():
            piece = pieces.pop(0)
            if in_pieces:
                await asyncio.sleep(fates.seconds(0.01))
            sent_at = loop.time()
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert result.status == _UNSENT, "an answer began twice"
            result.status, result.seconds = message["status"], loop.time() - sent_at
        else:
            assert result.status != _UNSENT, "a body without a beginning"
            assert not result.complete, "an answer goes on after its end"
            result.content += message.get("body", b"")
            result.complete = not message.get("more_body", False)
        if reads_slowly:
            await asyncio.sleep(fates.seconds(0.5))

    path, _, query = question.path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": question.method,
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(question.body))],
        "client": ("10.0.0.1", 1), "server": ("a", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    result.gone = gone.is_set()
    if leaving is not None:
        leaving.cancel()
        gone.set()
    return result


def _pieces(body: bytes, fates: Fates) -> list[bytes]:
    if not fates.happens("a body in pieces", 0.1):
        return [body]
    size = max(1, len(body) // fates.draw.randint(2, 5))
    return [body[first : first + size] for first in range(0, len(body), size)]


# What is asked


def _near(found: Any, expected: Any) -> bool:
    if isinstance(expected, int | float):
        return isinstance(found, int | float) and math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    return len(found) == len(expected) and all(_near(*pair) for pair in zip(found, expected, strict=True))


def _body(**members: Any) -> bytes:
    return json.dumps(members).encode()


def _polynomial(fates: Fates) -> tuple[str, float, float, float]:
    """Return the text of a function of x and y, its value and its partials' factors, of one of a few dozen kinds."""
    draw = fates.draw
    degree, factor = draw.randint(1, 6), draw.choice((2, 3, 5))
    return f"{factor}*x**{degree} + x*y**{degree + 1}", factor, degree, degree + 1


def gradient(fates: Fates) -> Question:
    text, factor, degree, other = _polynomial(fates)
    x, y = (fates.draw.randint(1, 8) / 4 for _ in "xy")
    value = factor * x**degree + x * y**other
    partials = [factor * degree * x ** (degree - 1) + y**other, x * other * y ** (other - 1)]
    return Question(
        "/v1/grad",
        _body(expression=text, point=[x, y], argnums=[0, 1]),
        lambda found: _near(found["value"], value) and _near(found["gradient"], partials),
    )


def batch(fates: Fates) -> Question:
    text, factor, degree, other = _polynomial(fates)
    xs = [number / 16 for number in range(1, fates.draw.choice((3, 40, 400)))]
    partials = [factor * degree * x ** (degree - 1) + 2.0**other for x in xs]
    return Question(
        "/v1/grad",
        _body(expression=text, point=[xs, 2.0], in_axes=[0, None]),
        lambda found: _near(found["gradient"], partials),
    )


def hessian(fates: Fates) -> Question:
    a, b = fates.draw.randint(1, 9), fates.draw.randint(1, 9)
    return Question(
        "/v1/hessian",
        _body(expression=f"{a}*X[0]**2 + {b}*X[0]*X[1]", point=[[1.0, 2.0]]),
        lambda found: _near(found["hessian"], [[2.0 * a, b], [b, 0.0]]),
    )


def arrays(fates: Fates) -> Question:
    size, factor = fates.draw.choice((3, 300, 3000)), fates.draw.randint(1, 4)
    return Question(
        "/v1/grad",
        _body(expression=f"sum({factor}*X**2) + X[0]", point=[[1.0] * size]),
        lambda found: _near(found["gradient"], [2.0 * factor + 1] + [2.0 * factor] * (size - 1)),
    )


def symbolic(fates: Fates) -> Question:
    power = fates.draw.randint(3, 9)
    return Question(
        "/v1/symbolic",
        _body(expression=f"x**{power}", argnums=["x"]),
        lambda found: found["partials"][0]["text"].replace(" ", "") == f"{power}*x**{power - 1}",
    )


def rigorous(fates: Fates) -> Question:
    x = fates.draw.randint(1, 40) / 8
    return Question(
        "/v1/grad",
        _body(expression="exp(x)", point=[x], verify="rigorous"),
        lambda found: _near(found["gradient"], math.exp(x)) and "certified" in json.dumps(found),
    )


def fit(fates: Fates) -> Question:
    a = fates.draw.randint(1, 9)
    t = [0.0, 1.0, 2.0, 3.0]
    y = [a + 2.0 * each for each in t]
    return Question(
        "/v1/least_squares",
        _body(expression="b[0] + b[1]*t - y", point={"b": [0.0, 0.0], "t": t, "y": y}, argnums="b"),
        lambda found: all(abs(each - right) < 1e-6 for each, right in zip(found["x"], (a, 2.0), strict=True)),
    )


def um_bridge(fates: Fates) -> Question:
    x = fates.draw.randint(1, 9) / 2
    return Question(
        "/Evaluate",
        _body(name="gradient", config={"expression": "x1**2"}, input=[[x]]),
        lambda found: _near(found["output"], [[x * x]]),
        refusals=frozenset({400, 408, 429, 503}),
    )


def mistake(fates: Fates) -> Question:
    body = fates.draw.choice((b"{", b'{"expression": "x +", "point": [1]}', b'{"expression": "x", "point": [1, 2]}'))
    return Question("/v1/grad", body, lambda _: False, mistake=400 if body == b"{" else 422)


def large(fates: Fates) -> Question:
    rows = fates.draw.choice((100, 20_000))
    return Question(
        "/v1/grad",
        _body(expression="x**2", point=[[1.5] * rows], in_axes=0),
        lambda found: found["gradient"] == [3.0] * rows,
    )


def health(_: Fates) -> Question:
    return Question("/healthz", b"", lambda found: found["status"] == "alive", method="GET")


QUESTIONS: Sequence[Callable[[Fates], Question]] = (
    gradient, gradient, gradient, batch, hessian, arrays, symbolic, rigorous, fit, um_bridge, mistake, large, health,
)  # fmt: skip
