"""Records of a text: ``Params = namedtuple("Params", "a b")``, a ``NamedTuple`` or a ``@dataclass``.

A record is a tuple whose items have names, kept in the ``text`` of its value, as the results of ``slogdet`` have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import sympy

from app import errors
from app.language.expression import values
from app.language.expression.values import Value
from app.language.grammar import stack_code
from app.language.reading import dictionaries, functions

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Methods = Mapping[str, tuple[str, Value]]
"""Kind and function of each method, by name."""

_USAGE = 'write namedtuple("Params", ["a", "b"])'


def named(tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return ``namedtuple(name, fields, defaults=...)``: a function that makes records."""
    if len(operands) != 2 or operands[0].kind != "text" or set(options) - {"defaults", "rename", "module"}:
        raise errors.BadArity("namedtuple takes a name and the names of its fields", hint=_USAGE, offset=offset)
    given = operands[1]
    listed = [given] if given.kind == "text" else tracer.builder.items(given, offset)
    if any(each.kind != "text" for each in listed):
        raise errors.SyntaxRejected("the names of fields are strings", hint=_USAGE, offset=offset)
    fields = tuple(name for each in listed for name in each.text.replace(",", " ").split())
    if not all(name.isidentifier() for name in fields) or len(set(fields)) < len(fields):
        raise errors.SyntaxRejected("the fields of a record are different names", hint=_USAGE, offset=offset)
    last = tracer.builder.items(options["defaults"], offset) if "defaults" in options else []
    names = fields[len(fields) - len(last) :]
    if len(last) > len(fields):
        raise errors.BadArity("there are more defaults than fields", hint=_USAGE, offset=offset)
    signature = stack_code.Signature(fields, 0, 0, names, "", "")
    defaults = dict(zip(names, last, strict=True))
    called = operands[0].text

    def make(_: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        found = functions.bound(called, signature, operands, options, defaults, offset)
        return of(fields, [found[name] for name in fields])

    return Value(sympy.Integer(0), kind="function", text=called, function=make)


def of(fields: Sequence[str], items: Sequence[Value], methods: Methods | None = None) -> Value:
    """Return the record of these items."""
    found = values.tuple_of(items)
    found.text, found.function = " ".join(fields), methods
    return found


def with_methods(_: Tracer, operands: Sequence[Value], _options: Mapping[str, Value], _offset: int) -> Value:
    """Return a record with methods, of which names and kinds are given, and the functions."""
    record, names, kinds, *made = operands
    found = values.copied(record)
    found.function = {
        name: (kind, each) for name, kind, each in zip(names.text.split(), kinds.text.split(), made, strict=True)
    }
    return found


def instance(_: Tracer, _operands: Sequence[Value], _options: Mapping[str, Value], _offset: int) -> Value:
    """Return a record without fields."""
    found = values.tuple_of(())
    found.text = " "
    return found


def with_attribute(_: Tracer, operands: Sequence[Value], _options: Mapping[str, Value], offset: int) -> Value:
    """Return a record with another value of a field, or another field; its name is given."""
    record, name, value = operands
    if not is_record(record):
        hint = "give the object a name of its own"
        raise errors.SyntaxRejected("an attribute of something else than the object", hint=hint, offset=offset)
    fields = dict(zip(record.text.split(), record.items, strict=True)) | {name.text: value}
    return of(list(fields), list(fields.values()), record.function)


def has_method(value: Value, name: str) -> bool:
    return is_record(value) and value.function is not None and name in value.function


def called(
    tracer: Tracer, value: Value, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return what a method of a record gives, which has the record as its first operand unless it is static."""
    kind, function = value.function[name]
    if kind == "property":
        return tracer.call(tracer.call(function, [value], {}, offset), operands, options, offset)
    own = [] if kind == "static" else [value]
    return tracer.call(function, [*own, *operands], options, offset)


def as_function(tracer: Tracer, value: Value, offset: int) -> Value:
    """Return a record with a method ``__call__`` as the function that it is; any other value as it is."""
    return member(tracer, value, "__call__", offset) if has_method(value, "__call__") else value


def member(tracer: Tracer, value: Value, name: str, offset: int) -> Value:
    """Return a property of a record, or a method as a function."""
    kind, function = value.function[name]
    if kind == "property":
        return tracer.call(function, [value], {}, offset)

    def bound(tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        return called(tracer, value, name, operands, options, offset)

    return Value(sympy.Integer(0), kind="function", text=name, function=bound)


def is_record(value: Value) -> bool:
    return value.kind == "tuple" and value.text != ""


def replaced(_: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return ``dataclasses.replace(p, a=1)``, which is ``p._replace(a=1)``."""
    return _method("_replace", operands, options, offset)


def as_dict(_: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return ``dataclasses.asdict(p)``, which is ``p._asdict()``."""
    return _method("_asdict", operands, options, offset)


def as_tuple(_: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    """Return ``dataclasses.astuple(p)``."""
    return values.tuple_of(_method("_replace", operands, options, offset).items)


def _method(name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
    if len(operands) != 1 or not is_record(operands[0]):
        raise errors.BadArity("it takes a record", hint=f"write p.{name}() of a namedtuple or dataclass", offset=offset)
    return _METHODS[name](operands[0], options, offset)


def method(
    tracer: Tracer, value: Value, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return a method of a record, or what a field that is a function returns."""
    fields = value.text.split()
    if has_method(value, name):
        return called(tracer, value, name, operands, options, offset)
    if name in fields:
        return tracer.call(value.items[fields.index(name)], operands, options, offset)
    if name not in _METHODS or operands:
        hint = f"its fields are {', '.join(fields)[:80]}; records have {', '.join(_METHODS)}"
        raise errors.UnknownName(
            f"the method .{name[:40]} of a record is not in the language", hint=hint, offset=offset
        )
    return _METHODS[name](value, options, offset)


def _replace(value: Value, options: Mapping[str, Value], offset: int) -> Value:
    fields = value.text.split()
    for option in options:
        if option not in fields:
            hint = f"its fields are {', '.join(fields)[:80]}"
            raise errors.UnknownName(f"the record has no field {errors.quote(option)}", hint=hint, offset=offset)
    items = [options.get(name, item) for name, item in zip(fields, value.items, strict=True)]
    return of(fields, items, value.function)


def _asdict(value: Value, options: Mapping[str, Value], offset: int) -> Value:
    if options:
        raise errors.BadArity("it takes nothing else", hint="write p._asdict()", offset=offset)
    return dictionaries.dict_of(dict(zip(value.text.split(), value.items, strict=True)))


_METHODS: dict[str, Callable[[Value, Mapping[str, Value], int], Value]] = {"_replace": _replace, "_asdict": _asdict}
