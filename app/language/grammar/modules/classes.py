"""Classes: records of fields, and classes whose ``__init__`` sets attributes; methods of both."""

from __future__ import annotations

import keyword

from app import errors
from app.language.grammar import lexer, stack_code, statements
from app.language.grammar.definitions import parameters, returns
from app.language.grammar.modules import instances, records
from app.language.grammar.modules.entries import SAME, ModuleEntry
from app.language.grammar.stack_code import Assign, Instruction

_DECORATORS = SAME | {
    "cache",
    "lru_cache",
    "staticmethod",
    "jaxtyped",
    "typechecked",
    "beartype",
    "override",
    "function",
    "abstractmethod",
}

DECORATED = "leave the decorator out; jit, partial(jit, ...), njit and vectorize may stay"

_SHOWN = frozenset({"__repr__", "__str__"})
"""Methods that say how an instance is printed."""

_WITHOUT = frozenset({"object", "ABC", "abc", "(", ")", ".", ","})
"""What may stand behind the name of a class that inherits nothing."""


class ClassParser(statements.Parser):
    """Reads classes into ``_entries``."""

    def __init__(self, text: str, max_nesting: int, tokens: list[lexer.Token] | None = None) -> None:
        super().__init__(text, max_nesting, tokens)
        self._entries: list[ModuleEntry] = []
        self._classes: dict[str, instances.Class] = {}
        self._base: instances.Class | None = None  # of the class that is read

    def _class(self, column: int, *, of_fields: bool) -> None:
        """Read a class; ``of_fields`` is whether its decorator makes a record of it."""
        start, name = self._cursor.take(), self._cursor.take()
        bases = []
        while self._cursor.peek().kind not in {"end", "newline"} and self._cursor.peek().text != ":":
            bases.append(self._cursor.take().text)
        of_fields |= "NamedTuple" in bases or {"eqx", "equinox"}.intersection(bases) != set()
        found = [self._classes[each] for each in bases if each in self._classes]
        unknown = [each for each in bases if each not in _WITHOUT and each not in self._classes]
        self._base = None if of_fields else (*found, instances.OBJECT)[0]
        if name.kind != "name" or keyword.iskeyword(name.text) or (unknown and not of_fields) or len(found) > 1:
            raise errors.SyntaxRejected("this class is not in the language", hint=records.INSTEAD, offset=start.offset)
        self._expect(":")
        if self._cursor.peek().kind != "newline":
            raise errors.SyntaxRejected("this class has nothing", hint=records.INSTEAD, offset=start.offset)
        self._cursor.skip_newlines()
        inner = self._column(self._cursor.peek())
        fields: list[records.Field] = []
        methods: list[records.Method] = []
        while self._cursor.peek().kind != "end" and self._column(self._cursor.peek()) == inner > column:
            if self._cursor.peek().text in {"@", "def"}:
                methods += self._method(inner)
            else:
                fields += self._field(of_fields)
            self._cursor.skip_newlines()
        code = records.made(name.text, fields, methods, start.offset) if of_fields else None
        code = code or self._instances(name.text, fields, methods, start.offset)
        assign = Assign(name.text, keep=False, augmented=False, offset=start.offset)
        self._entries.append(ModuleEntry("class", [*code, assign], start.offset))

    def _instances(
        self, name: str, fields: list[records.Field], methods: list[records.Method], offset: int
    ) -> list[Instruction]:
        """Return the code of a class that is no record of fields."""
        assert self._base is not None
        initial = [each.code for each in methods if each.name == "__init__"]
        others = [each for each in methods if each.name != "__init__"]
        attributes = [each for each in fields if each.default]
        declared = len(fields) > len(attributes) and not initial
        if declared or not (initial or others or attributes or self._base.methods or self._base.initial):
            raise errors.SyntaxRejected("this class sets no attributes", hint=records.INSTEAD, offset=offset)
        code = initial[-1] if initial else []
        self._classes[name], made = instances.made(name, self._base, attributes, code, others, offset)
        return made

    def _field(self, of_fields: bool) -> list[records.Field]:
        """Read a line of a class: a field ``name: annotation = default``, an attribute, or a docstring."""
        name = self._cursor.take()
        if name.kind == "string" or name.text in {"pass", "..."}:
            return []
        sign = self._cursor.take()
        if name.kind != "name" or keyword.iskeyword(name.text) or sign.text not in {":", "="}:
            raise errors.SyntaxRejected("a class has fields and methods", hint=records.INSTEAD, offset=name.offset)
        if of_fields and sign.text == "=":
            hint = f"write {name.text}: float = ... for a field"
            raise errors.SyntaxRejected("a class of fields annotates each", hint=hint, offset=name.offset)
        default: stack_code.Code = ()
        if sign.text == ":":
            parameters.skip_annotation(self._cursor, {"="}, or_line=True)
            if self._cursor.peek().text != "=":
                return [records.Field(name.text, default, name.offset)]
            self._cursor.take()
        default = records.default(self._expressions.code())
        return [records.Field(name.text, default, name.offset)]

    def _method(self, column: int) -> list[records.Method]:
        """Read a def of a class."""
        kind = "method"
        while self._cursor.peek().text == "@":
            start = self._cursor.take()
            word = self._words_of_line()[-1:]
            kind = records.KINDS.get(word[0].rpartition(".")[2], kind) if word else kind
            if not word or word[0].rpartition(".")[2] not in {*records.KINDS, *_DECORATORS, "filter_jit"}:
                what = "this decorator of a method is not in the language"
                raise errors.SyntaxRejected(what, hint=DECORATED, offset=start.offset)
            self._cursor.skip_newlines()
        offset, name = self._cursor.peek().offset, self._cursor.peek(1).text
        if self._cursor.peek().text != "def":
            raise self._cursor.unexpected(self._cursor.peek(), "a def after its decorator")
        if name in _SHOWN:
            self._skip_block(column)
            return []
        if name == "__init__":
            return [records.Method(name, kind, self._initial(column, offset))]
        name, defaults, signature, body = self._function(column, 0, needs_value=False)
        if not returns.may_return(body):
            return []
        return [records.Method(name, kind, [*defaults, stack_code.function(name, signature, body, offset)])]

    def _initial(self, column: int, offset: int) -> list[Instruction]:
        """Read ``def __init__(self, ...)``."""
        instance = self._cursor.peek(3)
        if self._base is None or instance.kind != "name":
            hint = "leave it out: a record has its fields from the lines a: float"
            raise errors.SyntaxRejected("this __init__ is not in the language", hint=hint, offset=offset)
        name, defaults, signature, body = self._function(column, 0, needs_value=False, instance=instance.text)
        body = instances.giving_itself(body, instance.text, offset)
        return [*defaults, stack_code.function(name, signature, body, offset)]

    def _change(self, code: list[Instruction], called: stack_code.Code, following: lexer.Token) -> None:
        """Read a call that is a statement, which may be ``super().__init__(...)``."""
        last = called[-1]
        if self._instance and isinstance(last, stack_code.Method) and last.name == "__init__":
            receiver, *operands = stack_code.operand_codes(called)
            base, size = self._base, last.size
            if isinstance(receiver[-1], stack_code.Name):
                base, operands, size = self._classes.get(receiver[-1].name), operands[1:], size - 1
            if base is not None:
                given = [each for operand in operands for each in operand]
                code += instances.initialised(base, self._instance, given, size, last.keywords, last.offset)
                return
        super()._change(code, called, following)

    def _skip_block(self, column: int) -> None:
        """Go past a def, whose lines are indented more than ``column``."""
        while True:
            self._skip()
            if self._cursor.peek().text == ";":
                self._cursor.take()
                continue
            self._cursor.skip_newlines()
            if self._cursor.peek().kind == "end" or self._column(self._cursor.peek()) <= column:
                return

    def _decorators(self) -> bool:
        """Go past decorators; return whether one makes a class of fields."""
        made = False
        while self._cursor.peek().text == "@":
            start = self._cursor.take()
            words = self._words_of_line()
            name = words[0].rpartition(".")[2] if words else ""
            if name == "partial" and len(words) > 1:
                name = words[1].rpartition(".")[2]
            made |= name in records.DECORATORS
            if name not in _DECORATORS | records.DECORATORS:
                what = "a decorator that may change the function is not in the language"
                raise errors.SyntaxRejected(what, hint=DECORATED, offset=start.offset)
            self._cursor.skip_newlines()
        return made

    def _words_of_line(self) -> list[str]:
        """Return the dotted names of the line, and go past it."""
        found: list[str] = []
        dotted = False
        while self._cursor.peek().kind not in {"end", "newline"}:
            token = self._cursor.take()
            if token.kind == "name":
                found[-1:] = [f"{found[-1]}.{token.text}"] if dotted else [*found[-1:], token.text]
            dotted = token.text == "." and bool(found)
        return found
