"""Functions of arrays that are read as wholes: each is written in the primitives of ``expression.primitives``.

``call`` has a call's operands and arithmetic, ``indexing`` what brackets mean; the others have the words.
"""

__all__ = [
    "call",
    "creation",
    "functions",
    "indexing",
    "joining",
    "linear",
    "loops",
    "places",
    "positions",
    "reductions",
    "scans",
    "statistics",
]
