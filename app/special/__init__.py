"""Special functions as straight-line JAX: charts made in 50 digits, series and recurrences, no loops inside."""

from app.special import bessel as bessel
from app.special import charts as charts
from app.special import elementary as elementary
from app.special import gammas as gammas
from app.special import incomplete as incomplete
from app.special import integrals as integrals
from app.special import normal as normal
from app.special import quadrature as quadrature

MODULES = (charts, elementary, quadrature, normal, gammas, bessel, integrals, incomplete)
"""Whose sources are part of every program and executable."""

CHARTS = (*normal.CHARTS, *gammas.CHARTS, *bessel.CHARTS, *integrals.CHARTS)
"""Every chart of ``charts.json``."""
