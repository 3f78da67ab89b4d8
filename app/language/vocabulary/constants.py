"""Constants by name: ``pi``, ``e``, ``inf``, ``nan``, and those that need a prefix."""

from __future__ import annotations

import math

BARE: dict[str, float] = {"pi": math.pi, "π": math.pi, "e": math.e, "E": math.e, "inf": math.inf, "nan": math.nan}
"""Constants by bare name, unless an argument has the same name."""

CANONICAL: dict[str, str] = {"e": "E", "π": "pi"}
"""The name under which a constant is known, where it has several."""

BARE_AS_TEXT: dict[str, str] = {name: repr(value) for name, value in BARE.items()}
"""The constants by bare name as text, because JSON has no infinity."""

PREFIXED: dict[str, float] = BARE | {
    "tau": math.tau,
    "oo": math.inf,
    "euler_gamma": 0.57721566490153286061,
    "EulerGamma": 0.57721566490153286061,
    "GoldenRatio": (1 + math.sqrt(5)) / 2,
}
"""Constants that need a prefix (``math.tau``), because people give these names to arguments."""
