"""Where the server is."""

import os

URL = os.environ.get("GRADSERVE_TESTED_URL", "")
"""Scheme, host and port."""

CURVED = "X[0]*X[1]*sin(X[2]) + exp(X[0]*X[2]) + X[1]**3"
"""The function that most of this is about, as text."""
