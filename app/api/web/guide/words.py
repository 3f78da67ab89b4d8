"""The document of GET /v1/language to a page in Markdown: a row for every operator, function, constant and form."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from app.language.vocabulary.distributions import names

_INTRODUCTION = """# Functions and operators

Every word that may stand in an expression. The [page on the language](language.md) says how they are used. All names in
a row mean the same; so do they behind a prefix, such as `np.` or `jax.nn.`, unless a row has the name with its prefix.
`GET /v1/language` gives this list as JSON.
"""

OPERATORS = {
    "+": "sum; before one operand, that operand",
    "-": "difference; before one operand, its negative",
    "*": "product, of elements where the operands are arrays",
    "/": "quotient",
    "**": "power",
    "^": "power, the same as `**`",
    "//": "quotient, rounded down",
    "%": "remainder, with the sign of the divisor",
    "@": "product of matrices or vectors, `matmul`",
    "<": "less than",
    "<=": "less than or equal",
    ">": "greater than",
    ">=": "greater than or equal",
    "==": "equal",
    "!=": "not equal",
    "and": "both conditions hold",
    "or": "one of the conditions holds, or both",
    "not": "the condition does not hold",
    "&": "both conditions hold, for each element",
    "|": "one of the conditions holds, or both, for each element",
    "~": "the condition does not hold, for each element",
    "a if c else b": "a where the condition c holds, else b",
    "X[i]": "element of an array; slices and masks too",
    "X[i, j]": "element of a matrix",
}
"""What each operator of the document means."""

DISTRIBUTIONS = sorted(names.PREFIXES - {""})
"""Prefixes of distributions."""


def page(language: dict[str, Any]) -> str:
    """Return the page; its argument is the document of GET /v1/language."""
    prefixed: defaultdict[str, list[str]] = defaultdict(list)
    for name, word in language["qualified"].items():
        prefixed[word].append(name)
    functions = [
        (_code(each["name"], *each["aliases"], *prefixed[each["name"]]), _meaning(each), _operands(each))
        for each in language["functions"]
    ]
    distributions = [
        (_code(*(f"{each['name']}.{kind}" for kind in each["functions"])), _plain(each["doc"]), _operands(each))
        for each in language["distributions"]
    ]
    operators = [(_code(name), OPERATORS[name]) for name in language["operators"]]
    forms = [(_code(each["form"]), _plain(each["doc"]), _example(each["example"])) for each in language["forms"]]
    sections = [
        _INTRODUCTION,
        _table("Operators", ("operator", "meaning"), operators),
        _table("Functions", ("function", "meaning", "operands"), functions),
        _table("Distributions", ("function", "distribution", "parameters"), distributions),
        _table("Constants", ("constant", "value"), _constants(language)),
        _table("Forms", ("form", "meaning", "example"), forms),
        f"## Prefixes\n\n{_code(*language['prefixes'])}\n\nOf distributions: {_code(*DISTRIBUTIONS)}\n",
    ]
    return "\n".join(sections)


def _constants(language: dict[str, Any]) -> list[tuple[str, str]]:
    values = [(_code(name), value) for name, value in language["constants"].items()]
    named = [(_code(name), "behind a prefix") for name in language["qualified_constants"]]
    return values + named + [(_code(f"scipy.constants.{name}"), "as in SciPy") for name in language["scipy_constants"]]


def _meaning(function: dict[str, Any]) -> str:
    meaning = _plain(function["doc"])
    definition = function.get("definition", "\n")
    return meaning if "\n" in definition else f"{meaning}: {_code(definition)}"


def _operands(function: dict[str, Any]) -> str:
    """Return the names of the operands, or how many there are."""
    if function.get("parameters"):
        return _code(", ".join(function["parameters"]))
    least, most = function["arity"]["least"], function["arity"]["most"]
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least} to {most}"


def _example(text: str) -> str:
    """Return an example that fits into a row, or nothing."""
    return "" if "\n" in text else _code(text)


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _code(*texts: str) -> str:
    """Return texts as code in a cell of a table."""
    return " ".join(f"`{text}`" for text in texts).replace("|", r"\|")


def _plain(text: str) -> str:
    """Return text in which no sign is one of Markdown's."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text)
