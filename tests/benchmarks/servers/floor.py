"""The least cost of a service on this stack: the server alone, and FastAPI alone.

``python -m tests.benchmarks.servers.floor PORT bare`` serves a bare ASGI callable that reads the body and answers fixed
JSON, ``copy`` one that answers as many bytes as the path says; ``fastapi`` serves an endpoint with a pydantic model
each way that does nothing. All on the uvicorn, event loop and parser that gradserve runs on.
"""

import sys
from typing import Annotated, Any, Literal

import pydantic
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

ANSWER = b'{"value":92.0,"gradient":[10.0,24.0,42.0]}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]


class Question(pydantic.BaseModel):
    expression: Annotated[str, pydantic.Field(max_length=100_000)]
    point: list[float]
    argnums: list[int] = [0]
    dtype: Literal["float64", "float32"] = "float64"


class Answer(pydantic.BaseModel):
    value: float
    gradient: list[float]


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        raise RuntimeError("HTTP only")
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def copy(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        raise RuntimeError("HTTP only")
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    b"".join(pieces)
    answer = bytes(int(scope["path"][1:]))
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


modelled = FastAPI()


@modelled.get("/")
async def ready() -> str:
    return "ready"


@modelled.post("/")
async def nothing(question: Question) -> Answer:
    return Answer(value=92.0, gradient=[10.0, 24.0, 42.0] if question.point else [])


if __name__ == "__main__":
    application: Any = {"bare": bare, "copy": copy, "fastapi": modelled}[sys.argv[2]]
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
