"""The pages and the OpenAPI document, as files: what a browser is sent, before there is a browser."""

import functools
import itertools
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from app.api.http import problem
from tests.support import assertions
from tests.support.documented import asked
from tests.support.service import Client

WEB = Path(__file__).parents[3] / "app" / "api" / "web" / "static"
PAGES = ["/", "/fit", "/guide", "/guide/words", "/docs"]
OWN = [path for path in WEB.rglob("*") if path.suffix in {".html", ".css", ".js"} and path.parent.name != "vendor"]


def operations(client: Client) -> list[tuple[str, dict[str, Any]]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [(f"{method} {path}", operation) for path, item in paths.items() for method, operation in item.items()]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_only_scripts_that_are_files_of_the_service(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["base-uri"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", response.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_file_that_a_page_names_exists(client: Client, path: str) -> None:
    named = re.findall(r'(?:src|href)="([^"#]+)"', client.get(path).text)
    assert len(named) > 5
    for address in named:
        assert not address.startswith("/"), "a link that a proxy under a path would lead astray"
        assert client.get(urljoin(path, address)).status_code == 200, address


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(WEB)))
def test_no_file_names_another_host(file: Path) -> None:
    addresses = set(re.findall(r"https?://[^\"'\s)]+", file.read_text()))
    assert addresses <= {"http://www.w3.org/1998/Math/MathML"}  # a namespace, which nobody fetches


def test_every_module_imports_existing_modules() -> None:
    modules = [file for file in OWN if file.suffix == ".js"]
    assert len(modules) > 10
    for module in modules:
        for name in re.findall(r'from "(\.[^"]+)"', module.read_text()):
            assert (module.parent / name).is_file()


@pytest.mark.parametrize(
    ("page", "script"),
    [("index.html", "playground/main.js"), ("index.html", "playground/page.js"), ("fit.html", "fit/main.js")],
)
def test_every_element_that_a_script_looks_up_is_in_the_page(page: str, script: str) -> None:
    page = (WEB / page).read_text()
    asked = set(re.findall(r'element\("([\w-]+)"\)', (WEB / script).read_text()))
    assert len(asked) >= 8
    assert asked <= set(re.findall(r'id="([\w-]+)"', page))


def test_vendored_libraries_have_their_version_and_licence() -> None:
    table = (WEB / "vendor" / "README.md").read_text()
    for file in (WEB / "vendor").glob("*.min.*"):
        assert f"`{file.name}`" in table
    for licence in re.findall(r"`(LICENSE-[\w-]+)`", table):
        assert "Permission to use" in (text := (WEB / "vendor" / licence).read_text()) or "MIT License" in text


def test_assets_outside_the_folder_are_not_served(client: Client) -> None:
    for path in ("/web/../main.py", "/web/%2e%2e/main.py", "/docs/assets/../../../main.py", "/web/"):
        assert client.get(path).status_code == 404


def test_every_operation_is_tagged_and_described(client: Client) -> None:
    described = {tag["name"] for tag in client.get("/openapi.json").json()["tags"]}
    for name, operation in operations(client):
        assert operation["description"], name
        assert set(operation["tags"]) <= described, name
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description") or parameter["schema"].get("description"), (name, parameter["name"])


def test_every_error_is_a_problem_document_with_an_example_of_each_code(client: Client) -> None:
    known = {entry["code"] for entry in problem.catalogue()}
    for name, operation in operations(client):
        for status, response in operation["responses"].items():
            if status >= "400":
                content = response["content"]
                if "application/problem+json" not in content:  # another wire, and an error of its own
                    assert "200" in operation["responses"]
                    assert not name.split(" ")[1].startswith("/v1/")
                    assert "$ref" in content["application/json"]["schema"]
                    continue
                assert set(content) == {"application/problem+json"} or not name.split(" ")[1].startswith("/v1/"), name
                examples = content["application/problem+json"]["examples"]
                assert examples, (name, status)
                assert set(examples) <= known
                assert all(example["value"]["status"] == int(status) for example in examples.values())
                assert set(re.findall(r"`(\w+)`", response["description"])) == set(examples)


def answered(operation: dict[str, Any]) -> list[Any]:
    """Return the examples of a successful response, one for each of the first requests."""
    responses = operation["responses"]
    success: dict[str, Any] = next((responses[status] for status in ("201", "200") if status in responses), {})
    content = success.get("content", {}).get("application/json", {})
    if "example" in content:
        return [content["example"]]
    return [each["value"] for each in content.get("examples", {}).values()]


def test_every_example_of_the_document_gets_the_answer_shown(client: Client) -> None:
    document = client.get("/openapi.json").json()
    without = set()
    register = document["paths"]["/v1/functions"]["post"]
    for count, (name, operation) in enumerate(operations(client)):
        method, path = name.split(" ")
        # Each from an address of its own: what others have registered is not listed.
        transport = httpx.ASGITransport(client.app, client=(f"192.0.2.{count}", 1))
        own = httpx.AsyncClient(transport=transport, base_url="http://service")
        if name == "get /v1/functions":
            assert client.run(own.post(path, json=asked(document, register)[0])).is_success
        if path.startswith("/v1/data") and method != "post":
            data = document["paths"]["/v1/data"]["post"]
            assert client.run(own.post("/v1/data", json=asked(document, data)[0])).is_success
        listed = operation.get("parameters", ())
        parameters = {each["name"]: each["example"] for each in listed if each["in"] == "path" and "example" in each}
        asked_by_link = {
            each["name"]: each["example"] for each in listed if each["in"] == "query" and "example" in each
        }
        asked_by_link |= asked_by_link.pop("arguments", {})
        bodies = [{"json": each} for each in asked(document, operation)] if "requestBody" in operation else [{}]
        shown = answered(operation)
        if not shown:
            without.add(name.removeprefix("get "))
        for body, answer in itertools.zip_longest(bodies, shown[: len(bodies)]):
            response = client.run(own.request(method.upper(), path.format(**parameters), params=asked_by_link, **body))
            assert response.status_code in {200, 201, 204}, (name, response.text)
            if answer is not None:
                # Others may have made a function hot by now, or keep the machine too busy to simplify.
                usual = {"compiled": "interpreted", '"simplified":false': '"simplified":true'}
                text = functools.reduce(lambda text, word: text.replace(word, usual[word]), usual, response.text)
                assert assertions.is_close(assertions.timeless(json.loads(text)), assertions.timeless(answer)), (
                    name,
                    text,
                )
    deletes = {"delete /v1/data/{data_id}"}
    assert without == deletes | {
        "/metrics",
        "/v1/language",
        "/tesseract/openapi.json",
        "/f/{function_id}/tesseract/openapi.json",
    }


def test_every_post_of_the_document_says_what_to_send(client: Client) -> None:
    for name, operation in operations(client):
        assert ("requestBody" in operation) == name.startswith("post "), name


def test_operations_are_named_for_people(client: Client) -> None:
    names = [operation["operationId"] for _, operation in operations(client)]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[A-Za-z]+(_[A-Za-z]+)*", name)
        assert not name.endswith(("_get", "_post"))


def test_errors_of_every_request_are_in_every_operation(client: Client) -> None:
    for name, operation in operations(client):
        path = name.split(" ")[1]
        missing = {"401", "414", "429", "431", "503"} - set(operation["responses"])
        assert missing <= {"401"} or path in {"/healthz", "/readyz", "/metrics"}, (
            name
        )  # open ones need no key, probes are not counted


def test_no_error_code_is_left_out_of_the_document(client: Client) -> None:
    documented = {
        code
        for _, operation in operations(client)
        for status, response in operation["responses"].items()
        if status >= "400"
        for code in response["content"].get("application/problem+json", {"examples": ()})["examples"]
    }
    missing = {entry["code"] for entry in problem.catalogue()} - documented
    assert missing <= {"internal_error", "method_not_allowed"}  # no operation of the document answers these


def test_the_examples_of_functions_by_id_are_registered_from_the_start(client: Client) -> None:
    tried = 0
    for name, operation in operations(client):
        method, path = name.split(" ")
        (example,) = [p["example"] for p in operation.get("parameters", ()) if p["name"] == "function_id"] or [None]
        if example is not None:
            described = client.request("GET", f"/v1/functions/{example}")
            assert described.status_code == 200, (method, path)
            tried += 1
    assert tried >= 8


@pytest.mark.parametrize("limit", ["abc", "0", "1001", "1.5", ""])
def test_a_parameter_that_is_not_valid_is_refused_as_a_problem(client: Client, limit: str) -> None:
    response = client.get(f"/v1/functions?limit={limit}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.json()["code"], response.json()["field"]) == ("invalid_field", "limit")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/fit",
        "/guide",
        "/guide/api",
        "/guide/search.json",
        "/docs",
        "/openapi.json",
        "/web/style.css",
        "/docs/assets/swagger-ui.css",
    ],
)
def test_what_a_browser_has_is_not_sent_again(client: Client, path: str) -> None:
    first = client.get(path)
    for tag in (first.headers["etag"], f'"other", {first.headers["etag"]}'):
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"].removeprefix("W/")  # weak, where it was compressed
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content
    assert client.request("HEAD", path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
