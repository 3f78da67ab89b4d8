"""The forms of a text and the statements of a def: what each means, and an example that is read."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """A form, what it means, and a text that has it."""

    form: str
    doc: str
    example: str


FORMS: tuple[Form, ...] = (
    Form("expression", "its free names are the arguments", "5*x**2 + sin(y)"),
    Form("lambda x, y: value", "its parameters are the arguments", "lambda x, y: x**2*y"),
    Form("def f(x, y):", "statements, of which a return gives the value", "def f(x, y):\n    z = x*y\n    return z**2"),
    Form(
        "name = value",
        "a variable; a, b = c unpacks, a = b = c binds both",
        "def f(x):\n    a, b = x, 2*x\n    return a*b",
    ),
    Form("name += value", "also -= *= /= //= %= **= @=", "def f(x):\n    x += 1\n    return x**2"),
    Form(
        "for v in items:",
        "a loop over a range, a list or an array",
        "def f(X):\n    s = 0\n    for v in X:\n        s += v**2\n    return s",
    ),
    Form(
        "if c: elif: else:",
        "a branch; on numbers of the point, a choice",
        "def f(x):\n    if x > 0:\n        return x**2\n    return -x",
    ),
    Form(
        "break, continue, pass",
        "leave a loop, go on with it, do nothing",
        "def f(x):\n    for i in range(9):\n        if i == 3:\n            break\n        x = x*i + 1\n    return x",
    ),
    Form("a if c else b", "a choice; only the value chosen has a gradient", "x if x > 0 else x**2"),
    Form(
        "[f(v) for v in items if c]",
        "a list; sum, prod, max and min take it without brackets",
        "sum(i*x for i in range(9) if i % 2 == 0)",
    ),
    Form("X[i], X[i, j], X[1:]", "elements and slices; the first index is 0, -1 the last", "X[0]*X[-1] + sum(X[1:])"),
    Form("Sum(body, (i, a, b))", "a series, b included; Product likewise", "Sum(x**k/factorial(k), (k, 0, 9))"),
    Form("# text", "a comment", "x**2  # the square"),
)
"""Every form, the whole texts first."""
