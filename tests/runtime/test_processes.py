"""Scheduling of the event loop's thread."""

import asyncio
import ctypes
import os
import platform
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.runtime import processes, queue

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
    short = 600_000 if before[2] else 0  # Linux before 6.12 has no slices to ask for
    assert own == (before[0] | _RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, 0), short)
    assert started == before


def test_a_thread_that_computes_in_the_background_and_those_it_starts_preempt_nobody() -> None:
    def changed() -> list[int]:
        processes.compute_in_background()
        policies = [os.sched_getscheduler(0)]
        thread = threading.Thread(target=lambda: policies.append(os.sched_getscheduler(0)))
        thread.start()
        thread.join()
        processes.wake_at_once()  # as the thread of the event loop does
        return [*policies, os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK]

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(changed).result() == [os.SCHED_BATCH, os.SCHED_BATCH, os.SCHED_OTHER]


def test_a_policy_that_somebody_has_chosen_stays() -> None:
    def changed() -> int:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        processes.compute_in_background()
        processes.wake_at_once()
        return os.sched_getscheduler(0)

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(changed).result() == os.SCHED_IDLE


def test_a_system_that_forbids_the_policy_is_served_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    processes.compute_in_background()


def test_the_threads_for_work_compute_in_the_background() -> None:
    async def policy() -> int:
        threads = queue.ThreadPool(1, 1, "test")
        return await threads.run(lambda: os.sched_getscheduler(0))

    assert asyncio.run(policy()) == os.SCHED_BATCH
