"""Functions of arrays with their data in the request: values, gradients and products, against JAX in float64."""

from typing import Any

import numpy as np
import pytest

from app.engine import query
from tests.correctness import models
from tests.correctness.models.model import Model
from tests.support.service import SyncEngine

BOUND = 1e-8
"""Error of an entry, in parts of the largest of its array."""

STRIDE = 6  # one in so many in the fast set: JAX takes a second to compile each
HOT = 60
"""Calls after which a function is compiled if it ever is."""


def ask(engine: SyncEngine, model: Model, transform: str = "grad", **fields: Any) -> query.Answer:
    document = model.document()
    expression, point = document["expression"], document["point"]
    return engine.answer(transform, expression, point, argnums=document["argnums"], **fields)


def close(found: Any, true: Any, scale: float | None = None) -> bool:
    """Whether every number is right, to the largest of them unless a scale is given."""
    given, exact = np.asarray(found, np.float64), np.asarray(true)
    largest = scale or np.abs(exact).max()
    return bool(given.shape == exact.shape and (np.abs(given - exact) <= BOUND * largest).all())


def check(answer: query.Answer, model: Model) -> None:
    value, gradients = model.truth()
    assert close(answer.value, value)
    assert answer.finite
    for name, found, true in zip(model.wanted, answer.derivative, gradients, strict=True):
        assert close(found, true), name


@pytest.mark.parametrize("model", models.ALL[::STRIDE], ids=lambda model: model.name)
def test_value_and_gradient_are_right(engine: SyncEngine, model: Model) -> None:
    check(ask(engine, model), model)


@pytest.mark.slow
@pytest.mark.parametrize("model", models.ALL, ids=lambda model: model.name)
def test_every_value_and_gradient_is_right_at_once_and_when_compiled(engine: SyncEngine, model: Model) -> None:
    check(ask(engine, model), model)
    for _ in range(HOT):
        answer = ask(engine, model)
    engine.wait_until_idle()
    check(answer, model)
    check(ask(engine, model), model)
    check(ask(engine, model), model)


@pytest.mark.slow
@pytest.mark.parametrize("model", models.ALL, ids=lambda model: model.name)
def test_every_product_with_the_hessian_is_right(engine: SyncEngine, model: Model) -> None:
    tangents = model.tangents()
    found = ask(engine, model, "hvp", direction=[tangent.tolist() for tangent in tangents]).derivative
    products = model.hvp(tangents)
    largest = max(np.abs(product).max() for product in products)
    for name, product, true in zip(model.wanted, found, products, strict=True):
        assert close(product, true, scale=largest), name


@pytest.mark.slow
@pytest.mark.parametrize("model", models.ALL, ids=lambda model: model.name)
def test_every_gradient_in_float32_is_that_of_float64_to_its_precision(engine: SyncEngine, model: Model) -> None:
    answer = ask(engine, model, dtype="float32")
    _, gradients = model.truth()
    largest = max(np.abs(gradient).max() for gradient in gradients)
    for found, true in zip(answer.derivative, gradients, strict=True):
        assert np.abs(np.asarray(found) - true).max() <= 2e-2 * largest


def test_there_are_enough_models_and_none_is_small() -> None:
    assert len({model.name for model in models.ALL}) == len(models.ALL) >= 60
    numbers = [sum(np.size(value) for value in model.arguments().values()) for model in models.ALL]
    assert np.median(numbers) >= 1000
