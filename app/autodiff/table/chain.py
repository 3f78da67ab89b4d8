"""The chain rule for one operation: a cotangent, or a tangent, times a partial derivative.

    pullback(xp, g, y, x0, x1, ...) = g * dy/dxi,   and 0 where g is 0, whatever the partial is

The second half is the *strong zero* of Enzyme and ForwardDiff: what lies in a branch that is not taken has the
cotangent 0 and adds nothing, even where its partial is infinite or nan. The product is the word ``strong_mul``, whose
own derivatives follow the same rule. A tangent is multiplied in the same way, so forward mode uses the same functions.
"""

from __future__ import annotations

from collections.abc import Callable

from app.autodiff.table.row import Number, Partial, Row

Pullback = Callable[..., Number]
"""(xp, g, y, x0, x1, ...) -> g * dy/dxi"""

_WRITTEN: dict[tuple[str, int], Pullback] = {
    # A quotient by y has one rounding less than a product with 1/y, and does not overflow before it must.
    ("div", 0): lambda xp, g, z, x, y: xp.strong_div(g, y),
    ("div", 1): lambda xp, g, z, x, y: -xp.strong_mul(xp.strong_div(g, y), z),
    ("select", 1): lambda xp, g, z, c, x, y: xp.select(c, g, 0.0),
    ("select", 2): lambda xp, g, z, c, x, y: xp.select(c, 0.0, g),
    ("strong_mul", 1): lambda xp, g, z, a, p: xp.zero_mul(g, a),
    ("strong_div", 0): lambda xp, g, z, a, p: xp.strong_div(g, p),
    ("strong_div", 1): lambda xp, g, z, a, p: -xp.zero_mul(xp.strong_div(g, p), z),
    ("zero_mul", 0): lambda xp, g, z, x, y: xp.zero_mul(g, y),
    ("zero_mul", 1): lambda xp, g, z, x, y: xp.zero_mul(g, x),
}
"""Products that are written out, by opcode and operand."""


def pullbacks(opcode: str, row: Row) -> tuple[Pullback | None, ...]:
    """Return the pullback of each operand of an opcode, None where the derivative is zero everywhere."""
    return tuple(
        None if partial is None else _WRITTEN.get((opcode, operand)) or _product(opcode, operand, partial)
        for operand, partial in enumerate(row.partials)
    )


def _product(opcode: str, operand: int, partial: Partial) -> Pullback:
    if callable(partial):
        return lambda xp, g, y, *operands: xp.strong_mul(g, partial(xp, y, *operands))
    if partial == 1:
        return lambda xp, g, y, *operands: g
    if partial == -1:
        return lambda xp, g, y, *operands: -g
    return lambda xp, g, y, *operands: g * partial
