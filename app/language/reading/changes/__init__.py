"""Variables and arrays that a text changes: ``assignments`` to names and elements, ``objects`` that names refer to.

``updates`` are those by ``.at[...]``, which change nothing and give another array.
"""

__all__ = ["assignments", "objects", "updates"]
