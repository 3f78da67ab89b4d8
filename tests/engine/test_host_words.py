"""Functions with host words: NumPy computes them, whatever is asked and however often, and no program is compiled."""

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from app.engine.functions import functions
from app.language import parse
from tests.support.service import Client, SyncEngine

TEXT = "elliptic_f(x, y) * y + x**2"
POINT = [0.7, 0.3]


def exact(*orders: int) -> float:
    return float(mp.diff(lambda x, y: mp.ellipf(x, y) * y + x**2, tuple(POINT), orders))


GRADIENT = [exact(1, 0), exact(0, 1)]
HESSIAN = [[exact(2, 0), exact(1, 1)], [exact(1, 1), exact(0, 2)]]


def test_a_gradient_of_numbers_stays_interpreted(engine: SyncEngine) -> None:
    for _ in range(50):
        answer = engine.grad(TEXT, POINT, [0, 1])
        assert answer.tier == "interpreted"
    np.testing.assert_allclose(answer.value, exact(0, 0), rtol=1e-13)
    np.testing.assert_allclose(answer.derivative, GRADIENT, rtol=1e-13)


@pytest.mark.parametrize(
    ("transform", "fields", "expected"),
    [
        ("value", {}, None),
        ("grad", {"argnums": [0, 1]}, GRADIENT),
        ("jacobian", {"argnums": [0, 1]}, GRADIENT),
        ("hessian", {"argnums": [0, 1]}, HESSIAN),
        ("jvp", {"argnums": [0, 1], "direction": [2.0, 3.0]}, np.dot(GRADIENT, [2.0, 3.0])),
        ("vjp", {"argnums": [0, 1], "direction": 2.0}, np.multiply(GRADIENT, 2.0)),
        ("hvp", {"argnums": [0, 1], "direction": [2.0, 3.0]}, np.dot(HESSIAN, [2.0, 3.0])),
    ],
)
def test_every_transform_works(engine: SyncEngine, transform: str, fields: dict[str, Any], expected: Any) -> None:
    answer = engine.answer(transform, TEXT, POINT, **fields)
    np.testing.assert_allclose(answer.value, exact(0, 0), rtol=1e-13)
    if expected is not None:
        np.testing.assert_allclose(answer.derivative, expected, rtol=1e-11)


def test_many_points_are_computed_at_once(client: Client) -> None:
    x, y = [0.2, 0.7, 2.5], [0.3, -4.0, 0.9]
    answer = client.grad(TEXT, [x, y], argnums=[0, 1], in_axes=0)
    for row, point in enumerate(zip(x, y, strict=True)):
        one = client.grad(TEXT, list(point), argnums=[0, 1])
        assert answer["value"][row] == pytest.approx(one["value"], rel=1e-14)
        assert [column[row] for column in answer["gradient"]] == pytest.approx(one["gradient"], rel=1e-14)


def test_single_precision_is_kept(client: Client) -> None:
    answer = client.grad(TEXT, POINT, argnums=[0, 1], dtype="float32")
    assert answer["dtype"] == "float32"
    np.testing.assert_allclose(answer["gradient"], GRADIENT, rtol=1e-5)


def test_arrays_are_taken_as_wholes(client: Client) -> None:
    answer = client.grad("sum(elliptic_k(X)) * X[0]", [[0.1, 0.5, -3.0]])
    total = sum(mp.ellipk(x) for x in (0.1, 0.5, -3.0))
    expected = [0.1 * mp.diff(mp.ellipk, x) + (total if i == 0 else 0) for i, x in enumerate((0.1, 0.5, -3.0))]
    np.testing.assert_allclose(answer["gradient"], np.array(expected, float), rtol=1e-12)


def test_differences_agree(client: Client) -> None:
    answer = client.answer({"expression": TEXT, "point": POINT, "verify": True}, "/v1/jacobian")
    assert answer["verify"]["max_relative_difference"] < 1e-6


def test_a_registered_function_has_its_id(client: Client) -> None:
    registered = client.post({"expression": TEXT}, "/v1/functions").json()
    spelled = client.post({"expression": "x**2 + y*EllipticF(x, y)"}, "/v1/functions").json()
    assert registered["function_id"] != spelled["function_id"]
    again = client.post({"expression": "ellipkinc(x, y)*y + x**2"}, "/v1/functions").json()
    assert registered["function_id"] == again["function_id"]
    answer = client.answer({"point": POINT, "argnums": [0, 1]}, f"/v1/functions/{registered['function_id']}/grad")
    np.testing.assert_allclose(answer["gradient"], GRADIENT, rtol=1e-12)


def test_formulae_are_in_words(client: Client) -> None:
    answer = client.answer({"expression": TEXT, "argnums": [0, 1]}, "/v1/symbolic")
    for orders, partial in zip(((1, 0), (0, 1)), answer["partials"], strict=True):
        value = client.grad(partial["text"], dict(zip("xy", POINT, strict=True)))["value"]
        assert value == pytest.approx(exact(*orders), rel=1e-12)


def test_ellipj_is_a_tuple(client: Client) -> None:
    text = "def f(u, m):\n    sn, cn, dn, phi = scipy.special.ellipj(u, m)\n    return sn*dn + cn*phi"
    answer = client.grad(text, [0.7, 0.3], argnums=[0, 1])

    def exact(u: float, m: float) -> float:
        sn, cn, dn = (mp.ellipfun(kind, u, m=m) for kind in ("sn", "cn", "dn"))
        return float(sn * dn + cn * mp.asin(sn))

    assert answer["value"] == pytest.approx(exact(0.7, 0.3), rel=1e-13)
    slopes = [(exact(0.7 + h, 0.3 + k) - exact(0.7 - h, 0.3 - k)) / 2e-5 for h, k in ((1e-5, 0.0), (0.0, 1e-5))]
    assert answer["gradient"] == pytest.approx(slopes, rel=1e-8)


def test_formulae_of_arrays_are_in_words_of_their_elements(client: Client) -> None:
    answer = client.answer({"expression": "sum(elliptic_k(X))", "shapes": [[2]]}, "/v1/symbolic")
    assert answer["function"]["text"] == "elliptic_k(X[0]) + elliptic_k(X[1])"
    assert [partial["index"] for partial in answer["partials"]] == [[0], [1]]


def test_a_host_word_of_constants_is_a_constant() -> None:
    function = functions.Function(parse.read("x * elliptic_k(0.5)"))
    assert function.general is not None
    assert function.known([()]) is function.general


def test_a_function_for_any_shape_is_read_once_for_numbers() -> None:
    function = functions.Function(parse.read(TEXT))
    assert function.ranks == (0, 0)
    assert function.known([(), ()]) is None
    assert function.specialize([(), ()]).whole is not None


def test_a_loop_may_have_a_host_word(engine: SyncEngine) -> None:
    text = "def f(x):\n    for i in range(100):\n        x = elliptic_k(x/4)/2\n    return x"
    value = 0.5
    for _ in range(100):
        value = float(mp.ellipk(value / 4)) / 2
    assert engine.grad(text, [0.5]).value == pytest.approx(value, rel=1e-12)
