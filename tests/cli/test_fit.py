"""``gradserve fit``: a table of data and a model to parameters, in this process and at a server."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.cli.commands import cli
from tests.live.server import serving

TIMES = np.linspace(0.0, 4.0, 9)
NOISE = np.array([1, -2, 1, 1, -1, 2, -2, 1, -1]) * 0.01
VALUES = 2.5 * np.exp(-1.3 * TIMES) + 0.5 + NOISE
MODEL = "a*exp(-b*t) + c"


def table(folder: Path, *, separator: str = ",", more: str = "") -> str:
    rows = [
        separator.join(["t", "y"]),
        *(separator.join(map(repr, map(float, row))) for row in zip(TIMES, VALUES, strict=True)),
    ]
    path = folder / "data.csv"
    path.write_text("\n".join(rows) + "\n" + more)
    return str(path)


def invoke(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["fit", *arguments], input=given)


def expected() -> np.ndarray:
    """Return the parameters by Gauss and Newton's method, and their standard errors, as rows."""
    x = np.array([2.5, 1.3, 0.5])
    for _ in range(50):
        decay = np.exp(-x[1] * TIMES)
        jacobian = np.stack([decay, -x[0] * TIMES * decay, np.ones(9)], axis=1)
        residuals = x[0] * decay + x[2] - VALUES
        x = x - np.linalg.lstsq(jacobian, residuals)[0]
    covariance = residuals @ residuals / 6 * np.linalg.inv(jacobian.T @ jacobian)
    return np.stack([x, np.sqrt(np.diag(covariance))])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_parameters_and_standard_errors_are_printed(tmp_path: Path, separator: str) -> None:
    result = invoke(table(tmp_path, separator=separator), MODEL, "--x", "t", "--y", "y")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert [row[0] for row in rows[1:4]] == ["a", "b", "c"]
    np.testing.assert_allclose([float(row[1]) for row in rows[1:4]], expected()[0], rtol=1e-8)
    np.testing.assert_allclose([float(row[2]) for row in rows[1:4]], expected()[1], rtol=1e-2)
    assert re.search(r"observations +9\n", result.stdout)
    assert "converged" in result.stdout


def test_a_model_in_latex_is_the_same_model(tmp_path: Path) -> None:
    given = (
        table(tmp_path),
        r"a e^{-b t} + c",
        "--x",
        "t",
        "--y",
        "y",
        "--format",
        "latex",
        "--start",
        "b=2",
        "--json",
    )
    result = invoke(*given, "--plot", str(tmp_path / "fit.svg"))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["parameters"] == ["a", "b", "c"]
    np.testing.assert_allclose(found["x"], expected()[0], rtol=1e-8)
    refused = invoke(table(tmp_path), r"a e^{-b t", "--x", "t", "--y", "y", "--format", "latex")
    assert refused.exit_code == 1
    assert "'{' is never closed\n  a e^{-b t\n      ^\n" in refused.stderr


def test_the_answer_is_printed_as_json(tmp_path: Path) -> None:
    result = invoke(table(tmp_path), MODEL, "--x", "t", "--y", "y", "--start", "b=2", "--json")
    found = json.loads(result.stdout)
    assert found["parameters"] == ["a", "b", "c"]
    np.testing.assert_allclose(found["x"], expected()[0], rtol=1e-8)
    np.testing.assert_allclose(found["standard_errors"], expected()[1], rtol=1e-6)


def test_bounds_weights_and_the_method_are_given(tmp_path: Path) -> None:
    path = table(tmp_path)
    result = invoke(path, MODEL, "--x", "t", "--y", "y", "--bound", "c=0.6:", "--json")
    assert json.loads(result.stdout)["x"][2] == pytest.approx(0.6)
    weighted = Path(path).read_text().replace("\n", ",0.5\n").replace("y,0.5", "y,s")
    result = invoke("-", MODEL, "--x", "t", "--y", "y", "--sigma", "s", "--method", "lm", "--json", given=weighted)
    found = json.loads(result.stdout)
    assert found["method"] == "lm"
    np.testing.assert_allclose(found["x"], expected()[0], rtol=1e-8)
    assert found["value"] == pytest.approx(4 * (NOISE @ NOISE) / 2, rel=0.5)


def test_rows_with_empty_cells_are_left_out(tmp_path: Path) -> None:
    result = invoke(table(tmp_path, more="5.0,\n,3.0\n"), MODEL, "--x", "t", "--y", "y")
    assert re.search(r"observations +9\n", result.stdout)
    assert re.search(r"rows left out +2\n", result.stdout)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_plot_is_written(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"fit.{suffix}"
    result = invoke(table(tmp_path), MODEL, "--x", "t", "--y", "y", "--plot", str(file))
    assert result.exit_code == 0, result.output
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert file.read_bytes().startswith(begins)


def test_a_model_of_several_columns_is_drawn_against_what_it_gives(tmp_path: Path) -> None:
    rows = ["u,v,y", *(f"{u},{v},{2 * u + 3 * v}" for u in range(3) for v in range(3))]
    file = tmp_path / "plane.svg"
    result = invoke(
        "-", "p*u + q*v", "--x", "u", "--x", "v", "--y", "y", "--plot", str(file), "--json", given="\n".join(rows)
    )
    np.testing.assert_allclose(json.loads(result.stdout)["x"], [2.0, 3.0])
    assert "observed = fitted" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((MODEL, "--x", "t", "--y", "z"), "no column z; there are: t, y"),
        ((MODEL, "--x", "y", "--y", "t"), "the model has no y"),
        ((MODEL, "--x", "t", "--y", "y", "--start", "d=1"), "d is no parameter"),
        ((MODEL, "--x", "t", "--y", "y", "--start", "a"), "not NAME=NUMBER"),
        ((MODEL, "--x", "t", "--y", "y", "--bound", "a=1"), "not NAME=LEAST:MOST"),
        (("2*t", "--x", "t", "--y", "y"), "no parameters"),
        ((MODEL, "--x", "t", "--y", "y", "--plot", "fit.xyz"), "should end in one of"),
    ],
)
def test_wrong_usage_is_explained(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    result = invoke(table(tmp_path), *arguments)
    assert result.exit_code == 2
    assert told in re.sub(r"[\s│]+", " ", result.stderr)


def test_a_cell_that_is_no_number_has_its_place(tmp_path: Path) -> None:
    result = invoke(table(tmp_path, more="five,1.0\n"), MODEL, "--x", "t", "--y", "y")
    assert result.exit_code == 2
    assert "line 11, column t: five is no finite number" in re.sub(r"[\s│]+", " ", result.stderr)


def test_a_mistake_in_the_model_is_marked(tmp_path: Path) -> None:
    result = invoke(table(tmp_path), "a*expp(-b*t)", "--x", "t", "--y", "y")
    assert result.exit_code == 1
    assert "\n  a*expp(-b*t)\n    ^\n" in result.stderr


def test_a_fit_that_does_not_converge_is_a_fault() -> None:
    result = invoke("-", "a*x", "--x", "x", "--y", "y", given="x,y\n1,1e308\n2,1e308\n3,-1e308\n")
    assert result.exit_code == 1


@pytest.mark.slow
def test_a_server_fits_and_tells_of_its_progress(tmp_path: Path) -> None:
    with serving(tmp_path / "cache") as server:
        url = str(server.http.base_url)
        result = invoke(table(tmp_path), MODEL, "--x", "t", "--y", "y", "--json", "--url", url)
    found = json.loads(result.stdout)
    assert math.isclose(found["x"][1], expected()[0][1], rel_tol=1e-8)
