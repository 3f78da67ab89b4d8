"""Text to SymPy expression, without ever evaluating the text.

``syntax`` turns the text into postfix code of an allow-listed grammar; this module runs that code over a stack of
SymPy nodes. Every node is made by ``Basic.__new__``, which calls no ``eval`` and simplifies nothing: ``x/x`` stays,
``9**9**9`` costs nothing. Equal nodes of one parse are one object, so identity is structural equality and no
recursive hash or comparison is ever needed. Arguments become the symbols v0, v1, ...: client text reaches no
printer and no symbol table.

Subexpressions of constants are folded alongside, exactly where they are rational and in float64 elsewhere; the
folded value is kept beside the node, so the expression still reads as the client wrote it.
"""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import constants, errors, lexing, syntax, vocabulary
from app.constants import Number

_RELATIONS: dict[str, type[Basic]] = {
    "<": sympy.StrictLessThan,
    "<=": sympy.LessThan,
    ">": sympy.StrictGreaterThan,
    ">=": sympy.GreaterThan,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}
_BINARY = {"%": "mod", "//": "floor_divide"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a text, checked before the cost they bound is paid."""

    max_expression_bytes: int = 131_072
    max_arguments: int = 64
    max_nesting: int = 512
    max_operations: int = 65_536
    max_name_length: int = lexing.MAX_NAME_LENGTH
    max_rank: int = 4


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed function.

    Attributes:
        expression: unevaluated SymPy tree over v0, v1, ... and elements of them.
        args: argument names in order, NFKC-normalised.
        ranks: how each argument is used: None not at all, 0 as a number, n >= 1 with n indices.
        constants: folded values by ``id`` of the node, for the nodes of ``expression`` that are constant.
    """

    expression: Basic
    args: tuple[str, ...]
    ranks: tuple[int | None, ...]
    constants: Mapping[int, Number]


@dataclass(slots=True)
class _Value:
    """What the stack holds: a node with its folded constant, or something that is not a number yet."""

    node: Basic
    constant: Number | None = None
    kind: str = "number"  # or condition, argument, element, tuple
    items: tuple[_Value, ...] = ()
    argument: int = -1


def parse(
    text: str, args: Sequence[str] | None = None, declared: Collection[str] = (), *, limits: Limits = Limits()
) -> Program:
    """Parse a function of the language.

    Args:
        text: an expression, a lambda or a straight-line def.
        args: argument names in order; without them, a lambda's or def's parameters, or the free names of an
            expression in the order they appear.
        declared: names known to be arguments though ``args`` is not given (the keys of a point).
        limits: bounds on the text.

    Raises:
        errors.Rejected: the text is not in the language; ``position`` says where.
    """
    try:
        size = len(text) if text.isascii() else len(text.encode())
        if size > limits.max_expression_bytes:
            raise errors.TooComplex(
                f"the expression has {size} bytes, the limit is {limits.max_expression_bytes}", field="expression"
            )
        source = syntax.parse(text, max_nesting=limits.max_nesting)
        names = _arguments(source, args, declared, limits)
        return _Builder(names, limits).program(source)
    except errors.GradserveError as error:
        error.locate(text)
        raise


def argument_names(args: Sequence[str], limits: Limits = Limits()) -> tuple[str, ...]:
    """Return argument names normalised and checked.

    Raises:
        errors.InvalidName: a name that cannot be used, or is there twice.
        errors.TooComplex: too many of them.
    """
    if len(args) > limits.max_arguments:
        raise errors.TooComplex(f"{len(args)} arguments, the limit is {limits.max_arguments}", field="args")
    names: list[str] = []
    for index, name in enumerate(args):
        try:
            normal = lexing.identifier(name)
        except errors.InvalidName as error:
            error.field = f"args.{index}"
            raise
        if normal in names:
            raise errors.InvalidName(f"the argument {errors.quote(normal)} appears twice", field=f"args.{index}")
        names.append(normal)
    return tuple(names)


def _arguments(
    source: syntax.Source, args: Sequence[str] | None, declared: Collection[str], limits: Limits
) -> tuple[str, ...]:
    given = None if args is None else argument_names(args, limits)
    if source.parameters is not None:
        if given is not None and given != source.parameters:
            listed = errors.quote(", ".join(source.parameters))
            raise errors.InvalidField(f"args must be the function's own parameters, {listed}", field="args")
        return argument_names(source.parameters, limits)
    if given is not None:
        return given
    known = {lexing.identifier(name) for name in declared}
    found = dict.fromkeys(
        data
        for kind, data, _ in source.code
        if kind == "name"
        and "." not in data
        and (data in known or (data not in vocabulary.CONSTANTS and data not in ("True", "False")))
    )
    return argument_names(tuple(found), limits)


@functools.cache
def _definition(text: str) -> syntax.Source:
    """Return the code of a defined word; the vocabulary is ours, so this is read once and trusted."""
    return syntax.parse(text, max_nesting=64)


class _Builder:
    """Runs postfix code over SymPy nodes."""

    def __init__(self, args: tuple[str, ...], limits: Limits) -> None:
        self._args = args
        self._limits = limits
        self._names: dict[str, _Value] = {}
        self._ranks: list[int | None] = [None] * len(args)
        self._interned: dict[tuple[Any, ...], _Value] = {}
        self._operations = 0
        self._defining = 0
        for index, name in enumerate(args):
            symbol = sympy.Symbol(f"v{index}")
            self._names[name] = _Value(symbol, kind="argument", argument=index)

    def program(self, source: syntax.Source) -> Program:
        result = self._run(source.code, self._names)
        if result.kind == "tuple":
            raise errors.BadShape(
                f"the function returns {len(result.items)} values, not a scalar", hint="return one number"
            )
        root = self._number(result, 0)
        constants = {id(value.node): value.constant for value in self._interned.values() if value.constant is not None}
        # The interned values keep every node alive through the expression, so an id stays unique.
        return Program(root.node, self._args, tuple(self._ranks), constants)

    # The machine

    def _run(self, code: Sequence[syntax.Instruction], names: dict[str, _Value], offset: int | None = None) -> _Value:
        """Run code; ``offset`` overrides the positions of a definition's own text by those of its call."""
        stack: list[_Value] = []
        actions = self._ACTIONS
        for kind, data, where in code:
            actions[kind](self, stack, data, where if offset is None else offset, names)
        return stack.pop()

    def _do_number(self, stack: list[_Value], text: str, offset: int, names: dict[str, _Value]) -> None:
        stack.append(self._literal(text, offset))

    def _do_name(self, stack: list[_Value], name: str, offset: int, names: dict[str, _Value]) -> None:
        value = names.get(name)
        stack.append(value if value is not None else self._constant_name(name, offset))

    def _do_negate(self, stack: list[_Value], data: None, offset: int, names: dict[str, _Value]) -> None:
        stack.append(self._negative(self._number(stack.pop(), offset), offset))

    def _do_not(self, stack: list[_Value], data: None, offset: int, names: dict[str, _Value]) -> None:
        stack.append(self._make(sympy.Not, (self._condition(stack.pop(), offset),), offset, kind="condition"))

    def _do_sum(self, stack: list[_Value], signs: str, offset: int, names: dict[str, _Value]) -> None:
        terms = [self._number(value, offset) for value in _pop(stack, len(signs))]
        folded = constants.fold_chain([term.constant for term in terms], signs, self._blamed(offset))
        signed = [self._negative(t, offset) if sign == "-" else t for t, sign in zip(terms, signs, strict=True)]
        stack.append(self._chain(sympy.Add, signed, folded, offset))

    def _do_product(self, stack: list[_Value], signs: str, offset: int, names: dict[str, _Value]) -> None:
        factors = [self._number(value, offset) for value in _pop(stack, len(signs))]
        folded = constants.fold_chain([factor.constant for factor in factors], signs, self._blamed(offset))
        if factors[0].node is sympy.Integer(-1):
            # Mul(-1, x) is how a negation is written, so a literal -1 becomes a float: same value, a leaf.
            factors[0] = self._leaf(-1.0)
        parts = [self._inverse(f, offset) if sign == "/" else f for f, sign in zip(factors, signs, strict=True)]
        stack.append(self._chain(sympy.Mul, parts, folded, offset))

    def _do_binary(self, stack: list[_Value], operator: str, offset: int, names: dict[str, _Value]) -> None:
        if operator == "@":
            raise errors.SyntaxRejected("'@' is not in the language here", hint="write the products out", offset=offset)
        stack.append(self._apply(vocabulary.BY_NAME[_BINARY[operator]], _pop(stack, 2), offset))

    def _do_power(self, stack: list[_Value], data: None, offset: int, names: dict[str, _Value]) -> None:
        base, exponent = (self._number(value, offset) for value in _pop(stack, 2))
        stack.append(self._power(base, exponent, offset))

    def _do_compare(
        self, stack: list[_Value], relations: tuple[str, ...], offset: int, names: dict[str, _Value]
    ) -> None:
        terms = [self._number(value, offset) for value in _pop(stack, len(relations) + 1)]
        parts = [
            self._make(
                _RELATIONS[relation],
                (first, second),
                offset,
                kind="condition",
                constant=constants.fold_relation(relation, first.constant, second.constant),
            )
            for relation, first, second in zip(relations, terms, terms[1:], strict=False)
        ]
        stack.append(parts[0] if len(parts) == 1 else self._make(sympy.And, parts, offset, kind="condition"))

    def _do_and(self, stack: list[_Value], count: int, offset: int, names: dict[str, _Value]) -> None:
        conditions = [self._condition(value, offset, "and") for value in _pop(stack, count)]
        stack.append(self._make(sympy.And, conditions, offset, kind="condition"))

    def _do_or(self, stack: list[_Value], count: int, offset: int, names: dict[str, _Value]) -> None:
        conditions = [self._condition(value, offset, "or") for value in _pop(stack, count)]
        stack.append(self._make(sympy.Or, conditions, offset, kind="condition"))

    def _do_ifelse(self, stack: list[_Value], data: None, offset: int, names: dict[str, _Value]) -> None:
        chosen, condition, other = _pop(stack, 3)
        test = self._condition(condition, offset)
        if chosen.kind == other.kind == "condition":
            either = (
                self._make(sympy.And, (test, chosen), offset, kind="condition"),
                self._make(
                    sympy.And,
                    (self._make(sympy.Not, (test,), offset, kind="condition"), other),
                    offset,
                    kind="condition",
                ),
            )
            stack.append(self._make(sympy.Or, either, offset, kind="condition"))
            return
        cases = ((self._number(chosen, offset), test), (self._number(other, offset), self._truth(True)))
        stack.append(self._piecewise(cases, offset))

    def _do_tuple(self, stack: list[_Value], count: int, offset: int, names: dict[str, _Value]) -> None:
        stack.append(_Value(sympy.Integer(0), kind="tuple", items=tuple(_pop(stack, count))))

    def _do_call(self, stack: list[_Value], data: tuple[str, int], offset: int, names: dict[str, _Value]) -> None:
        name, count = data
        inner = vocabulary.INNER.get(name) if self._defining else None
        stack.append(self._apply(inner or _word(name, names, offset), _pop(stack, count), offset, name))

    def _do_index(self, stack: list[_Value], count: int, offset: int, names: dict[str, _Value]) -> None:
        base, *indices = _pop(stack, count + 1)
        stack.append(self._element(base, indices, offset))

    def _do_store(self, stack: list[_Value], targets: tuple[str, ...], offset: int, names: dict[str, _Value]) -> None:
        value = stack.pop()
        values = value.items if len(targets) > 1 and value.kind == "tuple" else (value,)
        if len(values) != len(targets):
            raise errors.SyntaxRejected(f"{len(targets)} names for {len(values)} values", offset=offset)
        names.update(zip(targets, values, strict=True))

    _ACTIONS: ClassVar[dict[str, Callable[..., None]]] = {
        "number": _do_number,
        "name": _do_name,
        "negate": _do_negate,
        "not": _do_not,
        "sum": _do_sum,
        "product": _do_product,
        "binary": _do_binary,
        "power": _do_power,
        "compare": _do_compare,
        "and": _do_and,
        "or": _do_or,
        "ifelse": _do_ifelse,
        "tuple": _do_tuple,
        "list": _do_tuple,
        "call": _do_call,
        "index": _do_index,
        "store": _do_store,
    }

    # Nodes

    def _make(
        self,
        cls: type[Basic],
        operands: Sequence[_Value],
        offset: int,
        *,
        kind: str = "number",
        constant: Number | None = None,
    ) -> _Value:
        """Return the one node of this class over these operands."""
        key = (cls, *[id(operand.node) for operand in operands])
        known = self._interned.get(key)
        if known is not None:
            return known
        self._operations += max(1, len(operands) - 1)
        if self._operations > self._limits.max_operations:
            raise errors.TooComplex(f"more than {self._limits.max_operations} operations", offset=offset)
        node = Basic.__new__(cls, *[operand.node for operand in operands])
        if cls is sympy.Add or cls is sympy.Mul or cls is sympy.Pow:
            node.is_commutative = True
        value = self._interned[key] = _Value(node, constant, kind)
        return value

    def _leaf(self, constant: Number) -> _Value:
        key = (type(constant), constant, math.copysign(1.0, constant))
        known = self._interned.get(key)
        if known is None:
            node = sympy.Integer(constant) if isinstance(constant, int) else sympy.Float(constant)
            known = self._interned[key] = _Value(node, constant=constant)
        return known

    def _literal(self, text: str, offset: int) -> _Value:
        return self._leaf(constants.literal(text, offset))

    def _constant_name(self, name: str, offset: int) -> _Value:
        if name in ("True", "False"):
            return self._truth(name == "True")
        prefix, _, bare = name.rpartition(".")
        table = vocabulary.CONSTANTS if not prefix else vocabulary.QUALIFIED_CONSTANTS
        if bare not in table or (prefix and prefix not in vocabulary.PREFIXES):
            raise _unknown(name, offset, known=[*self._names, *vocabulary.CONSTANTS])
        key = ("constant", table[bare], bare if bare != "e" else "E")
        known = self._interned.get(key)
        if known is None:
            node = {"pi": sympy.pi, "E": sympy.E, "inf": sympy.oo, "nan": sympy.nan}.get(key[2])
            value = _Value(sympy.Float(table[bare]) if node is None else node, constant=table[bare])
            known = self._interned[key] = value
        return known

    def _truth(self, holds: bool) -> _Value:
        return _Value(sympy.true if holds else sympy.false, int(holds), kind="condition")

    def _number(self, value: _Value, offset: int) -> _Value:
        """Return the value as a number: an argument is used whole, a condition counts 1 or 0."""
        if value.kind == "number":
            return value
        if value.kind == "condition":
            return self._piecewise(((self._leaf(1), value), (self._leaf(0), self._truth(True))), offset)
        if value.kind == "tuple":
            raise errors.BadShape("a list or tuple stands where a number was expected", offset=offset)
        rank = 0 if value.kind == "argument" else len(value.items)
        self._use(value.argument, rank, offset)
        if value.kind == "argument":
            return value
        return self._make(sympy.Indexed, (_base(value.argument), *value.items), offset)

    def _condition(self, value: _Value, offset: int, joined: str | None = None) -> _Value:
        if value.kind == "condition":
            return value
        if joined:
            hint = "put parentheses around each comparison: (x > 0) & (y > 0)"
            raise errors.SyntaxRejected(f"'{joined}' joins conditions, not numbers", hint=hint, offset=offset)
        return self._make(sympy.Ne, (self._number(value, offset), self._leaf(0)), offset, kind="condition")

    def _use(self, argument: int, rank: int, offset: int) -> None:
        before = self._ranks[argument]
        if before is not None and before != rank:
            name = self._args[argument]
            uses = sorted(("a number" if r == 0 else f"an array of rank {r}") for r in (before, rank))
            raise errors.BadShape(f"'{name}' is used as {uses[0]} and as {uses[1]}", offset=offset)
        self._ranks[argument] = rank

    def _element(self, base: _Value, indices: list[_Value], offset: int) -> _Value:
        if base.kind == "tuple" and len(indices) == 1:
            index = _index(indices[0], offset)
            if not -len(base.items) <= index < len(base.items):
                raise errors.BadShape(f"index {index} into {len(base.items)} items", offset=offset)
            return base.items[index]
        if base.kind not in {"argument", "element"}:
            raise errors.BadShape("a number cannot be indexed", hint="only arguments have elements", offset=offset)
        # Each index becomes one literal, however it was computed.
        items = (*base.items, *(self._leaf(_index(value, offset)) for value in indices))
        if len(items) > self._limits.max_rank:
            raise errors.TooComplex(f"more than {self._limits.max_rank} indices", offset=offset)
        return _Value(base.node, kind="element", items=items, argument=base.argument)

    def _negative(self, value: _Value, offset: int) -> _Value:
        if value.constant is not None:
            constant = -value.constant
            if value.node.is_Number:
                return self._leaf(constant)
            return self._make(sympy.Mul, (self._leaf(-1), value), offset, constant=constant)
        return self._make(sympy.Mul, (self._leaf(-1), value), offset)

    def _inverse(self, value: _Value, offset: int) -> _Value:
        """Return the denominator ``value`` as Pow(value, -1), the way SymPy writes a division."""
        constant = constants.inverse(value.constant)
        return self._make(sympy.Pow, (value, self._leaf(-1)), offset, constant=constant)

    def _power(self, base: _Value, exponent: _Value, offset: int) -> _Value:
        constant = constants.fold_power(base.constant, exponent.constant, self._blamed(offset))
        return self._make(sympy.Pow, (base, exponent), offset, constant=constant)

    def _chain(self, cls: type[Basic], parts: list[_Value], constant: Number | None, offset: int) -> _Value:
        return parts[0] if len(parts) == 1 else self._make(cls, parts, offset, constant=constant)

    def _piecewise(self, cases: Sequence[tuple[_Value, _Value]], offset: int) -> _Value:
        pairs = [self._make(ExprCondPair, case, offset, kind="pair") for case in cases]
        return self._make(sympy.Piecewise, pairs, offset, constant=_chosen(cases))

    # Functions

    def _apply(self, word: vocabulary.Word, operands: list[_Value], offset: int, name: str = "") -> _Value:
        definition = vocabulary.OVERLOADS.get((word.names[0], len(operands)))
        if definition is None:
            least, most = word.arity
            if not least <= len(operands) <= (len(operands) if most is None else most):
                raise _arity(word, name or word.names[0], len(operands), offset)
            definition = word.definition
        if word.kind == "order":
            definition = vocabulary.ORDERED[word.names[0]](_order(operands[0], name or word.names[0], offset))
        if definition is not None:
            return self._expand(_definition(definition), operands, offset)
        if word.kind == "piecewise":
            return self._piecewise([self._case(value, offset) for value in operands], offset)
        if word.node is None or word.opcode is None:
            raise AssertionError(f"{word.names[0]} has neither a node nor a definition")
        if word.kind == "logic":
            conditions = [self._condition(value, offset) for value in operands]
            return self._make(word.node, conditions, offset, kind="condition")
        numbers = [self._number(value, offset) for value in operands]
        folded = constants.fold_call(word.opcode, [number.constant for number in numbers], self._blamed(offset))
        return self._make(word.node, numbers, offset, constant=folded)

    def _expand(self, source: syntax.Source, operands: list[_Value], offset: int) -> _Value:
        """Run a definition of the vocabulary; of its constants only the result must be finite."""
        self._defining += 1
        result = self._run(source.code, dict(zip(source.parameters or (), operands, strict=True)), offset)
        self._defining -= 1
        if result.constant is not None and not self._defining:
            known = [operand.constant for operand in operands if operand.constant is not None]
            if all(map(math.isfinite, known)):
                constants.finite(result.constant, offset)
        return result

    def _blamed(self, offset: int) -> int | None:
        """Return where a constant that is not finite is refused, None where it may yet not count."""
        return None if self._defining else offset

    def _case(self, value: _Value, offset: int) -> tuple[_Value, _Value]:
        if value.kind != "tuple" or len(value.items) != 2:
            hint = "write Piecewise((value, condition), (value, True))"
            raise errors.SyntaxRejected("Piecewise takes (value, condition) pairs", hint=hint, offset=offset)
        return self._number(value.items[0], offset), self._condition(value.items[1], offset)


def _chosen(cases: Sequence[tuple[_Value, _Value]]) -> Number | None:
    """Return the constant of the case that constant conditions choose."""
    for value, condition in cases:
        if condition.constant is None:
            return None
        if condition.constant:
            return value.constant
    return None


def _pop(stack: list[_Value], count: int) -> list[_Value]:
    if count == 0:
        return []
    values = stack[-count:]
    del stack[-count:]
    return values


@functools.cache
def _base(argument: int) -> _Value:
    return _Value(sympy.IndexedBase(f"v{argument}"))


def _index(value: _Value, offset: int) -> int:
    if type(value.constant) is not int or value.kind != "number":
        raise errors.SyntaxRejected("an index must be an integer known from the text", offset=offset)
    return value.constant


def _order(value: _Value, name: str, offset: int) -> int:
    """Return the order of a function that has one for each integer."""
    order, most = value.constant, vocabulary.MAX_ORDER
    if value.kind != "number" or order is None or order != order // 1 or not 0 <= order <= most:
        hint = f"write {name}(2, x); the orders are the integers from 0 to {most}"
        raise errors.SyntaxRejected(f"the order of {name} is not one that is supported", hint=hint, offset=offset)
    return int(order)


def _word(name: str, names: Mapping[str, _Value], offset: int) -> vocabulary.Word:
    prefix, _, bare = name.rpartition(".")
    if name in names:
        what = f"'{name}' is a variable here, not a function"
        raise errors.UnknownName(what, hint=f"write {name}*(...) to multiply", offset=offset)
    if prefix:
        library = vocabulary.PREFIXES.get(prefix)
        if library is None:
            hint = "prefixes are np., jnp., math., sympy., jax.nn., jax.scipy.special."
            raise errors.UnknownName(f"{errors.quote(prefix)} is not a known prefix", hint=hint, offset=offset)
        instead = vocabulary.ABSENT.get((library, bare))
        if instead is not None:
            raise errors.UnknownName(f"{library}.{bare} is not in the language", hint=f"write {instead}", offset=offset)
        bare = vocabulary.QUALIFIED.get((library, bare), bare)
    word = vocabulary.BY_NAME.get(bare)
    if word is None:
        raise _unknown(bare, offset, known=vocabulary.BY_NAME, what="function")
    return word


def _unknown(name: str, offset: int, *, known: Collection[str], what: str = "name") -> errors.UnknownName:
    near = difflib.get_close_matches(name[:64], known, n=1)
    function = vocabulary.BY_NAME.get(name)
    hint = f"did you mean {near[0]}?" if near else "GET /v1/language lists what is known"
    if function is not None and what == "name":
        hint = f"'{name}' is a function: call it"
    return errors.UnknownName(f"the {what} {errors.quote(name)} is not defined", hint=hint, offset=offset)


def _arity(word: vocabulary.Word, name: str, count: int, offset: int) -> errors.BadArity:
    counts = sorted(n for (canonical, n) in vocabulary.OVERLOADS if canonical == word.names[0])
    least, most = word.arity
    wanted = f"at least {least}" if most is None else " or ".join(str(n) for n in sorted({*counts, least, most}))
    return errors.BadArity(f"{name} takes {wanted} arguments, not {count}", offset=offset)
