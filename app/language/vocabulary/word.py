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
    arrays; or "order": the first argument is an integer known from the text, ``special.BY_ORDER`` has the definition.
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


def opaque(name: str) -> Any:
    """Return a SymPy function class that never evaluates itself."""
    return sympy.Function(name)


def primitive(node: Any, opcode: str, *names: str, doc: str, arity: int = 1) -> Word:
    return Word(names, doc, (arity, arity), node, opcode)


def defined(definition: str, *names: str, doc: str) -> Word:
    parameters = definition.removeprefix("lambda ").split(":", 1)[0].split(",")
    return Word(names, doc, (len(parameters), len(parameters)), definition=definition)


def of_order(*names: str, doc: str) -> Word:
    return Word(names, doc, (2, 2), kind="order")


def of_arrays(signature: str, *names: str, doc: str) -> Word:
    """Return a word of arrays; in its signature, ``=`` marks an optional parameter and ``*`` any number of operands."""
    parameters = tuple(signature.replace(" ", "").split(",")) if signature else ()
    required = [name for name in parameters if not name.endswith("=") and name != "*"]
    optional = tuple(name[:-1] for name in parameters if name.endswith("="))
    most = None if "*" in parameters else len(parameters)
    everything = tuple(name.rstrip("=") for name in parameters if name != "*")
    return Word(names, doc, (len(required), most), kind="array", parameters=everything, keywords=optional)
