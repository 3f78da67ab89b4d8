import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, lax

from app import rules, transforms
from tests import laws, tapes
from tests.service import SyncEngine

INF = math.inf


def instructions(text: str) -> int:
    """Return how many primitive operations JAX is asked for, for value and gradient."""
    structure = tapes.recorded(text).tape
    vector = jax.ShapeDtypeStruct((structure.inputs + structure.constants,), jnp.float64)
    return len(jax.make_jaxpr(transforms.packed(structure, "grad"))(vector).eqns)


def in_jax(function: Callable[..., Array], *point: float) -> list[float]:
    grads = jax.grad(function, argnums=tuple(range(len(point))))(*map(jnp.float64, point))
    return [float(grad) for grad in grads]


# Branches


@pytest.mark.parametrize(
    ("text", "point", "value", "gradient"),
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
        ("where((x > 0) & (x < 1), sqrt(x*(1 - x)), 0)", 2.0, 0.0, 0.0),
        ("where(isbad, 0, sqrt(x))".replace("isbad", "x < 0"), -1.0, 0.0, 0.0),
        ("xlogy(x, x)", 0.0, 0.0, -INF),
        ("relu(x)", -3.0, 0.0, 0.0),
        ("elu(x)", 1000.0, 1000.0, 1.0),
        ("selu(x)", 800.0, 1.0507009873554804934 * 800, 1.0507009873554804934),
        ("squareplus(x)", -1e5, 1e-5, 1e-10),
    ],
)
def test_a_branch_not_taken_never_poisons_the_gradient(
    engine: SyncEngine, text: str, point: float, value: float, gradient: float
) -> None:
    answer = engine.grad(text, [point])
    laws.assert_close(answer.value, value, 1e-9)
    laws.assert_close(answer.gradient, gradient, 1e-9)


def test_a_branch_not_taken_never_poisons_a_batch(engine: SyncEngine) -> None:
    points = [-4.0, -1.0, 0.0, 1.0, 4.0]
    answer = engine.grad("where(x > 0, sqrt(x), 0.0)", points, in_axes=0)
    assert answer.value == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert answer.gradient == [0.0, 0.0, 0.0, 0.5, 0.25]


def test_a_branch_taken_passes_its_nan_on(engine: SyncEngine) -> None:
    answer = engine.grad("where(x < 0, sqrt(x), 0.0)", [-4.0])
    assert math.isnan(answer.value)
    assert math.isnan(answer.gradient)
    assert not answer.finite


def test_a_condition_has_no_gradient(engine: SyncEngine) -> None:
    assert engine.gradients("where(x > y, 3*x, 2*y)", [2.0, 1.0]) == [3.0, 0.0]
    assert engine.gradients("(x > y) + 0*x*y", [2.0, 1.0]) == [0.0, 0.0]


# Kinks and edges: what jax.grad says, on the JAX that is installed

KINKS: dict[str, tuple[Callable[..., Array], list[tuple[float, ...]]]] = {
    "abs(x)": (jnp.abs, [(0.0,), (-0.0,), (-2.0,)]),
    "sign(x)": (jnp.sign, [(0.0,), (2.0,)]),
    "max(x, y)": (jnp.maximum, [(1.0, 1.0), (0.0, 0.0), (2.0, 1.0), (INF, INF)]),
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
    "logaddexp(x, y)": (jnp.logaddexp, [(0.0, 0.0), (-INF, 0.0), (INF, 0.0), (-INF, -INF), (1000.0, 1000.0)]),
    "atan2(y, x)": (jnp.arctan2, [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0)]),
    "x**y": (lambda x, y: lax.pow(x, y), [(0.0, 2.0), (2.0, 0.0), (1.0, 1.0), (0.0, 1.0)]),
    "x**2": (lambda x: x**2, [(0.0,)]),
    "x**3": (lambda x: x**3, [(0.0,), (-2.0,)]),
    "x**-3": (lambda x: x**-3, [(-2.0,), (0.0,)]),
    "x**2.5": (lambda x: x**2.5, [(0.0,)]),
    "copysign(x, 2.0)": (lambda x: jnp.copysign(x, 2.0), [(3.0,), (-3.0,)]),
    "x % 2": (lambda x: jnp.mod(x, 2.0), [(3.0,), (-3.0,)]),
    "x % y": (jnp.mod, [(4.0, 2.0), (-7.5, 2.0), (7.5, -2.0)]),
    "fmod(x, y)": (jnp.fmod, [(-7.5, 2.0), (7.5, -2.0), (4.0, 2.0)]),
    "sigmoid(x)": (jax.nn.sigmoid, [(0.0,), (INF,), (-INF,)]),
    "softplus(x)": (jax.nn.softplus, [(0.0,), (800.0,), (-800.0,)]),
    "xlogy(x, y)": (jax.scipy.special.xlogy, [(0.0, 2.0), (2.0, 3.0)]),
    "xlog1py(x, y)": (jax.scipy.special.xlog1py, [(0.0, 2.0), (2.0, 3.0)]),
}


@pytest.mark.parametrize("text", KINKS)
def test_kinks_are_as_jax_grad_has_them(engine: SyncEngine, text: str) -> None:
    function, points = KINKS[text]
    names = "(y, x)" if text == "atan2(y, x)" else "(x, y)"
    for point in points:
        args = [name for name in ("x", "y") if name in text.replace("xlog", "").replace("max", "").replace("exp", "")]
        args = ["y", "x"] if names == "(y, x)" else args
        expected = in_jax(function, *point)
        columns = [[number] for number in point]
        if all(map(math.isfinite, point)):
            found = [row[0] for row in engine.gradients(text, columns, args=args, in_axes=0)]
            laws.assert_close(found, expected, 1e-12, 0.0)


@pytest.mark.parametrize("x", [-2.0, -0.5, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("text", ["x**0", "x**0.0", "x**(1 - 1)", "(x - 1)**0 * 1"])
def test_the_power_zero_has_gradient_zero_everywhere(engine: SyncEngine, text: str, x: float) -> None:
    answer = engine.grad(text, [x])
    assert (answer.value, answer.gradient) == (1.0, 0.0)


@pytest.mark.parametrize("y", [0.5, 1.0, 3.0])
def test_zero_to_a_positive_power_has_gradient_zero(engine: SyncEngine, y: float) -> None:
    for text in ("0**x", "0.0**x", "0**(x**2)", "0**exp(x)"):
        answer = engine.grad(text, [y])
        assert (answer.value, answer.gradient) == (0.0, 0.0)


@pytest.mark.parametrize("n", [-3, -2, -1, 1, 2, 3, 4, 7])
@pytest.mark.parametrize("x", [-2.5, -1.0, -0.3])
def test_an_integer_power_of_a_negative_number_has_its_gradient(engine: SyncEngine, n: int, x: float) -> None:
    for text in (f"x**{n}", f"x**({n}.0)"):
        answer = engine.grad(text, [x])
        laws.assert_close(answer.value, x**n, 1e-14)
        laws.assert_close(answer.gradient, n * x ** (n - 1), 1e-14)
    partials = engine.gradients("x**n", [x, float(n)])
    laws.assert_close(partials[0], n * x ** (n - 1), 1e-14)
    assert math.isnan(partials[1])  # there is no real x**n beside an integer n


def test_a_fractional_power_of_a_negative_number_is_not_a_number(engine: SyncEngine) -> None:
    answer = engine.grad("x**(1/3)", [-8.0])
    assert math.isnan(answer.value)
    assert not answer.finite
    assert engine.grad("cbrt(x)", [-8.0]).value == -2.0


@pytest.mark.parametrize(("text", "expected"), [("max(x, x)", 1.0), ("max(x, x, x)", 1.0), ("min(x, x*1)", 1.0), ("x - x", 0.0)])
def test_ties_share_what_comes_down(engine: SyncEngine, text: str, expected: float) -> None:
    assert engine.grad(text, [2.0]).gradient == expected


def test_three_equal_operands_share_as_the_fold_from_the_left_has_it(engine: SyncEngine) -> None:
    def fold(x: Array, y: Array, z: Array) -> Array:
        return jnp.maximum(jnp.maximum(x, y), z)

    assert engine.gradients("max(x, y, z)", [1.0, 1.0, 1.0]) == in_jax(fold, 1.0, 1.0, 1.0)


# The sweep itself


@pytest.mark.parametrize("shape", [(), (5,)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_slot_keeps_shape_and_dtype(shape: tuple[int, ...], dtype: str) -> None:
    structure = tapes.recorded("where(x > y, sin(x)**2, max(x, y, 0.5)*exp(y)) + x**(2/3) + abs(x) + floor(y)").tape
    leaves = [jnp.full(shape, 0.5 + k, dtype) for k in range(structure.inputs + structure.constants)]
    value, gradient = jax.eval_shape(lambda *leaves: transforms.value_and_grad(structure, leaves), *leaves)
    assert {(part.shape, str(part.dtype)) for part in (value, *gradient)} == {(shape, dtype)}


@pytest.mark.parametrize("opcode", rules.RULES)
def test_every_rule_keeps_shape_and_dtype_forward_and_backward(opcode: str) -> None:
    rule = rules.RULES[opcode]
    for dtype in ("float32", "float64"):
        operand = jax.ShapeDtypeStruct((3,), jnp.dtype(dtype))
        operands = [operand] * len(rule.pullbacks)
        result = jax.eval_shape(rule.value, *operands)
        assert (result.shape, result.dtype) == (operand.shape, operand.dtype)
        for pullback in rule.pullbacks:
            if pullback is not None:
                part = jax.eval_shape(pullback, operand, operand, *operands)
                assert (part.shape, part.dtype) == (operand.shape, operand.dtype)


def test_packed_is_the_value_then_the_partials_in_the_order_of_the_leaves() -> None:
    recording = tapes.recorded("5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2")
    vector = jnp.array([1.0, 2.0, 3.0, *recording.constants])
    assert transforms.packed(recording.tape, "grad")(vector).tolist() == [92.0, 10.0, 24.0, 42.0]
    assert transforms.packed(recording.tape, "value")(vector).tolist() == [92.0]


def test_rows_are_as_many_single_points() -> None:
    recording = tapes.recorded("x*sin(y) + 2.5*x")
    constants = jnp.array(recording.constants)
    points = jnp.array([[0.3, -1.0, 2.0, 0.7], [1.0, 0.2, -0.4, 5.0]])
    rows = np.asarray(transforms.packed_rows(recording.tape, "grad")(points, constants))
    for column in range(4):
        vector = jnp.concatenate([points[:, column], constants])
        single = np.asarray(transforms.packed(recording.tape, "grad")(vector))
        np.testing.assert_allclose(rows[:, column], single, rtol=1e-14)


@pytest.mark.parametrize(
    "term", ["x*{k}", "sin(x*{k})", "where(x > {k}, x*{k}, y)", "max(x, y*{k})", "(x + {k})**3", "1/(x + {k})"]
)
def test_the_gradient_costs_in_proportion_to_the_function(term: str) -> None:
    def text(count: int) -> str:
        return " + ".join(term.format(k=f"{k}.5") for k in range(count)) + " + y"

    small, large = instructions(text(20)), instructions(text(80))
    assert large < 5 * small
    assert large < 20 * len(tapes.recorded(text(80)).tape.code)


def test_repeated_squaring_has_a_gradient_of_linear_cost() -> None:
    def text(count: int) -> str:
        return "def f(x):\n" + "    x = sin(x)*x\n" * count + "    return x"

    assert instructions(text(100)) < 5 * instructions(text(25))


def test_what_does_not_vary_gets_no_adjoint() -> None:
    assert instructions("sin(2.5)*x") == instructions("2.5*x")


def plain(value: Any) -> Any:
    return value


def test_every_partial_of_an_argument_that_is_not_used_is_zero(engine: SyncEngine) -> None:
    answer = engine.grad("lambda x, Y, z: x**2", [3.0, [[1.0, 2.0], [3.0, 4.0]], 5.0], [0, 1, 2])
    assert answer.gradient == [6.0, [[0.0, 0.0], [0.0, 0.0]], 0.0]


def test_an_element_read_by_two_indices_gets_both_parts(engine: SyncEngine) -> None:
    assert engine.grad("X[0]**2 + 10*X[-3]", [1.0, 2.0, 3.0]).gradient == [12.0, 0.0, 0.0]
