"""The tour of the playground, each stop against JAX, and the search of the language."""

import ast
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.live.browser import PHONE, Browser, violations
from tests.live.page import drawn, number

pytestmark = pytest.mark.slow

STOPS = 10
WORDS = {name: getattr(jnp, name) for name in ("sin", "log", "exp", "mean", "sqrt", "tanh")}


def stops(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.run_async("return (await import('/web/playground/tour/stops.js')).STOPS;")
    return found


def differentiated(stop: dict[str, Any]) -> tuple[float, dict[str, np.ndarray]]:
    """Return the value of a stop, and its gradient by each argument that is not held, by un-jitted JAX."""
    text, at = stop["expression"], stop["at"]
    space: dict[str, Any] = dict(WORDS)
    if text.startswith("def "):
        exec(text, space)  # noqa: S102 - a text of ours
        function = space[ast.parse(text).body[0].name]
    else:
        function = eval(text if text.startswith("lambda") else f"lambda {', '.join(at)}: {text}", space)  # noqa: S307
    point = {name: jnp.asarray(value, float) for name, value in at.items()}
    with jax.numpy_rank_promotion("allow"):
        value, gradient = jax.value_and_grad(lambda given: function(**given))(point)
    held = stop.get("hold", [])
    return float(value), {name: np.asarray(part) for name, part in gradient.items() if name not in held}


def gradient(browser: Browser, arg: str) -> list[float]:
    row = f".argument[data-arg={arg}]"
    cells = browser.all(f"{row} .slopes td") or browser.all(f"{row} .partial output")
    return [number(cell.text) for cell in cells if cell.text]


def shown(browser: Browser, value: float, gradients: dict[str, np.ndarray]) -> bool:
    if browser.text("#value") == "…":
        return False
    close = [number(browser.text("#value")) == pytest.approx(value, rel=1e-6, abs=1e-12)]
    for name, expected in gradients.items():
        close.append(gradient(browser, name) == pytest.approx(expected.ravel().tolist(), rel=1e-6, abs=1e-12))
    return all(close)


def test_the_tour_goes_from_a_line_to_a_neural_network_and_back(browser: Browser) -> None:
    browser.open()
    all_stops = stops(browser)
    assert len(all_stops) == STOPS
    assert "Ten examples" in browser.text("#tour-text")
    for n, stop in enumerate(all_stops):
        browser.find("#tour-next").click()
        browser.until(lambda: browser.find("#tour-list").get_property("value") == str(n))  # noqa: B023 - runs here
        assert browser.text("#tour-text") == stop["text"]
        value, gradients = differentiated(stop)
        browser.until(lambda: shown(browser, value, gradients))  # noqa: B023 - runs here
        assert browser.text("#problem") == ""
        browser.until(lambda: drawn(browser))
        assert violations(browser) == [], stop["name"]
    assert browser.find("#tour-next").get_property("disabled")
    browser.find("#tour-back").click()
    browser.until(lambda: browser.find("#tour-list").get_property("value") == str(STOPS - 2))
    browser.choose("#tour-list", "1. A line")
    browser.until(lambda: browser.text("#value") == "3")
    browser.find("#tour-end").click()
    assert "Ten examples" in browser.text("#tour-text")
    assert browser.text("#value") == "3", "the function stays"


def test_a_text_of_ones_own_ends_the_tour(browser: Browser) -> None:
    browser.open()
    browser.find("#tour-next").click()
    browser.until(lambda: browser.text("#value") == "3")
    browser.write("x**5")
    browser.until(lambda: "Ten examples" in browser.text("#tour-text"))


def test_the_tour_fits_a_phone(browser: Browser) -> None:
    browser.resize(*PHONE)
    browser.open()
    for _ in range(STOPS):
        browser.find("#tour-next").click()
        browser.until(lambda: drawn(browser))
        assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    assert violations(browser, "#tour-card") == []


def words(browser: Browser) -> list[str]:
    return [word.text for word in browser.all("#words code") if word.is_displayed()]


def test_the_language_is_searched_and_a_word_inserted_by_keys(browser: Browser) -> None:
    browser.open()
    browser.until(lambda: browser.text("#value") == "92")
    browser.write("x + ")
    browser.write("bessel", "#find")
    browser.until(lambda: words(browser))
    assert any(word.startswith("jn, jv, besselj") for word in words(browser))
    assert not any(word.startswith("sin,") or word == "sin" for word in words(browser))
    assert "Enter inserts" in browser.text("#found-words")
    assert violations(browser) == []
    find = browser.find("#find")
    find.send_keys(Keys.ARROW_DOWN)
    chosen = browser.find("#words [aria-selected=true]")
    assert find.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert chosen.find_element("css selector", "code").text == words(browser)[1]
    browser.write("sinh", "#find")
    browser.until(lambda: words(browser)[0].startswith("sinh"))
    find.send_keys(Keys.ENTER)
    assert browser.find("#function").get_property("value") == "x + sinh("
    assert browser.run("return document.activeElement.id") == "function"
    browser.driver.switch_to.active_element.send_keys("x)")
    browser.until(
        lambda: browser.text("#problem") == "" and browser.text("#value") == f"{1 + float(jnp.sinh(1.0)):.6f}"
    )


def test_a_search_finds_words_by_their_meaning_and_escape_ends_it(browser: Browser) -> None:
    browser.open()
    browser.write("exact near", "#find")
    browser.until(lambda: any(word.startswith("log1p") for word in words(browser)))
    browser.find("#find").send_keys(Keys.ESCAPE)
    assert words(browser) == []
    assert browser.find("#find").get_attribute("aria-expanded") == "false"
    browser.write("zzzz", "#find")
    browser.until(lambda: browser.text("#found-words").startswith("0 of "))
