"""The one door: a query in, an answer out, whatever the protocol.

The text is parsed and recorded once and kept as a plan; executables are shared by every plan with the same tape.
Nothing slow runs on the event loop: long texts are parsed, executables compiled and large batches run in threads,
where the work releases the GIL or is bounded by the published limits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app import cache, compiler, errors, parsing, points, tape, telemetry

Array = NDArray[Any]
Result = TypeVar("Result")

_INLINE_CHARACTERS = 2_000
"""Texts up to this long are parsed on the event loop: about a millisecond, less than a thread's turn costs."""

_INLINE_WORK = 50_000
"""Operations times points up to which an executable runs on the event loop: well under a millisecond."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound on a query, as published at /v1/limits."""

    text: parsing.Limits = parsing.Limits()
    point: points.Limits = points.Limits()


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
        hit: whether nothing had to be compiled.
        tier: "compiled" or "interpreted".
        seconds: wall-clock time by stage: parse, compile, execute.
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
    seconds: dict[str, float]


@dataclass(slots=True)
class Plan:
    """A function ready to be asked about.

    Attributes:
        args: argument names.
        ranks: how each is used, see ``parsing.Program``.
        recording: its tape and constants.
        positions: where the input leaves lie in the flat point, by the shapes of the arguments.
    """

    args: tuple[str, ...]
    ranks: tuple[int | None, ...]
    recording: tape.Recording
    positions: dict[tuple[tuple[int, ...], ...], Array] = field(default_factory=dict)

    def locate(self, shapes: tuple[tuple[int, ...], ...]) -> Array:
        """Return the positions for these shapes, remembering a few."""
        found = self.positions.get(shapes)
        if found is None:
            found = np.array(tape.positions(self.recording, self.args, shapes), dtype=np.intp)
            if len(self.positions) >= 8:
                self.positions.clear()
            self.positions[shapes] = found
        return found


class Engine:
    """Answers queries. Belongs to one event loop.

    Args:
        limits: bounds on queries.
        plan_capacity: how many parsed functions are kept.
        executable_capacity: how many live executables are kept; each holds about three memory maps of the kernel's
            65,530 (vm.max_map_count).
        threads: threads for parsing long texts, compiling and large batches.
        observer: takes events.
    """

    def __init__(
        self,
        limits: Limits = Limits(),
        *,
        plan_capacity: int = 4096,
        executable_capacity: int = 1024,
        threads: int = 2,
        observer: telemetry.Observer | None = None,
    ) -> None:
        self.limits = limits
        self._observer = observer or telemetry.Observers()
        self._plans: cache.Cache[tuple[Any, ...], Plan] = cache.Cache(plan_capacity)
        self._executables: cache.Cache[tuple[Any, ...], compiler.Executable] = cache.Cache(executable_capacity)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="gradserve")

    async def answer(self, query: Query) -> Answer:
        """Answer a query.

        Raises:
            errors.Rejected: the query is at fault.
        """
        start = time.perf_counter()
        plan = await self._plan(query)
        argnums = points.resolve_argnums(query.argnums, plan.args) if query.transform == "grad" else []
        point = points.bind(query.point, plan.args, plan.ranks, query.in_axes, self.limits.point)
        positions = plan.locate(point.shapes)
        parsed = time.perf_counter()
        rows = 0 if point.batch is None else compiler.bucket(point.batch)
        executable, hit = await self._executable(plan.recording.tape, query.transform, query.dtype, rows)
        compiled = time.perf_counter()
        result = await self._run(executable, plan.recording, point, positions, query.dtype)
        executed = time.perf_counter()
        self._observer.observe(telemetry.Answered(query.transform, "compiled", hit, point.batch or 1, executed - start))
        gradient, finite = None, True
        if query.transform == "grad":
            gradient, finite = _gradient(point, positions, result[1:], argnums)
        return Answer(
            value=result[0].tolist(),
            gradient=gradient,
            args=plan.args,
            argnums=argnums,
            dtype=query.dtype,
            finite=finite and bool(np.isfinite(result[0]).all()),
            function_id=plan.recording.function_id,
            hit=hit,
            tier="compiled",
            seconds={"parse": parsed - start, "compile": compiled - parsed, "execute": executed - compiled},
        )

    async def warm(self) -> None:
        """Check the numbers of the installed jaxlib and pay the costs of first use.

        Raises:
            compiler.WrongNumbers: this jaxlib must not answer anybody.
        """
        await self._in_thread(compiler.self_test)
        tutorial = Query("grad", "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2", [1.0, 2.0, 3.0])
        answer = await self.answer(tutorial)
        if answer.gradient != [10.0, 24.0, 42.0] or answer.value != 92.0:
            raise compiler.WrongNumbers(f"the gradient of the tutorial came out as {answer.gradient}")

    def close(self) -> None:
        """Let threads and executables go."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._plans.clear()
        self._executables.clear()

    async def _plan(self, query: Query) -> Plan:
        declared = () if query.args is not None else points.names_in(query.point)
        names = None if query.args is None else tuple(query.args)
        key = (query.expression, names, declared)
        plan = self._plans.get(key)
        if plan is not None:
            return plan

        def make() -> Plan:
            program = parsing.parse(query.expression, names, declared, limits=self.limits.text)
            if not program.args:
                raise errors.InvalidField(
                    "the expression has no arguments to differentiate by", hint="name them in args", field="expression"
                )
            return Plan(program.args, program.ranks, tape.record(program))

        if len(query.expression) <= _INLINE_CHARACTERS:
            plan = make()
            self._plans.put(key, plan)
            return plan
        return await self._plans.get_or_make(key, lambda: self._in_thread(make))

    async def _executable(
        self, recorded: tape.Tape, transform: str, dtype: str, rows: int
    ) -> tuple[compiler.Executable, bool]:
        """Return the executable and whether it was there."""
        key = (recorded.key, transform, dtype, rows)
        executable = self._executables.get(key)
        if executable is not None:
            return executable, True

        def make() -> compiler.Executable:
            start = time.perf_counter()
            made = compiler.compile_tape(recorded, transform, dtype, rows)
            seconds = time.perf_counter() - start
            self._observer.observe(telemetry.Compiled(recorded.key, transform, rows, len(recorded.code), seconds))
            return made

        return await self._executables.get_or_make(key, lambda: self._in_thread(make)), False

    async def _run(
        self,
        executable: compiler.Executable,
        recording: tape.Recording,
        point: points.Point,
        positions: Array,
        dtype: str,
    ) -> Array:
        """Return [value, *partials of the input leaves], with a batch axis behind if the point has one."""
        with np.errstate(over="ignore"):  # beyond float32 is infinity, as JAX has it
            constants = np.array(recording.constants).astype(dtype)
            leaves = point.flat[positions].astype(dtype)
        if point.batch is None:
            arrays = (np.concatenate((leaves, constants)),)
            if len(recording.tape.code) <= _INLINE_WORK:
                return executable(*arrays)
            return await self._in_thread(lambda: executable(*arrays))
        if len(recording.tape.code) * point.batch <= _INLINE_WORK:
            return _run_rows(executable, leaves, constants)
        return await self._in_thread(lambda: _run_rows(executable, leaves, constants))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _run_rows(executable: compiler.Executable, leaves: Array, constants: Array) -> Array:
    """Run a batch in pieces of the executable's size, the last padded with copies of the last point."""
    batch, rows = leaves.shape[1], executable.rows
    pieces = []
    for first in range(0, batch, rows):
        piece = leaves[:, first : first + rows]
        missing = rows - piece.shape[1]
        if missing:
            piece = np.pad(piece, ((0, 0), (0, missing)), mode="edge")
        pieces.append(executable(np.ascontiguousarray(piece), constants)[:, : rows - missing])
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


def _gradient(point: points.Point, positions: Array, partials: Array, argnums: int | list[int]) -> tuple[Any, bool]:
    """Return the gradient nested as asked, and whether all of it is finite."""
    flat = np.zeros(point.flat.shape, dtype=partials.dtype)
    np.add.at(flat, positions, partials)
    wanted = [argnums] if isinstance(argnums, int) else argnums
    entries = points.nest(flat, point.shapes, wanted)
    finite = all(bool(np.isfinite(entry).all()) for entry in entries)
    return entries[0] if isinstance(argnums, int) else entries, finite
