"""Formulae and source files of functions: written once, in a worker process, and kept.

``formulae`` has the function and its partial derivatives as text, LaTeX and MathML; ``code`` has value and gradient as
a file of another language.
"""

__all__ = ["code", "formulae"]
