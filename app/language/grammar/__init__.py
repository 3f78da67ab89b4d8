"""Text to stack code: the lexer, expressions, and the statements around them.

A text comes in; out comes ``statements.Source``, its parameters and its ``stack_code`` instructions in postfix
order. No name is looked up here, and no value computed. ``spelling`` is what a text passes first; ``modules`` chooses
the function of a text of several statements; ``definitions`` has the parts of a ``def``.
"""

__all__ = ["definitions", "lexer", "matching", "modules", "spelling", "stack_code", "statements"]
