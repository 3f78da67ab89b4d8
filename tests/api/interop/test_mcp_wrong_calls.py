"""A calculator for agents that cannot be made to run code: more than a hundred wrong and hostile calls.

None is a 5xx, none has an effect, and each is answered by a text that helps. What Python does meanwhile is seen by an
audit hook (PEP 578): no call compiles, executes or imports anything, starts a process or opens a file or a connection.
"""

import ast
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app import application
from app.api.interop.mcp import tools
from app.engine import executables
from tests.api.rest import refused_texts
from tests.support.service import Client, serving

APP = Path(application.__file__).parent
AT = {"x": 1.0}
_AUDITED = (
    "compile", "exec", "import", "open", "os.", "subprocess.", "shutil.", "socket.", "ctypes.", "pty.", "code.__new__",
    "marshal.", "pickle.", "function.__new__",
)  # fmt: skip
_BY_THE_CLIENT = ("import", ("sniffio",))  # httpx, which sends the calls from this process, looks for it each time
_seen: list[str] | None = None


def _audit(event: str, arguments: Any) -> None:
    if _seen is not None and event.startswith(_AUDITED) and (event, arguments[:1]) != _BY_THE_CLIENT:
        _seen.append(f"{event} {arguments!r}"[:200])


sys.addaudithook(_audit)  # cannot be taken back: it does nothing unless ``audited`` listens


@contextmanager
def audited() -> Iterator[list[str]]:
    global _seen  # noqa: PLW0603 - the hook has no other way
    found: list[str] = []
    _seen = found
    try:
        yield found
    finally:
        _seen = None


@pytest.fixture(scope="module")
def alone() -> Iterator[Client]:
    """A service without compile workers, so that what happens in this process is of the calls."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        # What the service does now and then: it gives memory back, and compiles what is asked about often.
        patch.setattr(application, "_TRIM_SECONDS", 1e6)
        patch.setattr(executables.Executables, "record_cost", lambda *_: None)
        # Handlers that other tests have left write to closed files, and Python compiles what it then shows.
        patch.setattr(logging.root, "handlers", [])
        client = stack.enter_context(serving(workers=False))
        client.run(client.app.state.services.engine.wait_until_idle())
        for tool in tools.TOOLS:
            if tool.name != "symbolic_derivative":  # which asks a worker
                client.post(message(tool.name, tool.example), "/mcp")
        yield client


def message(tool: str, arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def refused(client: Client, tool: str, arguments: Any) -> str:
    """Return the text of a call that must fail in its result."""
    response = client.post(message(tool, arguments), "/mcp")
    assert response.status_code == 200, response.text
    result = response.json()["result"]
    assert result["isError"], result
    assert "structuredContent" not in result
    (content,) = result["content"]
    assert 20 < len(content["text"]) < 1500
    assert "Traceback" not in content["text"]
    return str(content["text"])


# Calls whose arguments are wrong

WRONG: list[tuple[str, Any, str]] = [
    ("nothing", {}, "tools: gradient, evaluate"),
    ("", {}, "there is no tool"),
    ("Gradient", {}, "tools: gradient"),
    ("__class__", {}, "there is no tool"),
    ("../v1/functions", {}, "there is no tool"),
    ("functions", {"expression": "x"}, "there is no tool"),
    ("a" * 100_000, {}, "there is no tool"),
    ("gradient", {}, "the field expression is missing"),
    ("gradient", {"expression": "x"}, "the field point is missing"),
    ("gradient", {"point": AT}, "the field expression is missing"),
    ("gradient", {"expression": "x", "point": AT, "dtype": "float32"}, "fields: expression, point, argnums"),
    ("gradient", {"expression": "x", "point": AT, "__proto__": 1}, "is not a field"),
    ("gradient", {"expression": 1, "point": AT}, "the function as text"),
    ("gradient", {"expression": None, "point": AT}, "the function as text"),
    ("gradient", {"expression": ["x"], "point": AT}, "the function as text"),
    ("gradient", {"expression": {"text": "x"}, "point": AT}, "the function as text"),
    ("gradient", {"expression": "", "point": AT}, "syntax_error"),
    ("gradient", {"expression": "x", "point": [1.0]}, "an object with a number or nested list"),
    ("gradient", {"expression": "x", "point": 1.0}, "an object with a number or nested list"),
    ("gradient", {"expression": "x", "point": "x=1"}, "an object with a number or nested list"),
    ("gradient", {"expression": "x", "point": {"x": "1"}}, "made of numbers"),
    ("gradient", {"expression": "x", "point": {"x": None}}, "made of numbers"),
    ("gradient", {"expression": "x", "point": {"x": True}}, "made of numbers"),
    ("gradient", {"expression": "x", "point": {"x": {"value": 1}}}, "point.x"),
    ("gradient", {"expression": "x", "point": {"x": {"data": "0" * 32}}}, "not_found"),
    ("gradient", {"expression": "sum(X)", "point": {"X": [[1], [1, 2]]}}, "point.X"),
    ("gradient", {"expression": "x", "point": {"y": 1.0}}, "no entry for the argument 'x'"),
    ("gradient", {"expression": "x*y", "point": AT}, "'y'"),
    ("gradient", {"expression": "x", "point": AT | {"y": 2.0}}, "'y', which is not an argument"),
    ("gradient", {"expression": "x", "point": {}}, "point"),
    ("gradient", {"expression": "x", "point": AT, "argnums": "x"}, "a list of argument names"),
    ("gradient", {"expression": "x", "point": AT, "argnums": [0]}, "a list of argument names"),
    ("gradient", {"expression": "x", "point": AT, "argnums": ["z"]}, "'z' is not an argument"),
    ("gradient", {"expression": "x", "point": AT, "argnums": []}, "argnums"),
    ("gradient", {"expression": "x", "point": AT, "argnums": ["x", "x"]}, "argnums"),
    ("gradient", {"expression": "X*2", "point": {"X": [1, 2]}}, "shape"),
    ("gradient", {"expression": "2", "point": {}}, "arguments"),
    ("evaluate", {}, "the field expression is missing"),
    ("evaluate", {"expression": [], "point": AT}, "expression"),
    ("evaluate", {"expression": ["x", 1], "point": AT}, "list of texts"),
    ("evaluate", {"expression": ["x", "x +"], "point": AT}, "syntax_error in expression.1"),
    ("evaluate", {"expression": "x"}, "unknown_name"),
    ("evaluate", {"expression": "1/0"}, "bad_constant"),
    ("hessian", {"expression": "[x, x]", "point": AT}, "shape"),
    ("jacobian", {"expression": "sinn(x)", "point": AT}, "sin"),
    ("jacobian", {"expression": "sin(x, x)", "point": AT}, "bad_arity"),
    ("symbolic_derivative", {"expression": "x"}, "the field argnums is missing"),
    ("symbolic_derivative", {"expression": "x", "argnums": ["q"]}, "'q' is not an argument"),
    ("symbolic_derivative", {"expression": "x", "argnums": ["x"], "simplify": "yes"}, "true or false"),
    ("symbolic_derivative", {"expression": "x", "argnums": ["x"], "shapes": "none"}, "a list of shapes"),
    ("taylor", {"expression": "x", "point": AT, "order": 21}, "from 0 to 20"),
    ("taylor", {"expression": "x", "point": AT, "order": -1}, "from 0 to 20"),
    ("taylor", {"expression": "x", "point": AT, "order": 1.5}, "from 0 to 20"),
    ("taylor", {"expression": "x", "point": AT}, "order"),
    ("taylor", {"expression": "x*y", "point": AT | {"y": 1}, "order": 2}, "direction"),
    ("taylor", {"expression": "x", "point": AT, "orders": {"z": 1}}, "orders"),
    ("minimize", {"expression": "x**2", "point": AT, "method": "magic"}, "method"),
    ("minimize", {"expression": "x**2", "point": AT, "bounds": {"x": 1}}, "bounds"),
    ("minimize", {"expression": "x**2", "point": AT, "bounds": {"x": [2, 1]}}, "bounds"),
    ("minimize", {"expression": "x**2", "point": AT, "constraints": ["x > 0"]}, "a list of conditions"),
    ("minimize", {"expression": "x**2", "point": AT, "constraints": [{"type": "lt", "expression": "x"}]}, "ineq"),
    ("minimize", {"expression": "x**2", "point": AT, "max_evaluations": 0}, "a positive number"),
    ("least_squares", {"expression": "a - y", "point": {"a": 0, "y": [1]}}, "the field argnums is missing"),
    ("least_squares", {"expression": "a - y", "point": {"a": 0, "y": [1]}, "argnums": ["b"]}, "'b'"),
    ("check_derivative", {"expression": "x", "point": AT}, "the field claimed is missing"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {}}, "claimed partial derivative"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": "1"}, "claimed partial derivative"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {"y": 1}}, "use the same names"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {"x": [1]}}, "one number"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {"x": None}}, "one number"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {"x": True}}, "one number"),
    ("check_derivative", {"expression": "sum(X)", "point": {"X": [1, 2]}, "claimed": {"X": [1]}}, "a list of 2"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {"x": "z"}}, "unknown_name in claimed.x"),
    ("check_derivative", {"expression": "x", "point": AT, "claimed": {"x": 1}, "tolerance": 2}, "from 0 to 1"),
    ("language_help", {"query": 1}, "words of a topic"),
    ("language_help", {"query": "a" * 201}, "words of a topic"),
    ("language_help", {"topic": "sin"}, "fields: query"),
]


@pytest.mark.parametrize(("tool", "arguments", "words"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_call_is_told_what_is_wrong(alone: Client, tool: str, arguments: Any, words: str) -> None:
    assert words in refused(alone, tool, arguments)


# Messages and requests that are wrong

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
MESSAGES: list[tuple[Any, int, int, str]] = [
    (b"", 400, -32700, "not JSON"),
    (b"{", 400, -32700, "ends before"),
    (b"\xff", 400, -32700, "JSON"),
    (b"[" * 100_000, 400, -32700, "JSON"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "method": "ping"}', 400, -32700, "method"),
    (json.dumps(PING).encode()[:-1] + b', "params": {"a": NaN}}', 400, -32700, "NaN"),
    (json.dumps(PING).encode("utf-16"), 400, -32700, "UTF-16"),
    (b'"ping"', 400, -32600, "an object"),
    (b"null", 400, -32600, "an object"),
    ([], 400, -32600, "batch"),
    ([PING, PING], 400, -32600, "batch"),
    ({}, 400, -32600, "jsonrpc"),
    ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, 400, -32600, "jsonrpc"),
    ({"jsonrpc": "2.0", "id": 1}, 400, -32600, "method"),
    ({"jsonrpc": "2.0", "id": 1, "result": {}}, 400, -32600, "responses"),
    ({"jsonrpc": "2.0", "id": 1, "method": ["ping"]}, 400, -32600, "method"),
    ({"jsonrpc": "2.0", "id": None, "method": "ping"}, 400, -32600, "id"),
    ({"jsonrpc": "2.0", "id": True, "method": "ping"}, 400, -32600, "id"),
    ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, 400, -32600, "id"),
    ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}, 400, -32600, "params"),
    ({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}, 200, -32601, "not found"),
    ({"jsonrpc": "2.0", "id": 1, "method": "prompts/list"}, 200, -32601, "not found"),
    ({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage"}, 200, -32601, "not found"),
    ({"jsonrpc": "2.0", "id": 1, "method": "eval"}, 200, -32601, "not found"),
    ({"jsonrpc": "2.0", "id": 1, "method": "initialize"}, 200, -32602, "Invalid"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}, 200, -32602, "Invalid"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 1}}, 200, -32602, "Invalid"),
    (message("gradient", "expression=x"), 200, -32602, "Invalid"),
    (message("gradient", ["x"]), 200, -32602, "Invalid"),
]
HEADERS: list[tuple[dict[str, str], int, str]] = [
    ({"Accept": "text/html"}, 406, "Accept: application/json"),
    ({"Accept": "text/event-stream"}, 406, "Accept: application/json"),
    ({"Content-Type": "text/plain"}, 415, "application/json"),
    ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
    ({"Content-Encoding": "br"}, 415, "Content-Encoding"),
    ({"Origin": "http://evil.example"}, 403, "GRADSERVE_CORS_ORIGINS"),
    ({"Origin": "null"}, 403, "GRADSERVE_CORS_ORIGINS"),
    ({"MCP-Protocol-Version": "1999-01-01"}, 400, "protocolVersion"),
    ({"MCP-Protocol-Version": "__import__('os')"}, 400, "protocolVersion"),
    ({"Long": "a" * 70_000}, 431, "headers"),
]


def told(response: Any, code: int | None = None) -> str:
    document = response.json()
    assert document["jsonrpc"] == "2.0"
    assert code is None or document["error"]["code"] == code
    return str(document["error"]["message"])


@pytest.mark.parametrize(("sent", "status", "code", "words"), MESSAGES, ids=range(len(MESSAGES)))
def test_a_wrong_message_is_told_what_is_wrong(alone: Client, sent: Any, status: int, code: int, words: str) -> None:
    response = alone.post(sent, "/mcp")
    assert response.status_code == status, response.text
    assert words in told(response, code)


@pytest.mark.parametrize(("headers", "status", "words"), HEADERS, ids=range(len(HEADERS)))
def test_a_wrong_header_is_told_what_is_wrong(alone: Client, headers: Any, status: int, words: str) -> None:
    response = alone.post(PING, "/mcp", **headers)
    assert response.status_code == status, response.text
    assert words in told(response)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(alone: Client, method: str) -> None:
    response = alone.request(method, "/mcp")
    assert response.status_code == 405
    assert "POST" in told(response)


def test_there_are_more_than_a_hundred_wrong_calls() -> None:
    assert len(WRONG) + len(MESSAGES) + len(HEADERS) > 100


# The claim: nothing is executed, and nothing has an effect

HOSTILE = [*refused_texts.CODE_EXECUTION, *refused_texts.DUNDERS, *refused_texts.ATTRIBUTES, *refused_texts.STRINGS]
PLACES: list[tuple[str, Any]] = [
    ("gradient", lambda text: {"expression": text, "point": AT}),
    ("evaluate", lambda text: {"expression": text}),
    ("evaluate", lambda text: {"expression": ["x", text], "point": AT}),
    ("hessian", lambda text: {"expression": text, "point": AT}),
    ("jacobian", lambda text: {"expression": text, "point": AT}),
    ("symbolic_derivative", lambda text: {"expression": text, "argnums": ["x"]}),
    ("taylor", lambda text: {"expression": text, "point": AT, "order": 2}),
    ("minimize", lambda text: {"expression": text, "point": AT}),
    ("minimize", lambda text: {"expression": "x", "point": AT, "constraints": [{"type": "eq", "expression": text}]}),
    ("minimize", lambda text: {"expression": "x**2", "point": AT, "method": text}),
    ("least_squares", lambda text: {"expression": text, "point": AT, "argnums": ["x"]}),
    ("check_derivative", lambda text: {"expression": text, "point": AT, "claimed": {"x": 1}}),
    ("check_derivative", lambda text: {"expression": "x", "point": AT, "claimed": {"x": text}}),
    ("gradient", lambda text: {"expression": "x", "point": {text: 1.0}}),
    ("gradient", lambda text: {"expression": "x", "point": AT, "argnums": [text]}),
    ("gradient", lambda text: {"expression": "x", "point": {"x": text}}),
]
"""Every place of a call that takes a text, but the query of language_help, which refuses none."""


@pytest.mark.parametrize(("tool", "place"), PLACES, ids=range(len(PLACES)))
def test_a_hostile_text_is_refused_wherever_it_stands(alone: Client, tool: str, place: Any) -> None:
    refused(alone, tool, place("x.y"))  # what is imported at first use is there now
    with audited() as events:
        for text in HOSTILE:
            refused(alone, tool, place(text))
    assert events == []


def test_a_hostile_query_finds_words_and_nothing_else(alone: Client) -> None:
    with audited() as events:
        for text in HOSTILE:
            response = alone.post(message("language_help", {"query": text[:200]}), "/mcp")
            assert not response.json()["result"]["isError"]
    assert events == []


def test_the_hook_would_see_an_execution() -> None:
    with audited() as events:
        exec("1")  # noqa: S102 - what must be seen
        open("/dev/null").close()  # noqa: PTH123 - likewise
    assert [event.split()[0] for event in events] == ["compile", "exec", "open"]


def test_no_module_of_the_service_calls_what_executes_text() -> None:
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path


def test_the_tools_are_a_closed_table_whose_routes_have_no_effects(alone: Client) -> None:
    asked = {tool.path for tool in tools.TOOLS} - {""}
    assert asked == {
        f"/v1/{name}"
        for name in ("grad", "evaluate", "hessian", "jacobian", "symbolic", "taylor", "minimize", "least_squares")
    }
    listed = alone.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, "/mcp").json()["result"]["tools"]
    assert [each["name"] for each in listed] == [tool.name for tool in tools.TOOLS]
    assert all(each["annotations"]["readOnlyHint"] for each in listed)
    before = alone.get("/v1/functions").text, alone.get("/v1/data").text
    for tool in tools.TOOLS:
        if tool.name != "symbolic_derivative":
            assert not alone.post(message(tool.name, tool.example), "/mcp").json()["result"]["isError"]
    assert (alone.get("/v1/functions").text, alone.get("/v1/data").text) == before


@pytest.mark.parametrize("text", ["(" * 900_000, "x" * 900_000, "x+" * 400_000 + "x", "9**" * 300_000 + "9"])
def test_a_huge_text_is_refused(alone: Client, text: str) -> None:
    assert refused(alone, "gradient", {"expression": text, "point": AT})
