"""Instructions that take operands off the stack and leave one value: arithmetic, conditions, indexing, calls.

Instructions with code of their own, such as loops, are the tracer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app import errors
from app.language import values
from app.language.arrays import functions as whole_functions
from app.language.arrays import indexing as whole_indexing
from app.language.arrays.linear import products as whole_products
from app.language.building.array_builder import ArrayBuilder
from app.language.building.builder import Builder
from app.language.grammar import stack_code
from app.language.numeric import folding
from app.language.unrolled import functions, indexing, products
from app.language.values import NeedsShapes, Value
from app.language.vocabulary import resolve, special, words
from app.language.vocabulary.word import Word

Names = dict[str, Value]
"""Arguments and variables by name."""

_BINARY = {"%": "mod", "//": "floor_divide"}
_MARKERS = {"none": values.NONE, "ellipsis": values.ELLIPSIS}


class StackFrame:
    """The state of one run of code; ``offset`` is that of the running instruction, or of the call it is part of."""

    __slots__ = ("builder", "names", "offset", "stack")

    def __init__(self, builder: Builder, names: Names) -> None:
        self.builder = builder
        self.names = names
        self.stack: list[Value] = []
        self.offset = 0

    def pop(self, count: int) -> list[Value]:
        if count == 0:
            return []
        operands = self.stack[-count:]
        del self.stack[-count:]
        return operands

    def push(self, count: int, function: Callable[[Sequence[Value]], Value]) -> None:
        """Replace operands by a function of them, cell by cell where some are arrays."""
        operands = self.pop(count)
        is_array = self.builder.is_array
        if any([o.listed or (o.kind != "number" and is_array(o)) for o in operands]):  # noqa: C419 - faster so
            _refuse_lists(operands, self.offset)
            self.stack.append(self.builder.lift(lambda *cells: function(cells), operands, self.offset))
        else:
            self.stack.append(function(operands))

    def numbers(self, operands: Sequence[Value]) -> list[Value]:
        """Return operands as numbers."""
        return [value if value.kind == "number" else self.builder.number(value, self.offset) for value in operands]


def choose(builder: Builder, condition: Value, chosen: Value, other: Value, offset: int) -> Value:
    """Return one of two values as a condition says: item by item for lists of one length, cell by cell for arrays."""
    if chosen.kind == other.kind == "tuple" and len(chosen.items) == len(other.items):
        builder.charge(1 + len(chosen.items), offset)
        pairs = zip(chosen.items, other.items, strict=True)
        return values.tuple_of([choose(builder, condition, *pair, offset) for pair in pairs])

    def choose_cell(test: Value, first: Value, second: Value) -> Value:
        return builder.choose(builder.condition(test, offset), first, second, offset)

    if builder.is_array(chosen) or builder.is_array(other) or builder.is_array(condition):
        return builder.lift(choose_cell, (condition, chosen, other), offset)
    return choose_cell(condition, chosen, other)


def _number(frame: StackFrame, number: stack_code.Number) -> None:
    frame.stack.append(frame.builder.leaf(folding.literal(number.text, frame.offset)))


def _name(frame: StackFrame, instruction: stack_code.Name) -> None:
    value = frame.names.get(instruction.name)
    frame.stack.append(value if value is not None else _constant(frame, instruction.name))


def _constant(frame: StackFrame, name: str) -> Value:
    if name in ("True", "False"):
        return frame.builder.truth(name == "True")
    meant = resolve.constant(name, frame.names, frame.offset)
    return values.NONE if meant is None else frame.builder.named(*meant)


def _marker(frame: StackFrame, marker: stack_code.Marker) -> None:
    frame.stack.append(_MARKERS[marker.name])


def _text(frame: StackFrame, instruction: stack_code.Text) -> None:
    frame.stack.append(values.text_of(instruction.text))


def _unary(frame: StackFrame, unary: stack_code.Unary) -> None:
    builder, offset = frame.builder, frame.offset
    if unary.operator == "negate":
        frame.push(1, lambda cells: builder.negative(builder.number(cells[0], offset), offset))
    else:
        frame.push(1, lambda cells: builder.invert(builder.condition(cells[0], offset), offset))


def _sum(frame: StackFrame, instruction: stack_code.Sum) -> None:
    builder, signs, offset = frame.builder, instruction.signs, frame.offset
    frame.push(len(signs), lambda cells: builder.sum(frame.numbers(cells), signs, offset))


def _product(frame: StackFrame, instruction: stack_code.Product) -> None:
    builder, signs, offset = frame.builder, instruction.signs, frame.offset
    if builder.has_matrices:
        arrays = [sign for sign, each in zip(signs, frame.stack[-len(signs) :], strict=True) if builder.is_array(each)]
        _refuse_elementwise(len(arrays) > 1 or "/" in arrays, "*", offset)
    frame.push(len(signs), lambda cells: builder.product(frame.numbers(cells), signs, offset))


def _refuse_elementwise(refused: bool, operator: str, offset: int) -> None:
    """Refuse an operator that means a product of matrices in SymPy, where the text uses SymPy's ``Matrix``."""
    if refused:
        hint = "write X @ Y for the product of matrices, or array(...) in place of Matrix(...) to go element by element"
        raise errors.SyntaxRejected(f"{operator!r} of a Matrix is not in the language", hint=hint, offset=offset)


def _binary(frame: StackFrame, binary: stack_code.Binary) -> None:
    builder, offset = frame.builder, frame.offset
    if binary.operator == "**":

        def power(cells: Sequence[Value]) -> Value:
            base, exponent = frame.numbers(cells)
            return builder.power(base, exponent, offset)

        if builder.has_matrices:
            _refuse_elementwise(builder.is_array(frame.stack[-2]), "**", offset)
        frame.push(2, power)
    elif binary.operator == "@":
        x, y = frame.pop(2)
        if isinstance(builder, ArrayBuilder):
            frame.stack.append(whole_products.matmul(builder, x, y, offset))
            return
        frame.stack.append(products.matmul(builder, x, y, offset))
    else:
        frame.stack.append(builder.call(_BINARY[binary.operator], frame.pop(2), offset))


def _compare(frame: StackFrame, comparison: stack_code.Compare) -> None:
    builder, signs, offset = frame.builder, comparison.signs, frame.offset
    frame.push(len(signs) + 1, lambda cells: builder.compare(frame.numbers(cells), signs, offset))


def _joined(frame: StackFrame, joined: stack_code.Joined) -> None:
    builder, word, offset = frame.builder, joined.word, frame.offset
    join = builder.all if word == "and" else builder.any
    frame.push(joined.size, lambda cells: join([builder.condition(cell, offset, word) for cell in cells], offset))


def _test(frame: StackFrame, test: stack_code.Test) -> int:
    """Make the value on the stack a condition; skip the value that it is known not to choose."""
    stack = frame.stack
    if not frame.builder.is_array(stack[-1]):
        stack[-1] = frame.builder.condition(stack[-1], frame.offset)
    return test.skip if values.decided(stack[-1]) is False else 0


def _unless(frame: StackFrame, unless: stack_code.Unless) -> int:
    if not values.decided(frame.stack[-2]):
        return 0
    del frame.stack[-2]
    return unless.skip


def _if_else(frame: StackFrame, _: stack_code.IfElse) -> None:
    other = frame.stack.pop()
    if values.decided(frame.stack[-1]) is False:
        frame.stack[-1] = other
        return
    condition, chosen = frame.pop(2)
    frame.stack.append(choose(frame.builder, condition, chosen, other, frame.offset))


def _collection(frame: StackFrame, collection: stack_code.Collection) -> None:
    items = frame.pop(collection.size)
    frame.stack.append(values.tuple_of(items, "slice" if collection.kind == "slice" else "tuple"))


def _index(frame: StackFrame, index: stack_code.Index) -> None:
    base, *indices = frame.pop(index.size + 1)
    builder, offset = frame.builder, frame.offset
    if isinstance(builder, ArrayBuilder):
        frame.stack.append(whole_indexing.element(builder, base, indices, offset))
        return
    frame.stack.append(indexing.element(builder, base, indices, offset))


def _attribute(frame: StackFrame, attribute: stack_code.Attribute) -> None:
    if attribute.name not in stack_code.ATTRIBUTES:
        raise resolve.attribute(attribute.name, "...", frame.offset)
    value = frame.stack.pop()
    if attribute.name != "T":
        frame.stack.append(_applied(frame, words.BY_NAME[attribute.name], attribute.name, [value], {}))
        return
    if value.kind == "argument" and frame.builder.shapes is None:
        raise NeedsShapes
    if isinstance(frame.builder, ArrayBuilder):
        frame.stack.append(whole_indexing.transposed(frame.builder, value, frame.offset))
        return
    frame.stack.append(values.array_of(frame.builder.cells(value, frame.offset).T))


def _apply(frame: StackFrame, call: stack_code.Apply) -> None:
    operands = frame.pop(call.size)
    inner = special.INNER.get(call.name) if frame.builder.defining else None
    word = inner or resolve.word(call.name, frame.names, frame.offset)
    positional = operands[: call.size - len(call.keywords)]
    options = dict(zip(call.keywords, operands[len(positional) :], strict=True))
    frame.stack.append(_applied(frame, word, call.name, positional, options))


def _applied(frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]) -> Value:
    builder, offset = frame.builder, frame.offset
    reduced = words.REDUCTIONS.get(word.names[0])
    if reduced is not None and (options or len(operands) == 1 or functions.has_axis(builder, name, operands)):
        word = words.BY_NAME[reduced]
    resolve.check(word, name, len(operands), options, offset)
    if word.kind == "array":
        builder.has_matrices |= name.rpartition(".")[2] == "Matrix"
        if isinstance(builder, ArrayBuilder):
            return whole_functions.apply(builder, word, name, operands, options, offset)
        return functions.apply(builder, word, name, operands, options, offset)
    if word.kind == "piecewise":
        return builder.piecewise([_case(builder, value, offset) for value in operands], offset)
    if word.names[0] == "where" and not any(builder.is_array(operand) for operand in operands):
        condition, chosen, other = operands
        return choose(builder, builder.condition(condition, offset), chosen, other, offset)
    return builder.apply(word, operands, offset)


def _case(builder: Builder, value: Value, offset: int) -> tuple[Value, Value]:
    if value.kind != "tuple" or len(value.items) != 2:
        hint = "write Piecewise((value, condition), (value, True))"
        raise errors.SyntaxRejected("Piecewise takes (value, condition) pairs", hint=hint, offset=offset)
    return builder.number(value.items[0], offset), builder.condition(value.items[1], offset)


OPERATIONS: dict[type, Callable[[StackFrame, Any], int | None]] = {
    stack_code.Number: _number, stack_code.Name: _name, stack_code.Marker: _marker, stack_code.Text: _text,
    stack_code.Unary: _unary, stack_code.Binary: _binary, stack_code.Sum: _sum, stack_code.Product: _product,
    stack_code.Compare: _compare, stack_code.Joined: _joined,
    stack_code.Test: _test, stack_code.Unless: _unless, stack_code.IfElse: _if_else,
    stack_code.Collection: _collection, stack_code.Index: _index, stack_code.Attribute: _attribute,
    stack_code.Apply: _apply,
}  # fmt: skip
"""What to do for each instruction; the result is how many of the next instructions to skip, None for none."""


def _refuse_lists(operands: Sequence[Value], offset: int) -> None:
    """Refuse arithmetic on Python lists alone, which joins and repeats where NumPy computes."""
    lists = [operand.kind == "tuple" or operand.listed for operand in operands]
    if all(lists) or (
        any(lists)
        and all(own or (o.shape == () and o.constant is not None) for o, own in zip(operands, lists, strict=True))
    ):
        hint = "write np.array([...]) for an array"
        raise errors.SyntaxRejected("arithmetic on lists is not in the language", hint=hint, offset=offset)
