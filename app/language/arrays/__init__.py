"""Functions of arrays that are read as wholes: each is written in the primitives of ``expression.primitives``.

``call`` has a call's operands and arithmetic; ``functions`` finds a word's function, in ``words`` and ``linear``.
``indexing`` is what brackets mean, ``assigning`` what brackets before a ``=`` mean; ``loops`` and ``places`` are loops
that are read once.
"""

__all__ = ["assigning", "call", "functions", "indexing", "linear", "loops", "places", "words"]
