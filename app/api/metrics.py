"""GET /metrics: the metrics as Prometheus reads them, in its text format or in OpenMetrics."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from prometheus_client import exposition, metrics_core, registry
from starlette.requests import Request
from starlette.responses import Response

from app.api import services
from app.runtime import metrics as runtime_metrics
from app.runtime import processes

_PREFIX = "gradserve_"
_OPENMETRICS = "application/openmetrics-text"
_BOUNDS = (*map(str, runtime_metrics.BOUNDS), "+Inf")
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

router = APIRouter(tags=["service"])


@router.get(
    "/metrics", operation_id="metrics", summary="Numbers for Prometheus", response_class=Response, responses=_TEXT
)
async def metrics(request: Request) -> Response:
    """Publish counters, histograms and gauges; where several processes serve together, their sum."""
    parts = services.of(request)
    snapshot = await parts.metrics.measure()
    if parts.shared_metrics is not None:
        parts.shared_metrics.write(snapshot)
        snapshot = runtime_metrics.total([snapshot, *parts.shared_metrics.others()])
    # Only whether the format is named counts; the library stumbles over versions that are none.
    wanted = _OPENMETRICS if _OPENMETRICS in request.headers.get("accept", "") else ""
    encode, media_type = exposition.choose_encoder(wanted)
    return Response(encode(Published(snapshot)), media_type=media_type)


@dataclass(frozen=True, slots=True)
class Published(registry.Collector):
    """One scrape."""

    snapshot: runtime_metrics.Snapshot

    def collect(self) -> Iterator[metrics_core.Metric]:
        for family in runtime_metrics.FAMILIES:
            rows = self.snapshot.get(family.name, {})
            if not rows and not family.labels and family.kind == "counter":
                rows = {(): [0.0]}  # a rate wants to see it before it first grows
            yield _metric(family, rows)


def _metric(family: runtime_metrics.Family, rows: dict[runtime_metrics.Labels, list[float]]) -> metrics_core.Metric:
    name = _PREFIX + family.name
    if family.kind == "histogram":
        histogram = metrics_core.HistogramMetricFamily(name, family.help, labels=family.labels)
        for labels, row in rows.items():
            below = itertools.accumulate(row[:-1])  # a bucket of Prometheus counts all that is below its bound
            histogram.add_metric(labels, list(zip(_BOUNDS, below, strict=True)), row[-1])
        return histogram
    cls = metrics_core.CounterMetricFamily if family.kind == "counter" else metrics_core.GaugeMetricFamily
    metric = cls(name, family.help, labels=family.labels)
    for labels, (value,) in rows.items():
        metric.add_metric(labels, value)
    return metric


def gauges(parts: services.Services) -> dict[str, runtime_metrics.Gauge]:
    """Return the gauges of an application: functions that read their present values."""
    served = parts.engine
    pools = {("brief",): served.brief, ("lengthy",): served.lengthy, ("fits",): served.fits.pool}
    return {
        "ready": lambda: float(parts.lifecycle.ready),
        "requests_in_flight": lambda: parts.lifecycle.in_flight,
        "queue_length": lambda: {labels: len(pool) for labels, pool in pools.items()},
        "queue_capacity": lambda: {labels: pool.places for labels, pool in pools.items()},
        "formulae_waiting": lambda: served.workers.waiting,
        "compilations_waiting": lambda: served.executables.pending,
        "executables_live": lambda: len(served.executables),
        "functions_known": lambda: served.known,
        "data_bytes": lambda: served.data.held_bytes,
        "programs_missing": lambda: served.interpreters.missing,
        "workers_alive": lambda: len(served.workers.pids),
    }


MEASURED: dict[str, runtime_metrics.Gauge] = {
    "memory_maps": processes.memory_maps,
    "resident_bytes": processes.resident_bytes,
}
"""Gauges of the process."""
