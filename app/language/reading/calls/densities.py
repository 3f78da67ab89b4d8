"""Calls of the functions of distributions: operands by name, and the defaults of loc and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import errors
from app.language.building.builder import Builder
from app.language.expression.values import Value
from app.language.vocabulary.distributions.row import Density


def applied(
    builder: Builder,
    word: Density,
    name: str,
    operands: Sequence[Value],
    options: Mapping[str, Value],
    offset: int,
) -> Value:
    """Return a function of a distribution, spelled ``name``, of operands and keyword operands."""
    most = len(word.parameters)
    if len(operands) > most:
        what = f"{name} takes at most {most} arguments, not {len(operands)}"
        raise errors.BadArity(what, hint=_usage(word), offset=offset)
    given = dict(zip(word.parameters, operands, strict=False))
    for option, value in options.items():
        if option not in word.parameters:
            what = f"the keyword '{option}' of {errors.quote(name)} is not in the language"
            raise errors.SyntaxRejected(what, hint=_usage(word), offset=offset)
        if option in given:
            raise errors.SyntaxRejected(f"{name} got '{option}' twice", offset=offset)
        given[option] = value
    required = word.parameters[: word.arity[0]]
    for parameter in required:
        if parameter not in given:
            raise errors.BadArity(f"{name} needs '{parameter}'", hint=_usage(word), offset=offset)
    if len(given) == len(required):
        assert word.standard is not None
        return builder.apply(word.standard, [given[each] for each in required], offset)
    defaults = {"loc": builder.leaf(0), "scale": builder.leaf(1)} | given
    return builder.apply(word, [defaults[each] for each in word.parameters], offset)


def _usage(word: Density) -> str:
    least = word.arity[0]
    optional = [f"{each}={default}" for each, default in zip(word.keywords, ("0", "1"), strict=False)]
    return f"write {word.names[0]}({', '.join((*word.parameters[:least], *optional))})"
