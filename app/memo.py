"""Value and gradient where somebody has asked lately: who asks for one and then for the other computes once.

Samplers and differentiable programs ask for a value and, at the same point, for its gradient, in two requests. The
first computes both, which costs little more than either.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from app import cache, engine, points

_MAX_NUMBERS = 200_000
"""Numbers kept in all, of points and of answers: some ten megabytes."""


class Memo:
    """Answers with value and gradient, and remembers what it has answered. Belongs to the engine's event loop.

    Args:
        served: computes them.
        capacity: numbers kept.
    """

    def __init__(self, served: engine.Engine, capacity: int = _MAX_NUMBERS) -> None:
        self._served = served
        self._capacity = capacity
        self._known: cache.Cache[Hashable, engine.Answer] = cache.Cache(capacity, _weight)

    async def at(
        self, expression: str | Sequence[str], args: Sequence[str] | None, point: points.Point, dtype: str
    ) -> engine.Answer:
        """Return the value at a point and, of a function of one value, its gradient by every argument.

        Args:
            expression: a text, or one for each value.
            args: argument names in order, or None to take them from the text.
            point: in the shapes of the arguments, with or without a batch axis.
            dtype: "float64" or "float32".

        Returns:
            An answer whose ``derivative`` has one entry for each argument, or is None if the value is an array.

        Raises:
            errors.Rejected: the function is not one of such arguments.
        """
        function = await self._served.look(expression, args)
        key = (function.function_id, dtype, point.shapes, point.batch, point.flat.tobytes())
        known = self._known.get(key)
        if known is not None:
            return known
        shaped = function.known(point.shapes) or await self._served.shape(expression, args, point.shapes)
        transform = "grad" if shaped.shape == () else "value"
        argnums = list(range(len(function.args)))
        found = await self._served.answer(engine.Query(transform, expression, point, args, argnums, dtype))
        # What would push everything else out is not worth it.
        if point.flat.size * 2 < self._capacity // 4:
            self._known.put(key, found)
        return found


def _weight(answer: engine.Answer) -> int:
    slopes = sum(map(_count, answer.derivative or ()))
    return 16 + _count(answer.value) + 2 * slopes  # the point is as large as the gradient


def _count(nested: object) -> int:
    """Return how many numbers stand in an array as nested lists."""
    if not isinstance(nested, list):
        return 1
    return len(nested) * (_count(nested[0]) if nested else 0)
