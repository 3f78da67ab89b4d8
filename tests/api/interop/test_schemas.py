"""What the OpenAPI document says of the bodies of these protocols; ``conftest`` compares it with every other test."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.api.test_openapi import FOREIGN
from tests.support import assertions, documented
from tests.support.service import Client

TEXT = "lambda a, X: a*X[0]**2 + 6*X[1]**2"
CONFIG = {"layout": "args", "shapes": {"X": 2}, "dtype": "float64"}
AT_POINT: dict[str, Any] = {
    "name": "gradient",
    "config": {"expression": "a*X[0]**2 + 6*X[1]**2", "args": ["a", "X"], **CONFIG},
    "input": [[5.0], [1.0, 2.0]],
}
FIRST = AT_POINT | {"outWrt": 0, "inWrt": 1}
SECOND = AT_POINT | {"outWrt": 0, "inWrt1": 1, "inWrt2": 1}
SENS, VEC = {"sens": [1.0]}, {"vec": [1.0, 0.0]}
ARRAY = {"shape": [2], "dtype": "float64", "data": {"buffer": [1.0, 2.0], "encoding": "json", "compression": "none"}}
BYTES = {"buffer": "AAAAAAAA8D8=", "encoding": "base64", "compression": "none"}
INPUTS: dict[str, Any] = {
    "inputs": {
        "expression": "a*X[0]**2 + 6*X[1]**2", "args": ["a", "X"], "rank": [0, 1],
        "a": {"shape": [], "dtype": "float64", "data": BYTES}, "X": ARRAY,
    }
}  # fmt: skip
TENSORS: dict[str, Any] = {
    "id": "1",
    "parameters": {
        "expression": "a*X[0]**2 + 6*X[1]**2", "args": "a, X", "argnums": "X", "rank": [0, 1],
        "binary_data_output": False,
    },
    "inputs": [
        {"name": "expression", "shape": [1], "datatype": "BYTES", "data": [TEXT], "parameters": None},
        {"name": "a", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}},
        {"name": "X", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0]},
    ],
    "outputs": [{"name": "value", "parameters": {"binary_data": False}}, {"name": "gradient"}],
}  # fmt: skip
WHOLE: dict[str, dict[str, Any]] = {
    "ModelInfo": {"name": "gradient"},
    "InputSizes": {name: AT_POINT[name] for name in ("name", "config")},
    "OutputSizes": {name: AT_POINT[name] for name in ("name", "config")},
    "Evaluate": AT_POINT,
    "Gradient": FIRST | SENS,
    "ApplyJacobian": FIRST | VEC,
    "ApplyHessian": SECOND | SENS | VEC,
    "apply": INPUTS,
    "jacobian": INPUTS | {"jac_inputs": ["X"], "jac_outputs": ["value"]},
    "jacobian_vector_product": INPUTS | {
        "jvp_inputs": ["X"], "jvp_outputs": ["value", "gradient"], "tangent_vector": {"X": ARRAY}
    },
    "vector_jacobian_product": INPUTS | {
        "vjp_inputs": ["a", "X"], "vjp_outputs": ["value"],
        "cotangent_vector": {"value": {"shape": [], "dtype": "float64", "data": BYTES}},
    },
    "abstract_eval": INPUTS,
    "infer": TENSORS,
    "mcp": {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}},
}  # fmt: skip
"""By the last part of a path, a request with every member that the schema names."""
WRONG: list[Any] = [{"wrong": None}, True, [[None]]]


def foreign(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    paths = client.get("/openapi.json").json()["paths"]
    found = [(path, method, each) for path, item in paths.items() for method, each in item.items()]
    return [each for each in found if FOREIGN.intersection(each[2]["tags"])]


def filled(path: str, operation: dict[str, Any]) -> str:
    """Return a path with the examples of its parameters."""
    return path.format(**{each["name"]: each.get("example") for each in operation.get("parameters", ())})


def posted(client: Client, path: str, request: Any) -> Any:
    """Send a request, which nobody compares with the document; the bytes of its tensors are those of 5.0."""
    raw, headers = json.dumps(request).encode(), {"Content-Type": "application/json"} if path == "/mcp" else {}
    if path.endswith("/infer"):
        headers = {"Inference-Header-Content-Length": str(len(raw))}
        raw += b"\0\0\0\0\0\0\x14@"
    return client.run(client._http.post(path, content=raw, headers=headers))


def test_every_body_has_a_schema_with_members(client: Client) -> None:
    document = client.get("/openapi.json").json()
    for path, _, operation in foreign(client):
        contents = [operation["responses"]["200"]["content"]]
        contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for content in contents:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            schema = document["components"]["schemas"][name]
            assert schema.get("properties") or schema["additionalProperties"], f"{name} of {path}"
    binary = document["paths"]["/v2/models/{model}/infer"]["post"]
    for content in (binary["requestBody"]["content"], binary["responses"]["200"]["content"]):
        assert content["application/octet-stream"]["schema"]["format"] == "binary"


def test_the_examples_are_real_answers(client: Client) -> None:
    tried = 0
    for path, method, operation in foreign(client):
        expected = operation["responses"]["200"]["content"]["application/json"].get("example")
        request = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        response = client.request(method.upper(), filled(path, operation), json=request)
        assert response.status_code == 200, f"{path} {response.text}"
        if "/Info" not in path and expected is not None:  # whose models others may have registered
            assert assertions.is_close(response.json(), expected), f"{path} {response.text}"
        tried += 1
    assert tried > 30


def test_every_member_that_a_schema_names_is_read(client: Client) -> None:
    """A request is refused if a member is wrong by the schema."""
    document = client.get("/openapi.json").json()
    judge = documented.Document(document)
    function_id = client.post({"expression": TEXT}, "/v1/functions").json()["function_id"]
    tried = 0
    for path, _, operation in foreign(client):
        if "requestBody" not in operation or "{version}" in path:
            continue
        whole = copy.deepcopy(WHOLE[path.rpartition("/")[2]])
        address = path.format(function_id=function_id, model="gradient")
        if "{function_id}" in path:
            for name in ("expression", "args"):
                whole.get("config", whole.get("inputs", {})).pop(name, None)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        judge.check(schema, whole)
        answered = posted(client, address, whole)
        assert answered.status_code == 200, f"{path} {answered.text}"
        for place in documented.members(schema, document["components"]):
            if place[:2] == ("inputs", "rank") and len(place) > 2:
                continue  # an argument of that name
            sent = whole
            if place == ("parameters", "expression"):  # a tensor would replace it
                sent = whole | {"inputs": whole["inputs"][1:]}
            statuses = {posted(client, address, each).status_code for each in wrong(sent, place, judge, schema)}
            assert statuses & {400, 422}, f"{path} does not read {place}"
            tried += 1
    assert tried > 150


def wrong(whole: Any, place: tuple[str, ...], judge: documented.Document, schema: Any) -> Iterator[Any]:
    """Yield copies of a request, each with one member at a place such that the schema refuses it."""
    for path in concrete(whole, place):
        for value in WRONG:
            spoiled = copy.deepcopy(whole)
            container = spoiled
            for step in path[:-1]:
                container = container[step]
            container[path[-1]] = value
            try:
                judge.check(schema, spoiled)
            except jsonschema.ValidationError:
                yield spoiled
                break


def concrete(part: Any, place: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the places in a document that a place with ``*`` means."""
    first, *rest = place
    if first == "*":
        keys: list[Any] = (
            list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
        )
    else:
        keys = [first] if isinstance(part, dict) and first in part else []
    for key in keys:
        if not rest:
            yield (key,)
        else:
            yield from ((key, *more) for more in concrete(part[key], tuple(rest)))


@pytest.mark.parametrize("value", [None, "not given"])
def test_null_is_as_good_as_nothing_in_a_configuration(client: Client, value: Any) -> None:
    given = {} if value == "not given" else dict.fromkeys(("layout", "dtype", "shapes", "args"), value)
    request = {"name": "gradient", "config": {"expression": "x*y", **given}, "input": [[2.0, 3.0]]}
    assert posted(client, "/Evaluate", request).json() == {"output": [[6.0]]}


def test_null_is_as_good_as_nothing_in_tensors(client: Client) -> None:
    options = {"binary_data_output": None, "args": None, "argnums": None, "rank": None}
    tensor = {"name": "x", "shape": [1], "datatype": "FP64", "data": [3.0], "parameters": None}
    request = {"parameters": {"expression": "x**2", **options}, "inputs": [tensor], "outputs": None, "id": None}
    found = client.request("POST", "/v2/models/gradient/infer", json=request).json()
    assert [each["data"] for each in found["outputs"]] == [[9.0], [6.0]]
