"""Published problems with known answers, for the routes that move arguments, and the tests that solve them.

Three collections have one form, ``Problem``: the text as it is posted, its starts, its data and the published answer.
They are a room of their own because the collections prove each other's form: what is asked of one row (the text is
read, its value at the start is the published one, the route finds the published answer) is asked of all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Number: TypeAlias = float | tuple[float, ...]
Array: TypeAlias = tuple[float, ...] | tuple[tuple[float, ...], ...]
Bound: TypeAlias = float | tuple[float | None, ...] | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A published problem and its published answer.

    Attributes:
        name: as published.
        expression: the function to minimize, or the residuals, as a text of the language.
        starts: what is moved, by argument; a tuple is an array argument.
        minima: published local minima of the function, or of the sum of squares of the residuals, the best one first.
        data: the arguments that stay.
        bounds: the lowest and the highest value by argument, ``None`` for none.
        constraints: pairs of ``"ineq"``, meaning >= 0, or ``"eq"``, meaning == 0, and a text of the same arguments.
        solution: the published numbers of ``minima[0]`` in the order of the arguments, where they are known.
        standard_errors: of the numbers of ``solution``, for residuals.
        start_values: published or independently computed values at the starts, of the same quantity as ``minima``.
    """

    name: str
    expression: str
    starts: tuple[Mapping[str, Number], ...]
    minima: tuple[float, ...]
    data: Mapping[str, Array] = field(default_factory=dict)
    bounds: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    constraints: tuple[tuple[str, str], ...] = ()
    solution: tuple[float, ...] = ()
    standard_errors: tuple[float, ...] = ()
    start_values: tuple[float, ...] = ()

    def request(self, start: int = 0, **fields: Any) -> dict[str, Any]:
        """Return the body of a request that moves the arguments of a start, the others being data."""
        moved = self.starts[start]
        document: dict[str, Any] = {
            "expression": self.expression,
            "args": [*moved, *self.data],
            "point": {**moved, **self.data},
            "argnums": list(moved),
        }
        if self.bounds:
            document["bounds"] = dict(self.bounds)
        if self.constraints:
            document["constraints"] = [{"type": kind, "expression": text} for kind, text in self.constraints]
        return document | fields
