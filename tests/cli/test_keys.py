"""``gradserve keys`` as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.commands import cli
from app.runtime import keys


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "keys.json"
    monkeypatch.setenv("GRADSERVE_KEY_STORE", str(found))
    return found


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["keys", *arguments])


def test_add_prints_the_secret_alone_and_list_never_shows_it(path: Path) -> None:
    added = invoke("add", "ci", "--scope", "ask", "--scope", "register", "--quota", "100/minute")
    assert added.exit_code == 0, added.stderr
    (secret,) = added.stdout.splitlines()
    assert "shown only now" in added.stderr
    assert secret not in added.stderr
    listed, as_json = invoke("list"), invoke("list", "--json")
    (row,) = json.loads(as_json.stdout)
    assert row.pop("created")
    assert row == {"name": "ci", "scopes": ["ask", "register"], "quota": "100/minute", "revoked": None}
    heading, line = listed.stdout.splitlines()
    assert heading.split() == ["name", "scopes", "quota", "created", "revoked"]
    assert line.split()[:4] == ["ci", "ask", "register", "100/minute"]
    digest = keys.load(path)[0].sha256
    for shown in (listed.stdout, as_json.stdout):
        assert secret not in shown
        assert digest not in shown


def test_a_key_may_only_ask_unless_more_is_said(path: Path) -> None:
    assert invoke("add", "ci").exit_code == 0
    assert keys.load(path)[0].scopes == ("ask",)


def test_revoke_says_nothing_and_list_says_when(path: Path) -> None:
    invoke("add", "ci")
    revoked = invoke("revoke", "ci")
    assert (revoked.exit_code, revoked.output) == (0, "")
    assert json.loads(invoke("list", "--json").stdout)[0]["revoked"] == keys.load(path)[0].revoked


def test_the_file_may_be_named_by_an_option(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "others.json"
    assert invoke("add", "ci", "--store", str(other)).exit_code == 0
    assert other.exists()
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "ci"], "used once"),
        (["add", "two words"], "name is"),
        (["add", "x", "--scope", "everything"], "ask, register, metrics"),
        (["add", "x", "--quota", "often"], "100/minute"),
        (["revoke", "nobody"], "there are: ci"),
        (["list", "--store", "/nothing/keys.json"], "No such file"),
        (["revoke", "ci", "--store", "/nothing/keys.json"], "No such file"),
        (["add", "x", "--store", "/proc/keys.json"], "cannot be changed"),
    ],
)
@pytest.mark.usefixtures("path")
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], told: str) -> None:
    invoke("add", "ci")
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert told in line


def test_without_a_file_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADSERVE_KEY_STORE", raising=False)
    for arguments in (["list"], ["add", "x"], ["revoke", "x"]):
        result = invoke(*arguments)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("GRADSERVE_KEY_STORE: ")


def test_a_file_that_is_spoiled_is_neither_changed_nor_listed(path: Path) -> None:
    path.write_text("{")
    for arguments in (["list"], ["add", "x"], ["revoke", "x"]):
        result = invoke(*arguments)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert "no file of keys" in line
    assert path.read_text() == "{"


def test_the_commands_load_neither_jax_nor_the_application(tmp_path: Path) -> None:
    script = f"""
import sys
from typer.testing import CliRunner
from app.cli.commands import cli
assert CliRunner().invoke(cli, {["keys", "add", "ci", "--store", str(tmp_path / "keys.json")]}).exit_code == 0
assert not {{"jax", "sympy", "fastapi", "app.settings"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603
