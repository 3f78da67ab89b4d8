"""All pages of the guide and the index of its search, made from the files once.

The order of the pages and the sentence about each are those of the table at the end of README.md.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from app.api.web.guide import markdown, words

START, WORDS = "start", "words"
"""Names of the pages that are no file of ``docs``: README.md, and the table of words."""

_FILES = resources.files("app.api.web.guide")
_LISTED = re.compile(r"^\| \[\w+\]\(docs/(\w+)\.md\) \| (.+) \|$", re.MULTILINE)
_STATIC = "app/api/web/static/"
_WORDS_BEHIND = "language"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page.

    Attributes:
        name: the last part of its address.
        label: what links to it say.
        sentence: what it is for.
        html: the page without its frame.
        sections: what a search finds.
    """

    name: str
    label: str
    sentence: str
    html: str
    sections: tuple[markdown.Section, ...]

    def headings(self) -> list[markdown.Section]:
        """Return the sections that a list of contents shows."""
        return [section for section in self.sections if section.level == 2]


@dataclass(frozen=True, slots=True)
class Book:
    """The guide: its pages by name, in their order, and the index of the search, a JSON document."""

    chapters: dict[str, Chapter]
    index: bytes


def make(language: dict[str, Any]) -> Book:
    """Return the guide; its argument is the document of GET /v1/language. It takes some tenths of a second."""
    readme = (_FILES / "README.md").read_text(encoding="utf-8")
    pages = [(START, "README.md", "a first gradient, the routes, how to run it", readme)]
    for name, sentence in _LISTED.findall(readme):
        path = f"docs/{name}.md"
        pages.append((name, path, sentence, (_FILES / path).read_text(encoding="utf-8")))
        if name == _WORDS_BEHIND:
            about = "every operator, function, constant and form, with its meaning"
            pages.append((WORDS, f"docs/{WORDS}.md", about, words.page(language)))
    labels = {path: _label(name, source) for name, path, _, source in pages}
    chapters = []
    for name, path, sentence, source in pages:
        page = markdown.read(source, lambda target, path=path: place(target, path, labels))  # type: ignore[misc]
        chapters.append(Chapter(name, labels[path], sentence, page.html, tuple(page.sections)))
    prefixes = [*language["prefixes"], *words.DISTRIBUTIONS]
    return Book({chapter.name: chapter for chapter in chapters}, _index(chapters, prefixes))


def place(target: str, path: str, labels: Mapping[str, str]) -> markdown.Place | None:
    """Return where a relative link of a file leads on a page of the guide, None if nowhere.

    Args:
        target: the link, with its fragment.
        path: the file, from the root of the repository.
        labels: what the pages are called, by their files.
    """
    file, mark, anchor = target.partition("#")
    if not file:
        return markdown.Place(target)
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
    if found.startswith(_STATIC):
        return markdown.Place(f"../web/{found.removeprefix(_STATIC)}")
    if found not in labels:
        return None
    name = START if found == "README.md" else posixpath.basename(found).removesuffix(".md")
    return markdown.Place(f"../guide/{name}{mark}{anchor}", labels[found])


def _label(name: str, source: str) -> str:
    """Return what a page is called: its first heading."""
    return "Start" if name == START else source.partition("\n")[0].removeprefix("# ")


def _index(chapters: list[Chapter], prefixes: list[str]) -> bytes:
    """Return the document that the page's script searches."""
    entries = [
        {
            "page": chapter.name,
            "anchor": section.anchor,
            "title": section.title if section.level != 1 else chapter.label,
            "under": ": ".join((chapter.label, *section.under[1:])) if section.level != 1 else "",
            "text": section.text.strip(),
            "names": section.names,
        }
        for chapter in chapters
        for section in chapter.sections
    ]
    document = {"prefixes": sorted(prefixes, key=len, reverse=True), "entries": entries}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
