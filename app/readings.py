"""Texts to functions, each read once: here if that is quick, else in a thread, so the event loop is never held up."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app import admission, algebra, cache, errors, functions, parsing, points

Result = TypeVar("Result")
Key = tuple[str | tuple[str, ...], tuple[str, ...] | None, tuple[str, ...]]
"""Text, argument names and declared names of a function."""

_INLINE_CHARACTERS = 2_000
_INLINE_STEPS, _INLINE_OPERATIONS = 1_000, 400
"""What is read on the event loop, in a few milliseconds at most; what proves longer is read again in a thread."""


class Readings:
    """Functions by their text, bounded. Belongs to one event loop.

    Args:
        limits: bounds on texts.
        capacity: operations of all functions kept.
        threads: where long texts are read.
    """

    def __init__(self, limits: parsing.Limits, capacity: int, threads: admission.Pool) -> None:
        self._limits = limits
        self._inline = dataclasses.replace(
            limits,
            max_steps=min(_INLINE_STEPS, limits.max_steps),
            max_operations=min(_INLINE_OPERATIONS, limits.max_operations),
        )
        self._threads = threads
        self._functions: cache.Cache[Key, functions.Function] = cache.Cache(capacity, lambda function: function.weight)

    def __len__(self) -> int:
        return len(self._functions)

    def known(self, key: Key) -> functions.Function | None:
        """Return a function that has been read."""
        return self._functions.get(key)

    def clear(self) -> None:
        """Let every function go."""
        self._functions.clear()

    async def function(
        self, expression: str | Sequence[str], args: Sequence[str] | None, point: Any = None
    ) -> tuple[Key, functions.Function, bool]:
        """Return the function under its key, and whether it was there.

        Args:
            expression: a text, or one for each value.
            args: argument names in order, or None to take them from the text.
            point: JSON point, which declares names by being an object.

        Raises:
            errors.Rejected: the text is not in the language.
        """
        declared = () if args is not None else points.names_in(point)
        names = None if args is None else tuple(args)
        text = expression if isinstance(expression, str) else tuple(expression)
        key = (text, names, declared)
        function = self._functions.get(key)
        if function is not None:
            return key, function, True

        def make(limits: parsing.Limits) -> functions.Function:
            reading = parsing.read(text, names, declared, limits=limits)
            if not reading.args:
                raise errors.InvalidField(
                    "the expression has no arguments to differentiate by", hint="name them in args", field="expression"
                )
            return functions.Function(dataclasses.replace(reading, limits=self._limits))

        if _length(text) <= _INLINE_CHARACTERS:
            with contextlib.suppress(errors.TooComplex):  # for the event loop; it may still be for everybody
                function = make(self._inline)
                self._functions.put(key, function)
                return key, function, False
        begun = False

        def begin() -> functions.Function:
            nonlocal begun
            begun = True
            return make(self._limits)

        made = self._functions.get_or_make(key, lambda: self._threads.run(begin), begun=lambda: begun)
        return key, await made, False

    async def settle(self, function: functions.Function, point: points.Point) -> points.Point:
        """Return a point in which lists of one number are numbers where the function takes them so."""
        shapes = await self._read(function, lambda limits: function.settled(point.shapes, limits))
        return dataclasses.replace(point, shapes=shapes)

    async def shape(self, key: Key, function: functions.Function, shapes: Sequence[algebra.Shape]) -> functions.Shaped:
        """Return a function read for arguments of new shapes."""
        shaped = await self._read(function, lambda limits: function.at(shapes, limits))
        self._functions.put(key, function)  # it weighs more now
        return shaped

    async def _read(self, function: functions.Function, read: Callable[[parsing.Limits], Result]) -> Result:
        """Return what reading a function again gives: here if that is quick, else in a thread."""
        if _length(function.text) <= _INLINE_CHARACTERS:
            with contextlib.suppress(errors.TooComplex):  # for the event loop; it may still be for everybody
                return read(self._inline)
        return await self._threads.run(lambda: read(self._limits))


def _length(text: str | tuple[str, ...]) -> int:
    return len(text) if isinstance(text, str) else sum(map(len, text))
