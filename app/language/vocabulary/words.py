"""The vocabulary: every function a client may write, joined from its tables, and how to look one up.

Names are what people type under NumPy, JAX, SymPy and ``math``. A prefix such as ``jnp.`` is accepted on every name and
changes nothing, except for the names in ``prefixes.QUALIFIED``, which mean different functions in different libraries.
"""

from __future__ import annotations

from sympy.core.basic import Basic

from app.language.vocabulary import arrays, elementary, special
from app.language.vocabulary.word import Word

PRIMITIVES: tuple[Word, ...] = (*elementary.OF_ONE, *special.PRIMITIVES, *elementary.OF_SEVERAL, *special.OF_ORDER)
"""Words with a node of their own, in the order of the published list."""

DEFINED: tuple[Word, ...] = (*elementary.DEFINED, *special.DEFINED)
"""Words that are a text of the language."""

REDUCTIONS: dict[str, str] = {"max": "amax", "min": "amin"}
"""Word of arrays that replaces a function of several numbers where it is given one array."""

OVERLOADS: dict[tuple[str, int], str] = elementary.OVERLOADS | special.OVERLOADS
"""Definitions for a second number of arguments, by canonical name."""

ALL: tuple[Word, ...] = (*PRIMITIVES, *DEFINED, *arrays.FUNCTIONS)

BY_NAME: dict[str, Word] = {name: word for word in ALL for name in word.names}
"""Word by any of its names."""

OPCODES: dict[type[Basic], str] = {
    word.node: word.opcode for word in (*PRIMITIVES, *special.INNER.values()) if word.node and word.opcode
}
"""Opcode by SymPy class, for the functions; ``autodiff.tape`` itself knows sums, products and powers."""

FOLDED_LEFT = frozenset({"maximum", "minimum", "and", "or"})
"""Opcodes of two operands whose words take any number, folded from the left."""

ORDERS = special.ORDERS
"""By opcode, the operand that is an integer known from the text."""
