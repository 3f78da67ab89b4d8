"""What the kernel tells of a process, and how a process takes away from itself what it does not need."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_OPEN_FILES = 256
_ADDRESSES = 4 << 30
"""Beyond its memory: XLA reserves a good 1.5 GiB of addresses before it uses any."""

_SPARE_CPU_SECONDS = 10
"""Of the processor, beyond what work may take by the clock on every core: its parent is to be the first to act."""


def resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process; 0 where the system does not tell or it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def memory_maps(pid: int | str = "self") -> int:
    """Return the number of memory maps of a process; 0 where the system does not tell or it is gone."""
    try:
        return Path(f"/proc/{pid}/maps").read_bytes().count(b"\n")
    except OSError:
        return 0


def trim() -> None:
    """Give free memory back to the system where the C library can (glibc): loading machine code leaves much of it."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)


def allow_files(count: int) -> None:
    """Allow this process so many open connections beside its own files, as far as the system lets it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OPEN_FILES
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most)
        )


def confine(parent: int, memory_bytes: int) -> None:
    """Take away what a compiler does not need, and die with the parent.

    Args:
        parent: process id of the parent.
        memory_bytes: what the parent watches over; this bounds only addresses, and more generously.
    """
    os.nice(10)  # requests come first
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_AS, memory_bytes + _ADDRESSES),
    ):
        resource.setrlimit(limit, (most, most))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    follow(parent, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle


def follow(parent: int, number: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent has ended, however that was.

    Args:
        parent: process id of the parent.
        number: of the signal.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)


def grant(seconds: float) -> None:
    """Allow this process so many seconds more on every core: a parent that is stopped cannot stop its child."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1) + _SPARE_CPU_SECONDS
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    if most == resource.RLIM_INFINITY or allowed < most:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(allowed), most))
