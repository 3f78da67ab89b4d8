"""Special functions where they are hard: tables against their definitions, second derivatives, edges of domains."""

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from mpmath import mp, mpf

from app import errors
from app.autodiff import bytecode, special, table
from app.autodiff.bytecode import Numbers
from app.autodiff.special import chebyshev
from app.language import parse
from tests.support import float_tapes, mpmath_functions, programs

jax.config.update("jax_enable_x64", True)
DOUBLE = programs.interpreter_of("float64")


@pytest.mark.parametrize("table", special.TABLES, ids=lambda table: table.name)
def test_a_stored_table_holds_the_coefficients_of_its_definition(table: chebyshev.Table) -> None:
    stored = chebyshev._tables()[table.name]
    assert stored.shape == (len(table.functions), table.pieces, table.degree + 1)
    for column in range(len(table.functions)):
        piece = (7 * column + 3) % table.pieces
        assert stored[column, piece].tolist() == chebyshev.coefficients(table, column, piece)


def test_every_stored_table_has_a_definition() -> None:
    assert sorted(chebyshev._tables()) == sorted(table.name for table in special.TABLES)


SECOND: dict[str, tuple[float, ...]] = {
    "erfc": (0.3, -2.0, 10.0),
    "erfcx": (0.3, -2.0, 1e3),
    "dawsn": (0.3, -2.0, 50.0),
    "erfinv": (0.3, -0.8, 0.999),
    "erfcinv": (0.3, 1.8, 1e-100),
    "log_ndtr": (0.3, -2.0, -30.0),
    "gamma": (0.3, 5.5, -1.5, 50.5),
    "lgamma": (0.3, 5.5, -1.5, 1e6),
    "rgamma": (0.3, 5.5, -1.5),
    "digamma": (0.3, 5.5, -1.5, 1e6),
    "trigamma": (0.3, 5.5, -1.5, 1e6),
    "zeta": (0.3, 2.5, -1.5),
    "j0": (1e-6, 2.0, -60.0),
    "j1": (1e-6, 2.0, -60.0),
    "y0": (1e-6, 2.0, 60.0),
    "y1": (1e-6, 2.0, 60.0),
    "i0e": (0.3, -5.0, 1e4),
    "i1e": (0.3, -5.0, 1e4),
    "k0e": (0.3, 5.0, 1e4),
    "k1e": (0.3, 5.0, 1e4),
    "expi": (0.3, -2.0, 50.0),
    "Si": (0.3, -2.0, 50.0),
    "Chi": (0.3, 2.0, 50.0),
    "fresnels": (0.3, -2.5, 7.0),
    "lambertw": (0.3, -0.2, 1e9, 0.0),
    "exprel": (0.3, 1e-6, -20.0),
    "gd": (0.3, -20.0),
}


def gradient(text: str, x: float) -> Numbers:
    """Return [value, derivative] by the program that knows every special function."""
    recording = float_tapes.recorded(text, "x")
    return DOUBLE.gradient(bytecode.encode(recording.tape), np.array([x, *recording.constants]))


def _second(function: Callable[[Any], Any], x: float) -> Any:
    with mp.workdps(100):
        h = mpf(10) ** -25 * (abs(x) or 1)
        return (function(x + h) - 2 * function(mpf(x)) + function(x - h)) / (h * h)


@pytest.mark.parametrize("word", SECOND)
def test_a_second_derivative_is_right_to_nine_digits(word: str) -> None:
    recording = float_tapes.recorded(f"{word}(x)", "x")
    encoded = bytecode.encode(recording.tape)
    for x in SECOND[word]:
        found = float_tapes.hessian(DOUBLE, encoded, np.array([x, *recording.constants]))[-1]
        expected = float(_second(mpmath_functions.function(word), x))
        assert found == pytest.approx(expected, rel=1e-9), f"{word}''({x})"


def test_tapes_with_and_without_special_functions_run_together() -> None:
    calls = []
    for text, x in [("sin(x)*x", 0.5), ("gamma(x) + x", 2.5), ("x**3", 2.0), ("j0(x)*exp(x)", 0.7)]:
        recording = float_tapes.recorded(text, "x")
        calls.append((bytecode.encode(recording.tape), np.array([x, *recording.constants])))
    assert [encoded.special for encoded, _ in calls] == [False, True, False, True]
    for (encoded, leaves), found in zip(calls, DOUBLE.gradients(calls), strict=True):
        np.testing.assert_allclose(found, DOUBLE.gradient(encoded, leaves), rtol=1e-14)


def test_a_function_without_special_functions_asks_for_no_program_that_has_them() -> None:
    assert not set(float_tapes.recorded("sin(x)*erf(x) + x**2.5").tape.code) & set(table.SPECIAL)
    assert not bytecode.encode(float_tapes.recorded("sin(x)*erf(x) + x**2.5").tape).special


@pytest.mark.parametrize(
    "text",
    ["polygamma(0.5, x)", "polygamma(21, x)", "polygamma(-1, x)", "hermite(1/2, x)",
     "hermite(x, x)", "polygamma(1e300, x)", "polygamma(inf, x)", "polygamma(nan, x)", "hermite((1, 2), x)",
     "hermite(x > 0, x)"],
)  # fmt: skip
def test_an_unsupported_order_is_refused_with_the_supported_ones(text: str) -> None:
    with pytest.raises(errors.SyntaxRejected) as refused:
        parse.read(text, ["x"]).at([()])
    assert "0 to 20" in (refused.value.hint or "")


@pytest.mark.parametrize("text", ["scipy.special.sici(x)", "j_series(2, x)"])
def test_a_name_with_another_meaning_in_its_library_is_refused(text: str) -> None:
    with pytest.raises(errors.UnknownName):
        parse.parse(text)


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("y0(x)", -1.0, math.nan),
        ("k0(x)", -1.0, math.nan),
        ("Ci(x)", -1.0, math.nan),
        ("exp1(x)", -1.0, math.nan),
        ("exp1(x)", 0.0, math.inf),
        ("expn(2, x)", 0.0, 1.0),
        ("gammainc(x, 1)", -1.0, math.nan),
        ("gammainc(2, x)", 0.0, 0.0),
        ("gammaincc(2, x)", 0.0, 1.0),
        ("betainc(2, 3, x)", 0.0, 0.0),
        ("betainc(2, 3, x)", 1.0, 1.0),
        ("betainc(2, 3, x)", 1.5, math.nan),
        ("erfinv(x)", 1.0, math.inf),
        ("erfcinv(x)", 0.0, math.inf),
        ("lambertw(x)", -1.0, math.nan),
        ("lambertw(x)", 0.0, 0.0),
        ("rgamma(x)", -3.0, 0.0),
        ("gamma(x)", 180.0, math.inf),
        ("jn(3, x)", 0.0, 0.0),
        ("entr(x)", 0.0, 0.0),
        ("kl_div(x, 2)", 0.0, 2.0),
        ("sindg(x)", 180.0, 0.0),
    ],
)
def test_a_value_at_the_edge_of_a_domain(text: str, point: float, value: float) -> None:
    np.testing.assert_equal(gradient(text, point)[0], value)


@pytest.mark.parametrize("text", ["exprel(x)", "expi(x)", "gamma(x)", "cosh(x)"])
def test_where_a_function_overflows_so_does_its_slope(text: str) -> None:
    assert gradient(text, 800.0).tolist() == [math.inf, math.inf]
