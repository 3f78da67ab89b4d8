"""Text to SymPy expression, without ever evaluating the text.

``syntax`` turns the text into postfix code of an allow-listed grammar; this module runs that code over a stack of
``algebra`` values. Arguments become the symbols v0, v1, ... and elements of arrays by these names: client text
reaches no printer and no symbol table.

Loops, comprehensions and array operations are unrolled as they are read. Where that needs the shapes of the arguments
(``sum(X**2)``, ``len(X)``), the text is read again for the shapes it meets; a text that does without (``X[0]*y``)
is read once.

Subexpressions of constants are folded alongside, exactly where they are rational and in float64 elsewhere; the
folded value is kept beside the node, so the expression still reads as the client wrote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app import errors, fingerprint, lexing, machine, postfix, syntax, vocabulary
from app.algebra import Limits, NeedsShapes, Shape
from app.machine import Program

__all__ = ["Function", "Limits", "NeedsShapes", "Program", "argument_names", "parse", "read"]


@dataclass(frozen=True, slots=True)
class Function:
    """A text that has been read as far as it can be without knowing the shapes of its arguments.

    Attributes:
        args: argument names in order.
        program: the function, if it is one whatever the shapes.
        ranks: how each argument is used as far as that is known.
        identity: what names the function if ``program`` does not: equal for texts that read alike.
    """

    args: tuple[str, ...]
    program: Program | None
    ranks: tuple[int | None, ...]
    identity: str
    text: str | tuple[str, ...] = field(repr=False)
    source: syntax.Source = field(repr=False)
    limits: Limits = field(repr=False)

    def at(self, shapes: Sequence[Shape], limits: Limits | None = None) -> Program:
        """Return the function for arguments of these shapes, within its own limits or others.

        Raises:
            errors.Rejected: the text does not make sense for them.
        """
        program = self.program
        if program is not None and all(
            rank is None or len(shape) == rank for rank, shape in zip(program.ranks, shapes, strict=True)
        ):
            return program
        with _located(self.text):
            return machine.Machine(self.args, limits or self.limits, shapes).program(self.source)


def parse(
    text: str | Sequence[str],
    args: Sequence[str] | None = None,
    declared: Collection[str] = (),
    *,
    shapes: Sequence[Shape] | None = None,
    limits: Limits = Limits(),
) -> Program:
    """Parse a function of the language for arguments of known shapes, or one for which shapes do not matter.

    Args:
        text: see ``read``.
        args: see ``read``.
        declared: see ``read``.
        shapes: shape of each argument.
        limits: bounds on the text.

    Raises:
        errors.Rejected: the text is not in the language; ``position`` says where.
        NeedsShapes: the shapes matter and are not given.
    """
    function = read(text, args, declared, limits=limits)
    if shapes is not None:
        return function.at(shapes)
    if function.program is None:
        raise NeedsShapes
    return function.program


def read(
    text: str | Sequence[str],
    args: Sequence[str] | None = None,
    declared: Collection[str] = (),
    *,
    limits: Limits = Limits(),
) -> Function:
    """Read a function of the language.

    Args:
        text: an expression, a lambda or a def; a list of expressions is a function with as many values.
        args: argument names in order; without them, a lambda's or def's parameters, or the free names of an
            expression in the order they appear.
        declared: names known to be arguments though ``args`` is not given (the keys of a point).
        limits: bounds on the text.

    Raises:
        errors.Rejected: the text is not in the language; ``position`` says where.
    """
    with _located(text):
        source = _sources(text, limits)
        names = _arguments(source, args, declared, limits)
        running = machine.Machine(names, limits, None)
        program: Program | None = None
        # What does not fit as it stands may fit arrays; for their shapes the text is read again.
        with contextlib.suppress(NeedsShapes, errors.BadShape):
            program = running.program(source)
        ranks = (None,) * len(names) if program is None else program.ranks
        identity = "" if program is not None else fingerprint.of(source.code, names)
    kept = text if isinstance(text, str) else tuple(text)
    return Function(names, program, ranks, identity, kept, source, limits)


class _located:  # noqa: N801 - reads as a word of the with statement
    """Gives errors the position of their offset in the text."""

    def __init__(self, text: str | Sequence[str]) -> None:
        self._text = text

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> Literal[False]:
        if isinstance(error, errors.GradserveError) and isinstance(self._text, str):
            error.locate(self._text)
        elif isinstance(error, errors.GradserveError) and error.offset is not None and error.position is None:
            _locate_in(self._text, error)
        return False


def _locate_in(texts: Sequence[str], error: errors.GradserveError) -> None:
    """Give an error of a list of texts, whose offsets count on from one text to the next, its text and position."""
    assert error.offset is not None
    for index, text in enumerate(texts):
        if error.offset <= len(text) or index == len(texts) - 1:
            error.field = error.field or f"expression.{index}"
            error.locate(text)
            return
        error.offset -= len(text) + 1


def _sources(text: str | Sequence[str], limits: Limits) -> syntax.Source:
    """Return one source for a text or a list of them."""
    texts = [text] if isinstance(text, str) else text
    size = sum(len(each) if each.isascii() else len(each.encode()) for each in texts)
    if size > limits.max_expression_bytes:
        raise errors.TooComplex(
            f"the expression has {size} bytes, the limit is {limits.max_expression_bytes}", field="expression"
        )
    if isinstance(text, str):
        return syntax.parse(text, max_nesting=limits.max_nesting)
    parts, start = [], 0
    for each in texts:
        parts.append(_shifted(each, start, limits))
        start += len(each) + 1
    parameters = {part.parameters for part in parts}
    if len(parameters) != 1:
        raise errors.InvalidField("the expressions of a list must have the same parameters", field="expression")
    code = [instruction for part in parts for instruction in _one_value(part.code)]
    return syntax.Source(parts[0].parameters, [*code, postfix.Instruction("tuple", len(parts), 0)])


def _shifted(text: str, start: int, limits: Limits) -> syntax.Source:
    """Return the source of one text of a list, its errors placed behind the texts before it."""
    try:
        source = syntax.parse(text, max_nesting=limits.max_nesting)
    except errors.GradserveError as error:
        if error.offset is not None:
            error.offset += start
        raise
    return syntax.Source(source.parameters, [part._replace(offset=part.offset + start) for part in source.code])


def _one_value(code: postfix.Code) -> postfix.Code:
    if any(part.kind in {"store", "keep", "loop", "branch"} for part in code):
        raise errors.InvalidField("a list is of expressions or lambdas; a def may return several values itself")
    return code


def argument_names(args: Sequence[str], limits: Limits = Limits()) -> tuple[str, ...]:
    """Return argument names normalised and checked.

    Raises:
        errors.InvalidName: a name that cannot be used, or is there twice.
        errors.TooComplex: too many of them.
    """
    if len(args) > limits.max_arguments:
        raise errors.TooComplex(f"{len(args)} arguments, the limit is {limits.max_arguments}", field="args")
    names: list[str] = []
    for index, name in enumerate(args):
        try:
            normal = lexing.identifier(name)
        except errors.InvalidName as error:
            error.field = f"args.{index}"
            raise
        if normal in names:
            raise errors.InvalidName(f"the argument {errors.quote(normal)} appears twice", field=f"args.{index}")
        names.append(normal)
    return tuple(names)


def _arguments(
    source: syntax.Source, args: Sequence[str] | None, declared: Collection[str], limits: Limits
) -> tuple[str, ...]:
    given = None if args is None else argument_names(args, limits)
    if source.parameters is not None:
        if given is not None and given != source.parameters:
            listed = errors.quote(", ".join(source.parameters))
            raise errors.InvalidField(f"args must be the function's own parameters, {listed}", field="args")
        return argument_names(source.parameters, limits)
    if given is not None:
        return given
    known = {lexing.identifier(name) for name in declared}
    found = dict.fromkeys(
        name
        for _, name in sorted(postfix.free_names(source.code))
        if "." not in name
        and (name in known or (name not in vocabulary.CONSTANTS and name not in ("True", "False", "float")))
    )
    return argument_names(tuple(found), limits)
