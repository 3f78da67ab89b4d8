"""The sockets that the service listens on: a port, a unix socket, or what systemd hands over.

port         each of several processes has a socket of its own, and the kernel distributes connections (SO_REUSEPORT)
unix socket  one socket, which all processes share; its file stays after the end, and the next start replaces it
systemd      the sockets that it listens on for the service, sd_listen_fds(3); all processes share them
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

_FIRST = 3  # descriptor of the first socket that systemd hands over
_BACKLOG = 2048  # connections that wait to be accepted, uvicorn's number
_PROBE_SECONDS = 1.0


class UnusableSocket(Exception):
    """A socket that cannot be listened on; the text says to the operator which and why."""


def handed_over() -> list[socket.socket]:
    """Return the sockets that systemd hands over to this process, none if it was started in another way."""
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    return adopted(range(_FIRST, _FIRST + int(count)))


def adopted(descriptors: range | list[int]) -> list[socket.socket]:
    """Return the sockets of descriptors that this process was started with, closed to the processes it starts."""
    listeners = []
    for descriptor in descriptors:
        try:
            listener = socket.socket(fileno=descriptor)
            listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError as error:
            raise UnusableSocket(f"file descriptor {descriptor}: {error.strerror}") from None
        if listener.type != socket.SOCK_STREAM or not listens:
            raise UnusableSocket(f"file descriptor {descriptor} listens for no connections, as Accept=no has it")
        listener.set_inheritable(False)
        listeners.append(listener)
    return listeners


def on_port(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket at an address, which :: makes one for IPv4 too; ``shared`` if others may have one there."""
    listener = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise UnusableSocket(f"{host}, port {port}: {error.strerror}") from None
    return listener


def on_path(path: str, mode: int) -> socket.socket:
    """Return a unix socket that listens at a path, with the permissions of ``mode``.

    It listens at once, so that another start finds it in use. Connections wait until the service accepts them.
    """
    listener = socket.socket(socket.AF_UNIX)
    try:
        with _alone_in(Path(path).parent):
            _remove_stale(path)
            listener.bind(path)
            Path(path).chmod(mode)  # before it listens, so that nobody connects whom it keeps out
            listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UnusableSocket(f"{path}: {error.strerror or error}") from None
    return listener


@contextlib.contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Wait until no other start makes a socket in a directory: two would each remove what they take for stale."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_stale(path: str) -> None:
    """Remove a unix socket that nobody listens on; ``OSError`` if somebody does, or if it is another kind of file."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "there is a file that is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def name(listener: socket.socket) -> str:
    """Return where clients find a socket: host and port, or a path."""
    address = listener.getsockname()
    if not isinstance(address, tuple):
        return f"unix:{os.fsdecode(address)}"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
