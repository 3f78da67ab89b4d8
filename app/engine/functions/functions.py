"""Texts to functions, each read once, and functions specialised for the shapes of their arguments.

A short text, or a plain one, is read here. A longer one is read in a thread, and so is a text for arrays, at once for
their shapes, which takes several milliseconds: the event loop is never held up.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from app import errors
from app.autodiff import tape
from app.autodiff.arrays import recording as array_recording
from app.autodiff.symbolic import partials
from app.engine import points
from app.engine.functions import array_plans, plans
from app.engine.functions.plain import reader
from app.language import parse
from app.language.expression.result import Expression
from app.language.expression.values import NeedsWhole, Shape
from app.language.limits import TextLimits
from app.language.parse import ParsedFunction
from app.runtime import cache, queue

Result = TypeVar("Result")
Key = tuple[str | tuple[str, ...], tuple[str, ...] | None, tuple[str, ...]]
"""Text, argument names and declared names of a function."""

_MAX_KEPT = 8
"""How many specializations of one function are kept."""

_FEW_NUMBERS = 24
"""Functions of arrays that have more numbers together are kept whole; others are lowered, if that is short."""

_UNROLLED_STEPS = 10_000
"""Loops of more steps are kept whole: in numbers they take a tenth of a second and more."""

_INLINE_CHARACTERS = 200
"""Texts up to this length are read on the event loop, for a millisecond; plain ones up to ``_BRIEF_CHARACTERS``."""

_BRIEF_CHARACTERS = 2_000
_BRIEF_STEPS, _BRIEF_OPERATIONS = 1_000, 400
"""Texts up to this length, and up to this work, are read on the event loop or in the threads for brief work, and
specialised there: a few milliseconds. Others go to the threads for lengthy work."""


@dataclass(frozen=True, slots=True)
class Specialization:
    """A function for arguments of certain ranks or shapes.

    It is either recorded element by element, a tape of numbers for each number of its value, or whole, as one tape of
    arrays.
    """

    shape: Shape  # of the value
    plans: tuple[plans.Plan, ...]  # one for each number of the value, row-major; none if it is recorded whole
    operations: int  # of all plans
    whole: array_plans.ArrayPlan | None = None

    @property
    def weight(self) -> int:
        """What keeping it costs, in operations."""
        return self.operations + 40 * len(self.plans) if self.whole is None else self.whole.weight


class Function:
    """A function as text, and its specializations."""

    __slots__ = (
        "_hosted",
        "_limits",
        "_reading",
        "_specializations",
        "_squeezed",
        "args",
        "defaults",
        "function_id",
        "general",
        "ranks",
        "text",
    )

    def __init__(self, reading: ParsedFunction | reader.PlainFunction) -> None:
        self.args = reading.args
        self.defaults = reading.defaults  # values of arguments that a point may leave out
        self.ranks = reading.ranks  # how each argument is used, None where that is not known or does not matter
        self.text = reading.text
        self._limits = reading.limits
        self._specializations: dict[tuple[Shape, ...], Specialization] = {}
        self._squeezed: dict[tuple[Shape, ...], tuple[Shape, ...]] = {}
        # The function, if it is one whatever the shapes of its arguments; with host words, for formulae only.
        self.general: Specialization | None = None
        self._hosted = False
        self._reading: ParsedFunction | None = None
        if isinstance(reading, reader.PlainFunction):
            self.function_id = reading.recording.function_id  # 32 hex digits
            plan = plans.Plan(reading.recording, reading.args, reading.ranks)
            self.general = Specialization((), (plan,), plan.operations)
            return
        # Rarely is a function that needs no shapes specialised for some: its code and tree are not kept.
        self._hosted = reading.expression is not None and reading.expression.hosted
        self._reading = reading if reading.expression is None or self._hosted else None
        # See ``tape.Recording`` and ``language.identity``.
        self.function_id = _with_defaults(reading.identity, reading.defaults)
        if reading.expression is not None:
            recordings = tape.record_cells(reading.expression)
            self.function_id = _with_defaults(_identity(reading.expression.shape, recordings), reading.defaults)
            self.general = self._specialize(reading.expression, recordings)

    @property
    def list_ranks(self) -> tuple[int | None, ...]:
        """Rank that a list given for a function of one argument is taken to have."""
        return self.ranks if self.general is not None else (1,) * len(self.ranks)

    @property
    def weight(self) -> int:
        """Operations of all plans kept, and a share for the text: more if its code is kept, to be read for shapes."""
        kept = [] if self.general is None else [self.general]
        return _length(self.text) // (8 if self._reading is None else 3) + sum(
            each.weight for each in [*kept, *self._specializations.values()]
        )

    def squeezed(self, shapes: tuple[Shape, ...], limits: TextLimits | None = None) -> tuple[Shape, ...]:
        """Return shapes in which a list of one number is that number.

        It stays a list where the function indexes, iterates or measures it, or gives it to a function of arrays.
        """
        if self.general is not None or (1,) not in shapes:
            return shapes
        found = self._squeezed.get(shapes)
        if found is None:
            numbers = tuple([() if shape == (1,) else shape for shape in shapes])
            try:
                expression = self._read(numbers, limits)
                found = shapes if expression.number_as_array else numbers
            except errors.BadShape:
                found = shapes
            _keep(self._squeezed, shapes, found)
        return found

    def known_shapes(self, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Return the same as ``squeezed`` if that takes no reading of the text, else the shapes as they are."""
        return shapes if self.general is not None else self._squeezed.get(shapes, shapes)

    def known(self, shapes: Sequence[Shape]) -> Specialization | None:
        """Return the function for these shapes if that takes no reading of the text, else None."""
        general = self.general
        if general is not None and not self._hosted and _fit(self.ranks, shapes):
            return general
        return self._specializations.get(tuple(shapes))

    def specialize(self, shapes: Sequence[Shape], limits: TextLimits | None = None) -> Specialization:
        """Return the function for arguments of these shapes, within ``limits`` or those the text was read with."""
        found = self.known(shapes)
        if found is None:
            expression = self._read(shapes, limits)
            if expression.whole:
                found = self._whole(expression)
            else:
                found = self._specialize(expression, tape.record_cells(expression))
            _keep(self._specializations, tuple(shapes), found)
        return found

    def element_by_element(self, shapes: Sequence[Shape], limits: TextLimits) -> Specialization:
        """Return the function for arguments of these shapes as tapes of numbers; it is not kept."""
        known = self.general if self._hosted and _fit(self.ranks, shapes) else self.known(shapes)
        if known is not None and known.whole is None:
            return known
        try:
            expression = self._parsed().at(shapes, limits, whole=False)
        except NeedsWhole:
            what = "the function has words of whole arrays, for which there are no formulae"
            raise errors.NotDifferentiable(what) from None
        return self._specialize(expression, tape.record_cells(expression))

    def recorded_whole(self, shapes: Sequence[Shape]) -> array_recording.ArrayRecording:
        """Return the function for arguments of these shapes as a tape of arrays, however few numbers they have."""
        return array_recording.record(self._parsed().at(shapes, self._limits, whole=True))

    def _parsed(self) -> ParsedFunction:
        return self._reading or parse.read(self.text, self.args, limits=self._limits, partials=partials.text)

    def _read(self, shapes: Sequence[Shape], limits: TextLimits | None) -> Expression:
        """Return the expression for arguments of these shapes, of numbers if there are few of them, else of arrays."""
        parsed, limits = self._parsed(), limits or self._limits
        if sum(map(math.prod, shapes)) > _FEW_NUMBERS:
            return parsed.at(shapes, limits, whole=True)
        try:
            return parsed.at(shapes, _short(limits))
        except errors.Rejected as error:
            if not error.is_over_limits:
                raise
        try:
            return parsed.at(shapes, limits, whole=True)
        except errors.Rejected as error:
            error.is_over_limits = True  # with larger ones it would have been read element by element
            raise

    def _specialize(self, expression: Expression, recordings: Sequence[tape.Recording]) -> Specialization:
        own = tuple(
            plans.Plan(each, expression.args, expression.ranks, shapes=expression.shapes, function_id=self.function_id)
            for each in recordings
        )
        return Specialization(expression.shape, own, sum(plan.operations for plan in own))

    def _whole(self, expression: Expression) -> Specialization:
        assert expression.shapes is not None
        recording = array_recording.record(expression)
        plan = array_plans.ArrayPlan(recording, expression.shapes, expression.shape, self.function_id)
        return Specialization(expression.shape, (), plan.operations, plan)


def _short(limits: TextLimits) -> TextLimits:
    """Return limits on a text that is read element by element: its loops are short."""
    return dataclasses.replace(limits, max_steps=min(limits.max_steps, _UNROLLED_STEPS))


def _keep(kept: dict[tuple[Shape, ...], Result], shapes: tuple[Shape, ...], value: Result) -> None:
    """Store a value, evicting the oldest. Not an ``LruDict``: threads store here, too."""
    kept[shapes] = value
    while len(kept) > _MAX_KEPT:
        del kept[next(iter(kept))]


class FunctionCache:
    """Functions by their text, bounded. Belongs to one event loop."""

    def __init__(self, limits: TextLimits, capacity: int, brief: queue.ThreadPool, lengthy: queue.ThreadPool) -> None:
        self._limits = limits
        self._brief_limits = dataclasses.replace(
            limits,
            max_steps=min(_BRIEF_STEPS, limits.max_steps),
            max_operations=min(_BRIEF_OPERATIONS, limits.max_operations),
        )
        self._brief, self._lengthy = brief, lengthy
        self._functions: cache.Cache[Key, Function] = cache.Cache(capacity, lambda function: function.weight)

    def __len__(self) -> int:
        return len(self._functions)

    def known(self, key: Key) -> Function | None:
        return self._functions.get(key)

    def clear(self) -> None:
        self._functions.clear()

    async def function(
        self,
        expression: str | Sequence[str],
        args: Sequence[str] | None,
        point: Any = None,
        ahead: Callable[[Function, TextLimits], None] | None = None,
    ) -> tuple[Key, Function, bool]:
        """Return a function under its key, and whether it was there.

        Without ``args`` the text names the arguments, and a point that is an object declares names. ``ahead`` is
        called with a function that was read, and the limits, in the thread that has read it; also a short text is then
        read in a thread. A refusal of it is ignored: the query will meet it again.
        """
        key = _key(expression, args, point)
        function = self._functions.get(key)
        if function is not None:
            return key, function, True
        function = self._brief_plain(key)
        if function is not None:
            self._functions[key] = function
            return key, function, False

        length = _length(key[0])
        inline = ahead is None and length <= _INLINE_CHARACTERS
        if inline:
            with contextlib.suppress(errors.TooComplex):  # for brief work; it may still be for everybody
                function = self._made(key, self._brief_limits)
                self._functions[key] = function
                await asyncio.sleep(0)  # lets other requests run: this took a millisecond or two
                return key, function, False
        begun = False

        def begin(limits: TextLimits) -> Function:
            nonlocal begun
            begun = True
            function = self._made(key, limits)
            if ahead is not None:
                with contextlib.suppress(errors.Rejected):  # refused where the query asks for it
                    ahead(function, limits)
            return function

        async def read() -> Function:
            if length <= _BRIEF_CHARACTERS and not inline:
                with contextlib.suppress(errors.TooComplex):
                    return await self._brief.run(lambda: begin(self._brief_limits))
            return await self._lengthy.run(lambda: begin(self._limits))

        return key, await self._functions.get_or_make(key, read, started=lambda: begun), False

    def at_once(self, text: str, args: Sequence[str] | None, point: Any = None) -> tuple[Key, Function | None, bool]:
        """Return a function under its key, and whether it was there; if not, that of a plain text is not kept yet."""
        key = _key(text, args, point)
        known = self._functions.get(key)
        return key, known or self._brief_plain(key), known is not None

    def keep(self, key: Key, function: Function) -> None:
        """Keep a function under its key."""
        self._functions[key] = function

    def _brief_plain(self, key: Key) -> Function | None:
        return None if _length(key[0]) > _BRIEF_CHARACTERS else self._plain(key, self._brief_limits)

    def _plain(self, key: Key, limits: TextLimits) -> Function | None:
        text, names, declared = key
        found = reader.read(text, names, limits, declared) if isinstance(text, str) else None
        return None if found is None else Function(found._replace(limits=self._limits))

    def _made(self, key: Key, limits: TextLimits) -> Function:
        """Return the function of a text, in a thread or for a text that is short."""
        text, names, declared = key
        function = self._plain(key, limits) if limits is self._limits else None
        if function is not None:
            return function
        reading = parse.read(text, names, declared, limits=_short(limits), partials=partials.text)
        if reading.too_complex and limits is self._brief_limits:
            raise errors.TooComplex("this takes longer than brief work")
        if not reading.args:
            raise errors.InvalidField(
                "the expression has no arguments to differentiate by", hint="name them in args", field="expression"
            )
        return Function(dataclasses.replace(reading, limits=self._limits))

    async def squeeze(self, function: Function, point: points.Point) -> points.Point:
        """Return a point in which lists of one number are numbers, see ``Function.squeezed``."""
        shapes = await self._read(function, lambda limits: function.squeezed(point.shapes, limits))
        return point.with_shapes(shapes)

    async def specialize(self, key: Key, function: Function, shapes: Sequence[Shape]) -> Specialization:
        specialization = await self._read(function, lambda limits: function.specialize(shapes, limits))
        self._functions[key] = function  # it weighs more now
        return specialization

    async def element_by_element(self, function: Function, shapes: Sequence[Shape]) -> Specialization:
        """Return a function as tapes of numbers, see ``Function.element_by_element``."""
        return await self._read(function, lambda limits: function.element_by_element(shapes, limits))

    async def _read(self, function: Function, read: Callable[[TextLimits], Result]) -> Result:
        if _length(function.text) <= _BRIEF_CHARACTERS:
            try:
                return await self._brief.run(lambda: read(self._brief_limits))
            except errors.Rejected as error:
                if not error.is_over_limits:  # of brief work; they may be large enough for everybody else
                    raise
        return await self._lengthy.run(lambda: read(self._limits))


def _key(expression: str | Sequence[str], args: Sequence[str] | None, point: Any) -> Key:
    declared = tuple(point) if args is None and isinstance(point, dict) else ()
    text = expression if isinstance(expression, str) else tuple(expression)
    return text, None if args is None else tuple(args), declared


def _length(text: str | tuple[str, ...]) -> int:
    return len(text) if isinstance(text, str) else sum(map(len, text))


def _fit(ranks: Sequence[int | None], shapes: Sequence[Shape]) -> bool:
    return all(rank is None or len(shape) == rank for rank, shape in zip(ranks, shapes, strict=True))


def _identity(shape: Shape, recordings: Sequence[tape.Recording]) -> str:
    """Return the id of a function that needs no shapes: its tape's, or one made of those of its values."""
    ids = [recording.function_id for recording in recordings]
    if shape == ():
        return ids[0]
    return hashlib.blake2b(repr((shape, ids)).encode(), digest_size=16).hexdigest()


def _with_defaults(identity: str, defaults: Mapping[str, Any]) -> str:
    """Return the id of a function whose arguments have default values: points that leave them out differ by them."""
    if not defaults:
        return identity
    return hashlib.blake2b(repr((identity, sorted(defaults.items()))).encode(), digest_size=16).hexdigest()
