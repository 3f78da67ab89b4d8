"""``gradserve mcp`` over stdio, and the official client at a real server."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mcp
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client
from typer.testing import CliRunner

from app.cli.commands import cli
from tests.live.server import ROOT, serving
from tests.support import agents, documents

pytestmark = pytest.mark.slow
CALL = {"expression": "x**2*y", "point": {"x": 3.0, "y": 2.0}}


def command(*options: str) -> StdioServerParameters:
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "GRADSERVE_CACHE_DIR"}}
    arguments = ["-m", "app.cli", "mcp", *options]
    return StdioServerParameters(command=sys.executable, args=arguments, env=environment, cwd=ROOT)


async def used(parameters: StdioServerParameters, mode: str) -> list[Any]:
    async with mcp.Client(stdio_client(parameters), mode=mode) as client:
        listed = await client.list_tools()
        right = await client.call_tool("gradient", CALL)
        wrong = await client.call_tool("gradient", CALL | {"expression": "x**2*y +"})
        words = await client.call_tool("language_help", {"query": "logsumexp"})
        return [len(listed.tools), right, wrong, words]


def check(found: list[Any]) -> None:
    number, right, wrong, words = found
    assert number == 10
    assert right.structured_content == {"value": 18.0, "gradient": {"x": 12.0, "y": 9.0}, "finite": True}
    assert wrong.is_error
    assert wrong.content[0].text.split("\n")[1:4] == ["line 1, column 9:", "  x**2*y +", "          ^"]
    assert words.structured_content["words"][0]["name"] == "logsumexp"


@pytest.mark.parametrize("mode", agents.MODES)
def test_the_tools_over_stdio(mode: str) -> None:
    check(asyncio.run(used(command(), mode)))


def test_the_tools_over_stdio_computed_by_a_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        check(asyncio.run(used(command("--url", str(server.http.base_url)), "auto")))


def test_a_server_that_cannot_be_reached_is_told_in_the_answer() -> None:
    async def called() -> Any:
        async with mcp.Client(stdio_client(command("--url", "http://127.0.0.1:9")), mode="legacy") as client:
            return await client.call_tool("gradient", CALL)

    result = asyncio.run(called())
    assert result.is_error
    assert "cannot be reached" in result.content[0].text


def test_only_messages_go_to_the_standard_output_and_its_end_ends_the_process() -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    two = {"name": "evaluate", "arguments": {"expression": "2"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": two},
    ]
    sent = "".join(json.dumps(message) + "\n" for message in messages) + "not JSON\n"
    given = command()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [given.command, *given.args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=given.env, cwd=ROOT, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(sent)
    process.stdin.flush()
    lines = [json.loads(process.stdout.readline())]
    while lines[-1].get("id") != 2:
        lines.append(json.loads(process.stdout.readline()))
    process.stdin.close()
    lines += [json.loads(line) for line in process.stdout]
    assert process.wait() == 0
    process.stdout.close()
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert [line["result"]["structuredContent"]["value"] for line in lines if line.get("id") == 2] == [2.0]


def test_the_program_of_the_page_prints_what_is_shown(tmp_path: Path) -> None:
    (block,) = [each for each in documents.programs("python") if "import mcp" in each.code]
    with serving(tmp_path) as server:
        program = tmp_path / "program.py"
        program.write_text(block.code.replace("http://127.0.0.1:8000", str(server.http.base_url).rstrip("/")))
        done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "{'x': 12.0, 'y': 9.0}\n"


def test_without_the_extra_the_command_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = CliRunner().invoke(cli, ["mcp"])
    assert result.exit_code == 2
    assert "gradserve[agents]" in result.stderr
