"""Programs of numbers at random: functions in functions, closures, branches and loops, as Python runs them, too."""

from __future__ import annotations

import random

Helper = tuple[str, int, int]
"""A function's name, how many parameters it has, and how many of them have default values."""


class Program:
    """Makes one program, ``def f(x, y)`` with what may stand around it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secrets
        self._helpers = 0

    def text(self) -> str:
        names = ["x", "y"]
        before = ""
        if self._random.random() < 0.4:
            before, names = f"k = {self._expression(['2'], [], 2)}\nw = lambda p0: p0*k\n", ["x", "y", "k", "w(x)"]
        return f"{before}def f(x, y):\n{self._block('    ', names, [], 3, returns=True)}"

    def _expression(self, names: list[str], helpers: list[Helper], depth: int) -> str:
        choose = self._random

        def inner(*more: str) -> str:
            return self._expression([*names, *more], helpers, depth - 1)

        kind = choose.randrange(8 if depth > 0 else 2)
        if kind == 0:
            return choose.choice(names)
        if kind == 1 or (kind == 5 and not helpers):
            return choose.choice(["2", "3", "0.5", "1"])
        if kind in {2, 3}:
            return f"({inner()} {choose.choice('+-*')} {inner()})"
        if kind == 4:
            return f"({inner()} if {inner()} > {inner()} else {inner()})"
        if kind == 5:
            name, count, defaults = choose.choice(helpers)
            given = choose.randrange(count - defaults, count + 1)
            operands = [inner() for _ in range(given)]
            if given and choose.random() < 0.3:
                operands[-1] = f"p{given - 1}={operands[-1]}"
            return f"{name}({', '.join(operands)})"
        if kind == 6:
            return f"(lambda q: {inner('q')})({inner()})"
        return f"[w({inner()}) for w in [lambda q: {inner('q', 'j')} for j in range(3)]][{choose.randrange(3)}]"

    def _block(self, indent: str, names: list[str], helpers: list[Helper], depth: int, *, returns: bool) -> str:
        names, helpers = list(names), list(helpers)
        lines = [
            self._statement(indent, names, helpers, self._random.randrange(5 if depth > 0 else 1), depth)
            for _ in range(self._random.randrange(1, 4))
        ]
        if returns:
            lines.append(f"{indent}return {self._expression(names, helpers, 3)}")
        return "\n".join(lines)

    def _statement(self, indent: str, names: list[str], helpers: list[Helper], kind: int, depth: int) -> str:
        """Return a statement; what it assigns is added to ``names`` or ``helpers``."""
        choose = self._random
        if kind == 1:
            return self._helper(indent, names, helpers, depth)
        if kind in {2, 3}:
            test = f"{self._expression(names, helpers, 1)} > {self._expression(names, helpers, 1)}"
            head = f"if {test}" if kind == 2 else f"for {choose.choice('ka')} in range({choose.randrange(1, 4)})"
            text = f"{indent}{head}:\n{self._block(indent + '    ', names, helpers, depth - 1, returns=False)}"
            if kind == 2:
                other = self._block(indent + "    ", names, helpers, depth - 1, returns=False)
                text += f"\n{indent}else:\n{other}"
            return text
        name = choose.choice(["a", "b", *[name for name in names if name.isidentifier() and name != "k"]])
        text = f"{indent}{name} = {self._expression(names, helpers, 2)}"
        names.append(name)
        return text

    def _helper(self, indent: str, names: list[str], helpers: list[Helper], depth: int) -> str:
        self._helpers += 1
        name, count = f"g{self._helpers}", self._random.randrange(1, 3)
        defaults = self._random.randrange(count + 1)
        own = [f"p{index}" for index in range(count)]
        listed = [
            each if index < count - defaults else f"{each}={self._expression(names, helpers, 1)}"
            for index, each in enumerate(own)
        ]
        head = ", ".join(listed)
        if self._random.random() < 0.5:
            text = f"{indent}{name} = lambda {head}: {self._expression([*names, *own], helpers, 2)}"
        else:
            body = self._block(indent + "    ", own, helpers, depth - 1, returns=True)
            text = f"{indent}def {name}({head}):\n{body}"
        helpers.append((name, count, defaults))
        return text
