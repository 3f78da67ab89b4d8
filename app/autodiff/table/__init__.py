"""The one table of elementwise words: for each opcode its partial derivatives, in words of the table itself.

A row is written over a namespace ``xp`` that has every opcode as a function (``app.autodiff.namespaces``): numbers of
NumPy or JAX, values of a tape that is being recorded, or SymPy expressions. For y = f(x0, x1, ...) it has

    partials[i](xp, y, x0, x1, ...) = dy/dxi

written with words, ``+ - * /`` and unary minus, comparisons as words (``xp.less(x, y)`` is 1 or 0) and ``xp.select``.
A partial may be a plain number, and None is a derivative that is zero everywhere (``floor``). The value of an opcode is
``getattr(xp, opcode)(x0, x1, ...)``.

The table is closed: a partial is made of words that have partials again, so what computes a value (a chart, a series,
a branch near a singularity) is never differentiated. ``chain.PULLBACKS`` has the products with a cotangent.
"""

from app.autodiff.table import arithmetic, chain, elementary, hosted, orders, row, special

__all__ = ["arithmetic", "chain", "elementary", "hosted", "orders", "row", "special"]

CORE: dict[str, row.Row] = arithmetic.ARITHMETIC | arithmetic.LOGIC | elementary.ELEMENTARY
"""The opcodes in every program of the interpreter; the order is the opcode number."""

SPECIAL: dict[str, row.Row] = elementary.RARE | special.SPECIAL
"""The opcodes of special functions. Their formulae are long, so only the programs that need them have them."""

INNER: dict[str, row.Row] = arithmetic.INNER | elementary.INNER | special.INNER
"""Opcodes that no text has: derivatives that are no other word."""

HOSTED: dict[str, row.Row] = hosted.HOSTED | hosted.INNER | orders.HOSTED | orders.INNER
"""Host words: NumPy computes them, JAX does not, so a tape that has one is neither interpreted nor compiled."""

TABLE: dict[str, row.Row] = CORE | SPECIAL | INNER | HOSTED
"""Every opcode."""

PULLBACKS: dict[str, tuple[chain.Pullback | None, ...]] = {
    opcode: chain.pullbacks(opcode, each) for opcode, each in TABLE.items()
}
"""By opcode and operand, the function (xp, g, y, x0, x1, ...) that returns g * dy/dxi; see ``chain``."""

MODULES = (row, chain, arithmetic, elementary, special)
"""Modules whose source is part of the key of every program and executable on disk: a change recompiles them all.

``hosted`` and ``orders`` are not among them: no program and no executable has a host word.
"""
