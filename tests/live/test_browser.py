"""The pages in a real browser, served by a real server."""

import functools
import json
import math
import re
import subprocess
import sys
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import httpx
import pytest
from axe_selenium_python import Axe
from selenium.webdriver.common.keys import Keys

from tests.live.browser import PHONE, Browser, tried_out, violations
from tests.live.page import drawn, link, number, shows, slopes

pytestmark = pytest.mark.slow

EXAMPLES = [
    "Tutorial",
    "Himmelblau",
    "Rosenbrock",
    "Logistic loss",
    "Gaussian log-likelihood",
    "Wave packet",
]


def test_try_it_out_in_the_documentation_gets_the_gradient(browser: Browser) -> None:
    assert tried_out(browser, "/docs")["gradient"] == [10.0, 24.0, 42.0]
    assert f"{browser.base}/openapi.json" in browser.requested()


def test_every_operation_can_be_opened_from_the_documentation(browser: Browser) -> None:
    browser.open("/docs")
    browser.find("#operations-derivatives-grad")
    shown = len(browser.all(".opblock"))
    document = httpx.get(f"{browser.base}/openapi.json").json()
    assert shown == sum(len(item) for item in document["paths"].values())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_documentation(browser: Browser, scheme: Any) -> None:
    browser.prefer(scheme)
    browser.open("/docs")
    browser.find("#operations-derivatives-grad button.opblock-summary-control").click()
    browser.find("#operations-derivatives-grad .execute")
    assert violations(browser) == []


def test_the_playground_opens_with_the_gradient_of_the_tutorial(browser: Browser) -> None:
    browser.open()
    browser.until(lambda: shows(browser, 92, [10, 24, 42]))
    assert browser.find("#example").get_property("value") == "Tutorial"


def options(browser: Browser) -> list[str]:
    return [option.text for option in browser.all("#completions li")]


def test_names_are_completed_with_the_keyboard(browser: Browser) -> None:
    browser.open(link("x", at={"x": 0.5}))
    browser.until(lambda: shows(browser, 0.5, [1]))
    box = browser.find("#function")
    browser.write("x + log1")
    browser.until(lambda: options(browser))
    assert options(browser)[0].startswith("log10 ")
    assert any(option == "log1p log(1 + x), exact near 0" for option in options(browser))
    assert violations(browser) == []
    box.send_keys(Keys.ARROW_DOWN)
    while "log1p" not in browser.text("#completions [aria-selected=true]"):
        box.send_keys(Keys.ARROW_DOWN)
    selected = browser.find("#completions [aria-selected=true]")
    assert box.get_attribute("aria-activedescendant") == selected.get_attribute("id")
    assert violations(browser) == []
    box.send_keys(Keys.ENTER)
    assert box.get_property("value") == "x + log1p("
    assert options(browser) == []
    box.send_keys("x)")
    browser.until(lambda: shows(browser, 0.5 + math.log(1.5), [1 + 1 / 1.5]))


def test_completions_go_away_and_keys_mean_what_they_did(browser: Browser) -> None:
    browser.open(link("x", at={"x": 0.5}))
    box = browser.find("#function")
    browser.write("sinh")
    box.send_keys(Keys.BACKSPACE)
    browser.until(lambda: options(browser))
    box.send_keys(Keys.ESCAPE)
    assert options(browser) == []
    browser.write("def f(x):")
    box.send_keys(Keys.ENTER, "    return gam")
    browser.until(lambda: options(browser))
    box.send_keys(Keys.ENTER)
    assert box.get_property("value") == "def f(x):\n    return gam\n"
    browser.write("x + gamm")
    browser.until(lambda: options(browser))
    browser.all("#completions li")[0].click()
    assert box.get_property("value") == "x + gamma("
    assert options(browser) == []


def test_the_picture_of_an_earlier_text_is_grey(browser: Browser) -> None:
    browser.open(link("x**2*y", at={"x": 3, "y": 1}))
    browser.until(lambda: shows(browser, 9, [6, 9]) and drawn(browser))
    browser.write("x**2*")
    browser.until(lambda: browser.text("#problem"))
    assert browser.text("#value") == "…"
    assert slopes(browser) == []
    assert "grayscale" in browser.find("#picture").value_of_css_property("filter")
    assert violations(browser) == []
    browser.write("x**2*y*y")
    browser.until(lambda: shows(browser, 9, [6, 18]))
    assert browser.find("#picture").value_of_css_property("filter") == "none"


def test_an_unreachable_server_is_reported_until_it_answers_again(browser: Browser) -> None:
    browser.open(link("x**2", at={"x": 3}))
    browser.until(lambda: shows(browser, 9, [6]) and drawn(browser))
    browser.run("globalThis.ask = fetch; globalThis.fetch = () => Promise.reject(new TypeError('away'));")
    browser.write("x**3")
    browser.until(lambda: browser.text("#problem") == "the server cannot be reached")
    assert browser.text("#value") == "…"
    assert violations(browser) == []
    browser.run("globalThis.fetch = globalThis.ask;")
    browser.write("x**4")
    browser.until(lambda: shows(browser, 81, [108]))
    assert browser.text("#problem") == ""


def test_a_link_to_a_wrong_text_shows_no_empty_cards(browser: Browser) -> None:
    browser.open(link("sine(x)"))
    browser.until(lambda: browser.text("#problem"))
    assert not any(browser.find(f"#{card}-card").is_displayed() for card in ("picture", "formula", "code"))
    browser.write("sin(x)")
    browser.until(lambda: drawn(browser))


def test_the_caption_says_that_there_is_no_finite_value(browser: Browser) -> None:
    browser.open(link("log(x)", at={"x": -1}))
    browser.until(lambda: "has no finite value" in browser.text("#caption"))
    assert browser.text("#value") == "NaN"


def test_a_typed_text_is_differentiated(browser: Browser) -> None:
    browser.open()
    browser.write("a**2*sin(b)")
    browser.until(lambda: [label.text for label in browser.all(".argument label")] == ["a", "b"])
    browser.until(lambda: shows(browser, math.sin(1), [2 * math.sin(1), math.cos(1)]))
    browser.write("0.5", "#at-a")
    browser.until(lambda: shows(browser, math.sin(1) / 4, [math.sin(1), math.cos(1) / 4]))


def test_a_formula_in_latex_is_read_and_its_text_shown(browser: Browser) -> None:
    browser.open()
    browser.until(lambda: len(browser.all("#formulae math")) == 4)
    browser.choose("#format", "LaTeX")
    browser.until(lambda: browser.text("#read") == "Read as 5*x_1**2 + 6*x_2**2 + 7*x_3**2")
    browser.until(lambda: browser.text("#value") == "92")
    assert str(browser.find("#function").get_attribute("value")).startswith("5 \\, x_{1}^{2}")
    browser.write(r"\frac{x_1^2}{2} + \sin x_2 (1)")
    browser.until(lambda: "put the operand in brackets" in browser.text("#problem"))
    assert browser.text("mark") == "("
    browser.write(r"\frac{x_1^2}{2} + \cos^2 x_2 + \sin^2 x_2")
    browser.until(lambda: browser.text("#value") == "1.5")
    browser.until(lambda: "format=latex" in browser.driver.current_url)


def test_a_number_beyond_the_slider_can_be_typed_to_its_end(browser: Browser) -> None:
    browser.open(link("x**2 + y", **{"at": {"x": 1, "y": 2}, "in": {"x": [-3, 3], "y": [-3, 3]}}))
    browser.until(lambda: shows(browser, 3, [2, 1]))
    browser.write("125.5", "#at-x")
    browser.until(lambda: shows(browser, 125.5**2 + 2, [251, 1]))
    assert browser.find("#at-x").get_property("value") == "125.5"
    assert float(browser.find('[aria-label="x slider"]').get_attribute("max") or "nan") >= 125.5


def test_an_array_has_one_box_and_a_slider_for_each_number(browser: Browser) -> None:
    browser.open(link("def y(X):\n    r = X[0]**2\n    return 5*r + 6*X[1]**2 + 7*X[2]**2", at={"X": [1, 2, 3]}))
    browser.until(lambda: shows(browser, 92, [10, 24, 42]))
    assert len(browser.all(".argument input[type=text]")) == 1
    assert len(browser.all(".argument input[type=range]")) == 3
    browser.write("1, 2, 3, 4", "#at-X")
    browser.until(lambda: len(browser.all(".argument input[type=range]")) == 4)
    browser.until(lambda: shows(browser, 92, [10, 24, 42, 0]))


def test_value_and_gradient_follow_a_slider_moved_by_keys(browser: Browser) -> None:
    browser.open(link("x**3 + y", at={"x": 1, "y": 2}))
    browser.until(lambda: shows(browser, 3, [3, 1]))
    slider = browser.find('[aria-label="x slider"]')
    slider.send_keys(Keys.ARROW_RIGHT * 20)
    x = float(slider.get_attribute("value") or "nan")
    assert x > 1
    browser.until(lambda: shows(browser, x**3 + 2, [3 * x**2, 1]))
    assert float(browser.find("#at-x").get_attribute("value") or "nan") == pytest.approx(x)


def test_the_tier_and_its_speed_are_shown_and_change_with_use(browser: Browser) -> None:
    browser.open(link("cos(x)*sin(3*y) + x*y", at={"x": 1, "y": 2}))
    browser.until(lambda: "interpreted in " in browser.text("#speed") and " µs" in browser.text("#speed"))
    slider = browser.find('[aria-label="x slider"]')

    def compiled() -> bool:
        slider.send_keys(Keys.ARROW_RIGHT + Keys.ARROW_LEFT)
        return browser.text("#speed").startswith("compiled in ")

    browser.until(compiled)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_has_a_picture_a_caption_and_formulae(browser: Browser, example: str) -> None:
    browser.open()
    browser.choose("#example", example)
    browser.until(lambda: browser.find("#example").get_property("value") == example)
    browser.until(lambda: drawn(browser))
    browser.until(lambda: browser.text("#caption"))
    browser.until(lambda: len(browser.all("#formulae math")) == 1 + len(browser.all(".partial")))
    assert all(formula.size["height"] > 0 for formula in browser.all("#formulae math"))
    assert browser.text("#problem") == ""


def test_steepest_descent_ends_at_the_minimum(browser: Browser) -> None:
    ranges = {"x": [-3, 3], "y": [-3, 3]}
    browser.open(link("(x - 1)**2 + 2*(y + 0.5)**2 + 7", **{"at": {"x": -2, "y": 2}, "in": ranges}))
    caption = browser.until(lambda: "Steepest descent" in (text := browser.text("#caption")) and text)
    words = caption.rstrip(".").replace(",", "").split()
    value, x, y = number(words[words.index("at") - 1]), number(words[-4]), number(words[-1])
    assert value == pytest.approx(7, abs=1e-4)
    assert [x, y] == pytest.approx([1, -0.5], abs=0.01)


def test_pressing_the_picture_moves_the_point(browser: Browser) -> None:
    browser.open(link("x**2 + y**2", **{"at": {"x": -2, "y": -2}, "in": {"x": [-3, 3], "y": [-3, 3]}}))
    browser.until(lambda: drawn(browser))
    browser.find("#picture .u-over").click()
    browser.until(lambda: abs(number(browser.text("#value"))) < 0.01)


@pytest.mark.parametrize(
    ("text", "underlined"),
    [
        ("x + sine(x)", "sine"),
        ("x + 1/0", "/"),
        ("a\U0001d465\U0001d465 + foo(1)", "foo"),
        ("def f(x):\n    return x + cosin(x)", "cosin"),
    ],
)
def test_an_error_is_underlined_at_its_position_until_it_is_corrected(
    browser: Browser, text: str, underlined: str
) -> None:
    browser.open(link(text))
    mark = browser.find("#marks mark")
    assert mark.get_attribute("textContent") == underlined
    message = browser.text("#problem")
    position = text.index(underlined)
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    assert message.startswith(f"Line {line}, column {column}: ")
    box = browser.find("#function")
    assert box.get_attribute("aria-invalid") == "true"
    assert "problem" in (box.get_attribute("aria-describedby") or "").split()
    assert box.rect["y"] <= mark.rect["y"] <= box.rect["y"] + box.rect["height"]
    browser.write("x + 1")
    browser.until(lambda: shows(browser, 2, [1]))
    assert browser.text("#problem") == ""
    assert not browser.all("#marks mark")


def test_an_unfinished_text_is_underlined_at_its_end(browser: Browser) -> None:
    browser.open(link("x +"))
    assert browser.find("#marks mark").size["width"] > 0


def test_a_shared_link_restores_the_state(browser: Browser) -> None:
    browser.open()
    browser.write("p*exp(-q**2) + 1")
    browser.until(lambda: shows(browser, 1 + math.exp(-1), [math.exp(-1), -2 * math.exp(-1)]))
    browser.write("2.5", "#at-p")
    browser.write("0.25", "#at-q")
    value = 1 + 2.5 * math.exp(-0.0625)
    gradient = [math.exp(-0.0625), -1.25 * math.exp(-0.0625)]
    browser.until(lambda: shows(browser, value, gradient))
    browser.choose("#path", "steepest ascent")
    browser.find("#share").click()
    browser.until(lambda: "link" in browser.text("#copied"))
    address = browser.driver.current_url.removeprefix(browser.base)
    browser.open(address)
    browser.until(lambda: shows(browser, value, gradient))
    assert browser.find("#function").get_property("value") == "p*exp(-q**2) + 1"
    assert browser.find("#path").get_property("value") == "ascent"


@pytest.mark.parametrize(
    "fragment", ["#f=", "#f=x&at=[1", "#f=x&at=null&in=3", '#f=x&in={"x":[2,1]}&at={"x":"y"}', "#x"]
)
def test_a_damaged_link_still_shows_something(browser: Browser, fragment: str) -> None:
    browser.open("/" + fragment)
    browser.until(lambda: browser.text("#problem") or browser.text("#value") != "…")


def test_the_code_of_the_request_runs_in_each_language(browser: Browser) -> None:
    browser.open(link("lambda x, y: x**2 + 0*y  # it's a comment", at={"x": 1.5, "y": 2}))
    browser.until(lambda: shows(browser, 2.25, [3, 0]))
    code = {}
    for button in browser.all("#languages button"):
        button.click()
        code[button.text] = browser.text("#snippet")
    assert list(code) == ["curl", "Python", "JavaScript", "R", "Julia"]
    assert all(f"{browser.base}/v1/grad" in text for text in code.values())
    curl = subprocess.run(["/bin/sh", "-c", code["curl"]], capture_output=True, check=True, timeout=60)  # noqa: S603
    assert json.loads(curl.stdout)["gradient"] == [3.0, 0.0]
    python = subprocess.run([sys.executable, "-c", code["Python"]], capture_output=True, check=True, timeout=60)  # noqa: S603
    assert python.stdout.decode().split() == ["2.25", "[3.0,", "0.0]"]
    found = browser.run_async(code["JavaScript"] + "; return [answer.value, answer.gradient];")
    assert found == [2.25, [3, 0]]


def said(browser: Browser, wanted: str) -> bool:
    return browser.text("#copied") == wanted


def test_the_function_can_be_taken_as_a_file_of_each_language(browser: Browser) -> None:
    browser.open(link("lambda x, Y: x**2 + Y[0]*Y[1]", at={"x": 1.5, "Y": [2, 3]}))
    browser.until(lambda: shows(browser, 8.25, [3, 3, 2]))
    files = {}
    for button in browser.all("#files button"):
        button.click()
        browser.until(functools.partial(said, browser, f"Copied as {button.text}."))
        files[button.text] = browser.text("#snippet")
    assert list(files) == [
        "C", "Python", "NumPy", "JAX", "JavaScript", "Julia", "R", "MATLAB", "Rust", "Excel", "StableHLO",
    ]  # fmt: skip
    space: dict[str, Any] = {}
    exec(files["Python"], space)  # noqa: S102 - the file
    assert space["value_and_grad"](1.5, [2, 3]) == (8.25, [3.0, [3.0, 2.0]])
    assert all("Value and gradient of a function by x, Y." in text for text in list(files.values())[:-1])
    browser.open(link("jv(0, x)", at={"x": 1.5}))
    next(button for button in browser.all("#files button") if button.text == "C").click()
    browser.until(lambda: browser.text("#snippet").startswith("No file: C has no word for 'jn'."))


def test_formulae_contain_only_mathematics(browser: Browser) -> None:
    browser.open()
    browser.until(lambda: browser.all("#formulae math"))
    hostile = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi onclick="x()" href="javascript:x()">a</mi>'
        '<script xmlns="http://www.w3.org/1999/xhtml">x()</script><annotation-xml><mi>b</mi></annotation-xml></math>'
    )
    left = browser.run_async(
        "const { showFormulae } = await import('/web/playground/answers/formulae.js');"
        "const host = document.createElement('div');"
        "showFormulae(host, { function: { mathml: asked[0] }, partials: [] }); return host.innerHTML;",
        hostile,
    )
    assert any("inline event handler" in complaint for complaint in browser.complaints()), (
        "and the policy would stop it"
    )
    assert "<mi>a</mi>" in left
    assert not any(word in left for word in ("onclick", "href", "script", "annotation", "b</mi>"))


def test_a_key_can_be_entered_and_is_sent(browser: Browser) -> None:
    browser.open(link("x**2", at={"x": 3}))
    browser.until(lambda: shows(browser, 9, [6]))
    assert not browser.find("#key").is_displayed()
    browser.run("""
        const ask = fetch;
        const problem = { detail: "this needs a key", code: "unauthorized", status: 401 };
        globalThis.fetch = (path, options) => options?.headers?.Authorization === "Bearer opensesame"
          ? ask(path, options) : Promise.resolve(new Response(JSON.stringify(problem), { status: 401 }));""")
    browser.write("x**3")
    browser.until(lambda: browser.find("#key").is_displayed())
    browser.find("#key").send_keys("opensesame" + Keys.ENTER)
    browser.until(lambda: shows(browser, 27, [27]))
    assert browser.text("#problem") == ""
    browser.run("sessionStorage.clear()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("expression", ["x*y + sin(x)", "sum(X**2) + a", "sine(x)"])
def test_axe_finds_nothing_serious(browser: Browser, scheme: Any, expression: str) -> None:
    browser.prefer(scheme)
    browser.open(link(expression, at={"X": [1, 2, 3]}))
    if "sine" in expression:
        browser.until(lambda: browser.text("#problem"))
    else:
        browser.until(lambda: drawn(browser) and browser.all("#formulae math"))
    assert violations(browser) == []


def test_light_and_dark_schemes_differ(browser: Browser) -> None:
    lightness = {}
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        browser.open()
        browser.until(lambda: drawn(browser))
        colours = browser.run(
            "return ['background-color', 'color'].map((name) => getComputedStyle(document.body).getPropertyValue(name))"
        )
        lightness[scheme] = [sum(map(int, text[4:-1].split(","))) for text in colours]
    assert lightness["light"][0] > lightness["light"][1]
    assert lightness["dark"][0] < lightness["dark"][1]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_phone_never_scrolls_sideways(browser: Browser, example: str) -> None:
    browser.resize(*PHONE)
    browser.open()
    browser.choose("#example", example)
    browser.until(lambda: drawn(browser) and browser.all("#formulae math"))
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]


def test_every_control_can_be_reached_by_keys(browser: Browser) -> None:
    browser.open(link("x*y", at={"x": 1, "y": 2}))
    browser.until(lambda: drawn(browser))
    body = browser.find("body")
    reached = []
    for _ in range(60):
        body = browser.driver.switch_to.active_element
        body.send_keys(Keys.TAB)
        described = "return document.activeElement.id || document.activeElement.getAttribute('aria-label') || ''"
        reached.append(browser.run(described))
    wanted = {"function", "example", "path", "closer", "farther", "at-x", "at-y", "x slider", "y slider", "share"}
    assert wanted <= set(reached)


def test_the_page_is_small(browser: Browser) -> None:
    assert weight(browser.base) < 100_000


def weight(base: str) -> int:
    """Return the bytes of the playground and of everything it loads, as transferred."""
    page = httpx.get(f"{base}/").text
    total = len(page.encode())
    seen: set[str] = set()
    pending = [part.split('"')[1] for part in page.replace("href=", "src=").split("src=")[1:] if '"web/' in part]
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        with httpx.stream("GET", f"{base}/{path}", headers={"Accept-Encoding": "gzip"}) as response:
            assert response.status_code == 200, path
            total += len(b"".join(response.iter_raw()))
        if path.endswith(".js") and "vendor" not in path:
            source = httpx.get(f"{base}/{path}").text
            pending += [urljoin(path, name) for name in re.findall(r'from "([^"]+)"', source)]
    assert len(seen) > 10
    return total


_HALVES = """
  return [...document.querySelectorAll("#picture canvas")].map((canvas) => {
    const half = Math.floor(canvas.width / 2);
    const pixels = (left) => canvas.getContext("2d").getImageData(left, 0, half, canvas.height).data;
    const drawn = (left) => pixels(left).some((each) => each);
    return canvas.getBoundingClientRect().right <= innerWidth && drawn(0) && drawn(half);
  });
"""


@pytest.mark.parametrize("example", ["Tutorial", "Himmelblau", "Wave packet"])
def test_plots_are_whole_on_a_phone_when_the_page_scrolls(browser: Browser, example: str) -> None:
    browser.open()
    browser.choose("#example", example)
    browser.until(lambda: browser.all("#picture canvas") and browser.text("#caption"))
    browser.resize(*PHONE)
    for part in (0, 0.25, 0.5):
        browser.run("scrollTo(0, arguments[0] * document.documentElement.scrollHeight)", part)
        browser.until(lambda: (whole := browser.run(_HALVES)) and all(whole))


# Fits


def fitted(browser: Browser) -> dict[str, list[str]]:
    """Return value, standard error and relative error by parameter, as the page shows them."""
    rows = [row.find_elements("css selector", "th, td") for row in browser.all("#found tbody tr")]
    return {name.text: [cell.text for cell in cells] for name, *cells in rows}


def fit_link(**fields: Any) -> str:
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return "/fit#" + urlencode(written, quote_via=quote)


def test_the_page_for_fits_fits_its_first_example_at_once(browser: Browser) -> None:
    browser.open("/fit")
    browser.until(lambda: len(fitted(browser)) == 3)
    browser.until(lambda: len(browser.all("#curve canvas, #residuals canvas, #path canvas")) == 3)
    assert "converged" in browser.text("#progress")
    assert number(fitted(browser)["b"][0]) == pytest.approx(0.660737, rel=1e-5)


def test_a_certified_problem_gets_its_certified_answer(browser: Browser) -> None:
    browser.open("/fit")
    browser.until(lambda: len(fitted(browser)) == 3)
    browser.choose("#example", "Misra1a")
    browser.until(lambda: set(fitted(browser)) == {"b1", "b2"} and "converged" in browser.text("#progress"))
    found = fitted(browser)
    # NIST StRD, Misra1a: certified values and standard deviations.
    assert [number(text) for text in found["b1"][:2]] == pytest.approx([2.3894212918e02, 2.7070075241e00], rel=1e-3)
    assert [number(text) for text in found["b2"][:2]] == pytest.approx([5.5015643181e-04, 7.2668688436e-06], rel=1e-3)


def test_a_link_to_a_fit_shows_it(browser: Browser) -> None:
    data = "t,y\n0,1\n1,3\n2,5\n3,7\n"
    browser.open(fit_link(data=data, y="y", model="m*t + n", at={"m": 0.5}, **{"in": {"n": [2, None]}}))
    browser.until(lambda: set(fitted(browser)) == {"m", "n"})
    assert number(fitted(browser)["n"][0]) == pytest.approx(2.0)
    browser.find("#share").click()
    browser.until(lambda: browser.text("#copied") == "Copied.")
    assert browser.run("return location.hash").startswith("#data=t")


def test_a_model_in_latex_is_fitted_and_shared(browser: Browser) -> None:
    data = "t,y\n0,1\n1,3\n2,5\n3,7\n"
    browser.open(fit_link(data=data, y="y", model="m*t + n"))
    browser.until(lambda: set(fitted(browser)) == {"m", "n"})
    browser.choose("#format", "LaTeX")
    browser.write(r"\frac{\alpha t}{2} + \beta", "#model")
    browser.until(lambda: [cell.text for cell in browser.all("#starts tbody th")] == ["alpha", "beta"])
    browser.find("#run").click()
    browser.until(lambda: set(fitted(browser)) == {"alpha", "beta"})
    assert number(fitted(browser)["alpha"][0]) == pytest.approx(4.0)
    browser.find("#share").click()
    browser.until(lambda: browser.text("#copied") == "Copied.")
    assert "format=latex" in browser.run("return location.hash")
    browser.open(browser.run("return location.pathname + location.hash"))
    browser.until(lambda: set(fitted(browser)) == {"alpha", "beta"})
    browser.write(r"\frac{\alpha t}{2", "#model")
    browser.until(lambda: "never closed" in browser.text("#problem"))


def test_what_is_typed_is_fitted(browser: Browser) -> None:
    browser.open("/fit")
    browser.until(lambda: len(fitted(browser)) == 3)
    browser.write("k*exp(-r*t)", "#model")
    browser.until(lambda: [cell.text for cell in browser.all("#starts tbody th")] == ["k", "r"])
    browser.find("#run").click()
    browser.until(lambda: set(fitted(browser)) == {"k", "r"})
    browser.write("k*expp(-r*t)", "#model")
    browser.until(lambda: "expp" in browser.text("#problem"))
    browser.write("t,y\n0,1\nx,2\n", "#data")
    browser.until(lambda: browser.text("#data-problem") == "line 3, column t: x is no number")


def test_the_charts_of_a_fit_stand_above_each_other(browser: Browser) -> None:
    browser.open("/fit")
    browser.until(lambda: len(fitted(browser)) == 3)
    browser.until(lambda: len(browser.all("#curve canvas, #residuals canvas, #path canvas")) == 3)
    curve, residuals, path = (
        browser.run("const box = arguments[0].getBoundingClientRect(); return [box.left, box.right]", frame)
        for frame in browser.all("#curve .u-over, #residuals .u-over, #path .u-over")
    )
    assert curve == residuals == path
    assert browser.run("return document.querySelector('#found-card').getBoundingClientRect().bottom < innerHeight")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_for_fits_is_accessible(browser: Browser, scheme: Any) -> None:
    browser.prefer(scheme)
    browser.open("/fit")
    browser.until(lambda: len(fitted(browser)) == 3)
    axe = Axe(browser.driver)
    axe.inject()
    serious = [found for found in axe.run()["violations"] if found["impact"] in {"serious", "critical"}]
    assert not serious, axe.report(serious)
    browser.resize(*PHONE)
    browser.until(lambda: browser.run("return document.documentElement.scrollWidth <= innerWidth"))
