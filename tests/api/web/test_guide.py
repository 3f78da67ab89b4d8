"""The guide: every page, link, anchor and word of it, as files."""

import asyncio
import json
import re
import threading
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest

from app.api.web.guide import book, markdown, routes, words
from app.language.vocabulary import words as vocabulary
from tests.support import assertions, documents
from tests.support.service import Client, serving

FILES = {"start": documents.README} | {page.stem: page for page in documents.RUN[1:]}
NAMES = [*FILES, "words"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

every_page = pytest.mark.parametrize("name", NAMES)


@dataclass
class Page(HTMLParser):
    """What a page has: ids, links, pictures and text."""

    source: str
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]
        assert "style" not in named
        assert (tag in {"script", "style"}) == (tag == "script" and "src" in named)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(client: Client, name: str) -> Page:
    response = client.get(f"/guide/{name}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def index(client: Client) -> list[dict[str, Any]]:
    response = client.get("/guide/search.json")
    assert response.headers["content-type"] == "application/json"
    entries: list[dict[str, Any]] = response.json()["entries"]
    return entries


def test_the_contents_have_every_page_with_its_sentence_and_its_headings(client: Client) -> None:
    contents = Page(client.get("/guide").text)
    table = re.findall(r"^\| \[(\w+)\]\(docs/.*?\) \| (.*) \|$", documents.README.read_text(), re.MULTILINE)
    assert {name for name, _ in table} == {path.stem for path in FILES.values()} - {"README"}
    assert all(sentence in contents.text for _, sentence in table)
    for name, file in FILES.items():
        headings = re.findall(r"^## (.*)$", documents.without_blocks(file), re.MULTILINE)
        assert all(heading.replace("`", "") in contents.text for heading in headings)
        assert f"guide/{name}" in contents.links


@every_page
def test_every_link_of_a_page_leads_somewhere(client: Client, name: str) -> None:
    read: dict[str, Page] = {}
    found = page(client, name).links
    assert len(found) > 20
    for link in found:
        if re.match(r"https?://", link):
            continue
        assert not link.startswith("/"), "a link that a proxy under a path would lead astray"
        address, anchor = urldefrag(urljoin(f"/guide/{name}", link))
        if address not in read:
            response = client.get(address)
            assert response.status_code == 200, link
            read[address] = Page(response.text if "html" in response.headers["content-type"] else "")
        assert not anchor or anchor in read[address].ids, link


@pytest.mark.parametrize("name", FILES)
def test_every_heading_has_the_anchor_of_github(client: Client, name: str) -> None:
    assert documents.anchors(FILES[name]) <= set(page(client, name).ids)


@every_page
def test_no_id_is_there_twice(client: Client, name: str) -> None:
    ids = page(client, name).ids
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", FILES)
def test_every_word_of_a_page_is_shown(client: Client, name: str) -> None:
    source = re.sub(r"<!-- .* -->", "", FILES[name].read_text())
    source = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", source)  # the words of a picture are its own
    source = re.sub(r"\[[\w/.]+\.md\]\([^()\s]*\)", " ", source)  # which says the title of the page
    source = re.sub(r"\]\([^()\s]*\)", " ", source)
    languages = {block.language for block in documents.blocks(FILES[name])}
    shown = set(re.findall(r"\w+", page(client, name).text))
    assert set(re.findall(r"\w+", source)) - shown <= languages


def test_every_name_of_the_language_is_found(client: Client) -> None:
    found = {name for entry in index(client) if entry["page"] == "words" for name in entry["names"]}
    language = client.get("/v1/language").json()
    wanted = {name for word in vocabulary.ALL for name in word.names}
    wanted |= {f"{each['name']}.{kind}" for each in language["distributions"] for kind in each["functions"]}
    wanted |= {*language["operators"], *language["constants"], *language["qualified"]}
    wanted |= {*language["qualified_constants"]} | {f"scipy.constants.{each}" for each in language["scipy_constants"]}
    assert wanted <= found
    assert words.OPERATORS.keys() == set(language["operators"])


def test_the_longest_prefix_of_a_word_is_tried_first(client: Client) -> None:
    prefixes = client.get("/guide/search.json").json()["prefixes"]
    assert {"np", "scipy.special"} <= set(prefixes)
    for longer in prefixes:
        assert all(prefixes.index(longer) <= place for place, each in enumerate(prefixes) if longer.startswith(each))


def test_a_row_says_what_its_word_means(client: Client) -> None:
    found = {entry["names"][0]: entry for entry in index(client) if entry["page"] == "words" and entry["names"]}
    for described in client.get("/v1/language").json()["functions"]:
        assert described["doc"] in found[described["name"]]["text"]


@pytest.mark.parametrize(("name", "operands"), [("hypot", "2 to 4"), ("sin", "1"), ("power", "2")])
def test_a_row_says_how_many_operands_a_word_takes(client: Client, name: str, operands: str) -> None:
    row = re.search(rf'<tr id="{name}">.*?</tr>', client.get("/guide/words").text, re.DOTALL)
    assert row is not None
    assert f"<td>{operands}</td>" in row[0]


def test_everything_that_is_found_has_a_place(client: Client) -> None:
    entries = index(client)
    for name in NAMES:
        ids = page(client, name).ids
        own = [entry for entry in entries if entry["page"] == name]
        assert {entry["anchor"] for entry in own} <= set(ids)
        assert len(own) > 5
    assert {entry["page"] for entry in entries} == set(NAMES)


def test_settings_are_found_by_name(client: Client) -> None:
    (entry,) = [entry for entry in index(client) if entry["names"] == ["GRADSERVE_API_KEYS"]]
    assert (entry["page"], entry["under"]) == ("operations", "Operations: Settings")
    assert "accepted keys" in entry["text"]


def test_an_address_without_a_page_is_html_for_a_browser_and_a_problem_for_others(client: Client) -> None:
    for path in ("/guide/nothing", "/guide/404", "/guide/api.md"):
        assertions.assert_problem(client.get(path), 404, "not_found")
        shown = client.get(path, headers=BROWSER)
        assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert shown.headers["vary"].startswith("Accept")
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        for link in set(Page(shown.text).links) - {"#guide-text", "#guide-contents"}:
            assert client.get(urljoin(path, link)).status_code == 200


def test_a_page_with_a_slash_behind_it_leads_to_the_page(client: Client) -> None:
    for path in ("/guide", "/guide/api"):
        response = client.get(f"{path}/")
        assert response.status_code == 307
        assert (
            urljoin(f"https://a.example/under{path}/", response.headers["location"]) == f"https://a.example/under{path}"
        )


def test_head_has_the_headers_of_get(client: Client) -> None:
    for path in ("/guide", "/guide/api", "/guide/search.json"):
        head, get = (
            client.request(method, path, headers={"Accept-Encoding": "identity"}) for method in ("HEAD", "GET")
        )
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-length", "content-type"):
            assert head.headers[name] == get.headers[name]


def test_pages_lead_to_the_guide(client: Client) -> None:
    for path in ("/", "/fit", "/docs"):
        assert [link for link in Page(client.get(path).text).links if link.startswith("guide")]


def test_the_guide_is_made_once_and_not_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    make = routes.make

    def count(language: dict[str, Any]) -> routes.Made:
        made.append(threading.current_thread() is threading.main_thread())
        return make(language)

    monkeypatch.setattr(routes, "make", count)
    with serving(workers=False) as client:

        async def ask() -> list[int]:
            asked = (client._http.get(path) for path in ("/guide", "/guide/api", "/guide/search.json"))
            return [response.status_code for response in await asyncio.gather(*asked)]

        assert client.run(ask()) == [200, 200, 200]
    assert made == [False]


# Markdown


def nowhere(_: str) -> None:
    return None


def test_html_of_a_text_is_shown_and_not_sent() -> None:
    text = "# A\n\n<!-- comment -->\n<script>alert(1)</script>\n\nb <img src=x onerror=y> <!-- c --> `<b>`\n"
    text += "\n```sh\n</code><script>\n```\n\n[x](javascript:alert(1)) ![y](javascript:alert(2))\n"
    html = markdown.read(text, nowhere).html
    assert not re.search(
        r"<(?!/?(?:h1|p|code|pre|div|span)\b)", html.replace('<a class="here"', "").replace("<img", "")
    )
    assert "comment" not in html
    assert "onerror=y&gt;" in html
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html)


def test_a_heading_that_is_there_twice_is_numbered_as_on_github() -> None:
    page = Page(markdown.read("# A\n\n## A `b`, c\n\n### A b, c\n\n## A: b_c-d\n", nowhere).html)
    assert page.ids == ["a", "a-b-c", "a-b-c-1", "a-b_c-d"]


def test_a_section_has_its_text_and_a_row_of_names_has_its_own() -> None:
    rows = "| n | m |\n| --- | --- |\n| `a\\|b` `c` | *one* |\n| `d` e | two |\n"
    found = markdown.read(f"# T\n\nx\ny\n\n## S\n\n[l](t) `k`\n\n{rows}\n```sh\nz  z\n```\n", nowhere).sections
    assert [(each.anchor, each.level, each.text.strip()) for each in found] == [
        ("t", 1, "x y"),
        ("s", 2, "l k n m d e two z z"),
        ("a-b", 0, "one"),
    ]
    assert (found[2].names, found[2].under) == (("a|b", "c"), ("T", "S"))


@pytest.mark.parametrize(
    ("target", "path", "expected"),
    [
        ("api.md#x", "docs/code.md", "../guide/api#x"),
        ("docs/api.md", "README.md", "../guide/api"),
        ("../README.md", "docs/api.md", "../guide/start"),
        ("#x", "docs/api.md", "#x"),
        ("app/api/web/static/screenshot.png", "README.md", "../web/screenshot.png"),
        ("../deploy/README.md", "docs/api.md", None),
        ("examples/nuts.py", "docs/fits.md", None),
        ("../CHANGELOG.md", "docs/api.md", None),
        ("nothing.md", "docs/api.md", None),
    ],
)
def test_a_relative_link_leads_to_a_page_a_picture_or_nowhere(target: str, path: str, expected: str | None) -> None:
    labels = {"README.md": "Start", "docs/api.md": "The API", "docs/code.md": "Code"}
    found = book.place(target, path, labels)
    assert (found and found.address) == expected


def test_a_link_that_names_a_file_says_the_title_of_its_page() -> None:
    def resolve(_: str) -> markdown.Place:
        return markdown.Place("x", "The API")

    html = markdown.read("# A\n\n[docs/api.md](docs/api.md) [it](api.md)\n", resolve).html
    assert '<a href="x">The API</a> <a href="x">it</a>' in html


def test_a_file_that_is_not_served_is_named(client: Client) -> None:
    assert (
        '<span class="file" title="a file of the repository: ../deploy/README.md">'
        in client.get("/guide/operations").text
    )


def test_the_documents_of_the_guide_are_those_of_the_repository() -> None:
    folder = documents.ROOT / "app" / "api" / "web" / "guide"
    for document in documents.RUN:
        assert (folder / documents.name(document)).read_text() == document.read_text()


def test_the_index_is_compact(client: Client) -> None:
    content = client.get("/guide/search.json").content
    assert json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")).encode() == content
