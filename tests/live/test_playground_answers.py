"""What the playground shows of the function at its point: second derivatives, the surface, the explanation."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.live.browser import PHONE, Browser, violations
from tests.live.page import drawn, link, number

pytestmark = pytest.mark.slow

HIMMELBLAU = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"
PLANE = {"in": {"x": [-5, 5], "y": [-5, 5]}}


def cells(browser: Browser, table: int) -> list[list[float]]:
    rows = browser.all("#second-body table")[table].find_elements("css selector", "tbody tr")
    return [[number(cell.text) for cell in row.find_elements("css selector", "td")] for row in rows]


def eigenvalues(browser: Browser) -> list[float]:
    return [number(head.text) for head in browser.all("#second-body .eigen tbody th")]


def himmelblau(z: Any) -> Any:
    return (z[0] ** 2 + z[1] - 11) ** 2 + (z[0] + z[1] ** 2 - 7) ** 2


def test_the_hessian_and_its_eigenvalues_are_those_of_jax_and_numpy(browser: Browser) -> None:
    browser.open(link(HIMMELBLAU, at={"x": -0.5, "y": -1.25}, **PLANE))
    browser.find("#second summary").click()
    browser.until(lambda: browser.all("#verdict"))
    hessian = np.asarray(jax.hessian(himmelblau)(jnp.array([-0.5, -1.25])))
    values, vectors = np.linalg.eigh(hessian)
    assert cells(browser, 0) == [pytest.approx(row, rel=1e-6) for row in hessian.tolist()]
    assert eigenvalues(browser) == pytest.approx(values, rel=1e-6)
    for shown, vector in zip(cells(browser, 1), vectors.T, strict=True):
        assert abs(np.dot(shown, vector)) == pytest.approx(1, abs=1e-6)
    browser.until(lambda: "show=second" in browser.driver.current_url)
    assert violations(browser) == []


def test_the_hessian_of_arrays_and_numbers_has_all_their_coordinates(browser: Browser) -> None:
    browser.open(link("a*sum(w**3) + w[0]*w[1]", at={"a": 2, "w": [1, 3]}, show="second"))
    browser.until(lambda: browser.all("#verdict"))

    def function(z: Any) -> Any:
        return z[0] * (z[1] ** 3 + z[2] ** 3) + z[1] * z[2]

    expected = np.asarray(jax.hessian(function)(jnp.array([2.0, 1.0, 3.0])))
    assert cells(browser, 0) == [pytest.approx(row) for row in expected.tolist()]


@pytest.mark.parametrize(
    ("expression", "at", "sentence"),
    [
        ("x**2 + 3*y**2", {"x": 0, "y": 0}, "A strict local minimum"),
        ("-x**2 - 3*y**2 + x*y", {"x": 0, "y": 0}, "A strict local maximum"),
        ("x**2 - y**2", {"x": 0, "y": 0}, "A saddle: up in 1 and down in 1 of 2 directions."),
        ("x**4 + y**2", {"x": 0, "y": 0}, "Undecided: 1 of 2 eigenvalues are zero within rounding"),
        ("x**2 + y**2", {"x": 1, "y": 0}, "No stationary point: the gradient has the size 2."),
    ],
)
def test_the_verdict_says_what_the_point_is(browser: Browser, expression: str, at: Any, sentence: str) -> None:
    browser.open(link(expression, at=at, show="second"))
    browser.until(lambda: browser.all("#verdict"))
    assert browser.text("#verdict").startswith(sentence)
    assert "that is rounding" in browser.text("#verdict")


def test_the_hessian_follows_the_point_and_says_why_there_is_none(browser: Browser) -> None:
    browser.open(link("x**3 + y**2", at={"x": 1, "y": 1}, show="second"))
    browser.until(lambda: browser.all("#verdict") and eigenvalues(browser) == [2, 6])
    browser.write("-2", "#at-x")
    browser.until(lambda: eigenvalues(browser) == [-12, 2])
    browser.write("sum(X**2)")
    browser.write(json_list(20), "#at-X")
    browser.until(lambda: "Shown for up to 16 numbers; there are 20." in browser.text("#second-body"))


def json_list(count: int) -> str:
    return "[" + ", ".join(["1"] * count) + "]"


def pixels(browser: Browser) -> str:
    url: str = browser.run("return document.querySelector('#picture canvas.surface').toDataURL()")
    return url


def test_the_surface_is_drawn_described_and_turned(browser: Browser) -> None:
    browser.open(link(HIMMELBLAU, at={"x": 3, "y": 2}, **PLANE))
    browser.until(lambda: drawn(browser))
    browser.choose("#view", "surface")
    browser.until(lambda: browser.all("canvas.surface") and drawn(browser))
    caption = browser.until(lambda: "At the point" in (text := browser.text("#caption")) and text)
    assert "lies between 0, near x = 3, y = 2, and 890, near x = 5, y = 5." in caption
    before = pixels(browser)
    picture = browser.find("#picture")
    assert picture.get_attribute("tabindex") == "0"
    picture.send_keys(Keys.ARROW_RIGHT)
    turned = pixels(browser)
    assert turned != before
    picture.send_keys(Keys.ARROW_LEFT)
    assert pixels(browser) == before, "each turn can be taken back"
    browser.find('[aria-label="Tilt to see more from above"]').click()
    assert pixels(browser) not in {before, turned}
    browser.until(lambda: "view=surface" in browser.driver.current_url)
    assert violations(browser) == []
    browser.choose("#view", "contours")
    browser.until(lambda: browser.all("#picture .u-over") and drawn(browser))
    assert picture.get_attribute("tabindex") is None


def test_the_surface_leaves_out_what_is_not_finite(browser: Browser) -> None:
    browser.open(link("sqrt(x) + y", at={"x": 1, "y": 1}, view="surface", **PLANE))
    browser.until(lambda: drawn(browser))
    browser.until(lambda: "lies between \N{MINUS SIGN}5, near x = 0, y = \N{MINUS SIGN}5" in browser.text("#caption"))


def tape(browser: Browser) -> list[list[str]]:
    rows = browser.all("#explain-body .tape tbody tr")
    return [[cell.text for cell in row.find_elements("css selector", "th, td")] for row in rows]


def test_the_explanation_shows_the_tape_the_tier_and_the_cost(browser: Browser) -> None:
    browser.open(link("x**2 + sin(y)", at={"x": 3, "y": 0.5}))
    browser.find("#explain summary").click()
    browser.until(lambda: len(tape(browser)) == 5)
    rows = {row[1]: row for row in tape(browser)}
    assert rows["input x"][4] == "3"
    assert rows["square"] == ["#2", "square", "#0", "number", "9"]
    assert number(rows["sin"][4]) == pytest.approx(float(jnp.sin(0.5)), rel=1e-6)
    assert number(rows["add"][4]) == pytest.approx(9 + float(jnp.sin(0.5)), rel=1e-6)
    facts = browser.text("#explain-body .facts")
    assert "The interpreter answered" in facts
    assert "3 operations" in facts
    assert violations(browser) == []
    browser.write("4", "#at-x")
    browser.until(lambda: any(row[1] == "square" and row[4] == "16" for row in tape(browser)))


def test_the_explanation_of_arrays_has_their_shapes(browser: Browser) -> None:
    rows = [[n, 1] for n in range(20)]
    browser.open(link("sum(exp(X @ w))", at={"X": rows, "w": [0.1, 0.2]}, show="explain"))
    browser.until(lambda: any("20" in row[3] for row in tape(browser)))
    assert "NumPy answered" in browser.text("#explain-body .facts")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_answers_fit_a_phone_and_axe_finds_nothing_serious(browser: Browser, scheme: Any) -> None:
    browser.prefer(scheme)
    browser.resize(*PHONE)
    browser.open(link(HIMMELBLAU, at={"x": 3, "y": 2}, show="second,explain", view="surface", **PLANE))
    browser.until(lambda: browser.all("#verdict") and tape(browser) and drawn(browser))
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    for card in ("#second-card", "#explain-card", "#picture-card"):
        assert violations(browser, card) == []
