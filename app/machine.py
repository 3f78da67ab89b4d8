"""Postfix code to expression: a stack machine over ``algebra`` values, which unrolls loops as it goes.

Where that needs the shapes of the arguments (``sum(X**2)``, ``len(X)``), running without them raises ``NeedsShapes``.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import sympy
from sympy.core.basic import Basic

from app import algebra, arrays, errors, naming, postfix, syntax, vocabulary
from app.algebra import Limits, NeedsShapes, Shape, Value
from app.constants import Number
from app.constants import literal as constant_literal

_BINARY = {"%": "mod", "//": "floor_divide"}
_MANY = 10**9
"""More steps than any limit allows; what is more still need not be counted exactly."""

_MAX_DEPTH = 30
"""How deep comprehensions, loops and series may stand in each other."""


@dataclass(frozen=True, slots=True)
class Program:
    """A function read for arguments of certain ranks or shapes.

    Attributes:
        expression: unevaluated SymPy tree over v0, v1, ... and elements of them; for an array-valued function the
            ``sympy.Tuple`` of its cells, row-major.
        args: argument names in order, NFKC-normalised.
        ranks: how each argument is used: None not at all, 0 as a number, n >= 1 with n indices.
        constants: folded values by ``id`` of the node, for the nodes of ``expression`` that are constant.
        shape: of the value.
        shapes: of the arguments it was read for, None if it holds for all that fit ``ranks``.
        measured: whether a function of arrays was given a number.
    """

    expression: Basic
    args: tuple[str, ...]
    ranks: tuple[int | None, ...]
    constants: Mapping[int, Number]
    shape: Shape = ()
    shapes: tuple[Shape, ...] | None = None
    measured: bool = False

    def cells(self) -> tuple[Basic, ...]:
        """Return the expressions of a function's values, one if it is a scalar."""
        return self.expression.args if self.shape != () else (self.expression,)


@functools.cache
def _definition(text: str) -> syntax.Source:
    """Return the code of a defined word; the vocabulary is ours, so this is read once and trusted."""
    return syntax.parse(text, max_nesting=64)


Names = dict[str, Value]
_Outcome = Value | Literal["break", "continue"] | None


class Machine:
    """Runs postfix code over algebra values."""

    def __init__(self, args: tuple[str, ...], limits: Limits, shapes: Sequence[Shape] | None) -> None:
        self.do = algebra.Algebra(args, limits, shapes)
        self._args = args
        self._shapes = None if shapes is None else tuple(shapes)
        self._depth = 0

    def program(self, source: syntax.Source) -> Program:
        """Return the program of a text."""
        self.do.expand = self._expand
        try:
            return self._program(source)
        except RecursionError:
            raise errors.TooComplex("lists are nested too deep", field="expression") from None
        finally:
            self.do.expand = algebra.never  # else machine and algebra, and every node, wait for the garbage collector

    def _program(self, source: syntax.Source) -> Program:
        names = {name: self.do.argument(index) for index, name in enumerate(self._args)}
        result = self._block(source.code, names)
        if not isinstance(result, Value):
            raise errors.SyntaxRejected("the function ends without a value", offset=source.code[-1].offset)
        if result.kind == "tuple" or (result.kind == "argument" and self._shapes is not None):
            result = algebra.array_of(self.do.cells(result, 0))
        shape: Shape = ()
        if result.cells is not None:
            shape = result.cells.shape
            numbers = [self.do.number(cell, 0) for cell in result.cells.ravel().tolist()]
            if not numbers:
                raise errors.BadShape("the function returns an empty array")
            root = Basic.__new__(sympy.Tuple, *[number.node for number in numbers])
        else:
            root = self.do.number(result, 0).node
        if self.do.faults:
            self._refuse_faults(root)
        ranks = tuple(self.do.ranks) if self._shapes is None else tuple(len(own) for own in self._shapes)
        return Program(root, self._args, ranks, self.do.constants(), shape, self._shapes, self.do.measured)

    def _refuse_faults(self, root: Basic) -> None:
        """Refuse constants that are not finite, now that it is known which of them the function uses."""
        seen, stack = set(), [root]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if id(node) in self.do.faults:
                raise self.do.faults.pop(id(node))
            stack.extend(node.args)

    # Code

    def _run(self, code: postfix.Code, names: Names, offset: int | None = None) -> Value:
        """Run an expression; ``offset`` overrides the positions of a definition's own text by those of its call."""
        stack: list[Value] = []
        actions = self._ACTIONS
        left = iter(code)
        for kind, data, where in left:
            skip = actions[kind](self, stack, data, where if offset is None else offset, names)
            if skip:
                next(itertools.islice(left, skip - 1, None))
        return stack.pop()

    def _again(self, code: postfix.Code, names: Names, offset: int) -> Value:
        """Run an expression that may be run many times: each time its instructions count as steps."""
        self.do.room(len(code), offset)
        return self._run(code, names)

    def _block(self, code: postfix.Code, names: Names, after: tuple[postfix.Code, ...] = ()) -> _Outcome:
        """Run statements: the value they return, how they leave a loop, or None if they run out.

        ``after`` is what follows the block in those around it, for a return that only some points come to.
        """
        stack: list[Value] = []
        actions = self._ACTIONS
        index = 0
        while index < len(code):
            kind, data, where = code[index]
            index += 1
            outcome: _Outcome
            if kind == "branch":
                outcome = self._branch(stack.pop(), data, names, (code[index:], *after), where)
            elif kind == "loop":
                outcome = self._loop(stack.pop(), data, names, where)
            elif kind == "return":
                outcome = stack.pop()
            elif kind == "break":
                outcome = "break"
            elif kind == "continue":
                outcome = "continue"
            else:
                index += actions[kind](self, stack, data, where, names) or 0
                continue
            if outcome is not None:
                return outcome
        return stack.pop() if stack else None

    def _branch(
        self, test: Value, branch: postfix.Branch, names: Names, after: tuple[postfix.Code, ...], offset: int
    ) -> _Outcome:
        condition = self.do.condition(test, offset)
        if condition.constant is not None:
            return self._inner(branch.chosen if condition.constant else branch.other, names, after, offset)
        self.do.room(len(names), offset)
        sides = [dict(names), dict(names)]
        found = [self._inner(code, own, after, offset) for code, own in zip(branch, sides, strict=True)]
        if found == [None, None]:
            self._merge(condition, sides, names, offset)
            return None
        values = []
        for outcome, own in zip(found, sides, strict=True):
            completed = self._completed(after, own, offset) if outcome is None else outcome
            if not isinstance(completed, Value):
                what = "a return, break or continue inside a loop may not depend on the point"
                raise errors.SyntaxRejected(what, hint="choose values with a if condition else b", offset=offset)
            values.append(completed)
        return self._choose(condition, values[0], values[1], offset)

    def _completed(self, after: tuple[postfix.Code, ...], names: Names, offset: int) -> _Outcome:
        """Run what follows a branch for the side of it that did not return."""
        for index, code in enumerate(after):
            outcome = self._inner(code, names, after[index + 1 :], offset)
            if outcome is not None:
                return outcome
        return None

    def _merge(self, condition: Value, sides: Sequence[Names], names: Names, offset: int) -> None:
        """Take over what both sides of a branch assign; a name that only one of them knows is known no more."""
        chosen, other = sides
        for name in [*chosen, *other]:
            if name in chosen and name in other:
                if chosen[name] is other[name]:
                    names[name] = chosen[name]
                else:
                    names[name] = self._choose(condition, chosen[name], other[name], offset)
            else:
                names.pop(name, None)

    def _choose(self, condition: Value, chosen: Value, other: Value, offset: int) -> Value:
        if chosen.kind == other.kind == "tuple" and len(chosen.items) == len(other.items):
            self.do.room(1 + len(chosen.items), offset)
            pairs = zip(chosen.items, other.items, strict=True)
            return algebra.tuple_of([self._choose(condition, *pair, offset) for pair in pairs])
        if self.do.is_array(chosen) or self.do.is_array(other) or self.do.is_array(condition):
            return self.do.lift(lambda *cells: self._choose_cell(cells, offset), (condition, chosen, other), offset)
        return self._choose_cell((condition, chosen, other), offset)

    def _choose_cell(self, cells: Sequence[Value], offset: int) -> Value:
        condition, chosen, other = cells
        return self.do.choose(self.do.condition(condition, offset), chosen, other, offset)

    def _loop(self, items: Value, loop: postfix.Loop, names: Names, offset: int) -> Value | None:
        values = self.do.items(items, offset)
        self.do.room(len(values), offset)
        for item in values:
            self._bind(loop.pattern, item, names, offset)
            outcome = self._inner(loop.body, names, (), offset)
            if isinstance(outcome, Value):
                return outcome
            if outcome == "break":
                break
        return None

    def _inner(self, code: postfix.Code, names: Names, after: tuple[postfix.Code, ...], offset: int) -> _Outcome:
        self.do.room(len(code), offset)
        with self._deeper():
            return self._block(code, names, after)

    @contextlib.contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise errors.TooComplex(f"loops and branches are nested more than {_MAX_DEPTH} deep", field="expression")
        yield
        self._depth -= 1

    def _bind(self, pattern: postfix.Pattern, value: Value, names: Names, offset: int) -> None:
        if isinstance(pattern, str):
            names[pattern] = value
            return
        values = self.do.items(value, offset) if self.do.is_array(value) or value.kind == "argument" else (value,)
        if len(values) != len(pattern):
            raise errors.SyntaxRejected(f"{len(pattern)} names for {len(values)} values", offset=offset)
        for part, item in zip(pattern, values, strict=True):
            self._bind(part, item, names, offset)

    # Instructions

    def _do_number(self, stack: list[Value], text: str, offset: int, names: Names) -> None:
        stack.append(self.do.leaf(constant_literal(text, offset)))

    def _do_name(self, stack: list[Value], name: str, offset: int, names: Names) -> None:
        value = names.get(name)
        stack.append(value if value is not None else self._constant(name, offset, names))

    def _do_none(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        stack.append(algebra.NONE)

    def _do_ellipsis(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        stack.append(algebra.ELLIPSIS)

    def _do_attribute(self, stack: list[Value], name: str, offset: int, names: Names) -> None:
        if name != "T":
            raise naming.attribute(name, "...", offset)
        value = stack.pop()
        if value.kind == "argument" and self._shapes is None:
            raise NeedsShapes
        stack.append(algebra.array_of(self.do.cells(value, offset).T))

    def _do_negate(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        self._push(stack, 1, offset, lambda cells: self.do.negative(self.do.number(cells[0], offset), offset))

    def _do_not(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        self._push(stack, 1, offset, lambda cells: self.do.invert(self.do.condition(cells[0], offset), offset))

    def _do_sum(self, stack: list[Value], signs: str, offset: int, names: Names) -> None:
        self._push(stack, len(signs), offset, lambda cells: self.do.sum(self._numbers(cells, offset), signs, offset))

    def _do_product(self, stack: list[Value], signs: str, offset: int, names: Names) -> None:
        self._push(
            stack, len(signs), offset, lambda cells: self.do.product(self._numbers(cells, offset), signs, offset)
        )

    def _do_binary(self, stack: list[Value], operator: str, offset: int, names: Names) -> None:
        if operator == "@":
            x, y = _pop(stack, 2)
            stack.append(arrays.matmul(self.do, x, y, offset))
        else:
            stack.append(self.do.apply(vocabulary.BY_NAME[_BINARY[operator]], _pop(stack, 2), offset))

    def _do_power(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        def power(cells: Sequence[Value]) -> Value:
            base, exponent = self._numbers(cells, offset)
            return self.do.power(base, exponent, offset)

        self._push(stack, 2, offset, power)

    def _do_compare(self, stack: list[Value], relations: tuple[str, ...], offset: int, names: Names) -> None:
        def compare(cells: Sequence[Value]) -> Value:
            return self.do.compare(self._numbers(cells, offset), relations, offset)

        self._push(stack, len(relations) + 1, offset, compare)

    def _do_and(self, stack: list[Value], count: int, offset: int, names: Names) -> None:
        self._push(stack, count, offset, lambda cells: self.do.all(self._conditions(cells, "and", offset), offset))

    def _do_or(self, stack: list[Value], count: int, offset: int, names: Names) -> None:
        self._push(stack, count, offset, lambda cells: self.do.any(self._conditions(cells, "or", offset), offset))

    def _do_test(self, stack: list[Value], skip: int, offset: int, names: Names) -> int:
        """Settle the condition that has just been computed; go past the value it does not choose."""
        if not self.do.is_array(stack[-1]):
            stack[-1] = self.do.condition(stack[-1], offset)
        return skip if stack[-1].kind == "condition" and stack[-1].constant == 0 else 0

    def _do_unless(self, stack: list[Value], skip: int, offset: int, names: Names) -> int:
        """Go past the other value where the condition is known to hold."""
        condition = stack[-2]
        if condition.kind != "condition" or not condition.constant:
            return 0
        del stack[-2]
        return skip

    def _do_ifelse(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        other = stack.pop()
        if stack[-1].kind == "condition" and stack[-1].constant == 0:
            stack[-1] = other
            return
        condition, chosen = _pop(stack, 2)
        stack.append(self._choose(condition, chosen, other, offset))

    def _do_tuple(self, stack: list[Value], count: int, offset: int, names: Names) -> None:
        stack.append(algebra.tuple_of(_pop(stack, count)))

    def _do_call(self, stack: list[Value], call: postfix.Call, offset: int, names: Names) -> None:
        name, count, keywords = call
        operands = _pop(stack, count)
        inner = vocabulary.INNER.get(name) if self.do.defining else None
        word = inner or naming.word(name, names, offset)
        positional = operands[: count - len(keywords)]
        options = dict(zip(keywords, operands[len(positional) :], strict=True))
        stack.append(self._apply(word, positional, options, offset, name))

    def _do_index(self, stack: list[Value], count: int, offset: int, names: Names) -> None:
        base, *indices = _pop(stack, count + 1)
        stack.append(self.do.element(base, indices, offset))

    def _do_slice(self, stack: list[Value], data: None, offset: int, names: Names) -> None:
        stack.append(Value(algebra.NONE.node, kind="slice", items=tuple(_pop(stack, 3))))

    def _do_store(self, stack: list[Value], pattern: postfix.Pattern, offset: int, names: Names) -> None:
        self._bind(pattern, stack.pop(), names, offset)

    def _do_keep(self, stack: list[Value], pattern: postfix.Pattern, offset: int, names: Names) -> None:
        self._bind(pattern, stack[-1], names, offset)

    def _do_comprehension(self, stack: list[Value], data: postfix.Comprehension, offset: int, names: Names) -> None:
        stack.append(algebra.tuple_of(list(self._items(data.body, data.clauses, names, offset))))

    def _items(
        self, body: postfix.Code, clauses: Sequence[postfix.Clause], names: Names, offset: int
    ) -> Iterator[Value]:
        """Yield the values of a comprehension's body, the first of the clauses outermost."""
        if not clauses:
            yield self._again(body, names, offset)
            return
        clause, *rest = clauses
        values = self.do.items(self._again(clause.items, names, offset), offset)
        self.do.room(len(values) + len(names), offset)
        inner = dict(names)
        with self._deeper():
            for item in values:
                self._bind(clause.pattern, item, inner, offset)
                if all(self._known(condition, inner, offset) for condition in clause.conditions):
                    yield from self._items(body, rest, inner, offset)

    def _known(self, code: postfix.Code, names: Names, offset: int) -> bool:
        """Return whether a filter lets an item through."""
        condition = self.do.condition(self._again(code, names, offset), offset)
        if condition.constant is None:
            hint = "write where(condition, value, 0) in the sum"
            raise errors.SyntaxRejected("a filter may not depend on the point", hint=hint, offset=offset)
        return bool(condition.constant)

    def _do_series(self, stack: list[Value], series: postfix.Series, offset: int, names: Names) -> None:
        if series.word in names:
            raise errors.UnknownName(f"'{series.word}' is a variable here, not a function", offset=offset)
        stack.append(self._total(series, series.bounds, names, offset))

    def _total(self, series: postfix.Series, left: Sequence[postfix.Bounds], names: Names, offset: int) -> Value:
        """Return the sum or product of a series' body, the last of the bounds outermost."""
        if not left:
            return self._again(series.body, names, offset)
        *outer, bounds = left
        ends = [self._again(code, names, offset) for code in (bounds.first, bounds.last)]
        first, last = (self.do.integer(end, offset, "a bound of a series") for end in ends)
        # Karr's convention, which is SymPy's: what runs backwards counts the other way.
        backwards = last < first - 1
        if backwards:
            first, last = last + 1, first - 1
        self.do.room(min(last + 1 - first, _MANY) + len(names), offset)
        inner, terms = dict(names), []
        with self._deeper():
            for index in range(first, last + 1):
                inner[bounds.name] = self.do.leaf(index)
                terms.append(self._total(series, outer, inner, offset))
        is_sum = series.word.rpartition(".")[2] in {"Sum", "summation"}
        total = arrays.fold(self.do, "sum" if is_sum else "product", terms, offset)
        if not backwards:
            return total
        return self.do.call("negative" if is_sum else "reciprocal", total, offset=offset)

    _ACTIONS: ClassVar[dict[str, Callable[..., int | None]]] = {
        "number": _do_number,
        "name": _do_name,
        "none": _do_none,
        "ellipsis": _do_ellipsis,
        "attribute": _do_attribute,
        "negate": _do_negate,
        "not": _do_not,
        "sum": _do_sum,
        "product": _do_product,
        "binary": _do_binary,
        "power": _do_power,
        "compare": _do_compare,
        "and": _do_and,
        "or": _do_or,
        "test": _do_test,
        "unless": _do_unless,
        "ifelse": _do_ifelse,
        "tuple": _do_tuple,
        "list": _do_tuple,
        "call": _do_call,
        "index": _do_index,
        "slice": _do_slice,
        "store": _do_store,
        "keep": _do_keep,
        "comprehension": _do_comprehension,
        "series": _do_series,
    }

    def _push(self, stack: list[Value], count: int, offset: int, function: Callable[[Sequence[Value]], Value]) -> None:
        """Replace operands by a function of them, cell by cell where some are arrays."""
        operands = _pop(stack, count)
        if any(self.do.is_array(operand) for operand in operands):
            _refuse_lists(operands, offset)
            stack.append(self.do.lift(lambda *cells: function(cells), operands, offset))
        else:
            stack.append(function(operands))

    def _numbers(self, values: Sequence[Value], offset: int) -> list[Value]:
        return [value if value.kind == "number" else self.do.number(value, offset) for value in values]

    def _conditions(self, values: Sequence[Value], joined: str, offset: int) -> list[Value]:
        return [self.do.condition(value, offset, joined) for value in values]

    def _constant(self, name: str, offset: int, names: Names) -> Value:
        if name in ("True", "False"):
            return self.do.truth(name == "True")
        meant = naming.constant(name, names, offset)
        return algebra.NONE if meant is None else self.do.named(*meant)

    # Functions

    def _apply(
        self, word: vocabulary.Word, operands: list[Value], options: Mapping[str, Value], offset: int, name: str
    ) -> Value:
        reduced = vocabulary.REDUCTIONS.get(word.names[0])
        if reduced is not None and (options or len(operands) == 1 or arrays.has_axis(self.do, name, operands)):
            word = vocabulary.BY_NAME[reduced]
        naming.check(word, name, len(operands), options, offset)
        if word.kind == "array":
            return arrays.apply(self.do, word, name, operands, options, offset)
        if word.kind == "piecewise":
            return self.do.piecewise([self._case(value, offset) for value in operands], offset)
        if word.names[0] == "where" and not any(self.do.is_array(operand) for operand in operands):
            return self._choose(self.do.condition(operands[0], offset), operands[1], operands[2], offset)
        return self.do.apply(word, operands, offset)

    def _expand(self, definition: str, operands: list[Value], offset: int) -> Value:
        source = _definition(definition)
        self.do.room(len(source.code), offset)
        return self._run(source.code, dict(zip(source.parameters or (), operands, strict=True)), offset)

    def _case(self, value: Value, offset: int) -> tuple[Value, Value]:
        if value.kind != "tuple" or len(value.items) != 2:
            hint = "write Piecewise((value, condition), (value, True))"
            raise errors.SyntaxRejected("Piecewise takes (value, condition) pairs", hint=hint, offset=offset)
        return self.do.number(value.items[0], offset), self.do.condition(value.items[1], offset)


def _refuse_lists(operands: Sequence[Value], offset: int) -> None:
    """Refuse arithmetic on nothing but Python lists, which joins and repeats where NumPy computes."""
    lists = [operand.kind == "tuple" for operand in operands]
    if all(lists) or (
        any(lists) and all(is_list or o.constant is not None for is_list, o in zip(lists, operands, strict=True))
    ):
        hint = "write np.array([...]) for an array"
        raise errors.SyntaxRejected("arithmetic on lists is not in the language", hint=hint, offset=offset)


def _pop(stack: list[Value], count: int) -> list[Value]:
    if count == 0:
        return []
    values = stack[-count:]
    del stack[-count:]
    return values
