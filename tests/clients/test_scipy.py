"""Functions of the service in scipy.optimize."""

import gradserve
import numpy as np
import pytest
from gradserve.scipy import as_scipy
from scipy import optimize

from tests.support.direct import Direct

ROSENBROCK = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
START = np.array([-1.2, 1.0, 0.8])


def test_the_callables_are_those_of_scipy(remote: gradserve.Client) -> None:
    found = as_scipy(remote.function(ROSENBROCK))
    direction = np.array([1.0, -0.5, 0.25])
    assert found.fun(START) == pytest.approx(optimize.rosen(START), rel=1e-14)
    np.testing.assert_allclose(found.jac(START), optimize.rosen_der(START), rtol=1e-13)
    np.testing.assert_allclose(found.hess(START), optimize.rosen_hess(START), rtol=1e-13)
    np.testing.assert_allclose(found.hessp(START, direction), optimize.rosen_hess_prod(START, direction), rtol=1e-13)


@pytest.mark.parametrize("method", ["BFGS", "Newton-CG", "trust-exact", "trust-krylov"])
def test_minimize_finds_the_minimum(remote: gradserve.Client, method: str) -> None:
    g = as_scipy(remote.function(ROSENBROCK))
    second = {"BFGS": {}, "trust-exact": {"hess": g.hess}}.get(method, {"hessp": g.hessp})
    found = optimize.minimize(g.fun, START, jac=g.jac, method=method, **second)
    np.testing.assert_allclose(found.x, 1, rtol=1e-3)


def test_value_and_gradient_are_one_request(remote: gradserve.Client, direct: Direct) -> None:
    g = as_scipy(remote.function(ROSENBROCK))
    direct.asked.clear()
    g.fun(START)
    g.jac(START)
    assert len(direct.asked) == 1


def test_a_function_of_numbers_takes_a_vector_of_them(remote: gradserve.Client) -> None:
    g = as_scipy(remote.function("100*(y - x**2)**2 + (1 - x)**2", ["x", "y"]))
    np.testing.assert_allclose(g.jac(START[:2]), optimize.rosen_der(START[:2]), rtol=1e-13)
    np.testing.assert_allclose(g.hess(START[:2]), optimize.rosen_hess(START[:2]), rtol=1e-13)
    np.testing.assert_allclose(g.hessp(START[:2], [1.0, 2.0]), optimize.rosen_hess(START[:2]) @ [1, 2], rtol=1e-13)


@pytest.mark.parametrize("text", ["p[0]*exp(-p[1]*t) - y", "p*exp(-q*t) - y"])
def test_least_squares_takes_residuals_and_their_jacobian(remote: gradserve.Client, text: str) -> None:
    t = np.linspace(0, 3, 7)
    names = ["p", "t", "y"] if "[" in text else ["p", "q", "t", "y"]
    g = as_scipy(remote.function(text, names).bind(t=t, y=2.5 * np.exp(-0.7 * t)))
    assert g.jac([2.0, 1.0]).shape == (7, 2)
    assert optimize.least_squares(g.fun, [2.0, 1.0], g.jac).x == pytest.approx([2.5, 0.7])
