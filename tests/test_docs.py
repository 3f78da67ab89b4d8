"""What the README says is so: its requests get its answers, and it leaves nothing out."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import vocabulary
from app.cli import cli
from app.protocols import problem
from app.settings import Settings
from tests.service import Client

README = (Path(__file__).parent.parent / "README.md").read_text()
REQUESTS = re.findall(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"```console\n\$ (gradserve [^\n]*)\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("command", "answer"), REQUESTS)
def test_every_request_of_the_readme_gets_the_answer_printed_below_it(
    client: Client, command: str, answer: str
) -> None:
    words = shlex.split(command)
    url = next(word for word in words if word.startswith("http"))
    response = client.post(words[words.index("-d") + 1].encode(), url.removeprefix("http://127.0.0.1:8000"))
    assert _close(response.json(), json.loads(answer))


def test_the_readme_shows_requests() -> None:
    assert len(REQUESTS) >= 5


@pytest.mark.parametrize(("command", "output"), COMMANDS)
def test_every_command_of_the_readme_prints_what_it_shows(command: str, output: str) -> None:
    result = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert result.exit_code == 0
    found = [line.split() for line in result.stdout.splitlines()]
    shown = [line.split() for line in output.splitlines()]
    assert [name for name, _ in found] == [name for name, _ in shown]
    assert [float(number) for _, number in found] == pytest.approx([float(number) for _, number in shown], rel=1e-14)


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        assert f"| `GRADSERVE_{name.upper()}` | `{field.default}` |" in README


def test_the_limits_of_the_readme_are_those_in_force(client: Client) -> None:
    published = client.get("/v1/limits").json()
    rows = re.findall(r"\| `(\w+)` \| (\d+) \|", README)
    assert len(rows) >= 10
    for name, limit in rows:
        assert published[name] == int(limit), name


def test_every_function_of_the_language_is_in_the_readme_and_nothing_else() -> None:
    listed = re.findall(r"`(\w+)`", README.partition("<!-- functions -->")[2].partition("<!-- end -->")[0])
    assert sorted(listed) == sorted(word.names[0] for word in vocabulary.words())


def test_every_error_code_is_in_the_readme() -> None:
    for entry in problem.catalogue():
        assert f"`{entry['code']}`" in README or entry["code"] == "internal_error"


def _close(found: Any, shown: Any) -> bool:
    """Return whether two documents are equal, floats to the last digits but one: libm differs by machine."""
    if isinstance(shown, dict):
        return found.keys() == shown.keys() and all(_close(found[key], shown[key]) for key in shown)
    if isinstance(shown, list):
        return len(found) == len(shown) and all(map(_close, found, shown))
    if isinstance(shown, float):
        return bool(found == pytest.approx(shown, rel=1e-14))
    return bool(found == shown)
