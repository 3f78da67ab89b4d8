"""Makes the nodes of an expression: ``builder`` reads arrays cell by cell, ``array_builder`` as wholes.

``word_operands`` binds the operands of a word of arrays to its parameters, for both.
"""

__all__ = ["array_builder", "builder", "word_operands"]
