"""Lint refuses every call that evaluates text, and lint itself works."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("print(eval('1'))\n", "S307"),
        ("exec('pass')\n", "S102"),
        ("import sympy\n\nsympy.sympify('x')\n", "TID251"),
        ("import sympy\n\nsympy.S('x')\n", "TID251"),
        ("import sympy\n\nsympy.parse_expr('x')\n", "TID251"),
        ("import sympy\n\nsympy.lambdify([], 'x')\n", "TID251"),
        ("from sympy.parsing.sympy_parser import parse_expr\n\nparse_expr('x')\n", "TID251"),
        ("import pickle\n\npickle.loads(b'')\n", "TID251"),
    ],
)
def test_a_call_that_evaluates_text_does_not_pass_lint(code: str, rule: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--stdin-filename=app/new.py", "-"]
    found = subprocess.run(command, input=code, capture_output=True, text=True, check=False)  # noqa: S603
    assert found.returncode == 1
    assert rule in found.stdout
