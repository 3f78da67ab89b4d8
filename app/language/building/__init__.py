"""Makes the nodes of an expression: ``builder`` those of numbers, ``array_builder`` those of arrays, too.

``array_values`` and ``array_operations`` are the parts of ``array_builder``.
"""

__all__ = ["array_builder", "builder"]
