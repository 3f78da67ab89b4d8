"""Arguments that stand in files, and data that stay at a server, as points of the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.cli.commands import cli
from tests.live.server import serving

MATRIX = [[1.0, 2.5, -3.0], [0.5, 4.0, 1e-3]]
SQUARES = sum(number**2 for row in MATRIX for number in row)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def npy(array: np.ndarray, file: Path) -> None:
    with file.open("wb") as opened:
        np.save(opened, array)


def written(folder: Path, name: str) -> str:
    """Return a file that holds the matrix in the form that its name says."""
    file = folder / name
    match file.suffix:
        case ".npy":
            npy(np.asfortranarray(MATRIX), file)
        case ".json":
            file.write_text(json.dumps(MATRIX))
        case ".tsv":
            file.write_text("a\tb\tc\n" + "".join("\t".join(map(str, row)) + "\n" for row in MATRIX))
        case _:
            file.write_bytes(b"\xef\xbb\xbf" + "".join(",".join(map(str, row)) + "\r\n" for row in MATRIX).encode())
    return str(file)


@pytest.mark.parametrize("name", ["x.npy", "x.json", "x.csv", "x.tsv"])
def test_an_argument_is_read_from_a_file_of_any_kind(tmp_path: Path, name: str) -> None:
    result = invoke("grad", "a*sum(X**2)", "--at", "a=3", "--data", f"X={written(tmp_path, name)}", "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["value"] == pytest.approx(3 * SQUARES)
    assert answer["gradient"] == [pytest.approx(SQUARES)], "by what is not in a file"
    assert answer["args"] == ["a", "X"]


def test_a_gradient_by_a_file_is_asked_for_by_name_or_where_nothing_else_is_given(tmp_path: Path) -> None:
    file = written(tmp_path, "x.npy")
    for more in (["--argnums", "X", "--at", "a=1"], ["--argnums", "0", "--at", "a=1"]):
        answer = json.loads(invoke("grad", "sum(X**2)*a", "--data", f"X={file}", "--json", *more).stdout)
        assert answer["gradient"] == [[[2 * number for number in row] for row in MATRIX]]
    answer = json.loads(invoke("grad", "sum(X**2)", "--data", f"X={file}", "--json").stdout)
    assert answer["gradient"] == [[[2 * number for number in row] for row in MATRIX]]


def test_a_column_of_a_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("t;y\n1;2\n2;4\n3;7\n")
    for command in (["grad"], ["hessian"], ["taylor", "--order", "1", "--direction", "a=1"]):
        columns = [f"--data={name}={tmp_path}/t.csv:{name}" for name in "ty"]
        result = invoke(*command, "sum((y - a*t)**2)", "--at", "a=2", *columns, "--json")
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["value"] == 1.0
    numbers = tmp_path / "one.txt"
    numbers.write_text("1\n2\n\n4\n")
    assert json.loads(invoke("grad", "sum(X)", "--data", f"X={numbers}", "--json").stdout)["gradient"] == [[1.0] * 3]


def test_a_server_reads_files_and_data_that_stay(tmp_path: Path) -> None:
    file = written(tmp_path, "x.npy")
    with serving(tmp_path / "cache") as server:
        url = str(server.http.base_url)
        kept = server.http.post("/v1/data", json={"values": MATRIX}).json()["data_id"]
        for entry in (["--data", f"X={file}"], ["--at", f'X={{"data": "{kept}"}}']):
            result = invoke("grad", "a*sum(X**2)", "--at", "a=3", *entry, "--url", url, "--json")
            assert result.exit_code == 0, result.stderr
            assert json.loads(result.stdout)["gradient"] == [pytest.approx(SQUARES)]
        gone = invoke("grad", "sum(X)", "--at", f'X={{"data": "{"0" * 32}"}}', "--url", url)
        assert gone.exit_code == 1
        assert "not_found: " in gone.stderr


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.csv", b"1,2\n3\n", "line 2 has 1 numbers, the lines above have 2"),
        ("x.csv", b"a,b\n1,2\n3,4,5\n", "line 3 has 3 numbers"),
        ("x.csv", b"1,2\n3,x\n", "line 2, column 2: x is no finite number"),
        ("x.csv", b"1,2\n3,\n", "line 2, column 2: an empty cell is no finite number"),
        ("x.csv", b"1,nan\n", "line 1, column 2: nan is no finite number"),
        ("x.csv", b"a,b\n", "the table has no numbers"),
        ("x.csv", b"", "the table has no numbers"),
        ("x.csv", b"\xff\xfe1\x00", "neither .npy, .json nor a table in UTF-8"),
        ("x.json", b"[1, 2", "it is not JSON"),
        ("x.json", b"[[1, 2], [3]]", "its lists are not equally long"),
        ("x.json", b'["1"]', "other things than numbers"),
        ("x.json", b"[true]", "other things than numbers"),
        ("x.json", b"[]", "other things than numbers"),
        ("x.json", b'{"data": "x"}', "other things than numbers"),
        ("x.json", b"[NaN]", "not finite"),
        ("x.npy", b"1,2\n", "no .npy file of numbers"),
    ],
)
def test_a_file_that_is_no_array_is_wrong_usage(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    result = invoke("grad", "sum(X)", "--data", f"X={file}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.array([1, None]), "no .npy file of numbers"),
        (np.array(["1"]), "other things than numbers"),
        (np.array([1j]), "other things than numbers"),
        (np.array([1.0, np.inf]), "not finite"),
    ],
    ids=["objects", "texts", "complex", "infinite"],
)
def test_an_npy_file_of_other_things_is_wrong_usage(tmp_path: Path, array: np.ndarray, told: str) -> None:
    npy(array, tmp_path / "x.npy")
    result = invoke("grad", "sum(X)", "--data", f"X={tmp_path}/x.npy")
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "X=nowhere.csv"], "No such file or directory"),
        (["--data", "X=."], "Is a directory"),
        (["--data", "X="], "is not NAME=FILE"),
        (["--data", "t.csv"], "is not NAME=FILE"),
        (["--data", "X=t.csv:z"], "no column z; there are: t, y"),
        (["--data", "X=t.csv:y"], "1 cells of the column y are empty"),
        (["--data", "X=x.json:y"], "a .json file has no columns by name"),
        (["--data", "X=x.json", "--at", "X=1"], "X is given by --at, too"),
        (["--data", "X=x.json", "--data", "X=x.json"], "X is given twice"),
        (["--at", 'X={"data": 1, "more": 2}'], "is not NAME=NUMBER"),
        ([], "the point is missing"),
    ],
)
def test_a_wrong_use_of_files_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("t,y\n1,2\n2,\n")
    Path("x.json").write_text("[1]")
    result = invoke("grad", "sum(X)", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.replace("│", " ").split())
