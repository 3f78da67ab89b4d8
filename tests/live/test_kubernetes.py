"""The Kubernetes manifests fit the schemas, and name only settings, routes and metrics that the service has.

The output of kustomize for each overlay is checked, not its input files.
"""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import application
from app.runtime import deadlines, metrics
from app.settings import Settings
from tests.deploy.test_image import environment, of_the_image

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
VALIDATE = ROOT / ".venv-clients" / "bin" / "kubernetes-validate"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
VERSIONS = ["1.32", "1.37"]
FOREIGN = {"PodMonitor"}
"""Kinds of other projects, for which Kubernetes has no schema."""

Manifest = dict[str, Any]


@cache
def built(overlay: str) -> str:
    command = ["kubectl", "kustomize", str(KUBERNETES / "overlays" / overlay)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def manifests(overlay: str, kind: str | None = None) -> list[Manifest]:
    found = [each for each in yaml.safe_load_all(built(overlay)) if kind in (None, each["kind"])]
    assert found
    return found


def ours(overlay: str, kind: str) -> Manifest:
    names = {"ConfigMap": "gradserve-settings-"}
    wanted = re.compile(names[kind] + r"\w+" if kind in names else "gradserve")
    (found,) = [each for each in manifests(overlay, kind) if wanted.fullmatch(each["metadata"]["name"])]
    return found


def pod(overlay: str) -> Manifest:
    spec: Manifest = ours(overlay, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(overlay: str) -> Manifest:
    (found,) = pod(overlay)["containers"]
    assert isinstance(found, dict)
    return found


def settings(overlay: str) -> dict[str, str]:
    """Return the environment of a pod, with made-up secrets."""
    (reference,) = [each["configMapRef"]["name"] for each in container(overlay)["envFrom"] if "configMapRef" in each]
    found = ours(overlay, "ConfigMap")
    assert found["metadata"]["name"] == reference
    secret = {each["name"]: "made-up-secret-of-more-than-32-characters" for each in container(overlay).get("env", [])}
    return dict(found["data"]) | secret


def in_force(overlay: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in settings(overlay).items():
        monkeypatch.setenv(name, value)
    return Settings()


def amount(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([KMG]i)?", text).groups()  # type: ignore[union-attr]
    return int(number) << {None: 0, "Ki": 10, "Mi": 20, "Gi": 30}[unit]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_output_of_kustomize_fits_the_schemas(overlay: str, version: str, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(built(overlay))
    command = [str(VALIDATE), "--kubernetes-version", version, "--strict", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 0, run.stderr
    passed = re.findall(r"passed for resource", run.stdout + run.stderr)
    assert len(passed) == len([each for each in manifests(overlay) if each["kind"] not in FOREIGN]) > 5


def test_a_wrong_manifest_does_not_fit_the_schemas(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(built("cpu").replace("failureThreshold", "failuresThreshold", 1))
    command = [str(VALIDATE), "--kubernetes-version", VERSIONS[0], "--strict", str(file)]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0  # noqa: S603


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_settings_exist_and_fit_together(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {f"GRADSERVE_{name.upper()}" for name in Settings.model_fields}
    assert set(settings(overlay)) <= fields
    in_force(overlay, monkeypatch)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_and_monitors_use_existing_routes_and_open_ports(overlay: str) -> None:
    routes = set(application.create_app(Settings(cache_dir="")).openapi()["paths"])
    ports = {port["name"]: port["containerPort"] for port in container(overlay)["ports"]}
    assert ports == {"http": int(environment()["GRADSERVE_PORT"])}
    asked = [container(overlay)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    monitors = [each for each in manifests(overlay) if each["kind"] == "PodMonitor"]
    assert len(monitors) == (overlay == "queue")
    asked += [end for each in monitors for end in each["spec"]["podMetricsEndpoints"]]
    assert {each["path"] for each in asked} <= routes
    assert {each["port"] for each in asked} == set(ports)
    (port,) = ours(overlay, "Service")["spec"]["ports"]
    (inward,) = ours(overlay, "NetworkPolicy")["spec"]["ingress"]
    assert {port["targetPort"], *(each["port"] for each in inward["ports"])} == set(ports)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_selector_selects_only_the_pods_of_the_service(overlay: str) -> None:
    labels = ours(overlay, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        ours(overlay, "Deployment")["spec"]["selector"]["matchLabels"],
        ours(overlay, "Service")["spec"]["selector"],
        ours(overlay, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        ours(overlay, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        pod(overlay)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]
    assert all(selector == labels for selector in selectors)
    others = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in manifests(overlay, "Deployment")
        if each != ours(overlay, "Deployment")
    ]
    assert all(each != labels for each in others)
    target = ours(overlay, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", ours(overlay, "Deployment")["metadata"]["name"])
    # The autoscaler's number would be overwritten at each roll-out.
    assert "replicas" not in ours(overlay, "Deployment")["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_runs_as_the_user_of_the_image_and_writes_only_to_its_volume(overlay: str) -> None:
    user, group = map(int, of_the_image("USER")[0].split(":"))
    security = pod(overlay)["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"]) == (user, group, True)
    assert [each["mountPath"] for each in container(overlay)["volumeMounts"]] == of_the_image("VOLUME")
    for each in manifests(overlay, "Deployment"):
        spec = each["spec"]["template"]["spec"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        # A service called gradserve would be announced as GRADSERVE_PORT=tcp://...
        assert spec["enableServiceLinks"] is False
        for one in spec["containers"]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in one["resources"]["limits"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_enough_time_to_stop_and_enough_memory(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = in_force(overlay, monkeypatch)
    spec = pod(overlay)
    assert given.drain_seconds + deadlines.END_SECONDS + 2 <= spec["terminationGracePeriodSeconds"]
    # A look at /readyz finds it saying no before it does.
    assert container(overlay)["readinessProbe"]["periodSeconds"] < given.drain_seconds
    limits = container(overlay)["resources"]["limits"]
    # The server, and what makes the interpreter's programs on a first start.
    others = amount("640Mi") + amount("800Mi")
    assert amount(limits["memory"]) >= (given.compile_workers + 1) * given.compile_memory_bytes + others
    (volume,) = spec["volumes"]
    assert given.cache_max_bytes < amount(volume["emptyDir"]["sizeLimit"]) < amount(limits["ephemeral-storage"])


def test_the_autoscaler_uses_existing_metrics() -> None:
    asked = {
        each["pods"]["metric"]["name"]
        for each in ours("queue", "HorizontalPodAutoscaler")["spec"]["metrics"]
        if each["type"] == "Pods"
    }
    gauges = {f"gradserve_{family.name}" for family in metrics.FAMILIES if family.kind == "gauge"}
    rules = yaml.safe_load((KUBERNETES / "prometheus-adapter" / "rules.yaml").read_text())["rules"]
    named = {re.match(r"\w+", rule["seriesQuery"])[0] for rule in rules}  # type: ignore[index]
    assert asked == named
    assert asked <= gauges
    pools = application.create_app(Settings(cache_dir="")).state.services.metrics.gauges["queue_length"]()
    (pool,) = {each for rule in rules for each in re.findall(r'pool="(\w+)"', rule["seriesQuery"])}
    assert (pool,) in pools


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_policy_lets_a_pod_call_only_the_store(overlay: str) -> None:
    policy = ours(overlay, "NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule.get("to") and rule.get("ports") for rule in policy["egress"])
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == ({6379, 53} if overlay == "shared-store" else set())
