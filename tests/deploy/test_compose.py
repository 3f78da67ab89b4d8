"""deploy/compose.yaml and the files that it mounts agree with each other; nothing is run."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = {name: service for name, service in SERVICES.items() if service["image"] == "gradserve"}

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def mounts(service: dict[str, Any]) -> dict[str, Path]:
    """Return the files that a service is given, by where it finds them."""
    found = {}
    for volume in service.get("volumes", []):
        source, target, *_ = volume.split(":")
        if source.startswith("."):
            found[target] = DEPLOY / source
        else:
            assert source in COMPOSE["volumes"]
    return found


def test_the_file_has_the_schema_of_compose() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*command, DEPLOY / "compose.yaml"], capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stdout


@every_service
def test_every_service_has_limits_a_health_check_and_time_to_stop(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["healthcheck"]["test"][0] == "CMD"
    assert int(service["stop_grace_period"].removesuffix("s")) > 15


@every_service
def test_mounted_files_exist_and_are_read_only(service: dict[str, Any]) -> None:
    for source in mounts(service).values():
        assert source.exists(), source
    for volume in service.get("volumes", []):
        assert volume.endswith(":ro") or not volume.startswith(".")


@every_service
def test_ports_are_published_on_loopback_only(service: dict[str, Any]) -> None:
    for port in service.get("ports", []):
        assert re.match(r"(\$\{GRADSERVE_PUBLISH:-)?127\.0\.0\.1:", port)


def test_replicas_can_be_reached_only_through_the_proxy() -> None:
    assert COMPOSE["networks"]["inner"]["internal"] is True
    for replica in REPLICAS.values():
        assert replica["networks"] == ["inner"]
        assert "ports" not in replica
    (pool,) = COMPOSE["networks"]["inner"]["ipam"]["config"]
    for replica in REPLICAS.values():
        assert replica["environment"]["GRADSERVE_TRUSTED_PROXIES"] == pool["subnet"]


def test_compose_nginx_and_prometheus_name_the_same_replicas() -> None:
    addresses = sorted(f"{name}:8000" for name in REPLICAS)
    assert len(addresses) == 3
    nginx = mounts(SERVICES["proxy"])["/etc/gradserve/nginx.conf"].read_text()
    assert sorted(re.findall(r"^ *server (\S+:8000) ", nginx, re.MULTILINE)) == sorted(2 * addresses)
    prometheus = yaml.safe_load(mounts(SERVICES["prometheus"])["/etc/prometheus/prometheus.yml"].read_text())
    assert sorted(prometheus["scrape_configs"][0]["static_configs"][0]["targets"]) == addresses
    assert set(SERVICES["proxy"]["depends_on"]) == set(REPLICAS)


def test_replicas_get_only_known_settings() -> None:
    known = {f"GRADSERVE_{name.upper()}" for name in Settings.model_fields}
    for replica in REPLICAS.values():
        assert set(replica["environment"]) <= known


def test_grafana_finds_the_dashboard_and_prometheus() -> None:
    provisioning = mounts(SERVICES["grafana"])["/etc/grafana/provisioning"]
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert source["url"] == "http://prometheus:9090"
    assert set(SERVICES["grafana"]["networks"]) & set(SERVICES["prometheus"]["networks"])
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "gradserve.yaml").read_text())["providers"]
    dashboard = f"{provider['options']['path']}/gradserve.json"
    assert mounts(SERVICES["grafana"])[dashboard] == DEPLOY / "grafana" / "gradserve.json"
    assert SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == dashboard
