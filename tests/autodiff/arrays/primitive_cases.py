"""One call of each primitive or more, with a function of NumPy or JAX that computes the same in other words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from app.autodiff.arrays import recorder
from app.autodiff.arrays.tape import ArrayTape

RNG = np.random.default_rng(14)
INDEXED = frozenset({"gather", "scatter_add", "take_along", "put_along"})
SYMMETRIC = frozenset({"cholesky", "eigvalsh", "eigvecsh"})


@dataclass(frozen=True)
class Case:
    opcode: str
    parameters: tuple[Any, ...]
    operands: tuple[Any, ...]
    reference: Callable[..., Any]

    def __str__(self) -> str:
        shapes = ",".join(str(np.shape(x)).replace(" ", "") for x in self.operands)
        return f"{self.opcode}{self.parameters}{shapes}"

    @property
    def wanted(self) -> tuple[int, ...]:
        """Operands with a derivative: all but indices."""
        return tuple(i for i in range(len(self.operands)) if not (self.opcode in INDEXED and i == 1))

    def inner(self, xp: Any, operands: Any) -> list[Any]:
        """What the primitive is applied to, so that second derivatives are not zero."""
        if self.opcode in SYMMETRIC:
            return list(operands)
        return [xp.sin(x) + 2.0 * x if i in self.wanted else x for i, x in enumerate(operands)]

    def value(self) -> ArrayTape:
        r = recorder.Recorder()
        inputs = [r.input(np.shape(x)) for x in self.operands]
        return r.finish(r.emit(self.opcode, self.parameters, *self.inner(r, inputs)))

    def loss(self) -> ArrayTape:
        """The sum of the sines of all elements, each of them weighted."""
        r = recorder.Recorder()
        inputs = [r.input(np.shape(x)) for x in self.operands]
        y = r.emit(self.opcode, self.parameters, *self.inner(r, inputs))
        axes = tuple(range(len(y.shape)))
        return r.finish(r.emit("reduce_sum", (axes,), r.sin(y) * r.leaf(y.shape)))

    def weights(self) -> Any:
        return np.random.default_rng(1).normal(size=np.shape(self.expected()))

    def expected(self, *operands: Any) -> Any:
        return self.reference(*self.inner(jnp, [jnp.asarray(x) for x in operands or self.operands]))

    def expected_loss(self, *operands: Any) -> Any:
        return jnp.sum(jnp.sin(self.expected(*operands)) * self.weights())


def _normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def _positive(*shape: int) -> Any:
    a = _normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])


def _summed(axis: int, size: int) -> Callable[..., Any]:
    def reference(x: Any, indices: Any) -> Any:
        where = indices.astype(int) % size
        shape = (*x.shape[:axis], size, *x.shape[axis + where.ndim :])
        return jnp.zeros(shape).at[(*[slice(None)] * axis, where)].add(x)

    return reference


def _summed_along(x: Any, indices: Any) -> Any:
    rows = jnp.arange(x.shape[0])[:, None]
    return jnp.zeros((x.shape[0], 5)).at[rows, indices.astype(int) % 5].add(x)


def _einsum(text: str, x: Any, y: Any) -> Case:
    return Case("einsum", (text,), (x, y), lambda a, b: jnp.einsum(text, a, b))


def _placed(shape: tuple[int, ...], where: Any) -> Callable[..., Any]:
    return jnp.zeros(shape).at[where].set


FOUR, TABLE = np.array([0.0, 4.0, -1.0, 0.0]), np.array([[0.0, 4.0], [-5.0, 2.0], [1.0, 1.0]])
MOVES = [
    Case("reshape", ((3, 2),), (_normal(2, 3),), lambda x: x.reshape(3, 2)),
    Case("transpose", ((2, 0, 1),), (_normal(2, 3, 4),), lambda x: x.transpose(2, 0, 1)),
    Case("broadcast", ((4, 2, 3),), (_normal(2, 1),), lambda x: jnp.broadcast_to(x, (4, 2, 3))),
    Case("slice", ((1, 2, 2), (3, 4, -1)), (_normal(5, 4),), lambda x: x[1:5:2, ::-1]),
    Case("slice", ((4, 3, -2), (0, 1, 1)), (_normal(5, 4),), lambda x: x[4::-2, :1]),
    Case("slice", ((4, 1, 1), (2, 1, 1)), (_normal(5, 4),), lambda x: x[4:, 2:3]),
    Case("place", ((5, 4), ((1, 2, 2), (3, 4, -1))), (_normal(2, 4),), _placed((5, 4), np.s_[1:5:2, ::-1])),
    Case("place", ((6, 4), ((4, 3, -2), (1, 2, 2))), (_normal(3, 2),), _placed((6, 4), np.s_[4::-2, 1::2])),
    Case("gather", (0,), (_normal(5, 2), FOUR), lambda x, i: x[i.astype(int)]),
    Case("gather", (1,), (_normal(3, 5, 2), TABLE), lambda x, i: x[:, i.astype(int)]),
    Case("gather", (0,), (_normal(5), np.array(3.0)), lambda x, _: x[3]),
    Case("scatter_add", (0, 5), (_normal(4, 2), FOUR), _summed(0, 5)),
    Case("scatter_add", (1, 5), (_normal(3, 3, 2, 2), TABLE), _summed(1, 5)),
    Case("scatter_add", (0, 5), (_normal(4), FOUR), _summed(0, 5)),
    Case("take_along", (1,), (_normal(3, 5), TABLE), lambda x, i: jnp.take_along_axis(x, i.astype(int), 1)),
    Case("put_along", (1, 5), (_normal(3, 2), TABLE), _summed_along),
    Case("concatenate", (1,), (_normal(2, 3), _normal(2, 1), _normal(2, 2)), lambda *x: jnp.concatenate(x, 1)),
]  # fmt: skip
REDUCTIONS = [
    Case("reduce_sum", ((0, 2),), (_normal(2, 3, 4),), lambda x: x.sum((0, 2))),
    Case("reduce_sum", ((1,),), (_normal(2, 1, 4),), lambda x: x.sum(1)),
    Case("reduce_max", ((1,),), (_normal(3, 4),), lambda x: x.max(1)),
    Case("reduce_min", ((0,),), (_normal(3, 4),), lambda x: x.min(0)),
    Case("cumsum", (1, False), (_normal(3, 4),), lambda x: jnp.cumsum(x, 1)),
    Case("cumsum", (0, True), (_normal(3, 4),), lambda x: jnp.cumsum(x[::-1], 0)[::-1]),
    Case("argsort", (1,), (_normal(3, 4),), lambda x: jnp.argsort(x, 1).astype(float)),
    Case("argmax", (0,), (_normal(3, 4),), lambda x: jnp.argmax(x, 0).astype(float)),
    Case("argmin", (1,), (_normal(3, 4),), lambda x: jnp.argmin(x, 1).astype(float)),
    Case("stop_gradient", (), (_normal(3),), jax.lax.stop_gradient),
]
PRODUCTS = [
    _einsum(text, _normal(*first), _normal(*second))
    for text, first, second in (
        ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk->ki", (2, 3), (3, 4)), ("ij,j->i", (2, 3), (3,)),
        ("i,ij->j", (2,), (2, 3)), ("i,i->", (3,), (3,)), ("ij,ij->", (3, 2), (3, 2)), ("ij,ji->", (3, 2), (2, 3)),
        ("ij,ij->i", (3, 2), (3, 2)), ("i,j->ij", (3,), (2,)), ("i,j->ji", (3,), (2,)), ("ij,ij->ji", (3, 2), (3, 2)),
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("bij,jk->bki", (2, 3, 4), (4, 2)), ("bij,bj->bi", (2, 3, 4), (2, 4)),
        ("bij,bj->ib", (2, 3, 4), (2, 4)), ("ijk,jk->i", (2, 3, 4), (3, 4)), ("ij,kl->ik", (2, 3), (4, 2)),
        ("ij,->ij", (2, 3), ()), ("ij,k->k", (2, 3), (4,)), ("abcd,cdef->abef", (2, 1, 3, 2), (3, 2, 2, 2)),
        ("ij,jk->", (2, 3), (3, 4)), ("ij,->", (2, 3), ()), ("ij,j->ij", (2, 3), (3,)), ("ai,ij->aj", (2, 3), (3, 3)),
        ("ab,abc->abc", (2, 3), (2, 3, 2)), (",->", (), ()), ("ijk,ikj->", (2, 3, 4), (2, 4, 3)),
    )
]  # fmt: skip


def _triangular(lower: bool, transposed: bool) -> Case:
    def reference(a: Any, b: Any) -> Any:
        return jax.scipy.linalg.solve_triangular(a, b, lower=lower, trans=int(transposed))

    operands = _normal(4, 4) + 3 * np.eye(4), _normal(4, 2)
    return Case("solve_triangular", (lower, transposed), operands, reference)


ALGEBRA = [
    Case("cholesky", (), (_positive(4, 4),), jnp.linalg.cholesky),
    Case("cholesky", (), (_positive(2, 3, 3),), jnp.linalg.cholesky),
    *[_triangular(lower, transposed) for lower in (True, False) for transposed in (True, False)],
    Case(
        "solve_triangular",
        (True, False),
        (_normal(2, 3, 3) + 3 * np.eye(3), _normal(2, 3, 2)),
        lambda a, b: jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=True),
    ),
    Case("solve", (), (_normal(4, 4), _normal(4, 2)), jnp.linalg.solve),
    Case("solve", (), (_normal(2, 3, 3), _normal(2, 3, 1)), jnp.linalg.solve),
    Case("inv", (), (_normal(3, 3),), jnp.linalg.inv),
    Case("det", (), (_normal(3, 3),), jnp.linalg.det),
    Case("det", (), (_normal(2, 4, 4) / 2,), jnp.linalg.det),
    Case("cofactor", (), (_normal(3, 3),), lambda a: jnp.linalg.det(a) * jnp.linalg.inv(a).T),
    Case("logabsdet", (), (_normal(2, 3, 3),), lambda a: jnp.linalg.slogdet(a)[1]),
    Case("detsign", (), (_normal(2, 3, 3),), lambda a: jnp.linalg.slogdet(a)[0]),
    Case("eigvalsh", (), (_positive(4, 4),), jnp.linalg.eigvalsh),
    Case("eigvalsh", (), (_positive(2, 3, 3),), jnp.linalg.eigvalsh),
    Case("eigvecsh", (), (_positive(3, 3),), lambda a: jnp.linalg.eigh(a)[1]),
]
ALL = [*MOVES, *REDUCTIONS, *PRODUCTS, *ALGEBRA]
