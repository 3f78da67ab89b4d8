"""Derivatives of any order as multilinear forms over all numbers of a point, in one request each.

A point x and directions d1, ..., dk have n numbers, the value and weights w have m. The form D^k f(x)[d1, ..., dk] has
the operands (x, d1, ..., dk) and gives m numbers. Its reverse has (w, x, d1, ..., dk) and gives n: the gradient by x of
<w, D^k f(x)[d1, ..., dk]>. The derivatives and the transposes of both are such forms again, so automatic
differentiation of any order and mode needs nothing else.

D^k f is the mixed derivative by s1, ..., sk at 0 of f(x + s1*d1 + ... + sk*dk). That function is registered when it is
first needed. The directions are arguments of it, so each point of a batch has its own.
"""

import ast
import functools
import itertools
import math
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradserve.client import Client
from gradserve.function import Function

Array = np.ndarray[Any, np.dtype[Any]]
Shapes = tuple[tuple[int, ...], ...]
Operands = tuple[Any, ...]


def moved(reverse: bool, operands: Operands, index: int, tangent: Any) -> tuple[bool, Operands]:
    """Return the form that is the derivative of a form along a tangent of one of its operands."""
    if index == reverse:  # x
        return reverse, (*operands, tangent)
    return reverse, (*operands[:index], tangent, *operands[index + 1 :])


def pulled(reverse: bool, operands: Operands, index: int, cotangent: Any) -> tuple[bool, Operands]:
    """Return the form that is a cotangent times the derivative of a form by one of its operands."""
    others = (*operands[:index], *operands[index + 1 :])
    if reverse and index == 0:  # w
        return False, (*others, cotangent)
    if index == reverse:  # x
        return True, (*operands, cotangent) if reverse else (cotangent, *operands)
    return True, (*others, cotangent) if reverse else (cotangent, *others)


@dataclass(frozen=True)
class Forms:
    """The forms of a function whose arguments have these shapes."""

    function: Function
    shapes: Shapes

    def __post_init__(self) -> None:
        if not isinstance(self.function.client, Client):
            raise TypeError("this needs a function of a Client; that of an AsyncClient is awaited")

    @functools.cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        known = self.function.shape
        return np.shape(self.function(*map(np.zeros, self.shapes))) if known is None else known

    @functools.cached_property
    def sizes(self) -> tuple[int, int]:
        """The numbers of the value and of a point, m and n."""
        return math.prod(self.shape), sum(map(math.prod, self.shapes))

    def __call__(self, reverse: bool, *operands: Any) -> Array:
        """Return a form of operands (..., m) or (..., n); it is NaN where an operand is not finite."""
        given = [np.asarray(each) for each in operands]
        batch, dtype = given[0].shape[:-1], given[0].dtype
        rows = [np.atleast_1d(each).reshape(-1, each.shape[-1]) for each in given]
        finite = np.all([np.isfinite(each).all(axis=-1) for each in rows], axis=0)
        rows = [np.where(finite[:, None], each, 0) for each in rows]
        found = self._gradient(*rows) if reverse else self._along(*rows)
        return np.where(finite[:, None], found, np.nan).astype(dtype).reshape((*batch, self.sizes[reverse]))

    def _along(self, x: Array, *directions: Array) -> Array:
        f, order, found = self.function, len(directions), None
        point, fields = self._split(x), self._fields(x)
        if order == 0:
            found = f(*point, dtype=fields["dtype"], in_axes=fields["in_axes"])
        elif order == 1:
            found = f.jvp(*point, tangents=self._tangents(directions[0]), **fields)
        else:
            mixed, steps = _mixed(f, order)
            point += [part for each in directions for part in self._split(each)]
            axes = None if fields["in_axes"] is None else [0] * len(point) + [None] * order
            orders = dict.fromkeys(steps, 1)
            found = mixed.taylor(*point, *[0.0] * order, orders=orders, dtype=fields["dtype"], in_axes=axes)[
                "derivative"
            ]
        return np.reshape(found, (len(x), self.sizes[0]))

    def _gradient(self, w: Array, x: Array, *directions: Array) -> Array:
        point, fields, scale = self._split(x), self._fields(x), np.ones(())
        weights = w.reshape((*w.shape[: len(x) > 1], *self.shape))
        if not directions:
            found = self.function.vjp(*point, cotangent=weights, **fields)
        elif len(directions) == 1 and self.shape:
            found = _weighted(self.function).hvp(*point, weights, tangents=self._tangents(directions[0]), **fields)
        elif len(directions) == 1:
            found, scale = self.function.hvp(*point, tangents=self._tangents(directions[0]), **fields), w
        else:  # of one order more, along each axis
            n = x.shape[1]
            axes = np.tile(np.eye(n, dtype=x.dtype), (len(x), 1))
            columns = self._along(*(np.repeat(each, n, axis=0) for each in (x, *directions)), axes)
            found = [np.matmul(columns.reshape(len(x), n, -1), w[:, :, None])]
        gradients: Array = np.concatenate([np.reshape(each, (len(x), -1)) for each in found], axis=1)
        return scale * gradients

    def _fields(self, x: Array) -> dict[str, Any]:
        in_axes = 0 if len(x) > 1 else None
        return {"argnums": list(range(len(self.shapes))), "dtype": x.dtype.name, "in_axes": in_axes}

    def _tangents(self, rows: Array) -> list[Any]:
        """Return rows as the tangents of a request: of several points one each, by argument."""
        parts = self._split(rows)
        return list(zip(*parts, strict=True)) if len(rows) > 1 else parts

    def _split(self, rows: Array) -> list[Array]:
        """Return rows of numbers as one array for each argument, without a batch axis if there is one row."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])[:-1]
        batch = rows.shape[: len(rows) > 1]
        parts = np.split(rows, ends, axis=1)
        return [part.reshape((*batch, *shape)) for part, shape in zip(parts, self.shapes, strict=True)]


@functools.lru_cache(maxsize=256)
def _weighted(function: Function) -> Function:
    """Return <w, f(x)> as a function of the arguments and w."""
    return _composed(function, ["gs_w"], {}, "sum(gs_w*array({}))")


@functools.lru_cache(maxsize=256)
def _mixed(function: Function, order: int) -> tuple[Function, list[str]]:
    """Return f(x + s1*d1 + ...) as a function of the arguments, those of each direction and s, and the names of s."""
    steps = [f"gs_s{k}" for k in range(order)]
    directions = [[f"gs_d{k}_{i}" for i in range(len(function.args))] for k in range(order)]
    moving = {
        name: " + ".join([name, *(f"{step}*{each[i]}" for step, each in zip(steps, directions, strict=True))])
        for i, name in enumerate(function.args)
    }
    return _composed(function, [*itertools.chain(*directions), *steps], moving, "{}"), steps


def _composed(function: Function, more: list[str], arguments: dict[str, str], result: str) -> Function:
    """Return a function of the arguments and more, of what a function gives for other arguments."""
    data = function.fields.get("data") or {}
    text, name = _definition(function)
    called = ", ".join(f"{each}={arguments.get(each, each)}" for each in [*function.args, *data])
    head = f"def gs_g({', '.join([*function.args, *more, *data])}):"
    text = f"{text}\n\n{head}\n    return {result.format(f'{name}({called})')}"
    found: Function = function.client.function(text, function="gs_g", data=data or None)
    return found


def _definition(function: Function) -> tuple[str, str]:
    """Return a text that defines a function, and the name that it has there."""
    text = function.expression if isinstance(function.expression, str) else f"[{', '.join(function.expression)}]"
    try:
        nodes = ast.parse(text).body
    except SyntaxError:
        told = "second derivatives of several values, and higher ones, need a function written as Python writes it"
        raise NotImplementedError(told) from None
    names = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
    if names:
        return text, function.fields.get("function") or names[-1]
    last = ast.get_source_segment(text, nodes[-1]) or ""
    before = text[: text.rindex(last)].rstrip("; \n")
    if isinstance(nodes[-1], ast.Expr) and isinstance(nodes[-1].value, ast.Lambda):
        return f"{before}\ngs_f = {last}", "gs_f"
    parameters = ", ".join([*function.args, *(function.fields.get("data") or {})])
    return f"def gs_f({parameters}):\n{textwrap.indent(before, '    ')}\n    return ({last})", "gs_f"
