"""Which ways through a body end in a ``return``."""

from __future__ import annotations

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.stack_code import Branch, Cases, Chain, Name, Return


def nothing(offset: int) -> Name:
    """Return the value of a function where Python raises an error."""
    return Name("np.nan", offset)


def missing(offset: int, *, empty: bool) -> errors.SyntaxRejected:
    hint = None if empty else "every way through the function must end in a return"
    return errors.SyntaxRejected("the def has no return statement", hint=hint, offset=offset)


def may_return(code: stack_code.Code) -> bool:
    return any(isinstance(each, Return) for each in stack_code.own_instructions(code))


def returns(code: stack_code.Code) -> bool:
    """Return whether every way through a body ends in a ``return``."""
    if not code:
        return False
    last = code[-1]
    if isinstance(last, Branch):
        unmatched = isinstance(last, Cases) and not last.other  # is refused where it is reached
        return returns(last.chosen) and (unmatched or returns(last.other))
    if isinstance(last, Chain):
        return all(map(returns, last.bodies)) and ((last.cases and not last.other) or returns(last.other))
    return isinstance(last, Return)
