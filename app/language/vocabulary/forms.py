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
    Form("f(x, y) = value", "the same as a def of one line; also = value, as in a spreadsheet", "f(x, y) = x**2*y"),
    Form(
        "def g(x): ... def f(x): g(x)",
        "several functions: the last one is asked about, or the one that the field function names",
        "def g(x):\n    return x**2\ndef f(x, y=2.0):\n    return g(x)*y",
    ),
    Form(
        "import library as name",
        "nothing is imported: names of known libraries mean the words of the language",
        "import jax.numpy as jnp\ndef f(x):\n    return jnp.tanh(x)",
    ),
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
        "leave a loop, go on with it, do nothing; the point may decide which",
        "def f(x):\n    for i in range(9):\n        if i == 3:\n            break\n        x = x*i + 1\n    return x",
    ),
    Form(
        "while c:",
        "a loop as long as a condition holds, 200 steps at most where the point decides; also while_loop",
        "def f(x):\n    while x < 5:\n        x = x*x + 1\n    return x",
    ),
    Form(
        "y[i] = value",
        "elements, slices and masks of an array, and += and its kind; y.at[i].set(value) gives another array",
        "def f(x):\n    y = zeros(3)\n    y[1:] = x\n    return sum(y.at[0].add(2*x)**2)",
    ),
    Form(
        "y.append(value)",
        "a list that grows; also extend, + and *",
        "def f(x):\n    y = [x]\n    for i in range(3):\n        y.append(y[-1]*x)\n    return sum(y)",
    ),
    Form(
        '{"name": value}',
        'a dict of known names; d["name"] and its items, keys and values',
        'def f(x):\n    p = {"a": x, "b": 2*x}\n    return p["a"]*p["b"]',
    ),
    Form(
        "class P(NamedTuple):",
        "a record of named values, as namedtuple and @dataclass make; p.a, p._replace(a=1), a, b = p",
        "class P(NamedTuple):\n    a: float\n    b: float = 2.0\ndef f(x):\n    p = P(x)\n    return p.a*p.b",
    ),
    Form(
        "class Model:",
        "a class whose __init__ sets self.a = a; methods read the attributes",
        "class Model:\n    def __init__(self, a):\n        self.a = a\n    def at(self, x):\n        return self.a*x\n"
        "def f(a, x):\n    return Model(a).at(x)",
    ),
    Form(
        "value.method()",
        "methods and attributes of NumPy: X.sum(axis=0), A.T, A.shape[0]",
        "(x*[1, 2, 3]).sum()",
    ),
    Form(
        "scan(f, carry, xs)",
        "a loop of JAX; also fori_loop(a, b, f, carry), and f may be a def inside",
        "def f(x):\n    def step(c, v):\n        return c*v + x, c\n"
        "    c, cs = jax.lax.scan(step, 1.0, array([1, 2, 3]))\n    return c + sum(cs)",
    ),
    Form(
        "cond(c, f, g, x)",
        "a choice between two functions; switch(i, [f, g], x) among several",
        "jax.lax.cond(x > 0, lambda v: v**2, lambda v: -v, x)",
    ),
    Form(
        "vmap(f)(X)",
        "a function of each row; also map, reduce and partial",
        "def f(x):\n    return sum(jax.vmap(lambda v: v**2*x)(array([1.0, 2.0])))",
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
