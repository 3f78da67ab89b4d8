"""The demands of UM-Bridge's conformity suite for protocol 1.0, checked against a real server.

The suite is testing/protocol_conformity_1.0 of https://github.com/UM-Bridge/umbridge. It tests the first model at the
root without a config, at an input whose numbers are all equal, and posts JSON without a Content-Type. Replies must have
the members that it names and no others. It wants the product with a Hessian to be as long as the output, which only
holds for models with as many outputs as inputs; these tests want the same.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live.server import Server, serving

pytestmark = pytest.mark.slow

DIFFERENTIATED = ("Gradient", "ApplyJacobian", "ApplyHessian")


class Subject:
    """The first model of a server.

    Args:
        http: a client of the server.
        value: all numbers of the input.
    """

    def __init__(self, http: httpx.Client, value: float) -> None:
        self.http = http
        self.value = value
        self.name = http.get("/Info").json()["models"][0]
        self.inputs: list[int] = self.post("InputSizes").json()["inputSizes"]
        self.outputs: list[int] = self.post("OutputSizes").json()["outputSizes"]

    def post(self, call: str, **fields: Any) -> httpx.Response:
        return self.http.post(f"/{call}", content=json.dumps({"name": self.name, **fields}, indent=4))

    def at(self, call: str, *, longer: int = 0, **fields: Any) -> httpx.Response:
        """Post a request at the point, whose vectors are ``longer`` than the model takes."""
        about = {"outWrt": 0, "sens": [0] * self.outputs[0], "vec": [self.value] * self.inputs[0]}
        about |= {"inWrt1": 0, "inWrt2": 0} if call == "ApplyHessian" else {"inWrt": 0}
        point = [[self.value] * (size + longer) for size in self.inputs]
        return self.post(call, input=point, config={}, **(about if call != "Evaluate" else {}) | fields)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("cache")) as started:
        yield started


@pytest.fixture(scope="module", params=[0.0, 1.0])
def subject(server: Server, request: pytest.FixtureRequest) -> Subject:
    return Subject(server.http, request.param)


def members(response: httpx.Response, *names: str) -> Any:
    """Return the document of a reply, which must be a success and have exactly these members."""
    assert response.status_code == 200, response.text
    document = response.json()
    assert set(document) == set(names)
    return document


def assert_error(response: httpx.Response, kind: str) -> None:
    assert response.status_code == 400, response.text
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"type", "message"}
    assert error["type"] == kind
    assert isinstance(error["message"], str)


def are_numbers(values: Any) -> bool:
    return bool(values) and all(type(value) in (int, float) for value in values)


def test_the_server_answers(server: Server) -> None:
    assert server.http.head("/").status_code


def test_info_has_the_version_and_the_names_of_the_models(server: Server) -> None:
    info = members(server.http.get("/Info"), "protocolVersion", "models")
    assert info["protocolVersion"] == 1.0
    assert type(info["protocolVersion"]) is float
    assert all(isinstance(name, str) for name in info["models"])


def test_model_info_says_what_is_supported(subject: Subject) -> None:
    support = members(subject.post("ModelInfo"), "support")["support"]
    assert set(support) == {"Evaluate", *DIFFERENTIATED}
    # So the suite's tests of unsupported features do not apply.
    assert set(support.values()) == {True}


@pytest.mark.parametrize(("call", "member"), [("InputSizes", "inputSizes"), ("OutputSizes", "outputSizes")])
def test_sizes_are_integers(subject: Subject, call: str, member: str) -> None:
    sizes = members(subject.post(call), member)[member]
    assert sizes
    assert all(type(size) is int for size in sizes)


@pytest.mark.parametrize("call", ["ModelInfo", "Evaluate"])
def test_a_wrong_name_is_model_not_found(server: Server, call: str) -> None:
    assert_error(server.http.post(f"/{call}", json={"name": "wrong_model_name"}), "ModelNotFound")


def test_evaluate_returns_vectors_of_the_announced_sizes(subject: Subject) -> None:
    output = members(subject.at("Evaluate"), "output")["output"]
    assert all(map(are_numbers, output))
    assert [len(vector) for vector in output] == subject.outputs


def test_a_gradient_has_the_length_of_the_input(subject: Subject) -> None:
    output = members(subject.at("Gradient"), "output")["output"]
    assert are_numbers(output)
    assert len(output) == subject.inputs[0]


@pytest.mark.parametrize("call", ["ApplyJacobian", "ApplyHessian"])
def test_a_product_has_the_length_of_the_output(subject: Subject, call: str) -> None:
    output = members(subject.at(call), "output")["output"]
    assert are_numbers(output)
    assert len(output) == subject.outputs[0]


@pytest.mark.parametrize("call", ["Evaluate", *DIFFERENTIATED])
def test_an_input_of_another_length_is_invalid(subject: Subject, call: str) -> None:
    assert_error(subject.at(call, longer=1), "InvalidInput")


@pytest.mark.parametrize("name", ["inWrt", "outWrt"])
def test_a_gradient_by_a_missing_vector_is_invalid(subject: Subject, name: str) -> None:
    count = len(subject.inputs if name == "inWrt" else subject.outputs)
    assert_error(subject.at("Gradient", **{name: count}), "InvalidInput")
