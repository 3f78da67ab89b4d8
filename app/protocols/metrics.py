"""GET /metrics: the meters as Prometheus reads them, its text format or OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from prometheus_client import exposition, metrics_core, registry
from starlette.requests import Request
from starlette.responses import Response

from app import meters

_PREFIX = "gradserve_"
_OPENMETRICS = "application/openmetrics-text"

_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

router = APIRouter(tags=["service"])


class Published(registry.Collector):
    """One scrape.

    Args:
        snapshot: what it tells.
    """

    def __init__(self, snapshot: meters.Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[metrics_core.Metric]:
        for family in meters.FAMILIES:
            rows = self._snapshot.get(family.name, {})
            if not rows and not family.labels and family.kind == "counter":
                rows = {(): [0.0]}  # a rate wants to see it before it first grows
            yield _metric(family, rows)


def _metric(family: meters.Family, rows: dict[meters.Labels, list[float]]) -> metrics_core.Metric:
    name = _PREFIX + family.name
    if family.kind == "histogram":
        histogram = metrics_core.HistogramMetricFamily(name, family.help, labels=family.labels)
        for labels, row in rows.items():
            histogram.add_metric(labels, _buckets(row[:-1]), row[-1])
        return histogram
    cls = metrics_core.CounterMetricFamily if family.kind == "counter" else metrics_core.GaugeMetricFamily
    metric = cls(name, family.help, labels=family.labels)
    for labels, (value,) in rows.items():
        metric.add_metric(labels, value)
    return metric


def _buckets(counts: list[float]) -> list[tuple[str, float]]:
    """Return the buckets as Prometheus has them: each counts what is below its bound."""
    found, total = [], 0.0
    for bound, count in zip((*map(str, meters.BOUNDS), "+Inf"), counts, strict=True):
        total += count
        found.append((bound, total))
    return found


@router.get(
    "/metrics", operation_id="metrics", summary="Numbers for Prometheus", response_class=Response, responses=_TEXT
)
async def metrics(request: Request) -> Response:
    """Publish counters, histograms and gauges; where several processes serve together, their sum."""
    snapshot = request.app.state.meters.snapshot()
    together: meters.Together | None = request.app.state.together
    if together is not None:
        together.write(snapshot)
        snapshot = meters.add([snapshot, *together.others()])
    # Only whether the format is named counts; the library stumbles over versions that are none.
    wanted = _OPENMETRICS if _OPENMETRICS in request.headers.get("accept", "") else ""
    encode, media_type = exposition.choose_encoder(wanted)
    return Response(encode(Published(snapshot)), media_type=media_type)
