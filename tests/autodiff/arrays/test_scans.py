"""Loops with carried values: values and derivatives to second order against the same loop in JAX."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.autodiff.arrays import run, traced, transforms
from app.autodiff.arrays.loops import scans, splitting
from app.autodiff.arrays.recorder import Recorder
from app.autodiff.arrays.rules import batching
from app.autodiff.arrays.tape import ArrayTape

COUNT = 7
RNG = np.random.default_rng(5)
POINT = [np.array([0.3, -0.2]), np.array(0.7), RNG.normal(size=(COUNT, 2)), RNG.normal(size=(2, 2))]


def loop(reverse: bool, split: bool = True) -> ArrayTape:
    """u' = sin(A u) + x_k p, s' = s*u_0 + k, y_k = s*p; the value is s + sum of y + u_0 u_1."""
    body = Recorder()
    index, u, s, x, p, a = [body.input(shape) for shape in ((), (2,), (), (2,), (), (2, 2))]
    first = body.emit("reshape", ((),), body.emit("slice", ((0, 1, 1),), u))
    following = body.sin(body.emit("einsum", ("ij,j->i",), a, u)) + x * p
    step = body.finish(following, s * first + index, s * p)
    r = Recorder()
    u0, p0, xs, matrix = [r.input(np.shape(x)) for x in POINT]
    parameters, operands = (COUNT, reverse, 2, 1, step), [u0, p0, xs, p0, matrix]
    if split:
        last, total, ys = splitting.emit(r, parameters, operands)
    else:
        scan = scans.emit(r, parameters, operands)
        last, total, ys = [r.emit("scan_result", (i,), scan) for i in range(3)]
    both = r.emit("slice", ((0, 1, 1),), last) * r.emit("slice", ((1, 1, 1),), last)
    return r.finish(total + r.emit("reduce_sum", ((0,),), ys) + r.emit("reshape", ((),), both))


def reference(reverse: bool) -> Any:
    def value(u: Any, p: Any, xs: Any, a: Any) -> Any:
        def step(state: Any, row: Any) -> Any:
            (u, s), (index, x) = state, row
            return (jnp.sin(a @ u) + x * p, s * u[0] + index), s * p

        rows = jnp.arange(COUNT, dtype=float), xs
        (u, s), ys = jax.lax.scan(step, (u, p), rows, reverse=reverse)
        return s + jnp.sum(ys) + u[0] * u[1]

    return value


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("wanted", [(0, 1, 2, 3), (1,), (2,), (3, 0)])
def test_gradient_and_hessian_of_a_loop_are_those_of_jax(split: bool, reverse: bool, wanted: tuple[int, ...]) -> None:
    tape, function = loop(reverse, split), reference(reverse)
    value, *gradient = run.prepare(transforms.derive(tape, "grad", wanted))(POINT)
    np.testing.assert_allclose(value, function(*POINT), rtol=1e-12)
    for found, true in zip(gradient, jax.grad(function, wanted)(*POINT), strict=True):
        np.testing.assert_allclose(found, true, rtol=1e-10, atol=1e-10)
    hessian = transforms.derive(tape, "hessian", wanted)
    _, *blocks = run.prepare(hessian)(POINT)
    rows = jax.jit(jax.hessian(function, wanted))(*POINT)
    for found, true in zip(blocks, [block for row in rows for block in row], strict=True):
        np.testing.assert_allclose(found, true, rtol=1e-9, atol=1e-9)


def test_products_with_tangents_and_the_traced_loop_are_the_same() -> None:
    tape, wanted = loop(False), (0, 1, 2, 3)
    tangents = [RNG.normal(size=x.shape) for x in POINT]
    jvp = transforms.derive(tape, "jvp", wanted)
    hvp = transforms.derive(tape, "hvp", wanted)
    _, pushed = run.prepare(jvp)([*POINT, *tangents])
    np.testing.assert_allclose(pushed, jax.jvp(reference(False), POINT, tangents)[1], rtol=1e-10)
    found = run.prepare(hvp)([*POINT, *tangents])
    again = jax.jit(traced.function(hvp))([*POINT, *tangents])
    true = jax.jvp(jax.grad(reference(False), wanted), POINT, tangents)[1]
    for one, other, exact in zip(found[1:], again[1:], true, strict=True):
        np.testing.assert_allclose(one, exact, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(other, exact, rtol=1e-9, atol=1e-9)


def test_a_forward_product_runs_the_loop_once() -> None:
    """What only the reverse sweep needs is left out."""
    jvp = transforms.derive(loop(False), "jvp", (0,))
    assert sum(opcode == "scan" for opcode, _, _ in jvp.code) <= 2


def test_many_loops_at_once_are_each_loop() -> None:
    gradient = transforms.derive(loop(False), "grad", (0, 1, 2, 3))
    points = [np.stack([x, x + 0.1 * RNG.normal(size=x.shape)]) for x in POINT]
    together = run.prepare(batching.batch(gradient, [True] * 4, 2))(points)
    for row in range(2):
        apart = run.prepare(gradient)([x[row] for x in points])
        for one, other in zip(together, apart, strict=True):
            np.testing.assert_allclose(one[row], other, rtol=1e-12)
