"""Runs stack code over values: ``tracing`` for statements and loops, ``operations`` for the rest of the instructions.

``calls`` calls words, functions and methods; ``changes`` assigns and changes arrays and lists. ``imports`` writes names
that are imported out first.
"""

__all__ = ["calls", "changes", "imports", "operations", "tracing"]
