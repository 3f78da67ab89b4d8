"""Functions as text instead of numbers: ``formulae`` of a function and its derivatives, and ``code`` to take away."""

__all__ = ["code", "formulae"]
