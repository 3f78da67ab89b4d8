"""Functions of orders and parameters as texts: by any spelling, whole arrays, formulae, and what is refused."""

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from app.language.numeric.hosted.precise import digits
from tests.support.service import Client, SyncEngine


@pytest.mark.parametrize(
    ("text", "point", "exact"),
    [
        ("jv(v, x)", [0.5, 1.5], mp.besselj),
        ("scipy.special.kv(v, x)", [2.25, 1.5], mp.besselk),
        ("sympy.besseli(v, x)", [-0.25, 1.5], mp.besseli),
        ("bessely(v, x)", [3.0, 1.5], mp.bessely),
        ("expint(n, x)", [0.75, 1.5], mp.expint),
        ("hyp2f1(a, b, c, x)", [0.5, 1.25, 2.0, 0.25], mp.hyp2f1),
        ("sympy.hyper([a, b], [c], x)", [0.5, 1.25, 2.0, 0.25], mp.hyp2f1),
        ("hyper((a,), (b, c), x)", [0.5, 1.25, 2.0, 0.25], mp.hyp1f2),
        ("legendre(n, x)", [2.5, 0.25], mp.legendre),
        ("eval_genlaguerre(3, a, x)", [0.5, 0.25], lambda a, x: mp.laguerre(3, a, x)),
        ("eval_jacobi(4, a, b, x)", [0.5, 0.75, 0.25], lambda a, b, x: mp.jacobi(4, a, b, x)),
        ("sympy.jn(2, x) + 0*y", [1.5, 1.0], lambda x, y: mp.sqrt(mp.pi / (2 * x)) * mp.besselj(2.5, x) + 0 * y),
        ("airy(x)[3] + 0*y", [1.5, 1.0], lambda x, y: mp.airybi(x, derivative=1) + 0 * y),
        (
            "def f(x, y):\n    ai, aip, bi, bip = airy(x)\n    return y*(ai*bip - aip*bi) + ai",
            [1.5, 2.0],
            lambda x, y: y / mp.pi + mp.airyai(x),
        ),
        ("lambertw(x, -1)*y", [-0.25, 2.0], lambda x, y: mp.re(mp.lambertw(x, -1)) * y),
        ("jv(2, x) + jv(2.5, x) + 0*y", [1.5, 1.0], lambda x, y: mp.besselj(2, x) + mp.besselj(2.5, x) + 0 * y),
    ],
)
def test_a_gradient_by_every_argument(engine: SyncEngine, text: str, point: list[float], exact: Any) -> None:
    answer = engine.grad(text, point, list(range(len(point))))
    with mp.workdps(40):
        assert answer.value == pytest.approx(float(exact(*point)), rel=1e-12)
        for index, found in enumerate(answer.derivative):
            orders = tuple(int(index == each) for each in range(len(point)))
            assert found == pytest.approx(float(mp.re(mp.diff(exact, point, orders))), rel=1e-12)


def test_a_function_of_one_number_is_given_a_list_of_it(client: Client) -> None:
    assert client.grad("hyper([1/2], [3/2], -x**2)", [0.5])["gradient"] == pytest.approx(
        float(mp.diff(lambda x: mp.hyp1f1(0.5, 1.5, -(x**2)), 0.5)), rel=1e-12
    )
    assert client.grad("airy(x)[0]", [0.5])["gradient"] == pytest.approx(float(mp.airyai(0.5, derivative=1)), rel=1e-12)


def test_an_array_of_orders_and_arguments(engine: SyncEngine) -> None:
    orders, x = [0.5, 1.5, 2.5], [1.0, 2.0, 3.0]
    answer = engine.grad("sum(jv(v, x))", [orders, x], [0, 1])
    for row, numbers in enumerate(zip(orders, x, strict=True)):
        one = engine.grad("jv(v, x)", list(numbers), [0, 1])
        np.testing.assert_allclose([column[row] for column in answer.derivative], one.derivative, rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "args", "formula"),
    [
        ("jv(0.5, x)", ["x"], "1/2*(besselj(-1/2, x) - besselj(3/2, x))"),
        ("hyp2f1(1, 2, 4, x)", ["x"], "hyp2f1(2, 3, 5, x)/2"),
        ("hyper([1], [2, 3], -x)", ["x"], "-hyp1f2(2, 3, 4, -x)/6"),
        ("airyai(x)", ["x"], "airyaiprime(x)"),
        ("airyaiprime(x)", ["x"], "x*airyai(x)"),
        ("legendre(2, x)", ["x"], "3*x"),
        ("expn(-0.5, x)", ["x"], "-expint(-3/2, x)"),
    ],
)
def test_a_formula_by_the_argument(client: Client, text: str, args: list[str], formula: str) -> None:
    reply = client.post({"expression": text, "args": args}, "/v1/symbolic")
    assert reply.json()["partials"][0]["text"].replace("0.5", "1/2").replace("1.5", "3/2") == formula


@pytest.mark.parametrize(
    ("text", "word"),
    [("jv(v, x)", "besselj"), ("hyp2f1(a, 1, 2, x)", "hyp2f1"), ("expn(n, x)", "expint"), ("struve(v, x)", "struve")],
)
def test_a_formula_by_a_parameter_is_refused_by_the_name_of_the_word(client: Client, text: str, word: str) -> None:
    reply = client.post({"expression": text, "argnums": 0}, "/v1/symbolic")
    assert reply.status_code == 422
    assert reply.json()["detail"] == f"the derivative of {word} by its operand 1 has no formula in the language"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hyp2f1(1, 2, 3, 1e6*x)", "parameters up to 1000 and |x| up to 1e4"),
        ("jv(500.5, x)", "orders from -200 to 200 and |x| up to 1e5"),
        ("kv(5000.5, x)", "orders are up to 1000"),
    ],
)
def test_a_point_out_of_range_is_refused_with_the_range(client: Client, text: str, hint: str) -> None:
    reply = client.post({"expression": text, "point": [-1.0 if "hyp" in text else 1.0]})
    assert reply.status_code == 422
    assert reply.json()["code"] == "too_complex"
    assert hint in reply.json()["hint"]


def test_too_many_parameters_are_refused_at_their_place(client: Client) -> None:
    reply = client.post({"expression": "2*hyper([1, 2, x], [3], x)", "point": [0.5]})
    assert reply.status_code == 422
    assert reply.json()["position"]["column"] == 3
    assert "at most one more upper than lower" in reply.json()["hint"]


def test_constants_are_not_computed_while_a_text_is_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(digits, "value", never)
    assert client.post({"expression": "hyp1f1(1, 2, 0.5)*x"}, "/v1/functions").status_code in {200, 201}
    monkeypatch.undo()
    answer = client.grad("hyp1f1(1, 2, 0.5)*x + jv(2.5, 1)", [0.5])
    assert answer["gradient"] == pytest.approx(2 * np.expm1(0.5), rel=1e-14)


def test_points_that_take_too_long_are_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "_MOST_SECONDS", 0.0)
    monkeypatch.setattr(digits, "_PAUSE", 10.0)
    reply = client.post({"expression": "hyp1f1(0.5, 1.5, x)", "point": [0.4375]})
    assert reply.status_code == 422
    assert reply.json()["code"] == "too_expensive"


def test_a_long_array_of_slow_functions_is_refused_before_it_is_computed(client: Client) -> None:
    reply = client.post({"expression": "sum(hyp1f1(0.5, 1.5, x))", "point": [[0.5] * 200_000]})
    assert reply.status_code == 422
    assert reply.json()["code"] == "too_complex"
