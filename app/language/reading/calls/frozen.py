"""Distributions with their parameters: ``stats.norm(mu, s).logpdf(x)``, ``dist.Normal(mu, s).log_prob(x)``."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import sympy

from app import errors
from app.language.expression.values import Value
from app.language.grammar import stack_code, statements
from app.language.vocabulary.distributions import classes
from app.language.vocabulary.distributions import names as distributions

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer


class _Frozen(NamedTuple):
    """A distribution of SciPy with operands behind x; ``of_class`` is whether its methods are those of a class."""

    name: str
    operands: list[Value]
    options: Mapping[str, Value]
    of_class: bool


@functools.cache
def _parsed(text: str) -> stack_code.Code:
    return statements.parse(text, max_nesting=8).code


def made(
    tracer: Tracer,
    name: str,
    operands: Sequence[Value],
    options: Mapping[str, Value],
    names: Collection[str],
    offset: int,
) -> Value | None:
    """Return a distribution with its parameters, if the name is one, with its prefix."""
    prefix, _, bare = name.rpartition(".")
    if not prefix or prefix.partition(".")[0] in names:
        return None
    if prefix in distributions.PREFIXES and bare in distributions.NAMES:
        return _value(_Frozen(bare, list(operands), options, False))
    if prefix in classes.PREFIXES and bare in classes.CLASSES:
        return _value(_of_class(tracer, bare, operands, options, offset))
    return None


def _value(frozen: _Frozen) -> Value:
    return Value(sympy.Integer(0), kind="distribution", text=frozen.name, function=frozen)


def _of_class(
    tracer: Tracer, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> _Frozen:
    """Return a class with its parameters as those of SciPy."""
    row = classes.CLASSES[name]
    given = dict(zip(row.parameters, operands, strict=False))
    usage = f"write {name}({', '.join(row.parameters)})"
    if len(operands) > len(row.parameters):
        what = f"{name} takes at most {len(row.parameters)} arguments, not {len(operands)}"
        raise errors.BadArity(what, hint=usage, offset=offset)
    for option, value in options.items():
        if option not in row.parameters or option in given:
            what = f"the keyword '{option}' of {name} is not in the language, or stands twice"
            raise errors.SyntaxRejected(what, hint=usage, offset=offset)
        given[option] = value
    for parameter in row.parameters:
        if parameter not in given:
            if parameter not in classes.DEFAULTS:
                raise errors.BadArity(f"{name} needs '{parameter}'", hint=usage, offset=offset)
            given[parameter] = tracer.builder.leaf(classes.DEFAULTS[parameter])
    meant = {parameter: tracer.run(_parsed(text), given, offset) for parameter, text in row.meant.items()}
    return _Frozen(row.name, [], meant, True)


def method(
    tracer: Tracer, value: Value, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return a function of a distribution at operands."""
    frozen: _Frozen = value.function
    density = "pmf" if f"{frozen.name}.pmf" in distributions.BY_NAME else "pdf"
    known = distributions.NAMES[frozen.name]
    listed = known
    function = name
    if frozen.of_class:
        found = classes.FUNCTIONS.get(name)
        function = found + density if found in {"", "log"} else found or name
        listed = [each for each in classes.FUNCTIONS if each != "log_cdf"]
    if function not in known or (frozen.of_class and name not in classes.FUNCTIONS):
        hint = f"it has {', '.join(listed)}"
        what = f"the method .{name[:40]} of this distribution is not in the language"
        raise errors.UnknownName(what, hint=hint, offset=offset)
    if len(operands) != 1 or options:
        raise errors.BadArity(f".{name} takes one argument", hint=f"write .{name}(x)", offset=offset)
    word = distributions.BY_NAME[f"{frozen.name}.{function}"]
    return tracer.apply(word, word.names[0], [*operands, *frozen.operands], frozen.options, offset)
