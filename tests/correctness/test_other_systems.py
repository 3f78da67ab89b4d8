"""Other systems' derivative tests and textbooks: the right number or a clean refusal."""

import pytest

from tests.correctness.formulas import systems
from tests.correctness.formulas.pasted import Pasted
from tests.support import jax_reference, pasted_functions
from tests.support.service import Client


@pytest.mark.parametrize("entry", systems.ALL, ids=lambda entry: entry.name)
def test_an_expression_of_another_system_is_answered_rightly_or_refused(client: Client, entry: Pasted) -> None:
    pasted_functions.check(client, entry)


def test_most_expressions_of_other_systems_are_answered(client: Client) -> None:
    # A third of them use functions that come with special libraries only.
    refusals = pasted_functions.refusals(client, systems.ALL)
    assert len(refusals) <= 0.32 * len(systems.ALL), refusals


KNOWN_TO_JAX = [entry for entry in systems.ALL if jax_reference.knows(entry.expression)]


@pytest.mark.parametrize("entry", KNOWN_TO_JAX[::32], ids=lambda entry: entry.name)
def test_the_references_agree(entry: Pasted) -> None:
    pasted_functions.check_references(entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", KNOWN_TO_JAX, ids=lambda entry: entry.name)
def test_the_references_agree_on_every_expression(entry: Pasted) -> None:
    pasted_functions.check_references(entry)


def test_enough_systems_are_tested() -> None:
    assert len({entry.expression for entry in systems.ALL}) >= 200
    assert len(KNOWN_TO_JAX) >= 200
    assert len({entry.name for entry in systems.ALL}) == len(systems.ALL)
