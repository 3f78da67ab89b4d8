"""Second derivatives of every small function of the corpora, against second differences in 150-digit arithmetic."""

import functools
from typing import Any

import pytest
from mpmath import mpf

from tests.correctness import formulas
from tests.correctness.formulas import numpy_forms, systems
from tests.support import jax_reference, pasted_functions, reference
from tests.support.pasted_functions import Entry
from tests.support.service import Client

INPUTS = 4
STRIDE = 4  # one in so many in the fast set
ULP = 2.0**-52

ALL: tuple[Entry, ...] = (*formulas.ALL, *numpy_forms.ALL, *systems.ALL)
SMALL = [entry for entry in ALL if len(reference.flat(entry.point)) <= INPUTS]


@functools.cache
def truth(entry: Entry) -> tuple[list[list[mpf]], list[list[mpf]]]:
    """Return the Hessian, and what float64 leaves uncertain of it.

    That is how much each entry moves when the inputs do by one part in 2**52, and an ulp of the gradient over each
    input: the rounding of the terms that cancel in a second derivative.
    """
    asked, inputs = (entry.expression, entry.args, entry.point), reference.flat(entry.point)
    slopes = reference.flat(reference.gradient(*asked)[1])
    rounding = max(map(abs, slopes)) * ULP
    exact = reference.hessian(*asked)
    moved = tuple(reference.nested([x * (1 + ULP) for x in inputs], entry.point))
    nearby = reference.hessian(entry.expression, entry.args, moved)
    drift = [
        [abs(a - b) + (rounding / abs(x) if x else 0) for a, b in zip(*rows, strict=True)]
        for x, *rows in zip(inputs, exact, nearby, strict=True)
    ]
    return exact, drift


def check(found: Any, entry: Entry) -> None:
    """Assert that blocks nested as jax.hessian's for a list of argnums are the second derivatives."""
    exact, drift = truth(entry)
    expected, slack = (reference.blocks(matrix, entry.point) for matrix in (exact, drift))
    assert pasted_functions.shape(found) == pasted_functions.shape(expected)
    largest = max(abs(number) for number in reference.flat(expected))
    numbers = [reference.flat(nest) for nest in (found, expected, slack)]
    for second, true, moved in zip(*numbers, strict=True):
        assert abs(second - true) <= 1e-9 * abs(true) + 1e-12 * largest + 100 * moved


def ask(client: Client, entry: Entry) -> None:
    answer = pasted_functions.reply(client, entry, "/v1/hessian")
    if pasted_functions.refused(answer):
        assert answer["code"] in pasted_functions.NOT_IN_THE_LANGUAGE, answer
        assert pasted_functions.refused(pasted_functions.reply(client, entry)), "its gradient is answered"
    else:
        check(answer["hessian"], entry)


@pytest.mark.parametrize("entry", SMALL[::STRIDE], ids=lambda entry: entry.name)
def test_a_hessian_is_right(client: Client, entry: Entry) -> None:
    ask(client, entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", [entry for n, entry in enumerate(SMALL) if n % STRIDE], ids=lambda entry: entry.name)
def test_every_other_hessian_is_right(client: Client, entry: Entry) -> None:
    ask(client, entry)


@pytest.mark.parametrize("entry", SMALL[: len(formulas.ALL) : 40], ids=lambda entry: entry.name)
def test_the_reference_agrees_with_jax(entry: Entry) -> None:
    check(jax_reference.hessian(entry.expression, entry.args, entry.point), entry)


def test_enough_hessians_are_tested() -> None:
    assert len(SMALL) >= 600
