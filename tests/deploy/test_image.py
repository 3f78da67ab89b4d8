"""The Dockerfile agrees with the repository; deploy/image/prove.sh builds and runs the image."""

import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions() -> list[tuple[int, str, str]]:
    """Return stage, keyword and the rest of each instruction, its lines joined."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.strip().startswith("#")]
    found, stage = [], 0
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            keyword, rest = line.split(maxsplit=1)
            stage += keyword == "FROM"
            found.append((stage, keyword, rest.strip()))
    return found


INSTRUCTIONS = instructions()
LAST = max(stage for stage, _, _ in INSTRUCTIONS)


def of_the_image(keyword: str) -> list[str]:
    return [rest for stage, found, rest in INSTRUCTIONS if (stage, found) == (LAST, keyword)]


def environment() -> dict[str, str]:
    return {
        name: value for rest in of_the_image("ENV") for name, value in (pair.split("=", 1) for pair in rest.split())
    }


def ignored(source: str) -> bool:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return source.removeprefix("./") not in kept


def test_every_copied_file_exists_and_is_in_the_build_context() -> None:
    sources = [
        source
        for _, keyword, rest in INSTRUCTIONS
        if keyword == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert {"pyproject.toml", "constraints.txt", "app", "docs"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists() or ignored(source)] == []


def test_no_command_runs_in_the_final_stage() -> None:
    assert LAST == 2
    assert of_the_image("RUN") == []


def test_the_service_runs_as_an_unprivileged_user_that_owns_only_its_volume() -> None:
    user = of_the_image("USER")
    assert user == ["10001:10001"]
    (volume,) = of_the_image("VOLUME")
    owned = [rest for rest in of_the_image("COPY") if "--chown" in rest]
    assert owned == [f"--from=build --chown={user[0]} {volume} {volume}"]
    written = [environment()[name] for name in ("TMPDIR", "GRADSERVE_CACHE_DIR")]
    assert all(Path(path).is_relative_to(volume) for path in written)


def test_settings_of_the_image_exist() -> None:
    fields = {f"GRADSERVE_{name.upper()}" for name in Settings.model_fields}
    settings = {name: value for name, value in environment().items() if name.startswith("GRADSERVE_")}
    assert settings
    assert set(settings) <= fields
    assert of_the_image("EXPOSE") == [settings["GRADSERVE_PORT"]]


def test_the_command_of_the_image_is_a_script_of_the_package() -> None:
    (command,) = of_the_image("CMD")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts[json.loads(command)[0]].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_health_check_is_a_file_of_the_image() -> None:
    (check,) = of_the_image("HEALTHCHECK")
    command = json.loads(check[check.index("CMD ") + 4 :])
    assert command[0] == "python"
    assert f"deploy/image/{Path(command[1]).name} {Path(command[1]).parent}/" in of_the_image("COPY")


@pytest.mark.parametrize("label", ["title", "description", "licenses", "version", "revision"])
def test_the_image_has_the_standard_labels(label: str) -> None:
    (labels,) = of_the_image("LABEL")
    assert f"org.opencontainers.image.{label}=" in labels


def test_the_image_installs_the_pinned_versions_for_the_python_of_this_repository() -> None:
    assert f"ARG PYTHON={(ROOT / '.python-version').read_text().strip()}\n" in DOCKERFILE
    assert all(" -c constraints.txt" in rest or "--no-deps" in rest for rest in _installs())
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[([\w,]+)\]'", " ".join(_installs()))
    assert set(named.split(",")) == {*extras} - {"plots"}  # which the service does not draw


def _installs() -> list[str]:
    found = [
        part
        for _, keyword, rest in INSTRUCTIONS
        if keyword == "RUN"
        for part in rest.split("&&")
        if " install " in part
    ]
    return [part for part in found if part.strip().startswith("pip")]


def test_every_wheel_for_a_gpu_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    newest = re.findall(r"^jax==(.*)$", pins, re.MULTILINE)[-1]
    assert re.findall(r"^jax-cuda13-(\w+)==(.*)$", pins, re.MULTILINE) == [("pjrt", newest), ("plugin", newest)]
    assert pins.count("\nnvidia-") == 15
