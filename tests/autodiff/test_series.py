"""Derivatives of high order by power series, against mpmath at many digits and against JAX differentiated again."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.typing import NDArray

from app.autodiff import table
from app.autodiff.series import precise
from app.engine import points
from app.engine.derivatives import taylor
from app.engine.functions import functions
from app.engine.query import WorkLimits
from app.language import parse
from app.language.vocabulary import words
from tests.support import mpmath_functions

Array = NDArray[np.float64]
Exact = Callable[[Any], Any]

_DIGITS = 40
_RELATIVE = 1e-10


def derived(text: str, point: Any, args: Sequence[str] | None = None, **fields: Any) -> list[Array]:
    """Return what the engine derives of a text at a point."""
    function = functions.Function(parse.read(text, args))
    bound = points.bind(point, function.args, function.ranks, None)
    specialization = function.specialize(bound.shapes)
    return taylor.TaylorTask(taylor.TaylorQuery(**fields), function, specialization, bound, WorkLimits()).run().by_order


def exact(function: Exact, order: int, digits: int = _DIGITS) -> list[Any]:
    """Return the derivatives of a function of t at 0, by differences at many digits."""
    with mp.workdps(digits):
        return [mpf(c) * mp.factorial(k) for k, c in enumerate(mp.taylor(function, mpf(0), order))]


def assert_close(found: Sequence[Any], expected: Sequence[Any], relative: float = _RELATIVE) -> None:
    for order, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert abs(mpf(float(one)) - other) <= relative * abs(other) + mpf(10) ** -25, (order, one, mp.nstr(other, 17))


def _iterated(x: Any) -> Any:
    a = x
    for _ in range(5):
        a = mp.sin(a) + x
    return a


FUNCTIONS: list[tuple[str, Exact, float]] = [
    ("exp(sin(x*x))/(1 + exp(-3*x))", lambda x: mp.exp(mp.sin(x * x)) / (1 + mp.exp(-3 * x)), 0.75),
    ("x**x", lambda x: x**x, 1.25),
    ("x**2.5 + (1 + x)**-3", lambda x: x ** mpf("2.5") + (1 + x) ** -3, 0.5),
    ("sqrt(1 + x**2)*atan(x)", lambda x: mp.sqrt(1 + x * x) * mp.atan(x), 0.5),
    ("log(1 + x**2)/(2 + cos(x))", lambda x: mp.log(1 + x * x) / (2 + mp.cos(x)), -0.75),
    ("tanh(x)**3", lambda x: mp.tanh(x) ** 3, 0.25),
    ("besselj(2, x)*erf(x)", lambda x: mp.besselj(2, x) * mp.erf(x), 1.5),
    ("lambertw(x)", mp.lambertw, 0.75),
    ("x*exp(-x**2/2)", lambda x: x * mp.exp(-x * x / 2), 2.5),
    ("a = x\nfor i in range(5):\n    a = sin(a) + x\na", _iterated, 0.75),
    ("where(x > 0, x**3, sqrt(x))", lambda x: x**3, 0.5),
    ("where(x > 0, log(x), x**4)", lambda x: x**4, -0.5),
]


@pytest.mark.parametrize(("text", "function", "at"), FUNCTIONS, ids=[text for text, _, _ in FUNCTIONS])
def test_derivatives_to_order_20_are_those_of_many_digits(text: str, function: Exact, at: float) -> None:
    found = derived(text, [at], ["x"], order=20)
    assert_close(found, exact(lambda t: function(mpf(at) + t), 20))


def _by_arb(function: Callable[[Any], Any], at: float, order: int) -> list[Any]:
    """Return derivatives by power series of Arb, at 300 bits."""
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = 300, order + 1
    try:
        found = function(flint.arb_series([at, 1]))
        return [mpf(found[k].mid().str(40, radius=False)) * mp.factorial(k) for k in range(order + 1)]
    finally:
        flint.ctx.prec, flint.ctx.cap = before


CANCEL: list[tuple[str, Callable[[Any], Any], float]] = [
    ("rgamma(x)", lambda x: x.rgamma(), 0.3),
    ("rgamma(x)", lambda x: x.rgamma(), -2.3),
    ("gamma(x)", lambda x: x.gamma(), 5.25),
    ("lgamma(x)", lambda x: x.lgamma(), 1.7),
    ("erfi(x)", lambda x: x.erfi(), 5.25),
    ("erfcx(x)", lambda x: (x * x).exp() * x.erfc(), 2.5),
    ("dawsn(x)", lambda x: (-x * x).exp() * x.erfi() * flint.arb.pi().sqrt() / 2, 5.25),
    ("beta(x, 0.25)", lambda x: x.gamma() * flint.arb(0.25).gamma() / (x + flint.arb(0.25)).gamma(), 2.5),
    ("x*log(x) - x*log(x + 1e-9)", lambda x: x * x.log() - x * (x + flint.arb(1e-9)).log(), 3.0),
    ("exp(x)*exp(-x)*x**3", lambda x: x * x * x, 2.25),
    ("sin(10*x)*exp(-x**2)", lambda x: (10 * x).sin() * (-x * x).exp(), 3.0),
    ("gammainc(0.5, x)", lambda x: (x.sqrt()).erf(), 1.75),
]


@pytest.mark.parametrize(("text", "function", "at"), CANCEL, ids=[f"{text} at {at}" for text, _, at in CANCEL])
def test_terms_that_cancel_cost_no_digits(text: str, function: Callable[[Any], Any], at: float) -> None:
    found = derived(text, [at], ["x"], order=20)
    assert_close(found, _by_arb(function, at, 20), 1e-13)


def test_what_cancels_altogether_is_zero() -> None:
    assert [float(x) for x in derived("sin(x)**2 + cos(x)**2", [0.75], order=12)] == [1.0] + [0.0] * 12
    assert float(derived("1 + 1e-40*sin(x) + (1 - sin(x)**2 - cos(x)**2)", [0.0], order=1)[1]) == 1e-40


def test_words_of_many_digits_are_words_of_the_table() -> None:
    assert set(precise._PLAIN) | set(precise._BOUNDED) <= set(table.TABLE)
    assert not set(precise._PLAIN) & set(precise._BOUNDED)
    assert set(precise.ROWS) == set(table.TABLE)


def test_a_power_of_zero_and_a_polynomial_have_exact_derivatives() -> None:
    assert [float(x) for x in derived("x**3", [0.0], order=6)] == [0, 0, 0, 6, 0, 0, 0]
    assert [float(x) for x in derived("(x - 1)**2*x", [1.0], order=5)] == [0, 0, 2, 6, 0, 0]
    assert [float(x) for x in derived("x**y", [0.0, 2.0], direction={"x": 1}, order=4)] == [0, 0, 2, 0, 0]


def test_kinks_and_ties_are_those_of_jax() -> None:
    def tied(x: Any) -> Any:
        return jnp.maximum(x * x, x) * jnp.abs(x - 1) + jnp.minimum(x, 1.0)

    expected = nested(tied, 1.0, 1.0, 2)
    found = derived("maximum(x*x, x)*abs(x - 1) + minimum(x, 1.0)", [1.0], order=2)
    assert [float(x) for x in found] == pytest.approx([float(x) for x in expected], rel=1e-14)


def test_a_branch_that_is_not_taken_adds_nothing() -> None:
    found = derived("where(x > 0, 1/x, x**2)", [0.0], order=3)
    assert [float(x) for x in found] == [0.0, 0.0, 2.0, 0.0]
    assert [float(x) for x in derived("where(x < 1, x, x*log(x - 1))", [1e-3], order=3)] == [1e-3, 1.0, 0.0, 0.0]


def _moved(function: Callable[[Any], Any], t: Any) -> Any:
    return jax.jvp(function, (t,), (1.0,))[1]


def nested(function: Callable[[Any], Any], at: Any, direction: Any, order: int) -> list[Any]:
    """Return derivatives along a direction by un-jitted JAX, forward mode over itself."""
    start, rate = jnp.asarray(at, jnp.float64), jnp.asarray(direction, jnp.float64)
    current: Callable[[Any], Any] = lambda t: function(start + t * rate)  # noqa: E731 - it is replaced
    found = []
    for _ in range(order + 1):
        found.append(current(0.0))
        current = functools.partial(_moved, current)
    return found


def _determinant(x: Any) -> Any:
    return sum(
        x[0, i] * (x[1, (i + 1) % 3] * x[2, (i + 2) % 3] - x[1, (i + 2) % 3] * x[2, (i + 1) % 3]) for i in range(3)
    )


MATRIX = np.array([[2.0, 0.5, -0.25], [0.75, 3.0, 0.5], [-0.5, 0.25, 1.5]])
TURN = np.array([[0.25, 1.0, 0.5], [-0.75, 0.5, 0.25], [1.0, -0.5, 0.75]])
VECTOR, STEP = np.array([0.5, 1.25, -0.75, 2.0]), np.array([1.0, -0.5, 0.25, 0.75])

ARRAYS: list[tuple[str, Callable[[Any], Any], Array, Array]] = [
    ("sum(sin(x)*x[::-1])", lambda x: jnp.sum(jnp.sin(x) * x[::-1]), VECTOR, STEP),
    ("cumsum(x**2)*exp(x)", lambda x: jnp.cumsum(x**2) * jnp.exp(x), VECTOR, STEP),
    ("max(x)*min(x) + sort(x)[1]", lambda x: jnp.max(x) * jnp.min(x) + jnp.sort(x)[1], VECTOR, STEP),
    ("max(x*x)", lambda x: jnp.max(x * x), np.array([1.0, -1.0, 0.5]), np.array([1.0, 2.0, 3.0])),
    ("x[[0, 2, 2]]*x[1]", lambda x: x[jnp.array([0, 2, 2])] * x[1], VECTOR, STEP),
    ("concatenate([x, tanh(x)])", lambda x: jnp.concatenate([x, jnp.tanh(x)]), VECTOR, STEP),
    ("softmax(x)", jax.nn.softmax, VECTOR, STEP),
    ("where(x > 0, log(x), x**3)", lambda x: jnp.where(x > 0, jnp.log(jnp.abs(x)), x**3), VECTOR, STEP),
    ("X @ X.T @ X", lambda x: x @ x.T @ x, MATRIX, TURN),
    ("np.einsum('ij,jk->ik', X, sin(X))", lambda x: x @ jnp.sin(x), MATRIX, TURN),
    ("np.linalg.inv(X)", jnp.linalg.inv, MATRIX, TURN),
    ("np.linalg.solve(X, X[0])", lambda x: jnp.linalg.solve(x, x[0]), MATRIX, TURN),
    ("np.linalg.det(X)", _determinant, MATRIX, TURN),
    ("np.linalg.slogdet(X)[1]", lambda x: jnp.log(jnp.abs(_determinant(x))), MATRIX, TURN),
    ("np.linalg.cholesky(X @ X.T)", lambda x: jnp.linalg.cholesky(x @ x.T), MATRIX, TURN),
    ("np.linalg.eigvalsh(X + X.T)", lambda x: jnp.linalg.eigvalsh(x + x.T), MATRIX, TURN),
    ("np.linalg.norm(X)", jnp.linalg.norm, MATRIX, TURN),
    ("np.trace(X)*np.prod(np.diag(X))", lambda x: jnp.trace(x) * jnp.prod(jnp.diag(x)), MATRIX, TURN),
    ("logsumexp(x)", jax.scipy.special.logsumexp, VECTOR, STEP),
]


@pytest.mark.parametrize(
    ("text", "function", "at", "along"),
    [
        pytest.param(*case, id=case[0], marks=[] if index == 0 else [pytest.mark.slow])
        for index, case in enumerate(ARRAYS)
    ],
)
def test_functions_of_arrays_have_the_derivatives_of_jax(
    text: str, function: Callable[[Any], Any], at: Array, along: Array
) -> None:
    expected = [np.asarray(each) for each in nested(function, at, along, 3)]
    size = max(1, -(-30 // at.size))  # more than a few numbers are kept whole
    whole = f"def f(X, pad):\n    x = X\n    return {text}"
    for padding in (0, 24 * size):
        found = derived(whole, [at.tolist(), [0.0] * (padding + 1)], order=3, direction={"X": along.tolist()})
        for order, (one, other) in enumerate(zip(found, expected, strict=True)):
            scale = np.max(np.abs(other))
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-11 * scale, err_msg=f"{order} {padding}")


def _mp(matrix: Array, along: Array, t: Any) -> Any:
    return mp.matrix(matrix.tolist()) + t * mp.matrix(along.tolist())


SYMMETRIC, EVEN = MATRIX + MATRIX.T, TURN + TURN.T
MATRICES: list[tuple[str, Exact, Array, Array]] = [
    ("np.linalg.inv(X)[0, 1]", lambda a: mp.inverse(a)[0, 1], MATRIX, TURN),
    ("np.linalg.solve(X, y)[2]", lambda a: mp.lu_solve(a, mp.matrix([1, 2, 3]))[2], MATRIX, TURN),
    ("np.linalg.solve(X, X[0])[1]", lambda a: mp.lu_solve(a, a[0, :].T)[1], MATRIX, TURN),
    ("np.linalg.det(X)", mp.det, MATRIX, TURN),
    ("np.linalg.slogdet(X)[1]", lambda a: mp.log(mp.det(a)), MATRIX, TURN),
    ("np.linalg.cholesky(X)[2, 1]", lambda a: mp.cholesky(a)[2, 1], SYMMETRIC, EVEN),
    ("np.linalg.eigvalsh(X)[1]", lambda a: mp.eigsy(a, eigvals_only=True)[1], SYMMETRIC, EVEN),
    ("exp(np.linalg.det(X)/9)", lambda a: mp.exp(mp.det(a) / 9), np.ones((3, 3)), TURN),
]


@pytest.mark.parametrize(("text", "function", "at", "along"), MATRICES, ids=[text for text, *_ in MATRICES])
def test_linear_algebra_has_the_derivatives_of_many_digits(text: str, function: Exact, at: Array, along: Array) -> None:
    order = 12
    expected = exact(lambda t: function(_mp(at, along, t)), order)
    for padding in (0, 30):
        whole = f"def f(X, pad):\n    y = np.array([1.0, 2.0, 3.0])\n    return {text}"
        found = derived(whole, [at.tolist(), [0.0] * (padding + 1)], order=order, direction={"X": along.tolist()})
        assert_close(found, expected)


def test_loops_of_arrays_are_run_over_series() -> None:
    text = "def f(X, n):\n    x = X\n    for i in range(40):\n        x = x + 0.1*sin(x)*X\n    return sum(x)"

    def function(t: Any) -> Any:
        start = [mpf(a) + t * mpf(b) for a, b in zip(VECTOR.tolist(), STEP.tolist(), strict=True)]
        x = list(start)
        for _ in range(40):
            x = [a + mpf("0.1") * mp.sin(a) * b for a, b in zip(x, start, strict=True)]
        return mp.fsum(x)

    expected = exact(function, 8)
    for padding in (1, 40):
        found = derived(text, [VECTOR.tolist(), [0.0] * padding], order=8, direction={"X": STEP.tolist()})
        # 0.1 is not a tenth
        assert_close(found, expected, 1e-12)


MIXED: list[tuple[str, Callable[..., Any], list[float], list[int]]] = [
    ("exp(x*y)*sin(x + 2*y)", lambda x, y: mp.exp(x * y) * mp.sin(x + 2 * y), [0.5, 0.75], [4, 4]),
    ("x**y", lambda x, y: x**y, [1.5, 2.5], [4, 3]),
    ("1/(1 + x*x + y*y + z)", lambda x, y, z: 1 / (1 + x * x + y * y + z), [0.5, 0.25, 1.0], [3, 2, 3]),
    ("hypot(x, y)*atan2(x, y)", lambda x, y: mp.hypot(x, y) * mp.atan2(x, y), [1.0, 2.0], [3, 5]),
    ("gammainc(a, x)", lambda a, x: mp.gammainc(a, 0, x) / mp.gamma(a), [1.5, 2.0], [1, 3]),
]


@pytest.mark.parametrize(("text", "function", "at", "orders"), MIXED, ids=[text for text, *_ in MIXED])
def test_mixed_derivatives_are_those_of_many_digits(
    text: str, function: Callable[..., Any], at: list[float], orders: list[int]
) -> None:
    found = derived(text, at, orders=orders)[1]
    with mp.workdps(60):
        expected = mp.diff(function, tuple(at), tuple(orders))
    assert_close([found], [expected])


def test_mixed_derivatives_of_order_20_are_exact() -> None:
    x, y, i, j = 0.75, 1.25, 12, 8
    found = derived("log(x + 2*y)", [x, y], orders=[i, j])[1]
    assert_close([found], [-mp.factorial(19) * 2**j / mpf(x + 2 * y) ** 20], 1e-13)
    found = derived("1/(4 - x*y)", [x, y], orders=[1, 19])[1]
    # x**19 * 19! / (4 - x*y)**20, once more by x
    expected = mp.factorial(19) * (
        19 * mpf(x) ** 18 / mpf(4 - x * y) ** 20 + 20 * mpf(x) ** 19 * y / mpf(4 - x * y) ** 21
    )
    assert_close([found], [expected], 1e-13)


def test_orders_of_one_argument_are_derivatives_along_it() -> None:
    text, point = "x*exp(sin(x*y)) + y", [0.5, 1.5]
    along = derived(text, point, order=6, direction={"x": 1.0})
    for order in range(7):
        assert derived(text, point, orders={"x": order})[1] == pytest.approx(float(along[order]), rel=1e-13)


_AT = (0.625, 1.375)
_SAMPLE = {"sin", "tanh", "gamma", "erfcx", "asinh", "gelu", "lgamma", "rgamma", "expm1", "cbrt", "erfi"}
_NO_REFERENCE = {"k0e", "k1e", "k1", "y1", "clausen"}
"""Words whose reference takes for ever at many digits."""
WORDS = [
    word.names[0]
    for word in words.ALL
    if word.kind == "elementwise" and word.arity[0] == 1 and word.names[0] in mpmath_functions.names() - _NO_REFERENCE
]


def _from(function: Exact, at: float, t: Any) -> Any:
    return function(mpf(at) + t)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in _SAMPLE else [pytest.mark.slow]) for name in WORDS]
)
def test_every_word_of_one_number_has_its_derivatives_to_order_8(name: str) -> None:
    function, tried = mpmath_functions.function(name), 0
    for at in (*_AT, 0.25, -_AT[0], 4.5, 3.0):
        try:
            expected = exact(functools.partial(_from, function, at), 8, 25)
        except (ValueError, TypeError, ZeroDivisionError, NotImplementedError):
            continue  # outside its domain
        assert_close(derived(f"{name}(x)", [at], ["x"], order=8), expected, 1e-11)
        tried += 1
        if tried == len(_AT):
            return
    raise AssertionError("no two points are in the domain")
