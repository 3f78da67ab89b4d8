"""LaTeX to its marks: numbers, letters, commands, signs and words, with their places, and the braces paired."""

from __future__ import annotations

import re
from typing import NamedTuple

from app import errors
from app.language.grammar.spelling.latex import commands

_WORDY = "|".join(sorted([*commands.FONTS, *commands.BOLD, "operatorname"], key=len, reverse=True))
_MARK = re.compile(
    rf"""
    (?P<space>[\s~]+|\\[ ,;:!>/\n]|%[^\n]*)
  | \\(?P<font>{_WORDY})\*?[ ]{{0,8}}\{{(?P<word>[ ]{{0,8}}[A-Za-z](?:[^{{}}\\$&%#^]|\\[_ ]){{0,200}})\}}
  | \\(?P<environment>begin|end)[ ]{{0,8}}\{{(?P<kind>[A-Za-z]{{1,40}}\*?)\}}
  | (?P<side>\\(?:left|right)[ ]{{0,8}}\.)
  | \\(?P<command>[A-Za-z]+)\*?
  | (?P<number>[0-9]+(?:(?:\.|\{{,\}})[0-9]+)?|\.[0-9]+)
  | (?P<sign>\\[{{}}|_\\()\[\]]|_|[^\s\w])
  | (?P<letter>[^\W_])
    """,
    re.VERBOSE,
)


class Mark(NamedTuple):
    """One unit of LaTeX; ``text`` is a command without its backslash; the offset is in characters.

    Kinds: number, letter, command, sign, word (``font`` says in which), begin, end (of an environment), last.
    """

    kind: str
    text: str
    offset: int
    end: int
    font: str = ""
    side: str = ""  # left or right, of a bracket behind such a command
    spaced: bool = False  # whether a space that is drawn stands before it

    @property
    def sign(self) -> str:
        """The command or sign that it is, '' for a number, a letter or a word."""
        return self.text if self.kind in {"command", "sign"} else ""

    @property
    def shown(self) -> str:
        """How it stands in the text, for messages."""
        return f"\\{self.text}" if self.kind == "command" else self.text or "the end"


class Marks(NamedTuple):
    """The marks of a text, the last one its end, and for each opening brace the index of its closing one."""

    marks: list[Mark]
    closing: dict[int, int]


def marks(text: str) -> Marks:
    """Split a text; refuse a character that no formula has, and braces without a partner."""
    found: list[Mark] = []
    position, side, spaced = 0, "", False
    for match in _MARK.finditer(text):
        if match.start() != position:
            break  # finditer skips characters that begin no mark
        position = match.end()
        if match["space"] is not None:
            spaced = spaced or match["space"].startswith("\\")
            continue
        if match["side"] is not None:
            what, hint = "a bracket without a partner", r"write \left( and \right), or cases for a brace"
            raise errors.SyntaxRejected(what, hint=hint, offset=match.start())
        mark = _mark(match)
        if mark.kind == "command" and mark.text in commands.SIZES:
            side = {"left": "left", "right": "right", "l": "left", "r": "right"}.get(_side(mark.text), side)
            continue
        if mark.kind == "command" and mark.text in commands.SPACES:
            spaced = True
            continue
        found.append(mark._replace(side=side, spaced=spaced))
        side, spaced = "", False
    if position < len(text):
        what = f"the character {errors.quote(text[position])} is not LaTeX of a formula"
        raise errors.SyntaxRejected(what, offset=position)
    end = len(text.rstrip())
    found.append(Mark("last", "", end, end))
    return Marks(found, paired(found))


def _side(command: str) -> str:
    return command if command in {"left", "right"} else command[-1]


def _mark(match: re.Match[str]) -> Mark:
    """Return the mark of a match."""
    start, end = match.span()
    kind = match.lastgroup or ""
    if kind == "word":
        word = match["word"].replace("\\_", "_").replace("\\ ", " ").strip()
        return Mark("word", word, start, end, match["font"])
    if kind == "kind":
        return Mark(match["environment"], match["kind"], start, end)
    text = match[kind]
    if kind == "number":
        _refuse_thousands(text, match)
        return Mark(kind, text.replace("{,}", "."), start, end)
    meant = commands.GREEK.get(text) or commands.SIGNS.get(text, text)
    if meant != text:
        kind = "command" if len(meant) > 1 else "sign"
    elif kind == "letter" and not text.isalpha():
        what = f"the character {errors.quote(text)} is not LaTeX of a formula"
        raise errors.SyntaxRejected(what, hint="write ^{2} and _{2}", offset=start)
    return Mark(kind, meant, start, end)


def _refuse_thousands(text: str, match: re.Match[str]) -> None:
    before, comma, after = text.partition("{,}")
    if comma and (len(after) == 3 or match.string.startswith("{,}", match.end())):
        what, hint = "this comma may be a point or separate thousands", f"write {before}{after} or {before}.{after}"
        raise errors.SyntaxRejected(what, hint=hint[:80], offset=match.start())


def paired(found: list[Mark]) -> dict[int, int]:
    """Return the closing brace of each opening one."""
    closing: dict[int, int] = {}
    waiting: list[int] = []
    for index, mark in enumerate(found):
        if mark.kind != "sign":
            continue
        if mark.text == "{":
            waiting.append(index)
        elif mark.text == "}":
            if not waiting:
                raise errors.SyntaxRejected("'}' closes nothing", offset=mark.offset)
            closing[waiting.pop()] = index
    if waiting:
        raise errors.SyntaxRejected("'{' is never closed", hint="add a }", offset=found[waiting[-1]].offset)
    return closing
