"""Text to stack code: the lexer, expressions, and the statements around them.

A text comes in; out comes ``statements.Source``, its parameters and its ``stack_code`` instructions in postfix
order. No name is looked up here, and no value computed.
"""

__all__ = ["lexer", "slips", "stack_code", "statements"]
