"""The composition root: settings to an ASGI application, every part made here and handed down.

``uvicorn app.main:app`` serves it; ``create_app`` makes one for a test or another host.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from app import __version__, compiler, engine, errors, memo, store, telemetry
from app.protocols import (
    bridge,
    document,
    edge,
    exchange,
    functions,
    inference,
    ops,
    pages,
    problem,
    symbolic,
    tesseract,
    umbridge,
    v1,
)
from app.settings import Settings

_DESCRIPTION = """
Gradients of functions you write as text. `POST /v1/grad` a function, a point and JAX-style `argnums`; the answer is
the value and the gradient, computed by JAX.

The function is an expression, a lambda or a straight-line `def`, in the names of Python, NumPy, JAX and SymPy:
`GET /v1/language` lists them, `GET /v1/limits` the limits. Errors are `application/problem+json` (RFC 9457) with a
stable `code`, and the `position` of the mistake where it is in the expression.
"""


class Service(FastAPI):
    """FastAPI behind the edge: what the lane answers never enters the framework, whose layers cost more than it."""

    edge: edge.Edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.edge(scope, receive, send)

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
    options = engine.Options(
        limits=settings.engine_limits(),
        plan_capacity=settings.plan_capacity,
        registry_capacity=settings.registry_capacity,
        executable_capacity=settings.executable_capacity,
        compile_workers=settings.compile_workers,
        compile_limits=settings.worker_limits(),
        disk=store.open_store(settings.cache_directory(), settings.cache_max_bytes),
        threads=settings.threads,
        observer=telemetry.Observers([telemetry.LogObserver()]),
    )
    served = engine.Engine(options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await served.start()
        await functions.register_examples(served)
        app.state.ready = True
        yield
        app.state.ready = False
        await served.close()

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
    app.state.body_limits = settings.body_limits()
    app.state.exchange = exchange.Exchange(served, app.state.body_limits)
    app.state.umbridge = umbridge.Calls(bridge.Bridge(served, memo.Memo(served)), app.state.body_limits)
    app.include_router(v1.router)
    app.include_router(functions.router)
    app.include_router(symbolic.router)
    app.include_router(umbridge.router)
    app.include_router(tesseract.router)
    app.include_router(inference.router)
    app.include_router(ops.router)
    pages.add_pages(app)
    document.add_document(app)
    app.add_exception_handler(errors.GradserveError, problem.from_error)
    app.add_exception_handler(HTTPException, problem.from_http)
    app.add_exception_handler(RequestValidationError, problem.from_parameters)
    app.add_exception_handler(Exception, problem.from_bug)
    app.edge = edge.Edge(
        app.route,
        lane=exchange.Lane(v1.operations()),
        performs=app.state.exchange,
        limits=app.state.body_limits,
        others=[app.state.umbridge.find],
    )
    return app


def __getattr__(name: str) -> Service:
    # Made when asked for, so that importing this module to call create_app builds nothing (PEP 562).
    if name == "app":
        application = globals()["app"] = create_app()
        return application
    raise AttributeError(name)
