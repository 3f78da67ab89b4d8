"""The inspector of the Model Context Protocol, by its authors, over HTTP and over stdio.

https://github.com/modelcontextprotocol/inspector. It runs on the node of the same folder, which is newer than Debian's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.server import ROOT, serving

pytestmark = pytest.mark.slow
PROGRAMS = ROOT / ".venv-node" / "node_modules" / ".bin"

WRONG = {"expression": "x**2 + sin(", "point": {"x": 3}}


@pytest.fixture(scope="module", params=["http", "stdio"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Yield what is inspected, as arguments of the inspector."""
    if request.param == "stdio":
        yield [sys.executable, "-m", "app.cli", "mcp"]
        return
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield [str(server.http.base_url.join("/mcp")), "--transport", "http"]


def inspected(target: list[str], method: str, *more: str) -> tuple[int, Any]:
    """Return the exit code of the inspector and what it prints."""
    command = [str(PROGRAMS / "mcp-inspector"), "--cli", *target, "--method", method, *more]
    environment = os.environ | {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(  # noqa: S603 - an installed program
        command, capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr


def call(target: list[str], tool: str, **arguments: Any) -> Any:
    """Call a tool; return what the inspector shows of the result."""
    given = [
        f"--tool-arg={name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in arguments.items()
    ]
    _, found = inspected(target, "tools/call", "--tool-name", tool, *given)
    assert isinstance(found, dict), found
    return found


def test_every_tool_is_listed_with_types_and_answers_its_example(target: list[str]) -> None:
    code, found = inspected(target, "tools/list")
    assert code == 0
    names = {tool["name"] for tool in found["tools"]}
    assert {"gradient", "evaluate", "hessian", "jacobian", "minimize", "language_help"} <= names
    for tool in found["tools"]:
        assert tool["description"]
        assert tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"
        answer = call(target, tool["name"], **tool["inputSchema"]["examples"][0])
        assert not answer.get("isError"), answer
        assert set(answer["structuredContent"]) <= set(tool["outputSchema"]["properties"])


def test_numbers_are_right_and_mistakes_have_a_place(target: list[str]) -> None:
    right = call(target, "gradient", expression="x**2*y + sin(y)", point={"x": 3, "y": 0})
    assert right["structuredContent"] == {"value": 0, "gradient": {"x": 0, "y": 10}, "finite": True}
    wrong = call(target, "gradient", **WRONG)
    assert wrong["isError"] is True
    assert "line 1, column" in wrong["content"][0]["text"]


@pytest.mark.parametrize("kind", ["resources", "prompts"])
def test_nothing_but_tools_is_offered(target: list[str], kind: str) -> None:
    assert inspected(target, f"{kind}/list") == (0, {kind: []})
