"""What strangers send: a right answer or a refusal, never a fault of ours. ``-m slow`` sends more of it."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

from app.protocols import problem
from tests import laws, strangers
from tests.service import Client
from tests.test_pages import asked, operations

FEW, MANY = 30, 1000
CODES = {entry["code"] for entry in problem.catalogue()}


def documented(client: Client) -> list[tuple[str, Any]]:
    """Return the path and the example of each operation that takes a document."""
    document = client.get("/openapi.json").json()
    found = []
    for name, operation in operations(client):
        method, path = name.split(" ")
        if method == "post":
            for parameter in operation.get("parameters", ()):
                path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example")))
            found.append((path, asked(document, operation)))
    return found


def check(client: Client, path: str, document: Any) -> None:
    response = client.post(document, path)
    own = path.startswith("/v1/")
    if response.status_code in {200, 201}:
        assert laws.strict_json(response.content) if own else response.json() is not None
    elif response.headers["content-type"] == "application/problem+json":
        laws.assert_problem(response, response.status_code, CODES)
        assert 400 <= response.status_code <= 422 or response.status_code == 429  # on a busy machine
    else:
        assert not own
        assert 400 <= response.status_code <= 422
        assert len(response.content) <= 1024
        laws.strict_json(response.content)


def check_all(client: Client, requests: Iterable[tuple[str, Any]]) -> None:
    for path, document in requests:
        try:
            check(client, path, document)
        except Exception as error:
            error.add_note(f"POST {path} {document!r}")
            raise


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_a_document_changed_anywhere_is_answered_or_refused(client: Client, count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - no secret
    examples = documented(client)
    assert len(examples) > 40
    check_all(client, [(path, strangers.changed(example, chance)) for path, example in examples for _ in range(count)])


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_a_program_of_chance_is_answered_or_refused(client: Client, count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - no secret
    check_all(client, [strangers.request(chance) for _ in range(30 * count)])
