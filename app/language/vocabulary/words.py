"""The vocabulary: every function a client may write, joined from its tables, and how to look one up.

Names are what people type under NumPy, JAX, SymPy and ``math``. A prefix such as ``jnp.`` is accepted on every name and
changes nothing, except for the names in ``prefixes.QUALIFIED``, which mean different functions in different libraries.
"""

from __future__ import annotations

import re

from sympy.core.basic import Basic

from app.language.vocabulary.distributions import names
from app.language.vocabulary.functions import (
    array_texts,
    arrays,
    elementary,
    hosted,
    jax_texts,
    orders,
    relatives,
    special,
    ufuncs,
)
from app.language.vocabulary.word import Word

PRIMITIVES: tuple[Word, ...] = (
    *elementary.OF_ONE,
    *special.PRIMITIVES,
    *elementary.OF_SEVERAL,
    *special.OF_ORDER,
    *hosted.PRIMITIVES,
    *orders.PRIMITIVES,
    *orders.OF_ORDER,
)
"""Words with a node of their own, in the order of the published list."""

DEFINED: tuple[Word, ...] = (*elementary.DEFINED, *special.DEFINED, *relatives.DEFINED, *hosted.DEFINED)
"""Words that are a text of the language."""

REDUCTIONS: dict[str, str] = {"max": "amax", "min": "amin"}
"""Word of arrays that replaces a function of several numbers where it is given one array."""

OVERLOADS: dict[tuple[str, int], str] = (
    elementary.OVERLOADS | special.OVERLOADS | relatives.OVERLOADS | hosted.OVERLOADS | orders.OVERLOADS
)
"""Definitions for a second number of arguments, by canonical name."""

ALL: tuple[Word, ...] = (
    *PRIMITIVES,
    *DEFINED,
    *arrays.FUNCTIONS,
    *array_texts.FUNCTIONS,
    *jax_texts.FUNCTIONS,
    *ufuncs.FUNCTIONS,
)

BY_NAME: dict[str, Word] = {name: word for word in ALL for name in word.names}
"""Word by any of its names."""

HOST: tuple[Word, ...] = (*hosted.PRIMITIVES, *hosted.DEFINED, *orders.PRIMITIVES)
"""Words that only NumPy computes."""

INNER: dict[str, Word] = special.INNER | relatives.INNER | hosted.INNER | orders.INNER | names.INNER | jax_texts.INNER
"""Words that only definitions may call."""

OPCODES: dict[type[Basic], str] = {
    word.node: word.opcode for word in (*PRIMITIVES, *INNER.values()) if word.node and word.opcode
}
"""Opcode by SymPy class, for the functions; ``autodiff.tape`` itself knows sums, products and powers."""

HOSTED = frozenset({word.opcode for word in (*PRIMITIVES, *INNER.values()) if word.hosted})
"""Opcodes of host words."""

FOLDED_LEFT = frozenset({"maximum", "minimum", "and", "or"})
"""Opcodes of two operands whose words take any number, folded from the left."""

BY_ORDER = special.BY_ORDER | orders.BY_ORDER
"""Definition by order of each word of kind "order"."""

REAL_ORDER = orders.REAL_ORDER | hosted.INTEGER_ORDER
"""Definition of the words of that kind for an order that is real, above ``special.MAX_ORDER``, or an argument."""

ORDERS = special.ORDERS
"""By opcode, the operand that is an integer known from the text."""


def called(opcode: str, text: str) -> tuple[str, int | None]:
    """Return the name of an opcode, or of the opcode that it is a derivative of, and where a text calls it first."""
    base = re.sub("_(n|derivative)$", "", opcode)
    word = next((word for word in PRIMITIVES if word.opcode in {opcode, base}), BY_NAME.get(base))
    names = word.names if word is not None else (opcode,)
    found = re.search(rf"(?<!\w)({'|'.join(map(re.escape, names))})\s*\(", text)
    return (found[1], found.start()) if found is not None else (names[0], None)
