"""What an engine is asked and what it answers, as data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from app import algebra, derivatives, parsing, plans, points, store, symbolic, telemetry, worker

Array = NDArray[Any]


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
        executable_capacity: live executables kept; each holds some five memory maps of the kernel's 65,530.
        compile_workers: compilations at one time.
        compile_limits: bounds on each.
        kept: where executables, programs and functions outlive the process.
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
    kept: store.Store = field(default_factory=store.NoStore)
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
