"""A page in Markdown to its HTML and its sections, with the anchors that GitHub gives its headings.

Markdown is CommonMark 0.31 with the tables of GitHub Flavored Markdown (https://github.github.com/gfm). HTML in a page
is never sent: comments are left out, the rest is shown as text. Code is marked by classes, so that no style stands in
the page, as its Content-Security-Policy asks.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

import pygments
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import lexers
from pygments.formatters.html import HtmlFormatter
from pygments.util import ClassNotFound


class Place(NamedTuple):
    """Where a link leads, and its title, which a link says that has only the name of a file."""

    address: str
    title: str = ""


Resolve = Callable[[str], Place | None]
"""Returns where a relative link of a page leads, None if the service does not have it."""

_CODE = HtmlFormatter(nowrap=True)
_SIGNS = re.compile(r"[^\w.-]+")
_FILE = re.compile(r"[\w/.]+\.md")
_OTHER_HOST = re.compile(r"[a-z][a-z0-9+.-]*:")


@dataclass(slots=True)
class Section:
    """What a search finds: a heading and the text up to the next one, or a row of a table.

    Attributes:
        anchor: behind the # of an address.
        title: the heading, or the first name of the row, as text.
        level: 1 to 6 of a heading, 0 of a row.
        under: the headings above it, those of the page first.
        text: the text as it is read, without marks.
        names: words that mean this row exactly, empty for headings.
    """

    anchor: str
    title: str
    level: int
    under: tuple[str, ...]
    text: str = ""
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Rendered:
    """A page as HTML, without the frame around it."""

    html: str
    sections: list[Section] = field(default_factory=list)


def read(source: str, resolve: Resolve) -> Rendered:
    """Return a page that begins with a heading."""
    parser = _parser()
    tokens = parser.parse(source)
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                child.attrs["src"] = (resolve(str(child.attrs["src"])) or Place("")).address
        _set_links(token.children or (), resolve)
    sections = _sections(tokens)
    _mark_contents(tokens)
    return Rendered(parser.renderer.render(tokens, parser.options, {}), sections)


def slug(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading, before it tells equal ones apart."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# Anchors and sections


def _sections(tokens: Sequence[Token]) -> list[Section]:
    """Return the sections of a page, and give each its anchor in the tokens."""
    headings = _headings(tokens)
    taken = {section.anchor for section in headings}
    here, rows, cells_left = headings[0], [], 0
    following = iter(headings)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            here = next(following)
        elif token.type == "tr_open" and (row := _row(tokens, index, here)):
            row.anchor = token.attrs["id"] = _alone(row.anchor, taken)
            rows.append(row)
            cells_left = len(_cells(tokens, index))
        elif token.type == "inline" and cells_left:
            cells_left -= 1  # what a row says is not said again by its heading
        elif token.type == "inline" and tokens[index - 1].type != "heading_open":
            here.text += f"{_plain(token)} "
        elif token.type == "fence":
            here.text += f"{' '.join(token.content.split())} "
    return headings + rows


def _headings(tokens: Sequence[Token]) -> list[Section]:
    """Return a section for each heading."""
    found: list[Section] = []
    above: list[tuple[int, str]] = []
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            level, title = int(token.tag[1]), _plain(tokens[index + 1])
            above = [each for each in above if each[0] < level]
            anchor = token.attrs["id"] = _alone(slug(title), taken)
            found.append(Section(anchor, title, level, tuple(heading for _, heading in above)))
            above.append((level, title))
    return found


def _row(tokens: Sequence[Token], start: int, heading: Section) -> Section | None:
    """Return the section of the row that begins at a token, if its first cell is names in code and nothing else."""
    children = tokens[start + 2].children or []
    if any(child.type != "code_inline" and (child.type != "text" or child.content.strip(" ,")) for child in children):
        return None
    names = tuple(child.content for child in children if child.type == "code_inline")
    if not names:
        return None
    told = [text for text in _cells(tokens, start)[1:] if text and not text.isdigit()]
    return Section(_row_anchor(names[0]), names[0], 0, (*heading.under, heading.title), " · ".join(told), names)


def _cells(tokens: Sequence[Token], start: int) -> list[str]:
    """Return the text of each cell of the row that begins at a token."""
    row = itertools.takewhile(lambda token: token.type != "tr_close", itertools.islice(tokens, start, None))
    return [_plain(token) for token in row if token.type == "inline"]


def _alone(anchor: str, taken: set[str]) -> str:
    """Return an anchor that no other place of the page has, as GitHub numbers them."""
    copy, number = anchor, 0
    while copy in taken:
        number += 1
        copy = f"{anchor}-{number}"
    taken.add(copy)
    return copy


def _row_anchor(name: str) -> str:
    """Return the anchor of a name; of a name without letters, its code points."""
    anchor = _SIGNS.sub("-", name).strip("-")
    return anchor or "-".join(("sign", *(f"{ord(sign):x}" for sign in name)))


def _plain(inline: Token) -> str:
    """Return the text of an inline token as it is read."""
    parts = {"softbreak": " ", "hardbreak": " "}
    return "".join(
        parts.get(child.type, "" if child.type == "html_inline" else child.content) for child in inline.children or ()
    )


def _mark_contents(tokens: Sequence[Token]) -> None:
    """Mark the list of headings that a page begins with: beside the list of contents it says nothing new."""
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            break
        if token.type == "bullet_list_open" and token.level == 0:
            token.attrs["class"] = "headings"


# Links


def _set_links(children: Sequence[Token], resolve: Resolve) -> None:
    """Have links lead to where they lead here; a file that is not served is named instead."""
    opened: list[Token] = []
    for child, inside in itertools.zip_longest(children, children[1:]):
        if child.type == "link_open":
            opened.append(child)
            target = str(child.attrs["href"])
            if _OTHER_HOST.match(target):
                continue
            place = resolve(target)
            if place is None:
                child.tag, child.attrs = "span", {"class": "file", "title": f"a file of the repository: {target}"}
                continue
            child.attrs["href"] = place.address
            if place.title and _FILE.fullmatch(inside.content):
                inside.content = place.title
        elif child.type == "link_close":
            child.tag = opened.pop().tag


# HTML


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    rules = {
        "fence": _fence,
        "heading_close": _heading_close,
        "html_block": _html,
        "html_inline": _html,
        "table_open": lambda *_: '<div class="scrolled"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, lambda _, *rest, rule=rule: rule(*rest))
    return parser


def _fence(tokens: Sequence[Token], index: int, *_: Any) -> str:
    token = tokens[index]
    language = token.info.strip()
    try:
        lexer = lexers.get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = lexers.get_lexer_by_name("text")
    code = pygments.highlight(token.content, lexer, _CODE)
    return f'<div class="code" data-language="{escape(language)}"><pre><code>{code}</code></pre></div>\n'


def _heading_close(tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Return the end of a heading, with a link to it for who wants to send one."""
    opened, title = tokens[index - 2], _plain(tokens[index - 1])
    link = f' <a class="here" href="#{opened.attrs["id"]}" aria-label="Link to: {escape(title)}">#</a>'
    return f"{link if opened.tag != 'h1' else ''}</{opened.tag}>\n"


def _html(tokens: Sequence[Token], index: int, *_: Any) -> str:
    content = tokens[index].content
    return "" if content.lstrip().startswith("<!--") else escape(content)
