"""Instructions that take operands off the stack and leave one value: arithmetic, conditions, indexing, calls.

Instructions with code of their own, such as loops, are the tracer's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app import errors
from app.language.arrays import indexing
from app.language.arrays.linear import products
from app.language.building.array_builder import ArrayBuilder
from app.language.expression import values
from app.language.expression.values import Value
from app.language.grammar import stack_code
from app.language.numeric import folding
from app.language.reading import comparing, dictionaries, functions, joiners
from app.language.reading.calls import calling, methods, selections
from app.language.reading.changes import objects, updates
from app.language.vocabulary import resolve

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Names = dict[str, Value]
"""Arguments and variables by name."""

_BINARY = {"%": "mod", "//": "floor_divide"}
_MARKERS = {"none": values.NONE, "ellipsis": values.ELLIPSIS}


class StackFrame:
    """The state of one run of code; ``offset`` is that of the running instruction, or of the call it is part of."""

    __slots__ = ("builder", "names", "offset", "stack", "tracer", "undecided")

    def __init__(self, builder: ArrayBuilder, names: Names, tracer: Tracer) -> None:
        self.builder = builder
        self.tracer = tracer
        self.names = names
        self.stack: list[Value] = []
        self.offset = 0
        self.undecided = 0  # choices that are open here and depend on the point

    def pop(self, count: int) -> list[Value]:
        if count == 0:
            return []
        operands = self.stack[-count:]
        del self.stack[-count:]
        return operands

    def push(self, count: int, function: Callable[[Sequence[Value]], Value]) -> None:
        """Replace operands by a function of them; lists are stacked."""
        operands = self.pop(count)
        others = [operand for operand in operands if operand.kind != "number" or operand.listed]
        if others and self._has_arrays(operands, others):
            _refuse_lists(operands, self.offset)
            found = self.builder.lift(lambda *cells: function(cells), operands, self.offset)
        else:
            try:
                found = function(operands)
            except errors.SyntaxRejected:
                if not selections.is_among(operands):
                    raise
                found = selections.one_by_one(self.builder, operands, function, self.offset)
        self.stack.append(found if found.reference is None else objects.without_reference(found))

    def _has_arrays(self, operands: Sequence[Value], others: Sequence[Value]) -> bool:
        """Return whether some of the operands are lists or arrays of other things than numbers."""
        self.builder.check_shapes(operands)
        return any(operand.listed or self.builder.is_array(operand) for operand in others)

    def numbers(self, operands: Sequence[Value]) -> list[Value]:
        """Return operands as numbers."""
        return [value if value.kind == "number" else self.builder.number(value, self.offset) for value in operands]


def _in_form_of(form: Value, value: Value) -> Value:
    """Return a value, or as many items as another one has where it is nan: there, an error was raised."""
    if form.kind not in {"tuple", "dict"} or not (type(value.constant) is float and math.isnan(value.constant)):
        return value
    found = values.copied(form)
    found.items, found.holds, found.reference = (value,) * len(form.items), False, None
    return found


def choose(builder: ArrayBuilder, condition: Value, first: Value, other: Value, offset: int) -> Value:
    """Return one of two values as a condition says: item by item for lists of one length."""
    if first.kind == other.kind == "function":
        return functions.chosen(condition, first, other)
    first, other = _in_form_of(other, first), _in_form_of(first, other)
    if first.kind == other.kind == "tuple" and len(first.items) == len(other.items):
        builder.charge(1 + len(first.items), offset)
        pairs = zip(first.items, other.items, strict=True)
        chosen = values.tuple_of([choose(builder, condition, *pair, offset) for pair in pairs])
        if first.text == other.text:
            chosen.text, chosen.function = first.text, first.function  # of records
        return chosen

    if first.kind == other.kind == "dict" and dictionaries.same_keys(first, other):
        found = values.copied(first)
        pairs = zip(first.items, other.items, strict=True)
        found.items = tuple([choose(builder, condition, *pair, offset) for pair in pairs])
        return found
    if first.kind == other.kind == "tuple":
        lengths = f"{len(first.items)} or {len(other.items)} items"
        hint = "append to it in both cases, or choose the value: y.append(a if condition else b)"
        raise errors.BadShape(f"a list has {lengths}, as the point is", hint=hint, offset=offset)

    def choose_cell(test: Value, one: Value, two: Value) -> Value:
        return builder.choose(builder.condition(test, offset), one, two, offset)

    if builder.is_array(first) or builder.is_array(other) or builder.is_array(condition):
        return builder.lift(choose_cell, (condition, first, other), offset)
    return choose_cell(condition, first, other)


def _number(frame: StackFrame, number: stack_code.Number) -> None:
    frame.stack.append(frame.builder.leaf(folding.literal(number.text, frame.offset)))


def _name(frame: StackFrame, instruction: stack_code.Name) -> None:
    value = frame.names.get(instruction.name)
    if value is None:
        value = _constant(frame, instruction.name)
    elif value.reference is not None or value.holds:
        value = frame.tracer.objects.current(value, frame.names, frame.offset)
    frame.stack.append(value)


def _base(frame: StackFrame, instruction: stack_code.Base) -> None:
    """Push a list whose items are not looked up: an index takes one of them."""
    value = frame.names.get(instruction.name)
    if value is None or not value.is_list:
        _name(frame, instruction)
    else:
        frame.stack.append(frame.tracer.objects.held(value, frame.names, frame.offset))


def _constant(frame: StackFrame, name: str) -> Value:
    if name in ("True", "False"):
        return frame.builder.truth(name == "True")
    if resolve.is_word(name, frame.names):
        return functions.of_word(name, resolve.word(name, frame.names, frame.offset))
    if joiners.is_one(name):
        return values.text_of(name.rpartition(".")[2])
    meant = resolve.constant(name, frame.names, frame.offset)
    return values.NONE if meant is None else frame.builder.named(*meant)


def _marker(frame: StackFrame, marker: stack_code.Marker) -> None:
    frame.stack.append(_MARKERS[marker.name])


def _text(frame: StackFrame, instruction: stack_code.Text) -> None:
    frame.stack.append(values.text_of(instruction.text))


def _unary(frame: StackFrame, unary: stack_code.Unary) -> None:
    builder, offset = frame.builder, frame.offset
    if unary.operator == "star":
        frame.stack.append(_starred(builder, frame.stack.pop(), offset))
    elif unary.operator == "negate":
        frame.push(1, lambda cells: builder.negative(builder.number(cells[0], offset), offset))
    else:
        frame.stack[-1] = builder.by_items(frame.stack[-1])
        frame.push(1, lambda cells: builder.invert(builder.condition(cells[0], offset), offset))


def _starred(builder: ArrayBuilder, value: Value, offset: int) -> Value:
    """Return ``*items``, or ``**options`` of a dict, which has keys beside its items."""
    found = values.tuple_of(value.items if value.kind == "dict" else builder.items(value, offset), "starred")
    found.function = value.function if value.kind == "dict" else None
    return found


def _sum(frame: StackFrame, instruction: stack_code.Sum) -> None:
    builder, signs, offset = frame.builder, instruction.signs, frame.offset
    if "-" not in signs and all(each.is_list or each.listed for each in frame.stack[-len(signs) :]):
        frame.stack.append(_joined_lists(builder, frame.pop(len(signs)), offset))
        return
    frame.push(len(signs), lambda cells: builder.sum(frame.numbers(cells), signs, offset))


def _product(frame: StackFrame, instruction: stack_code.Product) -> None:
    builder, signs, offset = frame.builder, instruction.signs, frame.offset
    if signs == "**" and frame.stack[-1].is_list != frame.stack[-2].is_list:
        times = frame.stack[-2] if frame.stack[-1].is_list else frame.stack[-1]
        if type(times.constant) is int and times.kind == "number":
            frame.stack.append(_repeated(frame, *frame.pop(2)))
            return
    if builder.has_matrices:
        arrays = [sign for sign, each in zip(signs, frame.stack[-len(signs) :], strict=True) if builder.is_array(each)]
        _refuse_elementwise(len(arrays) > 1 or "/" in arrays, "*", offset)
    frame.push(len(signs), lambda cells: builder.product(frame.numbers(cells), signs, offset))


def _joined_lists(builder: Any, lists: Sequence[Value], offset: int) -> Value:
    if any(each.listed for each in lists):
        arrays = [builder.array(each, offset) for each in lists if each.listed or each.items]
        if len({each.shape[1:] for each in arrays}) > 1:
            raise errors.BadShape("the items of a list differ in shape", offset=offset)
        return indexing.listed(builder.emit("concatenate", (0,), *arrays, offset=offset))
    builder.charge(sum([len(each.items) for each in lists]), offset)
    return values.list_of([item for each in lists for item in each.items])


def _repeated(frame: StackFrame, first: Value, second: Value) -> Value:
    """Return a list several times over, as Python's product of a list and a number."""
    repeated, times = (first, second) if first.is_list else (second, first)
    if frame.builder.changes and any(item.is_list or item.shape for item in repeated.items):
        hint = "write [[0]*3 for i in range(4)], whose rows are different lists"
        raise errors.SyntaxRejected("the items would be one list under several indices", hint=hint, offset=frame.offset)
    frame.builder.charge(len(repeated.items) * max(times.constant, 0), frame.offset)
    return values.list_of(repeated.items * times.constant)


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
        frame.stack.append(products.matmul(builder, x, y, offset))
    else:
        frame.stack.append(builder.call(_BINARY[binary.operator], frame.pop(2), offset))


def _joined(frame: StackFrame, joined: stack_code.Joined) -> None:
    builder, word, offset = frame.builder, joined.word, frame.offset
    join = builder.all if word == "and" else builder.any
    frame.push(joined.size, lambda cells: join([builder.condition(cell, offset, word) for cell in cells], offset))


def _bind(frame: StackFrame, bind: stack_code.Bind) -> None:
    """Give a name the value on the stack."""
    if (frame.undecided or not bind.sure) and bind.name in frame.names:
        hint = f"write {bind.name} = ... on a line of its own before it"
        what = f"whether {errors.quote(bind.name)} gets another value here depends on the condition before it"
        raise errors.SyntaxRejected(what, hint=hint, offset=frame.offset)
    frame.tracer.assignments.bind(bind.name, frame.stack[-1], frame.names, frame.offset)


def _decide(frame: StackFrame, decide: stack_code.Decide) -> int:
    """Skip the operands of ``and`` or ``or`` that Python does not come to."""
    stack = frame.stack
    stack[-1] = frame.builder.by_items(stack[-1])
    if stack[-1].kind != "condition" or values.decided(stack[-1]) is not (decide.word == "or"):
        return 0
    stack[-decide.size :] = [stack[-1]]
    return decide.skip


def _test(frame: StackFrame, test: stack_code.Test) -> int:
    """Make the value on the stack a condition; skip the value that it is known not to choose."""
    stack = frame.stack
    stack[-1] = frame.builder.by_items(stack[-1])
    if not frame.builder.is_array(stack[-1]):
        stack[-1] = frame.builder.condition(stack[-1], frame.offset)
    decided = values.decided(stack[-1])
    frame.undecided += decided is None
    return test.skip if decided is False else 0


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
    frame.undecided -= 1
    condition, chosen = frame.pop(2)
    found = choose(frame.builder, condition, chosen, other, frame.offset)
    frame.stack.append(objects.merged(frame.builder, (chosen, other), found) if frame.builder.changes else found)


def _collection(frame: StackFrame, collection: stack_code.Collection) -> None:
    items = frame.pop(collection.size)
    if any([item.kind == "starred" for item in items]):  # noqa: C419 - faster so
        items, _ = dictionaries.spread(items, {}, frame.offset)
    found = values.tuple_of(items, "slice" if collection.kind == "slice" else "tuple")
    found.is_list = collection.kind == "list"
    if collection.kind == "set":
        found.items = dictionaries.distinct(items, frame.offset)
    frame.stack.append(found)


def _index(frame: StackFrame, index: stack_code.Index) -> None:
    base, *given = frame.pop(index.size + 1)
    indices = indexing.separate(given)
    if base.holds:
        frame.stack.append(_part(frame, base, indices))
        return
    if base.kind == "at":
        frame.stack.append(updates.of_elements(base, indices, frame.offset))
        return
    if base.kind == "dict":
        frame.stack.append(dictionaries.element(base, indices, frame.offset))
        return
    found = joiners.joined(frame.tracer, base, indices, frame.offset)
    if found is None and indices and indices[0].kind == "text":
        hint = "give its entries as arguments, and params = dict(w=w, b=b) in the function"
        raise errors.SyntaxRejected("only a dict has strings as keys", hint=hint, offset=frame.offset)
    found = found or selections.of(frame.builder, base, indices, frame.offset)
    found = found or indexing.element(frame.builder, base, indices, frame.offset)
    frame.stack.append(objects.indexed(base, indices, found) if base.reference is not None else found)


def _part(frame: StackFrame, base: Value, indices: Sequence[Value]) -> Value:
    """Return an item, or some, of a list or dict whose items are objects, as they are now."""
    objects, names, offset = frame.tracer.objects, frame.names, frame.offset
    if base.kind == "dict":
        found = dictionaries.element(base, indices, offset)
    else:
        base = base if indexing.is_of_list(base, indices) else objects.current(base, names, offset)
        found = indexing.element(frame.builder, base, indices, offset)
    return objects.current(found, names, offset)


def _attribute(frame: StackFrame, attribute: stack_code.Attribute) -> None:
    value = frame.stack.pop()
    if attribute.name == "at" and value.kind != "function":
        frame.stack.append(updates.begun(value))
        return
    frame.stack.append(methods.attribute(frame.tracer, value, attribute.name, frame.offset))


def _function(frame: StackFrame, instruction: stack_code.Function) -> None:
    values_by_default = frame.pop(len(instruction.signature.defaulted))
    defaults = dict(zip(instruction.signature.defaulted, values_by_default, strict=True))
    frame.stack.append(functions.closure(instruction, defaults, frame.names, frame.tracer.scopes))


OPERATIONS: dict[type, Callable[[StackFrame, Any], int | None]] = {
    stack_code.Number: _number, stack_code.Name: _name, stack_code.Base: _base, stack_code.Marker: _marker,
    stack_code.Text: _text,
    stack_code.Unary: _unary, stack_code.Binary: _binary, stack_code.Sum: _sum, stack_code.Product: _product,
    stack_code.Compare: comparing.compare, stack_code.Joined: _joined, stack_code.Decide: _decide,
    stack_code.Bind: _bind, stack_code.Test: _test, stack_code.Unless: _unless, stack_code.IfElse: _if_else,
    stack_code.Collection: _collection, stack_code.Index: _index, stack_code.Attribute: _attribute,
    stack_code.Method: calling.method, stack_code.Apply: calling.apply, stack_code.Call: calling.call,
    stack_code.Function: _function,
}  # fmt: skip
"""What to do for each instruction; the result is how many of the next instructions to skip, None for none."""


def operate(frame: StackFrame, operands: Sequence[Value], instruction: Any) -> Value:
    """Return what an instruction leaves of operands."""
    frame.stack += operands
    frame.offset = instruction.offset
    OPERATIONS[type(instruction)](frame, instruction)
    return frame.stack.pop()


def _refuse_lists(operands: Sequence[Value], offset: int) -> None:
    """Refuse arithmetic on Python lists alone, which joins and repeats where NumPy computes."""
    lists = [operand.kind == "tuple" or operand.listed for operand in operands]
    if all(lists) or (
        any(lists)
        and all(own or (o.shape == () and o.constant is not None) for o, own in zip(operands, lists, strict=True))
    ):
        hint = "write np.array([...]) for an array"
        raise errors.SyntaxRejected("arithmetic on lists is not in the language", hint=hint, offset=offset)
