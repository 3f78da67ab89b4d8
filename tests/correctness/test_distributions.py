"""Densities and distribution functions, in value and derivative by every argument, against mpmath."""

import itertools
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import pytest
from jax.scipy import stats
from mpmath import mp, mpf

from app import errors
from app.autodiff.arrays import recording, run, transforms
from app.language import parse
from app.language.vocabulary.distributions import names, row, rows
from tests.support import documents, float_tapes, mpmath_distributions
from tests.support.service import Client

Point = tuple[float, ...]

REAL = (-40.0, -6.0, -1.5, -0.3, 1e-5, 0.4, 2.5, 30.0)
POSITIVE = (1e-8, 0.3, 1.7, 12.0, 60.0)
UNIT = (1e-9, 0.3, 0.61, 1 - 2**-20)
COUNTS = (0.0, 1.0, 3.0, 9.0, 16.0, 17.0, 40.0, 300.0)

POINTS: dict[str, tuple[Sequence[float], Sequence[Point]]] = {
    "norm": (REAL, [()]),
    "t": ((-6.0, -1.0, -0.3, 1e-5, 0.0, 0.97, 2.5), [(0.7,), (3.5,), (400.0,)]),
    "cauchy": ((*REAL, -1e200), [()]),
    "laplace": (REAL, [()]),
    "logistic": (REAL, [()]),
    "gumbel_r": (REAL, [()]),
    "gumbel_l": (REAL, [()]),
    "gennorm": ((-6.0, -0.3, 1e-5, 0.4, 2.5), [(0.8,), (1.7,), (4.0,)]),
    "skewnorm": (REAL, [(-3.0,), (0.5,), (8.0,)]),
    "exponnorm": (REAL, [(0.2,), (1.3,), (30.0,)]),
    "vonmises": ((-3.0, 0.1, 1.0, 3.0), [(0.3,), (5.0,), (700.0,)]),
    "wrapcauchy": ((0.01, 3.0, 6.2), [(0.1,), (0.9,)]),
    "expon": (POSITIVE, [()]),
    "gamma": (POSITIVE, [(0.3,), (2.5,), (15.5,), (16.5,), (60.0,)]),
    "chi2": (POSITIVE, [(0.6,), (5.0,), (33.0,)]),
    "invgamma": ((0.05, 0.3, 1.7, 60.0), [(0.3,), (2.5,), (40.0,)]),
    "f": ((1e-9, 0.01, 0.3, 1.7, 60.0, 1e8), [(0.7, 3.0), (0.7, 0.4), (60.0, 40.0), (3.0, 500.0)]),
    "lognorm": (POSITIVE, [(0.3,), (1.7,)]),
    "weibull_min": ((1e-8, 0.3, 1.7, 12.0), [(0.7,), (1.5,), (4.0,)]),
    "halfnorm": (POSITIVE, [()]),
    "halfcauchy": (POSITIVE, [()]),
    "rayleigh": (POSITIVE, [()]),
    "maxwell": ((1e-8, 0.3, 1.7, 12.0), [()]),
    "invgauss": ((0.01, 0.3, 1.7, 60.0), [(0.05,), (0.8,), (20.0,)]),
    "fisk": (POSITIVE, [(0.8,), (3.0,)]),
    "pareto": ((1.0001, 1.5, 30.0, 1e5), [(0.6,), (3.0,)]),
    "uniform": (UNIT, [()]),
    "beta": (UNIT, [(0.4, 0.6), (2.5, 1.5), (30.0, 50.0), (3.0, 700.0)]),
    "powerlaw": (UNIT, [(0.6,), (3.0,)]),
    "triang": (UNIT, [(0.25,), (0.7,)]),
    "loguniform": ((0.002, 0.5, 900.0), [(0.001, 950.0)]),
    "truncnorm": (
        (-29.9, -20.5, -1.9, 0.3, 3.01, 4.5, 5.5, 8.9),
        [(-1.0, 2.0), (3.0, 9.0), (-30.0, -20.0), (-2.0, np.inf), (5.0, 6.0)],
    ),
    "bernoulli": ((0.0, 1.0), [(0.3,)]),
    "binom": (COUNTS, [(10.0, 0.3), (60.0, 0.7), (400.0, 0.02)]),
    "poisson": (COUNTS, [(0.4,), (7.0,), (50.0,)]),
    "geom": ((1.0, 2.0, 9.0, 80.0), [(0.3,), (0.001,)]),
    "nbinom": (COUNTS, [(0.2, 1e-9), (2.5, 0.3), (30.0, 0.6)]),
    "betabinom": (COUNTS, [(10.0, 0.7, 2.5), (200.0, 3.0, 40.0)]),
}
"""Where each distribution is tested: numbers, and shapes."""

DIGITS = dict.fromkeys(("t", "f", "beta", "gamma", "chi2", "invgamma", "gennorm", "maxwell"), 90) | {
    "wrapcauchy": 40,
}
"""Digits of the reference; those that take long have fewer, and fewer of their tails are compared."""

WITH_REFERENCE = [
    name for name in names.BY_NAME if name.partition(".")[0] in POINTS and mpmath_distributions.function(name)
]


QUICK = (
    "norm.logcdf",
    "t.sf",
    "gamma.logpdf",
    "beta.pdf",
    "beta.logcdf",
    "poisson.logpmf",
    "binom.cdf",
    "invgauss.logsf",
)
"""Functions in the fast set."""


def mostly_slow(chosen: Sequence[str]) -> list[Any]:
    """Return functions as parameters of a test, of which only ``QUICK`` ones are in the fast set."""
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in chosen]


def points_of(name: str) -> list[Point]:
    numbers, shapes = POINTS[name.partition(".")[0]]
    found = [(x, *own) for own in shapes for x in numbers]
    if name.startswith(("binom", "betabinom")):
        return [each for each in found if each[0] < each[1]]
    return [each for each in found if not name.startswith("truncnorm") or each[1] < each[0] < each[2]]


def value_and_gradient(text: str, columns: Sequence[Any], args: Sequence[str] | None = None) -> tuple[Any, list[Any]]:
    """Return an elementwise function of columns at each of their elements, and its derivative by each column."""
    shapes = [np.shape(column) for column in columns]
    recorded = recording.record(parse.read(text, args).at(shapes, whole=True))
    value = run.prepare(recorded.tape)([*[columns[i] for i in recorded.inputs], *recorded.constants])[0]
    summed = recording.record(parse.read(f"sum({text})", args).at(shapes, whole=True))
    tape = transforms.derive(summed.tape, "grad", tuple(range(len(summed.inputs))))
    _, *parts = run.prepare(tape)([*[columns[i] for i in summed.inputs], *summed.constants])
    gradient = [np.zeros(shape) for shape in shapes]
    for index, part in zip(summed.inputs, parts, strict=True):
        gradient[index] = part
    return value, gradient


def columns_of(points: Sequence[Point]) -> list[Any]:
    return [np.array(column, float) for column in zip(*points, strict=True)]


def varied(name: str, point: Point) -> list[int]:
    """Return the arguments that a derivative is taken by: not numbers of trials or successes."""
    discrete = names.BY_NAME[name].parameters[0] == "k"
    kept = [index for index, x in enumerate(point) if np.isfinite(x)]
    return [index for index in kept if not (discrete and (index == 0 or (index == 1 and name[:4] in ("bino", "beta"))))]


def difference(exact: Callable[..., Any], point: Sequence[Any], index: int) -> Any:
    step = mpf(10) ** -(mp.dps // 3) * (abs(point[index]) or 1)
    above, below = list(point), list(point)
    above[index] += step
    below[index] -= step
    return (exact(*above) - exact(*below)) / (2 * step)


def assert_near(found: float, true: Any, allowed: float, what: str, least: Any = 0) -> None:
    """Compare relative to the true number; ``least`` is an absolute error that is allowed, too."""
    true = mp.re(true)
    if true == -mp.inf and np.isfinite(found) and "log" in what:
        assert found < -2.3 * (mp.dps - 20), what  # 1 - cdf has no digits left in the reference
        return
    if mp.isinf(true):
        assert found == float(true), what
        return
    if abs(true) < mpf(10) ** max(-300, -mp.dps // 4):  # the difference of two references has no digits left
        assert abs(found) < 10.0 ** max(-290, -mp.dps // 5), f"{what}: {found} for {mp.nstr(true, 17)}"
        return
    assert abs(mpf(float(found)) - true) <= allowed * abs(true) + least, f"{what}: {found} for {mp.nstr(true, 17)}"


def assert_right(name: str, points: Sequence[Point], digits: int) -> None:
    exact = mpmath_distributions.function(name)
    assert exact is not None
    arguments = [f"v{index}" for index in range(len(points[0]))]
    with np.errstate(all="ignore"):
        value, gradient = value_and_gradient(f"{name}({', '.join(arguments)})", columns_of(points))
    with mp.workdps(digits):
        for place, point in enumerate(points):
            at = [mpf(x) for x in point]
            assert_near(value[place], exact(*at), 1e-12, f"{name}{point}")
            deep = "logsf" in name and mp.re(exact(*at)) < -digits  # 1 - cdf has few digits left in the reference
            for index in varied(name, point) if mp.isfinite(exact(*at)) and not deep else ():
                # A derivative that is far smaller than the value is a difference of terms of the value's size.
                what, least = f"{name}{point} by argument {index}", 1e-15 * abs(mp.re(exact(*at)))
                assert_near(gradient[index][place], difference(exact, at, index), 5e-12, what, least)


@pytest.mark.parametrize("name", mostly_slow(WITH_REFERENCE))
def test_values_and_derivatives_are_right(name: str) -> None:
    assert_right(name, points_of(name)[1::5], 100)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_REFERENCE)
def test_values_and_derivatives_are_right_at_more_points(name: str) -> None:
    chosen = random.Random(name)  # noqa: S311 - the same points in every run
    points, digits = points_of(name), DIGITS.get(name.partition(".")[0], 300)
    if name.startswith(("triang", "truncnorm", "loguniform", "wrapcauchy")) or row_of(name).discrete:
        assert_right(name, points, digits)
        return
    drawn = [tuple(x * chosen.uniform(0.7, 1 / 0.71) for x in point) for point in points]
    if name.startswith(("beta.", "uniform", "powerlaw")):
        drawn = [(point[0] * chosen.uniform(0.3, 1), *each[1:]) for point, each in zip(points, drawn, strict=True)]
    if name.startswith("pareto"):
        drawn = [(1 + x, *rest) for x, *rest in drawn]
    assert_right(name, [*points, *drawn], digits)


def row_of(name: str) -> row.Distribution:
    return next(each for each in rows.DISTRIBUTIONS if each.name == name.partition(".")[0])


def test_every_function_is_tested() -> None:
    scalar = {name for name, word in names.BY_NAME.items() if word.kind == "density"}
    inverse = {name for name in scalar if name.endswith((".ppf", ".isf"))}
    assert scalar - inverse == set(WITH_REFERENCE)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in names.BY_NAME if name.endswith((".ppf", ".isf"))])
def test_an_inverse_is_inverse(name: str) -> None:
    distribution, _, function = name.partition(".")
    own = "cdf" if function == "ppf" else "sf"
    shapes = POINTS[distribution][1][0]
    q = np.array([1e-6, 0.01, 0.3, 0.5, 0.75, 0.999])
    listed = "".join(f", {x!r}" for x in shapes)
    back, slope = value_and_gradient(f"{distribution}.{own}({name}(q{listed}, 0, 3){listed}, 0, 3)", [q])
    np.testing.assert_allclose(back, q, rtol=1e-9)
    np.testing.assert_allclose(slope[0], 1, rtol=1e-9)
    outside, _ = value_and_gradient(f"{name}(q{listed})", [np.array([-0.1, 1.1])])
    assert np.isnan(outside).all()


# Parameters


def test_location_and_scale_are_given_by_position_or_name_or_left_out() -> None:
    same = ["norm.logpdf(x, 0.5, 2)", "stats.norm.logpdf(x, loc=0.5, scale=2)", "norm.logpdf(x=x, scale=2, loc=0.5)"]
    same += ["jax.scipy.stats.norm.logpdf(x, 0.5, scale=2)", "scipy.stats.norm.logpdf(scale=2, loc=0.5, x=x)"]
    assert len({float_tapes.key(text) for text in same}) == 1
    x = np.array([0.3, 2.0])
    found, _ = value_and_gradient("gamma.pdf(x, 2.5, scale=2)", [x])
    expected, _ = value_and_gradient("gamma.pdf(x/2, 2.5)/2", [x])
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize(
    "name", mostly_slow([name for name in WITH_REFERENCE if names.BY_NAME[name].parameters[-1] == "scale"])
)
def test_location_and_scale_move_and_stretch(name: str) -> None:
    points = points_of(name)[1:3]
    count = len(points[0])
    loc, scale = np.array([0.25] * len(points)), np.array([2.0] * len(points))
    shapes = "".join(f", v{index}" for index in range(1, count))
    columns = columns_of(points)
    moved = [columns[0] * 2 + 0.25, *columns[1:], loc, scale]
    args = ["x", *[f"v{index}" for index in range(1, count)], "loc", "scale"]
    found, gradient = value_and_gradient(f"{name}({', '.join(args)})", moved, args)
    rest = {"pdf": " / scale", "logpdf": " - log(scale)"}.get(name.partition(".")[2], "")
    expected, slope = value_and_gradient(f"{name}((x - loc)/scale{shapes}){rest}", moved, args)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    for one, other in zip(gradient, slope, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", mostly_slow(WITH_REFERENCE))
def test_a_scale_or_shape_that_makes_no_distribution_gives_nan(name: str) -> None:
    word = names.BY_NAME[name]
    point = points_of(name)[0]
    if word.parameters[-1] == "scale":
        found, _ = value_and_gradient(
            f"{name}({', '.join(map(repr, point))}, 0, s)".replace("inf", "inf"), [np.array([-1.0, 0.0])]
        )
        assert np.isnan(found).all()
    distribution = row_of(name)
    for index, shape in enumerate(distribution.shapes, 1):
        if distribution.valid and shape not in ("a", "b") and distribution.name != "skewnorm":
            wrong = list(point)
            wrong[index] = -1.0
            found, _ = value_and_gradient(
                f"{name}({', '.join(map(repr, wrong[:index]))}, s{''.join(f', {x!r}' for x in wrong[index + 1 :])})",
                [np.array([-1.0])],
            )
            assert np.isnan(found).all(), name


OUTSIDE = {"pdf": (0, 0), "pmf": (0, 0), "logpdf": (-np.inf, -np.inf), "logpmf": (-np.inf, -np.inf), "cdf": (0, 1),
           "logcdf": (-np.inf, 0), "sf": (1, 0), "logsf": (0, -np.inf)}  # fmt: skip


@pytest.mark.parametrize("name", mostly_slow([name for name in WITH_REFERENCE if row_of(name).below]))
def test_outside_the_support_nothing_depends_on_anything(name: str) -> None:
    distribution, function = row_of(name), name.partition(".")[2]
    point = points_of(name)[0]
    for side, x in enumerate((-50.0, 5e6)):
        if side and not distribution.above:
            continue
        columns = columns_of([(x, *[min(shape, 1e6) for shape in point[1:]])])
        arguments = ", ".join(f"v{index}" for index in range(len(columns)))
        found, gradient = value_and_gradient(f"{name}({arguments})", columns)
        assert found[0] == OUTSIDE[function][side]
        assert [each.tolist() for each in gradient] == [[0.0]] * len(columns)


def test_a_number_that_is_no_integer_has_probability_zero() -> None:
    for name in ("poisson.logpmf(k, 3)", "binom.logpmf(k, 9, 0.3)", "geom.logpmf(k, 0.3)", "nbinom.logpmf(k, 3, 0.2)"):
        found, gradient = value_and_gradient(name, [np.array([2.5])])
        assert (found[0], gradient[0][0]) == (-np.inf, 0)
    found, _ = value_and_gradient("poisson.cdf(k, 3)", [np.array([2.0, 2.5])])
    assert found[0] == found[1]


# Against JAX


JAX: dict[str, tuple[Any, ...]] = {
    "norm.logpdf": (0.3, 0.5, 2.0), "norm.logcdf": (-8.0, 0.5, 2.0), "norm.sf": (3.0, 0.5, 2.0),
    "t.logpdf": (0.3, 3.5, 0.5, 2.0), "cauchy.logpdf": (0.3, 0.5, 2.0), "cauchy.cdf": (0.3, 0.5, 2.0),
    "gamma.logpdf": (0.7, 2.5, 0.1, 2.0), "gamma.cdf": (0.7, 2.5, 0.1, 2.0), "beta.logpdf": (0.6, 2.5, 1.5, 0.1, 2.0),
    "expon.logpdf": (0.7, 0.5, 2.0), "laplace.logpdf": (0.3, 0.5, 2.0),
    "laplace.cdf": (0.3, 0.5, 2.0), "logistic.logpdf": (0.3, 0.5, 2.0), "logistic.cdf": (0.3, 0.5, 2.0),
    "uniform.logpdf": (0.7, 0.5, 2.0), "uniform.cdf": (0.7, 0.5, 2.0), "chi2.logpdf": (0.7, 2.5, 0.1, 2.0),
    "chi2.sf": (0.7, 2.5, 0.1, 2.0), "pareto.logpdf": (3.7, 2.5, 0.1, 2.0),
    "truncnorm.logpdf": (0.7, -1.5, 1.0, 0.1, 2.0), "truncnorm.cdf": (0.7, -1.5, 1.0, 0.1, 2.0),
    "vonmises.logpdf": (0.7, 2.5), "wrapcauchy.logpdf": (0.7, 0.4), "gennorm.logpdf": (0.7, 2.5),
    "gennorm.cdf": (0.7, 2.5), "gumbel_l.logcdf": (0.3, 0.5, 2.0),
    "poisson.logpmf": (3.0, 2.5), "bernoulli.logpmf": (1.0, 0.3), "binom.logpmf": (3.0, 10.0, 0.3),
    "geom.logpmf": (3.0, 0.3), "nbinom.logpmf": (3.0, 2.5, 0.3), "betabinom.logpmf": (3.0, 10.0, 2.5, 1.5),
}  # fmt: skip


@pytest.mark.parametrize("name", mostly_slow(list(JAX)))
def test_a_function_is_that_of_jax(name: str) -> None:
    distribution, _, function = name.partition(".")
    theirs, point = getattr(getattr(stats, distribution), function), JAX[name]
    columns = [np.array([x]) for x in point]
    arguments = ", ".join(f"v{index}" for index in range(len(point)))
    found, gradient = value_and_gradient(f"jax.scipy.stats.{name}({arguments})", columns)
    by = tuple(range(names.BY_NAME[name].parameters[0] == "k", len(point)))
    expected, slopes = jax.value_and_grad(theirs, by)(*point)
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    for index, slope in zip(by, slopes, strict=True):
        if not (name.startswith(("binom", "betabinom")) and index == 1):
            np.testing.assert_allclose(gradient[index][0], slope, rtol=2e-5, atol=1e-6)


def _vectors() -> list[tuple[str, Any, list[Any]]]:
    """Return texts, the same function of JAX, and points."""
    some = np.random.default_rng(3)
    x, mean, several = some.normal(size=3), some.normal(size=3), some.normal(size=(4, 3))
    cov = np.eye(3) + 0.2 * np.ones((3, 3))
    normal = stats.multivariate_normal.logpdf
    of_rows = jax.vmap(normal, (0, None, None))
    return [
        ("multivariate_normal.logpdf(x, m, c)", normal, [x, mean, cov]),
        ("multivariate_normal.logpdf(x, m, c)", of_rows, [several, mean, cov]),
        ("multivariate_normal.logpdf(x, mean=m, cov=c)", of_rows, [several, mean, np.array(0.7)]),
        ("multivariate_normal.logpdf(x, m, c)", normal, [x, np.array(0.3), np.array(0.7)]),
        ("multivariate_normal.pdf(x, m, c)", stats.multivariate_normal.pdf, [x, mean, cov]),
        ("dirichlet.logpdf(x, a)", stats.dirichlet.logpdf, [np.array([0.2, 0.3, 0.5]), np.array([0.7, 2.5, 30.0])]),
        ("dirichlet.pdf(x, a)", stats.dirichlet.pdf, [np.array([0.2, 0.3]), np.array([0.7, 2.5, 30.0])]),
        (
            "multinomial.logpmf(array([1, 2, 17]), 20, p)",
            lambda p: stats.multinomial.logpmf(jax.numpy.array([1, 2, 17]), 20, p),
            [np.array([0.2, 0.3, 0.5])],
        ),
    ]


@pytest.mark.parametrize(
    "case", [0, *[pytest.param(case, marks=pytest.mark.slow) for case in range(1, len(_vectors()))]]
)
def test_a_density_of_vectors_is_that_of_jax(case: int) -> None:
    text, theirs, point = _vectors()[case]
    jax.config.update("jax_enable_x64", True)
    found, gradient = value_and_gradient(text, point)
    np.testing.assert_allclose(found, theirs(*point), rtol=1e-12)
    slopes = jax.grad(lambda *at: jax.numpy.sum(theirs(*at)), tuple(range(len(point))))(*point)
    for index, slope in enumerate(slopes):
        own = np.asarray(slope)
        if own.shape == (3, 3):  # the derivative by a symmetric matrix: JAX's Cholesky factor reads one triangle
            np.testing.assert_allclose(gradient[index] + gradient[index].T, own + own.T, rtol=1e-10)
        else:
            np.testing.assert_allclose(gradient[index], own, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("multivariate_normal.logpdf(x, m, c)", [[1.0, 2.0], [1.0, 2.0, 3.0], 1.0]),
        ("multivariate_normal.logpdf(x, m, c)", [[1.0, 2.0], [1.0, 2.0], [[1.0]]]),
        ("multivariate_normal.logpdf(mean=x, cov=x)", [[1.0, 2.0]]),
        ("dirichlet.logpdf(x, a)", [[0.2, 0.8], [1.0, 2.0, 3.0, 4.0]]),
        ("dirichlet.logpdf(x, 2.0)", [[0.2, 0.8]]),
        ("multinomial.logpmf(x, 3, [0.5, 0.5])", [[1.0, 1.0, 1.0]]),
    ],
)
def test_shapes_that_do_not_fit_are_refused(client: Client, text: str, point: Any) -> None:
    response = client.post({"expression": text, "point": point})
    assert response.status_code == 422
    assert response.json()["position"]


# Second derivatives


SECOND = ("norm.logpdf", "norm.logcdf", "t.logpdf", "gamma.logpdf", "gamma.cdf", "beta.logpdf", "beta.cdf", "t.cdf",
          "invgauss.logpdf", "truncnorm.logpdf", "cauchy.logcdf", "weibull_min.logpdf", "nbinom.logpmf",
          "skewnorm.logpdf", "exponnorm.logpdf", "f.logpdf", "gennorm.logpdf", "vonmises.logpdf")  # fmt: skip


@pytest.mark.parametrize("name", mostly_slow(SECOND))
def test_second_derivatives_are_right(name: str) -> None:
    exact = mpmath_distributions.function(name)
    assert exact is not None
    point = next(each for each in points_of(name)[3:] if all(map(np.isfinite, each)))
    by = varied(name, point)
    text = f"{name}({', '.join(f'v{index}' for index in range(len(point)))})"
    recorded = recording.record(parse.read(text).at([()] * len(point), whole=True))
    tape = transforms.derive(recorded.tape, "hessian", tuple(by))
    found = run.prepare(tape)([*[np.float64(point[index]) for index in recorded.inputs], *recorded.constants])
    hessian = np.concatenate([np.ravel(part) for part in found])[-(len(by) ** 2) :].reshape(len(by), len(by))
    with mp.workdps(400):
        at = [mpf(x) for x in point]
        for (i, first), (j, second) in itertools.product(enumerate(by), repeat=2):
            true = difference(lambda *inner, index=first: difference(exact, inner, index), at, second)
            assert hessian[i][j] == pytest.approx(float(true), rel=1e-9, abs=1e-14)


# In texts


def test_a_density_is_used_as_any_function(client: Client) -> None:
    def loss(x: Any, mu: float, s: float) -> Any:
        return jax.numpy.sum(stats.norm.logpdf(x, mu, s))

    point: list[Any] = [[0.3, -1.2, 2.0], 0.4, 1.5]
    expected = [np.asarray(each).tolist() for each in jax.grad(loss, (0, 1, 2))(jax.numpy.array(point[0]), *point[1:])]
    for text in (
        "lambda x, mu, s: sum(norm.logpdf(x, mu, s))",
        "lambda x, mu, s: sum(norm.logpdf(v, mu, s) for v in x)",
        "def f(x, mu, s):\n    r = 0\n    for v in x:\n        r += stats.norm.logpdf(v, mu, scale=s)\n    return r",
        "def f(x, mu, s):\n    density = stats.norm.logpdf\n    return sum(density(x, mu, s))",
    ):
        answer = client.grad(text, point, argnums=[0, 1, 2])
        for found, true in zip(answer["gradient"], expected, strict=True):
            assert found == pytest.approx(true, rel=1e-6)
    many = client.grad("norm.logpdf(x, mu, s)", [[0.3, -1.2], [0.1, 0.2], 1.5], in_axes=[0, 0, None])
    assert len(many["value"]) == 2


def test_an_argument_hides_a_distribution() -> None:
    with pytest.raises(errors.Rejected):
        parse.read("lambda norm, x: norm.logpdf(x)").at([(3,), ()])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("norm.rvs(x)", "random"),
        ("vonmises.cdf(x, 2)", "vonmises has pdf, logpdf"),
        ("stats.levy.pdf(x)", "the distributions are"),
        ("norm.logpdf(x, mu=2)", "write norm.logpdf(x, loc=0, scale=1)"),
        ("gamma.pdf(x)", "write gamma.pdf(x, a, loc=0, scale=1)"),
        ("poisson.logpmf(x, 2, 0, 1)", "write poisson.logpmf(k, mu, loc=0)"),
    ],
)
def test_a_function_that_is_not_there_is_refused_with_what_is(text: str, hint: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.read(text)
    assert hint in (caught.value.hint or caught.value.detail)
    assert caught.value.position is not None
    assert caught.value.position.offset == 0


def test_the_documents_list_every_distribution(client: Client) -> None:
    published = client.get("/v1/language").json()["distributions"]
    assert {f"{each['name']}.{function}" for each in published for function in each["functions"]} == set(names.BY_NAME)
    assert all(each["doc"] and each["parameters"] for each in published)
    page = documents.text("docs/language.md").partition("<!-- distributions -->")[2].partition("<!-- end dist")[0]
    assert re.findall(r"`(\w+)`", page) == list(names.NAMES)
