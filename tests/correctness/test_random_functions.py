"""Random functions: the service, JAX reading the same text, and 50-digit central differences agree."""

# ruff: noqa: RUF001 - look-alikes are what is tested

from typing import Any

import jax
import jax.numpy as jnp
import mpmath
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import assertions, reference, strategies
from tests.support.service import SyncEngine
from tests.support.tiers import Gradients, by_row, compiled, served

NAMESPACE = {
    name: getattr(jnp, name)
    for name in ["sin", "cos", "tanh", "exp", "log", "sqrt", "arctan", "maximum", "minimum", "abs"]
}
POINTS = st.lists(
    st.tuples(*[st.sampled_from(strategies.POINTS)] * 3).filter(lambda point: len(set(point)) == 3),
    min_size=1,
    max_size=3,
)
CONDITIONAL = st.tuples(
    strategies.TREES, strategies.TREES, strategies.VARIABLE, st.sampled_from(["<", ">", "<=", ">="])
).map(lambda parts: f"where({parts[2].text()} {parts[3]} 0.3331, {parts[0].text()}, {parts[1].text()})")
TEXTS = strategies.TREES.map(strategies.Tree.text) | CONDITIONAL
ARGS = list(strategies.VARIABLES)


def columns(points: list[tuple[float, ...]]) -> list[list[float]]:
    return [list(column) for column in zip(*points, strict=True)]


def against_jax(answer: Gradients, text: str, points: list[tuple[float, ...]]) -> None:
    def read(x: jax.Array, y: jax.Array, z: jax.Array) -> jax.Array:
        named = NAMESPACE | {"x": x, "y": y, "z": z, "where": jnp.where}
        return jnp.asarray(eval(text, named), jnp.float64)  # noqa: S307 - generated here

    values, gradient = answer
    for row, point in enumerate(points):
        value, slopes = jax.value_and_grad(read, argnums=(0, 1, 2))(*map(jnp.float64, point))
        scale = 1e-12 * max(1.0, abs(float(value)))
        assertions.assert_close(values[row], float(value), 1e-11, scale)
        assertions.assert_close(by_row(gradient, row), [float(slope) for slope in slopes], 1e-10, 100 * scale)


def against_reference(answer: Gradients, text: str, points: list[tuple[float, ...]]) -> None:
    values, gradient = answer
    for row, point in enumerate(points):
        value, exact = reference.gradient(text, ARGS, point)
        slopes: list[Any] = list(exact)
        scale = 1e-12 * max(mpmath.mpf(1), abs(value), *[abs(slope) for slope in slopes])
        assert abs(values[row] - value) <= scale
        assert all(abs(f - e) <= 100 * scale for f, e in zip(by_row(gradient, row), slopes, strict=True))


@settings(max_examples=30)
@given(TEXTS, POINTS)
def test_compiled_gradients_are_those_of_jax_and_central_differences(
    text: str, points: list[tuple[float, ...]]
) -> None:
    answer = compiled(text, ARGS, columns(points), in_axes=0)  # compiled once for both
    against_jax(answer, text, points)
    against_reference(answer, text, points)


def test_served_gradients_are_those_of_jax(engine: SyncEngine) -> None:
    tier = served(engine)

    @settings(max_examples=25)
    @given(TEXTS, POINTS)
    def law(text: str, points: list[tuple[float, ...]]) -> None:
        against_jax(tier(text, ARGS, columns(points), in_axes=0), text, points)

    law()


def test_served_gradients_are_central_differences(engine: SyncEngine) -> None:
    tier = served(engine)

    @settings(max_examples=60)
    @given(TEXTS, POINTS)
    def law(text: str, points: list[tuple[float, ...]]) -> None:
        against_reference(tier(text, ARGS, columns(points), in_axes=0), text, points)

    law()


def test_one_point_is_a_batch_of_one(engine: SyncEngine) -> None:
    tier = served(engine)

    @settings(max_examples=40)
    @given(TEXTS, POINTS)
    def law(text: str, points: list[tuple[float, ...]]) -> None:
        values, gradient = tier(text, ARGS, columns(points), in_axes=0)
        for row, point in enumerate(points):
            value, slopes = tier(text, ARGS, list(point))
            assertions.assert_close(values[row], value, 1e-12, 1e-12)
            assertions.assert_close(by_row(gradient, row), slopes, 1e-11, 1e-11)

    law()


def test_names_do_not_change_the_answer(engine: SyncEngine) -> None:
    tier = served(engine)

    @settings(max_examples=30)
    @given(strategies.TREES, st.permutations(["gamma", "α", "E"]))
    def law(tree: strategies.Tree, names: list[str]) -> None:
        point = list(strategies.POINTS[:3])
        renamed = tree.renamed(dict(zip(ARGS, names, strict=True)))
        assert tier(renamed.text(), names, point) == tier(tree.text(), ARGS, point)

    law()


def test_the_order_of_arguments_permutes_the_gradient(engine: SyncEngine) -> None:
    tier = served(engine)

    @settings(max_examples=30)
    @given(strategies.TREES, st.permutations(range(3)))
    def law(tree: strategies.Tree, order: list[int]) -> None:
        point = strategies.POINTS[:3]
        value, slopes = tier(tree.text(), ARGS, list(point))
        found, permuted = tier(tree.text(), [ARGS[i] for i in order], [point[i] for i in order])
        assertions.assert_close(found, value, 1e-13, 1e-13)
        assertions.assert_close(permuted, [slopes[i] for i in order], 1e-12, 1e-12)

    law()


def test_the_gradient_of_a_sum_is_the_sum_of_gradients(engine: SyncEngine) -> None:
    tier = served(engine)

    @settings(max_examples=30)
    @given(strategies.TREES, strategies.TREES)
    def law(one: strategies.Tree, other: strategies.Tree) -> None:
        point = list(strategies.POINTS[:3])
        (f, df), (g, dg) = tier(one.text(), ARGS, point), tier(other.text(), ARGS, point)
        both, slopes = tier(f"2.5*({one.text()}) - ({other.text()})", ARGS, point)
        scale = 1e-12 * max(1.0, abs(f), abs(g), *map(abs, df), *map(abs, dg))
        assertions.assert_close(both, 2.5 * f - g, 0.0, 10 * scale)
        assertions.assert_close(slopes, [2.5 * a - b for a, b in zip(df, dg, strict=True)], 0.0, 10 * scale)

    law()
