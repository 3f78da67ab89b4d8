"""Ten thousand rigorous answers, each of which encloses what mpmath finds with 50 digits.

Functions are made at random of words and operations, as a text and as a function of mpmath's numbers, with literals
that are not binary fractions. Points are random, round and extreme.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from app import errors
from tests.support import mpmath_functions
from tests.support.enclosures import enclosed, holds, is_tight

pytest.importorskip("flint")

ANSWERS, PARTS = 10_000, 20

_OF_ONE = """
sin cos tan sec asin acos atan asinh acosh atanh acoth sinh cosh tanh sech exp exp2 expm1 log log2 log10 log1p cbrt
sqrt abs rsqrt square reciprocal usinc sigmoid softplus log_sigmoid logit silu mish elu selu gelu squareplus soft_sign
logcosh log1mexp erf erfc erfcx erfi dawsn ndtr log_ndtr gamma lgamma rgamma digamma factorial i0e j0 i1 expi exp1 Si Ci
Shi fresnels fresnelc lambertw exprel gd sinpi cospi tanpi deg2rad asind atanpi cosm1 entr trigamma harmonic Li exp2m1
log10p1 cloglog sparse_plus
"""
_OF_TWO = """
hypot logaddexp atan2 xlogy xlog1py beta betaln maximum minimum boxcox kl_div logaddexp2 poch
"""
_WORDS, _PAIRS = _OF_ONE.split(), _OF_TWO.split()
_LITERALS = ("0.1", "2.7", "3", "1e-3", "0.3", "7", "1e2", "pi")
_POINTS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 1e-12, 1e-5, 40.0, -0.7, -2.5, 300.0)

Number = Callable[[Any], Any]


@dataclass(frozen=True)
class Made:
    """A function of x, as a text and by mpmath."""

    text: str
    function: Number


def _literal(text: str) -> Made:
    value = mpf(np.pi) if text == "pi" else mpf(float(text)) if "." in text or "e" in text else mpf(int(text))
    return Made(text, lambda _: value)


def _word(name: str, *operands: Made) -> Made:
    reference = mpmath_functions.function(name)

    def function(x: Any) -> Any:
        values = [each.function(x) for each in operands]
        if max(map(abs, values)) > 1000:
            raise ValueError("mpmath may take minutes")
        return reference(*values)

    return Made(f"{name}({', '.join(each.text for each in operands)})", function)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _joined(sign: str, one: Made, other: Made) -> Made:
    operation = _OPERATIONS[sign]
    return Made(f"({one.text} {sign} {other.text})", lambda x: operation(one.function(x), other.function(x)))


def _power(base: Made, exponent: str) -> Made:
    above, _, below = exponent.partition("/")

    def function(x: Any) -> Any:
        return mpmath_functions.real(base.function(x) ** (mpf(above) / mpf(below or 1)))

    return Made(f"({base.text})**({exponent})", function)


def _chosen(condition: Made, one: Made, other: Made) -> Made:
    return Made(
        f"({one.text} if {condition.text} > 0 else {other.text})",
        lambda x: one.function(x) if condition.function(x) > 0 else other.function(x),
    )


def _made(random: np.random.Generator, depth: int) -> Made:
    """Return a random function."""
    kind = random.random()
    if depth == 0:
        return Made("x", lambda x: x) if kind < 0.75 else _literal(str(random.choice(_LITERALS)))

    def part() -> Made:
        return _made(random, depth - 1)

    if kind < 0.5:
        return _word(str(random.choice(_WORDS)), part())
    if kind < 0.6:
        return _word(str(random.choice(_PAIRS)), part(), part())
    if kind < 0.68:
        return _power(part(), str(random.choice(["2", "3", "-1", "1/3", "3/2", "-5/2"])))
    if kind < 0.72:
        return _chosen(part(), part(), part())
    return _joined(str(random.choice(list("+-*/"))), part(), part())


_OUTSIDE = (MemoryError, ValueError, ZeroDivisionError, OverflowError, TypeError, NotImplementedError, ArithmeticError)


def _expected(made: Made, point: float) -> tuple[Any, Any] | None:
    """Return value and derivative with 50 digits, None where they are not finite, not real, or not so sure."""
    try:
        with mp.workdps(50):
            x = mpf(point)
            value = made.function(x)
            with mp.workdps(90):
                exact = made.function(x)
            if not mp.isfinite(value) or value == 0 or abs(value - exact) > mpf(10) ** -38 * abs(exact):
                return None
            slope = mp.diff(made.function, x)
            # A difference is wrong at a kink and where the function cancels: it must not depend on its step.
            again = mp.diff(made.function, x, h=mpf(2) ** -97)
            sure = mp.isfinite(slope) and abs(slope - again) <= mpf(10) ** -18 * abs(slope)
            return value, slope if sure and abs(slope) > mpf(10) ** -20 * abs(value) else None
    except (*_OUTSIDE, mp.NoConvergence):
        return None


def _holds_slope(pair: tuple[float, float], reference: Any) -> bool:
    """Return whether an enclosure holds a reference with an error of 17 digits."""
    slack = abs(reference) * mpf(10) ** -17
    return bool(mpf(pair[0]) - slack <= reference <= mpf(pair[1]) + slack)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_enclosure_holds_the_number(part: int) -> None:
    random = np.random.default_rng(1000 + part)
    done = tight = slopes = 0
    while done < ANSWERS // PARTS:
        made = _made(random, int(random.integers(1, 4)))
        point = float(random.choice(_POINTS)) if random.random() < 0.5 else float(random.normal(0, 2))
        expected = _expected(made, point)
        if expected is None or "x" not in made.text.replace("max", "").replace("exp", ""):
            continue
        value, slope = expected
        try:
            found = enclosed(made.text, "x", [point], seconds=2.0)
        except errors.BadConstant:  # in a branch that mpmath does not take
            continue
        done += 1
        assert holds(found[0], value), (made.text, point, found, value)
        tight += is_tight(found[0])
        if slope is not None:
            slopes += 1
            assert _holds_slope(found[1], slope), (made.text, point, found, slope)
    assert tight > 0.97 * done
    assert slopes > 0.75 * done
