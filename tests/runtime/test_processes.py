"""Scheduling of the event loop's thread."""

import ctypes
import os
import platform
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

from app.runtime import processes

_SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}
_RESET_ON_FORK = 1


def attributes() -> tuple[int, int, int]:
    """Return flags, niceness and slice in nanoseconds of this thread, see sched_getattr(2)."""
    found = ctypes.create_string_buffer(48)
    number = _SCHED_GETATTR[platform.machine()]
    assert ctypes.CDLL(None).syscall(number, 0, found, len(found), 0) == 0
    _, _, flags, nice, _, runtime, *_ = struct.unpack("=IIQiIQQQ", found.raw)
    return flags, nice, runtime


def test_a_thread_that_wakes_at_once_has_short_slices_and_those_it_starts_have_not() -> None:
    def changed() -> list[tuple[int, int, int]]:
        before = attributes()
        processes.wake_at_once()
        own = attributes()
        started: list[tuple[int, int, int]] = []
        thread = threading.Thread(target=lambda: started.append(attributes()))
        thread.start()
        thread.join()
        return [before, own, *started]

    with ThreadPoolExecutor(1) as threads:  # not in the thread of the tests
        before, own, started = threads.submit(changed).result()
    short = 100_000 if before[2] else 0  # Linux before 6.12 has no slices to ask for
    assert own == (before[0] | _RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, 0), short)
    assert started == before
