"""Requests as OpenTelemetry spans; the OTEL_* variables say where they are sent.

A request is one span of kind server, a child of the client's span if there is a ``traceparent`` header (W3C Trace
Context). If something was computed, it has two children: "parse", until the computation began, and "execute". Spans are
made after the request has been answered, from the times in ``replies.Computed``: nothing is measured twice, and
requests of the hot lane have spans too.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import os
import time
from typing import Any

from app.api.http import context, replies

# Headers of a response that are attributes of its span.
_ATTRIBUTES = {"gradserve.request_id": b"x-request-id", "gradserve.cache_status": b"cache-status"}
_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})
_PROTOCOL = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OVER_HTTP = "http/protobuf"


class OpenTelemetry:
    """Hands spans to a ``TracerProvider`` of the OpenTelemetry SDK."""

    def __init__(self, provider: Any) -> None:
        # Imported here, because the packages are installed only for traces.
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415

        self._trace = trace
        self._provider, self._tracer = provider, provider.get_tracer("gradserve")
        self._propagator = tracecontext.TraceContextTextMapPropagator()

    def record(self, request: context.RequestContext, request_headers: replies.Headers, seconds: float) -> None:
        """Record a request that took some seconds until now."""
        end = time.time_ns()
        start = end - int(seconds * 1e9)
        carried = {name.decode(): value.decode("latin-1") for name, value in request_headers if name in _TRACE_HEADERS}
        span = self._tracer.start_span(
            request.route,
            context=self._propagator.extract(carried) if carried else None,
            kind=self._trace.SpanKind.SERVER,
            start_time=start,
            attributes={"http.route": request.route, "http.response.status_code": request.status},
        )
        response_headers = dict(request.headers)
        for attribute, name in _ATTRIBUTES.items():
            if name in response_headers:
                span.set_attribute(attribute, response_headers[name].decode("latin-1"))
        if request.status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        within = self._trace.set_span_in_context(span)
        for step, step_seconds in (request.computed.steps() if request.computed is not None else {}).items():
            child = self._tracer.start_span(step, context=within, start_time=start)
            start = min(end, start + int(step_seconds * 1e9))
            child.end(end_time=start)
        span.end(end_time=end)

    def close(self) -> None:
        """Send the spans that have not been sent."""
        self._provider.shutdown()


def exporter() -> Any:
    """Return the SDK's exporter by OTLP over HTTP.

    Raises:
        ValueError: the extra ``gradserve[traces]`` is not installed, or an OTEL_* variable asks for what it cannot do.
    """
    asked = [os.environ.get(name) for name in _PROTOCOL]
    if (protocol := next(filter(None, asked), _OVER_HTTP)) != _OVER_HTTP:
        raise ValueError(f"{_PROTOCOL[-1]} is {protocol[:40]}, and spans are sent by {_OVER_HTTP} only")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk import trace  # noqa: F401, PLC0415
    except ImportError:
        raise ValueError("traces need what gradserve[traces] installs") from None
    # A collector that takes longer than 5 seconds loses the spans; no request waits for it.
    return OTLPSpanExporter(timeout=5)


def exporting() -> OpenTelemetry:
    """Return what sends spans by OTLP over HTTP; ValueError as ``exporter``."""
    sent_by = exporter()
    from opentelemetry.sdk import resources, trace  # noqa: PLC0415
    from opentelemetry.sdk.trace import export  # noqa: PLC0415

    named = resources.Resource.create({resources.SERVICE_NAME: "gradserve"})
    named = named.merge(resources.OTELResourceDetector().detect())  # what the environment says wins
    provider = trace.TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(export.BatchSpanProcessor(sent_by))
    return OpenTelemetry(provider)
