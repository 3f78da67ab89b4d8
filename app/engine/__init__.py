"""A query to an answer: what computes it, and when.

In comes a function as text, a point, and a transform (``query``); out comes an answer for JSON, or arrays. ``engine``
prepares, runs and presents. Texts become functions (``functions``), recorded for arguments of given shapes, element by
element (``plans``) or whole (``array_plans``); points become flat arrays, and derivatives nested lists (``points``).
``derivatives`` has one row for each transform, and computes what is more than a gradient of numbers. ``dispatch`` runs
a query by an executable, by the interpreter or by NumPy; ``executables`` compiles code in ``workers`` and keeps it in a
store. ``registry`` has functions by their id, ``symbolic`` derives formulae.
"""

__all__ = [
    "array_plans", "derivatives", "dispatch", "engine", "executables", "functions", "plans", "points", "query",
    "registry", "symbolic", "workers",
]  # fmt: skip
