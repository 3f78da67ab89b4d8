"""Calls: of words of the vocabulary, of functions that are values, and of methods."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.arrays import functions as array_words
from app.language.building.builder import Builder
from app.language.expression import values
from app.language.expression.values import Value
from app.language.grammar import stack_code
from app.language.numeric import folding
from app.language.reading import dictionaries, functions, records
from app.language.reading.calls import control, densities, elementwise, frozen, iteration, methods, selections
from app.language.reading.changes import objects, updates
from app.language.vocabulary import resolve, words
from app.language.vocabulary.distributions.row import Density
from app.language.vocabulary.functions import control as control_words
from app.language.vocabulary.word import Word

if TYPE_CHECKING:
    from app.language.reading.operations import StackFrame

_OF_PYTHON = frozenset({"sum", "max", "min"})
"""Words that mean more than NumPy's where no library stands before them."""
_PLACES = frozenset({"where", "nonzero", "flatnonzero"})
"""Words that tell of one operand where it holds."""
_DICTS = frozenset({"dict", stack_code.DICT})
_SPELLED = {"inf": "inf", "infinity": "inf", "nan": "nan"}
"""Numbers that are words, as a string spells them."""
_INFORMATION = frozenset({"finfo", "iinfo"})  # whose attributes are constants


def method(frame: StackFrame, method: stack_code.Method) -> None:
    positional, options = _operands(frame, method)
    value = frame.stack.pop()
    if value.kind == "at":
        frame.stack.append(updates.update(frame.builder, value, method.name, positional, frame.offset))
        return
    functions.settle(frame.names)
    frame.stack.append(methods.called(frame.tracer, value, method.name, positional, options, frame.offset))


def apply(frame: StackFrame, call: stack_code.Apply) -> None:
    function = frame.names.get(call.name)
    if function is not None and (function.kind == "function" or records.has_method(function, "__call__")):
        _called(frame, function, call)
        return
    positional, options = _operands(frame, call)
    if call.name in control_words.BY_NAME and call.name not in frame.names:
        functions.settle(frame.names)
        canonical = control_words.BY_NAME[call.name]
        frame.stack.append(control.apply(frame.tracer, call.name, canonical, positional, options, frame.offset))
        return
    if call.name in iteration.WAYS and call.name.partition(".")[0] not in frame.names:
        frame.stack.append(iteration.WAYS[call.name](frame.tracer, positional, options, frame.offset))
        return
    if call.name in _DICTS and call.name not in frame.names:
        frame.stack.append(_dict(frame, positional, options))
        return
    if call.name.rpartition(".")[2] in _INFORMATION and call.size == 1:
        frame.stack.append(values.text_of(call.name.rpartition(".")[2]))
        return
    distribution = frozen.made(frame.tracer, call.name, positional, options, frame.names, frame.offset)
    if distribution is not None:
        frame.stack.append(distribution)
        return
    inner = words.INNER.get(call.name) if frame.builder.defining else None
    word = inner or resolve.word(call.name, frame.names, frame.offset)
    frame.stack.append(applied(frame, word, call.name, list(positional), options))


def _operands(
    frame: StackFrame, call: stack_code.Apply | stack_code.Call | stack_code.Method
) -> tuple[Sequence[Value], Mapping[str, Value]]:
    """Take the operands of a call off the stack; return them, and those with a keyword by it."""
    operands = frame.pop(call.size)
    kinds = {operand.kind for operand in operands}
    if "function" in kinds:
        functions.settle(frame.names)
    positional = operands[: call.size - len(call.keywords)]
    options = dict(zip(call.keywords, operands[len(positional) :], strict=True))
    return dictionaries.spread(positional, options, frame.offset) if "starred" in kinds else (positional, options)


def _dict(frame: StackFrame, operands: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """Return ``dict(pairs, name=value)``, or a dict that is written out."""
    if len(operands) > 1:
        raise errors.BadArity("dict takes pairs, or names with values", offset=frame.offset)
    given = operands[0] if operands else values.tuple_of(())
    if given.kind == "dict":
        given = dictionaries.method(given, "items", [], {}, frame.offset)
    pairs = frame.builder.items(given, frame.offset)
    named = [values.tuple_of((values.text_of(name), value)) for name, value in options.items()]
    return dictionaries.of_pairs([*pairs, *named], frame.offset)


def _called(frame: StackFrame, function: Value, call: stack_code.Apply | stack_code.Call) -> None:
    """Call a value with the operands on the stack."""
    positional, options = _operands(frame, call)
    functions.settle(frame.names)
    frame.stack.append(frame.tracer.call(function, positional, options, frame.offset))


def call(frame: StackFrame, call: stack_code.Call) -> None:
    function = frame.stack.pop(-1 - call.size)
    _called(frame, function, call)


def applied(frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]) -> Value:
    """Return a word, as the text spells it, of operands and keyword operands."""
    found = _applied(frame, word, name, operands, options)
    return objects.returned(frame.builder, name, operands, found) if frame.builder.changes else found


def _applied(frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]) -> Value:
    builder, offset = frame.builder, frame.offset
    if len(operands) == 1 and operands[0].kind == "text" and name.rpartition(".")[2].startswith("float"):
        return _spelled(builder, operands[0].text, offset)
    if selections.is_among(operands):
        return selections.applied(frame.tracer, word, name, operands, options, offset)
    if isinstance(word, Density):
        return densities.applied(builder, word, name, operands, options, offset)
    if name in iteration.BY_KEY and options.keys() & {"key", "reverse"}:
        return iteration.BY_KEY[name](frame.tracer, operands, options, offset)
    if operands and (name in _OF_PYTHON or word.names[0] in _PLACES):
        found = _of_items(frame, word, name, operands, options)
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
        return frame.tracer.choose(builder.condition(condition, offset), chosen, other, offset)
    return elementwise.whole(builder, word, name, builder.apply(word, operands, offset))


def _spelled(builder: Builder, text: str, offset: int) -> Value:
    """Return ``float("-inf")``, or a number that a string spells."""
    bare = text.strip().lower().removeprefix("+")
    unsigned = bare.removeprefix("-")
    if unsigned in _SPELLED:
        found = builder.named(_SPELLED[unsigned], float(_SPELLED[unsigned]))
    elif re.fullmatch(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", unsigned):
        found = builder.leaf(folding.literal(unsigned, offset))
    else:
        raise errors.SyntaxRejected("the string spells no number", hint="write the number itself", offset=offset)
    return builder.negative(found, offset) if bare != unsigned else found


def _of_items(
    frame: StackFrame, word: Word, name: str, operands: list[Value], options: Mapping[str, Value]
) -> Value | None:
    """Return ``sum(items, start)``, ``max(nothing, default=x)`` or ``where(mask)``; None for any other call."""
    first = operands[0]
    if word.names[0] in _PLACES:
        return _places(frame, name, first) if len(operands) == 1 and not options else None
    if "default" in options and len(operands) == 1 and first.kind == "tuple" and not first.items:
        return options["default"]
    start = operands[1] if len(operands) == 2 else options.get("start")
    if name != "sum" or start is None or start.kind not in {"number", "argument"} or type(start.constant) is int:
        return None
    axis = {} if first.kind == "tuple" else {"axis": frame.builder.leaf(0)}
    total = frame.tracer.apply(word, name, [first], axis, frame.offset)
    return frame.tracer.apply(words.BY_NAME["add"], "add", [total, start], {}, frame.offset)


def _places(frame: StackFrame, name: str, mask: Value) -> Value | None:
    """Return where a mask holds; None where ``nonzero`` knows."""
    found = selections.places(frame.tracer, mask, frame.offset)
    if found is not None:
        return found if name.endswith("flatnonzero") else values.tuple_of([found])
    if not name.endswith("where") or frame.builder.array(mask, frame.offset).constant is None:
        return None
    return frame.tracer.apply(words.BY_NAME["nonzero"], "nonzero", [mask], {}, frame.offset)


def _case(builder: Builder, value: Value, offset: int) -> tuple[Value, Value]:
    if value.kind != "tuple" or len(value.items) != 2:
        hint = "write Piecewise((value, condition), (value, True))"
        raise errors.SyntaxRejected("Piecewise takes (value, condition) pairs", hint=hint, offset=offset)
    return builder.number(value.items[0], offset), builder.condition(value.items[1], offset)
