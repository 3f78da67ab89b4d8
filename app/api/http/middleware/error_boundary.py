"""Exceptions to replies: a client gets an error in the form of its protocol, whatever happens."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.api.http import context, problem

_log = logging.getLogger("gradserve")


class ErrorBoundary:
    """ASGI middleware that turns exceptions into replies: errors of requests into refusals, all others into a 500."""

    def __init__(self, app: ASGIApp, refuse: problem.Refusal) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except errors.GradserveError as error:
            reply = self._refuse(scope["path"], error)
        except Exception:  # noqa: BLE001 - a bug: the client learns nothing of it, the log has everything
            _log.exception("request %s failed", context.of(scope).request_id.decode())
            reply = self._refuse(scope["path"], problem.bug())
        else:
            return
        if not context.of(scope).status:  # else the server sees an unfinished response and closes the connection
            await reply.send(send)
