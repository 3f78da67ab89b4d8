"""The primitives of whole arrays in NumPy and JAX."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np

from app.autodiff.arrays import primitives
from app.autodiff.arrays.tape import Parameters
from app.export.forms import ATOM, CHOICE, PRODUCT, SUM, WordForm
from app.export.program import Shape

Write = Callable[[str, Parameters, Sequence[Shape]], str]
"""(name of the module, parameters, shapes of the operands) -> text with {0}, {1}, ... for the operands."""


def _slices(triples: Parameters) -> str:
    return ", ".join(_slice(*triple) for triple in triples)


def _slice(start: int, count: int, step: int) -> str:
    if not count:
        return "0:0"
    stop = start + count * step
    if step == 1:
        return f"{start}:{stop}"
    return f"{start}:{'' if stop < 0 else stop}:{step}"


def _place(np: str, p: Parameters, _: Sequence[Shape]) -> str:
    if np == "jnp":
        return f"jnp.zeros({p[0]}).at[{_slices(p[1])}].set({{0}})"
    widths, plain = [], True
    for size, (start, count, step) in zip(p[0], p[1], strict=True):
        plain = plain and step == 1
        widths.append((start, size - start - count))
    if plain:
        return f"np.pad({{0}}, {widths})"
    return f"placed({{0}}, {p[0]}, np.s_[{_slices(p[1])}])"


def _reduction(name: str) -> Write:
    def write(np: str, p: Parameters, shapes: Sequence[Shape]) -> str:
        axes = "" if len(p[0]) == len(shapes[0]) else f", {_axes(p[0])}"
        return f"{np}.{name}({{0}}{axes})"

    return write


def _axes(axes: Sequence[int]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def _cumsum(np: str, p: Parameters, _: Sequence[Shape]) -> str:
    axis, reverse = p
    return (
        f"{np}.flip({np}.cumsum({np}.flip({{0}}, {axis}), {axis}), {axis})"
        if reverse
        else f"{np}.cumsum({{0}}, {axis})"
    )


_PRODUCTS = {"ab,b->a": "{0} @ {1}", "ab,bc->ac": "{0} @ {1}", "a,ab->b": "{0} @ {1}", "a,a->": "{0} @ {1}",
             "a,ba->b": "{1} @ {0}", "ab,a->b": "{1} @ {0}", "ab,ca->cb": "{1} @ {0}"}  # fmt: skip
"""Sums that the operator @ writes, by their letters in the order they come."""


def _einsum(np: str, p: Parameters, _: Sequence[Shape]) -> str:
    seen = list(dict.fromkeys(letter for letter in p[0] if letter.isalpha()))
    product = _PRODUCTS.get("".join(chr(ord("a") + seen.index(each)) if each in seen else each for each in p[0]))
    return product or f'{np}.einsum("{p[0]}", {{0}}, {{1}})'


def _triangle(np: str, p: Parameters, _: Sequence[Shape]) -> str:
    size, diagonal = p
    return f"{np}.tri({size}, k=-1) + {float(diagonal)!r} * {np}.eye({size})"


def _solve_triangular(np: str, p: Parameters, _: Sequence[Shape]) -> str:
    lower, transposed = p
    if np == "jnp":
        return f"jax.lax.linalg.triangular_solve({{0}}, {{1}}, left_side=True, lower={lower}, transpose_a={transposed})"
    part = "tril" if lower else "triu"
    return f"np.linalg.solve(np.{part}({{0}}){'.swapaxes(-1, -2)' if transposed else ''}, {{1}})"


def _added(function: str, opcode: str) -> Write:
    def write(np: str, p: Parameters, shapes: Sequence[Shape]) -> str:
        return f"{function}({{0}}, {{1}}, {p[0]}, {primitives.shape(opcode, p, *shapes)})"

    return write


PRIMITIVES: dict[str, Write] = {
    "iota": lambda np, p, _: f"{np}.arange({p[0]})",
    "eye": lambda np, p, _: f"{np}.eye({p[0]})",
    "triangle": _triangle,
    "real": lambda np, _, __: "{0}.astype(float)",
    "reshape": lambda np, p, _: f"{np}.reshape({{0}}, {p[0]})",
    "transpose": lambda np, p, shapes: "{0}.T" if p[0] == (1, 0) else f"{np}.transpose({{0}}, {p[0]})",
    "broadcast": lambda np, p, _: f"{np}.broadcast_to({{0}}, {p[0]})",
    "slice": lambda _, p, __: f"{{0}}[{_slices(p)}]",
    "place": _place,
    "concatenate": lambda np, p, shapes: (
        f"{np}.concatenate([{', '.join(f'{{{k}}}' for k in range(len(shapes)))}], {p[0]})"
    ),
    "reduce_sum": _reduction("sum"),
    "reduce_max": _reduction("max"),
    "reduce_min": _reduction("min"),
    "cumsum": _cumsum,
    "einsum": _einsum,
    "cholesky": lambda np, _, __: f"{np}.linalg.cholesky({{0}})",
    "solve_triangular": _solve_triangular,
    "inv": lambda np, _, __: f"{np}.linalg.inv({{0}})",
    "det": lambda np, _, __: f"{np}.linalg.det({{0}})",
    "logabsdet": lambda np, _, __: f"{np}.linalg.slogdet({{0}})[1]",
    "detsign": lambda np, _, __: f"{np}.linalg.slogdet({{0}})[0]",
    "eigvalsh": lambda np, _, __: f"{np}.linalg.eigvalsh({{0}})",
    "eigvecsh": lambda np, _, __: f"{np}.linalg.eigh({{0}})[1]",
    "solve": lambda np, _, __: f"{np}.linalg.solve({{0}}, {{1}})",
    "cofactor": lambda _, __, ___: "cofactor({0})",
    "argsort": lambda np, p, _: f"{np}.argsort({{0}}, axis={p[0]}, stable=True)",
    "argmax": lambda np, p, _: f"{np}.argmax({{0}}, axis={p[0]})",
    "argmin": lambda np, p, _: f"{np}.argmin({{0}}, axis={p[0]})",
    "gather": lambda np, p, _: f"{np}.take({{0}}, {np}.asarray({{1}}, dtype=int), axis={p[0]})",
    "take_along": lambda np, p, _: f"{np}.take_along_axis({{0}}, {np}.asarray({{1}}, dtype=int), axis={p[0]})",
    "scatter_add": _added("scattered", "scatter_add"),
    "put_along": _added("put_along", "put_along"),
    "stop_gradient": lambda _, __, ___: "{0}",
}
"""How each primitive is written; the others are refused."""

FUNCTIONS = ("placed", "scattered", "put_along", "cofactor")
"""Functions of a file that primitives call; the languages have them as snippets."""


def form(opcode: str, module: str, parameters: Parameters, shapes: Sequence[Shape]) -> WordForm | None:
    """Return how a primitive is written, or None if it is not."""
    write = PRIMITIVES.get(opcode)
    if write is None:
        return None
    text = write(module, parameters, shapes)
    if "@" in text:
        first = text.startswith("{0}")
        return WordForm(text, PRODUCT, (PRODUCT, PRODUCT + 1) if first else (PRODUCT + 1, PRODUCT))
    if opcode == "triangle":
        return WordForm(text, SUM)
    needs = tuple([name for name in FUNCTIONS if text.startswith(f"{name}(")])
    return WordForm(text, ATOM, (ATOM,) if text.startswith("{0}") else (CHOICE,), needs)


def literal(array: np.ndarray, module: str) -> str:
    """Return an array as an expression."""
    listed = json.dumps(array.tolist())
    listed = listed.replace("NaN", f"{module}.nan").replace("Infinity", f"{module}.inf")
    return f"{module}.array({listed})"
