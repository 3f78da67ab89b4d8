"""``/v1/code`` and its route by id; the files themselves are tested in ``tests/export``."""

from typing import Any, get_args

import pytest

from app.api.rest.symbolic import code
from app.export.languages import table
from tests.export import runners
from tests.support.service import Client

PATH = "/v1/code"


def answer(client: Client, path: str = PATH, **fields: Any) -> dict[str, Any]:
    return client.answer(fields, path)


def test_a_file_comes_with_what_it_is(client: Client) -> None:
    found = answer(client, expression="x*sin(y)", language="python")
    described = {name: value for name, value in found.items() if name != "source"}
    graded = client.answer({"expression": "x*sin(y)", "point": [1.5, 0.5], "argnums": [0, 1]})
    assert described == {
        "language": "python",
        "filename": "value_and_grad.py",
        "media_type": "text/x-python",
        "entry": "value_and_grad",
        "args": ["x", "y"],
        "argnums": [0, 1],
        "function_id": graded["function_id"],
    }
    assert runners.python(found["source"], [1.5, 0.5]) == [graded["value"], *graded["gradient"]]


def test_the_document_lists_every_language() -> None:
    assert get_args(code.CodeRequest.model_fields["language"].annotation) == table.NAMES


@pytest.mark.parametrize("language", table.NAMES)
def test_every_language_is_answered(client: Client, language: str) -> None:
    found = answer(client, expression="a*X[0]**2", language=language, argnums="X", shapes=[[], [2]])
    assert found["argnums"] == 1
    assert found["source"]


def test_a_file_that_is_known_is_not_written_again(client: Client) -> None:
    asked = {"expression": "tan(x)*x**3", "language": "c"}
    first, second = client.post(asked, PATH), client.post(asked, PATH)
    assert (first.headers["cache-status"], second.headers["cache-status"]) == ("gradserve; fwd=miss", "gradserve; hit")
    assert first.json() == second.json()
    assert client.post(asked | {"hvp": True}, PATH).headers["cache-status"] == "gradserve; fwd=miss"
    assert "value_and_hvp" in client.answer(asked | {"hvp": True}, PATH)["source"]


def test_a_registered_function_is_named_by_its_id(client: Client) -> None:
    function_id = client.post({"expression": "x**2*y"}, "/v1/functions").json()["function_id"]
    found = answer(client, f"/v1/functions/{function_id}/code", language="python", argnums=["y"])
    assert found["function_id"] == function_id
    assert runners.python(found["source"], [3.0, 2.0]) == [18.0, 9.0]
    assert client.post({"language": "c"}, "/v1/functions/00/code").status_code == 404


def test_bound_data_are_numbers_of_the_file(client: Client) -> None:
    data = {"t": [0.0, 1.0, 2.0], "y": [1.0, 0.5, 0.25]}
    asked = {"expression": "sum((y - a*exp(-b*t))**2)", "args": ["a", "t", "b", "y"], "data": data}
    function_id = client.post(asked, "/v1/functions").json()["function_id"]
    path = f"/v1/functions/{function_id}"
    graded = client.answer({"point": [1.5, 0.5], "argnums": [0, 1]}, f"{path}/grad")
    for language in ("python", "numpy", "jax"):
        found = answer(client, f"{path}/code", language=language, shapes=[[], []])
        assert found["args"] == ["a", "b"]
        numbers = runners.python(found["source"], [1.5, 0.5])
        assert numbers == pytest.approx([graded["value"], *graded["gradient"]], rel=1e-14)


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"expression": "x", "language": "fortran"}, "invalid_field", "language"),
    ({"expression": "x"}, "invalid_field", "language"),
    ({"expression": "x", "language": "c", "argnums": 1}, "invalid_field", "argnums"),
    ({"expression": "x", "language": "c", "argnums": []}, "invalid_field", "argnums"),
    ({"expression": "x", "language": "c", "hvp": "yes"}, "invalid_field", "hvp"),
    ({"expression": "sum(x)", "language": "c"}, "invalid_field", "shapes"),
    ({"expression": "sum(x)", "language": "c", "shapes": [[2], []]}, "invalid_field", "shapes"),
    ({"expression": "jv(0, x)", "language": "c"}, "unknown_name", "language"),
    ({"expression": "[x, 2*x]", "language": "c", "shapes": [[]]}, "bad_shape", "expression"),
    ({"expression": "x +", "language": "c"}, "syntax_error", "expression"),
    ({"expression": "beta(x, 2.5)", "language": "excel"}, "too_complex", "language"),
    ({"expression": "+".join(f"sin({k}*x)" for k in range(2000)), "language": "c"}, "too_complex", "expression"),
]


@pytest.mark.parametrize(("asked", "code", "field"), REFUSED)
def test_what_cannot_be_written_is_refused(client: Client, asked: dict[str, Any], code: str, field: str | None) -> None:
    response = client.post(asked, PATH)
    assert response.status_code == 422, response.text
    assert (response.json()["code"], response.json()["field"]) == (code, field)


@pytest.mark.parametrize("language", [name for name in table.NAMES if name not in {"excel", "stablehlo"}])
def test_a_function_has_the_name_that_is_asked_for(client: Client, language: str) -> None:
    found = answer(client, expression="energy*x**2", language=language, name="energy", hvp=True)
    assert (found["entry"], found["filename"].rpartition(".")[0]) == ("energy", "energy")
    assert "energy_hvp" in found["source"]
    assert "value_and" not in found["source"].replace("valueAnd", "value_and")
    if language in {"python", "numpy", "jax"}:
        space: dict[str, Any] = {}
        exec(found["source"], space)  # noqa: S102 - the file of a test
        value, gradient = space["energy"](3.0, 2.0)
        assert (float(value), [float(each) for each in gradient]) == (12.0, [4.0, 12.0])
    again = answer(client, expression="energy*x**2", language=language, hvp=True)
    assert again["entry"] != "energy"


@pytest.mark.parametrize(
    ("language", "name", "part"),
    [
        ("python", "lambda", "means something else in a file of Python"),
        ("c", "double", "means something else in a file of C"),
        ("c", "sin", "means something else"),
        ("c", "jn", "means something else"),
        ("c", "main", "means something else"),
        ("rust", "fn", "means something else"),
        ("julia", "end", "means something else"),
        ("javascript", "await", "means something else"),
        ("matlab", "t1", "means something else"),
        ("r", "2f", "letters of ASCII"),
        ("python", "f(x)\nimport os", "letters of ASCII"),
        ("python", "größe", "letters of ASCII"),
        ("python", "", "letters of ASCII"),
        ("python", "a" * 65, "not valid"),
        ("excel", "f", "no functions that are named"),
        ("stablehlo", "f", "no functions that are named"),
    ],
)
def test_a_name_that_cannot_be_is_refused(client: Client, language: str, name: str, part: str) -> None:
    response = client.post({"expression": "x**2", "language": language, "name": name}, PATH)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_field")
    assert response.json()["field"] == "name"
    assert part in response.json()["detail"]


def test_the_file_itself_is_given_as_text(client: Client) -> None:
    asked = {"expression": "x*sin(y)", "language": "c", "name": "f"}
    plain = client.post(asked, PATH, accept="text/plain")
    document = client.answer(asked, PATH)
    assert plain.text == document["source"]
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert plain.headers["content-disposition"] == 'attachment; filename="f.c"'
    function_id = client.post({"expression": "x*sin(y)"}, "/v1/functions").json()["function_id"]
    by_id = client.post({"language": "c", "name": "f"}, f"/v1/functions/{function_id}/code", accept="text/plain")
    assert by_id.text == document["source"]
    refused = client.post(asked | {"name": "2"}, PATH, accept="text/plain")
    assert refused.json()["code"] == "invalid_field"
    assert client.post(asked, PATH, accept="*/*").json() == document
