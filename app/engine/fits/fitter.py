"""Runs fits: binds the function, the start and the conditions, searches in a thread, and tells of each iteration."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import executables, points, preparation, query
from app.engine.derivatives import arrays, nesting, scalars
from app.engine.fits import bounds, least_squares, methods, minimize, root, statistics
from app.engine.fits.oracle import Budget, Derivations, Oracle, Stopped
from app.engine.fits.query import Constraint, FitAnswer, FitQuery, Kind, Outcome, Progress
from app.engine.fits.search import Search
from app.engine.functions import arguments, functions
from app.runtime import blas, deadlines, events, queue

Array = NDArray[Any]
"""A function, its point, the function for the point's shapes, and whether all that was known."""

_SEARCHES: dict[Kind, Callable[[Search], Outcome]] = {
    "minimize": minimize.run,
    "least_squares": least_squares.run,
    "root": root.run,
}
_TRANSFORMS: dict[Kind, tuple[str, ...]] = {
    "minimize": ("grad",),
    "least_squares": ("value", "jacobian"),
    "root": ("value", "jacobian"),
}
"""What every search of a kind computes."""
_USES = {"products": "hvp", "hessian": "hessian"}
"""What a search computes besides, by what its method uses."""


@dataclass(slots=True)
class Fitter:
    """Runs fits. Belongs to one event loop.

    ``bind`` is ``Preparation.bind``. Fits run in threads of ``pool``: a fit of seconds keeps neither other requests nor
    the event loop waiting.
    """

    bind: Callable[[query.Query], Awaitable[preparation.Bound]]
    pool: queue.ThreadPool
    numbers: scalars.Derivatives
    whole: arrays.ArrayDerivatives
    executables: executables.Executables
    options: query.Options
    turns: queue.Turns

    async def answer(self, asked: FitQuery, tell: Callable[[Progress], None] | None = None) -> FitAnswer:
        """Return the answer to a fit. ``tell`` is called in another thread; a cancelled fit ends soon."""
        start = time.perf_counter()
        fit = await self._prepare(asked)
        await self.pool.run(fit.derive)
        fit.derivations.executables = self._compiled(fit.derivations)
        began = time.perf_counter()
        try:
            outcomes = await self.pool.run(lambda: fit.run(tell, self.turns))
        except asyncio.CancelledError:
            fit.budget.cancel()
            raise
        ended = time.perf_counter()
        self._record_costs(fit.derivations)
        tier = "compiled" if fit.derivations.executables else "interpreted"
        self.options.observer.observe(events.Answered(asked.kind, tier, fit.hit, fit.point.count, ended - start))
        return fit.present(outcomes, tier, began - start, ended - began)

    async def stream(self, asked: FitQuery) -> AsyncIterator[Progress | FitAnswer]:
        """Yield each iteration of a fit, and its answer last."""
        loop, news = asyncio.get_running_loop(), asyncio.Queue[Progress | None]()

        def tell(progress: Progress) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(news.put_nowait, progress)

        running = asyncio.ensure_future(self.answer(asked, tell))
        running.add_done_callback(lambda _: news.put_nowait(None))
        try:
            while (progress := await news.get()) is not None:
                yield progress
            yield await running
        finally:
            running.cancel()

    async def _prepare(self, asked: FitQuery) -> Fit:
        function, point, specialization, hit = await self.bind(asked.start)
        binding = asked.start.binding
        argnums = arguments.resolve(asked.argnums, function.args) if binding is None else binding.argnums(asked.argnums)
        if asked.kind == "minimize" and specialization.shape != ():
            hint = "write the sum of what is to be small, or POST /v1/least_squares"
            detail = f"the value is not a scalar: it has shape {list(specialization.shape)}"
            raise errors.BadShape(detail, hint=hint, field="expression")

        def derivations(function: functions.Function, specialization: functions.Specialization) -> Derivations:
            return Derivations(function, specialization, point, argnums, self.numbers, self.whole, self.turns)

        conditions = []
        for index, constraint in enumerate(asked.constraints):
            with _of_constraint(index):
                given = query.Query("value", constraint.expression, point, function.args)
                own, _, special, _ = await self.bind(given)
                conditions.append((constraint, derivations(own, special)))
        return Fit(asked, derivations(function, specialization), conditions, point, hit, self.options.limits.fits)

    def _compiled(self, derivations: Derivations) -> dict[str, Any]:
        """Return the executables that are known to be right, by transform."""
        found = {}
        for name, prepared in derivations.whole().items():
            derivative = arrays.derivative_of(prepared)
            executable = None if derivative.hosted else self.executables.get(derivative.job("float64").key)
            if executable is not None and executable.checked:
                found[name] = executable
        return found

    def _record_costs(self, derivations: Derivations) -> None:
        """Tell what NumPy's runs have cost, so that functions that are worth it are compiled for the next fit."""
        for name, prepared in derivations.whole().items():
            derivative = arrays.derivative_of(prepared)
            if not derivative.hosted and name not in derivations.executables:
                job = derivative.job("float64")
                if self.executables.get(job.key) is None:
                    self.executables.record_cost(job, derivations.seconds.get(name, 0.0))


class Fit:
    """A fit of which everything but its outcomes is known."""

    def __init__(
        self,
        asked: FitQuery,
        derivations: Derivations,
        conditions: Sequence[tuple[Constraint, Derivations]],
        point: points.Point,
        hit: bool,
        limits: query.FitLimits,
    ) -> None:
        self.derivations, self.point, self.hit = derivations, point, hit
        self._asked, self._conditions, self._limits = asked, conditions, limits
        argnums, args = derivations.argnums, derivations.function.args
        self._shapes = [point.shapes[argument] for argument in derivations.chosen]
        self._nested = 0 if isinstance(argnums, int) else list(range(len(derivations.chosen)))
        moved = sum(derivations.sizes)
        if not moved:
            raise errors.BadShape("there is no number that could move", field="argnums")
        if moved > limits.max_moved:
            detail = f"{moved} numbers move, the limit is {limits.max_moved}"
            raise errors.TooComplex(detail, hint="name the arguments that move in argnums", field="argnums")
        self._lower, self._upper = bounds.read(asked.bounds, args, derivations.chosen, point.shapes)
        self._methods = methods.find(
            asked.kind,
            asked.method,
            bounds=asked.bounds is not None,
            constraints=bool(conditions),
            moved=moved,
        )
        most = min(asked.max_evaluations or limits.max_evaluations, limits.max_evaluations)
        self.budget = Budget(most)
        self._tell: Callable[[Progress], None] | None = None
        self._latest = time.monotonic() + deadlines.ANSWER_SECONDS - _PRESENT_SECONDS

    def derive(self) -> None:
        """Prepare the derivatives that the search takes, or refuse what would cost too much."""
        start = [np.asarray(each, float) for each in self.point.arguments(0)]
        uses = {_USES[method.uses] for method in self._methods if method.uses in _USES}
        for name in (*_TRANSFORMS[self._asked.kind], *uses):
            self.derivations.make_ready(name, start)
        for index, (_, derivations) in enumerate(self._conditions):
            with _of_constraint(index):
                for name in ("value", "jacobian"):
                    derivations.make_ready(name, start)
            if "hvp" in uses and derivations.specialization.shape == ():
                with contextlib.suppress(errors.Rejected):  # the method does without
                    derivations.make_ready("hessian", start)

    def run(self, tell: Callable[[Progress], None] | None, turns: queue.Turns) -> list[Outcome]:
        """Return the outcome of each start; ``tell`` is called at each iteration."""
        self._tell, now = tell, time.monotonic()
        self.budget.seconds = min(self._limits.max_fit_seconds, max(self._latest - now, 0.0))
        if self.budget.seconds == 0.0:  # all of it has gone into waiting
            raise queue.too_long()
        self.budget.end = now + self.budget.seconds
        several = blas.threads().several() if self.point.size > _LARGE else contextlib.nullcontext()
        with turns.taken(), several:
            return [self._outcome(index) for index in range(self.point.count)]

    def _outcome(self, index: int) -> Outcome:
        arguments = [np.asarray(each, float) for each in self.point.arguments(index)]
        start = np.concatenate([arguments[argument].ravel() for argument in self.derivations.chosen])
        start = np.clip(start, self._lower, self._upper)
        try:
            self.budget.check()
            return self._search(index, arguments, start)
        except Stopped as stopped:
            return self._untried(start, str(stopped))

    def _search(self, index: int, arguments: Sequence[Array], start: Array) -> Outcome:
        budget = self.budget.again()
        oracle = Oracle(self.derivations, arguments, budget)
        conditions = [(constraint, Oracle(each, arguments, budget)) for constraint, each in self._conditions]

        def tell(iteration: int, x: Array, objective: float) -> None:
            if self._tell is not None:
                shown = self._nest(x) if x.size <= self._limits.max_reported else None
                self._tell(Progress(index, iteration, budget.evaluations, objective, shown))

        search = Search(
            oracle, start, self._lower, self._upper, budget, tell, self._methods, conditions, self._asked.tolerance
        )
        return _SEARCHES[self._asked.kind](search)

    def _untried(self, start: Array, message: str) -> Outcome:
        """Return the outcome of a start that was not reached in time."""
        values = np.full(math.prod(self.derivations.specialization.shape), np.nan)
        reason = message if self._asked.kind == "least_squares" else None
        gradient = np.full(start.shape, np.nan)
        name = self._methods[0].name
        return Outcome(start, values, math.nan, gradient, False, message, name, 0, 0, None, reason)

    def _nest(self, rows: Array) -> Any:
        return nesting.vector(rows, self._shapes, self._nested)

    def present(self, outcomes: list[Outcome], tier: str, parse_seconds: float, execute_seconds: float) -> FitAnswer:
        """Return the outcomes as an answer: with a leading axis if there was one."""
        batched, kind = self.point.batch is not None, self._asked.kind
        x, gradient = (np.stack([getattr(each, name) for each in outcomes]) for name in ("x", "gradient"))
        values = [each.objective for each in outcomes]
        shape = self.derivations.specialization.shape
        if kind == "root":
            values = [each.values.reshape(shape).tolist() for each in outcomes]
        covariances = [each.covariance for each in outcomes]
        deviations = None
        if any(each is not None for each in covariances):
            unknown = np.full(x.shape[1], np.nan)
            rows = [unknown if each is None else statistics.standard_errors(each) for each in covariances]
            deviations = self._nest(np.stack(rows) if batched else rows[0])

        def listed(each: list[Any]) -> Any:
            return each if batched else each[0]

        def of(name: str) -> Any:
            return listed([getattr(each, name) for each in outcomes])

        numbers = np.concatenate([x.ravel(), gradient.ravel(), *(each.values for each in outcomes)])
        derivations = self.derivations
        return FitAnswer(
            self._nest(x if batched else x[0]), listed(values), self._nest(gradient if batched else gradient[0]),
            of("converged"), of("message"), of("method"), of("evaluations"), of("iterations"),
            listed([None if each is None else each.tolist() for each in covariances]), deviations,
            of("reason"), derivations.function.args, derivations.argnums, bool(np.isfinite(numbers).all()),
            derivations.function.function_id, self.hit, tier, parse_seconds, execute_seconds,
        )  # fmt: skip


_PRESENT_SECONDS = 1.0
"""Of the time for an answer, what is left when a search ends; it may have waited for a thread before it began."""

_LARGE = 100_000
"""Numbers of a point from which linear algebra may use several threads."""


@contextlib.contextmanager
def _of_constraint(index: int) -> Iterator[None]:
    """Give errors of a constraint its field."""
    try:
        yield
    except errors.GradserveError as error:
        if error.field is None or error.field.startswith("expression"):
            error.field = f"constraints.{index}.expression"
        raise
