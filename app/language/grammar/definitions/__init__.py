"""A ``def``: its ``parameters``, which of them it is ``counting`` by, what it ``returns``, and its ``nonlocals``."""

__all__ = ["counting", "nonlocals", "parameters", "returns"]
