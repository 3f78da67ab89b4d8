"""Stack code to values: a stack machine over values, which unrolls loops.

Where a text depends on the shapes of the arguments (``sum(X**2)``, ``len(X)``), tracing without them raises
``NeedsShapes``.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from app import errors
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import NeedsWhole, Value
from app.language.grammar import stack_code, statements
from app.language.reading import functions, records
from app.language.reading.calls import calling, selections
from app.language.reading.changes import objects
from app.language.reading.changes.assignments import Assignments
from app.language.reading.operations import OPERATIONS, Names, StackFrame, choose
from app.language.reading.tracing import repeated
from app.language.reading.tracing.exits import MAX_TURNS, Exits, merge, replace, unbounded
from app.language.vocabulary.word import Word

_MAX_DEPTH = 100
"""Greatest nesting of comprehensions, loops, branches, series and calls."""


_ITEM = " item"
"""The variable for an item that the point chooses; no name of a text has a space in it."""


def ends_early(code: stack_code.Code) -> bool:
    return any(isinstance(each, stack_code.Break | stack_code.Return) for each in stack_code.own_instructions(code))


_Outcome = Value | Literal["break", "continue"] | None


def _leaves(outcome: _Outcome) -> bool:
    """Return whether a loop is left."""
    return outcome == "break" or isinstance(outcome, Value)


class Tracer:
    def __init__(self, builder: ArrayBuilder) -> None:
        self.builder = builder
        self.scopes: list[functions.Scope] = []  # whose variables functions refer to
        self.objects = objects.Objects(builder)
        self._exits: list[Exits] = []  # of the functions and loops that are running, the innermost last
        self._depth = 0

    @property
    def assignments(self) -> Assignments:
        return Assignments(self.builder, self)  # not kept, because that would be a reference cycle

    def value(self, source: statements.Source) -> Value:
        """Run a text and return the value of its function."""
        code = source.code
        self.builder.changes = stack_code.changes(code) or stack_code.changes(source.around)
        if self.builder.changes and self.builder.shapes is None:
            raise NeedsWhole
        arguments = {name: self.builder.argument(index) for index, name in enumerate(self.builder.args)}
        try:
            names = self._around(source) if source.around else {functions.SCOPE: functions.scope_of(None)}
            for name, value in arguments.items():
                names[name] = self.objects.owned(value, names, code[-1].offset) if self.builder.changes else value
            found = self.body(code, names, code[-1].offset)
            # The default value of a parameter, which has no arguments, may be a function.
            return self.builder.number(found, code[-1].offset) if found.kind == "function" and arguments else found
        finally:
            for scope in self.scopes:
                scope.names = None  # they have functions that have the scope: that would be a reference cycle
            self.scopes.clear()

    def _around(self, source: statements.Source) -> Names:
        """Run the statements around a function, and return the variables that its body sees."""
        outer: Names = {functions.SCOPE: functions.scope_of(None)}
        self.builder.charge(len(source.around), source.around[0].offset)
        if self._returned(source.around, outer, source.around[0].offset) is not None:
            raise errors.SyntaxRejected("a return stands outside a function", offset=source.around[0].offset)
        signature = stack_code.Signature(source.parameters or (), 0, 0, (), "", "")
        function = stack_code.function(source.name, signature, source.code, source.code[-1].offset)
        return functions.inside(function, functions.opened(outer, self.scopes), self, source.code[-1].offset)

    def body(self, code: stack_code.Code, names: Names, offset: int) -> Value:
        """Run the body of a function and return its value."""
        found = self._returned(code, names, offset)
        if found is None:
            raise errors.SyntaxRejected("the function ends without a value", offset=offset)
        return self.objects.released(found, names) if self.builder.changes else found

    def _returned(self, code: stack_code.Code, names: Names, offset: int) -> Value | None:
        """Run statements that are no loop's; return the value that they return."""
        with self._leaving(of_loop=False) as exits:
            found = self._block(code, names)
        return exits.value(found, offset) if isinstance(found, Value) else None

    def call(self, function: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        """Return the value of a function of operands and keyword operands."""
        function = records.as_function(self, function, offset)
        if function.kind != "function":
            raise errors.SyntaxRejected("only a function can be called", offset=offset)
        called: functions.Called = function.function
        with self.deeper():
            return called(self, operands, options, offset)

    def apply(
        self, word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
    ) -> Value:
        """Return a word of the vocabulary, as the text spells it, of operands and keyword operands."""
        frame = StackFrame(self.builder, {}, self)
        frame.offset = offset
        return calling.applied(frame, word, name, list(operands), options)

    def choose(self, condition: Value, chosen: Value, other: Value, offset: int) -> Value:
        """Return one of two values as a condition says."""
        return choose(self.builder, condition, chosen, other, offset)

    def defined(self, code: stack_code.Code, names: Names, offset: int) -> Value:
        """Return the value of a definition of the vocabulary, which may have statements."""
        if not any(isinstance(each, stack_code.Loop | stack_code.Branch) for each in code):
            return self.run(code, names, offset)
        try:
            found = self._returned(code, names, offset)
        except errors.Rejected as error:
            error.offset = offset  # that of the instruction is a place in the definition
            raise
        assert found is not None, "a definition returns a value"
        return found

    def run(self, code: stack_code.Code, names: Names, offset: int | None = None) -> Value:
        """Return the value of an expression; errors have the offset of its instructions, or ``offset``."""
        frame = StackFrame(self.builder, names, self)
        operations = OPERATIONS
        left = iter(code)
        for instruction in left:
            frame.offset = instruction[-1] if offset is None else offset
            operation = operations.get(type(instruction))
            if operation is None:
                self._run_nested(frame, instruction)
                continue
            skip = operation(frame, instruction)
            if skip:
                next(itertools.islice(left, skip - 1, None))
        return frame.stack.pop()

    def _run_nested(self, frame: StackFrame, instruction: stack_code.Instruction) -> None:
        """Run an instruction that has code of its own or binds names."""
        if isinstance(instruction, stack_code.Comprehension):
            frame.stack.append(repeated.comprehension(self, instruction, frame.names, frame.offset))
        elif isinstance(instruction, stack_code.Series):
            if instruction.word in frame.names:
                what = f"'{instruction.word}' is a variable here, not a function"
                raise errors.UnknownName(what, offset=frame.offset)
            frame.stack.append(repeated.series(self, instruction, frame.names, frame.offset))
        elif isinstance(instruction, stack_code.Assign):
            value = frame.stack[-1] if instruction.keep else frame.stack.pop()
            if instruction.keep and self.builder.changes:
                value = frame.stack[-1] = self.objects.owned(value, frame.names, frame.offset)
            if instruction.augmented and isinstance(instruction.pattern, str):
                self.assignments.augmented(instruction.pattern, value, frame.names, frame.offset)
            else:
                self.bind(instruction.pattern, value, frame.names, frame.offset)
        elif isinstance(instruction, stack_code.Augment):
            self.assignments.augment(instruction, frame.stack.pop(), frame.names)
        elif isinstance(instruction, stack_code.Change):
            self.assignments.change(instruction, frame.pop(instruction.size), frame.names)

    def rerun(self, code: stack_code.Code, names: Names, offset: int) -> Value:
        """Run an expression that may be run many times; each run charges its instructions as steps."""
        self.builder.charge(len(code), offset)
        return self.run(code, names)

    def _block(self, code: stack_code.Code, names: Names, after: tuple[stack_code.Code, ...] = ()) -> _Outcome:
        """Run statements; return the value they return, how they leave a loop, or None at their end.

        ``after`` is the code that follows the block in the blocks around it. It is run where a return depends on the
        point.
        """
        frame = StackFrame(self.builder, names, self)
        loops = self._loops(code)
        index = 0
        while index < len(code):
            if index in loops and self._read_once(code[index : loops[index]], code[loops[index]], names):
                index = loops[index] + 1
                continue
            instruction = code[index]
            frame.offset = instruction[-1]
            index += 1
            operation = OPERATIONS.get(type(instruction))
            if operation is not None:
                index += operation(frame, instruction) or 0
                continue
            outcome: _Outcome = None
            if isinstance(instruction, stack_code.Branch):
                outcome = self._branch(frame.stack.pop(), instruction, names, (code[index:], *after))
            elif isinstance(instruction, stack_code.Chain):
                outcome = self._chain(instruction, names, (code[index:], *after))
            elif isinstance(instruction, stack_code.Loop):
                outcome = self._loop(frame.stack.pop(), instruction, names)
            elif isinstance(instruction, stack_code.While):
                outcome = self._while(instruction, names)
            elif isinstance(instruction, stack_code.Return):
                outcome = frame.stack.pop()
            elif isinstance(instruction, stack_code.Break):
                outcome = "break"
            elif isinstance(instruction, stack_code.Continue):
                outcome = "continue"
            else:
                self._run_nested(frame, instruction)
            if outcome is not None:
                return outcome
        return frame.stack.pop() if frame.stack else None

    def _branch(
        self, test: Value, branch: stack_code.Branch, names: Names, after: tuple[stack_code.Code, ...]
    ) -> _Outcome:
        """Run one body of an ``if``, or both where the condition depends on the point."""
        offset = branch.offset
        condition = self.builder.decision(test, offset)
        if condition.constant is not None:
            return self._inner(branch.chosen if condition.constant else branch.other, names, after, offset)
        self.builder.charge(len(names), offset)
        exits, sides, found = self._exits[-1], (dict(names), dict(names)), list[_Outcome]()
        for code, own, holds in zip((branch.chosen, branch.other), sides, (True, False), strict=True):
            with exits.branch(condition, holds):
                found.append(self._inner(code, own, after, offset))
        if any(found) and not (exits.of_loop and any(map(_leaves, found))):
            for index, holds in enumerate((True, False)):
                with exits.branch(condition, holds):
                    found[index] = found[index] or self._completed(after, sides[index], offset)
        first, second = found
        if isinstance(first, Value) and isinstance(second, Value):
            return choose(self.builder, condition, first, second, offset)
        for left, kept, holds in ((first, second, True), (second, first, False)):
            if _leaves(left):
                value = left if isinstance(left, Value) else None
                exits.add(condition, holds, sides[0 if holds else 1], value, offset)
                replace(names, sides[1 if holds else 0])
                return kept
        merge(self, condition, sides, names, offset)
        return first or second

    def _chain(self, chain: stack_code.Chain, names: Names, after: tuple[stack_code.Code, ...]) -> _Outcome:
        """Run the first body whose condition holds; where a condition depends on the point, as branches in another."""
        tests, bodies, other, _, offset = chain
        for index, (code, body) in enumerate(zip(tests, bodies, strict=True)):
            test = self.rerun(code, names, offset)
            condition = self.builder.decision(test, offset)
            if condition.constant is None:
                rest = chain._replace(tests=tests[index + 1 :], bodies=bodies[index + 1 :])
                left = [rest] if rest.tests else other
                return self._branch(test, stack_code.Branch(body, left, offset), names, after)
            if condition.constant:
                return self._inner(body, names, after, offset)
        return self._inner(other, names, after, offset)

    def _completed(self, after: tuple[stack_code.Code, ...], names: Names, offset: int) -> _Outcome:
        for index, code in enumerate(after):
            outcome = self._inner(code, names, after[index + 1 :], offset)
            if outcome is not None:
                return outcome
        return None

    def _loops(self, code: stack_code.Code) -> Mapping[int, int]:
        """Return where loops stand that do not end early, by where the code of their items begins."""
        return {
            stack_code.start_of_last(code[:end]): end
            for end, instruction in enumerate(code)
            if isinstance(instruction, stack_code.Loop) and not ends_early(instruction.body)
        }

    def _read_once(self, items: stack_code.Code, loop: Any, names: Names) -> bool:
        """Read a loop without unrolling it; return whether that is done."""
        repeated.foresee(self, items, len(loop.body), names, loop.offset)
        return False

    def _loop(self, items: Value, loop: stack_code.Loop, names: Names) -> Value | None:
        offset = loop.offset
        values = selections.items(self.builder, items, offset)
        self.builder.charge(len(values), offset)
        if not ends_early(loop.body):
            self.builder.foresee(len(values) * len(loop.body), offset)
        taken = stack_code.Name(_ITEM, offset), stack_code.Assign(loop.pattern, False, False, offset)
        outcome: _Outcome = None
        with self._leaving(of_loop=True) as exits:
            for item, kept in values:
                current = self.objects.current(item, names, offset)
                if kept:
                    names[_ITEM] = current
                    branch = stack_code.Branch([*taken, *loop.body], (), offset)
                    outcome = self._branch(self.builder.all(kept, offset), branch, names, ())
                else:
                    self.bind(loop.pattern, current, names, offset)
                    outcome = self._inner(loop.body, names, (), offset)
                if _leaves(outcome):
                    break
        return self._left(exits, outcome, names, offset)

    def _while(self, loop: stack_code.While, names: Names) -> Value | None:
        """Run a body as long as a condition may hold, and the point has decided so MAX_TURNS times at most."""
        outcome: _Outcome = None
        with self._leaving(of_loop=True) as exits:
            undecided = 0
            while not _leaves(outcome):
                before = len(exits)
                ended = undecided > MAX_TURNS
                outcome = self.builder.named("nan", math.nan) if ended else self._turn(loop, exits, names)
                undecided += len(exits) > before
        return self._left(exits, outcome, names, loop.offset)

    def _turn(self, loop: stack_code.While, exits: Exits, names: Names) -> _Outcome:
        try:
            condition = self.builder.decision(self.rerun(loop.test, names, loop.offset), loop.offset)
            if condition.constant is None:
                exits.add(condition, False, names, None, loop.offset)
            elif not condition.constant:
                return "break"
            return self._inner(loop.body, names, (), loop.offset)
        except errors.TooComplex:
            if not exits:
                raise
            raise unbounded(loop.offset) from None

    def _left(self, exits: Exits, outcome: _Outcome, names: Names, offset: int) -> Value | None:
        """End a loop; return what it returns at every point, None if the run goes on after it."""
        found = exits.closed(outcome if isinstance(outcome, Value) else None, names, offset)
        if found is None or found.condition.constant:
            return None if found is None else found.value
        self._exits[-1].add(found.condition, True, names, found.value, offset)
        return None

    @contextlib.contextmanager
    def _leaving(self, *, of_loop: bool) -> Iterator[Exits]:
        """Run a loop or function, whose exits are its own."""
        self._exits.append(Exits(self, of_loop=of_loop))
        try:
            yield self._exits[-1]
        finally:
            self._exits.pop()

    def _inner(self, code: stack_code.Code, names: Names, after: tuple[stack_code.Code, ...], offset: int) -> _Outcome:
        self.builder.charge(len(code), offset)
        with self.deeper():
            return self._block(code, names, after)

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise errors.TooComplex(
                f"loops, branches and calls are nested more than {_MAX_DEPTH} deep", field="expression"
            )
        try:
            yield
        finally:
            self._depth -= 1

    def bind(self, pattern: stack_code.Pattern, value: Value, names: Names, offset: int) -> None:
        self.assignments.bind(pattern, value, names, offset)
