"""Stack code to an expression of whole arrays: long loops are read once, everything else as in ``tracer``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app import errors
from app.language.arrays import functions, loops
from app.language.arrays.places import Places, Unreadable, items_of
from app.language.building.array_builder import ArrayBuilder
from app.language.grammar import stack_code, statements
from app.language.limits import TextLimits
from app.language.reading.operations import Names, StackFrame
from app.language.reading.tracer import Expression, Tracer, expand, refuse_faults
from app.language.values import Shape, Value
from app.language.vocabulary import words


def trace(source: statements.Source, args: tuple[str, ...], limits: TextLimits, shapes: Sequence[Shape]) -> Expression:
    """Return the expression of a text, in which an array is one node."""
    builder = ArrayBuilder(args, limits, shapes, expand)
    try:
        found = builder.array(WholeTracer(builder, source.code).value(source.code), 0)
    except RecursionError:
        raise errors.TooComplex("lists are nested too deep", field="expression") from None
    if 0 in found.shape:
        raise errors.BadShape("the function returns an empty array")
    root = builder.number(found, 0).node
    refuse_faults(builder, root)
    constants, shape_of = builder.reached(root)
    return Expression(
        root=root,
        args=args,
        ranks=tuple([len(own) for own in shapes]),
        constants=constants,
        shape=found.shape,
        shapes=tuple(shapes),
        number_as_array=builder.number_as_array,
        whole=True,
        shape_of=shape_of,
    )


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
            except (Unreadable, errors.SyntaxRejected, errors.BadShape) as error:
                reason = error.with_traceback(None)
            else:
                return
        try:
            super()._run_nested(frame, instruction)
        except errors.TooComplex:
            if isinstance(reason, errors.GradserveError):
                raise reason from None
            raise

    def _at_once(self, instruction: stack_code.Comprehension | stack_code.Series, frame: StackFrame) -> Value:
        if isinstance(instruction, stack_code.Series) and instruction.word in frame.names:
            raise Unreadable
        offset = frame.offset
        places = Places(
            self.builder, lambda code, names: self._rerun(code, dict(names), offset), dict(frame.names), offset
        )
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
        values = self._mapped(places, instruction.body, frame.names, offset)
        if not isinstance(instruction, stack_code.Series):
            return values
        word = "sum" if instruction.word.rpartition(".")[2] in {"Sum", "summation"} else "prod"
        axis = {"axis": self.builder.leaf(0)}
        return functions.apply(self.builder, words.BY_NAME[word], instruction.word, [values], axis, offset)

    def _mapped(self, places: Places, code: stack_code.Code, names: Names, offset: int) -> Value:
        known = places.known(code)
        if known is not None:
            return loops.listed(known)

        def body(index: Value) -> Value:
            inner = dict(names)
            for pattern, item in places.at(index):
                self._bind(pattern, item, inner, offset)
            with self._deeper():
                return self._rerun(code, inner, offset)

        return loops.mapped(self.builder, places.count, body, offset)

    # Statements

    def _read_once(self, items: stack_code.Code, loop: Any, names: Names) -> bool:
        offset = loop.offset

        def evaluate(code: stack_code.Code, own: Mapping[str, Value]) -> Value:
            return self._rerun(code, dict(own), offset)

        def run(inner: loops.Variables) -> None:
            if self._inner(loop.body, inner, (), offset) is not None:
                raise Unreadable

        after = dict(names)
        inside = _reads([loop])
        try:
            through = items_of(
                self.builder, lambda code, own: self._rerun(code, dict(own), offset), items, names, offset
            )
            if loops.is_short(through.count, loop.body):
                return False
            loops.ForLoop(
                self.builder,
                through,
                loop,
                run,
                lambda pattern, value, own: self._bind(pattern, value, own, offset),
                lambda name: self._reads[name] > inside[name],
            ).read(after)
        except (Unreadable, errors.SyntaxRejected, errors.BadShape):
            return super()._read_once(items, loop, names)
        names.clear()
        names.update(after)
        return True


def _reads(code: stack_code.Code) -> Counter[str]:
    """Return how often a code reads each name."""
    return Counter(each.name for each in stack_code.instructions(code) if isinstance(each, stack_code.Name))
