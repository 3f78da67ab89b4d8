"""Long loops of whole arrays: a body that is read once, under a node for all its steps.

A comprehension, and a ``for`` whose variables only add up what each step gives, is a ``nodes.Map``. Any other ``for``
is a ``nodes.Scan``: the names that its body changes are carried from step to step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app.language.arrays.indexing import listed
from app.language.arrays.places import Items, Unreadable, check
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Reference, Shape, Value, copied, is_place, references, tuple_of
from app.language.grammar import stack_code

_SHORT = 256
"""Instructions up to which a loop is unrolled."""

_ROUNDS = 5
"""Readings of a body after which the shapes of its variables must have settled."""

Variables = dict[str, Value]
Bind = Callable[[stack_code.Pattern, Value, Variables], None]


def is_short(count: int, code: stack_code.Code) -> bool:
    """Return whether a loop is rather unrolled."""
    return count * sum(1 for _ in stack_code.instructions(code)) <= _SHORT


def mapped(builder: ArrayBuilder, count: int, body: Callable[[Value], Value], offset: int) -> Value:
    """Return a body for every number below ``count``, as a list."""
    index = builder.loop_variable(())
    value = builder.number(builder.array(body(index), offset), offset)
    builder.check_rank(1 + len(value.shape), offset)
    if value.constant is not None:
        return listed(builder.broadcast(value, (count, *value.shape), offset))
    return listed(builder.map(count, index, value))


class ForLoop:
    """A ``for`` that is read once.

    Args:
        builder: makes the nodes.
        items: what it goes through.
        loop: its pattern and body.
        run: runs the body over names, which it changes; raises ``Unreadable`` if it may leave the loop.
        bind: binds a pattern.
        needed: tells whether a name is read outside the body.
        current: returns a value with what it holds now, where a text changes arrays.
    """

    def __init__(
        self,
        builder: ArrayBuilder,
        items: Items,
        loop: stack_code.Loop,
        run: Callable[[Variables], None],
        bind: Bind,
        needed: Callable[[str], bool],
        current: Callable[[Value, Variables], Value],
    ) -> None:
        check(items.count, builder.limits.max_carried_steps, loop.offset)
        self._builder, self._items, self._loop = builder, items, loop
        self._run, self._bind, self._needed = run, bind, needed
        self._current = current
        self._offset = loop.offset

    def read(self, names: Variables) -> None:
        """Read the loop and give the names their values after it."""
        if not self._items.count:
            return
        index = self._builder.loop_variable(())
        assigned = list(dict.fromkeys(stack_code.assigned(self._loop.body)))
        first, variables, after = self._settled(names, index, assigned)
        last = self._last(index, first, variables, after)
        for name in assigned:
            names.pop(name, None)
        shared = _shared(names, after, last)
        self._builder.ambiguous |= bool(shared)
        names.update({name: referring(value, shared.get(name, frozenset())) for name, value in last.items()})
        self._bind(self._loop.pattern, self._items.at(self._builder.leaf(self._items.count - 1)), names)

    def _settled(
        self, names: Variables, index: Value, assigned: list[str]
    ) -> tuple[dict[str, Value], dict[str, Value], Variables]:
        """Return first values, loop variables and the names after a step; all in shapes that stay as they are.

        ``assigned`` gets the arrays and lists that the body changes, too.
        """
        first = {name: self._as_numbers(names[name], names) for name in assigned if name in names}
        shared = _shared({}, names, first)
        for _ in range(_ROUNDS):
            self._builder.ambiguous |= bool(shared)
            variables = {name: self._variable(value) for name, value in first.items()}
            inner = {**names, **{name: referring(each, shared.get(name)) for name, each in variables.items()}}
            for name in assigned:
                if name not in first:
                    inner.pop(name, None)
            self._bind(self._loop.pattern, self._items.at(index), inner)
            before = dict(inner)
            self._run(inner)
            changed = False
            for name in [each for each in names if is_place(each) and inner.get(each) is not before[each]]:
                if name in self._items.keys:
                    raise Unreadable  # what the loop goes through changes
                if name not in first:
                    assigned.append(name)
                    first[name] = self._as_numbers(names[name], names)
                    changed = True
            for name in assigned:
                if name not in inner or (name not in first and not self._needed(name)):
                    continue
                value = self._as_numbers(inner[name], inner)
                known = first.get(name)
                first[name] = _widened(self._builder, known, value, self._offset)
                changed = changed or known is None or first[name] is not known
            aliases = _shared(names, inner, first)
            changed = changed or aliases != shared
            shared = {name: shared.get(name, frozenset()) | keys for name, keys in aliases.items()}
            if not changed:
                return first, {name: variables[name] for name in first if name in inner}, inner
        raise Unreadable

    def _as_numbers(self, value: Value, names: Variables) -> Value:
        value = self._current(value, names)
        if value.kind == "tuple":
            items = [self._as_numbers(item, names) for item in self._builder.items(value, self._offset)]
            return _tuple_like(value, items)
        return referring(self._builder.number(value, self._offset), None)

    def _variable(self, value: Value) -> Value:
        if value.kind == "tuple":
            return _tuple_like(value, [self._variable(item) for item in value.items])
        return self._builder.loop_variable(value.shape)

    def _last(self, index: Value, first: Variables, variables: Variables, after: Variables) -> Variables:
        """Return the values after the last step: sums of a map as far as possible, the rest of one scan."""
        flat = {name: self._flat(value) for name, value in variables.items()}
        following = {name: self._flat(self._current(after[name], after)) for name in variables}
        reads = _Reads([each.node for values in flat.values() for each in values])
        read = {name: reads.of_all([each.node for each in values]) for name, values in following.items()}
        # What no step reads before it is assigned, nor anybody after the loop, is not carried.
        everything = frozenset[int]().union(*read.values())
        kept = [
            n
            for n in variables
            if is_place(n) or self._needed(n) or any(id(each.node) in everything for each in flat[n])
        ]
        last: Variables = {}
        for name in kept:
            others = frozenset[int]().union(*[read[other] for other in kept if other != name])
            if variables[name].kind == "tuple" or id(flat[name][0].node) in others:
                continue
            term = _Increments(self._builder, flat[name][0].node, reads, self._offset).of(following[name][0])
            if term is not None and not reads.of(term.node):
                last[name] = self._total(index, first[name], term)
        carried = [name for name in kept if name not in last]
        if carried:
            values, start, steps = (
                [each for name in carried for each in parts[name]]
                for parts in (flat, {name: self._flat(first[name]) for name in carried}, following)
            )
            found = iter(self._builder.scan(self._items.count, index, values, start, steps))
            last.update({name: _nested(variables[name], found) for name in carried})
        return last

    def _total(self, index: Value, first: Value, term: Value) -> Value:
        """Return a first value plus a term of every step."""
        builder, offset = self._builder, self._offset
        terms = builder.map(self._items.count, index, builder.broadcast(term, first.shape, offset))
        return builder.sum((first, builder.emit("reduce_sum", ((0,),), terms, offset=offset)), "++", offset)

    def _flat(self, value: Value) -> list[Value]:
        if value.kind == "tuple":
            return [each for item in value.items for each in self._flat(item)]
        return [self._builder.number(value, self._offset)]


def _widened(builder: ArrayBuilder, first: Value | None, value: Value, offset: int) -> Value:
    """Return a first value in the shape that it has together with the value after a step."""
    if first is None:
        if value.kind == "tuple":
            return _tuple_like(value, [_widened(builder, None, item, offset) for item in value.items])
        return builder.broadcast(builder.leaf(0), value.shape, offset)
    if first.kind == "tuple" or value.kind == "tuple":
        if first.kind != value.kind or len(first.items) != len(value.items):
            raise Unreadable
        items = [_widened(builder, *pair, offset) for pair in zip(first.items, value.items, strict=True)]
        return first if all(a is b for a, b in zip(items, first.items, strict=True)) else _tuple_like(first, items)
    try:
        shape: Shape = np.broadcast_shapes(first.shape, value.shape)
    except ValueError:
        raise Unreadable from None
    return builder.broadcast(first, shape, offset)


def _tuple_like(like: Value, items: Sequence[Value]) -> Value:
    found = tuple_of(items)
    found.is_list, found.text, found.function = like.is_list, like.text, like.function
    return found


def _shared(around: Variables, names: Variables, own: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return, for each name in ``own``, the keys of objects that it shares with other names, or with those around."""
    keys = {
        name: {key for each in references(value) for key in (each.key, *each.perhaps)}
        for name, value in names.items()
        if not is_place(name)
    }
    count = Counter(key for each in keys.values() for key in each)
    outer = {key for name in around if is_place(key := name)}
    found = {
        name: frozenset(key for key in keys.get(name, ()) if key and (count[key] > 1 or key in outer)) for name in own
    }
    return {name: each for name, each in found.items() if each}


def referring(value: Value, keys: frozenset[str] | None) -> Value:
    """Return a value that perhaps shares elements with objects of these keys, with none if there are no keys."""
    if not keys and value.reference is None:
        return value
    found = copied(value)
    found.reference = Reference("", (), keys) if keys else None
    return found


def _nested(like: Value, values: Iterator[Value]) -> Value:
    if like.kind == "tuple":
        return _tuple_like(like, [_nested(item, values) for item in like.items])
    return next(values)


class _Reads:
    """Which of some nodes are below a node."""

    def __init__(self, wanted: Sequence[Basic]) -> None:
        self._known: dict[int, frozenset[int]] = {id(node): frozenset({id(node)}) for node in wanted}

    def of_all(self, roots: Sequence[Basic]) -> frozenset[int]:
        return frozenset[int]().union(*[self.of(root) for root in roots])

    def of(self, root: Basic) -> frozenset[int]:
        stack = [root]
        while stack:
            node = stack[-1]
            if id(node) in self._known:
                stack.pop()
                continue
            left = [arg for arg in node.args if id(arg) not in self._known]
            if left:
                stack.extend(left)
                continue
            self._known[id(node)] = frozenset().union(*[self._known[id(arg)] for arg in node.args])
            stack.pop()
        return self._known[id(root)]


class _Increments:
    """What a step adds to a variable."""

    def __init__(self, builder: ArrayBuilder, variable: Basic, reads: _Reads, offset: int) -> None:
        self._builder, self._variable, self._reads, self._offset = builder, variable, reads, offset
        self._values = builder.values_by_node()

    def of(self, value: Value) -> Value | None:
        """Return ``value`` less the variable, None if the variable is not just added to."""
        node, builder = value.node, self._builder
        if node is self._variable:
            return builder.leaf(0)
        if type(node) is sympy.Add:
            moving = [arg for arg in node.args if self._depends(arg)]
            if len(moving) != 1:
                return None
            rest = [self._values[id(arg)] for arg in node.args if arg is not moving[0]]
            inner = self.of(self._values[id(moving[0])])
            if inner is None:
                return None
            terms = rest if inner.constant == 0 and inner.shape == () else [inner, *rest]
            return builder.sum(terms, "+" * len(terms), self._offset)
        if type(node) is sympy.Piecewise:
            return self._cases(node)
        return None

    def _cases(self, node: Basic) -> Value | None:
        cases = []
        for pair in node.args:
            assert isinstance(pair, ExprCondPair)
            chosen, test = pair.args
            inner = None if self._depends(test) else self.of(self._values[id(chosen)])
            if inner is None:
                return None
            cases.append((inner, self._condition(test)))
        return self._builder.piecewise(cases, self._offset)

    def _condition(self, test: Any) -> Value:
        if test is sympy.true or test is sympy.false:
            return self._builder.truth(test is sympy.true)
        return self._values[id(test)]

    def _depends(self, node: Basic) -> bool:
        return id(self._variable) in self._reads.of(node)
