"""No request on another project's wire brings the service down, whatever stands in the place of whatever."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.service import Client

TESSERACT = {
    "inputs": {
        "expression": "5*X[0]**2 + X[1]*sin(X[0])",
        "X": {"shape": [2], "dtype": "float64", "data": {"buffer": [1.0, 2.0], "encoding": "json"}},
    },
    "vjp_inputs": ["X"],
    "vjp_outputs": ["value", "gradient"],
    "cotangent_vector": {"value": 1.0, "gradient": [1.0, 2.0]},
}
INFERENCE = {
    "id": "1",
    "parameters": {"expression": "5*X[0]**2 + X[1]", "argnums": 0, "binary_data_output": False, "rank": 1},
    "inputs": [{"name": "X", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0]}],
    "outputs": [{"name": "value"}, {"name": "gradient", "parameters": {"binary_data": True}}],
}
JUNK: list[Any] = [
    None,
    True,
    -1,
    10**400,
    "",
    "X",
    "a.b\u0000",
    [],
    {},
    {"a": 1},
    ["X", "X"],
    [None],
    [[1.0, 2.0]] * 2,
]


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a document with each key or index in it."""
    for key in document if isinstance(document, dict) else range(len(document)):
        yield document, key
        if isinstance(document[key], dict | list):
            yield from places(document[key])


def spoilt(document: Any) -> Iterator[Any]:
    """Yield a document with junk in each place in turn."""
    for index in range(len(list(places(document)))):
        for junk in JUNK:
            copied = copy.deepcopy(document)
            container, key = list(places(copied))[index]
            container[key] = junk
            yield copied


@pytest.mark.parametrize(
    ("path", "document"),
    [("/tesseract/vector_jacobian_product", TESSERACT), ("/v2/models/gradient/infer", INFERENCE)],
)
def test_junk_in_any_place_is_answered_or_refused(client: Client, path: str, document: Any) -> None:
    statuses = {
        client.request("POST", path, content=json.dumps(each).encode()).status_code for each in spoilt(document)
    }
    assert statuses <= {200, 400, 422}
    assert client.request("POST", path, content=json.dumps(document).encode()).status_code == 200
