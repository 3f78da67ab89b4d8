"""Imports of a text: nothing is imported, but a name may stand for one of a library that is known here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.stack_code import (
    Apply,
    Assign,
    Augment,
    Branch,
    Change,
    Comprehension,
    Element,
    Function,
    Instruction,
    Loop,
    Name,
    Series,
    Star,
)
from app.language.grammar.statements import Import, Source
from app.language.vocabulary import constants, prefixes, words

_ALSO = frozenset({
    "__future__", "abc", "autograd", "collections", "dataclasses", "equinox", "flax", "functools", "itertools", "jax",
    "jax.experimental", "jax.random", "jax.scipy", "jax.scipy.optimize", "jax.scipy.stats", "jax.tree_util",
    "jaxtyping", "logging", "matplotlib", "matplotlib.pyplot", "numba", "numbers", "numpy.typing", "operator",
    "optax", "random", "scipy", "scipy.optimize", "scipy.stats", "seaborn", "sys", "time", "timeit", "typing",
    "typing_extensions", "warnings",
})  # fmt: skip
"""Libraries of which nothing is in the language, but whose import harms nobody: what is used of them is refused."""

_OF_DISTRIBUTIONS = frozenset({"numpyro", "pyro", "torch", "tensorflow_probability", "tfp", "distrax"})
"""Libraries with classes of distributions, see ``vocabulary.distributions.classes``."""

_OTHERS = {"torch": "jnp.", "tensorflow": "jnp.", "keras": "jnp.", "cupy": "np.", "theano": "jnp.", "pytensor": "jnp."}
"""Libraries whose functions are not those of the language, and whose names to write instead."""

_SAME = {"autograd.numpy": "numpy", "autograd.scipy": "jax.scipy", "cmath": ""}
"""Libraries that mean another by its own names."""


def applied(source: Source) -> Source:
    """Return a text with the names that it imports written out; refuse a library that is not known."""
    if not source.imports:
        return source
    aliases: dict[str, str] = {}
    for each in source.imports:
        aliases |= _aliases(each)
    aliases = {alias: meant for alias, meant in aliases.items() if alias != meant}
    if not aliases:
        return source
    outer = frozenset(stack_code.assigned(source.around))
    if source.parameters is None:
        outer |= frozenset(stack_code.assigned(source.code))
    local = outer | frozenset((*(source.parameters or ()), *stack_code.assigned(source.code)))
    return dataclasses.replace(
        source,
        code=_renamed(source.code, aliases, local),
        around=_renamed(source.around, aliases, outer),
        defaults=tuple((name, _renamed(code, aliases, outer)) for name, code in source.defaults),
    )


def _aliases(each: Import) -> Mapping[str, str]:
    """Return what each name that an import binds stands for."""
    module, name, alias, offset = each
    root = module.partition(".")[0]
    if root in _OF_DISTRIBUTIONS and (module.endswith(".distributions") or root == "distrax"):
        module = "distributions"
    elif root in _OF_DISTRIBUTIONS and name == "distributions":
        return {alias or name: name}
    elif root in {"numpyro", "tensorflow_probability"}:
        return {}
    root = module.partition(".")[0]
    if root in _OTHERS:
        hint = f"leave the import out, and write {_OTHERS[root]} names"
        raise errors.SyntaxRejected(f"{root} is not in the language", hint=hint, offset=offset)
    for known, meant in _SAME.items():
        if meant and (module == known or module.startswith(known + ".")):
            module = meant + module.removeprefix(known)
    of_one = module.startswith(("scipy.stats.", "jax.scipy.stats."))  # jax.scipy.stats.norm is a module
    if module not in prefixes.LIBRARIES and module not in _ALSO and module != "distributions" and not of_one:
        hint = "leave the import out; the prefixes np., jnp., math., scipy. and sympy. are known without it"
        raise errors.SyntaxRejected(f"the library {errors.quote(module)} is not known here", hint=hint, offset=offset)
    if name == "*":
        library = prefixes.LIBRARIES.get(module)
        own = [word for other, word in (*prefixes.QUALIFIED, *prefixes.ABSENT) if other == library]
        own += constants.OF_NATURE if library == prefixes.NATURE else ()
        own += [word.rpartition(".")[2] for word in words.BY_NAME if word.rpartition(".")[0] == library and library]
        return {word: f"{module}.{word}" for word in own}
    if name:
        return {alias or name: f"{module}.{name}"}
    return {alias: module} if alias else {}


def _renamed(  # noqa: C901 - a case for each instruction
    code: stack_code.Code, aliases: Mapping[str, str], bound: frozenset[str]
) -> list[Instruction]:
    """Return a code with aliases written out, but not where a variable in ``bound`` hides them."""

    def name(spelled: str) -> str:
        first, dot, rest = spelled.partition(".")
        return aliases[first] + dot + rest if first in aliases and first not in bound else spelled

    def inner(code: stack_code.Code, more: frozenset[str] = frozenset()) -> list[Instruction]:
        return _renamed(code, aliases, bound | more)

    def target_of(target: Any) -> Any:
        if isinstance(target, Element):
            return target._replace(steps=tuple((inner(code), size) for code, size in target.steps))
        if isinstance(target, str | Star):
            return target
        return tuple([target_of(part) for part in target])

    def renamed(each: Any) -> Any:
        match each:
            case Name() | Apply():
                return each._replace(name=name(each.name))
            case Assign(target) | Augment(target) | Change(target):
                return each._replace(**{each._fields[0]: target_of(target)})
            case Function():
                return each._replace(body=inner(each.body, each.local))
            case Loop():
                return each._replace(body=inner(each.body))
            case stack_code.While(test, body):
                return each._replace(test=inner(test), body=inner(body))
            case Branch():
                return each._replace(chosen=inner(each.chosen), other=inner(each.other))
            case stack_code.Chain(tests, bodies, other):
                parts = [tuple(map(inner, codes)) for codes in (tests, bodies)]
                return each._replace(tests=parts[0], bodies=parts[1], other=inner(other))
            case Series():
                own = frozenset(bounds.name for bounds in each.bounds)
                ends = tuple(b._replace(first=inner(b.first, own), last=inner(b.last, own)) for b in each.bounds)
                return each._replace(word=name(each.word), body=inner(each.body, own), bounds=ends)
            case Comprehension():
                own = frozenset(name for clause in each.clauses for name in stack_code.names_of(clause.pattern))
                clauses = tuple(
                    c._replace(items=inner(c.items, own), conditions=tuple(inner(d, own) for d in c.conditions))
                    for c in each.clauses
                )
                return each._replace(body=inner(each.body, own), clauses=clauses)
        return each

    return [renamed(each) for each in code]
