"""Expressions to derivatives: the tape, the table of derivatives, reverse mode, and two ways to run a tape.

In comes an expression of ``app.language``; out come its tape (``tape``), and the value and gradient of the tape as
NumPy arrays, computed at once by programs that run any tape (``bytecode``, ``interpreter``) or by an executable of that
tape alone (``compiler``). ``symbolic`` gives the derivatives as formulae, ``series`` those of high order. Nothing here
does input or output.
"""

__all__ = [
    "arrays",
    "balls",
    "bytecode",
    "compiler",
    "interpreter",
    "namespaces",
    "reverse",
    "series",
    "special",
    "symbolic",
    "table",
    "tape",
]
