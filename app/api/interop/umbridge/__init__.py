"""UM-Bridge 1.0: a function as a map from input vectors to one output vector.

In come fields of requests (``fields``), out go vectors as JSON lists. ``vectors`` says which numbers of the input
belong to which argument of the function.
"""

__all__ = ["model", "routes"]
