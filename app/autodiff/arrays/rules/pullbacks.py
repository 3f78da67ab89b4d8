"""Vector-Jacobian products of the primitives, written with a recorder.

    pullback(r, parameters, g, y, x0, x1, ...) = sum over y of g * dy/dxi,   of the shape of xi

They are made of primitives and words, so derivatives of any order follow. Sources: Giles, Collected matrix derivative
results for forward and reverse mode algorithmic differentiation (2008); Murray, Differentiation of the Cholesky
decomposition, arXiv:1602.07527.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.autodiff.arrays import primitives
from app.autodiff.arrays.primitives import subscripts
from app.autodiff.arrays.tape import Parameters

Pullback = Callable[..., Any]


def kept(r: Any, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return a reduced array y with the axes of x that were left out, of size 1."""
    return r.emit("reshape", (tuple([1 if axis in axes else size for axis, size in enumerate(x.shape)]),), y)


def _reduce_sum(r: Any, p: Parameters, g: Any, y: Any, x: Any) -> Any:
    return r.emit("broadcast", (x.shape,), kept(r, x, g, p[0]))


def _extreme(r: Any, p: Parameters, g: Any, y: Any, x: Any) -> Any:
    """Share the cotangent evenly among the elements that are equal to the result."""
    wins = r.equal(x, kept(r, x, y, p[0]))
    return wins * kept(r, x, r.strong_div(g, r.emit("reduce_sum", p, wins)), p[0])


def _transpose(r: Any, p: Parameters, g: Any, y: Any, x: Any) -> Any:
    (axes,) = p
    return r.emit("transpose", (tuple([axes.index(axis) for axis in range(len(axes))]),), g)


def contracted(r: Any, g: Any, own: str, far: str, result: str, x: Any, y: Any) -> Any:
    """Return the cotangent of x, an operand of einsum, y being the other one."""
    alone = [axis for axis, letter in enumerate(own) if letter not in far and letter not in result]
    found = "".join([letter for axis, letter in enumerate(own) if axis not in alone])
    part = r.emit("einsum", (f"{result},{far}->{found}",), g, y)
    if not alone:
        return part
    return r.emit("broadcast", (x.shape,), kept(r, x, part, tuple(alone)))


def _einsum_first(r: Any, p: Parameters, g: Any, y: Any, a: Any, b: Any) -> Any:
    first, second, result = subscripts(p)
    return contracted(r, g, first, second, result, a, b)


def _einsum_second(r: Any, p: Parameters, g: Any, y: Any, a: Any, b: Any) -> Any:
    first, second, result = subscripts(p)
    return contracted(r, g, second, first, result, b, a)


def concatenated(r: Any, p: Parameters, g: Any, position: int, *operands: Any) -> Any:
    """Return the cotangent of an operand of concatenate."""
    (axis,) = p
    start = sum([x.shape[axis] for x in operands[:position]])
    shape = operands[position].shape
    triples = [(start if each == axis else 0, size, 1) for each, size in enumerate(shape)]
    return r.emit("slice", tuple(triples), g)


# Linear algebra; matrices are the last two axes.


def turned(r: Any, a: Any) -> Any:
    """Return the transpose of matrices."""
    axes = tuple(range(len(a.shape) - 2))
    return r.emit("transpose", ((*axes, len(axes) + 1, len(axes)),), a)


def product(r: Any, a: Any, b: Any) -> Any:
    """Return the product of matrices, of the same leading axes."""
    lead = primitives.letters(len(a.shape) - 2, "xyz")
    return r.emit("einsum", (f"{lead}xy,{lead}yz->{lead}xz",), a, b)


def _outer(r: Any, a: Any, b: Any) -> Any:
    """Return a @ b^T."""
    lead = primitives.letters(len(a.shape) - 2, "xyz")
    return r.emit("einsum", (f"{lead}xz,{lead}yz->{lead}xy",), a, b)


def _even(r: Any, a: Any) -> Any:
    return 0.5 * (a + turned(r, a))


def _lower(r: Any, a: Any, diagonal: float) -> Any:
    """Return the lower triangle, its diagonal times a number."""
    return a * r.emit("triangle", (a.shape[-1], diagonal))


def _cholesky(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    """Return L^-T P L^-1, made symmetric, P being the lower triangle of L^T g with half its diagonal."""
    inner = _lower(r, product(r, turned(r, y), _lower(r, g, 1.0)), 0.5)
    left = r.emit("solve_triangular", (True, True), y, inner)
    return _even(r, r.emit("solve_triangular", (True, True), y, turned(r, left)))


def _triangular_right(r: Any, p: Parameters, g: Any, y: Any, a: Any, b: Any) -> Any:
    lower, transposed = p
    return r.emit("solve_triangular", (lower, not transposed), a, g)


def _triangular_left(r: Any, p: Parameters, g: Any, y: Any, a: Any, b: Any) -> Any:
    lower, transposed = p
    part = _triangular_right(r, p, g, y, a, b)
    full = -(_outer(r, y, part) if transposed else _outer(r, part, y))
    return _lower(r, full, 1.0) if lower else turned(r, _lower(r, turned(r, full), 1.0))


def _solve_right(r: Any, p: Parameters, g: Any, y: Any, a: Any, b: Any) -> Any:
    return r.emit("solve", (), turned(r, a), g)


def _solve_left(r: Any, p: Parameters, g: Any, y: Any, a: Any, b: Any) -> Any:
    return -_outer(r, _solve_right(r, p, g, y, a, b), y)


def _inv(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    return -product(r, turned(r, y), _outer(r, g, y))


def _matrix(r: Any, g: Any) -> Any:
    """Return a number for each matrix with two more axes."""
    return r.emit("reshape", ((*g.shape, 1, 1),), g)


def _det(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    return r.strong_mul(_matrix(r, g), r.emit("cofactor", (), a))


def _cofactor(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    """From C = det(a) a^-T: tr(a^-1 da) C - a^-T da^T C, exact where a is not singular."""
    inverse = turned(r, r.emit("inv", (), a))
    lead = primitives.letters(len(a.shape) - 2, "xyz")
    total = r.emit("einsum", (f"{lead}xy,{lead}xy->{lead}",), g, y)
    return _matrix(r, total) * inverse - product(r, y, product(r, turned(r, g), inverse))


def _logabsdet(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    return r.strong_mul(_matrix(r, g), turned(r, r.emit("inv", (), a)))


def _eigvalsh(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    vectors = r.emit("eigvecsh", (), a)
    return _outer(r, vectors * r.emit("reshape", ((*g.shape[:-1], 1, g.shape[-1]),), g), vectors)


def _eigvecsh(r: Any, p: Parameters, g: Any, y: Any, a: Any) -> Any:
    """Return V (F * (V^T g)) V^T, made symmetric; F is 1/(w_j - w_i), 0 on the diagonal."""
    values = r.emit("eigvalsh", (), a)
    lead, size = values.shape[:-1], values.shape[-1]
    eye = r.emit("eye", (size,))
    columns = r.emit("reshape", ((*lead, 1, size),), values)
    rows = r.emit("reshape", ((*lead, size, 1),), values)
    apart = r.select(eye, 0.0, 1.0 / r.select(eye, 1.0, columns - rows))
    return _even(r, _outer(r, product(r, y, apart * product(r, turned(r, y), g)), y))


PULLBACKS: dict[str, tuple[Pullback | None, ...]] = {
    "reshape": (lambda r, p, g, y, x: r.emit("reshape", (x.shape,), g),),
    "transpose": (_transpose,),
    "broadcast": (lambda r, p, g, y, x: r.unbroadcast(g, x.shape),),
    "slice": (lambda r, p, g, y, x: r.emit("place", (x.shape, p), g),),
    "place": (lambda r, p, g, y, x: r.emit("slice", p[1], g),),
    "gather": (lambda r, p, g, y, x, i: r.emit("scatter_add", (p[0], x.shape[p[0]]), g, i), None),
    "scatter_add": (lambda r, p, g, y, x, i: r.emit("gather", p[:1], g, i), None),
    "take_along": (lambda r, p, g, y, x, i: r.emit("put_along", (p[0], x.shape[p[0]]), g, i), None),
    "put_along": (lambda r, p, g, y, x, i: r.emit("take_along", p[:1], g, i), None),
    "reduce_sum": (_reduce_sum,),
    "reduce_max": (_extreme,),
    "reduce_min": (_extreme,),
    "cumsum": (lambda r, p, g, y, x: r.emit("cumsum", (p[0], not p[1]), g),),
    "einsum": (_einsum_first, _einsum_second),
    "cholesky": (_cholesky,),
    "solve_triangular": (_triangular_left, _triangular_right),
    "solve": (_solve_left, _solve_right),
    "inv": (_inv,),
    "det": (_det,),
    "cofactor": (_cofactor,),
    "logabsdet": (_logabsdet,),
    "eigvalsh": (_eigvalsh,),
    "eigvecsh": (_eigvecsh,),
    **dict.fromkeys(("argsort", "argmax", "argmin", "detsign", "stop_gradient", "real", "flat_index"), (None,)),
    **dict.fromkeys(primitives.CREATED, ()),
}
"""By opcode and operand; None where the derivative is zero everywhere. ``concatenate`` and scans are apart."""
