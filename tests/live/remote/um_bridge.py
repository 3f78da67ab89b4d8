"""UM-Bridge's own Python client, controlled by JSON lines.

``python -m tests.live.remote.um_bridge`` in the environment of the clients reads one command per line and answers each
with one line: {"result": ...} or {"error": [type, text]}.
"""

import json
import sys
from typing import Any

import emcee  # lives in the environment of the clients only
import numpy as np
import umbridge  # likewise
import umbridge.emcee  # likewise


def models(order: dict[str, Any]) -> Any:
    return umbridge.supported_models(order["url"])


def call(order: dict[str, Any]) -> Any:
    """Call a method of a model."""
    model = umbridge.HTTPModel(order["url"], order["name"], order.get("use_shmem", False))
    return getattr(model, order["method"])(*order["arguments"])


def sample(order: dict[str, Any]) -> Any:
    """Sample a density given as text. Return mean, covariance and autocorrelation times."""
    density = umbridge.emcee.UmbridgeLogProb(order["url"], "gradient", order["config"])
    rng = np.random.default_rng(order["seed"])
    start = np.asarray(order["start"]) + 0.1 * rng.standard_normal((order["walkers"], density.ndim))
    sampler = emcee.EnsembleSampler(order["walkers"], density.ndim, density)
    sampler.random_state = np.random.RandomState(order["seed"]).get_state()  # the kind that emcee takes
    sampler.run_mcmc(start, order["steps"])
    chain = sampler.get_chain(discard=order["discard"], flat=True)
    return {
        "mean": chain.mean(axis=0).tolist(),
        "covariance": np.cov(chain.T).tolist(),
        "autocorrelation": sampler.get_autocorr_time(discard=order["discard"], quiet=True).tolist(),
        "samples": len(chain),
    }


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # the client prints to stdout
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"result": {"models": models, "call": call, "sample": sample}[command["do"]](command)}
        except Exception as error:  # noqa: BLE001 - the test expects what the client raises
            answer = {"error": [type(error).__name__, str(error)]}
        print(json.dumps(answer), file=answers, flush=True)
