"""Whether a claimed gradient is right, entry by entry.

The relative error of an entry is |claimed - right| / scale. The scale is |right|, or a thousandth of the greatest
entry where that is more, or 1 where every entry is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from app import errors
from app.api.interop.mcp import schemas, service

_TOLERANCE = 1e-6
_SMALL = 1e-3  # of the greatest entry: what is less is compared with this

Entry = tuple[str, list[int], Any, Any]
"""An argument, the index of an element, what is claimed, and what is right."""


async def check(call: schemas.CheckArguments, asked: service.Service) -> service.Document:
    """Return the verdict on a claimed gradient."""
    names = list(call.claimed)
    for name in names:
        if name not in call.point:
            raise errors.InvalidField(
                f"{errors.quote(name)} is claimed and is not in the point", field="claimed", hint="use the same names"
            )
    request = {"expression": call.expression, "point": call.point, "argnums": names}
    answer = await asked.ask("/v1/grad", request)
    entries: list[Entry] = []
    for name, right in zip(names, answer["gradient"], strict=True):
        claimed = call.claimed[name]
        if isinstance(claimed, str):
            claimed = await _formula(name, claimed, call.point, asked)
        entries += _entries(name, claimed, right)
    tolerance = _TOLERANCE if call.tolerance is None else float(call.tolerance)
    greatest = max((abs(right) for *_, right in entries if _is_finite(right)), default=0.0)
    checked = [_judged(entry, greatest, tolerance) for entry in entries]
    return {
        "correct": all(entry["correct"] for entry in checked),
        "value": answer["value"],
        "tolerance": tolerance,
        "entries": checked,
        "missing": [name for name in call.point if name not in call.claimed],
    }


async def _formula(name: str, text: str, point: service.Document, asked: service.Service) -> Any:
    """Return the value of a claimed formula; an error is about the claim."""
    try:
        answer = await asked.ask("/v1/evaluate", {"expression": text, "args": list(point), "point": point})
    except errors.GradserveError as error:
        error.field = f"claimed.{name}"
        raise
    return answer["value"]


def _entries(name: str, claimed: Any, right: Any) -> Iterator[Entry]:
    """Yield the numbers of one argument; the claim has the shape of the partial derivative."""

    def walk(claimed: Any, right: Any, index: list[int]) -> Iterator[Entry]:
        if isinstance(right, list):
            if not isinstance(claimed, list) or len(claimed) != len(right):
                raise _wrong_shape(name, index, right)
            for number, pair in enumerate(zip(claimed, right, strict=True)):
                yield from walk(*pair, [*index, number])
        elif isinstance(claimed, list | dict | bool) or claimed is None:
            raise _wrong_shape(name, index, right)
        else:
            yield name, index, claimed, right

    return walk(claimed, right, [])


def _wrong_shape(name: str, index: list[int], right: Any) -> errors.BadShape:
    place = f" at {index}" if index else ""
    wanted = f"a list of {len(right)}" if isinstance(right, list) else "one number"
    hint = f"the claim has the shape of {errors.quote(name)} in the point"
    return errors.BadShape(f"the partial derivative{place} is {wanted}", field=f"claimed.{name}"[:80], hint=hint)


def _judged(entry: Entry, greatest: float, tolerance: float) -> service.Document:
    arg, index, claimed, right = entry
    found: service.Document = {"arg": arg, "index": index, "claimed": claimed, "right": right}
    if not (_is_finite(claimed) and _is_finite(right)):
        return found | {"correct": claimed == right}
    error = abs(claimed - right) / (max(abs(right), _SMALL * greatest) or 1.0)
    if math.isfinite(error):
        found["relative_error"] = error
    return found | {"correct": error <= tolerance}


def _is_finite(number: Any) -> bool:
    return isinstance(number, int | float) and math.isfinite(number)
