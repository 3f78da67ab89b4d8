"""Log densities and losses of regressions: linear in the parameters, then one of many likelihoods."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy import special, stats

from tests.correctness.models.model import model

Draws = dict[str, Any]


def _design(rng: np.random.Generator, rows: int, columns: int) -> tuple[Any, Any, Any]:
    """Return a design matrix, coefficients, and the linear predictor of other coefficients."""
    x = rng.normal(size=(rows, columns))
    return x, rng.normal(size=columns) * 0.4, x @ (rng.normal(size=columns) * 0.5)


def _linear(rng: np.random.Generator) -> Draws:
    x, beta, mean = _design(rng, 1000, 6)
    return {"X": x, "y": mean + rng.normal(size=1000), "alpha": 0.3, "beta": beta, "log_sigma": -0.2}


@model(
    "alpha beta log_sigma",
    _linear,
    """
def logp(X, y, alpha, beta, log_sigma):
    sigma = exp(log_sigma)
    mu = alpha + X @ beta
    ll = sum(-0.5*((y - mu)/sigma)**2 - log(sigma) - 0.5*log(2*pi))
    prior = -0.5*alpha**2/100 - 0.5*sum(beta**2)/6.25 - 0.5*log_sigma**2
    return ll + prior
""",
)
def linear_regression(X: Array, y: Array, alpha: Array, beta: Array, log_sigma: Array) -> Array:  # noqa: N803
    likelihood = stats.norm.logpdf(y, alpha + jnp.dot(X, beta), jnp.exp(log_sigma)).sum()
    return likelihood - alpha**2 / 200 - jnp.sum(beta**2) / 12.5 - log_sigma**2 / 2


def _binary(rng: np.random.Generator, rows: int = 2000, columns: int = 10) -> Draws:
    x, w, mean = _design(rng, rows, columns)
    return {"X": x, "y": (rng.random(rows) < special.expit(mean)).astype(int), "w": w, "b": 0.1}


@model(
    "w b",
    _binary,
    """
def loss(X, y, w, b):
    z = np.dot(X, w) + b
    return np.mean(np.logaddexp(0, z) - y*z) + 0.01*np.sum(w**2)
""",
)
def logistic_regression(X: Array, y: Array, w: Array, b: Array) -> Array:  # noqa: N803
    z = X @ w + b
    nll = -jnp.mean(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z))
    return nll + 0.01 * jnp.vdot(w, w)


@model(
    "w b",
    lambda rng: _binary(rng, 10_000, 10),
    "np.sum(y*log_sigmoid(X @ w + b) + (1 - y)*log_sigmoid(-(X @ w + b))) - 0.5*np.sum(w**2) - 0.5*b**2/25",
)
def logistic_regression_10000(X: Array, y: Array, w: Array, b: Array) -> Array:  # noqa: N803
    z = X @ w + b
    return jnp.sum(jnp.where(y == 1, -jnp.log1p(jnp.exp(-z)), -jnp.log1p(jnp.exp(z)))) - (w @ w + b**2 / 25) / 2


@model(
    "w b",
    lambda rng: _binary(rng, 800, 4),
    "sum(y[i]*log(sigmoid(dot(X[i], w) + b)) + (1 - y[i])*log(1 - sigmoid(dot(X[i], w) + b)) for i in range(len(y)))",
)
def logistic_regression_row_by_row(X: Array, y: Array, w: Array, b: Array) -> Array:  # noqa: N803
    p = jax.nn.sigmoid(X @ w + b)
    return jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))


@model(
    "w",
    lambda rng: {k: v for k, v in _binary(rng, 500, 5).items() if k != "b"},
    "jnp.sum(jnp.where(y == 1, log_ndtr(X @ w), log_ndtr(-(X @ w))))",
)
def probit_regression(X: Array, y: Array, w: Array) -> Array:  # noqa: N803
    return jnp.sum(special.log_ndtr((2 * y - 1) * (X @ w)))


def _counts(rng: np.random.Generator) -> Draws:
    x, beta, mean = _design(rng, 1000, 4)
    return {"X": x, "y": rng.poisson(np.exp(0.4 + 0.5 * mean)), "alpha": 0.3, "beta": beta}


@model(
    "alpha beta",
    _counts,
    """
def logp(X, y, alpha, beta):
    eta = alpha + X @ beta
    return sum(y*eta - exp(eta) - gammaln(y + 1)) - sum(beta**2)/2
""",
)
def poisson_regression(X: Array, y: Array, alpha: Array, beta: Array) -> Array:  # noqa: N803
    return stats.poisson.logpmf(y, jnp.exp(alpha + X @ beta)).sum() - 0.5 * jnp.sum(beta**2)


@model(
    "alpha beta log_phi",
    lambda rng: _counts(rng) | {"log_phi": 0.7},
    """
def logp(X, y, alpha, beta, log_phi):
    phi = exp(log_phi)
    mu = exp(alpha + X @ beta)
    return sum(lgamma(y + phi) - lgamma(y + 1) - lgamma(phi) + phi*log(phi/(mu + phi)) + xlogy(y, mu/(mu + phi)))
""",
)
def negative_binomial_regression(X: Array, y: Array, alpha: Array, beta: Array, log_phi: Array) -> Array:  # noqa: N803
    phi, mu = jnp.exp(log_phi), jnp.exp(alpha + X @ beta)
    return jnp.sum(stats.nbinom.logpmf(y * 1.0, phi, phi / (phi + mu)))


@model(
    "alpha beta log_sigma log_nu",
    lambda rng: _linear(rng) | {"log_nu": 1.2},
    """
def logp(X, y, alpha, beta, log_sigma, log_nu):
    nu, sigma = exp(log_nu), exp(log_sigma)
    z = (y - alpha - X @ beta)/sigma
    n = len(y)
    c = lgamma((nu + 1)/2) - lgamma(nu/2) - 0.5*log(nu*pi) - log(sigma)
    return n*c - (nu + 1)/2*sum(log1p(z**2/nu))
""",
)
def student_t_regression(
    X: Array,  # noqa: N803
    y: Array,
    alpha: Array,
    beta: Array,
    log_sigma: Array,
    log_nu: Array,
) -> Array:
    return stats.t.logpdf(y, jnp.exp(log_nu), alpha + X @ beta, jnp.exp(log_sigma)).sum()


def _classes(rng: np.random.Generator) -> Draws:
    x, labels = rng.normal(size=(1500, 8)), rng.integers(0, 5, 1500)
    return {"X": x, "y": labels, "W": rng.normal(size=(8, 5)) * 0.3, "b": rng.normal(size=5) * 0.1}


@model(
    "W b",
    _classes,
    """
def loss(X, y, W, b):
    logits = X @ W + b
    onehot = y[:, None] == np.arange(5)
    return -np.mean(np.sum(onehot*log_softmax(logits, axis=1), axis=1))
""",
)
def softmax_regression(X: Array, y: Array, W: Array, b: Array) -> Array:  # noqa: N803
    logits = X @ W + b
    picked = logits[jnp.arange(len(y)), y]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - picked)


@model(
    "W b",
    _classes,
    """
def loss(X, y, W, b):
    logits = X @ W + b
    picked = sum(logits[np.arange(len(y)), y])
    return sum(logsumexp(logits, axis=1)) - picked
""",
)
def softmax_regression_by_index(X: Array, y: Array, W: Array, b: Array) -> Array:  # noqa: N803
    return -jnp.sum(jax.nn.one_hot(y, 5) * jax.nn.log_softmax(X @ W + b))


def _ordered(rng: np.random.Generator) -> Draws:
    x, beta, mean = _design(rng, 600, 3)
    cuts = np.array([-1.0, 0.2, 1.4])
    return {"X": x, "y": np.searchsorted(cuts, mean + rng.logistic(size=600)), "beta": beta, "cuts": cuts}


@model(
    "beta cuts",
    _ordered,
    """
def logp(X, y, beta, cuts):
    eta = X @ beta
    upper = jnp.concatenate([cuts, jnp.array([50.0])])[y]
    lower = jnp.concatenate([jnp.array([-50.0]), cuts])[y]
    return jnp.sum(jnp.log(jax.nn.sigmoid(upper - eta) - jax.nn.sigmoid(lower - eta)))
""",
)
def ordered_logistic_regression(X: Array, y: Array, beta: Array, cuts: Array) -> Array:  # noqa: N803
    below = jax.nn.sigmoid(cuts[None, :] - (X @ beta)[:, None])
    padded = jnp.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0.0, 1.0)))
    return jnp.sum(jnp.log(jnp.take_along_axis(jnp.diff(padded, axis=1), y[:, None], axis=1)))


def _survival(rng: np.random.Generator) -> Draws:
    x, beta, mean = _design(rng, 700, 4)
    time = rng.weibull(1.5, 700) * np.exp(-mean)
    return {"X": x, "t": np.minimum(time, 2.0) + 0.01, "dead": (time < 2.0).astype(int), "beta": beta, "log_k": 0.3}


@model(
    "beta log_k",
    _survival,
    """
def logp(X, t, dead, beta, log_k):
    k = exp(log_k)
    rate = exp(X @ beta)
    log_hazard = log(rate) + log(k) + (k - 1)*log(t)
    return sum(where(dead == 1, log_hazard, 0)) - sum(rate*t**k)
""",
)
def weibull_survival(X: Array, t: Array, dead: Array, beta: Array, log_k: Array) -> Array:  # noqa: N803
    k, eta = jnp.exp(log_k), X @ beta
    return jnp.sum(dead * (eta + log_k + (k - 1) * jnp.log(t)) - jnp.exp(eta + k * jnp.log(t)))


@model(
    "w",
    lambda rng: {"X": rng.normal(size=(400, 6)), "y": rng.normal(size=400) * 3, "w": rng.normal(size=6)},
    """
def loss(X, y, w):
    r = y - X @ w
    total = np.sum(np.where(np.abs(r) < 1.5, 0.5*r**2, 1.5*(np.abs(r) - 0.75)))
    return total/len(y) + 0.05*np.sum(np.abs(w)) + 0.02*np.linalg.norm(w)
""",
)
def huber_regression(X: Array, y: Array, w: Array) -> Array:  # noqa: N803
    r = y - X @ w
    clipped = jnp.clip(r, -1.5, 1.5)
    return jnp.mean(clipped * r - clipped**2 / 2) + 0.05 * jnp.abs(w).sum() + 0.02 * jnp.sqrt(w @ w)


@model(
    "beta gamma",
    lambda rng: {
        "X": rng.normal(size=(500, 4)),
        "y": rng.beta(2.0, 3.0, 500),
        "beta": rng.normal(size=4) * 0.2,
        "gamma": rng.normal(size=4) * 0.2,
    },
    """
def logp(X, y, beta, gamma):
    mu = sigmoid(X @ beta)
    phi = exp(1 + X @ gamma)
    a = mu*phi
    b = (1 - mu)*phi
    return sum((a - 1)*log(y) + (b - 1)*log1p(-y) - betaln(a, b))
""",
)
def beta_regression(X: Array, y: Array, beta: Array, gamma: Array) -> Array:  # noqa: N803
    mu, phi = jax.nn.sigmoid(X @ beta), jnp.exp(1 + X @ gamma)
    a, b = mu * phi, phi - mu * phi
    constant = special.gammaln(phi) - special.gammaln(a) - special.gammaln(b)
    return jnp.sum(constant + (a - 1) * jnp.log(y) + (b - 1) * jnp.log1p(-y))


ALL = [
    linear_regression,
    logistic_regression,
    logistic_regression_10000,
    logistic_regression_row_by_row,
    probit_regression,
    poisson_regression,
    negative_binomial_regression,
    student_t_regression,
    softmax_regression,
    softmax_regression_by_index,
    ordered_logistic_regression,
    weibull_survival,
    huber_regression,
    beta_regression,
]
