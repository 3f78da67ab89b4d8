"""A plain text to its function."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from app.autodiff import tape
from app.engine.functions.plain import heads, vocabulary
from app.engine.functions.plain.writer import PlainWriter
from app.language.limits import TextLimits

_TOKEN = re.compile(
    r"[A-Za-z_][A-Za-z_0-9.]*(?:\(|(?:\[[0-9]{1,6}(?:, *[0-9]{1,6})*\])+)?"
    r"|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])|\*\*|[^ \t]"
)
"""A name, with the bracket of its call or with known indices; a number; a power; or one character, which may be none of
the language."""

_PIECE = operator.itemgetter(0)

_LOCK_CHARACTERS = 4_000
"""Up to this length a text is split by one call, which holds the interpreter's lock: a fifth of a millisecond."""


class PlainFunction(NamedTuple):
    """A plain text that is recorded; attributes as of a ``parse.ParsedFunction``."""

    args: tuple[str, ...]
    ranks: tuple[int | None, ...]  # None of an argument that is not used
    recording: tape.Recording
    text: str
    limits: TextLimits

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Default values of arguments: there are none."""
        return {}


def read(
    text: str, names: Sequence[str] | None, limits: TextLimits, declared: Collection[str] = ()
) -> PlainFunction | None:
    """Return the function of a plain text; None if the text is of another kind, or may be at fault.

    Without ``names`` the arguments are the parameters of a ``lambda`` or ``def``, or the names in an expression in the
    order in which they appear. Names in ``declared`` are known to be arguments, if the text has them.
    """
    if not text.isascii() or len(text) > limits.max_expression_bytes:
        return None
    head = heads.head(text)
    if head.parameters is not None and (names is None or tuple(names) == head.parameters):
        names = head.parameters
    elif head.parameters is not None:
        return None
    if names is not None and not 0 < len(names) <= limits.max_arguments:
        return None
    if not all(map(vocabulary.is_name, declared if names is None else names)):
        return None
    try:
        writer = PlainWriter(names, limits, {*declared, head.name})
        recording = writer.recording(_pieces(text, head))
    except vocabulary.NotPlain:
        return None
    args = tuple(writer.arguments)
    ranks = {argument: len(indices) for argument, indices in recording.inputs}
    return PlainFunction(args, tuple(map(ranks.get, range(len(args)))), recording, text, limits)


def _pieces(text: str, head: heads.FunctionHead) -> Any:
    if head.start:
        text = text[head.start :].rstrip()
    return _TOKEN.findall(text) if len(text) <= _LOCK_CHARACTERS else map(_PIECE, _TOKEN.finditer(text))
