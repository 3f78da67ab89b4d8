"""The interpreter's programs, compiled once ever: in a store after the first start, in memory after each."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
from concurrent.futures import Executor
from typing import Any

from app import compiler, errors, instructions, interpreter, processes, rules, special, store, worker

_log = logging.getLogger("gradserve")

_FIRST = interpreter.GRADIENTS[:2]
"""What a service needs before it is ready: nearly every function fits. The rest follows when it is needed or when there
is time."""

_LARGE = frozenset(program for program in interpreter.AHEAD if program.special) - {interpreter.SPECIAL[0]}
"""80 to 190 MB each of machine code that knows all special functions: made ahead, but loaded only when it is needed,
which takes a second at most, as long as there is a store to keep it."""


class Interpreters:
    """One interpreter for each dtype, whose programs come from a store where it has them. Safe to use from threads.

    Args:
        kept: has programs for others and for later.
    """

    def __init__(self, kept: store.Store) -> None:
        self._kept = kept
        # A program is made of the rules and of the interpreter's own source; any change makes another program.
        modules = (instructions, interpreter, rules, *special.MODULES)
        sources = [inspect.getsource(module) for module in modules]
        environment = repr((sources, compiler.environment()))
        self._environment = hashlib.blake2b(environment.encode(), digest_size=20).hexdigest()
        self._by_dtype = {
            dtype: interpreter.Interpreter(dtype, self._make, self._at_hand) for dtype in ("float64", "float32")
        }

    def __getitem__(self, dtype: str) -> interpreter.Interpreter:
        return self._by_dtype[dtype]

    @property
    def making(self) -> bool:
        """Whether somebody waits for a program to be made."""
        return any(run.making for run in self._by_dtype.values())

    @property
    def missing(self) -> int:
        """How many of the programs that are worth making ahead are neither loaded nor kept."""
        run = self._by_dtype["float64"]
        return sum(not run.installed(each) and not self._at_hand(each, "float64") for each in interpreter.AHEAD)

    def warm(self) -> None:
        """Make the programs a service needs before it is ready."""
        self._by_dtype["float64"].warm(_FIRST)

    async def warm_rest(self, makers: worker.Workers, threads: Executor) -> None:
        """Have the programs that batches and large functions need at hand; those no store has are made in no hurry.

        Args:
            makers: workers for this alone, which run while there is something to make: a busy machine may take
                minutes for it, and functions that have earned an executable must not stand behind that.
            threads: where entries are fetched and loaded.
        """
        run = self._by_dtype["float64"]
        missing = [program for program in interpreter.AHEAD if not run.installed(program)]
        missing = [program for program in missing if not await self._take(program, threads)]
        if not missing:
            return
        makers.start()
        try:
            for program in missing:
                if await self._take(program, threads):  # another process has made it meanwhile
                    continue
                try:
                    blob = await makers.compile(worker.ProgramJob(program, "float64"))
                except errors.TooExpensive as error:  # who needs it will make it; the others can still come
                    _log.warning("%s was not made ahead: %s", program.name("float64"), error)
                else:
                    await self._take(program, threads, blob)
        finally:
            await makers.close()

    async def _take(self, program: interpreter.Program, threads: Executor, made: bytes | None = None) -> bool:
        """Keep a program that has been made, or fetch it; install it unless it can wait. Return whether it is there."""
        loop = asyncio.get_running_loop()
        name = self._name(program, "float64")
        if made is not None:
            await loop.run_in_executor(threads, self._kept.put, name, made)
        if program in _LARGE and self._kept.has(name):
            return True
        blob = made or await loop.run_in_executor(threads, self._kept.get, name)
        loaded = blob and await loop.run_in_executor(threads, _loaded, blob, program)
        if not loaded:
            return False
        self._by_dtype["float64"].install(program, loaded)
        return True

    def _at_hand(self, program: interpreter.Program, dtype: str) -> bool:
        return self._kept.has(self._name(program, dtype))

    def _name(self, program: interpreter.Program, dtype: str) -> str:
        ingredients = f"{program.name(dtype)} {self._environment}"
        return hashlib.blake2b(ingredients.encode(), digest_size=20).hexdigest()

    def _make(self, program: interpreter.Program, dtype: str) -> Any:
        found = self._fetched(program, dtype)
        if found is None:
            found = interpreter.compile_program(program, dtype)
            self._kept.put(self._name(program, dtype), compiler.dump(found))
        return found

    def _fetched(self, program: interpreter.Program, dtype: str) -> Any:
        """Return a program that has been made before, or None."""
        blob = self._kept.get(self._name(program, dtype))
        return None if blob is None else _loaded(blob, program)


def _loaded(blob: bytes, program: interpreter.Program) -> Any:
    """Return the executable that was serialised, or None."""
    try:
        loaded = compiler.load(blob, program.arrays)
    except Exception:  # noqa: BLE001 - whatever XLA finds wrong with it, it can be made again
        _log.exception("a program could not be loaded")
        return None
    processes.trim()
    return loaded
