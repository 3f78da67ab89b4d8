import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, lax

from app.autodiff import reverse, table
from app.autodiff.namespaces import jax_words
from tests.support import assertions, float_tapes
from tests.support.tiers import by_row, compiled

INF, LOG = math.inf, math.log(0.5)


def instructions(text: str) -> int:
    """Return how many primitive operations JAX is asked for, for value and gradient."""
    structure = float_tapes.recorded(text).tape
    vector = jax.ShapeDtypeStruct((structure.inputs + structure.constants,), jnp.float64)
    return len(jax.make_jaxpr(reverse.packed(structure, "grad"))(vector).eqns)


def gradient(text: str, *point: float) -> tuple[float, list[float]]:
    """Return value and gradient by every argument, compiled."""
    value, found = compiled(text, None, list(point))
    return value, found


def in_jax(function: Callable[..., Array], *point: float) -> list[float]:
    grads = jax.grad(function, argnums=tuple(range(len(point))))(*map(jnp.float64, point))
    return [float(grad) for grad in grads]


# Branches


@pytest.mark.parametrize(
    ("text", "point", "value", "slope"),
    [
        ("where(x > 0, sqrt(x), 0.0)", 0.0, 0.0, 0.0),
        ("where(x > 0, sqrt(x), 0.0)", -4.0, 0.0, 0.0),
        ("where(x > 0, sqrt(x), 0.0)", 4.0, 2.0, 0.25),
        ("where(x > 0, log(x), -inf)", 0.0, -INF, 0.0),
        ("where(x > 0, log(x), x)", -2.0, -2.0, 1.0),
        ("where(x != 0, sin(x)/x, 1)", 0.0, 1.0, 0.0),
        ("where(x > 0, x*log(x), 0)", 0.0, 0.0, 0.0),
        ("where(x > 0, x**1.5, 0)", -1.0, 0.0, 0.0),
        ("where(x > 0, 1/x, x**2)", 0.0, 0.0, 0.0),
        ("where(x < 100, exp(x), 0)", 1000.0, 0.0, 0.0),
        ("where(x < 1, exp(exp(exp(x*1000))), x)", 3.0, 3.0, 1.0),
        ("where(x > 0, acosh(x), x) + where(x > 0, x, asin(x - 5))", 2.0, math.acosh(2) + 2, 1 / math.sqrt(3) + 1),
        ("sqrt(x) if x > 0 else -sqrt(-x)", -4.0, -2.0, 0.25),
        ("Piecewise((log(x), x > 1), (sqrt(x), x > 0), (x**3, True))", -2.0, -8.0, 12.0),
        ("Piecewise((log(x), x > 1), (sqrt(x), x > 0), (x**3, True))", 0.25, 0.5, 1.0),
        ("where(x > 0, where(x > 4, log(x - 4), sqrt(x)), 1.5*x)", -1.0, -1.5, 1.5),
        ("where(x > 0, where(x > 4, log(x - 4), sqrt(x)), 1.5*x)", 4.0, 2.0, 0.25),
        ("where(x > 0, 0.0, where(x < -1, sqrt(-x), acosh(x)))", 1.0, 0.0, 0.0),
        ("def f(x):\n    r = sqrt(x)\n    return where(x > 0, r, 0) + where(x > 0, 0, 2*x)", -1.0, -2.0, 2.0),
        ("def f(x):\n    r = log(x)\n    return where(x > 0, r*r, x) + where(x > 1, r, 0)", -1.0, -1.0, 1.0),
        ("def f(x):\n    r = log(x)\n    return where(x > 0, r*r, x) + where(x > 1, r, 0)", math.e, 2.0, 3 / math.e),
        # One use of r is in a branch taken, the other is not, whichever of the two the sweep meets first.
        ("def f(x):\n    r = log(x)\n    return where(x > 0, r*r, x) + where(x > 1, r, 0)", 0.5, LOG**2, 4 * LOG),
        ("def f(x):\n    r = log(x)\n    return where(x > 1, r, 0) + where(x > 0, r*r, x)", 0.5, LOG**2, 4 * LOG),
        ("where((x > 0) & (x < 1), sqrt(x*(1 - x)), 0)", 2.0, 0.0, 0.0),
        ("where(isbad, 0, sqrt(x))".replace("isbad", "x < 0"), -1.0, 0.0, 0.0),
        ("relu(x)", -3.0, 0.0, 0.0),
        ("elu(x)", 1000.0, 1000.0, 1.0),
        ("selu(x)", 800.0, 1.0507009873554804934 * 800, 1.0507009873554804934),
        ("squareplus(x)", -1e5, 1e-5, 1e-10),
    ],
)
def test_a_branch_not_taken_never_poisons_the_gradient(text: str, point: float, value: float, slope: float) -> None:
    found, slopes = gradient(text, point)
    assertions.assert_close(found, value, 1e-9)
    assertions.assert_close(slopes, [slope], 1e-9)


def test_a_branch_not_taken_never_poisons_a_batch() -> None:
    points = [-4.0, -1.0, 0.0, 1.0, 4.0]
    values, slopes = compiled("where(x > 0, sqrt(x), 0.0)", None, points, in_axes=0)
    assert values == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert slopes == [[0.0, 0.0, 0.0, 0.5, 0.25]]


def test_a_branch_taken_passes_its_nan_on() -> None:
    value, slopes = gradient("where(x < 0, sqrt(x), 0.0)", -4.0)
    assert math.isnan(value)
    assert math.isnan(slopes[0])


def test_a_condition_has_no_gradient() -> None:
    assert gradient("where(x > y, 3*x, 2*y)", 2.0, 1.0) == (6.0, [3.0, 0.0])
    assert gradient("(x > y)", 2.0, 1.0) == (1.0, [0.0, 0.0])


# Kinks and edges: what jax.grad says, on the JAX that is installed

KINKS: dict[str, tuple[Callable[..., Array], list[tuple[float, ...]]]] = {
    "abs(x)": (jnp.abs, [(0.0,), (-0.0,), (-2.0,)]),
    "sign(x)": (jnp.sign, [(0.0,), (2.0,)]),
    "max(x, y)": (jnp.maximum, [(1.0, 1.0), (0.0, 0.0), (2.0, 1.0)]),
    "min(x, y)": (jnp.minimum, [(1.0, 1.0), (-1.0, 3.0)]),
    "max(x, 0)": (lambda x: jnp.maximum(x, 0.0), [(0.0,)]),
    "clip(x, -1, 1)": (lambda x: jnp.clip(x, -1.0, 1.0), [(-1.0,), (1.0,), (0.5,), (2.0,)]),
    "relu(x)": (jax.nn.relu, [(0.0,), (1.0,)]),
    "relu6(x)": (jax.nn.relu6, [(0.0,), (6.0,), (3.0,)]),
    "elu(x)": (jax.nn.elu, [(0.0,)]),
    "leaky_relu(x)": (jax.nn.leaky_relu, [(0.0,)]),
    "hard_tanh(x)": (jax.nn.hard_tanh, [(-1.0,), (1.0,), (0.0,)]),
    "hard_sigmoid(x)": (jax.nn.hard_sigmoid, [(-3.0,), (3.0,)]),
    "hard_silu(x)": (jax.nn.hard_silu, [(-3.0,), (3.0,)]),
    "soft_sign(x)": (jax.nn.soft_sign, [(0.0,)]),
    "floor(x)": (jnp.floor, [(1.0,), (1.5,)]),
    "ceil(x)": (jnp.ceil, [(1.0,)]),
    "round(x)": (jnp.round, [(0.5,), (1.5,)]),
    "trunc(x)": (jnp.trunc, [(-1.0,)]),
    "sqrt(x)": (jnp.sqrt, [(0.0,)]),
    "cbrt(x)": (jnp.cbrt, [(0.0,)]),
    "1/x": (lambda x: 1 / x, [(0.0,)]),
    "log(x)": (jnp.log, [(0.0,)]),
    "sinc(x)": (jnp.sinc, [(0.0,)]),
    "logaddexp(x, y)": (jnp.logaddexp, [(0.0, 0.0), (1000.0, 1000.0)]),
    "atan2(x, y)": (jnp.arctan2, [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0)]),
    "x**y": (lax.pow, [(0.0, 2.0), (2.0, 0.0), (1.0, 1.0), (0.0, 1.0)]),
    "x**2": (lambda x: x**2, [(0.0,)]),
    "x**3": (lambda x: x**3, [(0.0,), (-2.0,)]),
    "x**-3": (lambda x: x**-3, [(-2.0,), (0.0,)]),
    "x**2.5": (lambda x: x**2.5, [(0.0,)]),
    "copysign(x, 2.0)": (lambda x: jnp.copysign(x, 2.0), [(3.0,), (-3.0,)]),
    "x % 2": (lambda x: jnp.mod(x, 2.0), [(3.0,), (-3.0,)]),
    "x % y": (jnp.mod, [(4.0, 2.0), (-7.5, 2.0), (7.5, -2.0)]),
    "fmod(x, y)": (jnp.fmod, [(-7.5, 2.0), (7.5, -2.0), (4.0, 2.0)]),
    "sigmoid(x)": (jax.nn.sigmoid, [(0.0,)]),
    "softplus(x)": (jax.nn.softplus, [(0.0,), (800.0,), (-800.0,)]),
    "xlogy(x, y)": (jax.scipy.special.xlogy, [(0.0, 2.0), (2.0, 3.0)]),
    "xlog1py(x, y)": (jax.scipy.special.xlog1py, [(0.0, 2.0), (2.0, 3.0)]),
}


@pytest.mark.parametrize("text", KINKS)
def test_kinks_are_as_jax_grad_has_them(text: str) -> None:
    function, points = KINKS[text]
    args = ("x", "y")[: len(points[0])]
    _, found = compiled(text, args, [list(column) for column in zip(*points, strict=True)], in_axes=0)
    for row, point in enumerate(points):
        assertions.assert_close(by_row(found, row), in_jax(function, *point))


def test_the_edges_of_logaddexp_are_finite() -> None:
    # A point has no infinities, a function of it may.
    assert gradient("logaddexp(log(x), y)", 0.0, 2.0)[0] == 2.0
    assert gradient("logaddexp(x, -inf)", 3.0) == (3.0, [1.0])
    assert gradient("logaddexp(x, inf)", 3.0) == (INF, [0.0])


@pytest.mark.parametrize("x", [-2.0, -0.5, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("text", ["x**0", "x**0.0", "x**(1 - 1)", "(x - 1)**0 * 1"])
def test_the_power_zero_has_gradient_zero_everywhere(text: str, x: float) -> None:
    assert gradient(text, x) == (1.0, [0.0])


@pytest.mark.parametrize("y", [0.5, 1.0, 3.0])
def test_zero_to_a_positive_power_has_gradient_zero(y: float) -> None:
    for text in ("0**x", "0.0**x", "0**(x**2)", "0**exp(x)"):
        assert gradient(text, y) == (0.0, [0.0])


NEGATIVE = [-2.5, -1.0, -0.3]


@pytest.mark.parametrize("n", [-3, -2, -1, 1, 2, 3, 4, 7])
@pytest.mark.parametrize("text", ["x**{}", "x**({}.0)"])
def test_an_integer_power_of_a_negative_number_has_its_gradient(text: str, n: int) -> None:
    values, slopes = compiled(text.format(n), None, NEGATIVE, in_axes=0)
    assertions.assert_close(values, [x**n for x in NEGATIVE], 1e-14)
    assertions.assert_close(slopes, [[n * x ** (n - 1) for x in NEGATIVE]], 1e-14)


def test_a_variable_power_of_a_negative_number_has_a_derivative_by_the_base_only() -> None:
    powers = [-3.0, 2.0, 3.0]
    values, (by_base, by_power) = compiled("x**n", None, [NEGATIVE, powers], in_axes=0)
    assertions.assert_close(values, [x**n for x, n in zip(NEGATIVE, powers, strict=True)], 1e-14)
    assertions.assert_close(by_base, [n * x ** (n - 1) for x, n in zip(NEGATIVE, powers, strict=True)], 1e-14)
    assert all(map(math.isnan, by_power))  # there is no real x**n beside an integer n


def test_a_fractional_power_of_a_negative_number_is_not_a_number() -> None:
    assert math.isnan(gradient("x**(1/3)", -8.0)[0])
    assertions.assert_close(gradient("cbrt(x)", -8.0), (-2.0, [1 / 12]), 1e-14)


@pytest.mark.parametrize(
    ("text", "expected"), [("max(x, x)", 1.0), ("max(x, x, x)", 1.0), ("min(x, x*1)", 1.0), ("x - x", 0.0)]
)
def test_a_tie_shares_the_adjoint(text: str, expected: float) -> None:
    assert gradient(text, 2.0)[1] == [expected]


def test_three_equal_operands_share_the_adjoint_as_a_left_fold_does() -> None:
    def fold(x: Array, y: Array, z: Array) -> Array:
        return jnp.maximum(jnp.maximum(x, y), z)

    assert gradient("max(x, y, z)", 1.0, 1.0, 1.0)[1] == in_jax(fold, 1.0, 1.0, 1.0)


# The sweep itself


@pytest.mark.parametrize("shape", [(), (5,)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_slot_keeps_shape_and_dtype(shape: tuple[int, ...], dtype: str) -> None:
    structure = float_tapes.recorded(
        "where(x > y, sin(x)**2, max(x, y, 0.5)*exp(y)) + x**(2/3) + abs(x) + floor(y)"
    ).tape
    leaves = [jnp.full(shape, 0.5 + k, dtype) for k in range(structure.inputs + structure.constants)]
    value, gradient = jax.eval_shape(lambda *leaves: reverse.value_and_grad(structure, leaves), *leaves)
    assert {(part.shape, str(part.dtype)) for part in (value, *gradient)} == {(shape, dtype)}


@pytest.mark.parametrize("opcode", table.CORE | table.SPECIAL)
def test_every_rule_keeps_shape_and_dtype_forward_and_backward(opcode: str) -> None:
    for dtype in ("float32", "float64"):
        operand = jax.ShapeDtypeStruct((3,), jnp.dtype(dtype))
        operands = [operand] * len(table.PULLBACKS[opcode])
        result = jax.eval_shape(jax_words.WORDS[opcode], *operands)
        assert (result.shape, result.dtype) == (operand.shape, operand.dtype)
        for pullback in table.PULLBACKS[opcode]:
            if pullback is not None:
                part = jax.eval_shape(functools.partial(pullback, jax_words.NAMESPACE), operand, operand, *operands)
                assert (part.shape, part.dtype) == (operand.shape, operand.dtype)


def test_packed_is_the_value_then_the_partials_in_the_order_of_the_leaves() -> None:
    recording = float_tapes.recorded("5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2")
    vector = jnp.array([1.0, 2.0, 3.0, *recording.constants])
    assert reverse.packed(recording.tape, "grad")(vector).tolist() == [92.0, 10.0, 24.0, 42.0]
    assert reverse.packed(recording.tape, "value")(vector).tolist() == [92.0]


def test_rows_are_the_points_one_by_one() -> None:
    recording = float_tapes.recorded("x*sin(y) + 2.5*x")
    constants = jnp.array(recording.constants)
    points = jnp.array([[0.3, -1.0, 2.0, 0.7], [1.0, 0.2, -0.4, 5.0]])
    rows = np.asarray(reverse.packed_rows(recording.tape, "grad")(points, constants))
    for column in range(4):
        vector = jnp.concatenate([points[:, column], constants])
        single = np.asarray(reverse.packed(recording.tape, "grad")(vector))
        np.testing.assert_allclose(rows[:, column], single, rtol=1e-14)


@pytest.mark.parametrize(
    "term", ["x*{k}", "sin(x*{k})", "where(x > {k}, x*{k}, y)", "max(x, y*{k})", "(x + {k})**3", "1/(x + {k})"]
)
def test_the_gradient_costs_in_proportion_to_the_function(term: str) -> None:
    def text(count: int) -> str:
        return " + ".join(term.format(k=f"{k}.5") for k in range(count)) + " + y"

    small, large = instructions(text(20)), instructions(text(80))
    assert large < 5 * small
    assert large < 20 * len(float_tapes.recorded(text(80)).tape.code)


def test_repeated_squaring_has_a_gradient_of_linear_cost() -> None:
    def text(count: int) -> str:
        return "def f(x):\n" + "    x = sin(x)*x\n" * count + "    return x"

    assert instructions(text(100)) < 5 * instructions(text(25))


def test_a_slot_that_does_not_vary_gets_no_adjoint() -> None:
    assert instructions("sin(2.5)*x") == instructions("2.5*x")


def test_every_partial_of_an_argument_that_is_not_used_is_zero() -> None:
    _, found = compiled("lambda x, Y, z: x**2", None, [3.0, [[1.0, 2.0], [3.0, 4.0]], 5.0])
    assert found == [6.0, [[0.0, 0.0], [0.0, 0.0]], 0.0]


def test_an_element_read_by_two_indices_gets_both_parts() -> None:
    _, found = compiled("X[0]**2 + 10*X[-3]", None, [1.0, 2.0, 3.0])
    assert found == [[12.0, 0.0, 0.0]]
