"""Queries, the numbers computed for them, the answers made of the numbers; limits, and the options of an engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from app.autodiff.symbolic import formulae as symbolic
from app.engine import executables, points
from app.engine.functions import bindings, listing
from app.engine.workers import enclosures, pool
from app.export import source
from app.language.expression.values import Shape
from app.language.limits import TextLimits
from app.runtime import events
from app.runtime.data.store import DataLimits
from app.runtime.store import disk

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A function, a point and what to compute there."""

    transform: str  # "value" for the value alone, or "grad", "jacobian", "hessian", "jvp", "vjp", "hvp"
    expression: str | Sequence[str]  # one text, or one for each value
    point: Any  # as JSON, see ``points.bind``, or a ``points.Point``
    args: Sequence[str] | None = None  # argument names in order, None to take them from the text
    argnums: int | str | Sequence[int | str] | None = 0  # as in jax.grad; names are accepted too; None for all
    dtype: str = "float64"  # or "float32"
    in_axes: int | Sequence[int | None] | None = None  # as in jax.vmap
    direction: Any = None  # tangents or cotangent, as JSON or as an array, see ``transforms.DerivativeQuery``
    verify: bool | str = False  # True to compare with central differences, "rigorous" for enclosures
    cotangent: Any = None  # weights of the values whose sum hvp differentiates; None if the value is one number
    binding: bindings.Binding | None = None  # point, argnums and in_axes are then of its free arguments
    reduce: str | None = None  # "sum" or "mean" over the batch of ``in_axes``


@dataclass(slots=True)
class Result:
    """Numbers of a prepared query, in the form that its ``present`` reads."""

    numbers: Any
    tier: str  # "compiled" or "interpreted", whichever computed them
    began: float  # by ``time.perf_counter``
    ended: float
    difference: float | None = None  # greatest relative difference to central differences, if the query asks for it
    proof: Any = None  # an ``enclosures.Proof``, if the query asks for it


@dataclass(slots=True)
class Answer:
    """Answer to a query, ready for JSON. Not frozen: a frozen one takes longer to make than JSON to decode."""

    args: tuple[str, ...]
    argnums: int | Sequence[int]  # positions, an int or a list as in the query
    dtype: str
    function_id: str  # see ``tape.Recording``
    value: Any  # a number, or nested lists of an array; behind a batch axis also an array of NumPy
    derivative: Any  # the same, nested as JAX nests it for ``argnums``; None for the transform "value"
    finite: bool  # whether every number is finite
    hit: bool  # whether the function was known: neither parsed nor compiled for this query
    tier: str
    parse_seconds: float  # wall-clock time until the computation began
    execute_seconds: float
    difference: float | None = None
    proof: Any = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a query for a gradient was answered."""

    answer: Answer
    listing: listing.TapeListing  # of the function, not of its gradient
    promotion: executables.Promotion  # of the gradient


@dataclass(frozen=True, slots=True)
class ArrayAnswer:
    """Answer by every argument, as arrays: m numbers of the value, n of the point, batch 1 for one point."""

    shape: Shape  # of the value
    values: Array  # (batch, m)
    derivative: Array | None  # in the shape that ``transforms`` lists, (batch, 1, n) for "grad"; None for "value"
    tier: str


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """Bounds on the work of one request."""

    max_work: int = 20_000_000  # instructions, times points, times directions, to be run: some seconds' worth
    max_numbers: int = 2_000_000  # in the answer
    max_intermediate_bytes: int = 1 << 29  # of all arrays that exist at one time while a function is computed
    max_flops: int = 30_000_000_000  # operations on elements of whole arrays, about a nanosecond each, times points
    max_differences: int = 20_000_000  # numbers of all points at which differences are computed to verify an answer


@dataclass(frozen=True, slots=True)
class FitLimits:
    """Bounds on fits."""

    max_moved: int = 10_000  # numbers that move, in one fit
    max_evaluations: int = 100_000  # of the function or a derivative, in one fit
    max_fit_seconds: float = 7.5  # of one request, after which it answers with the best that was found
    max_reported: int = 100  # numbers up to which the moved ones are reported at each iteration


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """Every bound on a query, as published at /v1/limits."""

    text: TextLimits = TextLimits()
    point: points.PointLimits = points.PointLimits()
    work: WorkLimits = WorkLimits()
    formulae: symbolic.FormulaLimits = symbolic.FormulaLimits()
    code: source.CodeLimits = source.CodeLimits()
    enclosures: enclosures.EnclosureLimits = enclosures.EnclosureLimits()
    fits: FitLimits = FitLimits()
    data: DataLimits = DataLimits()

    def groups(self) -> tuple[Any, ...]:
        """Return each group of limits, dataclasses."""
        return self.text, self.point, self.work, self.formulae, self.code, self.enclosures, self.fits, self.data


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine is made."""

    limits: QueryLimits = QueryLimits()
    plan_capacity: int = 500_000  # operations of all plans kept
    registry_capacity: int = 10_000  # registered functions held in memory
    executable_capacity: executables.ExecutableCapacity = field(default_factory=executables.ExecutableCapacity)
    compile_workers: int = 1  # compilations at one time
    compile_limits: pool.WorkerLimits = pool.WorkerLimits()
    kept: disk.Store = field(default_factory=disk.NoStore)  # where executables, programs and functions are kept
    kept_data: disk.Store = field(default_factory=disk.NoStore)
    private_data: bool = False  # whether data belong to who registered them; else all are shared
    threads: int = 2  # for long texts and long executions
    queue: int = 64  # how many of these may wait for a thread
    fit_threads: int = 2  # for fits
    fit_queue: int = 64
    compile_seconds_per_minute: float = math.inf  # of worker processes, for one caller
    observer: events.Observer = field(default_factory=events.Observers)
