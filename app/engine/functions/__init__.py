"""Texts that have become functions: read once, recorded for arguments of given shapes, and kept.

``functions`` has a function and its specializations, and the cache of them; ``plain`` reads most texts
of numbers faster. A
specialization is recorded element by element, as ``plans`` of numbers, or whole, as an ``array_plans.ArrayPlan``: each
holds what a query takes of a tape that does not depend on its point. ``bindings`` puts data that stay in the places of
arguments. ``arguments`` says which of them a query differentiates by. ``listing`` shows a tape as rows, with values at
a point.
"""

__all__ = ["arguments", "array_plans", "bindings", "functions", "listing", "plain", "plans"]
