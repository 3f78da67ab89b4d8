"""A logistic regression fitted by SciPy, whose loss and gradient come over HTTP: ``python logistic_regression.py URL``.

The data are 24 students, hours of study and whether they passed, with a second column that says who slept well. The
loss is text, registered once and bound to the data; after that a request carries three numbers.
"""

import sys

import numpy as np
from gradserve import Client
from gradserve.scipy import as_scipy
from scipy import optimize

HOURS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5, 1, 3, 2, 4]
SLEPT = [0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0]
PASSED = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1]

LOSS = """
def loss(w, hours, slept, passed):
    z = w[0] + w[1]*hours + w[2]*slept
    return sum(softplus(z) - passed*z)
"""
DATA = {"hours": HOURS, "slept": SLEPT, "passed": PASSED}


def fit(url: str) -> optimize.OptimizeResult:
    """Return the fit: ``x`` is intercept, slope by hours and slope by sleep."""
    with Client(url) as client:
        loss = as_scipy(client.function(LOSS, data=DATA))
        return optimize.minimize(loss.fun, np.zeros(3), jac=loss.jac, method="BFGS", options={"gtol": 1e-9})


if __name__ == "__main__":
    found = fit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
    print(f"{found.message} {found.nfev} gradients.")
    print("intercept {:.8f}, by hours {:.8f}, by sleep {:.8f}".format(*found.x))
