"""The hypergeometric function of lists of parameters, and SciPy's Airy and elliptic functions, four at once."""

from __future__ import annotations

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.expression.values import Value, tuple_of
from app.language.vocabulary import words


def _hyper(call: ArrayCall) -> Value:
    """Return pFq(a; b; x): the host word for as many upper and lower parameters."""
    upper, lower, x = call.items("a"), call.items("b"), call.builder.array(call.value("x"), call.offset)
    p, q = len(upper), len(lower)
    operands = [*upper, *lower, x]
    if (p, q) == (0, 0):
        return call.of("exp", x)
    if (p, q) == (1, 0):
        one = call.known(1)
        return call.of("power", call.sub(one, x), call.sub(call.known(0), upper[0]))
    name = f"hyp{p}f{q}"
    word = words.BY_NAME.get(name) or words.INNER.get(name)
    if word is None:
        hint = "there are at most 4 upper and 4 lower parameters, and at most one more upper than lower"
        raise errors.SyntaxRejected(f"{call.name} of {p} upper and {q} lower parameters", hint=hint, offset=call.offset)
    return call.builder.apply(word, [call.builder.array(operand, call.offset) for operand in operands], call.offset)


def _airy(call: ArrayCall) -> Value:
    """Return Ai, Ai', Bi and Bi' of x."""
    x = call.builder.array(call.value("x"), call.offset)
    return tuple_of([call.of(name, x) for name in ("airyai", "airyaiprime", "airybi", "airybiprime")])


def _ellipj(call: ArrayCall) -> Value:
    """Return sn, cn, dn and the amplitude of u and m."""
    u, m = (call.builder.array(call.value(name), call.offset) for name in ("u", "m"))
    return tuple_of([call.of(name, u, m) for name in ("jacobiSN", "jacobiCN", "jacobiDN", "jacobiAM")])


FUNCTIONS: dict[str, ArrayWord] = {"hyper": _hyper, "airy": _airy, "ellipj": _ellipj}
