"""The recipes of docs/clients.md, docs/fits.md and the playground, each run where its language can be."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_julia

from tests.live.server import serving
from tests.support import documents

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".venv-clients/bin/python"
TORCH = ROOT / ".venv-torch/bin/python"
MODULES = ROOT / ".venv-node/node_modules"
HERE = "http://127.0.0.1:8000"
_RECIPE = re.compile(r"^### (\w+).*\n(?:(?!#|```).*\n)*```\w+\n((?:.*\n)*?)```", re.MULTILINE)
_FIRST = documents.text("docs/clients.md").partition("\n## From your language")[2].partition("\n## ")[0]
RECIPES, FITS = (
    {name: code.rstrip("\n") for name, code in _RECIPE.findall(text)}
    for text in (_FIRST, documents.text("docs/fits.md"))
)
EXAMPLES = [block.code for block in documents.programs("python")]
PUROMYCIN = {"vm": [212.7, 6.947], "k": [0.06412, 0.008281]}
"""What R's documentation has for these data: values and standard errors."""
SQUARES = 1195.449
MEASURED = [
    [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1],
    [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200],
]
TUTORIAL = {"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "point": [1, 2, 3], "argnums": [0, 1, 2]}
AWKWARD = {
    "expression": 'def f(X, a):\n    # it\'s "a" \\ $x #{x} é \U0001d465 `x` ${x}\n    return X[0][1]*a',
    "point": [[[1, 2.5], [3, -4]], 1e-7],
    "argnums": [0, 1],
}
RUNNERS = {
    "curl": ["/bin/sh", "-c"],
    "Python": [sys.executable, "-c"],
    "JavaScript": ["node", "--input-type=module", "--eval"],
    "R": ["Rscript", "-e"],
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cache")) as server:
        yield str(server.http.base_url).rstrip("/")


def run(*command: str, fails: bool = False, **options: Any) -> str:
    """Return the output of a command, which must succeed, or fail if that is expected."""
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=120, check=False, **options
    )
    assert (done.returncode != 0) == fails, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr * fails


def node(code: str, **options: Any) -> str:
    return run("node", "--input-type=module", "--eval", code, **options)


def snippet(language: str, url: str, body: Any) -> str:
    """Return the code that the playground writes."""
    module = json.dumps((ROOT / "app/api/web/static/playground/answers/snippets.js").as_uri())
    written = f"LANGUAGES[{json.dumps(language)}]({json.dumps(url)}, {json.dumps(body)})"
    return node(f"import {{ LANGUAGES }} from {module}; process.stdout.write({written})")


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


def test_the_documents_have_a_recipe_for_each_language() -> None:
    assert list(RECIPES) == ["Python", "JavaScript", "R", "Julia", "Excel", "Google"]
    assert list(FITS) == ["Python", "R", "Julia", "Excel", "Google"]


def test_optim_and_nls_of_r_find_the_published_fit(base: str) -> None:
    printed = run(*RUNNERS["R"], FITS["R"].replace(HERE, base)).splitlines()
    assert numbers(printed[0]) == pytest.approx([PUROMYCIN["vm"][0], PUROMYCIN["k"][0], SQUARES], rel=1e-4)
    table = {line.split()[0]: numbers(line)[:2] for line in printed if line.startswith(("vm ", "k "))}
    assert table == {name: pytest.approx(pair, rel=1e-3) for name, pair in PUROMYCIN.items()}


def test_a_fit_of_r_reports_the_error_of_a_function(base: str) -> None:
    told = run(*RUNNERS["R"], FITS["R"].replace(HERE, base).replace("sum((p", "summ((p"), fails=True)
    assert "the function 'summ' is not defined" in told


def test_the_fit_of_julia_is_julia() -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    assert not parser.parse(FITS["Julia"].encode()).root_node.has_error
    assert parser.parse(FITS["Julia"].replace("))[", ")[").encode()).root_node.has_error, "the parser is alive"


@pytest.mark.parametrize("language", ["Python", "JavaScript", "R", "Julia"])
def test_the_playground_writes_the_recipes_of_the_documents(language: str) -> None:
    assert snippet(language, f"{HERE}/v1/grad", TUTORIAL) == RECIPES[language]


@pytest.mark.parametrize("language", ["Python", "JavaScript", "R"])
def test_a_recipe_prints_the_value_and_the_gradient(base: str, language: str) -> None:
    printed = run(*RUNNERS[language], RECIPES[language].replace(HERE, base))
    assert numbers(printed) == [92, 10, 24, 42]


@pytest.mark.parametrize("language", ["Python", "JavaScript", "R"])
def test_a_recipe_reports_the_error_of_a_function(base: str, language: str) -> None:
    told = run(*RUNNERS[language], RECIPES[language].replace(HERE, base).replace("5*(x1", "sine(x1"), fails=True)
    assert "the function 'sine' is not defined" in told


@pytest.mark.parametrize("language", RUNNERS)
def test_quotes_and_backslashes_of_a_function_survive_in_a_recipe(base: str, language: str) -> None:
    printed = run(*RUNNERS[language], snippet(language, f"{base}/v1/grad", AWKWARD))
    if language == "curl":
        answer = json.loads(printed)
        printed = f"{answer['value']} {answer['gradient']}"
    assert numbers(printed) == pytest.approx([2.5e-7, 0, 1e-7, 0, 0, 2.5])


@pytest.mark.parametrize("body", [TUTORIAL, AWKWARD], ids=["tutorial", "awkward"])
def test_the_recipe_for_julia_is_julia(body: Any) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    code = snippet("Julia", f"{HERE}/v1/grad", body)
    read = parser.parse(code.encode()).root_node
    assert not read.has_error
    assert "interpolation" not in str(read), "nothing of a text is evaluated"
    assert parser.parse(code.replace("(Dict(", "((Dict(").encode()).root_node.has_error, "the parser is alive"
    assert "interpolation" in str(parser.parse(b'"$x"').root_node)


SHEETS = """
  import { execFileSync } from "node:child_process";
  globalThis.UrlFetchApp = { fetch(url, { method, contentType, payload }) {
    const asked = ["-s", "-w", "\\n%{http_code}", "-X", method.toUpperCase(), "-H", `Content-Type: ${contentType}`];
    const lines = execFileSync("curl", [...asked, "-d", payload, url], { encoding: "utf8" }).split("\\n");
    return { getResponseCode: () => Number(lines.at(-1)), getContentText: () => lines.slice(0, -1).join("\\n") };
  } };
"""
"""What Google Sheets gives a script, by curl."""


def sheet(code: str, base: str, function: str, *cells: Any, **options: Any) -> Any:
    """Return what a function of a script fills cells with."""
    called = f"{function}({', '.join(map(json.dumps, cells))})"
    script = f"{SHEETS}{code.replace('https://gradients.example.org', base)}\nconsole.log(JSON.stringify({called}))"
    told = node(script, **options)
    return told if options else json.loads(told)


def test_the_recipe_for_sheets_fills_a_row(base: str) -> None:
    recipe = RECIPES["Google"]
    assert sheet(recipe, base, "GRADIENT", TUTORIAL["expression"], [[1, 2, 3]]) == [[92, 10, 24, 42]]
    assert sheet(recipe, base, "GRADIENT", "x**2", 3) == [[9, 6]]
    assert "is not defined" in sheet(recipe, base, "GRADIENT", "sine(x)", 3, fails=True)


def test_the_fit_for_sheets_fills_a_row_for_each_parameter(base: str) -> None:
    table = [["c", "rate"], *map(list, zip(*MEASURED, strict=True))]
    rows = sheet(FITS["Google"], base, "FIT", "vm*c/(k + c) - rate", table, [["vm", 200], ["k", 0.1]])
    found = {name: pair for name, *pair in rows}
    assert found == {name: pytest.approx(pair, rel=1e-3) for name, pair in PUROMYCIN.items()}
    exact = sheet(FITS["Google"], base, "FIT", "a*t - y", [["t", "y"], [2, 6]], [["a", 1]])
    assert exact == [["a", pytest.approx(3), ""]], "as many numbers as parameters have no errors"
    assert "is not defined" in sheet(FITS["Google"], base, "FIT", "sine(c) - vm", table, [["vm", 200]], fails=True)


@pytest.mark.parametrize("query", [RECIPES["Excel"], FITS["Excel"]], ids=["gradient", "fit"])
def test_the_recipe_for_excel_is_power_query(tmp_path: Path, query: str) -> None:
    (tmp_path / "node_modules").symlink_to(MODULES)
    check = """
      import parser from "@microsoft/powerquery-parser";
      const task = await parser.TaskUtils.tryLexParse(parser.DefaultSettings, process.argv[1]);
      console.log(parser.TaskUtils.isParseStageOk(task));
    """
    assert run("node", "--input-type=module", "--eval", check, query, cwd=tmp_path).strip() == "true"
    assert run("node", "--input-type=module", "--eval", check, query[:-1], cwd=tmp_path).strip() == "false"


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.split()[1].rstrip(","))
def test_an_example_in_python_prints_the_output_beside_it(base: str, code: str) -> None:
    shown = re.findall(r"^ *print.*  # (.*)$", code, re.MULTILINE)
    python = str(TORCH) if "torch" in code else sys.executable if re.search("httpx|gradserve", code) else str(CLIENTS)
    there = code.replace(HERE, base).replace("127.0.0.1:8000", base.removeprefix("http://"))
    printed = run(python, "-c", there, env=os.environ | {"PYTHONPATH": str(ROOT / "clients/python")})
    assert printed.splitlines() == (shown or ["92.0 [10.0, 24.0, 42.0]"])
