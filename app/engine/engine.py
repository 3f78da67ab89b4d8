"""Answers queries of every protocol in three steps: ``preparation.prepare``, ``run``, ``present``.

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

import numpy as np

from app.autodiff import compiler
from app.engine import dispatch, executables, preparation, registry
from app.engine import query as queries
from app.engine.derivatives import arrays as whole
from app.engine.derivatives import enclosures, gradients, propagation, scalars, taylor, transforms
from app.engine.fits import fitter
from app.engine.functions import bindings, functions
from app.engine.symbolic import code, formulae
from app.engine.workers import pool
from app.language import parse
from app.language.expression.values import Shape
from app.runtime import blas, cache, events, queue
from app.runtime.data import store

_MEMO_NUMBERS = 200_000
"""Numbers of all points and gradients that are kept for repeated queries: some megabytes."""
_MEMO_SHARE = _MEMO_NUMBERS // 4
"""Numbers of one answer beyond which it is not kept: it would evict too many others."""

_BRIEF_THREADS, _BRIEF_PLACES, _BRIEF_SECONDS = 2, 1024, 0.01
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
        self.lengthy = queue.ThreadPool(options.threads, options.queue, "gradserve-lengthy")
        self._store_threads = queue.ThreadPool(_STORE_THREADS, _STORE_PLACES, "gradserve-store")
        self._functions = functions.FunctionCache(options.limits.text, options.plan_capacity, self.brief, self.lengthy)
        budget = queue.Quota(options.compile_seconds_per_minute)
        self.workers = pool.Workers(options.compile_workers, options.compile_limits, options.observer, budget)
        self.interpreters = executables.Interpreters(options.kept)
        self._program_workers = pool.Workers(1, _PROGRAM_WORKER_LIMITS, options.observer, spare=0)
        derivatives = scalars.Derivatives(self.interpreters, options.limits.work)
        array_derivatives = whole.ArrayDerivatives(options.limits.work)
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
        self.symbolic = formulae.FormulaCache(self._functions, self.workers, options.limits)
        self.data = _data_store(options, self.lengthy, self._store_threads)
        self.code = code.CodeCache(self._functions, self.workers, self.data, options.limits)
        self.registry = registry.Registry(
            self._functions, options.kept, self.executables, options.limits.text, capacity=options.registry_capacity,
            stays=self.data, lengthy=self.lengthy, waiting=self._store_threads,
        )  # fmt: skip
        prover = enclosures.Prover(self.workers, options.limits.text, options.limits.enclosures)
        self._dispatch = dispatch.Dispatch(
            self.executables, self.interpreters, derivatives, array_derivatives,
            brief=self.brief, lengthy=self.lengthy, prover=prover, observer=options.observer,
        )  # fmt: skip
        self.together = gradients.Together(self.executables, options.observer)
        self.preparation = preparation.Preparation(
            self._functions, self.data, array_derivatives, prover, self._dispatch, options.limits
        )
        own = queue.ThreadPool(options.fit_threads, options.fit_queue, "gradserve-fits")
        self._turns = queue.Turns()
        self.fits = fitter.Fitter(
            self.preparation.bind, own, derivatives, array_derivatives, self.executables, options, self._turns
        )

    async def start(self) -> None:
        """Check the numbers of the installed jaxlib, make the interpreter ready, start the compile workers.

        A jaxlib whose numbers are wrong raises ``compiler.WrongNumbers``.
        """
        # XLA works in both without the interpreter's lock.
        await asyncio.gather(self.brief.run(compiler.self_test), self.brief.run(self.interpreters.warm))
        tutorial = functions.Function(parse.read("5*x**2 + 6*y**2 + 7*z**2")).specialize([(), (), ()]).plans[0]
        found = self.interpreters["float64"].gradient(tutorial.encoded, np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0]))
        if found.tolist() != [92.0, 10.0, 24.0, 42.0]:
            raise compiler.WrongNumbers(f"value and gradient of the tutorial came out as {found.tolist()}")
        self.workers.start()
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
        self.fits.pool.shutdown()
        self.lengthy.shutdown()
        self.brief.shutdown()
        self._store_threads.shutdown()
        self._functions.clear()
        self.symbolic.clear()
        self.code.clear()
        self._memo.clear()
        self.data.clear()

    @property
    def known(self) -> int:
        """How many functions are held in memory."""
        return len(self._functions)

    async def function(self, expression: str | Sequence[str], args: Sequence[str] | None) -> functions.Function:
        _, function, _ = await self._functions.function(expression, args)
        return function

    async def specialization(
        self,
        expression: str | Sequence[str],
        args: Sequence[str] | None,
        shapes: Sequence[Shape],
        binding: bindings.Binding | None = None,
    ) -> functions.Specialization:
        """Return a function for arguments of these shapes, of the free arguments if some are bound."""
        key, function, _ = await self._functions.function(expression, args)
        shapes = shapes if binding is None else binding.shapes(shapes)
        return function.known(shapes) or await self._functions.specialize(key, function, shapes)

    async def answer(self, query: queries.Query) -> queries.Answer:
        """Return the answer to a query, ready for JSON.

        Here and below ``errors.Rejected`` means that the query is at fault.
        """
        prepared = await self.preparation.prepare(query)
        return self.present(prepared, await self.run(prepared))

    async def numbers(self, query: queries.Query) -> queries.ArrayAnswer:
        """Return the answer to a query by every argument, as arrays.

        A value of a scalar function is computed with its gradient and both are kept for a while: many clients want the
        value first and then, at the same point, the gradient.
        """
        prepared = await self.preparation.prepare(query, as_arrays=True)
        key = dispatch.numbers_key(prepared, _MEMO_SHARE) if query.binding is None else None
        found = None if key is None else self._memo.get(key)
        ended = time.perf_counter()
        if found is None:
            result = await self.run(prepared)
            ended, found = result.ended, prepared.arrays(result)
            if key is not None:
                self._memo[key] = found
        self._record(prepared, query.transform, found.tier, ended)
        return found if query.transform != "value" else dataclasses.replace(found, derivative=None)

    async def taylor(self, query: queries.Query, request: taylor.TaylorQuery) -> taylor.TaylorAnswer:
        """Return derivatives of high order of a function at the point of a query for its value."""
        start = time.perf_counter()
        function, point, specialization, hit = await self.preparation.bind(query)
        task = taylor.TaylorTask(request, function, specialization, point, self.limits.work)
        began = time.perf_counter()
        found = await (self.brief if task.seconds < _BRIEF_SECONDS else self.lengthy).run(task.run)
        ended = time.perf_counter()
        self._observer.observe(events.Answered("taylor", "interpreted", hit, point.count, ended - start))
        return taylor.TaylorAnswer(found, function.args, function.function_id, hit, began - start, ended - began)

    async def propagate(
        self, query: queries.Query, asked: propagation.PropagationQuery
    ) -> propagation.PropagationAnswer:
        """Return the uncertainty of a function's values at the points of a query for its Jacobian."""
        prepared = await self.preparation.prepare(query)
        assert isinstance(prepared, transforms.DerivativeQuery)
        covariance = propagation.of_inputs(
            asked.std, asked.covariance, prepared.args, prepared.chosen, prepared.point.shapes
        )
        result = await self.run(prepared)
        values, jacobians = result.numbers
        if asked.order == 1:
            found = propagation.first_order(jacobians, covariance)
        else:
            curving = dataclasses.replace(query, transform="hessian", point=prepared.point)
            curved = await self.preparation.prepare(curving)
            _, hessians = (await self.run(curved)).numbers
            found = propagation.second_order(values, jacobians, hessians, covariance)
        ended = time.perf_counter()
        self._record(prepared, "propagate", result.tier, ended)
        seconds = result.began - prepared.start, ended - result.began
        return propagation.PropagationAnswer(prepared, values, found, result.tier, *seconds)

    async def explain(self, query: queries.Query) -> queries.Explanation:
        """Answer a query for a gradient at one point, and return with it the tape and what computes it."""
        prepared = await self.preparation.prepare(query)
        answer = self.present(prepared, await self.run(prepared))
        listed = await self.lengthy.run(lambda: dispatch.listed(prepared))
        return queries.Explanation(answer, listed, self.executables.promotion(dispatch.job_of(prepared)))

    async def run(self, prepared: dispatch.Prepared) -> queries.Result:
        return await self._dispatch.run(prepared)

    def run_at_once(self, prepared: gradients.GradientCall) -> queries.Result:
        """Return the numbers of a call that ``preparation.prepare_at_once`` has prepared."""
        return prepared.run() if prepared.executable is not None else self._dispatch.interpret(prepared)

    def present(self, prepared: dispatch.Prepared, result: queries.Result) -> queries.Answer:
        self._record(prepared, prepared.name, result.tier, result.ended)
        return prepared.present(result)

    def _record(self, prepared: dispatch.Prepared, transform: str, tier: str, ended: float) -> None:
        self._turns.answered = ended
        seconds = ended - prepared.start
        self._observer.observe(events.Answered(transform, tier, prepared.hit, prepared.point.batch or 1, seconds))


def _data_store(options: queries.Options, lengthy: queue.ThreadPool, waiting: queue.ThreadPool) -> store.DataStore:
    return store.DataStore(
        options.kept_data,
        options.limits.data,
        private=options.private_data,
        lengthy=lengthy,
        waiting=waiting,
        observer=options.observer,
    )


def _numbers_kept(answer: queries.ArrayAnswer) -> int:
    return 0 if answer.derivative is None else 2 * (answer.values.size + answer.derivative.size)
