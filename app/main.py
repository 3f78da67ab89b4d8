"""The composition root: settings to an ASGI application, every part made here and handed down.

``uvicorn app.main:app`` serves it; ``create_app`` makes one for a test or another host.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__, compiler, engine, errors, meters, processes, telemetry
from app.protocols import (
    access,
    bridge,
    document,
    edge,
    exchange,
    functions,
    inference,
    metrics,
    ops,
    pages,
    problem,
    spans,
    symbolic,
    tesseract,
    traffic,
    umbridge,
    v1,
)
from app.settings import Settings

_DESCRIPTION = """
Gradients of functions you write as text. `POST /v1/grad` a function, a point and JAX-style `argnums`; the answer is
the value and the gradient, computed by JAX.

The function is an expression, a lambda or a `def`, over numbers and arrays, in the names of Python, NumPy, JAX and
SymPy:
`GET /v1/language` lists them, `GET /v1/limits` the limits. Errors are `application/problem+json` (RFC 9457) with a
stable `code`, and the `position` of the mistake where it is in the expression.
"""


class Service(FastAPI):
    """FastAPI behind the edge: what the lane answers never enters the framework, whose layers cost more than it.

    Attributes:
        edge: what every request passes.
        keyed: whether a key is needed.
        front: the edge, or what tells browsers of other origins around it.
    """

    edge: edge.Edge
    front: ASGIApp
    keyed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        if self.keyed:
            access.describe(document)
        return document

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return self.edge.in_flight

    def retire(self) -> None:
        """Say at /readyz that this process is about to end."""
        self.state.ready = False

    def drain(self) -> None:
        """Take no more requests; those under way are finished."""
        self.retire()
        self.edge.draining = True

    async def route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as FastAPI does."""
        await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Service:
    """Return the application.

    Args:
        settings: the configuration; from the environment if not given.
    """
    settings = settings or Settings()
    compiler.configure()
    counted = meters.Meters()
    traced = spans.exporting() if settings.traces else None
    options = engine.Options(
        limits=settings.engine_limits(),
        plan_capacity=settings.plan_capacity,
        registry_capacity=settings.registry_capacity,
        executable_capacity=settings.executable_capacity,
        compile_workers=settings.compile_workers,
        compile_limits=settings.worker_limits(),
        kept=settings.opened_store(),
        threads=settings.threads,
        queue=settings.queue,
        compile_seconds_per_minute=settings.compile_seconds_per_minute,
        observer=telemetry.Observers([telemetry.LogObserver(), counted]),
    )
    served = engine.Engine(options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await served.start()
        await functions.register_examples(served)
        _settle_heap()
        sys.setswitchinterval(_SWITCH_SECONDS)
        app.state.ready = True
        trimming = asyncio.ensure_future(_trim())
        async with meters.shared(counted, app.state.together):
            yield
        trimming.cancel()
        app.state.ready = False
        await served.close()
        if traced is not None:
            traced.close()

    app = Service(
        title="gradserve",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.engine = served
    app.state.ready = False
    app.state.meters = counted
    app.state.together = meters.Together(Path(settings.metrics_dir)) if settings.metrics_dir else None
    app.state.body_limits = settings.body_limits()
    app.state.exchange = exchange.Exchange(served, app.state.body_limits)
    app.state.umbridge = umbridge.Calls(bridge.Bridge(served), app.state.body_limits)
    app.include_router(v1.router)
    app.include_router(functions.router)
    app.include_router(symbolic.router)
    app.include_router(umbridge.router)
    app.include_router(tesseract.router)
    app.include_router(inference.router)
    app.include_router(ops.router)
    app.include_router(metrics.router)
    pages.add_pages(app)
    document.add_document(app)
    app.add_exception_handler(errors.GradserveError, problem.from_error)
    app.add_exception_handler(HTTPException, problem.from_http)
    app.add_exception_handler(RequestValidationError, problem.from_parameters)
    app.add_exception_handler(Exception, problem.from_bug)
    gate = settings.gate()
    app.keyed = gate.keyed
    app.edge = edge.Edge(
        app.route,
        lane=exchange.Lane(v1.operations()),
        performs=app.state.exchange,
        limits=app.state.body_limits,
        others=[app.state.umbridge.find],
        gate=gate,
        counts=traffic.Traffic(counted, traced),
        shares=bool(settings.origins()),
    )
    counted.gauges = _gauges(app, served)
    app.front = _shared(app.edge, settings.origins()) if settings.origins() else app.edge
    return app


def _settle_heap() -> None:
    """Have the garbage collector leave alone what start-up made: JAX, SymPy and the tables live as long as the process.

    Visiting all of it takes a tenth of a second, in which nobody is answered. Visiting what came since is for once in
    a while, too: nothing that answers a request is in a cycle (tests/test_heap.py), so there is little to find.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _SELDOM)


async def _trim() -> None:
    """Give memory back that large requests and loaded programs have left, some hundreds of megabytes, now and then."""
    rested = processes.resident_bytes()
    while True:
        await asyncio.sleep(_TRIM_SECONDS)
        if processes.resident_bytes() > rested + _TRIM_BYTES:
            await asyncio.to_thread(processes.trim)
            rested = processes.resident_bytes()


_TRIM_SECONDS, _TRIM_BYTES = 10.0, 64 << 20

_SELDOM = 100
"""Collections of what is young before one of everything, ten times CPython's."""

_SWITCH_SECONDS = 2e-4
"""How long a thread that computes may keep the interpreter's lock from the event loop. CPython's 5 ms are waited for at
each step of an answer; with long texts, Hessians and large batches at once it is /healthz that waits, a third as long
with this, and more of the heavy is done, too."""


def _gauges(app: Service, served: engine.Engine) -> dict[str, meters.Gauge]:
    """Return what tells how things are now."""
    pools = {("brief",): served.brief, ("lengthy",): served.lengthy}
    return {
        "ready": lambda: float(app.state.ready),
        "requests_in_flight": lambda: app.in_flight,
        "queue_length": lambda: {labels: len(pool) for labels, pool in pools.items()},
        "queue_capacity": lambda: {labels: pool.places for labels, pool in pools.items()},
        "formulae_waiting": lambda: served.workers.waiting,
        "compilations_waiting": lambda: served.library.coming,
        "executables_live": lambda: len(served.library),
        "functions_known": lambda: served.known,
        "programs_missing": lambda: served.programs.missing,
        "workers_alive": lambda: len(served.workers.pids),
        "memory_maps": processes.memory_maps,
        "resident_bytes": processes.resident_bytes,
    }


def _shared(app: ASGIApp, origins: list[str]) -> ASGIApp:
    """Return an application that pages of other origins may ask (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
        expose_headers=["Cache-Status", "Retry-After", "Server-Timing", "X-Request-ID"],
    )


def __getattr__(name: str) -> Service:
    # Made when asked for, so that importing this module to call create_app builds nothing (PEP 562).
    if name == "app":
        application = globals()["app"] = create_app()
        return application
    raise AttributeError(name)
