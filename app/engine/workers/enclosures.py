"""The job of enclosing a function's values and derivatives by ball arithmetic, see ``app.autodiff.balls``."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app import errors
from app.autodiff import tape
from app.autodiff.symbolic import partials
from app.language import parse
from app.language.expression.values import NeedsWhole
from app.language.limits import TextLimits
from app.language.vocabulary import words
from app.runtime import events

Key = tuple[str, str, str, int]

_GRACE_SECONDS = 1.5
"""Beyond the time for runs, in which a run notices that its time is up, and the text is read."""


@dataclass(frozen=True, slots=True)
class EnclosureLimits:
    """Bounds on the enclosures of one answer."""

    max_enclosed_numbers: int = 20_000  # of values and derivatives, all points together
    rigorous_seconds: float = 4.0  # in which the precision is raised
    rigorous_memory_bytes: int = 1 << 30  # resident memory of the process


@dataclass(frozen=True, slots=True)
class EnclosureJob:
    """Values and a derivative of a function at points; the worker reads the text again, exactly."""

    text: str | tuple[str, ...]
    args: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]  # of the arguments
    points: tuple[tuple[float, ...], ...]  # flat
    columns: tuple[int, ...]  # the elements of a point to differentiate by
    transform: str  # as in ``transforms.TRANSFORMS``
    directions: tuple[tuple[tuple[float, ...], ...], ...]  # tangents or cotangents of each point, or none
    texts: TextLimits
    limits: EnclosureLimits
    function_id: str
    key: Key = field(init=False)
    kind: ClassVar[str] = "enclosures"
    doing: ClassVar[str] = "enclosing this function's numbers"

    def __post_init__(self) -> None:
        asked = repr((self.points, self.columns, self.transform, self.directions, self.shapes, self.text))
        digest = hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()
        object.__setattr__(self, "key", (self.function_id, "enclosures", digest, 0))

    @property
    def seconds(self) -> float | None:
        return self.limits.rigorous_seconds + _GRACE_SECONDS

    @property
    def memory_bytes(self) -> int | None:
        return self.limits.rigorous_memory_bytes

    def header(self) -> dict[str, Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "key"}

    @classmethod
    def read(cls, header: dict[str, Any]) -> EnclosureJob:
        made = {name: _tuples(value) for name, value in header.items() if name not in ("texts", "limits")}
        texts, limits = TextLimits(**header["texts"]), EnclosureLimits(**header["limits"])
        return cls(**made, texts=texts, limits=limits)

    def perform(self) -> bytes:
        """Return the ends of the enclosures as JSON: {"lower": [...], "upper": [...], "bits": n}, point after point."""
        from app.autodiff.balls import enclosing  # noqa: PLC0415 - an optional library

        deadline = time.monotonic() + self.limits.rigorous_seconds
        recordings = self._recordings()
        lower: list[float] = []
        upper: list[float] = []
        bits = 0
        for index, point in enumerate(self.points):
            parts = [self._part(recording, point) for recording in recordings]
            directions = self.directions[index] if self.directions else ()
            try:
                found = enclosing.enclose(parts, self.transform, len(self.columns), directions, deadline)
            except enclosing.LackingWord as lacking:
                raise self._refusal(lacking.opcode) from None
            lower += found.lower
            upper += found.upper
            bits = max(bits, found.bits)
        return json.dumps({"lower": lower, "upper": upper, "bits": bits}).encode()

    def event(self, seconds: float) -> events.Event:
        return events.Enclosed(self.function_id, len(self.points), seconds)

    def _recordings(self) -> tuple[tape.Recording, ...]:
        try:
            parsed = parse.read(self.text, self.args, limits=self.texts, partials=partials.text)
            expression = parsed.exactly(self.shapes)
        except NeedsWhole:
            raise errors.NotEnclosed(
                "the function has words of whole arrays, which have no enclosures",
                hint="write it in elements, or send true for verify",
                field="expression",
            ) from None
        except RecursionError:
            raise errors.TooComplex("the function is nested too deep for enclosures", field="expression") from None
        return tape.record_cells(expression, exactly=True)

    def _part(self, recording: tape.Recording, point: tuple[float, ...]) -> Any:
        """Return a value's tape, its leaves, and the column of each input, -1 for those not differentiated by."""
        positions = tape.positions(recording, self.args, self.shapes)
        place = {element: column for column, element in enumerate(self.columns)}
        leaves = [*[point[position] for position in positions], *recording.constants]
        return recording.tape, leaves, [place.get(position, -1) for position in positions]

    def _refusal(self, opcode: str) -> errors.NotEnclosed:
        text = self.text if isinstance(self.text, str) else ""
        name, offset = words.called(opcode, text)
        hint = "send true for verify, or leave the function out"
        error = errors.NotEnclosed(f"{name} has no enclosure", hint=hint, field="expression", offset=offset)
        error.locate(text)
        return error


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
