"""What tools ask: the REST routes by path, wherever they are answered."""

from __future__ import annotations

from typing import Any, Protocol

Document = dict[str, Any]


class Service(Protocol):
    """Answers what the REST routes answer; what is wrong with a request is an ``errors.GradserveError``."""

    async def ask(self, path: str, document: Document) -> Document:
        """Return the answer to a document that is posted to a path."""

    async def language(self) -> Document:
        """Return the document of /v1/language."""
