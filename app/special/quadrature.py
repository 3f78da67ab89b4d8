"""One quadrature for every integral over the half line, with as many terms for every argument.

The trapezoidal rule in s for v = width * exp(s - exp(-s)) (Takahasi & Mori, Double exponential formulas for numerical
integration, Publ. RIMS 9, 1974): exact to rounding for an integrand that decays like exp(-v / width), and for what
changes slowly on the scale of log(v) below that.
"""

from __future__ import annotations

import numpy as np
from jax import Array, lax

from app.special.charts import behind

_STEP = 0.06
_S = np.arange(-3.6, 5.2, _STEP)
_NODES = np.exp(_S - np.exp(-_S))
_WEIGHTS = _STEP * _NODES * (1 + np.exp(-_S))


def half_line(width: Array) -> tuple[Array, Array]:
    """Return nodes and weights of an integral over v >= 0, on a further axis; width is () or (n,)."""
    width = lax.stop_gradient(width)
    return width[..., None] * behind(_NODES, width), width[..., None] * behind(_WEIGHTS, width)
