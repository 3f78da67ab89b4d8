"""Functions of whole arrays beyond NumPy's commonest: values against NumPy and SciPy, gradients against JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy import linalg as jax_linalg
from scipy import linalg

from app import errors
from app.autodiff.arrays import recording, run, transforms
from app.language import parse

Array = Any
Function = Callable[..., Any]

rng = np.random.default_rng(5)
A, B, C = rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), rng.normal(size=4)
P = A @ A.T + 4 * np.eye(4)
X = rng.normal(size=(5, 4))
KNOTS, HEIGHTS, PLACES = np.sort(rng.normal(size=6)), rng.normal(size=6), 1.5 * rng.normal(size=8)


def value_and_vjp(
    text: str, args: Sequence[str], point: Sequence[Array], cotangent: Array
) -> tuple[Array, list[Array]]:
    expression = parse.read(text, args).at([np.shape(each) for each in point], whole=True)
    found = recording.record(expression)
    assert found.inputs == tuple(range(len(args)))
    tape = transforms.derive(found.tape, "vjp", found.inputs)
    value, *gradients = run.prepare(tape)([*map(np.asarray, point), cotangent, *found.constants])
    return value, gradients


def check(text: str, point: dict[str, Array], numpy: Function, jax_function: Function | None = None) -> None:
    """Compare a function with those of NumPy and JAX; the latter may be the same code over jnp."""
    arrays = [np.asarray(each, float) for each in point.values()]
    expected = np.asarray(numpy(*arrays), float)
    cotangent = rng.normal(size=expected.shape)
    value, gradients = value_and_vjp(text, list(point), arrays, cotangent)
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-10)
    if jax_function is not None:
        with jax.disable_jit(), jax.numpy_rank_promotion("allow"):
            right = jax.grad(lambda *p: jnp.sum(jax_function(*p) * cotangent), range(len(arrays)))(*arrays)
        for found, reference in zip(gradients, right, strict=True):
            np.testing.assert_allclose(found, reference, rtol=1e-9, atol=1e-9)


def test_what_has_a_form_in_numbers_is_lowered_and_the_rest_is_whole() -> None:
    for text in ("einsum('i,i->', X[0], X[1])", "np.sum(X, axis=(0, 1))", "solve_triangular(X, X[0])[0]"):
        assert not parse.read(text).at([(2, 2)]).whole
    for text in ("expm(X)[0, 1]", "eigvalsh(X)[0]", "X[argmax(X[0])]"):
        assert parse.read(text).at([(2, 2)]).whole


EINSUMS: list[tuple[str, tuple[Array, ...]]] = [
    ("ij,jk->ik", (A, B)), ("ij,jk", (A, B)), ("ba", (B,)), ("ii", (A,)), ("ii->i", (A,)), ("ij->", (A,)),
    ("i,ij,j", (C, A, C)), ("i,i->", (C, C)), ("i,j->ji", (C, C)), ("i,i,i->i", (C, C, C)), ("ij,i->i", (A, C)),
    ("iij->j", (rng.normal(size=(3, 3, 2)),)), ("iii->", (rng.normal(size=(3, 3, 3)),)), ("i,->i", (C, 2.0)),
    ("...ij,...jk->...ik", (rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5)))), ("...i,i->...", (X, C)),
    ("ij,jk,kl->il", (X, A, B)), ("a...b->b...a", (rng.normal(size=(2, 3, 4)),)), ("ij,ij->", (A, A[:1])),
]  # fmt: skip


@pytest.mark.parametrize(("subscripts", "operands"), EINSUMS, ids=[each[0] for each in EINSUMS])
def test_einsum(subscripts: str, operands: tuple[Array, ...]) -> None:
    names = list("ABCDEF"[: len(operands)])
    text = f"np.einsum('{subscripts}', {', '.join(names)})"
    point = dict(zip(names, operands, strict=True))
    check(text, point, lambda *p: np.einsum(subscripts, *p), lambda *p: jnp.einsum(subscripts, *p))


LINEAR: list[tuple[str, dict[str, Array], Function, Function | None]] = [
    ("solve_triangular(A, b)", {"A": A, "b": C}, linalg.solve_triangular, jax_linalg.solve_triangular),
    (
        "solve_triangular(A, b, lower=True, trans='T', unit_diagonal=True)",
        {"A": A, "b": B},
        lambda a, b: linalg.solve_triangular(a, b, lower=True, trans=1, unit_diagonal=True),
        lambda a, b: jax_linalg.solve_triangular(a, b, lower=True, trans=1, unit_diagonal=True),
    ),
    (
        "cho_solve(cho_factor(A), b)",
        {"A": P, "b": C},
        lambda a, b: linalg.cho_solve(linalg.cho_factor(a), b),
        lambda a, b: jax_linalg.cho_solve((jnp.linalg.cholesky(a), True), b),
    ),
    ("eigvalsh(A)", {"A": P}, np.linalg.eigvalsh, jnp.linalg.eigvalsh),
    (
        "matrix_power(A, -3)",
        {"A": P},
        lambda a: np.linalg.matrix_power(a, -3),
        lambda a: jnp.linalg.matrix_power(a, -3),
    ),
    ("det(A)", {"A": np.stack([A, P])}, np.linalg.det, jnp.linalg.det),
    ("solve(A, b)", {"A": np.stack([A, P]), "b": B}, np.linalg.solve, jnp.linalg.solve),
    *[(f"expm({scale}*A)", {"A": A}, lambda a, s=scale: linalg.expm(s * a), None) for scale in (0, 1e-9, 10)],
    *[
        (f"expm({s}*A)", {"A": A}, lambda a, s=s: linalg.expm(s * a), lambda a, s=s: jax_linalg.expm(s * a))
        for s in (0.1, 3)
    ],
]


@pytest.mark.parametrize(("text", "point", "numpy", "jax_function"), LINEAR, ids=[each[0] for each in LINEAR])
def test_linear_algebra(text: str, point: dict[str, Array], numpy: Function, jax_function: Function | None) -> None:
    check(text, point, numpy, jax_function)


def test_eigenvectors_give_a_function_of_a_matrix() -> None:
    text = "def f(A):\n    w, v = np.linalg.eigh(A)\n    return v @ np.diag(np.log(w)) @ v.T"

    def logarithm(a: Array) -> Array:
        values, vectors = jnp.linalg.eigh(a)
        return vectors @ jnp.diag(jnp.log(values)) @ vectors.T

    check(text, {"A": P}, linalg.logm, logarithm)


PADS = [("2", 2), ("(1, 3)", (1, 3)), ("((1, 2), (0, 3))", ((1, 2), (0, 3)))]


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize(("written", "width"), PADS)
def test_pad(written: str, width: Any, mode: str) -> None:
    text = f"np.pad(X, {written}, mode='{mode}')"
    check(text, {"X": X}, lambda x: np.pad(x, width, mode), lambda x: jnp.pad(x, width, mode))  # type: ignore[call-overload]


def test_pad_takes_constants_of_the_point() -> None:
    def pad(xp: Any) -> Function:
        return lambda x, c: xp.pad(x, ((1, 2), (0, 3)), constant_values=c)

    check("np.pad(X, ((1, 2), (0, 3)), constant_values=c)", {"X": X, "c": 3.0}, pad(np), pad(jnp))


BOTH: list[tuple[str, dict[str, Array], Callable[[Any], Function]]] = [
    ("np.quantile(X, 0.3)", {"X": X}, lambda xp: lambda x: xp.quantile(x, 0.3)),
    ("np.quantile(X, 0.3, axis=1)", {"X": X}, lambda xp: lambda x: xp.quantile(x, 0.3, axis=1)),
    ("np.quantile(X, q, axis=0)", {"X": X, "q": [0.37, 0.5]}, lambda xp: lambda x, q: xp.quantile(x, q, axis=0)),
    ("np.percentile(X, [10, 90])", {"X": X}, lambda xp: lambda x: xp.percentile(x, xp.asarray([10.0, 90.0]))),
    ("np.cov(X)", {"X": X}, lambda xp: xp.cov),
    ("np.cov(X, rowvar=False, ddof=2)", {"X": X}, lambda xp: lambda x: xp.cov(x, rowvar=False, ddof=2)),
    ("np.cov(x, y)", {"x": PLACES, "y": PLACES[::-1] ** 2}, lambda xp: xp.cov),
    ("np.corrcoef(X)", {"X": X}, lambda xp: xp.corrcoef),
    ("np.interp(x, xp, fp)", {"x": PLACES, "xp": KNOTS, "fp": HEIGHTS}, lambda xp: xp.interp),
    (
        "np.select([x > 0.5, x > 0], [x**2, sin(x)], 7)",
        {"x": PLACES},
        lambda xp: lambda x: xp.select([x > 0.5, x > 0], [x**2, xp.sin(x)], 7),
    ),
    (
        "np.take_along_axis(X, np.argsort(X, axis=0), axis=0)",
        {"X": X},
        lambda xp: lambda x: xp.take_along_axis(x, xp.argsort(x, axis=0), axis=0),
    ),
]


@pytest.mark.parametrize(("text", "point", "function"), BOTH, ids=[each[0] for each in BOTH])
def test_positions_and_statistics(text: str, point: dict[str, Array], function: Callable[[Any], Function]) -> None:
    check(text, point, function(np), function(jnp))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_positions_of_extremes(axis: int | None) -> None:
    check(f"np.argmax(X, axis={axis})", {"X": X}, lambda x: np.argmax(x, axis=axis))
    check(f"np.argmin(X, axis={axis}, keepdims=True)", {"X": X}, lambda x: np.argmin(x, axis=axis, keepdims=True))
    check(f"np.argsort(X, axis={axis})", {"X": X}, lambda x: np.argsort(x, axis=axis))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_quantile_beyond_the_ends_is_nan(share: float) -> None:
    check("np.quantile(x, q)", {"x": C, "q": share}, lambda *_: np.nan)


REFUSED = [
    ("einsum('ij,jk->ik', X)", errors.BadShape),
    ("einsum('ij,kl->im', X, X)", errors.BadShape),
    ("einsum('i', X)", errors.BadShape),
    ("einsum('i;', X)", errors.SyntaxRejected),
    ("einsum(X, X)", errors.SyntaxRejected),
    ("pad(X, 1, mode='magic')", errors.SyntaxRejected),
    ("pad(X, -1)", errors.BadShape),
    ("quantile(X, 1.5)", errors.BadShape),
    ("expm(X)", errors.BadShape),
    ("cho_solve(X, X)", errors.SyntaxRejected),
    ("solve_triangular(X, X, trans=3)", errors.BadShape),
    ("interp(X, X, X)", errors.BadShape),
    ("sin('x')", errors.SyntaxRejected),
]


@pytest.mark.parametrize(("text", "error"), REFUSED)
def test_what_does_not_fit_is_refused(text: str, error: type[errors.Rejected]) -> None:
    with pytest.raises(error):
        parse.read(text, ["X"]).at([(5, 4)])
