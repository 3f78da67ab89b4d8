"""The interpreter's programs, compiled once for all test processes and kept between runs.

Compiling them takes a minute and a half of CPU time. Their names contain a hash of the rules and of the interpreter,
so a kept program is never out of date.
"""

import fcntl
import functools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.autodiff import compiler, interpreter
from app.engine import executables
from app.runtime.store import disk

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / ".pytest_cache" / "programs"
_MAX_BYTES = 256 << 20
_KEPT = [
    *[(program, "float64") for program in interpreter.AHEAD],
    *[(program, "float32") for program in (interpreter.GRADIENTS[0], *interpreter.ROWS)],
]
"""The programs that a service compiles ahead, and those of single precision that tests of a service use."""


class Store:
    """Another store and, for reading only, the kept programs.

    Args:
        store: has and takes everything else.
    """

    def __init__(self, store: disk.Store) -> None:
        ensure()
        self._store = store

    def get(self, name: str) -> bytes | None:
        return self._store.get(name) or _disk().get(name)

    def latest(self, name: str) -> bytes | None:
        return self._store.latest(name)

    def has(self, name: str) -> bool:
        return self._store.has(name) or _disk().has(name)

    def touch(self, name: str) -> None:
        self._store.touch(name)

    def put(self, name: str, payload: bytes) -> bool:
        return self._store.put(name, payload)

    def remove(self, name: str) -> None:
        self._store.remove(name)


def make(program: interpreter.Program, dtype: str) -> Any:
    """Return a program, loaded from the directory or compiled now; other processes wait for it."""
    with _locked(program, dtype):
        return _interpreters()._make(program, dtype)


@functools.cache
def interpreter_of(dtype: str) -> interpreter.Interpreter:
    """Return the interpreter that tests share; every tape runs by a program, none by ``jit``."""
    return interpreter.Interpreter(dtype, make)


@functools.cache
def copy_to(directory: Path) -> None:
    """Copy the kept programs to the directory of a service's store."""
    ensure()
    shutil.copytree(DIRECTORY, directory, ignore=shutil.ignore_patterns("*.lock"), dirs_exist_ok=True)


@functools.cache
def ensure() -> None:
    """Compile the programs that are missing."""
    if not all(_is_kept(*wanted) for wanted in _KEPT):
        # In another process, because the compiler keeps half a gigabyte.
        subprocess.run([sys.executable, "-m", "tests.support.programs"], check=True, cwd=ROOT)


def compile_missing() -> None:
    """Compile what is missing. Processes that do this at the same time compile different programs."""
    for wait in (False, True):
        for program, dtype in _KEPT:
            with _locked(program, dtype, wait=wait) as locked:
                if locked and not _is_kept(program, dtype):
                    _interpreters()._make(program, dtype)


def _is_kept(program: interpreter.Program, dtype: str) -> bool:
    return _interpreters()._at_hand(program, dtype)


@functools.cache
def _disk() -> disk.DiskStore:
    DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
    return disk.DiskStore(DIRECTORY, _MAX_BYTES)


@functools.cache
def _interpreters() -> executables.Interpreters:
    return executables.Interpreters(_disk())


@contextmanager
def _locked(program: interpreter.Program, dtype: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a program; say whether this process has it."""
    _disk()
    with (DIRECTORY / f"{program.name(dtype)}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


if __name__ == "__main__":
    compiler.configure()
    compile_missing()
