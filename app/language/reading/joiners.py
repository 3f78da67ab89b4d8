"""What NumPy makes by brackets: ``np.r_[x, 1:4]`` end to end, ``np.c_[x, y]`` as columns, grids ``np.mgrid[0:3, 0:4]``.

``np.s_[1:-1]`` are indices themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.language.expression import values
from app.language.expression.values import Value
from app.language.vocabulary import prefixes, words

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

_INDICES = frozenset({"s_", "index_exp"})
WORDS = {"c_": "column_stack", "r_": "hstack", "mgrid": "meshgrid", "ogrid": "meshgrid", **dict.fromkeys(_INDICES, "")}
"""What the brackets do, by the name before them."""


def is_one(name: str) -> bool:
    """Return whether a name with its prefix joins by brackets."""
    prefix, _, bare = name.rpartition(".")
    return bare in WORDS and prefixes.LIBRARIES.get(prefix) == "numpy"


def joined(tracer: Tracer, base: Value, items: Sequence[Value], offset: int) -> Value | None:
    """Return what stands in the brackets as one array; None if nothing that joins stands before them.

    A slice is the numbers of arange.
    """
    if base.kind != "text" or base.text not in WORDS:
        return None
    if base.text in _INDICES:
        return values.tuple_of(items) if len(items) > 1 or base.text == "index_exp" else items[0]

    def apply(word: str, *operands: Value) -> Value:
        return tracer.apply(words.BY_NAME[word], f"np.{word}", operands, {}, offset)

    def numbers(part: Value) -> Value:
        if part.kind != "slice":
            return part
        start, stop, step = part.items
        first = tracer.builder.leaf(0) if start.kind == "none" else start
        return apply("arange", first, stop, tracer.builder.leaf(1) if step.kind == "none" else step)

    parts = [numbers(item) for item in items]
    if not base.text.endswith("grid"):
        return apply(WORDS[base.text], values.tuple_of(parts))
    options = {"indexing": values.text_of("ij"), "sparse": tracer.builder.truth(base.text == "ogrid")}
    grids = tracer.apply(words.BY_NAME["meshgrid"], "np.meshgrid", parts, options, offset)
    if len(parts) == 1:
        return parts[0]
    return grids if base.text == "ogrid" else apply("stack", grids)
