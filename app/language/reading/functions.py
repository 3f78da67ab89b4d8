"""Functions as values: lambdas and defs with the variables around them, and words of the vocabulary.

A function sees the variables around it as they are when it is called, as in Python. The variables of one run of a body
have a scope, kept among them under the name " ". Branches and loops work on copies of the variables; ``settle`` tells
the scope which copy is the current one, before anything is called from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import sympy

from app import errors
from app.language.expression import values
from app.language.expression.values import Value
from app.language.grammar import stack_code
from app.language.reading import dictionaries
from app.language.vocabulary.word import Word

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Names = dict[str, Value]

MAX_RECURSION = 30
"""Greatest number of calls of a function within each other."""

SCOPE = " "
"""Name of the scope among the variables."""


class Called(Protocol):
    """What a value of kind "function" does with its operands."""

    def __call__(
        self, tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int
    ) -> Value: ...


@dataclass(slots=True, eq=False)
class Scope:
    """The variables of one run of a body; ``names`` is None as long as no function refers to them."""

    parent: Scope | None
    local: frozenset[str] | None  # names that are bound here, None for all
    names: Names | None = None

    def find(self, name: str, tracer: Tracer, offset: int) -> Value | None:
        """Return the value of a variable, of this scope or of one around it, as it is now."""
        scope: Scope | None = self
        while scope is not None:
            if scope.names is not None and (scope.local is None or name in scope.local):
                found = scope.names.get(name)
                if found is not None:
                    return tracer.objects.current(found, scope.names, offset)
            scope = scope.parent
        return None


def scope_of(parent: Scope | None, local: frozenset[str] | None = None) -> Value:
    """Return a new scope, to be kept under the name ``SCOPE`` among its variables."""
    return Value(sympy.Integer(0), kind="scope", function=Scope(parent, local))


def within(names: Names, local: Iterable[str], scopes: list[Scope]) -> Names:
    """Return variables around a comprehension with a scope for its own names, ``local``."""
    outer = names.get(SCOPE)
    if outer is None:  # a definition of the vocabulary
        return dict(names)
    return {**names, SCOPE: scope_of(opened(names, scopes), frozenset(local))}


def opened(names: Names, scopes: list[Scope]) -> Scope:
    """Return the scope of variables, which refers to them from now on and is added to ``scopes``."""
    scope: Scope = names[SCOPE].function
    if scope.names is None:
        scopes.append(scope)
    scope.names = names
    return scope


def inside(function: stack_code.Function, scope: Scope, tracer: Tracer, offset: int) -> Names:
    """Return the variables that the body of a function sees, without its parameters; ``scope`` is around it."""
    names: Names = {SCOPE: scope_of(scope, function.local)}
    for each in function.free:
        found = scope.find(each, tracer, offset)
        if found is not None:
            names[each] = found
    return names


def settle(names: Names) -> None:
    """Make these variables the current ones of their scope."""
    scope = names.get(SCOPE)
    if scope is not None and scope.function.names is not None:
        scope.function.names = names


@dataclass(slots=True, eq=False)
class _Closure:
    """A lambda or def, with the values of its defaults and the scope around it."""

    function: stack_code.Function
    defaults: Mapping[str, Value]
    scope: Scope
    depth: int = 0  # runs that have not ended

    def __call__(self, tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        name, function = self.function.name or "the lambda", self.function
        if self.depth == MAX_RECURSION:
            what = f"{name} calls itself more than {MAX_RECURSION} deep; how deep may not depend on the point alone"
            hint = "count the calls, and end them by the count, or write a loop"
            raise errors.SyntaxRejected(what, hint=hint, offset=offset)
        tracer.builder.charge(1 + len(function.body) + len(function.free), offset)
        names = inside(function, self.scope, tracer, offset)
        given = bound(name, function.signature, operands, options, self.defaults, offset)
        if tracer.builder.changes:
            given = {
                each: tracer.objects.given(value, names, offset, shared=value is self.defaults.get(each))
                for each, value in given.items()
            }
        names.update(given)
        self.depth += 1
        try:
            return tracer.body(function.body, names, offset)
        finally:
            self.depth -= 1


def closure(function: stack_code.Function, defaults: Mapping[str, Value], names: Names, scopes: list[Scope]) -> Value:
    """Return a lambda or def as a value; scopes that refer to their variables are added to ``scopes``."""
    called = _Closure(function, defaults, opened(names, scopes))
    return Value(sympy.Integer(0), kind="function", text=function.name or "lambda", function=called)


def of_word(name: str, word: Word) -> Value:
    """Return a word of the vocabulary as a value, as the text spells it."""

    def call(tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        return tracer.apply(word, name, operands, options, offset)

    return Value(sympy.Integer(0), kind="function", text=name, function=call)


def chosen(condition: Value, first: Value, second: Value) -> Value:
    """Return a function that is one of two as a condition says, which depends on the point."""

    def call(tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        one, other = (tracer.call(each, operands, options, offset) for each in (first, second))
        return tracer.choose(condition, one, other, offset)

    return Value(sympy.Integer(0), kind="function", text=first.text, function=call)


def bound(
    name: str,
    signature: stack_code.Signature,
    operands: Sequence[Value],
    options: Mapping[str, Value],
    defaults: Mapping[str, Value],
    offset: int,
) -> Names:
    """Return the operands of a call by the names of the parameters."""
    names, _, by_name, _, rest, others = signature
    if len(operands) > len(names) - by_name and not rest:
        raise errors.BadArity(f"{name} takes {len(names) - by_name} arguments, not {len(operands)}", offset=offset)
    most = len(names) - by_name
    found = dict(zip(names[:most], operands, strict=False))
    if rest:
        found[rest] = values.tuple_of(operands[most:])
    more: dict[dictionaries.Key, Value] = {}
    if others:
        found[others] = values.NONE  # until all options are read
    for option, value in options.items():
        if others and option not in names[signature.positional :]:
            more[option] = value
            continue
        if option not in names[signature.positional :]:
            listed = ", ".join(names[signature.positional :]) or "none"
            what = f"{name} has no argument {errors.quote(option)} to be given by name"
            raise errors.SyntaxRejected(what, hint=f"its arguments are {listed}", offset=offset)
        if option in found:
            raise errors.SyntaxRejected(f"{name} got '{option}' twice", offset=offset)
        found[option] = value
    for each in names:
        if each not in found:
            if each not in defaults:
                raise errors.BadArity(f"{name} needs the argument '{each}'", offset=offset)
            found[each] = defaults[each]
    if others:
        found[others] = dictionaries.dict_of(more)
    return found
