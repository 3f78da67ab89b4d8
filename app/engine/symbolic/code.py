"""Source files of functions: written once, in a worker process, and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import errors
from app.engine import query
from app.engine.functions import arguments, bindings, functions
from app.engine.workers import jobs, pool
from app.export import source
from app.runtime import cache, deadlines, queue
from app.runtime.data.store import DataStore

_CHARACTERS = 16_000_000
"""Characters of all files kept."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a function."""

    document: dict[str, Any]  # language, filename, media_type, entry, source
    args: tuple[str, ...]  # that the file's functions take
    argnums: int | list[int]  # positions, an int or a list as in the query
    function_id: str
    hit: bool  # whether this file was known
    seconds: float  # wall-clock time


@dataclass(frozen=True, slots=True)
class FileQuery:
    """What a file is asked for; the fields are those of ``source.Asked``."""

    language: str
    argnums: int | str | Sequence[int | str] | None = None  # None for all
    shapes: Sequence[Sequence[int]] | None = None
    hvp: bool = False
    name: str | None = None


class CodeCache:
    """Files of functions, written once in a worker process and kept. Belongs to one event loop."""

    def __init__(
        self, known: functions.FunctionCache, workers: pool.Workers, stays: DataStore, limits: query.QueryLimits
    ) -> None:
        self._functions = known
        self._workers = workers
        self._stays = stays
        self._limits = limits
        self._known: cache.Cache[jobs.Key, dict[str, Any]] = cache.Cache(
            _CHARACTERS, lambda document: len(document["source"])
        )

    async def write(
        self,
        expression: str | Sequence[str],
        args: Sequence[str] | None,
        asked: FileQuery,
        binding: bindings.Binding | None = None,
    ) -> SourceFile:
        """Return the file of a scalar function and its derivatives; of a bound one, the data are part of it.

        Raises ``errors.Rejected``, or ``errors.Overloaded`` if too many requests are waiting.
        """
        start = time.perf_counter()
        if not isinstance(expression, str):
            raise errors.BadShape("a file is written for a function of one value", field="expression")
        try:
            async with asyncio.timeout(deadlines.ANSWER_SECONDS if queue.CALLER.get() else None):
                _, function, _ = await self._functions.function(expression, args)
                free = function.args if binding is None else binding.free
                argnums = list(range(len(free))) if asked.argnums is None else asked.argnums
                found = arguments.resolve(argnums, free)
                data = None if binding is None else await self._data(binding)
                wanted = source.Asked(
                    expression,
                    function.args,
                    asked.language,
                    found if isinstance(found, int) else tuple(found),
                    None if asked.shapes is None else tuple([tuple(shape) for shape in asked.shapes]),
                    asked.hvp,
                    data,
                    asked.name,
                )
                function_id = function.function_id if binding is None else binding.function_id
                job = jobs.CodeJob(wanted, self._limits.text, self._limits.code, function_id)
                hit = self._known.get(job.key) is not None
                document = await self._known.get_or_make(
                    job.key, lambda: self._workers.derive(job), started=lambda: self._workers.at_work_on(job.key)
                )
        except TimeoutError:
            raise queue.too_long() from None
        return SourceFile(document, free, found, function_id, hit, time.perf_counter() - start)

    def clear(self) -> None:
        self._known.clear()

    async def _data(self, binding: bindings.Binding) -> dict[str, Any]:
        """Return the data of a binding as nested lists by argument."""
        source.check_data(binding.numbers, self._limits.code)
        arrays = await bindings.arrays_of(self._stays, binding, "float64")
        return {name: array.tolist() for name, array in arrays.items()}
