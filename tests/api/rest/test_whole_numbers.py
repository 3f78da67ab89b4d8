"""A whole number is an integer however it is written, as JSON Schema says: 0, 0.0, 0e0."""

from typing import Any

import pytest

from tests.support.service import Client

POINT = {"expression": "x**2*y", "args": ["x", "y"], "point": [3.0, 2.0]}
BATCH = POINT | {"point": [[3.0, 1.0], [2.0, 5.0]]}
SQUARES = POINT | {"expression": "(x - 1)**2 + (y - 2)**2"}


@pytest.mark.parametrize(
    ("route", "document", "field", "value"),
    [
        *((route, POINT, "argnums", value) for route in ("grad", "jacobian", "hessian") for value in (1, [1, 0], -1)),
        *((route, BATCH, "in_axes", value) for route in ("grad", "evaluate", "jacobian") for value in (0, [0, 0])),
        ("jvp", POINT | {"tangents": 1.0}, "argnums", 1),
        ("hvp", POINT | {"tangents": 1.0}, "argnums", 1),
        ("vjp", POINT | {"cotangent": 1.0}, "argnums", 1),
        ("symbolic", {"expression": "x**2*y"}, "argnums", [1, 0]),
        ("symbolic", {"expression": "sum(X**2)"}, "shapes", [[2]]),
        ("taylor", POINT | {"direction": [1.0, 0.0]}, "order", 3),
        ("taylor", POINT, "orders", [1, 1]),
        ("taylor", POINT, "orders", {"x": 2}),
        ("minimize", SQUARES, "argnums", [1]),
        ("minimize", SQUARES, "max_evaluations", 50),
        ("least_squares", SQUARES | {"expression": ["x - 1", "y - 2"]}, "argnums", 1),
        ("root", SQUARES | {"expression": ["x - 1", "y - 2"]}, "argnums", [0, 1]),
        ("propagate", POINT | {"std": {"x": 0.1}}, "order", 2),
        ("propagate", POINT | {"std": [0.1]}, "argnums", [1]),
    ],
)
def test_a_whole_number_may_be_written_as_a_float(
    client: Client, route: str, document: dict[str, Any], field: str, value: Any
) -> None:
    integers, floats = (client.answer(document | {field: form}, f"/v1/{route}") for form in (value, as_floats(value)))
    assert floats == integers


def test_the_shape_of_a_tensor_may_be_written_so(client: Client) -> None:
    tensor = {"name": "x", "datatype": "FP64", "data": [1.0, 2.5, 4.0]}
    ids = [client.post(tensor | {"shape": [number]}, "/v1/data").json()["data_id"] for number in (3, 3.0)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(("route", "more"), [("taylor", {"order": 1.5}), ("minimize", {"max_evaluations": 2.5})])
def test_another_number_is_no_integer(client: Client, route: str, more: dict[str, Any]) -> None:
    refused = client.post(POINT | more, f"/v1/{route}")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")


def as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_floats(each) for name, each in value.items()}
    return [as_floats(each) for each in value] if isinstance(value, list) else float(value)
