"""The documents of this repository as data: pages, fenced blocks, headings, links and tables.

``README.md`` and ``docs/*.md`` are run by the tests. The language of a fenced block says how:

    sh                             one curl request; the ``json`` block below it is its answer
    console                        a ``gradserve`` command behind ``$``, and what it prints
    python                         a program; what it prints stands in comments behind ``print``
    javascript, r, julia, powerquery    a recipe of docs/clients.md, run by tests/live/test_recipes.py
    text, mermaid                  not run: commands that install or start something, and pictures

``<!-- not run: reason -->`` on the line above a block excepts it.
"""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
RUN = [README, *sorted((ROOT / "docs").glob("*.md"))]
"""Pages whose blocks are run."""

CURRENT = [*RUN, *sorted((ROOT / "deploy").rglob("*.md")), ROOT / "clients" / "python" / "README.md"]
"""Pages that describe the service as it is; the changelog also names what is gone."""

ALL = [*CURRENT, ROOT / "CHANGELOG.md"]

_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|!?\[[^\[\]]*\](?:\([^()\s]*\))?)*\]\(([^()\s]+)\)|!\[[^\[\]]*\]\(([^()\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        page: path of the document from the root.
        line: of the opening fence, from 1.
        language: behind the fence.
        code: between the fences.
        reason: why it is not run, empty if it is.
    """

    page: str
    line: int
    language: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


_NOTHING = Block("", 0, "", "", "")


@dataclass(frozen=True, slots=True)
class Request:
    """A curl command, as far as the documents use curl."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


def text(page: Path | str) -> str:
    return (ROOT / page).read_text()


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    content = text(page)
    return [
        Block(
            name(page),
            content.count("\n", 0, found.start()) + 1 + bool(found["reason"]),
            found["language"],
            found["code"],
            found["reason"] or "",
        )
        for found in _FENCE.finditer(content)
    ]


def without_blocks(page: Path) -> str:
    """Return the prose of a page."""
    return _FENCE.sub("", text(page))


def examples() -> list[tuple[Block, Block]]:
    """Return every curl request with the block that shows its answer."""
    return [
        (block, following)
        for page in RUN
        for block, following in itertools.pairwise([*blocks(page), _NOTHING])
        if block.language == "sh" and not block.reason
    ]


def programs(language: str) -> list[Block]:
    """Return the blocks of one language that are run, on all pages."""
    return [block for page in RUN for block in blocks(page) if block.language == language and not block.reason]


def curl(command: str) -> Request:
    """Return the request that a curl command sends.

    Raises:
        ValueError: the command is not a curl command, or uses an option that is not known here.
    """
    program, *words = shlex.split(command)
    headers: dict[str, str] = {}
    method, url, body = "", "", None
    options = iter(words)
    for word in options:
        match word:
            case "-s":
                pass
            case "-H":
                key, _, value = next(options).partition(": ")
                headers[key] = value
            case "-X":
                method = next(options)
            case "-d":
                body = next(options).encode()
            case _ if word.startswith("http://127.0.0.1:8000"):
                url = word.removeprefix("http://127.0.0.1:8000")
            case _:
                raise ValueError(f"unknown option of curl: {word}")
    if program != "curl" or not url:
        raise ValueError(f"not a curl command to the service: {command}")
    return Request(method or ("GET" if body is None else "POST"), url, headers, body)


def rows(page: Path | str, marker: str) -> list[list[str]]:
    """Return the cells of the table behind ``<!-- marker -->``."""
    table = text(page).partition(f"<!-- {marker} -->")[2].partition("<!-- end -->")[0]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.strip().splitlines()[2:]]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page as GitHub, GitLab and Forgejo make them of its headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(without_blocks(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        copies = (f"{slug}-{number}" for number in range(1, 100))
        found.add(slug if slug not in found else next(copy for copy in copies if copy not in found))
    return found


def links(page: Path) -> list[str]:
    """Return the targets of the links and pictures of a page."""
    content = without_blocks(page)
    found = [target for pair in _LINK.findall(content) for target in pair if target]
    return found + [target for target in re.findall(r"\]\(([^()\s]+)\)", content) if target not in found]
