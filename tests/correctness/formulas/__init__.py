"""Published formulas that the service is tested on, joined from the collections of this package."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import feynman, optimization, regression


@dataclass(frozen=True, slots=True)
class Formula:
    """A published function: its text, its arguments and a point at which it is differentiable.

    An entry of the point is a float for a scalar argument and a tuple of floats for an array argument.
    """

    name: str
    expression: str
    args: tuple[str, ...]
    point: tuple[float | tuple[float, ...], ...]


def _formulas(
    rows: Iterable[tuple[str, str, str, tuple[float | tuple[float, ...], ...]]],
) -> tuple[Formula, ...]:
    return tuple(Formula(name, expression, tuple(args.split()), point) for name, expression, args, point in rows)


FEYNMAN = _formulas(feynman.ROWS)
OPTIMIZATION = _formulas(optimization.ROWS)
REGRESSION = _formulas(regression.ROWS)
ALL = FEYNMAN + OPTIMIZATION + REGRESSION
