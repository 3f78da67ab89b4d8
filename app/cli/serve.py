"""Serves the application on a port, in this process or in several.

Each of several processes has its own listening socket, and the kernel distributes connections (SO_REUSEPORT, Linux).
With one shared socket the process that wakes first takes the connections: of 64 connections two processes got 15 and 49
at worst, but 35 and 29 with two sockets. A process that is killed loses only the connections of its own socket.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from typing import NoReturn

import uvicorn

from app import errors, main
from app.api import services
from app.api.server import protocol, shutdown
from app.cli import supervisor
from app.runtime import deadlines, logs, processes
from app.settings import Settings, read

_log = logging.getLogger("gradserve")

_SPARE_SECONDS = 0.5  # beyond ``deadlines.END_SECONDS``, before the supervisor kills a process that has not ended


def serve(settings: Settings) -> int:
    """Serve until a signal; return the exit code."""
    logs.configure(settings.log_level, settings.log_format)
    changed = " ".join(f"{variable}={text}" for variable, text in settings.changed().items())
    _log.info("settings that are not the defaults: %s", changed or "none")
    if not settings.authenticator().keyed:
        _log.info("no key is needed: everybody who reaches %s is answered", settings.host)
    if settings.workers > 1 and settings.key_store and not settings.rate_limit_storage:
        _log.warning("each process counts quotas of keys alone, since GRADSERVE_RATE_LIMIT_STORAGE is empty")
    return _serve(settings) if settings.workers == 1 else _supervise(settings)


def _serve(settings: Settings, *, shared: bool = False) -> int:
    """Serve in this process, on a port of its own or one that processes share; return the exit code."""
    processes.allow_files(settings.max_connections)
    try:
        app = main.create_app(settings)
    except Exception:  # noqa: BLE001 - whatever it is, another start would meet it, too
        _log.exception("the service cannot start")
        return supervisor.FAILED
    parts: services.Services = app.state.services
    config = uvicorn.Config(
        app,
        http=protocol.factory(parts),
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        log_config=None,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        proxy_headers=False,
    )
    server = shutdown.Server(config, parts.lifecycle, settings.drain_seconds)
    with _bound(settings, shared=shared) as listener, contextlib.suppress(KeyboardInterrupt):
        server.run([listener])  # raises SIGINT again after a normal end
    return 0 if server.started else supervisor.FAILED


def _supervise(settings: Settings) -> NoReturn:
    """Replace this process by the supervisor of several; exit if the port is not free."""
    # This socket never listens. It checks that the port is free, and reserves it while the processes start and restart.
    with _bound(settings, shared=False) as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        os.environ |= {"GRADSERVE_HOST": settings.host, "GRADSERVE_PORT": str(reserved.getsockname()[1])}
        supervisor.Config(
            count=settings.workers,
            end_seconds=deadlines.END_SECONDS + settings.drain_seconds + _SPARE_SECONDS,
            log_level=settings.log_level,
            log_format=settings.log_format,
            metrics_dir=settings.metrics_dir,
        ).exec()


def _bound(settings: Settings, *, shared: bool) -> socket.socket:
    """Return a socket at the address of the settings, which :: makes one for IPv4 too; exit if that cannot be had."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
    except OSError as error:
        _log.error("%s, port %d: %s", settings.host, settings.port, error.strerror)
        sys.exit(supervisor.FAILED)
    return listener


def _main() -> None:
    processes.follow(int(sys.argv[1]))
    try:
        settings = read()
    except errors.Misconfigured as error:  # since the supervisor was started
        sys.stderr.write(f"{error}\n")
        sys.exit(supervisor.FAILED)
    logs.configure(settings.log_level, settings.log_format)
    sys.exit(_serve(settings, shared=True))


if __name__ == "__main__":
    _main()
