"""Which function of a module is asked about, and the statements around it that it needs."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Sequence
from typing import NoReturn

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.modules.entries import SAME, ModuleEntry
from app.language.grammar.stack_code import Apply, Assign, Code, Collection, Function, Instruction, Name, Return
from app.language.grammar.statements import Import, Source

_USES = frozenset({
    "grad", "value_and_grad", "elementwise_grad", "jacobian", "jacfwd", "jacrev", "hessian", "vjp", "jvp", "linearize",
    "check_grads", "approx_fprime", "minimize", "minimize_scalar", "root_scalar", "lambdify", "print", "curve_fit",
    "least_squares", "fsolve", "brentq", "newton", "odeint", "solve_ivp", "quad", "diff", "fmin", "root",
})  # fmt: skip
"""Functions that are given a function, or show a value: a statement with one is dropped, after a function."""

FOLLOWS = "leave out what follows the function"


class Choice:
    """Chooses among the statements of a module of ``end`` characters, whose ``words`` mean something of their own."""

    def __init__(
        self, entries: Sequence[ModuleEntry], imports: Sequence[Import], words: Container[str], end: int
    ) -> None:
        self._entries = entries
        self._imports = imports
        self._words = words
        self._end = end

    def source(self, asked: str | None) -> Source:
        """Return the function of this name; without one, the last, or that of the names that nothing defines."""
        found = [index for index, entry in enumerate(self._entries) if entry.kind == "function"]
        if asked is not None:
            found = [index for index in found if self._entries[index].name == asked]
            if not found:
                listed = ", ".join(entry.name for entry in self._entries if entry.kind == "function") or "none"
                hint = f"its functions are {errors.quote(listed)}"
                raise errors.InvalidField(
                    f"the text has no function {errors.quote(asked)}", hint=hint, field="function"
                )
            return self._function_at(found[-1])
        if found and not self._computes(self._entries[found[-1] + 1 :]):
            return self._function_at(found[-1])
        return self._script()

    def _function_at(self, index: int) -> Source:
        """Return a function with the statements around it that it needs."""
        entry = self._entries[index]
        function = entry.code[-1]
        assert isinstance(function, Function)
        self._refuse_changed(entry.name, self._entries[index + 1 :])
        code = list(function.body)
        if code and isinstance(code[-1], Return):
            code.pop()  # the value of the function is the value that its last expression leaves
        names = function.signature.names
        if names[:1] == ("self",) and "self" not in set(_read(code)):
            names = names[1:]  # a method
        if not names:
            hint = "name each argument, or give an array" if function.signature.rest else None
            raise errors.SyntaxRejected("the function has no arguments", hint=hint, offset=entry.offset)
        code = [*_empty(function), *code]
        defaults = stack_code.operand_codes(entry.code)
        needed = self._needed({*function.free, *[name for each in defaults for name in _read(each)]})
        around = [instruction for each in needed for instruction in each.stored]
        pairs = tuple(zip(function.signature.defaulted, defaults, strict=True))
        return Source(names, code, entry.name, around, pairs, tuple(self._imports))

    def _refuse_changed(self, name: str, after: Sequence[ModuleEntry]) -> None:
        for entry in after:
            if name and name in entry.names:
                called = [each for each in entry.code if isinstance(each, Apply)]
                if not (called and all(each.name.rpartition(".")[2] in SAME for each in called)):
                    what = f"{name} is changed after it is defined"
                    raise errors.SyntaxRejected(what, hint=FOLLOWS, offset=entry.offset)

    def _needed(self, wanted: set[str]) -> list[ModuleEntry]:
        """Return the statements that assign or change what is wanted, or wanted by those."""
        linked = self._linked()
        by_name: dict[str, list[int]] = {}
        for index, entry in enumerate(self._entries):
            changed = stack_code.changed(entry.code) if entry.kind == "code" else ()
            for name in {*entry.names, *[f"#{linked.get(name, name)}" for name in changed]}:
                by_name.setdefault(name, []).append(index)
        found: set[int] = set()
        left = list(wanted)
        while left:
            name = left.pop()
            for index in [*by_name.pop(name, ()), *by_name.pop(f"#{linked.get(name, name)}", ())]:
                if index not in found:
                    found.add(index)
                    left += [*_read(self._entries[index].code), *self._entries[index].names]
        return [self._entries[index] for index in sorted(found)]

    def _linked(self) -> dict[str, str]:
        """Return one name for all names that may stand for one array or list: those of one assignment."""
        made = {name for entry in self._entries if entry.kind == "code" for name in entry.names}
        group: dict[str, str] = {}
        members: dict[str, list[str]] = {}
        for entry in self._entries:
            if entry.kind != "code":
                continue
            names = made.intersection((*entry.names, *_read(entry.code), *stack_code.changed(entry.code)))
            groups = dict.fromkeys(group.get(name, name) for name in sorted(names))
            joined = [member for each in groups for member in members.pop(each, [each])]
            for first in list(groups)[:1]:
                members[first] = joined
                for member in joined:
                    group[member] = first
        return group

    def _computes(self, entries: Sequence[ModuleEntry]) -> bool:
        """Return whether statements compute with names that nothing defines, so that they are the function."""
        defined = {each.alias or each.name for each in self._imports}
        for each in self._entries:
            defined |= each.names
        known = frozenset(defined)
        return any(
            "." not in name and name not in self._words
            for entry in entries
            if not self._is_use(entry)
            for _, name in stack_code.free_names(entry.code, known)
        )

    def _script(self) -> Source:
        """Return the function of the names that nothing defines: the value of the last expression or assignment."""
        entries = self._entries
        if len(entries) > 1:
            entries = [entry for entry in entries if not self._is_use(entry)] or entries
        if not entries:
            raise errors.SyntaxRejected("the text ends where a value was expected", offset=self._end)
        if entries[-1].kind == "class":
            hint = "add a def after it that uses the class: def f(a, x): return Model(a).predict(x)"
            raise errors.SyntaxRejected("the text has only a class", hint=hint, offset=entries[-1].offset)
        *before, last = entries
        code = [instruction for entry in before for instruction in entry.stored]
        for entry, following in itertools.pairwise(entries):
            if entry.kind == "value":
                refuse_second(following.offset)
        code += last.code
        if last.kind == "code":
            assigned = last.code[-1]
            if not isinstance(assigned, Assign) or not isinstance(assigned.pattern, str):
                hint = "end with the expression that is its value"
                raise errors.SyntaxRejected("the text ends without a value", hint=hint, offset=last.offset)
            code.append(Name(assigned.pattern, last.offset))
        return Source(None, code, imports=tuple(self._imports))

    def _is_use(self, entry: ModuleEntry) -> bool:
        called = (each.name for each in stack_code.instructions(entry.code) if isinstance(each, Apply))
        return any(name.rpartition(".")[2] in _USES for name in called)


def _empty(function: Function) -> Iterator[Instruction]:
    """Yield code that gives ``*rest`` and ``**options`` of the function that is asked about their values: nothing."""
    _, _, _, _, rest, options = function.signature
    for name in (rest, options):
        if name:
            yield Collection("tuple", 0, function.offset)
            if name == options:
                yield Apply(stack_code.DICT, 1, (), function.offset)
            yield Assign(name, keep=False, augmented=False, offset=function.offset)


def refuse_second(offset: int) -> NoReturn:
    """Refuse a line after an expression."""
    what, hint = "a second line after a complete expression", "put an expression of several lines in parentheses"
    raise errors.SyntaxRejected(what, hint=hint, offset=offset)


def _read(code: Code) -> Iterator[str]:
    """Yield the names that a code reads, without what follows a dot."""
    for each in stack_code.instructions(code):
        if isinstance(each, Name | Apply):
            yield each.name.partition(".")[0]
    yield from stack_code.changed(code)
