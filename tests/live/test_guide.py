"""The guide in a real browser, served by a real server."""

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.live.browser import DESKTOP, PHONE, Browser, violations

pytestmark = pytest.mark.slow

PAGES = [
    "", "/start", "/language", "/words", "/latex", "/api", "/clients", "/code", "/agents", "/fits", "/operations",
    "/security", "/performance", "/architecture", "/contributing", "/nothing",
]  # fmt: skip


def results(browser: Browser) -> list[str]:
    """Return the first line of each result."""
    return [link.text.partition("\n")[0] for link in browser.all("#guide-results a")]


def found(browser: Browser, question: str) -> str:
    """Type a question, and return the address of what is found first, below the guide."""
    browser.write(question, "#guide-query")
    browser.until(lambda: question in browser.run("return new URLSearchParams(location.search).getAll('q')"))
    return str(browser.find("#guide-results a").get_attribute("href")).removeprefix(f"{browser.base}/guide/")


def place(browser: Browser) -> str:
    return browser.driver.current_url.removeprefix(browser.base)


def is_at_the_top(browser: Browser, anchor: str) -> bool:
    """Return whether a place of the page is in the upper half of the window."""
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top / innerHeight"
    return -0.01 <= float(browser.run(top, anchor)) < 0.5


@pytest.mark.parametrize(
    ("question", "address"),
    [
        ("logsumexp", "words#logsumexp"),
        ("besselj", "words#jn"),
        ("where", "words#where"),
        ("@", "words#sign-40"),
        ("//", "words#sign-2f-2f"),
        ("np.linalg.det", "words#det"),
        ("jax.scipy.special.logsumexp(", "words#logsumexp"),
        ("stats.norm.logpdf", "words#norm.pdf"),
        ("sympy.sinc", "words#usinc"),
        ("a if c else b", "words#a-if-c-else-b"),
        ("Boltzmann", "words#scipy.constants.Boltzmann"),
        ("GRADSERVE_API_KEYS", "operations#GRADSERVE_API_KEYS"),
        ("generated clients", "clients#generated-clients"),
        ("behind a prox", "operations#behind-a-proxy"),
        ("ratelimit-pol", "api#RateLimit-Policy"),
    ],
)
def test_what_is_asked_for_is_found_first(browser: Browser, question: str, address: str) -> None:
    browser.open("/guide")
    assert found(browser, question) == address


def test_the_guide_is_found_from_the_first_page(browser: Browser) -> None:
    for page in ("/", "/fit", "/docs"):
        browser.open(page)
        browser.find('nav a[href^="guide"]').click()
        browser.until(lambda: place(browser).startswith("/guide"))
        browser.find("#guide-contents")


def test_the_search_works_by_keys_and_opens_a_page_at_its_place(browser: Browser) -> None:
    browser.open("/guide/fits")
    browser.find("body").send_keys("/")
    box = browser.find("#guide-query")
    assert browser.driver.switch_to.active_element == box
    box.send_keys("bessel function order")
    browser.until(lambda: len(results(browser)) > 3)
    links = browser.all("#guide-results a")
    box.send_keys(Keys.ARROW_DOWN)
    assert browser.driver.switch_to.active_element == links[0]
    links[0].send_keys(Keys.ARROW_DOWN)
    assert browser.driver.switch_to.active_element == links[1]
    links[1].send_keys(Keys.ARROW_UP, Keys.NULL)
    links[0].send_keys(Keys.ARROW_UP)
    assert browser.driver.switch_to.active_element == box
    wanted = str(links[1].get_attribute("href"))
    box.send_keys(Keys.ARROW_DOWN)
    links[0].send_keys(Keys.ARROW_DOWN)
    links[1].send_keys(Keys.ENTER)
    browser.until(lambda: browser.driver.current_url == wanted)
    browser.until(lambda: is_at_the_top(browser, wanted.partition("#")[2]))


def test_enter_opens_the_first_result_even_before_it_is_shown(browser: Browser) -> None:
    browser.open("/guide")
    browser.find("#guide-query").send_keys("taylor", Keys.ENTER)
    browser.until(lambda: "#" in place(browser))
    assert place(browser).startswith("/guide/")


def test_a_result_on_the_same_page_closes_the_list(browser: Browser) -> None:
    browser.open("/guide/operations")
    assert found(browser, "GRADSERVE_DRAIN_SECONDS") == "operations#GRADSERVE_DRAIN_SECONDS"
    browser.find("#guide-results a").click()
    browser.until(lambda: place(browser) == "/guide/operations#GRADSERVE_DRAIN_SECONDS")
    browser.until(lambda: is_at_the_top(browser, "GRADSERVE_DRAIN_SECONDS"))
    assert results(browser) == []


def test_escape_closes_the_search(browser: Browser) -> None:
    browser.open("/guide?q=besselj")
    browser.until(lambda: results(browser))
    assert browser.find("#guide-query").get_property("value") == "besselj"
    browser.find("#guide-query").send_keys(Keys.ESCAPE)
    assert results(browser) == []
    assert place(browser) == "/guide"


def test_how_many_there_are_is_said(browser: Browser) -> None:
    browser.open("/guide?q=besselj")
    browser.until(lambda: results(browser))
    assert str(browser.find("#guide-count").get_attribute("textContent")).startswith(f"{len(results(browser))} found.")
    browser.write("nosuchword", "#guide-query")
    browser.until(lambda: browser.find("#guide-count").get_attribute("textContent") == "Nothing found.")
    assert results(browser) == []
    browser.write("the", "#guide-query")
    browser.until(lambda: len(results(browser)) == 20)
    assert "the first 20 are shown" in str(browser.find("#guide-count").get_attribute("textContent"))


def test_a_service_that_does_not_answer_is_asked_again(browser: Browser) -> None:
    browser.open("/guide")
    browser.run("globalThis.ask = fetch; globalThis.fetch = () => Promise.reject(new TypeError('away'));")
    browser.write("besselj", "#guide-query")
    browser.until(lambda: "cannot be reached" in browser.text("#guide-results"))
    browser.run("globalThis.fetch = globalThis.ask;")
    assert found(browser, "besselj(") == "words#jn"


def test_code_is_copied(browser: Browser) -> None:
    browser.open("/guide/start")
    browser.run("globalThis.copied = []; navigator.clipboard.writeText = async (text) => { copied.push(text); };")
    block = browser.find(".code")
    browser.run("arguments[0].querySelector('button').click()", block)
    browser.until(lambda: browser.run("return copied") == ["make serve\n"])
    assert browser.find(".code button").get_attribute("textContent") == "Copied"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious(browser: Browser, page: str, scheme: Any) -> None:
    browser.prefer(scheme)
    browser.open(f"/guide{page}")
    browser.find("#guide-search")
    assert violations(browser) == []
    browser.resize(*PHONE)
    browser.until(lambda: browser.run("return document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_search(browser: Browser, scheme: Any) -> None:
    browser.prefer(scheme)
    for size in (DESKTOP, PHONE):
        browser.resize(*size)
        browser.open("/guide/api?q=function+order")
        browser.until(lambda: results(browser))
        assert violations(browser) == []
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def test_lines_are_short_enough_to_be_read(browser: Browser) -> None:
    browser.resize(2400, 1000)
    browser.open("/guide/security")
    widths = [paragraph.size["width"] for paragraph in browser.all("#guide-text > p")]
    assert max(widths) <= 46 * 16


def test_what_is_wider_than_its_place_is_reached_by_keys(browser: Browser) -> None:
    browser.resize(*PHONE)
    browser.open("/guide/operations")
    browser.find("#guide-search")
    wide = (
        "return [...document.querySelectorAll('.scrolled, pre')].filter((each) => each.scrollWidth > each.clientWidth)"
    )
    boxes = browser.run(wide)
    assert len(boxes) > 3
    assert {box.get_attribute("tabindex") for box in boxes} == {"0"}
