"""Events of the engine, which do not change, and observers that take them.

An observer must be quick. ``Observers`` logs the exception of an observer, so it never reaches a request.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

_log = logging.getLogger("gradserve")


@dataclass(frozen=True, slots=True)
class Compiled:
    """An executable was traced, lowered and compiled."""

    key: str  # of the tape
    transform: str  # "grad" or "value"; "program" for a program of the interpreter
    rows: int  # points that the executable takes at a time; 0 for one point
    operations: int  # instructions on the tape
    seconds: float


@dataclass(frozen=True, slots=True)
class Derived:
    """Formulae of a function were derived."""

    function_id: str
    arguments: int  # by which the function was differentiated
    seconds: float


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The numbers of an answer were enclosed."""

    function_id: str
    points: int
    seconds: float


class Answered(NamedTuple):  # made for each hot request, in a third of the time of a frozen dataclass
    """A query was answered."""

    transform: str
    tier: str  # "compiled" or "interpreted"
    hit: bool  # nothing had to be compiled
    points: int
    seconds: float  # in the engine


@dataclass(frozen=True, slots=True)
class WorkerReplaced:
    """A worker process was killed or retired, and another one started."""

    reason: str  # "deadline", "memory", "died" or "recycled"


@dataclass(frozen=True, slots=True)
class Disagreed:
    """An executable gave other numbers than the interpreter, and was removed."""

    key: str  # of the tape
    transform: str


@dataclass(frozen=True, slots=True)
class DataEvicted:
    """Data that stay had to go."""

    reason: str  # "memory", from which they may come back, or "quota" of their owner
    count: int


Event = Compiled | Derived | Enclosed | Answered | WorkerReplaced | Disagreed | DataEvicted


class Observer(Protocol):
    """Takes events."""

    def observe(self, event: Event) -> None: ...


class LogObserver:
    """Writes events to the log: compilations at INFO, answers at DEBUG."""

    def observe(self, event: Event) -> None:
        match event:
            case Compiled(key, transform, rows, operations, seconds):
                text = "compiled %s %s rows=%d operations=%d in %.0f ms"
                _log.info(text, key[:12], transform, rows, operations, seconds * 1e3)
            case Answered():
                _log.debug("answered %s", event)
            case Derived():
                _log.debug("derived %s", event)
            case Enclosed():
                _log.debug("enclosed %s", event)
            case Disagreed():
                _log.error("compiled code disagrees with the interpreter on %s %s", event.key, event.transform)
            case DataEvicted():
                _log.debug("evicted data %s", event)
            case WorkerReplaced():
                _log.warning("a compile worker was replaced: %s", event.reason)


class Observers:
    """Passes each event to every observer, even if another one fails."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def observe(self, event: Event) -> None:
        for observer in self._observers:
            try:
                observer.observe(event)
            except Exception:  # noqa: BLE001 - the request must not fail
                _log.exception("an observer failed on %s", type(event).__name__)
