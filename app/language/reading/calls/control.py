"""Functions that are given functions: ``lax.scan``, ``fori_loop``, ``while_loop``, ``cond``, ``vmap``, ``map``, ..."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import sympy

from app import errors
from app.language.building import derivatives
from app.language.expression import values
from app.language.expression.values import Value, list_of, tuple_of
from app.language.reading.calls.trees import ControlCall
from app.language.reading.tracing import exits

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer


def _function(name: str, called: Callable[[Tracer, list[Value], Mapping[str, Value], int], Value]) -> Value:
    def run(tracer: Tracer, operands: Sequence[Value], options: Mapping[str, Value], offset: int) -> Value:
        return called(tracer, list(operands), options, offset)

    return Value(sympy.Integer(0), kind="function", text=name, function=run)


def _scan(call: ControlCall) -> Value:
    function, init, xs, length, reverse, _ = call.take("f init xs length reverse unroll", optional=4)
    count = call.length(xs) if xs.kind != "none" else call.builder.integer(length, call.offset, "length")
    backwards = reverse.kind != "none" and bool(reverse.constant)
    xs = call.flipped(xs) if backwards else xs

    def step(index: Value, carry: Value) -> tuple[Value, Value]:
        found = call.call(function, carry, call.at(xs, index))
        if found.kind != "tuple" or len(found.items) != 2:
            raise call.bad("the function returns a pair: carried values, and an output", "write return carry, y")
        return found.items[0], found.items[1]

    carry, outputs = call.loop(count, init, step)
    return tuple_of([carry, call.flipped(outputs) if backwards else outputs])


def _associative_scan(call: ControlCall) -> Value:
    function, elements, reverse, axis = call.take("fn elems reverse axis", optional=2)
    if axis.kind != "none" and axis.constant != 0:
        raise call.bad("the axis is 0", "write jnp.moveaxis(x, axis, 0)")
    backwards = reverse.kind != "none" and bool(reverse.constant)
    elements = call.flipped(elements) if backwards else elements

    def row(index: Value) -> Value:  # the function is given arrays of several elements, here of one
        return call.mapped(call.at(elements, index), lambda leaf: call.reshaped(leaf, (1, *leaf.shape)))

    def step(index: Value, carry: Value) -> tuple[Value, Value]:
        place = call.builder.sum((index, call.builder.leaf(1)), "++", call.offset)
        return (call.call(function, carry, row(place)),) * 2

    first = row(call.builder.leaf(0))
    left = call.leaves(call.loop(call.length(elements) - 1, first, step)[1])

    def joined(leaf: Value) -> Value:
        following = [call.reshaped(each, (each.shape[0], *leaf.shape[1:])) for each in itertools.islice(left, 1)]
        return call.builder.emit("concatenate", (0,), leaf, *following, offset=call.offset)

    found = call.mapped(first, joined)
    return call.flipped(found) if backwards else found


def _fori_loop(call: ControlCall) -> Value:
    lower, upper, body, init, _ = call.take("lower upper body_fun init_val unroll", optional=1)
    first, last = (call.builder.integer(each, call.offset, "a bound of fori_loop") for each in (lower, upper))

    def step(index: Value, carry: Value) -> tuple[Value, Value]:
        place = call.builder.sum((index, call.builder.leaf(first)), "++", call.offset) if first else index
        return call.call(body, place, carry), values.NONE

    return call.loop(max(last - first, 0), init, step)[0]


def _while_loop(call: ControlCall) -> Value:
    test, body, state = call.take("cond_fun body_fun init_val")
    undecided: list[tuple[Value, Value]] = []  # where the point decides: whether the loop goes on, and the state there
    try:
        while (holds := call.builder.decision(call.call(test, state), call.offset)).constant != 0:
            if holds.constant is None:
                if len(undecided) > exits.MAX_TURNS:
                    state = call.builder.named("nan", math.nan)
                    break
                undecided.append((holds, state))
            state = call.call(body, state)
    except errors.TooComplex:
        if not undecided:
            raise
        raise exits.unbounded(call.offset) from None
    for holds, before in reversed(undecided):
        state = call.tracer.choose(holds, state, before, call.offset)
    return state


def _cond(call: ControlCall) -> Value:
    if len(call.operands) < 3:
        raise errors.BadArity("cond takes a condition, two functions and their operands", offset=call.offset)
    test, chosen, other, *operands = call.operands
    condition = call.builder.decision(test, call.offset)
    if condition.constant is not None:
        return call.call(chosen if condition.constant else other, *operands)
    first, second = (call.call(each, *operands) for each in (chosen, other))
    return call.tracer.choose(condition, first, second, call.offset)


def _switch(call: ControlCall) -> Value:
    if len(call.operands) < 2 or call.operands[1].kind != "tuple":
        raise errors.BadArity("switch takes an index, a list of functions and their operands", offset=call.offset)
    index, branches, *operands = call.operands
    if type(index.constant) is int:
        return call.call(branches.items[min(max(index.constant, 0), len(branches.items) - 1)], *operands)
    found = call.call(branches.items[-1], *operands)
    for number in reversed(range(len(branches.items) - 1)):
        test = call.builder.compare((call.builder.number(index, call.offset), call.builder.leaf(number)), ("<=",), 0)
        found = call.tracer.choose(test, call.call(branches.items[number], *operands), found, call.offset)
    return found


def _vmap(call: ControlCall) -> Value:
    given = len(call.operands) > 1 or "in_axes" in call.options
    function, in_axes, out_axes = call.take("fun in_axes out_axes", optional=2)
    in_axes = in_axes if given else call.builder.leaf(0)
    out_axes = call.builder.leaf(0) if out_axes.kind == "none" else out_axes

    def run(tracer: Tracer, operands: list[Value], options: Mapping[str, Value], offset: int) -> Value:
        inner = ControlCall(tracer, "vmap of a function", operands, options, offset)
        if options:
            raise errors.SyntaxRejected("a function of vmap is given no keywords", offset=offset)
        axes = [in_axes] * len(operands)
        if in_axes.kind == "tuple":
            axes = list(in_axes.items)
        if len(axes) != len(operands):
            raise inner.bad(f"in_axes has {len(axes)} entries for {len(operands)} arguments")
        fronted = [_fronted(inner, each, axis) for each, axis in zip(operands, axes, strict=True)]
        moving = [each for each, moves in fronted if moves]
        if not moving:
            raise inner.bad("no argument has an axis to go along")
        count = inner.length(*moving)
        found = inner.over(
            count,
            lambda index: inner.call(function, *[inner.at(each, index) if moves else each for each, moves in fronted]),
        )
        return _moved_out(inner, found, out_axes)

    return _function("vmap", run)


def _fronted(call: ControlCall, value: Value, axes: Value) -> tuple[Value, bool]:
    """Return a value whose axis of a map is the first, and whether it has one; the axes may be a tree as the value."""
    if axes.kind == "tuple" and value.kind == "tuple" and len(axes.items) == len(value.items):
        parts = [_fronted(call, *pair) for pair in zip(value.items, axes.items, strict=True)]
        if len({moves for _, moves in parts}) > 1:
            raise call.bad("in_axes within one argument are all numbers, or all None")
        return tuple_of([part for part, _ in parts]), parts[0][1]
    if axes.kind == "none":
        return value, False
    axis = call.builder.integer(axes, call.offset, "in_axes")
    return call.mapped(value, lambda leaf: _moved(call, leaf, axis, 0)), True


def _moved(call: ControlCall, leaf: Value, source: int, target: int) -> Value:
    rank = len(leaf.shape)
    if not (-rank <= source < rank and -rank <= target < rank):
        raise call.bad(f"axis {source} of an array of shape {list(leaf.shape)}")
    order = [axis for axis in range(rank) if axis != source % rank]
    order.insert(target % rank, source % rank)
    return call.builder.emit("transpose", (tuple(order),), leaf, offset=call.offset)


def _moved_out(call: ControlCall, found: Value, axes: Value) -> Value:
    if axes.kind == "tuple" and found.kind == "tuple" and len(axes.items) == len(found.items):
        return tuple_of([_moved_out(call, *pair) for pair in zip(found.items, axes.items, strict=True)])
    axis = call.builder.integer(axes, call.offset, "out_axes")
    return call.mapped(found, lambda leaf: _moved(call, leaf, 0, axis)) if axis else found


def _lax_map(call: ControlCall) -> Value:
    function, xs, _ = call.take("f xs batch_size", optional=1)
    return call.over(call.length(xs), lambda index: call.call(function, call.at(xs, index)))


def _map(call: ControlCall) -> Value:
    if len(call.operands) < 2:
        raise errors.BadArity("map takes a function and what to give it", offset=call.offset)
    function, *columns = call.operands
    items = [call.builder.items(column, call.offset) for column in columns]
    return list_of([call.call(function, *each) for each in zip(*items, strict=False)])


def _reduce(call: ControlCall) -> Value:
    function, items, first = call.take("function iterable initial", optional=1)
    left = list(call.builder.items(items, call.offset))
    found = left.pop(0) if first.kind == "none" and left else first
    if found.kind == "none":
        raise call.bad("there is nothing to go through")
    for item in left:
        found = call.call(function, found, item)
    return found


def _partial(call: ControlCall) -> Value:
    function, *first = call.operands
    known = dict(call.options)

    def run(tracer: Tracer, operands: list[Value], options: Mapping[str, Value], offset: int) -> Value:
        return tracer.call(function, [*first, *operands], {**known, **options}, offset)

    return _function(function.text, run)


def _vectorize(call: ControlCall) -> Value:
    (function,) = call.take("pyfunc")

    def run(tracer: Tracer, operands: list[Value], options: Mapping[str, Value], offset: int) -> Value:
        inner = ControlCall(tracer, "vectorize of a function", operands, options, offset)
        arrays = [tracer.builder.array(each, offset) for each in operands]
        shape = tracer.builder.joint(arrays, offset)
        if not shape:
            return tracer.call(function, arrays, options, offset)
        count = math.prod(shape)
        flat = [
            tracer.builder.emit("reshape", ((count,),), tracer.builder.broadcast(each, shape, offset), offset=offset)
            for each in arrays
        ]
        found = inner.over(count, lambda index: inner.call(function, *[inner.at(each, index) for each in flat]))
        return inner.mapped(
            found, lambda leaf: tracer.builder.emit("reshape", ((*shape, *leaf.shape[1:]),), leaf, offset=offset)
        )

    return _function("vectorize", run)


def _apply_along_axis(call: ControlCall) -> Value:
    function, axis, array = call.take("func1d axis arr")
    array = call.builder.array(array, call.offset)
    number = call.builder.integer(axis, call.offset, "axis")
    moved = _moved(call, array, number, -1)
    lines, size = moved.shape[:-1], moved.shape[-1]
    flat = call.builder.emit("reshape", ((math.prod(lines), size),), moved, offset=call.offset)
    found = call.over(math.prod(lines), lambda index: call.call(function, call.at(flat, index)))

    def shaped(leaf: Value) -> Value:
        leaf = call.builder.emit("reshape", ((*lines, *leaf.shape[1:]),), leaf, offset=call.offset)
        return _moved(call, leaf, -1, number) if len(leaf.shape) == len(array.shape) else leaf

    return call.mapped(found, shaped)


def _piecewise(call: ControlCall) -> Value:
    """Return numpy.piecewise: the function, or number, of the last condition that holds; else that of none, or 0."""
    x, conditions, functions = call.take("x condlist funclist")
    array = call.builder.number(call.builder.array(x, call.offset), call.offset)
    tests = call.builder.items(conditions, call.offset) if conditions.kind == "tuple" else [conditions]
    pieces = list(call.builder.items(functions, call.offset))
    if len(pieces) == len(tests):
        pieces.append(call.builder.leaf(0))
    if len(pieces) != len(tests) + 1:
        raise call.bad(f"{len(pieces)} functions for {len(tests)} conditions")
    found = pieces.pop()
    found = call.call(found, array) if found.kind == "function" else found
    for test, piece in zip(tests, pieces, strict=True):
        value = call.call(piece, array) if piece.kind == "function" else piece
        found = call.tracer.choose(test, value, found, call.offset)
    return call.builder.broadcast(call.builder.array(found, call.offset), array.shape, call.offset)


def _derivative(call: ControlCall) -> Value:
    """Return sympy.Derivative: of a value by arguments, each with its order behind it, x, 2, or in a pair, (x, 2)."""
    if not call.operands or call.options:
        raise errors.BadArity("Derivative takes a value and arguments", hint=_DERIVATIVE, offset=call.offset)
    value = call.builder.number(call.builder.array(call.operands[0], call.offset), call.offset)
    for argument, order in _variables(call):
        for _ in range(order):
            value = derivatives.derivative(call.builder, value, argument, call.offset)
    return value


_DERIVATIVE = "write Derivative(f, x), Derivative(f, x, y) or Derivative(f, (x, 2))"


def _variables(call: ControlCall) -> list[tuple[Value, int]]:
    """Return the arguments that a derivative is by, with their orders."""
    found: list[tuple[Value, int]] = []
    for each in call.operands[1:]:
        pair = each.items if each.kind == "tuple" and len(each.items) == 2 else (each, None)
        if found and each.kind == "number" and type(each.constant) is int:
            found[-1] = found[-1][0], each.constant
            continue
        argument = call.builder.number(pair[0], call.offset) if pair[0].kind in {"argument", "number"} else pair[0]
        if type(argument.node) is not sympy.Symbol or argument.shape or argument.kind != "number":
            what = "a derivative inside a text is by an argument that is a number"
            raise errors.SyntaxRejected(what, hint=_DERIVATIVE, offset=call.offset)
        found.append((argument, 1 if pair[1] is None else call.builder.integer(pair[1], call.offset, "an order")))
    orders = [order for _, order in found]
    if not found or min(orders) < 0:
        raise errors.BadArity("Derivative takes a value and arguments", hint=_DERIVATIVE, offset=call.offset)
    if sum(orders) > derivatives.MAX_ORDER:
        what = f"a derivative of an order above {derivatives.MAX_ORDER}"
        raise errors.TooComplex(what, offset=call.offset)
    return found


def _same(call: ControlCall) -> Value:
    if not call.operands or call.operands[0].kind != "function":
        raise errors.BadArity(f"{call.name} takes a function", offset=call.offset)
    return call.operands[0]


_CONTROL: dict[str, Callable[[ControlCall], Value]] = {
    "scan": _scan, "associative_scan": _associative_scan,
    "fori_loop": _fori_loop, "while_loop": _while_loop, "cond": _cond, "switch": _switch, "vmap": _vmap,
    "lax.map": _lax_map, "map": _map, "reduce": _reduce, "partial": _partial, "vectorize": _vectorize,
    "apply_along_axis": _apply_along_axis, "piecewise": _piecewise, "jit": _same, "njit": _same, "checkpoint": _same,
    "remat": _same, "Derivative": _derivative,
}  # fmt: skip


def apply(
    tracer: Tracer, name: str, canonical: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Return one of these functions of its operands; ``name`` is how the text spells it."""
    return _CONTROL[canonical](ControlCall(tracer, name, operands, options, offset))
