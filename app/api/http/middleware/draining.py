"""Whether this process takes requests, and the middleware that refuses them while it ends."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors

OPEN_WHILE_DRAINING = frozenset({"/healthz", "/readyz", "/metrics"})  # answered until the process ends


@dataclass(slots=True)
class Lifecycle:
    """The phase of a process: starting, ready, retired (not ready any more, still answering) and draining."""

    ready: bool = False  # what /readyz says
    draining: bool = False  # new requests are refused, those in flight are finished
    in_flight: int = 0

    def drain(self) -> None:
        self.ready, self.draining = False, True


class RefuseWhileDraining:
    """ASGI middleware that refuses requests while the process ends."""

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle) -> None:
        self._app, self._lifecycle = app, lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._lifecycle.draining and scope["path"] not in OPEN_WHILE_DRAINING:
            raise errors.Draining("the service is stopping")
        await self._app(scope, receive, send)
