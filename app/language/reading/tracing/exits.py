"""Where the point decides how a loop or function is left: ``break``, ``return``, the condition of a ``while``.

A text is run for all points at once. An exit is a place where some points leave a loop: its condition, and the
variables there. The run goes on for the others. After the loop, the variables are those of the first exit whose
condition holds, or those at the end of the loop. What is returned inside a loop is an exit of the loops around it, too;
the function chooses among the values that its exits return. JAX's ``while_loop`` under ``vmap`` freezes the points that
have left in the same way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import errors
from app.language.expression.values import Value
from app.language.reading.changes import objects

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Names = dict[str, Value]

MAX_TURNS = 200
"""Turns of a ``while`` loop that the point may end. A point that needs more gets nan, as where an error is raised."""


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a loop or function.

    Attributes:
        condition: of the points that leave here, unless they have left before.
        names: the variables there.
        value: what is returned, None for a ``break``.
    """

    condition: Value
    names: Names
    value: Value | None


class Exits:
    """The exits of a loop or function that is running, the first one first.

    Args:
        of_loop: whether it is a loop.
    """

    def __init__(self, tracer: Tracer, *, of_loop: bool) -> None:
        self._tracer = tracer
        self.of_loop = of_loop
        self._exits: list[Exit] = []
        self._branches: list[tuple[Value, bool]] = []  # the conditions of those that are open, and if they hold

    def __len__(self) -> int:
        return len(self._exits)

    @contextlib.contextmanager
    def branch(self, condition: Value, holds: bool) -> Iterator[None]:
        """Run one body of a branch whose condition depends on the point."""
        self._branches.append((condition, holds))
        try:
            yield
        finally:
            self._branches.pop()

    def add(self, condition: Value, holds: bool, names: Names, value: Value | None, offset: int) -> None:
        """Let the points leave that are here, and where a condition holds or does not."""
        builder = self._tracer.builder
        builder.charge(1 + len(names), offset)
        tests = [
            test if is_so else builder.invert(test, offset) for test, is_so in [*self._branches, (condition, holds)]
        ]
        self._exits.append(Exit(builder.all(tests, offset), dict(names), value))

    def closed(self, value: Value | None, names: Names, offset: int) -> Exit | None:
        """End the loop: give the variables the values that they have after it; return the exit that returns.

        ``value`` is what is returned where no exit is taken, None if the loop has come to its end there, with the
        variables ``names``.
        """
        builder = self._tracer.builder
        returns = builder.truth(value is not None)
        for each in reversed(self._exits):
            if each.value is not None:
                value = each.value if value is None else self._tracer.choose(each.condition, each.value, value, offset)
                returns = builder.any((each.condition, returns), offset)
            elif returns.constant:  # no point has come to the end of the loop
                replace(names, each.names)
                returns = builder.invert(each.condition, offset)
            else:
                merge(self._tracer, each.condition, (each.names, dict(names)), names, offset)
                returns = builder.all((builder.invert(each.condition, offset), returns), offset)
        return None if value is None else Exit(returns, names, value)

    def value(self, found: Value, offset: int) -> Value:
        """End the function: return its value, which is ``found`` where no exit is taken."""
        for each in reversed(self._exits):
            assert each.value is not None, "a function is left by a return"
            found = self._tracer.choose(each.condition, each.value, found, offset)
        return found


def unbounded(offset: int) -> errors.TooComplex:
    """Return the refusal of a loop that reaches the limits, where the point decides how long it goes on."""
    what = "the loop is too long where the point decides how long it goes on"
    hint = "bound its steps: while ... and k < 50, with k += 1 in the loop, or for k in range(50) with a break"
    return errors.TooComplex(what, hint=hint, offset=offset)


def replace(names: Names, others: Names) -> None:
    """Give all variables their values from elsewhere."""
    if names is not others:
        names.clear()
        names.update(others)


def merge(tracer: Tracer, condition: Value, sides: Sequence[Names], names: Names, offset: int) -> None:
    """Give variables their values after two ways, as a condition says.

    The sides are the variables where the condition holds, and where it does not. A name is undefined that one of them
    does not have, or that is another string in each.
    """
    chosen, other = sides
    for name in [*chosen, *other]:
        first, second = chosen.get(name), other.get(name)
        if first is None or second is None or _differ(first, second):
            names.pop(name, None)
        elif first is second or first.kind in _WORDS:
            names[name] = first
        else:
            one, two = (tracer.objects.current(own[name], own, offset) for own in sides)
            found = tracer.choose(condition, one, two, offset)
            names[name] = objects.merged(tracer.builder, (first, second), found)


_WORDS = frozenset({"text", "none"})


def _differ(first: Value, second: Value) -> bool:
    """Return whether values are words of which none can be chosen: strings that differ, or None and something else."""
    words = first.kind in _WORDS or second.kind in _WORDS
    return words and (first.kind, first.text) != (second.kind, second.text)
