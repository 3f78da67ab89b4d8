"""A formula in LaTeX to tokens of the language, each at its place in the LaTeX.

``marks`` splits the text and pairs its braces, ``head`` finds what is written around the formula, ``names`` reads names
with their indices, ``writer`` keeps what is open, and ``translator`` with its parts, ``operands`` to ``tables``, writes
the tokens. What is behind, limits and positions of refusals included, is the code of every other text. This is a room
of its own because LaTeX has a grammar of its own; ``commands`` has it as tables.
"""

__all__ = ["translator"]
