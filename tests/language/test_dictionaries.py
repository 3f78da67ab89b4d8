"""Dicts, starred operands, strings that choose, and statements that mean nothing."""

from typing import Any

import numpy as np
import pytest

from app import errors
from app.autodiff.arrays import recording, run
from app.language import parse

MEANS = {
    "def f(x, y): return {'a': x, 'b': y**2}['b'] - {1: x}[1]": 9 - 2,
    "def f(x, y):\n    p = dict(a=x, b=y)\n    return p['a']*p['b']": 6,
    "def f(x, y):\n    p = {'a': x}\n    p['b'] = y\n    p['a'] += 1\n    return p['a']*p['b']": 9,
    "def f(x, y):\n    p = {'a': x}\n    q = p\n    q['a'] = y\n    return p['a']": 3,
    "def f(x, y):\n    p = {'a': x}\n    q = p.copy()\n    q['a'] = y\n    return p['a']": 2,
    "def f(x, y):\n    d = {i: x*i for i in range(4) if i != 2}\n    return sum(d.values()) + len(d)*y": 8 + 9,
    "def f(x, y):\n    s = 0\n    for k, v in {2: x, 3: y}.items():\n        s += k*v\n    return s": 13,
    "def f(x, y):\n    d = {'a': x}\n    return d.get('a', 5) + d.get('b', y) + sum(k for k in {1: x, 2: y})": 8,
    "def f(x, y):\n    d = {(0, 1): x}\n    return d[0, 1]*y": 6,
    "def f(x, y):\n    d = {'a': x} if x > 1 else {'a': y}\n    return d['a']": 2,
    "def f(x, y):\n    g = lambda a, b: a - b\n    v = [x, y]\n    return g(*v) + max(*v, 1)": 2,
    "def f(x, y):\n    g = lambda *v: sum(v)\n    return g(x) + g(x, y, 1)": 8,
    "def f(x, y):\n    def g(a, *, b=1, **rest): return a*b + rest['c']\n    return g(x, **dict(b=y, c=1))": 7,
    "def f(x, y):\n    a, *b = [x, *[y, 1]]\n    return a*b[0] + b[1]": 7,
    "def f(x, y):\n    v = [*[x, y], 1]\n    return sum([*v, *(t*t for t in v)]) + (*v, 4)[3]": 6 + 14 + 4,
    "def f(x, y):\n    v = (x, *2*np.array([x, y]))\n    w = *v, 1\n    return v[2]*w[1] + w[3]": 6 * 4 + 1,
    "def f(x, y):\n    d = {'a': x, 'b': y}\n    e = {'a': 7, **d, 'b': 5, **{'c': 1}}\n    return sum(e.values())": 8,
    "def f(x, y):\n    d = {'a': x, 'b': y}\n    return sum(d[k] for k in [*d]) + len((*d, 1))": 8,
    "def f(x, y):\n    d = dict(zip('ab', [x, y]))\n    return d['a'] - d['b']": -1,
    "def f(x, y, *args, **kwargs): return x*y + len(args) + len(kwargs)": 6,
    "def f(x, y, kind='a'):\n    if kind == 'a':\n        return x\n    return y": 2,
    "def f(x, y, kind='b'):\n    if kind != 'b' or kind is None:\n        return x\n    return y": 3,
    "def f(x, y):\n    if x < 0:\n        raise ValueError('x')\n    return x*y": 6,
    "SCALE = 3\ndef f(x, y):\n    global SCALE\n    return SCALE*x*y": 18,
    "def f(x, y):\n    z = x*y\n    w = z + 1\n    del z\n    return w": 7,
    "def f(x, y):\n    with np.errstate(divide='ignore'):\n        z = x*y\n    return z": 6,
    "def f(x, y):\n    logger.info('%s', x)\n    warnings.warn('no')\n    return x*y": 6,
    "def f(x, y):\n    for i in range(3):\n        x = x + y\n    else:\n        x = x*2\n    return x": 22,
    "from __future__ import annotations\ndef f(x, y): return x*y\nif __name__ == '__main__':\n    print(f(1, 2))\n": 6,
    "def g():\n    print(1)\ndef f(x, y): return x*y": 6,
}


@pytest.mark.parametrize(
    "value", ["np.exp(p)", "2*p", "-p", "abs(p)", "np.where(p > 0, p, 1)", "p.copy()", "np.clip(p, 0, 4)"]
)
@pytest.mark.parametrize("pattern", ["a, b, c", "[a, b, c]", "a, *(b, c)", "(a, b, c), d"])
def test_an_array_is_unpacked_that_is_not_the_argument_itself(pattern: str, value: str) -> None:
    targets, given = pattern.replace("*(b, c)", "*b"), f"{value}, 1" if "d" in pattern else value
    text = f"def f(p):\n    {targets} = {given}\n    return a + sum([{'*b' if '*' in pattern else 'b, c'}])"
    function = parse.read(text)
    found = recording.record(function.at([(3,)], whole=True))
    own: dict[str, Any] = {"np": np}
    exec(text, own)  # noqa: S102 - written above
    point = np.array([2.0, 3.0, 5.0])
    leaves = [point, *found.constants]
    assert run.prepare(found.tape)(leaves)[0] == pytest.approx(own["f"](point), rel=1e-15)
    with pytest.raises(errors.BadShape, match="names for one value"):
        function.at([()])


@pytest.mark.parametrize(("text", "value"), MEANS.items())
def test_a_text_means_what_it_means_in_python(text: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(errors.Rejected):
            parse.parse(text)
    else:
        expression = parse.read(text).at([(), ()], whole=True)
        found = recording.record(expression)
        point = [2.0, 3.0]
        leaves = [*[point[index] for index in found.inputs], *found.constants]
        assert run.prepare(found.tape)(leaves) == [value]


@pytest.mark.parametrize(
    ("text", "hint", "offset"),
    [
        ("lambda x: {'a': x}['b']", "its keys are a", 18),
        ("lambda x: {'a': x}.pop('a')", "d[key] = value", 19),
        ("lambda x: {x: 1}", "dict(a=x)", 10),
        ("lambda x: {'a': x} + 1", "number", 19),
        ("lambda p: p['w']*2", "params = dict", 11),
        ("lambda x: (lambda a: a)(**{1: x})", "by name", 23),
        ("lambda x: (lambda a: a)(**x)", "", 27),
        ("lambda x: sum([*t for t in [[x]]])", "", 18),
        ("lambda x: [**{'a': x}][0]", "", 11),
        ("lambda x: (*[x])", "", 0),
        ("lambda x: (lambda *a: a[0]*2)(*{'a': x})", "", 26),
        ("def f(*x): return x[0]", "give an array", 0),
        ("n = 1\ndef f(x):\n    global n\n    n = x\n    return n", "return the new", 20),
        ("def f(x):\n    y = [x]\n    del y[0]\n    return x", "leave it out", 26),
        ("def f(x):\n    del x\n    return x", "leave it out", 14),
        ("def f(x):\n    with open(x):\n        return x", "block alone", 14),
        ("def f(x): raise ValueError", "write the value", 10),
    ],
)
def test_what_is_not_known_is_refused_with_a_hint(text: str, hint: str, offset: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.read(text).at([()])
    assert hint in (caught.value.hint or "")
    assert caught.value.position is not None
    assert caught.value.position.offset == offset
