"""A posterior sampled by NUTS, one request for each leapfrog step: ``python nuts.py URL``.

The model is that of the eight schools (Rubin, 1981): effects y with known errors s, their common mean mu, and their
deviation tau. The data are bound to the log density, so a request carries ten numbers. The sampler draws from the whole
trajectory (Betancourt, arXiv:1701.02434) and tunes its step as Hoffman and Gelman do (JMLR 15, 2014).
"""

import contextlib
import http.client
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Density = Callable[[Vector], tuple[float, Vector]]

Y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]
S = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]

# mu is normal(0, 5) and tau half-Cauchy(0, 5); the effects are mu + tau*eta.
LOG_DENSITY = """
def log_density(q, y, s):
    mu, log_tau, eta = 5*q[0], q[1], q[2:]
    likelihood = -sum(((y - mu - exp(log_tau)*eta)/s)**2)/2
    return likelihood - q[0]**2/2 - sum(eta**2)/2 + log_tau - log1p(exp(2*log_tau)/25)
"""


class State(NamedTuple):
    """A position, its momentum, the log density there and its gradient."""

    q: Vector
    p: Vector
    value: float
    gradient: Vector


class Path(NamedTuple):
    """A stretch of a trajectory: its ends in time, the state drawn from it, its log weight, whether it may grow."""

    first: State
    last: State
    drawn: State
    weight: float
    grows: bool
    acceptance: float = 0.0
    steps: int = 0


def leapfrog(density: Density, at: State, step: float) -> State:
    p = at.p + step / 2 * at.gradient
    q = at.q + step * p
    value, gradient = density(q)
    return State(q, p + step / 2 * gradient, value, gradient)


def log_weight(state: State) -> float:
    return float(state.value - state.p @ state.p / 2)


def joined(old: Path, new: Path, step: float, against: float, rng: np.random.Generator) -> Path:
    """Return two stretches as one; the state of ``new`` is taken with odds of its weight to ``against``."""
    first, last = (old.first, new.last) if step > 0 else (new.first, old.last)
    across = last.q - first.q
    return Path(
        first,
        last,
        new.drawn if np.log(rng.random()) < new.weight - against else old.drawn,
        float(np.logaddexp(old.weight, new.weight)),
        new.grows and bool(across @ first.p > 0 and across @ last.p > 0),
        old.acceptance + new.acceptance,
        old.steps + new.steps,
    )


def grown(density: Density, at: State, step: float, depth: int, start: float, rng: np.random.Generator) -> Path:
    """Return the next 2**depth steps; ``start`` is the log weight of the state that the trajectory began with."""
    if depth == 0:
        state = leapfrog(density, at, step)
        gain = log_weight(state) - start
        return Path(state, state, state, gain, gain > -1000, float(np.exp(min(0.0, gain))), 1)
    old = grown(density, at, step, depth - 1, start, rng)
    if not old.grows:
        return old
    new = grown(density, old.last if step > 0 else old.first, step, depth - 1, start, rng)
    return joined(old, new, step, float(np.logaddexp(old.weight, new.weight)), rng)


def transition(density: Density, at: State, step: float, rng: np.random.Generator) -> Path:
    """Return the trajectory from a position, doubled until it turns back."""
    at = at._replace(p=rng.normal(size=at.q.size))
    start = log_weight(at)
    path = Path(at, at, at, 0.0, True)
    for depth in range(10):
        signed = step if rng.random() < 0.5 else -step
        new = grown(density, path.last if signed > 0 else path.first, signed, depth, start, rng)
        if not new.grows:
            return path._replace(acceptance=path.acceptance + new.acceptance, steps=path.steps + new.steps)
        path = joined(path, new, signed, path.weight, rng)
        if not path.grows:
            break
    return path


def sample(density: Density, size: int, draws: int, tune: int, seed: int) -> Vector:
    """Return draws as rows, after ``tune`` steps that make eight of ten accepted."""
    rng = np.random.default_rng(seed)
    q = np.zeros(size)
    state, found = State(q, q, *density(q)), []
    step, error, smooth = 0.1, 0.0, 0.0
    for n in range(1, tune + draws + 1):
        path = transition(density, state, step, rng)
        state = path.drawn
        if n <= tune:
            error += (0.8 - path.acceptance / path.steps - error) / (n + 10)
            log_step = -error * n**0.5 / 0.05
            smooth += n**-0.75 * (log_step - smooth)
            step = float(np.exp(log_step if n < tune else smooth))
        else:
            found.append(state.q)
    return np.array(found)


def at_server(connection: http.client.HTTPConnection, expression: str, data: dict[str, list[float]]) -> Density:
    """Return a log density whose data stay at the server."""

    def post(path: str, **question: Any) -> dict[str, Any]:
        connection.request("POST", path, json.dumps(question), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer: dict[str, Any] = json.load(response)
        if response.status >= 400:
            raise ValueError(answer["detail"])
        return answer

    function_id = post("/v1/functions", expression=expression, data=data)["function_id"]

    def density(q: Vector) -> tuple[float, Vector]:
        answer = post(f"/v1/functions/{function_id}/grad", point=[q.tolist()])
        if not answer["finite"]:
            return -np.inf, np.zeros(q.size)
        return answer["value"], np.array(answer["gradient"])

    return density


def exactly() -> tuple[Vector, Vector]:
    """Return mean and deviation of mu and tau by one integral: given tau, everything is normal."""
    tau = np.sinh(np.linspace(0, np.arcsinh(1e4), 200_001))
    variance = np.square(S) + tau[:, None] ** 2
    precision = (1 / variance).sum(1) + 1 / 25
    mean = (Y / variance).sum(1) / precision
    log_density = (mean**2 * precision - (np.square(Y) / variance + np.log(variance)).sum(1) - np.log(precision)) / 2
    weight = np.exp(log_density - log_density.max()) / (1 + tau**2 / 25) * np.gradient(tau)
    weight /= weight.sum()
    means = np.array([weight @ mean, weight @ tau])
    return means, np.sqrt([weight @ (mean**2 + 1 / precision), weight @ tau**2] - means**2)


def main(url: str) -> None:
    seconds = []
    with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc)) as connection:
        remote = at_server(connection, LOG_DENSITY, {"y": Y, "s": S})

        def density(q: Vector) -> tuple[float, Vector]:
            started = time.perf_counter()
            answer = remote(q)
            seconds.append(time.perf_counter() - started)
            return answer

        q = np.concatenate([sample(density, 10, draws=400, tune=200, seed=seed) for seed in (1, 2)])
    drawn = np.stack([5 * q[:, 0], np.exp(q[:, 1])])
    for name, means, deviations in (("sampled", drawn.mean(1), drawn.std(1)), ("exactly", *exactly())):
        numbers = zip(("mu", "tau"), means, deviations, strict=True)
        print(name, ", ".join(f"{what} {mean:.3f} +- {deviation:.3f}" for what, mean, deviation in numbers))
    print(f"{len(seconds)} requests, {1e3 * np.median(seconds):.2f} ms each")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
