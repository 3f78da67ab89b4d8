"""One row of the vocabulary: a function that a client may write.

A row is either *primitive*, with a SymPy node and an opcode of its own (``autodiff.table`` has its derivatives), or
*defined*, a text in the language itself, which is parsed once and expanded at each call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.basic import Basic


@dataclass(frozen=True, slots=True)
class Word:
    """One function of the language.

    Its kind is "elementwise", for numbers or arrays of them; "logic", for conditions; "piecewise"; "array", for whole
    arrays; or "order": where the first argument is an integer known from the text, ``words.BY_ORDER`` has the
    definition, else ``words.REAL_ORDER``.
    """

    names: tuple[str, ...]  # the first is the canonical name
    doc: str
    arity: tuple[int, int | None] = (1, 1)  # least and greatest number of arguments; None means no greatest
    node: type[Basic] | None = None  # SymPy class of a primitive
    opcode: str | None = None  # tape instruction of a primitive, a key of ``autodiff.table.TABLE``
    definition: str | None = None  # text of a defined word, a lambda
    kind: str = "elementwise"
    parameters: tuple[str, ...] = ()  # names, for a word of arrays
    keywords: tuple[str, ...] = ()  # parameters that may be given by name
    defaults: tuple[str, ...] = ()  # of a defined word of arrays: text of the value of each that may be left out
    options: str = ""  # of an elementwise word: names and default of each operand after the first, ``a|b=1 c=None``
    hosted: bool = False  # whether only NumPy computes it, see ``app.language.numeric.hosted``


def opaque(name: str) -> Any:
    """Return a SymPy function class that never evaluates itself."""
    return sympy.Function(name)


def primitive(node: Any, opcode: str, *names: str, doc: str, arity: int = 1, options: str = "") -> Word:
    keywords = tuple([name for each in options.split() for name in each.partition("=")[0].split("|")])
    return Word(names, doc, (arity, arity), node, opcode, keywords=keywords, options=options)


def hosted(opcode: str, *names: str, doc: str, arity: int = 1) -> Word:
    """Return a host word: a primitive that only NumPy computes."""
    return Word(names, doc, (arity, arity), opaque(opcode), opcode, hosted=True)


def defined(definition: str, *names: str, doc: str, options: str = "") -> Word:
    parameters = definition.removeprefix("lambda ").split(":", 1)[0].split(",")
    keywords = tuple([name for each in options.split() for name in each.partition("=")[0].split("|")])
    arity = (len(parameters), len(parameters))
    return Word(names, doc, arity, definition=definition, keywords=keywords, options=options)


def of_order(*names: str, doc: str, arity: int = 2) -> Word:
    return Word(names, doc, (arity, arity), kind="order")


_PARAMETER = re.compile(r"(\w+|\*)(=?)((?:\([^)]*\)|[^,(])*)")


def of_arrays(signature: str, *names: str, doc: str, definition: str = "") -> Word:
    """Return a word of arrays; in its signature, ``=`` marks an optional parameter and ``*`` any number of operands.

    Required parameters stand first; all may be given by name, but for those of a word with any number of operands.
    A definition is an expression of the parameters, or statements that end in a ``return``; then every optional
    parameter has its default value behind the ``=``.
    """
    parameters = _PARAMETER.findall(signature)
    everything = tuple([name for name, _, _ in parameters if name != "*"])
    optional = {name: default for name, sign, default in parameters if sign}
    least = len(everything) - len(optional)
    most = None if len(everything) < len(parameters) else len(parameters)
    if definition:
        listed = ", ".join(everything)
        statements = "\n    ".join(definition.strip().splitlines())
        definition = (
            f"def f({listed}):\n    {statements}" if "return " in definition else f"lambda {listed}: {definition}"
        )
    return Word(
        names,
        doc,
        (least, most),
        kind="array",
        definition=definition or None,
        parameters=everything,
        keywords=everything if most is not None else tuple(optional),
        defaults=tuple(optional.values()),
    )
