"""Keyword operands of elementwise words, and what these words do with None and with whole numbers known from the text.

``clip(x, a_min=0)`` has the operands x, 0 and infinity: an operand that is not given has its default value.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from app import errors
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Value
from app.language.vocabulary.word import Word

_IGNORED = frozenset({"dtype", "casting", "order", "subok", "copy"})
"""Keywords of any function of elements that change no number here."""

_BOUNDS: dict[str, tuple[float, ...]] = {
    "clip": (-math.inf, math.inf),
    "nan_to_num": (0.0, 1.7976931348623157e308, -1.7976931348623157e308),
}
"""By word, what None stands for as each operand after the first."""


@functools.cache
def _options(text: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the names and the default value of each operand after the first: ``a|b=1 c=None``."""
    pairs = [each.partition("=") for each in text.split()]
    return tuple([(tuple(names.split("|")), default) for names, _, default in pairs])


def operands_of(
    builder: ArrayBuilder, word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> tuple[list[Value], dict[str, Value]]:
    """Return the operands of an elementwise word, and the keyword operands that it does not have."""
    found, left = list(operands), dict(options)
    for keyword in _IGNORED & set(left):
        del left[keyword]
    if "out" in left and left["out"].kind == "none":
        del left["out"]
    own = _options(word.options)
    given = {keyword: at for at, (names, _) in enumerate(own) for keyword in names if keyword in left}
    if word.names[0] == "nan_to_num" and len(found) > 1 and "." in name:
        hint = "write nan_to_num(x, nan=0.0)"
        raise errors.BadArity("nan_to_num takes its values by name", hint=hint, offset=offset)
    if len(found) == 0 and "x" in left:
        found.append(left.pop("x"))
    last = max(given.values(), default=-1)
    for at, (_, default) in enumerate(own[: last + 1]):
        spelled = [keyword for keyword, place in given.items() if place == at]
        if at < len(found) - 1:
            if spelled:
                raise errors.SyntaxRejected(f"{name} got '{spelled[0]}' twice", offset=offset)
            continue
        if len(spelled) > 1:
            raise errors.SyntaxRejected(f"{spelled[0]} and {spelled[1]} are the same operand", offset=offset)
        found.append(left.pop(spelled[0]) if spelled else _value(builder, default))
    _set_bounds(builder, word, found)
    if word.names[0] == "clip" and len(found) == 2 and ("." in name or given):
        found.append(builder.named("inf", math.inf))
    return found, left


def _set_bounds(builder: ArrayBuilder, word: Word, operands: list[Value]) -> None:
    """Give the operands that are None what it stands for."""
    bounds = _BOUNDS.get(word.names[0], ())
    for at in range(1, min(len(operands), len(bounds) + 1)):
        if operands[at].kind == "none":
            bound = bounds[at - 1]
            operands[at] = builder.leaf(bound) if math.isfinite(bound) else builder.named(str(bound), bound)


def _value(builder: ArrayBuilder, text: str) -> Value:
    if text in {"True", "False"}:
        return builder.truth(text == "True")
    if text == "None":
        return Value(builder.leaf(0).node, kind="none")
    return builder.leaf(int(text) if text.isdigit() else float(text))


def whole(builder: ArrayBuilder, word: Word, name: str, value: Value) -> Value:
    """Return a value as a whole number if its word makes one and it is known from the text."""
    library, _, bare = name.rpartition(".")
    makes_one = word.names[0] == "int" or (bare in {"floor", "ceil", "trunc"} and library == "math") or name == "round"
    constant = value.constant
    if not makes_one or constant is None or value.kind != "number":
        return value
    if value.shape:
        return builder.known(constant.astype(np.int64)) if np.all(np.abs(constant) < 2**53) else value
    if isinstance(constant, float) and math.isfinite(constant) and constant == math.floor(constant):
        return builder.leaf(int(constant))
    return value
