"""The language of expressions: text to expression, never evaluated, without JAX.

A text comes in, with argument names and limits (``parse``); out comes ``result.Expression``, an unevaluated SymPy tree
with folded constants. ``grammar`` reads the text as stack code; ``reading`` runs this code over values,
whose nodes ``building`` makes. ``arrays`` has the functions of arrays, and ``lowering`` turns few arrays into numbers;
``vocabulary`` lists what a client may write, and ``numeric`` computes it. ``advice`` has the hints of refusals.
"""

__all__ = [
    "arrays",
    "building",
    "expression",
    "grammar",
    "limits",
    "numeric",
    "parse",
    "reading",
    "vocabulary",
]
