"""The pages and the OpenAPI document, as files: what a browser is sent, before there is a browser."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.protocols import problem
from tests.service import Client

WEB = Path(__file__).parent.parent / "app" / "web"
PAGES = ["/", "/docs"]
OWN = [path for path in WEB.rglob("*") if path.suffix in {".html", ".css", ".js"} and path.parent == WEB]


def operations(client: Client) -> list[tuple[str, dict[str, Any]]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [(f"{method} {path}", operation) for path, item in paths.items() for method, operation in item.items()]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_only_scripts_that_are_files_of_ours(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["base-uri"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", response.text)


@pytest.mark.parametrize("path", PAGES)
def test_everything_a_page_names_is_there(client: Client, path: str) -> None:
    named = re.findall(r'(?:src|href)="(/[^"#]*)"', client.get(path).text)
    assert len(named) > 5
    for address in named:
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_no_file_of_ours_names_another_host(file: Path) -> None:
    addresses = set(re.findall(r"https?://[^\"'\s)]+", file.read_text()))
    assert addresses <= {"http://www.w3.org/1998/Math/MathML"}  # a namespace, which nobody fetches


def test_every_module_imports_modules_that_are_there() -> None:
    modules = [file for file in OWN if file.suffix == ".js"]
    assert len(modules) > 10
    for module in modules:
        for name in re.findall(r'from "\./([^"]+)"', module.read_text()):
            assert (WEB / name).is_file()


def test_every_identifier_the_page_is_asked_for_is_in_it() -> None:
    page = (WEB / "index.html").read_text()
    asked = set(re.findall(r'element\("([\w-]+)"\)', (WEB / "main.js").read_text()))
    assert len(asked) > 10
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
                assert list(content) == ["application/problem+json"], name
                examples = content["application/problem+json"]["examples"]
                assert examples, (name, status)
                assert set(examples) <= known
                assert all(example["value"]["status"] == int(status) for example in examples.values())
                assert set(re.findall(r"`(\w+)`", response["description"])) == set(examples)


def test_no_error_code_is_left_out_of_the_document(client: Client) -> None:
    documented = {
        code
        for _, operation in operations(client)
        for status, response in operation["responses"].items()
        if status >= "400"
        for code in response["content"]["application/problem+json"]["examples"]
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
