"""Functions as people paste them: value and gradient are JAX's, and what is refused gets a hint that helps."""

from typing import Any

import numpy as np
import pytest

from tests.support import pasted_texts
from tests.support.pasted_texts import PastedText
from tests.support.service import Client

ALL = pasted_texts.read()
TAKEN = [entry for entry in ALL if entry.refused is None]
REFUSED = [entry for entry in ALL if entry.refused is not None]


def check(client: Client, entry: PastedText) -> None:
    answer = ask(client, entry)
    assert "code" not in answer, answer
    value, slopes = pasted_texts.expected(entry)
    np.testing.assert_allclose(answer["value"], value, rtol=1e-11, atol=1e-12)
    assert len(answer["gradient"]) == len(slopes)
    for found, slope in zip(answer["gradient"], slopes, strict=True):
        assert np.shape(found) == slope.shape
        np.testing.assert_allclose(found, slope, rtol=1e-9, atol=1e-10 * max(1, np.abs(slope).max(initial=0)))


def ask(client: Client, entry: PastedText) -> Any:
    document = {"expression": entry.text, "point": list(entry.point.values()), "argnums": entry.argnums}
    return client.post(document).json()


@pytest.mark.parametrize("entry", TAKEN[::40], ids=lambda entry: entry.name)
def test_a_pasted_function_is_answered_rightly(client: Client, entry: PastedText) -> None:
    check(client, entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", TAKEN, ids=lambda entry: entry.name)
def test_every_pasted_function_is_answered_rightly(client: Client, entry: PastedText) -> None:
    check(client, entry)


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: entry.name)
def test_what_is_refused_gets_a_hint_at_its_place(client: Client, entry: PastedText) -> None:
    answer = ask(client, entry)
    assert "code" in answer, answer
    assert answer["hint"]
    assert entry.refused is not None
    assert entry.refused in answer["hint"]
    if answer["code"] not in {"bad_shape", "invalid_field"}:  # these are of the answer, or of the point
        assert answer["position"]["line"] >= 1


def test_there_are_enough() -> None:
    assert len(TAKEN) >= 250
    assert len(REFUSED) >= 40
    assert len({entry.name for entry in ALL}) == len(ALL)
