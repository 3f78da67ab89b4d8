"""Functions of whole arrays that are texts of the language: those of NumPy and SciPy."""

from __future__ import annotations

from app.language.vocabulary.word import Word, of_arrays

SHAPES: tuple[Word, ...] = (
    of_arrays(
        "x",
        "atleast_2d",
        doc="x with at least two axes, new ones first",
        definition="np.asarray(x) if np.ndim(x) > 1 else np.reshape(x, (1, -1))",
    ),
    of_arrays(
        "x",
        "atleast_3d",
        doc="x with at least three axes",
        definition="np.asarray(x) if np.ndim(x) > 2 else np.expand_dims(x, 2) if np.ndim(x) == 2"
        " else np.reshape(x, (1, -1, 1))",
    ),
    of_arrays(
        "x",
        "dstack",
        doc="arrays along a third axis",
        definition="np.concatenate([np.atleast_3d(each) for each in x], axis=2)",
    ),
    of_arrays("x, axis=0", "unstack", doc="list of the parts along an axis",
              definition="[np.take(x, k, axis=axis) for k in range(np.shape(x)[axis])]"),
    of_arrays("x, indices_or_sections", "hsplit", doc="parts along the second axis, of a vector along its only one",
              definition="np.split(x, indices_or_sections, axis=0 if np.ndim(x) == 1 else 1)"),
    of_arrays("x, indices_or_sections", "vsplit", doc="parts along the first axis",
              definition="np.split(x, indices_or_sections, axis=0)"),
    of_arrays("x, indices_or_sections", "dsplit", doc="parts along the third axis",
              definition="np.split(x, indices_or_sections, axis=2)"),
    of_arrays("x", "flipud", doc="rows in reverse order", definition="np.flip(x, 0)"),
    of_arrays("x", "fliplr", doc="columns in reverse order", definition="np.flip(x, 1)"),
    of_arrays(
        "m, k=1, axes=(0, 1)",
        "rot90",
        doc="m turned k times by a right angle, from the first axis to the second",
        definition="np.asarray(m) if k % 4 == 0 else np.flip(m, axes) if k % 4 == 2"
        " else np.swapaxes(np.flip(m, axes[1]), axes[0], axes[1]) if k % 4 == 1"
        " else np.flip(np.swapaxes(m, axes[0], axes[1]), axes[1])",
    ),
    of_arrays("x", "matrix_transpose", doc="the last two axes exchanged", definition="np.swapaxes(x, -1, -2)"),
    of_arrays("x, new_shape", "resize", doc="x over and over in a shape", definition="""
n = np.size(x)
places = [k % n for k in range(math.prod([m for m in np.ravel(new_shape)]))]
return np.reshape(np.take(np.ravel(x), np.array(places)), new_shape)"""),
    of_arrays("a, obj, values", "insert", doc="all elements of a, with values before the one at an index",
              definition="np.concatenate([np.ravel(a)[:obj], np.ravel(values), np.ravel(a)[obj:]])"),
    of_arrays("condition, x", "extract", "compress", doc="elements where a condition known from the text holds",
              definition="np.take(x, np.flatnonzero(condition))"),
    of_arrays("v, k=0", "diagflat", doc="matrix with the elements of v as a diagonal",
              definition="np.diag(np.ravel(v), k)"),
    of_arrays("arr, indices, values, axis, inplace=True, mode=None", "put_along_axis",
              doc="arr with other elements at indices along an axis", definition="""
found = np.moveaxis(arr, axis, -1)
places = np.moveaxis(indices, axis, -1)
new = np.moveaxis(np.broadcast_to(values, np.shape(indices)), axis, -1)
count = np.shape(found)[-1]
for k in range(np.shape(places)[-1]):
    found = where(equal(mod(places[..., k:k + 1], count), np.arange(count)), new[..., k:k + 1], found)
return np.moveaxis(found, -1, axis)"""),
    of_arrays("a, val, wrap=False, inplace=False", "fill_diagonal", doc="matrix with another diagonal",
              definition="where(np.eye(np.shape(a)[0], np.shape(a)[1]) == 1, val, a)"),
)  # fmt: skip

NUMBERS: tuple[Word, ...] = (
    of_arrays("N, M=None, k=0, dtype=None", "tri", doc="ones on and below a diagonal",
              definition="np.tril(np.ones((N, M if given(M) else N)), k)"),
    of_arrays("start, stop, num=50, endpoint=True, base=10.0, dtype=None", "logspace",
              doc="powers of base, with evenly spaced exponents",
              definition="base**np.linspace(start, stop, num, endpoint)"),
    of_arrays("start, stop, num=50, endpoint=True, dtype=None", "geomspace", doc="num numbers in constant ratio",
              definition="start*(stop/start)**np.linspace(0.0, 1.0, num, endpoint)"),
    of_arrays("x, N=None, increasing=False", "vander", doc="powers of x as columns, the highest first", definition="""
count = N if given(N) else len(x)
return np.stack([np.asarray(x)**k for k in (range(count) if increasing else range(count - 1, -1, -1))], axis=1)"""),
    of_arrays("c, r=None", "toeplitz", doc="matrix of constant diagonals; first column c, first row r", definition="""
row = np.ravel(r if given(r) else c)
column = np.ravel(c)
places = np.arange(len(column))[:, None] - np.arange(len(row))[None, :] + (len(row) - 1)
return np.take(np.concatenate([row[:0:-1], column]), places)"""),
    of_arrays("c", "circulant", doc="matrix whose columns are c, moved round",
              definition="np.take(c, (np.arange(len(c))[:, None] - np.arange(len(c))[None, :]) % len(c))"),
    of_arrays("n", "scipy.linalg.hilbert", doc="Hilbert's matrix, 1 / (i + j + 1)",
              definition="1/(np.arange(n)[:, None] + np.arange(n)[None, :] + 1)"),
    of_arrays("M", "hanning", doc="Hann's window of M points",
              definition="np.ones(M) if M < 2 else 0.5 - 0.5*cos(2*pi*np.arange(M)/(M - 1))"),
    of_arrays("M", "hamming", doc="Hamming's window of M points",
              definition="np.ones(M) if M < 2 else 0.54 - 0.46*cos(2*pi*np.arange(M)/(M - 1))"),
    of_arrays("M", "blackman", doc="Blackman's window of M points",
              definition="np.ones(M) if M < 2 else"
              " 0.42 - 0.5*cos(2*pi*np.arange(M)/(M - 1)) + 0.08*cos(4*pi*np.arange(M)/(M - 1))"),
    of_arrays("M", "bartlett", doc="Bartlett's window of M points",
              definition="np.ones(M) if M < 2 else 1 - abs(2*np.arange(M)/(M - 1) - 1)"),
)  # fmt: skip

COMPARISONS: tuple[Word, ...] = (
    of_arrays("a, b, rtol=1e-05, atol=1e-08, equal_nan=False", "isclose", doc="whether |a - b| <= atol + rtol * |b|",
              definition="where(isfinite(a) & isfinite(b),"
              " less_equal(abs(subtract(a, b)), add(atol, multiply(rtol, abs(b)))),"
              " equal(a, b) | (isnan(a) & isnan(b) & equal_nan))"),
    of_arrays("a, b, rtol=1e-05, atol=1e-08, equal_nan=False", "allclose", doc="whether isclose holds everywhere",
              definition="np.all(np.isclose(a, b, rtol, atol, equal_nan))"),
    of_arrays("a, b, rel_tol=1e-09, abs_tol=0.0", "math.isclose",
              doc="whether |a - b| is at most rel_tol times the greater of |a| and |b|, or abs_tol",
              definition="a == b or abs(a - b) <= max(rel_tol*max(abs(a), abs(b)), abs_tol)"),
    of_arrays("x, y", "array_equal", doc="whether shapes and elements are the same", definition="""
same = np.ndim(x) == np.ndim(y) and all([m == n for m, n in zip(np.shape(x), np.shape(y))])
if same:
    return np.all(equal(x, y))
return same"""),
    of_arrays("element, test_elements", "isin", doc="which elements are among others",
              definition="np.any(equal(np.expand_dims(element, -1), np.ravel(test_elements)), axis=-1)"),
    of_arrays("x, axis=None, keepdims=False", "count_nonzero", doc="number of elements that are not 0",
              definition="np.sum(not_equal(x, 0), axis=axis, keepdims=keepdims)"),
)  # fmt: skip

_REDUCED = "x, axis=None, dtype=None, out=None, keepdims=False"

WITHOUT_NAN: tuple[Word, ...] = (
    of_arrays(_REDUCED, "nansum", doc="sum without nan",
              definition="np.sum(where(isnan(x), 0, x), axis=axis, keepdims=keepdims)"),
    of_arrays(_REDUCED, "nanprod", doc="product without nan",
              definition="np.prod(where(isnan(x), 1, x), axis=axis, keepdims=keepdims)"),
    of_arrays(_REDUCED, "nanmean", doc="mean without nan",
              definition="np.nansum(x, axis=axis, keepdims=keepdims)"
              "/np.sum(logical_not(isnan(x)), axis=axis, keepdims=keepdims)"),
    of_arrays("x, axis=None, dtype=None, out=None, ddof=0, keepdims=False", "nanvar", doc="variance without nan",
              definition="""
there = logical_not(isnan(x))
numbers = where(there, x, 0)
centre = np.sum(numbers, axis=axis, keepdims=True)/np.sum(there, axis=axis, keepdims=True)
squares = np.sum(where(there, square(numbers - centre), 0), axis=axis, keepdims=keepdims)
freedom = np.sum(there, axis=axis, keepdims=keepdims) - ddof
return where(freedom > 0, squares/where(freedom > 0, freedom, 1), nan)"""),
    of_arrays("x, axis=None, dtype=None, out=None, ddof=0, keepdims=False", "nanstd",
              doc="standard deviation without nan",
              definition="sqrt(np.nanvar(x, axis=axis, ddof=ddof, keepdims=keepdims))"),
    of_arrays("x, axis=None, out=None, keepdims=False", "nanmax", doc="greatest element that is not nan",
              definition="where(np.all(isnan(x), axis=axis, keepdims=keepdims), nan,"
              " np.max(where(isnan(x), -inf, x), axis=axis, keepdims=keepdims))"),
    of_arrays("x, axis=None, out=None, keepdims=False", "nanmin", doc="least element that is not nan",
              definition="where(np.all(isnan(x), axis=axis, keepdims=keepdims), nan,"
              " np.min(where(isnan(x), inf, x), axis=axis, keepdims=keepdims))"),
    of_arrays("x, axis=None, out=None, keepdims=False", "nanargmax", doc="position of the greatest that is not nan",
              definition="np.argmax(where(isnan(x), -inf, x), axis=axis, keepdims=keepdims)"),
    of_arrays("x, axis=None, out=None, keepdims=False", "nanargmin", doc="position of the least that is not nan",
              definition="np.argmin(where(isnan(x), inf, x), axis=axis, keepdims=keepdims)"),
    of_arrays("x, axis=None, dtype=None", "nancumsum", doc="sums of the first elements without nan",
              definition="np.cumsum(where(isnan(x), 0, x), axis=axis)"),
    of_arrays("x, axis=None, dtype=None", "nancumprod", doc="products of the first elements without nan",
              definition="np.cumprod(where(isnan(x), 1, x), axis=axis)"),
    of_arrays("x, q, axis=None, out=None, overwrite_input=False, keepdims=False", "nanquantile",
              doc="quantile without nan, linear between elements", definition="""
if np.ndim(q) > 0:
    return np.stack([np.nanquantile(x, each, axis=axis, keepdims=keepdims) for each in q])
rows = np.moveaxis(x, axis, -1) if given(axis) else np.ravel(x)
there = logical_not(isnan(rows))
count = np.sum(there, axis=-1, keepdims=True)
place = q*where(count > 0, count - 1, 0)
line = np.sort(where(there, rows, inf), axis=-1)
low = np.take_along_axis(line, floor(place), axis=-1)
high = np.take_along_axis(line, ceil(place), axis=-1)
found = where(count > 0, low + (place - floor(place))*(high - low), nan)
if keepdims:
    return np.moveaxis(found, -1, axis) if given(axis) else np.reshape(found, [1 for n in np.shape(x)])
return found[..., 0]"""),
    of_arrays("x, q, axis=None, out=None, overwrite_input=False, keepdims=False", "nanpercentile",
              doc="nanquantile at q/100", definition="np.nanquantile(x, divide(q, 100), axis=axis, keepdims=keepdims)"),
    of_arrays("x, axis=None, out=None, overwrite_input=False, keepdims=False", "nanmedian", doc="median without nan",
              definition="np.nanquantile(x, 0.5, axis=axis, keepdims=keepdims)"),
)  # fmt: skip

LINES: tuple[Word, ...] = (
    of_arrays("x, to_end=None, to_begin=None", "ediff1d", doc="differences of neighbours, of all elements in one line",
              definition="np.concatenate([np.ravel(each) for each in [to_begin, np.diff(np.ravel(x)), to_end]"
              " if given(each)])"),
    of_arrays("x, axis=None, dtype=None, include_initial=False", "cumulative_sum", doc="sums of the first elements",
              definition="""
along = axis if given(axis) else 0
first = [np.zeros_like(np.take(x, np.array([0]), axis=along))] if include_initial else []
return np.concatenate(first + [np.cumsum(x, axis=along)], axis=along)"""),
    of_arrays("x, axis=None, dtype=None, include_initial=False", "cumulative_prod",
              doc="products of the first elements",
              definition="""
along = axis if given(axis) else 0
first = [np.ones_like(np.take(x, np.array([0]), axis=along))] if include_initial else []
return np.concatenate(first + [np.cumprod(x, axis=along)], axis=along)"""),
    of_arrays("y, x=None, dx=1.0, axis=-1, initial=None", "cumulative_trapezoid",
              doc="integrals of the first elements by the trapezoidal rule", definition="""
heights = np.moveaxis(y, axis, -1)
widths = np.diff(np.moveaxis(x, axis, -1) if np.ndim(x) > 1 else np.asarray(x), axis=-1) if given(x) else dx
areas = np.cumsum(widths*(heights[..., 1:] + heights[..., :-1])/2, axis=-1)
if given(initial):
    areas = np.concatenate([np.full_like(heights[..., :1], initial), areas], axis=-1)
return np.moveaxis(areas, -1, axis)"""),
    of_arrays("y, x=None, dx=1.0, axis=-1", "simpson",
              doc="integral by Simpson's rule; of an even number of points the last interval is SciPy's",
              definition="""
heights = np.moveaxis(y, axis, -1)
count = np.shape(heights)[-1]
widths = np.diff(np.moveaxis(x, axis, -1) if np.ndim(x) > 1 else np.asarray(x), axis=-1) if given(x) \\
    else dx*np.ones(count - 1)
if count < 3:
    return np.sum(widths*(heights[..., 1:] + heights[..., :-1])/2, axis=-1)
last = count - 1 - (count - 1) % 2
a = widths[..., 0:last:2]
b = widths[..., 1:last:2]
parts = (2 - b/a)*heights[..., 0:last:2] + square(a + b)/(a*b)*heights[..., 1:last:2]
total = np.sum((a + b)/6*(parts + (2 - a/b)*heights[..., 2:last + 1:2]), axis=-1)
if last < count - 1:
    a = widths[..., -2]
    b = widths[..., -1]
    total = total + (2*square(b) + 3*a*b)/(6*(a + b))*heights[..., -1] + (square(b) + 3*a*b)/(6*a)*heights[..., -2] \\
        - b**3/(6*a*(a + b))*heights[..., -3]
return total"""),
    of_arrays("p, discont=None, axis=-1, period=2*pi", "unwrap",
              doc="angles without jumps of more than half a period", definition="""
steps = np.diff(p, axis=axis)
half = period/2
turned = mod(steps + half, period) - half
turned = where((turned == -half) & (steps > 0), half, turned)
more = where(abs(steps) < (discont if given(discont) else half), 0, turned - steps)
count = np.shape(p)[axis]
rest = np.take(p, np.arange(1, count), axis=axis) + np.cumsum(more, axis=axis)
return np.concatenate([np.take(p, np.array([0]), axis=axis), rest], axis=axis)"""),
    of_arrays("x, axis=None, keepdims=False", "logmeanexp", doc="log of the mean of exp(x), without overflow",
              definition="""
found = logsumexp(x, axis=axis, keepdims=keepdims)
return found - log(np.size(x)/np.size(found))"""),
)  # fmt: skip

POLYNOMIALS: tuple[Word, ...] = (
    of_arrays("p, q", "polyadd", doc="sum of polynomials, the highest power first", definition="""
n = max(len(p), len(q))
return np.concatenate([np.zeros(n - len(p)), p]) + np.concatenate([np.zeros(n - len(q)), q])"""),
    of_arrays("p, q", "polysub", doc="difference of polynomials", definition="np.polyadd(p, -np.asarray(q))"),
    of_arrays("p, q", "polymul", doc="product of polynomials", definition="np.convolve(p, q)"),
    of_arrays("p, m=1", "polyder", doc="m-th derivative of a polynomial", definition="""
for k in range(m):
    p = np.asarray(p)[:-1]*np.arange(len(p) - 1, 0, -1)
return np.asarray(p)"""),
    of_arrays("p, m=1, k=None", "polyint", doc="m-th antiderivative of a polynomial, with constants k", definition="""
constants = np.zeros(m) + (k if given(k) else 0)
for j in range(m):
    p = np.concatenate([np.asarray(p)/np.arange(len(p), 0, -1), constants[j:j + 1]])
return np.asarray(p)"""),
    of_arrays("x, y, deg", "polyfit", doc="polynomial through points in the sense of least squares", definition="""
powers = np.vander(x, deg + 1)
scale = sqrt(np.sum(square(powers), axis=0))
return (np.linalg.lstsq(powers/scale, y)[0].T/scale).T"""),
)  # fmt: skip

PRODUCTS: tuple[Word, ...] = (
    of_arrays("x, y, axis=-1", "vecdot", doc="scalar products along an axis",
              definition="np.sum(multiply(x, y), axis=axis)"),
    of_arrays("x, y", "matvec", doc="products of matrices and vectors",
              definition="np.einsum('...ij,...j->...i', x, y)"),
    of_arrays("x, y", "vecmat", doc="products of vectors and matrices",
              definition="np.einsum('...i,...ij->...j', x, y)"),
    of_arrays("p, q", "sumprod", doc="sum of products of two lists", definition="np.sum(multiply(p, q))"),
    of_arrays("p, q", "math.dist", doc="Euclidean distance of two points", definition="np.linalg.norm(subtract(p, q))"),
    of_arrays("x", "fsum", doc="sum of a list", definition="np.sum(np.asarray(x))"),
    of_arrays("x, start=1", "math.prod", doc="product of a list", definition="start*prod(x)"),
    of_arrays("x, y", "divmod", doc="(x // y, x % y)", definition="(floor_divide(x, y), mod(x, y))"),
    of_arrays("x", "modf", doc="(x without its integer part, the integer part)",
              definition="(subtract(x, trunc(x)), trunc(x))"),
    of_arrays("x", "angle", doc="0, or pi where x < 0", definition="where(less(x, 0), pi, 0)"),
    of_arrays("x", "imag", doc="0 for every number, which are real", definition="np.zeros_like(x)"),
    of_arrays("x, p=None", "cond", doc="condition number of a matrix, in the norm p", definition="""
if given(p):
    return np.linalg.norm(x, p)*np.linalg.norm(np.linalg.inv(x), p)
values = np.linalg.svdvals(x)
return values[0]/values[-1]"""),
    of_arrays("x", "matrix_rank", doc="number of singular values that are not 0 to rounding", definition="""
values = np.linalg.svdvals(x)
return np.sum(values > values[0]*max(np.shape(x))*2.0**-52)"""),
    of_arrays("x, lower=False, overwrite_a=False, check_finite=True", "scipy.linalg.cholesky",
              doc="Cholesky factor of a matrix, upper if not asked",
              definition="np.linalg.cholesky(x) if lower else np.linalg.cholesky(x).mT"),
    of_arrays("a, d", "multigammaln", doc="log of the multivariate gamma function of dimension d",
              definition="sum([lgamma(a - k/2) for k in range(d)]) + d*(d - 1)/4*log(pi)"),
)  # fmt: skip

FUNCTIONS: tuple[Word, ...] = (
    *SHAPES,
    *NUMBERS,
    *COMPARISONS,
    *WITHOUT_NAN,
    *LINES,
    *POLYNOMIALS,
    *PRODUCTS,
)
"""Words that are a text of the language, over those of ``arrays``."""
