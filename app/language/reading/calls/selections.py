"""Elements that the point chooses: ``x[x > 0].sum()``, ``sum(v for v in x if v > 0)``. Their number is not known.

Such elements may be computed with one by one and reduced to a number. They are kept as the whole array and the mask:
a reduction puts what changes nothing in the places of the others, which then have no gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.arrays import indexing
from app.language.building.array_builder import ArrayBuilder
from app.language.expression import values
from app.language.expression.values import NeedsShapes, Value
from app.language.vocabulary import words
from app.language.vocabulary.word import Word

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Item = tuple[Value, Sequence[Value]]
"""A value of a comprehension, and the conditions that have to hold for it and depend on the point."""

_HINT = "write where(condition, value, 0), which keeps the shape; sum, mean, max and min of x[condition] are known"


def of(builder: ArrayBuilder, base: Value, indices: Sequence[Value], offset: int) -> Value | None:
    """Return the elements that a mask chooses, or ``where(mask)``, where it depends on the point; else None."""
    if len(indices) == 1 and base.kind == "argument" and _depends(indices[0]):
        raise NeedsShapes  # without shapes, a comparison of arrays looks like one of numbers
    if len(indices) != 1 or base.kind not in {"number", "condition"}:
        return None
    mask = indices[0]
    if mask.kind == "chosen" and len(base.shape) == 1:
        places, chosen = mask.items
        return _chosen(builder, indexing.element(builder, base, [places], offset), chosen)
    if mask.kind != "condition" or mask.constant is not None or not mask.shape or mask.shape != base.shape:
        return None
    return _chosen(builder, base, mask)


def places(tracer: Tracer, value: Value, offset: int) -> Value | None:
    """Return where conditions of one axis hold that depend on the point: the indices that are chosen."""
    builder = tracer.builder
    if builder.shapes is None:
        raise NeedsShapes  # a comparison of arrays looks like one of numbers
    mask = builder.condition(builder.array(value, offset), offset)
    if mask.constant is not None or len(mask.shape) != 1:
        return None
    count = builder.leaf(mask.shape[0])
    return _chosen(builder, tracer.apply(words.BY_NAME["arange"], "arange", [count], {}, offset), mask)


def filtered(builder: ArrayBuilder, items: Sequence[Item], offset: int) -> Value:
    """Return the list of a comprehension; elements that are chosen if conditions depend on the point."""
    found = values.list_of([value for value, _ in items])
    if not any(conditions for _, conditions in items):
        return found
    if any(value.kind not in {"number", "condition", "argument"} or value.shape for value, _ in items):
        hint = "write where(condition, value, 0) in the sum"
        raise errors.SyntaxRejected("a filter may not depend on the point", hint=hint, offset=offset)
    mask = values.list_of([builder.all(conditions, offset) for _, conditions in items])
    return _chosen(builder, builder.array(found, offset), builder.array(mask, offset))


def tests(decisions: Iterable[Value]) -> list[Value] | None:
    """Return the conditions of an item that depend on the point, None if another one does not hold."""
    found = []
    for condition in decisions:
        if condition.constant is None:
            found.append(condition)
        elif not condition.constant:
            return None
    return found


def items(builder: ArrayBuilder, value: Value, offset: int) -> list[Item]:
    """Return the items of a value; chosen elements have their conditions beside them."""
    if value.kind != "chosen":
        return [(item, ()) for item in builder.items(value, offset)]
    flat = (math.prod(value.items[0].shape),)
    array, mask = (builder.items(builder.emit("reshape", (flat,), each, offset=offset), offset) for each in value.items)
    return [(item, (condition,)) for item, condition in zip(array, mask, strict=True)]


def _depends(index: Value) -> bool:
    return index.kind == "condition" and index.constant is None


def _chosen(builder: ArrayBuilder, array: Value, mask: Value) -> Value:
    return Value(builder.leaf(0).node, kind="chosen", items=(array, mask))


def is_among(operands: Sequence[Value]) -> bool:
    return any([operand.kind == "chosen" for operand in operands])  # noqa: C419 - faster so


def one_by_one(
    builder: ArrayBuilder, operands: Sequence[Value], function: Callable[[Sequence[Value]], Value], offset: int
) -> Value:
    """Return a function of elements, each computed alone; other operands are numbers."""
    masks = [operand.items[1] for operand in operands if operand.kind == "chosen"]
    others = [operand for operand in operands if operand.kind != "chosen"]
    if any(mask.node is not masks[0].node for mask in masks) or any(builder.is_array(other) for other in others):
        what = "elements chosen by different conditions stand side by side"
        raise errors.BadShape(what, hint=_HINT, offset=offset)
    arrays = [operand.items[0] if operand.kind == "chosen" else operand for operand in operands]
    return _chosen(builder, function(arrays), masks[0])


def applied(
    tracer: Tracer, word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return a word of chosen elements: their reduction, or its value of each."""
    if word.names[0] in _SAME and len(operands) == 1 and not options:
        return operands[0]
    reduce = _REDUCTIONS.get(word.names[0]) if len(operands) == 1 and not options.keys() - {"default"} else None
    if reduce is not None:
        elements = _Elements(tracer, operands[0], offset)
        return elements.or_default(reduce(elements), options["default"]) if options else reduce(elements)
    if word.kind == "array" or options or (word.names[0] in _REDUCTIONS and len(operands) == 1):
        what = f"{name} takes no elements that are chosen as the point is"
        raise errors.SyntaxRejected(what, hint=_HINT, offset=offset)
    return one_by_one(tracer.builder, operands, lambda arrays: tracer.apply(word, name, arrays, {}, offset), offset)


class _Elements:
    """Chosen elements, with what their reductions need."""

    def __init__(self, tracer: Tracer, value: Value, offset: int) -> None:
        self._tracer, self._offset = tracer, offset
        self.array, self.mask = value.items

    def word(self, name: str, *operands: Value) -> Value:
        return self._tracer.apply(words.BY_NAME[name], name, operands, {}, self._offset)

    def number(self, constant: float) -> Value:
        return self._tracer.builder.leaf(constant)

    def filled(self, constant: float, array: Value | None = None) -> Value:
        """Return an array with a constant in the places of the elements that are not chosen."""
        return self.word("where", self.mask, self.array if array is None else array, self.number(constant))

    def count(self) -> Value:
        return self.word("sum", self.mask)

    def mean(self, array: Value | None = None) -> Value:
        return self.word("divide", self.word("sum", self.filled(0, array)), self.count())

    def variance(self) -> Value:
        return self.mean(self.word("square", self.word("subtract", self.array, self.mean())))

    def extreme(self, name: str, start: float) -> Value:
        """Return the greatest or least element; nan if there is none."""
        return self.or_default(self.word(name, self.filled(start)), self.number(float("nan")))

    def or_default(self, found: Value, default: Value) -> Value:
        """Return what was found, or a default if no element is chosen."""
        return self.word("where", self.word("greater", self.count(), self.number(0)), found, default)


_SAME = frozenset({"array", "list"})
"""Words of which elements are the same elements."""

_REDUCTIONS: dict[str, Callable[[_Elements], Value]] = {
    "sum": lambda each: each.word("sum", each.filled(0)),
    "prod": lambda each: each.word("prod", each.filled(1)),
    "any": lambda each: each.word("any", each.word("logical_and", each.mask, each.array)),
    "all": lambda each: each.word("all", each.word("logical_or", each.word("logical_not", each.mask), each.array)),
    "mean": _Elements.mean,
    "var": _Elements.variance,
    "std": lambda each: each.word("sqrt", each.variance()),
    "len": _Elements.count,
    "size": _Elements.count,
    **dict.fromkeys(("max", "amax"), lambda each: each.extreme("amax", float("-inf"))),
    **dict.fromkeys(("min", "amin"), lambda each: each.extreme("amin", float("inf"))),
}
