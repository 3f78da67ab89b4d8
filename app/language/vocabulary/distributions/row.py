"""The row of a distribution, and the words that it makes: ``norm.logpdf`` and its neighbours.

A row has the functions of the distribution at location 0 and scale 1, as texts of the language over x and the shape
parameters. From them ``made`` writes the definitions with loc and scale, outside the support, and of what the row
leaves out: pdf is exp(logpdf), logcdf and logsf follow from cdf and sf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.language.vocabulary.word import Word, defined

FUNCTIONS = ("pdf", "pmf", "logpdf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")
"""Functions of a distribution, as SciPy names them."""

_OUTSIDE: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("pdf", "pmf"), ("0", "0")),
    **dict.fromkeys(("logpdf", "logpmf"), ("-inf", "-inf")),
    "cdf": ("0", "1"),
    "logcdf": ("-inf", "0"),
    "sf": ("1", "0"),
    "logsf": ("0", "-inf"),
}
"""By function, its values below and above the support."""

_LOGARITHMS = {"logcdf": ("cdf", "sf"), "logsf": ("sf", "cdf")}
_SCALED = {"pdf": " / scale", "logpdf": " - log(scale)"}


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution as SciPy names it; ``texts`` are its functions at loc 0 and scale 1."""

    name: str
    shapes: tuple[str, ...]
    valid: str  # a condition on the shapes
    below: str  # a condition that x is below the support, empty if none is
    above: str
    discrete: bool
    doc: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Density(Word):
    """A function of a distribution. Its last parameters, loc and scale or loc alone, have the defaults 0 and 1."""

    of: str = ""  # the distribution
    standard: Word | None = None  # the same function where neither loc nor scale is given


def continuous(name: str, shapes: str, doc: str, *, valid: str = "", support: str = "", **texts: str) -> Distribution:
    """Return the row of a continuous distribution; ``support`` is where x is below and above it, apart by ``|``."""
    below, _, above = support.partition("|")
    return Distribution(name, _names(shapes), valid, below.strip(), above.strip(), False, doc, texts)


def discrete(name: str, shapes: str, doc: str, *, valid: str, support: str, **texts: str) -> Distribution:
    """Return the row of a distribution of integers; cdf and sf have x rounded down."""
    below, _, above = support.partition("|")
    return Distribution(name, _names(shapes), valid, below.strip(), above.strip(), True, doc, texts)


def _names(shapes: str) -> tuple[str, ...]:
    return tuple(shapes.replace(" ", "").split(",")) if shapes else ()


def _completed(row: Distribution) -> dict[str, str]:
    """Return the functions of a row with those that follow from others."""
    texts = dict(row.texts)
    operands = ", ".join(("x", *row.shapes))
    density, logarithm = ("pmf", "logpmf") if row.discrete else ("pdf", "logpdf")
    texts.setdefault(density, f"exp(standard.{row.name}.{logarithm}({operands}))")
    for function, (own, other) in _LOGARITHMS.items():
        if own in texts:
            parts = [f"standard.{row.name}.{each}({operands})" for each in (own, other)]
            texts.setdefault(function, f"log_part({', '.join(parts)})")
    return {function: texts[function] for function in FUNCTIONS if function in texts}


def _guarded(row: Distribution, function: str, text: str) -> str:
    """Return a function with its values outside the support, and nan where the parameters make no distribution."""
    if function in ("ppf", "isf"):
        valid = "logical_and(x >= 0, x <= 1)"
        return f"({text}) if {f'logical_and({row.valid}, {valid})' if row.valid else valid} else nan"
    low, high = _OUTSIDE[function]
    below, above = row.below, row.above
    if function in ("logcdf", "logsf") and not row.discrete:
        below, above = below.replace("<", "<=").replace("<==", "<="), above.replace(">", ">=").replace(">==", ">=")
    outside = [each for each in (below, above) if each]
    if row.discrete and function in ("pmf", "logpmf"):
        outside.append("x != floor(x)")
    if low == high and outside:
        test = outside[0] if len(outside) == 1 else f"logical_or({', '.join(outside)})"
        text = f"{low} if {test} else ({text})"
    else:
        text = f"{high} if {above} else ({text})" if above else text
        text = f"{low} if {below} else ({text})" if below else text
    return f"({text}) if {row.valid} else nan" if row.valid else text


def made(row: Distribution) -> tuple[dict[str, Word], dict[str, Word]]:
    """Return the words of a distribution by name, and the inner words in which they are written."""
    found: dict[str, Word] = {}
    inner: dict[str, Word] = {}
    for function, text in _completed(row).items():
        standard = f"standard.{row.name}.{function}"
        head = ", ".join(("x", *row.shapes))
        inner[standard] = defined(f"lambda {head}: {_guarded(row, function, text)}", standard, doc="at loc 0, scale 1")
        found[f"{row.name}.{function}"] = _density(row, function)
    return found, inner


def _density(row: Distribution, function: str) -> Density:
    """Return the public word of a function, in terms of its inner word."""
    places = ("loc",) if row.discrete else ("loc", "scale")
    first = "q" if function in ("ppf", "isf") else ("k" if row.discrete else "x")
    name, doc = f"{row.name}.{function}", f"{function} of the {row.doc}"
    head, parameters = ", ".join(("x", *row.shapes)), (first, *row.shapes, *places)
    definition = f"lambda {head}, {', '.join(places)}: {_placed(row, function)}"
    alone = defined(f"lambda {head}: {_applied(row, function, 'x')}", name, doc=doc)
    arity = (1 + len(row.shapes), len(parameters))
    return Density(
        (name,), doc, arity, None, None, definition, "density", parameters, places, of=row.name, standard=alone
    )


def _applied(row: Distribution, function: str, x: str) -> str:
    """Return the inner word of a function of x, rounded down for the distribution function of integers."""
    rounded = row.discrete and function not in ("pmf", "logpmf")
    return f"standard.{row.name}.{function}({', '.join((f'floor({x})' if rounded else x, *row.shapes))})"


def _placed(row: Distribution, function: str) -> str:
    """Return a function with loc and scale."""
    if row.discrete:
        return _applied(row, function, "x - loc")
    if function in ("ppf", "isf"):
        return f"loc + scale*{_applied(row, function, 'x')} if scale > 0 else nan"
    return f"{_applied(row, function, '(x - loc)/scale')}{_SCALED.get(function, '')} if scale > 0 else nan"
