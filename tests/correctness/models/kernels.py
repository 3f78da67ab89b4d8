"""Linear algebra over data: Gaussian processes, covariance matrices, factorisations, distances between all pairs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy import linalg, special, stats

from tests.correctness.models.model import model

Draws = dict[str, Any]


def _curve(rng: np.random.Generator, points: int) -> Draws:
    x = np.sort(rng.uniform(0, 10, points))
    return {"x": x, "y": np.sin(x) + rng.normal(size=points) * 0.2, "log_theta": [0.1, -0.2, -1.5]}


@model(
    "log_theta",
    lambda rng: _curve(rng, 120),
    """
def logp(x, y, log_theta):
    l, s, n = np.exp(log_theta[0]), np.exp(log_theta[1]), np.exp(log_theta[2])
    d = x[:, None] - x[None, :]
    K = s**2*np.exp(-0.5*(d/l)**2) + n**2*np.eye(len(x))
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(L, y)
    return -0.5*np.sum(a**2) - np.sum(np.log(np.diag(L))) - 0.5*len(x)*np.log(2*np.pi)
""",
)
def gaussian_process(x: Array, y: Array, log_theta: Array) -> Any:
    length, scale, noise = jnp.exp(log_theta)
    cov = scale**2 * jnp.exp(-((x[:, None] - x) ** 2) / (2 * length**2)) + noise**2 * jnp.eye(len(x))
    return stats.multivariate_normal.logpdf(y, jnp.zeros(len(x)), cov)


@model(
    "log_l log_s log_n",
    lambda rng: {
        "X": rng.uniform(-2, 2, (80, 3)),
        "y": rng.normal(size=80),
        "log_l": [0.1, -0.2, 0.4],
        "log_s": 0.2,
        "log_n": -1.0,
    },
    """
def loss(X, y, log_l, log_s, log_n):
    Z = X/jnp.exp(log_l)
    d2 = jnp.sum((Z[:, None, :] - Z[None, :, :])**2, axis=-1)
    r = jnp.sqrt(5*d2 + 1e-12)
    K = jnp.exp(2*log_s)*(1 + r + r**2/3)*jnp.exp(-r) + jnp.exp(2*log_n)*jnp.eye(len(y))
    sign, logdet = jnp.linalg.slogdet(K)
    return 0.5*y @ jnp.linalg.solve(K, y) + 0.5*logdet
""",
)
def gaussian_process_matern(X: Array, y: Array, log_l: Array, log_s: Array, log_n: Array) -> Array:  # noqa: N803
    z = X * jnp.exp(-log_l)
    r = jnp.sqrt(5 * jax.vmap(lambda a: jax.vmap(lambda b: (a - b) @ (a - b))(z))(z) + 1e-12)
    cov = jnp.exp(2 * log_s) * (1 + r + r**2 / 3) * jnp.exp(-r) + jnp.exp(2 * log_n) * jnp.eye(len(y))
    factor = linalg.cholesky(cov, lower=True)
    return 0.5 * y @ linalg.cho_solve((factor, True), y) + jnp.sum(jnp.log(jnp.diagonal(factor)))


@model(
    "mu log_d low",
    lambda rng: {
        "Y": rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5)),
        "mu": rng.normal(size=5) * 0.2,
        "log_d": [0.1, 0.2, -0.1, 0.3, 0.5],
        "low": rng.normal(size=(5, 5)) * 0.4,
    },
    """
def logp(Y, mu, log_d, low):
    L = tril(low, -1) + diag(exp(log_d))
    z = solve(L, (Y - mu).T)
    n = len(Y)
    return -0.5*sum(z**2) - n*sum(log_d) - 0.5*n*5*log(2*pi)
""",
)
def multivariate_normal(Y: Array, mu: Array, log_d: Array, low: Array) -> Any:  # noqa: N803
    factor = jnp.where(jnp.arange(5)[:, None] > jnp.arange(5), low, 0.0) + jnp.diag(jnp.exp(log_d))
    return jnp.sum(jnp.asarray(stats.multivariate_normal.logpdf(Y, mu, factor @ factor.T)))


@model(
    "mu Sigma",
    lambda rng: {
        "Y": rng.normal(size=(200, 4)),
        "mu": rng.normal(size=4) * 0.2,
        "Sigma": np.eye(4) + 0.2 * np.ones((4, 4)),
    },
    """
def logp(Y, mu, Sigma):
    P = np.linalg.inv(Sigma)
    D = Y - mu
    return -0.5*np.sum((D @ P)*D) - 0.5*len(Y)*np.log(np.linalg.det(2*np.pi*Sigma))
""",
)
def multivariate_normal_by_inverse(Y: Array, mu: Array, Sigma: Array) -> Any:  # noqa: N803
    quadratic = jax.vmap(lambda y: (y - mu) @ jnp.linalg.solve(Sigma, y - mu))(Y)
    return -0.5 * jnp.sum(quadratic) - 0.5 * len(Y) * jnp.linalg.slogdet(2 * jnp.pi * Sigma)[1]


@model(
    "log_lam w",
    lambda rng: {"X": rng.normal(size=(300, 8)), "y": rng.normal(size=300), "log_lam": 0.5, "w": rng.normal(size=300)},
    """
def validation(X, y, log_lam, w):
    A = X[:200].T @ X[:200] + exp(log_lam)*eye(8)
    beta = solve(A, X[:200].T @ (y[:200]*w[:200]))
    return mean((X[200:] @ beta - y[200:])**2)
""",
)
def ridge_validation(X: Array, y: Array, log_lam: Array, w: Array) -> Any:  # noqa: N803
    gram = jnp.einsum("ni,nj->ij", X[:200], X[:200]) + jnp.exp(log_lam) * jnp.eye(8)
    beta = jnp.linalg.inv(gram) @ (X[:200] * (y * w)[:200, None]).sum(0)
    return jnp.mean((y[200:] - X[200:] @ beta) ** 2)


@model(
    "U V b",
    lambda rng: {
        "user": rng.integers(0, 200, 5000),
        "item": rng.integers(0, 100, 5000),
        "rating": rng.integers(1, 6, 5000),
        "U": rng.normal(size=(200, 8)) * 0.3,
        "V": rng.normal(size=(100, 8)) * 0.3,
        "b": rng.normal(size=100) * 0.1,
    },
    """
def loss(user, item, rating, U, V, b):
    predicted = np.sum(U[user]*V[item], axis=1) + b[item] + 3
    return np.sum((rating - predicted)**2) + 0.1*(np.sum(U**2) + np.sum(V**2))
""",
)
def matrix_factorisation(
    user: Array,
    item: Array,
    rating: Array,
    U: Array,  # noqa: N803
    V: Array,  # noqa: N803
    b: Array,
) -> Array:
    errors = rating - (U @ V.T + b + 3)[user, item]
    return errors @ errors + 0.1 * (jnp.vdot(U, U) + jnp.vdot(V, V))


@model(
    "R",
    lambda rng: {
        "R": np.stack(np.meshgrid(*[np.arange(7)] * 3), -1).reshape(-1, 3)[:300] * 1.2 + rng.normal(size=(300, 3)) * 0.1
    },
    """
def energy(R):
    D = R[:, None, :] - R[None, :, :]
    r2 = np.sum(D**2, axis=-1) + np.eye(len(R))
    inv6 = 1/r2**3
    pair = 4*(inv6**2 - inv6)
    return 0.5*np.sum(np.where(np.eye(len(R)) == 1, 0, pair))
""",
)
def lennard_jones_300(R: Array) -> Array:  # noqa: N803
    i, j = np.triu_indices(300, 1)
    inverse = 1 / jnp.sum((R[i] - R[j]) ** 2, axis=1) ** 3
    return 4 * jnp.sum(inverse * (inverse - 1))


@model(
    "R",
    lambda rng: {"q": rng.choice([-1.0, 1.0], 60), "R": rng.uniform(0, 5, (60, 3))},
    """
def energy(q, R):
    return sum(q[i]*q[j]/norm(R[i] - R[j]) for i in range(len(q)) for j in range(i))
""",
)
def coulomb_in_loops(q: Array, R: Array) -> Array:  # noqa: N803
    distances = jnp.sqrt(jnp.sum((R[:, None] - R) ** 2, axis=-1) + jnp.eye(60))
    return 0.5 * jnp.sum(jnp.where(jnp.eye(60) == 1, 0.0, jnp.outer(q, q) / distances))


@model(
    "R",
    lambda rng: {"R": rng.normal(size=(100, 2)) * 3},
    """
def stress(R):
    d2 = jnp.sum((R[:, None] - R[None])**2, axis=2)
    d = jnp.where(d2 > 0, jnp.sqrt(jnp.where(d2 > 0, d2, 1.0)), 0.0)
    return jnp.sum((d - 1)**2)
""",
)
def stress_of_masked_distances(R: Array) -> Array:  # noqa: N803
    i, j = np.triu_indices(len(R), 1)
    return 2 * jnp.sum((jnp.linalg.norm(R[i] - R[j], axis=1) - 1) ** 2) + len(R)


@model(
    "C log_beta",
    lambda rng: {
        "X": rng.normal(size=(500, 2)) + rng.integers(0, 3, (500, 1)) * 3,
        "C": rng.normal(size=(4, 2)) * 2,
        "log_beta": 0.3,
    },
    """
def loss(X, C, log_beta):
    beta = exp(log_beta)
    d2 = sum((X[:, None, :] - C[None, :, :])**2, axis=2)
    return -sum(logsumexp(-beta*d2, axis=1))/beta/len(X)
""",
)
def soft_k_means(X: Array, C: Array, log_beta: Array) -> Array:  # noqa: N803
    beta = jnp.exp(log_beta)
    d2 = (X**2).sum(1)[:, None] - 2 * X @ C.T + (C**2).sum(1)
    return -jnp.mean(special.logsumexp(-beta * d2, axis=1)) / beta


@model(
    "L log_psi",
    lambda rng: {
        "S": np.cov(rng.normal(size=(12, 300)) + rng.normal(size=300)),
        "L": rng.normal(size=(12, 2)) * 0.5,
        "log_psi": rng.normal(size=12) * 0.2,
    },
    """
def loss(S, L, log_psi):
    C = L @ L.T + np.diag(np.exp(log_psi))
    return 150*(np.linalg.slogdet(C)[1] + np.trace(np.linalg.inv(C) @ S))
""",
)
def factor_analysis(S: Array, L: Array, log_psi: Array) -> Any:  # noqa: N803
    # Woodbury's identity and the determinant lemma.
    inner = jnp.eye(2) + (L / jnp.exp(log_psi)[:, None]).T @ L
    inverse = jnp.diag(jnp.exp(-log_psi))
    inverse -= inverse @ L @ jnp.linalg.solve(inner, L.T @ inverse)
    return 150 * (log_psi.sum() + jnp.linalg.slogdet(inner)[1] + jnp.sum(inverse * S))


@model(
    "w",
    lambda rng: {"R": rng.normal(size=(500, 12)) * 0.02 + 0.001, "w": rng.uniform(0.1, 1, 12)},
    """
def sharpe(R, w):
    p = w/np.sum(w)
    returns = R @ p
    return np.mean(returns)/np.std(returns, ddof=1) + 0.1*np.sum(p*np.log(p)) - p @ np.var(R, axis=0)
""",
)
def portfolio(R: Array, w: Array) -> Any:  # noqa: N803
    p = w / w.sum()
    ratio = R.mean(0) @ p / jnp.sqrt(p @ jnp.cov(R.T) @ p)
    return ratio - special.entr(p).sum() / 10 - (p @ (R**2).mean(0) - p @ R.mean(0) ** 2)


@model(
    "log_h",
    lambda rng: {
        "x": rng.uniform(0, 6, 250),
        "y": rng.normal(size=250),
        "log_h": -0.5,
    },
    """
def loss(x, y, log_h):
    K = np.exp(-0.5*((x[:, None] - x)/np.exp(log_h))**2)*(1 - np.eye(len(x)))
    fitted = K @ y/np.sum(K, axis=1)
    return np.mean((y - fitted)**2)
""",
)
def kernel_smoother(x: Array, y: Array, log_h: Array) -> Any:
    weights = -0.5 * (x[:, None] - x[None, :]) ** 2 * jnp.exp(-2 * log_h)
    weights = jnp.where(jnp.eye(len(x), dtype=bool), -jnp.inf, weights)
    return jnp.mean((y - jax.nn.softmax(weights, axis=1) @ y) ** 2)


ALL = [
    gaussian_process,
    gaussian_process_matern,
    multivariate_normal,
    multivariate_normal_by_inverse,
    ridge_validation,
    matrix_factorisation,
    lennard_jones_300,
    coulomb_in_loops,
    stress_of_masked_distances,
    soft_k_means,
    factor_analysis,
    portfolio,
    kernel_smoother,
]
