"""The interpreter's programs, compiled once ever: on disk after the first start, in memory after each."""

from __future__ import annotations

import hashlib
import inspect
import logging
import threading
from typing import Any

from app import compiler, interpreter, rules, store

_log = logging.getLogger("gradserve")

_FIRST = (interpreter.Program("gradient", 32), interpreter.Program("gradient", 512))
"""What a service needs before it is ready; the rest follows when it is needed or when there is time."""


class Interpreters:
    """One interpreter for each dtype, whose programs come from disk where it has them. Safe to use from threads.

    Args:
        disk: keeps programs.
    """

    def __init__(self, disk: store.Store) -> None:
        self._disk = disk
        self._stopped = threading.Event()
        # A program is made of the rules and of the interpreter's own source; either's change makes another program.
        self._sources = (inspect.getsource(interpreter), inspect.getsource(rules))
        self._by_dtype = {dtype: interpreter.Interpreter(dtype, self._make) for dtype in ("float64", "float32")}

    def __getitem__(self, dtype: str) -> interpreter.Interpreter:
        return self._by_dtype[dtype]

    def warm(self) -> None:
        """Make the programs a service needs before it is ready."""
        self._by_dtype["float64"].warm(_FIRST)

    def warm_rest(self) -> None:
        """Make the programs that large functions and batches need, until ``stop``."""
        for program in (*interpreter.ROWS[:2], *interpreter.GRADIENTS, *interpreter.ROWS):
            if self._stopped.is_set():
                return
            self._by_dtype["float64"].warm([program])

    def stop(self) -> None:
        """Make no more programs ahead of need."""
        self._stopped.set()

    def _make(self, program: interpreter.Program, dtype: str) -> Any:
        ingredients = repr((program.name(dtype), self._sources, compiler.environment()))
        name = hashlib.blake2b(ingredients.encode(), digest_size=20).hexdigest()
        blob = self._disk.get(name)
        if blob is not None:
            try:
                return compiler.load(blob, program.arrays)
            except Exception:  # noqa: BLE001 - whatever XLA finds wrong with it, it can be made again
                _log.exception("a program could not be loaded")
        made = interpreter.compile_program(program, dtype)
        self._disk.put(name, compiler.dump(made))
        return made
