"""The programs of docs/examples run unchanged, and their results agree with ones computed in another way."""

import functools
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docs.examples import logistic_regression
from tests.live.browser import browsing
from tests.live.server import serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PYMC = ROOT / ".venv-examples/bin/python"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cache"), GRADSERVE_CORS_ORIGINS="*") as server:
        yield str(server.http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The folder of the examples, served from another origin."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=EXAMPLES)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run(python: str | Path, name: str, base: str) -> str:
    done = subprocess.run(  # noqa: S603
        [str(python), str(EXAMPLES / name), base], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def newton() -> NDArray[np.float64]:
    """Return the coefficients by iteratively reweighted least squares."""
    design = np.column_stack([np.ones(24), logistic_regression.HOURS, logistic_regression.SLEPT])
    passed = np.asarray(logistic_regression.PASSED)
    w = np.zeros(3)
    for _ in range(30):
        likely = 1 / (1 + np.exp(-design @ w))
        curvature = design.T @ (design * (likely * (1 - likely))[:, None])
        w += np.linalg.solve(curvature, design.T @ (passed - likely))
    assert np.abs(design.T @ (passed - 1 / (1 + np.exp(-design @ w)))).max() < 1e-12
    return w


def test_a_logistic_regression_is_fitted_over_http(base: str) -> None:
    printed = run(sys.executable, "logistic_regression.py", base)
    found = [float(number) for number in re.findall(r"-?\d+\.\d{8}", printed)]
    assert found == pytest.approx(newton(), abs=2e-7)
    assert "Optimization terminated successfully" in printed


def test_pymc_samples_the_known_posterior(base: str) -> None:
    printed = run(PYMC, "pymc_umbridge.py", base)
    (mean, deviation), exact = [
        [float(number) for number in re.findall(r"\d+\.\d+", line)]
        for line in printed.splitlines()
        if line.startswith(("sampled", "exactly"))
    ]
    # 1000 draws, worth 300 independent ones or more: five standard errors.
    assert mean == pytest.approx(exact[0], abs=5 * exact[1] / 300**0.5)
    assert deviation == pytest.approx(exact[1], rel=0.2)


def test_a_page_of_an_allowed_origin_minimises_a_function(base: str, elsewhere: str) -> None:
    with browsing(elsewhere) as browser:
        browser.open("/gradient_descent.html")
        browser.write(base, "#service")
        browser.find("#go").click()
        browser.until(lambda: browser.text("#told").startswith("Arrived"))
        end = [float(number) for number in re.findall(r"-?\d+\.\d{4}", browser.text("#told"))]
        assert end == [-3.7793, -3.2832], "where Himmelblau's function is 0"
        steps = len(browser.run("return document.querySelector('polyline').getAttribute('points')").split())
        assert 5 < steps < 100
        browser.write("sine(x)", "#expression")
        browser.find("#go").click()
        browser.until(lambda: "No gradient: the function 'sine' is not defined" in browser.text("#told"))
        assert browser.complaints() == []


def test_a_page_of_another_origin_is_refused(elsewhere: str, tmp_path: Path) -> None:
    with serving(tmp_path) as server, browsing(elsewhere) as browser:
        browser.open("/gradient_descent.html")
        browser.write(str(server.http.base_url).rstrip("/"), "#service")
        browser.find("#go").click()
        browser.until(lambda: browser.text("#told").startswith("No gradient: Failed to fetch"))
