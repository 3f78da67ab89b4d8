"""The picture of the playground that the README shows, from a real server: ``python -m tests.live.screenshot``."""

import tempfile
import time
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.live.browser import Browser, browsing
from tests.live.server import serving

TARGET = Path(__file__).parents[2] / "app" / "api" / "web" / "static" / "screenshot.png"
_SIZE = (1280, 860)
_SETTLED_SECONDS = 2


def main() -> None:
    """Wait until everything is drawn, and save the window."""
    with (
        tempfile.TemporaryDirectory() as cache,
        serving(Path(cache)) as server,
        browsing(str(server.http.base_url).rstrip("/")) as browser,
    ):
        browser.resize(*_SIZE)
        browser.prefer("light")
        browser.open()
        browser.choose("#example", "Himmelblau")
        browser.until(lambda: len(browser.all("#formulae math")) == 3 and "Steepest" in browser.text("#caption"))
        _use(browser)
        browser.driver.save_screenshot(str(TARGET))


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
