"""Derivatives of order 0 to n along a direction, and mixed ones of several arguments, by power series.

A mixed derivative of order (i, j, ...) is a coefficient of a series in as many variables: a series of the first, whose
coefficients are series of the second, and so on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.autodiff.series import floats, power, precise, run
from app.engine import points
from app.engine.functions import functions
from app.engine.query import WorkLimits
from app.language.expression.values import Shape
from app.language.grammar import lexer
from app.language.vocabulary import words
from app.runtime import deadlines, queue

Array = NDArray[Any]
Json = Any

MAX_ORDER = 20
"""Greatest order of a derivative, all arguments of a mixed one together."""

_PRODUCT_SECONDS, _ELEMENT_SECONDS = 1.5e-6, 2e-9
"""Of a product of two coefficients: of two numbers, and more for each element of arrays."""
_CHAIN = 3  # times a word takes the time of a product of series, about: its derivatives are series, too
_PIECE = 4096  # points computed at once
_CHECKED_SECONDS, _CHECKED_POINTS = 0.3, 16
"""Work and points up to which it is checked whether digits are lost."""
_LOST = 2e-14
_PRECISE_SECONDS = 3.0
_NOTHING = 1e-30
"""What many digits leave of a derivative that is zero, in parts of it in float64, or of the value."""


@dataclass(frozen=True, slots=True)
class TaylorQuery:
    """What to derive.

    Attributes:
        order: of the last derivative along ``direction``; None for a mixed derivative.
        direction: as JSON, None for that of the only number of the point.
        orders: of a mixed derivative, as JSON, by argument; None for derivatives along a direction.
    """

    order: int | None = None
    direction: Json = None
    orders: Json = None


@dataclass(frozen=True, slots=True)
class TaylorNumbers:
    """Derivatives at the points of a request.

    Attributes:
        by_order: for each order an array (*batch, *shape of the value); of a mixed derivative the value and it.
        orders: of a mixed derivative, one for each argument.
    """

    by_order: list[Array]
    orders: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class TaylorAnswer:
    """Derivatives, and how they were computed."""

    derivatives: TaylorNumbers
    args: tuple[str, ...]
    function_id: str
    hit: bool  # whether the function was known
    parse_seconds: float  # wall-clock time until the computation began
    execute_seconds: float


class TaylorTask:
    """A request of which all is known but the numbers.

    Raises ``errors.Rejected`` if direction or orders do not fit the point, and where it would be too much work.
    """

    def __init__(
        self,
        request: TaylorQuery,
        function: functions.Function,
        specialization: functions.Specialization,
        point: points.Point,
        limits: WorkLimits,
    ) -> None:
        if (request.order is None) == (request.orders is None):
            hint = 'write "order": 3 for derivatives of order 0 to 3, or "orders": {"x": 2, "y": 1} for a mixed one'
            raise errors.InvalidField("give either order or orders", hint=hint, field="order")
        if request.orders is not None and request.direction is not None:
            raise errors.InvalidField("a mixed derivative has no direction", field="direction")
        self._function, self._specialization, self._point = function, specialization, point
        args = function.args
        self.orders = None if request.orders is None else _orders(request.orders, args, point.shapes)
        self._order = request.order or 0
        self._direction: list[Array] = []
        if self.orders is None:
            self._direction = _direction(request.direction, args, point.shapes)
        self._levels: tuple[int, ...] = (self._order,)
        if self.orders is not None:
            self._levels = tuple([order for order in self.orders if order])
        self._end = math.inf
        self.seconds = self._check(limits)

    def _check(self, limits: WorkLimits) -> float:
        """Return what the work takes, about, or refuse it."""
        products = math.prod([(order + 1) * (order + 2) / 2 for order in self._levels])
        coefficients = math.prod([order + 1 for order in self._levels])
        count, whole = self._point.count, self._specialization.whole
        field = "order" if self.orders is None else "orders"
        numbers = count * math.prod(self._specialization.shape) * (self._order + 1 if self.orders is None else 1)
        if numbers > limits.max_numbers:
            raise errors.TooComplex(f"the answer would have more than {limits.max_numbers} numbers", field=field)
        if whole is None:
            operations = self._specialization.operations
            each = math.ceil(count / _PIECE) * _PRODUCT_SECONDS + count * _ELEMENT_SECONDS
            seconds = operations * _CHAIN * products * each
        else:
            cost = whole.derivative("value", (), 0).cost
            if cost.bytes * coefficients > limits.max_intermediate_bytes:
                detail = f"the intermediate arrays take {cost.bytes * coefficients:.0f} bytes"
                hint = "ask for a lower order, or send fewer rows at once"
                raise errors.TooComplex(
                    f"{detail}, the limit is {limits.max_intermediate_bytes}", hint=hint, field=field
                )
            each = cost.instructions * _PRODUCT_SECONDS + cost.flops * _ELEMENT_SECONDS
            seconds = count * (_CHAIN * products * each)
        if seconds * 1e9 > limits.max_flops:
            detail = f"some {seconds * 1e9:.0f} floating-point operations in all, the limit is {limits.max_flops}"
            raise errors.TooComplex(detail, hint="ask for a lower order, or for fewer points at once", field=field)
        return seconds

    def run(self) -> TaylorNumbers:
        """Return the derivatives; what takes too long ends in ``errors.TooExpensive``."""
        self._end = time.monotonic() + deadlines.ANSWER_SECONDS
        with np.errstate(all="ignore"):
            whole = self._specialization.whole
            try:
                found = self._numbers() if whole is None else self._arrays(whole)
            except power.OrderTooHigh as error:
                raise self._too_high(error.opcode) from None
        shape = self._specialization.shape
        if self._point.batch is not None:
            shape = (self._point.batch, *shape)
        return TaylorNumbers([each.reshape(shape) for each in found], self.orders)

    def _too_high(self, opcode: str) -> errors.TooComplex:
        text = self._function.text if isinstance(self._function.text, str) else ""
        name, offset = words.called(opcode, text)
        detail = f"{name} has no derivatives of so high an order"
        error = errors.TooComplex(detail, hint="ask for a lower order", field="expression", offset=offset)
        error.locate(text)
        return error

    def _tick(self) -> None:
        if time.monotonic() > self._end:
            raise queue.too_long()

    def _spaces(self, below: Any = floats.FLOATS, tick: Callable[[], None] | None = None) -> list[power.Space]:
        """Return a namespace of series for each variable, the lowest one first."""
        spaces: list[power.Space] = []
        for order in self._levels or (0,):
            spaces.append(power.Space(spaces[-1] if spaces else below, order, tick or self._tick))
        return spaces

    def _numbers(self) -> list[Array]:
        """Return the derivatives of a function recorded as tapes of numbers, at many points at once."""
        rows, pieces = self._point.rows, []
        for start in range(0, max(len(rows), 1), _PIECE):
            columns = list(np.ascontiguousarray(rows[start : start + _PIECE].T))
            if self._point.batch is None:
                columns = [column[0] for column in columns]
            shape = columns[0].shape if columns else (len(rows),)
            pieces.append(self._cells(floats.FLOATS, columns, shape, self._tick))
        found = [np.concatenate([np.atleast_2d(piece[k]) for piece in pieces]) for k in range(len(pieces[0]))]
        if self.seconds * len(rows) < _CHECKED_SECONDS and len(rows) <= _CHECKED_POINTS:
            for index, row in enumerate(rows):
                self._check_digits([each[index] for each in found], list(row))
        return found

    def _cells(self, below: Any, columns: Sequence[Any], shape: Shape, tick: Callable[[], None]) -> list[Array]:
        """Return the derivatives of each value, by order, over numbers of a namespace or columns of them."""
        shapes = self._point.shapes
        places = [sum(map(math.prod, shapes[:argument])) for argument in range(len(shapes))]
        rates = [rate for each in self._direction for rate in each.ravel()]
        values = []
        for plan in self._specialization.plans:
            spaces = self._spaces(below, tick)
            moving = self._moving(spaces, columns, places, rates)
            leaves = [moving[position] for position in plan.layout(shapes).positions]
            constants = [below.number(value) for value in plan.recording.constants]
            result = run.numbers(spaces[-1], plan.recording.tape, [*leaves, *constants], tick)
            values.append(self._taken(spaces, result, shape))
        return [np.stack([value[k] for value in values], axis=-1) for k in range(len(values[0]))]

    def _check_digits(self, found: list[Array], row: list[Any]) -> None:
        """Compute the derivatives at one point again at many digits where roundings change them; write them over.

        What takes long, or has no words of many digits, stays as it is.
        """
        again = self._cells(floats.Shaken(), row, (), self._tick)
        if all(_agree(one, other) for one, other in zip(found, again, strict=True)):
            return
        end = min(self._end, time.monotonic() + _PRECISE_SECONDS)

        def tick() -> None:
            if time.monotonic() > end:
                raise precise.Lacking

        below = precise.Precise(tick)
        try:
            exact = self._cells(below, [below.number(x) for x in row], (), tick)
        except (precise.Lacking, power.OrderTooHigh, ArithmeticError, ValueError):
            return
        for one, other in zip(found, exact, strict=True):
            if np.isfinite(one).all() and np.isfinite(other).all():
                rounding = np.abs(other) <= _NOTHING * np.maximum(np.abs(one), np.abs(found[0]))
                one[...] = np.where(rounding & (np.abs(one - other) > 1e-6 * np.abs(other)), 0.0, other)

    def _arrays(self, whole: Any) -> list[Array]:
        """Return the derivatives of a function of whole arrays, one point after the other."""
        recorded = whole.recording
        found = []
        for index in range(self._point.count):
            arguments = [np.asarray(each, np.float64)[()] for each in self._point.arguments(index)]
            spaces = self._spaces()
            moving = self._moving(spaces, arguments, range(len(arguments)), self._direction)
            leaves = [*[moving[argument] for argument in recorded.inputs], *recorded.constants]
            (result,) = run.arrays(spaces[-1], recorded.tape, leaves, self._tick)
            found.append(self._taken(spaces, result, self._specialization.shape))
        return [np.stack([each[k] for each in found]) for k in range(len(found[0]))]

    def _moving(
        self, spaces: list[power.Space], given: Sequence[Any], places: Sequence[int], rates: Sequence[Any]
    ) -> list[Any]:
        """Return the numbers or arrays of a point as series, and as constants where they stand still.

        ``places`` says which of them each argument is; ``rates`` are those of all along the direction.
        """
        if self.orders is None:
            return [spaces[0].variable(x, rate) if np.any(rate) else x for x, rate in zip(given, rates, strict=True)]
        moving = list(given)
        variables = [argument for argument, order in enumerate(self.orders) if order]
        for space, argument in zip(spaces, variables, strict=False):
            moving[places[argument]] = space.variable(given[places[argument]], np.float64(1.0))
        return moving

    def _taken(self, spaces: list[power.Space], result: Any, shape: Shape) -> list[Array]:
        """Return the derivatives that a series has."""
        if self.orders is None:
            return [_filled(spaces[0].at(result, k), shape) * float(math.factorial(k)) for k in range(self._order + 1)]
        value, mixed, scale = spaces[-1].value(result), result, 1.0
        for space, order in zip(reversed(spaces), reversed(self._levels), strict=False):
            mixed = None if mixed is None else space.at(mixed, order)
            scale *= float(math.factorial(order))
        if not self._levels:
            mixed = value
        return [_filled(value, shape), _filled(mixed, shape) * scale]


def _agree(one: Array, other: Array) -> bool:
    """Return whether numbers are the same but for roundings; those that are not finite are not compared."""
    finite = np.isfinite(one) & np.isfinite(other)
    return bool(np.all(~finite | (np.abs(one - other) <= _LOST * np.abs(one))))


def _filled(x: Any, shape: Shape) -> Array:
    return np.zeros(shape) if x is None else np.broadcast_to(np.asarray(x, np.float64), shape)


def _direction(given: Json, args: Sequence[str], shapes: Sequence[Shape]) -> list[Array]:
    """Return a direction as arrays in the shapes of the arguments."""
    if given is None:
        if len(shapes) != 1 or shapes[0] != ():
            hint = (
                "give a direction: a number or list for each argument, or an object by name, which may leave out some"
            )
            raise errors.InvalidField("the function is not of one number", hint=hint, field="direction")
        return [np.ones(())]
    found: list[Array] = [np.zeros(shape) for shape in shapes]
    for argument, entry in _by_argument(given, args, shapes[0] if len(shapes) == 1 else None, "direction").items():
        array = points.array(entry, "direction")
        if array.shape == () and shapes[argument] == (1,):
            array = array.reshape(1)
        if array.shape != shapes[argument]:
            detail = f"the direction of {errors.quote(args[argument])} has shape {list(array.shape)}"
            raise errors.BadShape(f"{detail}, not {list(shapes[argument])}", field="direction")
        found[argument] = array
    return found


def _orders(given: Json, args: Sequence[str], shapes: Sequence[Shape]) -> tuple[int, ...]:
    """Return the order by each argument."""
    found = [0] * len(args)
    for argument, order in _by_argument(given, args, None, "orders").items():
        if not isinstance(order, int) or isinstance(order, bool) or order < 0:
            raise errors.InvalidField("an order is a whole number, 0 or more", field="orders")
        if order and shapes[argument] != ():
            hint = "for arrays, ask for derivatives along a direction"
            detail = f"{errors.quote(args[argument])} is an array: it has no order"
            raise errors.InvalidField(detail, hint=hint, field="orders")
        found[argument] = order
    if sum(found) > MAX_ORDER:
        raise errors.InvalidField(f"orders of {sum(found)} in all, the limit is {MAX_ORDER}", field="orders")
    return tuple(found)


def _by_argument(given: Json, args: Sequence[str], alone: Shape | None, field: str) -> Mapping[int, Json]:
    """Return entries by the position of their argument; ``alone`` is the shape of the only argument."""
    if isinstance(given, dict):
        named = {lexer.identifier(name): entry for name, entry in given.items()}
        for name in named:
            if name not in args:
                raise errors.InvalidField(f"{field} names {errors.quote(name)}, which is not an argument", field=field)
        return {list(args).index(name): entry for name, entry in named.items()}
    if alone is not None and (points.depth(given) == len(alone) or (alone == (1,) and type(given) in points.NUMERIC)):
        return {0: given}
    if not isinstance(given, list) or len(given) != len(args):
        hint = "give one entry for each argument, or an object by name"
        raise errors.InvalidField(
            f"{field} has not one entry for each of {len(args)} argument(s)", hint=hint, field=field
        )
    return dict(enumerate(given))
