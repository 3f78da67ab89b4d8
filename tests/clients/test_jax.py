"""Functions of the service in JAX: derivatives of any order and mode are those of JAX and mpmath."""

import functools
from collections.abc import Callable
from typing import Any

import gradserve
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from gradserve.jax import as_jax

from tests.support.direct import Direct

A, X = 0.7, [0.1, 0.5, -0.3]


def wave(a: Any, x: Any) -> Any:
    return a**2 * jnp.sum(jnp.sin(x) * jnp.exp(x * a))


def waves(a: Any, x: Any) -> Any:
    return jnp.sin(a * x) * jnp.cumsum(x) ** 2


def wave_of_numbers(a: Any, x: Any) -> Any:
    return jnp.sin(a * x) * jnp.exp(-(x**2)) / (1 + a**2)


FUNCTIONS: dict[str, tuple[Any, Callable[..., Any], Any]] = {
    "expression": ("sin(a*x)*exp(-x**2)/(1 + a**2)", wave_of_numbers, (A, 0.4)),
    "lambda of arrays": ("lambda a, x: a**2*sum(sin(x)*exp(x*a))", wave, (A, X)),
    "def of arrays": ("def f(a, x):\n    y = sin(a*x)\n    return y*cumsum(x)**2", waves, (A, X)),
    "statements": ("y = exp(x*a)  # of arrays\na**2*sum(sin(x)*y)", wave, (A, X)),
    "helpers": ("def g(x):\n    return sin(x)\n\ndef f(a, x):\n    return a**2*sum(g(x)*exp(x*a))", wave, (A, X)),
    "list": (["a*x", "x**3*sin(a)"], lambda a, x: jnp.stack([a * x, x**3 * jnp.sin(a)]), (A, 0.4)),
    "list of arrays": (["a*sum(x**3)", "x[0]*x[2]"], lambda a, x: jnp.stack([a * jnp.sum(x**3), x[0] * x[2]]), (A, X)),
}
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f,
    "forward": lambda f: jax.jacfwd(f, (0, 1)),
    "reverse": lambda f: jax.jacrev(f, (0, 1)),
    "forward over reverse": lambda f: jax.jacfwd(jax.jacrev(f, (0, 1)), (0, 1)),
    "reverse over forward": lambda f: jax.jacrev(jax.jacfwd(f, 1), (0, 1)),
    "reverse over reverse": lambda f: jax.jacrev(jax.jacrev(f, (0, 1)), 1),
    "forward over forward": lambda f: jax.jacfwd(jax.jacfwd(f, 1), (0, 1)),
    "third": lambda f: jax.jacrev(jax.hessian(f, 1), (0, 1)),
    "fourth": lambda f: jax.jacfwd(jax.jacfwd(jax.jacrev(jax.jacrev(f, 1), 1)), 1),
    "of a nonlinear function of derivatives": lambda f: jax.grad(lambda a, x: jnp.sum(jax.hessian(f, 1)(a, x) ** 2)),
}


def check(found: Any, expected: Any, rtol: float = 1e-12) -> None:
    assert str(jax.tree.structure(found)) == str(jax.tree.structure(expected))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * float(np.abs(other).max(initial=0)))


@pytest.fixture
def plain() -> Any:
    """JAX without the strictness of our own code: the functions mix ranks."""
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_derivative_is_that_of_the_function_in_jax(remote: gradserve.Client, name: str, transform: str) -> None:
    text, local, point = FUNCTIONS[name]
    arguments = [jnp.array(each) for each in point]
    there = as_jax(remote.function(text, ["a", "x"]))
    check(TRANSFORMS[transform](there)(*arguments), TRANSFORMS[transform](local)(*arguments))


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("order", range(5))
def test_a_derivative_by_a_number_is_that_of_mpmath(remote: gradserve.Client, order: int) -> None:
    there = functools.reduce(lambda f, _: jax.grad(f), range(order), as_jax(remote.function("gamma(x)*sin(x**2)")))
    with mpmath.workdps(40):
        expected = mpmath.diff(lambda x: mpmath.gamma(x) * mpmath.sin(x**2), mpmath.mpf(1.25), order)
    assert float(there(1.25)) == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.usefixtures("plain")
def test_data_are_bound_in_derivatives_of_every_order(remote: gradserve.Client) -> None:
    f = remote.function("sum(tanh(a*x*t))", ["a", "t", "x"]).bind(t=remote.data(np.array([0.5, -1.5, 2.0])))
    there, x = as_jax(f), jnp.array(X)
    local = lambda a, x: jnp.sum(jnp.tanh(a * x * jnp.array([0.5, -1.5, 2.0])))  # noqa: E731
    for transform in ("reverse", "forward over reverse", "third"):
        check(TRANSFORMS[transform](there)(A, x), TRANSFORMS[transform](local)(A, x))


@pytest.mark.usefixtures("plain")
def test_a_batch_takes_as_many_requests_as_one_point(remote: gradserve.Client, direct: Direct) -> None:
    there = as_jax(remote.function("lambda a, x: a**2*sum(sin(x)*exp(x*a))"))
    rows = jnp.array(np.random.default_rng(0).normal(size=(5, 4, 3)))
    numbers = jnp.array(np.random.default_rng(1).normal(size=4))
    transforms: list[Callable[..., Any]] = [jax.grad, functools.partial(jax.grad, argnums=1), jax.hessian]
    for transform in transforms:
        batch = jax.vmap(jax.vmap(transform(there)), (None, 0))
        counts = []
        for ask, point in ((transform(there), (numbers[0], rows[0, 0])), (batch, (numbers, rows))):
            ask(*point)  # which registers what it needs
            direct.asked.clear()
            found = ask(*point)
            counts.append(len(direct.asked))
        assert counts[0] == counts[1] <= 4
        check(found, jax.vmap(jax.vmap(transform(wave)), (None, 0))(numbers, rows))


@pytest.mark.usefixtures("plain")
def test_single_precision_stays_single(remote: gradserve.Client) -> None:
    there = as_jax(remote.function("lambda a, x: a**2*sum(sin(x)*exp(x*a))"))
    a, x = jnp.float32(A), jnp.array(X, jnp.float32)
    for transform in ("value", "reverse", "forward over reverse", "third"):
        check(TRANSFORMS[transform](there)(a, x), TRANSFORMS[transform](wave)(a, x), rtol=2e-6)


def test_whole_numbers_become_floats(remote: gradserve.Client) -> None:
    assert as_jax(remote.function("x**2/2"))(3).dtype == jnp.float64
    assert as_jax(remote.function("x**2/2"))(3) == 4.5


def test_what_is_not_finite_gives_nan_and_no_error(remote: gradserve.Client) -> None:
    there = jax.vmap(jax.grad(as_jax(remote.function("x**2"))))
    np.testing.assert_array_equal(there(jnp.array([1.0, jnp.nan, jnp.inf, 3.0])), [2.0, np.nan, np.nan, 6.0])


def test_an_error_of_the_service_is_raised_as_it_is(remote: gradserve.Client) -> None:
    with pytest.raises(gradserve.Rejected, match="shape"):
        as_jax(remote.function("sum(x @ y)"))(jnp.ones((2, 3)), jnp.ones((2, 3)))


def test_a_function_that_is_awaited_is_refused() -> None:
    awaited = gradserve.Function(gradserve.AsyncClient("http://here"), {})
    with pytest.raises(TypeError, match="awaited"):
        as_jax(awaited)(1.0)


@pytest.mark.usefixtures("plain")
def test_a_text_that_python_does_not_read_has_first_derivatives(remote: gradserve.Client) -> None:
    there = as_jax(remote.function("f(x) = sum(sin(x)) + x[0]²"))
    x = jnp.array(X)
    check(jax.hessian(there)(x), jnp.diag(-jnp.sin(x)).at[0, 0].add(2))
    with pytest.raises(NotImplementedError, match="as Python writes it"):
        jax.jacfwd(jax.hessian(there))(x)
