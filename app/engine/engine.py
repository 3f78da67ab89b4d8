"""Answers queries of every protocol in three steps: ``prepare``, ``run``, ``present``.

    prepare     reads the text, binds the point, chooses what will compute; may wait in a thread
    run         computes the numbers
    present     makes them an answer: nested lists, or arrays

The text is parsed and recorded once and kept as a plan. A new function is interpreted at once; it is compiled when it
has shown that it is worth it, and the executable takes over after its first numbers have been compared with the
interpreter's.

Nothing slow runs on the event loop: long texts are parsed and long executions run in threads, compilations in other
processes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from app import errors
from app.autodiff import compiler
from app.engine import array_plans, dispatch, executables, functions, plans, points, registry, symbolic
from app.engine import query as queries
from app.engine.derivatives import arrays as whole
from app.engine.derivatives import scalars, transforms
from app.engine.workers import pool
from app.language import parse
from app.language.values import Shape
from app.runtime import blas, cache, events, queue

_COMPILED = frozenset({"value", "grad"})
"""Transforms of scalar functions that executables compute."""

_MEMO_NUMBERS = 200_000
"""Numbers of all points and gradients that are kept for repeated queries: some megabytes."""
_MEMO_SHARE = _MEMO_NUMBERS // 4
"""Numbers of one answer beyond which it is not kept: it would evict too many others."""

_INLINE_OPERATIONS = 150
"""Functions of whole arrays up to this length are differentiated on the event loop: a few milliseconds."""

_BRIEF_THREADS, _BRIEF_PLACES = 2, 1024
_STORE_THREADS, _STORE_PLACES = 4, 1024  # these threads wait more than they work

_PROGRAM_WORKER_LIMITS = pool.WorkerLimits(rest_bytes=384 << 20)
"""For the interpreter's programs. A worker that has compiled a large one keeps half a gigabyte, so the next program
gets a new worker: none takes more than 0.8 GB."""


class Engine:
    """Answers queries. Belongs to one event loop; ``start`` before, ``close`` after."""

    def __init__(self, options: queries.Options | None = None) -> None:
        options = options or queries.Options()
        self.limits = options.limits
        self._observer = options.observer
        blas.threads()
        # Threads for work of milliseconds, for longer work, and for disk and network.
        self.brief = queue.ThreadPool(_BRIEF_THREADS, _BRIEF_PLACES, "gradserve-brief")
        self.lengthy = queue.ThreadPool(options.threads, options.queue, "gradserve-lengthy", self._late)
        self._store_threads = queue.ThreadPool(_STORE_THREADS, _STORE_PLACES, "gradserve-store")
        self._functions = functions.FunctionCache(options.limits.text, options.plan_capacity, self.lengthy)
        budget = queue.Quota(options.compile_seconds_per_minute)
        self.workers = pool.Workers(options.compile_workers, options.compile_limits, options.observer, budget)
        self.interpreters = executables.Interpreters(options.kept)
        self._program_workers = pool.Workers(1, _PROGRAM_WORKER_LIMITS, options.observer, spare=0)
        derivatives = scalars.Derivatives(self.interpreters, options.limits.work)
        self._array_derivatives = whole.ArrayDerivatives(options.limits.work)
        self._warming: asyncio.Task[None] | None = None
        # For clients that want a value and then, at the same point, its gradient.
        self._memo: cache.LruDict[Hashable, queries.ArrayAnswer] = cache.LruDict(_MEMO_NUMBERS, _numbers_kept)
        self.executables = executables.Executables(
            self.workers,
            options.kept,
            loading=self.brief.threads,
            waiting=self._store_threads.threads,
            capacity=options.executable_capacity,
            budget=budget,
        )
        self.symbolic = symbolic.FormulaCache(self._functions, self.workers, options.limits)
        self.registry = registry.Registry(
            self._functions,
            options.kept,
            self.executables,
            options.limits.text,
            capacity=options.registry_capacity,
            lengthy=self.lengthy,
            waiting=self._store_threads,
        )
        self._dispatch = dispatch.Dispatch(
            self.executables,
            self.interpreters,
            derivatives,
            self._array_derivatives,
            brief=self.brief,
            lengthy=self.lengthy,
            observer=options.observer,
        )

    def _late(self) -> errors.GradserveError:
        """Return the error for work that takes too long: while a program is being made, that is the reason."""
        if self.interpreters.making:
            return errors.Overloaded("a program for this function is being made", retry_after_seconds=10)
        return queue.too_long()

    async def start(self) -> None:
        """Check the numbers of the installed jaxlib, make the interpreter ready, start the compile workers.

        A jaxlib whose numbers are wrong raises ``compiler.WrongNumbers``.
        """
        await self.brief.run(compiler.self_test)
        await self.brief.run(self.interpreters.warm)
        tutorial = functions.Function(parse.read("5*x**2 + 6*y**2 + 7*z**2")).specialize([(), (), ()]).plans[0]
        found = self.interpreters["float64"].gradient(tutorial.encoded, np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0]))
        if found.tolist() != [92.0, 10.0, 24.0, 42.0]:
            raise compiler.WrongNumbers(f"value and gradient of the tutorial came out as {found.tolist()}")
        self.workers.start()
        # Requests for large functions and batches wait for their programs if these are not made yet.
        self._warming = asyncio.ensure_future(self.interpreters.warm_rest(self._program_workers, self.lengthy.threads))

    async def wait_until_idle(self) -> None:
        """Wait until all programs of the interpreter are at hand, and nothing is being loaded or compiled."""
        if self._warming is not None:
            await self._warming
        await self.executables.wait_until_idle()

    async def close(self) -> None:
        """Stop the workers and let threads and executables go."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._program_workers.close()  # already closed, unless warming was cancelled
        await self.executables.close()
        await self.workers.close()
        self.lengthy.shutdown()
        self.brief.shutdown()
        self._store_threads.shutdown()
        self._functions.clear()
        self.symbolic.clear()
        self._memo.clear()

    @property
    def known(self) -> int:
        """How many functions are held in memory."""
        return len(self._functions)

    async def function(self, expression: str | Sequence[str], args: Sequence[str] | None) -> functions.Function:
        _, function, _ = await self._functions.function(expression, args)
        return function

    async def specialization(
        self, expression: str | Sequence[str], args: Sequence[str] | None, shapes: Sequence[Shape]
    ) -> functions.Specialization:
        """Return a function for arguments of these shapes."""
        key, function, _ = await self._functions.function(expression, args)
        return function.known(shapes) or await self._functions.specialize(key, function, shapes)

    async def answer(self, query: queries.Query) -> queries.Answer:
        """Return the answer to a query, ready for JSON.

        Here and below ``errors.Rejected`` means that the query is at fault.
        """
        prepared = await self.prepare(query)
        return self.present(prepared, await self.run(prepared))

    async def numbers(self, query: queries.Query) -> queries.ArrayAnswer:
        """Return the answer to a query by every argument, as arrays.

        A value of a scalar function is computed with its gradient and both are kept for a while: many clients want the
        value first and then, at the same point, the gradient.
        """
        prepared = await self.prepare(query, arrays=True)
        key = _memo_key(prepared)
        found = None if key is None else self._memo.get(key)
        ended = time.perf_counter()
        if found is None:
            result = await self.run(prepared)
            ended, found = result.ended, prepared.arrays(result)
            if key is not None:
                self._memo[key] = found
        self._record(prepared, query.transform, found.tier, ended)
        return found if query.transform != "value" else dataclasses.replace(found, derivative=None)

    async def prepare(self, query: queries.Query, *, arrays: bool = False) -> dispatch.Prepared:
        """Return a query ready to run: its text read, its point bound, what will compute it chosen.

        ``arrays`` is whether its answer is arrays by every argument; "jacobian" and "value" of a scalar function are
        then "grad".
        """
        start = time.perf_counter()
        function, point, specialization, hit = await self._bind(query)
        transform = transforms.TRANSFORMS[query.transform]
        argnums = range(len(function.args)) if arrays else query.argnums
        if specialization.plans and specialization.shape == () and not query.verify:
            plan = specialization.plans[0]
            name = "grad" if arrays and transform.is_direct else transform.name
            if name in _COMPILED:
                return self._dispatch.prepare(plan.call(name, argnums, query.dtype), point, start, hit)
        positions = points.resolve_argnums(argnums, function.args) if transform.order else []
        if arrays and specialization.whole is not None and specialization.shape == () and transform.is_direct:
            query = dataclasses.replace(query, transform="jacobian")  # a gradient, with the axis of the value
            positions = points.resolve_argnums(argnums, function.args)
        derivative = transforms.DerivativeQuery(query, function, specialization, point, positions, start, hit=hit)
        derivative.check(self.limits.work)
        if specialization.whole is not None:
            await self._derive(specialization.whole, derivative)
        return derivative

    async def _derive(self, plan: array_plans.ArrayPlan, derivative: transforms.DerivativeQuery) -> None:
        """Give a query for a function of whole arrays its tape, and refuse what would cost too much."""
        if plan.operations * derivative.transform.order <= _INLINE_OPERATIONS or whole.is_derived(derivative):
            whole.derive(derivative)
        else:
            await self.lengthy.run(lambda: whole.derive(derivative))
        self._array_derivatives.check(derivative)

    def prepare_again(self, call: plans.PlannedCall, point: Any) -> dispatch.GradientCall | None:
        """Return a call ready to run at another JSON point, without a batch axis; None if that may have to wait."""
        start = time.perf_counter()
        plan = call.plan
        if len(point) < len(plan.args):
            return None  # it may leave out default values
        bound = points.bind(point, plan.args, plan.ranks, None, self.limits.point)
        if not plan.fits(bound.shapes):
            return None
        prepared = self._dispatch.prepare(call, bound, start, True)
        return None if prepared.executable is None else prepared

    async def run(self, prepared: dispatch.Prepared) -> queries.Result:
        return await self._dispatch.run(prepared)

    def present(self, prepared: dispatch.Prepared, result: queries.Result) -> queries.Answer:
        self._record(prepared, prepared.name, result.tier, result.ended)
        return prepared.present(result)

    def _record(self, prepared: dispatch.Prepared, transform: str, tier: str, ended: float) -> None:
        seconds = ended - prepared.start
        self._observer.observe(events.Answered(transform, tier, prepared.hit, prepared.point.batch or 1, seconds))

    async def _bind(
        self, query: queries.Query
    ) -> tuple[functions.Function, points.Point, functions.Specialization, bool]:
        """Return the function, the point, the function for the point's shapes, and whether all that was known."""
        key, function, hit = await self._functions.function(query.expression, query.args, query.point)
        point = query.point
        if not isinstance(point, points.Point):
            limits, ranks = self.limits.point, function.list_ranks
            point = points.bind(point, function.args, function.ranks, query.in_axes, limits, ranks, function.defaults)
            if (1,) in point.shapes and function.general is None:
                point = await self._functions.squeeze(function, point)
        specialization = function.known(point.shapes)
        if specialization is None:
            hit, specialization = False, await self._functions.specialize(key, function, point.shapes)
        transform = transforms.TRANSFORMS[query.transform]
        if specialization.shape != () and transform.needs_scalar and query.cotangent is None:
            hint = "for many points at once, set in_axes to 0; for all derivatives of an array, POST /v1/jacobian"
            detail = f"the value is not a scalar: it has shape {list(specialization.shape)}"
            raise errors.BadShape(detail, hint=hint, field="expression")
        return function, point, specialization, hit


def _numbers_kept(answer: queries.ArrayAnswer) -> int:
    return 0 if answer.derivative is None else 2 * (answer.values.size + answer.derivative.size)


def _memo_key(prepared: dispatch.Prepared) -> Hashable:
    """Return what the numbers of a call depend on, None for what is not kept."""
    point = prepared.point
    if point.size * point.count > _MEMO_SHARE:
        return None
    if not isinstance(prepared, transforms.DerivativeQuery):
        function_id, dtype = prepared.call.plan.function_id, prepared.call.job.dtype
    elif prepared.derivative is not None and prepared.name == "jacobian" and prepared.specialization.shape == ():
        function_id, dtype = prepared.function_id, prepared.dtype
    else:
        return None
    return function_id, dtype, point.shapes, point.batch, point.flat.tobytes()
