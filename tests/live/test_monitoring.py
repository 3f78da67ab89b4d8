"""Real Prometheus with the configuration of deploy/prometheus: scrapes, queries of the dashboard, alerts."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.live.ports import free_port
from tests.live.server import Server, serving

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"
CONFIGURATION, RULES = DEPLOY / "prometheus" / "prometheus.yml", DEPLOY / "prometheus" / "rules.yml"
KEY = "a-key"
QUIET = {"Failures (5xx but for 503)"}
"""Panels that are empty while nothing is broken."""


def expressions() -> list[tuple[str, str]]:
    """Return the panels of the dashboard with their queries."""
    panels = json.loads((DEPLOY / "grafana" / "gradserve.json").read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


@contextlib.contextmanager
def prometheus(directory: Path, targets: list[str]) -> Iterator[httpx.Client]:
    """Run Prometheus with the shipped configuration, but every second, with these targets and a key."""
    text = CONFIGURATION.read_text()
    for old, new in (
        ("interval: 10s", "interval: 1s"),
        ("# authorization: {credentials: KEY}", f"authorization: {{credentials: {KEY}}}"),
        ('["gradserve-1:8000", "gradserve-2:8000", "gradserve-3:8000"]', json.dumps(targets)),
    ):
        assert old in text
        text = text.replace(old, new)
    (directory / "prometheus.yml").write_text(text)
    (directory / "rules.yml").write_text(RULES.read_text())
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command)  # noqa: S603
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        until(lambda: answers(http))
        yield http
    finally:
        http.close()
        process.terminate()
        process.wait(20)


def answers(http: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return http.get("/-/ready").status_code == 200
    return False


def until(done: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)


def ask(http: httpx.Client, expression: str) -> list[Any]:
    """Return the series that a query of the dashboard selects now."""
    query = expression.replace("$__rate_interval", "20s")
    document = http.get("/api/v1/query", params={"query": query}).json()
    assert document["status"] == "success", (expression, document)
    series: list[Any] = document["data"]["result"]
    return [each for each in series if each["value"][1] != "NaN"]


_NUMBERS = itertools.count()


def never_seen() -> str:
    """Return a function of a structure that no earlier one has: sin and cos, nested as the bits of a number say."""
    bits = f"{next(_NUMBERS):b}"
    return "".join("sin(" if bit == "1" else "cos(" for bit in bits) + "x**3" + ")" * len(bits)


def use(server: Server) -> None:
    """Do everything that a panel of the dashboard counts; the new function is called until it is compiled."""
    headers = {"X-API-Key": KEY}
    expression = never_seen()
    for _ in range(100):
        for path in ("/v1/grad", "/v1/evaluate", "/v1/hessian"):
            document = {"expression": expression, "point": [1.5]}
            assert server.http.post(path, json=document, headers=headers).status_code == 200
    document = {"expression": f"x**{time.time_ns() % 100_000}", "argnums": [0]}
    assert server.http.post("/v1/symbolic", json=document, headers=headers).status_code == 200
    assert server.grad(expression="x", point=[1.0]).status_code == 401


def test_every_panel_of_the_dashboard_has_data_and_a_dead_replica_raises_an_alert(tmp_path: Path) -> None:
    dead = f"127.0.0.1:{free_port()}"
    with serving(tmp_path / "cache", GRADSERVE_API_KEYS=KEY) as server:
        alive = server.http.base_url.netloc.decode()
        with prometheus(tmp_path, [alive, dead]) as http:
            up = {alive: "1", dead: "0"}
            until(lambda: {each["metric"]["instance"]: each["value"][1] for each in ask(http, "up")} == up)
            use(server)
            os.kill(server.tree()[-1], signal.SIGKILL)
            empty: list[tuple[str, str]] = []

            def all_shown() -> bool:
                use(server)
                empty[:] = [(title, found) for title, found in expressions() if not ask(http, found)]
                return {title for title, _ in empty} <= QUIET

            with contextlib.suppress(AssertionError):
                until(all_shown)
            assert {title for title, _ in empty} == QUIET, empty
            groups = http.get("/api/v1/rules").json()["data"]["groups"]
            rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
            assert {rule["health"] for rule in rules.values()} == {"ok"}
            assert {name for name, rule in rules.items() if rule["state"] != "inactive"} == {"ReplicaDown"}


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    """Return a series in the form of promtool, with one value per minute."""
    named = ",".join(f'{key}="{value}"' for key, value in {"job": "gradserve", "instance": "a:1", **labels}.items())
    return {"series": f"{name}{{{named}}}", "values": values}


ALERTS = {
    "ReplicaDown": [series("up", "0x30"), series("gradserve_ready", "1x30", instance="b:1")],
    "NoReplicaReady": [series("gradserve_ready", "0x30")],
    "Failures": [
        series("gradserve_requests_total", "0+60x30", route="/v1/grad", status="500"),
        series("gradserve_ready", "1x30"),
    ],
    "WrongNumbers": [series("gradserve_disagreements_total", "0 1x30"), series("gradserve_ready", "1x30")],
    "TurnedAway": [
        series("gradserve_requests_total", "0+94x30", route="/v1/grad", status="200"),
        series("gradserve_requests_total", "0+6x30", route="/v1/grad", status="429"),
        series("gradserve_ready", "1x30"),
    ],
    "MemoryMapsRunOut": [series("gradserve_memory_maps", "60000x30"), series("gradserve_ready", "1x30")],
    "": [
        series("up", "1x30"),
        series("gradserve_ready", "1x30"),
        series("gradserve_memory_maps", "40000x30"),
        series("gradserve_disagreements_total", "0x30"),
        series("gradserve_requests_total", "0+97x30", route="/v1/grad", status="200"),
        series("gradserve_requests_total", "0+3x30", route="/v1/grad", status="429"),
        series("gradserve_requests_total", "0+9x30", route="/v1/grad", status="503"),
    ],
}
"""Series over half an hour, by the only alert that they raise; the last ones raise none."""


@pytest.mark.parametrize("raised", ALERTS)
def test_series_raise_their_own_alert_and_no_other(raised: str, tmp_path: Path) -> None:
    names = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert set(ALERTS) == {*names, ""}
    # ALERTS is a metric of Prometheus's: which alerts are firing.
    expected = [{"labels": f'{{alertname="{raised}"}}', "value": 1}] if raised else []
    query = 'max by (alertname) (ALERTS{alertstate="firing"})'
    test = {
        "interval": "1m",
        "input_series": ALERTS[raised],
        "promql_expr_test": [{"expr": query, "eval_time": "25m", "exp_samples": expected}],
    }
    (tmp_path / "test.yml").write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]})
    )
    command = ["promtool", "test", "rules", str(tmp_path / "test.yml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stdout + result.stderr


def test_promtool_accepts_the_configuration(tmp_path: Path) -> None:
    result = subprocess.run(  # noqa: S603
        ["promtool", "check", "config", CONFIGURATION],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert "6 rules found" in result.stdout
