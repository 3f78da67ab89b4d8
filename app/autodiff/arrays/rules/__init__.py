"""Rules of the primitives, written with a recorder: vector-Jacobian products, and many points at once."""

from app.autodiff.arrays.rules import batching, pullbacks

__all__ = ["batching", "pullbacks"]
