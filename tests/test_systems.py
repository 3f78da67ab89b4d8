"""Other systems' derivative tests and textbooks: the right number or a clean refusal."""

import pytest

from tests import pasted_laws
from tests.formulas import systems
from tests.formulas.pasted import Pasted
from tests.service import Client


@pytest.mark.parametrize("entry", systems.ALL, ids=lambda entry: entry.name)
def test_an_expression_of_another_system_is_answered_rightly_or_refused(client: Client, entry: Pasted) -> None:
    pasted_laws.check(client, entry)


def test_most_expressions_of_other_systems_are_answered(client: Client) -> None:
    # A third of them use functions that come with special libraries only.
    refusals = pasted_laws.refusals(client, systems.ALL)
    assert len(refusals) <= 0.32 * len(systems.ALL), refusals


def test_enough_systems_are_tested() -> None:
    assert len({entry.expression for entry in systems.ALL}) >= 200
    assert len({entry.name for entry in systems.ALL}) == len(systems.ALL)
