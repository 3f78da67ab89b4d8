"""Values and exact derivatives of a function at moved arguments, for SciPy's methods; counted, and stopped in time."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine import points, query
from app.engine.derivatives import arrays, scalars, transforms
from app.engine.functions import functions
from app.runtime import queue

Array = NDArray[Any]


class Stopped(Exception):
    """The search is over its bounds. Its message says which, as an answer says it."""


@dataclass(slots=True)
class Budget:
    """What a search may still spend. ``cancel`` may be called from another thread."""

    max_evaluations: int
    end: float = math.inf  # by ``time.monotonic``
    seconds: float = math.inf  # from the first start to the end
    evaluations: int = 0
    _gone: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Stop the search at its next evaluation: nobody waits for it."""
        self._gone.set()

    def spend(self) -> None:
        """Count one evaluation, or raise ``Stopped``."""
        self.check()
        if self.evaluations >= self.max_evaluations:
            raise Stopped(f"stopped after {self.evaluations} evaluations, the most that were allowed")
        self.evaluations += 1

    def check(self) -> None:
        """Raise ``Stopped`` if there is no time for any start."""
        if self._gone.is_set():
            raise Stopped("the client went away")
        if time.monotonic() > self.end:
            raise Stopped(f"stopped after {self.seconds:.3g} s, the most that this request may search")

    def again(self) -> Budget:
        """Return the budget of another start of the same request."""
        return Budget(self.max_evaluations, self.end, self.seconds, 0, self._gone)


_LONG_SECONDS = 2e-3
"""Of one evaluation: then nearly all of it is spent on large arrays, without the interpreter's lock."""


class Derivations:
    """A function and the derivatives that a search asks for, at arguments of certain shapes.

    n numbers move: the elements of the arguments at the positions ``argnums``. Each transform is prepared when it is
    first asked for, which may take long and raise ``errors.Rejected``. Whoever computes has a turn.
    """

    def __init__(
        self,
        function: functions.Function,
        specialization: functions.Specialization,
        point: points.Point,
        argnums: int | list[int],
        numbers: scalars.Derivatives,
        arrayed: arrays.ArrayDerivatives,
        turns: queue.Turns,
    ) -> None:
        self.function, self.specialization, self.argnums = function, specialization, argnums
        self.chosen = [argnums] if isinstance(argnums, int) else argnums
        self._point = points.Point(None, point.shapes, None)
        self._numbers, self._arrayed, self._turns = numbers, arrayed, turns
        self._prepared: dict[str, transforms.DerivativeQuery] = {}
        self.executables: dict[str, Any] = {}  # by transform, those that run instead of NumPy
        self.seconds: dict[str, float] = {}  # that each transform of whole arrays has taken
        self._long: dict[str, bool] = {}  # whether a transform needs no turn, by how long it has taken last

    def prepared(self, transform: str) -> transforms.DerivativeQuery:
        """Return a query for a transform, to be run at any point; for products along one direction."""
        found = self._prepared.get(transform)
        if found is None:
            found = self._prepared[transform] = self._prepare(transform)
        return found

    def is_prepared(self, transform: str) -> bool:
        """Return whether a transform has been prepared."""
        return transform in self._prepared

    def make_ready(self, transform: str, arguments: Sequence[Array]) -> None:
        """Prepare a transform, and wait for the interpreter's program for it, which may have to be made."""
        found = self.prepared(transform)
        if self.specialization.whole is None:
            shapes = self._point.shapes
            self._numbers.compute(found.at(points.Point(None, shapes, None, arguments, [False] * len(shapes)), 0.0))

    def _prepare(self, transform: str) -> transforms.DerivativeQuery:
        direction = None
        if transforms.TRANSFORMS[transform].direction:
            direction = np.zeros((1, 1, sum(self.sizes)))
        given = query.Query(transform, self.function.text, self._point, argnums=self.argnums, direction=direction)
        found = transforms.DerivativeQuery(
            given, self.function, self.specialization, self._point, self.argnums, 0.0, hit=True
        )
        if self.specialization.whole is not None:
            arrays.derive(found)
            self._arrayed.check(found)
        return found

    @property
    def sizes(self) -> list[int]:
        """How many numbers each argument that moves has."""
        return [int(np.prod(self._point.shapes[argument])) for argument in self.chosen]

    def compute(self, transform: str, point: points.Point, direction: Array | None = None) -> tuple[Array, Array]:
        """Return the values, (m,), and a derivative in the shape that ``transforms`` gives, without its batch axis."""
        asked = self.prepared(transform).at(point, 0.0)
        if direction is not None:
            asked.direction = direction[None, None]
        self._turns.pass_on()
        with self._turns.given_up() if self._long.get(transform) else contextlib.nullcontext():
            began = time.perf_counter()
            if self.specialization.whole is None:
                values, derivative = self._numbers.compute(asked)
            else:
                values, derivative = self._arrayed.compute(asked, self.executables.get(transform))
            seconds = time.perf_counter() - began
        self._long[transform] = seconds > _LONG_SECONDS
        self.seconds[transform] = self.seconds.get(transform, 0.0) + seconds
        return values[0], derivative[0]

    def whole(self) -> dict[str, transforms.DerivativeQuery]:
        """Return the queries that have been prepared for a function of whole arrays, by transform."""
        return {} if self.specialization.whole is None else self._prepared


class Oracle:
    """A function of the numbers that move, x of shape (n,); the other arguments stand still.

    Every method counts as one evaluation, unless x is where the same was computed last. Numbers that are not finite
    are returned as they are.

    Args:
        derivations: the function.
        arguments: the start, an array for each argument.
        budget: of the search.
    """

    def __init__(self, derivations: Derivations, arguments: Sequence[Array], budget: Budget) -> None:
        self._derivations, self._arguments, self._budget = derivations, arguments, budget
        self._last: dict[str, tuple[bytes, tuple[Array, Array]]] = {}
        self.best: tuple[float, Array] | None = None  # the least objective and where it is
        self._objective: Callable[[Array], float] | None = None

    def track(self, objective: Callable[[Array], float]) -> None:
        """Remember where the objective of the values, (m,), is least: a search that is stopped answers with it."""
        self._objective = objective

    def values(self, x: Array) -> Array:
        """Return the values, (m,)."""
        for transform in ("jacobian", "grad"):
            known = self._last.get(transform)
            if known is not None and known[0] == x.tobytes():
                return known[1][0]
        return self._at("value", x)[0]

    def jacobian(self, x: Array) -> tuple[Array, Array]:
        """Return values (m,) and Jacobian (m, n)."""
        return self._at("jacobian", x)

    def gradient(self, x: Array) -> tuple[float, Array]:
        """Return value and gradient, (n,), of a function of one value."""
        values, gradient = self._at("grad", x)
        return float(values[0]), gradient

    def hessian(self, x: Array) -> Array:
        """Return the Hessian, (n, n), of a function of one value."""
        return self._at("hessian", x)[1]

    def knows(self, transform: str) -> bool:
        """Return whether a transform has been prepared."""
        return self._derivations.is_prepared(transform)

    def hvp(self, x: Array, tangent: Array) -> Array:
        """Return the product of the Hessian of a function of one value and a tangent, both (n,)."""
        self._budget.spend()
        _, products = self._derivations.compute("hvp", self._point(x), np.asarray(tangent, float))
        return np.asarray(products[0])

    def at_end(self, transform: str, x: Array) -> tuple[Array, Array]:
        """Return values and a derivative at the solution, which are computed even if nothing may be spent any more."""
        known = self._last.get(transform)
        if known is not None and known[0] == x.tobytes():
            return known[1]
        return self._derivations.compute(transform, self._point(x))

    def _at(self, transform: str, x: Array) -> tuple[Array, Array]:
        key = x.tobytes()
        known = self._last.get(transform)
        if known is not None and known[0] == key:
            return known[1]
        self._budget.spend()
        found = self._derivations.compute(transform, self._point(x))
        self._last[transform] = key, found
        if self._objective is not None:
            objective = self._objective(found[0])
            if not math.isnan(objective) and (self.best is None or objective < self.best[0]):
                self.best = objective, x.copy()
        return found

    def _point(self, x: Array) -> points.Point:
        arguments, at = list(self._arguments), 0
        for argument in self._derivations.chosen:
            size, shape = arguments[argument].size, arguments[argument].shape
            arguments[argument] = np.array(x[at : at + size], float).reshape(shape)
            at += size
        shapes = tuple(each.shape for each in arguments)
        return points.Point(None, shapes, None, arguments, [False] * len(arguments))
