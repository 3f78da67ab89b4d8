"""The one door: a query in, an answer out, whatever the protocol.

The text is parsed and recorded once and kept as a plan. A function met for the first time is interpreted at once; the
library has it compiled when it has shown that it is worth it, and the executable takes over when it comes, after its
first numbers have been compared with the interpreter's.

Nothing slow runs on the event loop: long texts are parsed and long executions run in threads, compilations in other
processes.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app import (
    cache,
    compiler,
    errors,
    library,
    parsing,
    plans,
    points,
    programs,
    store,
    symbolic,
    telemetry,
    worker,
)

Array = NDArray[Any]
Result = TypeVar("Result")

_INLINE_CHARACTERS = 2_000
"""Texts up to this long are parsed on the event loop: a few milliseconds at most."""

_INLINE_WORK = 16_000
"""Operations times points up to which work runs on the event loop: less than a thread's turn and wake-up cost."""

_PLAN_WEIGHT = 40
"""What a plan counts beside its operations, in operations: its text, names and dictionaries."""

_FORMULAE_CHARACTERS = 16_000_000
"""Characters of all formulae kept."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound on a query, as published at /v1/limits."""

    text: parsing.Limits = parsing.Limits()
    point: points.Limits = points.Limits()
    formulae: symbolic.Limits = symbolic.Limits()

    def groups(self) -> tuple[parsing.Limits, points.Limits, symbolic.Limits]:
        """Return all of them, for those who publish them."""
        return self.text, self.point, self.formulae


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine is made.

    Attributes:
        limits: bounds on queries.
        plan_capacity: operations of all plans kept.
        executable_capacity: live executables kept; each holds about three memory maps of the kernel's 65,530.
        compile_workers: compilations at one time.
        compile_limits: bounds on each.
        disk: keeps executables.
        threads: threads for long texts, long executions and loading executables.
        observer: takes events.
    """

    limits: Limits = Limits()
    plan_capacity: int = 500_000
    executable_capacity: int = 1024
    compile_workers: int = 1
    compile_limits: worker.Limits = worker.Limits()
    disk: store.Store = field(default_factory=store.NoStore)
    threads: int = 2
    observer: telemetry.Observer = field(default_factory=telemetry.Observers)


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        transform: "grad", or "value" for the value alone.
        expression: the function as text.
        point: JSON point, see ``points.bind``.
        args: argument names in order, or None to take them from the text.
        argnums: as in jax.grad; names are accepted too.
        dtype: "float64" or "float32".
        in_axes: as in jax.vmap, or None.
    """

    transform: str
    expression: str
    point: Any
    args: Sequence[str] | None = None
    argnums: int | str | Sequence[int | str] = 0
    dtype: str = "float64"
    in_axes: int | Sequence[int | None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gets.

    Attributes:
        value: a number, or a list with a batch axis.
        gradient: nested like the arguments of ``argnums``; None for transform "value".
        args: argument names in order.
        argnums: positions: an int or a list, as asked.
        dtype: of the computation.
        finite: whether every number is.
        function_id: names the function, see ``tape.Recording``.
        hit: whether the function was known: neither parsed nor compiled for this query.
        tier: "compiled" or "interpreted", whichever answered.
        parse_seconds: wall-clock time until the computation began.
        execute_seconds: wall-clock time of the computation.
    """

    value: Any
    gradient: Any
    args: tuple[str, ...]
    argnums: int | list[int]
    dtype: str
    finite: bool
    function_id: str
    hit: bool
    tier: str
    parse_seconds: float
    execute_seconds: float


@dataclass(frozen=True, slots=True)
class Formulae:
    """What ``Engine.symbolic`` answers.

    Attributes:
        function: the function as text, LaTeX and MathML.
        partials: the partial derivatives likewise, with the argument's name and the index into it.
        args: argument names in order.
        argnums: positions: an int or a list, as asked.
        simplified: whether everything was simplified.
        function_id: names the function.
        hit: whether these formulae were known.
        seconds: wall-clock time.
    """

    function: dict[str, str]
    partials: list[dict[str, Any]]
    args: tuple[str, ...]
    argnums: int | list[int]
    simplified: bool
    function_id: str
    hit: bool
    seconds: float


class Engine:
    """Answers queries. Belongs to one event loop; ``start`` before, ``close`` after.

    Args:
        options: see there.
    """

    def __init__(self, options: Options | None = None) -> None:
        options = options or Options()
        self.limits = options.limits
        self._observer = options.observer
        self._plans: cache.Cache[tuple[Any, ...], plans.Plan] = cache.Cache(
            options.plan_capacity, lambda plan: _PLAN_WEIGHT + plan.operations
        )
        self._formulae: cache.Cache[worker.Key, dict[str, Any]] = cache.Cache(_FORMULAE_CHARACTERS, _characters)
        self._threads = ThreadPoolExecutor(options.threads, thread_name_prefix="gradserve")
        self._workers = worker.Workers(options.compile_workers, options.compile_limits, options.observer)
        self._programs = programs.Interpreters(options.disk)
        self._warming: asyncio.Task[None] | None = None
        self.library = library.Library(
            self._workers,
            options.disk,
            self._threads,
            capacity=options.executable_capacity,
        )

    async def start(self) -> None:
        """Check the numbers of the installed jaxlib, make the interpreter ready, start the compile workers.

        Raises:
            compiler.WrongNumbers: this jaxlib must not answer anybody.
        """
        await self._in_thread(compiler.self_test)
        await self._in_thread(self._programs.warm)
        tutorial = plans.Plan(parsing.parse("5*x**2 + 6*y**2 + 7*z**2"))
        found = self._programs["float64"].gradient(tutorial.encoded, np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0]))
        if found.tolist() != [92.0, 10.0, 24.0, 42.0]:
            raise compiler.WrongNumbers(f"value and gradient of the tutorial came out as {found.tolist()}")
        self._workers.start()
        # Large functions and batches find their programs made, or wait for them.
        self._warming = asyncio.ensure_future(self._programs.warm_rest(self._workers, self._threads))

    async def close(self) -> None:
        """Stop the workers and let threads and executables go."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self.library.close()
        await self._workers.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._plans.clear()
        self._formulae.clear()

    async def answer(self, query: Query) -> Answer:
        """Answer a query.

        Raises:
            errors.Rejected: the query is at fault.
        """
        start = time.perf_counter()
        plan, hit = await self._plan(query)
        argnums = plan.argnums(query.argnums) if query.transform == "grad" else []
        point = points.bind(query.point, plan.args, plan.ranks, query.in_axes, self.limits.point)
        layout = plan.layout(point.shapes)
        parsed = time.perf_counter()
        if point.batch is None:
            result, tier = await self._one(plan, query, point, layout)
        else:
            result, tier = await self._many(plan, query, point, layout)
        executed = time.perf_counter()
        self._observer.observe(telemetry.Answered(query.transform, tier, hit, point.batch or 1, executed - start))
        value, gradient, finite = _unpack(query.transform, point, layout, argnums, result)
        return Answer(
            value=value,
            gradient=gradient,
            args=plan.args,
            argnums=argnums,
            dtype=query.dtype,
            finite=finite,
            function_id=plan.recording.function_id,
            hit=hit,
            tier=tier,
            parse_seconds=parsed - start,
            execute_seconds=executed - parsed,
        )

    async def symbolic(
        self,
        expression: str,
        args: Sequence[str] | None = None,
        argnums: int | str | Sequence[int | str] = 0,
        *,
        simplify: bool = True,
    ) -> Formulae:
        """Return the formulae of a function and of its partial derivatives.

        Raises:
            errors.Rejected: the function is at fault, too large, or too expensive.
            errors.Overloaded: too many are asking.
        """
        start = time.perf_counter()
        plan, _ = await self._plan(Query("symbolic", expression, None, args))
        found = plan.argnums(argnums)
        limits = self.limits.formulae
        symbolic.check_size(plan.recording.tape, limits)
        by = (found,) if isinstance(found, int) else tuple(found)
        function_id = plan.recording.function_id
        job = worker.FormulaeJob(expression, plan.args, by, simplify, self.limits.text, limits, function_id)
        hit = self._formulae.get(job.key) is not None
        document = await self._formulae.get_or_make(job.key, lambda: self._workers.derive(job))
        seconds = time.perf_counter() - start
        return Formulae(**document, args=plan.args, argnums=found, function_id=function_id, hit=hit, seconds=seconds)

    async def _plan(self, query: Query) -> tuple[plans.Plan, bool]:
        """Return the plan, and whether it was there."""
        declared = () if query.args is not None else points.names_in(query.point)
        names = None if query.args is None else tuple(query.args)
        key = (query.expression, names, declared)
        plan = self._plans.get(key)
        if plan is not None:
            return plan, True

        def make() -> plans.Plan:
            program = parsing.parse(query.expression, names, declared, limits=self.limits.text)
            if not program.args:
                raise errors.InvalidField(
                    "the expression has no arguments to differentiate by", hint="name them in args", field="expression"
                )
            return plans.Plan(program)

        if len(query.expression) > _INLINE_CHARACTERS:
            return await self._plans.get_or_make(key, lambda: self._in_thread(make)), False
        plan = make()
        self._plans.put(key, plan)
        return plan, False

    async def _one(
        self, plan: plans.Plan, query: Query, point: points.Point, layout: plans.Layout
    ) -> tuple[Array, str]:
        """Return [value, *partials of the input leaves] at one point, and the tier that computed it."""
        vector = plan.leaves(point.flat, layout, query.dtype)
        job = plan.job(query.transform, query.dtype, 0)

        def interpret() -> Array:
            return self._programs[query.dtype].gradient(plan.encoded, vector)

        return await self._tiers(job, plan, interpret, lambda executable: executable(vector), 1)

    async def _many(
        self, plan: plans.Plan, query: Query, point: points.Point, layout: plans.Layout
    ) -> tuple[Array, str]:
        """Return the same with a batch axis behind."""
        leaves, constants = plan.rows(point.flat, layout, query.dtype)
        batch = leaves.shape[1]
        job = plan.job(query.transform, query.dtype, compiler.bucket(batch))

        def interpret() -> Array:
            run = self._programs[query.dtype].gradient_rows
            return run(plan.encoded, leaves, constants)

        def execute(executable: compiler.Executable) -> Array:
            return _in_pieces(lambda piece: _padded(executable, piece, constants), leaves, executable.rows)

        return await self._tiers(job, plan, interpret, execute, batch)

    async def _tiers(
        self,
        job: worker.Job,
        plan: plans.Plan,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
        batch: int,
    ) -> tuple[Array, str]:
        inline = plan.operations * batch <= _INLINE_WORK
        executable = self.library.get(job.key)
        if executable is not None and (executable.checked or await self._agrees(job, executable, interpret, execute)):
            found = executable
            return (execute(found) if inline else await self._in_thread(lambda: execute(found))), "compiled"
        ready = self._programs[job.dtype].ready(plan.encoded, batch if job.rows else None)
        start = time.perf_counter()
        result = interpret() if inline and ready else await self._in_thread(interpret)
        # What a busy machine or a program's first use adds is not the function's to pay.
        self.library.spend(job, min(time.perf_counter() - start, 1e-4 + 5e-7 * plan.operations * batch))
        return result, "interpreted"

    async def _agrees(
        self,
        job: worker.Job,
        executable: compiler.Executable,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
    ) -> bool:
        """Compare an executable's first numbers with the interpreter's; throw it away if they differ."""
        interpreted, compiled = await self._in_thread(lambda: (interpret(), execute(executable)))
        if compiler.agree(interpreted[: len(compiled)], compiled):
            executable.checked = True
            return True
        self._observer.observe(telemetry.Disagreed(job.tape.key, job.transform))
        self.library.discard(job.key)
        return False

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _characters(document: dict[str, Any]) -> int:
    forms = [document["function"], *document["partials"]]
    return sum(len(form[kind]) for form in forms for kind in ("text", "latex", "mathml"))


def _in_pieces(run: Callable[[Array], Array], leaves: Array, rows: int) -> Array:
    """Run a batch, shape (n, batch), in pieces of at most ``rows`` points."""
    batch = leaves.shape[1]
    if batch <= rows:
        return run(leaves)
    return np.concatenate([run(leaves[:, first : first + rows]) for first in range(0, batch, rows)], axis=1)


def _padded(executable: compiler.Executable, leaves: Array, constants: Array) -> Array:
    """Run fewer points than the executable takes: the rest are copies of the last, which cost nothing new."""
    missing = executable.rows - leaves.shape[1]
    if missing:
        leaves = np.pad(leaves, ((0, 0), (0, missing)), mode="edge")
    return executable(np.ascontiguousarray(leaves), constants)[:, : executable.rows - missing]


def _unpack(
    transform: str, point: points.Point, layout: plans.Layout, argnums: int | list[int], result: Array
) -> tuple[Any, Any, bool]:
    """Return value, gradient nested as asked, and whether all of it is finite."""
    if layout.straight and point.batch is None and transform == "grad":
        value, *partials = result.tolist()
        if isinstance(argnums, int):
            gradient = partials[argnums]
            return value, gradient, math.isfinite(value) and math.isfinite(gradient)
        chosen = [partials[argnum] for argnum in argnums]
        return value, chosen, math.isfinite(value) and all(map(math.isfinite, chosen))
    finite = bool(np.isfinite(result[0]).all())
    if transform == "value":
        return result[0].tolist(), None, finite
    flat = np.zeros(point.flat.shape, dtype=result.dtype)
    np.add.at(flat, layout.positions, result[1:])
    entries = points.nest(flat, point.shapes, [argnums] if isinstance(argnums, int) else argnums)
    # What was not asked for does not count, but when all of it is finite nothing need be looked at again.
    finite = finite and (bool(np.isfinite(flat).all()) or all(bool(np.isfinite(entry).all()) for entry in entries))
    return result[0].tolist(), entries[0] if isinstance(argnums, int) else entries, finite
