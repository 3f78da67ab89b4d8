"""A text means the same whether its arrays are read as wholes or cell by cell."""

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app import errors
from app.language import parse
from app.language.expression import nodes
from app.language.vocabulary import words
from app.language.vocabulary.word import Word
from tests.language import test_lowering
from tests.support import whole_arrays

Array = Any
Shapes = Sequence[tuple[int, ...]]

X, Y, T = (np.random.default_rng(3).normal(size=shape) for shape in ((4,), (4, 2), (3, 4, 5)))
C, D, K = np.array([0.0, 2.0, -1.0, 3.0]), np.array([1.0, 1.0, 0.0, -2.0]), np.float64(2)


def cell_by_cell(text: str, point: Sequence[Array]) -> Array:
    return whole_arrays.cells(parse.read(text).at([np.shape(entry) for entry in point]), point)


def whole(text: str, point: Sequence[Array]) -> Array:
    return whole_arrays.value(parse.read(text).at([np.shape(entry) for entry in point], whole=True), point)


def of_names(text: str, **values: Array) -> Array:
    """Return the value of a text at a point given by name."""
    return whole(text, [values[name] for name in parse.read(text).args])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("text", "shapes"), [*test_lowering.TEXTS, *[(text, [(4,)]) for text in test_lowering.DEFS]])
def test_whole_arrays_mean_what_their_cells_mean(text: str, shapes: Shapes, seed: int) -> None:
    point = test_lowering.a_point(shapes, seed)
    np.testing.assert_allclose(whole(text, point), cell_by_cell(text, point), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("X*2 + 1 - X/3 - (-X)", [(4,)]),
        ("X + Y*X - 1/Y", [(3, 1), (4,)]),
        ("X**2 + X**(1/2) + 2**X + X**Y", [(3,), (3,)]),
        ("X % 0.3 + X // 0.3 + abs(-X)", [(3,)]),
        ("(X > 0.5) + (X < 0.7)", [(4,)]),
        ("0.2 < X <= 0.6", [(4,)]),
        ("(X > 0.3) & (X < 0.6) | (Y > X)", [(4,), (4,)]),
        ("not (X > 0.5)", [(4,)]),
        ("X if x > 0.5 else -X", [(3,), ()]),
        ("X if X[0] > 0.1 else 0 * X", [(3,)]),
        ("where(X > 0.5, Y, 1)", [(3,), (2, 3)]),
        ("where(X > 0.5, X > 0.6, X > 0.4)", [(5,)]),
        ("where(np.array([True, False, True]), X, 1/X)", [(3,)]),
        ("where(np.arange(3) > 0, np.log(np.arange(3)) * X, X)", [(3,)]),
        ("where(3 > 2, 0, X) + 0 * sum(X)", [(3,)]),
        ("(X > 0.5) & (3 > 4)", [(3,)]),
        ("max(X, 0.5) + min(X, Y, 0.4)", [(3,), (3,)]),
        ("[x*y, x + y]", [(), ()]),
        ("x, y, 1", [(), ()]),
        ("[[1, x], [X[0], 2]]", [(), (1,)]),
        ("[X, 2*X, [1, 2, 3]]", [(3,)]),
        ("[X > 0.5, Y > 0.5]", [(3,), (3,)]),
        ("X[1:, ::-1] - X[0]", [(3, 4)]),
        ("X[..., None, 1] + X[None, 2, 1:4, None]", [(3, 4)]),
        ("X[-1][1] * X[1, 2] * X[0][-1]", [(3, 4)]),
        ("X[[0, 2]] + X[[2, -3]]", [(3, 4)]),
        ("X[:, [0, 0, 2]]", [(3, 4)]),
        ("X[4:, :2]", [(6, 3)]),
        ("X[::-2]", [(6,)]),
        ("X.T @ X + X.T[0] @ X[:, 0]", [(3, 4)]),
        ("[a * b for a, b in zip(X, Y)]", [(3,), (3, 2)]),
        ("[row[0] for row in X[::-1]]", [(3, 2)]),
        ("np.array([0.5, 0.25])[1] * X + np.arange(6)[2:5]", [(3,)]),
        ("X[np.arange(3) * 2] + X[np.arange(3) ** 2]", [(6,)]),
        ("np.linspace(0, 1, 5)[::2] * X * np.eye(3)[1]", [(3,)]),
        ("np.sum(np.zeros((2, 3))) + np.sum(np.arange(4)) * X", [(3,)]),
        ("sum([X, X**2, 1]) + sum([1, 2, 3])", [(3,)]),
        ("def f(X):\n    a, b = X\n    return a @ b", [(2, 3)]),
        ("def f(X):\n    y = X\n    for i in range(3):\n        y = y + i * X[i]\n    return y", [(4,)]),
        ("Sum(X[i] * X, (i, 0, 2))", [(4,)]),
        ("np.shape(X)[0] * X.size + X.ndim * np.size(X, 1) + len(X.T)", [(3, 4)]),
    ],
)
def test_operations_on_whole_arrays_mean_what_they_mean_on_cells(text: str, shapes: Shapes) -> None:
    point = [np.random.default_rng(5).uniform(0.1, 0.9, shape) for shape in shapes]
    expected = cell_by_cell(text, point)
    found = whole(text, point)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


ELEMENTWISE = [
    word
    for word in words.ALL
    if word.kind in {"elementwise", "order"} and word.names[0] != "where" and word not in words.HOST
]


@pytest.mark.parametrize("word", ELEMENTWISE, ids=lambda word: word.names[0])
def test_every_word_of_numbers_is_taken_by_whole_arrays(word: Word) -> None:
    count = word.arity[0] - (word.kind == "order")
    names = ["X", "Y", "Z"][:count]
    order = ", ".join(["2"] * (word.kind == "order") + names)
    text = f"lambda {', '.join(names)}: {word.names[0]}({order})"
    point = [np.random.default_rng(place).uniform(0.2, 0.9, (5,)) + place for place in range(count)]
    np.testing.assert_allclose(whole(text, point), cell_by_cell(text, point), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    "text",
    [
        *["X[C]", "X[K]", "Y[C, D]", "Y[C][:, 0]", "Y[0, D]", "Y[K]", "T[:, C, D]", "T[D]", "T[0, :, D]", "T[D, :, C]"],
        *["T[None, D, 1:3, ::-1]", "T[..., C]", "T[1, ..., C]", "T[:, None, C]", "X[1:][D]", "Y[C[:2], D[1:3]]"],
        *["T[[[0], [1]], D[:2]]", "X[[0, 2, 3]]", "T[[0, 1], :, [1, 2]]", "T[:, [0, 1], [1, 2]]", "T[0, [0, 1], 2:]"],
        *["np.take(X, C)", "np.take(Y, D, axis=1)", "X[np.arange(4) > 1]", "Y[np.array([True, False, True, True]), 1]"],
        *["T[1][C, 2:]", "Y[np.arange(4), D]", "T[:, :, K]"],
    ],
)
def test_indices_that_depend_on_the_point_gather(text: str) -> None:
    integers = {"C": C.astype(int), "D": D.astype(int), "K": int(K)}
    expected = eval(text, {"X": X, "Y": Y, "T": T, "np": np} | integers)  # noqa: S307 - a text of this module
    np.testing.assert_array_equal(of_names(text, X=X, Y=Y, T=T, C=C, D=D, K=K), expected)


@pytest.mark.parametrize("index", [4.0, -5.0, 1.5, np.nan, np.inf])
def test_an_index_of_the_point_that_means_no_element_gives_nan(index: float) -> None:
    c = np.array([1.0, index])
    assert np.isnan(of_names("X[C]", X=X, C=c)[1])
    assert np.isnan(of_names("Y[C, D]", Y=Y, C=c, D=np.array([0.0, 0.0]))[1])
    assert np.isnan(of_names("Y[C, D]", Y=Y, C=np.array([0.0, 0.0]), D=c)[1])


@pytest.mark.parametrize(
    ("text", "shape", "code"),
    [
        *[case for case in test_lowering.REFUSED if case[0] != "X[X[0]]"],
        ("X[5] + np.sum(X[[0, 4]])", (4,), "bad_shape"),
        ("X[[0, 4]]", (4,), "bad_shape"),
        ("X[[0.5, 1]]", (4,), "syntax_error"),
        ("X[X > 0]", (4,), "syntax_error"),
        ("X[np.array([True])]", (4,), "bad_shape"),
        ("X + np.log(np.arange(4))", (4,), "bad_constant"),
        ("[X, X[1:]]", (4,), "bad_shape"),
        ("X[4:] + 1", (4,), "bad_shape"),
        ("def f(X):\n    if X > 0:\n        return 1\n    return X", (4,), "bad_shape"),
    ],
)
def test_what_does_not_fit_is_refused_for_whole_arrays(text: str, shape: tuple[int, ...], code: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.read(text).at([shape], whole=True)
    assert caught.value.code == code


def test_a_condition_of_the_point_that_is_an_index_gets_a_hint() -> None:
    with pytest.raises(errors.SyntaxRejected) as caught:
        parse.read("sort(X[X > 0])").at([(4,)], whole=True)
    assert "where" in (caught.value.hint or "")
    assert caught.value.position is not None
    assert caught.value.position.offset == 0


def test_reading_costs_what_the_text_costs_however_large_the_arrays_are() -> None:
    text = "np.sum(np.logaddexp(0, -y * (X @ w))) + 0.5 * w @ w + np.sum(X[1:] - X[:-1]) + y[C] @ y[C]"
    function = parse.read(text, ["w", "X", "y", "C"])
    start = time.perf_counter()
    expression = function.at([(1000,), (10**6, 1000), (10**6,), (10**6,)], whole=True)
    assert time.perf_counter() - start < 0.5
    assert len(expression.shape_of) < 30
    assert not any(np.size(constant) > 1 for constant in expression.constants.values())


def test_arrays_known_from_the_text_are_one_constant() -> None:
    text = "X * (np.arange(4) / 2 + np.array([1, 2, 3, 4])**2 - np.sqrt(np.linspace(0, 1, 4)))"
    expression = parse.read(text).at([(4,)], whole=True)
    product, (symbol, constant) = expression.root, expression.root.args
    assert expression.shape_of[id(product)] == expression.shape_of[id(symbol)] == (4,)
    known = np.arange(4) / 2 + np.array([1, 2, 3, 4]) ** 2 - np.sqrt(np.linspace(0, 1, 4))
    np.testing.assert_allclose(expression.constants[id(constant)], known, rtol=1e-15)


def test_what_is_too_large_to_fold_is_left_to_the_tape() -> None:
    expression = parse.read("x * np.sum(np.outer(np.ones(60000), np.ones(60000)))").at([()], whole=True)
    assert expression.shape == ()
    assert (60000, 60000) in expression.shape_of.values()
    assert all(np.size(constant) < 60001 for constant in expression.constants.values())


def test_integers_of_arrays_stay_exact_as_long_as_they_fit() -> None:
    exact = sum(n**20 * 3 for n in range(5))
    assert whole("np.sum(np.arange(5)**20 * 3) + x", [np.float64(0)]) == float(exact)
    big = whole("np.array([2, 10])**62 * x", [np.float64(1.0)])
    np.testing.assert_allclose(big, [2.0**62, 1e62], rtol=1e-15)


def test_the_node_of_an_array_is_shared_by_equal_texts() -> None:
    expression = parse.read("np.sum(X[1:] * X[1:]) + np.sum(X[1:])").at([(5,)], whole=True)
    slices, stack, seen = set(), [expression.root], set()
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(node.args)
            if type(node) is nodes.ArrayNode and node.opcode == "slice":
                slices.add(id(node))
    assert len(slices) == 1


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("text", ["Matrix(X)*Matrix(Y)", "2*sympy.Matrix(X)**2", "Matrix(X)/Y", "(Matrix(X) + Y)**-1"])
def test_products_of_sympys_matrices_are_not_elementwise(text: str, whole: bool) -> None:
    with pytest.raises(errors.SyntaxRejected, match="Matrix"):
        parse.read(text).at([(2, 2)] * len(parse.read(text).args), whole=whole)


def test_sums_and_multiples_of_sympys_matrices_are_taken() -> None:
    found = of_names("Matrix(X) @ Matrix(X)/2 - 3*Matrix(X)", X=K * np.eye(2))
    np.testing.assert_array_equal(found, -4 * np.eye(2))


TAILS = [[40.0, 0.0, 1.0], [0.0, 37.4], [2.0, 2.0, 2.0], [-np.inf, 0.0, 38.0]]


@pytest.mark.parametrize("point", TAILS)
def test_small_parts_of_softmax_keep_their_digits(point: list[float]) -> None:
    x, at = np.array(point), int(np.argmax(point))
    others = np.exp(x - x[at])
    others[at] = 0
    total = 1 + math.fsum(others)
    probabilities = others / total + np.eye(x.size)[at] / total
    np.testing.assert_allclose(whole("softmax(X)", [x]), probabilities, rtol=1e-15)
    np.testing.assert_allclose(whole("log_softmax(X)", [x])[at], -np.log1p(math.fsum(others)), rtol=1e-15)
    np.testing.assert_allclose(whole("logsumexp(X)", [x]) - x[at], np.log1p(math.fsum(others)), rtol=1e-15, atol=1e-14)
