"""Runs stack code over values: ``tracer`` for statements and loops, ``operations`` for the instructions of expressions.

``whole_tracer`` reads whole arrays, and long loops once.
"""

__all__ = ["operations", "tracer", "whole_tracer"]
