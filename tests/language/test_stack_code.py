"""Walks over stack code find what is in the code within instructions, too."""

from __future__ import annotations

from typing import get_args

import pytest

from app.language.grammar import stack_code
from app.language.grammar.modules import parser

_HOLDING = {"Code", "Pattern", "Element", "Instruction", "Clause", "Bounds"}


def _fields(instruction: type) -> set[str]:
    """Return the names in the types of the fields of an instruction."""
    written = (getattr(each, "__forward_arg__", str(each)) for each in instruction.__annotations__.values())
    return {word for each in written for word in "".join(c if c.isalnum() else " " for c in each).split()}


@pytest.mark.parametrize("instruction", get_args(stack_code.Instruction), ids=lambda each: each.__name__)
def test_an_instruction_with_code_of_its_own_is_walked_into(instruction: type) -> None:
    holds = bool(_fields(instruction) & _HOLDING)
    assert not (holds and instruction in stack_code._FLAT)
    assert holds or instruction in stack_code._FLAT or instruction in stack_code.STATEMENTS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a*sin(b) + c[d]", {"a", "b", "c", "d"}),
        ("sum([a*i for i in b if i > c])", {"a", "i", "b", "c"}),
        ("f = lambda x: x*a\nf(b)", {"x", "a", "b"}),
        ("y = a\nfor i in range(3):\n    if b > i:\n        y = y*c\n    else:\n        y += d\ny", set("aibycdy")),
        ("y = zeros(3)\ny[a] = b\ny[c] += d\nsum(y)", set("abcdy")),
        ("Sum(a*k, (k, b, c))", set("akbc")),
        ("y = a\nwhile y < b:\n    y = y + c\ny", set("yabc")),
    ],
)
def test_every_name_of_a_text_is_found(text: str, names: set[str]) -> None:
    code = parser.parse(text, max_nesting=64).code
    found = {each.name for each in stack_code.instructions(code) if isinstance(each, stack_code.Name)}
    assert found == names


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("a + b*c", False),
        ("[a*i for i in b]", False),
        ("y = a\ny + b", False),
        ("y = zeros(3)\ny[0] = a\nsum(y)", True),
        ("y = []\nfor i in range(3):\n    y.append(a)\nsum(y)", True),
        ("sum(x.at[0].set(a))", True),
        ("def f(x):\n    y = x*1\n    y[0] = 2\n    return sum(y)", True),
    ],
)
def test_changes_are_found_wherever_they_stand(text: str, changes: bool) -> None:
    assert stack_code.changes(parser.parse(text, max_nesting=64).code) is changes
