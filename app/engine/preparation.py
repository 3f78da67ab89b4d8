"""Queries made ready to run: the text read, the point bound, what will compute it chosen.

``Preparation.prepare`` reads a query from its beginning, and may wait: in a thread for a long text, for data of the
store. ``prepare_again`` takes a query that has been answered to another point, and never waits.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any, NamedTuple

from app import errors
from app.engine import dispatch, points, query
from app.engine.derivatives import arrays, enclosures, gradients, reductions, transforms
from app.engine.functions import arguments, array_plans, bindings, functions, plans
from app.language.limits import TextLimits
from app.runtime.data import store

_COMPILED = frozenset({"value", "grad"})
"""Transforms of scalar functions that executables compute."""

_ENTRIES = points.NUMERIC | {list}
"""Types of an entry of a point that is bound at once."""

_BRIEF_OPERATIONS = 150
"""Functions of whole arrays up to this length are differentiated in the threads for brief work: a few milliseconds."""

_FEW_ENTRIES = 8
"""A list of more numbers is taken for an array."""


class Bound(NamedTuple):
    """What a query asks of which function, at which point."""

    function: functions.Function
    point: points.Point
    specialization: functions.Specialization  # of the function, for the shapes of the point
    hit: bool  # whether all that was known


class Preparation:
    """Makes queries ready to run. Belongs to one event loop.

    Here and below ``errors.Rejected`` means that the query is at fault.
    """

    def __init__(
        self,
        known: functions.FunctionCache,
        data: store.DataStore,
        derivatives: arrays.ArrayDerivatives,
        prover: enclosures.Prover,
        dispatcher: dispatch.Dispatch,
        limits: query.QueryLimits,
    ) -> None:
        self._functions = known
        self._data = data
        self._derivatives = derivatives
        self._prover = prover
        self._dispatch = dispatcher
        self._limits = limits
        self._reductions = reductions.Reductions()

    async def bind(self, asked: query.Query) -> Bound:
        """Return the function of a query, its point, and the function for the shapes of that point."""
        point: points.Point | None = None

        def specialize(function: functions.Function, limits: TextLimits) -> None:
            nonlocal point
            fitted = self._fitted(function, asked.point, asked.in_axes, self._limits.point)
            shapes = function.squeezed(fitted.shapes, limits)
            function.specialize(shapes, limits)
            point = fitted.with_shapes(shapes)

        ahead = specialize if asked.binding is None and asked.reduce is None and _has_arrays(asked.point) else None
        key, function, hit = await self._functions.function(asked.expression, asked.args, asked.point, ahead)
        if point is None:
            point = await self._point(asked, function)
        specialization = function.known(point.shapes)
        if specialization is None:
            hit, specialization = False, await self._functions.specialize(key, function, point.shapes)
        transform = transforms.TRANSFORMS[asked.transform]
        if specialization.shape != () and transform.needs_scalar and asked.cotangent is None:
            hint = "for many points at once, set in_axes to 0; for all derivatives of an array, POST /v1/jacobian"
            detail = f"the value is not a scalar: it has shape {list(specialization.shape)}"
            raise errors.BadShape(detail, hint=hint, field="expression")
        return Bound(function, point, specialization, hit)

    async def prepare(self, asked: query.Query, *, as_arrays: bool = False) -> dispatch.Prepared:
        """Return a query ready to run.

        ``as_arrays`` is whether its answer is arrays by every argument; "jacobian" and "value" of a scalar function are
        then "grad".
        """
        start = time.perf_counter()
        bound = await self.bind(asked)
        function, point, specialization, hit = bound
        transform = transforms.TRANSFORMS[asked.transform]
        binding = asked.binding
        argnums = range(len(function.args)) if as_arrays else asked.argnums
        if binding is not None:
            argnums = binding.positions if as_arrays else binding.argnums(argnums)
        if asked.reduce is not None:
            return await self._reduce(asked, bound, argnums, start)
        some = as_arrays and binding is not None  # of the arguments, which only a derivative of its own tells apart
        if specialization.plans and specialization.shape == () and not asked.verify and not some:
            plan = specialization.plans[0]
            name = "grad" if as_arrays and transform.is_direct else transform.name
            if name in _COMPILED:
                return self._dispatch.prepare(plan.call(name, argnums, asked.dtype), point, start, hit)
        positions = arguments.resolve(argnums, function.args) if transform.order else []
        whole_or_some = some or specialization.whole is not None
        if as_arrays and whole_or_some and specialization.shape == () and transform.is_direct:
            asked = dataclasses.replace(asked, transform="jacobian")  # a gradient, with the axis of the value
            positions = arguments.resolve(argnums, function.args)
        derivative = transforms.DerivativeQuery(asked, function, specialization, point, positions, start, hit=hit)
        derivative.check(self._limits.work)
        if asked.verify == "rigorous":
            self._prover.check(derivative)
        if specialization.whole is not None:
            await self._derive(specialization.whole, derivative)
        return derivative

    def prepare_at_once(self, asked: query.Query) -> gradients.GradientCall | None:
        """Return a query for a number or gradient at one point, of a function that is new or not compiled.

        None if it may have to wait, or if it may be at fault.
        """
        start, text, point = time.perf_counter(), asked.expression, asked.point
        usual = asked.in_axes is None and asked.reduce is None and not asked.verify and asked.binding is None
        if not usual or asked.transform not in _COMPILED or not isinstance(text, str):
            return None
        entries = point if isinstance(point, list) else point.values() if isinstance(point, dict) else (point,)
        if not _ENTRIES.issuperset(map(type, entries)):
            return None
        key, function, hit = self._functions.at_once(text, asked.args, point)
        general = None if function is None else function.general
        if function is None or general is None or not general.plans or general.shape != () or function.defaults:
            return None
        bound = points.bind(point, function.args, function.ranks, None, self._limits.point)
        if function.known(bound.shapes) is not general:
            return None
        call = general.plans[0].call(asked.transform, asked.argnums, asked.dtype)
        prepared = self._dispatch.prepare(call, bound, start, hit)
        if prepared.executable is None and not self._dispatch.interprets_at_once(prepared):
            return None
        if prepared.executable is not None and hit:
            return None  # ``prepare`` makes it a repeated request
        if not hit:
            self._functions.keep(key, function)
        return prepared

    def prepare_again(
        self, earlier: dispatch.Earlier, point: Any, binding: bindings.Binding | None = None, caller: str = ""
    ) -> dispatch.PreparedAgain | None:
        """Return a query ready to run at another point, or, without a binding, at as many others.

        None if it is not the same query there, or if its executable or its data are gone. Entries of the point may be
        arrays. With a binding it is of the free arguments.
        """
        start, limits = time.perf_counter(), self._limits.point
        if binding is not None:
            point = bindings.at_hand(self._data, binding, point, earlier.list_ranks, earlier.dtype, caller)
            if point is None:
                return None
            limits = dataclasses.replace(limits, max_elements=limits.max_elements + binding.numbers)
        if isinstance(earlier, transforms.DerivativeQuery):
            return self._derivative_again(earlier, point, limits, start)
        return self._gradient_again(earlier, point, limits, start)

    def seconds_again(self, earlier: dispatch.Earlier) -> float:
        """Return how long the same query is expected to take at another point, see ``DerivativeQuery.seconds``."""
        if not isinstance(earlier, transforms.DerivativeQuery):
            return 0.0
        earlier.prompt = self._dispatch.prompt(earlier)
        return earlier.seconds

    async def _point(self, asked: query.Query, function: functions.Function) -> points.Point:
        """Return the point of a query, with the data that it names or that are bound in their places."""
        point, binding = asked.point, asked.binding
        if isinstance(point, points.Point):
            if binding is None or len(point.shapes) == len(function.args):
                return point
            return binding.extended(point, await bindings.arrays_of(self._data, binding, asked.dtype))
        ranks, in_axes = function.list_ranks, asked.in_axes
        if binding is not None:
            point, in_axes = binding.completed(point, ranks, in_axes), binding.axes(in_axes)
        dtype = "float64" if asked.verify else asked.dtype
        point, limits = await bindings.resolved(self._data, point, dtype, self._limits.point)
        if asked.reduce is not None:  # bounded by its work and bytes
            limits = dataclasses.replace(limits, max_points=limits.max_elements)
        bound = self._fitted(function, point, in_axes, limits)
        if (1,) in bound.shapes and function.general is None:
            return await self._functions.squeeze(function, bound)
        return bound

    @staticmethod
    def _fitted(function: functions.Function, point: Any, in_axes: Any, limits: points.PointLimits) -> points.Point:
        """Return a point fitted to the arguments of a function."""
        args, ranks = function.args, function.ranks
        return points.bind(point, args, ranks, in_axes, limits, function.list_ranks, function.defaults)

    async def _reduce(self, asked: query.Query, bound: Bound, argnums: Any, start: float) -> reductions.ReducedQuery:
        """Return a query for a sum or mean ready to run."""
        function, point, limits = bound.function, bound.point, self._limits.work
        positions = arguments.resolve(argnums, function.args) if asked.transform != "value" else []
        prepared = await self._dispatch.lengthy.run(
            lambda: self._reductions.prepare(asked, function, point, positions, limits, start)
        )
        for part in prepared.parts:
            self._derivatives.check(part)
        return prepared

    async def _derive(self, plan: array_plans.ArrayPlan, derivative: transforms.DerivativeQuery) -> None:
        """Give a query for a function of whole arrays its tape, and refuse what would cost too much."""
        if arrays.is_derived(derivative):
            arrays.derive(derivative)
        else:
            brief = plan.operations * derivative.transform.order <= _BRIEF_OPERATIONS
            await (self._dispatch.brief if brief else self._dispatch.lengthy).run(lambda: arrays.derive(derivative))
        self._derivatives.check(derivative)

    def _derivative_again(
        self, earlier: transforms.DerivativeQuery, point: Any, limits: points.PointLimits, start: float
    ) -> transforms.DerivativeQuery | None:
        function, shapes = earlier.function, earlier.point.shapes
        bound = self._fitted(function, point, earlier.in_axes, limits)
        if bound.batch != earlier.point.batch:
            return None
        if bound.shapes != shapes:
            if function.known_shapes(bound.shapes) != shapes:
                return None
            bound = bound.with_shapes(shapes)
        found = earlier.at(bound, start)
        found.prompt = self._dispatch.prompt(found)
        return found

    def _gradient_again(
        self, earlier: plans.PlannedCall, point: Any, limits: points.PointLimits, start: float
    ) -> gradients.GradientCall | None:
        plan = earlier.plan
        if len(point) < len(plan.args):
            return None  # it may leave out default values
        bound = points.bind(point, plan.args, plan.ranks, None, limits)
        if not plan.fits(bound.shapes):
            return None
        prepared = self._dispatch.prepare(earlier, bound, start, True)
        return None if prepared.executable is None else prepared


def _has_arrays(point: Any) -> bool:
    """Return whether a point seems to have arrays: then its function is read in a thread, for their shapes."""
    if isinstance(point, list) and len(point) > _FEW_ENTRIES:
        return True
    entries = point.values() if isinstance(point, dict) else point if isinstance(point, list) else ()
    return not points.NUMERIC.issuperset(map(type, entries))
