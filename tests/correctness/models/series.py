"""Time series and dynamics: loops with a carried state, sums over many indices, slices of neighbours."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy import stats

from tests.correctness.models.model import model

Draws = dict[str, Any]


def _walk(rng: np.random.Generator, steps: int) -> Any:
    return np.cumsum(rng.normal(size=steps)) * 0.3


@model(
    "c phi log_sigma",
    lambda rng: {"y": _walk(rng, 1000), "c": 0.1, "phi": [0.6, 0.2], "log_sigma": -0.5},
    """
def logp(y, c, phi, log_sigma):
    mu = c + phi[0]*y[1:-1] + phi[1]*y[:-2]
    return jnp.sum(-0.5*((y[2:] - mu)/jnp.exp(log_sigma))**2) - (len(y) - 2)*log_sigma
""",
)
def autoregression(y: Array, c: Array, phi: Array, log_sigma: Array) -> Array:
    lags = jnp.stack([y[1:-1], y[:-2]], axis=1)
    lp = stats.norm.logpdf(y[2:], c + lags @ phi, jnp.exp(log_sigma))
    return jnp.sum(lp + 0.5 * jnp.log(2 * jnp.pi))


@model(
    "a phi log_sigma",
    lambda rng: {"y": _walk(rng, 2000), "a": 0.1, "phi": 0.8, "log_sigma": -0.5},
    "sum(-((y[t] - a - phi*y[t-1])/exp(log_sigma))**2/2 - log_sigma for t in range(1, len(y)))",
)
def autoregression_by_index(y: Array, a: Array, phi: Array, log_sigma: Array) -> Array:
    r = (y[1:] - a - phi * y[:-1]) / jnp.exp(log_sigma)
    return -0.5 * r @ r - len(r) * log_sigma


@model(
    "mu omega a b",
    lambda rng: {"r": rng.normal(size=1500) * 0.8, "mu": 0.05, "omega": -2.0, "a": -1.5, "b": 0.8},
    """
def logp(r, mu, omega, a, b):
    w = exp(omega)
    alpha = sigmoid(a)
    beta = sigmoid(b)
    h = w/(1 - alpha*beta)
    total = 0
    for t in range(len(r)):
        e = r[t] - mu
        total += -0.5*(log(h) + e**2/h)
        h = w + alpha*e**2 + beta*h
    return total
""",
)
def garch(r: Array, mu: Array, omega: Array, a: Array, b: Array) -> Array:
    w, alpha, beta = jnp.exp(omega), jax.nn.sigmoid(a), jax.nn.sigmoid(b)

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        return w + alpha * (x - mu) ** 2 + beta * h, jnp.log(h) + (x - mu) ** 2 / h

    return -0.5 * jnp.sum(lax.scan(step, w / (1 - alpha * beta), r)[1])


@model(
    "mu phi log_sigma h",
    lambda rng: {
        "y": rng.normal(size=600),
        "mu": -0.5,
        "phi": 1.5,
        "log_sigma": -1.2,
        "h": rng.normal(size=600) * 0.3,
    },
    """
def logp(y, mu, phi, log_sigma, h):
    p = tanh(phi)
    sigma = exp(log_sigma)
    lp = -0.5*sum(h + y**2*exp(-h))
    lp += -0.5*(1 - p**2)*((h[0] - mu)/sigma)**2 + 0.5*log(1 - p**2) - log_sigma
    lp += sum(-0.5*((h[1:] - mu - p*(h[:-1] - mu))/sigma)**2) - (len(h) - 1)*log_sigma
    return lp
""",
)
def stochastic_volatility(y: Array, mu: Array, phi: Array, log_sigma: Array, h: Array) -> Array:
    p, sigma = jnp.tanh(phi), jnp.exp(log_sigma)
    means = jnp.concatenate([mu[None], mu + p * (h[:-1] - mu)])
    scales = sigma * jnp.where(jnp.arange(len(h)) == 0, 1 / jnp.sqrt(1 - p**2), 1.0)
    lp = stats.norm.logpdf(h, means, scales) + stats.norm.logpdf(y, 0.0, jnp.exp(h / 2))
    return jnp.sum(lp + jnp.log(2 * jnp.pi))


@model(
    "mu phi log_sigma z",
    lambda rng: {"y": rng.normal(size=500), "mu": -0.5, "phi": 0.9, "log_sigma": -1.2, "z": rng.normal(size=500)},
    """
def logp(y, mu, phi, log_sigma, z):
    h = mu + np.exp(log_sigma)*z[0]/np.sqrt(1 - phi**2)
    lp = -0.5*np.sum(z**2)
    for t in range(1, len(y)):
        h = mu + phi*(h - mu) + np.exp(log_sigma)*z[t]
        lp -= 0.5*(h + y[t]**2*np.exp(-h))
    return lp
""",
)
def stochastic_volatility_not_centred(y: Array, mu: Array, phi: Array, log_sigma: Array, z: Array) -> Array:
    def step(d: Array, noise: Array) -> tuple[Array, Array]:
        d = phi * d + jnp.exp(log_sigma) * noise
        return d, mu + d

    h = lax.scan(step, jnp.exp(log_sigma) * z[0] / jnp.sqrt(1 - phi**2), z[1:])[1]
    return -0.5 * (z @ z + jnp.sum(h + (y[1:] * jnp.exp(-h / 2)) ** 2))


@model(
    "log_q log_r m",
    lambda rng: {"y": _walk(rng, 1000) + rng.normal(size=1000) * 0.2, "log_q": -2.0, "log_r": -1.5, "m": 0.1},
    """
def logp(y, log_q, log_r, m):
    P = 1.0
    q = exp(log_q)
    r = exp(log_r)
    ll = 0.0
    for t in range(len(y)):
        P = P + q
        s = P + r
        v = y[t] - m
        ll = ll - 0.5*(log(2*pi*s) + v*v/s)
        k = P/s
        m = m + k*v
        P = (1 - k)*P
    return ll
""",
)
def kalman_local_level(y: Array, log_q: Array, log_r: Array, m: Array) -> Array:
    def step(state: tuple[Array, Array], x: Array) -> tuple[tuple[Array, Array], Array]:
        mean, variance = state[0], state[1] + jnp.exp(log_q)
        gain = variance / (variance + jnp.exp(log_r))
        lp = stats.norm.logpdf(x, mean, jnp.sqrt(variance + jnp.exp(log_r)))
        return (mean + gain * (x - mean), variance - gain * variance), lp

    return lax.scan(step, (m, jnp.array(1.0)), y)[1].sum()


def _tracks(rng: np.random.Generator) -> Draws:
    path = np.cumsum(rng.normal(size=(150, 2)), axis=0) * 0.4
    return {
        "Y": path + rng.normal(size=(150, 2)) * 0.3,
        "F": np.eye(4) + 0.5 * np.eye(4, k=2),
        "H": np.eye(2, 4),
        "log_q": -1.0,
        "log_r": [-2.0, -1.8],
    }


@model(
    "F log_q log_r",
    _tracks,
    """
def logp(Y, F, H, log_q, log_r):
    Q = exp(log_q)*eye(4)
    R = diag(exp(log_r))
    x = zeros(4)
    P = eye(4)
    total = 0
    for t in range(len(Y)):
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        v = Y[t] - H @ x
        K = P @ H.T @ inv(S)
        total += -0.5*(v @ solve(S, v)) - 0.5*log(det(S)) - log(2*pi)
        x = x + K @ v
        P = P - K @ H @ P
    return total
""",
)
def kalman_filter(Y: Array, F: Array, H: Array, log_q: Array, log_r: Array) -> Any:  # noqa: N803
    def step(state: tuple[Array, Array], y: Array) -> Any:
        mean, cov = F @ state[0], F @ state[1] @ F.T + jnp.exp(log_q) * jnp.eye(4)
        s = H @ cov @ H.T + jnp.diag(jnp.exp(log_r))
        gain = jnp.linalg.solve(s, H @ cov).T
        lp = stats.multivariate_normal.logpdf(y, H @ mean, s)
        return (mean + gain @ (y - H @ mean), cov - gain @ s @ gain.T), lp

    return lax.scan(step, (jnp.zeros(4), jnp.eye(4)), Y)[1].sum()


@model(
    "A mu start",
    lambda rng: {
        "y": np.repeat(rng.integers(0, 3, 60), 5) * 2.0 + rng.normal(size=300) * 0.7,
        "A": rng.normal(size=(3, 3)) + 2 * np.eye(3),
        "mu": [0.1, 1.9, 4.2],
        "start": [0.0, 0.1, -0.2],
    },
    """
def logp(y, A, mu, start):
    transition = log_softmax(A, axis=1)
    alpha = log_softmax(start) - 0.5*(y[0] - mu)**2
    for t in range(1, len(y)):
        alpha = logsumexp(alpha[:, None] + transition, axis=0) - 0.5*(y[t] - mu)**2
    return logsumexp(alpha)
""",
)
def hidden_markov(y: Array, A: Array, mu: Array, start: Array) -> Array:  # noqa: N803
    p, likelihood = jax.nn.softmax(A, axis=1), jnp.exp(-0.5 * (y[:, None] - mu) ** 2)

    def step(state: tuple[Array, Array], seen: Array) -> tuple[tuple[Array, Array], None]:
        weights = (state[0] @ p) * seen
        return (weights / weights.sum(), state[1] + jnp.log(weights.sum())), None

    first = jax.nn.softmax(start) * likelihood[0]
    (_, total), _ = lax.scan(step, (first / first.sum(), jnp.log(first.sum())), likelihood[1:])
    return total


@model(
    "a b",
    lambda rng: {"y": _walk(rng, 400), "a": 0.3, "b": -1.0},
    """
def loss(y, a, b):
    level, trend, sse = y[0], y[1] - y[0], 0.0
    for value in y[2:]:
        forecast = level + trend
        sse += (value - forecast)**2
        before = level
        level = forecast + jax.nn.sigmoid(a)*(value - forecast)
        trend = trend + jax.nn.sigmoid(b)*(level - before - trend)
    return sse/len(y)
""",
)
def holt(y: Array, a: Array, b: Array) -> Array:
    alpha, beta = jax.nn.sigmoid(a), jax.nn.sigmoid(b)

    def step(state: tuple[Array, Array], x: Array) -> tuple[tuple[Array, Array], Array]:
        error = x - state[0] - state[1]
        level = state[0] + state[1] + alpha * error
        return (level, beta * (level - state[0]) + (1 - beta) * state[1]), error

    errors = lax.scan(step, (y[0], y[1] - y[0]), y[2:])[1]
    return errors @ errors / len(y)


@model(
    "theta u v",
    lambda _: {"theta": [0.6, 0.025, 0.8, 0.024], "u": 33.0, "v": 5.9},
    """
def end(theta, u, v):
    a, b, c, d = theta[0], theta[1], theta[2], theta[3]
    h = 0.004
    for i in range(5000):
        k1u = u*(a - b*v)
        k1v = v*(d*u - c)
        u2 = u + h/2*k1u
        v2 = v + h/2*k1v
        k2u = u2*(a - b*v2)
        k2v = v2*(d*u2 - c)
        u3 = u + h/2*k2u
        v3 = v + h/2*k2v
        k3u = u3*(a - b*v3)
        k3v = v3*(d*u3 - c)
        u4 = u + h*k3u
        v4 = v + h*k3v
        k4u = u4*(a - b*v4)
        k4v = v4*(d*u4 - c)
        u = u + h/6*(k1u + 2*k2u + 2*k3u + k4u)
        v = v + h/6*(k1v + 2*k2v + 2*k3v + k4v)
    return (u - 20)**2 + (v - 10)**2
""",
)
def lotka_volterra_5000(theta: Array, u: Array, v: Array) -> Array:
    def slope(z: Array) -> Array:
        return z * (jnp.array([theta[0], -theta[2]]) + jnp.array([-theta[1], theta[3]]) * z[::-1])

    def step(z: Array, _: None) -> tuple[Array, None]:
        k1 = slope(z)
        k2 = slope(z + 0.002 * k1)
        k3 = slope(z + 0.002 * k2)
        return z + 0.004 / 6 * (k1 + 2 * k2 + 2 * k3 + slope(z + 0.004 * k3)), None

    end, _ = lax.scan(step, jnp.stack([u, v]), None, length=5000)
    return jnp.sum((end - jnp.array([20.0, 10.0])) ** 2)


@model(
    "beta gamma",
    lambda rng: {"cases": rng.poisson(20.0, 120), "beta": -0.7, "gamma": -1.6},
    """
def logp(cases, beta, gamma):
    S, I = 990.0, 10.0
    lp = 0
    for t in range(len(cases)):
        new = 0
        for k in range(4):
            infected = exp(beta)*S*I/1000/4
            S, I = S - infected, I + infected - exp(gamma)*I/4
            new += infected
        lp += cases[t]*log(new + 1) - new - 1
    return lp
""",
)
def epidemic(cases: Array, beta: Array, gamma: Array) -> Array:
    def step(state: Array, _: None) -> tuple[Array, Array]:
        infected = jnp.exp(beta) * state[0] * state[1] / 4000
        flow = jnp.array([-1.0, 1.0]) * infected - jnp.array([0.0, 1.0]) * jnp.exp(gamma) * state[1] / 4
        return state + flow, infected

    _, daily = lax.scan(step, jnp.array([990.0, 10.0]), None, length=4 * len(cases))
    rate = daily.reshape(-1, 4).sum(1) + 1
    return jnp.sum(cases * jnp.log(rate) - rate)


@model(
    "x a",
    lambda _: {"x": 0.7, "a": 1.3},
    "sum(sin(i*x)*a/(i + 1)**1.5 for i in range(100000))",
)
def hundred_thousand_terms(x: Array, a: Array) -> Array:
    i = jnp.arange(100_000)
    return jnp.sum(jnp.sin(i * x) * a * jnp.power(i + 1.0, -1.5))


@model(
    "sigma m",
    lambda rng: {"x": rng.normal(size=5000), "sigma": 1.3, "m": 0.2},
    """
def f(x, sigma, m):
    total = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            total += log(1 + ((x[i] - m)/sigma)**2)
        else:
            total += abs(x[i] - m)/sigma
    return total
""",
)
def alternating_loop(x: Array, sigma: Array, m: Array) -> Array:
    z = (x - m) / sigma
    return jnp.sum(jnp.log1p(z[::2] ** 2)) + jnp.sum(jnp.abs(z[1::2]))


@model(
    "x",
    lambda rng: {"x": rng.normal(size=3000) * 0.3 + 1},
    "sum(100*(x[i+1] - x[i]**2)**2 + (1 - x[i])**2 for i in range(len(x) - 1))",
)
def rosenbrock_3000(x: Array) -> Array:
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


ALL = [
    autoregression,
    autoregression_by_index,
    garch,
    stochastic_volatility,
    stochastic_volatility_not_centred,
    kalman_local_level,
    kalman_filter,
    hidden_markov,
    holt,
    lotka_volterra_5000,
    epidemic,
    hundred_thousand_terms,
    alternating_loop,
    rosenbrock_3000,
]
