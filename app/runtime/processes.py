"""Memory and scheduling of processes, and the limits that one sets on itself before it runs untrusted work."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

_ROOT = str(Path(__file__).parents[2])
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_OPEN_FILES = 256
_USUAL_MEMORY_MAPS = 65_530  # Linux's default, see vm.max_map_count in proc_sys_vm(5)
_ADDRESS_BYTES = 4 << 30  # address space beyond the memory limit: XLA reserves 1.5 GiB of addresses before it uses any
_SPARE_CPU_SECONDS = 10
"""CPU time beyond the deadline on every core, so that the parent, which watches the deadline, acts first."""


def resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process; 0 if it has ended or the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def memory_maps(pid: int | str = "self") -> int:
    """Return the number of memory maps of a process; 0 if it has ended or the system does not say."""
    try:
        return Path(f"/proc/{pid}/maps").read_bytes().count(b"\n")
    except OSError:
        return 0


def most_memory_maps() -> int:
    """Return how many memory maps the kernel allows a process."""
    try:
        return int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        return _USUAL_MEMORY_MAPS


def trim() -> None:
    """Return free memory to the system, if the C library can (glibc). Loading executables leaves much free memory."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


def compute_in_background() -> None:
    """Have this thread, and those it starts, never take the processor from one that is at work.

    Linux lets it wait when it wakes up on a busy processor (SCHED_BATCH, sched(7)); it computes as much as before.
    Other systems ignore it, and those that forbid it. A policy that somebody has chosen for the process stays.
    """
    if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def wake_at_once() -> None:
    """Have this thread run as soon as it has something to do, however busy other threads and processes are.

    Linux lets a thread that computes finish its slice, some 1.5 ms on two cores, before another one that wakes up takes
    its place, unless that one has asked for shorter slices (sched_setattr(2), since 6.12). A process of lower priority
    finishes its slice, too. New threads and processes do not inherit this. Other systems ignore it.

    The slice is as long as most requests take: a thread that has used its own gives way to any other that wakes up.
    """
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None or os.sched_getscheduler(0) not in (os.SCHED_OTHER, os.SCHED_BATCH):
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = struct.pack(_SCHED_ATTR, struct.calcsize(_SCHED_ATTR), 0, _RESET_ON_FORK, nice, 0, _SLICE_NS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)


_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
_SCHED_ATTR = "=IIQiIQQQ"  # size, policy, flags, nice, priority, runtime, deadline, period
_RESET_ON_FORK = 1
_SLICE_NS = 600_000  # Linux's own are 0.7 ms on one processor, and longer on more


def allow_files(count: int) -> None:
    """Raise the limit on open files for this many connections, as far as the system allows it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OPEN_FILES
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        granted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, most))


def confine(parent: int, memory_bytes: int) -> None:
    """Limit this process to the rights and resources of a compile worker, and end it with its parent.

    The parent watches the resident memory, ``memory_bytes`` at most. The address space is limited to a bit more.
    """
    os.nice(10)  # the process that answers requests comes first
    compute_in_background()
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_AS, memory_bytes + _ADDRESS_BYTES),
    ):
        resource.setrlimit(limit, (most, most))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    follow(parent, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this package.

    ``python -m`` looks into the current directory first, and would run an ``app`` that is there.
    """
    run = (
        f"import runpy, sys; sys.path.insert(0, {_ROOT!r}); import app; del sys.path[0]; "
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    return [sys.executable, "-P", "-c", run, *arguments]


def follow(parent: int, number: int = signal.SIGTERM) -> None:
    """Have the kernel send a signal to this process when its parent ends, even if the parent is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent ended before the line above
            sys.exit(1)


def grant(seconds: float) -> None:
    """Limit the CPU time of this process to some more seconds on every core, in case its parent is stopped itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1) + _SPARE_CPU_SECONDS
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    if most == resource.RLIM_INFINITY or allowed < most:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(allowed), most))
