"""Antiderivatives with elliptic integrals and polylogarithms: their gradient is the integrand, which has neither."""

import math

import numpy as np
import pytest

from app.autodiff.arrays import recording, run, transforms
from app.language import parse

ROWS = (
    # (antiderivative, integrand, points)
    ("elliptic_f(asin(x), 0.4)", "1/sqrt((1 - x**2)*(1 - 0.4*x**2))", (-0.9, 0.0, 0.3)),
    ("elliptic_e(asin(x), 0.4)", "sqrt((1 - 0.4*x**2)/(1 - x**2))", (-0.9, 0.0, 0.3)),
    ("elliptic_pi(-0.7, asin(x), 0.4)", "1/((1 + 0.7*x**2)*sqrt((1 - x**2)*(1 - 0.4*x**2)))", (-0.9, 0.0, 0.3)),
    ("EllipticF(x, 0.9)", "1/sqrt(1 - 0.9*sin(x)**2)", (-4.0, 0.0, 1.5, 30.0)),
    ("-cos(x)*elliptic_f(x, 0.25) + 2*asin(sin(x)/2)", "sin(x)*elliptic_f(x, 0.25)", (-4.0, 0.0, 1.5)),
    ("2*(ellipe(x) - (1 - x)*ellipk(x))", "ellipk(x)", (-5.0, 0.0, 0.5, 0.99)),
    ("2/3*((1 + x)*ellipe(x) - (1 - x)*ellipk(x))", "ellipe(x)", (-5.0, 0.5, 0.99)),
    (
        "3**(-1/4)*ellipkinc(acos((sqrt(3) - 1 - x)/(sqrt(3) + 1 + x)), (2 + sqrt(3))/4)",
        "1/sqrt(1 + x**3)",
        (0.0, 2.0, 9.0),
    ),
    ("ellipkinc(asin(x), -1)", "1/sqrt(1 - x**4)", (-0.9, 0.0, 0.3)),
    ("(x*sqrt(1 - x**4) + 2*ellipkinc(asin(x), -1))/3", "sqrt(1 - x**4)", (-0.9, 0.0, 0.3)),
    ("ellipeinc(asin(x), -1) - ellipkinc(asin(x), -1)", "x**2/sqrt(1 - x**4)", (-0.9, 0.3)),
    ("elliptic_f(2*atan(x), 1/2)/2", "1/sqrt(1 + x**4)", (-3.0, 0.0, 0.3)),
    ("-2*EllipticE(pi/4 - x/2, 2)", "sqrt(sin(x))", (0.1, 1.5, 3.0)),
    ("2*EllipticF(x/2, 2)", "1/sqrt(cos(x))", (-1.5, 0.0, 0.5)),
    ("2*EllipticE(x/2, 2)", "sqrt(cos(x))", (-1.5, 0.0, 0.5)),
    ("-2*sqrt(3)*EllipticE(pi/4 - x/2, 2/3)", "sqrt(2 + sin(x))", (-4.0, 0.0, 9.0)),
    ("2/sqrt(3)*EllipticF(x/2, 2/3)", "1/sqrt(2 + cos(x))", (-4.0, 0.0, 9.0)),
    ("2/(4*sqrt(3))*EllipticPi(1/2, x/2, 2/3)", "1/((3 + cos(x))*sqrt(2 + cos(x)))", (-4.0, 0.0, 9.0)),
    ("2*elliptic_f(asin(sqrt(x)), 0.3)", "1/sqrt(x*(1 - x)*(1 - 0.3*x))", (0.01, 0.5, 0.99)),
    ("2*elliptic_e(asin(sqrt(x)), 0.3)", "sqrt((1 - 0.3*x)/(x*(1 - x)))", (0.01, 0.5, 0.99)),
    ("-2*elliprf(x, x + 1, x + 2)", "1/sqrt(x*(x + 1)*(x + 2))", (1e-3, 1.0, 1e3)),
    ("-2/3*elliprd(x, x + 1, x + 2)", "1/(sqrt(x*(x + 1))*(x + 2)**1.5)", (1e-3, 1.0, 1e3)),
    ("-2/3*elliprj(x, x + 1, x + 2, x + 3)", "1/((x + 3)*sqrt(x*(x + 1)*(x + 2)))", (1e-3, 1.0, 1e3)),
    ("-2*elliprc(x, x + 1)", "1/(sqrt(x)*(x + 1))", (1e-3, 1.0, 1e3)),
    ("-polylog(2, x)", "log(1 - x)/x", (-30.0, -1.0, 0.5, 0.99)),
    ("polylog(3, x)", "polylog(2, x)/x", (-30.0, -1.0, 0.5, 0.99)),
    ("PolyLog(2.5, x)", "PolyLog(1.5, x)/x", (-30.0, -1.0, 0.5, 0.99)),
    ("spence(x)", "log(x)/(1 - x)", (1e-3, 0.5, 3.0)),
    ("x*log(1 - exp(-x)) - polylog(2, exp(-x))", "x/expm1(x)", (0.1, 2.0, 9.0)),
    (
        "x**3/3 - x**2*log(1 + exp(x)) - 2*x*polylog(2, -exp(x)) + 2*polylog(3, -exp(x))",
        "x**2/(exp(x) + 1)",
        (-2.0, 1.0, 4.0),
    ),
    ("(polylog(2, x) - polylog(2, -x))/2", "atanh(x)/x", (-0.9, 0.1, 0.5)),
    ("-polylog(2, -x**2)/2", "log(1 + x**2)/x", (-3.0, 0.1, 5.0)),
    ("-log(x)**2*log(1 - x) - 2*log(x)*polylog(2, x) + 2*polylog(3, x)", "log(x)**2/(1 - x)", (0.1, 0.5, 0.9)),
    ("x*elliptic_e(x, 0.3)", "elliptic_e(x, 0.3) + x*sqrt(1 - 0.3*sin(x)**2)", (-4.0, 0.0, 1.5)),
)


def test_there_are_thirty_rows() -> None:
    assert len(ROWS) >= 30


@pytest.mark.parametrize(("antiderivative", "integrand", "points"), ROWS)
def test_the_gradient_of_an_antiderivative_is_the_integrand(
    antiderivative: str, integrand: str, points: tuple[float, ...]
) -> None:
    tapes = [recording.record(parse.read(text, ["x"]).at([()], whole=True)) for text in (antiderivative, integrand)]
    gradient = run.prepare(transforms.derive(tapes[0].tape, "grad", (0,)))
    value = run.prepare(tapes[1].tape)
    for x in points:
        _, slope = gradient([np.float64(x), *tapes[0].constants])
        (expected,) = value([np.float64(x), *tapes[1].constants])
        assert math.isfinite(expected)
        assert slope == pytest.approx(expected, rel=1e-11, abs=1e-15)
