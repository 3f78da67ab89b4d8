"""Random requests: documents changed at random places, and programs that use every word, with extreme numbers."""

import copy
import random
import re
from collections.abc import Iterator
from typing import Any

from app.language.vocabulary import words

ODD: list[Any] = [
    *[None, True, False, 0, 1, -1, 2, 7, 1.5, -0.0, 1e308, 2**31, -(2**63), 10**30],
    *["", "x", "X", "0", "NaN", "Infinity", "\x00", "é" * 5, "a" * 300, "x**2", "float64", "FP64", "BYTES", "BF16"],
    *["AAAA", "AAAAAAAA8D8=", "application/json"],
    *[[], [[]], [[], [1]], [0] * 70, [1, 2, 3], [[1, 2], [3, 4]], [[[1]]], [1, [2]], ["x"], [None]],
    *[{}, {"x": 1}, {"a": {"b": [1]}}],
    {"object_type": "array", "shape": [2], "dtype": "float64", "data": {"buffer": "AAAA", "encoding": "base64"}},
    {"object_type": "array", "shape": [], "dtype": "float64", "data": {"buffer": 1.0, "encoding": "json"}},
]
NAMES = [
    "argnums",
    "config",
    "data",
    "dtype",
    "id",
    "in_axes",
    "input",
    "outputs",
    "parameters",
    "point",
    "sens",
    "shape",
]
EDGES = [
    *["0", "1", "-1", "-2", "3", "7", "20", "170", "171.5", "2.5", "0.5", "1/3", "True", "pi", "E", "0x1F", "-0.0"],
    *["inf", "-inf", "nan", "1e308", "1e-320", "1e-400", "1e999", "2**53+1", "2**63", "10**30", "-10**400"],
    *["5**(-5)**4", "3**600", "2**-1100", "9" * 30],
]
READ = [
    *["x", "y", "i", "X", "X[0]", "X[-1]", "X[:]", "X[::-1]", "X[1:]", "X[None]", "X.T", "len(X)"],
    *["Y", "Y[0]", "Y[0, 1]", "Y[:, 0]", "Y @ X", "X @ X", "Y[:, :0]", "X[9:]", "np.zeros((10**9, 0))"],
]
POINTS: dict[str, list[Any]] = {
    "x": [1.5, 0.0, -1.0, 3, 1e308, -1e-320, "NaN", "Infinity"],
    "y": [2.0, 0.0, -0.5],
    "X": [[1.0, 2.0, 3.0], [0.0, -1.0], [1e300], []],
    "Y": [[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]]],
}
OPERATORS = ["+", "-", "*", "/", "**", "%", "//", "<", "==", ">=", "!=", "@", "and", "or", "&", "|", "^"]
WORDS = words.ALL
ROUTES = [*["grad"] * 6, "evaluate", "hessian", "jacobian", "hvp", "jvp", "vjp", "symbolic", "functions"]


def changed(document: Any, chance: random.Random) -> Any:
    """Return a copy of a document with one to three places changed."""
    document = copy.deepcopy(document)
    for _ in range(chance.choice([1, 1, 1, 2, 2, 3])):
        places = list(_places(document))
        if not places or chance.random() < 0.01:
            return copy.deepcopy(chance.choice(ODD))
        _change(*chance.choice(places), chance)
    return document


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a document: the dict or list that holds it, and its key there."""
    if isinstance(document, dict | list):
        for key in list(document) if isinstance(document, dict) else range(len(document)):
            yield document, key
            yield from _places(document[key])


def _change(holder: Any, key: Any, chance: random.Random) -> None:
    odd, found = copy.deepcopy(chance.choice(ODD)), holder[key]
    what = chance.randrange(8)
    if what == 0:
        del holder[key]
    elif what == 1:
        if isinstance(holder, dict):
            holder[chance.choice(NAMES)] = odd
        else:
            holder.insert(key, odd)
    elif what == 2:
        holder[key] = [found]
    elif what == 3 and isinstance(found, list):
        holder[key] = [copy.deepcopy(item) for _ in range(chance.choice([0, 2, 3])) for item in found]
    elif what == 4 and isinstance(found, list) and found:
        holder[key] = found[0]
    else:
        holder[key] = odd


def request(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Return the path and the document of a request about a random program."""
    text, route = program(chance), chance.choice(ROUTES)
    is_expression = not text.startswith(("lambda", "def"))
    names = [name for name in POINTS if re.search(rf"\b{name}\b", text)] if is_expression else ["x", "X", "Y"]
    point = {name: chance.choice(POINTS[name]) for name in names}
    document: dict[str, Any] = {"expression": text}
    if is_expression and chance.random() < 0.9:
        document["args"] = names
    if names and route != "functions" and chance.random() < 0.5:
        document["argnums"] = [chance.choice(names)]
    if route in {"symbolic", "functions"}:
        return f"/v1/{route}", document
    document["point"] = point
    if chance.random() < 0.2:
        document["dtype"] = "float32"
    if chance.random() < 0.1 and route != "evaluate":
        document["verify"] = True
    if route in {"hvp", "jvp"}:
        document["tangents"] = [point[name] for name in document["argnums"]] if "argnums" in document else 1.0
    if route == "vjp":
        document["cotangent"] = 1.0
    return f"/v1/{route}", document


def program(chance: random.Random) -> str:
    """Return a random text that is close to the language: an expression, a lambda, a def or a list."""
    body, more = _expression(chance, chance.randint(1, 4)), [_expression(chance, 2) for _ in range(3)]
    kind = chance.random()
    if kind < 0.6:
        return body
    if kind < 0.75:
        return f"lambda x, X, Y: {body}"
    if kind < 0.9:
        branch = f"    if {more[1]} > 0:\n        r = {more[2]}\n    for i in range(3):\n        r = r + {body}\n"
        return f"def f(x, X, Y):\n    r = {more[0]}\n{branch}    return r"
    return f"[{body}, {more[0]}]"


def _expression(chance: random.Random, depth: int) -> str:
    if depth <= 0:
        return chance.choice(EDGES if chance.random() < 0.45 else READ)

    def part() -> str:
        return _expression(chance, depth - 1 - chance.randrange(2))

    def count(*few: str) -> str:
        return chance.choice([*few, part()])

    kind = chance.random()
    if kind < 0.45:
        return _call(chance, part)
    if kind < 0.75:
        return f"({part()} {chance.choice(OPERATORS)} {part()})"
    forms = [
        lambda: f"({part()} if {part()} else {part()})",
        lambda: f"where({part()} > {part()}, {part()}, {part()})",
        lambda: f"sum({part()} for i in range({count('3', 'len(X)', '0', '-1')}))",
        lambda: f"[{part()}, {part()}]",
        lambda: f"Sum({part()}, (i, {count('0', '1', '-3')}, {count('3', '5')}))",
        lambda: f"Product({part()}, (i, 1, {count('3', '4')}))",
        lambda: f"Piecewise(({part()}, {part()} < {part()}), ({part()}, True))",
        lambda: f"{chance.choice(['-', '+', 'not ', '~'])}{part()}",
        lambda: f"({part()})[{part()}]",
    ]
    return chance.choice(forms)()


def _call(chance: random.Random, part: Any) -> str:
    word = chance.choice(WORDS)
    least, most = word.arity
    wrong = chance.choice([*[0] * 12, 1, -1])
    operands = [part() for _ in range(max(0, wrong + chance.randint(least, least + 2 if most is None else most)))]
    if word.keywords and chance.random() < 0.4:
        value = chance.choice(["0", "1", "-1", "2", "None", "True", "(0, 1)", "float", part()])
        operands.append(f"{chance.choice(word.keywords)}={value}")
    return f"{chance.choice(word.names)}({', '.join(operands)})"
