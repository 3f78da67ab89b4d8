"""Functions bound to data, by their id on the protocols of other projects: as the function of the other arguments."""

from typing import Any

import numpy as np
import pytest

from tests.support.service import Client

X, Y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 7.0])
START = (2.0, 0.5)


@pytest.fixture(scope="module")
def line(client: Client) -> str:
    function = {"expression": "sum((y - a*X - b)**2)", "args": ["a", "X", "b", "y"]}
    response = client.post(function | {"data": {"X": X.tolist(), "y": Y.tolist()}}, "/v1/functions")
    function_id: str = response.json()["function_id"]
    return function_id


def expected(a: float, b: float) -> tuple[float, list[float]]:
    residuals = Y - a * X - b
    return (residuals**2).sum(), [-2.0 * (residuals * X).sum(), -2.0 * residuals.sum()]


def numbers(array: dict[str, Any]) -> Any:
    return array["data"]["buffer"]


def test_tesseract(client: Client, line: str) -> None:
    inputs: dict[str, Any] = {"a": START[0], "b": START[1]}
    found = client.answer({"inputs": inputs}, f"/f/{line}/tesseract/apply")
    value, gradient = expected(*START)
    assert numbers(found["value"]) == pytest.approx(value)
    jacobian = client.answer(
        {"inputs": inputs, "jac_inputs": ["a", "b"], "jac_outputs": ["value"]}, f"/f/{line}/tesseract/jacobian"
    )
    assert [numbers(jacobian["value"][name]) for name in "ab"] == pytest.approx(gradient)
    batch = client.answer({"inputs": {"a": [2.0, 1.0], "b": 0.5, "rank": 0}}, f"/f/{line}/tesseract/apply")
    assert numbers(batch["value"]) == pytest.approx([expected(2.0, 0.5)[0], expected(1.0, 0.5)[0]])
    schema = client.get(f"/f/{line}/tesseract/openapi.json").json()
    assert {"X", "y"}.isdisjoint(schema["components"]["schemas"]["Apply_InputSchema"]["properties"])
    outline = client.answer({"inputs": inputs}, f"/f/{line}/tesseract/abstract_eval")
    assert outline["value"]["shape"] == []


def test_open_inference(client: Client, line: str) -> None:
    tensors = [
        {"name": name, "shape": [1], "datatype": "FP64", "data": [value]}
        for name, value in zip("ab", START, strict=True)
    ]
    request = {"inputs": tensors, "parameters": {"argnums": "a,b", "rank": 0}}
    found = client.answer(request, f"/v2/models/{line}/infer")
    value, gradient = expected(*START)
    outputs = {output["name"]: output["data"] for output in found["outputs"]}
    assert outputs["value"] == pytest.approx([value])
    assert outputs["gradient"] == pytest.approx(gradient)
    metadata = client.get(f"/v2/models/{line}").json()
    assert [each["name"] for each in metadata["inputs"]] == ["a", "b"]


def test_um_bridge(client: Client, line: str) -> None:
    value, gradient = expected(*START)
    named = {"name": line, "config": {"shapes": {"a": [], "b": []}, "layout": "args"}}
    sizes = client.answer(named, f"/f/{line}/InputSizes")
    assert sizes["inputSizes"] == [1, 1]
    given = named | {"input": [[START[0]], [START[1]]]}
    assert client.answer(given, f"/f/{line}/Evaluate")["output"] == [[pytest.approx(value)]]
    found = client.answer(given | {"outWrt": 0, "inWrt": 1, "sens": [2.0]}, f"/f/{line}/Gradient")
    assert found["output"] == [pytest.approx(2.0 * gradient[1])]
    product = client.answer(given | {"outWrt": 0, "inWrt": 0, "vec": [3.0]}, f"/f/{line}/ApplyJacobian")
    assert product["output"] == [pytest.approx(3.0 * gradient[0])]
    curved = given | {"outWrt": 0, "inWrt1": 0, "inWrt2": 1, "sens": [1.0], "vec": [1.0]}
    assert client.answer(curved, f"/f/{line}/ApplyHessian")["output"] == [pytest.approx(2.0 * X.sum())]


def test_data_that_are_gone_are_not_found(client: Client, line: str) -> None:
    data_id = client.get(f"/v1/functions/{line}").json()["data"]["y"]
    assert client.request("DELETE", f"/v1/data/{data_id}").status_code == 204
    response = client.post({"inputs": {"a": 1.0, "b": 2.0}}, f"/f/{line}/tesseract/apply")
    assert response.status_code == 404
    assert client.get(f"/v2/models/{line}").status_code == 404
