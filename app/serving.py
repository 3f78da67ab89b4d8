"""The service on a port, in this process or in several.

Several share one listening socket, which the parent binds and keeps. What is measured against a socket for each
(SO_REUSEPORT) stands at ``_bound``.
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
    app = main.create_app(settings)
    config = uvicorn.Config(
        app,
        http=wire.protocol(app.edge),
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
    """Serve in several processes, on a socket that is theirs in common.

    Raises:
        SystemExit: there can be no such socket, which the log explains.
    """
    listener = uvicorn.Config("", host=settings.host, port=settings.port, log_config=None).bind_socket()
    host, port = listener.getsockname()[:2]
    os.environ |= {"GRADSERVE_HOST": host, "GRADSERVE_PORT": str(port), "GRADSERVE_WORKERS": str(settings.workers)}
    supervisor.Plan(
        settings.workers,
        listener.fileno(),
        lifecycle.END_SECONDS + settings.drain_seconds + _SPARE_SECONDS,
        settings.log_level,
        settings.log_format,
        settings.metrics_dir,
    ).become()


def _main() -> None:
    parent, descriptor = map(int, sys.argv[1:])
    processes.follow(parent)
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format)
    sys.exit(_serve(settings, [socket.socket(fileno=descriptor)]))


if __name__ == "__main__":
    _main()
