"""UM-Bridge's Python client and a sampler on top of it, unmodified, against a real server."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.live.clients import ClientError, Remote, remote
from tests.live.server import Server, serving

pytestmark = pytest.mark.slow

TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2"}
POLAR = {"expression": ["r*cos(t)", "r*sin(t)"], "args": ["r", "t"]}
DATA = [(0.0, 1.1), (1.0, 2.9), (2.0, 5.2), (3.0, 6.8), (4.0, 9.1)]

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("cache")) as started:
        yield started


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return str(server.http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def client() -> Iterator[Remote]:
    with remote("um_bridge") as started:
        yield started


@pytest.fixture
def call(client: Remote, url: str) -> Call:
    def order(method: str, *arguments: Any, base: str = "", name: str = "gradient", **more: Any) -> Any:
        return client.order(do="call", url=url + base, name=name, method=method, arguments=arguments, **more)

    return order


def test_a_model_without_a_config(client: Remote, call: Call, url: str) -> None:
    assert client.order(do="models", url=url)[0] == "gradient"
    assert (call("get_input_sizes"), call("get_output_sizes")) == ([1], [1])
    assert call("__call__", [[3.0]]) == [[9.0]]
    for feature in ("evaluate", "gradient", "apply_jacobian", "apply_hessian"):
        assert call(f"supports_{feature}") is True


def test_values_gradients_and_products(call: Call) -> None:
    point = [[1.0, 2.0, 3.0]]
    assert call("get_input_sizes", TUTORIAL) == [3]
    assert call("__call__", point, TUTORIAL) == [[92.0]]
    assert call("gradient", 0, 0, point, [1.0], TUTORIAL) == [10.0, 24.0, 42.0]
    assert call("apply_jacobian", 0, 0, point, [1.0, 1.0, 1.0], TUTORIAL) == [76.0]
    assert call("apply_hessian", 0, 0, 0, point, [2.0], [1.0, 1.0, 1.0], TUTORIAL) == [20.0, 24.0, 28.0]


def test_a_vector_for_each_argument(call: Call) -> None:
    config = {"expression": "a*(X[0]**2 + X[1])", "args": ["a", "X"], "layout": "args"}
    point = [[2.0], [3.0, 5.0]]
    assert call("get_input_sizes", config) == [1, 2]
    assert call("gradient", 0, 0, point, [1.0], config) == [14.0]
    assert call("gradient", 0, 1, point, [1.0], config) == [12.0, 2.0]
    assert call("apply_hessian", 0, 0, 1, point, [1.0], [1.0, 1.0], config) == [7.0]


def test_several_values(call: Call) -> None:
    r, t = 2.0, 0.5
    assert call("get_output_sizes", POLAR) == [2]
    assert call("__call__", [[r, t]], POLAR)[0] == pytest.approx([r * math.cos(t), r * math.sin(t)], rel=1e-14)
    found = call("gradient", 0, 0, [[r, t]], [1.0, 10.0], POLAR)
    expected = [math.cos(t) + 10 * math.sin(t), -r * math.sin(t) + 10 * r * math.cos(t)]
    assert found == pytest.approx(expected, rel=1e-14)


def test_gradients_agree_with_central_differences_by_the_client_itself(call: Call) -> None:
    config = {"expression": "exp(-x*y)*sin(x + z) + log1p(z**2)/(1 + y**2)"}
    point, step = np.array([0.3, -0.7, 1.2]), 1e-5

    def value(at: np.ndarray[Any, Any]) -> float:
        return float(call("__call__", [at.tolist()], config)[0][0])

    differences = [(value(point + step * unit) - value(point - step * unit)) / (2 * step) for unit in np.eye(3)]
    assert call("gradient", 0, 0, [point.tolist()], [1.0], config) == pytest.approx(differences, rel=1e-8)


def test_nan_and_infinities_reach_the_client(call: Call) -> None:
    config = {"expression": ["log(x)", "-log(x)", "0*log(x)"]}
    minus, plus, nan = call("__call__", [[0.0]], config)[0]
    assert (minus, plus) == (-math.inf, math.inf)
    assert math.isnan(nan)


def test_a_mistake_is_an_exception_that_marks_its_position(call: Call) -> None:
    with pytest.raises(ClientError) as caught:
        call("__call__", [[1.0]], {"expression": "1 + sine(x)"})
    assert caught.value.text == (
        "Model returned error of type InvalidInput: "
        "the function 'sine' is not defined\n1 + sine(x)\n    ^\ndid you mean sin?"
    )
    with pytest.raises(ClientError, match=r"InvalidInput: input vector 0 has 2 number"):
        call("__call__", [[1.0, 2.0]], {"expression": "x"})
    with pytest.raises(ClientError, match="not supported by server"):
        call("get_input_sizes", name="forward")


def test_a_registered_function_by_name_and_by_url(server: Server, client: Remote, call: Call, url: str) -> None:
    registered = server.http.post("/v1/functions", json={"expression": "x*sin(y)", "args": ["x", "y"]})
    function_id = registered.json()["function_id"]
    base = f"/f/{function_id}"
    assert client.order(do="models", url=url + base)[0] == function_id
    for where in ({"name": function_id}, {"name": function_id, "base": base}, {"base": base}):
        assert call("get_input_sizes", **where) == [2]
        found = call("gradient", 0, 0, [[2.0, 0.5]], [1.0], **where)
        assert found == pytest.approx([math.sin(0.5), 2 * math.cos(0.5)], rel=1e-15)


def test_an_unknown_function_is_an_error_the_client_raises(call: Call) -> None:
    with pytest.raises(ClientError):
        call("get_input_sizes", base=f"/f/{'0' * 32}")


def test_a_client_that_wants_shared_memory_falls_back_to_http(call: Call) -> None:
    assert call("__call__", [[2.0]], use_shmem=True) == [[4.0]]


def test_emcee_samples_a_posterior_given_as_text(client: Remote, url: str) -> None:
    # A line through data with noise of known variance and a Gaussian prior: the posterior is Gaussian, in closed form.
    noise, prior = 0.25, 4.0
    terms = " + ".join(f"({y} - a - b*{x})**2" for x, y in DATA)
    config = {"expression": f"-({terms})/(2*{noise}) - (a**2 + b**2)/(2*{prior})", "args": ["a", "b"]}
    design = np.array([[1.0, x] for x, _ in DATA])
    covariance = np.linalg.inv(design.T @ design / noise + np.eye(2) / prior)
    mean = covariance @ design.T @ np.array([y for _, y in DATA]) / noise
    run = {"walkers": 12, "steps": 700, "discard": 100, "start": mean.tolist(), "seed": 7}
    found = client.order(do="sample", url=url, config=config, **run)
    independent = found["samples"] / max(found["autocorrelation"])
    assert independent > 150
    spread = np.sqrt(np.diag(covariance))
    assert np.abs(found["mean"] - mean).max() < (5 * spread / math.sqrt(independent)).max()
    assert np.abs(found["covariance"] / covariance - 1).max() < 5 * math.sqrt(2 / independent)
