"""Memory stays flat while an engine answers many distinct functions."""

import asyncio
import contextlib
import gc
import os
import random
from pathlib import Path

import pytest

from app import errors
from app.engine import engine, query
from app.runtime.store import disk
from tests.support import programs

pytestmark = pytest.mark.slow

_FUNCTIONS = 60_000
_SETTLED = 30_000
"""Number of functions after which the caches of plans are full, and new plans replace old ones."""
_GROWTH_BYTES = 40 << 20


def expression(rng: random.Random, depth: int = 0) -> str:
    if depth > 3 or rng.random() < 0.2:
        return rng.choice(["x", "y", "z", f"{rng.uniform(0.1, 3):.3f}"])
    if rng.random() < 0.35:
        return f"{rng.choice(['sin', 'cos', 'tanh', 'atan'])}({expression(rng, depth + 1)})"
    return f"({expression(rng, depth + 1)} {rng.choice('+-*')} {expression(rng, depth + 1)})"


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory_maps() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


def test_memory_and_memory_maps_stay_flat_over_sixty_thousand_functions(tmp_path: Path) -> None:
    rng = random.Random(20260)  # noqa: S311 - for variety, not for secrets

    kept = programs.Store(disk.DiskStore(tmp_path, 1 << 30))

    async def run() -> tuple[list[int], list[int]]:
        served = engine.Engine(query.Options(kept=kept))
        await served.start()
        memory, maps = [], []
        for n in range(_FUNCTIONS + 1):
            asked = query.Query("grad", f"{expression(rng)} + {n}.5*x*y*z", {"x": 0.5, "y": 0.25, "z": 0.125})
            with contextlib.suppress(errors.BadConstant):
                assert (await served.answer(asked)).finite
            if n in (_SETTLED, _FUNCTIONS):
                memory.append(resident_bytes())
                maps.append(memory_maps())
        await served.close()
        return memory, maps

    (settled, end), (few_maps, many_maps) = asyncio.run(run())
    assert end - settled < _GROWTH_BYTES
    assert many_maps - few_maps < 4096  # bounded by the live executables, three maps each
