"""Special functions as straight-line JAX: charts made in 50 digits, series and recurrences, no loops inside."""

from app.special import bessel as bessel
from app.special import charts as charts
from app.special import elementary as elementary
from app.special import gammas as gammas
from app.special import incomplete as incomplete
from app.special import integrals as integrals
from app.special import normal as normal

MODULES = (charts, elementary, normal, gammas, bessel, integrals, incomplete)
"""Whose sources are part of every program and executable."""
