"""Formulae of functions and of their partial derivatives: derived once, in a worker process, and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import admission, algebra, cache, errors, functions, points, questions, readings, symbolic, worker

_CHARACTERS = 16_000_000
"""Characters of all formulae kept."""


@dataclass(frozen=True, slots=True)
class Formulae:
    """What ``Deriver.formulae`` answers.

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


class Deriver:
    """Derives formulae. Belongs to one event loop.

    Args:
        read: functions by their text.
        workers: derive, in other processes.
        limits: bounds on texts and formulae.
    """

    def __init__(self, read: readings.Readings, workers: worker.Workers, limits: questions.Limits) -> None:
        self._readings = read
        self._workers = workers
        self._limits = limits
        self._known: cache.Cache[worker.Key, dict[str, Any]] = cache.Cache(_CHARACTERS, _characters)

    async def formulae(
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
        try:
            async with asyncio.timeout(admission.ANSWER_SECONDS if admission.CALLER.get() else None):
                key, function, _ = await self._readings.function(expression, args)
                known = None if shapes is None else tuple([tuple(shape) for shape in shapes])
                found = points.resolve_argnums(argnums, function.args)
                self._check(await self._shaped(key, function, known))
                by = (found,) if isinstance(found, int) else tuple(found)
                texts, limits = self._limits.text, self._limits.formulae
                job = worker.FormulaeJob(
                    expression, function.args, by, simplify, texts, limits, function.function_id, known
                )
                hit = self._known.get(job.key) is not None
                document = await self._known.get_or_make(
                    job.key, lambda: self._workers.derive(job), begun=lambda: self._workers.at_work_on(job.key)
                )
        except TimeoutError:
            raise admission.too_long() from None
        return Formulae(
            **document,
            args=function.args,
            argnums=found,
            function_id=function.function_id,
            hit=hit,
            seconds=time.perf_counter() - start,
        )

    def clear(self) -> None:
        """Let all formulae go."""
        self._known.clear()

    async def _shaped(
        self, key: readings.Key, function: functions.Function, shapes: tuple[algebra.Shape, ...] | None
    ) -> functions.Shaped:
        """Return the function for arguments of these shapes, or of any."""
        if shapes is None:
            if function.general is None:
                hint = "give one list for each argument, [[3], []]"
                detail = "the function depends on the shapes of its arguments"
                raise errors.InvalidField(detail, hint=hint, field="shapes")
            return function.general
        if len(shapes) != len(function.args):
            raise errors.InvalidField(
                f"shapes has {len(shapes)} entries for {len(function.args)} argument(s)", field="shapes"
            )
        return function.known(shapes) or await self._readings.shape(key, function, shapes)

    def _check(self, shaped: functions.Shaped) -> None:
        """Refuse what has no formulae here: an array, or too large a function."""
        if shaped.shape != ():
            raise errors.BadShape(f"the value is not a scalar: it has shape {list(shaped.shape)}", field="expression")
        symbolic.check_size(shaped.cells[0].recording.tape, self._limits.formulae)


def _characters(document: dict[str, Any]) -> int:
    forms = [document["function"], *document["partials"]]
    return sum(len(form[kind]) for form in forms for kind in ("text", "latex", "mathml"))
