"""Serves the application on a port, in this process or in several.

Each of several processes has its own listening socket, and the kernel distributes connections (SO_REUSEPORT, Linux).
With one shared socket the process that wakes first takes the connections: of 64 connections two processes got 15 and 49
at worst, but 35 and 29 with two sockets. A process that is killed loses only the connections of its own socket.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import NoReturn

import uvicorn

from app import main
from app.api import services
from app.api.server import protocol, shutdown
from app.cli import supervisor
from app.runtime import deadlines, logs, processes
from app.settings import Settings

_SPARE_SECONDS = 0.5  # beyond ``deadlines.END_SECONDS``, before the supervisor kills a process that has not ended


def serve(settings: Settings) -> int:
    """Serve until a signal; return the exit code."""
    logs.configure(settings.log_level, settings.log_format)
    return _serve(settings) if settings.workers == 1 else _supervise(settings)


def _serve(settings: Settings, sockets: list[socket.socket] | None = None) -> int:
    """Serve in this process, on the given sockets or on a new one; return the exit code."""
    processes.allow_files(settings.max_connections)
    app = main.create_app(settings)
    parts: services.Services = app.state.services
    config = uvicorn.Config(
        app,
        http=protocol.factory(parts),
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        proxy_headers=False,
    )
    server = shutdown.Server(config, parts.lifecycle, settings.drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises SIGINT again after a normal end
        server.run(sockets)
    return 0 if server.started else supervisor.FAILED


def _supervise(settings: Settings) -> NoReturn:
    """Replace this process by the supervisor of several; exit if the port is not free, which uvicorn logs."""
    # This socket never listens. It checks that the port is free, and reserves it while the processes start and restart.
    with uvicorn.Config("", host=settings.host, port=settings.port, log_config=None).bind_socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        os.environ |= {"GRADSERVE_HOST": settings.host, "GRADSERVE_PORT": str(reserved.getsockname()[1])}
        supervisor.Config(
            count=settings.workers,
            end_seconds=deadlines.END_SECONDS + settings.drain_seconds + _SPARE_SECONDS,
            log_level=settings.log_level,
            log_format=settings.log_format,
            metrics_dir=settings.metrics_dir,
        ).exec()


def _bound_socket(settings: Settings) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((settings.host, settings.port))
    return listener


def _main() -> None:
    processes.follow(int(sys.argv[1]))
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format)
    sys.exit(_serve(settings, [_bound_socket(settings)]))


if __name__ == "__main__":
    _main()
