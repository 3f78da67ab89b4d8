"""The meaning of a text for exact arithmetic, where float64 is not what is computed but what is proved.

Literals and named constants of a text are float64 numbers; whatever is computed of them is exact. ``folding`` folds
what stays rational and leaves the rest to be computed. ``definitions`` are those of the vocabulary with their decimals
replaced by what they stand for.
"""

__all__ = ["definitions", "folding"]
