"""The programs of docs/examples run unchanged, and their results agree with ones computed in another way."""

import contextlib
import functools
import http.client
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docs.examples import logistic_regression, nuts
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
    environment = os.environ | {"PYTHONPATH": str(ROOT / "clients/python")}
    command = [str(python), str(EXAMPLES / name), base]
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.?\d*", text)]


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
        numbers(line) for line in printed.splitlines() if line.startswith(("sampled", "exactly"))
    ]
    # 1000 draws, worth 300 independent ones or more: five standard errors.
    assert mean == pytest.approx(exact[0], abs=5 * exact[1] / 300**0.5)
    assert deviation == pytest.approx(exact[1], rel=0.2)


def eight_schools(q: nuts.Vector) -> tuple[float, nuts.Vector]:
    """Return the log density of nuts.py and its gradient, by hand."""
    tau, scale = np.exp(q[1]), np.array(nuts.S)
    residuals = (np.array(nuts.Y) - 5 * q[0] - tau * q[2:]) / scale
    slopes = residuals / scale
    value = -(residuals @ residuals + q[0] ** 2 + q[2:] @ q[2:]) / 2 + q[1] - np.log1p(tau**2 / 25)
    by_tau = tau * (slopes @ q[2:]) + 1 - 2 * tau**2 / (25 + tau**2)
    return float(value), np.concatenate([[5 * slopes.sum() - q[0], by_tau], tau * slopes - q[2:]])


def moments(q: nuts.Vector) -> list[float]:
    """Return mean and deviation of mu and of tau."""
    return [found for drawn in (5 * q[:, 0], np.exp(q[:, 1])) for found in (drawn.mean(), drawn.std())]


def test_the_sampler_of_the_example_samples_a_known_posterior() -> None:
    exact = np.stack(nuts.exactly(), axis=1).ravel()
    q = np.concatenate([nuts.sample(eight_schools, 10, draws=1500, tune=200, seed=seed) for seed in (1, 2)])
    # 3000 draws, worth 800 independent ones or more: four standard errors of the means.
    assert moments(q)[::2] == pytest.approx(exact[::2], abs=4 * exact[1::2].max() / 800**0.5)
    assert moments(q)[1::2] == pytest.approx(exact[1::2], rel=0.15)


def test_a_posterior_is_sampled_with_a_request_for_each_step(base: str) -> None:
    with contextlib.closing(http.client.HTTPConnection(base.removeprefix("http://"))) as connection:
        remote = nuts.at_server(connection, nuts.LOG_DENSITY, {"y": nuts.Y, "s": nuts.S})
        for q in np.random.default_rng(1).normal(size=(20, 10)):
            value, gradient = remote(q)
            assert value == pytest.approx(eight_schools(q)[0], rel=1e-12)
            np.testing.assert_allclose(gradient, eight_schools(q)[1], rtol=1e-10, atol=1e-12)
        there, here = (nuts.sample(density, 10, draws=20, tune=5, seed=1) for density in (remote, eight_schools))
        np.testing.assert_allclose(there, here, rtol=1e-4, err_msg="the same sampler with the same numbers")
        with pytest.raises(ValueError, match="the function 'sine' is not defined"):
            nuts.at_server(connection, "sine(q)", {})


def test_the_example_of_sampling_prints_the_known_posterior(base: str) -> None:
    sampled, exactly, cost = (numbers(line) for line in run(sys.executable, "nuts.py", base).splitlines())
    assert sampled == pytest.approx(exactly, abs=1.1), "800 draws, worth 200 or more: five standard errors"
    assert cost[0] > 2 * 600


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
