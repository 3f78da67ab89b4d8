"""Assignments: names, items and elements get values; lists grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.arrays import assigning, indexing
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Value, copied, list_of
from app.language.grammar import stack_code
from app.language.grammar.stack_code import Element, Star
from app.language.reading import dictionaries
from app.language.reading.changes import objects
from app.language.reading.operations import Names, StackFrame, operate

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer


class Assignments:
    """The assignments of one text; ``changes`` is whether it changes arrays or lists."""

    def __init__(self, builder: ArrayBuilder, tracer: Tracer) -> None:
        self._builder, self._tracer = builder, tracer
        self.objects = tracer.objects

    def _frame(self, names: Names) -> StackFrame:
        return StackFrame(self._builder, names, self._tracer)

    @property
    def changes(self) -> bool:
        return self._builder.changes

    def bind(self, pattern: stack_code.Pattern, value: Value, names: Names, offset: int) -> None:
        """Give a value to a pattern."""
        if isinstance(pattern, str):
            names[pattern] = self.objects.owned(value, names, offset) if self.changes else value
        elif isinstance(pattern, Element):
            self._store(pattern, value, names)
        elif isinstance(pattern, Star):
            self.bind(pattern.name, value, names, offset)
        else:
            for part, item in zip(pattern, self._unpacked(pattern, value, offset), strict=True):
                self.bind(part, item, names, offset)

    def _unpacked(self, patterns: Sequence[stack_code.Pattern], value: Value, offset: int) -> Sequence[Value]:
        """Return a value for each pattern."""
        builder = self._builder
        if not (builder.is_array(value) or value.kind == "argument"):
            # What depends on the point may be an array, as ``2*X`` is, once the shapes of the arguments are known.
            kind = errors.BadShape if value.constant is None else errors.SyntaxRejected
            raise kind(f"{len(patterns)} names for one value", offset=offset)
        values = list(builder.items(value, offset))
        starred = [at for at, each in enumerate(patterns) if isinstance(each, Star)]
        if starred and len(values) >= len(patterns) - 1:
            first, last = starred[0], len(values) - (len(patterns) - 1 - starred[0])
            values = [*values[:first], list_of(values[first:last]), *values[last:]]
        if len(values) != len(patterns):
            raise errors.SyntaxRejected(f"{len(patterns)} names for {len(values)} values", offset=offset)
        return values

    # Elements

    def _store(self, element: Element, value: Value, names: Names) -> None:
        target, indices = self._found(element, names)
        self._replace(target, indices, value, names, element.offset)

    def _found(self, element: Element, names: Names) -> tuple[Value, list[Value]]:
        """Return the array or list whose element a target is, and its indices there."""
        target = self._named(element.name, names, element.offset)
        *outer, last = element.steps
        for code, size in outer:
            base = self.objects.held(target, names, element.offset)
            target = operate(
                self._frame(names), [base, *self._indices(code, size, names)], stack_code.Index(size, element.offset)
            )
        return target, self._indices(*last, names)

    def _named(self, name: str, names: Names, offset: int) -> Value:
        """Return the object of a name; an array or list without a place gets one."""
        if name not in names:
            raise errors.UnknownName(f"the name {errors.quote(name)} is not defined", offset=offset)
        names[name] = value = self.objects.owned(names[name], names, offset)
        return value

    def _indices(self, code: stack_code.Code, size: int, names: Names) -> list[Value]:
        collection = stack_code.Collection("tuple", size, code[0].offset if code else 0)
        return list(indexing.separate(self._tracer.run([*code, collection], names).items))

    def _replace(self, target: Value, indices: list[Value], value: Value, names: Names, offset: int) -> None:
        builder = self._builder
        content = self.objects.held(target, names, offset)
        value = self.objects.current(value, names, offset)
        if target.reference is None:
            what = "a tuple" if content.kind == "tuple" else "a number"
            raise errors.BadShape(f"{what} has no elements to assign to", offset=offset)
        if content.kind == "dict":
            builder.charge(1 + len(content.items) // 256, offset)
            new = dictionaries.with_entry(content, indices, self.objects.owned(value, names, offset), offset)
        elif content.kind == "tuple":
            new = self._with_item(content, indices, self.objects.owned(value, names, offset), offset)
        else:
            new = assigning.assigned(builder, content, indices, value, offset)
            new = indexing.listed(new) if content.listed else new
        self.objects.change(target, new, names, offset)

    def _with_item(self, content: Value, indices: list[Value], value: Value, offset: int) -> Value:
        """Return a list with another item, or other items in a slice."""
        builder, items = self._builder, list(content.items)
        if len(indices) != 1:
            hint = "write y[i][j], or make it an array: y = np.array(y)"
            raise errors.SyntaxRejected("a list takes one index", hint=hint, offset=offset)
        builder.charge(1 + len(items) // 256, offset)
        if indices[0].kind == "slice":
            items[indexing.slice_of(builder, indices[0], offset)] = builder.items(value, offset)
            return list_of(items)
        position = builder.integer(indices[0], offset)
        if not -len(items) <= position < len(items):
            raise errors.BadShape(f"index {position} into {len(items)} items", offset=offset)
        items[position] = value
        found = copied(content)
        found.items = tuple(items)
        found.holds = content.holds or value.holds or value.reference is not None
        return found

    def augment(self, instruction: stack_code.Augment, value: Value, names: Names) -> None:
        """Run ``target[...] += value``."""
        offset = instruction.offset
        target, indices = self._found(instruction.target, names)
        base = self.objects.held(target, names, offset)
        frame = self._frame(names)
        mask = indices[0] if len(indices) == 1 and indices[0].kind == "condition" and indices[0].shape else None
        if mask is not None and mask.constant is None:
            # Which elements change depends on the point: all are computed, and those chosen are kept.
            found = operate(frame, [objects.without_reference(base), value], instruction.operator)
            found = self._builder.array(found, offset)
            if found.shape != base.shape or value.shape[: len(mask.shape)] != ():
                hint = "write y = where(mask, y + values, y)"
                raise errors.SyntaxRejected("this takes one value for all elements", hint=hint, offset=offset)
            wide = (*mask.shape, *[1] * (len(base.shape) - len(mask.shape)))
            mask = self._builder.emit("reshape", (wide,), mask, offset=offset)
            mask = self._builder.broadcast(mask, base.shape, offset)
            found = self._builder.choose(mask, found, base, offset)
            self.objects.change(target, found, names, offset)
            return
        element = operate(frame, [base, *indices], stack_code.Index(len(indices), offset))
        if element.kind == "tuple" and element.is_list:
            raise errors.SyntaxRejected("write y[i].append(v) for a list in a list", offset=offset)
        self._replace(target, indices, operate(frame, [element, value], instruction.operator), names, offset)

    def augmented(self, name: str, value: Value, names: Names, offset: int) -> None:
        """Give a name the result of ``name += value``: an array takes it in place."""
        before = names.get(name)
        if value.kind == "tuple" and value.is_list:
            hint = "write a.extend(b), or a = a + b"
            raise errors.SyntaxRejected("lists are not extended by +=", hint=hint, offset=offset)
        if not self.changes or before is None or before.reference is None or not before.shape:
            self.bind(name, value, names, offset)
            return
        content = self.objects.current(before, names, offset)
        fitted = assigning.fitting(self._builder, content, value, offset)
        if fitted.shape != content.shape:
            detail = f"a value of shape {list(fitted.shape)} does not fit in place of {list(content.shape)}"
            raise errors.BadShape(detail, hint=f"write {name} = {name} + ...", offset=offset)
        self.objects.change(before, fitted, names, offset)

    # Methods that change

    def change(self, instruction: stack_code.Change, operands: list[Value], names: Names) -> None:
        """Run ``target.append(value)`` and its like."""
        offset, method = instruction.offset, instruction.method
        if isinstance(instruction.target, str):
            target = self._named(instruction.target, names, offset)
        else:
            base, indices = self._found(instruction.target, names)
            frame = self._frame(names)
            held = self.objects.held(base, names, offset)
            target = operate(frame, [held, *indices], stack_code.Index(len(indices), offset))
        content = self.objects.held(target, names, offset)
        if method == "+=" and not (content.kind == "tuple" and content.is_list):
            name = instruction.target
            assert isinstance(name, str)
            sum_of = stack_code.Sum("++", offset)
            self.augmented(name, operate(self._frame(names), [content, *operands], sum_of), names, offset)
            return
        if content.listed and target.reference is not None:
            content = list_of(self._builder.items(objects.without_reference(content), offset))
        if content.kind == "tuple" and target.reference is not None:
            new = self._grown(content, method, operands, names, offset)
        elif method == "fill" and content.shape and len(operands) == 1 and target.reference is not None:
            new = self._builder.broadcast(
                assigning.fitting(self._builder, content, operands[0], offset), content.shape, offset
            )
        else:
            raise errors.SyntaxRejected(f".{method}() of this value is not in the language", offset=offset)
        self.objects.change(target, new, names, offset)

    def _grown(self, content: Value, method: str, operands: list[Value], names: Names, offset: int) -> Value:
        items, more = content.items, list[Value]()
        self._builder.charge(1 + len(items) // 256, offset)
        if method == "append" and len(operands) == 1:
            more = [self.objects.owned(operands[0], names, offset)]
        elif method in {"extend", "+="} and len(operands) == 1:
            more = [self.objects.owned(each, names, offset) for each in self._builder.items(operands[0], offset)]
        elif method == "pop" and len(operands) < 2 and items:
            at = self._builder.integer(operands[0], offset) if operands else -1
            if not -len(items) <= at < len(items):
                raise errors.BadShape(f"index {at} into {len(items)} items", offset=offset)
            items, more = items[:at], list(items[at:])[1:]
        elif method == "reverse" and not operands:
            items = items[::-1]
        elif method == "clear" and not operands:
            items = ()
        elif method == "insert" and len(operands) == 2:
            at = self._builder.integer(operands[0], offset)
            more = [self.objects.owned(operands[1], names, offset), *items[at:]]
            items = items[:at]
        else:
            raise errors.SyntaxRejected(f".{method}() with these operands is not in the language", offset=offset)
        found = copied(content)
        found.items = (*items, *more)
        found.holds = content.holds or any(each.reference is not None or each.holds for each in more)
        return found
