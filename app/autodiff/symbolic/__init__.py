"""Expressions to formulae of their derivatives: SymPy differentiates, simplifies and prints, in a worker process.

In comes the text of a function; out come the function and its partial derivatives as text of the language, LaTeX and
MathML. ``formulae`` is the whole way: ``differentiate``, ``simplifier``, and
``printers`` (with ``display`` and ``notation``). ``partials`` has the derivatives of words as text, in any process.
"""

__all__ = ["formulae", "partials", "printers"]
