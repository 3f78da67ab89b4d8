# ruff: noqa: RUF001 - look-alikes are what is tested

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.engine import points
from app.engine.derivatives import nesting
from app.engine.functions import arguments
from tests.support.service import Client

Axes = int | list[int | None] | None
LIMITS = points.PointLimits(max_points=4, max_elements=10)


def bind(point: Any, ranks: Sequence[int | None], in_axes: Axes = None) -> points.Point:
    return points.bind(point, ["x", "y", "z"][: len(ranks)], ranks, in_axes)


def refusal(point: Any, ranks: Sequence[int | None], in_axes: Axes = None, **more: Any) -> errors.GradserveError:
    with pytest.raises(errors.Rejected) as caught:
        points.bind(point, ["x", "y", "z"][: len(ranks)], ranks, in_axes, **more)
    return caught.value


@pytest.mark.parametrize(
    ("point", "ranks", "flat", "shapes"),
    [
        ([1.0, 2.0, 3.0], (0, 0, 0), [1, 2, 3], [(), (), ()]),
        ([1, -2, 3], (0, 0, 0), [1, -2, 3], [(), (), ()]),
        ({"x": 1, "y": 2, "z": 3}, (0, 0, 0), [1, 2, 3], [(), (), ()]),
        ({"z": 3, "x": 1, "y": 2}, (0, 0, 0), [1, 2, 3], [(), (), ()]),
        ([[1], [2], 3], (0, 0, 0), [1, 2, 3], [(), (), ()]),
        ([1.0, 2.0, 3.0], (1,), [1, 2, 3], [(3,)]),
        ([[1.0, 2.0, 3.0]], (1,), [1, 2, 3], [(3,)]),
        ([5.0], (1,), [5], [(1,)]),
        ([[5.0]], (1,), [5], [(1,)]),
        ([5.0], (0,), [5], [()]),
        ([[5.0]], (0,), [5], [()]),
        ({"x": 5.0}, (0,), [5], [()]),
        ({"x": [5.0, 6.0]}, (1,), [5, 6], [(2,)]),
        ([[1, 2], [3, 4]], (2,), [1, 2, 3, 4], [(2, 2)]),
        ([[[1, 2], [3, 4]]], (2,), [1, 2, 3, 4], [(2, 2)]),
        ([[1, 2, 3], 4], (1, 0), [1, 2, 3, 4], [(3,), ()]),
        ([4, [[1, 2], [3, 5]]], (0, 2), [4, 1, 2, 3, 5], [(), (2, 2)]),
        ([1, [2, 3], 4], (0, None, 0), [1, 2, 3, 4], [(), (2,), ()]),
        ([1, 2], (0, None), [1, 2], [(), ()]),
        ([0, -0.0], (0, 0), [0, 0], [(), ()]),
        ([2**53 + 1, 10**300], (0, 0), [2.0**53, 1e300], [(), ()]),
    ],
)
def test_a_point_may_be_given_in_every_way(point: Any, ranks: Any, flat: list[float], shapes: list[Any]) -> None:
    bound = bind(point, ranks)
    assert bound.flat.tolist() == flat
    assert bound.flat.dtype == np.float64
    assert list(bound.shapes) == shapes
    assert bound.batch is None


@pytest.mark.parametrize(
    ("point", "ranks", "in_axes", "flat", "shapes"),
    [
        ([1, 2, 3], (0,), 0, [[1], [2], [3]], [()]),
        ([[1, 2, 3]], (0,), 0, [[1], [2], [3]], [()]),
        ([1], (0,), 0, [[1]], [()]),
        ([[1], [2]], (0,), 0, [[1], [2]], [()]),
        ([[1, 2], [3, 4]], (0, 0), 0, [[1, 3], [2, 4]], [(), ()]),
        ([[1, 2], 3], (0, 0), [0, None], [[1, 3], [2, 3]], [(), ()]),
        ([3, [1, 2]], (0, 0), [None, 0], [[3, 1], [3, 2]], [(), ()]),
        ({"y": [1, 2], "x": 3}, (0, 0), [None, 0], [[3, 1], [3, 2]], [(), ()]),
        ([[1, 2], [3, 4], [5, 6]], (1,), 0, [[1, 2], [3, 4], [5, 6]], [(2,)]),
        ([[[1, 2], [3, 4], [5, 6]]], (1,), 0, [[1, 2], [3, 4], [5, 6]], [(2,)]),
        ([[[1, 2], [3, 4]], [5, 6]], (1, 1), [0, None], [[1, 2, 5, 6], [3, 4, 5, 6]], [(2,), (2,)]),
        ([[[1, 2], [3, 4]], [5, 6]], (1, 0), 0, [[1, 2, 5], [3, 4, 6]], [(2,), ()]),
    ],
)
def test_in_axes_gives_an_argument_a_leading_batch_axis(
    point: Any, ranks: Any, in_axes: Axes, flat: list[list[float]], shapes: list[Any]
) -> None:
    bound = bind(point, ranks, in_axes)
    assert bound.flat.tolist() == flat
    assert list(bound.shapes) == shapes
    assert bound.batch == len(flat)


@pytest.mark.parametrize(
    ("point", "ranks", "in_axes", "code"),
    [
        (1.0, (0, 0), None, "invalid_field"),
        (None, (0,), None, "invalid_field"),
        ("1", (0,), None, "invalid_field"),
        (True, (0,), None, "invalid_field"),
        ([True], (0,), None, "invalid_field"),
        ([True, 1], (0, 0), None, "invalid_field"),
        ([[True, 1]], (1,), None, "invalid_field"),
        (["1"], (0,), None, "invalid_field"),
        ([None], (0,), None, "invalid_field"),
        ([[None]], (1,), None, "invalid_field"),
        ([{"x": 1}], (0,), None, "invalid_field"),
        ([{}, 1], (0, 0), None, "invalid_field"),
        ([1, 2], (0, 0, 0), None, "invalid_field"),
        ([1, 2, 3, 4], (0, 0, 0), None, "invalid_field"),
        ([], (0, 0), None, "invalid_field"),
        ({"x": 1}, (0, 0), None, "invalid_field"),
        ({"x": 1, "y": 2, "z": 3}, (0, 0), None, "invalid_field"),
        ({"x": 1, "w": 2}, (0, 0), None, "invalid_field"),
        ({"x": 1, "ｘ": 2}, (0,), None, "invalid_name"),
        ({"x": 1, "lambda": 2}, (0,), None, "invalid_name"),
        ({"x": 1, "": 2}, (0,), None, "invalid_name"),
        ([math.inf], (0,), None, "invalid_field"),
        ([math.nan], (0,), None, "invalid_field"),
        ([10**400], (0,), None, "invalid_field"),
        ([[10**400, 1]], (1,), None, "invalid_field"),
        ([[1, 2], [3]], (2,), None, "bad_shape"),
        ([[1, [2]]], (1,), None, {"bad_shape", "invalid_field"}),
        ([[[1], 2]], (2,), None, {"bad_shape", "invalid_field"}),
        ([1, 2], (0, 0), 0, "bad_shape"),
        ([[1, 2], [1, 2, 3]], (0, 0), 0, "bad_shape"),
        ([[], []], (0, 0), 0, "bad_shape"),
        ([[1], [2]], (0, 0), 1, "invalid_field"),
        ([[1], [2]], (0, 0), -1, "invalid_field"),
        ([[1], [2]], (0, 0), [0], "invalid_field"),
        ([[1], [2]], (0, 0), [0, 0, 0], "invalid_field"),
        ([[1], [2]], (0, 0), [0, 1], "invalid_field"),
        ([1, 2], (0, 0), [None, None], "invalid_field"),
        ([[1], [2]], (0, 0), [], "invalid_field"),
    ],
)
def test_a_point_that_does_not_fit_is_refused(point: Any, ranks: Any, in_axes: Axes, code: str | set[str]) -> None:
    assert refusal(point, ranks, in_axes).code in code


@pytest.mark.parametrize(
    ("point", "ranks", "field"),
    [
        ([1, "2"], (0, 0), "point.1"),
        ({"x": 1, "y": "2"}, (0, 0), "point.y"),
        ([1], (0, 0), "point"),
        ({"x": 1}, (0, 0), "point"),
    ],
)
def test_a_refused_point_names_the_entry(point: Any, ranks: Any, field: str) -> None:
    assert refusal(point, ranks).field == field


def test_a_point_is_bounded_in_points_and_numbers() -> None:
    assert refusal([[1, 2, 3, 4, 5]], (0,), 0, limits=LIMITS).code == "too_complex"
    assert refusal([list(range(11))], (1,), limits=LIMITS).code == "too_complex"
    points.bind([[1, 2, 3, 4]], ["x"], (0,), 0, LIMITS)


@pytest.mark.parametrize("depth", [9, 60, 100])
def test_a_deeply_nested_point_is_refused(depth: int) -> None:
    nested: Any = 1.0
    for _ in range(depth):
        nested = [nested]
    assert refusal([nested, 1], (0, 0)).code in {"bad_shape", "too_complex", "invalid_field"}


@pytest.mark.parametrize(
    ("in_axes", "gradient"), [(0, [[1.0, 1.0], [[], []]]), ([0, None], [[1.0, 1.0], [[[], []], [[], []]]])]
)
def test_an_unused_empty_argument_has_an_empty_gradient(client: Client, in_axes: Axes, gradient: Any) -> None:
    point = {"x": [2, 3], "y": [[], []]}
    assert client.grad("lambda x, y: x", point, argnums=[0, 1], in_axes=in_axes)["gradient"] == gradient


SCALARS = st.floats(-1e6, 1e6)


def arrays(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    strategy: st.SearchStrategy[Any] = SCALARS
    for size in reversed(shape):
        strategy = st.lists(strategy, min_size=size, max_size=size)
    return strategy


SHAPES = st.lists(st.integers(1, 3), max_size=3).map(tuple)
ARGUMENTS = st.lists(SHAPES, min_size=2, max_size=3)
POINTS = ARGUMENTS.flatmap(lambda shapes: st.tuples(st.just(shapes), st.tuples(*map(arrays, shapes)).map(list)))


@given(POINTS)
def test_a_bound_point_nests_back_to_the_given_one(given_point: tuple[list[tuple[int, ...]], list[Any]]) -> None:
    shapes, point = given_point
    bound = bind(point, [len(shape) for shape in shapes])
    assert bound.shapes == tuple(shapes)
    everything = list(range(len(shapes)))
    assert nesting.vector(bound.flat, bound.shapes, everything) == point
    assert nesting.vector(bound.flat, bound.shapes, everything[::-1]) == point[::-1]


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), arrays((n, 2)), arrays((n,)))))
def test_a_bound_batch_nests_back_to_the_given_one(batch: tuple[int, Any, Any]) -> None:
    size, array, numbers = batch
    bound = bind([array, numbers], (1, 0), 0)
    assert bound.batch == size
    assert nesting.vector(bound.flat, bound.shapes, [0, 1]) == [array, numbers]


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=5, unique=True), st.data())
def test_argnums_may_be_positions_or_names(args: list[str], data: st.DataObject) -> None:
    position = data.draw(st.integers(-len(args), len(args) - 1))
    assert arguments.resolve(position, args) == args.index(args[position])
    assert arguments.resolve(args[position], args) == position % len(args)
    everything = data.draw(st.permutations(range(len(args))))
    mixed = [args[i] if data.draw(st.booleans()) else i - len(args) * data.draw(st.booleans()) for i in everything]
    assert arguments.resolve(mixed, args) == list(everything)


@pytest.mark.parametrize(
    ("argnums", "field"),
    [
        (2, "argnums"),
        (-3, "argnums"),
        (10**30, "argnums"),
        ("z", "argnums"),
        ("", "argnums"),
        ([], "argnums"),
        ([0, 0], "argnums.1"),
        ([0, -2], "argnums.1"),
        (["x", 0], "argnums.1"),
        ([1, 5], "argnums.1"),
        ([0, 1, 0], "argnums.2"),
        (["lambda"], "argnums.0"),
    ],
)
def test_argnums_out_of_range_unknown_repeated_or_empty_are_refused(argnums: Any, field: str) -> None:
    with pytest.raises(errors.InvalidField) as caught:
        arguments.resolve(argnums, ["x", "y"])
    assert caught.value.field == field


def test_names_in_argnums_are_normalised() -> None:
    assert arguments.resolve("ｘ", ["x"]) == 0


def test_a_long_list_of_argnums_is_refused_early() -> None:
    with pytest.raises(errors.InvalidField):
        arguments.resolve([0, 1] * 1_000_000, ["x", "y"])


@pytest.mark.parametrize(
    ("expression", "point", "fields", "gradient"),
    [
        ("X[0]*X[1]", [3.0, 4.0], {}, [4.0, 3.0]),
        ("X[0]*X[1]", [[3.0, 4.0]], {}, [4.0, 3.0]),
        ("X[0]*X[1]", {"X": [3.0, 4.0]}, {}, [4.0, 3.0]),
        ("X[0, 1]*X[1, 0]", [[1.0, 2.0], [3.0, 4.0]], {}, [[0.0, 3.0], [2.0, 0.0]]),
        ("x*y", {"y": 4.0, "x": 3.0}, {"argnums": ["x", "y"]}, [4.0, 3.0]),
        ("x*y", {"y": 4.0, "x": 3.0}, {"args": ["y", "x"], "argnums": [0, 1]}, [3.0, 4.0]),
        ("x*y", [[3.0, 5.0], [4.0, 6.0]], {"in_axes": 0}, [4.0, 6.0]),
        ("x*y", [[3.0, 5.0], 4.0], {"in_axes": [0, None], "argnums": [0, 1]}, [[4.0, 4.0], [3.0, 5.0]]),
        ("x*Y[1]", [2.0, [3.0, 4.0]], {"argnums": [1, 0]}, [[0.0, 2.0], 4.0]),
        ("X[0]**2 + X[1]", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], {"in_axes": 0}, [[2.0, 1.0], [6.0, 1.0], [10.0, 1.0]]),
        ("x**2", [3.0], {}, 6.0),
        ("x**2", [[3.0]], {}, 6.0),
        ("x**2", [1.0, 2.0], {"in_axes": 0}, [2.0, 4.0]),
        ("lambda x, unused: x**2", [3.0, [1.0, 2.0]], {"argnums": [0, 1]}, [6.0, [0.0, 0.0]]),
    ],
)
def test_a_gradient_is_nested_like_the_point(
    client: Client, expression: str, point: Any, fields: dict[str, Any], gradient: Any
) -> None:
    assert client.grad(expression, point, **fields)["gradient"] == gradient
