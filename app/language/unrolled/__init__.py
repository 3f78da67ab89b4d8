"""Functions of whole arrays, unrolled into operations on numbers while a text is traced.

``functions.apply`` takes a word of the vocabulary and its operands, and returns a value.
"""

__all__ = ["arguments", "functions", "indexing", "products"]
