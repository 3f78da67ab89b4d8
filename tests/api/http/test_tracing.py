"""Requests as spans, checked with the SDK's exporter in memory and with a collector that reads OTLP."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.sdk import trace
from opentelemetry.sdk.trace import export
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.api.http.middleware import tracing
from app.settings import Settings
from tests.support.service import Client, serving
from tests.support.sockets import listening, request

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
QUESTION = b'{"expression": "x**2", "point": [3.0]}'


@pytest.fixture
def kept(client: Client) -> Iterator[InMemorySpanExporter]:
    """Spans of the application while a test runs."""
    exporter = InMemorySpanExporter()
    provider = trace.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    log = client.app.state.services.log
    log.spans = tracing.OpenTelemetry(provider)
    yield exporter
    log.spans = None
    provider.shutdown()


def test_a_request_is_a_span_with_its_steps(client: Client, kept: InMemorySpanExporter) -> None:
    response = client.post(QUESTION, traceparent=f"00-{TRACE}-{PARENT}-01")
    parse, execute, whole = kept.get_finished_spans()
    assert (whole.name, whole.kind.name) == ("/v1/grad", "SERVER")
    assert whole.attributes is not None
    assert whole.attributes["http.route"] == "/v1/grad"
    assert whole.attributes["http.response.status_code"] == 200
    assert whole.attributes["gradserve.request_id"] == response.headers["x-request-id"]
    assert whole.attributes["gradserve.cache_status"] == response.headers["cache-status"]
    assert whole.context.trace_id == int(TRACE, 16)
    assert whole.parent is not None
    assert whole.parent.span_id == int(PARENT, 16)
    for step, name in ((parse, "parse"), (execute, "execute")):
        assert step.name == name
        assert step.parent is not None
        assert step.parent.span_id == whole.context.span_id
    times = [whole.start_time, parse.start_time, parse.end_time, execute.start_time, execute.end_time, whole.end_time]
    assert times == sorted(times, key=lambda time: time or 0)


@pytest.mark.parametrize("header", ["", "00-zz-zz-01", "x" * 5000, "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_without_a_valid_traceparent_a_new_trace_begins(
    client: Client, kept: InMemorySpanExporter, header: str
) -> None:
    client.post(QUESTION, traceparent=header)
    whole = kept.get_finished_spans()[-1]
    assert whole.parent is None
    assert whole.context.trace_id


def test_an_error_is_a_span_without_steps(client: Client, kept: InMemorySpanExporter) -> None:
    client.post(b"{")
    (whole,) = kept.get_finished_spans()
    assert whole.attributes is not None
    assert whole.attributes["http.response.status_code"] == 400
    assert whole.status.is_ok, "a client's mistake is no error of the server"


def test_a_request_of_the_hot_lane_is_a_span(client: Client, kept: InMemorySpanExporter) -> None:
    async def talk() -> list[str]:
        async with listening(client.app) as served:
            await served.heat(QUESTION)
            kept.clear()
            await (await served.connect()).ask(request(QUESTION))
            return served.asgi

    assert client.run(talk()) == []
    assert [span.name for span in kept.get_finished_spans()] == ["parse", "execute", "/v1/grad"]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Yield the address of an OTLP receiver, and what it has received."""
    received: list[Any] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            received.append(trace_service_pb2.ExportTraceServiceRequest.FromString(content))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_spans_reach_the_collector_that_the_environment_names(
    collector: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, received = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    with serving(Settings(traces=True), workers=False) as client:
        assert client.post(QUESTION).status_code == 200
    (batch,) = [resource for export in received for resource in export.resource_spans]
    told = {attribute.key: attribute.value.string_value for attribute in batch.resource.attributes}
    assert told["service.name"] == "gradserve"
    assert told["deployment.environment.name"] == "test"
    assert {span.name for scope in batch.scope_spans for span in scope.spans} == {"/v1/grad", "parse", "execute"}


def test_requests_are_answered_without_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with serving(Settings(traces=True), workers=False) as client:
        assert client.grad("x**2", [3.0])["gradient"] == 6.0


def test_requests_are_answered_if_a_span_cannot_be_recorded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def record(self, *_: object) -> None:
            raise RuntimeError("broken")

    log = client.app.state.services.log
    monkeypatch.setattr(log, "spans", Broken())
    assert client.grad("x**2", [3.0])["gradient"] == 6.0
