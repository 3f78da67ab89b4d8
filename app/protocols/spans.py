"""Requests as OpenTelemetry spans, for whoever runs a collector; everything about them is set by the OTEL_* variables.

A request is one span of kind server, a child of the client's if its ``traceparent`` says so (W3C Trace Context), with
two children where something was computed: "parse", until the computation began, and "execute". They are made when the
request has been answered, from the times that its ``Server-Timing`` tells, so nothing is measured twice and the way
past ASGI has them too.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any, Protocol

Headers = Iterable[tuple[bytes, bytes]]

_STEPS = re.compile(rb"(\w+);dur=([\d.]+)")
_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})


class Spans(Protocol):
    """Takes answered requests."""

    def record(self, route: str, status: int, asked: Headers, told: Headers, seconds: float) -> None:
        """Record a request.

        Args:
            route: its path, a template where it has parameters.
            status: of the answer.
            asked: headers of the request.
            told: headers of the answer.
            seconds: it took until now.
        """

    def close(self) -> None:
        """Send what has not been sent."""


class OpenTelemetry:
    """Hands spans to an OpenTelemetry provider.

    Args:
        provider: of the SDK, ``opentelemetry.sdk.trace.TracerProvider``.
    """

    def __init__(self, provider: Any) -> None:
        # Imported here: who makes no traces need not have it installed.
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415

        self._trace = trace
        self._provider = provider
        self._tracer = provider.get_tracer("gradserve")
        self._propagator = tracecontext.TraceContextTextMapPropagator()

    def record(self, route: str, status: int, asked: Headers, told: Headers, seconds: float) -> None:
        """Record a request."""
        end = time.time_ns()
        start = end - int(seconds * 1e9)
        carried = {name.decode(): value.decode("latin-1") for name, value in asked if name in _TRACE_HEADERS}
        span = self._tracer.start_span(
            route,
            context=self._propagator.extract(carried) if carried else None,
            kind=self._trace.SpanKind.SERVER,
            start_time=start,
            attributes={"http.route": route, "http.response.status_code": status},
        )
        found = dict(told)
        if b"x-request-id" in found:
            span.set_attribute("gradserve.request_id", found[b"x-request-id"].decode("latin-1"))
        if b"cache-status" in found:
            span.set_attribute("gradserve.cache_status", found[b"cache-status"].decode())
        if status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        within = self._trace.set_span_in_context(span)
        for name, milliseconds in _STEPS.findall(found.get(b"server-timing", b"")):
            child = self._tracer.start_span(name.decode(), context=within, start_time=start)
            start = min(end, start + int(float(milliseconds) * 1e6))
            child.end(end_time=start)
        span.end(end_time=end)

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()


def exporting() -> Spans:
    """Return what sends spans by OTLP over HTTP, as the OTEL_* variables say where, what name and how many.

    Raises:
        ValueError: the extra ``gradserve[traces]`` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk import resources, trace  # noqa: PLC0415
        from opentelemetry.sdk.trace import export  # noqa: PLC0415
    except ImportError:
        raise ValueError("traces need what gradserve[traces] installs") from None
    # What the environment says wins.
    named = resources.Resource.create({resources.SERVICE_NAME: "gradserve"}).merge(
        resources.OTELResourceDetector().detect()
    )
    provider = trace.TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(export.BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_SECONDS)))
    return OpenTelemetry(provider)


_EXPORT_SECONDS = 5
"""For a collector to take spans; one that does not costs them, and no request."""
