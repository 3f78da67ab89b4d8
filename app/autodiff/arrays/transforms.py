"""Tape to tape: derivatives, all by one reverse sweep.

grad      the sweep from the cotangent 1
vjp       the sweep from a cotangent that is an input
jvp       the sweep of the vjp, which is linear in its cotangent, by that cotangent
hvp       the sweep of the gradient from the tangents
jacobian  vjp or jvp of the columns of the identity, whichever are fewer
hessian   hvp of the columns of the identity, for each pair of leaves
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.autodiff.arrays import sweep
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.rules import batching
from app.autodiff.arrays.tape import ArrayTape, Shape, elements

Derivation = Callable[[ArrayTape, tuple[int, ...], int], ArrayTape]


def derive(tape: ArrayTape, name: str, wanted: tuple[int, ...], columns: int = 0) -> ArrayTape:
    """Return the tape of the value and a derivative of a function with one result.

    Args:
        tape: the function.
        name: "value", "grad", "jacobian", "hessian", "jvp", "vjp" or "hvp".
        wanted: numbers of the input leaves to differentiate by.
        columns: how many tangents or cotangents an input of the derivative holds, along a first axis; 0 for one
            without such an axis.

    Returns:
        The tape of (value, derivatives...). Of d leaves it has d derivatives, shape leaf for "grad" and "vjp", value +
        leaf for "jacobian", one for each pair of leaves for "hessian". "jvp" has further inputs, a tangent for each
        leaf, and one derivative of the shape of the value. "vjp" has one further input, a cotangent. "hvp" has the
        tangents and, if the value is no number, weights of its shape; it has d derivatives.
    """
    return _DERIVATIONS[name](tape, wanted, columns)


def _begin(tape: ArrayTape) -> tuple[Recorder, list[Slot]]:
    """Return a recorder with the leaves of a tape."""
    r = Recorder()
    inputs = [r.input(shape) for shape in tape.inputs]
    return r, [*inputs, *[r.leaf(shape) for shape in tape.constants]]


def _filled(r: Recorder, x: Slot | None, shape: Shape) -> Slot:
    return r.emit("broadcast", (shape,), r.number(0.0)) if x is None else x


def _shapes(tape: ArrayTape, wanted: tuple[int, ...]) -> list[Shape]:
    return [tape.inputs[leaf] for leaf in wanted]


def value_shape(tape: ArrayTape) -> Shape:
    """Return the shape of the first result."""
    return tape.shapes[tape.results[0]]


def _value(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    return tape


def _grad(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    if value_shape(tape) != ():
        raise ValueError("the gradient of a value that is no number")
    r, leaves = _begin(tape)
    slots = sweep.replay(r, tape, leaves)
    found = sweep.backward(r, tape, slots, [r.number(1.0)], wanted)
    shapes = _shapes(tape, wanted)
    return r.finish(slots[tape.results[0]], *[_filled(r, x, s) for x, s in zip(found, shapes, strict=True)])


def _vjp(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    """Return (value, products), and the cotangent as the last input."""
    r, leaves = _begin(tape)
    cotangent = r.input(value_shape(tape))
    slots = sweep.replay(r, tape, leaves)
    found = sweep.backward(r, tape, slots, [cotangent], wanted)
    shapes = _shapes(tape, wanted)
    single = r.finish(slots[tape.results[0]], *[_filled(r, x, s) for x, s in zip(found, shapes, strict=True)])
    return _columns(single, 1, columns)


def _jvp(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    linear = _vjp(tape, wanted, 0)
    r = Recorder()
    inputs = [r.input(shape) for shape in tape.inputs]
    cotangent = r.phantom(value_shape(tape))
    constants = [r.leaf(shape) for shape in tape.constants]
    tangents = [r.input(shape) for shape in _shapes(tape, wanted)]
    slots = sweep.replay(r, linear, [*inputs, cotangent, *constants])
    (found,) = sweep.backward(r, linear, slots, [None, *tangents], (len(inputs),))
    single = r.finish(slots[linear.results[0]], _filled(r, found, value_shape(tape)))
    return _columns(single, len(wanted), columns)


def _weighted(tape: ArrayTape) -> ArrayTape:
    """Return the sum of a value times weights, which are the last input, as a function."""
    r, leaves = _begin(tape)
    weights = r.input(value_shape(tape))
    result = sweep.replay(r, tape, leaves)[tape.results[0]]
    axes = tuple(range(len(result.shape)))
    return r.finish(r.emit("reduce_sum", (axes,), r.strong_mul(weights, result)))


def _hvp(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    if value_shape(tape) != ():
        return _weighted_hvp(tape, wanted, columns)
    gradient = _grad(tape, wanted, 0)
    r, leaves = _begin(tape)
    tangents = [r.input(shape) for shape in _shapes(tape, wanted)]
    slots = sweep.replay(r, gradient, leaves)
    found = sweep.backward(r, gradient, slots, [None, *tangents], wanted)
    shapes = _shapes(tape, wanted)
    single = r.finish(slots[gradient.results[0]], *[_filled(r, x, s) for x, s in zip(found, shapes, strict=True)])
    return _columns(single, len(wanted), columns)


def _weighted_hvp(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    """Return (value, products); after the inputs come the tangents, and then the weights."""
    product = _hvp(_weighted(tape), wanted, 0)
    r = Recorder()
    inputs = [r.input(shape) for shape in tape.inputs]
    tangents = [r.input(shape) for shape in _shapes(tape, wanted)]
    weights = r.input(value_shape(tape))
    constants = [r.leaf(shape) for shape in tape.constants]
    slots = sweep.replay(r, product, [*inputs, weights, *tangents, *constants])
    value = sweep.replay(r, tape, [*inputs, *constants])[tape.results[0]]
    single = r.finish(value, *[slots[slot] for slot in product.results[1:]])
    mapped = [False] * len(inputs) + [True] * len(tangents) + [False]
    return _columns_of(single, mapped, columns)


def _columns(tape: ArrayTape, last: int, columns: int) -> ArrayTape:
    """Return a derivative for many tangents or cotangents, which are its last inputs."""
    return _columns_of(tape, [False] * (len(tape.inputs) - last) + [True] * last, columns)


def _columns_of(tape: ArrayTape, mapped: list[bool], columns: int) -> ArrayTape:
    if not columns:
        return tape
    r = Recorder()
    inputs = [r.input((columns, *s) if own else s) for s, own in zip(tape.inputs, mapped, strict=True)]
    constants = [r.leaf(shape) for shape in tape.constants]
    flags = [*mapped, *[False] * len(constants)]
    (value, _), *found = batching.inline(r, tape, [*inputs, *constants], flags, columns)
    return r.finish(value, *batching.all_mapped(r, found, columns))


def _identity(r: Recorder, shape: Shape) -> Slot:
    """Return the arrays of a shape that are 1 at one place, along a first axis."""
    size = elements(shape)
    return r.emit("reshape", ((size, *shape),), r.emit("eye", (size,)))


def _jacobian(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    sizes = [elements(shape) for shape in _shapes(tape, wanted)]
    shape = value_shape(tape)
    return _forward(tape, wanted) if sum(sizes) < elements(shape) else _reverse(tape, wanted)


def _reverse(tape: ArrayTape, wanted: tuple[int, ...]) -> ArrayTape:
    """Return the Jacobian by rows."""
    product, shape = _vjp(tape, wanted, 0), value_shape(tape)
    r, leaves = _begin(tape)
    given = [*leaves[: len(tape.inputs)], _identity(r, shape), *leaves[len(tape.inputs) :]]
    mapped = [position == len(tape.inputs) for position in range(len(given))]
    (value, _), *found = batching.inline(r, product, given, mapped, elements(shape))
    rows = batching.all_mapped(r, found, elements(shape))
    return r.finish(
        value, *[r.emit("reshape", ((*shape, *s),), x) for x, s in zip(rows, _shapes(tape, wanted), strict=True)]
    )


def _forward(tape: ArrayTape, wanted: tuple[int, ...]) -> ArrayTape:
    """Return the Jacobian by columns."""
    shape = value_shape(tape)
    r, leaves = _begin(tape)
    results: list[Slot] = []
    for leaf in wanted:
        own = tape.inputs[leaf]
        product = _jvp(tape, (leaf,), 0)
        given = [*leaves[: len(tape.inputs)], _identity(r, own), *leaves[len(tape.inputs) :]]
        mapped = [position == len(tape.inputs) for position in range(len(given))]
        (value, _), found = batching.inline(r, product, given, mapped, elements(own))
        (columns,) = batching.all_mapped(r, [found], elements(own))
        turned = r.emit("transpose", ((*range(1, len(columns.shape)), 0),), columns)
        results = [value, *results[1:], r.emit("reshape", ((*shape, *own),), turned)]
    return r.finish(*results)


def _hessian(tape: ArrayTape, wanted: tuple[int, ...], columns: int) -> ArrayTape:
    """Return the blocks of all pairs; those below the diagonal are transposes of those above."""
    gradient = _grad(tape, wanted, 0)
    blocks: dict[tuple[int, int], Slot] = {}
    r, leaves = _begin(tape)
    value = sweep.replay(r, tape, leaves)[tape.results[0]]
    for row, leaf in enumerate(wanted):
        own = tape.inputs[leaf]
        product = _row(gradient, wanted, row)
        given = [*leaves[: len(tape.inputs)], _identity(r, own), *leaves[len(tape.inputs) :]]
        mapped = [position == len(tape.inputs) for position in range(len(given))]
        found = batching.all_mapped(r, batching.inline(r, product, given, mapped, elements(own)), elements(own))
        for column, block in enumerate(found, row):
            far = tape.inputs[wanted[column]]
            axes = (*range(len(own), len(own) + len(far)), *range(len(own)))
            shaped = r.emit("reshape", ((*own, *far),), block)
            turned = r.emit("transpose", (axes,), shaped)
            # Both halves of a block on the diagonal are computed, and may differ in their last bits.
            blocks[row, column] = 0.5 * (shaped + turned) if column == row else shaped
            blocks[column, row] = blocks[row, column] if column == row else turned
    return r.finish(value, *[blocks[i, j] for i in range(len(wanted)) for j in range(len(wanted))])


def _row(gradient: ArrayTape, wanted: Sequence[int], row: int) -> ArrayTape:
    """Return the products of the Hessian's blocks (row, row), (row, row + 1), ... with a tangent, the last input."""
    r, leaves = _begin(gradient)
    leaf = wanted[row]
    tangent = r.input(gradient.inputs[leaf])
    slots = sweep.replay(r, gradient, leaves)
    seeds = [tangent if number == row + 1 else None for number in range(len(gradient.results))]
    found = sweep.backward(r, gradient, slots, seeds, wanted[row:])
    return r.finish(*[_filled(r, x, gradient.inputs[far]) for x, far in zip(found, wanted[row:], strict=True)])


_DERIVATIONS: dict[str, Derivation] = {
    "value": _value,
    "grad": _grad,
    "jacobian": _jacobian,
    "hessian": _hessian,
    "jvp": _jvp,
    "vjp": _vjp,
    "hvp": _hvp,
}
