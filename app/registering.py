"""Functions under ids: registered, found again here or in the store, described."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from app import admission, errors, functions, library, parsing, readings, registry, views


class Registrar:
    """Registers functions. Belongs to one event loop.

    Args:
        read: functions by their text.
        kept: where entries are.
        limits: bounds on texts.
        executables: tell which functions are compiled.
        lengthy: threads where entries are written out in one spelling.
        waiting: threads where the store is asked.
    """

    def __init__(
        self,
        read: readings.Readings,
        kept: registry.Registry,
        limits: parsing.Limits,
        executables: library.Library,
        *,
        lengthy: admission.Pool,
        waiting: admission.Pool,
    ) -> None:
        self._readings = read
        self._registry = kept
        self._limits = limits
        self._library = executables
        self._lengthy = lengthy
        self._waiting = waiting

    async def register(
        self, expression: str | Sequence[str], args: Sequence[str] | None, owner: str
    ) -> tuple[registry.Entry, bool]:
        """Keep a function under its id; return the entry, and whether it is new.

        Raises:
            errors.Rejected: the text is not in the language.
        """
        _, function, _ = await self._readings.function(expression, args)
        if args is None:  # it will be asked for with them
            _, function, _ = await self._readings.function(expression, function.args)
        entry = await self._find(function.function_id)
        created = entry is None
        if entry is None:
            entry = await self._lengthy.run(lambda: self._spelled(expression, function))
        kept = entry
        # Before anybody hears of it: the next request may go to another process, or to another machine.
        await self._waiting.run(lambda: self._registry.write(kept))
        self._registry.keep(entry)
        self._registry.own(owner, entry.function_id)
        return entry, created

    async def entry(self, function_id: str) -> registry.Entry:
        """Return a registered function.

        Raises:
            errors.NotFound: nobody registered it here.
        """
        entry = await self._find(function_id)
        if entry is None:
            hint = "POST /v1/functions registers a function; ids are the same on every server"
            raise errors.NotFound(f"no function {errors.quote(function_id)} is registered here", hint=hint)
        return entry

    def owned(self, owner: str) -> list[registry.Entry]:
        """Return what somebody has registered here, the latest first."""
        return self._registry.owned(owner)

    def describe(self, entry: registry.Entry) -> dict[str, Any]:
        """Return what is known of a registered function."""
        function = self._readings.known((entry.expression, entry.args, ()))
        general = None if function is None else function.general
        compiled = general is not None and all(
            self._library.get(plan.job("grad", "float64", 0).key) is not None for plan in general.cells
        )
        return {
            "function_id": entry.function_id,
            "expression": entry.text,
            "args": entry.args,
            "shape": None if general is None else general.shape,
            "tier": "compiled" if compiled else "interpreted",
            "operations": None if general is None else general.operations,
        }

    async def _find(self, function_id: str) -> registry.Entry | None:
        """Return a registered function if there is one, by now in memory."""
        entry = self._registry.get(function_id)
        if entry is None:
            entry = await self._waiting.run(lambda: self._registry.fetch(function_id))
            if entry is not None:
                self._registry.keep(entry)
        return entry

    def _spelled(self, expression: str | Sequence[str], function: functions.Function) -> registry.Entry:
        """Return a new entry of the registry."""
        given = text = expression if isinstance(expression, str) else tuple(expression)
        if function.general is not None and function.general.shape == () and isinstance(expression, str):
            with contextlib.suppress(views.Nameless):
                text = views.canonical_text(parsing.parse(expression, function.args, limits=self._limits))
        return registry.Entry(function.function_id, given, function.args, text)
