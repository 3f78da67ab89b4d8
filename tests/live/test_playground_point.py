"""The point of the playground: arrays as grids, arguments that are held, data kept on the server."""

import json
from typing import Any

import httpx
import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.live.browser import PHONE, Browser, violations
from tests.live.page import drawn, link, number, shows

pytestmark = pytest.mark.slow

SQUARES = "sum((X @ w - y)**2)"
X, W, Y = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([0.5, -1.0]), np.array([1.0, 0, 2])


def paste(browser: Browser, selector: str, text: str) -> None:
    """Paste into an element, as a spreadsheet or an editor has put it on the clipboard."""
    browser.run(
        "const data = new DataTransfer(); data.setData('text/plain', arguments[1]);"
        "const to = document.querySelector(arguments[0]); to.focus();"
        "to.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));",
        selector,
        text,
    )


def copied(browser: Browser, selector: str) -> str:
    """Return what a copy in an element puts on the clipboard."""
    text: str = browser.run(
        "const data = new DataTransfer(); const from = document.querySelector(arguments[0]); from.focus();"
        "from.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));"
        "return data.getData('text/plain');",
        selector,
    )
    return text


def grid(browser: Browser, arg: str) -> list[list[float]]:
    rows = browser.all(f".argument[data-arg={arg}] .grid tbody tr")
    cells = [[box.get_property("value") for box in row.find_elements("css selector", "input")] for row in rows]
    return [[float(str(text)) for text in row] for row in cells if row]


def gradient(browser: Browser, arg: str) -> list[list[float]]:
    rows = browser.all(f".argument[data-arg={arg}] .slopes tbody tr")
    return [[number(cell.text) for cell in row.find_elements("css selector", "td")] for row in rows]


def is_close(found: Any, expected: Any) -> bool:
    return np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-6)


def by_matrix(x: np.ndarray, w: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the gradient of the sum of squares by its matrix."""
    return 2 * np.outer(x @ w - y, w)


def opened(browser: Browser, **fields: Any) -> None:
    browser.open(link(SQUARES, at={"X": X.tolist(), "w": W.tolist(), "y": Y.tolist()}, **fields))
    browser.until(lambda: is_close(gradient(browser, "X"), by_matrix(X, W, Y)))


def test_a_matrix_is_a_grid_and_so_is_its_gradient(browser: Browser) -> None:
    opened(browser)
    assert grid(browser, "X") == X.tolist()
    assert grid(browser, "w") == [W.tolist()]
    cells = browser.all(".argument[data-arg=X] .slopes td")
    shades = {str(cell.get_attribute("class")): cell.value_of_css_property("background-color") for cell in cells}
    assert set(shades) == {"plus", "minus"}
    assert len(set(shades.values())) == 2, "the sign is seen by the colour"
    assert violations(browser) == []


def test_a_cell_is_edited_and_left_by_keys(browser: Browser) -> None:
    opened(browser)
    cell = browser.find("#cell-X-0-1")
    cell.send_keys(Keys.CONTROL + "a")
    cell.send_keys("7.5")
    changed = X.copy()
    changed[0, 1] = 7.5
    browser.until(lambda: is_close(gradient(browser, "X"), by_matrix(changed, W, Y)))
    focused = "return document.activeElement.id"
    cell = browser.find("#cell-X-0-1")
    cell.send_keys(Keys.ENTER)
    assert browser.run(focused) == "cell-X-1-1"
    for key, there in ((Keys.ARROW_DOWN, "2-1"), (Keys.ARROW_LEFT, "2-0"), (Keys.ARROW_UP, "1-0"), (Keys.TAB, "1-1")):
        browser.driver.switch_to.active_element.send_keys(key)
        assert browser.run(focused) == f"cell-X-{there}"
    browser.driver.switch_to.active_element.send_keys("abc")
    assert browser.find("#cell-X-1-1").get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize(
    "text",
    [
        "1\t0\n0\t1\n2\t-3\n4\t5",
        "a,b\n1,0\n0,1\n2,-3\n4,5\n",
        "1,0;0\n0;1,0\n2;-3\n4;5,00",
        "[[1, 0], [0, 1], [2, -3], [4, 5]]",
    ],
)
def test_a_pasted_table_fills_and_resizes_the_grid(browser: Browser, text: str) -> None:
    opened(browser)
    paste(browser, "#cell-y-0-0", "1\n1\n0\n-2")
    paste(browser, "#cell-X-0-0", text)
    filled = np.array([[1.0, 0], [0, 1], [2, -3], [4, 5]])
    browser.until(lambda: is_close(gradient(browser, "X"), by_matrix(filled, W, np.array([1.0, 1, 0, -2]))))
    assert grid(browser, "X") == filled.tolist()
    assert copied(browser, "#cell-X-0-0") == "1\t0\n0\t1\n2\t-3\n4\t5"
    browser.until(lambda: "-3" in browser.driver.current_url)


def test_a_pasted_table_with_a_word_says_where(browser: Browser) -> None:
    opened(browser)
    paste(browser, "#cell-X-0-0", "1\t2\n3\tfour")
    browser.until(lambda: browser.text(".argument[data-arg=X] .problem"))
    assert browser.text(".argument[data-arg=X] .problem") == "Not pasted: line 2, column 2: four is no number."
    assert grid(browser, "X") == X.tolist()


def test_rows_and_columns_are_added_and_removed(browser: Browser) -> None:
    opened(browser)
    browser.find('[aria-label="plus row of X"]').click()
    browser.until(lambda: grid(browser, "X") == [*X.tolist(), [0, 0]])
    browser.until(lambda: browser.text("#problem"))  # y is shorter now
    browser.find('[aria-label="plus number of y"]').click()
    longer, y = np.vstack([X, [0, 0]]), np.append(Y, 0.0)
    browser.until(lambda: is_close(gradient(browser, "X"), by_matrix(longer, W, y)))
    browser.find('[aria-label="minus column of X"]').click()
    browser.find('[aria-label="minus number of w"]').click()
    browser.until(lambda: is_close(gradient(browser, "X"), by_matrix(longer[:, :1], W[:1], y)))
    assert browser.text("#problem") == ""


def test_a_large_array_is_a_summary_that_can_be_replaced(browser: Browser) -> None:
    rows = [[n, -n] for n in range(30)]
    browser.open(link("sum(X**2)", at={"X": rows}))
    browser.until(lambda: browser.text("#value") == "17110")
    assert "30 \N{MULTIPLICATION SIGN} 2 numbers" in browser.text(".argument[data-arg=X] .grid")
    assert len(browser.all(".argument[data-arg=X] .matrix tbody tr")) == 5
    browser.find("#open-X").click()
    browser.run(
        "const area = document.querySelector('#replace-X'); area.value = arguments[0];"
        "area.dispatchEvent(new Event('input', { bubbles: true }));",
        "3\t4\n0\t0",  # typed, a tab would leave the box
    )
    browser.until(lambda: grid(browser, "X") == [[3, 4], [0, 0]] and browser.text("#value") == "25")


def test_what_is_held_has_no_gradient_and_is_no_axis(browser: Browser) -> None:
    browser.open(link("x**2*y + z", at={"x": 3, "y": 2, "z": 1}, hold="y"))
    browser.until(lambda: shows(browser, 19, [12, 1]))
    assert '"argnums":[0,2]' in browser.text("#snippet")
    browser.until(lambda: drawn(browser))
    browser.find("#by-z").click()
    browser.until(lambda: shows(browser, 19, [12]))
    browser.until(lambda: "hold=y%2Cz" in browser.driver.current_url)
    browser.find("#by-x").click()
    browser.until(lambda: "nothing to draw along" in browser.text("#caption"))
    assert browser.text("#value") == "19"
    browser.find("#by-y").click()
    browser.until(lambda: shows(browser, 19, [9]))


def test_a_held_array_is_resized_and_a_large_one_kept(browser: Browser) -> None:
    rows = [[n, -n / 8, 1] for n in range(40)]
    w = np.array([0.5, -1.0, 2.0])
    browser.open(link("sum((X @ w)**2)", at={"X": rows[:2], "w": w.tolist()}, hold="X"))
    browser.until(lambda: grid(browser, "X") == rows[:2])
    paste(browser, "#cell-X-0-0", json.dumps(rows))
    expected = 2 * np.array(rows).T @ (np.array(rows) @ w)
    browser.until(lambda: is_close(gradient(browser, "w"), [expected]))
    browser.run("localStorage.clear()")
    browser.find("#kept summary").click()
    browser.find("#keep-X").click()
    browser.until(lambda: browser.all("ul.kept li"))
    assert "40 \N{MULTIPLICATION SIGN} 3 numbers" in browser.text("ul.kept li")
    assert "The server says" not in browser.text("#kept-body")
    browser.until(lambda: is_close(gradient(browser, "w"), [expected]))


def test_data_are_kept_used_and_removed(browser: Browser) -> None:
    values = [1.0, 2.5, 4.0]
    browser.open(link("sum((X - c)**2)", at={"X": [0, 0], "c": 2}))
    browser.until(lambda: browser.text("#value") == "8")
    browser.run("localStorage.clear()")
    browser.find("#kept summary").click()
    assert violations(browser) == []
    browser.write("1.0, 2.5, 4.0", "#data-text")
    browser.find(".zone button").click()
    browser.until(lambda: browser.all("ul.kept li"))
    assert "3 numbers" in browser.text("ul.kept li")
    browser.find('[aria-label="Use pasted as X"]').click()
    total = sum((each - 2) ** 2 for each in values)
    browser.until(lambda: shows(browser, total, [sum(2 * (2 - each) for each in values)]))
    data_id = json.loads(str(browser.find("#at-X").get_property("value")))["data"]
    assert httpx.get(f"{browser.base}/v1/data/{data_id}").json()["shape"] == [3]
    assert violations(browser) == []
    browser.until(lambda: data_id in browser.driver.current_url)
    address = browser.driver.current_url.removeprefix(browser.base)
    browser.run("localStorage.clear()")
    browser.open(address)
    browser.until(lambda: browser.text("#value") == f"{total:g}")
    assert "3 numbers" in browser.text(".argument[data-arg=X]"), "the shape is asked of the server"


def test_removed_data_are_gone_and_the_page_says_so(browser: Browser) -> None:
    browser.open(link("sum(X)*c", at={"X": [7, 8.5], "c": 2}))
    browser.until(lambda: browser.text("#value") == "31")
    browser.run("localStorage.clear()")
    browser.find("#keep-X").click()
    browser.until(lambda: shows(browser, 31, [15.5]))
    browser.find("#kept summary").click()
    data_id = json.loads(str(browser.find("#at-X").get_property("value")))["data"]
    browser.find('[aria-label="Remove X"]').click()
    browser.until(lambda: "Removed X" in browser.text("#kept-body"))
    assert httpx.get(f"{browser.base}/v1/data/{data_id}").status_code == 404
    assert browser.all("ul.kept li") == []
    browser.write("3", "#at-c")
    browser.until(lambda: data_id[:8] in browser.text("#problem") or "data" in browser.text("#problem"))
    browser.write("[1, 2]", "#at-X")
    browser.until(lambda: browser.text("#problem") == "" and browser.text("#value") == "9")


def test_a_dropped_file_is_kept_and_a_wrong_one_is_not(browser: Browser) -> None:
    drop = (
        "const data = new DataTransfer(); data.items.add(new File([arguments[1]], arguments[0]));"
        "document.querySelector('.zone').dispatchEvent("
        "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));"
    )
    browser.open(link("sum(X)", at={"X": [1, 2]}))
    browser.run("localStorage.clear()")
    browser.find("#kept summary").click()
    browser.run(drop, "measured.csv", "t,y\n0,1\n1,3\n2,five\n")
    browser.until(lambda: "Not kept: line 4, column 2: five is no number." in browser.text("#kept-body"))
    browser.run(drop, "measured.csv", "t,y\n0,1\n1,3\n2,5\n")
    browser.until(lambda: browser.all("ul.kept li"))
    assert "measured.csv" in browser.text("ul.kept li")
    browser.find('[aria-label="Use measured.csv as X"]').click()
    browser.until(lambda: browser.text("#value") == "12")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_grids_fit_a_phone_and_axe_finds_nothing_serious(browser: Browser, scheme: Any) -> None:
    browser.prefer(scheme)
    browser.resize(*PHONE)
    opened(browser, hold="y")
    browser.find("#kept summary").click()
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    assert violations(browser, "#point-card") == []
