"""The table of derivatives is total, closed and right: each word in each namespace, to third order, at round points."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from mpmath import mp, mpf

from app.autodiff import reverse, table, tape
from app.autodiff.namespaces import forward, jax_words, sympy_words
from app.language import parse
from app.language.numeric import numpy_words
from app.language.vocabulary import words
from app.language.vocabulary.functions import elementary
from tests.support import reference

LN2 = math.log(2)

Directions = tuple[int, ...]
"""Arguments, by number, that a derivative is taken by, one after the other."""

POINTS = (
    *(k / 8 for k in range(-16, 17, 2)),
    *(1e-8, -1e-8, 1e-16, 0.625, 1.28, 6.4, 12.8, 17.5, -17.5, 32.0, 50.0, -50.0, 360.0, 720.0, -720.0),
)
PAIRS = tuple(itertools.product((0.0, 0.125, 0.5, 1.0, 2.0, -1.0, 1e-8, 6.4), (0.0, 0.5, 1.0, 2.0, -1.0, 1e-8)))
SEVERAL: dict[int, Sequence[tuple[float, ...]]] = {
    1: [(x,) for x in POINTS],
    2: PAIRS,
    3: tuple(itertools.product((0.0, 2.0, -1.0, 1e-8), repeat=3)),
    4: tuple(itertools.product((0.0, -0.5), repeat=4)),
}
"""Points by the number of arguments."""

_PIECEWISE = """
    sign floor ceil trunc abs elu soft_sign round copysign mod fmod floor_divide max min maximum minimum clip where frac
    greater greater_equal less less_equal equal not_equal logical_xor heaviside KroneckerDelta Integer huber relu relu6
    leaky_relu hard_tanh hard_silu hard_sigmoid sparse_plus sparse_sigmoid gammasgn rel_entr
    isnan isinf isfinite nan_to_num
"""
PIECEWISE = frozenset(_PIECEWISE.split())
"""Words with jumps and kinks at round points; ``tests/correctness/test_kinks.py`` has these."""

SINGULAR: dict[str, tuple[tuple[float, ...], ...]] = {
    **dict.fromkeys(("atan2", "pseudo_huber", "celu", "squareplus", "divide", "Rational"), ((0.0, 0.0),)),
    "hypot": tuple((0.0,) * count for count in (2, 3, 4)),
    "log": ((1.0, 1.0),),
    "root": ((1.0, 0.0),),
}
"""Points on the edge of a domain, where differences find a number."""

SMOOTH = sorted(
    {
        (word.names[0], count)
        for word in (*elementary.OF_ONE, *elementary.OF_SEVERAL, *elementary.DEFINED)
        for count in {*word.arity}
        if word.kind == "elementwise" and word.names[0] not in PIECEWISE
    }
    | {(name, count) for name, count in elementary.OVERLOADS if name not in PIECEWISE and name != "gelu"}
    | {(name, 1) for name in ("exprel", "gd", "sindg", "cosdg", "exp10", "cosm1", "tandg", "cotdg", "entr")}
    | {(name, 2) for name in ("kl_div", "boxcox", "boxcox1p", "pseudo_huber", "ldexp")}
)


def slopes(text: str, args: Sequence[str], directions: Directions, points: Sequence[Sequence[float]]) -> Any:
    """Return a derivative at each point, by forward mode over NumPy, nested as often as there are directions."""
    recording = tape.record(parse.parse(text, args))
    columns = [np.array(column) for column in zip(*points, strict=True)]
    arguments = [leaf[0] for leaf in recording.inputs] + [-1] * len(recording.constants)
    constants = iter(recording.constants)
    numbers: list[Any] = [np.full(len(points), next(constants)) if each < 0 else columns[each] for each in arguments]
    xp: Any = numpy_words.NAMESPACE
    spaces = []
    for direction in directions:
        space = forward.Forward(xp)
        moves = [float(argument == direction) for argument in arguments]
        numbers = [forward.Moving(space, x, xp.constant(move, x)) for x, move in zip(numbers, moves, strict=True)]
        spaces.append(space)
        xp = space
    with np.errstate(all="ignore"):
        found = reverse.value(recording.tape, numbers, xp)
    for space in reversed(spaces):
        found = found.tangent if isinstance(found, forward.Moving) and found.space is space else 0.0
    return np.broadcast_to(found, len(points))


class Singular(ValueError):
    """The function is not smooth at this point, or not defined around it."""


def exact(text: str, args: Sequence[str], directions: Directions, point: Sequence[float]) -> float:
    """Return a derivative by differences in 150 digits."""
    call = reference.compiled(text, args, reference._exact_namespace())
    step = mpf(min([abs(x) for x in point if x] + [1.0])) / mpf(10) ** 20

    def difference(shift: float, before: list[mpf]) -> mpf:
        if len(before) == len(args):
            found = call(before)
            if isinstance(found, mp.mpc) or not mp.isfinite(found):
                raise Singular
            return mpf(found)
        x, count = mpf(point[len(before)]), directions.count(len(before))
        terms = [
            (-1) ** (count - k) * mp.binomial(count, k)
            * difference(shift, [*before, x + (k - mpf(count) / 2 + shift * (count + 1) / 2 if count else 0) * step])
            for k in range(count + 1)
        ]  # fmt: skip
        return mp.fsum(terms) / step**count

    with mp.workdps(150):
        below, middle, above = (difference(shift, []) for shift in (-1.0, 0.0, 1.0))
        if abs(above - below) > mpf(10) ** -9 * (abs(above) + abs(below)) + mpf(10) ** -13 or abs(middle) > 1e12:
            raise Singular
        return float(middle)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("name", "count"), SMOOTH)
def test_derivatives_of_elementary_words_are_right_at_round_points(name: str, count: int, order: int) -> None:
    args = ["x", "y", "z", "u"][:count]
    text = f"{name}({', '.join(args)})"
    points = SEVERAL[count]
    everything = list(itertools.combinations_with_replacement(range(count), order))
    found = {directions: slopes(text, args, directions, points) for directions in everything}
    checked = 0
    for place, point in enumerate(points):
        if point in SINGULAR.get(name, ()):
            continue
        try:
            true = {directions: exact(text, args, directions, point) for directions in everything}
        except (ValueError, ZeroDivisionError, TypeError, OverflowError):
            continue
        checked += 1
        largest = max(map(abs, true.values()))
        for directions, slope in true.items():
            error = abs(found[directions][place] - slope)
            assert error <= 1e-8 * abs(slope) + (1e-14 if order < 3 else 1e-8) * largest + 1e-35, (
                f"{text} by {directions} at {point}"
            )
    assert checked > 3


@pytest.mark.parametrize(("name", "count"), SMOOTH)
def test_the_hessian_of_a_product_has_the_derivatives_of_the_word(name: str, count: int) -> None:
    args = ["w", "x", "y", "z", "u"][: count + 1]
    text = f"{name}({', '.join(args[1:])})"
    points = SEVERAL[count]
    for weight in (1.5, 0.0):
        weighted = [(weight, *point) for point in points]
        for number in range(count):
            once = slopes(text, args[1:], (number,), points)
            twice = slopes(text, args[1:], (number, number), points)
            usual = np.isfinite(once) & np.isfinite(twice) & (np.abs(twice) < 1e150)
            mixed = slopes(f"w*{text}", args, (0, number + 1), weighted)[usual]
            other = slopes(f"w*{text}", args, (number + 1, 0), weighted)[usual]
            np.testing.assert_allclose(mixed, once[usual], rtol=1e-12)
            np.testing.assert_allclose(other, once[usual], rtol=1e-12)
            second = slopes(f"w*{text}", args, (number + 1, number + 1), weighted)[usual]
            np.testing.assert_allclose(second, weight * twice[usual], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "point", "directions", "expected"),
    [
        ("logaddexp(x, y)", (0.0, 0.0), (0, 1), -0.25),
        ("logaddexp(x, y)", (0.0, 0.0), (0, 0), 0.25),
        ("log(softplus(x))", (0.0,), (0, 0), 0.25 / LN2 - (0.5 / LN2) ** 2),
        ("y*exprel(x)", (1e-16, 1.5), (0, 1), 0.5),
        ("exprel(x)", (0.0,), (0, 0), 1 / 3),
        ("boxcox(x, y)", (1.0, 0.0), (0, 1), 0.0),
        ("boxcox(x, y)", (2.0, 0.0), (1, 1), LN2**3 / 3),
        ("boxcox1p(x, y)", (0.0, 0.5), (0, 0), -0.5),
        ("x**y", (2.0, 0.0), (0, 1), 0.5),
        ("x**y/(2**y + x**y)", (0.0, 1.0), (0, 0), -0.5),
        ("z*xlogy(x, y)", (0.0, 2.0, 1.0), (0, 2), LN2),
        ("x*kl_div(x, y)", (1.0, 1.0), (0, 0), 1.0),
        ("y*acot(x)", (0.0, 0.0), (0, 1), -1.0),
        ("softplus(x)", (50.0,), (0, 0), 1.9287498479639e-22),
        ("tanh(x)", (350.0,), (0, 0), -8 * math.exp(-700)),
    ],
)
def test_a_second_derivative_that_used_to_be_wrong(
    text: str, point: tuple[float, ...], directions: Directions, expected: float
) -> None:
    args = ["x", "y", "z"][: len(point)]
    (found,) = slopes(text, args, directions, [point])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-300)


# Totality


ELEMENTARY = table.arithmetic.ARITHMETIC | table.arithmetic.LOGIC | table.arithmetic.INNER
ELEMENTARY |= table.elementary.ELEMENTARY | table.elementary.RARE | table.elementary.INNER


def test_every_opcode_is_a_word_in_every_namespace() -> None:
    assert table.TABLE.keys() - table.HOSTED.keys() == jax_words.WORDS.keys()
    assert table.HOSTED.keys() <= numpy_words.WORDS.keys()
    assert ELEMENTARY.keys() <= numpy_words.WORDS.keys() <= table.TABLE.keys()


@pytest.mark.parametrize("opcode", ELEMENTARY)
def test_jax_and_numpy_compute_the_same_word(opcode: str) -> None:
    count = len(table.TABLE[opcode].partials)
    grid = (
        (0.0, -0.0, 1e-8, 0.125, 0.5, 1.0, 1.5, 2.0, 6.4, 30.0, -0.5, -1.0, -2.25)
        if count < 3
        else (0.0, 0.5, 1.0, 2.0, 6.4)
    )
    columns = [np.array(column) for column in zip(*itertools.product(grid, repeat=count), strict=True)]
    with np.errstate(all="ignore"):
        host = np.asarray(numpy_words.WORDS[opcode](*columns))
    device = np.asarray(jax_words.WORDS[opcode](*[jnp.asarray(column) for column in columns]))
    assert host.dtype == device.dtype == np.float64
    np.testing.assert_allclose(device, host, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("opcode", ELEMENTARY)
def test_a_word_keeps_single_precision_and_takes_python_numbers(opcode: str) -> None:
    count = len(table.TABLE[opcode].partials)
    columns = [np.full(3, 0.5, np.float32)] * count
    with np.errstate(all="ignore"):
        assert np.asarray(numpy_words.WORDS[opcode](*columns)).dtype == np.float32
        if count > 1:
            assert np.shape(numpy_words.WORDS[opcode](*[1.0] * (count - 1), np.ones((2, 3)))) == (2, 3)
    assert jax_words.WORDS[opcode](*[jnp.asarray(column) for column in columns]).dtype == np.float32


@pytest.mark.parametrize("opcode", table.elementary.ELEMENTARY | table.elementary.RARE)
def test_every_word_of_the_language_has_derivatives_as_formulae(opcode: str) -> None:
    count = len(table.TABLE[opcode].partials)
    for index in range(count):
        sympy_words.partial(opcode, sympy.symbols("x y z", real=True)[:count], index)


def test_strong_zeros_hold_to_second_order() -> None:
    """What is multiplied by an exact zero adds nothing, but its derivative by that zero is there."""
    for text in ("where(x > 0, sqrt(x), 0)", "where(x > 0, log(x)*x, x)", "where(x > 0, 1/x, x**2)"):
        for directions in ((0,), (0, 0), (0, 0, 0)):
            assert np.isfinite(slopes(text, ["x"], directions, [(0.0,), (-1.0,)])).all()
    assert slopes("y*log(x)", ["x", "y"], (0, 1), [(2.0, 0.0)]).tolist() == [0.5]


def test_the_names_of_special_words_are_known() -> None:
    assert {word.opcode for word in (*words.PRIMITIVES, *words.INNER.values())} - {None} <= table.TABLE.keys()
