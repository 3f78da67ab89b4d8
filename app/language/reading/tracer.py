"""Stack code to values: a stack machine over values, which unrolls loops.

Where a text depends on the shapes of the arguments (``sum(X**2)``, ``len(X)``), tracing without them raises
``NeedsShapes``.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from app import errors
from app.language.arrays.call import ArrayCall
from app.language.arrays.words import reductions
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import NeedsWhole, Value
from app.language.grammar import stack_code, statements
from app.language.reading import functions, records
from app.language.reading.calls import calling, selections
from app.language.reading.changes import objects
from app.language.reading.changes.assignments import Assignments
from app.language.reading.operations import OPERATIONS, Names, StackFrame, choose
from app.language.vocabulary.word import Word

_MANY = 10**9
"""More steps than any limit allows; a longer range is charged as this many."""

_MAX_DEPTH = 30
"""Greatest nesting of comprehensions, loops, branches, series and calls."""


def ends_early(code: stack_code.Code) -> bool:
    return any(isinstance(each, stack_code.Break | stack_code.Return) for each in stack_code.own_instructions(code))


_Outcome = Value | Literal["break", "continue"] | None


class Tracer:
    def __init__(self, builder: ArrayBuilder) -> None:
        self.builder = builder
        self.scopes: list[functions.Scope] = []  # whose variables functions refer to
        self.objects = objects.Objects(builder)
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
        if self._block(source.around, outer) is not None:
            raise errors.SyntaxRejected("a return stands outside a function", offset=source.around[0].offset)
        signature = stack_code.Signature(source.parameters or (), 0, 0, (), "", "")
        function = stack_code.function(source.name, signature, source.code, source.code[-1].offset)
        return functions.inside(function, functions.opened(outer, self.scopes), self, source.code[-1].offset)

    def body(self, code: stack_code.Code, names: Names, offset: int) -> Value:
        """Run the body of a function and return its value."""
        found = self._block(code, names)
        if not isinstance(found, Value):
            raise errors.SyntaxRejected("the function ends without a value", offset=offset)
        return self.objects.released(found, names) if self.builder.changes else found

    def call(self, function: Value, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        """Return the value of a function of operands and keyword operands."""
        function = records.as_function(self, function, offset)
        if function.kind != "function":
            raise errors.SyntaxRejected("only a function can be called", offset=offset)
        called: functions.Called = function.function
        with self._deeper():
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
            found = self._block(code, names)
        except errors.Rejected as error:
            error.offset = offset  # that of the instruction is a place in the definition
            raise
        assert isinstance(found, Value), "a definition returns a value"
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
            items = list(self._items(instruction, instruction.clauses, frame.names, frame.offset))
            frame.stack.append(selections.filtered(self.builder, items, frame.offset))
        elif isinstance(instruction, stack_code.Series):
            if instruction.word in frame.names:
                what = f"'{instruction.word}' is a variable here, not a function"
                raise errors.UnknownName(what, offset=frame.offset)
            frame.stack.append(self._total(instruction, instruction.bounds, frame.names, frame.offset))
        elif isinstance(instruction, stack_code.Assign):
            value = frame.stack[-1] if instruction.keep else frame.stack.pop()
            if instruction.keep and self.builder.changes:
                value = frame.stack[-1] = self.objects.owned(value, frame.names, frame.offset)
            if instruction.augmented and isinstance(instruction.pattern, str):
                self.assignments.augmented(instruction.pattern, value, frame.names, frame.offset)
            else:
                self._bind(instruction.pattern, value, frame.names, frame.offset)
        elif isinstance(instruction, stack_code.Augment):
            self.assignments.augment(instruction, frame.stack.pop(), frame.names)
        elif isinstance(instruction, stack_code.Change):
            self.assignments.change(instruction, frame.pop(instruction.size), frame.names)

    def _rerun(self, code: stack_code.Code, names: Names, offset: int) -> Value:
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
        sides = [dict(names), dict(names)]
        bodies = branch.chosen, branch.other
        found = [self._inner(code, own, after, offset) for code, own in zip(bodies, sides, strict=True)]
        if found == [None, None]:
            self._merge(condition, sides, names, offset)
            return None
        ends = [each or self._completed(after, own, offset) for each, own in zip(found, sides, strict=True)]
        if all(end is None or end == "continue" for end in ends):  # what is left of a loop's body has run
            self._merge(condition, sides, names, offset)
            return "continue"
        first, second = ends
        if isinstance(first, Value) and isinstance(second, Value):
            return choose(self.builder, condition, first, second, offset)
        what = "a return or break inside a loop may not depend on the point"
        raise errors.SyntaxRejected(what, hint="choose values with a if condition else b", offset=offset)

    def _chain(self, chain: stack_code.Chain, names: Names, after: tuple[stack_code.Code, ...]) -> _Outcome:
        """Run the first body whose condition holds; where a condition depends on the point, as branches in another."""
        tests, bodies, other, _, offset = chain
        for index, (code, body) in enumerate(zip(tests, bodies, strict=True)):
            test = self._rerun(code, names, offset)
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

    def _merge(self, condition: Value, sides: Sequence[Names], names: Names, offset: int) -> None:
        """Merge the variables of both bodies of a branch; a name that only one of them has is undefined after it."""
        chosen, other = sides
        for name in [*chosen, *other]:
            if name in chosen and name in other:
                if chosen[name] is other[name]:
                    names[name] = chosen[name]
                else:
                    names[name] = self._merged(condition, chosen, other, name, offset)
            else:
                names.pop(name, None)

    def _merged(self, condition: Value, chosen: Names, other: Names, name: str, offset: int) -> Value:
        """Return the value of a variable after both bodies of a branch."""
        first, second = (self.objects.current(own[name], own, offset) for own in (chosen, other))
        found = choose(self.builder, condition, first, second, offset)
        return objects.merged(self.builder, (chosen[name], other[name]), found)

    def _loops(self, code: stack_code.Code) -> Mapping[int, int]:
        """Return where loops stand that do not end early, by where the code of their items begins."""
        return {
            stack_code.start_of_last(code[:end]): end
            for end, instruction in enumerate(code)
            if isinstance(instruction, stack_code.Loop) and not ends_early(instruction.body)
        }

    def _read_once(self, items: stack_code.Code, loop: Any, names: Names) -> bool:
        """Read a loop without unrolling it; return whether that is done."""
        self._foresee(items, len(loop.body), names, loop.offset)
        return False

    def _loop(self, items: Value, loop: stack_code.Loop, names: Names) -> Value | None:
        offset = loop.offset
        values = self.builder.items(items, offset)
        self.builder.charge(len(values), offset)
        if not ends_early(loop.body):
            self.builder.foresee(len(values) * len(loop.body), offset)
        for item in values:
            self._bind(loop.pattern, self.objects.current(item, names, offset), names, offset)
            outcome = self._inner(loop.body, names, (), offset)
            if isinstance(outcome, Value):
                return outcome
            if outcome == "break":
                break
        return None

    def _while(self, loop: stack_code.While, names: Names) -> Value | None:
        """Run a body as long as a condition holds, which must be known at each step."""
        while True:
            condition = self.builder.decision(self._rerun(loop.test, names, loop.offset), loop.offset)
            if condition.constant is None:
                what = "how long a loop goes on may not depend on the point"
                hint = "write a for loop with a number of steps that is known"
                raise errors.SyntaxRejected(what, hint=hint, offset=loop.offset)
            outcome = self._inner(loop.body, names, (), loop.offset) if condition.constant else "break"
            if isinstance(outcome, Value):
                return outcome
            if outcome == "break":
                return None

    def _inner(self, code: stack_code.Code, names: Names, after: tuple[stack_code.Code, ...], offset: int) -> _Outcome:
        self.builder.charge(len(code), offset)
        with self._deeper():
            return self._block(code, names, after)

    @contextlib.contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise errors.TooComplex(
                f"loops, branches and calls are nested more than {_MAX_DEPTH} deep", field="expression"
            )
        try:
            yield
        finally:
            self._depth -= 1

    def _bind(self, pattern: stack_code.Pattern, value: Value, names: Names, offset: int) -> None:
        self.assignments.bind(pattern, value, names, offset)

    def _items(
        self, comprehension: stack_code.Comprehension, left: Sequence[stack_code.Clause], names: Names, offset: int
    ) -> Iterator[selections.Item]:
        """Yield the values of a comprehension's body, and the conditions for each, the first clause outermost."""
        body = comprehension.body
        if not left:
            yield self._rerun(body, names, offset), ()
            return
        clause, *rest = left
        if not clause.conditions:
            self._foresee(clause.items, len(body), names, offset)
        values = selections.items(self.builder, self._rerun(clause.items, names, offset), offset)
        self.builder.charge(len(values) + len(names), offset)
        if not clause.conditions:
            self.builder.foresee(len(values) * len(body), offset)
        inner = functions.within(names, stack_code.names_of(clause.pattern), self.scopes)
        with self._deeper():
            for item, kept in values:
                self._bind(clause.pattern, item, inner, offset)
                tests = self._tests(clause.conditions, inner, offset)
                if tests is not None:
                    for value, more in self._items(comprehension, rest, inner, offset):
                        yield value, (*kept, *tests, *more)
        names.update({name: inner[name] for name in stack_code.bound_in(comprehension) if name in inner})

    def _foresee(self, items: stack_code.Code, steps: int, names: Names, offset: int) -> None:
        """Refuse so many steps for each item of a range, before the items are made."""
        call = items[-1]
        if isinstance(call, stack_code.Apply) and call.name == "range" and "range" not in names and not call.keywords:
            ends = [self._rerun(code, names, offset).constant for code in stack_code.operand_codes(items)]
            if all(type(end) is int for end in ends) and 1 <= len(ends) <= 3 and 0 not in ends[2:]:
                first, last, step = (0, ends[0], 1) if len(ends) == 1 else (*ends, 1)[:3]
                self.builder.foresee(steps * max(0, (last - first) // step), offset)

    def _tests(self, conditions: Sequence[stack_code.Code], names: Names, offset: int) -> list[Value] | None:
        """Return the conditions of a clause that depend on the point, None if another one does not hold."""
        found = []
        for code in conditions:
            condition = self.builder.decision(self._rerun(code, names, offset), offset)
            if condition.constant is None:
                found.append(condition)
            elif not condition.constant:
                return None
        return found

    def _total(self, series: stack_code.Series, left: Sequence[stack_code.Bounds], names: Names, offset: int) -> Value:
        """Return the sum or product of a series' body, the last of the bounds outermost."""
        if not left:
            return self._rerun(series.body, names, offset)
        *outer, bounds = left
        ends = [self._rerun(code, names, offset) for code in (bounds.first, bounds.last)]
        first, last = (self.builder.integer(end, offset, "a bound of a series") for end in ends)
        # As SymPy (Karr's convention): a series whose bounds run backwards is negated, or inverted for a product.
        backwards = last < first - 1
        if backwards:
            first, last = last + 1, first - 1
        self.builder.charge(min(last + 1 - first, _MANY) + len(names), offset)
        self.builder.foresee((last + 1 - first) * len(series.body), offset)
        inner, terms = functions.within(names, (bounds.name,), self.scopes), []
        with self._deeper():
            for index in range(first, last + 1):
                inner[bounds.name] = self.builder.leaf(index)
                terms.append(self._total(series, outer, inner, offset))
        is_sum = series.word.rpartition(".")[2] in {"Sum", "summation"}
        call = ArrayCall(self.builder, series.word, {}, offset)
        total = reductions.of_list(call, "add" if is_sum else "multiply", terms)
        if not backwards:
            return total
        return self.builder.call("negative" if is_sum else "reciprocal", [total], offset)
