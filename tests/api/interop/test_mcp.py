"""The tools for agents, called by the official client: what they answer, and the checks that the inspector makes."""

import asyncio
import json
import math
from typing import Any

import httpx2
import jax
import jax.numpy as jnp
import jsonschema
import numpy as np
import pydantic
import pytest

from app.api.http import handler, routing
from app.api.interop.mcp import routes, tools
from app.api.rest import derivatives, fits, taylor
from app.api.rest.symbolic import formulae
from app.runtime import queue
from app.settings import Settings
from tests.support import agents, assertions, waiting
from tests.support.service import Client, serving

each_mode = pytest.mark.parametrize("mode", agents.MODES)
each_tool = pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.name)
TOOLS = [
    "gradient", "evaluate", "hessian", "jacobian", "symbolic_derivative", "taylor", "minimize", "least_squares",
    "check_derivative", "language_help",
]  # fmt: skip


# What the inspector checks


@each_mode
def test_the_official_client_lists_the_tools(client: Client, mode: str) -> None:
    async def listed() -> Any:
        async with agents.connected(client, mode) as session:
            return session.server_info, session.instructions, (await session.list_tools()).tools

    server, instructions, found = client.run(listed())
    assert server.name == "gradserve"
    assert "language_help" in instructions
    assert [tool.name for tool in found] == TOOLS
    for tool in found:
        assert tool.title
        assert tool.description
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not tool.annotations.open_world_hint


@each_tool
def test_the_schemas_of_a_tool_are_valid_and_described(client: Client, tool: tools.Tool) -> None:
    async def listed() -> Any:
        async with agents.connected(client) as session:
            return (await session.list_tools()).tools

    (found,) = [each for each in client.run(listed()) if each.name == tool.name]
    for schema in (found.input_schema, found.output_schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert "$ref" not in json.dumps(schema)
    assert found.input_schema["additionalProperties"] is False
    assert all(member["description"] for member in found.input_schema["properties"].values())
    for example in found.input_schema["examples"]:
        jsonschema.Draft202012Validator(found.input_schema).validate(example)


@each_mode
@each_tool
def test_the_example_of_a_tool_is_answered_as_its_schema_says(client: Client, tool: tools.Tool, mode: str) -> None:
    async def called() -> Any:
        async with agents.connected(client, mode) as session:
            listed = {each.name: each for each in (await session.list_tools()).tools}
            return listed[tool.name].output_schema, await session.call_tool(tool.name, tool.example)

    schema, result = client.run(called())
    assert not result.is_error, result.content[0].text
    closed = {**schema, "additionalProperties": False}
    jsonschema.Draft202012Validator(closed).validate(result.structured_content)
    assert json.loads(result.content[0].text) == result.structured_content


@each_tool
def test_the_fields_of_a_tool_are_fields_of_its_route(tool: tools.Tool) -> None:
    operations = routing.operations([module.router for module in (derivatives, fits, taylor, formulae)])
    if tool.path:
        assert set(tool.takes.model_fields) <= set(operations[tool.path].model.model_fields)
    else:
        assert tool.name in {"check_derivative", "language_help"}


# Numbers, against JAX that is not compiled, and NumPy


def test_a_gradient_by_name(client: Client) -> None:
    def f(x: Any, w: Any) -> Any:
        return jnp.sum(jnp.sin(w * x) ** 2)

    point = {"x": 0.7, "w": [0.5, -1.5, 2.0]}
    found = agents.answer(client, "gradient", {"expression": "sum(sin(w*x)**2)", "point": point})
    with jax.disable_jit():
        value, (by_x, by_w) = jax.value_and_grad(f, (0, 1))(jnp.float64(0.7), jnp.array(point["w"]))
    assert assertions.is_close(found["value"], float(value))
    assert assertions.is_close(found["gradient"], {"x": float(by_x), "w": by_w.tolist()})
    some = agents.answer(client, "gradient", {"expression": "sum(sin(w*x)**2)", "point": point, "argnums": ["x"]})
    assert list(some["gradient"]) == ["x"]


def test_a_hessian_and_a_jacobian_by_name(client: Client) -> None:
    def f(x: Any, y: Any) -> Any:
        return x**2 * jnp.exp(y) + y**3

    found = agents.answer(client, "hessian", {"expression": "x**2*exp(y) + y**3", "point": {"y": 0.5, "x": 2.0}})
    with jax.disable_jit():
        blocks = jax.hessian(f, (0, 1))(2.0, 0.5)
        row = jax.grad(f, (0, 1))(2.0, 0.5)
    wanted = {a: {b: float(blocks[i][j]) for j, b in enumerate("xy")} for i, a in enumerate("xy")}
    assert assertions.is_close(found["hessian"], wanted)
    texts = ["x**2*exp(y) + y**3", "x"]
    found = agents.answer(client, "jacobian", {"expression": texts, "point": {"y": 0.5, "x": 2.0}})
    assert assertions.is_close(found["jacobian"], {"x": [float(row[0]), 1.0], "y": [float(row[1]), 0.0]})


def test_values_also_of_constant_expressions(client: Client) -> None:
    assert agents.answer(client, "evaluate", {"expression": "2*pi"})["value"] == 2 * math.pi
    assert agents.answer(client, "evaluate", {"expression": "2*pi", "point": None} | {"point": {}})["finite"]
    found = agents.answer(client, "evaluate", {"expression": "log(x)", "point": {"x": 0}})
    assert found == {"value": "-Infinity", "finite": False}


def test_derivatives_of_high_order(client: Client) -> None:
    found = agents.answer(client, "taylor", {"expression": "sin(3*x)", "point": {"x": 0.3}, "order": 4})
    wanted = [3.0**n * math.sin(0.9 + n * math.pi / 2) for n in range(5)]
    assert np.allclose(found["derivatives"], wanted, rtol=1e-12)
    mixed = {"expression": "x**2*exp(y)", "point": {"x": 3, "y": 0}, "orders": {"x": 1, "y": 2}}
    assert agents.answer(client, "taylor", mixed)["derivative"] == 6.0


def test_formulae_are_texts_that_the_tools_take(client: Client) -> None:
    asked = {"expression": "a*x**2 + sin(x)*sum(W)", "argnums": ["x", "W"], "shapes": [[], [], [2]]}
    found = agents.answer(client, "symbolic_derivative", asked)
    assert [(each["arg"], each["index"]) for each in found["partials"]] == [("x", []), ("W", [0]), ("W", [1])]
    point = {"a": 2.0, "x": 0.3, "W": [1.0, 2.0]}
    value = agents.answer(client, "evaluate", {"expression": found["partials"][0]["text"], "point": point})["value"]
    assert math.isclose(value, 4 * 0.3 + 3 * math.cos(0.3), rel_tol=1e-12)


def test_a_minimum_with_bounds_and_conditions(client: Client) -> None:
    asked = {
        "expression": "x + y",
        "point": {"x": 0.5, "y": 0.5},
        "constraints": [{"type": "ineq", "expression": "2 - x**2 - y**2"}],
        "bounds": {"y": [-0.5, None]},
    }
    found = agents.answer(client, "minimize", asked)
    assert found["converged"]
    assert np.allclose([found["x"]["x"], found["x"]["y"]], [-math.sqrt(1.75), -0.5], atol=1e-6)


def test_a_fit_with_standard_errors(client: Client) -> None:
    t, y = np.linspace(0.0, 1.0, 7), np.array([1.0, 1.3, 1.9, 2.2, 2.4, 3.1, 3.2])
    point = {"a": 0, "b": 0, "t": t.tolist(), "y": y.tolist()}
    asked = {"expression": "a + b*t - y", "point": point, "argnums": ["b", "a"]}
    found = agents.answer(client, "least_squares", asked)
    design = np.stack([t, np.ones_like(t)], 1)
    wanted, squares, *_ = np.linalg.lstsq(design, y)
    covariance = squares[0] / (len(t) - 2) * np.linalg.inv(design.T @ design)
    assert np.allclose([found["x"]["b"], found["x"]["a"]], wanted, rtol=1e-8)
    errors_found = [found["standard_errors"]["b"], found["standard_errors"]["a"]]
    assert np.allclose(errors_found, np.sqrt(np.diag(covariance)), rtol=1e-8)


# Checks of derivatives


def test_a_right_gradient_is_right_and_a_wrong_one_is_shown(client: Client) -> None:
    asked = {"expression": "x**3*y + sum(W**2)", "point": {"x": 2.0, "y": 5.0, "W": [1.0, 3.0]}}
    right = {"x": "3*x**2*y", "y": 8.0, "W": "2*W"}
    found = agents.answer(client, "check_derivative", asked | {"claimed": right})
    assert found["correct"]
    assert found["missing"] == []
    assert [(each["arg"], each["index"]) for each in found["entries"]] == [
        ("x", []), ("y", []), ("W", [0]), ("W", [1]),
    ]  # fmt: skip
    wrong = {"W": [2.0, 6.6], "x": "2*x**2*y"}
    found = agents.answer(client, "check_derivative", asked | {"claimed": wrong})
    assert not found["correct"]
    assert found["missing"] == ["y"]
    assert [each["correct"] for each in found["entries"]] == [True, False, False]
    assert [each["right"] for each in found["entries"]] == [2.0, 6.0, 60.0]
    assert assertions.is_close([each["relative_error"] for each in found["entries"]], [0.0, 0.1, 1 / 3])


def test_zeros_and_infinities_are_compared(client: Client) -> None:
    def entry(expression: str, x: float, claimed: Any, **more: Any) -> Any:
        asked = {"expression": expression, "point": {"x": x}, "claimed": {"x": claimed}, **more}
        return agents.answer(client, "check_derivative", asked)["entries"][0]

    assert entry("x**2", 0.0, 0)["correct"]
    assert entry("x**2", 0.0, 1e-9)["relative_error"] == 1e-9
    assert entry("log(x)", 0.0, "1/x")["correct"]
    assert not entry("log(x)", 0.0, 3.0)["correct"]
    assert not entry("x**2", 1.0, 2.001)["correct"]
    assert entry("x**2", 1.0, 2.001, tolerance=1e-2)["correct"]


def test_a_fault_in_a_claimed_formula_is_shown_there(client: Client) -> None:
    asked = {"expression": "x**2", "point": {"x": 1.0}, "claimed": {"x": "2*x +"}}
    assert agents.refusal(client, "check_derivative", asked).split("\n") == [
        "syntax_error in claimed.x: the text ends where a value was expected",
        "line 1, column 6:",
        "  2*x +",
        "       ^",
        "hint: write a value after +, or leave it out",
    ]


# Language


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("logsumexp", "logsumexp"),
        ("np.linalg.solve", "solve"),
        ("hyperbolic tangent", "tanh"),
        ("norm.logpdf", "norm"),
        ("jax.nn.relu()", "relu"),
        ("logsumxep", "logsumexp"),
        ("bessel", "j0"),
    ],
)
def test_words_are_found_by_name_and_topic(client: Client, query: str, name: str) -> None:
    found = agents.answer(client, "language_help", {"query": query})
    assert name in [word["name"] for word in found["words"]]
    assert len(found["words"]) <= 12


def test_statements_are_found_and_nothing_is_said_to_be_nothing(client: Client) -> None:
    assert any("for" in form["form"] for form in agents.answer(client, "language_help", {"query": "loop"})["forms"])
    found = agents.answer(client, "language_help", {"query": "qqqqqqqq"})
    assert (found["words"], found["forms"]) == ([], [])
    assert "Nothing" in found["note"]


def test_without_a_query_all_names_are_there(client: Client) -> None:
    document = client.get("/v1/language").json()
    names = [each["name"] for each in [*document["functions"], *document["distributions"]]]
    assert agents.answer(client, "language_help", {})["names"] == names


# The same keys, limits, rates and metrics


def called(tool: str, arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


CUBE = called("gradient", {"expression": "x**3", "point": {"x": 2.0}})
FORMULAE = {"x": "y", "y": "x"}
CHECK = called("check_derivative", {"expression": "x*y", "point": {"x": 2.0, "y": 1.0}, "claimed": FORMULAE})


def test_a_key_is_needed_where_one_is(client: Client) -> None:
    assert client.post(CUBE, "/mcp").status_code == 200
    with serving(Settings(api_keys=pydantic.SecretStr("secret")), workers=False) as keyed:
        refused = keyed.post(CUBE, "/mcp")
        assert refused.status_code == 401
        assert refused.json()["error"]["data"]["code"] == "unauthorized"
        assert keyed.post(CUBE, "/mcp", Authorization="Bearer secret").status_code == 200
        key = {"Authorization": "Bearer secret"}

        async def listed() -> int:
            async with agents.connected(keyed, headers=key) as session:
                return len((await session.list_tools()).tools)

        assert keyed.run(listed()) == len(TOOLS)


def test_a_call_is_counted_and_its_further_evaluations_too() -> None:
    with serving(Settings(rate_limit="4/minute"), workers=False) as client:
        # The gradient is the request itself. Two formulae are two more.
        assert not client.post(CHECK, "/mcp").json()["result"]["isError"]
        assert not client.post(CUBE, "/mcp").json()["result"]["isError"]
        refused = client.post(CUBE, "/mcp")
        assert refused.status_code == 429
        assert refused.headers["retry-after"]
    with serving(Settings(rate_limit="2/minute"), workers=False) as client:
        result = client.post(CHECK, "/mcp").json()["result"]
        assert result["isError"]
        assert "asks too often" in result["content"][0]["text"]
        assert client.post(CUBE, "/mcp").status_code == 429


def test_a_batch_is_not_taken(client: Client) -> None:
    refused = client.post([CUBE] * 50, "/mcp")
    assert refused.status_code == 400
    assert "batch" in refused.json()["error"]["message"]


def test_a_call_is_the_callers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = []
    ask = handler.Handler.ask

    async def noted(*arguments: Any) -> Any:
        callers.append(queue.CALLER.get())
        return await ask(*arguments)

    monkeypatch.setattr(handler.Handler, "ask", noted)
    for version in ({}, {"MCP_Protocol_Version": "2025-11-25"}):
        client.post(CUBE, "/mcp", **version)
    assert callers == ["127.0.0.1"] * 2


def test_a_call_is_in_the_metrics_with_its_tier(client: Client) -> None:
    client.post(CUBE, "/mcp")
    text = client.get("/metrics").text
    assert any('route="/mcp"' in line and 'tier="interpreted"' in line for line in text.splitlines())


def test_the_limits_of_the_service_hold_for_calls() -> None:
    with serving(Settings(max_evaluations=40, max_body_bytes=2048), workers=False) as client:
        asked = {"expression": "(1 - x)**2 + 100*(y - x**2)**2", "point": {"x": -1, "y": 1}, "method": "Nelder-Mead"}
        assert agents.answer(client, "minimize", asked | {"max_evaluations": 10_000})["evaluations"] == 40
        refused = client.post(called("evaluate", {"expression": "1" + "+1" * 1500}), "/mcp")
    assert refused.status_code == 413
    assert "2048 bytes" in refused.json()["error"]["message"]


def test_a_message_is_shorter_than_other_bodies(client: Client) -> None:
    most = client.get("/v1/limits").json()["max_message_bytes"]
    refused = client.post(b" " * (most + 1), "/mcp")
    assert refused.status_code == 413
    assert client.post(b" " * most, "/mcp").status_code == 400


def test_an_answer_that_no_language_model_reads_is_refused(client: Client) -> None:
    text = agents.refusal(client, "evaluate", {"expression": "arange(100000)*x", "point": {"x": 0.1}})
    assert "the limit of a tool is 262144" in text
    assert "hint: ask for fewer numbers" in text


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_a_client_that_goes_away_ends_its_call(client: Client, version: str) -> None:
    point = {"X": [0.5] * 60}
    endless = {"expression": "sum(sin(outer(X, X))**2)", "point": point, "method": "Nelder-Mead"}
    message, headers = called("minimize", endless | {"max_evaluations": 10_000}), []
    if version == "2026-07-28":
        prefix = "io.modelcontextprotocol/"
        message["params"]["_meta"] = {f"{prefix}protocolVersion": version, f"{prefix}clientCapabilities": {}}
        headers = [(b"mcp-method", b"tools/call"), (b"mcp-name", b"minimize")]
    headers += [(b"content-type", b"application/json"), (b"mcp-protocol-version", version.encode())]
    searches = client.app.state.services.engine.fits.pool

    async def leave() -> bytes:
        gone = asyncio.Event()
        sent: list[Any] = []
        arriving = [{"type": "http.request", "body": json.dumps(message).encode()}]

        async def receive() -> Any:
            if arriving:
                return arriving.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(part: Any) -> None:
            sent.append(part)

        scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": headers}
        exchange = asyncio.ensure_future(client.app({**scope, "client": ("127.0.0.1", 1)}, receive, send))
        await waiting.until(lambda: len(searches) or exchange.done())
        gone.set()
        await exchange
        await waiting.until(lambda: not len(searches))
        return b"".join(part.get("body", b"") for part in sent)

    assert b"the client went away" in client.run(leave())


# The edge


def test_a_page_of_another_origin_is_refused() -> None:
    with serving(Settings(cors_origins="https://a.example"), workers=False) as client:
        assert client.post(CUBE, "/mcp", Origin="https://a.example").status_code == 200
        for origin in ("http://service", "http://127.0.0.1:8000", "https://b.example", "null"):
            refused = client.post(CUBE, "/mcp", Origin=origin)
            assert refused.status_code == 403
            assert "may not call" in refused.json()["error"]["message"]


def test_no_session_is_kept(client: Client) -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    begun = client.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, "/mcp")
    assert begun.json()["result"]["protocolVersion"] == "2025-11-25"
    assert "mcp-session-id" not in begun.headers
    assert client.get("/mcp").status_code == 405
    assert client.request("DELETE", "/mcp").headers["allow"] == "POST"
    noted = client.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, "/mcp")
    assert (noted.status_code, noted.content) == (202, b"")


def test_without_the_extra_the_refusal_names_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "is_installed", lambda: False)
    refused = client.post(CUBE, "/mcp")
    assert refused.status_code == 404
    assert "gradserve[agents]" in refused.json()["error"]["data"]["hint"]


def test_the_client_shows_why_it_is_refused() -> None:
    async def refused(http: httpx2.AsyncClient) -> str:
        response = await http.post("/mcp", json=CUBE)
        return str(response.json()["error"]["message"])

    with serving(Settings(api_keys=pydantic.SecretStr("k")), workers=False) as client:
        transport = httpx2.ASGITransport(client.app)
        http = httpx2.AsyncClient(transport=transport, base_url="http://service")
        assert "key" in client.run(refused(http))


def test_a_bug_is_not_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(handler.Handler, "ask", fail)
    result = client.post(CUBE, "/mcp").json()["result"]
    assert result["isError"]
    assert result["content"][0]["text"].startswith("internal_error")
    assert "secret" not in str(result)
