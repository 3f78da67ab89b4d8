"""Fits: minima, least squares and roots, found beside the function by SciPy's methods and exact derivatives.

A fit calls its function hundreds of times. Here each call costs what the function costs, not a request. ``query`` has
what is asked, ``bounds`` reads bounds, ``methods`` lists SciPy's methods and the defaults. ``oracle`` computes values
and derivatives at moved arguments and counts them. A ``search`` is one start; ``minimize``, ``least_squares`` and
``root`` each take it to its end; ``scaling`` makes numbers alike in size for SLSQP, ``optimality`` judges a minimum,
``statistics`` has the covariance of parameters. ``fitter`` prepares a fit, runs it in a thread, and reports each
iteration.
"""

__all__ = [
    "bounds", "fitter", "least_squares", "methods", "minimize", "optimality", "oracle", "query", "root",
    "scaling", "search", "statistics",
]  # fmt: skip
