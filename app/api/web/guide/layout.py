"""The HTML around a page of the guide: header, search, contents. Links are relative, so any path of a proxy will do."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from app.api.web.guide.book import Book, Chapter

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="description" content="{description}">
  <meta name="color-scheme" content="light dark">
  <title>{title}</title>
  <link rel="icon" href="{up}web/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{up}web/style.css">
  <link rel="stylesheet" href="{up}web/guide/style.css">
  <script src="{up}web/guide/main.js" type="module"></script>
</head>
<body>
  <a class="skip" href="#guide-text">Skip to the text</a>
  <header>
    <h1><a href="{up}guide"><span aria-hidden="true">∇</span> gradserve guide</a></h1>
    <form id="guide-search" role="search" hidden>
      <label for="guide-query" class="hidden">Search the guide</label>
      <input id="guide-query" type="search" autocomplete="off" autocapitalize="off" spellcheck="false"
        placeholder="Search the guide and the language" aria-describedby="guide-count" aria-keyshortcuts="/">
      <p id="guide-count" class="hidden" role="status"></p>
      <div id="guide-results" hidden></div>
    </form>
    <nav aria-label="Pages"><a class="narrow" href="#guide-contents">Contents</a><a href="{home}">Playground</a
      ><a href="{up}fit">Fit</a><a href="{up}docs">API</a></nav>
  </header>
  <main id="guide" class="{kind}">
    <article id="guide-text" tabindex="-1">
{text}
    </article>
    <nav id="guide-contents" aria-label="Contents">
{contents}
    </nav>
  </main>
</body>
</html>
"""


def _framed(*, up: str, **parts: str) -> str:
    """Return a document; ``up`` leads from it to the folder of /guide."""
    return _PAGE.format(up=up, home=up or "./", **parts)


def page(book: Book, chapter: Chapter) -> str:
    """Return the document of one page."""
    names = list(book.chapters)
    place = names.index(chapter.name)
    around = {"Previous": names[place - 1 : place] if place else [], "Next": names[place + 1 : place + 2]}
    links = [
        f'<a href="../guide/{name}"><span>{word}</span> {escape(book.chapters[name].label)}</a>'
        for word, (name,) in ((word, found) for word, found in around.items() if found)
    ]
    return _framed(
        title=f"{escape(chapter.label)} - gradserve guide",
        description=escape(chapter.sentence),
        up="../",
        kind="chapter",
        text=f'{chapter.html}<nav class="around" aria-label="Neighbouring pages">{"".join(links)}</nav>',
        contents=_contents(book.chapters.values(), chapter),
    )


def contents(book: Book) -> str:
    """Return the document of the first page, which lists all others."""
    return _framed(
        title="gradserve guide",
        description="How to ask for gradients, what may stand in an expression, and how to run the service.",
        up="",
        kind="cover",
        text=f"<h1>Guide</h1>\n{_cards(book)}",
        contents=_contents(book.chapters.values(), None, "guide/"),
    )


def missing(book: Book) -> str:
    """Return the document for an address below /guide where there is nothing."""
    return _framed(
        title="No such page - gradserve guide",
        description="There is no such page.",
        up="../",
        kind="chapter",
        text="<h1>No such page</h1>\n<p>The guide has no page at this address. Search it, or take one of these.</p>",
        contents=_contents(book.chapters.values(), None),
    )


def _contents(chapters: Iterable[Chapter], here: Chapter | None, folder: str = "") -> str:
    """Return the list of all pages, with the headings of the one that is shown."""
    items = []
    for chapter in chapters:
        current = ' aria-current="page"' if chapter is here else ""
        below = _headings(chapter, "") if chapter is here else ""
        items.append(f'<li><a href="{folder}{chapter.name}"{current}>{escape(chapter.label)}</a>{below}</li>')
    return f"<ul>\n{chr(10).join(items)}\n</ul>"


def _cards(book: Book) -> str:
    cards = [
        f'<section class="card"><h2><a href="guide/{chapter.name}">{escape(chapter.label)}</a></h2>'
        f"<p>{escape(chapter.sentence)}</p>{_headings(chapter, f'guide/{chapter.name}')}</section>"
        for chapter in book.chapters.values()
    ]
    return f'<div class="cards">\n{chr(10).join(cards)}\n</div>'


def _headings(chapter: Chapter, page: str) -> str:
    items = [f'<li><a href="{page}#{each.anchor}">{escape(each.title)}</a></li>' for each in chapter.headings()]
    return f"<ul>{''.join(items)}</ul>" if items else ""
