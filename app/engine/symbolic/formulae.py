"""Formulae of functions and of their partial derivatives: derived once, in a worker process, and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import errors
from app.autodiff.symbolic import formulae
from app.engine import query
from app.engine.functions import arguments, functions
from app.engine.workers import jobs, pool
from app.language.expression.values import Shape
from app.runtime import cache, deadlines, queue

_CHARACTERS = 16_000_000
"""Characters of all formulae kept."""


@dataclass(frozen=True, slots=True)
class Formulae:
    """The formulae of one function."""

    function: dict[str, str]  # as text, LaTeX and MathML
    partials: list[dict[str, Any]]  # likewise, with the argument's name and the index into it
    args: tuple[str, ...]
    argnums: int | list[int]  # positions, an int or a list as in the query
    simplified: bool  # whether every formula was simplified within the time
    function_id: str
    hit: bool  # whether these formulae were known
    seconds: float  # wall-clock time


class FormulaCache:
    """Formulae of functions, derived once in a worker process and kept. Belongs to one event loop."""

    def __init__(self, known: functions.FunctionCache, workers: pool.Workers, limits: query.QueryLimits) -> None:
        self._functions = known
        self._workers = workers
        self._limits = limits
        self._known: cache.Cache[jobs.Key, dict[str, Any]] = cache.Cache(_CHARACTERS, _characters)

    async def derive(
        self,
        expression: str,
        args: Sequence[str] | None = None,
        argnums: int | str | Sequence[int | str] = 0,
        *,
        shapes: Sequence[Sequence[int]] | None = None,
        simplify: bool = True,
    ) -> Formulae:
        """Return the formulae of a scalar function and of its partial derivatives.

        ``shapes`` are of the arguments, for a function that depends on them. Raises ``errors.Rejected``, or
        ``errors.Overloaded`` if too many requests are waiting.
        """
        start = time.perf_counter()
        try:
            async with asyncio.timeout(deadlines.ANSWER_SECONDS if queue.CALLER.get() else None):
                _, function, _ = await self._functions.function(expression, args)
                known = None if shapes is None else tuple([tuple(shape) for shape in shapes])
                found = arguments.resolve(argnums, function.args)
                self._check(await self._shaped(function, known))
                by = (found,) if isinstance(found, int) else tuple(found)
                texts, limits = self._limits.text, self._limits.formulae
                job = jobs.FormulaeJob(
                    expression, function.args, by, simplify, texts, limits, function.function_id, known
                )
                hit = self._known.get(job.key) is not None
                document = await self._known.get_or_make(
                    job.key, lambda: self._workers.derive(job), started=lambda: self._workers.at_work_on(job.key)
                )
        except TimeoutError:
            raise queue.too_long() from None
        spent = time.perf_counter() - start
        args, function_id = function.args, function.function_id
        return Formulae(**document, args=args, argnums=found, function_id=function_id, hit=hit, seconds=spent)

    def clear(self) -> None:
        self._known.clear()

    async def _shaped(self, function: functions.Function, shapes: tuple[Shape, ...] | None) -> functions.Specialization:
        if shapes is None:
            if function.general is None:
                hint = "give one list for each argument, [[3], []]"
                detail = "the function depends on the shapes of its arguments"
                raise errors.InvalidField(detail, hint=hint, field="shapes")
            return function.general
        if len(shapes) != len(function.args):
            detail = f"shapes has {len(shapes)} entries for {len(function.args)} argument(s)"
            raise errors.InvalidField(detail, field="shapes")
        return await self._functions.element_by_element(function, shapes)

    def _check(self, shaped: functions.Specialization) -> None:
        """Refuse what has no formulae here: an array, or too large a function."""
        if shaped.shape != ():
            raise errors.BadShape(f"the value is not a scalar: it has shape {list(shaped.shape)}", field="expression")
        formulae.check_size(shaped.plans[0].recording.tape, self._limits.formulae)


def _characters(document: dict[str, Any]) -> int:
    forms = [document["function"], *document["partials"]]
    return sum(len(form[kind]) for form in forms for kind in ("text", "latex", "mathml"))
