"""Programs at random whose loops and functions are left as the point decides, as Python runs them, too."""

from __future__ import annotations

import random

_NAMES = ("a", "b", "c")


class LoopProgram:
    """Makes one program, ``def f(x, y)``: loops, branches, ``break``, ``continue`` and ``return`` in each other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secrets
        self._counters = 0

    def text(self) -> str:
        lines = ["def f(x, y):", "    a, b, c = x, y, x*y", *self._block("    ", 3, in_loop=False)]
        return "\n".join([*lines, "    return a + b*c"])

    def _block(self, indent: str, depth: int, *, in_loop: bool) -> list[str]:
        found: list[str] = []
        for _ in range(self._random.randrange(1, 4)):
            found += self._statement(indent, depth, in_loop)
        return found

    def _statement(self, indent: str, depth: int, in_loop: bool) -> list[str]:
        kind = self._random.randrange(10 if depth else 3)
        inner = indent + "    "
        if kind < 3:
            return [f"{indent}{self._random.choice(_NAMES)} {self._random.choice(['=', '=', '+='])} {self._number(2)}"]
        if kind < 5:
            found = [f"{indent}if {self._test()}:", *self._block(inner, depth - 1, in_loop=in_loop)]
            if self._random.random() < 0.5:
                found += [f"{indent}else:", *self._block(inner, depth - 1, in_loop=in_loop)]
            return found
        if kind < 8:
            ways = ["break", "break", "continue"] if in_loop else []
            way = self._random.choice([*ways, f"return {self._number(2)}"])
            return [f"{indent}if {self._test()}:", f"{inner}{way}"]
        self._counters += 1
        counter = f"k{self._counters}"
        if kind == 8:
            head = [f"{indent}for {counter} in range({self._random.randrange(1, 5)}):"]
            return [*head, *self._block(inner, depth - 1, in_loop=True), *self._otherwise(indent, depth, in_loop)]
        bound = f"{counter} < {self._random.randrange(1, 5)}"
        test = self._random.choice([f"{self._test()} and {bound}", f"{bound} and {self._test()}"])
        head = [f"{indent}{counter} = 0", f"{indent}while {test}:", f"{inner}{counter} += 1"]
        return [*head, *self._block(inner, depth - 1, in_loop=True), *self._otherwise(indent, depth, in_loop)]

    def _otherwise(self, indent: str, depth: int, in_loop: bool) -> list[str]:
        if self._random.random() < 0.7:
            return []
        return [f"{indent}else:", *self._block(indent + "    ", depth - 1, in_loop=in_loop)]

    def _test(self) -> str:
        return f"{self._number(1)} {self._random.choice(['<', '>', '<=', '>='])} {self._number(1)}"

    def _number(self, depth: int) -> str:
        choose = self._random
        if depth == 0 or choose.random() < 0.3:
            return choose.choice([*_NAMES, "x", "y", "0.3", "0.7", "2"])
        if choose.random() < 0.2:
            return f"sin({self._number(depth - 1)})"
        return f"({self._number(depth - 1)} {choose.choice('+-*')} {self._number(depth - 1)})"
