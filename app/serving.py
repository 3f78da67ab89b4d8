"""The service on a port, in this process or in several.

Several have a listening socket each, and the kernel hands out connections (SO_REUSEPORT, Linux). With one socket for
all, whoever wakes first takes what has come: of 16 connections two processes had 3 and 13, 5 and 11, 13 and 3, 2 and 14
in four runs, and 8 and 8, 9 and 7, 8 and 8, 6 and 10 with two sockets; of 64 it was 15 and 49 at worst against 35 and
29. A process that is killed takes with it the connections that its socket holds, and no other.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import NoReturn

import uvicorn

from app import logs, main, processes, supervisor
from app.protocols import lifecycle, wire
from app.settings import Settings

_SPARE_SECONDS = 0.5
"""A process has to end by itself before it is ended."""


def serve(settings: Settings) -> int:
    """Serve until stopped; return an exit code."""
    logs.configure(settings.log_level, settings.log_format)
    return _serve(settings) if settings.workers == 1 else _supervise(settings)


def _serve(settings: Settings, sockets: list[socket.socket] | None = None) -> int:
    """Serve in this process, on a new socket or on those given."""
    processes.allow_files(settings.max_connections)
    app = main.create_app(settings)
    config = uvicorn.Config(
        app,
        http=wire.protocol(app.edge),
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
    server = lifecycle.Server(config, app, settings.drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):  # it has ended as it should, and tells the shell how
        server.run(sockets)
    return 0 if server.started else supervisor.FAILED


def _supervise(settings: Settings) -> NoReturn:
    """Serve in several processes.

    Raises:
        SystemExit: the port cannot be had, which the log explains.
    """
    # Never listened to: it finds out whether the port is free, and keeps it for the processes, come and go as they may.
    with uvicorn.Config("", host=settings.host, port=settings.port, log_config=None).bind_socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        os.environ |= {"GRADSERVE_HOST": settings.host, "GRADSERVE_PORT": str(keeper.getsockname()[1])}
        supervisor.Plan(
            settings.workers,
            lifecycle.END_SECONDS + settings.drain_seconds + _SPARE_SECONDS,
            settings.log_level,
            settings.log_format,
            settings.metrics_dir,
        ).become()


def _beside_others(settings: Settings) -> socket.socket:
    """Return a socket of this process on the port of all."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
    listener.bind((settings.host, settings.port))
    return listener


def _main() -> None:
    processes.follow(int(sys.argv[1]))
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format)
    sys.exit(_serve(settings, [_beside_others(settings)]))


if __name__ == "__main__":
    _main()
