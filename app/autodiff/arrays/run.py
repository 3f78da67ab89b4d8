"""Run a tape by NumPy, at once: opcodes become functions, and arrays that nobody reads any more are freed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app.autodiff import table
from app.autodiff.arrays import primitives
from app.autodiff.arrays.kernels import floats, structural
from app.autodiff.arrays.tape import ArrayTape
from app.language.numeric import numpy_words

Program = Callable[[Sequence[Any]], list[Any]]
Step = tuple[Callable[..., Any], tuple[int, ...], int, tuple[int, ...]]
"""A function, the slots of its operands, that of its result, and those that are read here for the last time."""


def prepare(tape: ArrayTape) -> Callable[[Sequence[Any]], list[np.ndarray]]:
    """Return the function of a tape's inputs and constants, by NumPy.

    It takes arrays, and computes in the dtype of the inputs, float64 or float32. Results may be views of each other or
    of the leaves, and may be read-only.
    """
    programs: dict[Any, Program] = {}
    inputs = len(tape.inputs)

    def run(leaves: Sequence[Any]) -> list[np.ndarray]:
        dtype = np.result_type(*leaves[:inputs] or leaves or [np.float64])
        if dtype != np.float32:
            dtype = np.dtype(np.float64)
        if dtype not in programs:
            programs[dtype] = program(tape, dtype)
        with np.errstate(all="ignore"):
            given = [_leaf(leaf, dtype, position < inputs) for position, leaf in enumerate(leaves)]
            return [np.asarray(each, dtype) for each in programs[dtype](given)]

    return run


def _leaf(leaf: Any, dtype: Any, is_input: bool) -> Any:
    """Return a leaf in the dtype of the inputs; constants that are indices stay integers."""
    array = np.asarray(leaf)
    if array.dtype != dtype and (is_input or array.dtype.kind not in "iu"):
        array = array.astype(dtype)
    return array[()]


def program(tape: ArrayTape, dtype: Any) -> Program:
    """Return the function of a tape's inputs and constants, arrays or numbers of one dtype."""
    steps, more = _steps(tape, dtype)
    results = tape.results
    first = [*tape.statics, *[None] * len(tape.code), *more]

    def run(leaves: Sequence[Any]) -> list[Any]:
        slots = [*leaves, *first]
        for function, operands, result, ended in steps:
            slots[result] = function(*[slots[i] for i in operands])
            for slot in ended:
                slots[slot] = None
        return [slots[i] for i in results]

    return run


def _steps(tape: ArrayTape, dtype: Any) -> tuple[list[Step], list[Any]]:
    """Return the steps, and what is in the slots beyond those of the tape.

    A word takes a static as a Python number, which leaves the dtype as it is; a primitive takes it as an array.
    """
    steps: list[Step] = []
    more: list[Any] = []
    arrays: dict[int, int] = {}
    given = len(tape.inputs) + len(tape.constants)
    last = tape.last_uses()

    def held(value: Any) -> int:
        more.append(value)
        return len(tape.shapes) + len(more) - 1

    for position, (opcode, operands, parameters) in enumerate(tape.code):
        slot = tape.leaves + position
        if opcode in primitives.CREATED:
            arrays[slot] = held(structural.created(opcode, parameters, dtype))
            continue
        ended = tuple({i for i in operands if last[i] == position and i >= tape.leaves and i not in arrays})
        if opcode in table.TABLE:
            read = tuple([arrays.get(i, i) if i >= tape.leaves else i for i in operands])
            steps.append((numpy_words.WORDS[opcode], read, slot, ended))
            continue
        for i in operands:
            if given <= i < tape.leaves and i not in arrays:
                arrays[i] = held(np.asarray(tape.statics[i - given], dtype))
        read = tuple([arrays.get(i, i) for i in operands])
        shapes = [tape.shapes[i] for i in operands]
        steps.append((_function(opcode, parameters, shapes, dtype), read, slot, ended))
    steps.extend((lambda x: x, (arrays[slot],), slot, ()) for slot in set(tape.results) if slot in arrays)
    return steps, more


def _function(opcode: str, parameters: Any, shapes: list[Any], dtype: Any) -> Callable[..., Any]:
    if opcode == "scan":
        return _scan(parameters, dtype)
    if opcode == "real":
        return lambda x: x.astype(dtype)
    return structural.MAKERS[opcode](parameters, *shapes)


def _scan(parameters: Any, dtype: Any) -> Callable[..., Any]:
    if floats.fits(parameters[-1]):
        return _scan_of_numbers(parameters, dtype)
    count, reverse, carried, stacked, body = parameters
    step = program(body, dtype)
    indices = range(count - 1, -1, -1) if reverse else range(count)
    rows = [body.shapes[slot] for slot in body.results[carried:]]

    def run(*operands: Any) -> tuple[Any, ...]:
        state = list(operands[:carried])
        given, fixed = operands[carried : carried + stacked], operands[carried + stacked :]
        saved = [np.empty((count, *shape), dtype) for shape in rows]
        for index in indices:
            found = step([dtype.type(index), *state, *[x[index] for x in given], *fixed])
            state = found[:carried]
            for array, row in zip(saved, found[carried:], strict=True):
                array[index] = row
        return (*state, *saved)

    return run


def _scan_of_numbers(parameters: Any, dtype: Any) -> Callable[..., Any]:
    """Return a scan whose body has only numbers, in Python's floating point."""
    count, reverse, carried, stacked, body = parameters
    step = floats.step(body)
    order = slice(None, None, -1 if reverse else 1)

    def run(*operands: Any) -> tuple[Any, ...]:
        state = [float(x) for x in operands[:carried]]
        rows = [x[order].tolist() for x in operands[carried : carried + stacked]]
        fixed = [float(x) for x in operands[carried + stacked :]]
        indices = [float(index) for index in range(count)][order]
        saved = []
        for index, *given in zip(indices, *rows, strict=True):
            found = step([index, *state, *given, *fixed])
            state = found[:carried]
            saved.append(found[carried:])
        columns = np.array(saved, dtype).reshape(count, len(body.results) - carried).T
        return (*[dtype.type(x) for x in state], *[column[order] for column in columns])

    return run
