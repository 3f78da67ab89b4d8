"""Every primitive: its value against other words for it, its derivatives against differences and against JAX's."""

from typing import Any

import jax
import numpy as np
import pytest

from app.autodiff.arrays import primitives, run, tape, traced, transforms
from app.autodiff.arrays.kernels import structural
from app.autodiff.arrays.rules import batching, pullbacks
from app.autodiff.arrays.tape import ArrayTape
from tests.autodiff.arrays import primitive_cases
from tests.autodiff.arrays.primitive_cases import Case

STEP = 1e-5
every_case = pytest.mark.parametrize("case", primitive_cases.ALL, ids=str)


def evaluated(function: ArrayTape, leaves: Any) -> list[np.ndarray]:
    return run.prepare(function)(leaves)


def close(found: Any, true: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(found, true, rtol=tolerance, atol=tolerance * (1 + np.abs(true).max(initial=0.0)))


def moved(leaves: Any, number: int, tangent: Any, step: float) -> list[Any]:
    return [x + step * tangent if i == number else x for i, x in enumerate(leaves)]


def slope(function: ArrayTape, leaves: Any, number: int, tangent: Any) -> list[Any]:
    """Return the central difference of every result."""
    up, down = (evaluated(function, moved(leaves, number, tangent, step)) for step in (STEP, -STEP))
    return [(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)]


def test_every_primitive_has_a_case_and_its_rules() -> None:
    inner = {*primitives.CREATED, "real", "flat_index", "scan", "scan_result"}
    tried = {case.opcode for case in primitive_cases.ALL}
    assert tried | inner == set(primitives.SHAPES)
    assert set(pullbacks.PULLBACKS) == set(primitives.SHAPES) - {"concatenate", "scan", "scan_result"}
    assert set(batching.RULES) == set(primitives.SHAPES) - {*primitives.CREATED, "flat_index", "scan"}
    assert set(structural.MAKERS) == set(traced.VALUES)
    assert set(structural.MAKERS) == set(primitives.SHAPES) - {*primitives.CREATED, "real", "scan"}


@every_case
def test_the_value_is_that_of_other_words(case: Case) -> None:
    (found,) = evaluated(case.value(), case.operands)
    close(found, case.expected())


@pytest.mark.parametrize("case", [case for case in primitive_cases.ALL if case.opcode != "stop_gradient"], ids=str)
def test_gradients_and_hessians_are_differences(case: Case) -> None:
    loss, leaves = case.loss(), [*case.operands, case.weights()]
    gradient = transforms.derive(loss, "grad", case.wanted)
    hessian = transforms.derive(loss, "hessian", case.wanted)
    _, *partials = evaluated(gradient, leaves)
    _, *blocks = evaluated(hessian, leaves)
    rng = np.random.default_rng(2)
    for row, number in enumerate(case.wanted):
        tangent = rng.normal(size=np.shape(leaves[number]))
        if case.opcode in primitive_cases.SYMMETRIC:
            tangent = tangent + np.swapaxes(tangent, -1, -2)
        change, *changes = slope(gradient, leaves, number, tangent)
        close(np.sum(partials[row] * tangent), change, 1e-7)
        for column, true in enumerate(changes):
            block = blocks[column * len(case.wanted) + row]
            close(np.tensordot(block, tangent, tangent.ndim), true, 1e-6)


@every_case
def test_jacobians_by_rows_and_by_columns_are_products_with_the_identity(case: Case) -> None:
    function = case.value()
    reverse = evaluated(transforms._reverse(function, case.wanted), case.operands)
    forward = evaluated(transforms._forward(function, case.wanted), case.operands)
    chosen = evaluated(transforms.derive(function, "jacobian", case.wanted), case.operands)
    for one, other, third in zip(reverse, forward, chosen, strict=True):
        close(one, other)
        close(one, third)


@every_case
def test_products_for_many_columns_are_those_with_jacobian_and_hessian(case: Case) -> None:
    function, rng, columns = case.value(), np.random.default_rng(3), 3
    tangents = [rng.normal(size=(columns, *np.shape(case.operands[i]))) for i in case.wanted]
    value, *blocks = evaluated(transforms.derive(function, "jacobian", case.wanted), case.operands)
    _, pushed = evaluated(transforms.derive(function, "jvp", case.wanted, columns), [*case.operands, *tangents])
    rank = value.ndim
    true = sum(
        np.stack([np.tensordot(block, t[c], t[c].ndim) for c in range(columns)])
        for block, t in zip(blocks, tangents, strict=True)
    )
    close(pushed, true)
    cotangents = rng.normal(size=(columns, *value.shape))
    _, *pulled = evaluated(transforms.derive(function, "vjp", case.wanted, columns), [*case.operands, cotangents])
    for block, found in zip(blocks, pulled, strict=True):
        close(found, np.stack([np.tensordot(cotangents[c], block, rank) for c in range(columns)]))
    loss, leaves = case.loss(), [*case.operands, case.weights()]
    _, *second = evaluated(transforms.derive(loss, "hessian", case.wanted), leaves)
    _, *products = evaluated(
        transforms.derive(loss, "hvp", case.wanted, columns), [*case.operands, *tangents, leaves[-1]]
    )
    for row, found in enumerate(products):
        close(found, sum(
            np.stack([np.tensordot(second[row * len(tangents) + i], t[c], t[c].ndim) for c in range(columns)])
            for i, t in enumerate(tangents)
        ), 1e-9)  # fmt: skip


@every_case
def test_many_points_are_each_point(case: Case) -> None:
    hessian = transforms.derive(case.loss(), "hessian", case.wanted)
    rng, size = np.random.default_rng(4), 2
    points = []
    for number, x in enumerate([*case.operands, case.weights()]):
        step = rng.normal(size=(size, *np.shape(x)))
        if case.opcode in primitive_cases.SYMMETRIC and number == 0:
            step = step @ np.swapaxes(step, -1, -2)
        points.append(x + (0.1 * step if number not in {*range(len(case.operands))} - {*case.wanted} else 0 * step))
    together = evaluated(batching.batch(hessian, [True] * len(points), size), points)
    apart = [evaluated(hessian, [x[i] for x in points]) for i in range(size)]
    for number, found in enumerate(together):
        close(found, np.stack([results[number] for results in apart]), 1e-9)


@every_case
def test_float32_stays_float32_and_tapes_survive_json(case: Case) -> None:
    gradient = transforms.derive(case.loss(), "grad", case.wanted)
    assert tape.load(tape.dump(gradient)) == gradient
    leaves = [*case.operands, case.weights()]
    single = evaluated(gradient, [np.asarray(x, np.float32) for x in leaves])
    for found, true in zip(single, evaluated(gradient, leaves), strict=True):
        assert found.dtype == np.float32
        close(found, true, 5e-3)


@pytest.mark.slow
@every_case
def test_derivatives_are_those_of_jax(case: Case) -> None:
    leaves = [*case.operands, case.weights()]
    hessian = transforms.derive(case.loss(), "hessian", case.wanted)
    _, *blocks = evaluated(hessian, leaves)
    true = jax.jit(jax.hessian(case.expected_loss, case.wanted))(*case.operands)
    for block, exact in zip(blocks, [block for row in true for block in row], strict=True):
        close(block, exact, 1e-9)
    for found, again in zip(jax.jit(traced.function(hessian))(leaves)[1:], blocks, strict=True):
        close(found, again, 1e-9)
