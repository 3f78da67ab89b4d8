"""The pictures of the pages that the README shows, from a real server: ``python -m tests.live.screenshot``."""

import tempfile
import time
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.live.browser import Browser, browsing
from tests.live.server import serving

_STATIC = Path(__file__).parents[2] / "app" / "api" / "web" / "static"
_WIDTH = 1280
_SETTLED_SECONDS = 2


def main() -> None:
    """Wait until everything is drawn, and save the window of each page."""
    with (
        tempfile.TemporaryDirectory() as cache,
        serving(Path(cache)) as server,
        browsing(str(server.http.base_url).rstrip("/")) as browser,
    ):
        browser.prefer("light")
        browser.resize(_WIDTH, 860)
        _playground(browser)
        browser.driver.save_screenshot(str(_STATIC / "screenshot.png"))
        _tour(browser)
        browser.driver.save_screenshot(str(_STATIC / "playground" / "screenshot.png"))
        browser.resize(_WIDTH, 996)
        _fit(browser)
        browser.driver.save_screenshot(str(_STATIC / "fit" / "screenshot.png"))
        browser.resize(_WIDTH, 640)
        _guide(browser)
        browser.driver.save_screenshot(str(_STATIC / "guide" / "screenshot.png"))


def _playground(browser: Browser) -> None:
    browser.open()
    browser.choose("#example", "Himmelblau")
    browser.until(lambda: len(browser.all("#formulae math")) == 3 and "Steepest" in browser.text("#caption"))
    _use(browser)


def _tour(browser: Browser) -> None:
    browser.choose("#tour-list", "10. A neural network")
    browser.until(lambda: browser.text("#value").startswith("0.2582") and browser.all(".slopes td"))
    time.sleep(_SETTLED_SECONDS)


def _fit(browser: Browser) -> None:
    browser.open("/fit")
    browser.choose("#example", "Peak")
    browser.until(lambda: len(browser.all("#found tbody tr")) == 4 and "converged" in browser.text("#progress"))
    time.sleep(_SETTLED_SECONDS)


def _guide(browser: Browser) -> None:
    browser.open("/guide/language")
    browser.write("bessel", "#guide-query")
    browser.find("#guide-results mark")


def _use(browser: Browser) -> None:
    """Move the point until the function is compiled, and back."""
    slider = browser.find('[aria-label="x slider"]')

    def compiled() -> bool:
        slider.send_keys(Keys.ARROW_RIGHT + Keys.ARROW_LEFT)
        return browser.text("#speed").startswith("compiled")

    browser.until(compiled)
    time.sleep(_SETTLED_SECONDS)  # the path is walked again


if __name__ == "__main__":
    main()
