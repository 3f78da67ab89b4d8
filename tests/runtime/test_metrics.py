"""Metrics of a process and of several, and /metrics as Prometheus reads them."""

import itertools
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from app.runtime import events, metrics
from app.settings import Settings
from tests.support.service import Client, serving

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "gradserve.json"
QUESTION = {"expression": "x**2", "point": [3.0]}


def scrape(client: Client, **headers: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return samples by name and labels, as the library's own parser reads them."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(samples: Any, name: str, **labels: str) -> float:
    """Return the sum of the samples that have these labels."""
    wanted = set(labels.items())
    return float(sum(number for (found, have), number in samples.items() if found == name and wanted <= have))


@pytest.fixture(scope="module")
def served() -> Iterator[Client]:
    with serving() as client:
        yield client


def test_every_family_is_published_with_help_type_and_prefix(served: Client) -> None:
    text = served.get("/metrics").text
    for family in metrics.FAMILIES:
        name = f"gradserve_{family.name}" + ("_total" if family.kind == "counter" else "")
        assert f"# HELP {name} {family.help}" in text
        assert f"# TYPE {name} {family.kind}" in text
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    assert all(name.startswith("gradserve_") for name in names)


def test_requests_are_counted_by_route_and_status(served: Client) -> None:
    before = scrape(served)
    for _ in range(3):
        served.post(QUESTION)
    served.post({"expression": "x**", "point": [3.0]})
    served.post(QUESTION | {"argnums": [0]}, "/v1/functions/" + "0" * 32 + "/grad")
    served.get("/v1/limits")
    served.get("/no/such/path")
    served.request("HEAD", "/healthz")
    after = scrape(served)
    for grown, route, status in (
        (3, "/v1/grad", "200"),
        (1, "/v1/grad", "422"),
        (1, "/v1/functions/{function_id}/grad", "422"),
        (1, "/v1/limits", "200"),
        (1, "/healthz", "200"),
        (1, "other", "404"),
    ):
        labels = {"route": route, "status": status}
        name = "gradserve_requests_total"
        assert value(after, name, **labels) - value(before, name, **labels) == grown, labels


def test_latencies_are_counted_by_route_and_tier(served: Client) -> None:
    before = scrape(served)
    answer = served.post(QUESTION)
    after = scrape(served)
    labels = {"route": "/v1/grad", "tier": answer.headers["cache-status"].rpartition("=")[2]}
    name = "gradserve_request_seconds"
    assert value(after, f"{name}_count", **labels) - value(before, f"{name}_count", **labels) == 1
    assert value(after, f"{name}_sum", **labels) > value(before, f"{name}_sum", **labels)
    assert value(after, f"{name}_bucket", le="+Inf", **labels) == value(after, f"{name}_count", **labels)


def test_hits_points_and_compilations_are_counted_by_tier(served: Client) -> None:
    functions = [secrets.choice(["sin", "cos"]) for _ in range(16)]  # a function that no cache has
    text = "(".join(functions) + "(x" + ")" * len(functions)
    single, batch = {"expression": text, "point": [3.0]}, {"expression": text, "point": [[1.0, 2.0, 3.0]], "in_axes": 0}
    before = scrape(served)
    told = [served.post(batch).headers["cache-status"] for _ in range(2)]
    deadline = time.monotonic() + 60
    while "compiled" not in told[-1]:
        told.append(served.post(single).headers["cache-status"])
        served.run(served.app.state.services.engine.executables.wait_until_idle())
        assert time.monotonic() < deadline
    after = scrape(served)

    def growth(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert growth("gradserve_points_total", tier="interpreted") == 6 + len(told) - 3
    assert growth("gradserve_cache_requests_total", result="hit") == sum("; hit" in each for each in told)
    assert growth("gradserve_cache_requests_total", result="miss") == sum("; hit" not in each for each in told)
    assert growth("gradserve_cache_requests_total", tier="compiled") == 1
    assert growth("gradserve_compile_seconds_count", transform="grad") == 1


def test_gauges_say_how_things_are(served: Client) -> None:
    samples = scrape(served)
    assert value(samples, "gradserve_workers_alive") == 2
    assert value(samples, "gradserve_memory_maps") > 100
    assert value(samples, "gradserve_resident_bytes") > 1 << 27
    assert value(samples, "gradserve_ready") == 1


def test_clients_cannot_add_series_without_bound(served: Client) -> None:
    counts = []
    for first in (0, 50):
        for n in range(first, first + 50):
            served.get(f"/path/{n}")
            served.post(QUESTION, f"/v1/functions/{n:032x}/grad")
            served.post({"expression": f"x + {n}", "point": [1.0]}, X_Request_ID=f"id-{n}")
        counts.append(len(scrape(served)))
    # The first half adds the routes and statuses. The second half may add another tier or a compilation: histograms of
    # 20 series each. One series for each path or id would be a thousand.
    assert counts[1] <= counts[0] + 100


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=x.y", "application/openmetrics-text", "a/b,,;q"]
)
def test_the_accept_header_chooses_openmetrics_and_may_be_malformed(served: Client, accept: str) -> None:
    response = served.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    if "openmetrics" in accept:
        assert response.headers["content-type"].startswith("application/openmetrics-text")
        read: Any = openmetrics.text_string_to_metric_families
        families = list(read(response.text))
        assert {family.name for family in families} == {f"gradserve_{family.name}" for family in metrics.FAMILIES}


def test_metrics_need_a_key_if_there_are_keys() -> None:
    with serving(Settings(api_keys=SecretStr("k1")), workers=False) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer k1"}).status_code == 200
        assert value(scrape(client, **{"X-API-Key": "k1"}), "gradserve_requests_total", status="401") == 1


def test_every_event_is_counted_with_its_labels() -> None:
    counted = metrics.Metrics()
    for event in (
        events.Compiled("k", "grad", 0, 8, 0.03),
        events.Derived("f", 1, 0.2),
        events.Answered("grad", "compiled", True, 5, 2e-5),
        events.WorkerReplaced("memory"),
        events.Disagreed("k", "grad"),
    ):
        counted.observe(event)
    found = counted.snapshot()
    assert found["worker_restarts"] == {("memory",): [1.0]}
    assert found["disagreements"] == {(): [1.0]}
    assert found["points"] == {("compiled",): [5.0]}
    assert found["cache_requests"] == {("compiled", "hit"): [1.0]}
    assert found["compile_seconds"]["grad",][-1] == 0.03
    assert found["derive_seconds"][()][-1] == 0.2


@given(st.lists(st.floats(0, 60), max_size=50))
def test_a_histogram_counts_each_value_once_in_its_bucket(times: list[float]) -> None:
    counted = metrics.Metrics()
    for seconds in times:
        counted.request("/", 200, "none", seconds)
    row = counted.snapshot()["request_seconds"].get(("/", "none"), [0.0] * (len(metrics.BOUNDS) + 2))
    bounds = [0.0, *metrics.BOUNDS, float("inf")]
    expected = [
        sum(low < seconds <= high or (low == 0.0 == seconds) for seconds in times)
        for low, high in itertools.pairwise(bounds)
    ]
    assert row[:-1] == expected
    assert row[-1] == pytest.approx(sum(times))


ANOTHER = """
import sys, time, pathlib
from app.runtime import metrics
directory = metrics.SharedDirectory(pathlib.Path(sys.argv[1]))
counted = metrics.Metrics()
counted.gauges["ready"] = lambda: 1
for _ in range(5):
    counted.request("/v1/grad", 200, "compiled", 0.001)
directory.write(counted.snapshot())
print("written", flush=True)
sys.stdin.read()
"""


def test_a_scrape_adds_up_all_processes_and_keeps_the_counters_of_those_that_ended(tmp_path: Path) -> None:
    other = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", ANOTHER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"written\n"
        (tmp_path / f"{os.getpid()}-damaged.json").write_text('{"requests": 7')
        with serving(Settings(metrics_dir=str(tmp_path)), workers=False) as client:
            client.post(QUESTION)
            alive = scrape(client)
            other.communicate()
            dead = scrape(client)
    finally:
        other.kill()
        other.wait()
    labels = {"route": "/v1/grad", "status": "200"}
    assert value(alive, "gradserve_requests_total", **labels) == 6
    assert value(dead, "gradserve_requests_total", **labels) == 6
    assert (value(alive, "gradserve_ready"), value(dead, "gradserve_ready")) == (2, 1)


def test_the_dashboard_shows_only_published_metrics() -> None:
    shown = set(re.findall(r"gradserve_\w+", DASHBOARD.read_text().replace('"uid": "gradserve"', "")))
    published = set()
    for family in metrics.FAMILIES:
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}[family.kind]
        published |= {f"gradserve_{family.name}{suffix}" for suffix in suffixes}
    assert shown <= published
    assert len(shown) > 15
    assert json.loads(DASHBOARD.read_text())["panels"]
