"""Makes the nodes of an expression, with their folded constants, within the limits on a text.

Every node is made by ``Basic.__new__``, which calls no ``eval`` and simplifies nothing: ``x/x`` stays, ``9**9**9``
costs nothing. Equal nodes of one text are one object (hash-consing), so structural equality is identity.

Costs are checked before they are paid: ``charge`` counts steps and cells, ``make`` counts nodes. ``ArrayBuilder`` makes
the nodes of arrays, too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from mpmath.libmp import from_float
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import errors
from app.language.expression import values
from app.language.expression.values import NeedsShapes, Shape, Value
from app.language.limits import TextLimits
from app.language.numeric import folding
from app.language.numeric.folding import Number
from app.language.numeric.hosted import precise
from app.language.vocabulary import relations, words
from app.language.vocabulary.functions import hosted, special
from app.language.vocabulary.word import Word

_NEGATIVE_ONE = sympy.Integer(-1)  # a singleton, so identity is equality

Expand = Callable[[Any, str, list[Value], int], Value]
"""Returns a definition of the vocabulary for a builder, given operands and the offset of the call."""

Partials = Callable[[str, int, int, int | None], str | None]
"""(opcode, number of operands, operand, order) -> the partial derivative of an opcode by an operand, as a lambda of the
language over all operands; None if it is zero everywhere. The order is the value of the operand that ``words.ORDERS``
names. It raises ``errors.NotDifferentiable``."""


class Builder:
    """Makes the values of one text within its limits; raises ``NeedsShapes`` where shapes matter and are None."""

    folding: Any = folding  # functions that fold constants

    def __init__(
        self, args: Sequence[str], limits: TextLimits, shapes: tuple[Shape, ...] | None, expand: Expand
    ) -> None:
        self.limits = limits
        self.shapes = shapes
        self.ranks: list[int | None] = [None] * len(args)  # as in ``result.Expression``
        # The refusal of each node whose constant is not finite, by ``id`` of the node; without tracebacks, whose frames
        # refer to the builder: that would be a reference cycle.
        self.faults: dict[int, errors.Rejected] = {}
        self.expand = expand
        self.args = args
        self.partials: Partials | None = None  # derivatives of words, if the text may have derivatives
        self.derivatives: dict[int, dict[int, Value | None]] = {}  # by ``id`` of the argument and of the node
        self._interned: dict[tuple[Any, ...], Value] = {}
        self._operations = 0
        self._steps = 0
        self._chained = 0  # operands of chains beyond two
        self.defining = 0  # number of definitions that are being expanded
        self.number_as_array = False
        self.hosted = False  # the text uses a host word of its arguments
        self.changes = False  # whether the text changes arrays or lists; then zeros and ones are floats, as in NumPy
        self.ambiguous = False  # some name means one of several objects, as the point is; or a view, or a copy
        self.has_matrices = False  # the text uses the word Matrix, of which * and ** are not elementwise

    def constants(self) -> Mapping[int, Number]:
        """Return the folded value of every constant node, by ``id``; the builder keeps all nodes alive until then."""
        return {
            id(value.node): value.constant
            for value in self._interned.values()
            if value.constant is not None and value.shape == ()
        }

    def charge(self, steps: int, offset: int) -> None:
        """Charge steps before they are taken, iterations or cells; refuse more than ``max_steps`` in all."""
        self.foresee(steps, offset)
        self._steps += steps

    def foresee(self, steps: int, offset: int) -> None:
        """Refuse steps that will be more than ``max_steps`` in all when they are charged."""
        if self._steps + steps > self.limits.max_steps:
            raise errors.TooComplex(
                f"loops and arrays of more than {self.limits.max_steps} steps and elements", offset=offset
            )

    def check_rank(self, rank: int, offset: int) -> None:
        if rank > self.limits.max_rank:
            raise errors.TooComplex(f"an array of more than {self.limits.max_rank} axes", offset=offset)

    def argument(self, index: int) -> Value:
        if self.shapes is not None and self.shapes[index] == ():
            return self.input(index, ())
        return values.argument_of(index)

    def leaf(self, constant: Number) -> Value:
        key = (type(constant), constant, math.copysign(1.0, constant))
        known = self._interned.get(key)
        if known is None:
            known = self._interned[key] = Value(_literal(constant), constant)
        return known

    def named(self, name: str, constant: float) -> Value:
        key = ("constant", constant, name)
        known = self._interned.get(key)
        if known is None:
            node = {"pi": sympy.pi, "E": sympy.E, "inf": sympy.oo, "nan": sympy.nan}.get(name)
            known = self._interned[key] = Value(sympy.Float(constant) if node is None else node, constant)
        return known

    def truth(self, holds: bool) -> Value:
        return Value(sympy.true if holds else sympy.false, int(holds), kind="condition")

    def input(self, argument: int, indices: tuple[int, ...]) -> Value:
        """Return an element of an argument, or the argument itself if there are no indices."""
        key = ("input", argument, indices)
        known = self._interned.get(key)
        if known is None:
            if indices:
                node = Basic.__new__(sympy.Indexed, _base(argument), *[self.leaf(index).node for index in indices])
            else:
                node = sympy.Symbol(f"v{argument}")
            known = self._interned[key] = Value(node)
        return known

    def is_array(self, value: Value) -> bool:
        """Return whether a value has axes."""
        raise NotImplementedError

    def number(self, value: Value, offset: int) -> Value:
        """Return a value as a number; a condition is 1 or 0."""
        if value.kind == "number":
            return value
        if value.kind == "condition":
            if value.constant is not None:
                return self.leaf(int(value.constant))
            return self.piecewise(((self.leaf(1), value), (self.leaf(0), self.truth(True))), offset)
        if value.kind == "argument" and self.shapes is None:
            self._use(value.argument, len(value.items), offset)
            return self.input(value.argument, values.indices_of(value))
        if value.kind == "function":
            what = f"the function {errors.quote(value.text)} stands where a number was expected"
            raise errors.UnknownName(what, hint="call it with its arguments", offset=offset)
        raise errors.SyntaxRejected(f"{WHAT[value.kind]} stands where a number was expected", offset=offset)

    def condition(self, value: Value, offset: int, joined: str | None = None) -> Value:
        """Return a value as a condition: a number holds where it is not 0, but not as an operand of ``joined``."""
        if value.kind == "condition":
            return value
        if joined and not (value.kind == "number" and isinstance(value.constant, int)):
            hint = "put parentheses around each comparison: (x > 0) & (y > 0)"
            raise errors.SyntaxRejected(f"'{joined}' joins conditions, not numbers", hint=hint, offset=offset)
        number = self.number(value, offset)
        if number.constant is not None:
            return self.truth(number.constant != 0)
        return self.make(sympy.Ne, (number, self.leaf(0)), offset, kind="condition")

    def _use(self, argument: int, rank: int, offset: int) -> None:
        before = self.ranks[argument]
        if before is not None and before != rank:
            if before and rank:
                raise NeedsShapes  # X[0] and X[0, 1]: a row and a number
            name = self.args[argument]
            uses = sorted(("a number" if r == 0 else f"an array of rank {r}") for r in (before, rank))
            raise errors.BadShape(f"'{name}' is used as {uses[0]} and as {uses[1]}", offset=offset)
        self.ranks[argument] = rank

    def integer(self, value: Value, offset: int, what: str = "an index") -> int:
        if type(value.constant) is not int or value.kind != "number":
            raise errors.SyntaxRejected(f"{what} must be an integer known from the text", offset=offset)
        return value.constant

    def make(
        self,
        cls: type[Basic],
        operands: Sequence[Value],
        offset: int,
        *,
        kind: str = "number",
        constant: Number | None = None,
    ) -> Value:
        """Return the node of this class over these operands; equal nodes are one object."""
        key = (cls, *[id(operand.node) for operand in operands])
        known = self._interned.get(key)
        if known is not None:
            return known
        self._operations += max(1, len(operands) - 1)
        if self._operations > self.limits.max_operations:
            raise errors.TooComplex(f"more than {self.limits.max_operations} operations", offset=offset)
        node = Basic.__new__(cls, *[operand.node for operand in operands])
        if cls is sympy.Add or cls is sympy.Mul or cls is sympy.Pow:
            node.is_commutative = True
        value = self._interned[key] = Value(node, constant, kind)
        return value

    def make_folded(self, cls: type[Basic], operands: Sequence[Value], fold: Callable[..., Any], offset: int) -> Value:
        """Return a node with its constant; a constant that is not finite is refused if the function uses it.

        ``fold`` returns the constant for an offset; the offset is None within a definition, where it may be infinite.
        Operands of chains beyond two are folded and compared with those of other nodes. As many as one pass through the
        longest text has are free; more are steps, because a part of the text runs many times.
        """
        if len(operands) > 2:
            self._chained += len(operands) - 2
            beyond = self._chained - self.limits.max_operations
            self.charge(min(max(beyond, 0), len(operands) - 2), offset)
        constant, fault = None, None
        try:
            constant = fold(None if self.defining else offset)
        except errors.BadConstant as error:
            constant, fault = fold(None), error
        if len(operands) == 1 and cls in (sympy.Add, sympy.Mul):
            return operands[0]
        value = self.make(cls, operands, offset, constant=constant)
        if fault is not None:
            self.faults[id(value.node)] = fault.with_traceback(None)
        return value

    def negative(self, value: Value, offset: int) -> Value:
        constant = None if value.constant is None else -value.constant
        if constant is not None and value.node.is_Number:
            return self.leaf(constant)
        return self.make(sympy.Mul, (self.leaf(-1), value), offset, constant=constant)

    def sum(self, terms: Sequence[Value], signs: str, offset: int) -> Value:
        """Return a sum of numbers; the signs are + and -, the first is +."""
        signed = [self.negative(t, offset) if sign == "-" else t for t, sign in zip(terms, signs, strict=True)]
        known = [term.constant for term in terms]
        return self.make_folded(sympy.Add, signed, lambda where: self.folding.fold_chain(known, signs, where), offset)

    def product(self, factors: Sequence[Value], signs: str, offset: int) -> Value:
        """Return a product of numbers; the signs are * and /, the first is *."""
        known = [factor.constant for factor in factors]
        first, *rest = factors
        if first.node is _NEGATIVE_ONE:
            # Mul(-1, x) is how a negation is written, so a literal -1 becomes a float: same value, a leaf.
            first = self.leaf(-1.0)
        parts = [first]
        for factor, sign in zip(rest, signs[1:], strict=True):
            parts.append(self.inverse(factor, offset) if sign == "/" else factor)
        return self.make_folded(sympy.Mul, parts, lambda where: self.folding.fold_chain(known, signs, where), offset)

    def inverse(self, value: Value, offset: int) -> Value:
        constant = self.folding.inverse(value.constant)
        return self.make(sympy.Pow, (value, self.leaf(-1)), offset, constant=constant)

    def power(self, base: Value, exponent: Value, offset: int) -> Value:
        known = base.constant, exponent.constant
        return self.make_folded(
            sympy.Pow, (base, exponent), lambda where: self.folding.fold_power(*known, where), offset
        )

    def compare(self, terms: Sequence[Value], signs: Sequence[str], offset: int) -> Value:
        """Return a comparison of numbers, chained where there are more than two."""
        parts = []
        for sign, first, second in zip(signs, terms, terms[1:], strict=False):
            relation = relations.BY_SIGN[sign]
            known = self.folding.fold_relation(relation, first.constant, second.constant)
            parts.append(self.make(relation.node, (first, second), offset, kind="condition", constant=known))
        return self.all(parts, offset)

    def all(self, conditions: Sequence[Value], offset: int) -> Value:
        return self._join(sympy.And, conditions, False, offset)

    def any(self, conditions: Sequence[Value], offset: int) -> Value:
        return self._join(sympy.Or, conditions, True, offset)

    def _join(self, cls: type[Basic], conditions: Sequence[Value], decisive: bool, offset: int) -> Value:
        known = [condition.constant for condition in conditions]
        if any(constant is not None and bool(constant) == decisive for constant in known):
            return self.truth(decisive)
        if all(constant is not None for constant in known):
            return self.truth(not decisive)
        if len(conditions) == 1:
            return conditions[0]
        return self.make(cls, conditions, offset, kind="condition")

    def invert(self, condition: Value, offset: int) -> Value:
        if condition.constant is not None:
            return self.truth(not condition.constant)
        return self.make(sympy.Not, (condition,), offset, kind="condition")

    def choose(self, test: Value, chosen: Value, other: Value, offset: int) -> Value:
        if test.constant is not None:
            return chosen if test.constant else other
        if chosen.kind == other.kind == "condition":
            either = self.all((test, chosen), offset), self.all((self.invert(test, offset), other), offset)
            return self.any(either, offset)
        cases = ((self.number(chosen, offset), test), (self.number(other, offset), self.truth(True)))
        return self.piecewise(cases, offset)

    def piecewise(self, cases: Sequence[tuple[Value, Value]], offset: int) -> Value:
        """Return the first value whose condition holds, nan if none does."""
        constant = self.folding.fold_cases([(value.constant, test.constant) for value, test in cases])
        pairs = [self.make(ExprCondPair, case, offset, kind="pair") for case in cases]
        return self.make(sympy.Piecewise, pairs, offset, constant=constant)

    def call(self, name: str, operands: Sequence[Value], offset: int) -> Value:
        """Apply a word, given by its canonical name."""
        return self.apply(words.BY_NAME[name], operands, offset)

    def apply(self, word: Word, operands: Sequence[Value], offset: int) -> Value:
        """Apply a word to numbers and conditions."""
        name = word.names[0]
        definition = words.OVERLOADS.get((name, len(operands))) or word.definition
        order = _order(operands[0], name, offset) if word.kind == "order" else None
        if order is not None:
            definition = words.BY_ORDER[name](order)
        elif word.kind == "order":
            definition = words.REAL_ORDER[name]
        if definition is not None:
            return self.defined(definition, list(operands), offset)
        assert word.node is not None, "a word has a node or a definition"
        assert word.opcode is not None
        if word.kind == "logic":
            conditions = [self.condition(value, offset) for value in operands]
            if word.opcode == "not":
                return self.invert(conditions[0], offset)
            return (self.all if word.opcode == "and" else self.any)(conditions, offset)
        numbers = [value if value.kind == "number" else self.number(value, offset) for value in operands]
        known, opcode = [number.constant for number in numbers], word.opcode
        if word.opcode in precise.functions.OPERANDS:  # they take long, so they are not folded while a text is read
            self.hosted = True
            return self.make(word.node, numbers, offset)
        self.hosted |= word.hosted and any(constant is None for constant in known)
        return self.make_folded(word.node, numbers, lambda where: self.folding.fold_call(opcode, known, where), offset)

    def defined(self, definition: str, operands: list[Value], offset: int) -> Value:
        """Expand a definition of the vocabulary; of its constants, only the result must be finite."""
        self.defining += 1
        result = self.expand(self, definition, operands, offset)
        self.defining -= 1
        if result.constant is not None and result.kind == "number" and not self.defining:
            known = [operand.constant for operand in operands if operand.constant is not None]
            if all(map(self.folding.is_finite, known)):
                try:
                    self.folding.finite(result.constant, offset)
                except errors.BadConstant as error:
                    self.faults[id(result.node)] = error.with_traceback(None)
        return result


WHAT = {
    "none": "None", "text": "a string", "ellipsis": "an ellipsis", "slice": "a slice", "pair": "a case",
    "dict": "a dict", "starred": "a starred value", "distribution": "a distribution",
    "chosen": "an array of elements that a condition chooses", "at": "an .at without its update",
}  # fmt: skip
"""What a value is that is no number, by its kind."""


def _order(value: Value, name: str, offset: int) -> int | None:
    """Return the first operand of a word of kind "order", an integer; None if the word is there for real orders."""
    order, most = value.constant, special.MAX_ORDER
    known = value.kind == "number" and order is not None and value.shape == ()
    if not known or order != order // 1 or not 0 <= order <= most:
        integer = name in hosted.INTEGER_ORDER and order is not None
        if name in words.REAL_ORDER and value.kind not in WHAT and not integer:
            return None
        hint = f"write {name}(2, x); the orders are the integers from 0 to {most}"
        raise errors.SyntaxRejected(f"the order of {name} is not one that is supported", hint=hint, offset=offset)
    return int(order)


def _literal(constant: Number) -> Basic:
    """Return the node of a number. ``sympy.Float`` first looks at what it was given, which takes as long again."""
    if isinstance(constant, float):
        return sympy.Float._new(from_float(constant, 53), 53, zero=False)  # noqa: SLF001
    return sympy.Integer(constant) if isinstance(constant, int) else sympy.Float(constant)


_base = functools.cache(lambda argument: sympy.IndexedBase(f"v{argument}"))
