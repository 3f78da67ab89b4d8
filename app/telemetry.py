"""What happens inside, as frozen events handed to an observer; every back end is one small class.

An observer must be quick and must not raise; ``Observers`` keeps the failure of one from reaching a request.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_log = logging.getLogger("gradserve")


@dataclass(frozen=True, slots=True)
class Compiled:
    """An executable was made.

    Attributes:
        key: the tape's key.
        transform: what was compiled, "grad" or "value", or "program" for the interpreter's own.
        rows: points the executable takes at once, 0 for one point.
        operations: instructions on the tape.
        seconds: wall-clock time of trace, lowering and XLA.
    """

    key: str
    transform: str
    rows: int
    operations: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Derived:
    """Formulae of a function were derived.

    Attributes:
        function_id: of the function.
        arguments: how many it was differentiated by.
        seconds: wall-clock time.
    """

    function_id: str
    arguments: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A query was answered.

    Attributes:
        transform: "grad" or "value".
        tier: "compiled" or "interpreted".
        hit: whether nothing had to be compiled for it.
        points: number of points.
        seconds: wall-clock time within the engine.
    """

    transform: str
    tier: str
    hit: bool
    points: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerReplaced:
    """A compile worker was killed or retired, and another started.

    Attributes:
        reason: "deadline", "memory", "died" or "recycled".
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Disagreed:
    """An executable gave other numbers than the interpreter, and was thrown away.

    Attributes:
        key: the tape's key.
        transform: what was compiled.
    """

    key: str
    transform: str


Event = Compiled | Derived | Answered | WorkerReplaced | Disagreed


class Observer(Protocol):
    """Takes events."""

    def observe(self, event: Event) -> None: ...


class LogObserver:
    """Writes events to the log: compilations at INFO, answers at DEBUG."""

    def observe(self, event: Event) -> None:
        if isinstance(event, Compiled):
            _log.info(
                "compiled %s %s rows=%d operations=%d in %.0f ms",
                event.key[:12],
                event.transform,
                event.rows,
                event.operations,
                event.seconds * 1e3,
            )
        elif isinstance(event, Answered):
            _log.debug("answered %s", event)
        elif isinstance(event, Derived):
            _log.debug("derived %s", event)
        elif isinstance(event, Disagreed):
            _log.error("compiled code disagrees with the interpreter on %s %s", event.key, event.transform)
        else:
            _log.warning("a compile worker was replaced: %s", event.reason)


class Observers:
    """Hands each event to every observer, whatever the others do."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def observe(self, event: Event) -> None:
        for observer in self._observers:
            try:
                observer.observe(event)
            except Exception:  # noqa: BLE001 - whatever a back end raises, the request goes on
                _log.exception("an observer failed on %s", type(event).__name__)
