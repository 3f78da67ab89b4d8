"""Expression to tape: straight-line instructions over leaves, and the key equal structures share.

A tape is a Wengert list (Griewank & Walther, Evaluating Derivatives, 2nd ed. 2008, section 2.2): instruction i
computes slot ``leaves + i`` from earlier slots. The leaves are, in this order,

    inputs     the scalars of the point the function reads, sorted by (argument, indices)
    constants  literals and folded constant subexpressions, one leaf for each use
    statics    integer and rational exponents and orders, whose values belong to the structure

Neither names nor the values of inputs and constants are part of a tape, so ``3*a**2 + b`` and ``7.5*x**2 + y`` are
one tape. Subexpressions that read alike, literals included, are computed once.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy.core.basic import Basic

from app import errors
from app.language.expression.result import Expression
from app.language.vocabulary import relations, words

MAX_OPERATIONS = 262_144
"""Limit of the instructions on all tapes of one function; shared subexpressions count for each value."""

FORMAT = "1"
"""Part of every key: changes when the meaning of an opcode or of the layout does."""

Instruction = tuple[str, tuple[int, ...]]
"""One operation: the opcode, a key of ``table.TABLE``, and the slots it reads.

It is a plain tuple because the garbage collector stops tracking tuples of atoms. Instances of a class would be two
thirds of the objects that a full collection visits.
"""

Leaf = tuple[int, tuple[int, ...]]
"""An element of an argument: the argument's position, and the indices into it, () for a number."""


@dataclass(frozen=True, slots=True)
class Tape:
    """The structure of a function.

    Attributes:
        inputs: number of input leaves.
        constants: number of constant leaves.
        statics: the exponents and orders, exact.
        code: the instructions, each after those it reads.
        result: slot of the value.
        key: 40 hex digits, a BLAKE2b digest (RFC 7693) of ``FORMAT``, ``inputs``, ``constants``, ``statics`` as exact
            fractions, every opcode name with its operand slots, and ``result``. Nothing else enters.
    """

    inputs: int
    constants: int
    statics: tuple[int | Fraction, ...]
    code: tuple[Instruction, ...]
    result: int
    key: str

    @property
    def leaves(self) -> int:
        """Number of leaves, which is the slot of the first instruction."""
        return self.inputs + self.constants + len(self.statics)

    @property
    def hosted(self) -> bool:
        """Whether some instruction is a host word, which only NumPy computes."""
        return not words.HOSTED.isdisjoint([opcode for opcode, _ in self.code])

    def varied(self) -> list[bool]:
        """Return, for each slot, whether it depends on an input."""
        found = [True] * self.inputs + [False] * (self.leaves - self.inputs)
        for _, operands in self.code:
            found.append(any(found[slot] for slot in operands))
        return found


@dataclass(frozen=True, slots=True)
class Recording:
    """A tape, and what its leaves read.

    Attributes:
        tape: the structure.
        inputs: the element that each input leaf reads.
        constants: values of the constant leaves, float64.
        function_id: 32 hex digits naming the function: the digest of the tape's key, the input leaves, the
            constants bit by bit, and the argument names in order.
    """

    tape: Tape
    inputs: tuple[Leaf, ...]
    constants: tuple[float, ...]
    function_id: str


def record(expression: Expression) -> Recording:
    """Record a scalar expression onto a tape, in one pass and without recursion."""
    (recording,) = record_cells(expression)
    return recording


def record_cells(expression: Expression, *, exactly: bool = False) -> tuple[Recording, ...]:
    """Record each value of an expression onto a tape that has only the instructions this value needs.

    ``exactly`` is whether a rational constant is a static, which no float64 rounds; then structure and literals are
    one, and the key names nothing.

    Raises:
        errors.TooComplex: the tapes have more than ``MAX_OPERATIONS`` instructions together.
    """
    recordings: list[Recording] = []
    left = MAX_OPERATIONS
    for root in expression.cells():
        recorder = ScalarRecorder(expression, exactly=exactly)
        recordings.append(recorder.finish(recorder.slot(root)))
        left -= len(recordings[-1].tape.code)
        if left < 0:
            raise errors.TooComplex(f"the values of the function take more than {MAX_OPERATIONS} operations in all")
    return tuple(recordings)


_NEGATIVE_ONE = sympy.Integer(-1)  # a singleton, so identity is equality
_EXACT_POWERS: dict[int | Fraction, tuple[str, ...]] = {
    1: (),
    2: ("square",),
    -1: ("reciprocal",),
    Fraction(1, 2): ("sqrt",),
    Fraction(-1, 2): ("sqrt", "reciprocal"),
}


def leaf_of(node: Basic) -> Leaf:
    """Return the element that a Symbol or an Indexed of an expression reads."""
    if type(node) is sympy.Indexed:
        return int(str(node.args[0])[1:]), tuple([int(str(index)) for index in node.args[1:]])
    return int(str(node)[1:]), ()


def negated(node: Basic) -> Basic | None:
    """Return x if the node is -x, which the parser writes Mul(-1, x), else None."""
    args = node.args
    return args[1] if type(node) is sympy.Mul and len(args) == 2 and args[0] is _NEGATIVE_ONE else None


def divisor(node: Basic) -> Basic | None:
    """Return x if the node is 1/x, which the parser writes Pow(x, -1), else None."""
    return node.args[0] if type(node) is sympy.Pow and node.args[1] is _NEGATIVE_ONE else None


class TapeWriter:
    """Writes a tape instruction by instruction.

    Leaves get provisional negative slots until their numbers are known: three interleaved sequences for inputs,
    constants and statics.
    """

    def __init__(self) -> None:
        self._code: list[Instruction] = []
        self._inputs: dict[Leaf, int] = {}
        self._constants: list[float] = []
        self._statics: dict[int | Fraction, int] = {}

    def _constant(self, value: float) -> int:
        self._constants.append(value)
        return ~(3 * (len(self._constants) - 1) + 1)

    def _static(self, value: int | Fraction) -> int:
        return ~(3 * self._statics.setdefault(value, len(self._statics)) + 2)

    def _input(self, leaf: Leaf) -> int:
        return self._inputs.setdefault(leaf, ~(3 * len(self._inputs)))

    def _append(self, opcode: str, *operands: int) -> int:
        self._code.append((opcode, operands))
        return len(self._code) - 1

    def _raised(self, base: int, exponent: int | Fraction) -> int:
        """Return the slot of a power whose exponent belongs to the structure."""
        if exponent not in _EXACT_POWERS:
            return self._append("pow_const", base, self._static(exponent))
        for opcode in _EXACT_POWERS[exponent]:
            base = self._append(opcode, base)
        return base

    def written(self, result: int, args: tuple[str, ...]) -> Recording:
        """Return what has been written, for a function of these arguments whose value is in the slot ``result``."""
        order = sorted(self._inputs)
        leaf = {self._inputs[key]: index for index, key in enumerate(order)}
        for index in range(len(self._constants)):
            leaf[~(3 * index + 1)] = len(order) + index
        for index in range(len(self._statics)):
            leaf[~(3 * index + 2)] = len(order) + len(self._constants) + index
        first = len(leaf)
        code = tuple(
            [(opcode, tuple([first + s if s >= 0 else leaf[s] for s in operands])) for opcode, operands in self._code]
        )
        result = first + result if result >= 0 else leaf[result]
        statics = tuple(self._statics)
        exact = [(s.numerator, s.denominator) for s in statics]
        key = _digest(20, FORMAT, len(order), len(self._constants), exact, list(code), result)
        tape = Tape(len(order), len(self._constants), statics, code, result, key)
        constants = tuple(self._constants)
        function_id = _digest(16, key, order, [value.hex() for value in constants], args)
        return Recording(tape, tuple(order), constants, function_id)


class ScalarRecorder(TapeWriter):
    """Records an expression with an explicit stack."""

    def __init__(self, expression: Expression, *, exactly: bool = False) -> None:
        super().__init__()
        self.expression = expression
        self._exactly = exactly
        self._folded = expression.constants
        self._slots: dict[int, int] = {}

    def slot(self, root: Basic) -> int:
        stack: list[tuple[Basic, bool]] = [(root, False)]
        slots = self._slots
        while stack:
            node, ready = stack.pop()
            identity = id(node)
            if identity in slots or identity in self._folded:
                continue
            if ready:
                slots[identity] = self._emit(node)
                continue
            stack.append((node, True))
            stack += [(child, False) for child in reversed(self.children(node))]
        return self._operand(root)

    def finish(self, result: int) -> Recording:
        """Return the recording of the expression, whose value is in the slot ``result``."""
        return self.written(result, self.expression.args)

    def children(self, node: Basic) -> Sequence[Basic]:
        """Return the nodes whose slots ``_emit`` reads."""
        kind = type(node)
        if kind is sympy.Indexed:
            return ()
        if kind is sympy.Add:
            first, *rest = node.args
            return [first, *[term if (x := self._subtracted(term)) is None else x for term in rest]]
        if kind is sympy.Mul:
            operand = negated(node)
            if operand is not None:
                return (operand,)
            first, *rest = node.args
            return [first, *[factor if (x := self._divisor(factor)) is None else x for factor in rest]]
        if kind is sympy.Piecewise:
            return [part for pair in node.args for part in pair.args]
        args: Sequence[Basic] = node.args
        return args

    def _subtracted(self, term: Basic) -> Basic | None:
        return None if id(term) in self._folded else negated(term)

    def _divisor(self, factor: Basic) -> Basic | None:
        """Return x if a factor is 1/x and x has a slot: a constant factor may be all that is known of x."""
        below = divisor(factor)
        known = below is None or below.is_Number or id(factor) not in self._folded or id(below) in self._folded
        return below if known else None

    def _operand(self, node: Basic) -> int:
        """Return the slot of a node that was visited; a constant gets a new leaf at each use."""
        constant = self._folded.get(id(node))
        if constant is not None:
            if self._exactly and not isinstance(constant, float):
                return self._static(constant)
            return self._constant(float(constant))
        return self._slots[id(node)]

    def _emit(self, node: Basic) -> int:
        """Append the instructions of a node whose operands are recorded; return its slot."""
        kind = type(node)
        if kind is sympy.Symbol or kind is sympy.Indexed:
            return self._input(leaf_of(node))
        if kind is sympy.Add:
            return self._sum(node)
        if kind is sympy.Mul:
            return self._product(node)
        if kind is sympy.Pow:
            return self._power(node)
        if kind is sympy.Piecewise:
            return self._piecewise(node)
        relation = relations.BY_NODE.get(kind)
        if relation is not None:
            operands = [self._operand(arg) for arg in node.args]
            return self._append(relation.opcode, *(reversed(operands) if relation.swapped else operands))
        if node is sympy.true or node is sympy.false:
            return self._constant(1.0 if node is sympy.true else 0.0)
        return self._function(node)

    def _function(self, node: Basic) -> int:
        opcode = words.OPCODES[type(node)]
        order = words.ORDERS.get(opcode)
        operands = [
            self._static(int(self._folded[id(arg)])) if index == order else self._operand(arg)
            for index, arg in enumerate(node.args)
        ]
        if opcode not in words.FOLDED_LEFT:
            return self._append(opcode, *operands)
        total = operands[0]
        for operand in operands[1:]:
            total = self._append(opcode, total, operand)
        return total

    def _sum(self, node: Basic) -> int:
        first, *rest = node.args
        total = self._operand(first)
        for term in rest:
            subtracted = self._subtracted(term)
            if subtracted is None:
                total = self._append("add", total, self._operand(term))
            else:
                total = self._append("sub", total, self._operand(subtracted))
        return total

    def _product(self, node: Basic) -> int:
        operand = negated(node)
        if operand is not None:
            return self._append("neg", self._operand(operand))
        first, *rest = node.args
        total = self._operand(first)
        for factor in rest:
            below = self._divisor(factor)
            if below is None:
                total = self._append("mul", total, self._operand(factor))
            else:
                total = self._append("div", total, self._operand(below))
        return total

    def _power(self, node: Basic) -> int:
        base, exponent = node.args
        value = self._folded.get(id(exponent))
        if value is None:
            if base is sympy.E:
                return self._append("exp", self._operand(exponent))
            opcode = "const_pow" if id(base) in self._folded else "pow"
            return self._append(opcode, self._operand(base), self._operand(exponent))
        if value == 0:
            return self._constant(1.0)
        if isinstance(value, float):
            return self._append("pow_const", self._operand(base), self._constant(value))
        return self._raised(self._operand(base), value)

    def _piecewise(self, node: Basic) -> int:
        """Append nested selects, the last case innermost; the value is nan where no condition holds, as in SymPy."""
        cases: list[tuple[Basic, Basic]] = []
        for pair in node.args:
            value, condition = pair.args
            cases.append((value, condition))
            if condition is sympy.true:
                break
        total = self._operand(cases.pop()[0]) if cases[-1][1] is sympy.true else self._constant(math.nan)
        for value, condition in reversed(cases):
            total = self._append("select", self._operand(condition), self._operand(value), total)
        return total


def _digest(size: int, *ingredients: object) -> str:
    # repr of ints, strings and tuples of them is injective, so different ingredients have different representations.
    return hashlib.blake2b(repr(ingredients).encode(), digest_size=size).hexdigest()


def positions(recording: Recording, args: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the position of each input leaf in the flat point.

    Args:
        recording: the function.
        args: argument names, for messages.
        shapes: the shape of each argument; the flat point is the concatenation of the arguments in row-major order.

    Raises:
        errors.BadShape: an index out of range, or a rank that does not fit.
    """
    offsets, total = [], 0
    for shape in shapes:
        offsets.append(total)
        total += math.prod(shape)
    found = []
    for argument, indices in recording.inputs:
        shape = shapes[argument]
        if len(shape) != len(indices):
            wanted = "a number" if not indices else f"an array of rank {len(indices)}"
            raise errors.BadShape(f"'{args[argument]}' is used as {wanted} and given with shape {list(shape)}")
        flat = 0
        for index, size in zip(indices, shape, strict=True):
            if not -size <= index < size:
                raise errors.BadShape(f"index {index} into '{args[argument]}', which has length {size} there")
            flat = flat * size + index % size
        found.append(offsets[argument] + flat)
    return tuple(found)
