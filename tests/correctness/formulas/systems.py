"""Expressions from the derivative tests and manuals of other systems and from textbooks.

Each is either answered with the right number or refused as not in the language; many use functions that a
service like this one need not have.
"""

from tests.correctness.formulas import pasted

ALL = pasted.read("systems")
