"""Functions of arrays, lowered to numbers, against un-jitted JAX executing the very same text."""

import builtins
import contextlib
import itertools
import math
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app import errors
from app.autodiff import reverse, tape
from app.autodiff.arrays import recording
from app.language import parse
from app.language.arrays import functions
from app.language.arrays.words import hypergeometric
from app.language.vocabulary.functions import array_texts, arrays, jax_texts, ufuncs
from app.language.vocabulary.word import Word
from tests.correctness import test_array_words
from tests.language import test_convolutions
from tests.support import assertions, documents

Array = Any
Shapes = Sequence[tuple[int, ...]]

NAMESPACE: dict[str, Any] = (
    {name: getattr(jnp, name) for name in dir(jnp) if not name.startswith("_")}
    | {name: getattr(builtins, name) for name in ("range", "len", "enumerate", "zip", "list", "reversed", "sum")}
    | {name: getattr(builtins, name) for name in ("max", "min", "abs")}
    | {"np": jnp, "jnp": jnp, "math": math, "jax": jax}
    | {"softmax": jax.nn.softmax, "logsumexp": jax.scipy.special.logsumexp}
)
VECTOR, PAIR, MATRIX, SQUARE = [(4,)], [(4,), (4,)], [(2, 3)], [(3, 3)]

# A billion rows of nothing have no cells, and would cost as much as if they had.
NOTHING = [
    "np.zeros((10**9, 0))",
    "np.reshape(np.zeros((0, 3)), (10**9, 0))",
    "np.broadcast_to(np.zeros((1, 0)), (10**9, 0))",
    "np.tile(np.zeros((1, 0)), (10**9, 1))",
    "np.repeat(np.zeros((1, 0)), 10**9, axis=0)",
    "np.outer(np.zeros((1, 0)), np.zeros(10**9))",
    "np.stack([np.zeros((4 * 10**5, 0)), np.zeros((4 * 10**5, 0))])",
]
OF_NOTHING = [
    "sum(1 for row in {})",
    "len({})",
    "np.sum({}, axis=1)",
    "np.cumsum({}, axis=1)",
    "({} @ np.zeros((0, 9)))",
]

TEXTS: list[tuple[str, Shapes]] = [
    *[
        (f"np.{name}(X**2, axis=1) @ np.array([0.3, -1.1])", MATRIX)
        for name in ("sum", "mean", "prod", "var", "std", "max", "min", "ptp", "median")
    ],
    *[
        (f"np.{name}(X) + np.sum(np.{name}(X, axis=0, keepdims=True) * X)", MATRIX)
        for name in ("sum", "mean", "prod", "var", "std", "amax", "amin")
    ],
    ("sum(X**2)", VECTOR),
    ("np.var(X, ddof=1) + jnp.std(X, ddof=1)", VECTOR),
    ("np.average(X, weights=np.array([1.0, 2.0, 3.0, 4.0]))", VECTOR),
    ("np.sum(np.sort(X)[:2]) + np.sum(np.cumsum(X) * np.cumprod(X))", VECTOR),
    ("np.sum(np.cumsum(X, axis=1)[:, 1])", MATRIX),
    ("np.sum(X[4:]) + np.prod(X[4:]) * X[0] + np.sum(np.sum(np.outer(X, Y[:0]), axis=1)) + X[1]", PAIR),
    ("sum(100 * (X[1:] - X[:-1]**2)**2) + X[0] if np.all(X[1:] > 0) else 1.5", [(1,)]),
    ("np.sum(np.diff(X)**2) + np.sum(np.diff(X, n=2)**3)", VECTOR),
    ("jnp.trapezoid(X) + jnp.trapezoid(X, dx=0.5) + jnp.trapezoid(X**2, Y)", PAIR),
    ("np.linalg.norm(X) + np.linalg.norm(X, 1) + np.linalg.norm(X, ord=3) + np.linalg.norm(X, np.inf)", VECTOR),
    ("np.linalg.norm(X) + np.sum(np.linalg.norm(X, axis=1))", MATRIX),
    ("np.linalg.norm(X, 1/3) + np.linalg.norm(X, 2.5)", VECTOR),
    ("logsumexp(X) + jax.scipy.special.logsumexp(X, b=np.array([1.0, 2.0, 3.0, 4.0]))", VECTOR),
    ("jax.nn.softmax(X)[1] + jax.nn.log_softmax(X)[2] + np.sum(jax.nn.softmax(X) * Y)", PAIR),
    ("np.sum(jax.nn.softmax(X, axis=0)[0] ** 2)", MATRIX),
    ("1.5 if np.all(X > 5) else np.sum(X) if np.any(X > 0.2) else X[0]", VECTOR),
    ("X @ Y + np.dot(X, Y) + np.inner(X, Y) + np.vdot(X, Y)", PAIR),
    ("np.sum((X @ X.T) ** 2) + np.sum(np.matmul(X.T, X)[0])", MATRIX),
    ("np.sum(np.dot(2, X)) + np.sum(np.outer(X, Y) ** 2) + np.kron(X, Y)[5]", PAIR),
    ("np.cross(X, Y)[1] * np.cross(Y, X)[2]", [(3,), (3,)]),
    ("np.tensordot(X, Y) + np.sum(np.tensordot(X, Y, axes=1))", [(3, 3), (3, 3)]),
    ("np.sum(np.convolve(X, Y) ** 2) + np.polyval(X, 0.5) + np.polyval(np.array([1.0, 2.0, 3.0]), Y[0])", PAIR),
    ("np.sum(np.linalg.multi_dot([X, X.T, X])) + np.sum(np.linalg.matrix_power(X @ X.T, 3))", MATRIX),
    ("np.trace(X) + np.trace(X, offset=1) + np.linalg.det(X) * np.sum(np.linalg.inv(X))", SQUARE),
    ("np.linalg.det(X) + np.linalg.slogdet(X)[1] + np.linalg.slogdet(X)[0] * X[0, 0]", [(5, 5)]),
    ("np.linalg.solve(X, Y) @ Y", [(4, 4), (4,)]),
    ("np.sum(np.linalg.solve(X, X.T) ** 2)", SQUARE),
    ("np.sum(np.linalg.cholesky(X @ X.T) ** 3)", SQUARE),
    ("np.sum(np.diag(X) ** 2) + np.sum(np.diag(X[0]) @ X) + np.sum(np.diag(X, k=1)) + np.sum(np.diagonal(X))", SQUARE),
    ("np.sum(np.tril(X) ** 2) + np.sum(np.triu(X, k=1))", SQUARE),
    ("np.sum((X + np.eye(3) + 2 * np.identity(3)) ** 2)", SQUARE),
    ("np.sum(X * np.zeros(4) + Y * np.ones((4,)) + np.full(4, X[0]))", PAIR),
    ("np.sum(X * np.ones_like(X) + np.zeros_like(X) + np.full_like(X, 0.5) * X)", MATRIX),
    ("np.sum(np.arange(4) * X) + np.sum(np.arange(0.5, 1.4, 0.25) * X) + np.sum(np.linspace(0, X[1], 4) ** 2)", VECTOR),
    ("np.sum(np.concatenate([X, Y]) ** 2) + np.sum(np.append(X, Y)[3:5])", PAIR),
    ("np.sum(np.stack([X, Y], axis=1)[2] ** 2) + np.hstack([X, Y])[4] + np.vstack([X, Y])[1, 0]", PAIR),
    ("np.column_stack([X, Y])[2, 1] * np.meshgrid(X, Y)[0][1, 2]", PAIR),
    ("np.sum(np.reshape(X, (3, 2))[1] * X.T[1]) + np.ravel(X)[4] + np.reshape(X, -1)[2]", MATRIX),
    ("np.sum(np.transpose(X) @ X) + np.swapaxes(X, 0, 1)[2, 1] + np.moveaxis(X, 0, 1)[2, 0]", MATRIX),
    ("np.sum(np.expand_dims(X, 0) * np.squeeze(X[None, :])) + np.sum(np.broadcast_to(X, (2, 4)) ** 2)", VECTOR),
    ("np.flip(X)[0] * np.roll(X, 1)[0] + np.roll(X, -1)[0]", VECTOR),
    ("np.tile(X, 2)[5] * np.repeat(X, 2)[3] + np.take(X, np.array([0, 2]))[1]", VECTOR),
    ("np.atleast_1d(X[0])[0] * len(X) + np.size(X) * X[1] + np.ndim(X) * X[2] + np.shape(X)[0] * X[3]", VECTOR),
    ("X.shape[0] * X[0] + X.T.shape[-1] * X[1] + (X * 2).size * X[2] + X[1:].ndim * X[3]", VECTOR),
    ("sum(i * x for i, x in enumerate(X)) + sum(a * b for a, b in zip(X, Y))", PAIR),
    ("sum(x**i for i, x in enumerate(reversed(list(X)), 1))", VECTOR),
    ("sum(100*(X[i+1] - X[i]**2)**2 + (1 - X[i])**2 for i in range(len(X) - 1))", VECTOR),
    ("sum(1/(1 + (X[i] - X[j])**2) for i in range(4) for j in range(4) if i != j)", VECTOR),
    ("sum([x * y for x in X for y in X[1:]]) + math.prod([x for x in X if True])", VECTOR),
    ("X[-1] * X[::2][1] + np.sum(X[1:] * X[:-1]) + X[..., 0] + np.sum(X[::-1] * X)", VECTOR),
    ("np.sum(X[:, 0] * X[:, -1]) + np.sum(X[1]) + np.sum(X[:, None, 1]) + X[0][1] + np.sum(X[:, [0, 2]])", MATRIX),
    ("np.sum(np.where(X > 0, np.sqrt(np.abs(X)), X**2)) + np.sum(np.maximum(X, 0.1) * np.clip(X, -0.5, 0.5))", VECTOR),
    ("np.sum((X - np.mean(X, axis=0)) ** 2)", MATRIX),
    ("max(X) * min(X) + max(x**2 for x in X) + max([X[0], X[1], 0.0])", VECTOR),
    ("np.sum(X * y) + y", [(4,), ()]),
    ("jax.scipy.linalg.solve_triangular(X, Y) @ Y", [(3, 3), (3,)]),
    ("jax.scipy.linalg.solve_triangular(X, Y, lower=True, trans=1)[0] * Y[1]", [(3, 3), (3,)]),
    ("jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(X @ X.T + np.eye(3)), Y) @ Y", [(3, 3), (3,)]),
    ("np.einsum('ij,jk,k->i', X, X, Y) @ Y + np.einsum('ii', X) + np.einsum('ij->ji', X)[0, 1]", [(3, 3), (3,)]),
    ("np.sum(np.select([X > 1, X > 0], [X**2, X**3], 0.5) * X)", VECTOR),
    ("np.sum(np.pad(X, (1, 2)) * np.arange(7)) + np.pad(X, 2, mode='reflect')[0]", VECTOR),
    ("np.cov(X)[0, 1] * np.corrcoef(X)[1, 0] + np.linalg.det(np.cov(X))", MATRIX),
    ("np.sum(np.linalg.inv(X) ** 2) + np.linalg.det(X)[1]", [(2, 3, 3)]),
    ("sum(X[i] * X[j] * np.sin(i * j) for i in range(4) for j in range(4) if i != j for k in range(6))", VECTOR),
    ("np.sum(np.array([[X[0] * k + j for j in range(9)] for k in range(9)]) ** 2)", VECTOR),
    ("np.sum(np.where(np.arange(4) > 1, 1 / X, X) * (np.arange(4) / 3) ** X)", VECTOR),
]  # fmt: skip


def ours(text: str, point: Sequence[Array]) -> tuple[float, Array]:
    """Return the value and the flat gradient of a text read for the shapes of a point."""
    shapes = [np.shape(entry) for entry in point]
    program = parse.read(text).at(shapes, whole=False)
    recording = tape.record(program)
    flat = np.concatenate([np.ravel(entry) for entry in point])
    positions = np.array(tape.positions(recording, program.args, shapes), dtype=int)
    result = np.asarray(reverse.packed(recording.tape, "grad")(jnp.array([*flat[positions], *recording.constants])))
    gradient = np.zeros_like(flat)
    np.add.at(gradient, positions, result[1:])
    return float(result[0]), gradient


def theirs(text: str, point: Sequence[Array]) -> tuple[float, Array]:
    """Return the same by executing the text with jax.numpy."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        return _theirs(text, point)


def _theirs(text: str, point: Sequence[Array]) -> tuple[float, Array]:
    args = parse.read(text).args
    if text.startswith("def"):
        found: dict[str, Any] = {}
        exec(text, NAMESPACE, found)  # noqa: S102 - a text of this module
        (function,) = found.values()
    else:
        function = eval(f"lambda {', '.join(args)}: {text}", NAMESPACE)  # noqa: S307 - likewise
    value, parts = jax.value_and_grad(function, tuple(range(len(point))))(*[jnp.asarray(entry) for entry in point])
    return float(value), np.concatenate([np.ravel(part) for part in parts])


def a_point(shapes: Shapes, seed: int) -> list[Array]:
    random = np.random.default_rng(seed)
    return [random.uniform(-1.2, 1.7, shape) for shape in shapes]


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize(("text", "shapes"), TEXTS)
def test_a_function_of_arrays_is_what_jax_makes_of_its_text(text: str, shapes: Shapes, seed: int) -> None:
    point = a_point(shapes, seed)
    value, gradient = ours(text, point)
    expected, slope = theirs(text, point)
    assertions.assert_close(value, expected, 1e-11, 1e-11)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-9)


WHOLE = {
    "argmax", "argmin", "argsort", "eigh", "eigvalsh", "expm", "interp", "percentile", "quantile", "take_along_axis",
    *hypergeometric.FUNCTIONS,
}  # fmt: skip
"""Words for whole arrays only, which ``tests/correctness/test_array_functions.py`` has, and host words."""


@pytest.mark.parametrize("nothing", NOTHING[:5])
@pytest.mark.parametrize("word", ["np.tril", "np.triu", "np.sum", "np.cumsum", "np.transpose"])
def test_a_billion_rows_of_nothing_are_refused_before_they_are_counted(word: str, nothing: str) -> None:
    with pytest.raises(errors.TooComplex):
        parse.read(f"lambda x: {word}({nothing})").at([()], whole=True)


def test_every_word_of_arrays_is_held_against_jax() -> None:
    used = " ".join(text for text, _ in TEXTS)
    used += " ".join(test_array_words.TEXTS)
    used += (documents.ROOT / "tests/language/test_convolutions.py").read_text()
    used += " ".join(f"scipy.signal.{name}(" for name in test_convolutions.NAMES)
    for word in (word for word in arrays.FUNCTIONS if word.names[0] not in WHOLE):
        assert any(f"{name}(" in used for name in word.names), word.names


def test_every_word_of_arrays_has_a_function_and_no_other() -> None:
    without_dot = {name for name in functions.WORDS if "." not in name}  # those with a dot are distributions
    named = {word.names[0] for word in arrays.FUNCTIONS if "." not in word.names[0]}
    assert named | set(jax_texts.INNER) == without_dot


DEFS = [
    (
        "def f(X):\n    s = 0.0\n    for i, x in enumerate(X):\n        if i % 2 == 0:\n            s += x**2\n"
        "        else:\n            s -= np.sin(x)\n    return s"
    ),
    (
        "def f(X):\n    '''Newton's iteration.'''\n    y = 1.5  # a start\n    for _ in range(5):\n"
        "        y = 0.5 * (y + X[0]**2 / y)\n    return y"
    ),
    (
        "def f(X):\n    a, b = X[0], X\n    for k in range(40):\n        a, b = np.sin(a) + k, b * a / 9\n"
        "    return a * b[1]"
    ),
    "def f(X):\n    a, (b, c) = X[0], (X[1], X[2])\n    for k in range(3): a, b = b, a + c\n    return a * b * c",
    (
        "def f(X):\n    total = 0\n    for i in range(4):\n        for j in range(4):\n            if i == j:\n"
        "                continue\n            if j > 2:\n                break\n            total += X[i] * X[j]**2\n"
        "    return total"
    ),
    (
        "def f(X):\n    p = [1.0, X[0]]\n    for n in range(1, 4):\n"
        "        p = [p[1], ((2*n + 1) * X[0] * p[1] - n * p[0]) / (n + 1)]\n    return p[1]"
    ),
    (
        "def f(X):\n    h = 0.1; y = X\n    for _ in range(3):\n        k1 = -y * np.sum(y)\n"
        "        k2 = -(y + h*k1) * 2\n"
        "        y = y + h/2 * (k1 + k2)\n    return np.sum(y**2)"
    ),
    (
        "def f(X):\n    if len(X) > 3:\n        w = X[3]\n    elif len(X) > 2:\n        w = X[2]\n    else:\n"
        "        w = 0\n"
        "    return w * X[0]"
    ),
]


@pytest.mark.parametrize("text", DEFS)
def test_a_def_of_statements_is_what_jax_makes_of_its_text(text: str) -> None:
    point = [np.array([0.4, -0.7, 1.2, 0.9])]
    value, gradient = ours(text, point)
    expected, slope = theirs(text, point)
    assertions.assert_close(value, expected, 1e-12, 1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-12)


BRANCHES = [
    "def f(x, y):\n    if x > y:\n        z = x * y\n    else:\n        z = x - y\n    return z**2",
    "def f(x, y):\n    if x > y:\n        return sin(x)\n    return y**2",
    (
        "def f(x, y):\n    z = 1\n    if x > 0:\n        if y > 0:\n            return x*y\n        z = x\n"
        "    elif y > 0:\n"
        "        z = y\n    return z * (x + 2*y)"
    ),
    (
        "def f(x, y):\n    if x > 0 and y > 0:\n        z = x\n    if x > 0:\n        w = y\n    else:\n"
        "        w = x*y\n"
        "    return w"
    ),
]


@pytest.mark.parametrize("text", BRANCHES)
@pytest.mark.parametrize("point", list(itertools.product([-0.7, 0.6], [-0.4, 1.3])))
def test_a_branch_on_the_point_is_the_one_python_takes(text: str, point: tuple[float, float]) -> None:
    found: dict[str, Any] = {}
    exec(text, {"sin": math.sin}, found)  # noqa: S102 - a text of this module
    value, gradient = ours(text, list(map(np.float64, point)))
    step = 1e-6
    slopes = [
        (found["f"](point[0] + a, point[1] + b) - found["f"](point[0] - a, point[1] - b)) / (2 * step)
        for a, b in ((step, 0), (0, step))
    ]
    assertions.assert_close(value, found["f"](*point), 1e-14, 1e-14)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sum(x**i, (i, 1, 4))", lambda x: x + x**2 + x**3 + x**4),
        ("Product(x + k, (k, 1, 3))", lambda x: (x + 1) * (x + 2) * (x + 3)),
        (
            "sympy.Sum(x*i*j, (i, 1, j), (j, 1, 3))",
            lambda x: x * sum(i * j for j in (1, 2, 3) for i in range(1, j + 1)),
        ),
        ("summation(x, (i, 3, 2))", lambda x: 0 * x),
        ("Sum(i*x, (i, 5, 2))", lambda x: -x * (3 + 4)),  # Karr's convention, as SymPy's doit
        ("Product(x*i, (i, 5, 2))", lambda x: 1 / (12 * x**2)),
    ],
)
def test_a_series_is_sympys(text: str, expected: Any) -> None:
    x = 0.7
    slope = (expected(x + 1e-6) - expected(x - 1e-6)) / 2e-6
    value, gradient = ours(text, [np.float64(x)]) if "3, 2" not in text else (0.0, [0.0])
    assertions.assert_close(value, expected(x), 1e-13, 1e-13)
    assertions.assert_close(gradient[0], slope, 1e-7, 1e-8)


REFUSED: list[tuple[str, tuple[int, ...], str]] = [
    ("X[4] + sum(X)", (4,), "bad_shape"),
    ("X[-5] + sum(X)", (4,), "bad_shape"),
    ("X[0, 0] + sum(X)", (4,), "bad_shape"),
    ("X[::0]", (4,), "bad_shape"),
    ("X @ X", (2, 3), "bad_shape"),
    ("np.sum(X, axis=2)", (2, 3), "bad_shape"),
    ("np.linalg.det(X)", (2, 3), "bad_shape"),
    ("np.reshape(X, (4, 4))", (2, 3), "bad_shape"),
    ("sum(X + np.ones(5))", (4,), "bad_shape"),
    ("np.concatenate([X, np.ones((2, 2))])", (4,), "bad_shape"),
    ("np.array([[1, 2], [3]]) @ X", (2,), "bad_shape"),
    ("max(X[4:])", (4,), "bad_shape"),
    ("sum(x for x in X[0])", (4,), "bad_shape"),
    ("sum(X, axes=0)", (4,), "syntax_error"),
    ("np.sum(X, 0, axis=0)", (4,), "syntax_error"),
    ("X[0] * sum([1, 2] * [3, 4])", (4,), "syntax_error"),
    ("X[X > 0]", (4,), "syntax_error"),
    ("[(x, x) for x in X if x > 0][0][0]", (4,), "syntax_error"),
    ("a, b = X", (2,), "syntax_error"),
    ("def f(X):\n    a, b, c = X\n    return a", (2,), "syntax_error"),
    ("X[1:][2**63]", (4,), "bad_shape"),
    ("np.sum(X, axis=2**31)", (4,), "too_complex"),
    ("np.take(X, 10**30)", (4,), "bad_shape"),
    ("np.diff(X, -1)", (4,), "bad_shape"),
    ("np.linalg.multi_dot(X[4:])", (4,), "bad_shape"),
    ("np.arange(inf) @ X", (4,), "bad_shape"),
    ("np.arange(0, 1, 0.0) @ X", (4,), "bad_shape"),
    ("X.values", (4,), "unknown_name"),
    ("(X + 1).shape.values", (4,), "unknown_name"),
]


@pytest.mark.parametrize(("text", "shape", "code"), REFUSED)
def test_what_does_not_fit_is_refused(text: str, shape: tuple[int, ...], code: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text, shapes=[shape])
    assert caught.value.code == code


COSTLY = [
    "sum(x for i in range(10**9))",
    "sum(i for i in range(10**9)) * x",
    "sum(x for i in range(10**30))",
    "np.zeros(10**12)[0] + x",
    "np.sum(np.ones((10**4, 10**4))) * x",
    "np.tile(np.tile(np.ones(1000), 1000), 1000)[0] * x",
    "np.sum(np.outer(np.ones(60000), np.ones(60000))) * x",
    "sum(sum(sum(x*i*j*k for i in range(1000)) for j in range(1000)) for k in range(1000))",
    "Sum(x, (i, 1, 10**18))",
    "np.kron(np.kron(np.eye(100), np.eye(100)), np.eye(100))[0, 0] * x",
    "np.linalg.matrix_power(np.eye(64) * x, 64)[0, 0]",
    "sum(np.linspace(0, 1, 10**9)) * x",
    "np.arange(0, 1, 1e-12)[0] * x",
    "np.repeat(x, 10**10)[0]",
    "np.sum(np.broadcast_to(x, (10**6, 10**6)))",
    "np.sum(np.sort(np.arange(5000)*x))",
    "len(list(range(10**15))) * x",
    "np.ones((1, 1, 1, 1, 1, 1, 1, 1, 1))[0] * x",
    "np.ones(4)[None,None,None,None,None,None,None,None,None] * x",
    "def f(x):\n" + "".join(f"{'    ' * (d + 1)}for i{d} in range(40):\n" for d in range(8)) + "    " * 9
    + "x = x*i0 + 1\n    return x",
    "def f(x):\n" + "".join(f"    if x > {i}:\n        if x > {i}.5:\n            return {i}\n" for i in range(40))
    + "    return x",
]  # fmt: skip
CHEAP = [
    "sum(sum(sum(x for i in range(1000)) for j in range(1000)) for k in range(1000))",
    *[f"{word.format(nothing)} * x" for word in OF_NOTHING for nothing in NOTHING],
]


@pytest.mark.parametrize("text", COSTLY)
def test_what_would_cost_too_much_is_refused_before_it_is_paid(text: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.read(text, ["x"]).at([()], whole=False)
    assert caught.value.code in {"too_complex", "bad_shape"}


@pytest.mark.parametrize("text", CHEAP)
def test_what_is_large_by_its_shape_alone_costs_little_or_is_refused(text: str) -> None:
    start = time.process_time()
    for whole in (True, False):
        with contextlib.suppress(errors.Rejected):
            parse.read(text, ["x"]).at([()], whole=whole)
    assert time.process_time() - start < 1.0


EVERY = (*arrays.FUNCTIONS, *array_texts.FUNCTIONS, *jax_texts.FUNCTIONS, *ufuncs.FUNCTIONS)
ODD = [
    *["2**31", "-(2**63)", "10**30", "-1", "0", "1/3", "inf", "nan"],
    *["None", "True", "[]", "[[]]", "[1, [2]]", "x", "X", "X[4:]"],
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("word", EVERY, ids=lambda word: word.names[0])
def test_a_word_takes_whatever_stands_for_each_parameter_or_refuses_it(word: Word, odd: str) -> None:
    required = word.parameters[: word.arity[0]]
    for odd_one in word.parameters:
        operands = [odd if name == odd_one else "X" for name in required]
        keywords = [f"{odd_one}={odd}"] if odd_one not in required else []
        for text in (f"{word.names[0]}({', '.join(operands + keywords)})", f"{word.names[0]}({odd}, {odd})"):
            with contextlib.suppress(errors.Rejected):
                expression = parse.read(text, ["x", "X"]).at([(), (4,)])
                (recording.record if expression.whole else tape.record_cells)(expression)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("sum(X**2)", "lambda X: jnp.sum( X**2 )"),
        ("sum(X**2)", "def f(X):\n    return np.sum(X**2)"),
        ("sum(x*2 for x in X)", "sum((2.0*0 + y*2) for y in X)".replace("2.0*0 + ", "")),
        ("Sum(X[i]*len(X), (i, 0, 1))", "Sum(X[j]*len(X), (j, 0, 1))"),
    ],
)
def test_texts_that_read_alike_have_one_identity(text: str, same: str) -> None:
    assert parse.read(text).identity == parse.read(same).identity != ""


@pytest.mark.parametrize("other", ["sum(X**3)", "sum(Y**2)", "mean(X**2)", "sum(X**2, axis=0)", "sum(X**2.5)"])
def test_texts_that_read_otherwise_have_another(other: str) -> None:
    assert parse.read("sum(X**2)").identity != parse.read(other).identity


def test_a_list_of_expressions_is_a_function_of_several_values() -> None:
    program = parse.parse(["x*y", "x + y", "sin(x)"], shapes=[(), ()])
    assert program.args == ("x", "y")
    assert program.shape == (3,)
    assert len(tape.record_cells(program)) == 3


def test_an_error_in_a_list_of_expressions_says_in_which_and_where() -> None:
    with pytest.raises(errors.UnknownName) as caught:
        parse.read(["x*y", "x + zin(y)"])
    assert caught.value.field == "expression.1"
    assert caught.value.position == errors.TextPosition(1, 5, 4)


@pytest.mark.parametrize(
    "text",
    [
        "sum(X)",
        "np.sum(np.arange(3) * X)",
        "np.where(np.arange(3) > 1, x, 0)",
        "[1, 2, 3][i] * x",
        "sum([x, y])",
        "X[i]",
    ],
)
def test_an_argument_that_may_be_an_array_needs_a_shape(text: str) -> None:
    assert parse.read(text).expression is None


@pytest.mark.parametrize(
    ("text", "ranks"),
    [
        ("norm([2*x, 3*y])", (0, 0)), ("np.linalg.det(np.array([[x*1, 2], [3, y*1]]))", (0, 0)),
        ("np.eye(2)[1, 1] * x", (0,)), ("X[1] * np.mean([X[0]*2, X[2]*3])", (1,)),
        ("np.sum(np.arange(3)) * x + Y[0, 1]", (0, 2)),
    ],
)  # fmt: skip
def test_arrays_of_numbers_need_no_shapes(text: str, ranks: tuple[int, ...]) -> None:
    assert parse.read(text).ranks == ranks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X @ np.array([1/3, 2, pi])", "v0[0]*(1/3) + v0[1]*2 + v0[2]*pi"),
        ("where(np.array([True, False, True]), X, 1/X)[1] + X[0]", "v0[0] + 1/v0[1]"),
        ("sum(X[0]*k**i for i in range(0, 400, 200))", "v0[0]*v1**0 + v0[0]*v1**200"),
        ("np.sum(np.convolve(X, [1, 1])[:1])", "1*v0[0]"),
        ("np.any(X > 1) * X[0]", "v0[0]*Piecewise((1, (v0[0] > 1) | (v0[1] > 1) | (v0[2] > 1)), (0, True))"),
    ],
)
def test_the_numbers_of_an_array_are_written_as_the_text_writes_them(text: str, expected: str) -> None:
    function = parse.read(text)
    root = function.at([(3,), ()][: len(function.args)], whole=False).root
    assert sorted(str(root)) == sorted(expected)


def test_an_index_out_of_range_in_a_long_loop_is_refused_only_if_it_is_used() -> None:
    with pytest.raises(errors.BadShape) as caught:
        parse.read("sum(X) * sum(X[i+1]*sin(i*i) for i in range(100))").at([(4,)], whole=False)
    assert caught.value.position is not None
    parse.read("sum(X) * sum(X[i]*sin(i*i) if i < 4 else 0 for i in range(100))").at([(4,)], whole=False)
