"""Gradient-as-a-service: a function as text and a point in, its JAX gradient out."""

__version__ = "0.1.0"
