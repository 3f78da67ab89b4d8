"""The service behind nginx with TLS under a path: pages in a browser, clients, links and redirects."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.live.browser import Browser, browsing, tried_out
from tests.live.ports import free_port, wait_until_listening
from tests.live.server import serving
from tests.support import certificates

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}
CONFIGURATION = """
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {directory}/certificate; ssl_certificate_key {directory}/key;
    location /gradserve/ {{ proxy_pass http://127.0.0.1:{behind}/; proxy_set_header Host $http_host; }}
  }}
}}
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a certificate of 127.0.0.1 and its key."""
    made = tmp_path_factory.mktemp("nginx")
    certificates.make(made)
    return made


@pytest.fixture(scope="module")
def base(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    with serving(tmp_path_factory.mktemp("cache")) as server:
        text = CONFIGURATION.format(directory=directory, port=port, behind=server.http.base_url.port)
        (directory / "nginx.conf").write_text(text)
        command = ["/usr/sbin/nginx", "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")]
        process = subprocess.Popen([*command, "-g", f"daemon off; pid {directory}/pid;"])  # noqa: S603
        try:
            wait_until_listening(port, process)
            yield f"https://127.0.0.1:{port}/gradserve"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def http(base: str, directory: Path) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=str(directory / "certificate"))
    with httpx.Client(base_url=base, verify=trusted, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def browser(base: str) -> Iterator[Browser]:
    with browsing(base) as started:
        yield started


def assert_stayed(browser: Browser) -> None:
    for address in browser.requested():
        assert address.startswith((f"{browser.base}/", "data:", "about:")), f"{address} was asked for"
    assert browser.complaints() == []


def test_the_playground_works(browser: Browser) -> None:
    browser.open("/")
    browser.until(lambda: "92" in browser.text("body"))
    assert f"{browser.base}/v1/grad" in browser.requested()
    code = browser.run("return document.getElementById('snippet').textContent")
    assert f"{browser.base}/v1/grad" in code
    assert_stayed(browser)


def test_the_page_of_fits_works(browser: Browser) -> None:
    browser.open("/fit")
    browser.until(lambda: f"{browser.base}/v1/least_squares" in browser.requested())
    assert_stayed(browser)


@pytest.mark.parametrize("path", ["/guide", "/guide/api", "/guide/api/"])
def test_the_guide_is_searched(browser: Browser, path: str) -> None:
    browser.open(path)
    browser.write("besselj", "#guide-query")
    browser.find("#guide-results a").click()
    browser.until(lambda: browser.driver.current_url == f"{browser.base}/guide/words#jn")
    browser.find("#guide-contents")
    assert_stayed(browser)


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_try_it_out_in_the_documentation_gets_the_gradient(browser: Browser, path: str) -> None:
    assert tried_out(browser, path)["gradient"] == [10.0, 24.0, 42.0]
    assert browser.driver.current_url.startswith(f"{browser.base}/docs")
    assert_stayed(browser)


def test_no_answer_leads_to_another_scheme_or_path(http: httpx.Client, base: str) -> None:
    for path in ("/v1/grad", "/v1/grad/"):
        response = http.post(path, json=QUESTION)
        assert (response.status_code, response.json()["gradient"]) == (200, 6.0)
    for path in ("/docs/", "/fit/", "/guide/", "/guide/api/"):
        response = http.get(path)
        assert response.status_code == 307
        assert urljoin(str(response.request.url), response.headers["location"]) == f"{base}{path[:-1]}"
        assert http.get(path, follow_redirects=True).status_code == 200
    for path, document in (("/v1/functions", {"expression": "x**2 + 17"}), ("/v1/data", {"values": [1.0, 17.0]})):
        created = http.post(path, json=document)
        assert http.get(urljoin(str(created.request.url), created.headers["location"])).status_code == 200


def test_the_openapi_document_leads_to_the_service(http: httpx.Client, base: str) -> None:
    response = http.get("/openapi.json")
    (server,) = response.json()["servers"]
    assert urljoin(str(response.request.url), server["url"]) == f"{base}/"


def test_the_command_line_works_under_a_path(base: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(directory / "certificate"))
    for address in (base, f"{base}/"):
        command = [sys.executable, "-m", "app.cli", "grad", "x**2", "--at", "x=3", "--url", address]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
        assert done.stdout.split() == ["value", "9.0", "d/dx", "6.0"]
