"""Log densities of hierarchical models, mixtures and item responses: effects gathered by data, sums over groups."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy import special, stats

from tests.correctness.models.model import model

Draws = dict[str, Any]

_SCHOOLS = {"y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]}
"""Rubin 1981."""


@model(
    "mu log_tau eta",
    lambda rng: _SCHOOLS | {"mu": 4.4, "log_tau": 1.1, "eta": rng.normal(size=8)},
    """
def logp(y, sigma, mu, log_tau, eta):
    theta = mu + exp(log_tau)*eta
    lp = -0.5*mu**2/25 - log(1 + (exp(log_tau)/5)**2) + log_tau
    for j in range(8):
        lp += -0.5*eta[j]**2 - 0.5*((y[j] - theta[j])/sigma[j])**2
    return lp
""",
)
def eight_schools(y: Array, sigma: Array, mu: Array, log_tau: Array, eta: Array) -> Array:
    tau = jnp.exp(log_tau)
    lp = -0.5 * jnp.sum(((y - mu - tau * eta) / sigma) ** 2) - 0.5 * eta @ eta - mu**2 / 50
    return lp - jnp.log1p((tau / 5) ** 2) + log_tau


@model(
    "mu log_tau theta",
    lambda rng: _SCHOOLS | {"mu": 4.4, "log_tau": 1.1, "theta": rng.normal(size=8) * 5 + 5},
    "-sum((theta - mu)**2)/(2*exp(2*log_tau)) - 8*log_tau - sum(((y - theta)/sigma)**2)/2 - log1p(exp(2*log_tau)/25)",
)
def eight_schools_centred(y: Array, sigma: Array, mu: Array, log_tau: Array, theta: Array) -> Array:
    tau = jnp.exp(log_tau)
    lp = stats.norm.logpdf(theta, mu, tau).sum() + stats.norm.logpdf(y, theta, sigma).sum()
    return lp + 8 * jnp.log(2 * jnp.pi) + jnp.log(sigma).sum() - jnp.log1p((tau / 5) ** 2)


def _radon(rng: np.random.Generator) -> Draws:
    county, floor = rng.integers(0, 85, 919), rng.integers(0, 2, 919)
    u = rng.normal(size=85)
    radon = 1.5 + 0.7 * u[county] - 0.6 * floor + rng.normal(size=919) * 0.7
    return {
        "county": county,
        "floor": floor,
        "u": u,
        "radon": radon,
        "alpha": rng.normal(size=85) * 0.3 + 1.4,
        "beta": -0.5,
        "gamma": [1.3, 0.6],
        "log_sigma": [-0.3, -1.0],
    }


@model(
    "alpha beta gamma log_sigma",
    _radon,
    """
def logp(county, floor, u, radon, alpha, beta, gamma, log_sigma):
    sigma_y = jnp.exp(log_sigma[0])
    sigma_a = jnp.exp(log_sigma[1])
    mu = alpha[county] + beta*floor
    lp = jnp.sum(-0.5*((radon - mu)/sigma_y)**2 - jnp.log(sigma_y))
    m = gamma[0] + gamma[1]*u
    lp += jnp.sum(-0.5*((alpha - m)/sigma_a)**2 - jnp.log(sigma_a))
    return lp - 0.5*jnp.sum(gamma**2) - 0.5*beta**2 - 0.5*jnp.sum(log_sigma**2)
""",
)
def radon(  # noqa: PLR0917
    county: Array,
    floor: Array,
    u: Array,
    radon: Array,
    alpha: Array,
    beta: Array,
    gamma: Array,
    log_sigma: Array,
) -> Array:
    level, within, between = jnp.take(alpha, county), log_sigma[0], log_sigma[1]
    lp = stats.norm.logpdf(radon, level + beta * floor, jnp.exp(within)).sum()
    lp += stats.norm.logpdf(alpha, gamma[0] + gamma[1] * u, jnp.exp(between)).sum()
    lp += (len(radon) + len(alpha)) * 0.5 * jnp.log(2 * jnp.pi)
    return lp - 0.5 * (gamma @ gamma + beta**2 + log_sigma @ log_sigma)


def _responses(rng: np.random.Generator) -> Draws:
    people, items = 200, 25
    theta, a, b = rng.normal(size=people), rng.normal(size=items) * 0.3, rng.normal(size=items)
    right = rng.random((people, items)) < special.expit(np.exp(a) * (theta[:, None] - b))
    return {"Y": right.astype(int), "theta": theta * 0.8, "log_a": a * 0.5, "b": b * 0.9}


@model(
    "theta log_a b",
    _responses,
    """
def logp(Y, theta, log_a, b):
    z = np.exp(log_a)[None, :]*(theta[:, None] - b[None, :])
    ll = np.sum(Y*z - np.logaddexp(0, z))
    return ll - 0.5*np.sum(theta**2) - 0.5*np.sum(b**2)/9 - 0.5*np.sum(log_a**2)
""",
)
def item_response(Y: Array, theta: Array, log_a: Array, b: Array) -> Array:  # noqa: N803
    z = jnp.exp(log_a) * (theta[:, None] - b)
    lp = jnp.where(Y == 1, jax.nn.log_sigmoid(z), jax.nn.log_sigmoid(-z)).sum()
    return lp - (theta @ theta + b @ b / 9 + log_a @ log_a) / 2


def _long_responses(rng: np.random.Generator) -> Draws:
    drawn = _responses(rng)
    person, item = rng.integers(0, 200, 3000), rng.integers(0, 25, 3000)
    drawn["y"] = np.asarray(drawn.pop("Y"))[person, item]
    return {"person": person, "item": item, **drawn}


@model(
    "theta log_a b",
    _long_responses,
    """
def logp(person, item, y, theta, log_a, b):
    z = exp(log_a[item])*(theta[person] - b[item])
    return sum(log_sigmoid((2*y - 1)*z)) - 0.5*sum(theta**2) - 0.5*sum(b**2) - 0.5*sum(log_a**2)
""",
)
def item_response_long(person: Array, item: Array, theta: Array, log_a: Array, b: Array, y: Array) -> Array:
    p = jax.nn.sigmoid(jnp.exp(log_a)[item] * (theta[person] - b[item]))
    lp = stats.bernoulli.logpmf(y, p).sum()
    return lp - (theta @ theta + b @ b + log_a @ log_a) / 2


def _mixed(rng: np.random.Generator) -> Draws:
    component = rng.integers(0, 3, 1000)
    y = np.array([-2.0, 0.5, 3.0])[component] + rng.normal(size=1000) * np.array([0.7, 0.5, 1.0])[component]
    return {"y": y, "weights": [0.1, -0.2, 0.3], "mu": [-1.5, 0.3, 2.0], "log_sigma": [-0.2, -0.5, 0.1]}


@model(
    "weights mu log_sigma",
    _mixed,
    """
def logp(y, weights, mu, log_sigma):
    parts = log_softmax(weights) - 0.5*((y[:, None] - mu)/exp(log_sigma))**2 - log_sigma - 0.5*log(2*pi)
    return sum(logsumexp(parts, axis=1))
""",
)
def gaussian_mixture(y: Array, weights: Array, mu: Array, log_sigma: Array) -> Array:
    densities = stats.norm.pdf(y[:, None], mu, jnp.exp(log_sigma))
    return jnp.log(densities @ jax.nn.softmax(weights)).sum()


@model(
    "weights mu log_sigma",
    _mixed,
    """
def logp(y, weights, mu, log_sigma):
    p = softmax(weights)
    s = exp(log_sigma)
    return sum(log(sum(p[k]*exp(-0.5*((y[i] - mu[k])/s[k])**2)/s[k] for k in range(3))) for i in range(len(y)))
""",
)
def gaussian_mixture_in_loops(y: Array, weights: Array, mu: Array, log_sigma: Array) -> Array:
    parts = jax.nn.log_softmax(weights) + stats.norm.logpdf(y[:, None], mu, jnp.exp(log_sigma))
    return jnp.sum(special.logsumexp(parts, axis=-1)) + len(y) * 0.5 * jnp.log(2 * jnp.pi)


@model(
    "alpha beta mu log_sigma",
    lambda rng: {
        "x": [8.0, 15.0, 22.0, 29.0, 36.0],
        "Y": 240 + 6 * np.array([8, 15, 22, 29, 36]) - 132 + rng.normal(size=(30, 5)) * 8,
        "alpha": rng.normal(size=30) * 10 + 240,
        "beta": rng.normal(size=30) * 0.5 + 6,
        "mu": [242.0, 6.2],
        "log_sigma": [2.7, -0.7, 1.8],
    },
    """
def logp(x, Y, alpha, beta, mu, log_sigma):
    xc = x - np.mean(x)
    s = np.exp(log_sigma)
    fitted = alpha[:, np.newaxis] + np.outer(beta, xc)
    lp = -0.5*np.sum(((Y - fitted)/s[2])**2) - Y.size*log_sigma[2]
    lp = lp - 0.5*np.sum(((alpha - mu[0])/s[0])**2) - len(alpha)*log_sigma[0]
    lp = lp - 0.5*np.sum(((beta - mu[1])/s[1])**2) - len(beta)*log_sigma[1]
    return lp
""",
)
def rats(x: Array, Y: Array, alpha: Array, beta: Array, mu: Array, log_sigma: Array) -> Array:  # noqa: N803
    s, total = jnp.exp(log_sigma), 0.5 * (30 * 5 + 30 + 30) * jnp.log(2 * jnp.pi)
    fitted = alpha[:, None] + beta[:, None] * (x - 22.0)
    lp = stats.norm.logpdf(Y, fitted, s[2]).sum() + stats.norm.logpdf(alpha, mu[0], s[0]).sum()
    return lp + stats.norm.logpdf(beta, mu[1], s[1]).sum() + total


def _matches(rng: np.random.Generator) -> Draws:
    winner = rng.integers(0, 40, 2000)
    return {"winner": winner, "loser": (winner + rng.integers(1, 40, 2000)) % 40, "skill": rng.normal(size=40)}


@model(
    "skill",
    _matches,
    "jnp.sum(jax.nn.log_sigmoid(skill[winner] - skill[loser])) - 0.5*jnp.sum(skill**2)",
)
def bradley_terry(winner: Array, loser: Array, skill: Array) -> Array:
    odds = jnp.exp(skill)
    return jnp.sum(jnp.log(odds[winner] / (odds[winner] + odds[loser]))) - 0.5 * skill @ skill


@model(
    "logit_zero alpha beta",
    lambda rng: {
        "x": rng.normal(size=800),
        "y": rng.poisson(2.0, 800) * rng.integers(0, 2, 800),
        "logit_zero": -0.4,
        "alpha": 0.6,
        "beta": 0.2,
    },
    """
def logp(x, y, logit_zero, alpha, beta):
    psi = sigmoid(logit_zero)
    lam = exp(alpha + beta*x)
    zero = log(psi + (1 - psi)*exp(-lam))
    more = log(1 - psi) + y*log(lam) - lam - lgamma(y + 1)
    return sum(where(y == 0, zero, more))
""",
)
def zero_inflated_poisson(x: Array, y: Array, logit_zero: Array, alpha: Array, beta: Array) -> Array:
    counted = jax.nn.log_sigmoid(-logit_zero) + stats.poisson.logpmf(y, jnp.exp(alpha + beta * x))
    excess = jnp.where(y == 0, jax.nn.log_sigmoid(logit_zero), -jnp.inf)
    return jnp.sum(jnp.logaddexp(counted, excess))


@model(
    "a b",
    lambda rng: {"n": rng.integers(20, 60, 71), "y": rng.integers(0, 9, 71), "a": 1.1, "b": 2.3},
    "sum(betaln(exp(a) + y, exp(b) + n - y) - betaln(exp(a), exp(b)))",
)
def beta_binomial(n: Array, y: Array, a: Array, b: Array) -> Array:
    alpha, beta = jnp.exp(a), jnp.exp(b)

    def log_beta(x: Array, z: Array) -> Array:  # JAX's own is right to 1e-9
        return special.gammaln(x) + special.gammaln(z) - special.gammaln(x + z)

    return jnp.sum(log_beta(alpha + y, beta + n - y)) - len(y) * log_beta(alpha, beta)


@model(
    "z log_lambda log_tau",
    lambda rng: {
        "X": rng.normal(size=(300, 40)),
        "y": rng.normal(size=300),
        "z": rng.normal(size=40),
        "log_lambda": rng.normal(size=40) * 0.5,
        "log_tau": -1.0,
    },
    """
def logp(X, y, z, log_lambda, log_tau):
    lam = np.exp(log_lambda)
    beta = z*lam*np.exp(log_tau)
    prior = -0.5*np.sum(z**2) - np.sum(np.log1p(lam**2)) + np.sum(log_lambda) - np.log1p(np.exp(2*log_tau)) + log_tau
    return prior - 0.5*np.sum(np.square(y - X @ beta))
""",
)
def horseshoe(X: Array, y: Array, z: Array, log_lambda: Array, log_tau: Array) -> Array:  # noqa: N803
    lam, tau = jnp.exp(log_lambda), jnp.exp(log_tau)
    r = y - X @ (z * lam * tau)
    cauchy = stats.cauchy.logpdf(lam).sum() + stats.cauchy.logpdf(tau) + 41 * jnp.log(jnp.pi)
    return cauchy + log_lambda.sum() + log_tau - 0.5 * (z @ z + r @ r)


@model(
    "theta phi",
    lambda rng: {
        "doc": rng.integers(0, 20, 4000),
        "word": rng.integers(0, 60, 4000),
        "theta": rng.normal(size=(20, 4)),
        "phi": rng.normal(size=(4, 60)),
    },
    """
def logp(doc, word, theta, phi):
    topics = softmax(theta, axis=1)
    words = softmax(phi, axis=1)
    p = (topics @ words)[doc, word]
    return sum(log(p))
""",
)
def topics(doc: Array, word: Array, theta: Array, phi: Array) -> Array:
    joint = jax.nn.log_softmax(theta, axis=1)[doc] + jax.nn.log_softmax(phi, axis=1).T[word]
    return jax.nn.logsumexp(joint, axis=1).sum()


ALL = [
    eight_schools,
    eight_schools_centred,
    radon,
    item_response,
    item_response_long,
    gaussian_mixture,
    gaussian_mixture_in_loops,
    rats,
    bradley_terry,
    zero_inflated_poisson,
    beta_binomial,
    horseshoe,
    topics,
]
