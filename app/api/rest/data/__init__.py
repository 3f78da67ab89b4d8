"""Data that stay: ``routes`` keeps, lists and deletes arrays, ``bodies`` reads the forms in which they come.

``number_arrays`` reads large JSON of numbers without holding it twice.
"""

__all__ = ["number_arrays", "routes"]
