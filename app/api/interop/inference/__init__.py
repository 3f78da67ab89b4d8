"""Open Inference Protocol, version 2: a function as a model with named tensors as inputs and outputs.

In come tensors in JSON or in binary, out go the tensors ``value`` and ``gradient`` in the same forms (``tensors``).
"""

__all__ = ["model", "routes", "tensors"]
