"""The pages for browsers: / and /fit compute, /guide and /docs explain. No other host is asked.

Every page but those of the guide is a file of the package. Links in it are relative, so it works under any path of a
proxy. Its Content-Security-Policy (W3C, CSP Level 3) allows files of this service only, and no script written into the
page.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.api.http import replies
from app.api.web.guide import routes as guide

_WEB = Path(str(resources.files("app.api.web") / "static"))
_SWAGGER = Path(str(resources.files("fastapi_offline") / "static"))

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
_PAGES = {
    "/": ("index.html", _POLICY),
    "/fit": ("fit.html", _POLICY),
    # Swagger UI sets style attributes.
    "/docs": ("docs.html", _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")),
}


def add_pages(app: FastAPI, ended_with_slash: Callable[[Scope], bool], language: guide.Language) -> None:
    """Add the pages, and the assets they load, to an application made without them.

    A page whose address has a slash at the end is asked for without it: its links would lead below it. The guide lists
    the words of the language from its document.
    """
    for path, folder in (("/web", _WEB), ("/docs/assets", _SWAGGER)):
        app.mount(path, StaticFiles(directory=folder))
    for path, (name, policy) in _PAGES.items():
        _add_page(app, path, _WEB / name, _HEADERS | {"Content-Security-Policy": policy}, ended_with_slash)
    guide.add_guide(app, _HEADERS | {"Content-Security-Policy": _POLICY}, language, ended_with_slash)


def _add_page(
    app: FastAPI, path: str, file: Path, headers: dict[str, str], ended_with_slash: Callable[[Scope], bool]
) -> None:
    # Not of the file's time and size, as Starlette has it: files of an image all have one time.
    etag = replies.etag(file.read_bytes())

    @app.get(path, include_in_schema=False)
    async def page(request: Request) -> Response:
        if ended_with_slash(request.scope):
            return RedirectResponse(f"..{path}")
        return replies.unless_known(FileResponse(file, headers=headers | {"ETag": etag}), request)
