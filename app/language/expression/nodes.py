"""SymPy nodes of operations on arrays.

An elementwise operation on arrays is the same node as on numbers (``Add``, ``sin``); its shape is kept beside it, in
``result.Expression.shape_of``. These classes are the nodes of everything else. They are made without evaluation, and
equal nodes of one text are one object.
"""

from __future__ import annotations

from typing import Any

from sympy.core.basic import Basic


class ArrayNode(Basic):  # type: ignore[misc]  # SymPy has no annotations
    """A primitive of ``primitives``: its opcode, static parameters and place in the text; ``args`` are the operands."""

    __slots__ = ("offset", "opcode", "parameters")
    opcode: str
    parameters: tuple[Any, ...]
    offset: int


class ArrayConstant(Basic):  # type: ignore[misc]  # SymPy has no annotations
    """An array known from the text, without operands; its value is in ``result.Expression.constants``."""

    __slots__ = ()


class LoopIndex(Basic):  # type: ignore[misc]  # SymPy has no annotations
    """A number that is different in each run of a body: the index of a map, or a carried value of a scan.

    ``slot`` numbers the loop variables of a text; each number is used once.
    """

    __slots__ = ("shape", "slot")
    slot: int
    shape: tuple[int, ...]


class Map(Basic):  # type: ignore[misc]  # SymPy has no annotations
    """``args`` is (body,); the result has the body for index = 0 ... count - 1 along a new first axis."""

    __slots__ = ("count", "index")
    count: int
    index: LoopIndex


class Scan(Basic):  # type: ignore[misc]  # SymPy has no annotations
    """A body with carried values.

    ``args`` is (first values..., next values..., outputs...), as many of the first two as there are carried values;
    ``results`` says how many these are. An output is stacked, along a new first axis. The node itself has no value: an
    ``ArrayNode`` "scan_result" with the parameters (i,) over a Scan is its i-th carried value after ``count`` steps, or
    an output.
    """

    __slots__ = ("carried", "count", "index", "results")
    count: int
    index: LoopIndex
    carried: tuple[LoopIndex, ...]
    results: int
