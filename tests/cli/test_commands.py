"""The commands as a user runs them, in this process and at a server."""

import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from app import __version__
from app.api.server import shutdown
from app.cli.commands import cli
from app.cli.serving import supervisor
from app.settings import Settings
from tests.live.server import serving
from tests.support import assertions
from tests.support.service import Client


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def printed(*arguments: str) -> dict[str, str]:
    """Return what a grad command that must succeed prints, by label."""
    result = invoke("grad", *arguments)
    assert result.exit_code == 0, result.stderr
    return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())


def refused(*arguments: str) -> list[str]:
    """Return what a grad command that must fail says."""
    result = invoke("grad", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit), "a refusal is no traceback"
    return result.stderr.splitlines()


def test_grad_prints_the_value_and_every_partial() -> None:
    found = printed("5*x1**2 + 6*x2**2 + 7*x3**2", "--at", "x1=1", "--at", "x2=2", "--at", "x3=3.0")
    assert {label: float(number) for label, number in found.items()} == {
        "value": 92.0,
        "d/dx1": 10.0,
        "d/dx2": 24.0,
        "d/dx3": 42.0,
    }


def test_grad_takes_arrays() -> None:
    found = printed("X[0]**2 + 3*X[1]", "--at", "X=[2, 5]")
    assert json.loads(found["value"]) == 19.0
    assert json.loads(found["d/dX"]) == [4.0, 3.0]


@pytest.mark.parametrize(
    ("argnums", "labels"), [(["y"], ["d/dy"]), (["1"], ["d/dy"]), (["-1"], ["d/dy"]), (["y", "x"], ["d/dy", "d/dx"])]
)
def test_grad_differentiates_by_the_given_arguments(argnums: list[str], labels: list[str]) -> None:
    options = [f"--argnums={argnum}" for argnum in argnums]
    assert list(printed("x*y", "--at", "x=2", "--at", "y=3", *options)) == ["value", *labels]


def test_grad_prints_aligned_columns() -> None:
    result = invoke("grad", "x*long_name", "--at", "x=2", "--at", "long_name=3")
    columns = {line.index(line.split()[1]) for line in result.stdout.splitlines()}
    assert len(columns) == 1


def test_json_is_the_answer_of_the_service(client: Client) -> None:
    result = invoke("grad", "x*sin(y)", "--at", "x=2", "--at", "y=0.5", "--argnums", "y", "--json")
    assert result.exit_code == 0
    assert assertions.strict_json(result.stdout.encode()) == client.grad("x*sin(y)", {"x": 2, "y": 0.5}, argnums=["y"])


def test_json_is_strict_for_numbers_that_are_not_finite() -> None:
    answer = assertions.strict_json(invoke("grad", "1/x", "--at", "x=0", "--json").stdout.encode())
    assert (answer["value"], answer["gradient"], answer["finite"]) == ("Infinity", ["-Infinity"], False)


def test_grad_computes_in_the_given_precision() -> None:
    exact, rounded = (
        float(printed("x/3", "--at", "x=1", "--dtype", dtype)["value"]) for dtype in ("float64", "float32")
    )
    assert exact == 1 / 3
    assert rounded != exact
    assert math.isclose(rounded, exact, rel_tol=1e-7)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("x + foo(x)", "unknown_name", "x + foo(x)", 5),
        ("x)", "syntax_error", "x)", 2),
        ("x +", "syntax_error", "x +", 4),
        ("sin()", "bad_arity", "sin()", 1),
        ("x + 1/0", "bad_constant", "x + 1/0", 6),
        ("def f(x):\n    y = 2*x\n    return y +* 1", "syntax_error", "    return y +* 1", 15),
        ("def f(x):\r\n    return x +* 1", "syntax_error", "    return x +* 1", 15),
    ],
)
def test_an_error_is_shown_with_a_caret_below_its_position(text: str, code: str, line: str, column: int) -> None:
    said = refused(text, "--at", "x=1")
    assert said[0].startswith(f"{code}: ")
    assert said[1] == f"  {line}"
    assert said[2] == "  " + " " * (column - 1) + "^"


@pytest.mark.parametrize(
    "text",
    [
        "x +\n",
        "x + (\n",
        "\n",
        "def f(x):\n    y = x\n",
    ],
)
def test_an_error_at_the_end_of_a_last_line_is_shown(text: str) -> None:
    assert refused(text, "--at", "x=1")[0].startswith("syntax_error: ")


def test_a_hint_is_shown() -> None:
    assert refused("2x", "--at", "x=1")[-1] == "hint: write 2*x"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("y=1", "invalid_field"),
        ("lambda=1", "invalid_name"),
        ("x=NaN", "invalid_field"),
        ("x=true", "invalid_field"),
        ("x=[1,2]", "bad_shape"),
    ],
)
def test_a_point_that_does_not_fit_is_explained(at: str, code: str) -> None:
    assert refused("x*2", "--at", at)[0].startswith(f"{code}: ")


@pytest.mark.parametrize(
    "argnums",
    [
        "z",
        "5",
        "-2",
        "--5",
        "",
        "²",
    ],
)
def test_argnums_that_do_not_fit_are_explained(argnums: str) -> None:
    assert refused("x*2", "--at", "x=1", f"--argnums={argnums}")[0].startswith("invalid_field: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["grad", "x"],
        ["grad", "--at", "x=1"],
        ["grad", "x", "--at", "x"],
        ["grad", "x", "--at", "x="],
        ["grad", "x", "--at", "x=one"],
        ["grad", "x", "--at", "=1"],
        ["grad", "x", "--at", 'x="1"'],
        ["grad", "x", "--at", "x=null"],
        ["grad", "x", "--at", "x={}"],
        ["grad", "x", "--at", "x=1", "--at", "x=2"],
        ["grad", "x", "--at", "x=1", "--url", "http://127.0.0.1:9", "--key", "\N{RIGHTWARDS ARROW}"],
        ["grad", "x", "--at", "x=1", "--url", "http://127.0.0.1:9", "--key", "a\nb"],
        ["grad", "x", "--at", "x=1", "--dtype", "float16"],
        ["grad", "x", "--at", "x=1", "--nothing"],
        ["taylor", "x", "--at", "x=1", "--order", "two"],
        ["taylor", "x", "--at", "x=1", "--orders", "x"],
        ["taylor", "x", "--at", "x=1", "--order", "1", "--direction", "x=1", "--direction", "x=2"],
        ["nothing"],
        ["serve", "--port", "x"],
    ],
)
def test_wrong_usage_is_explained_without_a_traceback(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)
    assert result.stderr


def test_config_lists_every_setting_with_its_value_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_PORT", "1234")
    result = invoke("config")
    assert result.exit_code == 0
    listed = dict(line.split("#", 1)[0].strip().split("=", 1) for line in result.stdout.splitlines())
    settings = Settings()
    assert listed == {f"GRADSERVE_{name.upper()}": str(getattr(settings, name)) for name in Settings.model_fields}
    assert listed["GRADSERVE_PORT"] == "1234"


def test_every_setting_is_explained() -> None:
    lines = invoke("config").stdout.splitlines()
    assert all(line.partition("# ")[2].strip() not in {"", "None"} for line in lines)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cache")) as started:
        yield str(started.http.base_url)


HESSIAN = ["hessian", "x**2*y + y**3", "--at", "x=1", "--at", "y=2"]


def test_hessian_prints_a_table_of_second_derivatives() -> None:
    result = invoke(*HESSIAN)
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines == [["value", "10.0"], ["d2", "x", "y"], ["x", "4.0", "2.0"], ["y", "2.0", "12.0"]]


def test_hessian_of_arrays_is_printed_in_blocks() -> None:
    result = invoke("hessian", "X[0]**2*y", "--at", "X=[3]", "--at", "y=2")
    found = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert {name: json.loads(block) for name, block in found.items()} == {
        "value": 18.0,
        "d2/dXdX": [[4.0]],
        "d2/dXdy": [6.0],
        "d2/dydX": [6.0],
        "d2/dydy": 0.0,
    }


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["x**3", "--at", "x=2", "--order", "4"], [8.0, 12.0, 12.0, 6.0, 0.0]),
        (["x**2*y", "--at", "x=3", "--at", "y=2", "--order", "2", "--direction", "x=1"], [18.0, 12.0, 4.0]),
        (["sum(X**3)", "--at", "X=[1,2]", "--order", "1", "--direction", "X=[0,1]"], [9.0, 12.0]),
    ],
)
def test_taylor_prints_derivatives_by_order(arguments: list[str], lines: list[float]) -> None:
    result = invoke("taylor", *arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [f"order {n}  {number}" for n, number in enumerate(lines)]


def test_taylor_prints_a_mixed_derivative_and_explains_what_it_cannot(client: Client) -> None:
    mixed = ["taylor", "x**2*exp(y)", "--at", "x=3", "--at", "y=0", "--orders", "x=1", "--orders", "y=2"]
    lines = [line.split() for line in invoke(*mixed).stdout.splitlines()]
    assert lines == [["value", "9.0"], ["derivative", "6.0"]]
    asked = {"expression": "x**2*exp(y)", "point": {"x": 3, "y": 0}, "orders": {"x": 1, "y": 2}}
    assert json.loads(invoke(*mixed, "--json").stdout) == client.answer(asked, "/v1/taylor")
    refusal = invoke("taylor", "x*y", "--at", "x=1", "--at", "y=2", "--order", "1")
    assert (refusal.exit_code, refusal.stdout) == (1, "")
    assert refusal.stderr.startswith("invalid_field: ")


def test_symbolic_prints_formulae_by_every_argument_here_and_at_a_server(server: str) -> None:
    here, there = invoke("symbolic", "a*x**2"), invoke("symbolic", "a*x**2", "--url", server)
    assert there.stdout == here.stdout
    lines = [line.split(maxsplit=1) for line in here.stdout.splitlines()]
    assert lines == [["f", "a*x**2"], ["df/da", "x**2"], ["df/dx", "2*a*x"]]


def test_symbolic_prints_latex_by_the_given_arguments(server: str) -> None:
    _, partial = invoke("symbolic", "a*x**2", "--argnums", "x", "--latex", "--url", server).stdout.splitlines()
    assert partial.split(maxsplit=1) == ["df/dx", r"2 \, a \, x"]


def test_code_is_printed_or_written_to_a_file(server: str, tmp_path: Path) -> None:
    printed = invoke("code", "x*sin(y)", "--language", "c", "--hvp")
    assert printed.stdout == invoke("code", "x*sin(y)", "--language", "c", "--hvp", "--url", server).stdout
    assert "double value_and_grad(const double *point, double *gradient)" in printed.stdout
    assert "value_and_hvp" in printed.stdout
    file = tmp_path / "f.py"
    shaped = ["--shape", "3", "--shape", "()", "--argnums", "0"]
    written = invoke("code", "sum(X**2)*y", *shaped, "--output", str(file), "--url", server)
    assert (written.exit_code, written.stdout) == (0, "")
    space: dict[str, Any] = {}
    exec(file.read_text(), space)  # noqa: S102 - the file
    assert space["value_and_grad"]([1.0, 2.0, 3.0], 0.5) == (7.0, [[1.0, 2.0, 3.0]])


def test_code_says_what_it_cannot_write(server: str) -> None:
    lacks = invoke("code", "jv(0, x)", "--language", "c", "--url", server)
    assert lacks.exit_code == 1
    assert lacks.stderr.startswith("unknown_name: C has no word for 'jn'\nhint: ")
    assert invoke("code", "x", "--shape", "two").exit_code == 2


def test_a_text_is_read_from_standard_input() -> None:
    result = CliRunner().invoke(cli, ["grad", "-", "--at", "x=3"], input="def f(x):\n    return x**2\n")
    assert [line.split() for line in result.stdout.splitlines()] == [["value", "9.0"], ["d/dx", "6.0"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["grad", "x*sin(y)", "--at", "x=2", "--at", "y=0.5", "--argnums", "y"],
        ["grad", "sum(X**2)", "--at", "X=[1,2]", "--json"],
        [*HESSIAN, "--json"],
        HESSIAN,
        ["grad", "1/x", "--at", "x=0", "--json"],
    ],
)
def test_a_server_gives_the_same_answers_as_this_process(server: str, arguments: list[str]) -> None:
    here, there = invoke(*arguments), invoke(*arguments, "--url", server)
    assert (there.exit_code, there.stdout) == (here.exit_code, here.stdout)
    assert here.exit_code == 0


def test_an_error_of_a_server_is_explained_like_one_of_this_process(server: str) -> None:
    arguments = ["grad", "x + sine(x)", "--at", "x=1"]
    here, there = invoke(*arguments), invoke(*arguments, "--url", server)
    assert (there.exit_code, there.stderr) == (here.exit_code, here.stderr) == (1, there.stderr)
    assert "did you mean sin?" in there.stderr


def test_keys_and_rates_of_the_service_do_not_apply_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_API_KEYS", "k1")
    monkeypatch.setenv("GRADSERVE_RATE_LIMIT", "1/day")
    for _ in range(2):
        assert printed("x**2", "--at", "x=3")["d/dx"] == "6.0"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:9/prefix"])
def test_a_server_that_cannot_be_reached_has_its_own_exit_code(url: str) -> None:
    result = invoke("grad", "x", "--at", "x=1", "--url", url)
    assert result.exit_code == 3
    assert result.stderr.startswith("unreachable: ")


@pytest.mark.parametrize("url", ["nowhere", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://[::1"])
def test_a_malformed_address_is_wrong_usage(url: str) -> None:
    result = invoke("grad", "x", "--at", "x=1", "--url", url)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["here", "there"])
def test_warm_compiles_functions_and_names_those_it_cannot_compile(
    server: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADSERVE_CACHE_DIR", str(tmp_path))
    request = '{"expression": "X[0]**2 + X[1]", "point": [[1, 2]]}'
    text = f"# a comment\nx**2*sin(y)\n\n{request}\nfoo(x)\n{{x\n"
    more = ["--url", server] if where == "there" else []
    result = CliRunner().invoke(cli, ["warm", "-", "--json", *more], input=text)
    assert [row["outcome"] for row in json.loads(result.stdout)] == ["compiled", "compiled", "unknown_name", "not JSON"]
    assert result.exit_code == 1
    good = CliRunner().invoke(cli, ["warm", "-", *more], input="x**2*sin(y)\n")
    assert good.exit_code == 0
    assert good.stdout.split()[-1] == "compiled"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["here", "there"])
def test_bench_measures_the_requests_of_each_tier(server: str, where: str) -> None:
    more = ["--url", server] if where == "there" else []
    result = invoke("bench", "cos(x)*y", "--at", "x=1", "--at", "y=2", "--seconds", "0.5", "--json", *more)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["first_us"] > 0
    assert {row["tier"] for row in found["tiers"]} <= {"interpreted", "compiled"}
    for row in found["tiers"]:
        assert row["requests"] > 0
        assert row["p99_us"] >= row["median_us"] >= row["inside_us"] > 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_commands(shell: str) -> None:
    variable = "_GRADSERVE_COMPLETE"
    result = CliRunner().invoke(cli, [], env={variable: f"source_{shell}"}, prog_name="gradserve")
    assert variable in result.stdout


def test_version_is_printed() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"{__version__}\n")


@pytest.mark.parametrize("command", [["config"], ["grad", "x", "--at", "x=1"], ["serve"]])
def test_a_wrong_setting_is_named_without_a_traceback(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("GRADSERVE_PORT", "x")
    monkeypatch.setenv("GRADSERVE_RATE_LIMIT", "often")
    result = invoke(*command)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["GRADSERVE_PORT", "GRADSERVE_RATE_LIMIT"]


@pytest.mark.parametrize(
    "arguments",
    [["--help"]]
    + [
        [name, "--help"] for name in ("grad", "hessian", "symbolic", "code", "bench", "warm", "serve", "config", "keys")
    ],
)
def test_every_command_has_help(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_serve_names_every_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_STORE", "ftp://user:password@host")
    monkeypatch.setenv("GRADSERVE_THREADS", "none")
    result = invoke("serve", "--workers", "0")
    assert result.exit_code == 2
    told = [line.partition(":")[0] for line in result.stderr.splitlines()]
    assert sorted(told) == ["GRADSERVE_STORE", "GRADSERVE_THREADS", "GRADSERVE_WORKERS"]
    assert "password" not in result.stderr


def test_serve_with_several_workers_becomes_the_supervisor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[supervisor.Config] = []

    def execute(config: supervisor.Config) -> None:
        started.append(config)
        raise SystemExit

    monkeypatch.setattr(supervisor.Config, "exec", execute)
    for name in ("GRADSERVE_HOST", "GRADSERVE_PORT"):
        monkeypatch.setenv(name, "")  # what is written there goes with the test
        monkeypatch.delenv(name)
    assert invoke("serve", "--port", "0", "--workers", "3").exit_code == 0
    (config,) = started
    assert config.count == 3
    assert int(os.environ["GRADSERVE_PORT"]) > 0
    assert os.environ["GRADSERVE_HOST"] == "127.0.0.1"


def test_serve_passes_the_settings_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[uvicorn.Config] = []
    bound: list[socket.socket] = []

    def run(server: shutdown.Server, sockets: list[socket.socket]) -> None:
        served.append(server.config)
        bound.append(sockets[0].dup())
        server.started = True

    monkeypatch.setattr(shutdown.Server, "run", run)
    assert invoke("serve", "--port", "0", "--host", "0.0.0.0").exit_code == 0  # noqa: S104 - nothing listens here
    (config,) = served
    with bound[0] as listener:
        host, port = listener.getsockname()
    assert host == "0.0.0.0"  # noqa: S104
    assert port > 0
    assert config.server_header is False


def test_a_client_of_a_server_does_not_load_jax() -> None:
    script = f"""
import sys
from typer.testing import CliRunner
from app.cli.commands import cli
assert CliRunner().invoke(cli, {["grad", "x", "--at", "x=1", "--url", "http://127.0.0.1:9"]}).exit_code == 3
assert not {{"jax", "sympy", "app.settings"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603


def test_a_server_loads_neither_the_client_nor_what_prints_tables_nor_rates() -> None:
    script = """
import sys
from app.cli import commands
from app.cli.serving import serve
assert not {"httpx", "limits", "rich"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603
