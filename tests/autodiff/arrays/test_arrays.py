"""What derivatives of arrays promise beside values: strong zeros, ties, singular matrices, indices, dtypes."""

import math
from typing import Any

import numpy as np
import pytest

from app.autodiff.arrays import cost, recorder, recording, run, transforms
from app.language import parse

NAN = math.nan


def recorded(text: str, *point: Any) -> recording.ArrayRecording:
    arrays = [np.asarray(x) for x in point]
    names = ["x", "y", "z"][: len(arrays)]
    return recording.record(parse.read(text, names).at([x.shape for x in arrays], whole=True))


def derived(text: str, name: str, *point: Any) -> list[np.ndarray]:
    """Return the value and derivatives by all arguments that the function reads."""
    found = recorded(text, *point)
    tape = transforms.derive(found.tape, name, tuple(range(len(found.inputs))))
    return run.prepare(tape)([*[np.asarray(point[i]) for i in found.inputs], *found.constants])


def same(found: Any, true: Any) -> None:
    np.testing.assert_allclose(found, true, rtol=1e-12, atol=1e-12)


# Strong zeros


def test_a_masked_element_adds_nothing_to_a_gradient_or_a_hessian() -> None:
    point = np.array([4.0, -1.0, 0.0])
    _, gradient = derived("sum(where(x > 0, sqrt(x), 0))", "grad", point)
    same(gradient, [0.25, 0, 0])
    _, hessian = derived("sum(where(x > 0, sqrt(x)*log(x), 0))", "hessian", point)
    inner = -math.log(4) / 4 / 8  # of sqrt(x) log(x): -log(x) / (4 x sqrt(x))
    same(hessian, np.diag([inner, 0, 0]))


def test_distances_with_a_masked_diagonal_have_finite_second_derivatives() -> None:
    point = np.array([[0.0, 1.0], [2.0, 0.5], [1.0, -1.0]])
    text = "sum(where(eye(3) == 1, 0, sqrt(sum((x[:, None] - x[None])**2, axis=2))))"
    for name in ("grad", "hessian"):
        assert np.isfinite(derived(text, name, point)[1]).all()


# Ties


@pytest.mark.parametrize("word", ["max", "min"])
def test_equal_elements_share_a_derivative_evenly(word: str) -> None:
    _, gradient = derived(f"3*{word}(x)", "grad", np.array([2.0, 2.0, 2.0]))
    same(gradient, [1, 1, 1])


# Linear algebra


@pytest.mark.parametrize(
    "text", ["sum(inv(x))", "sum(solve(x, [1.0, 2.0]))", "sum(cholesky(x - 5*eye(2)))", "log(det(x))/det(x)"]
)
def test_singular_and_indefinite_matrices_give_no_exception(text: str) -> None:
    value, gradient = derived(text, "grad", np.ones((2, 2)))
    assert not np.isfinite(value)
    assert not np.isfinite(gradient).all()


def test_the_determinant_of_a_singular_matrix_has_its_cofactors() -> None:
    value, gradient = derived("det(x)", "grad", np.array([[1.0, 2.0], [2.0, 4.0]]))
    same(value, 0)
    same(gradient, [[4, -2], [-2, 1]])


def test_one_singular_matrix_of_many_is_nan_alone() -> None:
    r = recorder.Recorder()
    tape = r.finish(r.emit("inv", (), r.input((2, 2, 2))))
    (found,) = run.prepare(tape)([np.array([np.eye(2), np.ones((2, 2))])])
    same(found[0], np.eye(2))
    assert np.isnan(found[1]).all()


# Indices


@pytest.mark.parametrize(("index", "true"), [(1.0, 20), (-1.0, 30), (3.0, NAN), (-4.0, NAN), (1.5, NAN), (NAN, NAN)])
def test_indices_by_data_count_from_both_ends_and_are_nan_beyond(index: float, true: float) -> None:
    value, gradient, by_index = derived("sum(x[y])", "grad", np.array([10.0, 20.0, 30.0]), np.array([index]))
    np.testing.assert_equal(float(value), true)
    same(by_index, [0])
    if not math.isnan(true):
        same(gradient, np.array([10.0, 20.0, 30.0]) == true)


def test_an_index_that_occurs_twice_counts_twice() -> None:
    _, gradient, _ = derived("sum(x[y]*[1, 10, 100])", "grad", np.array([1.0, 2.0]), np.array([1.0, 0.0, 1.0]))
    same(gradient, [10, 101])


# Sizes and dtypes


def test_arrays_without_elements_have_sums_and_gradients() -> None:
    value, gradient = derived("sum(x[3:]**2) + sum(x)", "grad", np.array([1.0, 2.0]))
    same(value, 3)
    same(gradient, [1, 1])


def test_float32_is_computed_in_float32() -> None:
    point = np.linspace(0.1, 1, 5, dtype=np.float32)
    for found in derived("mean(x*2.5 + arange(5)**0.5 + lgamma(x))", "grad", point):
        assert found.dtype == np.float32


def test_arrays_of_integers_are_computed_in_float64() -> None:
    value, gradient = derived("sum(x**-1.0) + sum(x[[0, 1]]**-2)", "grad", np.array([1, 2]))
    same(value, 2.75)
    same(gradient, [-3, -0.5])


def test_a_value_that_reads_no_argument_has_zero_derivatives() -> None:
    r = recorder.Recorder()
    x = r.input((2,))
    tape = r.finish(r.emit("reduce_sum", ((0,),), r.floor(x)))
    _, gradient = run.prepare(transforms.derive(tape, "grad", (0,)))([np.array([1.5, 2.5])])
    same(gradient, [0, 0])


# Structure


def test_equal_structures_are_one_tape_and_other_shapes_another() -> None:
    one = recorded("sum(3*x**2) + 1.5", np.ones(3))
    other = recorded("sum(7*x**2) + 2.5", np.ones(3))
    third = recorded("sum(3*x**2) + 1.5", np.ones(4))
    assert one.tape == other.tape
    assert one.function_id != other.function_id
    assert one.tape != third.tape


def test_a_gradient_repeats_no_instruction_and_has_none_that_is_not_needed() -> None:
    found = recorded("sum(log(1 + exp(x)))", np.ones(3))
    code = transforms.derive(found.tape, "grad", (0,)).code
    assert len(set(code)) == len(code)
    assert [opcode for opcode, _, _ in code].count("exp") == 1


def test_a_gradient_by_the_parameters_alone_costs_less() -> None:
    x, w = np.ones((200, 50)), np.ones(50)
    tape = recorded("sum(log1p(exp(x @ y)))", x, w).tape
    by_both, by_weights = (cost.cost(transforms.derive(tape, "grad", wanted)) for wanted in ((0, 1), (1,)))
    assert by_weights.flops < by_both.flops
    assert by_weights.bytes < by_both.bytes


def test_a_hessian_is_symmetric_to_the_bit() -> None:
    rng = np.random.default_rng(3)
    _, *blocks = derived("sum(tanh(x @ y)*exp(x @ y))", "hessian", rng.normal(size=(4, 3)), rng.normal(size=3))
    first, mixed, turned, second = blocks
    assert (first == np.transpose(first, (2, 3, 0, 1))).all()
    assert (second == second.T).all()
    assert (mixed == np.transpose(turned, (1, 2, 0))).all()
