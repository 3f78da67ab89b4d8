"""Functions by their id: in memory, and in a store for later and for other processes.

An id is content-addressed: an entry never changes, whoever registers it and however often.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import errors
from app.autodiff.symbolic import partials, printers
from app.engine import executables as live
from app.engine import points
from app.engine.functions import bindings, functions
from app.language import parse
from app.language.limits import TextLimits
from app.runtime import cache, queue
from app.runtime.data import arrays
from app.runtime.data import store as data_store
from app.runtime.store import disk

_MAX_OWNERS = 1000  # of one bound function that are remembered

_USED_SECONDS = 60.0
"""Time after which the store is told again that a function is used which is in memory."""
_WRITTEN_SECONDS = 60.0
"""Time after which a function that is registered again is written again: the store may have lost it since."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered function."""

    function_id: str  # see ``tape.Recording`` and ``language.identity``
    expression: str | tuple[str, ...]  # as it was first written
    args: tuple[str, ...]
    text: str | tuple[str, ...]  # the expression in canonical form, where it has one
    binding: bindings.Binding | None = None  # ``args`` are all arguments, and ``function_id`` is the binding's
    unbound_id: str = ""  # of the function without its data
    owners: tuple[str, ...] = ()  # who registered a bound function: they are told which of its data are gone

    @property
    def free(self) -> tuple[str, ...]:
        """The arguments that a request gives."""
        return self.args if self.binding is None else self.binding.free

    def dump(self) -> bytes:
        listed: list[Any] = [self.function_id, self.expression, self.args, self.text]
        if self.binding is not None:
            listed += [self.unbound_id, self.binding.data, self.owners]
        return json.dumps(listed).encode()

    @classmethod
    def load(cls, payload: bytes) -> Entry:
        function_id, expression, args, text, *bound = json.loads(payload)
        expression, text = (each if isinstance(each, str) else tuple(each) for each in (expression, text))
        entry = cls(function_id, expression, tuple(args), text)
        if bound:
            unbound_id, given, owners = bound
            data = {name: (data_id, tuple(shape)) for name, (data_id, shape) in given.items()}
            binding = bindings.Binding(unbound_id, args, data)
            entry = dataclasses.replace(entry, binding=binding, unbound_id=unbound_id, owners=tuple(owners))
        return entry


class Registry:
    """Registers functions and finds them again. Belongs to one event loop."""

    def __init__(  # noqa: PLR0913 - its parts
        self,
        known: functions.FunctionCache,
        kept: disk.Store,
        executables: live.Executables,
        limits: TextLimits,
        *,
        capacity: int,
        stays: data_store.DataStore,
        lengthy: queue.ThreadPool,
        waiting: queue.ThreadPool,
    ) -> None:
        self._functions = known
        self._kept = kept
        self._executables = executables
        self._limits = limits
        self._stays = stays
        self._lengthy = lengthy
        self._waiting = waiting
        self._entries: cache.LruDict[str, Entry] = cache.LruDict(capacity)
        self._owned: cache.LruDict[tuple[str, str], bool] = cache.LruDict(capacity)
        self._written: cache.LruDict[str, float] = cache.LruDict(capacity)
        self._used: cache.LruDict[str, float] = cache.LruDict(capacity)

    async def register(
        self,
        expression: str | Sequence[str],
        args: Sequence[str] | None,
        owner: str,
        data: Mapping[str, Any] | None = None,
    ) -> tuple[Entry, bool]:
        """Keep a function under its id; return the entry, and whether it is new.

        ``data`` binds arguments, to data that stay or to numbers, which then do.
        """
        _, function, _ = await self._functions.function(expression, args)
        if args is None:  # later queries name the arguments
            _, function, _ = await self._functions.function(expression, function.args)
        entry = await self._find(function.function_id)
        created = entry is None
        if entry is None:
            entry = await self._lengthy.run(lambda: self._canonical(expression, function))
        if data:
            return await self._register_bound(entry, owner, data)
        await self._write(entry)
        self._entries[entry.function_id] = entry
        self._owned[owner, entry.function_id] = True
        return entry, created

    async def _register_bound(self, entry: Entry, owner: str, data: Mapping[str, Any]) -> tuple[Entry, bool]:
        """Keep a function with data in the places of some arguments."""
        for name in data:
            if name not in entry.args:
                raise errors.InvalidField(f"{errors.quote(name)} is not an argument", field="data")
        if len(data) == len(entry.args):
            hint = "leave out of data what requests are to give"
            raise errors.InvalidField("all arguments are bound: none is left to ask about", hint=hint, field="data")
        held = {}
        for name, given in data.items():
            held[name] = await self._data(given, owner, f"data.{name}"[:80])
        named = {name: (each.data_id, each.record.shape) for name, each in held.items()}
        binding = bindings.Binding(entry.function_id, entry.args, named)
        known, me = await self._find(binding.function_id), data_store.owner_name(owner)
        owners = () if known is None else tuple([each for each in known.owners if each != me])
        bound = dataclasses.replace(
            entry,
            function_id=binding.function_id,
            binding=binding,
            unbound_id=entry.function_id,
            owners=(*owners, me)[-_MAX_OWNERS:],
        )
        created = known is None or me not in known.owners
        if created:
            self._written.pop(bound.function_id)
        await self._write(bound)
        self._entries[bound.function_id] = bound
        self._owned[owner, bound.function_id] = True
        return bound, created

    async def _data(self, given: Any, owner: str, field: str) -> arrays.Data:
        """Return data that are named, or that numbers become."""
        named = bindings.data_ids([given])
        if named:
            return await self._stays.get(named[0], owner, field)
        numbers = points.array(given, field)
        found, _ = await self._stays.register(arrays.aligned(numbers), owner)
        return found

    async def entry(self, function_id: str) -> Entry:
        """Return a registered function with all its data, or raise ``errors.NotFound``.

        A bound function is there for those who may use its data.
        """
        entry, caller = await self._find(function_id), queue.CALLER.get()
        if entry is not None and entry.binding is not None:
            try:
                for name, (data_id, _) in entry.binding.data.items():
                    await self._stays.get(data_id, caller, f"data.{name}"[:80])
            except errors.NotFound as error:
                if data_store.owner_name(caller) in entry.owners:
                    raise error from None
                entry = None
        if entry is None:
            hint = "POST /v1/functions registers a function; ids are the same on every server"
            raise errors.NotFound(f"no function {errors.quote(function_id)} is registered here", hint=hint)
        await self._touch(function_id)
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
        bound = {} if entry.binding is None else {"data": {name: each[0] for name, each in entry.binding.data.items()}}
        return {
            "function_id": entry.function_id,
            "expression": entry.text,
            "args": entry.free,
            "shape": None if general is None else general.shape,
            "tier": "compiled" if compiled else "interpreted",
            "operations": None if general is None else general.operations,
            **bound,
        }

    async def _find(self, function_id: str) -> Entry | None:
        """Return a registered function if there is one, by now in memory."""
        entry = self._entries.get(function_id)
        if entry is None:
            payload = await self._waiting.run(lambda: self._kept.get(_name(function_id)))
            if payload is not None:
                self._entries[function_id] = entry = Entry.load(payload)
        return entry

    async def _touch(self, function_id: str) -> None:
        """Tell the store now and then that a function is used: it forgets what nobody has read for longest."""
        now = time.monotonic()
        if now >= (self._used.get(function_id) or 0.0):
            self._used[function_id] = now + _USED_SECONDS
            await self._waiting.run(lambda: self._kept.touch(_name(function_id)))

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
            program = parse.parse(expression, function.args, limits=self._limits, partials=partials.text)
            text = printers.canonical_text(program) or expression
        return Entry(function.function_id, given, function.args, text)


def _name(function_id: str) -> str:
    return hashlib.blake2b(f"function {function_id}".encode(), digest_size=20).hexdigest()
