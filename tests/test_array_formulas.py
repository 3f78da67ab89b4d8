"""Published functions as people paste them into the service, against 50-digit arithmetic."""

import pytest

from tests import array_reference, formulas, pasted_laws, reference
from tests.formulas import Formula, numpy_forms
from tests.formulas.pasted import Pasted
from tests.service import Client

JAX_STRIDE = 32  # one in so many in the fast set: un-jitted JAX takes seconds where it first meets a shape


@pytest.mark.parametrize("entry", numpy_forms.ALL, ids=lambda entry: entry.name)
def test_a_pasted_function_is_answered_rightly_or_refused(client: Client, entry: Pasted) -> None:
    pasted_laws.check(client, entry)


@pytest.mark.parametrize(
    ("entries", "share"),
    [(numpy_forms.NUMPY, 0.97), (numpy_forms.SUMS, 0.97), (numpy_forms.SCALAR, 1.0)],
    ids=["numpy", "sums", "scalar"],
)
def test_hardly_a_pasted_function_is_refused(client: Client, entries: tuple[Pasted, ...], share: float) -> None:
    refusals = pasted_laws.refusals(client, entries)
    assert len(entries) - len(refusals) >= share * len(entries), refusals


@pytest.mark.parametrize("entry", numpy_forms.ALL[::JAX_STRIDE], ids=lambda entry: entry.name)
def test_the_references_agree(entry: Pasted) -> None:
    pasted_laws.check_references(entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", numpy_forms.ALL, ids=lambda entry: entry.name)
def test_the_references_agree_on_every_function(entry: Pasted) -> None:
    pasted_laws.check_references(entry)


@pytest.mark.parametrize("formula", formulas.ALL[::4], ids=lambda formula: formula.name)
def test_the_reference_for_arrays_is_the_one_for_numbers(formula: Formula) -> None:
    asked = formula.expression, formula.args, formula.point
    value, gradient = reference.gradient(*asked)
    exact = pasted_laws.truth(formula)
    assert pasted_laws.relative([exact.value], [value]) < 1e-40
    slopes = array_reference.flat(gradient)
    assert pasted_laws.relative(array_reference.flat(exact.gradient), slopes) < 1e-40


def test_enough_functions_are_tested() -> None:
    counts = [
        len({entry.expression for entry in entries})
        for entries in (numpy_forms.NUMPY, numpy_forms.SUMS, numpy_forms.SCALAR)
    ]
    assert counts >= [400, 60, 150]
    assert len({entry.name for entry in numpy_forms.ALL}) == len(numpy_forms.ALL)
