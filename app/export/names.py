"""Names, numbers and comments of a file: nothing else of a client's text gets into it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection

from app import errors
from app.language.vocabulary import words

_LINE, _LINES = 100, 20  # characters and lines of a function's text in a comment
_LONGEST = 64
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{_LONGEST - 1}}}")
_MAIN = frozenset({"main"})  # where a program begins, in C and Rust


def safe(name: str, taken: Collection[str], *, unicode: bool) -> str:
    """Return an identifier like ``name`` that is not taken.

    ``unicode`` is whether the language has letters beyond ASCII; elsewhere they are written by their code point.
    """
    kept = [
        each if each == "_" or (each.isascii() and each.isalnum()) or (unicode and _is_letter(each)) else _spelled(each)
        for each in name
    ]
    found = "".join(kept)
    if not found[0].isalpha():
        found = f"x{found}"
    while found in taken or is_temporary(found):
        found += "_"
    return found


def check(name: str, reserved: Collection[str], title: str) -> None:
    """Refuse a name that no function of a file may have; ``reserved`` are those with a meaning in the language."""
    if not _NAME.fullmatch(name):
        what = f"the name of a function has letters of ASCII, digits and underscores, at most {_LONGEST}"
        raise errors.InvalidField(what, hint="begin it with a letter", field="name")
    if name in reserved or name in words.BY_NAME or name in _MAIN or is_temporary(name):
        what = f"{errors.quote(name)} means something else in a file of {title}"
        raise errors.InvalidField(what, hint=f"write {name}_of, or another name", field="name")


def _is_letter(character: str) -> bool:
    return unicodedata.category(character) in {"Ll", "Lu"}


def _spelled(character: str) -> str:
    return f"u{ord(character):04x}"


def is_temporary(name: str) -> bool:
    """Return whether a file may have a number of this name."""
    return name[0] == "t" and name[1:].isdigit()


def number(value: float, *, whole: bool) -> str:
    """Return a finite number as text that reads as the same float64; ``whole`` is whether 2.0 may be written 2."""
    text = repr(value)
    return text[:-2] if whole and text.endswith(".0") else text


def is_negative(value: float) -> bool:
    return math.copysign(1.0, value) < 0


def comment(text: str) -> list[str]:
    """Return a text as lines that are safe in a comment: printable, not too long, and without a last backslash.

    A backslash, or the trigraph of one, at the end of a line would continue a comment of C on the next line.
    """
    lines = text.splitlines() or [""]
    shown = lines if len(lines) <= _LINES else [*lines[: _LINES - 1], "..."]
    return [_printable(line) for line in shown]


def _printable(line: str) -> str:
    kept = "".join(each if each.isprintable() else " " for each in line)
    kept = (kept if len(kept) <= _LINE else kept[: _LINE - 3] + "...").rstrip()
    return f"{kept} ." if kept.endswith(("\\", "/")) else kept
