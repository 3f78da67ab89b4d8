"""Ball arithmetic: every enclosure holds what mpmath finds with 50 digits, and is tight where it can be."""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from app.autodiff import table
from app.autodiff.balls import ball, ends, hosted, words
from app.language.numeric.exact import definitions
from app.language.vocabulary import words as vocabulary
from app.language.vocabulary.distributions import names as distributions
from app.language.vocabulary.distributions import row
from tests.support import mpmath_functions
from tests.support.enclosures import enclosed, holds, is_tight, partials

arb: Any = pytest.importorskip("flint").arb

CASES: list[tuple[str, Sequence[float], Callable[..., Any]]] = [
    ("(1 + x) - 1", [1e-17], lambda x: x),
    ("sin(x)", [1e22], mp.sin),
    ("exp(x) - 1", [1e-12], mp.expm1),
    ("(1e300 + x) - 1e300", [1e-300], lambda x: x),
    ("x**2/3 + x**(1/3) + x*(1/3)", [0.1], lambda x: x * x / 3 + mp.cbrt(x) + x / 3),
    ("0.1*x + pi*x + sin(1)*x", [0.7], lambda x: (mpf(0.1) + mpf(math.pi) + mp.sin(1)) * x),
    ("sinpi(x) + sindg(x)", [1e6 + 0.25], lambda x: mp.sinpi(x) + mp.sinpi(x / 180)),
    ("sum(1/(k + x)**2 for k in range(1, 200))", [0.3], lambda x: sum(1 / (k + x) ** 2 for k in range(1, 200))),
    ("log(1 + exp(x)) - log1p(exp(x)) + x", [40.0], lambda x: x),
    ("(1 - cos(x))/x**2", [1e-9], lambda x: (1 - mp.cos(x)) / x**2),
    ("norm.logpdf(x) + norm.logcdf(x)", [-30.25], lambda x: mp.log(mp.npdf(x)) + mp.log(mp.ncdf(x))),
    (
        "t.cdf(x, 3)",
        [1e-6],
        lambda x: mpf(1) / 2 + mp.atan(x / mp.sqrt(3)) / mp.pi + x / (1 + x * x / 3) / mp.sqrt(3) / mp.pi,
    ),
    ("gamma.logpdf(x, 40)", [37.5], lambda x: 39 * mp.log(x) - x - mp.loggamma(40)),
    ("harmonic(x)", [0.125], mp.harmonic),
    ("gelu(x)", [0.7], mpmath_functions.function("gelu")),
    ("max(x, x**2) + min(x, 0.3)", [0.5], lambda x: x + mpf(0.3)),
    ("where(x > 1e-200, sqrt(x), 0.0)", [0.25], mp.sqrt),
    ("x % 0.1 + x // 0.1", [0.35], lambda x: x - mpf(0.1) * mp.floor(x / mpf(0.1)) + mp.floor(x / mpf(0.1))),
]


@pytest.mark.parametrize(("text", "point", "function"), CASES, ids=[case[0] for case in CASES])
def test_an_enclosure_is_tight_and_holds_the_number(
    text: str, point: Sequence[float], function: Callable[..., Any]
) -> None:
    expected = partials(function, point)
    found = enclosed(text, "x", point)
    assert all(map(is_tight, found))
    assert all(map(holds, found, expected))


@pytest.mark.parametrize(
    ("text", "point", "gradient"),
    [
        ("abs(x)", 0.0, 1.0),
        ("max(x, 0)", 0.0, 0.5),
        ("relu(x)", 0.0, 0.0),
        ("where(x > 0, sqrt(x), 0.0)", 0.0, 0.0),
        ("abs(x - 0.25)", 0.25, 1.0),
        ("x**0", 0.0, 0.0),
        ("sign(x) + floor(x)", 2.0, 0.0),
    ],
)
def test_a_kink_is_decided_as_jax_decides_it(text: str, point: float, gradient: float) -> None:
    assert enclosed(text, "x", [point])[1] == (gradient, gradient)


def test_what_cannot_be_decided_is_enclosed_in_both_cases() -> None:
    value, gradient = enclosed("x if sin(x)**2 + cos(x)**2 > 1 else 3*x", "x", [0.5])
    assert value[0] <= 0.5
    assert value[1] >= 1.5
    assert not is_tight(value)
    assert gradient[0] <= 1.0
    assert gradient[1] >= 3.0
    assert enclosed("log(x)", "x", [0.0]) == [(-math.inf, math.inf)] * 2


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_enclosure_up_to_infinity_is_tight_only_beyond_the_largest_numbers(sign: float) -> None:
    for finite, tight in ((1e308, False), (math.nextafter(1e308, math.inf), True)):
        assert ends.is_tight(*sorted((sign * finite, sign * math.inf))) is tight


def test_time_that_is_up_leaves_what_is_known() -> None:
    assert enclosed("exp(x)", "x", [1.0], seconds=-1.0) == [(-math.inf, math.inf)] * 2


def test_second_derivatives_hold_those_of_mpmath() -> None:
    found = enclosed("exp(x)*sin(y) + besselj(x, y) + gammainc(x, y)", "x y", [1.25, 1.9], "hessian")

    def function(x: Any, y: Any) -> Any:
        return mp.exp(x) * mp.sin(y) + mp.besselj(x, y) + mp.gammainc(x, 0, y, regularized=True)

    with mp.workdps(60):
        point = (mpf(1.25), mpf(1.9))
        expected = [mp.diff(function, point, orders) for orders in ((2, 0), (1, 1), (1, 1), (0, 2))]
    assert all(map(is_tight, found))
    assert all(map(holds, found[1:], expected))


@pytest.mark.parametrize("exponent", [-1080, -1074, -1022, -53, 0, 52, 1023, 1024, 4000])
def test_ends_are_rounded_outwards(exponent: int) -> None:
    ball.set_precision(212)
    for mantissa in (1, -1, 3, 2**60 + 1, -(2**60) - 1):
        low, high = ball.bounds(arb(mantissa) * arb(2) ** exponent)
        exact = mantissa * Fraction(2) ** exponent
        assert low == -math.inf or Fraction(low) <= exact
        assert high == math.inf or exact <= Fraction(high)
        assert math.nextafter(low, math.inf) >= high


def test_every_word_of_a_text_has_balls() -> None:
    public = {word.opcode for word in (*vocabulary.PRIMITIVES, *vocabulary.INNER.values()) if word.opcode}
    assert public - set(words.WORDS) == set()
    assert set(hosted.ROWS) - set(words.WORDS) == set()


def test_words_without_balls_are_integrals_of_derivatives_that_have_rows_here() -> None:
    assert set(table.TABLE) - set(words.WORDS) == {"carlson_integral", "legendre_integral", "jacobi_integral"}


def test_a_decimal_of_a_definition_is_short_or_has_a_meaning() -> None:
    known = [*vocabulary.DEFINED, *vocabulary.INNER.values(), *distributions.BY_NAME.values()]
    standards = [word.standard for word in distributions.BY_NAME.values() if isinstance(word, row.Density)]
    texts = {word.definition for word in (*known, *standards) if word is not None and word.definition is not None}
    exactly = [definitions.exactly(text) for text in texts | set(vocabulary.OVERLOADS.values())]
    long = {number for text in exactly for number in definitions.LONG.findall(text)}
    assert long == set()
    for decimal, meaning in definitions.STANDS_FOR.items():
        (pair, _) = enclosed(f"0*x + {meaning}", "x", [1.0])
        assert pair[0] <= float(decimal) <= pair[1]


# Words against mpmath

_OTHERS = {
    "leaky_relu": lambda x: x if x >= 0 else x / 100,
    "erf2": lambda x, y: mp.erf(y) - mp.erf(x),
    "elliptic_f": mp.ellipf,
}
"""References for the meaning that a word has here."""

_RANGES = [(0.05, 0.95), (1.05, 4.0), (-0.95, -0.05), (5.0, 30.0), (-8.0, -1.05)]

_POSITIVE = {
    "betainc",
    "gammainc",
    "gammaincc",
    "elliprc",
    "elliprd",
    "elliprf",
    "elliprg",
    "elliprj",
    "nthroot",
    "rel_entr",
}
_BELOW_ONE = {"elliptic_k", "elliptic_e", "elliptic_pi", "jacobiSN", "jacobiCN", "jacobiDN"}
_SLOW = {"elliprj", "elliptic_pi", "k0", "k0e", "k1e"}
"""Words that mpmath takes more than some seconds for."""

_INTEGERS = set(vocabulary.BY_ORDER) | {"polygamma"}


def _named() -> Iterator[tuple[str, int, Callable[..., Any]]]:
    """Yield each word that mpmath has, with its number of operands and mpmath's function."""
    for word in (*vocabulary.PRIMITIVES, *vocabulary.DEFINED):
        if word.kind not in ("elementwise", "order") or word.names[0] in ("where", "round", "clip"):
            continue
        name = next((each for each in word.names if each in mpmath_functions.names() or each in _OTHERS), None)
        if name is not None and word.arity[1] is not None and name not in _SLOW:
            yield name, word.arity[1], _OTHERS.get(name) or mpmath_functions.function(name)


WORDS = {name: (arity, function) for name, arity, function in _named()}


def _sample(
    name: str, arity: int, function: Callable[..., Any], random_: np.random.Generator
) -> tuple[list[float], Any]:
    """Return operands and [value, *gradient] of mpmath, somewhere in the domain of a word."""
    for _ in range(60):
        point = [float(random_.uniform(*_RANGES[random_.integers(5)])) for _ in range(arity)]
        if name in _INTEGERS:
            point[0] = float(random_.integers(6))
        if name in _POSITIVE:
            point = [abs(x) for x in point]
        if name in _BELOW_ONE and max(point) >= 1:
            continue
        try:
            known, free = point[: name in _INTEGERS], point[name in _INTEGERS :]
            expected = partials(functools.partial(function, *known), free)
        except (ValueError, ZeroDivisionError, TypeError, mp.NoConvergence, NotImplementedError, OverflowError):
            continue
        if all(mp.isfinite(number) and mp.im(number) == 0 for number in expected):
            return point, expected
    raise AssertionError(f"no operands of {name} in its domain were found")


def _check(name: str, times: int) -> None:
    arity, function = WORDS[name]
    random_ = np.random.default_rng(list(name.encode()))
    names = ["x", "y", "z", "w"][:arity]
    for _ in range(times):
        point, expected = _sample(name, arity, function, random_)
        first = int(name in _INTEGERS)
        operands = [str(int(point[0]))] * first + names[first:]
        found = enclosed(f"{name}({', '.join(operands)})", " ".join(names[first:]), point[first:])
        assert all(map(holds, found, expected)), (name, point, found, expected)
        assert all(map(is_tight, found)), (name, point, found)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WORDS))
def test_a_word_and_its_derivatives_hold_those_of_mpmath(name: str) -> None:
    _check(name, 1)
