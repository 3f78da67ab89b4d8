"""Errors of requests that reached no endpoint, each in the form of the protocol whose clients ask for such paths.

Authentication, limits, a stopping service, unknown paths and bugs are found before or outside the endpoints. A client
of UM-Bridge or Triton shows the message of its own protocol and none of a problem document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pydantic

from app import errors
from app.api.http import problem, replies
from app.api.interop.inference import routes as inference
from app.api.interop.mcp import json_rpc
from app.api.interop.tesseract import routes as tesseract
from app.api.interop.umbridge import routes as umbridge

_UM_BRIDGE_NAMES = "|".join(["Info", *(operation.name for operation in umbridge.OPERATIONS)])


class Wire(NamedTuple):
    """A protocol by its paths."""

    paths: re.Pattern[str]
    refuse: Callable[[errors.GradserveError], replies.Reply]
    error_model: type[pydantic.BaseModel]


# A client whose base URL is wrong asks for the names of its protocol below another path.
_WIRES = (
    Wire(re.compile(r"/mcp(/|$)"), json_rpc.refusal, json_rpc.McpRefusal),
    Wire(re.compile(r"/v2(/|$)"), inference.refusal, inference.InferenceRefusal),
    Wire(re.compile(r".*/tesseract(/|$)"), tesseract.refusal, tesseract.TesseractRefusal),
    Wire(re.compile(rf"/f/|.*/({_UM_BRIDGE_NAMES})/?$"), umbridge.refusal, umbridge.UmBridgeRefusal),
)


def find(path: str) -> Wire | None:
    """Return the protocol of a path, or of a route's template; None if errors there are problem documents."""
    return next((wire for wire in _WIRES if wire.paths.match(path)), None)


def refusal(path: str, error: errors.GradserveError) -> replies.Reply:
    """Return the reply to a request for a path that failed: a problem document if no other protocol has such paths.

    The status is that of HTTP in every protocol: proxies and load balancers read it.
    """
    wire = find(path)
    if wire is None:
        return problem.refusal(error)
    reply = wire.refuse(error)
    reply.status = problem.status(type(error))
    return reply
