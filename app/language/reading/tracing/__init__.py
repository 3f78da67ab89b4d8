"""Runs stack code: the statements, loops and calls of a text, for all points at once.

``tracer`` runs blocks of statements and unrolls loops, ``whole_tracer`` reads whole arrays, and long loops once.
``exits`` has what a point decides about leaving a loop or function. ``repeated`` goes through comprehensions and series
item by item.
"""

__all__ = ["exits", "repeated", "tracer", "whole_tracer"]
