"""What is published of the language is so: forms, operators, keywords, and the calls in docs/language.md."""

import itertools
import re
from typing import Any

import pytest

from app import errors
from app.api.rest import reference
from app.language import parse
from app.language.vocabulary import forms, words
from app.language.vocabulary.word import Word
from tests.support import documents

SHAPES: tuple[tuple[int, ...], ...] = ((), (3,), (3, 3))


def taken(text: str) -> bool:
    """Return whether a text is read for some shapes of its arguments."""
    function = parse.read(text)
    if function.expression is not None:
        return True
    for shapes in itertools.product(SHAPES, repeat=len(function.args)):
        try:
            function.at(shapes)
        except errors.Rejected:
            continue
        return True
    return False


@pytest.mark.parametrize("form", forms.FORMS, ids=lambda form: form.form)
def test_the_example_of_a_form_is_read(form: forms.Form) -> None:
    assert taken(form.example)
    assert form.doc


@pytest.mark.parametrize("operator", reference.OPERATORS)
def test_every_published_operator_is_read(operator: str) -> None:
    texts = {"not": "not x > 0", "~": "~(x > 0)", "@": "A @ B"}
    joined = f"(x > 0) {operator} (y > 0)" if operator in {"and", "or", "&", "|"} else f"x {operator} y"
    assert taken(texts.get(operator, joined))


def described() -> list[Any]:
    return [pytest.param(word, id=word.names[0]) for word in words.ALL if word.keywords]


@pytest.mark.parametrize("word", described())
def test_an_unpublished_keyword_is_refused_and_the_published_are_listed(word: Word) -> None:
    published = reference.describe(word)
    assert tuple(published["keywords"]) == word.keywords
    assert set(word.keywords) <= set(word.parameters or word.keywords)
    operands = ", ".join(["x"] * word.arity[0])
    with pytest.raises(errors.SyntaxRejected) as caught:
        parse.read(f"-{word.names[0]}({operands}, unheard_of=1)", ["x"]).at([(3,)])
    assert all(name in (caught.value.hint or "") for name in published["keywords"])


CODE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", documents.text("docs/language.md"), flags=re.DOTALL))
CALLS = sorted({text for text in CODE if re.fullmatch(r"=?[\w.]+\(.+\)", text) and "..." not in text})
"""What stands as a call in the text of docs/language.md."""

NOT_TAKEN = {
    "Sum(body, (i, a, b))", "Product(body, (i, a, b))", "sum(f(i) for i in range(n))", "where(X > 0, f(X), 0)",
    "sine(x)", "sin(x, y, z)", "print(f(2))", "jax.grad(f)(x)", "range(n)", "sum(... for i in range(n))", "f(x)",
    "add(x)", "np.add.at(y, i, v)", "range(int(1/dt))", "x.reshape(h, d // h)",
    "p._replace(a=2)", "dataclasses.replace(p, a=2)", "sorted(items, key=f, reverse=True)",
}  # fmt: skip
"""Calls that the page says are refused or left out, or that need a name of the text around them."""


@pytest.mark.parametrize("text", [text for text in CALLS if text not in NOT_TAKEN])
def test_a_call_that_stands_in_the_document_is_read(text: str) -> None:
    assert taken(text)
