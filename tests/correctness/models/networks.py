"""Networks and images: layers of matrix products, attention, convolutions, differences of neighbours."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy import special

from tests.correctness.models.model import model

Draws = dict[str, Any]


def _layers(rng: np.random.Generator, rows: int, *widths: int) -> Draws:
    """Return inputs, and a matrix and a vector for each layer."""
    drawn: Draws = {"X": rng.normal(size=(rows, widths[0]))}
    for layer, (above, below) in enumerate(itertools.pairwise(widths), 1):
        drawn[f"W{layer}"] = rng.normal(size=(above, below)) / np.sqrt(above)
        drawn[f"b{layer}"] = rng.normal(size=below) * 0.1
    return drawn


@model(
    "W1 b1 w2 b2",
    lambda rng: {
        "y": rng.normal(size=1000),
        **_layers(rng, 1000, 10, 32),
        "w2": rng.normal(size=32) * 0.2,
        "b2": 0.1,
    },
    """
def loss(X, y, W1, b1, w2, b2):
    h = np.tanh(X @ W1 + b1)
    return np.mean((h @ w2 + b2 - y)**2) + 1e-3*(np.sum(W1**2) + np.sum(w2**2))
""",
)
def two_layers(X: Array, y: Array, W1: Array, b1: Array, w2: Array, b2: Array) -> Array:  # noqa: N803
    def predict(x: Array) -> Array:
        return jnp.dot(jnp.tanh(jnp.dot(x, W1) + b1), w2) + b2

    return jnp.mean(jnp.square(jax.vmap(predict)(X) - y)) + 1e-3 * (jnp.vdot(W1, W1) + w2 @ w2)


@model(
    "W1 b1 W2 b2 W3 b3",
    lambda rng: {"labels": rng.integers(0, 10, 256), **_layers(rng, 256, 64, 48, 32, 10)},
    """
def loss(X, labels, W1, b1, W2, b2, W3, b3):
    h = jax.nn.relu(X @ W1 + b1)
    h = jax.nn.gelu(h @ W2 + b2)
    logp = jax.nn.log_softmax(h @ W3 + b3, axis=-1)
    return -jnp.mean(jnp.sum(jnp.where(labels[:, None] == jnp.arange(10), logp, 0.0), axis=-1))
""",
)
def classifier(  # noqa: PLR0917
    X: Array,  # noqa: N803
    labels: Array,
    W1: Array,  # noqa: N803
    b1: Array,
    W2: Array,  # noqa: N803
    b2: Array,
    W3: Array,  # noqa: N803
    b3: Array,
) -> Array:
    h = jnp.maximum(X @ W1 + b1, 0.0)
    logits = jax.nn.gelu(h @ W2 + b2) @ W3 + b3
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))


@model(
    "Wq Wk Wv",
    lambda rng: {
        "X": rng.normal(size=(48, 16)),
        "Y": rng.normal(size=(48, 16)),
        **{name: rng.normal(size=(16, 16)) * 0.25 for name in ("Wq", "Wk", "Wv")},
    },
    """
def loss(X, Y, Wq, Wk, Wv):
    Q = X @ Wq
    K = X @ Wk
    V = X @ Wv
    scores = Q @ K.T/np.sqrt(16)
    causal = np.arange(48)[:, None] >= np.arange(48)[None, :]
    A = jax.nn.softmax(np.where(causal, scores, -1e9), axis=-1)
    return np.mean((A @ V - Y)**2)
""",
)
def attention(X: Array, Y: Array, Wq: Array, Wk: Array, Wv: Array) -> Array:  # noqa: N803
    scores = jnp.einsum("id,de,je->ij", X, Wq @ Wk.T, X) / 4.0
    weights = jnp.tril(jnp.exp(scores))
    weights /= weights.sum(1, keepdims=True)
    return jnp.mean((weights @ (X @ Wv) - Y) ** 2)


@model(
    "W1 b1 gain",
    lambda rng: {**_layers(rng, 200, 12, 20), "gain": rng.normal(size=20)},
    """
def f(X, W1, b1, gain):
    h = X @ W1 + b1
    h = (h - np.mean(h, axis=1, keepdims=True))/np.sqrt(np.var(h, axis=1, keepdims=True) + 1e-5)
    return np.sum(jax.nn.silu(h*gain), axis=(0, 1))
""",
)
def layer_norm(X: Array, W1: Array, b1: Array, gain: Array) -> Array:  # noqa: N803
    return jnp.sum(jax.nn.silu(jax.nn.standardize(X @ W1 + b1, axis=1, epsilon=1e-5) * gain))


@model(
    "Wx Wh b wo",
    lambda rng: {
        "X": rng.normal(size=(100, 4)),
        "y": rng.normal(size=100),
        "Wx": rng.normal(size=(12, 4)) * 0.4,
        "Wh": rng.normal(size=(12, 12)) * 0.25,
        "b": rng.normal(size=12) * 0.1,
        "wo": rng.normal(size=12) * 0.3,
    },
    """
def loss(X, y, Wx, Wh, b, wo):
    h = np.zeros(12)
    total = 0.0
    for t in range(len(X)):
        h = np.tanh(Wx @ X[t] + Wh @ h + b)
        total = total + (wo @ h - y[t])**2
    return total/len(X)
""",
)
def recurrent(X: Array, y: Array, Wx: Array, Wh: Array, b: Array, wo: Array) -> Array:  # noqa: N803
    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = jnp.tanh(Wx @ x + Wh @ h + b)
        return h, wo @ h

    return jnp.mean((lax.scan(step, jnp.zeros(12), X)[1] - y) ** 2)


@model(
    "E O",
    lambda rng: {
        "centre": rng.integers(0, 120, 1000),
        "near": rng.integers(0, 120, 1000),
        "far": rng.integers(0, 120, (1000, 3)),
        "E": rng.normal(size=(120, 16)) * 0.3,
        "O": rng.normal(size=(120, 16)) * 0.3,
    },
    """
def loss(centre, near, far, E, O):
    e = E[centre]
    positive = log_sigmoid(np.sum(e*O[near], axis=1))
    negative = log_sigmoid(-np.sum(e[:, None, :]*O[far], axis=2))
    return -np.sum(positive) - np.sum(negative)
""",
)
def skip_gram(centre: Array, near: Array, far: Array, E: Array, O: Array) -> Array:  # noqa: E741, N803
    def one(c: Array, n: Array, f: Array) -> Array:
        return jax.nn.softplus(-E[c] @ O[n]) + jax.nn.softplus(O[f] @ E[c]).sum()

    return jnp.sum(jax.vmap(one)(centre, near, far))


@model(
    "kernel bias",
    lambda rng: {
        "signal": rng.normal(size=800),
        "target": rng.normal(size=808),
        "kernel": rng.normal(size=9) * 0.3,
        "bias": 0.1,
    },
    "np.mean((np.tanh(np.convolve(signal, kernel) + bias) - target)**2)",
)
def convolution(signal: Array, target: Array, kernel: Array, bias: Array) -> Array:
    padded = jnp.pad(signal, 8)
    windows = padded[jnp.arange(808)[:, None] + jnp.arange(9)]
    return jnp.mean((jnp.tanh(windows @ kernel[::-1] + bias) - target) ** 2)


@model(
    "u",
    lambda rng: {"noisy": rng.normal(size=(64, 64)) + np.eye(64) * 3, "u": rng.normal(size=(64, 64))},
    """
def energy(noisy, u):
    dx = u[1:, :-1] - u[:-1, :-1]
    dy = u[:-1, 1:] - u[:-1, :-1]
    return 0.5*np.sum((u - noisy)**2) + 0.3*np.sum(np.sqrt(dx**2 + dy**2 + 1e-3))
""",
)
def total_variation(noisy: Array, u: Array) -> Array:
    dx, dy = jnp.diff(u, axis=0)[:, :-1], jnp.diff(u, axis=1)[:-1]
    return 0.5 * jnp.vdot(u - noisy, u - noisy) + 0.3 * jnp.sum(jnp.sqrt(dx**2 + dy**2 + 1e-3))


@model(
    "phi m lam",
    lambda rng: {"phi": rng.normal(size=(32, 32)), "m": 0.3, "lam": 0.8},
    """
def action(phi, m, lam):
    right = phi - np.roll(phi, -1, axis=0)
    up = phi - np.roll(phi, -1, axis=1)
    return np.sum(0.5*right**2 + 0.5*up**2 + 0.5*m**2*phi**2 + lam*phi**4/24)
""",
)
def lattice_field(phi: Array, m: Array, lam: Array) -> Array:
    i = jnp.arange(32)
    neighbours = phi[(i + 1) % 32] + phi[:, (i + 1) % 32]
    return jnp.sum(phi * (2 * phi - neighbours) + m**2 * phi**2 / 2 + lam * phi**4 / 24)


@model(
    "Z",
    lambda rng: {"Z": rng.normal(size=(128, 12))},
    """
def info_nce(Z):
    z = Z/np.linalg.norm(Z, axis=1, keepdims=True)
    a = z[:64]
    b = z[64:]
    s = a @ b.T/0.2
    return -np.mean(np.diagonal(s) - logsumexp(s, axis=1)) - np.mean(np.diag(s) - logsumexp(s, axis=0))
""",
)
def contrastive(Z: Array) -> Array:  # noqa: N803
    a, b = jnp.split(Z / jnp.sqrt((Z**2).sum(1))[:, None], 2)
    s = 5 * jnp.einsum("ik,jk->ij", a, b)
    return -jnp.trace(jax.nn.log_softmax(s, axis=1) + jax.nn.log_softmax(s, axis=0)) / 64


@model(
    "x",
    lambda rng: {"x": rng.normal(size=2000)},
    "-20*exp(-0.2*sqrt(mean(x**2))) - exp(mean(cos(2*pi*x))) + 20 + e",
)
def ackley_2000(x: Array) -> Array:
    n = len(x)
    return (
        -20 * jnp.exp(-0.2 * jnp.linalg.norm(x) / jnp.sqrt(n)) - jnp.exp(jnp.cos(2 * jnp.pi * x).sum() / n) + 20 + jnp.e
    )


@model(
    "Y",
    lambda rng: {"P": rng.random((70, 70)) * (1 - np.eye(70)) / 2450, "Y": rng.normal(size=(70, 2))},
    """
def kl(P, Y):
    d = np.sum((Y[:, None, :] - Y[None, :, :])**2, axis=-1)
    w = (1 - np.eye(len(Y)))/(1 + d)
    Q = w/np.sum(w)
    return np.sum(rel_entr(P, Q + 1e-12))
""",
)
def embedding_of_neighbours(P: Array, Y: Array) -> Array:  # noqa: N803
    i, j = np.nonzero(1 - np.eye(70))
    w = 1 / (1 + ((Y[i] - Y[j]) ** 2).sum(1))
    return jnp.sum(special.rel_entr(P[i, j], w / w.sum() + 1e-12))


ALL = [
    two_layers,
    classifier,
    attention,
    layer_norm,
    recurrent,
    skip_gram,
    convolution,
    total_variation,
    lattice_field,
    contrastive,
    ackley_2000,
    embedding_of_neighbours,
]
