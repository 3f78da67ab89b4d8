"""Methods and attributes of values: ``(x*w).sum(axis=0)``, ``A.T``, ``A.shape[0]``.

Most methods are a word of the vocabulary with the value as its first operand. Others have a function here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from app import errors
from app.language.expression import values
from app.language.expression.values import NeedsShapes, Value
from app.language.grammar import stack_code
from app.language.reading import dictionaries, records
from app.language.reading.calls import frozen
from app.language.reading.changes import objects
from app.language.vocabulary import methods as vocabulary
from app.language.vocabulary import resolve, words

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Method = Callable[["Tracer", Value, Sequence[Value], Mapping[str, Value], int], Value]
"""Takes a tracer, the value, operands, keyword operands and the offset."""

Attribute = Callable[["Tracer", Value, int], Value]


def called(
    tracer: Tracer, value: Value, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return a method of a value, of operands and keyword operands."""
    if value.kind == "dict":
        return dictionaries.method(value, name, operands, options, offset)
    if records.is_record(value):
        return records.method(tracer, value, name, operands, options, offset)
    if value.kind == "distribution":
        return frozen.method(tracer, value, name, operands, options, offset)
    own = METHODS.get(name)
    if own is not None:
        return own(tracer, _known_shape(tracer, value), operands, options, offset)
    row = vocabulary.METHODS.get(name)
    if row is None:
        raise _unknown(name, offset, is_method=True)
    word = words.BY_NAME[row.word]
    _known_shape(tracer, value)
    if len(operands) > len(row.parameters):
        most = len(row.parameters)
        raise errors.BadArity(f".{name} takes at most {most} arguments, not {len(operands)}", offset=offset)
    given = dict(options)
    for parameter, operand in zip(row.parameters, operands, strict=False):
        if parameter in given:
            raise errors.SyntaxRejected(f".{name} got '{parameter}' twice", offset=offset)
        given[parameter] = operand
    return tracer.apply(word, f".{name}", [value], given, offset)


def attribute(tracer: Tracer, value: Value, name: str, offset: int) -> Value:
    """Return an attribute of a value."""
    names = value.text.split() if value.kind == "tuple" else []
    if name in names:  # of a record, before those of arrays: a field may be T
        return value.items[names.index(name)]
    if records.has_method(value, name):
        return records.member(tracer, value, name, offset)
    own = ATTRIBUTES.get(name)
    if own is not None:
        return own(tracer, _known_shape(tracer, value), offset)
    if value.kind == "text" and (value.text, name) in vocabulary.CONSTANTS:
        constant = vocabulary.CONSTANTS[value.text, name]
        return tracer.builder.leaf(constant)
    if names:
        hint = f"its fields are {', '.join(names)[:80]}"
        raise errors.UnknownName(f"the record has no field {errors.quote(name)}", hint=hint, offset=offset)
    raise _unknown(name, offset, is_method=False)


def refuse_foreign_attributes(code: stack_code.Code) -> None:
    """Refuse attributes and methods that no value has, in a code that is traced once shapes are known.

    A name that stands in a string may be a field of a record.
    """
    texts = [each.text for each in stack_code.instructions(code) if isinstance(each, stack_code.Text)]
    fields = {name for text in texts for name in text.replace(",", " ").split()}
    for each in stack_code.instructions(code):
        if isinstance(each, stack_code.Attribute) and each.name in vocabulary.REFUSED and each.name not in fields:
            raise _unknown(each.name, each.offset, is_method=False)
        if isinstance(each, stack_code.Method) and each.name in vocabulary.FOREIGN_METHODS:
            raise _unknown(each.name, each.offset, is_method=True)


def _known_shape(tracer: Tracer, value: Value) -> Value:
    if value.kind == "argument" and tracer.builder.shapes is None:
        raise NeedsShapes
    if value.kind == "function":
        hint = "call it, and take the attribute of what it returns"
        raise errors.UnknownName(f"{errors.quote(value.text)} is a function", hint=hint)
    return value


def _unknown(name: str, offset: int, *, is_method: bool) -> errors.UnknownName:
    """Return the refusal of a method or attribute, with a hint at what to write instead."""
    hint = vocabulary.REFUSED.get(name)
    if hint is None and not is_method and (name in vocabulary.METHODS or name in METHODS):
        hint = f"call it: .{name}()"
    if hint is None and is_method and name in ATTRIBUTES:
        hint = f"write .{name} without brackets"
    if hint is None:
        return resolve.attribute(name, "x", offset)
    what = "method" if is_method else "attribute"
    return errors.UnknownName(f"the {what} .{name[:40]} is not in the language", hint=hint, offset=offset)


def _no_keywords(name: str, options: Mapping[str, Value], offset: int, allowed: Sequence[str] = ()) -> None:
    for option in options:
        if option not in allowed:
            hint = f"keywords: {', '.join(allowed)}" if allowed else "it has none"
            what = f"the keyword '{option}' of .{name} is not in the language"
            raise errors.SyntaxRejected(what, hint=hint, offset=offset)


def _word(name: str) -> Attribute:
    return lambda tracer, value, offset: tracer.apply(words.BY_NAME[name], f".{name}", [value], {}, offset)


def _transposed(tracer: Tracer, value: Value, offset: int) -> Value:
    found = tracer.apply(words.BY_NAME["transpose"], ".T", [value], {}, offset)
    return objects.viewed(value, found, "transpose", tuple(range(len(found.shape)))[::-1])


def _matrix_transposed(tracer: Tracer, value: Value, offset: int) -> Value:
    axes = [tracer.builder.leaf(axis) for axis in (-1, -2)]
    return tracer.apply(words.BY_NAME["swapaxes"], ".mT", [value, *axes], {}, offset)


def _itself(_tracer: Tracer, value: Value, _offset: int) -> Value:
    return value


def _type(_tracer: Tracer, value: Value, _offset: int) -> Value:
    constant = value.constant
    is_integer = constant is not None and np.asarray(constant).dtype.kind == "i"
    return values.text_of("int" if is_integer else "float")


def _reshape(
    tracer: Tracer, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    _no_keywords("reshape", options, offset, ("order", "copy"))
    return tracer.apply(words.BY_NAME["reshape"], ".reshape", [value, *operands], _in_rows(options, offset), offset)


def _in_rows(options: Mapping[str, Value], offset: int) -> Mapping[str, Value]:
    """Return options without the order of elements, which is that of rows."""
    order = options.get("order")
    if order is not None and order.text not in {"C", "K", "A"}:
        hint = "write x.T.ravel() for the order of columns"
        raise errors.SyntaxRejected("the order of elements is that of rows", hint=hint, offset=offset)
    return {name: option for name, option in options.items() if name not in {"order", "copy"}}


def _flattened(
    tracer: Tracer, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    _no_keywords("ravel", options, offset, ("order",))
    _in_rows({"order": operands[0]} if operands else options, offset)
    return tracer.apply(words.BY_NAME["ravel"], ".ravel", [value, *operands[1:]], {}, offset)


def _transpose(
    tracer: Tracer, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    _no_keywords("transpose", options, offset)
    if len(operands) > 1:
        operands = [values.tuple_of(operands)]
    return tracer.apply(words.BY_NAME["transpose"], ".transpose", [value, *operands], {}, offset)


def _item(tracer: Tracer, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    _no_keywords("item", options, offset)
    if len(operands) > 1:
        raise errors.BadArity(".item takes one index", hint="write x[i, j]", offset=offset)
    if not operands:
        return tracer.apply(words.BY_NAME["reshape"], ".item", [value, values.tuple_of(())], {}, offset)
    return tracer.apply(words.BY_NAME["take"], ".item", [value, *operands], {}, offset)


def _listed(
    _tracer: Tracer, value: Value, _operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return nested lists, which are arrays here."""
    _no_keywords("tolist", options, offset)
    return value


def _place(tracer: Tracer, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return where an item of a list stands first; both are known from the text."""
    keys, wanted = _keys(tracer, "index", value, operands, options, offset)
    if wanted not in keys:
        raise errors.BadShape("the list has no such item", offset=offset)
    return tracer.builder.leaf(keys.index(wanted))


def _count(tracer: Tracer, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return how often a list has an item; both are known from the text."""
    keys, wanted = _keys(tracer, "count", value, operands, options, offset)
    return tracer.builder.leaf(keys.count(wanted))


def _keys(
    tracer: Tracer, name: str, value: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> tuple[list[dictionaries.Key], dictionaries.Key]:
    """Return the items of a list and the operand of its method, as what Python compares."""
    _no_keywords(name, options, offset)
    if len(operands) != 1 or not (value.kind in {"tuple", "text"} or value.listed):
        raise errors.SyntaxRejected(f".{name} takes one item of a list", hint=f"write [a, b].{name}(a)", offset=offset)
    what, hint = f"what .{name} compares", "write a list: [a, b]"
    keys = [dictionaries.key_of(item, offset, what, hint) for item in tracer.builder.items(value, offset)]
    return keys, dictionaries.key_of(operands[0], offset, what, hint)


METHODS: dict[str, Method] = {
    "reshape": _reshape, "ravel": _flattened, "flatten": _flattened, "transpose": _transpose,
    "item": _item, "tolist": _listed, "index": _place, "count": _count,
}  # fmt: skip
"""Methods that are more than a word."""

ATTRIBUTES: dict[str, Attribute] = {
    "T": _transposed, "H": _transposed, "mT": _matrix_transposed, "real": _itself, "dtype": _type,
    "shape": _word("shape"), "size": _word("size"), "ndim": _word("ndim"), "flat": _word("ravel"), "I": _word("inv"),
}  # fmt: skip
"""Attributes of arrays."""
