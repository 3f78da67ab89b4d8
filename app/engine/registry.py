"""Functions by their id: in memory, and in a store for later and for other processes.

An id is content-addressed: an entry never changes, whoever registers it and however often.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import errors
from app.autodiff.symbolic import printers
from app.engine import executables as live
from app.engine import functions
from app.language import parse
from app.language.limits import TextLimits
from app.runtime import cache, queue
from app.runtime.store import disk

_WRITTEN_SECONDS = 60.0
"""Time after which a function that is registered again is written again: the store may have lost it since."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered function."""

    function_id: str  # see ``tape.Recording`` and ``language.identity``
    expression: str | tuple[str, ...]  # as it was first written
    args: tuple[str, ...]
    text: str | tuple[str, ...]  # the expression in canonical form, where it has one

    def dump(self) -> bytes:
        return json.dumps([self.function_id, self.expression, self.args, self.text]).encode()

    @classmethod
    def load(cls, payload: bytes) -> Entry:
        function_id, expression, args, text = json.loads(payload)
        expression, text = (each if isinstance(each, str) else tuple(each) for each in (expression, text))
        return cls(function_id, expression, tuple(args), text)


class Registry:
    """Registers functions and finds them again. Belongs to one event loop."""

    def __init__(
        self,
        known: functions.FunctionCache,
        kept: disk.Store,
        executables: live.Executables,
        limits: TextLimits,
        *,
        capacity: int,
        lengthy: queue.ThreadPool,
        waiting: queue.ThreadPool,
    ) -> None:
        self._functions = known
        self._kept = kept
        self._executables = executables
        self._limits = limits
        self._lengthy = lengthy
        self._waiting = waiting
        self._entries: cache.LruDict[str, Entry] = cache.LruDict(capacity)
        self._owned: cache.LruDict[tuple[str, str], bool] = cache.LruDict(capacity)
        self._written: cache.LruDict[str, float] = cache.LruDict(capacity)

    async def register(
        self, expression: str | Sequence[str], args: Sequence[str] | None, owner: str
    ) -> tuple[Entry, bool]:
        """Keep a function under its id; return the entry, and whether it is new."""
        _, function, _ = await self._functions.function(expression, args)
        if args is None:  # later queries name the arguments
            _, function, _ = await self._functions.function(expression, function.args)
        entry = await self._find(function.function_id)
        created = entry is None
        if entry is None:
            entry = await self._lengthy.run(lambda: self._canonical(expression, function))
        await self._write(entry)
        self._entries[entry.function_id] = entry
        self._owned[owner, entry.function_id] = True
        return entry, created

    async def entry(self, function_id: str) -> Entry:
        """Return a registered function, or raise ``errors.NotFound``."""
        entry = await self._find(function_id)
        if entry is None:
            hint = "POST /v1/functions registers a function; ids are the same on every server"
            raise errors.NotFound(f"no function {errors.quote(function_id)} is registered here", hint=hint)
        return entry

    def owned(self, owner: str) -> list[Entry]:
        """Return the functions that a client registered in this process, the latest first."""
        ids = [function_id for who, function_id in reversed(self._owned) if who == owner]
        return [entry for entry in map(self._entries.get, ids) if entry is not None]

    def describe(self, entry: Entry) -> dict[str, Any]:
        """Return what is known of a registered function."""
        function = self._functions.known((entry.expression, entry.args, ()))
        general = None if function is None else function.general
        compiled = general is not None and all(
            self._executables.get(plan.job("grad", "float64", 0).key) is not None for plan in general.plans
        )
        return {
            "function_id": entry.function_id,
            "expression": entry.text,
            "args": entry.args,
            "shape": None if general is None else general.shape,
            "tier": "compiled" if compiled else "interpreted",
            "operations": None if general is None else general.operations,
        }

    async def _find(self, function_id: str) -> Entry | None:
        """Return a registered function if there is one, by now in memory."""
        entry = self._entries.get(function_id)
        if entry is None:
            payload = await self._waiting.run(lambda: self._kept.get(_name(function_id)))
            if payload is not None:
                self._entries[function_id] = entry = Entry.load(payload)
        return entry

    async def _write(self, entry: Entry) -> None:
        """Put an entry into the store before any client hears of it: the next request may go to another machine."""
        now = time.monotonic()
        if now < (self._written.get(entry.function_id) or 0.0):
            return
        if await self._waiting.run(lambda: self._kept.put(_name(entry.function_id), entry.dump())):
            self._written[entry.function_id] = now + _WRITTEN_SECONDS

    def _canonical(self, expression: str | Sequence[str], function: functions.Function) -> Entry:
        given = text = expression if isinstance(expression, str) else tuple(expression)
        if function.general is not None and function.general.shape == () and isinstance(expression, str):
            program = parse.parse(expression, function.args, limits=self._limits)
            text = printers.canonical_text(program) or expression
        return Entry(function.function_id, given, function.args, text)


def _name(function_id: str) -> str:
    return hashlib.blake2b(f"function {function_id}".encode(), digest_size=20).hexdigest()
