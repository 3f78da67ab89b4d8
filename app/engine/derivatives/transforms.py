"""The transforms of a function, one row each, and queries for them that are ready to run.

    value       no derivative
    grad        (batch, n)
    jacobian    (batch, m, n)
    hessian     (batch, n, n)
    hvp, vjp    (batch, k, n)
    jvp         (batch, k, m)

n is the number of elements of the arguments differentiated by, in the order of argnums, whether or not the function
reads them; k is the number of tangents or cotangents; batch is 1 for one point.
"""

from __future__ import annotations

import copy
import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import points, query
from app.engine.derivatives import directions, nesting
from app.engine.functions import arguments, array_plans, functions

Array = NDArray[Any]
Json = Any
Shape = tuple[int, ...]
Numbers = tuple[Array, Array]
"""Values (batch, m), and the derivative in the flat shape that the module docstring gives."""


def _nest_vector(flat: Array, _: Shape, shapes: list[Shape], argnums: arguments.Argnums) -> Json:
    return nesting.vector(flat, shapes, argnums)


def _nest_value(flat: Array, value: Shape, _: list[Shape], __: arguments.Argnums) -> Json:
    return flat.reshape((*flat.shape[:-1], *value)).tolist()


def _nest_hessian(flat: Array, _: Shape, shapes: list[Shape], argnums: arguments.Argnums) -> Json:
    return nesting.hessian(flat, shapes, argnums)


def _jacobian_itself(jacobians: Array, _: Array | None) -> Array:
    return jacobians


@dataclass(frozen=True, slots=True)
class Transform:
    """A transform of a function of n elements with m values, along k directions."""

    name: str  # in queries, as in JAX
    order: int  # of the derivative
    needs_scalar: bool  # whether the value must be one number
    direction: str  # what the derivative is multiplied with: "tangents" (k, n), "cotangent" (k, m), or nothing
    rows: Literal["1", "m", "n", "k"]  # of the derivative at one point
    contract: Callable[[Array, Any], Array]  # Jacobians (batch, m, n) and directions to a derivative of order 1
    # A flat derivative, the shape of the value, the shapes of the arguments and argnums to JSON.
    nest: Callable[[Array, Shape, list[Shape], arguments.Argnums], Json]

    @property
    def is_direct(self) -> bool:
        """Whether value and gradient of a scalar function are the whole answer, without any product."""
        return self.order < 2 and not self.direction


_TRANSFORMS = (
    # name, order, needs_scalar, direction, rows, contract, nest
    Transform("value", 0, False, "", "1", _jacobian_itself, lambda *_: None),
    Transform("grad", 1, True, "", "1", lambda jacobians, _: jacobians[:, 0], _nest_vector),
    Transform("jacobian", 1, False, "", "m", _jacobian_itself, nesting.jacobian),
    Transform("jvp", 1, False, "tangents", "k", lambda jacobians, rows: rows @ jacobians.swapaxes(1, 2), _nest_value),
    Transform("vjp", 1, False, "cotangent", "k", lambda jacobians, rows: rows @ jacobians, _nest_vector),
    Transform("hessian", 2, True, "", "n", _jacobian_itself, _nest_hessian),
    Transform("hvp", 2, True, "tangents", "k", _jacobian_itself, _nest_vector),
)
_SECONDS_PER_NUMBER = 5e-8
"""Of the answer, to be made a list and written as JSON."""

TRANSFORMS = {transform.name: transform for transform in _TRANSFORMS}


class Prompt(Protocol):
    """Computes a query where it is called, without waiting for anything."""

    @property
    def seconds(self) -> float:
        """How long that is expected to take."""

    def run(self, query: DerivativeQuery) -> tuple[Numbers, str]:
        """Return the numbers, and the tier that computed them."""


class DerivativeQuery:
    """A query of which everything but its ``Numbers`` is known.

    The direction of ``given`` is JSON, or an array (batch, k, n) or (batch, k, m); one that does not fit raises
    ``errors.Rejected``.
    """

    def __init__(
        self,
        given: query.Query,
        function: functions.Function,
        specialization: functions.Specialization,
        point: points.Point,
        argnums: int | list[int],
        start: float,
        *,
        hit: bool,
    ) -> None:
        self.transform = TRANSFORMS[given.transform]
        self.name = self.transform.name
        self.dtype = given.dtype
        self.verify = given.verify
        self.in_axes = given.in_axes
        self.point = point
        self.specialization = specialization
        self.argnums = argnums  # positions
        self.start = start  # when the query arrived, by ``time.perf_counter``
        self.hit = hit  # whether the function was known
        # Of the values, each with its layout for the point; none for a function of whole arrays.
        self.plans = [(plan, plan.layout(point.shapes)) for plan in specialization.plans]
        # Of a function of whole arrays: the tape, and how often it has to run.
        self.derivative: array_plans.ArrayDerivative | None = None
        self.runs = 1
        # What computes it on the event loop, if that is known to be quick.
        self.prompt: Prompt | None = None
        self.values = math.prod(specialization.shape)  # how many numbers the value has
        self.function = function
        self.chosen = [argnums] if isinstance(argnums, int) else argnums
        self.chosen_shapes = [point.shapes[argument] for argument in self.chosen]
        self.width = sum(map(math.prod, self.chosen_shapes))  # n: how many numbers they have
        # The derivative has columns for the arguments of argnums only.
        self._chosen = 0 if isinstance(argnums, int) else list(range(len(argnums)))
        # Tangents or cotangents, shape (batch, k, ...), and whether the derivative keeps their axis.
        self.direction, self._several = self._directions(given.direction)
        self._inputs: dict[int, tuple[Array, Array]] = {}  # see ``inputs``
        # Of the values whose sum "hvp" differentiates, shape (m,).
        cotangent = given.cotangent
        self.weights = None if cotangent is None else directions.weights(cotangent, specialization.shape)

    @property
    def args(self) -> tuple[str, ...]:
        """Names of the arguments."""
        return self.function.args

    @property
    def list_ranks(self) -> tuple[int | None, ...]:
        """Rank that a list given for a function of one argument is taken to have."""
        return self.function.list_ranks

    @property
    def weight(self) -> int:
        """What keeping it without its point costs, in operations."""
        return self.specialization.weight

    @property
    def seconds(self) -> float:
        """How long ``run`` is expected to take and the answer to be written; infinite if it may have to wait."""
        if self.prompt is None:
            return math.inf
        return self.prompt.seconds + _SECONDS_PER_NUMBER * self.size

    def without_point(self, _: str) -> DerivativeQuery:
        """Return what ``Preparation.prepare_again`` takes."""
        return self.at(points.Point(None, self.point.shapes, self.point.batch), self.start)

    def at(self, point: points.Point, start: float) -> DerivativeQuery:
        """Return this query at another point of the same shapes, or at as many as before; its function is known."""
        found = copy.copy(self)
        found.point, found.start, found.hit, found.prompt = point, start, True, None
        return found

    def run(self) -> query.Result:
        """Return the numbers at once, if ``seconds`` is finite."""
        assert self.prompt is not None
        began = time.perf_counter()
        numbers, tier = self.prompt.run(self)
        return query.Result(numbers, tier, began, time.perf_counter())

    @property
    def function_id(self) -> str:
        return self.function.function_id

    def _directions(self, given: Any) -> tuple[Array | None, bool]:
        if isinstance(given, np.ndarray):
            return given, True
        if not self.transform.direction:
            return None, False
        batch, shape = self.point.batch, self.specialization.shape
        if self.transform.direction == "tangents":
            rows, several = directions.tangents(given, self.chosen_shapes, self._chosen, batch)
        else:
            rows, several = directions.cotangents(given, shape, batch)
        return rows[None] if batch is None else rows, several

    @functools.cached_property
    def columns(self) -> Array:
        """Where in a flat point the elements of the arguments of argnums lie, shape (n,)."""
        return nesting.columns(self.point.shapes, self.argnums)

    @property
    def directions(self) -> int:
        """How many tangents or cotangents there are at one point, k."""
        return 0 if self.direction is None else self.direction.shape[1]

    @property
    def _rows(self) -> int:
        """Rows of the derivative at one point."""
        return {"1": 1, "m": self.values, "n": self.width, "k": self.directions}[self.transform.rows]

    @property
    def size(self) -> int:
        """How many numbers the answer has at most."""
        return self.point.count * max(self._rows, 1) * max(self.width, self.values)

    def check(self, limits: query.WorkLimits) -> None:
        """Refuse what would be too much to send."""
        if self.size > limits.max_numbers:
            raise errors.TooComplex(f"the answer would have more than {limits.max_numbers} numbers")

    @property
    def work(self) -> int:
        """How many instructions will be run, about."""
        operations = sum(plan.operations for plan, _ in self.plans)
        return operations * self.point.count * (2 * self._rows if self.transform.order == 2 else 1)

    def inputs(self, value: int) -> tuple[Array, Array]:
        """Return which inputs of a value's plan are differentiated by, and the column of each of them."""
        known = self._inputs.get(value)
        if known is None:
            positions = self.plans[value][1].positions
            place = np.full(sum(map(math.prod, self.point.shapes)), -1)
            place[self.columns] = np.arange(len(self.columns))
            (read,) = np.nonzero(place[positions] >= 0)
            known = self._inputs[value] = read, place[positions][read]
        return known

    def nest(self, derivative: Array) -> Json:
        """Return a flat derivative as JSON, nested as JAX nests it."""
        flat = derivative[0] if self.point.batch is None else derivative
        if self.transform.direction and not self._several:
            flat = flat[..., 0, :]
        return self.transform.nest(flat, self.specialization.shape, self.chosen_shapes, self._chosen)

    def present(self, result: query.Result) -> query.Answer:
        values, derivative = result.numbers
        nested = self.nest(derivative)
        value = values.reshape((-1, *self.specialization.shape)).tolist()
        return query.Answer(
            self.function.args, self.argnums, self.dtype, self.function.function_id,
            value[0] if self.point.batch is None else value, nested, nesting.is_finite(values, derivative, nested),
            self.hit, result.tier, result.began - self.start, result.ended - result.began, result.difference,
            result.proof,
        )  # fmt: skip

    def arrays(self, result: query.Result) -> query.ArrayAnswer:
        values, derivative = result.numbers
        found = derivative if self.transform.order else None
        return query.ArrayAnswer(self.specialization.shape, values, found, result.tier)
