"""Instructions that take operands off the stack and leave one value: arithmetic, conditions, indexing, calls.

Instructions with code of their own, such as loops, are the tracer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app import errors
from app.language import values
from app.language.arrays import functions as array_words
from app.language.arrays import indexing
from app.language.arrays.linear import products
from app.language.building.array_builder import ArrayBuilder
from app.language.grammar import stack_code
from app.language.numeric import folding
from app.language.reading import control, densities, elementwise, functions, methods, objects, updates
from app.language.values import Value
from app.language.vocabulary import control as control_words
from app.language.vocabulary import resolve, words
from app.language.vocabulary.distributions.row import Density
from app.language.vocabulary.word import Word

if TYPE_CHECKING:
    from app.language.reading.tracer import Tracer

Names = dict[str, Value]
"""Arguments and variables by name."""

_BINARY = {"%": "mod", "//": "floor_divide"}
_INFORMATION = frozenset({"finfo", "iinfo"})  # whose attributes are constants
_MARKERS = {"none": values.NONE, "ellipsis": values.ELLIPSIS}


class StackFrame:
    """The state of one run of code; ``offset`` is that of the running instruction, or of the call it is part of."""

    __slots__ = ("builder", "names", "offset", "stack", "tracer")

    def __init__(self, builder: ArrayBuilder, names: Names, tracer: Tracer) -> None:
        self.builder = builder
        self.tracer = tracer
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
        """Replace operands by a function of them; lists are stacked."""
        operands = self.pop(count)
        self.builder.check_shapes(operands)
        is_array = self.builder.is_array
        if any([o.listed or (o.kind != "number" and is_array(o)) for o in operands]):  # noqa: C419 - faster so
            _refuse_lists(operands, self.offset)
            found = self.builder.lift(lambda *cells: function(cells), operands, self.offset)
        else:
            found = function(operands)
        self.stack.append(found if found.reference is None else objects.without_reference(found))

    def numbers(self, operands: Sequence[Value]) -> list[Value]:
        """Return operands as numbers."""
        return [value if value.kind == "number" else self.builder.number(value, self.offset) for value in operands]


def choose(builder: ArrayBuilder, condition: Value, chosen: Value, other: Value, offset: int) -> Value:
    """Return one of two values as a condition says: item by item for lists of one length."""
    if chosen.kind == other.kind == "function":
        return functions.chosen(condition, chosen, other)
    if chosen.kind == other.kind == "tuple" and len(chosen.items) == len(other.items):
        builder.charge(1 + len(chosen.items), offset)
        pairs = zip(chosen.items, other.items, strict=True)
        return values.tuple_of([choose(builder, condition, *pair, offset) for pair in pairs])

    if chosen.kind == other.kind == "tuple":
        lengths = f"{len(chosen.items)} or {len(other.items)} items"
        hint = "append to it in both cases, or choose the value: y.append(a if condition else b)"
        raise errors.BadShape(f"a list has {lengths}, as the point is", hint=hint, offset=offset)

    def choose_cell(test: Value, first: Value, second: Value) -> Value:
        return builder.choose(builder.condition(test, offset), first, second, offset)

    if builder.is_array(chosen) or builder.is_array(other) or builder.is_array(condition):
        return builder.lift(choose_cell, (condition, chosen, other), offset)
    return choose_cell(condition, chosen, other)


def _number(frame: StackFrame, number: stack_code.Number) -> None:
    frame.stack.append(frame.builder.leaf(folding.literal(number.text, frame.offset)))


def _name(frame: StackFrame, instruction: stack_code.Name) -> None:
    value = frame.names.get(instruction.name)
    if value is None:
        value = _constant(frame, instruction.name)
    elif value.reference is not None or value.holds:
        value = frame.tracer.objects.current(value, frame.names, frame.offset)
    frame.stack.append(value)


def _constant(frame: StackFrame, name: str) -> Value:
    if name in ("True", "False"):
        return frame.builder.truth(name == "True")
    if resolve.is_word(name, frame.names):
        return functions.of_word(name, resolve.word(name, frame.names, frame.offset))
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
    if "-" not in signs and all([each.is_list or each.listed for each in frame.stack[-len(signs) :]]):  # noqa: C419
        frame.stack.append(_joined_lists(builder, frame.pop(len(signs)), offset))
        return
    frame.push(len(signs), lambda cells: builder.sum(frame.numbers(cells), signs, offset))


def _product(frame: StackFrame, instruction: stack_code.Product) -> None:
    builder, signs, offset = frame.builder, instruction.signs, frame.offset
    if signs == "**" and {True, False} == {each.is_list for each in frame.stack[-2:]}:
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
    found = choose(frame.builder, condition, chosen, other, frame.offset)
    frame.stack.append(objects.merged((chosen, other), found) if frame.builder.changes else found)


def _collection(frame: StackFrame, collection: stack_code.Collection) -> None:
    found = values.tuple_of(frame.pop(collection.size), "slice" if collection.kind == "slice" else "tuple")
    found.is_list = collection.kind == "list"
    frame.stack.append(found)


def _index(frame: StackFrame, index: stack_code.Index) -> None:
    base, *indices = frame.pop(index.size + 1)
    if base.kind == "at":
        frame.stack.append(updates.of_elements(base, indices, frame.offset))
        return
    found = indexing.element(frame.builder, base, indices, frame.offset)
    frame.stack.append(objects.indexed(base, indices, found) if base.reference is not None else found)


def _attribute(frame: StackFrame, attribute: stack_code.Attribute) -> None:
    value = frame.stack.pop()
    if attribute.name == "at" and value.kind != "function":
        frame.stack.append(updates.begun(value))
        return
    frame.stack.append(methods.attribute(frame.tracer, value, attribute.name, frame.offset))


def _method(frame: StackFrame, method: stack_code.Method) -> None:
    value, *operands = frame.pop(method.size + 1)
    positional = operands[: method.size - len(method.keywords)]
    options = dict(zip(method.keywords, operands[len(positional) :], strict=True))
    if value.kind == "at":
        frame.stack.append(updates.update(frame.builder, value, method.name, positional, frame.offset))
        return
    functions.settle(frame.names)
    frame.stack.append(methods.called(frame.tracer, value, method.name, positional, options, frame.offset))


def _apply(frame: StackFrame, call: stack_code.Apply) -> None:
    function = frame.names.get(call.name)
    if function is not None and function.kind == "function":
        _called(frame, function, call)
        return
    operands = frame.pop(call.size)
    if any([operand.kind == "function" for operand in operands]):  # noqa: C419 - faster so
        functions.settle(frame.names)
    if call.name in control_words.BY_NAME and call.name not in frame.names:
        functions.settle(frame.names)
        positional = operands[: call.size - len(call.keywords)]
        options = dict(zip(call.keywords, operands[len(positional) :], strict=True))
        canonical = control_words.BY_NAME[call.name]
        frame.stack.append(control.apply(frame.tracer, call.name, canonical, positional, options, frame.offset))
        return
    if call.name.rpartition(".")[2] in _INFORMATION and call.size == 1:
        frame.stack.append(values.text_of(call.name.rpartition(".")[2]))
        return
    inner = words.INNER.get(call.name) if frame.builder.defining else None
    word = inner or resolve.word(call.name, frame.names, frame.offset)
    positional = operands[: call.size - len(call.keywords)]
    options = dict(zip(call.keywords, operands[len(positional) :], strict=True))
    frame.stack.append(applied(frame, word, call.name, positional, options))


def _called(frame: StackFrame, function: Value, call: stack_code.Apply | stack_code.Call) -> None:
    """Call a value with the operands on the stack."""
    operands = frame.pop(call.size)
    positional = operands[: call.size - len(call.keywords)]
    options = dict(zip(call.keywords, operands[len(positional) :], strict=True))
    functions.settle(frame.names)
    frame.stack.append(frame.tracer.call(function, positional, options, frame.offset))


def _call(frame: StackFrame, call: stack_code.Call) -> None:
    function = frame.stack.pop(-1 - call.size)
    _called(frame, function, call)


def _function(frame: StackFrame, instruction: stack_code.Function) -> None:
    values_by_default = frame.pop(len(instruction.signature.defaulted))
    defaults = dict(zip(instruction.signature.defaulted, values_by_default, strict=True))
    frame.stack.append(functions.closure(instruction, defaults, frame.names, frame.tracer.scopes))


def applied(frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]) -> Value:
    """Return a word, as the text spells it, of operands and keyword operands."""
    found = _applied(frame, word, name, operands, options)
    return objects.returned(name, operands, found) if frame.builder.changes else found


def _applied(frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]) -> Value:
    builder, offset = frame.builder, frame.offset
    if isinstance(word, Density):
        return densities.applied(builder, word, name, operands, options, offset)
    if name in {"sum", "max", "min"} and operands:
        found = _of_python(frame, word, name, operands, options)
        if found is not None:
            return found
        options = {key: option for key, option in options.items() if key != "default"}
    reduced = words.REDUCTIONS.get(word.names[0])
    if reduced is not None and (options or len(operands) == 1 or array_words.has_axis(builder, name, operands)):
        word = words.BY_NAME[reduced]
    if word.kind == "elementwise" and (options or word.options):
        operands, options = elementwise.operands_of(builder, word, name, operands, options, offset)
    resolve.check(word, name, len(operands), options, offset)
    if word.kind == "array":
        builder.has_matrices |= name.rpartition(".")[2] == "Matrix"
        return array_words.apply(builder, word, name, operands, options, offset)
    if word.kind == "piecewise":
        return builder.piecewise([_case(builder, value, offset) for value in operands], offset)
    if word.names[0] == "where" and not any(builder.is_array(operand) for operand in operands):
        condition, chosen, other = operands
        return choose(builder, builder.condition(condition, offset), chosen, other, offset)
    return elementwise.whole(builder, word, name, builder.apply(word, operands, offset))


def _of_python(
    frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]
) -> Value | None:
    """Return ``sum(items, start)`` or ``max(nothing, default=x)``, as Python means them; None for any other call."""
    first = operands[0]
    if "default" in options and len(operands) == 1 and first.kind == "tuple" and not first.items:
        return options["default"]
    start = operands[1] if len(operands) == 2 else options.get("start")
    if name != "sum" or start is None or start.kind not in {"number", "argument"} or type(start.constant) is int:
        return None
    axis = {} if first.kind == "tuple" else {"axis": frame.builder.leaf(0)}
    total = frame.tracer.apply(word, name, [first], axis, frame.offset)
    return frame.tracer.apply(words.BY_NAME["add"], "add", [total, start], {}, frame.offset)


def _case(builder: ArrayBuilder, value: Value, offset: int) -> tuple[Value, Value]:
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
    stack_code.Method: _method, stack_code.Apply: _apply, stack_code.Call: _call, stack_code.Function: _function,
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
