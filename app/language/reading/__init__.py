"""Runs stack code over values: ``tracer`` for statements and loops, ``operations`` for the instructions of expressions.

``whole_tracer`` reads whole arrays, and long loops once. ``imports`` writes names that are imported out first.
"""

__all__ = ["calls", "imports", "operations", "tracer", "whole_tracer"]
