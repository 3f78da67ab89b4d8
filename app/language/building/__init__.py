"""Makes the nodes of an expression: ``builder`` those of numbers, ``array_builder`` those of arrays, too.

``array_values`` and ``array_operations`` are the parts of ``array_builder``; ``derivatives`` has those inside a text.
"""

__all__ = ["array_builder", "builder", "derivatives"]
