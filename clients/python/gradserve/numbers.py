"""Numbers on the wire: arrays of any library as lists, lists as NumPy arrays where NumPy is installed."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_HAS_NUMPY = importlib.util.find_spec("numpy") is not None


@dataclass(frozen=True, slots=True)
class Data:
    """An array that stays at the service, in place of the array in points and in ``Function.bind``.

    It holds the bytes that were sent, to send them again if the service has let the array go.
    """

    id: str
    shape: tuple[int, ...]
    dtype: str
    sent: bytes = field(repr=False)
    shared: bool = False


def wire(given: Any, found: list[Data]) -> Any:
    """Return numbers, arrays, data, and lists and dicts of them as JSON has them; data are added to ``found``."""
    if isinstance(given, Data):
        found.append(given)
        return {"data": given.id}
    if isinstance(given, Mapping):
        return {name: wire(each, found) for name, each in given.items()}
    if isinstance(given, list | tuple):
        return [wire(each, found) for each in given]
    return given.tolist() if hasattr(given, "tolist") else given


def array(given: Any, dtype: str, lists: int = 0) -> Any:
    """Return a number as a float, a nested list as an array with ``lists`` axes before it that remain lists."""
    if not isinstance(given, list):
        return None if given is None else float(given)  # NaN and infinities are strings on the wire
    if lists or not _HAS_NUMPY:
        return [array(each, dtype, max(lists - 1, 0)) for each in given]
    import numpy as np  # noqa: PLC0415 - it need not be there

    return np.array(given, dtype)
