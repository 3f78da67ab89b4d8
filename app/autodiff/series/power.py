"""Truncated power series as numbers of a namespace, over any other namespace (Griewank & Walther 2008, chapter 13).

For h = f(g0, g1, ...) the chain rule gives one coefficient after the other:

    k * h_k = sum over the operands, and over j = 1 ... k, of  j * g_j * (df/dg)_(k-j)

where df/dg comes from the table. It is made of words, so it is a series again, whose coefficients are computed when
they are asked for: those of order below k are all that h_k needs, also where df/dg has h itself in it. As in forward
mode a coefficient that is zero adds nothing, even where the partial derivative is infinite or nan.

The coefficients are numbers of the namespace below. ``Space(Space(floats))`` has series in two variables.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from app.autodiff import table
from app.autodiff.series import structure
from app.autodiff.table import row

Coefficient = Any
"""A number of the namespace below, or None for one that is zero."""


class OrderTooHigh(Exception):
    """A word of the table is not there for so high an order."""

    def __init__(self, opcode: str) -> None:
        super().__init__(opcode)
        self.opcode = opcode


class Power:
    """A power series; coefficient k is ``series[k]``, None where it is zero whatever the numbers are."""

    __array_ufunc__ = None  # NumPy leaves the operators to this class
    __slots__ = ("_slope", "following", "known", "space")

    def __init__(self, space: Space, following: Callable[[int], Coefficient], known: list[Coefficient] | None = None):
        self.space = space
        self.known = [] if known is None else known
        self.following = following
        self._slope: Power | None = None

    def __getitem__(self, order: int) -> Coefficient:
        while len(self.known) <= order:
            self.known.append(self.space.below.settled(self.following(len(self.known))))
        return self.known[order]

    @property
    def slope(self) -> Power:
        """The derivative by the variable."""
        if self._slope is None:
            self._slope = Power(self.space, lambda k: None if self[k + 1] is None else (k + 1) * self[k + 1])
        return self._slope

    def follow(self, following: Callable[[int], Coefficient]) -> Power:
        """Set what computes the coefficients, which may ask for earlier ones of this series."""
        self.following = following
        return self

    def fix(self, known: list[Coefficient]) -> None:
        """Keep these coefficients alone, and free what computed them."""
        self.known, self.following, self._slope = known, _none, None

    def joint(self, other: Any) -> Space:
        """Return the namespace of an operation with another number: the higher one."""
        return other.space if isinstance(other, Power) and other.space.level > self.space.level else self.space

    def __add__(self, other: Any) -> Any:
        return self.joint(other).add(self, other)

    def __radd__(self, other: Any) -> Any:
        return self.joint(other).add(other, self)

    def __sub__(self, other: Any) -> Any:
        return self.joint(other).sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.joint(other).sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return self.joint(other).mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.joint(other).mul(other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.joint(other).div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.joint(other).div(other, self)

    def __neg__(self) -> Any:
        return self.space.neg(self)


def _key(x: Any) -> Any:
    """Return what is equal for operands that are the same: by value for numbers, where 0 and -0 are two."""
    return (str(x) if x == 0 else x) if isinstance(x, float | int) else (id(x),)


def _none(_: int) -> Coefficient:
    return None


class Space:
    """The words over power series; a number of the namespace below is a constant here.

    Args:
        below: the namespace of the coefficients.
        order: of the last coefficient.
        tick: called before products; what it raises ends the work.
    """

    def __init__(self, below: Any, order: int, tick: Callable[[], None] = lambda: None) -> None:
        self.below = below
        self.order = order
        self.level: int = 1 + below.level
        self._tick = tick
        self.rows: Mapping[str, row.Row] = below.rows
        self._made: dict[Any, Any] = {}

    def __getattr__(self, opcode: str) -> Any:
        if opcode not in table.TABLE:
            raise AttributeError(opcode)
        word = functools.partial(self.word, opcode)
        setattr(self, opcode, word)
        return word

    def owns(self, x: Any) -> bool:
        """Return whether a number is a series of this namespace, not one below."""
        return isinstance(x, Power) and x.space is self

    def at(self, x: Any, order: int) -> Coefficient:
        """Return a coefficient of a series or of a constant."""
        if self.owns(x):
            return x[order]
        return x if order == 0 else None

    def value(self, x: Any) -> Any:
        """Return the number that a series has at the point, in the lowest namespace."""
        return self.below.value(self.at(x, 0))

    def word(self, opcode: str, *operands: Any) -> Any:
        """Return a word of series; of equal operands the same one, so that a derivative may have its word in it."""
        if not any(self.owns(x) for x in operands):
            return getattr(self.below, opcode)(*operands)
        key = opcode, *[_key(x) for x in operands]
        found = self._made.get(key)
        if found is None:
            found = self._word(opcode, operands)
            self._made[key] = found, operands  # an operand that is kept keeps its id
            return found
        return found[0]

    def _word(self, opcode: str, operands: tuple[Any, ...]) -> Any:
        own = _OWN.get(opcode)
        if own is not None:
            return own(self, *operands)
        values = [self.at(x, 0) for x in operands]
        moving = [
            (operand, partial)
            for operand, partial in zip(operands, self.rows[opcode].partials, strict=True)
            if partial is not None and self.owns(operand)
        ]
        try:
            start = getattr(self.below, opcode)(*values)
        except (IndexError, ValueError, TypeError, ArithmeticError, NotImplementedError) as error:
            raise OrderTooHigh(opcode) from error
        if not moving:
            return start
        found = Power(self, _none)
        slopes: list[tuple[Power, Any]] = []

        def following(k: int) -> Coefficient:
            if k == 0:
                return start
            if not slopes:
                slopes.extend(
                    (x.slope, partial(self, found, *operands) if callable(partial) else partial)
                    for x, partial in moving
                )
            return self.quotient(
                self.total([self.product(k - 1, slope, factor, (1, 0)) for slope, factor in slopes]), k
            )

        return found.follow(following)

    def pairs(
        self, k: int, x: Any, y: Any, first: int = 0, last: int = 0
    ) -> list[tuple[Coefficient, Coefficient, int]]:
        """Return (x_j, y_(k-j), j) for j = first ... k - last, of those that are not zero."""
        start = first if self.owns(y) else max(first, k)
        stop = (k if self.owns(x) else 0) + 1 - last
        found = [(self.at(x, j), self.at(y, k - j), j) for j in range(start, stop)]
        return [pair for pair in found if pair[0] is not None and pair[1] is not None]

    def product(self, k: int, x: Any, y: Any, rises: tuple[int, int] = (0, 0), first: int = 0) -> Coefficient:
        """Return the sum of x_j * y_(k-j) over j = first ... k.

        A factor of positive order that is zero makes its product zero, whatever the other one is; ``rises`` are added
        to the orders of x and y for this.
        """
        self._tick()
        pairs = self.pairs(k, x, y, first)
        total = self.total([a * b for a, b, _ in pairs])
        if total is None or self.below.finite(total):
            return total
        one, other = rises
        return self.total([self._strong(a, b, j + one > 0, k - j + other > 0) for a, b, j in pairs])

    def _strong(self, a: Any, b: Any, one: bool, other: bool) -> Any:
        if one:
            return self.below.zero_mul(a, b) if other else self.below.strong_mul(a, b)
        return self.below.strong_mul(b, a) if other else a * b

    def total(self, terms: list[Coefficient]) -> Coefficient:
        """Return the sum of coefficients."""
        found = None
        for term in terms:
            if term is not None:
                found = term if found is None else found + term
        return found

    def quotient(self, x: Coefficient, number: int) -> Coefficient:
        """Return a coefficient divided by a number."""
        return None if x is None else x / float(number)

    def variable(self, start: Any, rate: Any) -> Power:
        """Return start + rate*t."""
        return Power(self, lambda k: start if k == 0 else rate if k == 1 else None)

    def series(self, following: Callable[[int], Coefficient] | None) -> Power:
        """Return the series of these coefficients; None if they will follow."""
        return Power(self, following or _none)

    def integral(self, start: Any, slope: Callable[[Power], Any]) -> Power:
        """Return the series of a constant term and a derivative, which may have the series itself in it."""
        found = Power(self, _none)
        derivative = slope(found)
        return found.follow(lambda k: start if k == 0 else self.quotient(derivative[k - 1], k))

    def each(self, function: Callable[[Any], Any], x: Any) -> Any:
        """Return a linear function, of arrays of the lowest namespace, of each coefficient."""
        if not self.owns(x):
            return self.below.each(function, x)
        return Power(self, lambda k: None if x[k] is None else self.below.each(function, x[k]))

    def primitive(self, opcode: str, parameters: Any, *operands: Any) -> Any:
        """Return a primitive of arrays."""
        if not any(self.owns(x) for x in operands):
            return self.below.primitive(opcode, parameters, *operands)
        return structure.RULES[opcode](self, opcode, parameters, *operands)

    def stack(self, rows: list[Any]) -> Any:
        """Return arrays along a new first axis."""
        if not any(self.owns(x) for x in rows):
            return self.below.stack(rows)
        zeros = [self.below.zeros(self.at(x, 0)) for x in rows]

        def following(k: int) -> Coefficient:
            found = [self.at(x, k) for x in rows]
            if all(x is None for x in found):
                return None
            return self.below.stack([zero if x is None else x for x, zero in zip(found, zeros, strict=True)])

        return Power(self, following)

    def shape(self, x: Any) -> tuple[int, ...]:
        return self.below.shape(self.at(x, 0))  # type: ignore[no-any-return]

    def zeros(self, x: Any) -> Any:
        """Return zeros in the shape of an array."""
        return self.below.zeros(self.at(x, 0))

    def finite(self, x: Any) -> bool:
        """Return whether all coefficients are finite."""
        return all(c is None or self.below.finite(c) for c in [self.at(x, k) for k in range(self.order + 1)])

    def settled(self, x: Any) -> Any:
        """Return a number with all its coefficients computed, and forget what computed them."""
        if not self.owns(x):
            return self.below.settled(x)
        known = [x[k] for k in range(self.order + 1)]
        x.fix(known)
        return x

    def fitted(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Return a settled array broadcast to a shape."""
        if not self.owns(x):
            return self.below.fitted(x, shape)
        x = self.settled(x)
        x.known = [None if c is None else self.below.fitted(c, shape) for c in x.known]
        return x

    def forget(self) -> None:
        """Forget the words made so far."""
        for found, _ in self._made.values():
            if self.owns(found):
                found.fix(found.known)  # a word and its derivative may have each other
        self._made.clear()
        self.below.forget()

    def constant(self, number: float, like: Any) -> Any:
        """Return a constant of the namespace below, in the shape and dtype of a number."""
        return self.below.constant(number, self.at(like, 0))


# Rules of their own, for what is linear, bilinear or a quotient: (space, operands...) -> series.


def _linear(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def rule(space: Space, x: Any, y: Any) -> Any:
        def following(k: int) -> Coefficient:
            a, b = space.at(x, k), space.at(y, k)
            if b is None:
                return a
            return operation(0.0, b) if a is None else operation(a, b)

        return Power(space, following)

    return rule


def _mul(space: Space, x: Any, y: Any) -> Any:
    return Power(space, lambda k: space.product(k, x, y))


def _square(space: Space, x: Any) -> Any:
    return Power(space, lambda k: space.product(k, x, x))


def _neg(space: Space, x: Any) -> Any:
    return Power(space, lambda k: None if x[k] is None else -x[k])


def _div(space: Space, x: Any, y: Any) -> Any:
    if not space.owns(y):
        return Power(
            space, lambda k: None if x[k] is None else (x[k] / y if k == 0 else space.below.strong_div(x[k], y))
        )
    found = Power(space, _none)

    def following(k: int) -> Coefficient:
        above, divisor = space.at(x, k), y[0]
        if k == 0:
            return above / divisor
        rest = space.product(k, y, found, first=1)
        if rest is not None:
            above = -rest if above is None else above - rest
        return None if above is None else space.below.strong_div(above, divisor)

    return found.follow(following)


def _strong_mul(space: Space, x: Any, y: Any) -> Any:
    return Power(space, lambda k: space.product(k, x, y, (1, 0)))


def _zero_mul(space: Space, x: Any, y: Any) -> Any:
    return Power(space, lambda k: space.product(k, x, y, (1, 1)))


def _strong_div(space: Space, x: Any, y: Any) -> Any:
    found = _div(space, x, y)
    start = space.below.strong_div(space.at(x, 0), space.at(y, 0))
    following = found.following
    return found.follow(lambda k: start if k == 0 else following(k))


def _select(space: Space, condition: Any, x: Any, y: Any) -> Any:
    holds = space.value(condition)

    def following(k: int) -> Coefficient:
        a, b = space.at(x, k), space.at(y, k)
        if a is None and b is None:
            return None
        return space.below.select(holds, 0.0 if a is None else a, 0.0 if b is None else b)

    return Power(space, following) if space.owns(x) or space.owns(y) else space.below.select(holds, x, y)


_OWN: dict[str, Callable[..., Any]] = {
    "add": _linear(lambda a, b: a + b),
    "sub": _linear(lambda a, b: a - b),
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "square": _square,
    "strong_mul": _strong_mul,
    "zero_mul": _zero_mul,
    "strong_div": _strong_div,
    "select": _select,
}
"""Words whose coefficients need no partial derivative."""
