"""One form for every address, so that whatever looks at a path finds what a route finds.

A client's base address may end with a slash, and a proxy or another application may serve this one under a path.
Nothing here redirects: a redirect would need the scheme and the host that the client sees, which only proxies know.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASH = "gradserve.slash"


class Address:
    """ASGI middleware that takes from a path where the application is mounted, repeated slashes and one at the end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, root = scope["path"], scope.get("root_path", "")
        if root or "//" in path or path.endswith("/"):
            below = path.removeprefix(root) if path.startswith(f"{root}/") else path
            parts = [part for part in below.split("/") if part]
            scope = {**scope, "path": "/" + "/".join(parts), "root_path": ""}
            scope[_SLASH] = bool(parts) and path.endswith("/")
        await self._app(scope, receive, send)


def ended_with_slash(scope: Scope) -> bool:
    """Return whether the client's address had a slash behind the path, so that relative links would go astray."""
    return bool(scope.get(_SLASH))
