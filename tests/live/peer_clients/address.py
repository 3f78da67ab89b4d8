"""Address of the server, and the function of the checks."""

import os

URL = os.environ.get("GRADSERVE_TESTED_URL", "")
"""Scheme, host and port."""

CURVED = "X[0]*X[1]*sin(X[2]) + exp(X[0]*X[2]) + X[1]**3"
"""Text of the function that most checks use."""
