import json
import math

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from app import __version__
from app.cli import cli
from app.protocols import lifecycle
from app.settings import Settings
from tests import laws
from tests.service import Client


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
def test_grad_differentiates_by_what_was_asked(argnums: list[str], labels: list[str]) -> None:
    options = [f"--argnums={argnum}" for argnum in argnums]
    assert list(printed("x*y", "--at", "x=2", "--at", "y=3", *options)) == ["value", *labels]


def test_grad_aligns_what_it_prints() -> None:
    result = invoke("grad", "x*long_name", "--at", "x=2", "--at", "long_name=3")
    columns = {line.index(line.split()[1]) for line in result.stdout.splitlines()}
    assert len(columns) == 1


def test_json_is_the_answer_of_the_service(client: Client) -> None:
    result = invoke("grad", "x*sin(y)", "--at", "x=2", "--at", "y=0.5", "--argnums", "y", "--json")
    assert result.exit_code == 0
    assert laws.strict_json(result.stdout.encode()) == client.grad("x*sin(y)", {"x": 2, "y": 0.5}, argnums=["y"])


def test_json_is_strict_when_numbers_are_not_finite() -> None:
    answer = laws.strict_json(invoke("grad", "1/x", "--at", "x=0", "--json").stdout.encode())
    assert (answer["value"], answer["gradient"], answer["finite"]) == ("Infinity", ["-Infinity"], False)


def test_grad_computes_in_the_precision_asked_for() -> None:
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
def test_an_error_is_shown_with_a_caret_below_the_place(text: str, code: str, line: str, column: int) -> None:
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
def test_an_error_at_the_end_of_a_text_that_ends_its_line_is_shown(text: str) -> None:
    assert refused(text, "--at", "x=1")[0].startswith("syntax_error: ")


def test_a_hint_is_shown() -> None:
    assert refused("x²", "--at", "x=1")[-1] == "hint: write **2"


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
        ["grad", "x", "--at", "x=1", "--dtype", "float16"],
        ["grad", "x", "--at", "x=1", "--nothing"],
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


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "70000"), ("PORT", "x"), ("MAX_POINTS", "0"), ("THREADS", "0"), ("LOG_LEVEL", "loud")]
)
def test_a_setting_out_of_its_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GRADSERVE_{name}", value)
    with pytest.raises(ValueError, match=name.lower()):
        Settings()


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_what_the_environment_sets_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_MAX_ARGUMENTS", "3")
    assert Settings().engine_limits().text.max_arguments == 3
    assert refused("a + b + c + d", *[f"--at={name}=1" for name in "abcd"])[0].startswith("too_complex: ")


def test_version_is_printed() -> None:
    assert invoke("version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["grad", "--help"], ["serve", "--help"], ["config", "--help"], ["version", "--help"]]
)
def test_help_is_there(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_serve_hands_the_settings_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[uvicorn.Config] = []

    def run(server: lifecycle.Server) -> None:
        served.append(server.config)
        server.started = True

    monkeypatch.setattr(lifecycle.Server, "run", run)
    assert invoke("serve", "--port", "0", "--host", "0.0.0.0").exit_code == 0  # noqa: S104 - nothing listens here
    (config,) = served
    assert (config.host, config.port) == ("0.0.0.0", 0)  # noqa: S104
    assert config.server_header is False
