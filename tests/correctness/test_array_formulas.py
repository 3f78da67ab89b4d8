"""Published functions as people paste them into the service, against 50-digit arithmetic."""

import pytest

from tests.correctness.formulas import numpy_forms
from tests.correctness.formulas.pasted import Pasted
from tests.support import pasted_functions
from tests.support.service import Client

JAX_STRIDE = 32  # one in so many in the fast set: un-jitted JAX takes seconds where it first meets a shape


@pytest.mark.parametrize("entry", numpy_forms.ALL, ids=lambda entry: entry.name)
def test_a_pasted_function_is_answered_rightly_or_refused(client: Client, entry: Pasted) -> None:
    pasted_functions.check(client, entry)


@pytest.mark.parametrize(
    ("entries", "share"),
    [(numpy_forms.NUMPY, 0.97), (numpy_forms.SUMS, 0.97), (numpy_forms.SCALAR, 1.0)],
    ids=["numpy", "sums", "scalar"],
)
def test_few_pasted_functions_are_refused(client: Client, entries: tuple[Pasted, ...], share: float) -> None:
    refusals = pasted_functions.refusals(client, entries)
    assert len(entries) - len(refusals) >= share * len(entries), refusals


@pytest.mark.parametrize("entry", numpy_forms.ALL[::JAX_STRIDE], ids=lambda entry: entry.name)
def test_the_references_agree(entry: Pasted) -> None:
    pasted_functions.check_references(entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", numpy_forms.ALL, ids=lambda entry: entry.name)
def test_the_references_agree_on_every_function(entry: Pasted) -> None:
    pasted_functions.check_references(entry)


def test_enough_functions_are_tested() -> None:
    counts = [
        len({entry.expression for entry in entries})
        for entries in (numpy_forms.NUMPY, numpy_forms.SUMS, numpy_forms.SCALAR)
    ]
    assert counts >= [400, 60, 150]
    assert len({entry.name for entry in numpy_forms.ALL}) == len(numpy_forms.ALL)
