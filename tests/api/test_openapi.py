"""The OpenAPI document: whole, served as it says, with examples that are what is answered."""

import asyncio
import json
from typing import Any

import pytest

from app.api.http import body
from app.api.http.middleware import auth, draining, ratelimit
from app.api.rest import derivatives
from tests.support import assertions, documented
from tests.support.service import Client

FOREIGN = {"tesseract", "open inference", "UM-Bridge", "model context protocol"}


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for item in node for found in references(item)] if isinstance(node, list) else []


def schemas_of(document: Any, operation: Any) -> list[Any]:
    """Return the schemas of which the body of a request has one."""
    found = references(operation["requestBody"]["content"]["application/json"]["schema"])
    return [document["components"]["schemas"][each.rpartition("/")[2]] for each in found]


def operations(document: Any, *, foreign: bool = False) -> list[tuple[str, str, Any]]:
    """Return the operations of the document, with or without those of other projects' wires."""
    found = [
        (path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()
    ]
    return found if foreign else [each for each in found if not FOREIGN.intersection(each[2]["tags"])]


def test_references_and_operation_ids_of_the_openapi_document_are_valid(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for reference in references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    ids = [operation["operationId"] for _, _, operation in operations(document, foreign=True)]
    assert len(ids) == len(set(ids))
    assert all(
        operation["summary"] and operation["responses"] for _, _, operation in operations(document, foreign=True)
    )


def test_every_operation_of_the_openapi_document_is_served(client: Client) -> None:
    for path, method, _ in operations(client.get("/openapi.json").json()):
        response = client.request(method.upper(), path)
        if "{" not in path:
            assert response.status_code not in {404, 405}
        elif response.status_code == 404:
            known = ("is registered here", "functions registered at", "are kept here", "Not found")
            assert any(words in response.text for words in known)


def test_the_examples_of_the_openapi_document_are_real_answers(client: Client) -> None:
    document = client.get("/openapi.json").json()
    tried = 0
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        asked = documented.asked(document, operation)
        success = "201" if path in {"/v1/functions", "/v1/data"} else "200"
        answered = [
            e["value"] for e in operation["responses"][success]["content"]["application/json"]["examples"].values()
        ]
        for example, expected in zip(asked, answered, strict=True):
            address = path
            if "{function_id}" in path:
                twin = document["paths"]["/v1/" + path.rpartition("/")[2]]["post"]
                whole, *_ = documented.asked(document, twin)
                function = {name: whole[name] for name in ("expression", "args")}
                address = path.format(function_id=client.post(function, "/v1/functions").json()["function_id"])
            response = client.request(method.upper(), address, json=example)
            assert response.status_code in {200, 201}
            # Others may have made it hot by now, or keep the machine too busy to simplify.
            left_open = {"tier": "", "simplified": True}
            found, wanted = (assertions.timeless(each) | left_open for each in (response.json(), expected))
            assert assertions.is_close(found, wanted), response.text
            tried += 1
    assert tried >= 2 * len(derivatives.DERIVATIVES) + 1


def test_every_request_field_is_described_and_unknown_ones_are_forbidden(client: Client) -> None:
    document = client.get("/openapi.json").json()
    for _, _, operation in operations(document):
        if "requestBody" in operation:
            for schema in schemas_of(document, operation):
                assert schema["additionalProperties"] is False
                assert all(field.get("description") for field in schema["properties"].values())


def test_every_status_a_refusal_can_have_is_in_the_openapi_document(client: Client) -> None:
    responses = client.get("/openapi.json").json()["paths"]["/v1/grad"]["post"]["responses"]
    assert {"200", "400", "413", "415", "422", "429", "503"} <= set(responses)
    for status, response in responses.items():
        if status != "200":
            assert "application/problem+json" in response["content"]


def test_every_operation_names_the_statuses_that_come_before_its_route(client: Client) -> None:
    found = operations(client.get("/openapi.json").json(), foreign=True)
    assert {path for path, *_ in found} >= {"/healthz", "/metrics", "/v1/grad"}
    for path, method, operation in found:
        statuses = {"414", "431"}
        statuses |= set() if auth.is_open(path) else {"401", "403"}
        statuses |= set() if path in ratelimit.UNCOUNTED else {"429"}
        statuses |= set() if path in draining.OPEN_WHILE_DRAINING else {"503"}
        assert statuses <= set(operation["responses"]), (method, path)


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("derivative", derivatives.DERIVATIVES, ids=lambda derivative: derivative.name)
def test_a_request_model_accepts_its_example(derivative: derivatives.Derivative, *, by_id: bool) -> None:
    model = derivative.model(by_id=by_id)
    extra = model.model_config.get("json_schema_extra")
    assert isinstance(extra, dict)
    examples = extra["examples"]
    assert isinstance(examples, list)
    for example in examples:
        assert isinstance(example, dict)
        decoded = asyncio.run(body.decode(model, json.dumps(example).encode())).model_dump()
        assert {name: decoded[name] for name in example} == example
