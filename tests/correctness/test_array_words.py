"""Words of NumPy, JAX and SciPy on whole arrays, with ties and edges: value and gradient are those of un-jitted JAX."""

import numpy as np
import pytest
import scipy.integrate

from app.autodiff.arrays import recording, run, transforms
from app.language import parse
from app.language.vocabulary.functions import array_texts, jax_texts, ufuncs
from tests.support.jax_texts import check, mark_slow

SHAPES = """
np.atleast_1d(a)*x
np.atleast_2d(x)
np.atleast_2d(a)
np.atleast_2d(X)
np.atleast_3d(x)
np.atleast_3d(A)
np.atleast_3d(a)
np.atleast_3d(X)
np.dstack([x, y])
np.dstack((A, A))
np.vstack([x, y])
numpy.row_stack([x, y]) || jnp.vstack([x, y])
np.column_stack([x, y])
np.split(x, 2)[1]
np.split(A, 3)[2]
np.split(x, [1, 3])[1]
np.split(x, [1, -1])[1]
np.split(A, 2, axis=1)[0]
np.split(A, 2, axis=-1)[1]
np.array_split(x, 3)[0]
np.array_split(x, 3)[2]
np.array_split(A, 3, axis=1)[1]
np.hsplit(A, 2)[1]
np.hsplit(x, 2)[0]
np.vsplit(A, 3)[1]
np.dsplit(X, 2)[1]
np.unstack(A)[1]
np.unstack(A, axis=1)[2]
np.block([[A, A], [A, A]])
np.block([x, y])
np.block([[A], [x]])
np.block([[np.eye(2), np.zeros((2, 1))], [np.zeros((1, 2)), a*np.ones((1, 1))]])
jax.scipy.linalg.block_diag(A, S)
scipy.linalg.block_diag(x, a) || jax.scipy.linalg.block_diag(x, a)
np.flipud(A)
np.fliplr(A)
np.rot90(A)
np.rot90(A, 2)
np.rot90(A, k=3)
np.rot90(A, -1)
np.rot90(X, 1, axes=(1, 2))
np.matrix_transpose(X)
np.permute_dims(X, (2, 0, 1))
np.resize(x, (2, 3))
np.resize(A, 5)
np.insert(x, 1, a)
np.insert(x, 2, w)
np.delete(x, 1)
np.delete(x, -1)
np.delete(A, 1, axis=0)
np.delete(x, np.array([0, 2]))
np.delete(x, [0, 2]) || jnp.delete(x, jnp.array([0, 2]))
np.extract(np.array([1, 0, 1, 0]), x) || x[jnp.array([0, 2])]
np.diagflat(w)
np.diagflat(w, 1)
np.fill_diagonal(S, a, inplace=False)
np.fill_diagonal(A, 0.0, inplace=False)
np.broadcast_arrays(x, a)[1]
np.broadcast_arrays(w[:, None], x)[0]
np.expand_dims(A, (0, 2))
np.expand_dims(A, -1)
np.roll(A, (1, 2), axis=(0, 1))
np.roll(A, 1, axis=(0, 1))
np.roll(A, 5)
np.moveaxis(X, (0, 1), (2, 0))
np.moveaxis(X, -1, 0)
np.ones_like(A, shape=(2,))*a
np.full((2, 3), w)
np.full_like(A, x)
np.empty(3).shape[0]*a
np.empty_like(x).shape[0]*a
np.copy(x)*a
np.real(x)*a
np.conj(x)*a
np.imag(x) + x
np.angle(x) + x
A[np.tril_indices(3)]
A[np.triu_indices(3, 1)]
A[np.triu_indices(3, k=1, m=4)]
S[np.tril_indices_from(S)]
S[np.triu_indices_from(S, k=1)]
A[np.diag_indices(3)]
A.at[np.diag_indices(3)].set(a)
A[np.ix_(np.array([0, 2]), np.array([1, 3]))]
A[(0, 1)]
A[(0, slice(None))] if False else A[0]
np.indices((2, 3))[1]*a
np.tri(3, 4)*A
np.tri(4, k=-1)*x
np.tri(3)*a
np.vander(x)
np.vander(x, 3)
np.vander(x, 3, increasing=True)
np.vander(np.concatenate([np.zeros(1), x]), 3)
np.logspace(0, a, 5)
np.logspace(a, 2, num=4, base=2.0)
np.logspace(0, a, 5, endpoint=False)
np.geomspace(1, a, 5)
np.geomspace(a, 3, num=4, endpoint=False)
np.geomspace(a, 8.0, 1)
jax.scipy.linalg.toeplitz(x)
jax.scipy.linalg.toeplitz(x, w)
scipy.linalg.circulant(w) || jnp.stack([w, jnp.roll(w, 1), jnp.roll(w, 2)], axis=1)
scipy.linalg.hilbert(4) @ x || (1/(jnp.arange(4)[:, None] + jnp.arange(4) + 1)) @ x
jax.scipy.linalg.hilbert(4) @ x
np.hanning(4)*x
np.hamming(4)*x
np.blackman(4)*x
np.bartlett(4)*x
np.hanning(1)*a
np.meshgrid(x, w, indexing="ij")[0]
np.meshgrid(x, w, indexing="xy")[1]
np.meshgrid(x, w, y, indexing="ij")[2]
np.meshgrid(x, w, y)[1]
np.meshgrid(x, w, sparse=True)[0]
np.astype(x, float)*a
np.nonzero(np.array([0, 1, 1, 0]))[0]*x[:2]
np.flatnonzero(np.array([0, 1, 1, 0]))*x[:2]
""".strip().splitlines()

REDUCED = """
np.sum(A, where=A > 0)
np.sum(A, axis=1, where=A > 0, initial=2.0)
np.sum(A, initial=a)
np.sum(A, axis=0, initial=1.5, keepdims=True)
np.prod(A, axis=0, where=A > 0)
np.prod(A, initial=a)
np.max(A, axis=0, where=A > 0, initial=-1.0)
np.max(x, initial=a)
np.max(ties, initial=3.0)
np.min(A, axis=1, where=A > 0, initial=9.0)
np.min(ties, initial=-2.0)
np.max(T[:, :0], axis=1, initial=0.5) + a
np.mean(A, where=A > 0)
np.mean(A, axis=0, where=np.array([[True], [False], [True]]))
np.var(A, axis=1, where=A > -0.2)
np.var(A, correction=1)
np.std(A, axis=0, ddof=1, where=np.array([[True], [True], [False]]) | (A > 9))
np.all(A > -9, axis=0, keepdims=True)*A
np.any(A > 0, axis=1, where=A > 1)*a
np.all(A > 0, axis=0, where=A > 1)*x
np.nansum(holes)
np.nansum(holes, axis=0)
np.nansum(holes, axis=1, keepdims=True)
np.nansum(A, axis=-1)
np.nansum(a)
np.nanprod(holes, axis=0)
np.nanmean(holes)
np.nanmedian(holes)
np.nanmedian(holes, axis=0)
np.nanquantile(holes, 0.3)
np.nanquantile(holes, 0.7, axis=1)
np.nanpercentile(holes, 30, axis=0)
np.put_along_axis(A, np.array([[0], [1], [1]]), 7.0, axis=1, inplace=False)
np.nanmean(holes, axis=0)
np.nanmean(A, axis=(0, 1))
np.nanvar(holes)
np.nanvar(holes, axis=0)
np.nanvar(A, axis=1, ddof=1)
np.nanstd(A, axis=0)
np.nanstd(holes, ddof=1)
np.nanmax(holes)
np.nanmax(holes, axis=0)
np.nanmax(holes[::2], axis=1, keepdims=True)
np.nanmax(ties)
np.nanmin(ties)
np.nanmin(holes, axis=0)
np.nanargmax(holes[::2], axis=1)*w[:2]
np.nanargmin(holes[::2], axis=0)*w
np.nancumsum(holes)
np.nancumsum(holes, axis=1)
np.nancumprod(holes, axis=0)
np.count_nonzero(A > 0)*a
np.count_nonzero(T, axis=0)*w
np.count_nonzero(T, axis=1, keepdims=True)*T
np.isclose(x, x + 1e-9)*x
np.isclose(x, x + 1e-9, rtol=0, atol=1e-10)*x
np.isclose(holes, holes, equal_nan=True)*a
np.isclose(a, inf)*a
np.allclose(A, A + 1e-9)*a
np.allclose(A, A + 1e-4)*a
np.array_equal(A, A)*a
np.array_equal(A, x)*a
np.isin(ties, np.array([3.0, 1.0]))*ties
math.isclose(a, 0.7)*a || a
math.isclose(a, 0.7 + 1e-8)*a || 0.0*a
math.isclose(a, 0.7 + 1e-8, rel_tol=1e-6)*a || a
math.isclose(a, 0.8, abs_tol=0.2)*a || a
jax.scipy.special.logsumexp(A, axis=1)
jax.scipy.special.logsumexp(x, b=y, return_sign=True)[0]
jax.scipy.special.logsumexp(x, b=y, return_sign=True)[1]*a
jax.scipy.special.logsumexp(A, axis=0, b=-A**2, return_sign=True)[0]
jax.nn.logsumexp(A, axis=1, where=A > -0.5)
jax.nn.softmax(A, axis=0)
jax.nn.softmax(A, where=A > 0)
jax.nn.softmax(A, axis=0, where=A > -0.7)
jax.nn.softmax(ties)
jax.nn.log_softmax(A, axis=0)
jax.nn.log_softmax(X, axis=(0, 1))
jax.nn.log_softmax(x, where=np.array([True, False, True, True]))[0]
jax.nn.glu(x)
jax.nn.glu(B, axis=0)
jax.nn.glu(X, axis=-1)
jax.nn.one_hot(np.array([2, 0, 1]), 3) @ w
jax.nn.one_hot(np.array([0, 1]), num_classes=3, axis=0)*a
jax.nn.one_hot(1, 3)*w
jax.nn.standardize(x)
jax.nn.standardize(A, axis=0)
jax.nn.standardize(A, axis=(0, 1), epsilon=0.1)
jax.nn.standardize(x, mean=0.5)
jax.nn.standardize(x, mean=0.5, variance=2.0)
jax.nn.standardize(x, variance=2.0)
logmeanexp(A, axis=1) || jax.scipy.special.logsumexp(A, axis=1) - jnp.log(4)
""".strip().splitlines()

LINES = """
np.diff(A, axis=0)
np.ediff1d(A)
np.ediff1d(x, to_end=1.0)
np.ediff1d(x, to_begin=np.array([0.5, 1.0]))
np.cumulative_sum(x)
np.cumulative_sum(x, include_initial=True)
np.cumulative_sum(A, axis=1, include_initial=True)
np.cumulative_prod(A, axis=0)
np.cumulative_prod(x, include_initial=True)
np.cumsum(a)
np.cumsum(X, axis=-2)
np.cumprod(np.concatenate([np.zeros(1), x]))
np.cumprod(A, axis=1)
lax.cumsum(A)
lax.cumsum(A, axis=1, reverse=True)
lax.cumprod(A)
lax.cumprod(x, reverse=True)
lax.cummax(x)
lax.cummax(ties)
lax.cummax(A, axis=1)
lax.cummin(ties)
lax.cummin(ties, reverse=True)
lax.cummax(T, axis=1, reverse=True)
lax.cumlogsumexp(x)
lax.cumlogsumexp(A, axis=1, reverse=True)
np.gradient(x)
np.gradient(x, 0.5)
np.gradient(x, a)
np.gradient(A)[0]
np.gradient(A)[1]
np.gradient(A, axis=1)
np.gradient(A, axis=-1)
np.gradient(A, 0.5, 2.0)[1]
np.gradient(x, np.cumsum(p))
np.unwrap(x*3)
np.unwrap(A*5, axis=0)
np.unwrap(x*3, discont=4.0)
np.unwrap(x*3, period=2.0)
np.trapezoid(A)
np.trapezoid(A, dx=a)
np.trapezoid(x, np.cumsum(p))
np.trapezoid(A, x=w, axis=0)
jax.scipy.integrate.trapezoid(x, dx=0.5)
scipy.integrate.simpson(x, dx=a) || a*((x[0] + 4*x[1] + x[2])/3 + (5*x[3] + 8*x[2] - x[1])/12)
scipy.integrate.simpson(A[:, :3]) || (A[:, 0] + 4*A[:, 1] + A[:, 2])/3
scipy.integrate.simpson(x[:2], x=y[:2]) || (x[0] + x[1])/2*(y[1] - y[0])
scipy.integrate.cumulative_trapezoid(x) || jnp.cumsum((x[1:] + x[:-1])/2)
scipy.integrate.cumulative_trapezoid(x, y, initial=0)[1:] || jnp.cumsum((x[1:] + x[:-1])/2*jnp.diff(y))
scipy.integrate.cumulative_trapezoid(x, initial=0)[:1] || 0*x[:1]
scipy.integrate.cumulative_trapezoid(A, w, axis=0) || jnp.cumsum((A[1:] + A[:-1])/2*jnp.diff(w)[:, None], axis=0)
scipy.integrate.cumulative_trapezoid(A, dx=a) || jnp.cumsum((A[:, 1:] + A[:, :-1])/2*a, axis=1)
np.polyval(w, a)
np.polyval(w, x)
np.polyadd(x, w)
np.polysub(w, x)
np.polymul(x, w)
np.polyder(x)
np.polyder(x, 2)
np.polyder(x, m=3)
np.polyint(x)
np.polyint(x, 2)
np.polyint(x, 2, k=np.array([1.0, 2.0]))
np.polyint(w, k=3.0)
np.polyfit(x, y, 1)
np.polyfit(x, y, 2)
np.polyfit(x, B, 1)
np.convolve(x, w, "same")
np.correlate(x, w)
np.correlate(x, w, mode="full")
np.correlate(x, w, "same")
np.correlate(w, x, "full")
np.correlate(w, x)
np.correlate(w, x, "same")
np.correlate(x, y)
np.searchsorted(np.array([-1.0, 0.0, 1.0]), x)*x
np.searchsorted(np.array([-2.0, 1.0, 3.0]), ties, side="right")*ties
np.searchsorted(np.array([-2.0, 1.0, 3.0]), ties)*ties
np.searchsorted(np.sort(x), a)*a
np.digitize(ties, np.array([-2.0, 1.0, 3.0]))*ties
np.digitize(ties, np.array([-2.0, 1.0, 3.0]), right=True)*ties
np.digitize(ties, np.array([3.0, 1.0, -2.0]))*ties
np.digitize(ties, np.array([3.0, 1.0, -2.0]), right=True)*ties
np.digitize(A, w)*A if False else np.digitize(A, np.array([0.0, 1.0]))*A
np.bincount(np.array([0, 2, 1, 2]), weights=x)
np.bincount(np.array([0, 2, 1, 2]), weights=x, minlength=5)
np.bincount(np.array([0, 2, 1, 2]), x, length=2)
np.bincount(np.array([0, 2, 2]))*w
jax.ops.segment_sum(x, np.array([0, 2, 1, 2]))
jax.ops.segment_sum(x, np.array([0, 2, 1, 2]), num_segments=4)
jax.ops.segment_sum(B, np.array([1, 0, 1, 1]), 2)
jax.ops.segment_prod(x, np.array([0, 2, 2, 2]), num_segments=3) || jnp.stack([x[0], 1.0, x[1]*x[2]*x[3]])
jax.ops.segment_max(x, np.array([0, 1, 1, 0]), num_segments=2)
jax.ops.segment_max(B, np.array([1, 0, 1, 1]), 2)
jax.ops.segment_min(x, np.array([0, 1, 1, 0]))
jax.ops.segment_sum(x, np.array([0, -1, 1, 5]), num_segments=3)
""".strip().splitlines()

LAX = """
lax.eq(x, y)*a
lax.lt(x, y)*a + lax.ge(x, y)*2
lax.ne(x, y)*x + lax.le(x, y)*y + lax.gt(x, y)
lax.rem(x, p)
lax.rem(-x, p)
lax.rev(A, (0,))
lax.rev(A, (0, 1))
lax.select(x > 0, x, y)
lax.select_n(x > 0, x, y)
lax.select_n(np.array([0, 1, 2, 1]), x, y, p)
lax.integer_pow(x, 3)
lax.integer_pow(x, -2)
lax.neg(x) + lax.mul(x, y) - lax.sub(x, y) + lax.div(x, p)
lax.stop_gradient(x)*x
jax.lax.stop_gradient(x*y) + x
lax.dynamic_slice(A, (0, 1), (2, 2))
lax.dynamic_slice(A, (2, 3), (2, 2))
lax.dynamic_slice(A, (-1, -2), (1, 2))
lax.dynamic_slice(x, (1,), (2,))
lax.dynamic_slice_in_dim(A, 1, 2, axis=1)
lax.dynamic_slice_in_dim(A, 2, 2)
lax.dynamic_index_in_dim(A, 1)
lax.dynamic_index_in_dim(A, 1, axis=1, keepdims=False)
lax.dynamic_update_slice(x, y[:2], (1,))
lax.dynamic_update_slice(A, S[:2, :2], (1, 3))
lax.dynamic_update_slice(A, S[:2, :2], (-3, 1))
lax.dynamic_update_slice_in_dim(A, S[:, :2], 1, axis=1)
lax.dynamic_update_index_in_dim(A, x, 1, axis=0)
lax.slice(A, (0, 1), (2, 4))
lax.pad(x, 0.5, [(1, 2, 1)])
lax.pad(x, a, [(-1, 1, 0)])
lax.pad(A, 0.0, ((0, 1, 2), (2, -1, 0)))
lax.associative_scan(jnp.add, A)
lax.associative_scan(lambda p, q: p + q + p*q, x, reverse=True)
lax.associative_scan(lambda p, q: (p[0]*q[0], q[0]*p[1] + q[1]), (jnp.tile(x, 6), jnp.tile(y, 6)))[1]
lax.slice(A, (0, 0), (3, 4), (2, 3))
lax.slice_in_dim(A, 1, 3, axis=1)
lax.slice_in_dim(A, 0, None, stride=2, axis=1)
lax.slice_in_dim(A, 0, -1)
lax.index_in_dim(A, 1)
lax.index_in_dim(A, -1, axis=1, keepdims=False)
lax.cumsum(x)
lax.dot_general(A, B, (((1,), (0,)), ((), ())))
lax.dot_general(X, X, (((2,), (2,)), ((0,), (0,))))
lax.dot_general(X, A, (((1, 2), (0, 1)), ((), ())))
lax.batch_matmul(X, X.mT)
lax.dot(A, B)
lax.expand_dims(A, (0, 2))
lax.squeeze(A[None], (0,))
lax.full((2, 2), a)
lax.full_like(A, a)
lax.iota(jnp.float32, 4)*x
lax.broadcasted_iota(jnp.int32, (3, 4), 1)*A
lax.broadcast(x, (2, 3))
lax.concatenate([x, y], 0)
lax.concatenate((A, A), dimension=1)
lax.sort(x)
lax.sort(A, dimension=0)
lax.clamp(-0.2, x, 0.4)
lax.clamp(0.0, ties, 3.0)
lax.top_k(x, 2)[0]
lax.top_k(A, 2)[0]
lax.top_k(ties, 3)[0]
lax.top_k(ties, 3)[1]*a
lax.max(x, y)
lax.reshape(A, (4, 3))
lax.transpose(X, (2, 0, 1))
lax.convert_element_type(x, jnp.float64)*a
lax.argmax(A, 1, jnp.int32)*w
lax.reduce_sum(A, (0,)) || jnp.sum(A, axis=0)
lax.reduce_prod(A, axes=(0, 1)) || jnp.prod(A)
lax.reduce_max(T, (1,)) || jnp.max(T, axis=1)
lax.reduce_min(A, (0, -1)) || jnp.min(A)
lax.reduce_and(A > -9, (0,))*x || x
lax.reduce_or(A > 9, (0,))*x || 0*x
""".strip().splitlines()

LINEAR = """
np.vecdot(A, A)
np.vecdot(A, x)
np.vecdot(A, A, axis=0)
np.matvec(A, x)
np.matvec(X, x)
np.vecmat(w, A)
np.vecmat(w, X)
math.sumprod([a, 2.0], [x[0], a]) || a*x[0] + 2*a
math.fsum([a, x[1], a*a]) || a + x[1] + a*a
math.dist([a, x[0]], [x[1], 2.0]) || jnp.sqrt((a - x[1])**2 + (x[0] - 2)**2)
math.prod([a, x[0], 3], start=2) || 6*a*x[0]
divmod(a, 0.3)[0] + a || 2 + a
divmod(a, 0.3)[1] || jnp.mod(a, 0.3)
np.modf(x)[0]
np.modf(x)[1]*a
np.linalg.norm(A)
np.linalg.norm(A, "fro")
np.linalg.norm(A, ord="nuc")
np.linalg.norm(A, 1)
np.linalg.norm(A, -1)
np.linalg.norm(A, inf)
np.linalg.norm(A, ord=-inf)
np.linalg.norm(A, 2)
np.linalg.norm(A, -2)
np.linalg.norm(A, 2, axis=1)
np.linalg.norm(A, axis=(0, 1))
np.linalg.norm(X, 1, axis=(1, 2))
np.linalg.norm(X, np.inf, axis=(2, 0))
np.linalg.norm(X, "fro", axis=(0, 2), keepdims=True)
np.linalg.norm(X, axis=-1)
np.linalg.norm(x, 3)
np.linalg.matrix_norm(A)
np.linalg.matrix_norm(A, ord=2)
np.linalg.vector_norm(A)
np.linalg.vector_norm(A, axis=1, ord=1)
np.linalg.cond(S)
np.linalg.cond(S, 1)
np.linalg.cond(A)
np.linalg.matrix_rank(A)*a
np.linalg.matrix_rank(np.outer(x, y))*a
np.linalg.svd(A, full_matrices=False)[1]
np.linalg.svd(A, compute_uv=False)
np.linalg.svd(S)[1]
np.linalg.svdvals(B)
np.linalg.svd(A, full_matrices=False)[0]**2
np.linalg.svd(A, full_matrices=False)[2]**2
np.linalg.svd(B, full_matrices=False)[0]**2
np.linalg.svd(S).S
np.linalg.svd(S).U**2 + np.linalg.svd(S).Vh**2
np.linalg.qr(S)[0]
np.linalg.qr(S)[1]
np.linalg.qr(B)[0]
np.linalg.qr(B)[1]
np.linalg.qr(B).R
np.linalg.qr(A)[1] || jnp.concatenate([jnp.linalg.qr(A[:, :3])[1], jnp.linalg.qr(A[:, :3])[0].T @ A[:, 3:]], axis=1)
np.linalg.qr(B, mode="r")
np.linalg.pinv(A)
np.linalg.pinv(B)
np.linalg.pinv(S)
np.linalg.lstsq(B, x)[0]
np.linalg.lstsq(B, A.T)[0]
np.linalg.lstsq(A, w)[0]
np.linalg.lstsq(S, w)[0]
np.linalg.lstsq(B, x)[1] || jnp.sum((x - B @ jnp.linalg.pinv(B) @ x)**2)[None]
np.linalg.lstsq(B, x)[3]
np.linalg.slogdet(S).logabsdet
np.linalg.slogdet(S).sign*a
np.linalg.eigh(S @ S.T).eigenvalues
np.linalg.eigvalsh(S + S.T)
np.linalg.matrix_transpose(X)
jax.scipy.linalg.cholesky(S @ S.T)
jax.scipy.linalg.cholesky(S @ S.T, lower=True)
np.linalg.cholesky(S @ S.T)
jax.scipy.special.multigammaln(a + 3, 3)
jax.scipy.special.multigammaln(p + 1, 2)
math.comb(5, 2)*a
math.perm(5, 2)*a
math.hypot(x[0], x[1], a) || jnp.sqrt(x[0]**2 + x[1]**2 + a**2)
""".strip().splitlines()

UNIVERSAL = """
np.add.reduce(A)
np.add.reduce(A, axis=1)
np.multiply.reduce(x)
np.maximum.reduce(T, axis=1)
np.minimum.reduce(A, axis=0)
np.logical_and.reduce(A > -9)*x
np.logical_or.reduce(A > 9)*x
np.logaddexp.reduce(x) || jax.scipy.special.logsumexp(x)
np.add.accumulate(A)
np.multiply.accumulate(x)
np.maximum.accumulate(ties) || lax.cummax(ties)
np.minimum.accumulate(A, axis=1) || lax.cummin(A, axis=1)
np.logaddexp.accumulate(x) || lax.cumlogsumexp(x)
np.add.outer(x, w)
np.subtract.outer(x, w)**2
np.multiply.outer(A, w)
np.divide.outer(x, w) || x[:, None]/w
np.maximum.outer(x, w)
np.minimum.outer(x, w)
np.power.outer(p, w) || p[:, None]**w
np.less.outer(x, y)*a || (x[:, None] < y)*a
np.greater.outer(x, y)*a || (x[:, None] > y)*a
np.equal.outer(ties, ties)*a || (ties[:, None] == ties)*a
np.subtract.outer(a, x)
np.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v**2])
np.piecewise(x, [x < 0, x < 0.5], [0.0, 1.0, lambda v: v*2])
np.piecewise(x, [x < 0, x < 9], [lambda v: v, lambda v: v**3])
np.piecewise(A, [A > 0.2], [lambda v: np.log(v)])
np.c_[x, y]
np.c_[np.ones(3), A]
np.r_[0.5, x, a] || jnp.concatenate([jnp.array([0.5]), x, a[None]])
np.r_[x, y]*a
np.r_[0:4]*x
np.sum(np.cumsum(x[:0])) + a
np.sum(np.cumprod(A[:0], axis=0)) + a
np.nansum(x[:0]) + a
np.nanprod(A[:0], axis=0)*x
np.sum(lax.cummax(x[:0])) + a
np.sum(np.diff(x[:1])) + a
np.concatenate([x[:0], y])
np.split(x, [0, 4])[0].sum() + np.split(x, [0, 4])[1]
np.count_nonzero(x[:0]) + a
np.all(x[:0] > 0, keepdims=True)*a
np.any(A[:0] > 0, axis=0, keepdims=True)*a + a
np.atleast_2d(x[:0]).sum() + a
np.nanmax(a)
np.nanmean(A, axis=-2)
np.nanvar(x[:1])
np.count_nonzero(a)*a
np.roll(a, 1)
np.flip(a)
np.squeeze(a)
np.isclose(a, 0.7)*a
np.ravel(a)
np.unwrap(x[:1])
np.trapezoid(x[:1]) + a
""".strip().splitlines()

TEXTS = [*SHAPES, *REDUCED, *LINES, *LAX, *LINEAR, *UNIVERSAL]


@pytest.mark.parametrize("text", mark_slow(TEXTS, 20))
def test_a_word_is_what_jax_makes_of_it(text: str) -> None:
    check(text)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8, 11])
def test_simpsons_rule_is_scipys(count: int) -> None:
    rng = np.random.default_rng(count)
    y, x = rng.normal(size=(2, count)), np.cumsum(rng.uniform(0.2, 1, count))
    recorded = recording.record(
        parse.read("simpson(y, x, axis=1).sum()", ["y", "x"]).at([(2, count), (count,)], whole=True)
    )
    tape = transforms.derive(recorded.tape, "vjp", (0, 1))
    value, by_y, by_x = run.prepare(tape)([y, x, np.array(1.0), *recorded.constants])
    np.testing.assert_allclose(value, scipy.integrate.simpson(y, x=x, axis=1).sum(), rtol=1e-13)
    for unit, slope in zip(np.eye(count), by_y[0], strict=True):  # linear in y
        np.testing.assert_allclose(slope, scipy.integrate.simpson(unit, x=x), rtol=1e-11, atol=1e-13)
    for unit, slope in zip(np.eye(count) * 1e-5, by_x, strict=True):
        first, last = (scipy.integrate.simpson(y, x=x + sign * unit).sum() for sign in (-1, 1))
        np.testing.assert_allclose(slope, (last - first) / 2e-5, rtol=1e-6, atol=1e-8)


def test_every_defined_word_of_arrays_is_held_against_jax() -> None:
    tested = " ".join(TEXTS)
    defined = [*array_texts.FUNCTIONS, *jax_texts.FUNCTIONS, *ufuncs.FUNCTIONS]
    assert [word.names for word in defined if not any(f"{each.split('.')[-1]}(" in tested for each in word.names)] == []
