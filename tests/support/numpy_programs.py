"""Programs of assignments, and what Python makes of them with NumPy: values, and derivatives by the complex step.

The derivative of f at x is imag(f(x + ih)) / h for h = 1e-200, without cancellation (Squire & Trapp 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

import numpy as np

Array = Any
_STEP = 1e-200


class _Complex:
    """NumPy whose new arrays take complex numbers."""

    newaxis = None

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def __init__(self) -> None:
        for name in ("zeros", "ones", "empty", "full", "eye"):
            setattr(self, name, _complex(getattr(np, name)))
        self.array = lambda x: np.array(x, dtype=complex if np.asarray(x).dtype.kind != "i" else None)


def _complex(make: Any) -> Any:
    return lambda *operands: make(*operands, dtype=complex)


def value(text: str, point: Sequence[Array], name: str = "f") -> Array:
    """Return the value of a def, as Python runs it with NumPy."""
    return _run(text, name, [np.array(entry, dtype=complex) for entry in point]).real


def gradient(text: str, point: Sequence[Array], name: str = "f") -> Array:
    """Return the gradient of a def with one number as its value, the entries of all arguments in order."""
    found = []
    for number, entry in enumerate(point):
        for index in np.ndindex(np.shape(entry)):
            moved = [np.array(each, dtype=complex) for each in point]
            moved[number][index] += 1j * _STEP
            found.append(_run(text, name, moved).imag / _STEP)
    return np.array(found)


def _run(text: str, name: str, point: Sequence[Array]) -> Array:
    names: dict[str, Any] = {"np": _Complex(), "numpy": np}
    exec(compile(text, "<program>", "exec"), names)  # noqa: S102 - a program of this test
    with np.errstate(all="ignore"):
        return np.asarray(names[name](*[entry if entry.ndim else entry[()] for entry in point]))


class Programs:
    """Random programs of assignments to elements, views and names; ``random`` decides."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._vectors = ["x", "y", "w"]
        self._matrices = ["A"]

    def program(self) -> str:
        """Return a def of a vector ``x`` of four elements and a number ``z``."""
        lines = ["y = np.zeros(4)", "w = x*2.0", "A = np.ones((4, 4))", "A[1] = x"]
        for _ in range(self._random.randrange(2, 9)):
            lines += self._random.choice(self._STATEMENTS)(self)
        sums = [f"np.sum({v}*np.arange(1.0, 5.0)**{power})" for power, v in enumerate(self._vectors)]
        sums += [f"np.sum(np.cos({m})*{m})" for m in self._matrices]
        return "\n".join(["def f(x, z):", *[f"    {line}" for line in [*lines, "return " + " + ".join(sums)]]])

    def _one(self, *texts: str) -> str:
        return self._random.choice(texts)

    def _below(self, size: int, least: int = 0) -> int:
        return self._random.randrange(least, size)

    def _vector(self) -> str:
        return self._random.choice(self._vectors)

    def _matrix(self) -> str:
        return self._random.choice(self._matrices)

    def _index(self) -> str:
        fixed = "::2", "::-1", "1:", "-1:0:-2", ":", "[0, 2]", "[1, 1, 0]"
        start, stop = self._below(3), self._below(5, 1)
        return self._one(*fixed, f"{self._below(4, -4)}", f"{start}:4", f"{start}:-1", f":{stop}", f"[{start}, -1]")

    def _number(self) -> str:
        v = self._vector()
        return self._one(f"{v}[{self._below(4, -4)}]", f"np.sum({v})", f"np.sin({v}[{self._below(4)}])", "0.5", "2")

    def _element(self) -> list[str]:
        sign = self._one("=", "=", "+=", "-=", "*=")
        return [f"{self._vector()}[{self._index()}] {sign} {self._number()}*z"]

    def _slices(self) -> list[str]:
        v, sign = self._vector(), self._one("=", "+=", "-=")
        return [self._one(f"{v}[1:] {sign} {self._vector()}[:-1]", f"{v}[::-1] = {self._vector()}*z", f"{v}[...] = z")]

    def _view(self) -> list[str]:
        new = f"v{len(self._vectors)}"
        part = self._one("", "[:]", "[::-1]", "*1.0", "[[0, 1, 2, 3]]")
        row = self._one(f"[{self._below(4)}]", f"[:, {self._below(4)}]", f".T[{self._below(4)}]")
        base = self._one(self._vector() + part, self._matrix() + row)
        self._vectors.append(new)
        return [f"{new} = {base}"]

    def _view_of_matrix(self) -> list[str]:
        new = f"m{len(self._matrices)}"
        base = self._matrix() + self._one("", ".T", "[::-1]", "*z")
        self._matrices.append(new)
        return [f"{new} = {base}"]

    def _in_matrix(self) -> list[str]:
        m, sign = self._matrix(), self._one("=", "+=", "*=")
        copied = ".copy()" if sign == "=" else ""  # NumPy is not right where a row is assigned a view that crosses it
        return [
            self._one(
                f"{m}[{self._index()}, {self._index()}] {sign} {self._number()}",
                f"{m}[{self._below(4)}] {sign} {self._vector()}{copied}",
                f"{m}[:, {self._below(4, -4)}] {sign} {self._vector()}*z",
            )
        ]

    def _masked(self) -> list[str]:
        v = self._vector()
        sign, value = self._one("=", "*=", "+="), self._one("0", "z", f"{v}[0]")
        return [f"{v}[{v} < {self._one('0', '0.5')}] {sign} {value}"]

    def _swapped(self) -> list[str]:
        each = self._one(self._vector(), self._matrix())
        i, j = self._below(4), self._below(4, -4)
        return [f"{each}[{i}], {each}[{j}] = {each}[{j}], {each}[{i}]"]

    def _in_place(self) -> list[str]:
        return [f"{self._vector()} {self._one('+=', '*=', '-=')} {self._one(self._vector(), 'z', '2')}"]

    def _loop(self) -> list[str]:
        v, more = self._vector(), self._one(f" + {self._vector()}[i]", "")
        items, sign = self._one("3", "1, 4", "4", "2, -1, -1"), self._one("=", "+=")
        return [f"for i in range({items}):", f"    {v}[i] {sign} {self._vector()}[i - 1]*z{more}"]

    def _branch(self) -> list[str]:
        test = f"{self._vector()}[{self._below(4)}] > {self._one('0', 'z', 'x[1]')}"
        lines = [f"if {test}:", f"    {self._vector()}[{self._index()}] = z"]
        return lines + self._random.choice([[], ["else:", f"    {self._vector()}[{self._index()}] *= z"]])

    _STATEMENTS: ClassVar = (
        _element, _element, _slices, _view, _view, _view_of_matrix, _in_matrix, _masked, _swapped, _in_place, _loop,
        _branch,
    )  # fmt: skip
