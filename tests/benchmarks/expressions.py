"""New random functions: trees that are text for a service and JAX for a process.

A tree is a name, a number or ``[operation, *operands]``: plain JSON, so that another process can be given it without
anybody evaluating a text.
"""

# ruff: noqa: S311  # these random numbers guard nothing

from __future__ import annotations

import cmath
import math
import operator
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMES = ("x", "y", "z")
LEAST, MOST = 6, 25
"""Bounds on the operations of a function."""

Tree = Any

_UNARY = ("sin", "cos", "exp", "tanh", "log1p")
_BINARY = ("+", "+", "-", "*", "*")

_TEXT: dict[str, Callable[..., str]] = {
    **{name: (lambda a, name=name: f"{name}({_bare(a)})") for name in _UNARY},
    **{sign: (lambda a, b, sign=sign: f"({a} {sign} {b})") for sign in "+-"},
    "*": lambda a, b: f"{a}*{b}",
    "**": lambda a, n: f"{a}**{n}" if re.fullmatch(r"\w+|\w*\(.*\)", a) and _closes_last(a) else f"({a})**{n}",
}
_COMPLEX: dict[str, Callable[..., complex]] = {
    **{name: getattr(cmath, name) for name in _UNARY if name != "log1p"},
    "log1p": lambda a: cmath.log(1 + a),
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "**": operator.pow,
}
_FLOATS: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in _UNARY},
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "**": operator.pow,
}


def fold(tree: Tree, names: Mapping[str, Any], operations: Mapping[str, Callable[..., Any]]) -> Any:
    """Return the value of a tree by a table of operations."""
    if isinstance(tree, str):
        return names[tree]
    if not isinstance(tree, list):
        return tree
    first, *operands = tree
    return operations[first](*(fold(operand, names, operations) for operand in operands))


def text(tree: Tree) -> str:
    """Return a tree as the text a client would send."""
    written: str = fold(tree, dict(zip(NAMES, NAMES, strict=True)), _TEXT)
    return _bare(written)


def value(tree: Tree, point: list[float]) -> float:
    """Return the value at a point, in Python's own arithmetic."""
    found: float = fold(tree, dict(zip(NAMES, point, strict=True)), _FLOATS)
    return found


@dataclass(slots=True)
class Source:
    """Random functions, each of a structure that was not used before.

    Attributes:
        seed: gives the same functions again.
    """

    seed: int
    _random: random.Random = field(init=False)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def point(self) -> list[float]:
        """Return a point with a coordinate for each name."""
        return [self._random.uniform(0.2, 1.2) for _ in NAMES]

    def function(self, point: list[float]) -> Tree:
        """Return a function of LEAST to MOST operations, moderate at the point and not of one variable alone."""
        while True:
            tree = self._tree(self._random.randint(LEAST, MOST))
            shape, variables = _structure(text(tree))
            if shape in self._seen or variables < 2 or not well_conditioned(tree, point):
                continue
            self._seen.add(shape)
            return tree

    def terms(self, count: int) -> list[Tree]:
        """Return the terms of a long sum, about 31 characters each in text."""
        return [self._term() for _ in range(count)]

    def _tree(self, operations: int, *, inside: bool = False) -> Tree:
        if operations <= 0:
            return self._random.choice(NAMES)
        kind = self._random.random()
        if kind < 0.35:
            # SymPy's own parser, which the plain service uses, can take for ever over a tanh inside another function.
            name = self._random.choice([name for name in _UNARY if not (inside and name == "tanh")])
            if name == "log1p":
                return [name, ["**", self._tree(operations - 2, inside=True), 2]]
            return [name, self._tree(operations - 1, inside=True)]
        if kind < 0.5:
            return ["**", self._tree(operations - 1, inside=inside), self._random.choice((2, 2, 3))]
        left, sign = self._random.randint(0, operations - 1), self._random.choice(_BINARY)
        number = left == 0 and self._random.random() < 0.5
        operand = self._number() if number else self._tree(left, inside=inside)
        return [sign, operand, self._tree(operations - 1 - left, inside=inside)]

    def _term(self) -> Tree:
        a, b = (self._random.choice(NAMES) for _ in range(2))
        name = self._random.choice(("sin", "cos", "tanh"))
        inner = [self._random.choice(("+", "-", "*")), ["*", self._number(), a], b]
        return ["*", self._number(), ["**", [name, inner], self._random.choice((2, 3))]]

    def _number(self) -> float:
        return round(self._random.uniform(0.1, 2.0), 4)


def well_conditioned(tree: Tree, point: list[float]) -> bool:
    """Return whether value and gradient are moderate, and ways that round differently agree on them to 9 digits.

    ``sin`` of 1e30 is moderate, but it and its gradient have no digit that is right: it depends on how 1e30 is rounded.
    """
    try:
        plain, middle = gradient(tree, point), value(tree, point)
        noise = random.Random(0)
        moved = [gradient(tree, point, lambda result: result * (1 + noise.choice(_ULPS))) for _ in range(4)]
    except (OverflowError, ValueError):
        return False
    largest = max(map(abs, plain))
    if not (abs(middle) < 1e3 and 1e-3 < largest < 1e4):
        return False
    return all(abs(x - y) <= 1e-9 * largest for each in moved for x, y in zip(plain, each, strict=True))


_ULPS = (-4e-16, -2e-16, 2e-16, 4e-16)


def gradient(tree: Tree, point: list[float], rounded: Callable[[complex], complex] = complex) -> list[float]:
    """Return the gradient in Python's own arithmetic, by complex steps (Squire and Trapp 1998).

    ``rounded`` is applied to the result of every operation.
    """
    step = 1e-100

    def operation(function: Callable[..., complex]) -> Callable[..., complex]:
        return lambda *operands: rounded(function(*operands))

    operations = {name: operation(function) for name, function in _COMPLEX.items()}
    found = []
    for by in NAMES:
        names = {name: complex(c, step * (name == by)) for name, c in zip(NAMES, point, strict=True)}
        found.append(fold(tree, names, operations).imag / step)
    return found


def _structure(written: str) -> tuple[str, int]:
    """Return a text without its literals and names, and how many different names it has."""
    names: dict[str, str] = {}
    without_names = re.sub(r"\b[xyz]\b", lambda name: names.setdefault(name[0], f"a{len(names)}"), written)
    return re.sub(r"\d+\.\d+", "#", without_names), len(names)


def _bare(written: str) -> str:
    """Return a text without the brackets around all of it."""
    return written[1:-1] if written.startswith("(") and _closes_last(written) else written


def _closes_last(written: str) -> bool:
    """Whether the first bracket of a text, if there is one, is closed by its last character."""
    depth = 0
    for index, character in enumerate(written):
        depth += (character == "(") - (character == ")")
        if depth == 0 and character == ")":
            return index == len(written) - 1
    return True
