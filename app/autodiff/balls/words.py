"""The words as a namespace of balls, for the rows of the table and for the sweeps of ``reverse`` and ``forward``."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from app.autodiff import table
from app.autodiff.balls import ball, elementary, hosted, special
from app.autodiff.balls.ball import Ball, exact

WORDS: dict[str, Callable[..., Any]] = elementary.WORDS | special.WORDS | hosted.WORDS
"""Function of each opcode that has one over balls."""

PULLBACKS = table.PULLBACKS | {opcode: table.chain.pullbacks(opcode, row) for opcode, row in hosted.ROWS.items()}
"""As ``table.PULLBACKS``."""


class LackingWord(Exception):
    """A word has no function over balls."""

    def __init__(self, opcode: str) -> None:
        super().__init__(opcode)
        self.opcode = opcode


class OutOfTime(Exception):
    """The deadline has passed."""


class Balls:
    """The namespace; a word raises ``OutOfTime`` after a deadline, by ``time.monotonic``."""

    pullbacks = PULLBACKS

    def __init__(self, deadline: float = float("inf")) -> None:
        self._deadline = deadline

    def __getattr__(self, opcode: str) -> Callable[..., Ball]:
        function = WORDS.get(opcode)
        if function is None:
            raise LackingWord(opcode)

        def word(*operands: Any) -> Ball:
            if time.monotonic() > self._deadline:
                raise OutOfTime
            return Ball(function(*map(exact, operands)))

        setattr(self, opcode, word)
        return word

    def constant(self, number: float, _: Any) -> Ball:
        return Ball(exact(number))

    def static(self, number: int | Fraction) -> Ball:
        """Return an exponent, an order or an exact constant of a tape."""
        return Ball(ball.rational(number))
