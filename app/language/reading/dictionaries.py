"""Dicts of a text: values by keys that are known from it, ``params["w"]``, as programs keep their parameters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import sympy

from app import errors
from app.language.expression import values
from app.language.expression.values import Value
from app.language.reading.changes import objects

Key = Hashable


def dict_of(entries: Mapping[Key, Value], keys: Mapping[Key, Value] | None = None) -> Value:
    """Return a dict; ``keys`` are its keys as values, without which they are strings."""
    found = values.tuple_of(list(entries.values()), "dict")
    found.function = keys if keys is not None else {key: values.text_of(str(key)) for key in entries}
    return found


def of_pairs(pairs: Sequence[Value], offset: int) -> Value:
    """Return the dict of pairs of a key and a value, the last of one key."""
    entries: dict[Key, Value] = {}
    keys: dict[Key, Value] = {}
    for pair in pairs:
        if pair.kind != "tuple" or len(pair.items) != 2:
            hint = 'write dict(a=1, b=2), or {"a": 1, "b": 2}'
            raise errors.SyntaxRejected("a dict is made of pairs of a key and a value", hint=hint, offset=offset)
        key = key_of(pair.items[0], offset)
        entries[key] = pair.items[1]
        keys.setdefault(key, pair.items[0])
    return dict_of(entries, keys)


_KEY_HINT = "write dict(a=x) for a key 'a'"


def key_of(value: Value, offset: int, what: str = "the keys of a dict", hint: str = _KEY_HINT) -> Key:
    """Return what identifies a key: a string, a number or a tuple; ``what`` and ``hint`` are for its refusal."""
    if value.kind == "text":
        return value.text
    if value.kind == "tuple" and not value.is_list:
        return tuple([key_of(item, offset, what, hint) for item in value.items])
    if value.kind in {"number", "condition"} and value.shape == () and value.constant is not None:
        constant = value.constant
        return constant if not isinstance(constant, sympy.Basic) else str(constant)
    raise errors.SyntaxRejected(f"{what} are strings or numbers known from the text", hint=hint, offset=offset)


def distinct(items: Sequence[Value], offset: int) -> tuple[Value, ...]:
    """Return the items of a set, each once."""
    found: dict[Key, Value] = {}
    for item in items:
        found.setdefault(key_of(item, offset, "the items of a set", "write a list: [a, b]"), item)
    return tuple(found.values())


def position(value: Value, indices: Sequence[Value], offset: int) -> int | None:
    """Return where the value of a key stands; None if there is no such key."""
    wanted = key_of(indices[0] if len(indices) == 1 else values.tuple_of(indices), offset)
    return list(value.function).index(wanted) if wanted in value.function else None


def same_keys(first: Value, second: Value) -> bool:
    """Return whether two dicts have the same keys in the same order."""
    return list(first.function) == list(second.function)


def element(value: Value, indices: Sequence[Value], offset: int) -> Value:
    """Return the value of a key."""
    found = position(value, indices, offset)
    if found is None:
        listed = ", ".join(map(str, value.function))[:80]
        raise errors.UnknownName("the dict has no such key", hint=f"its keys are {listed}", offset=offset)
    return value.items[found]


def with_entry(value: Value, indices: Sequence[Value], new: Value, offset: int) -> Value:
    """Return a dict with another value of a key."""
    found = position(value, indices, offset)
    items, result = list(value.items), values.copied(value)
    if found is None:
        items.append(new)
        key = indices[0] if len(indices) == 1 else values.tuple_of(indices)
        result.function = {**value.function, key_of(key, offset): key}
    else:
        items[found] = new
    result.items = tuple(items)
    result.holds = value.holds or new.holds or new.reference is not None
    return result


def _get(value: Value, operands: Sequence[Value], offset: int) -> Value:
    found = position(value, operands[:1], offset)
    if found is not None:
        return value.items[found]
    return operands[1] if len(operands) > 1 else values.NONE


_METHODS: dict[str, tuple[range, Callable[[Value, Sequence[Value], int], Value]]] = {
    "items": (range(1), lambda value, _, __: values.list_of(
        [values.tuple_of(pair) for pair in zip(value.function.values(), value.items, strict=True)])),
    "values": (range(1), lambda value, _, __: values.list_of(value.items)),
    "keys": (range(1), lambda value, _, __: values.list_of(list(value.function.values()))),
    "copy": (range(1), lambda value, _, __: objects.without_reference(value)),
    "get": (range(1, 3), _get),
}  # fmt: skip
"""Methods of dicts, with how many operands they take."""


def method(value: Value, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return a method of a dict."""
    counts, called = _METHODS.get(name, (range(0), _get))
    if len(operands) not in counts or options:
        hint = f"dicts have {', '.join(_METHODS)}; write d[key] = value for another value"
        raise errors.UnknownName(f"the method .{name[:40]} of a dict is not in the language", hint=hint, offset=offset)
    return called(value, operands, offset)


# Operands that are written with stars


def spread(
    operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> tuple[list[Value], Mapping[str, Value]]:
    """Return operands with those of ``*items`` one by one, and options with those of ``**options``.

    The items of a dict are its keys.
    """
    positional: list[Value] = []
    for operand in operands:
        if operand.kind == "starred":
            positional += operand.items if operand.function is None else operand.function.values()
        else:
            positional.append(operand)
    more = options.get("**")
    if more is None:
        return positional, options
    if more.kind != "starred" or more.function is None:
        hint = "write f(x, **dict(a=1)), or f(x, a=1)"
        raise errors.SyntaxRejected("** takes a dict", hint=hint, offset=offset)
    found = {name: value for name, value in options.items() if name != "**"}
    for key, value in zip(more.function.values(), more.items, strict=True):
        if key.kind != "text" or key.text in found:
            what = "an option stands twice" if key.kind == "text" else "the keys of ** are strings"
            raise errors.SyntaxRejected(what, hint="write the options by name", offset=offset)
        found[key.text] = value
    return positional, found
