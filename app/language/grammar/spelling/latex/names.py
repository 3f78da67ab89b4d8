"""Names and their indices: which argument, or which element of an array, a letter with an index stands for."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from app import errors
from app.language.grammar import lexer
from app.language.grammar.spelling.latex import commands
from app.language.grammar.spelling.latex.marks import Mark, Marks

_MAX_DEPTH = 4  # accents and fonts in one another
_SURE = 3  # letters of a function's name that are no product


class Spelling(NamedTuple):
    """What stands for a name, without its index: the names it may be, the usual one first, and how it is set."""

    names: tuple[str, ...]
    bold: bool = False
    upright: bool = False


def spelling(marks: Marks, at: int, depth: int = 0) -> tuple[Spelling, int] | None:
    """Return what stands for a name at an index, and the index behind it; None if no name stands there."""
    mark = marks.marks[at]
    if mark.kind == "letter":
        return Spelling((mark.text,)), at + 1
    if mark.kind == "word" and mark.font != "operatorname":
        return Spelling((_plain(mark),), mark.font in commands.BOLD, mark.font == "mathrm"), at + 1
    if mark.kind != "command":
        return None
    if mark.text in commands.LETTERS:
        return (Spelling(commands.LETTERS[mark.text]), at + 1) if commands.LETTERS[mark.text] else None
    accent = commands.ACCENTS.get(mark.text)
    if (accent is None and mark.text not in commands.AROUND_NAMES) or depth == _MAX_DEPTH:
        return None
    group = marks.marks[at + 1].sign == "{"
    found = spelling(marks, at + 1 + group, depth + 1)
    if found is None or (group and found[1] != marks.closing[at + 1]):
        return None
    inner, end = found
    names = tuple([f"{name}_{accent}" for name in inner.names]) if accent else inner.names
    bold, upright = inner.bold or mark.text in commands.BOLD, mark.text == "mathrm"
    return Spelling(names, bold, upright), end + group


def _plain(mark: Mark) -> str:
    return mark.text.replace(" ", "_").replace("-", "_")


def index_parts(marks: Marks, at: int) -> tuple[tuple[str, ...] | None, int]:
    """Return the parts of an index between commas, as text, and the index behind it; None if it is an expression."""
    mark = marks.marks[at]
    if mark.sign != "{":
        part = _index_part(marks, at)
        if mark.kind == "number" and len(mark.text) > 1:
            hint = f"put braces: _{{{mark.text}}}"
            raise errors.SyntaxRejected("TeX takes only the first digit as an index", hint=hint, offset=mark.offset)
        return (None if part is None else (part[0],)), at + 1 if part is None else part[1]
    end, parts, index = marks.closing[at], [""], at + 1
    while index < end:
        found = _index_part(marks, index)
        if found is not None:
            parts[-1] += found[0]
            index = found[1]
        elif marks.marks[index].sign == ",":
            parts.append("")
            index += 1
        else:
            return None, end + 1
        if index - at > lexer.MAX_NAME_LENGTH:
            return None, end + 1
    return (tuple(parts) if all(parts) else None), end + 1


def _index_part(marks: Marks, at: int) -> tuple[str, int] | None:
    mark = marks.marks[at]
    if mark.kind == "number" and "." not in mark.text:
        return mark.text, at + 1
    if mark.sign in commands.NAMED:
        return mark.text, at + 1
    found = spelling(marks, at)
    return None if found is None else (found[0].names[0], found[1])


class Names:
    """The names of a formula: those known to be arguments, those that are bound, and those that were found."""

    def __init__(self, known: Collection[str], words: Collection[str]) -> None:
        self.known = frozenset(known)
        self._stripped = {name.rstrip("_"): name for name in known if name.endswith("_")}  # as LaTeX sets them
        self.words = words
        self.bound: list[str] = []
        self.found: dict[str, None] = {}  # names that must be arguments

    def is_known(self, name: str) -> bool:
        return name in self.known or name in self.bound

    def resolve(self, spelled: Spelling, parts: Sequence[str] = ()) -> tuple[str, tuple[str, ...]]:
        """Return the name that a spelling with an index stands for, and what is left of the index for an element.

        ``x_1`` is the argument ``x_1`` or ``x1`` if there is one, else the element of the argument ``x`` if there is
        that, else an argument of this name. With an index that is bound by a sum it is an element.
        """
        if parts and any(self._is_bound(part) for part in parts):
            return self._known(spelled, ()) or next(_joined(spelled.names[0], ())), tuple(parts)
        for size in range(len(parts), -1, -1):
            name = self._known(spelled, parts[:size])
            if name is not None:
                return name, tuple(parts[size:])
        return next(_joined(spelled.names[0], parts)), ()

    def _known(self, spelled: Spelling, index: Sequence[str]) -> str | None:
        names = [name for base in spelled.names for name in _joined(base, index)]
        return next(
            (self._stripped.get(name, name) for name in names if self.is_known(self._stripped.get(name, name))), None
        )

    def _is_bound(self, part: str) -> bool:
        return part in self.bound or all(each in self.bound for each in part)

    def use(self, name: str, offset: int) -> str:
        """Return a name as the language has it, and remember that it is an argument."""
        normal = lexer.identifier(name, offset)
        if normal not in self.bound:
            self.found[normal] = None
        return normal

    def index(self, part: str) -> list[str]:
        """Return what a part of an index means: a number, a name, or letters that are indices each."""
        if part.isdecimal() or self.is_known(part) or not all(map(self.is_known, part)):
            return [part]
        return list(part)

    def run(self, marks: Marks, at: int) -> tuple[str, int] | None:
        """Return the known name that several letters in a row are, and the index behind them.

        Refuse the name of a function, which TeX sets as a product of its letters.
        """
        first, before = marks.marks[at], marks.marks[at - 1]
        if at and before.kind == "letter" and before.end == first.offset:
            return None  # within a row that was looked at
        run, end = first.text, at + 1
        while marks.marks[end].kind in {"letter", "number"} and marks.marks[end].offset == marks.marks[end - 1].end:
            run, end = run + marks.marks[end].text, end + 1
            if len(run) > lexer.MAX_NAME_LENGTH:
                return None
        if len(run) > 1 and run in self.known:
            return run, end
        letters = run.rstrip("0123456789.")
        for command in sorted(commands.FUNCTIONS, key=len, reverse=True):
            if letters.startswith(command) and (len(command) >= _SURE or letters in {"ln", "lg"}):
                raise _as_product(command, first.offset, f"write \\{command}")
        if len(letters) >= _SURE and letters in self.words:
            raise _as_product(letters, first.offset, f"write \\operatorname{{{letters}}}")
        if letters in {"pi", "inf"}:
            raise _as_product(letters, first.offset, "write \\pi" if letters == "pi" else "write \\infty")
        return None


def _as_product(letters: str, offset: int, hint: str) -> errors.SyntaxRejected:
    apart = " \\, ".join(letters[:8])
    what = f"the letters {errors.quote(letters)} are a product in LaTeX"
    return errors.SyntaxRejected(what, hint=f"{hint}; {apart} is the product", offset=offset)


def _joined(base: str, index: Sequence[str]) -> Iterator[str]:
    """Yield the names that a letter with an index may stand for, the usual one first."""
    if not index:
        yield f"{base}_" if keyword.iskeyword(base) else base
        return
    yield "_".join([base, *index])
    yield "".join([base, *index])
    yield "__".join([base, *index])
