"""The composition root: settings to an ASGI application. All parts are made here and handed down.

``create_app`` makes one; ``app.main`` has the one that servers find.

A request goes through these middlewares, the first of them outermost:

    Address              one form of path: without a mount, without slashes too many
    CORSMiddleware       answers browsers of other origins, if any are allowed
    AccessLog            metrics, spans, log lines, number of requests in flight
    RequestId            X-Request-ID
    QuotaHeaders         RateLimit and RateLimit-Policy, if there is a limit or a quota
    Backpressure         429 when bodies or answers take too much memory; large answers are sent in pieces
    ErrorBoundary        errors and bugs become replies, in the form of the path's protocol
    HeaderLimits         431, 414
    RefuseWhileDraining  503 while the process ends
    Authentication       401, 403; who the caller is
    RateLimit            429, if there is a limit or a quota
    Compression          gzip and zstd, both ways
    Operations           answers derivatives and calls of UM-Bridge; such a request goes no further
    HeadAsGet            HEAD
    FastAPI              all other routes
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.api import health, openapi, services
from app.api import metrics as metrics_route
from app.api.http import handler, hot_lane, problem, routing
from app.api.http.middleware import (
    access_log,
    address,
    auth,
    backpressure,
    compression,
    draining,
    error_boundary,
    framework,
    header_limits,
    ratelimit,
    request_id,
    tracing,
)
from app.api.interop import wires
from app.api.interop.inference import routes as inference
from app.api.interop.mcp import routes as mcp
from app.api.interop.tesseract import routes as tesseract
from app.api.interop.umbridge import model
from app.api.interop.umbridge import routes as umbridge
from app.api.rest import batch, derivatives, explain, fits, functions, links, propagate, reference, taylor
from app.api.rest.data import routes as data
from app.api.rest.symbolic import code, formulae
from app.api.web import pages
from app.autodiff import compiler
from app.engine import engine, executables, query
from app.environment import read
from app.runtime import events, processes
from app.runtime import metrics as runtime_metrics
from app.settings import Settings

_DESCRIPTION = """
Gradients of functions you write as text. `POST /v1/grad` a function, a point and JAX-style `argnums`; the answer is
the value and the gradient, computed by JAX.

The function is an expression, a lambda or a `def`, over numbers and arrays, in the names of Python, NumPy, JAX and
SymPy:
`GET /v1/language` lists them, `GET /v1/limits` the limits. Errors are `application/problem+json` (RFC 9457) with a
stable `code`, and the `position` of the mistake where it is in the expression.
"""


class Application(FastAPI):
    """FastAPI behind ``front``, the outermost middleware: FastAPI's own layers cost 3 us and more."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.front(scope, receive, send)
        elif scope["type"] == "websocket":
            # A policy violation (RFC 6455, section 7.4.1). Before the handshake a server makes it a 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Application:
    """Return the application; its parts are in ``app.state.services``."""
    parts = _services(settings or read())
    app = Application(
        title="gradserve",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=_lifespan,
        openapi_url=None,  # routes of our own
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "."}],  # where the document is, whatever the proxies before it
        exception_handlers=problem.handlers(wires.refusal),
    )
    app.state.services = parts
    um_bridge = umbridge.UmBridge(model.Models(parts.engine), parts.limits)
    rest = (derivatives, links, taylor, fits, propagate, functions, data, formulae, code, explain)
    operations = routing.operations([routes.router for routes in rest])
    agents, many = mcp.Mcp(operations, reference.language), batch.BatchRoute(operations)
    for routes in (*rest, many, um_bridge, tesseract, inference, agents, health, reference, metrics_route):
        routing.add(app, routes.router)
    pages.add_pages(app, address.ended_with_slash, reference.language)
    openapi.add_document(app)
    app.front = _stack(app, um_bridge.find)
    return app


def _services(settings: Settings) -> services.Services:
    compiler.configure()
    metrics = runtime_metrics.Metrics()
    authenticator, rate, origins = settings.authenticator(), settings.rate(), tuple(settings.origins())
    served = _engine(settings, metrics, private=authenticator.keyed)
    limits, lifecycle = settings.request_limits(), draining.Lifecycle()
    log = access_log.RequestLog(metrics, tracing.exporting() if settings.traces else None)
    request_handler = handler.Handler(served, limits, keyed=authenticator.keyed)
    parts = services.Services(
        engine=served,
        limits=limits,
        lifecycle=lifecycle,
        authenticator=authenticator,
        rate=rate,
        origins=origins,
        budgets=backpressure.Budgets(limits),
        log=log,
        metrics=metrics,
        shared_metrics=runtime_metrics.SharedDirectory(Path(settings.metrics_dir)) if settings.metrics_dir else None,
        request_handler=request_handler,
        hot_lane=hot_lane.HotLane(
            limits=limits,
            lifecycle=lifecycle,
            authenticator=authenticator,
            rate=rate,
            operations=handler.OperationTable(routing.operations([derivatives.router])),
            request_handler=request_handler,
            log=log,
            cross_origin=bool(origins),
        ),
    )
    metrics.gauges, metrics.measured = metrics_route.gauges(parts), metrics_route.MEASURED
    return parts


def _engine(settings: Settings, metrics: runtime_metrics.Metrics, *, private: bool) -> engine.Engine:
    return engine.Engine(
        query.Options(
            limits=settings.query_limits(),
            plan_capacity=settings.plan_capacity,
            registry_capacity=settings.registry_capacity,
            executable_capacity=executables.ExecutableCapacity(
                settings.executable_capacity, settings.executable_max_bytes
            ),
            compile_workers=settings.compile_workers,
            compile_limits=settings.worker_limits(),
            kept=settings.open_store(),
            kept_data=settings.open_data_store(),
            private_data=private,
            threads=settings.threads,
            queue=settings.queue,
            fit_threads=settings.fit_threads,
            fit_queue=settings.fit_queue,
            compile_seconds_per_minute=settings.compile_seconds_per_minute,
            observer=events.Observers([events.LogObserver(), metrics]),
        )
    )


def _stack(app: Application, find_um_bridge: framework.Find) -> ASGIApp:
    """Return FastAPI inside the middlewares, in the order of this module's docstring."""
    parts: services.Services = app.state.services
    find: list[framework.Find] = [parts.hot_lane.find, find_um_bridge]
    layers = [
        Middleware(address.Address),
        Middleware(CORSMiddleware, **_CORS, allow_origins=parts.origins) if parts.origins else None,
        Middleware(access_log.AccessLog, parts.log, parts.lifecycle, find),
        Middleware(request_id.RequestId),
        Middleware(ratelimit.QuotaHeaders) if parts.rate is not None else None,
        Middleware(backpressure.Backpressure, parts.budgets, wires.refusal),
        Middleware(error_boundary.ErrorBoundary, wires.refusal),
        Middleware(header_limits.HeaderLimits, parts.limits),
        Middleware(draining.RefuseWhileDraining, parts.lifecycle),
        Middleware(auth.Authentication, parts.authenticator),
        Middleware(ratelimit.RateLimit, parts.rate) if parts.rate is not None else None,
        Middleware(compression.Compression, parts.limits, parts.budgets),
        Middleware(framework.Operations, find),
        Middleware(framework.HeadAsGet),
    ]
    inner: ASGIApp = super(Application, app).__call__
    for layer in reversed(layers):
        if layer is not None:
            inner = layer.cls(inner, *layer.args, **layer.kwargs)
    return inner


_CORS: dict[str, Any] = {
    "allow_private_network": True,  # https://wicg.github.io/private-network-access
    "allow_methods": ["DELETE", "GET", "HEAD", "POST"],
    "allow_headers": [
        "Authorization", "Content-Encoding", "Content-Type", "Inference-Header-Content-Length", "Mcp-Method",
        "Mcp-Name", "Mcp-Protocol-Version", "traceparent", "tracestate", "X-API-Key", "X-Request-ID",
    ],
    "expose_headers": [
        "Cache-Status", "Inference-Header-Content-Length", "Location", "RateLimit", "RateLimit-Policy", "Retry-After",
        "Server-Timing", "X-Request-ID",
    ],
}  # fmt: skip
"""Of pages of allowed origins (https://fetch.spec.whatwg.org/#http-cors-protocol)."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop the engine and what else lives as long as the application."""
    parts: services.Services = app.state.services
    processes.compute_in_background()  # so do the threads that JAX starts, which inherit it
    await parts.engine.start()
    await functions.register_examples(parts.engine)
    _settle_heap()
    sys.setswitchinterval(_SWITCH_SECONDS)
    processes.wake_at_once()
    parts.lifecycle.ready = True
    own = _import_rest(), _trim(parts.engine), parts.authenticator.follow()
    background = [asyncio.ensure_future(each) for each in own]
    async with runtime_metrics.write_regularly(parts.metrics, parts.shared_metrics):
        yield
    for task in background:
        task.cancel()
    parts.lifecycle.ready = False
    await parts.engine.close()
    parts.log.close()


async def _import_rest() -> None:
    """Import what only some functions need: half a second, which neither the start nor their requests wait for."""
    for name in ("scipy.special", "scipy.linalg"):
        await asyncio.to_thread(importlib.import_module, name)
    gc.freeze()


def _settle_heap() -> None:
    """Exclude the objects of start-up from garbage collection: JAX, SymPy and tables live as long as the process.

    A collection that visits them takes a tenth of a second, and no request is answered meanwhile. Full collections of
    later objects are made rare too: no request leaves a reference cycle (tests/engine/test_reference_cycles.py).
    """
    gc.freeze()  # without a collection, which takes 0.2 s and finds a thousand objects
    gc.enable()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _SELDOM)


async def _trim(running: engine.Engine) -> None:
    """Give memory back to the system now and then: large requests and unused programs leave hundreds of megabytes."""
    resting_bytes = processes.resident_bytes()
    while True:
        await asyncio.sleep(_TRIM_SECONDS)
        if running.interpreters.release() or processes.resident_bytes() > resting_bytes + _TRIM_BYTES:
            await asyncio.to_thread(processes.trim)
            resting_bytes = processes.resident_bytes()


_TRIM_SECONDS, _TRIM_BYTES = 10.0, 64 << 20
_SELDOM = 100  # collections of young objects for each full collection, ten times CPython's number
_SWITCH_SECONDS = 2e-4
"""How long a thread that computes may keep the interpreter's lock from the event loop.

With CPython's 5 ms, every step of an answer may wait that long. Under long texts, Hessians and large batches at once,
/healthz takes a third of the time with this value, and more of the heavy requests are answered, too.
"""
