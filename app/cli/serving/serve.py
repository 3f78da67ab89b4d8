"""Serves the application in this process or in several, on a port, a unix socket, or sockets that systemd hands over.

Each of several processes on a port has its own listening socket, and the kernel distributes connections (SO_REUSEPORT,
Linux). With one shared socket the process that wakes first takes the connections: of 64 connections two processes got
15 and 49 at worst, but 35 and 29 with two sockets. A process that is killed loses only the connections of its own
socket. A unix socket and those of systemd are shared, because there can be only one at an address.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

import uvicorn

from app import application, errors
from app.api import services
from app.api.server import protocol, shutdown
from app.cli.serving import sockets, supervisor
from app.environment import read
from app.runtime import deadlines, logs, processes
from app.settings import Settings

_log = logging.getLogger("gradserve")

_SPARE_SECONDS = 0.5  # beyond ``deadlines.END_SECONDS``, before the supervisor kills a process that has not ended


def serve(settings: Settings) -> int:
    """Serve until a signal; return the exit code."""
    logs.configure(settings.log_level, settings.log_format)
    changed = " ".join(f"{variable}={text}" for variable, text in settings.changed().items())
    _log.info("settings that are not the defaults: %s", changed or "none")
    try:
        handed_over = sockets.handed_over()
        listeners = handed_over or [_bound(settings)]
    except sockets.UnusableSocket as error:
        _log.error("%s", error)
        return supervisor.FAILED
    if not settings.authenticator().keyed:
        places = ", ".join(map(sockets.name, listeners))
        _log.info("no key is needed: everybody who reaches %s is answered", places)
    if settings.workers > 1 and settings.key_store and not settings.rate_limit_storage:
        _log.warning("each process counts quotas of keys alone, since GRADSERVE_RATE_LIMIT_STORAGE is empty")
    with contextlib.ExitStack() as stack:
        for listener in listeners:
            stack.enter_context(listener)
        if settings.workers > 1:
            _supervise(settings, listeners, shared=bool(handed_over or settings.uds))
        return _serve(settings, listeners)


def _bound(settings: Settings, *, shared: bool = False) -> socket.socket:
    """Return the socket that the settings name; ``shared`` if each of several processes has one at the same port."""
    if settings.uds:
        return sockets.on_path(settings.uds, int(settings.uds_mode, 8))
    return sockets.on_port(settings.host, settings.port, shared=shared)


def _serve(settings: Settings, listeners: Sequence[socket.socket]) -> int:
    """Serve in this process; return the exit code."""
    processes.allow_files(settings.max_connections)
    try:
        certificate = settings.certificate()
        app = application.create_app(settings)
    except errors.Misconfigured as error:
        _log.error("%s", error)
        return supervisor.FAILED
    except Exception:  # noqa: BLE001 - whatever it is, another start would meet it, too
        _log.exception("the service cannot start")
        return supervisor.FAILED
    parts: services.Services = app.state.services
    config = uvicorn.Config(
        app,
        http=protocol.factory(parts, certificate),
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        log_config=None,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        proxy_headers=False,
    )
    server = shutdown.Server(config, parts.lifecycle, settings.drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(list(listeners))  # raises SIGINT again after a normal end
    return 0 if server.started else supervisor.FAILED


def _supervise(settings: Settings, listeners: Sequence[socket.socket], *, shared: bool) -> NoReturn:
    """Replace this process by the supervisor of several; ``shared`` if they share the sockets, see this module."""
    given = {"tls_cert_file": settings.tls_cert_file, "tls_key_file": settings.tls_key_file}
    if not shared:
        # This socket never listens. It checks that the port is free, and reserves it while the processes start and
        # restart.
        (reserved,) = listeners
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        given |= {"host": settings.host, "port": str(reserved.getsockname()[1])}
    os.environ |= {f"GRADSERVE_{name.upper()}": value for name, value in given.items()}
    for listener in listeners:
        listener.set_inheritable(True)
    supervisor.Config(
        count=settings.workers,
        end_seconds=deadlines.END_SECONDS + settings.drain_seconds + _SPARE_SECONDS,
        log_level=settings.log_level,
        log_format=settings.log_format,
        metrics_dir=settings.metrics_dir,
        shared=[listener.fileno() for listener in listeners] if shared else [],
    ).exec()


def _main() -> None:
    processes.follow(int(sys.argv[1]))
    try:
        settings = read()
        logs.configure(settings.log_level, settings.log_format)
        listeners = sockets.adopted(json.loads(sys.argv[2])) or [_bound(settings, shared=True)]
    except (errors.Misconfigured, sockets.UnusableSocket) as error:  # since the supervisor was started
        sys.stderr.write(f"{error}\n")
        sys.exit(supervisor.FAILED)
    sys.exit(_serve(settings, listeners))


if __name__ == "__main__":
    _main()
