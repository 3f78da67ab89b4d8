"""A posterior sampled by PyMC's NUTS with gradients over UM-Bridge: ``python pymc_umbridge.py URL``.

UM-Bridge's own operator makes a remote model part of a PyMC model. The model here is a log-likelihood as text, bound to
its data: measurements of one quantity with known noise. With the normal prior the posterior is normal too, and known.
"""

import sys

import httpx
import numpy as np
import pymc
from pytensor import tensor
from umbridge.pymc import UmbridgeOp

MEASURED = [4.9, 6.1, 5.3, 5.8, 6.4, 5.0, 5.6, 6.2]
NOISE = 0.8
PRIOR_MEAN, PRIOR_DEVIATION = 4.0, 1.5

LOG_LIKELIHOOD = {
    "expression": "lambda m, y, s: -sum((y - m[0])**2)/(2*s**2)",
    "data": {"y": MEASURED, "s": NOISE},
}


def posterior() -> tuple[float, float]:
    """Return mean and deviation in closed form."""
    precision = len(MEASURED) / NOISE**2 + 1 / PRIOR_DEVIATION**2
    mean = (sum(MEASURED) / NOISE**2 + PRIOR_MEAN / PRIOR_DEVIATION**2) / precision
    return mean, precision**-0.5


def sample(url: str, draws: int = 500) -> np.ndarray:
    """Return draws of the mean."""
    answer = httpx.post(f"{url}/v1/functions", json=LOG_LIKELIHOOD).json()
    operator = UmbridgeOp(url, answer["function_id"], {"shapes": {"m": [1]}})
    with pymc.Model():
        mean = pymc.Normal("mean", PRIOR_MEAN, PRIOR_DEVIATION)
        pymc.Potential("likelihood", operator(tensor.stack([mean]))[0])
        trace = pymc.sample(draws=draws, tune=300, chains=2, cores=1, random_seed=1, progressbar=False)
    return np.asarray(trace.posterior["mean"]).ravel()


if __name__ == "__main__":
    drawn = sample(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
    print(f"sampled {drawn.mean():.4f} +- {drawn.std():.4f}")
    print("exactly {:.4f} +- {:.4f}".format(*posterior()))
