"""Rows of arithmetic, comparisons and conditions; a condition is 1 if it holds, else 0."""

from __future__ import annotations

from app.autodiff.table.row import Namespace, Number, Row, row


def _tie(xp: Namespace, x: Number, y: Number, wins: Number) -> Number:
    """Return 1 where the operand is the result, 1/2 where both operands are equal, 0 elsewhere."""
    return xp.select(xp.equal(x, y), 0.5, wins)


ARITHMETIC: dict[str, Row] = {
    "add": row(1.0, 1.0),
    "sub": row(1.0, -1.0),
    "mul": row(lambda xp, z, x, y: y, lambda xp, z, x, y: x),
    "div": row(lambda xp, z, x, y: 1 / y, lambda xp, z, x, y: -z / y),
    "neg": row(-1.0),
    "reciprocal": row(lambda xp, y, x: -y * y),
    "square": row(lambda xp, y, x: 2 * x),
    "sqrt": row(lambda xp, y, x: 0.5 / y),
    # "pow" has two variable operands; "pow_const" and "const_pow" have one, and never form the derivative by the other:
    # log(x) of a negative base would turn a second derivative of x**3 into nan. n * x**(n-1) is 0 for n = 0.
    "pow": row(lambda xp, y, x, n: xp.strong_mul(n, xp.pow(x, n - 1)), lambda xp, y, x, n: xp.power_log(1.0, x, n)),
    "pow_const": row(lambda xp, y, x, n: xp.strong_mul(n, xp.pow_const(x, n - 1)), None),
    "const_pow": row(None, lambda xp, y, x, n: xp.power_log(1.0, x, n)),
    # x less the remainder is a multiple of y, which x / y may be rounded to without being one.
    "mod": row(1.0, lambda xp, z, x, y: -xp.round((x - z) / y)),
    "fmod": row(1.0, lambda xp, z, x, y: -xp.round((x - z) / y)),
    "floor_divide": row(None, None),
    "maximum": row(
        lambda xp, z, x, y: _tie(xp, x, y, xp.less(y, x)), lambda xp, z, x, y: _tie(xp, x, y, xp.less(x, y))
    ),
    "minimum": row(
        lambda xp, z, x, y: _tie(xp, x, y, xp.less(x, y)), lambda xp, z, x, y: _tie(xp, x, y, xp.less(y, x))
    ),
}

LOGIC: dict[str, Row] = {
    "less": row(None, None),
    "less_equal": row(None, None),
    "equal": row(None, None),
    "not_equal": row(None, None),
    "and": row(None, None),
    "or": row(None, None),
    "not": row(None),
    "select": row(None, lambda xp, z, c, x, y: c, lambda xp, z, c, x, y: 1 - c),
}

INNER: dict[str, Row] = {
    "strong_mul": row(lambda xp, z, g, p: p, lambda xp, z, g, p: g),
    "strong_div": row(lambda xp, z, g, p: 1 / p, lambda xp, z, g, p: -z / p),
    "zero_mul": row(lambda xp, z, x, y: y, lambda xp, z, x, y: x),
    # The k-th derivatives of x**n and (1 + x)**n by n.
    "power_log": row(
        None,
        lambda xp, y, k, x, n: (
            xp.strong_mul(n, xp.power_log(k, x, n - 1)) + xp.strong_mul(k, xp.power_log(k - 1, x, n - 1))
        ),
        lambda xp, y, k, x, n: xp.power_log(k + 1, x, n),
    ),
    "power_log1p": row(
        None,
        lambda xp, y, k, x, n: (
            xp.strong_mul(n, xp.power_log1p(k, x, n - 1)) + xp.strong_mul(k, xp.power_log1p(k - 1, x, n - 1))
        ),
        lambda xp, y, k, x, n: xp.power_log1p(k + 1, x, n),
    ),
}
"""Opcodes that only derivatives have."""
