"""Makes the nodes of an expression: ``builder`` those of numbers, ``array_builder`` those of arrays, too."""

__all__ = ["array_builder", "builder"]
