"""JAX's updates of arrays, ``x.at[i].set(v)``, against un-jitted JAX on the same text."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app import errors
from app.language import parse
from tests.autodiff.arrays.test_texts import value_and_gradient

POINT = [np.array([0.3, -1.2, 2.0, 0.7]), np.arange(12.0).reshape(3, 4) / 7 - 0.6, np.float64(1.3)]


@pytest.mark.parametrize(
    "body",
    [
        "y = jnp.zeros(4)\n    y = y.at[0].set(x[0]*z)\n    y = y.at[1:3].add(x[1:3]**2)\n    return jnp.sum(y*x)",
        "return jnp.sum(x.at[jnp.array([0, 2, 0])].add(z)**2) + jnp.sum(A.at[jnp.array([1, 1]), 0].subtract(z)**2)",
        "return jnp.sum(x.at[1].multiply(z).at[2].power(2).at[0].divide(3.0).at[3].min(0.1).at[3].max(x[0])**2)",
        "return jnp.sum(A.at[:, 0].set(z).at[1, 1:].add(x[1:])*A) + x.at[2].get()",
        "k = jnp.clip(jnp.floor(x*2), 0, 4).astype(int)\n    return jnp.sum(jnp.zeros(5).at[k].add(x*z)**2)",
        "return jnp.sum(x.at[x > 0].set(z)**3) + jnp.sum(x.at[x < 0].set(0)*x)",
        "y = x\n    y = y.at[0].set(z)\n    return jnp.sum(x*y)",
        "for i in range(1, 4):\n        x = x.at[i].add(z*x[i - 1])\n    return jnp.sum(x**2)",
    ],
)
def test_an_update_is_what_jax_makes_of_it(body: str) -> None:
    text = f"def f(x, A, z):\n    {body}"
    names: dict[str, Any] = {"jnp": jnp}
    exec(compile(text, "<text>", "exec"), names)  # noqa: S102 - a text of this test
    expected, slopes = jax.value_and_grad(names["f"], (0, 1, 2))(*[jnp.asarray(entry) for entry in POINT])
    value, gradient = value_and_gradient(text, POINT)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(gradient, np.concatenate([np.ravel(each) for each in slopes]), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x.at[0].put(1)", "the method .put is not"),
        ("x.at[0].set()", "no .set"),
        ("x.at[5].set(1.0)", "index 5"),
        ("x.at[[0, 0]].multiply(2.0)", "may repeat"),
        ("x.at[0][1].set(2.0)", "one pair of brackets"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(errors.Rejected, match=message) as caught:
        parse.read(f"sum({text})").at([(4,)])
    assert caught.value.position is not None
