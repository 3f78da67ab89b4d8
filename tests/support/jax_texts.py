"""Texts that Python itself runs with un-jitted JAX: value and gradient of ours agree with them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.integrate
import jax.scipy.linalg
import numpy as np
import pytest

from app.autodiff.arrays import recording, run, transforms
from app.language import parse

rng = np.random.default_rng(8)
POINT: dict[str, Any] = {
    "x": rng.normal(size=4), "y": rng.normal(size=4), "w": rng.uniform(0.2, 1, size=3), "a": np.array(0.7),
    "A": rng.normal(size=(3, 4)), "B": rng.normal(size=(4, 2)), "S": rng.normal(size=(3, 3)) + 4 * np.eye(3),
    "X": rng.normal(size=(2, 3, 4)), "p": rng.uniform(0.1, 0.9, size=4),
    "ties": np.array([1.0, 3.0, 3.0, -2.0, 3.0, -2.0]), "T": np.array([[1.0, 2.0, 2.0], [2.0, 0.0, 2.0]]),
    "holes": np.array([[1.5, np.nan, 0.5], [np.nan, np.nan, np.nan], [-1.0, 0.25, 2.0]]),
}  # fmt: skip
PREFIXES: dict[str, Any] = {
    "np": jnp, "jnp": jnp, "jax": jax, "math": math, "nn": jax.nn, "lax": jax.lax, "float": float, "int": int,
    "bool": bool, "sum": sum, "max": max, "min": min, "abs": abs, "range": range, "inf": math.inf, "len": len,
    "numpy": np, "scipy": jax.scipy,
}  # fmt: skip


def check(text: str, point: Mapping[str, Any] = POINT) -> None:
    """Compare value and gradient with JAX's run of the text, or of what stands after "||" where JAX has it not."""
    text, _, meant = text.partition(" || ")
    names = [name for name in point if name in set(_words(text))]
    arrays = [point[name] for name in names]
    function = eval(f"lambda {', '.join(names)}: {meant or text}", PREFIXES)  # noqa: S307 - texts of the tests
    with jax.disable_jit(), jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        expected = np.asarray(function(*map(jnp.asarray, arrays)), float)
        cotangent = rng.normal(size=expected.shape)
        right = jax.grad(lambda *p: jnp.sum(jnp.asarray(function(*p)) * cotangent), range(len(names)))(*arrays)
    expression = parse.read(text, names).at([each.shape for each in arrays], whole=True)
    found = recording.record(expression)
    tape = transforms.derive(found.tape, "vjp", tuple(range(len(found.inputs))))
    value, *gradients = run.prepare(tape)([*[arrays[i] for i in found.inputs], cotangent, *found.constants])
    assert np.shape(value) == expected.shape
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)
    for index, gradient in zip(found.inputs, gradients, strict=True):
        np.testing.assert_allclose(gradient, right[index], rtol=1e-11, atol=1e-12, err_msg=names[index])


def mark_slow(texts: Iterable[str], every: int = 12) -> list[Any]:
    """Return the texts as parameters of a test, of which one in ``every`` is fast."""
    return [pytest.param(text, marks=() if at % every == 0 else pytest.mark.slow) for at, text in enumerate(texts)]


def _words(text: str) -> list[str]:
    return "".join([each if each.isalnum() or each == "_" else " " for each in text]).split()
