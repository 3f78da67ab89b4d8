"""Functions that are given functions: loops of JAX, vmap and Python's own, against un-jitted JAX on the same text."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from app import errors
from app.language import parse
from tests.autodiff.arrays.test_texts import value_and_gradient
from tests.support import whole_arrays

X, A, Z = np.array([0.3, -1.2, 2.0, 0.7]), np.arange(12.0).reshape(3, 4) / 7 - 0.6, np.float64(1.3)


def of_lines(lines: list[str]) -> str:
    return "\n".join(["def f(x, A, z):", *[f"    {line}" for line in lines]])


def theirs(text: str) -> tuple[Any, Any]:
    names: dict[str, Any] = {"jax": jax, "jnp": jnp, "lax": lax, "functools": functools, "np": np}
    exec(compile(text, "<text>", "exec"), names)  # noqa: S102 - a text of this test
    point = [jnp.asarray(each) for each in (X, A, Z)]
    parts = jax.jacfwd(names["f"], (0, 1, 2))(*point)
    return names["f"](*point), np.concatenate([np.ravel(part) for part in parts])


@pytest.mark.parametrize(
    "lines",
    [
        ["def g(c, v):", "    return c*z + v, c*v", "c, ys = jax.lax.scan(g, 1.0, x)", "return c + jnp.sum(ys**2)"],
        ["def g(c, v):", "    c = jnp.tanh(c*z) + v", "    return c, c**2", "c, ys = lax.scan(g, x[0], jnp.tile(x, 5))",
         "return c*jnp.sum(ys)"],
        ["def g(c, v):", "    return (c[1], c[0]*v[0] + v[1][0]), (c[0], v[1])",
         "c, (p, q) = lax.scan(g, (z, 2.0), (jnp.tile(x, 3), jnp.tile(A, (4, 1))), reverse=True)",
         "return c[0]*c[1] + jnp.sum(p*q[:, 1])"],
        ["def g(c, _):", "    return c*z - c**3/9, None",
         "c, _ = lax.scan(g, x, None, length=20)", "return jnp.sum(c)"],
        ["return lax.fori_loop(0, 30, lambda i, v: v*z/(i + 1.0) + x[0], z)"],
        ["return jnp.sum(lax.fori_loop(2, 5, lambda i, v: v*z + i, x))"],
        ["return lax.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1, s[1]*z + x[1]), (0, x[0]))[1]"],
        ["return lax.cond(z > 1, lambda v: v**2, lambda v: -v, x[0]) + lax.cond(x[1] > 0, jnp.sin, jnp.cos, z)"],
        ["return lax.switch(1, [jnp.sin, jnp.cos, jnp.exp], z)*x[0]"],
        ["return jnp.sum(jax.vmap(lambda v: v[0]*v[1] + z)(A)**2)"],
        ["return jnp.sum(jax.vmap(lambda v, w: jnp.dot(v, w), in_axes=(0, None))(A, x)**2)"],
        ["return jnp.sum(jax.vmap(lambda v: v*z, in_axes=1, out_axes=1)(A)[1]*x)"],
        ["k = lambda a, b: jnp.exp(-(a - b)**2*z)", "K = jax.vmap(lambda a: jax.vmap(lambda b: k(a, b))(x))(x)",
         "return jnp.sum(K*jnp.reshape(jnp.arange(16.0), (4, 4)))"],
        ["k = lambda a, b: jnp.sum((a - b)**2)", "D = jax.vmap(jax.vmap(k, (None, 0)), (0, None))(A, A)",
         "return jnp.sum(jnp.sqrt(D + z**2))"],
        ["a, b = jax.vmap(lambda v: (jnp.sum(v), v[0]))(jnp.tile(A, (4, 1)))", "return jnp.sum(a*b)"],
        ["return jnp.sum(lax.map(lambda v: v[0]*v[1] + z, A))"],
        ["return sum(map(lambda a, b: a*b, x, x[::-1]))"],
        ["return functools.reduce(lambda a, b: a*z + b, [x[0], x[1], x[2]], 1.0)"],
        ["g = functools.partial(lambda a, b, c: a*b + c, z, c=2.0)", "return g(x[0])**2"],
        ["return jnp.sum(jnp.vectorize(lambda a, b: jnp.where(a > b, a*b, a))(A, A[1:2]))"],
        ["return jnp.sum(jnp.apply_along_axis(lambda v: jnp.sum(v**2)*v[0], 0, A)*x)"],
        ["return jax.jit(lambda v: v**2)(z) + jax.checkpoint(jnp.sin)(x[0])"],
    ],
)  # fmt: skip
def test_a_text_means_what_jax_makes_of_it(lines: list[str]) -> None:
    text = of_lines(lines)
    value, gradient = value_and_gradient(text, [X, A, Z])
    expected, slope = theirs(text)
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-10)
    expression = parse.read(text).at([(4,), (3, 4), ()], whole=False)
    np.testing.assert_allclose(whole_arrays.cells(expression, [X, A, Z]), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["return lax.scan(lambda c, v: (jnp.append(c, v), v), x, jnp.tile(x, 5))[1]"], "change their shapes"),
        (["return lax.scan(lambda c, v: c, z, x)[1]"], "returns a pair"),
        (["return jax.vmap(lambda a, b: a*b)(x, A)"], "one length"),
        (["return jnp.sum(jax.vmap(jnp.sin, in_axes=2)(A))"], "axis 2"),
        (["return lax.while_loop(lambda s: s[0] > 0, lambda s: (s[0] + 1, s[1]), (1, z))[1]"], "more than"),
    ],
)
def test_what_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(errors.Rejected, match=message) as caught:
        parse.read(of_lines(lines)).at([(4,), (3, 4), ()])
    assert caught.value.position is not None


@pytest.mark.parametrize(
    ("text", "args"), [("vmap(sin)(x)", ("x",)), ("vmap(f)(x)", ("f", "x")), ("lax.scan(f, 0.0, x)", ("f", "x"))]
)
def test_a_word_that_is_given_to_a_function_is_no_argument(text: str, args: tuple[str, ...]) -> None:
    assert parse.read(text).args == args
