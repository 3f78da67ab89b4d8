"""Arrays and lists that a text changes: which names mean the same object, and what it holds now.

Values are never changed. In a text that changes arrays or lists, an array or list that is given a name gets a place of
its own in the names, under a key that no text can write; the name refers to it, as other names and lists may do.
``b = a`` refers to the same place, ``b = a[1:]`` to a part of it. A change gives the place another content. As places
are names, branches and loops treat them as they treat variables.

Where it depends on the point which object a name means, or where NumPy may or may not copy, a change is refused if
anybody could see the difference.
"""

from __future__ import annotations

import itertools
from collections.abc import MutableMapping, Sequence
from typing import Any

from app import errors
from app.language.arrays import assigning, indexing
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import MARK, Reference, Value, copied, is_place, references

Names = MutableMapping[str, Value]


class Objects:
    """The objects of one text."""

    def __init__(self, builder: ArrayBuilder) -> None:
        self._builder = builder
        self._numbers = itertools.count()

    # Reading

    def current(self, value: Value, names: Names, offset: int) -> Value:
        """Return a value with what its object, and those of its items, hold now."""
        found = self.held(value, names, offset)
        return self._with_items(found, names, offset) if found.holds else found

    def held(self, value: Value, names: Names, offset: int) -> Value:
        """Return a value with what its object holds now; its items may have changed since."""
        reference = value.reference
        if reference is None or reference.key not in names:
            return value
        content = names[reference.key]
        for kind, how in reference.path:
            content = self._part(content, kind, how, offset)
        return _referring(content, reference)

    def _with_items(self, value: Value, names: Names, offset: int) -> Value:
        self._builder.charge(1 + len(value.items) // 16, offset)
        found = copied(value)
        found.items = tuple([self.current(item, names, offset) for item in value.items])
        return found

    def _part(self, content: Value, kind: str, how: Any, offset: int) -> Value:
        if kind == "transpose":
            return self._builder.emit("transpose", (how,), content, offset=offset)
        return indexing.element(self._builder, content, how, offset)

    # Naming

    def owned(self, value: Value, names: Names, offset: int) -> Value:
        """Return a value that is given a name: an array or list that has no place gets one."""
        reference = value.reference
        if reference is not None and not value.shape and value.kind not in {"tuple", "dict"}:
            return without_reference(self.current(value, names, offset))  # NumPy's numbers are no views
        if reference is not None and reference.key:
            return value
        if value.kind in {"tuple", "dict"}:
            items = [self.owned(item, names, offset) for item in value.items]
            if any(item.reference is not None or item.holds for item in items):
                value = copied(value)
                value.items, value.holds = tuple(items), True
            return self._placed(value, names) if value.is_list or value.kind == "dict" else value
        if value.shape and value.kind in {"number", "condition"}:
            return self._placed(value, names)
        return value

    def given(self, value: Value, names: Names, offset: int, *, shared: bool) -> Value:
        """Return a value that is given to a parameter.

        One that nobody else has is an object of the function's own. A default value is ``shared``: the same object in
        every call.
        """
        if value.reference is not None:
            return value
        if shared:
            return _referring(value, Reference(_SHARED)) if value.shape or value.is_list else value
        return self.owned(value, names, offset)

    def _placed(self, value: Value, names: Names) -> Value:
        self._sweep(names)
        key = f"{MARK}{next(self._numbers)}"
        perhaps = value.reference.perhaps if value.reference is not None else frozenset[str]()
        names[key] = without_reference(value)
        return _referring(value, Reference(key, (), perhaps))

    def _sweep(self, names: Names) -> None:
        """Drop the places that nothing refers to, now and then."""
        places = [name for name in names if is_place(name)] if len(names) % 256 == 255 else []
        if len(places) * 2 > len(names):
            reached = self._reached(names)
            for name in places:
                if name not in reached:
                    del names[name]

    def _reached(self, names: Names, without: Value | None = None) -> set[str]:
        """Return the keys of the places that the names refer to."""
        found: set[str] = set()
        stack = [value for name, value in names.items() if not is_place(name) and value is not without]
        while stack:
            for reference in references(stack.pop()):
                found |= reference.perhaps
                if reference.key not in found:
                    found.add(reference.key)
                    if reference.key in names:
                        stack.append(names[reference.key])
        return found

    def released(self, value: Value, names: Names) -> Value:
        """Return the value of a function, without the places of its own variables."""
        if value.reference is not None and value.reference.key in names:
            value = without_reference(value)
        if value.holds:
            value = copied(value)
            value.items = tuple([self.released(item, names) for item in value.items])
        return value

    # Changing

    def change(self, value: Value, new: Value, names: Names, offset: int) -> None:
        """Give the object of a value other content, through a view if it is one."""
        reference = value.reference
        assert reference is not None
        if reference.key not in names:
            hint = "change a copy of it, y = x.copy(), and return that"
            raise errors.SyntaxRejected("a function may not change what it is given", hint=hint, offset=offset)
        self._check(reference, names, offset)
        written = self._written(names[reference.key], reference.path, new, offset)
        names[reference.key] = without_reference(written)

    def _written(self, content: Value, path: Sequence[tuple[str, Any]], new: Value, offset: int) -> Value:
        if not path:
            return new
        (kind, how), *rest = path
        inner = self._written(self._part(content, kind, how, offset), rest, new, offset) if rest else new
        if kind == "transpose":
            order = sorted(range(len(how)), key=how.__getitem__)
            return self._builder.emit("transpose", (tuple(order),), inner, offset=offset)
        return assigning.assigned(self._builder, content, how, inner, offset)

    def _check(self, reference: Reference, names: Names, offset: int) -> None:
        """Refuse a change that another name may or may not see."""
        if not self._builder.ambiguous:
            return
        self._builder.charge(len(names) // 16, offset)
        for value in names.values():
            for each in references(value):
                others = {each.key, *each.perhaps}
                if each.key != reference.key and (reference.key in others or not reference.perhaps.isdisjoint(others)):
                    what = "another name may share the elements that change here, or may not"
                    hint = "change a copy: write y = y.copy(), or np.array(y), before it"
                    raise errors.SyntaxRejected(what, hint=hint, offset=offset)


_SHARED = f"{MARK}shared"
"""Key of objects that outlive a call. No names have it, so they cannot be changed."""


def without_reference(value: Value) -> Value:
    if value.reference is None:
        return value
    found = copied(value)
    found.reference = None
    return found


def viewed(base: Value, found: Value, kind: str, how: Any) -> Value:
    """Return a part of an array as a view of it."""
    reference = base.reference
    if reference is None or not found.shape or base.kind == "tuple":
        return found
    path = (*reference.path, (kind, how))
    return _referring(found, Reference(reference.key, path if reference.key else (), reference.perhaps))


_VIEWS = frozenset({
    "reshape", "ravel", "squeeze", "expand_dims", "transpose", "swapaxes", "moveaxis", "broadcast_to", "flip", "diag",
    "diagonal", "atleast_1d", "atleast_2d", "split", "array_split", "hsplit", "vsplit", "real", "view", "rollaxis",
    "matrix_transpose", "mT",
})  # fmt: skip
"""Words whose result shares elements with their operand, or does not, as the order in memory is."""


def returned(builder: ArrayBuilder, name: str, operands: Sequence[Value], found: Value) -> Value:
    """Return the result of a word as what it is in NumPy: an object of its own, the operand itself, or a view."""
    bare = name.rpartition(".")[2]
    if bare == "asarray" and operands and operands[0].shape:
        return found
    if bare == "T" and found.shape:
        return viewed(operands[0], without_reference(found), "transpose", tuple(range(len(found.shape)))[::-1])
    if bare in _VIEWS:
        return merged(builder, operands[:1], found)
    if bare in {"list", "sorted"} and found.kind == "tuple":
        found = copied(found)
        found.is_list = True
    return without_reference(found)


def indexed(base: Value, indices: Sequence[Value], found: Value) -> Value:
    """Return elements of an array or list: a view of it if no index is an array; items of a list as they are."""
    if base.kind == "tuple":
        return found
    if any(
        index.shape or index.kind in {"tuple", "condition"} or (index.kind == "number" and index.constant is None)
        for index in indices
    ):
        return without_reference(found)
    if found.reference is not None:
        return found  # all of it
    return viewed(base, found, "index", tuple(indices))


def merged(builder: ArrayBuilder, parts: Sequence[Value], found: Value) -> Value:
    """Return a value that is perhaps one of the objects of others, perhaps a view of them, perhaps a copy."""
    keys = {key for part in parts for each in references(part) for key in (each.key, *each.perhaps)} - {""}
    if not keys or not (found.shape or found.kind in {"tuple", "dict"}):
        return without_reference(found)
    builder.ambiguous = True
    return _referring(found, Reference("", (), frozenset(keys)))


def _referring(value: Value, reference: Reference) -> Value:
    found = copied(value)
    found.reference = reference
    return found
