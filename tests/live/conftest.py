"""A server and a browser that shows its pages, for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.live.browser import DESKTOP, Browser, browsing
from tests.live.server import serving


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cache")) as server:
        yield str(server.http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def window(base: str) -> Iterator[Browser]:
    with browsing(base) as started:
        yield started


@pytest.fixture
def browser(window: Browser) -> Iterator[Browser]:
    """The window at its usual size. Afterwards, it must have asked no other server and logged no error."""
    window.resize(*DESKTOP)
    window.prefer("light")
    window.requested()
    window.complaints()
    yield window
    for address in window.requested():
        assert address.startswith((f"{window.base}/", "data:", "about:")), f"{address} was asked for"
    assert window.complaints() == []
