"""NumPy's functions over numbers of a tape that is being recorded: definitions for NumPy are recorded as they stand.

The forms of ``app.language.numeric`` are functions ``(np, ...)`` of the module ``numpy`` or ``jax.numpy``. Here ``np``
is a ``Namespace``, and the operands are ``Traced``. A new last axis, as of a quadrature, is a ``Row`` of numbers, so it
is written out.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.autodiff.arrays.recorder import Recorder, Slot


class Traced:
    """A number, or a condition, on a recorder's tape."""

    __array_ufunc__ = None  # NumPy leaves the operators to this class
    ndim = 0
    dtype = None

    def __init__(self, space: Namespace, slot: Slot) -> None:
        self.space, self.slot = space, slot

    @property
    def number(self) -> float | None:
        return self.slot.number

    def _with(self, opcode: str, *operands: Any) -> Any:
        return self.space.word(opcode, *operands)

    def __add__(self, other: Any) -> Any:
        return self._with("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._with("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._with("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._with("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._with("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("div", other, self)

    def __pow__(self, exponent: Any) -> Any:
        return self.space.power(self, exponent)

    def __neg__(self) -> Any:
        return self._with("neg", self)

    def __lt__(self, other: Any) -> Any:
        return self._with("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self._with("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._with("less", other, self)

    def __ge__(self, other: Any) -> Any:
        return self._with("less_equal", other, self)

    def __eq__(self, other: object) -> Any:
        return self._with("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self._with("not_equal", self, other)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: Any) -> Any:
        return self.space.both(self, other)

    def __or__(self, other: Any) -> Any:
        return self.space.either(self, other)

    def __invert__(self) -> Any:
        return self._with("not", self)

    def __getitem__(self, index: Any) -> Traced:
        return self  # x[..., None] broadcasts along a new last axis


class TracedRow:
    """Numbers along a last axis."""

    def __init__(self, entries: Sequence[Any]) -> None:
        self.entries = list(entries)

    def reshape(self, _: Any) -> TracedRow:
        return self

    def __getitem__(self, index: Any) -> Any:
        return self.entries[index[-1]]

    def _each(self, other: Any, operation: Callable[[Any, Any], Any]) -> TracedRow:
        others = other.entries if isinstance(other, TracedRow) else [other] * len(self.entries)
        return TracedRow([operation(x, y) for x, y in zip(self.entries, others, strict=True)])

    def __add__(self, other: Any) -> TracedRow:
        return self._each(other, operator.add)

    def __radd__(self, other: Any) -> TracedRow:
        return self._each(other, lambda x, y: y + x)

    def __sub__(self, other: Any) -> TracedRow:
        return self._each(other, operator.sub)

    def __mul__(self, other: Any) -> TracedRow:
        return self._each(other, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> TracedRow:
        return self._each(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> TracedRow:
        return self._each(other, lambda x, y: y / x)

    def __pow__(self, other: Any) -> TracedRow:
        return self._each(other, operator.pow)

    def __neg__(self) -> TracedRow:
        return TracedRow([-x for x in self.entries])

    def __lt__(self, other: Any) -> TracedRow:
        return self._each(other, operator.lt)

    def __le__(self, other: Any) -> TracedRow:
        return self._each(other, operator.le)

    def __gt__(self, other: Any) -> TracedRow:
        return self._each(other, operator.gt)

    def __ge__(self, other: Any) -> TracedRow:
        return self._each(other, operator.ge)


_FUNCTIONS = {
    "abs": "abs", "sqrt": "sqrt", "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sin": "sin",
    "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh", "cosh": "cosh", "arctan": "atan", "arctan2": "atan2",
    "sign": "sign", "hypot": "hypot", "maximum": "maximum", "minimum": "minimum", "round": "round", "floor": "floor",
    "mod": "mod", "equal": "equal", "copysign": "copysign",
}  # fmt: skip
"""Functions of NumPy, and their words."""


class Namespace:
    """What definitions use of NumPy.

    Args:
        recorder: where words are written.
        finite: whether the language has no infinities, as a spreadsheet; then no number is compared with them.
    """

    inf, nan, pi = math.inf, math.nan, math.pi

    def __init__(self, recorder: Recorder, *, finite: bool = False) -> None:
        self.recorder, self._finite = recorder, finite

    def __getattr__(self, name: str) -> Any:
        if name not in _FUNCTIONS:
            raise AttributeError(name)
        return functools.partial(self._function, _FUNCTIONS[name])

    def traced(self, slot: Slot) -> Traced:
        return Traced(self, slot)

    def _function(self, opcode: str, *operands: Any) -> Any:
        rows = [x for x in operands if isinstance(x, TracedRow)]
        if not rows:
            return self.word(opcode, *operands)
        count = len(rows[0].entries)
        columns = [x.entries if isinstance(x, TracedRow) else [x] * count for x in operands]
        return TracedRow([self.word(opcode, *entries) for entries in zip(*columns, strict=True)])

    def word(self, opcode: str, *operands: Any) -> Any:
        """Write a word; a product with the number 0 is 0, and a comparison with infinity may be known."""
        if any(isinstance(x, TracedRow) for x in operands):
            return NotImplemented  # the row takes the operation
        given = [x.slot if isinstance(x, Traced) else self.recorder.number(float(x)) for x in operands]
        numbers = [slot.number for slot in given]
        if opcode == "mul" and 0.0 in numbers:
            return Traced(self, self.recorder.number(0.0))
        known = self._compared(opcode, numbers) if self._finite else None
        return Traced(self, self.recorder.number(known) if known is not None else self.recorder.word(opcode, *given))

    def _compared(self, opcode: str, numbers: Sequence[float | None]) -> float | None:
        """Return a comparison with an infinity, in a language where every number is finite."""
        if opcode not in {"less", "less_equal", "equal", "not_equal"}:
            return None
        x, y = numbers
        if x is None and y is not None and math.isinf(y):
            return float(opcode == "not_equal" or (y > 0 and opcode.startswith("less")))
        if y is None and x is not None and math.isinf(x):
            return float(opcode == "not_equal" or (x < 0 and opcode.startswith("less")))
        return None

    def both(self, x: Any, y: Any) -> Any:
        return self._joined("and", x, y, neutral=True)

    def either(self, x: Any, y: Any) -> Any:
        return self._joined("or", x, y, neutral=False)

    def _joined(self, opcode: str, x: Any, y: Any, *, neutral: bool) -> Any:
        for known, other in ((x, y), (y, x)):
            number = known.number if isinstance(known, Traced) else float(known)
            if number is not None:
                return other if bool(number) == neutral else Traced(self, self.recorder.number(float(not neutral)))
        return self.word(opcode, x, y)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        rows = [each for each in (condition, x, y) if isinstance(each, TracedRow)]
        if rows:
            columns = [e.entries if isinstance(e, TracedRow) else [e] * len(rows[0].entries) for e in (condition, x, y)]
            return TracedRow([self.where(*entries) for entries in zip(*columns, strict=True)])
        known = condition.number if isinstance(condition, Traced) else float(condition)
        if known is None:
            return self.word("select", condition, x, y)
        return x if known else y

    def power(self, x: Any, exponent: Any) -> Any:
        number = exponent.number if isinstance(exponent, Traced) else float(exponent)
        if number is None:
            return self.word("pow", x, exponent)
        if number in {0.0, 1.0, -1.0, 2.0}:
            return 1.0 if number == 0 else x if number == 1 else 1 / x if number == -1 else self.word("square", x)
        return self.word("pow_const", x, exponent)

    def isfinite(self, x: Any) -> Any:
        return 1.0 if self._finite else self.word("less", self.abs(x), math.inf)

    def isinf(self, x: Any) -> Any:
        return 0.0 if self._finite else self.word("equal", self.abs(x), math.inf)

    def clip(self, x: Any, low: float, high: float) -> Any:
        return self.minimum(self.maximum(x, low), high)

    def ndim(self, _: Any) -> int:
        return 0

    def ones_like(self, _: Any) -> float:
        return 1.0

    def asarray(self, values: Iterable[float], _: Any = None) -> TracedRow:
        return TracedRow([float(value) for value in values])

    def stack(self, entries: Sequence[Any], axis: int) -> TracedRow:  # noqa: ARG002 - as in NumPy
        return TracedRow(entries)

    def sum(self, row: TracedRow, axis: int) -> Any:  # noqa: ARG002 - as in NumPy
        return functools.reduce(operator.add, row.entries)
