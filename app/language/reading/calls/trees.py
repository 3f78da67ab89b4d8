"""One call of a function that is given functions: its operands, and tuples of tuples of arrays, JAX's trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.arrays import indexing, places
from app.language.expression import values
from app.language.expression.values import Shape, Value, tuple_of

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

_MOST_UNROLLED = 8
"""Steps up to which a loop of JAX is unrolled."""


class ControlCall:
    """A call of one of these functions."""

    def __init__(
        self, tracer: Tracer, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
    ) -> None:
        self.tracer, self.builder, self.name, self.offset = tracer, tracer.builder, name, offset
        self.operands, self.options = list(operands), dict(options)

    def take(self, names: str, optional: int = 0) -> list[Value]:
        """Return the operands by the names of parameters, of which the last may be left out, as None."""
        parameters = names.split()
        found = self.operands[: len(parameters)]
        for name in parameters[len(found) :]:
            found.append(self.options.pop(name, values.NONE))
        if len(self.operands) > len(parameters) or self.options:
            listed = ", ".join(parameters)
            raise errors.BadArity(f"{self.name} takes {listed}", offset=self.offset)
        for name, value in zip(parameters[: len(parameters) - optional], found, strict=False):
            if value.kind == "none" and name not in {"init", "xs"}:
                raise errors.BadArity(f"{self.name} needs '{name}'", offset=self.offset)
        return found

    def call(self, function: Value, *operands: Value) -> Value:
        self.builder.charge(1, self.offset)
        return self.tracer.call(function, operands, {}, self.offset)

    def bad(self, what: str, hint: str | None = None) -> errors.BadShape:
        return errors.BadShape(f"{self.name}: {what}", hint=hint, offset=self.offset)

    # Trees of arrays

    def leaves(self, value: Value) -> Iterator[Value]:
        """Yield the arrays of a tuple of tuples of arrays."""
        if value.kind == "tuple":
            for item in value.items:
                yield from self.leaves(item)
        elif value.kind != "none":
            yield self.builder.number(self.builder.array(value, self.offset), self.offset)

    def mapped(self, value: Value, function: Callable[[Value], Value]) -> Value:
        """Return a tuple of tuples with a function of each array."""
        if value.kind == "tuple":
            found = tuple_of([self.mapped(item, function) for item in value.items])
            found.is_list, found.text, found.function = value.is_list, value.text, value.function
            return found
        if value.kind == "none":
            return value
        return function(self.builder.array(value, self.offset))

    def length(self, *trees: Value) -> int:
        """Return the length of the first axis of all arrays."""
        sizes = {leaf.shape[:1] for tree in trees for leaf in self.leaves(tree)}
        if () in sizes or len(sizes) != 1:
            raise self.bad("the arrays have no first axis of one length", "give arrays of one length")
        return next(iter(sizes))[0]

    def at(self, tree: Value, index: Value) -> Value:
        return self.mapped(tree, lambda leaf: indexing.element(self.builder, leaf, [index], self.offset))

    def stacked(self, items: Sequence[Value]) -> Value:
        """Return values of one structure, one below the other."""
        first = items[0]
        if first.kind == "tuple":
            columns = zip(*[item.items for item in items], strict=True)
            found = tuple_of([self.stacked(column) for column in columns])
            found.text, found.function = first.text, first.function
            return found
        return first if first.kind == "none" else self.builder.array(tuple_of(items), self.offset)

    def reshaped(self, leaf: Value, shape: Shape) -> Value:
        return self.builder.emit("reshape", (shape,), leaf, offset=self.offset)

    def flipped(self, tree: Value) -> Value:
        def flip(leaf: Value) -> Value:
            rows = (leaf.shape[0] - 1, leaf.shape[0], -1)
            return self.builder.emit(
                "slice", (rows, *[(0, size, 1) for size in leaf.shape[1:]]), leaf, offset=self.offset
            )

        return self.mapped(tree, flip)

    def over(self, count: int, body: Callable[[Value], Value]) -> Value:
        """Return a body at every index below ``count``, stacked, read once."""
        if not count:
            raise self.bad("there is nothing to go through")
        if count <= _MOST_UNROLLED:
            return self.stacked([body(self.builder.leaf(index)) for index in range(count)])
        places.check(count, self.builder.limits.max_loop_indices, self.offset)
        index = self.builder.loop_variable(())

        def mapped(value: Value) -> Value:
            value = self.builder.number(value, self.offset)
            self.builder.check_rank(1 + len(value.shape), self.offset)
            if value.constant is not None:
                return self.builder.broadcast(value, (count, *value.shape), self.offset)
            return self.builder.map(count, index, value)

        return self.mapped(body(index), mapped)

    def loop(self, count: int, init: Value, step: Callable[[Value, Value], tuple[Value, Value]]) -> tuple[Value, Value]:
        """Return carried values after ``count`` steps, and what each step gives, stacked."""
        builder, offset = self.builder, self.offset
        if count <= _MOST_UNROLLED:
            given = []
            carry = init
            for number in range(count):
                carry, output = step(builder.leaf(number), carry)
                given.append(output)
            return carry, self.stacked(given) if given else values.NONE
        places.check(count, builder.limits.max_carried_steps, offset)
        index = builder.loop_variable(())
        first = list(self.leaves(init))
        variables = [builder.loop_variable(leaf.shape) for leaf in first]
        left = iter(variables)
        after, output = step(index, self.mapped(init, lambda _: next(left)))
        following = list(self.leaves(after))
        if [each.shape for each in following] != [each.shape for each in first]:
            what = "the carried values change their shapes from step to step"
            raise self.bad(what, "begin with arrays of the shapes that the function returns")
        outputs = list(self.leaves(output))
        found = iter(builder.scan(count, index, variables, first, following, outputs))
        carry = self.mapped(init, lambda _: next(found))
        return carry, self.mapped(output, lambda _: next(found))
