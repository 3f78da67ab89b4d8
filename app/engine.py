"""The one door: a query in, an answer out, whatever the protocol.

The text is parsed and recorded once and kept as a plan. A function met for the first time is interpreted at once; the
library has it compiled when it has shown that it is worth it, and the executable takes over when it comes, after its
first numbers have been compared with the interpreter's.

Nothing slow runs on the event loop: long texts are parsed and long executions run in threads, compilations in other
processes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import (
    admission,
    algebra,
    cache,
    compiler,
    derivatives,
    deriving,
    errors,
    functions,
    library,
    parsing,
    plans,
    points,
    programs,
    readings,
    registering,
    registry,
    telemetry,
    tiers,
    worker,
)
from app.questions import Answer, Limits, Numbers, Options, Query

__all__ = ["Answer", "Engine", "Limits", "Numbers", "Options", "Query"]

Array = NDArray[Any]

_DIRECT = frozenset({"value", "grad"})
_OF_SCALARS = frozenset({"grad", "hessian", "hvp"})
_OF_ROWS = frozenset({"value", "grad", "jacobian"})
"""What value and gradient of a scalar function are a whole answer to."""
_OF_FIRST_ORDER = frozenset({"grad", "jacobian", "jvp", "vjp"})

_INLINE_NUMBERS = 10_000
"""Numbers up to which a product with a gradient that is known is formed on the event loop."""

_MEMO_NUMBERS = 200_000
"""Numbers of the points and gradients remembered: some megabytes."""
_MEMO_SHARE = _MEMO_NUMBERS // 4
"""More numbers than this at once are not worth pushing out what others may ask again."""

_BRIEF_THREADS, _BRIEF_PLACES = 2, 1024
_STORE_THREADS, _STORE_PLACES = 4, 1024
"""For disk and network. They wait more than they work, and nobody who computes waits for them."""

_MAKING = worker.Limits(rest_bytes=384 << 20)
"""For the interpreter's own programs. A child that has made a large one keeps half a gigabyte, so the next begins anew:
none has more than 0.8 GB."""


class Engine:
    """Answers queries. Belongs to one event loop; ``start`` before, ``close`` after.

    Args:
        options: see there.

    Attributes:
        limits: bounds on queries.
        brief, lengthy: threads for what takes milliseconds, and for what takes longer.
        workers: other processes that compile and derive.
        programs: of the interpreter.
        library: the executables.
        deriver: answers what is asked for as formulae.
        registrar: has functions by their id.
    """

    def __init__(self, options: Options | None = None) -> None:
        options = options or Options()
        self.limits = options.limits
        self._observer = options.observer
        self.brief = admission.Pool(_BRIEF_THREADS, _BRIEF_PLACES, "gradserve-brief")
        self.lengthy = admission.Pool(options.threads, options.queue, "gradserve-lengthy", self._late)
        self._waiting = admission.Pool(_STORE_THREADS, _STORE_PLACES, "gradserve-store")
        self._readings = readings.Readings(options.limits.text, options.plan_capacity, self.lengthy)
        budget = admission.Budget(options.compile_seconds_per_minute)
        self.workers = worker.Workers(options.compile_workers, options.compile_limits, options.observer, budget)
        self.programs = programs.Interpreters(options.kept)
        self._makers = worker.Workers(1, _MAKING, options.observer, spare=0)
        self._derivatives = derivatives.Derivatives(self.programs, options.limits.work)
        self._warming: asyncio.Task[None] | None = None
        self._met: set[tuple[str, str, int]] = set()
        # Protocols that ask for a value and then, at the same point, for its gradient compute once.
        self._memo: cache.Cache[Hashable, tuple[Array, str]] = cache.Cache(
            _MEMO_NUMBERS, lambda found: 2 * found[0].size
        )
        self.library = library.Library(
            self.workers,
            options.kept,
            loading=self.brief.threads,
            waiting=self._waiting.threads,
            capacity=options.executable_capacity,
            budget=budget,
        )
        self.deriver = deriving.Deriver(self._readings, self.workers, options.limits)
        self.registrar = registering.Registrar(
            self._readings,
            registry.Registry(options.kept, options.registry_capacity),
            options.limits.text,
            self.library,
            lengthy=self.lengthy,
            waiting=self._waiting,
        )
        self._tiers = tiers.Tiers(self.library, self.programs, self.brief, self.lengthy, options.observer)

    def _late(self) -> errors.GradserveError:
        """Return what to say of work that takes too long; while a program is being made, that is why."""
        if self.programs.making:
            return errors.Overloaded("a program for this function is being made", retry_after_seconds=10)
        return admission.too_long()

    async def start(self) -> None:
        """Check the numbers of the installed jaxlib, make the interpreter ready, start the compile workers.

        Raises:
            compiler.WrongNumbers: this jaxlib must not answer anybody.
        """
        await self.brief.run(compiler.self_test)
        await self.brief.run(self.programs.warm)
        tutorial = functions.Function(parsing.read("5*x**2 + 6*y**2 + 7*z**2")).at([(), (), ()]).cells[0]
        found = self.programs["float64"].gradient(tutorial.encoded, np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0]))
        if found.tolist() != [92.0, 10.0, 24.0, 42.0]:
            raise compiler.WrongNumbers(f"value and gradient of the tutorial came out as {found.tolist()}")
        self.workers.start()
        # Large functions and batches find their programs made, or wait for them.
        self._warming = asyncio.ensure_future(self.programs.warm_rest(self._makers, self.lengthy.threads))

    async def settle(self) -> None:
        """Wait until all programs of the interpreter are at hand, and every executable that is coming has come."""
        if self._warming is not None:
            await self._warming
        await self.library.settle()

    async def close(self) -> None:
        """Stop the workers and let threads and executables go."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._makers.close()  # which has been done, unless that was cancelled
        await self.library.close()
        await self.workers.close()
        self.lengthy.shutdown()
        self.brief.shutdown()
        self._waiting.shutdown()
        self._readings.clear()
        self.deriver.clear()
        self._memo.clear()

    @property
    def known(self) -> int:
        """How many functions are held in memory."""
        return len(self._readings)

    async def answer(self, query: Query) -> Answer:
        """Answer a query.

        Raises:
            errors.Rejected: the query is at fault.
        """
        start = time.perf_counter()
        function, point, shaped, hit = await self._bound(query)
        if shaped.shape == () and query.transform in _DIRECT and not query.verify:
            return await self._direct(query, shaped.cells[0], point, start, hit=hit)
        return await self._derive(query, function, shaped, point, start, hit=hit)

    async def look(self, expression: str | Sequence[str], args: Sequence[str] | None) -> functions.Function:
        """Return a function without asking about it.

        Raises:
            errors.Rejected: the text is not in the language.
        """
        _, function, _ = await self._readings.function(expression, args)
        return function

    async def shape(
        self, expression: str | Sequence[str], args: Sequence[str] | None, shapes: Sequence[algebra.Shape]
    ) -> functions.Shaped:
        """Return a function read for arguments of these shapes.

        Raises:
            errors.Rejected: the text is not in the language, or makes no sense for them.
        """
        key, function, _ = await self._readings.function(expression, args)
        return function.known(shapes) or await self._readings.shape(key, function, shapes)

    async def numbers(self, query: Query) -> Numbers:
        """Answer a query in arrays; of a scalar function, "jacobian" and "grad" are one question.

        Raises:
            errors.Rejected: the query is at fault.
        """
        start = time.perf_counter()
        function, point, shaped, hit = await self._bound(query)
        everything = list(range(len(function.args)))
        if shaped.shape == () and query.transform in _OF_ROWS:
            first, tier = await self._remembered(shaped.cells[0].call("grad", everything, query.dtype), point)
            values, found = first[:1].T, first[1:].T[:, None]
        else:
            tier = "interpreted"
            asked = derivatives.Asked(query.transform, shaped, point, everything, query.dtype, query.direction)
            self._derivatives.check(asked)
            values, found = await self._derived(asked, None)
        batch = point.batch or 1
        self._observer.observe(telemetry.Answered(query.transform, tier, hit, batch, time.perf_counter() - start))
        return Numbers(shaped.shape, values, None if query.transform == "value" else found, tier)

    async def _remembered(self, call: plans.Call, point: points.Point) -> tuple[Array, str]:
        """Return what ``_first`` does, computing it once for those who ask for it again soon."""
        if point.flat.size > _MEMO_SHARE:
            return await self._first(call, point)
        key = (call.plan.function_id, call.job.dtype, point.shapes, point.batch, point.flat.tobytes())
        found = self._memo.get(key)
        if found is None:
            found = await self._first(call, point)
            self._memo.put(key, found)
        return found

    async def _first(self, call: plans.Call, point: points.Point) -> tuple[Array, str]:
        """Return value and gradient by all numbers of the points, (1 + n, batch), and the tier that computed them."""
        layout = call.plan.layout(point.shapes)
        asked = self._tiers.at_hand(call, point, layout, time.perf_counter()) if point.batch is None else None
        if asked is not None:
            asked.run()
            result, tier = np.array(asked.result, call.job.dtype), "compiled"
        else:
            result, tier = await self._tiers.run(call, point, layout)
        rows = result if point.batch is not None else result[:, None]
        if layout.whole:
            return rows, tier
        spread = np.zeros((1 + len(point.flat), rows.shape[1]), rows.dtype)
        spread[0] = rows[0]
        np.add.at(spread, layout.positions + 1, rows[1:])
        return spread, tier

    async def _bound(self, query: Query) -> tuple[functions.Function, points.Point, functions.Shaped, bool]:
        """Return the function, where it is asked about, what it is there, and whether all that was known."""
        key, function, hit = await self._readings.function(query.expression, query.args, query.point)
        point = self._bind(query, function)
        if (1,) in point.shapes and function.general is None and point is not query.point:
            point = await self._readings.settle(function, point)
        shaped = function.known(point.shapes)
        if shaped is None:
            hit, shaped = False, await self._readings.shape(key, function, point.shapes)
        if shaped.shape != () and query.transform in _OF_SCALARS and query.cotangent is None:
            hint = "for many points at once, set in_axes to 0; for all derivatives of an array, POST /v1/jacobian"
            detail = f"the value is not a scalar: it has shape {list(shaped.shape)}"
            raise errors.BadShape(detail, hint=hint, field="expression")
        return function, point, shaped, hit

    async def _direct(self, query: Query, plan: plans.Plan, point: points.Point, start: float, *, hit: bool) -> Answer:
        """Answer value and gradient of a scalar function."""
        call = plan.call(query.transform, query.argnums, query.dtype)
        layout = plan.layout(point.shapes)
        if point.batch is None and (asked := self._tiers.at_hand(call, point, layout, start)) is not None:
            asked.run()
            return self.finish(asked, hit=hit)
        parsed = time.perf_counter()
        result, tier = await self._tiers.run(call, point, layout)
        executed = time.perf_counter()
        self._observer.observe(telemetry.Answered(call.transform, tier, hit, point.batch or 1, executed - start))
        found = tiers.unpack(call, point, layout, result)
        return _answer(call, found, hit, tier, parsed - start, executed - parsed)

    async def _derive(
        self,
        query: Query,
        function: functions.Function,
        shaped: functions.Shaped,
        point: points.Point,
        start: float,
        *,
        hit: bool,
    ) -> Answer:
        """Answer everything else."""
        argnums = [] if query.transform == "value" else points.resolve_argnums(query.argnums, function.args)
        asked = derivatives.Asked(
            query.transform, shaped, point, argnums, query.dtype, query.direction, query.cotangent
        )
        self._derivatives.check(asked)
        parsed = time.perf_counter()
        first = None
        if shaped.shape == () and query.transform in _OF_FIRST_ORDER:
            # Products with the gradient, which the compiled tier may have.
            call = shaped.cells[0].call("grad", argnums, query.dtype)
            layout = call.plan.layout(point.shapes)
            first = await self._tiers.run(call, point, layout)
        found = await self._derived(asked, None if first is None else first[0])
        difference = None
        if query.verify:
            difference = await self.lengthy.run(lambda: self._derivatives.difference(asked, found))
        executed = time.perf_counter()
        tier = "interpreted" if first is None else first[1]
        self._observer.observe(telemetry.Answered(query.transform, tier, hit, point.batch or 1, executed - start))
        return Answer(
            args=function.args,
            argnums=argnums,
            dtype=query.dtype,
            function_id=function.function_id,
            value=asked.value(found),
            derivative=asked.derivative(found),
            finite=asked.finite(found),
            hit=hit,
            tier=tier,
            parse_seconds=parsed - start,
            execute_seconds=executed - parsed,
            difference=difference,
        )

    async def _derived(self, asked: derivatives.Asked, first: Array | None) -> derivatives.Found:
        """Return the numbers of a derivative; see ``derivatives.Derivatives.answer``."""
        if first is not None and asked.numbers <= _INLINE_NUMBERS:
            return self._derivatives.answer(asked, first)
        # The first of its kind and size may have to wait for a program to be made.
        kind = (asked.transform, asked.dtype, max(plan.operations for plan, _ in asked.cells).bit_length())
        pool = self._tiers.pool(asked.work) if kind in self._met else self.lengthy
        found = await pool.run(lambda: self._derivatives.answer(asked, first))
        self._met.add(kind)
        return found

    def again(self, call: plans.Call, point: Any) -> tiers.Asked | None:
        """Return the same call at another point, without a batch axis, or None if answering it might take a while.

        Raises:
            errors.Rejected: the point is at fault.
        """
        start = time.perf_counter()
        plan = call.plan
        bound = points.bind(point, plan.args, plan.ranks, None, self.limits.point)
        return self._tiers.at_hand(call, bound, plan.layout(bound.shapes), start) if plan.fits(bound.shapes) else None

    def finish(self, asked: tiers.Asked, *, hit: bool = True) -> Answer:
        """Return the answer to what has been run."""
        call = asked.call
        found = tiers.unpacked(call, asked.point, asked.layout, asked.result)
        self._observer.observe(telemetry.Answered(call.transform, "compiled", hit, 1, asked.executed - asked.start))
        return _answer(call, found, hit, "compiled", asked.parsed - asked.start, asked.executed - asked.parsed)

    def _bind(self, query: Query, function: functions.Function) -> points.Point:
        if isinstance(query.point, points.Point):
            return query.point
        limits = self.limits.point
        return points.bind(query.point, function.args, function.ranks, query.in_axes, limits, function.whole)


def _answer(
    call: plans.Call, found: tiers.Found, hit: bool, tier: str, parse_seconds: float, execute_seconds: float
) -> Answer:
    plan = call.plan
    return Answer(
        plan.args,
        call.argnums,
        call.job.dtype,
        plan.function_id,
        *found,
        hit,
        tier,
        parse_seconds,
        execute_seconds,
        call,
    )
