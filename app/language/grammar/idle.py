"""Statements that mean nothing here: what prints, logs, checks or declares; and blocks that only set a mode."""

from __future__ import annotations

from app.language.grammar.cursor import Cursor

_CALLED = frozenset({"print", "display"})
_LIBRARIES = frozenset({"plt", "logger", "logging", "warnings"})

_CONTEXTS = frozenset({
    "errstate", "printoptions", "catch_warnings", "disable_jit", "default_matmul_precision", "debug_nans", "enable_x64",
    "localcontext", "no_grad",
})  # fmt: skip
"""Functions that make a mode of computing for a block, which changes no value."""


def is_idle(cursor: Cursor) -> bool:
    """Return whether a statement begins here that changes no value: ``print(x)``, ``assert x > 0``, ``del y``."""
    word, following = cursor.peek().text, cursor.peek(1).text
    if word in _CALLED:
        return following == "("
    if word == "del":
        return _is_last(cursor)
    if word == ".":
        return following == cursor.peek(2).text == "."
    if following == "." and cursor.peek(2).text in {"random", "seed"} and word in {"np", "numpy", "random"}:
        return "seed" in {cursor.peek(2).text, cursor.peek(4).text}
    return word == "assert" or (word in _LIBRARIES and following == "." and cursor.peek(3).text == "(")


def _is_last(cursor: Cursor) -> bool:
    """Return whether names are deleted here that stand nowhere after it."""
    names, ahead = set[str](), 1
    while cursor.peek(ahead).kind == "name" or cursor.peek(ahead).text == ",":
        names.add(cursor.peek(ahead).text)
        ahead += 1
    while cursor.peek(ahead).kind != "end":
        if cursor.peek(ahead).text in names - {","} or (cursor.peek(ahead).text in {"[", "."} and ahead < 3):
            return False
        ahead += 1
    return True


def is_mode(cursor: Cursor) -> bool:
    """Return whether a block begins here that only sets a mode: ``with np.errstate(divide="ignore"):``."""
    ahead, called = 1, ""
    while cursor.peek(ahead).kind == "name" or cursor.peek(ahead).text == ".":
        called = cursor.peek(ahead).text
        ahead += 1
    return called in _CONTEXTS and cursor.peek(ahead).text == "("
