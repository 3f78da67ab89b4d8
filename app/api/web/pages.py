"""The pages for browsers: the playground at / and the OpenAPI document at /docs; nothing comes from another host.

Every page is a file of the package. Its Content-Security-Policy (W3C, CSP Level 3) allows files of this service only,
and no script written into the page.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

_WEB = Path(str(resources.files("app.api.web") / "static"))
_SWAGGER = Path(str(resources.files("fastapi_offline") / "static"))

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
_PAGES = {
    "/": ("index.html", _POLICY),
    # Swagger UI sets style attributes.
    "/docs": ("docs.html", _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")),
}


def add_pages(app: FastAPI) -> None:
    """Add the pages, and the assets they load, to an application made without them."""
    for path, folder in (("/web", _WEB), ("/docs/assets", _SWAGGER)):
        app.mount(path, GZipMiddleware(StaticFiles(directory=folder), minimum_size=1024))
    for path, (name, policy) in _PAGES.items():
        _add_page(app, path, _WEB / name, _HEADERS | {"Content-Security-Policy": policy})


def _add_page(app: FastAPI, path: str, file: Path, headers: dict[str, str]) -> None:
    @app.get(path, include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(file, headers=headers)
