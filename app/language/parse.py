"""Text to SymPy expression, without ever evaluating the text.

``grammar`` turns the text into stack code, LaTeX too if its last line says that it is; ``tracer`` runs the code over
values. Arguments become the symbols v0, v1, ... and indexed v0, v1, ...: text of a client reaches no printer and no
symbol table.

Where the expression depends on the shapes of the arguments (``sum(X**2)``, ``len(X)``), the code is traced again for
each set of shapes; else (``X[0]*y``) it is traced once. An array is one node; for few numbers, and for formulae, arrays
are lowered to their cells.

Constant subexpressions are folded, exactly if they are rational and in float64 if not. The folded value is kept beside
the node, so the expression stays as the client wrote it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app import errors
from app.language import identity
from app.language.advice import details, slips
from app.language.building.builder import Partials
from app.language.expression.result import Expression
from app.language.expression.values import NeedsShapes, Shape
from app.language.grammar import lexer, stack_code, statements
from app.language.grammar.definitions import counting
from app.language.grammar.modules import parser as modules
from app.language.grammar.spelling.latex import translator as latex
from app.language.limits import TextLimits
from app.language.reading import imports
from app.language.reading.calls import methods
from app.language.reading.tracing.whole_tracer import known, trace
from app.language.vocabulary import constants, words
from app.language.vocabulary.functions import control

Json = Any


@dataclass(frozen=True, slots=True)
class ParsedFunction:
    """A text that is parsed, and traced unless its expression depends on the shapes of its arguments."""

    args: tuple[str, ...]
    expression: Expression | None  # if it is the same for all shapes
    ranks: tuple[int | None, ...]  # as in ``Expression``; None where the use of an argument depends on shapes
    identity: str  # see ``identity``; empty if there is an expression, whose tape names the function
    text: str | tuple[str, ...] = field(repr=False)
    source: statements.Source = field(repr=False)
    limits: TextLimits = field(repr=False)
    defaults: Mapping[str, Json] = field(default_factory=dict)  # default values of arguments, as in a point
    too_complex: bool = False  # whether it is over the limits unless it is read for whole arrays
    partials: Partials | None = field(default=None, repr=False)

    def at(self, shapes: Sequence[Shape], limits: TextLimits | None = None, *, whole: bool | None = None) -> Expression:
        """Return the expression for arguments of these shapes, or raise ``errors.Rejected``.

        If ``whole`` is True, an array is one node; if False, it is lowered to its cells, or ``NeedsWhole`` is raised.
        If None, it is lowered unless that takes too many steps or only whole arrays have what the text uses, such as
        an index that depends on the point. ``Expression.whole`` tells. With host
        words it is whole, unless ``whole`` is False.
        """
        found = None if whole or (whole is None and self._hosted) else self.expression
        if found is not None and all(
            rank is None or len(shape) == rank for rank, shape in zip(found.ranks, shapes, strict=True)
        ):
            return found
        with _located(self.text):
            return trace(self.source, self.args, limits or self.limits, shapes, whole=whole, partials=self.partials)

    def exactly(self, shapes: Sequence[Shape]) -> Expression:
        """Return the expression for arguments of these shapes, element by element, with no constant rounded.

        See ``numeric.exact``; ``NeedsWhole`` is raised if only whole arrays have what the text uses.
        """
        with _located(self.text):
            return trace(self.source, self.args, self.limits, shapes, whole=False, exactly=True, partials=self.partials)

    @property
    def _hosted(self) -> bool:
        return self.expression is not None and self.expression.hosted


def parse(
    text: str | Sequence[str],
    args: Sequence[str] | None = None,
    declared: Collection[str] = (),
    *,
    shapes: Sequence[Shape] | None = None,
    limits: TextLimits = TextLimits(),
    partials: Partials | None = None,
) -> Expression:
    """Return the expression of a text (see ``read``) for arguments of given shapes.

    Without shapes it raises ``NeedsShapes`` if the expression depends on them.
    """
    function = read(text, args, declared, limits=limits, partials=partials)
    if shapes is not None:
        return function.at(shapes)
    if function.expression is None:
        with _located(text), contextlib.suppress(errors.BadShape):
            trace(function.source, function.args, limits, None, partials=partials)  # raises what ``read`` has put off
        raise NeedsShapes
    return function.expression


def read(
    text: str | Sequence[str],
    args: Sequence[str] | None = None,
    declared: Collection[str] = (),
    *,
    limits: TextLimits = TextLimits(),
    partials: Partials | None = None,
) -> ParsedFunction:
    """Read an expression, a lambda, a def or a text of several; a list of expressions has as many values.

    ``args`` are the argument names in order. Without them, the arguments are the parameters of a lambda or def, or the
    free names of an expression in the order they appear; names in ``declared`` (the keys of a point) are known to be
    arguments. ``partials`` has the derivatives of words, for a text with derivatives: ``symbolic.partials`` of
    ``app.autodiff``. ``errors.Rejected`` says in its ``position`` where the text is not in the language.
    """
    with _located(text):
        source, written = _sources(text, declared if args is None else args, limits)
        source, defaults = _with_defaults(source, limits)
        names = _arguments(source, args, {*declared, *written}, limits)
        expression: Expression | None = None
        # A text that is wrong for numbers may be right for arrays, and one that takes too many steps may take few when
        # it is read for whole arrays: it is traced again for the shapes of its arguments.
        too_complex = False
        try:
            expression = trace(source, names, limits, None, partials=partials)
        except errors.TooComplex:
            too_complex = True
        except (NeedsShapes, errors.BadShape):
            methods.refuse_foreign_attributes([*source.around, *source.code])
        ranks = (None,) * len(names) if expression is None else expression.ranks
        digest = identity.digest(source.code, names, source.around) if expression is None else ""
    kept = text if isinstance(text, str) else tuple(text)
    return ParsedFunction(names, expression, ranks, digest, kept, source, limits, defaults, too_complex, partials)


_WORDS = frozenset((*words.BY_NAME, *constants.BARE, "True", "False", "float", "None"))
"""Names that mean something of their own where nothing else has them."""


@contextlib.contextmanager
def _located(text: str | Sequence[str]) -> Iterator[None]:
    """Give errors the line and column of their offset."""
    try:
        yield
    except errors.GradserveError as error:
        error.hint = error.hint or details.hint(error.detail)
        if isinstance(text, str):
            error.locate(text)
        elif error.offset is not None and error.position is None:
            _locate_in(text, error)
        raise


def _locate_in(texts: Sequence[str], error: errors.GradserveError) -> None:
    """Give an error of a list of texts its field and position; its offset counts from the start of the first text."""
    assert error.offset is not None
    for index, text in enumerate(texts):
        if error.offset <= len(text) or index == len(texts) - 1:
            error.field = error.field or f"expression.{index}"
            error.locate(text)
            return
        error.offset -= len(text) + 1


def _sources(
    text: str | Sequence[str], known: Collection[str], limits: TextLimits
) -> tuple[statements.Source, Collection[str]]:
    """Return one source for a text or a list of them, and the names that LaTeX writes as arguments."""
    texts = [text] if isinstance(text, str) else text
    plain = [latex.unmarked(each) for each in texts]
    size = sum(len(each) if each.isascii() else len(each.encode()) for each in plain)
    if size > limits.max_expression_bytes:
        raise errors.TooComplex(
            f"the expression has {size} bytes, the limit is {limits.max_expression_bytes}", field="expression"
        )
    if isinstance(text, str):
        return _parsed(text, known, limits)
    parts, written, start = [], dict[str, None](), 0
    for each in texts:
        part, names = _shifted(each, start, known, limits)
        parts.append(part)
        written |= dict.fromkeys(names)
        start += len(each) + 1
    parameters = {part.parameters for part in parts}
    if len(parameters) != 1:
        raise errors.InvalidField("the expressions of a list must have the same parameters", field="expression")
    code = [instruction for part in parts for instruction in part.code]
    if stack_code.has_statements(code) or any(part.around for part in parts):
        raise errors.InvalidField("a list is of expressions or lambdas; a def may return several values itself")
    return statements.Source(parts[0].parameters, [*code, stack_code.Collection("tuple", len(parts), 0)]), written


def _parsed(text: str, known: Collection[str], limits: TextLimits) -> tuple[statements.Source, Collection[str]]:
    """Return the source of one text and the names that LaTeX writes as arguments.

    Say what to write instead where the grammar refuses it.
    """
    if latex.is_marked(text):
        tokens, written = latex.translated(text, known, words.BY_NAME, limits.max_nesting)
        return modules.parse(text, max_nesting=limits.max_nesting, words=_WORDS, tokens=tokens), written
    try:
        return imports.applied(modules.parse(text, max_nesting=limits.max_nesting, words=_WORDS)), ()
    except errors.SyntaxRejected as error:
        if error.offset is not None and not (error.hint or "").startswith(modules.OWN_HINTS):
            error.hint = slips.hint(text, error.offset, words.BY_NAME) or error.hint
        raise


def _shifted(
    text: str, start: int, known: Collection[str], limits: TextLimits
) -> tuple[statements.Source, Collection[str]]:
    """Return the same as ``_parsed`` for a text of a list, with offsets that count from the start of the first text."""
    try:
        source, written = _parsed(text, known, limits)
    except errors.GradserveError as error:
        if error.offset is not None:
            error.offset += start
        raise
    code = [part._replace(offset=part.offset + start) for part in source.code]
    return statements.Source(source.parameters, code), written


def _with_defaults(source: statements.Source, limits: TextLimits) -> tuple[statements.Source, Mapping[str, Json]]:
    """Return a text and the default values of its arguments.

    A parameter whose default is no number or array of numbers (None, True, a function), or is a number by which the
    function counts, is no argument: it always has that value.
    """
    found: dict[str, Json] = {}
    counted = counting.counts(source.code, source.name) if source.defaults else set()
    ranges = counting.ranges(source.code) if source.defaults else set()
    for name, code in source.defaults:
        value = known(dataclasses.replace(source, parameters=None, code=code, defaults=()), limits)
        constant = value.constant if value.kind == "number" else None
        if constant is not None and name not in (counted if type(constant) is int else ranges):
            found[name] = constant.tolist() if isinstance(constant, np.ndarray) else constant
            continue
        # No other name has a space in it.
        around = [
            *source.around,
            *code,
            stack_code.Assign(f" {name}", keep=False, augmented=False, offset=code[0].offset),
        ]
        first = (
            stack_code.Name(f" {name}", code[0].offset),
            stack_code.Assign(name, keep=False, augmented=False, offset=code[0].offset),
        )
        names = tuple([each for each in source.parameters or () if each != name])
        source = dataclasses.replace(source, parameters=names, code=[*first, *source.code], around=around)
    if source.parameters == ():
        raise errors.SyntaxRejected("the function has no arguments", offset=source.code[0].offset)
    return source, found


def _given_functions(code: stack_code.Code) -> set[int]:
    """Return the offsets of words that a bare expression gives to another function: ``vmap(sin)(x)``."""
    found: set[int] = set()
    for end, each in enumerate(code):
        if isinstance(each, stack_code.Apply) and each.name in control.BY_NAME:
            for operand in stack_code.operand_codes(code[: end + 1]):
                if isinstance(operand[-1], stack_code.Name) and operand[-1].name in words.BY_NAME:
                    found.add(operand[-1].offset)
    return found


def argument_names(args: Sequence[str], limits: TextLimits = TextLimits()) -> tuple[str, ...]:
    """Return argument names, normalised and checked."""
    if len(args) > limits.max_arguments:
        raise errors.TooComplex(f"{len(args)} arguments, the limit is {limits.max_arguments}", field="args")
    names: list[str] = []
    for index, name in enumerate(args):
        try:
            normal = lexer.identifier(name)
        except errors.InvalidName as error:
            error.field = f"args.{index}"
            raise
        if normal in names:
            raise errors.InvalidName(f"the argument {errors.quote(normal)} appears twice", field=f"args.{index}")
        names.append(normal)
    return tuple(names)


def _refuse_assigned(code: stack_code.Code, args: Collection[str]) -> None:
    """Refuse an argument that the text assigns to and does not read before."""
    read = {name for _, name in stack_code.unbound_names(code)}
    for each in stack_code.own_instructions(code):
        if isinstance(each, stack_code.Assign):
            for name in stack_code.names_of(each.pattern):
                if name in args and name not in read:
                    what = f"the text assigns to {errors.quote(name)}, which is an argument"
                    raise errors.SyntaxRejected(what, hint="leave it out of args", offset=each.offset)


def _arguments(
    source: statements.Source, args: Sequence[str] | None, declared: Collection[str], limits: TextLimits
) -> tuple[str, ...]:
    given = None if args is None else argument_names(args, limits)
    if source.parameters is not None:
        if given is not None and given != source.parameters:
            listed = errors.quote(", ".join(source.parameters))
            raise errors.InvalidField(f"args must be the function's own parameters, {listed}", field="args")
        return argument_names(source.parameters, limits)
    if given is not None:
        if stack_code.has_statements(source.code):
            _refuse_assigned(source.code, given)
        return given
    known = {lexer.identifier(name) for name in declared}
    functions = _given_functions(source.code)
    found = dict.fromkeys(
        name
        for offset, name in sorted(stack_code.unbound_names(source.code))
        if "." not in name
        and (offset not in functions or name in known)
        and (name in known or (name not in constants.BARE and name not in ("True", "False", "float", "int", "bool")))
    )
    return argument_names(tuple(found), limits)
