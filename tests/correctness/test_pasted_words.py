"""Methods, attributes and keywords in texts: Python itself runs each with JAX; both agree on value and gradient."""

import pytest

from app import errors
from app.language import parse
from tests.support.jax_texts import check, mark_slow

METHODS = """
(x*y).sum()
(A*2).sum(axis=0)
A.sum(1)
A.sum(axis=(0, 1))
X.sum(axis=(0, -1), keepdims=True)
A.sum(axis=None)
A.mean()
A.mean(axis=0, keepdims=True)
A.prod(axis=1)
A.std()
A.std(axis=0, ddof=1)
A.var(axis=-1)
A.var(ddof=1)
A.max()
A.max(axis=0)
A.min(axis=1, keepdims=True)
abs(A).max()
x.dot(y)
A.dot(B)
A.T
A.T @ w
A.mT
X.mT
X.T
A.T.shape[0]*x.sum()
x/x.shape[0]
x/x.shape[-1]
len(A.shape)*a
A.size*a
A.ndim*a
A.reshape(2, 6)
A.reshape((2, -1))
A.reshape(-1)
A.reshape(x.shape[0], 3) + 0*x[0]
A.flatten()
A.ravel()
A[None].squeeze()
A[None].squeeze(0)
A[:, None].squeeze(axis=1)
X.transpose()
X.transpose(2, 0, 1)
X.transpose((1, 0, 2))
X.swapaxes(0, 2)
X.swapaxes(-1, -2)
A.astype(float)
A.astype(np.float64)
A.astype(jnp.float64)
x.copy()*a
x.clip(-0.5, 0.5)
x.clip(min=0)
x.clip(max=0.1)
x.clip(-0.3)
A.cumsum()
A.cumsum(axis=1)
x.cumprod()
A.cumprod(axis=0)
S.trace()
S.trace(offset=1)
S.diagonal()
S.diagonal(1)
x.repeat(3)
A.repeat(2, axis=1)
A.repeat(2, 0)
x.round()
x.round(2)
x.round(decimals=1)
jnp.sort(x)[1]
x.conj()*x
x.real*2
x.take(np.array([2, 0]))
A.take(np.array([1, 1]), axis=1)
A.take(2)
x[x.argmax()]
x[x.argmin()]*a
A.argmax(axis=0)*x
a.item() if False else a*2
A.ptp() if False else A.max() - A.min()
float(a)*2 if False else a*2
(A @ B).T.sum(axis=0)[1]
(A @ B).T.reshape(-1)[2:5].sum()
((x - x.mean())/x.std()).sum()*a
(A - A.mean(axis=0, keepdims=True)).T @ w
(x > 0).sum()*a
(x > 0).any()*a
(x > 0).all()*a
(x > 0).mean()*a
A[0].sum() + A[:, 1].mean()
sum(row.sum() for row in A)
sum([row.max() for row in A])
sum((row*x).sum()**2 for row in A)
np.array([r.dot(x) for r in A])
np.linspace(0, 1, x.size)*x
np.arange(x.shape[0])*x
np.zeros(A.shape) + A
np.zeros(A.shape[1]) + x
np.ones((A.shape[0], 2)).sum()*a
np.eye(S.shape[0]) @ S
x.shape[0]**2*a
(x.shape[0]//2)*a
(A.shape[0] - 1)/A.shape[0]*x.var()
A.T.T.sum()
(x**2).sum().sqrt() if False else (x**2).sum()**0.5
x.at[0].get() if False else x[0]
""".strip().splitlines()


@pytest.mark.parametrize("text", mark_slow(METHODS))
def test_methods(text: str) -> None:
    check(text)


KEYWORDS = """
np.max(A, 0)
np.min(A, -1)
sum(x, 1.5)
sum([v**2 for v in x], a)
math.hypot(x[0], x[1], a) || jnp.sqrt(x[0]**2 + x[1]**2 + a**2)
math.hypot(x[0], x[1], x[2], a) || jnp.sqrt((x[:3]**2).sum() + a**2)
max([], default=a)
np.finfo(float).eps*x
np.finfo(np.float64).tiny*1e300*x
jax.lax.max(x, y)
np.clip(x, a_min=0, a_max=None) || np.clip(x, 0)
np.clip(x, -0.2, 0.3)
np.clip(x, None, 0.3)
np.clip(x, min=-0.1)
jnp.clip(x, max=0.2)
np.clip(x, y, y + 0.5)
np.sum(A, axis=(0, 1))
np.sum(X, axis=(0, 2))
np.sum(A, axis=0, keepdims=True)
np.sum(A, axis=0, dtype=float)
np.mean(X, axis=(1, 2))
np.var(X, axis=(0, 1), ddof=1)
jax.nn.gelu(x)
jax.nn.gelu(x, approximate=False)
jax.nn.gelu(x, approximate=True)
jax.nn.gelu(x, False)
jax.nn.leaky_relu(x)
jax.nn.leaky_relu(x, negative_slope=0.2)
jax.nn.leaky_relu(x, 0.3)
jax.nn.elu(x, alpha=0.5)
jax.nn.celu(x, alpha=0.5)
jax.nn.squareplus(x, b=2)
np.nan_to_num(x)
np.nan_to_num(x, nan=1.0, posinf=2.0, neginf=-3.0)
np.nan_to_num(x, copy=False)
np.round(x, 2)
np.round(x, decimals=3)
np.heaviside(x, 0.5)
""".strip().splitlines()


@pytest.mark.parametrize("text", mark_slow(KEYWORDS))
def test_keywords(text: str) -> None:
    check(text)


REFUSED = [
    ("x.exp()", "write exp(x)"), ("x.imag", "real"), ("x.foo()", None), ("x.sum(axis=0, foo=1)", "keywords"),
    ("x.sum", "call it"), ("x.T()", "without brackets"), ("(x*2).unsqueeze(0)", "expand_dims"),
    ("x.sum(0, axis=1)", None), ("np.log(x, 2)", "log(x)/log(b)"), ("np.max(x, x)", "maximum(x, y)"),
    ("np.hypot(x, x, x)", "hypot(x, y, z)"), ("x.astype('complex')", "types are"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "hint"), REFUSED)
def test_refusals_have_a_place_and_a_hint(text: str, hint: str | None) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.read(text, ["x"]).at([(3,)])
    assert caught.value.position is not None or caught.value.offset is not None
    assert hint is None or hint in str(caught.value.hint)
