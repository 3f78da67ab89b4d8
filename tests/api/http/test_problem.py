import inspect
import json
import string
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.api.http import problem
from tests.support import assertions
from tests.support.service import Client, serving

CLASSES = assertions.subclasses(errors.GradserveError)
ABSTRACT = {errors.Rejected, errors.Refused}
FURTHER = {errors.HeadersTooLarge, errors.AddressTooLong, errors.NotAcceptable}
"""Body, headers and address too large have one code, and the status that HTTP gives each; so have media types."""


def test_python_without_docstrings_knows_what_errors_mean() -> None:
    script = "import json; from app.api.http import problem; print(json.dumps(problem.catalogue()))"
    done = subprocess.run([sys.executable, "-OO", "-c", script], capture_output=True, check=True)  # noqa: S603
    assert json.loads(done.stdout) == problem.catalogue()
    assert all(entry["meaning"] for entry in problem.catalogue())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_class_has_a_status_of_its_kind(cls: type[errors.GradserveError]) -> None:
    status = problem.status(cls)
    if issubclass(cls, errors.Rejected):
        assert 400 <= status < 500
    elif cls not in ABSTRACT:
        assert status in {429, 500, 503}


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls not in ABSTRACT], ids=lambda cls: cls.__name__)
def test_every_error_class_says_what_it_means(cls: type[errors.GradserveError]) -> None:
    assert set(cls.code) <= set(string.ascii_lowercase + "_")
    assert "title" in vars(cls)
    assert inspect.getdoc(cls)


@pytest.mark.parametrize("code", assertions.CONTRACT)
def test_a_code_of_the_contract_has_its_status(code: str) -> None:
    statuses = {problem.status(cls) for cls in CLASSES if cls.code == code and cls not in FURTHER}
    assert statuses == {assertions.CONTRACT[code]}


def test_every_code_is_in_the_contract() -> None:
    assert {cls.code for cls in CLASSES} <= set(assertions.CONTRACT) | set(assertions.HTTP_CODES)


@pytest.mark.parametrize("code", assertions.HTTP_CODES)
def test_codes_named_after_a_status_have_that_status(code: str) -> None:
    assert {problem.status(cls) for cls in CLASSES if cls.code == code and cls not in ABSTRACT} == {
        assertions.HTTP_CODES[code]
    }


def test_a_code_belongs_to_one_class_and_those_that_refine_it() -> None:
    for cls in CLASSES:
        owners = [other for other in CLASSES if other.code == cls.code]
        assert any(all(issubclass(other, owner) for other in owners) for owner in owners), owners


def test_the_catalogue_lists_every_code_once() -> None:
    listed = problem.catalogue()
    codes = [entry["code"] for entry in listed]
    assert sorted(codes) == sorted({cls.code for cls in CLASSES})
    assert all(entry["meaning"] and entry["title"] for entry in listed)


def test_the_catalogue_is_published_where_problem_types_point(client: Client) -> None:
    path, _, _ = problem.DOCUMENTATION.partition("#")
    assert client.get(path).json() == problem.catalogue()


def test_the_tree_in_the_module_s_docstring_names_every_class() -> None:
    drawn = inspect.getdoc(errors) or ""
    assert [cls.__name__ for cls in CLASSES if cls.__name__ not in drawn] == []


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls not in ABSTRACT], ids=lambda cls: cls.__name__)
def test_a_problem_stays_small_whatever_its_error_says(cls: type[errors.GradserveError]) -> None:
    error = cls("d" * 10_000)
    error.hint, error.field = "h" * 10_000, "f" * 10_000
    error.position = errors.TextPosition(131_072, 131_072, 131_072)
    response = problem.refusal(error).response()
    document = json.loads(bytes(response.body))
    assert len(bytes(response.body)) <= 1024
    assert document["status"] == response.status_code == problem.status(cls)
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("cls", [errors.Overloaded, errors.Draining])
def test_an_error_that_passes_has_retry_after(cls: type[errors.Refused]) -> None:
    assert problem.refusal(cls("busy", retry_after_seconds=7)).response().headers["retry-after"] == "7"


@given(st.text("ab\n\r ü", max_size=30), st.integers(0, 40))
def test_a_position_names_line_and_column(text: str, offset: int) -> None:
    position = errors.TextPosition.at(text, offset)
    assert position.offset == min(offset, len(text))
    assertions.assert_position({"line": position.line, "column": position.column, "offset": position.offset}, text)


@given(st.text(max_size=200))
def test_quoted_client_text_is_short_printable_ascii(text: str) -> None:
    quoted = errors.quote(text)
    assert quoted.isascii()
    assert quoted.isprintable()
    assert len(quoted) <= 82


def test_an_error_is_located_once_in_the_text_it_counts_in() -> None:
    error = errors.SyntaxRejected("wrong", offset=4)
    error.locate("a +\nb")
    assert error.position == errors.TextPosition(2, 1, 4)
    error.locate("something else")
    assert error.position == errors.TextPosition(2, 1, 4)
    assert error.field == "expression"


@pytest.mark.parametrize(
    ("text", "offset", "marked"),
    [
        ("x +", 0, "x +\n^"),
        ("x +", 2, "x +\n  ^"),
        ("a\nb\t+ é", 5, "b + é\n   ^"),
        ("0" * 500 + "+", 500, None),
    ],
)
def test_a_position_is_marked_in_its_line(text: str, offset: int, marked: str | None) -> None:
    found = errors.TextPosition.at(text, offset).marked(text)
    shown, below = found.split("\n")
    assert shown[len(below) - 1] == text[offset].replace("\t", " ")
    assert len(shown) <= 200
    assert marked is None or found == marked


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 37 + "..."),
        ("é" * 20, r"\xe9" * 20),
        ("é" * 21, (r"\xe9" * 21)[:77] + "..."),
        ("a\nb", r"a\nb"),
    ],
)
def test_text_of_a_client_is_quoted_up_to_a_length(text: str, quoted: str) -> None:
    assert errors.quote(text) == f"'{quoted}'"


def test_a_bug_tells_the_client_nothing() -> None:
    with serving(raise_errors=False, workers=False) as client:

        @client.app.get("/bug")
        async def bug() -> None:
            raise ZeroDivisionError("secret of the house")

        response = client.get("/bug")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "ZeroDivision" not in response.text
    assert response.json()["code"] == "internal_error"


def test_the_answer_to_a_bug_has_a_request_id() -> None:
    with serving(raise_errors=False, workers=False) as client:

        @client.app.get("/bug")
        async def bug() -> None:
            raise ZeroDivisionError

        assertions.assert_problem(client.get("/bug"), 500, "internal_error")
