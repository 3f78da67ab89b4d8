"""README and docs/ are right: their examples are run, their tables are complete, their links and files exist.

``tests/support/documents.py`` says which blocks are run. Programs that need other packages or languages are run by
``tests/live/test_recipes.py``.
"""

import functools
import json
import re
import shlex
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import gradserve
import httpx
import jax
import pytest
import typer
from typer.testing import CliRunner

from app.api.http import problem
from app.api.interop.mcp import tools
from app.cli.commands import cli
from app.language.vocabulary import words
from app.runtime import metrics
from app.settings import SECRET, Settings
from tests.support import agents, assertions, documents
from tests.support.direct import Direct
from tests.support.service import Client

EXAMPLES = documents.examples()
COMMANDS = documents.programs("console")
PROGRAMS = [block for block in documents.programs("python") if "import httpx" in block.code]
REMOTE = [block for block in documents.programs("python") if "gradserve import Client" in block.code]
TUTORIAL = "92.0 [10.0, 24.0, 42.0]\n"
LANGUAGES = {"sh", "json", "console", "python", "javascript", "r", "julia", "powerquery", "text", "mermaid"}

every_page = pytest.mark.parametrize("page", documents.ALL, ids=documents.name)


# Examples


@pytest.mark.parametrize(("example", "answer"), EXAMPLES, ids=str)
def test_a_request_gets_the_answer_shown_below_it(
    client: Client, example: documents.Block, answer: documents.Block
) -> None:
    request = documents.curl(example.code)
    response = client.request(request.method, request.path, content=request.body, headers=request.headers)
    assert answer.language == "json", "every request is followed by its answer"
    text = response.text.replace('"simplified":false', '"simplified":true')  # a busy machine leaves no time for that
    lines = "ndjson" in response.headers["content-type"]
    parts = [sorted(each.splitlines()) if lines else [each] for each in (text, answer.code)]
    found, shown = [[assertions.timeless(json.loads(part)) for part in each] for each in parts]
    assert assertions.is_close(found, shown), response.text


@pytest.mark.usefixtures("client")  # which fills the cache that commands start with
@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_a_command_prints_what_is_shown(block: documents.Block) -> None:
    command, _, output = block.code.partition("\n")
    result = CliRunner().invoke(cli, shlex.split(command)[2:])
    assert result.exit_code == 0
    found, shown = (list(map(number_or_text, printed.split())) for printed in (result.stdout, output))
    assert assertions.is_close(found, shown), result.stdout


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_a_program_with_httpx_prints_what_is_shown(
    client: Client, block: documents.Block, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def post(url: str, **options: Any) -> httpx.Response:
        return client.request("POST", documents.curl(f"curl {url}").path, **options)

    monkeypatch.setattr(httpx, "post", post)
    exec(compile(block.code, str(block), "exec"), {})  # noqa: S102 - our own document
    shown = "".join(f"{line}\n" for line in re.findall(r"^print.*  # (.*)$", block.code, re.MULTILINE))
    assert capsys.readouterr().out == (shown or TUTORIAL)


@pytest.mark.parametrize("block", [block for block in REMOTE if "torch" not in block.code], ids=str)
def test_a_program_with_the_python_client_prints_what_is_shown(
    client: Client, block: documents.Block, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connect = functools.partial(gradserve.Client, transport=Direct(client))
    monkeypatch.setattr(gradserve, "Client", connect)
    with jax.numpy_rank_promotion("allow"):  # as JAX is without settings
        exec(compile(block.code, str(block), "exec"), {})  # noqa: S102 - our own document
    assert capsys.readouterr().out.splitlines() == re.findall(r"^ *print.*  # (.*)$", block.code, re.MULTILINE)


def test_the_documents_show_requests_commands_and_programs() -> None:
    assert len(EXAMPLES) >= 15
    assert len(COMMANDS) >= 4
    assert len(PROGRAMS) >= 1
    assert len(REMOTE) >= 4


@pytest.mark.parametrize("page", documents.RUN, ids=documents.name)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    found = documents.blocks(page)
    assert documents.text(page).count("\n```") + documents.text(page).startswith("```") == 2 * len(found)
    answers = {str(answer) for _, answer in EXAMPLES}
    for block in found:
        assert block.language in LANGUAGES, block
        if block.reason:
            continue
        if block.language == "sh":
            documents.curl(block.code)
        elif block.language == "json":
            assert str(block) in answers, f"{block} is the answer of no request"
        elif block.language == "console":
            assert block.code.startswith("$ gradserve "), block
        elif block.language == "text":
            assert "curl " not in block.code, f"{block} has a request that is not run"


@pytest.mark.parametrize("row", documents.rows("docs/agents.md", "tools"), ids=lambda row: row[0])
def test_a_tool_answers_what_is_shown(client: Client, row: list[str]) -> None:
    name, _, arguments, shown = (cell.strip("`") for cell in row)
    found = agents.answer(client, name, json.loads(arguments))
    expected = json.loads(shown)
    assert assertions.is_close({member: found[member] for member in expected}, expected), found


def test_every_tool_is_shown() -> None:
    assert [row[0].strip("`") for row in documents.rows("docs/agents.md", "tools")] == [
        tool.name for tool in tools.TOOLS
    ]


def test_the_settings_of_hosts_name_the_service() -> None:
    blocks = documents.blocks(documents.ROOT / "docs/agents.md")
    found = [block for block in blocks if block.reason == "settings of a host"]
    assert len(found) == 5
    for block in found:
        settings = json.loads(block.code)
        server = settings.get("mcpServers", settings.get("servers"))["gradserve"]
        if "url" in server:
            assert server["url"] == "http://127.0.0.1:8000/mcp"
            assert server["headers"]["Authorization"].startswith("Bearer ")
        else:
            assert server["command"] == "gradserve"
            command = typer.main.get_command(cli).commands[server["args"][0]]  # type: ignore[attr-defined]
            assert set(server["args"][1::2]) <= {name for option in command.params for name in option.opts}
            variables = {variable for option in command.params if (variable := option.envvar)}
            assert set(server.get("env", ())) <= variables


# Tables


def test_every_setting_is_documented_with_its_default_and_nothing_else() -> None:
    shown = re.findall(r"^\| `(GRADSERVE_\w+)` \| `?(.+?)`? \|", documents.text("docs/operations.md"), re.MULTILINE)
    assert shown == [
        (f"GRADSERVE_{name.upper()}", str(field.default) or "empty") for name, field in Settings.model_fields.items()
    ]


@pytest.mark.parametrize("page", documents.CURRENT, ids=documents.name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {f"GRADSERVE_{name.upper()}" for name in Settings.model_fields}
    known |= {f"GRADSERVE_{name.upper()}_FILE" for name in SECRET}
    others = {"GRADSERVE_PUBLISH", "GRADSERVE_SUBNET", "GRADSERVE_URL", "GRADSERVE_KEY"}
    assert set(re.findall(r"GRADSERVE_[A-Z_]*[A-Z]", documents.text(page))) <= known | others


def test_every_limit_is_documented_with_its_default_and_nothing_else(client: Client) -> None:
    shown = {name.strip("`"): limit for name, limit, _ in documents.rows("docs/operations.md", "limits")}
    assert shown == {name: str(limit) for name, limit in client.get("/v1/limits").json().items()}


def test_every_function_of_the_language_is_documented_and_nothing_else() -> None:
    listed = documents.text("docs/language.md").partition("<!-- functions -->")[2].partition("<!-- end -->")[0]
    assert sorted(re.findall(r"`([\w.]+)`", listed)) == sorted(word.names[0] for word in words.ALL)


@pytest.mark.parametrize("row", documents.rows("docs/language.md", "refused"), ids=lambda row: row[0])
def test_a_text_that_is_said_to_be_refused_gets_the_code_shown(client: Client, row: list[str]) -> None:
    text, code, _ = (cell.strip("`") for cell in row)
    assert client.post({"expression": text, "point": [1.0]}).json()["code"] == code


@pytest.mark.parametrize("row", documents.rows("docs/latex.md", "refused latex"), ids=lambda row: row[0])
def test_latex_that_is_said_to_be_refused_is(client: Client, row: list[str]) -> None:
    for text in re.findall(r"`([^`]+)`", row[0]):
        problem = client.post({"expression": text, "format": "latex", "point": [1.0]}).json()
        assert (problem["code"], bool(problem["hint"])) == ("syntax_error", True), text


def test_every_error_code_is_documented_with_its_status() -> None:
    statuses: dict[str, set[int]] = defaultdict(set)
    for line in re.findall(r"^\| (\d[\d, ]*) \| (.*) \|$", documents.text("docs/api.md"), re.MULTILINE):
        for code in re.findall(r"`([a-z_]+)`", line[1]):
            statuses[code] |= set(map(int, line[0].split(", ")))
    for entry in problem.catalogue():
        assert entry["status"] in statuses.pop(entry["code"]), entry["code"]
    assert statuses == {}


def test_every_route_is_documented_and_nothing_else(client: Client) -> None:
    pages = {("GET", path) for path in ("/", "/fit", "/guide", "/guide/{name}", "/docs", "/openapi.json")}
    document = client.get("/openapi.json").json()
    found = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    shown = set(re.findall(r"`(GET|POST|DELETE) (/\S*?)`", documents.text("docs/api.md").partition("\n## Fields")[0]))
    # By id and by version are said in words.
    variants = {("POST", f"/f/{{function_id}}{path}") for _, path in shown}
    variants |= {("GET", f"/f/{{function_id}}{path}") for _, path in shown}
    model = "/v2/models/{model}"
    variants |= {(m, path.replace(model, f"{model}/versions/{{version}}")) for m, path in shown}
    assert shown <= found | pages
    assert found | pages <= shown | variants


def test_every_metric_is_documented_and_nothing_else() -> None:
    shown = [
        (name.strip("`"), kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in documents.rows("docs/operations.md", "metrics")
    ]
    assert shown == [(family.name, family.kind, tuple(family.labels)) for family in metrics.FAMILIES]


def test_every_command_is_documented_and_nothing_else() -> None:
    known = {command.name or command.callback.__name__ for command in cli.registered_commands if command.callback}
    known |= {str(group.name) for group in cli.registered_groups}
    clients = documents.text("docs/clients.md").partition("## The command line")[2]
    assert set(re.findall(r"`gradserve (\w+)`", clients)) == known
    for page in documents.CURRENT:
        assert set(re.findall(r"`gradserve (\w+)", documents.text(page))) <= known


def test_the_layers_and_packages_of_the_architecture_page_are_those_of_the_code() -> None:
    architecture = documents.text("docs/architecture.md")
    project = tomllib.loads(documents.text("pyproject.toml"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == ["app"]]
    assert " > ".join(layers) in architecture
    packages = {documents.name(path.parent) for path in (documents.ROOT / "app").rglob("__init__.py")} - {"app"}
    shown = re.findall(r"`(app/[a-z_/]+)/`", architecture.partition("| package |")[2].partition("\n\n")[0])
    assert set(shown) == packages


# Links and files


@every_page
def test_every_relative_link_and_anchor_exists(page: Path) -> None:
    for target in documents.links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page}: {target}"
        assert linked.is_relative_to(documents.ROOT), f"{page}: {target}"
        if anchor:
            assert anchor in documents.anchors(linked), f"{page}: {target}"


@every_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"(?<![\w/.-])(?:app|tests|deploy|docs)/[\w./*-]*[\w*/]", documents.text(page))
    for name in named:
        assert any(documents.ROOT.glob(name.rstrip("/"))), f"{page}: {name}"


@every_page
def test_every_target_of_make_that_is_named_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (documents.ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^|[`=] ?|&& )make ([a-z-]+)", documents.text(page), re.MULTILINE)
    assert set(named) <= set(targets)


def test_every_page_is_linked_from_the_readme() -> None:
    assert {f"docs/{page.name}" for page in documents.RUN[1:]} <= set(documents.links(documents.README))


def test_the_readme_is_short() -> None:
    assert len(documents.text("README.md").splitlines()) <= 250


# The documents' own reader


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One: `two`\n\n[a](b.md#c) [![picture](d.png)](#one-two)\n\n```text\n[no](link)\n```\n")
    assert sorted(documents.links(page)) == ["#one-two", "b.md#c", "d.png"]
    assert documents.anchors(page) == {"one-two"}


def number_or_text(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word
