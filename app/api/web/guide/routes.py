"""GET /guide, /guide/{name} and /guide/search.json: the guide, as HTML, and what its search looks through.

The first to ask has all of it made, in a thread. An address without a page is a 404: HTML for whoever takes HTML, such
as a browser, a problem document for others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from app import errors
from app.api.http import replies

Language = Callable[[], Awaitable[dict[str, Any]]]
"""Returns the document of GET /v1/language."""

_HTML, _JSON = "text/html; charset=utf-8", "application/json"


class File(NamedTuple):
    """What an address answers."""

    content: bytes
    etag: str
    media_type: str

    @classmethod
    def of(cls, content: bytes, media_type: str = _HTML) -> File:
        return cls(content, replies.etag(content), media_type)


class Made(NamedTuple):
    """The guide as files: the first page, those below it by name, and the page where there is none."""

    contents: File
    below: dict[str, File]
    missing: File


def make(language: dict[str, Any]) -> Made:
    """Return the guide; its argument is the document of GET /v1/language. It takes half a second."""
    from app.api.web.guide import book, layout  # noqa: PLC0415 - Markdown and Pygments take 0.1 s to import

    made = book.make(language)
    below = {name: File.of(layout.page(made, chapter).encode()) for name, chapter in made.chapters.items()}
    below["search.json"] = File.of(made.index, _JSON)
    return Made(File.of(layout.contents(made).encode()), below, File.of(layout.missing(made).encode()))


def add_guide(
    app: FastAPI, headers: Mapping[str, str], language: Language, ended_with_slash: Callable[[Scope], bool]
) -> None:
    """Add the guide to an application; every answer has the headers given."""
    kept: list[Made] = []
    alone = asyncio.Lock()

    async def guide() -> Made:
        async with alone:
            if not kept:
                kept.append(await asyncio.to_thread(make, await language()))
        return kept[0]

    def answer(file: File, request: Request) -> Response:
        own = {"ETag": file.etag, "Content-Type": file.media_type}
        return replies.unless_known(Response(file.content, headers={**headers, **own}), request)

    @app.get("/guide", include_in_schema=False)
    async def contents(request: Request) -> Response:
        if ended_with_slash(request.scope):
            return RedirectResponse("../guide")
        return answer((await guide()).contents, request)

    @app.get("/guide/{name}", include_in_schema=False)
    async def page(name: str, request: Request) -> Response:
        if ended_with_slash(request.scope):
            return RedirectResponse(f"../{name}")
        made = await guide()
        if name in made.below:
            return answer(made.below[name], request)
        if "text/html" in request.headers.get("accept", ""):
            own = {"Content-Type": _HTML, "Vary": "Accept"}
            return Response(made.missing.content, 404, headers={**headers, **own})
        raise errors.NotFound("the guide has no such page", hint="see /guide")
