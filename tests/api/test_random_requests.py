"""Random requests are answered or refused, and never an internal error. ``-m slow`` sends more of them."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from app.api.http import problem
from tests.support import assertions, documented, random_requests
from tests.support.service import Client

FEW, MANY = 30, 150
"""Requests for each documented example."""
FAILURES = 20
"""Failures that are collected before the smallest one is reported."""

CODES = {entry["code"] for entry in problem.catalogue()}


def check(client: Client, path: str, document: Any) -> None:
    response = client.post(document, path)
    own = path.startswith("/v1/")
    if response.status_code in {200, 201}:
        assert assertions.strict_json(response.content) if own else response.json() is not None
    elif response.status_code == 202:  # a notification of the Model Context Protocol
        assert (path, response.content) == ("/mcp", b"")
    elif response.headers["content-type"] == "application/problem+json":
        assertions.assert_problem(response, response.status_code, CODES)
        assert 400 <= response.status_code <= 422 or response.status_code == 429  # on a busy machine
    else:
        assert not own
        assert 400 <= response.status_code <= 422
        assert len(response.content) <= 1024
        assertions.strict_json(response.content)


def check_all(client: Client, make: Callable[[random.Random], tuple[str, Any]], seeds: Iterable[str]) -> None:
    """Check the request of each seed. Of the first failures, report the smallest request and its seed."""
    failures: list[tuple[int, Exception]] = []
    for seed in seeds:
        path, document = make(random.Random(seed))  # noqa: S311 - no secret
        try:
            check(client, path, document)
        except Exception as error:  # noqa: BLE001 - raised below
            error.add_note(f"POST {path} {document!r}, made from random.Random({seed!r})")
            failures.append((len(repr(document)), error))
            if len(failures) == FAILURES:
                break
    if failures:
        raise min(failures, key=lambda failure: failure[0])[1]


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_a_document_changed_anywhere_is_answered_or_refused(client: Client, count: int) -> None:
    examples = documented.examples(client.get("/openapi.json").json())
    assert len(examples) > 40
    for path, example in examples:

        def change(chance: random.Random, path: str = path, example: Any = example) -> tuple[str, Any]:
            return path, random_requests.changed(example, chance)

        check_all(client, change, [f"{path} {n}" for n in range(count)])


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_a_random_program_is_answered_or_refused(client: Client, count: int) -> None:
    check_all(client, random_requests.request, [f"program {n}" for n in range(30 * count)])
