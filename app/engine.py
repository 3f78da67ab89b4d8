"""The one door: a query in, an answer out, whatever the protocol.

The text is parsed and recorded once and kept as a plan. A function met for the first time is interpreted at once; the
library has it compiled when it has shown that it is worth it, and the executable takes over when it comes, after its
first numbers have been compared with the interpreter's.

Nothing slow runs on the event loop: long texts are parsed and long executions run in threads, compilations in other
processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app import (
    admission,
    algebra,
    cache,
    compiler,
    derivatives,
    errors,
    functions,
    library,
    parsing,
    plans,
    points,
    programs,
    registry,
    store,
    symbolic,
    telemetry,
    views,
    worker,
)

Array = NDArray[Any]
Result = TypeVar("Result")
Found = tuple[Any, Any, bool]
"""Value, gradient nested as asked, and whether all of it is finite."""

Key = tuple[str | tuple[str, ...], tuple[str, ...] | None, tuple[str, ...]]
"""Text, argument names and declared names of a function."""

_INLINE_CHARACTERS = 2_000
_INLINE_STEPS, _INLINE_OPERATIONS = 1_000, 400
"""What is read on the event loop, in a few milliseconds at most; what proves longer is read again in a thread."""

_DIRECT = frozenset({"value", "grad"})
_OF_SCALARS = frozenset({"grad", "hessian", "hvp"})
_OF_ROWS = frozenset({"value", "grad", "jacobian"})
"""What value and gradient of a scalar function are a whole answer to."""
_OF_FIRST_ORDER = frozenset({"grad", "jacobian", "jvp", "vjp"})

_MEMO_NUMBERS = 200_000
"""Numbers of the points and gradients remembered: some megabytes."""
_MEMO_SHARE = _MEMO_NUMBERS // 4
"""More numbers than this at once are not worth pushing out what others may ask again."""

_INLINE_WORK = 16_000
"""Operations times points up to which work runs on the event loop: less than a thread's turn and wake-up cost."""

_BRIEF_WORK = 200_000
"""Likewise, up to which it has threads of its own: some milliseconds, which never wait for what takes longer."""

_BRIEF_THREADS, _BRIEF_PLACES = 2, 1024

_FORMULAE_CHARACTERS = 16_000_000
"""Characters of all formulae kept."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound on a query, as published at /v1/limits."""

    text: parsing.Limits = parsing.Limits()
    point: points.Limits = points.Limits()
    work: derivatives.Limits = derivatives.Limits()
    formulae: symbolic.Limits = symbolic.Limits()

    def groups(self) -> tuple[parsing.Limits, points.Limits, derivatives.Limits, symbolic.Limits]:
        """Return all of them, for those who publish them."""
        return self.text, self.point, self.work, self.formulae


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine is made.

    Attributes:
        limits: bounds on queries.
        plan_capacity: operations of all plans kept.
        registry_capacity: registered functions held in memory.
        executable_capacity: live executables kept; each holds about three memory maps of the kernel's 65,530.
        compile_workers: compilations at one time.
        compile_limits: bounds on each.
        disk: keeps executables.
        threads: threads for long texts and long executions.
        queue: how many of these may wait for a thread.
        compile_seconds_per_minute: of worker processes, for one caller.
        observer: takes events.
    """

    limits: Limits = Limits()
    plan_capacity: int = 500_000
    registry_capacity: int = 10_000
    executable_capacity: int = 1024
    compile_workers: int = 1
    compile_limits: worker.Limits = worker.Limits()
    disk: store.Store = field(default_factory=store.NoStore)
    threads: int = 2
    queue: int = 64
    compile_seconds_per_minute: float = math.inf
    observer: telemetry.Observer = field(default_factory=telemetry.Observers)


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        transform: "value" for the value alone, "grad", "jacobian", "hessian", "jvp", "vjp" or "hvp".
        expression: the function as text, or a list of texts, one for each value.
        point: JSON point, see ``points.bind``, or one bound to the function's arguments already.
        args: argument names in order, or None to take them from the text.
        argnums: as in jax.grad; names are accepted too.
        dtype: "float64" or "float32".
        in_axes: as in jax.vmap, or None.
        direction: tangents of jvp and hvp, cotangent of vjp, as JSON; see ``nesting``. Or flat, see
            ``derivatives.Asked``.
        verify: whether to compare with differences.
        cotangent: weights of the values whose sum hvp differentiates; without them the value must be one number.
    """

    transform: str
    expression: str | Sequence[str]
    point: Any
    args: Sequence[str] | None = None
    argnums: int | str | Sequence[int | str] = 0
    dtype: str = "float64"
    in_axes: int | Sequence[int | None] | None = None
    direction: Any = None
    verify: bool = False
    cotangent: Any = None


@dataclass(slots=True)
class Answer:
    """What a query gets. Not frozen only because that would take longer to make than JSON to decode.

    Attributes:
        args: argument names in order.
        argnums: positions: an int or a list, as asked.
        dtype: of the computation.
        function_id: names the function, see ``tape.Recording``.
        value: a number, or nested lists of an array, behind a batch axis if there is one.
        derivative: nested as JAX nests it for ``argnums``; None for transform "value".
        finite: whether every number is.
        hit: whether the function was known: neither parsed nor compiled for this query.
        tier: "compiled" or "interpreted", whichever answered.
        parse_seconds: wall-clock time until the computation began.
        execute_seconds: wall-clock time of the computation.
        call: what was asked, but for the point, if ``Engine.again`` can answer it.
        difference: greatest relative difference to central differences, if that was asked.
    """

    args: tuple[str, ...]
    argnums: int | list[int]
    dtype: str
    function_id: str
    value: Any
    derivative: Any
    finite: bool
    hit: bool
    tier: str
    parse_seconds: float
    execute_seconds: float
    call: plans.Call | None = None
    difference: float | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a query gets, as arrays: for protocols that do not speak JSON's lists.

    A value has m numbers and a point n, all arguments flat and one behind the other; batch is 1 for one point.

    Attributes:
        shape: of the value.
        values: (batch, m).
        derivative: (batch, m, n) for "grad" and "jacobian", else as ``derivatives`` has it; None for "value".
        tier: as in ``Answer``.
    """

    shape: algebra.Shape
    values: Array
    derivative: Array | None
    tier: str


class Asked:
    """A call at a point, all of it at hand: ``run`` does the numerical part of answering it and nothing else.

    Machine code that has just run is fast and what ran before everything else is not, by a factor of three for so
    short a computation; who has several of these runs them one after the other.
    """

    __slots__ = ("_executable", "call", "executed", "layout", "parsed", "point", "result", "start", "vector")

    def __init__(
        self, call: plans.Call, point: points.Point, layout: plans.Layout, executable: compiler.Executable, start: float
    ) -> None:
        self._executable = executable
        self.call = call
        self.point = point
        self.layout = layout
        self.start = start
        self.vector = call.plan.leaves(point.flat, layout, call.job.dtype)
        self.parsed = self.executed = 0.0
        self.result: Sequence[float] = ()

    def run(self) -> None:
        """Compute [value, *partials of the input leaves]."""
        self.parsed = time.perf_counter()
        self.result = self._executable.numbers(self.vector)
        self.executed = time.perf_counter()


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
        self._functions: cache.Cache[Key, functions.Function] = cache.Cache(
            options.plan_capacity, lambda function: function.weight
        )
        text = options.limits.text
        self._inline = dataclasses.replace(
            text,
            max_steps=min(_INLINE_STEPS, text.max_steps),
            max_operations=min(_INLINE_OPERATIONS, text.max_operations),
        )
        self._formulae: cache.Cache[worker.Key, dict[str, Any]] = cache.Cache(_FORMULAE_CHARACTERS, _characters)
        self.brief = admission.Pool(_BRIEF_THREADS, _BRIEF_PLACES, "gradserve-brief")
        self.lengthy = admission.Pool(options.threads, options.queue, "gradserve-lengthy")
        budget = admission.Budget(options.compile_seconds_per_minute)
        self.workers = worker.Workers(options.compile_workers, options.compile_limits, options.observer, budget)
        self._programs = programs.Interpreters(options.disk)
        self._registry = registry.Registry(options.disk, options.registry_capacity)
        self._derivatives = derivatives.Derivatives(self._programs, options.limits.work)
        self._warming: asyncio.Task[None] | None = None
        self._met: set[tuple[str, str, int]] = set()
        # Protocols that ask for a value and then, at the same point, for its gradient compute once.
        self._memo: cache.Cache[Hashable, tuple[Array, str]] = cache.Cache(
            _MEMO_NUMBERS, lambda found: 2 * found[0].size
        )
        self.library = library.Library(
            self.workers,
            options.disk,
            self.brief.threads,
            capacity=options.executable_capacity,
            budget=budget,
        )

    async def start(self) -> None:
        """Check the numbers of the installed jaxlib, make the interpreter ready, start the compile workers.

        Raises:
            compiler.WrongNumbers: this jaxlib must not answer anybody.
        """
        await self.brief.run(compiler.self_test)
        await self.brief.run(self._programs.warm)
        tutorial = functions.Function(parsing.read("5*x**2 + 6*y**2 + 7*z**2")).at([(), (), ()]).cells[0]
        found = self._programs["float64"].gradient(tutorial.encoded, np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0]))
        if found.tolist() != [92.0, 10.0, 24.0, 42.0]:
            raise compiler.WrongNumbers(f"value and gradient of the tutorial came out as {found.tolist()}")
        self.workers.start()
        # Large functions and batches find their programs made, or wait for them.
        self._warming = asyncio.ensure_future(self._programs.warm_rest(self.workers, self.lengthy.threads))

    async def close(self) -> None:
        """Stop the workers and let threads and executables go."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self.library.close()
        await self.workers.close()
        self.lengthy.shutdown()
        self.brief.shutdown()
        self._functions.clear()
        self._formulae.clear()
        self._memo.clear()

    async def register(
        self, expression: str | Sequence[str], args: Sequence[str] | None, owner: str
    ) -> tuple[registry.Entry, bool]:
        """Keep a function under its id; return the entry, and whether it is new.

        Raises:
            errors.Rejected: the text is not in the language.
        """
        _, function, _ = await self._function(Query("value", expression, None, args))
        if args is None:  # it will be asked for with them
            _, function, _ = await self._function(Query("value", expression, None, function.args))
        entry = self._registry.get(function.function_id)
        if entry is None:
            entry = await self.brief.run(lambda: self._registry.fetch(function.function_id))
        created = entry is None
        if entry is None:
            entry = await self.lengthy.run(lambda: self._entry(expression, function))
        self._registry.keep(entry)
        self._registry.own(owner, entry.function_id)
        return entry, created

    def _entry(self, expression: str | Sequence[str], function: functions.Function) -> registry.Entry:
        """Return a new entry of the registry, which is on disk by now."""
        given = text = expression if isinstance(expression, str) else tuple(expression)
        if function.general is not None and function.general.shape == () and isinstance(expression, str):
            with contextlib.suppress(views.Nameless):
                text = views.canonical_text(parsing.parse(expression, function.args, limits=self.limits.text))
        entry = registry.Entry(function.function_id, given, function.args, text)
        self._registry.write(entry)
        return entry

    async def registered(self, function_id: str) -> registry.Entry:
        """Return a registered function.

        Raises:
            errors.NotFound: nobody registered it here.
        """
        entry = self._registry.get(function_id)
        if entry is None:
            entry = await self.brief.run(lambda: self._registry.fetch(function_id))
            if entry is None:
                hint = "POST /v1/functions registers a function; ids are the same on every server"
                raise errors.NotFound(f"no function {errors.quote(function_id)} is registered here", hint=hint)
            self._registry.keep(entry)
        return entry

    def owned(self, owner: str) -> list[registry.Entry]:
        """Return what somebody has registered here, the latest first."""
        return self._registry.owned(owner)

    @property
    def known(self) -> int:
        """How many functions are held in memory."""
        return len(self._functions)

    def describe(self, entry: registry.Entry) -> dict[str, Any]:
        """Return what is known of a registered function."""
        function = self._functions.get((entry.expression, entry.args, ()))
        general = None if function is None else function.general
        compiled = general is not None and all(
            self.library.get(plan.job("grad", "float64", 0).key) is not None for plan in general.cells
        )
        return {
            "function_id": entry.function_id,
            "expression": entry.text,
            "args": entry.args,
            "shape": None if general is None else general.shape,
            "tier": "compiled" if compiled else "interpreted",
            "operations": None if general is None else general.operations,
        }

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
        _, function, _ = await self._function(Query("value", expression, None, args))
        return function

    async def shape(
        self, expression: str | Sequence[str], args: Sequence[str] | None, shapes: Sequence[algebra.Shape]
    ) -> functions.Shaped:
        """Return a function read for arguments of these shapes.

        Raises:
            errors.Rejected: the text is not in the language, or makes no sense for them.
        """
        key, function, _ = await self._function(Query("value", expression, None, args))
        return function.known(shapes) or await self._shape(key, function, shapes)

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
            values, found = await self._pool(asked.work).run(lambda: self._derivatives.answer(asked, None))
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
        asked = self._asked(call, point, layout, time.perf_counter()) if point.batch is None else None
        if asked is not None:
            asked.run()
            result, tier = np.array(asked.result, call.job.dtype), "compiled"
        else:
            result, tier = await (self._one if point.batch is None else self._many)(call, point, layout)
        rows = result if point.batch is not None else result[:, None]
        if layout.whole:
            return rows, tier
        spread = np.zeros((1 + len(point.flat), rows.shape[1]), rows.dtype)
        spread[0] = rows[0]
        np.add.at(spread, layout.positions + 1, rows[1:])
        return spread, tier

    async def _bound(self, query: Query) -> tuple[functions.Function, points.Point, functions.Shaped, bool]:
        """Return the function, where it is asked about, what it is there, and whether all that was known."""
        key, function, hit = await self._function(query)
        point = self._bind(query, function)
        if (1,) in point.shapes and function.general is None and point is not query.point:
            point = await self._settle(function, point)
        shaped = function.known(point.shapes)
        if shaped is None:
            hit, shaped = False, await self._shape(key, function, point.shapes)
        if shaped.shape != () and query.transform in _OF_SCALARS and query.cotangent is None:
            hint = "for many points at once, set in_axes to 0; for all derivatives of an array, POST /v1/jacobian"
            detail = f"the value is not a scalar: it has shape {list(shaped.shape)}"
            raise errors.BadShape(detail, hint=hint, field="expression")
        return function, point, shaped, hit

    async def _direct(self, query: Query, plan: plans.Plan, point: points.Point, start: float, *, hit: bool) -> Answer:
        """Answer value and gradient of a scalar function."""
        call = plan.call(query.transform, query.argnums, query.dtype)
        layout = plan.layout(point.shapes)
        if point.batch is None and (asked := self._asked(call, point, layout, start)) is not None:
            asked.run()
            return self.finish(asked, hit=hit)
        parsed = time.perf_counter()
        if point.batch is None:
            result, tier = await self._one(call, point, layout)
        else:
            result, tier = await self._many(call, point, layout)
        executed = time.perf_counter()
        self._observer.observe(telemetry.Answered(call.transform, tier, hit, point.batch or 1, executed - start))
        if point.batch is None:
            found = _unpacked(call, point, layout, result.tolist())
        else:
            found = _unpack(call, point, layout, result)
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
            first = await (self._one if point.batch is None else self._many)(call, point, layout)
        # The first of its kind and size may have to wait for a program to be made.
        kind = (query.transform, query.dtype, max(plan.operations for plan, _ in asked.cells).bit_length())
        pool = self._pool(asked.work) if kind in self._met else self.lengthy
        found = await pool.run(lambda: self._derivatives.answer(asked, None if first is None else first[0]))
        self._met.add(kind)
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

    def again(self, call: plans.Call, point: Any) -> Asked | None:
        """Return the same call at another point, without a batch axis, or None if answering it might take a while.

        Raises:
            errors.Rejected: the point is at fault.
        """
        start = time.perf_counter()
        plan = call.plan
        bound = points.bind(point, plan.args, plan.ranks, None, self.limits.point)
        return self._asked(call, bound, plan.layout(bound.shapes), start) if plan.fits(bound.shapes) else None

    def finish(self, asked: Asked, *, hit: bool = True) -> Answer:
        """Return the answer to what has been run."""
        call = asked.call
        found = _unpacked(call, asked.point, asked.layout, asked.result)
        self._observer.observe(telemetry.Answered(call.transform, "compiled", hit, 1, asked.executed - asked.start))
        return _answer(call, found, hit, "compiled", asked.parsed - asked.start, asked.executed - asked.parsed)

    def _asked(self, call: plans.Call, point: points.Point, layout: plans.Layout, start: float) -> Asked | None:
        """Return a call ready to run, if an executable that is known to be right and takes no time is at hand."""
        executable = self.library.get(call.job.key)
        if executable is None or not executable.checked or call.plan.operations > _INLINE_WORK:
            return None
        return Asked(call, point, layout, executable, start)

    async def symbolic(
        self,
        expression: str,
        args: Sequence[str] | None = None,
        argnums: int | str | Sequence[int | str] = 0,
        *,
        shapes: Sequence[Sequence[int]] | None = None,
        simplify: bool = True,
    ) -> Formulae:
        """Return the formulae of a scalar function and of its partial derivatives.

        Args:
            expression: the function as text.
            args: argument names in order, or None to take them from the text.
            argnums: as in jax.grad; names are accepted too.
            shapes: of the arguments, for a function that depends on them.
            simplify: whether to make the formulae shorter.

        Raises:
            errors.Rejected: the function is at fault, too large, or too expensive.
            errors.Overloaded: too many are asking.
        """
        start = time.perf_counter()
        key, function, _ = await self._function(Query("symbolic", expression, None, args))
        found = points.resolve_argnums(argnums, function.args)
        known = None if shapes is None else tuple([tuple(shape) for shape in shapes])
        if known is not None and len(known) != len(function.args):
            raise errors.InvalidField(
                f"shapes has {len(known)} entries for {len(function.args)} argument(s)", field="shapes"
            )
        shaped = function.general
        if shaped is None and known is None:
            hint = "give one list for each argument, [[3], []]"
            raise errors.InvalidField("the function depends on the shapes of its arguments", hint=hint, field="shapes")
        if known is not None:
            shaped = function.known(known) or await self._shape(key, function, known)
        assert shaped is not None
        if shaped.shape != ():
            raise errors.BadShape(f"the value is not a scalar: it has shape {list(shaped.shape)}", field="expression")
        limits = self.limits.formulae
        symbolic.check_size(shaped.cells[0].recording.tape, limits)
        by = (found,) if isinstance(found, int) else tuple(found)
        job = worker.FormulaeJob(
            expression, function.args, by, simplify, self.limits.text, limits, function.function_id, known
        )
        hit = self._formulae.get(job.key) is not None
        document = await self._formulae.get_or_make(
            job.key, lambda: self.workers.derive(job), begun=lambda: self.workers.at_work_on(job.key)
        )
        return Formulae(
            **document,
            args=function.args,
            argnums=found,
            function_id=function.function_id,
            hit=hit,
            seconds=time.perf_counter() - start,
        )

    def _bind(self, query: Query, function: functions.Function) -> points.Point:
        if isinstance(query.point, points.Point):
            return query.point
        limits = self.limits.point
        return points.bind(query.point, function.args, function.ranks, query.in_axes, limits, function.whole)

    async def _function(self, query: Query) -> tuple[Key, functions.Function, bool]:
        """Return the function under its key, and whether it was there."""
        declared = () if query.args is not None else points.names_in(query.point)
        names = None if query.args is None else tuple(query.args)
        text = query.expression if isinstance(query.expression, str) else tuple(query.expression)
        key = (text, names, declared)
        function = self._functions.get(key)
        if function is not None:
            return key, function, True

        def make(limits: parsing.Limits) -> functions.Function:
            reading = parsing.read(text, names, declared, limits=limits)
            if not reading.args:
                raise errors.InvalidField(
                    "the expression has no arguments to differentiate by", hint="name them in args", field="expression"
                )
            return functions.Function(dataclasses.replace(reading, limits=self.limits.text))

        if _length(text) <= _INLINE_CHARACTERS:
            with contextlib.suppress(errors.TooComplex):  # for the event loop; it may still be for everybody
                function = make(self._inline)
                self._functions.put(key, function)
                return key, function, False
        begun = False

        def begin() -> functions.Function:
            nonlocal begun
            begun = True
            return make(self.limits.text)

        made = self._functions.get_or_make(key, lambda: self.lengthy.run(begin), begun=lambda: begun)
        return key, await made, False

    async def _settle(self, function: functions.Function, point: points.Point) -> points.Point:
        """Return a point in which lists of one number are numbers where the function takes them so."""
        shapes = await self._read(function, lambda limits: function.settled(point.shapes, limits))
        return dataclasses.replace(point, shapes=shapes)

    async def _shape(self, key: Key, function: functions.Function, shapes: Sequence[algebra.Shape]) -> functions.Shaped:
        """Return a function read for arguments of new shapes."""
        shaped = await self._read(function, lambda limits: function.at(shapes, limits))
        self._functions.put(key, function)  # it weighs more now
        return shaped

    async def _read(self, function: functions.Function, read: Callable[[parsing.Limits], Result]) -> Result:
        """Return what reading a function again gives: here if that is quick, else in a thread."""
        if _length(function.text) <= _INLINE_CHARACTERS:
            with contextlib.suppress(errors.TooComplex):  # for the event loop; it may still be for everybody
                return read(self._inline)
        return await self.lengthy.run(lambda: read(self.limits.text))

    async def _one(self, call: plans.Call, point: points.Point, layout: plans.Layout) -> tuple[Array, str]:
        """Return [value, *partials of the input leaves] at one point, and the tier that computed it."""
        vector = call.plan.leaves(point.flat, layout, call.job.dtype)

        def interpret() -> Array:
            return self._programs[call.job.dtype].gradient(call.plan.encoded, vector)

        return await self._tiers(call.job, call.plan, interpret, lambda executable: executable(vector), 1)

    async def _many(self, call: plans.Call, point: points.Point, layout: plans.Layout) -> tuple[Array, str]:
        """Return the same with a batch axis behind."""
        plan, dtype = call.plan, call.job.dtype
        leaves, constants = plan.rows(point.flat, layout, dtype)
        batch = leaves.shape[1]
        job = plan.job(call.transform, dtype, compiler.bucket(batch))

        def interpret() -> Array:
            run = self._programs[dtype].gradient_rows
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
        work = plan.operations * batch
        inline, pool = work <= _INLINE_WORK, self._pool(work)
        executable = self.library.get(job.key)
        if executable is not None and (
            executable.checked or await self._agrees(job, executable, interpret, execute, pool)
        ):
            found = executable
            return (execute(found) if inline else await pool.run(lambda: execute(found))), "compiled"
        ready = self._programs[job.dtype].ready(plan.encoded, batch if job.rows else None)
        start = time.perf_counter()
        result = interpret() if inline and ready else await (pool if ready else self.lengthy).run(interpret)
        # What a busy machine or a program's first use adds is not the function's to pay.
        self.library.spend(job, min(time.perf_counter() - start, 1e-4 + 5e-7 * work))
        return result, "interpreted"

    async def _agrees(
        self,
        job: worker.Job,
        executable: compiler.Executable,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
        pool: admission.Pool,
    ) -> bool:
        """Compare an executable's first numbers with the interpreter's; throw it away if they differ."""
        interpreted, compiled = await pool.run(lambda: (interpret(), execute(executable)))
        if compiler.agree(interpreted[: len(compiled)], compiled):
            executable.checked = True
            return True
        self._observer.observe(telemetry.Disagreed(job.tape.key, job.transform))
        self.library.discard(job.key)
        return False

    def _pool(self, work: int) -> admission.Pool:
        """Return the threads for so many operations."""
        return self.brief if work <= _BRIEF_WORK else self.lengthy


def _answer(
    call: plans.Call, found: Found, hit: bool, tier: str, parse_seconds: float, execute_seconds: float
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


def _length(text: str | tuple[str, ...]) -> int:
    return len(text) if isinstance(text, str) else sum(map(len, text))


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


def _unpacked(call: plans.Call, point: points.Point, layout: plans.Layout, numbers: Sequence[float]) -> Found:
    """Return value, gradient nested as asked, and whether all of it is finite, at one point."""
    if layout.straight and call.transform == "grad":
        return _chosen(numbers, call.argnums)
    return _unpack(call, point, layout, np.array(numbers, call.job.dtype))


def _chosen(numbers: Sequence[float], argnums: int | list[int]) -> Found:
    """Return value, gradient as asked and whether all of it is finite, of a function of numbers at one point."""
    value = numbers[0]
    if isinstance(argnums, int):
        partial = numbers[argnums + 1]
        return value, partial, math.isfinite(value) and math.isfinite(partial)
    chosen = [numbers[argnum + 1] for argnum in argnums]
    return value, chosen, math.isfinite(value) and all(map(math.isfinite, chosen))


def _unpack(call: plans.Call, point: points.Point, layout: plans.Layout, result: Array) -> Found:
    """Return value, gradient nested as asked, and whether all of it is finite."""
    finite = bool(np.isfinite(result[0]).all())
    if call.transform == "value":
        return result[0].tolist(), None, finite
    if layout.whole:
        flat = result[1:]
    else:
        flat = np.zeros(point.flat.shape, dtype=result.dtype)
        np.add.at(flat, layout.positions, result[1:])
    argnums = call.argnums
    entries = points.nest(flat, point.shapes, [argnums] if isinstance(argnums, int) else argnums)
    # What was not asked for does not count, but when all of it is finite nothing need be looked at again.
    finite = finite and (bool(np.isfinite(flat).all()) or all(bool(np.isfinite(entry).all()) for entry in entries))
    return result[0].tolist(), entries[0] if isinstance(argnums, int) else entries, finite
