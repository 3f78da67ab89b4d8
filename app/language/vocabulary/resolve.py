"""Resolves a name of a text to a word or a constant, or refuses it with a hint at what may be meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from app import errors
from app.language.vocabulary import constants, prefixes, words
from app.language.vocabulary.word import Word

_TYPES = frozenset({"float", "float64", "float32", "float_", "double"})
_INSTEAD = {
    "flatten": "write ravel(X)",
}


def word(name: str, names: Collection[str], offset: int) -> Word:
    """Return the word that a text calls by a name with its prefix; arguments and variables in ``names`` hide words."""
    prefix, _, bare = name.rpartition(".")
    if name in names:
        what = f"'{name}' is a variable here, not a function"
        raise errors.UnknownName(what, hint=f"write {name}*(...) to multiply", offset=offset)
    if prefix:
        library = prefixes.LIBRARIES.get(prefix)
        if library is None and prefix in names:
            hint = _as_function(bare, prefix)
            raise errors.UnknownName(
                f"methods such as .{bare[:40]}() are not in the language", hint=hint, offset=offset
            )
        if library is None:
            hint = "prefixes are np., jnp., math., sympy., jax.nn., jax.scipy.special."
            raise errors.UnknownName(f"{errors.quote(prefix)} is not a known prefix", hint=hint, offset=offset)
        instead = prefixes.ABSENT.get((library, bare))
        if instead is not None:
            raise errors.UnknownName(f"{library}.{bare} is not in the language", hint=f"write {instead}", offset=offset)
        bare = prefixes.QUALIFIED.get((library, bare), bare)
    found = words.BY_NAME.get(bare)
    if found is None:
        raise _unknown(bare, offset, known=words.BY_NAME, what="function")
    return found


def constant(name: str, names: Collection[str], offset: int) -> tuple[str, float] | None:
    """Return the canonical name and the value of a constant; None for a type such as ``float``, or ``newaxis``."""
    prefix, _, bare = name.rpartition(".")
    if bare in _TYPES and (prefix in prefixes.LIBRARIES or bare == "float"):
        return None  # dtype=float: what every number here is anyway
    if bare == "newaxis" and prefix in prefixes.LIBRARIES:
        return None
    table = constants.BARE if not prefix else constants.PREFIXED
    if prefix in names:
        raise attribute(bare, prefix, offset)
    if bare not in table or (prefix and prefix not in prefixes.LIBRARIES):
        raise _unknown(name, offset, known=[*names, *constants.BARE])
    return bare if bare != "e" else "E", table[bare]


def attribute(name: str, of: str, offset: int) -> errors.UnknownName:
    """Return the refusal of an attribute, with a hint at what to write instead."""
    hint = _INSTEAD.get(name, _as_function(name, of))
    return errors.UnknownName(f"the attribute .{name[:40]} is not in the language", hint=hint, offset=offset)


def check(called: Word, name: str, operands: int, keywords: Collection[str], offset: int) -> None:
    for keyword in keywords:
        if keyword not in called.keywords:
            listed = ", ".join(called.keywords) or "none"
            what = f"the keyword '{keyword}' of {errors.quote(name)} is not in the language"
            raise errors.SyntaxRejected(what, hint=f"keywords: {listed}", offset=offset)
    if (called.names[0], operands) in words.OVERLOADS:
        return
    least, most = called.arity
    count = operands + len(keywords)
    if count < least or (most is not None and count > most):
        counts = sorted(n for (canonical, n) in words.OVERLOADS if canonical == called.names[0])
        wanted = f"at least {least}" if most is None else " or ".join(str(n) for n in sorted({*counts, least, most}))
        raise errors.BadArity(f"{name} takes {wanted} arguments, not {operands}", offset=offset)


def _as_function(name: str, of: str) -> str | None:
    return f"write {name}({of})" if name in words.BY_NAME else None


def _unknown(name: str, offset: int, *, known: Collection[str], what: str = "name") -> errors.UnknownName:
    near = difflib.get_close_matches(name[:64], known, n=1)
    function = words.BY_NAME.get(name)
    hint = f"did you mean {near[0]}?" if near else "GET /v1/language lists what is known"
    if function is not None and what == "name":
        hint = f"'{name}' is a function: call it"
    return errors.UnknownName(f"the {what} {errors.quote(name)} is not defined", hint=hint, offset=offset)
