"""A headless Chromium with a profile of its own, and the actions of tests on the page it shows."""

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from axe_selenium_python import Axe
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

PATIENCE_SECONDS = 60
DESKTOP, PHONE = (1360, 1000), (390, 844)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


class Browser:
    """One window.

    Args:
        driver: Chromium, which logs its network and console.
        base: address of the server.
    """

    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver = driver
        self.base = base

    def open(self, path: str = "/") -> None:
        """Load a page anew, even if only its fragment differs from the page before."""
        self.driver.get("about:blank")
        self.driver.get(self.base + path)

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme: Literal["light", "dark"]) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def find(self, selector: str) -> WebElement:
        found: list[WebElement] = self.until(lambda: self.all(selector))
        return found[0]

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def run_async(self, body: str, *arguments: Any) -> Any:
        """Run the body of an async function and return what it returns."""
        script = (
            f"const [done] = [arguments[arguments.length - 1]]; (async (...asked) => {{ {body} }})(...arguments)"
            ".then((found) => done([found, null]), (error) => done([null, String(error)]))"
        )
        found, error = self.driver.execute_async_script(script, *arguments)
        assert error is None, error
        return found

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something holds, and return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(StaleElementReferenceException):
                if found := holds():
                    return found
            assert time.monotonic() < deadline, f"never held; the page says {self.driver.page_source[:4000]}"
            time.sleep(0.02)

    def write(self, text: str, selector: str = "#function") -> None:
        """Replace the text of a box by typing."""
        box = self.find(selector)
        box.clear()
        box.send_keys(text)

    def choose(self, selector: str, label: str) -> None:
        Select(self.find(selector)).select_by_visible_text(label)

    def requested(self) -> list[str]:
        """Return every address asked for since the last time."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [message for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [message["params"]["request"]["url"] for message in sent]

    def complaints(self) -> list[str]:
        """Return what the console says of the page's own faults since the last time; refused requests are none."""
        entries = self._log("browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE" and entry["source"] != "network"]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries


def tried_out(browser: Browser, path: str) -> Any:
    """Return the answer to the example of the gradient, executed on the page of the API at a path."""
    browser.open(path)
    operation = browser.find("#operations-derivatives-grad")
    operation.find_element("css selector", "button.opblock-summary-control").click()
    browser.find("#operations-derivatives-grad .execute").click()
    status = "#operations-derivatives-grad .live-responses-table .response td.response-col_status"
    browser.until(lambda: browser.text(status).startswith("200"))
    body = browser.text("#operations-derivatives-grad .live-responses-table .response td.response-col_description pre")
    return json.loads(body)


def violations(browser: Browser, part: str | None = None) -> list[str]:
    """Return the serious violations that axe-core finds on the page, or in the part that a selector names."""
    axe = Axe(browser.driver)
    axe.inject()
    found = axe.run(context=part)["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']]}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
    ]


@contextlib.contextmanager
def browsing(base: str) -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    found = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    assert all(found.values()), f"needs Debian's chromium and chromium-driver; found {found}"
    with tempfile.TemporaryDirectory(prefix="gradserve-chromium-", ignore_cleanup_errors=True) as profile:
        options = Options()
        options.accept_insecure_certs = True  # of tests of TLS
        options.binary_location = str(found["chromium"])
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(found["chromedriver"])))
        try:
            driver.set_script_timeout(PATIENCE_SECONDS)
            yield Browser(driver, base)
        finally:
            driver.quit()
