"""Distributions as classes of other libraries, ``dist.Normal(mu, s)``: which row each is, and its parameters there.

The names and their order are those that NumPyro, TensorFlow Probability and PyTorch have in common. A class whose
parameters stand in another order in one of them is not here.
"""

from __future__ import annotations

from typing import NamedTuple


class DistributionClass(NamedTuple):
    """A class: its parameters in order, the distribution of SciPy, and the parameters of that as texts over them."""

    parameters: tuple[str, ...]
    name: str
    meant: dict[str, str]


def _row(parameters: str, name: str, **meant: str) -> DistributionClass:
    return DistributionClass(tuple(parameters.split()), name, meant)


_PLACED = {"loc": "loc", "scale": "scale"}

CLASSES: dict[str, DistributionClass] = {
    "Normal": _row("loc scale", "norm", **_PLACED),
    "Cauchy": _row("loc scale", "cauchy", **_PLACED),
    "Laplace": _row("loc scale", "laplace", **_PLACED),
    "Logistic": _row("loc scale", "logistic", **_PLACED),
    "Gumbel": _row("loc scale", "gumbel_r", **_PLACED),
    "StudentT": _row("df loc scale", "t", df="df", **_PLACED),
    "HalfNormal": _row("scale", "halfnorm", scale="scale"),
    "HalfCauchy": _row("scale", "halfcauchy", scale="scale"),
    "LogNormal": _row("loc scale", "lognorm", s="scale", scale="exp(loc)"),
    "Exponential": _row("rate", "expon", scale="1/rate"),
    "Gamma": _row("concentration rate", "gamma", a="concentration", scale="1/rate"),
    "InverseGamma": _row("concentration rate", "invgamma", a="concentration", scale="rate"),
    "Chi2": _row("df", "chi2", df="df"),
    "Beta": _row("concentration1 concentration0", "beta", a="concentration1", b="concentration0"),
    "Uniform": _row("low high", "uniform", loc="low", scale="high - low"),
    "VonMises": _row("loc concentration", "vonmises", loc="loc", kappa="concentration"),
    "Poisson": _row("rate", "poisson", mu="rate"),
}
"""Class by name."""

PREFIXES = frozenset({"dist", "distributions", "tfd", "numpyro.distributions", "distrax", "tfp.distributions"})
"""Prefixes of a class."""

FUNCTIONS = {"log_prob": "log", "prob": "", "cdf": "cdf", "log_cdf": "logcdf", "survival_function": "sf"}
"""Function of SciPy by method; ``log`` and nothing stand before pdf or pmf."""

DEFAULTS = {"loc": 0, "scale": 1, "low": 0, "high": 1, "rate": 1}


def hint(name: str) -> str | None:
    """Return what is there instead of an unknown class; None if the name has no prefix of a class."""
    prefix, _, bare = name.rpartition(".")
    if prefix in PREFIXES and bare not in CLASSES:
        return f"the classes are {', '.join(CLASSES)}; others as scipy.stats has them"
    return None
