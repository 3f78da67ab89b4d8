"""Data that stay in the places of arguments: named in a point, or bound to a function.

Of a bound function a request gives the other arguments. To the engine it is the function that it was made of, asked at
a point with the data in their places. A binding translates: of a request, its point, ``in_axes`` and ``argnums``; of an
answer, the names and positions of arguments.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from app import errors
from app.engine import points
from app.engine.functions import arguments
from app.language.grammar import lexer
from app.runtime import queue
from app.runtime.data.store import DataStore

Array = NDArray[Any]
Json = Any
Shape = tuple[int, ...]
_MOST_ARGUMENTS = 256
"""A longer list is the one argument of its function: it has no entries that name data."""

Axes = int | Sequence[int | None] | None


class Binding:
    """Data in the places of some arguments of a function.

    Args:
        function_id: of the function that is bound.
        args: all its arguments.
        data: id and shape of the data by argument, at least one and not for all arguments.

    Attributes:
        free: the other arguments.
        positions: of these among all.
        function_id: of the bound function: it covers the ids of the data.
    """

    __slots__ = ("args", "data", "free", "function_id", "positions")

    def __init__(self, function_id: str, args: Sequence[str], data: Mapping[str, tuple[str, Shape]]) -> None:
        self.args, self.data = tuple(args), dict(data)
        self.positions = [place for place, name in enumerate(args) if name not in data]
        self.free = tuple([args[place] for place in self.positions])
        listed = sorted((name, data_id) for name, (data_id, _) in data.items())
        self.function_id = hashlib.blake2b(repr((function_id, listed)).encode(), digest_size=16).hexdigest()

    @property
    def numbers(self) -> int:
        """How many numbers the data have."""
        return sum(math.prod(shape) for _, shape in self.data.values())

    def given(self, point: Json, ranks: Sequence[int | None], in_axes: Axes = None) -> dict[str, Json]:
        """Return a point for the free arguments by name; ``ranks`` are as ``points.bind`` takes them, of all."""
        if isinstance(point, dict):
            named = {lexer.identifier(name): entry for name, entry in point.items()}
            for name in named:
                if name in self.data:
                    raise errors.InvalidField(
                        f"point names {errors.quote(name)}, which is bound to data", field="point"
                    )
            return named
        if type(point) in points.NUMERIC and len(self.free) == 1:
            point = [point]
        if not isinstance(point, list):
            hint = "give one entry for each argument, [1.5, 2.0], or an object by name"
            raise errors.InvalidField("point must be a list or an object", hint=hint, field="point")
        first = self.positions[0]
        batched = in_axes == 0 or (isinstance(in_axes, Sequence) and len(in_axes) > 0 and in_axes[0] == 0)
        if len(self.free) == 1 and points.is_argument(point, (ranks[first] or 0) + batched):
            return {self.free[0]: point}
        if len(point) > len(self.free):
            listed = errors.quote(", ".join(self.free))
            detail = f"point has {len(point)} entries for {len(self.free)} argument(s) {listed}"
            raise errors.InvalidField(detail, field="point")
        return dict(zip(self.free, point, strict=False))

    def completed(self, point: Json, ranks: Sequence[int | None], in_axes: Axes = None) -> dict[str, Json]:
        """Return a point for all arguments by name, the data by their ids."""
        return self.given(point, ranks, in_axes) | {name: {"data": data_id} for name, (data_id, _) in self.data.items()}

    def axes(self, in_axes: Axes) -> Axes:
        """Return ``in_axes`` for all arguments; data have no batch axis."""
        if in_axes is None:
            return None
        given = [in_axes] * len(self.free) if isinstance(in_axes, int) else list(in_axes)
        if len(given) != len(self.free):
            detail = f"in_axes has {len(given)} entries for {len(self.free)} argument(s)"
            raise errors.InvalidField(detail, field="in_axes")
        by_name = dict(zip(self.free, given, strict=True))
        return [by_name.get(name) for name in self.args]

    def argnums(self, argnums: int | str | Sequence[int | str] | None) -> int | list[int]:
        """Return argnums that count the free arguments as positions among all."""
        found = arguments.resolve(argnums, self.free)
        return self.positions[found] if isinstance(found, int) else [self.positions[each] for each in found]

    def shown(self, argnums: int | Sequence[int]) -> int | list[int]:
        """Return positions among all arguments as positions among the free ones."""
        if isinstance(argnums, int):
            return self.positions.index(argnums)
        return [self.positions.index(each) for each in argnums]

    def shown_in(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return an answer of the function as the bound function's own, in place."""
        document["args"], document["function_id"] = self.free, self.function_id
        if "argnums" in document:
            document["argnums"] = self.shown(document["argnums"])
        return document

    def shapes(self, free: Sequence[Shape]) -> tuple[Shape, ...]:
        """Return the shapes of all arguments."""
        given = iter(free)
        return tuple([self.data[name][1] if name in self.data else next(given) for name in self.args])

    def extended(self, point: points.Point, data: Mapping[str, Array]) -> points.Point:
        """Return a point for the free arguments as one for all."""
        batched = point.batch is not None
        given = iter(point.piece(0, point.count) if batched else point.arguments(0))
        arrays = [data[name] if name in self.data else next(given) for name in self.args]
        flags = [batched and name not in self.data for name in self.args]
        return points.Point(None, self.shapes(point.shapes), point.batch, arrays, flags)


def data_ids(point: Json) -> dict[Any, str]:
    """Return the ids of data that stand for arguments, ``{"data": id}``, by the place of their argument."""
    if isinstance(point, dict):
        places: Iterable[tuple[Any, Json]] = point.items()
    elif isinstance(point, list) and len(point) <= _MOST_ARGUMENTS:
        places = enumerate(point)
    else:
        return {}
    return {place: _data_id(entry, place) for place, entry in places if type(entry) is dict}


def _data_id(entry: dict[str, Json], place: Any) -> str:
    data_id = entry.get("data")
    if len(entry) != 1 or not isinstance(data_id, str):
        hint = 'data that stay are named {"data": "<data_id>"}'
        raise errors.InvalidField("a point is made of numbers", hint=hint, field=f"point.{place}"[:80])
    return data_id


async def resolved(
    stays: DataStore, point: Json, dtype: str, limits: points.PointLimits
) -> tuple[Json, points.PointLimits]:
    """Return a point with the arrays of the data that it names, and limits that do not count these."""
    if isinstance(point, dict) and isinstance(point.get("data"), str) and len(point) == 1:
        point = [point]  # the one argument itself
    named = data_ids(point)
    if not named:
        return point, limits
    found = dict(point) if isinstance(point, dict) else list(point)
    held = 0
    for place, data_id in named.items():
        array = await stays.numbers(data_id, queue.CALLER.get(), dtype, f"point.{place}"[:80])
        found[place] = array
        held += array.size
    return found, dataclasses.replace(limits, max_elements=limits.max_elements + held)


async def arrays_of(stays: DataStore, binding: Binding, dtype: str) -> dict[str, Array]:
    """Return the data of a binding by argument."""
    caller = queue.CALLER.get()
    return {
        name: await stays.numbers(data_id, caller, dtype, f"point.{name}"[:80])
        for name, (data_id, _) in binding.data.items()
    }


def at_hand(
    stays: DataStore, binding: Binding, given: Json, ranks: Sequence[int | None], dtype: str, caller: str
) -> dict[str, Json] | None:
    """Return a point for all arguments by name, with the arrays of a binding; None if they are not in memory."""
    point = binding.given(given, ranks)
    for name, (data_id, _) in binding.data.items():
        point[name] = stays.at_hand(data_id, caller, dtype)
        if point[name] is None:
            return None
    return point


@dataclasses.dataclass(frozen=True, slots=True)
class FreeArguments:
    """What protocols of arrays ask of a function, for the free arguments of a bound one."""

    args: tuple[str, ...]
    ranks: tuple[int | None, ...]
    general: None = None  # it is not one function whatever the shapes

    @classmethod
    def of(cls, binding: Binding, ranks: Sequence[int | None]) -> FreeArguments:
        return cls(binding.free, tuple([ranks[place] for place in binding.positions]))
