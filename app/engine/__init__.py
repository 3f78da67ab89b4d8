"""A query to an answer: what computes it, and when.

In comes a function as text, a point, and a transform (``query``); out comes an answer for JSON, or arrays. ``engine``
answers in three steps: a query is made ready (``preparation``), run, and presented. Texts become functions, recorded
for arguments of given shapes (``functions``); points become flat arrays (``points``).
``derivatives`` has one row for each transform, and computes what is more than a gradient of numbers. ``dispatch`` runs
a query by an executable, by the interpreter or by NumPy; ``executables`` compiles code in ``workers`` and keeps it in a
store. ``registry`` has functions by their id, ``symbolic`` derives formulae and source files, ``fits`` asks again and
again.
"""

__all__ = [
    "derivatives", "dispatch", "engine", "executables", "fits", "functions", "points",
    "preparation", "query", "registry", "symbolic", "workers",
]  # fmt: skip
