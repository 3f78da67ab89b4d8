"""Texts that must be refused: the right status and code, a small problem document, never a 5xx."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.rest.refused_texts import BIG, cases
from tests.support import assertions
from tests.support.service import Client


def ask(client: Client, expression: str, **fields: Any) -> Any:
    return client.post({"expression": expression, "point": {"x": 1.5}, "args": ["x"], **fields})


@pytest.mark.parametrize(("text", "codes"), list(cases()))
def test_an_expression_outside_the_language_is_refused(client: Client, text: str, codes: set[str]) -> None:
    assertions.assert_problem(ask(client, text), 422, codes, sent=text, text=text)


@pytest.mark.parametrize("text", [case.values[0] for case in cases() if len(str(case.values[0])) < 300])
def test_evaluate_refuses_what_grad_refuses(client: Client, text: str) -> None:
    document = {"expression": text, "point": {"x": 1.5}, "args": ["x"]}
    graded, evaluated = client.post(document).json(), client.post(document, "/v1/evaluate")
    if "it has shape" in graded["detail"]:
        assert evaluated.status_code == 200  # an array is a value as good as any, but has no gradient
    else:
        assert graded == evaluated.json()


def test_random_texts_never_get_a_5xx(client: Client) -> None:
    pieces = ["x", "X[0]", "1", "0", "2.5", "(", ")", "[", "]", ",", "+", "-", "*", "/", "**", "^", "%", "//", "<",
        "==", " if ", " else ", " and ", " or ", "not ", "sin(", "max(", "where(", "Piecewise(", "log(", "lambda x: ",
        ":", "\n", ".", "e", "inf", "True", "~", "&"]  # fmt: skip

    @given(st.lists(st.sampled_from(pieces), max_size=12).map("".join))
    def law(text: str) -> None:
        response = client.post({"expression": text, "point": [1.5]})
        if response.status_code != 200:
            assertions.assert_problem(response, 422, set(assertions.CONTRACT) - {"invalid_json"}, sent=text, text=text)

    law()


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("-" * BIG + "x", 1.5, 1.0),
        ("not " * BIG + "x", 1.0, 0.0),
        ("x if x else " * 10_000 + "x", 1.5, 1.0),
        ("**".join(["x"] * BIG), "Infinity", "Infinity"),
        ("X[1 + 1]*2".replace("X", "[1, 2, x]"), 3.0, 2.0),
    ],
    ids=["minus signs", "nots", "conditionals", "powers", "a computed index"],
)
def test_unusual_but_valid_expressions_are_answered(client: Client, text: str, value: Any, slope: Any) -> None:
    answer = ask(client, text).json()
    assert (answer["value"], answer["gradient"]) == (value, slope)


@pytest.mark.parametrize(
    "text",
    [
        "x.real",
        "x.T.T.real",
        "(x).real",
        "[x][0].real",
        "sin(x).real",
        "x*1.5.real",
        "clip(x, min=2)",
        "clip(x, min=1)",
        "hypot(hypot(x, x), x)",
        "jnp.array([x, 2]).at[0].set(x**2).sum()",
    ],
)
def test_members_and_keywords_that_jax_has_are_answered(client: Client, text: str) -> None:
    names = {"sin": jnp.sin, "clip": jnp.clip, "hypot": jnp.hypot, "jnp": jnp}
    value, slope = jax.value_and_grad(lambda x: eval(text, names, {"x": x}))(jnp.asarray(1.5))  # noqa: S307
    answer = ask(client, text).json()
    assert (answer["value"], answer["gradient"]) == pytest.approx((float(value), float(slope)), rel=1e-12)


def test_an_operand_may_be_named(client: Client) -> None:
    assert ask(client, "sin(x=x)").json() == ask(client, "sin(x)").json()


def test_hypot_takes_several(client: Client) -> None:
    answer = ask(client, "hypot(x, x, x)").json()
    assert (answer["value"], answer["gradient"]) == pytest.approx((1.5 * math.sqrt(3), math.sqrt(3)), rel=1e-12)


@pytest.mark.parametrize("text", ["x[0].real", "x.at[0].set(1)"])
def test_a_number_has_no_elements(client: Client, text: str) -> None:
    assertions.assert_problem(ask(client, text), 422, {"bad_shape"}, sent=text, text=text)


def test_statements_and_unary_operators_are_answered(client: Client) -> None:
    for text in (
        "+x",
        "- - x",
        "~(x > 0)",
        "not x",
        "x;",
        "x # comment",
        "(x,)[0]",
        "[x, 2][-1]",
        "True*x",
        "x if True else 0",
    ):
        assert ask(client, text).status_code in {200, 422}
