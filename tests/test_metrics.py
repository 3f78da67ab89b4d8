"""What operators see: /metrics as Prometheus reads it, and the lines of the log."""

import itertools
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from app import logs, meters, telemetry
from app.settings import Settings
from tests.service import Client, serving

DASHBOARD = Path(__file__).parent.parent / "deploy" / "grafana" / "gradserve.json"
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


def test_every_family_is_there_with_help_type_and_prefix(served: Client) -> None:
    text = served.get("/metrics").text
    for family in meters.FAMILIES:
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


def test_hits_and_points_and_compilations_are_counted_by_tier() -> None:
    with serving(Settings(cache_dir="")) as client:
        document = {"expression": "sin(x)*x**7", "point": {"x": [1.0, 2.0, 3.0]}, "in_axes": 0}
        client.answer(document)
        client.answer(document)
        single = {"expression": "sin(x)*x**7", "point": [3.0]}
        deadline = time.monotonic() + 60
        while "compiled" not in client.post(single).headers["cache-status"]:
            client.run(client.app.state.engine.library.settle())
            assert time.monotonic() < deadline
        samples = scrape(client)
    assert value(samples, "gradserve_points_total", tier="interpreted") >= 6
    assert value(samples, "gradserve_cache_requests_total", result="miss") == 1 + 1  # at three points, and at one
    assert value(samples, "gradserve_cache_requests_total", result="hit", tier="compiled") == 1
    assert value(samples, "gradserve_compile_seconds_count", transform="grad") >= 1
    assert value(samples, "gradserve_executables_live") >= 1
    assert value(samples, "gradserve_workers_alive") == 2
    assert value(samples, "gradserve_memory_maps") > 100
    assert value(samples, "gradserve_resident_bytes") > 1 << 27
    assert value(samples, "gradserve_ready") == 1


def test_a_client_cannot_make_series_without_end(served: Client) -> None:
    counts = []
    for first in (0, 50):
        for n in range(first, first + 50):
            served.get(f"/path/{n}")
            served.post(QUESTION, f"/v1/functions/{n:032x}/grad")
            served.post({"expression": f"x + {n}", "point": [1.0]}, X_Request_ID=f"id-{n}")
        counts.append(len(scrape(served)))
    # The first half has met the routes and statuses; what may yet come is another tier or a compilation, a histogram of
    # some 20 lines each. A series for each path or id would be a thousand.
    assert counts[1] <= counts[0] + 100


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=x.y", "application/openmetrics-text", "a/b,,;q"]
)
def test_openmetrics_is_spoken_to_who_asks_for_it_and_nothing_in_accept_is_fatal(served: Client, accept: str) -> None:
    response = served.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    if "openmetrics" in accept:
        assert response.headers["content-type"].startswith("application/openmetrics-text")
        read: Any = openmetrics.text_string_to_metric_families
        families = list(read(response.text))
        assert {family.name for family in families} == {f"gradserve_{family.name}" for family in meters.FAMILIES}


def test_keys_close_metrics_too() -> None:
    with serving(Settings(api_keys=SecretStr("k1"))) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer k1"}).status_code == 200
        assert value(scrape(client, **{"X-API-Key": "k1"}), "gradserve_requests_total", status="401") == 1


def test_every_event_is_counted_by_what_it_says() -> None:
    counted = meters.Meters()
    for event in (
        telemetry.Compiled("k", "grad", 0, 8, 0.03),
        telemetry.Derived("f", 1, 0.2),
        telemetry.Answered("grad", "compiled", True, 5, 2e-5),
        telemetry.WorkerReplaced("memory"),
        telemetry.Disagreed("k", "grad"),
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
def test_a_histogram_counts_each_time_once_in_the_bucket_it_belongs_to(times: list[float]) -> None:
    counted = meters.Meters()
    for seconds in times:
        counted.request("/", 200, "none", seconds)
    row = counted.snapshot()["request_seconds"].get(("/", "none"), [0.0] * (len(meters.BOUNDS) + 2))
    bounds = [0.0, *meters.BOUNDS, float("inf")]
    expected = [
        sum(low < seconds <= high or (low == 0.0 == seconds) for seconds in times)
        for low, high in itertools.pairwise(bounds)
    ]
    assert row[:-1] == expected
    assert row[-1] == pytest.approx(sum(times))


ANOTHER = """
import sys, time, pathlib
from app import meters
together = meters.Together(pathlib.Path(sys.argv[1]))
counted = meters.Meters()
counted.gauges["ready"] = lambda: 1
for _ in range(5):
    counted.request("/v1/grad", 200, "compiled", 0.001)
together.write(counted.snapshot())
print("written", flush=True)
sys.stdin.read()
"""


def test_several_processes_add_up_in_one_scrape_and_the_dead_stay_counted(tmp_path: Path) -> None:
    other = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", ANOTHER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"written\n"
        (tmp_path / f"{os.getpid()}-damaged.json").write_text('{"requests": 7')
        with serving(Settings(metrics_dir=str(tmp_path))) as client:
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


def test_the_dashboard_shows_nothing_that_is_not_published() -> None:
    shown = set(re.findall(r"gradserve_\w+", DASHBOARD.read_text().replace('"uid": "gradserve"', "")))
    published = set()
    for family in meters.FAMILIES:
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}[family.kind]
        published |= {f"gradserve_{family.name}{suffix}" for suffix in suffixes}
    assert shown <= published
    assert len(shown) > 15
    assert json.loads(DASHBOARD.read_text())["panels"]


def record(message: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("gradserve", logging.WARNING, __file__, 1, message, args, None)
    vars(made).update(extra)
    return made


@given(st.text(max_size=50))
@example("\x7f\x9b[31m\u2028\r\n")
def test_a_record_is_one_line_whatever_a_client_wrote(text: str) -> None:
    for formatter in (logs.TextFormatter(), logs.JsonFormatter()):
        line = formatter.format(record("said %s", text, route=text))
        assert len(line.splitlines()) == 1
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)


def test_a_record_in_json_says_when_who_what_and_for_which_request() -> None:
    token = logs.REQUEST_ID.set("abc")
    try:
        document = json.loads(logs.JsonFormatter().format(record("took %d", 3, seconds=0.5)))
    finally:
        logs.REQUEST_ID.reset(token)
    assert document.pop("time").endswith("+00:00")
    assert document == {
        "level": "warning",
        "logger": "gradserve",
        "message": "took 3",
        "request_id": "abc",
        "seconds": 0.5,
    }


def test_a_long_message_is_cut() -> None:
    assert len(logs.TextFormatter().format(record("x" * 100_000))) < 3000


def test_a_bug_is_logged_with_its_traceback_in_one_line_of_json() -> None:
    try:
        raise ZeroDivisionError("of ours")
    except ZeroDivisionError:
        made = record("failed")
        made.exc_info = sys.exc_info()
    line = logs.JsonFormatter().format(made)
    assert len(line.splitlines()) == 1
    assert "ZeroDivisionError: of ours" in json.loads(line)["exception"]


def test_a_request_that_is_refused_for_a_while_is_logged_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Settings(rate_limit="1/minute")) as client, caplog.at_level(logging.INFO, "gradserve.requests"):
        client.post(QUESTION)
        client.post(QUESTION, X_Request_ID="mine")
    (logged,) = [each for each in caplog.records if each.name == "gradserve.requests"]
    assert (vars(logged)["route"], vars(logged)["status"]) == ("/v1/grad", 429)
