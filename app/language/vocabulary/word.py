"""One row of the vocabulary: a function that a client may write.

A row is either *primitive*, with a SymPy node and an opcode of its own (``autodiff.table`` has its derivatives), or
*defined*, a text in the language itself, which is parsed once and expanded at each call.
"""

from __future__ import annotations

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
    keywords: tuple[str, ...] = ()  # parameters that may be given by name, or left out
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


def of_arrays(signature: str, *names: str, doc: str) -> Word:
    """Return a word of arrays; in its signature, ``=`` marks an optional parameter and ``*`` any number of operands."""
    parameters = tuple(signature.replace(" ", "").split(",")) if signature else ()
    required = [name for name in parameters if not name.endswith("=") and name != "*"]
    optional = tuple(name[:-1] for name in parameters if name.endswith("="))
    most = None if "*" in parameters else len(parameters)
    everything = tuple(name.rstrip("=") for name in parameters if name != "*")
    return Word(names, doc, (len(required), most), kind="array", parameters=everything, keywords=optional)
