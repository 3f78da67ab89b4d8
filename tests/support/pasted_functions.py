"""Checks of a pasted text: the service answers with the right numbers, or says that it is not in the language."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mpmath import mpf

from tests.correctness.formulas import Formula
from tests.correctness.formulas.pasted import Pasted
from tests.support import jax_reference, reference
from tests.support.service import Client

Entry = Pasted | Formula
NOT_IN_THE_LANGUAGE = {"syntax_error", "unknown_name", "bad_arity"}


@dataclass(frozen=True, slots=True)
class Truth:
    """Value and gradient to 50 digits, and the error that plain float64 arithmetic makes in each."""

    value: mpf
    gradient: list[Any]
    value_loss: float
    gradient_loss: float


@functools.cache
def truth(entry: Entry) -> Truth:
    asked = entry.expression, entry.args, entry.point
    exact = reference.gradient(*asked)
    return Truth(*exact, *reference.losses(*asked, exact))


@functools.cache
def reply(client: Client, entry: Entry, path: str = "/v1/grad") -> dict[str, Any]:
    """Return the document that answers or refuses an entry, by all of its arguments."""
    document = {
        "expression": entry.expression,
        "args": entry.args,
        "point": entry.point,
        "argnums": list(range(len(entry.args))),
    }
    response = client.post(document, path)
    assert response.status_code in (200, 422), response.text
    answer: dict[str, Any] = response.json()
    return answer


def refused(answer: dict[str, Any]) -> bool:
    return "code" in answer


def check(client: Client, entry: Entry) -> None:
    """Assert that an entry is answered by the right numbers or refused as not in the language."""
    answer = reply(client, entry)
    if refused(answer):
        assert answer["code"] in NOT_IN_THE_LANGUAGE, answer
        return
    exact = truth(entry)
    found, slopes = reference.flat(answer["gradient"]), reference.flat(exact.gradient)
    assert shape(answer["gradient"]) == shape(exact.gradient)
    assert relative(found, slopes) <= max(1e-12, 100 * exact.gradient_loss)
    scale = max([abs(exact.value), *[abs(g * x) for g, x in zip(slopes, reference.flat(entry.point), strict=True)]])
    assert abs(answer["value"] - exact.value) <= 1e-13 * scale + 1e-12 * abs(exact.value) + 100 * exact.value_loss


def check_references(entry: Entry) -> None:
    """Assert that un-jitted JAX, reading the same text, agrees with 50-digit arithmetic."""
    exact = truth(entry)
    value, gradient = jax_reference.gradient(entry.expression, entry.args, entry.point)
    slopes = reference.flat(exact.gradient)
    scale = max(abs(slope) for slope in slopes)
    for found, slope in zip(reference.flat(gradient), slopes, strict=True):
        assert abs(found - slope) <= max(1e-9, 100 * exact.gradient_loss) * max(abs(slope), scale * 1e-6)
    assert abs(value - exact.value) <= 1e-9 * max(abs(exact.value), scale * 1e-6)


def relative(found: Iterable[Any], exact: Iterable[Any]) -> float:
    """Return the largest relative error of a component, after two roundings of the largest component are allowed."""
    pairs = list(zip(found, exact, strict=True))
    unavoidable = 4e-16 * max(abs(e) for _, e in pairs)
    return max(float(max(abs(f - e) - unavoidable, 0) / max(abs(e), reference.SMALL)) for f, e in pairs)


def shape(nest: Any) -> Any:
    return [shape(part) for part in nest] if isinstance(nest, list | tuple) else None


def refusals(client: Client, entries: Iterable[Entry]) -> dict[str, str]:
    """Return the reasons by name of the entries that are refused."""
    answers = {entry.name: reply(client, entry) for entry in entries}
    return {name: answer["detail"] for name, answer in answers.items() if refused(answer)}
