"""The opcodes whose values are in this package, and how many of their first operands are orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.language.numeric.special_forms import bessel, errors, gammas, incomplete, zetas

Form = Callable[..., Any]
"""(np, orders..., operands...) -> value"""

ORDERED: dict[str, tuple[int, Form]] = {
    "erfcx_derivative": (1, errors.erfcx_derivative),
    "dawsn_derivative": (1, errors.dawsn_derivative),
    "sinhc_derivative": (1, errors.sinhc_derivative),
    "polygamma_step": (1, gammas.polygamma_step),
    "zeta_n": (1, zetas.zeta_n),
    "zeta_entire": (1, zetas.zeta_entire),
    "gamma_density": (1, incomplete.gamma_density),
    "gammainc_n": (1, incomplete.gammainc_n),
    "uppergamma_n": (1, incomplete.uppergamma_n),
    "beta_density": (2, incomplete.beta_density),
    "betainc_n": (2, incomplete.betainc_n),
    "iv_mean": (2, bessel.iv_mean),
    "kv_mean": (2, bessel.kv_mean),
}
"""Opcodes that only derivatives have; their orders are plain numbers."""

PLAIN: dict[str, Form] = {
    "gauss": errors.gauss,
    "sinpi": errors.sinpi,
    "cospi": errors.cospi,
    "lgamma_step": gammas.lgamma_step,
    "lambertw_rise": errors.lambertw_rise,
    "zeta": lambda np, s, q: zetas.zeta_n(np, 0, s, q),
}
"""Opcodes without an order."""

MOST_ORDER = 4
"""The greatest order that is found where an order is not known before the operands."""
