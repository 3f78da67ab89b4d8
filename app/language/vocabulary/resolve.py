"""Resolves a name of a text to a word or a constant, or refuses it with a hint at what may be meant."""

from __future__ import annotations

from collections.abc import Collection

from app import errors
from app.language.vocabulary import constants, methods, prefixes, words
from app.language.vocabulary.distributions import classes
from app.language.vocabulary.distributions import names as distributions
from app.language.vocabulary.foreign import lookup
from app.language.vocabulary.functions.control import GRADIENTS
from app.language.vocabulary.word import Word

_TYPES = frozenset({"float", "float64", "float32", "float_", "double"})
_INSTEAD = {
    "flatten": "write ravel(X)",
}


_OPERATORS = {"and": "and", "or": "or", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
"""Fortran's operators between points."""


def word(name: str, names: Collection[str], offset: int) -> Word:
    """Return the word that a text calls by a name with its prefix; arguments and variables in ``names`` hide words."""
    prefix, _, bare = name.rpartition(".")
    if name in names:
        what = f"'{name}' is a variable here, not a function"
        instead = f"write {name}*(...) to multiply, {name}[...] for an element"
        raise errors.UnknownName(what, hint=instead, offset=offset)
    density = distributions.find(name, names) if prefix else None
    if density is not None:
        return density
    if prefix:
        library = prefixes.LIBRARIES.get(prefix)
        method = named(prefix, bare) if library is None else None
        if method is not None:
            return method
        if library is None and prefix in names:
            hint = _as_function(bare, prefix)
            raise errors.UnknownName(
                f"methods such as .{bare[:40]}() are not in the language", hint=hint, offset=offset
            )
        if library is None:
            hint = (
                distributions.hint(name)
                or classes.hint(name)
                or lookup.function(name)
                or _as_method(prefix, bare)
                or "prefixes are np., jnp., math., sympy., jax.nn., jax.scipy.special."
            )
            what = f"{errors.quote(prefix)} is not a known prefix"
            if bare in GRADIENTS:
                what = "functions that differentiate functions are not in the language"
            raise errors.UnknownName(what, hint=hint, offset=offset)
        absent = prefixes.ABSENT.get((library, bare))
        if absent is not None:
            raise errors.UnknownName(f"{library}.{bare} is not in the language", hint=f"write {absent}", offset=offset)
    found = named(prefix, bare)
    if found is None:
        raise _unknown_function(name, bare, names, offset)
    return found


def named(prefix: str, bare: str) -> Word | None:
    """Return the word of a name behind a prefix: that of its library, if this has one of its own."""
    library = prefixes.LIBRARIES.get(prefix, "")
    if not library and prefix:
        outer, _, function = prefix.rpartition(".")  # np.add.reduce
        return words.BY_NAME.get(f"np.{function}.{bare}") if prefixes.LIBRARIES.get(outer) == "numpy" else None
    if library == prefixes.NATURE:
        return None
    bare = prefixes.QUALIFIED.get((library, bare), bare)
    return words.BY_NAME.get(f"{library}.{bare}") or words.BY_NAME.get(bare)


def is_word(name: str, names: Collection[str]) -> bool:
    """Return whether a name that is no variable means a function, to be given to another or to a variable."""
    prefix, _, bare = name.rpartition(".")
    if prefix and distributions.find(name, names) is not None:
        return True
    if named(prefix, bare) is None or bare in (constants.PREFIXED if prefix else constants.BARE) or prefix in names:
        return False
    return not prefix or prefix in prefixes.LIBRARIES


def constant(name: str, names: Collection[str], offset: int) -> tuple[str, float] | None:
    """Return the canonical name and the value of a constant; None for a type such as ``float``, or ``newaxis``."""
    prefix, _, bare = name.rpartition(".")
    if bare in _TYPES and (prefix in prefixes.LIBRARIES or bare == "float"):
        return None  # dtype=float: what every number here is anyway
    if bare == "newaxis" and prefix in prefixes.LIBRARIES:
        return None
    of_nature = prefixes.LIBRARIES.get(prefix) == prefixes.NATURE
    table = constants.OF_NATURE if of_nature else constants.PREFIXED if prefix else constants.BARE
    if prefix in names:
        raise attribute(bare, prefix, offset)
    if bare not in table or (prefix and prefix not in prefixes.LIBRARIES):
        raise _unknown_name(name, names, offset)
    if of_nature and bare != "pi":
        return f"{prefixes.NATURE}.{bare}", table[bare]  # e is another one there
    return constants.CANONICAL.get(bare, bare), table[bare]


def attribute(name: str, of: str, offset: int) -> errors.UnknownName:
    """Return the refusal of an attribute, with a hint at what to write instead."""
    hint = _INSTEAD.get(name, _as_function(name, of))
    return errors.UnknownName(f"the attribute .{name[:40]} is not in the language", hint=hint, offset=offset)


def check(called: Word, name: str, operands: int, keywords: Collection[str], offset: int) -> None:
    for keyword in keywords:
        if keyword not in called.keywords:
            what = f"the keyword '{keyword}' of {errors.quote(name)} is not in the language"
            raise errors.SyntaxRejected(what, hint=_keyword(called, name, keyword), offset=offset)
    prefix = name.rpartition(".")[0]
    library = prefixes.LIBRARIES.get(prefix, "")
    instead = prefixes.OTHER_OPERANDS.get((library, called.names[0], operands))
    if instead is not None:
        what = f"{name} of {operands} arguments means something else there"
        raise errors.BadArity(what, hint=f"write {instead}", offset=offset)
    if (called.names[0], operands) in words.OVERLOADS:
        return
    least, most = called.arity
    count = operands + len(keywords)
    if count < least or (most is not None and count > most):
        counts = sorted(n for (canonical, n) in words.OVERLOADS if canonical == called.names[0])
        wanted = f"at least {least}" if most is None else " or ".join(str(n) for n in sorted({*counts, least, most}))
        plural = "" if wanted.endswith(" 1") or wanted == "1" else "s"
        hint = f"write {lookup.call(called.names[0] if name not in words.BY_NAME else name)}"
        if called.names[0] in {"maximum", "minimum"} and count == 1:
            hint += f", or {called.names[0][:3]}(X) for all elements of an array"
        raise errors.BadArity(f"{name} takes {wanted} argument{plural}, not {count}", hint=hint, offset=offset)


def _keyword(called: Word, name: str, keyword: str) -> str:
    """Return a hint at the keyword that is meant, else at those there are."""
    meant = lookup.KEYWORDS.get(keyword, keyword)
    near = [meant] if meant in called.keywords else lookup.misspelt(keyword, called.keywords)
    if keyword == "base":
        return "write log(x)/log(b), or log2(x), or log10(x)"
    if near:
        return f"write {near[0]}=" + (", which counts from 0" if keyword in lookup.COUNTED else "")
    if not called.keywords:
        return f"{name} has no keywords: write {lookup.call(called.names[0])}"
    return f"keywords: {', '.join(called.keywords)}"


def _as_method(value: str, name: str) -> str | None:
    """Return a hint at what to write instead of a method of a variable, of which nothing says that it is one."""
    if "." in value:
        return None
    return methods.REFUSED.get(name) or (_as_function(name, value) if len(value) == 1 else None)


def _as_function(name: str, of: str) -> str | None:
    if name in words.BY_NAME:
        return f"write {name}({of})" if words.BY_NAME[name].arity[0] <= 1 else f"write {lookup.call(name)}"
    return lookup.function(name)


def _unknown_function(name: str, bare: str, names: Collection[str], offset: int) -> errors.UnknownName:
    hint = lookup.function(name) or _same_word(bare, words.BY_NAME) or _joined(bare, names)
    what = f"the function {errors.quote(name)} is not defined"
    if bare in GRADIENTS:
        what = "functions that differentiate functions are not in the language"
    if hint is None:
        shown = bare[:20]
        hint = f"GET /v1/language lists the functions; {shown}*(...) multiplies, {shown}[...] is an element"
    return errors.UnknownName(what, hint=hint, offset=offset)


def _unknown_name(name: str, names: Collection[str], offset: int) -> errors.UnknownName:
    what = f"the name {errors.quote(name)} is not defined"
    if name in words.BY_NAME:
        return errors.UnknownName(what, hint=f"'{name}' is a function: call it, {lookup.call(name)}", offset=offset)
    operator = _OPERATORS.get(name.split(".")[1]) if name.count(".") == 2 else None
    hint = f"write {operator}" if operator else lookup.constant(name)
    hint = hint or _same_word(name, [*names, *constants.BARE]) or _joined(name, names)
    if hint is None and "." in name:
        hint = lookup.function(name) or _as_method(*name.split(".")[:2])
    known = [each for each in names if each.isidentifier()]
    if hint is None and known:
        hint = f"the names here are {', '.join(known[:8])[:80]}"
    return errors.UnknownName(what, hint=hint or "GET /v1/language lists what is known", offset=offset)


def _same_word(name: str, known: Collection[str]) -> str | None:
    """Return a hint at the known name that a name is in another case, or with a slip of the hand."""
    near = [each for each in known if each.lower() == name.lower()] or lookup.misspelt(name, known)
    return f"did you mean {' or '.join(near[:3])}?" if near else None


def _joined(name: str, names: Collection[str]) -> str | None:
    """Return a hint at a function and its argument, or a product, written without a sign between them: sinx, 2x, xy."""
    for cut in range(len(name[:64]) - 1, 0, -1):
        first, rest = name[:cut], name[cut:]
        if rest in names and len(first) > 1 and first in words.BY_NAME:
            return f"write {first}({rest})"
        if rest in names and first in names:
            return f"write {first}*{rest}"
    return None
