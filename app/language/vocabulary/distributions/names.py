"""Finds the function of a distribution by its name in a text: ``jax.scipy.stats.norm.logpdf``, or ``norm.logpdf``."""

from __future__ import annotations

from collections.abc import Collection

from app.language.vocabulary.distributions import inner, rows
from app.language.vocabulary.distributions.row import FUNCTIONS, made
from app.language.vocabulary.word import Word, of_arrays

PREFIXES = frozenset(
    {"", "stats", "scipy.stats", "jax.scipy.stats", "jsp.stats", "jstats", "jss", "jsps", "st", "ss", "sps", "sp.stats"}
)
"""Prefixes of a distribution."""

BY_NAME: dict[str, Word] = {}
"""Word by name, such as ``norm.logpdf``."""

INNER: dict[str, Word] = dict(inner.INNER)
"""Words that only definitions may call."""

for _row in rows.DISTRIBUTIONS:
    _words, _inner = made(_row)
    BY_NAME |= _words
    INNER |= _inner

for _parameters, _name, _density, _doc in (
    ("x, mean=, cov=", "multivariate_normal", "pdf", "multivariate normal distribution; x has its components last"),
    ("x, alpha", "dirichlet", "pdf", "Dirichlet distribution; x has its components first"),
    ("x, n, p", "multinomial", "pmf", "multinomial distribution; x has its components last"),
):
    for _function in (_density, f"log{_density}"):
        _word = of_arrays(_parameters, f"{_name}.{_function}", doc=f"{_function} of the {_doc}")
        BY_NAME[_word.names[0]] = _word

NAMES: dict[str, list[str]] = {}
"""The functions that there are, by distribution."""

for _name in BY_NAME:
    NAMES.setdefault(_name.partition(".")[0], []).append(_name.partition(".")[2])


_OF_SAMPLES = frozenset({"rvs", "fit"})


def find(name: str, variables: Collection[str] = ()) -> Word | None:
    """Return the word of a name with its prefix; None if it names none, or its first part is a variable."""
    rest, _, function = name.rpartition(".")
    prefix, _, distribution = rest.rpartition(".")
    if prefix not in PREFIXES or name.partition(".")[0] in variables:
        return None
    return BY_NAME.get(f"{distribution}.{function}")


def hint(name: str) -> str | None:
    """Return what there is instead of an unknown function of a distribution, or of a distribution; None if neither."""
    rest, _, function = name.rpartition(".")
    prefix, _, distribution = rest.rpartition(".")
    if prefix in PREFIXES and distribution in NAMES and function not in _OF_SAMPLES:
        return f"{distribution} has {', '.join(NAMES[distribution])}"
    if prefix in PREFIXES and function in FUNCTIONS and distribution not in PREFIXES:
        return f"the distributions are {', '.join(sorted(NAMES))}"
    if rest in PREFIXES and rest and function in NAMES:
        name = f"{function}.{NAMES[function][1]}"
        return f"write {name}({', '.join(BY_NAME[name].parameters)})"
    return None
