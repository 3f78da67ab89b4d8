"""Partial derivatives of words as text of the language, for derivatives inside a text.

They are the formulae of ``namespaces.sympy_words``, over names in place of operands. SymPy evaluates them: they are a
few operations each, known beforehand, so that this takes milliseconds once for each word.
"""

from __future__ import annotations

import functools

import sympy

from app import errors
from app.autodiff.namespaces import sympy_words
from app.autodiff.symbolic import display, printers
from app.language.vocabulary import words

_MOST = 10_000  # characters of a formula


@functools.lru_cache(maxsize=4096)
def text(opcode: str, arity: int, index: int, order: int | None) -> str | None:
    """Return the partial derivative of an opcode by an operand, as ``language.building.builder.Partials`` says.

    Raises:
        errors.NotDifferentiable: the language has no words for it.
    """
    names = [f"x{number}" for number in range(arity)]
    symbols = [sympy.Symbol(name, real=True) for name in names]
    operands = list(symbols)
    if order is not None:
        operands[words.ORDERS[opcode]] = sympy.Integer(order)
    read = display.formula_reader({each: (k, ()) for k, each in enumerate(symbols)}, decimals=False, ordered=True)
    try:
        formula = sympy_words.partial(opcode, operands, index)
        if formula is None or formula == 0:
            return None
        written = printers.write(formula, read, printers.Text(names), _MOST)
    except (KeyError, display.Nameless):
        name, _ = words.called(opcode, "")
        detail = f"the derivative of {name} by its operand {index + 1} has no formula in the language"
        raise errors.NotDifferentiable(detail, hint=_INSTEAD) from None
    return f"lambda {', '.join(names)}: {written}"


_INSTEAD = "ask /v1/grad, /v1/hessian or /v1/taylor for the derivative of the function without it"
