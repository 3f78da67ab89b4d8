"""Stack code to an expression: long loops are read once, everything else as in ``tracer``; few cells are lowered."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sympy
from sympy.core.basic import Basic

from app import errors
from app.language.arrays import functions as array_words
from app.language.arrays import indexing, loops
from app.language.arrays.places import Places, Unreadable, items_of
from app.language.building.array_builder import ArrayBuilder
from app.language.building.builder import Partials
from app.language.expression import nodes, values
from app.language.expression.result import Expression
from app.language.expression.values import NeedsWhole, Shape, Value
from app.language.grammar import stack_code, statements
from app.language.limits import TextLimits
from app.language.lowering import walk
from app.language.numeric.exact import definitions, folding
from app.language.reading import functions
from app.language.reading.operations import Names, StackFrame
from app.language.reading.tracing.tracer import Tracer
from app.language.vocabulary import words


def trace(
    source: statements.Source,
    args: tuple[str, ...],
    limits: TextLimits,
    shapes: Sequence[Shape] | None,
    *,
    whole: bool | None = None,
    exactly: bool = False,
    partials: Partials | None = None,
) -> Expression:
    """Return the expression of a text.

    Without shapes, loops are unrolled, and ``NeedsShapes`` is raised where the expression depends on them. If ``whole``
    is True, an array is one node; if False, it is lowered to its cells; if None, it is lowered if it can be, if that is
    not too long, and if it has no host words. ``exactly`` is whether no constant may be rounded. ``partials`` has the
    derivatives of words, for a text with derivatives.
    """
    builder = ArrayBuilder(args, limits, shapes, expand_exactly if exactly else expand)
    builder.partials = partials
    if exactly:
        builder.folding = folding.FOLDING
    tracer = Tracer(builder) if shapes is None else WholeTracer(builder, [*source.around, *source.code])
    try:
        found = tracer.value(source)
        if whole is False or shapes is None:
            return _lowered(builder, found)
        if whole is None and not builder.hosted:
            with contextlib.suppress(NeedsWhole, errors.TooComplex):
                return _lowered(builder, found)
        return _whole(builder, found)
    except RecursionError:
        raise errors.TooComplex("lists are nested too deep", field="expression") from None


def _lowered(builder: ArrayBuilder, found: Value) -> Expression:
    """Return an expression of numbers."""
    cells: Sequence[Basic]
    shape: Shape
    if found.kind == "argument" or not (builder.has_arrays or builder.is_array(found)):
        cells, shape = (builder.number(found, 0).node,), ()
    else:
        cells, shape = walk.lowered(builder, found)
    root = Basic.__new__(sympy.Tuple, *cells) if shape else cells[0]
    return _expression(builder, root, shape, builder.constants())


def _whole(builder: ArrayBuilder, found: Value) -> Expression:
    """Return an expression of whole arrays."""
    found = builder.array(found, 0)
    if 0 in found.shape:
        raise errors.BadShape("the function returns an empty array")
    root = builder.number(found, 0).node
    constants, shape_of = builder.reached(root)
    return dataclasses.replace(_expression(builder, root, found.shape, constants), whole=True, shape_of=shape_of)


def _expression(builder: ArrayBuilder, root: Basic, shape: Shape, constants: Mapping[int, Any]) -> Expression:
    _refuse_faults(builder, root)
    args, shapes = tuple(builder.args), builder.shapes
    ranks = tuple(builder.ranks if shapes is None else map(len, shapes))
    return Expression(root, args, ranks, constants, shape, shapes, builder.number_as_array, hosted=builder.hosted)


def known(source: statements.Source, limits: TextLimits) -> Value:
    """Return the value of a text without arguments."""
    builder = ArrayBuilder((), limits, (), expand)
    try:
        found = WholeTracer(builder, [*source.around, *source.code]).value(source)
    except RecursionError:
        raise errors.TooComplex("lists are nested too deep", field="expression") from None
    return builder.array(found, 0) if found.kind == "tuple" else found


def _refuse_faults(builder: ArrayBuilder, root: Basic) -> None:
    """Refuse a constant that is not finite and that the function uses."""
    seen, stack = set(), [root] if builder.faults else []
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if id(node) in builder.faults:
            raise builder.faults.pop(id(node))
        if not _is_masked(node):
            stack.extend(node.args)


def _is_masked(node: Basic) -> bool:
    """Return whether a node chooses elements by an array known from the text: those not chosen need not be finite."""
    return type(node) is sympy.Piecewise and any(type(case.args[1]) is nodes.ArrayConstant for case in node.args)


@functools.cache
def _definition(text: str) -> statements.Source:
    """Return the code of a definition of the vocabulary, parsed once."""
    return statements.parse(text, max_nesting=64)


def expand(builder: ArrayBuilder, definition: str, operands: list[Value], offset: int) -> Value:
    """Return a definition of the vocabulary for these operands; errors have the offset of the call."""
    source = _definition(definition)
    builder.charge(len(source.code), offset)
    names = {name: values.content(each) for name, each in zip(source.parameters or (), operands, strict=True)}
    return Tracer(builder).defined(source.code, names, offset)


def expand_exactly(builder: ArrayBuilder, definition: str, operands: list[Value], offset: int) -> Value:
    """Return a definition for exact arithmetic; as ``expand``."""
    return expand(builder, definitions.exactly(definition), operands, offset)


class WholeTracer(Tracer):
    builder: ArrayBuilder

    def __init__(self, builder: ArrayBuilder, code: stack_code.Code) -> None:
        super().__init__(builder)
        self._reads = _reads(code)

    # Comprehensions and series

    def _run_nested(self, frame: StackFrame, instruction: stack_code.Instruction) -> None:
        reason: Exception | None = None
        if isinstance(instruction, stack_code.Comprehension | stack_code.Series):
            try:
                frame.stack.append(self._at_once(instruction, frame))
            except (Unreadable, errors.SyntaxRejected, errors.UnknownName, errors.BadShape) as error:
                reason = error.with_traceback(None)
            else:
                return
        try:
            super()._run_nested(frame, instruction)
        except errors.TooComplex:
            if isinstance(reason, errors.GradserveError):
                reason.is_over_limits = True
                raise reason from None
            raise

    def _at_once(self, instruction: stack_code.Comprehension | stack_code.Series, frame: StackFrame) -> Value:
        if isinstance(instruction, stack_code.Series) and instruction.word in frame.names:
            raise Unreadable
        if isinstance(instruction, stack_code.Comprehension):
            inside = _reads([instruction])
            if any(self._reads[name] > inside[name] for name in stack_code.bound_in(instruction)):
                raise Unreadable
        offset = frame.offset
        names = functions.within(frame.names, _bound(instruction), self.scopes)
        places = Places(self.builder, lambda code, own: self.rerun(code, dict(own), offset), names, offset)
        if isinstance(instruction, stack_code.Series):
            for bounds in reversed(instruction.bounds):
                places.add_range(bounds.name, (bounds.first, bounds.last), beyond=1)
        else:
            for clause in instruction.clauses:
                places.add(clause.pattern, clause.items)
                for condition in clause.conditions:
                    places.filter(condition)
        if loops.is_short(places.count, instruction.body):
            raise Unreadable
        values = self._mapped(places, instruction.body, names, offset)
        if not isinstance(instruction, stack_code.Series):
            return values
        word = "sum" if instruction.word.rpartition(".")[2] in {"Sum", "summation"} else "prod"
        axis = {"axis": self.builder.leaf(0)}
        return array_words.apply(self.builder, words.BY_NAME[word], instruction.word, [values], axis, offset)

    def _mapped(self, places: Places, code: stack_code.Code, names: Names, offset: int) -> Value:
        known = places.known(code)
        if known is not None:
            return indexing.listed(known)

        def body(index: Value) -> Value:
            inner = dict(names)
            for pattern, item in places.at(index):
                self.bind(pattern, item, inner, offset)
            with self.deeper():
                return self.rerun(code, inner, offset)

        return loops.mapped(self.builder, places.count, body, offset)

    # Statements

    def _read_once(self, items: stack_code.Code, loop: Any, names: Names) -> bool:
        offset = loop.offset

        def evaluate(code: stack_code.Code, own: Mapping[str, Value]) -> Value:
            return self.rerun(code, dict(own), offset)

        def run(inner: loops.Variables) -> None:
            if self._inner(loop.body, inner, (), offset) is not None:
                raise Unreadable

        after = dict(names)
        inside = _reads([loop])
        try:
            through = items_of(
                self.builder, lambda code, own: self.rerun(code, dict(own), offset), items, names, offset
            )
            if loops.is_short(through.count, loop.body):
                return False
            loops.ForLoop(
                self.builder,
                through,
                loop,
                run,
                lambda pattern, value, own: self.bind(pattern, value, own, offset),
                lambda name: self._reads[name] > inside[name],
                lambda value, own: self.objects.current(value, own, offset),
            ).read(after)
        except (Unreadable, errors.SyntaxRejected, errors.UnknownName, errors.BadShape):
            return super()._read_once(items, loop, names)
        names.clear()
        names.update(after)
        return True


def _bound(instruction: stack_code.Comprehension | stack_code.Series) -> Iterator[str]:
    """Yield the names that a comprehension or series binds."""
    if isinstance(instruction, stack_code.Series):
        yield from [bounds.name for bounds in instruction.bounds]
    else:
        for clause in instruction.clauses:
            yield from stack_code.names_of(clause.pattern)


def _reads(code: stack_code.Code) -> Counter[str]:
    """Return how often a code reads each name."""
    found = Counter[str]()
    for each in stack_code.instructions(code):
        if isinstance(each, stack_code.Name | stack_code.Element):
            found[each.name] += 1
        elif isinstance(each, stack_code.Change) and isinstance(each.target, str):
            found[each.target] += 1
    return found
