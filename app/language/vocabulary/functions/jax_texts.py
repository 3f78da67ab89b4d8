"""Functions of whole arrays that are texts of the language: those of ``jax.lax`` and ``jax.nn``."""

from __future__ import annotations

from app.language.vocabulary.word import Word, of_arrays


def _reduced(name: str, word: str) -> Word:
    return of_arrays(
        "operand, axes=None", f"lax.{name}", doc=f"{word} over axes", definition=f"np.{word}(operand, axis=axes)"
    )


def _running(name: str, word: str, doc: str) -> Word:
    text = f"np.flip({word}(np.flip(operand, axis), axis), axis) if reverse else {word}(operand, axis)"
    return of_arrays("operand, axis=0, reverse=False", name, doc=f"{doc} of the first elements", definition=text)


LAX: tuple[Word, ...] = (
    _reduced("reduce_sum", "sum"),
    _reduced("reduce_prod", "prod"),
    _reduced("reduce_max", "max"),
    _reduced("reduce_min", "min"),
    _reduced("reduce_and", "all"),
    _reduced("reduce_or", "any"),
    _running("lax.cumsum", "np.cumsum", "sums"),
    _running("lax.cumprod", "np.cumprod", "products"),
    _running("cummax", "running_max", "greatest"),
    _running("cummin", "running_min", "least"),
    _running("cumlogsumexp", "running_logsumexp", "logsumexp"),
    of_arrays("operand, dimension=-1, is_stable=True, num_keys=1", "lax.sort", doc="elements in ascending order",
              definition="np.sort(operand, axis=dimension)"),
    of_arrays("min, x, max", "lax.clamp", doc="x between bounds", definition="where(less(x, min), min,"
              " where(greater(x, max), max, where(equal(x, min) | equal(x, max), lax.stop_gradient(x), x)))"),
    of_arrays("dtype, size", "iota", doc="the integers from 0 to before size", definition="np.arange(size)"),
    of_arrays("dtype, shape, dimension", "broadcasted_iota", doc="in each place its index of one axis", definition="""
count = shape[dimension]
sizes = [count if k == dimension else 1 for k in range(len(shape))]
return np.broadcast_to(np.reshape(np.arange(count), sizes), shape)"""),
    of_arrays("operand, sizes", "lax.broadcast", doc="x repeated along new first axes",
              definition="np.broadcast_to(operand, [n for n in sizes] + [n for n in np.shape(operand)])"),
    of_arrays("operands, dimension", "lax.concatenate", doc="arrays end to end",
              definition="np.concatenate(operands, axis=dimension)"),
    of_arrays("operand, padding_value, padding_config", "lax.pad",
              doc="x with (before, after, between) of a value along each axis; less than 0 takes elements off",
              definition="""
for k in range(len(padding_config)):
    before, after, between = padding_config[k]
    count = np.shape(operand)[k]
    places = np.arange(before + count + max(count - 1, 0)*between + after) - before
    step = between + 1
    there = greater_equal(places, 0) & less(places, count*step) & equal(places % step, 0)
    rows = np.take(operand, minimum(maximum(places//step, 0), count - 1), axis=k)
    operand = np.moveaxis(where(there, np.moveaxis(rows, k, -1), padding_value), -1, k)
return operand"""),
    of_arrays("operand, start_indices, limit_indices, strides=None", "lax.slice",
              doc="part between indices of all axes",
              definition="""
for k in range(len(start_indices)):
    places = np.arange(start_indices[k], limit_indices[k], strides[k] if given(strides) else 1)
    operand = np.take(operand, places, axis=k)
return operand"""),
    of_arrays("operand, start_index, limit_index, stride=1, axis=0", "slice_in_dim", doc="part along an axis",
              definition="np.take(operand, np.arange(np.shape(operand)[axis])[start_index:limit_index:stride],"
              " axis=axis)"),
    of_arrays("operand, index, axis=0, keepdims=True", "index_in_dim", doc="part at an index of an axis",
              definition="np.take(operand, np.array([index]) if keepdims else index, axis=axis)"),
    of_arrays("operand, start_index, slice_size, axis=0", "dynamic_slice_in_dim",
              doc="part of a length along an axis, moved to lie inside", definition="""
count = np.shape(operand)[axis]
start = where(less(start_index, 0), start_index + count, start_index)
return np.take(operand, clip(start, 0, count - slice_size) + np.arange(slice_size), axis=axis)"""),
    of_arrays("operand, start_indices, slice_sizes", "dynamic_slice",
              doc="part of a shape from indices that may be data, moved to lie inside", definition="""
for k in range(len(slice_sizes)):
    operand = lax.dynamic_slice_in_dim(operand, start_indices[k], slice_sizes[k], axis=k)
return operand"""),
    of_arrays("operand, index, axis=0, keepdims=True", "dynamic_index_in_dim",
              doc="part at an index of an axis that may be data", definition="""
found = lax.dynamic_slice_in_dim(operand, index, 1, axis=axis)
if keepdims:
    return found
return np.squeeze(found, axis=axis)"""),
    of_arrays("operand, update, start_indices", "dynamic_update_slice",
              doc="array with a part replaced from indices that may be data, moved to lie inside", definition="""
inside = True
for k in range(np.ndim(operand)):
    count = np.shape(operand)[k]
    length = np.shape(update)[k]
    start = where(less(start_indices[k], 0), start_indices[k] + count, start_indices[k])
    places = np.arange(count) - clip(start, 0, count - length)
    shape = [count if j == k else 1 for j in range(np.ndim(operand))]
    inside = logical_and(inside, np.reshape((places >= 0) & (places < length), shape))
    update = np.take(update, clip(places, 0, length - 1), axis=k)
return where(inside, update, operand)"""),
    of_arrays("operand, update, start_index, axis", "dynamic_update_slice_in_dim",
              doc="array with a part replaced along an axis",
              definition="lax.dynamic_update_slice(operand, update,"
              " [start_index if k == axis % np.ndim(operand) else 0 for k in range(np.ndim(operand))])"),
    of_arrays("operand, update, index, axis", "dynamic_update_index_in_dim",
              doc="array with the part at an index of an axis replaced",
              definition="lax.dynamic_update_slice_in_dim(operand, np.expand_dims(update, axis)"
              " if np.ndim(update) < np.ndim(operand) else update, index, axis)"),
    of_arrays("operand, k", "top_k", doc="(the k greatest of each last line, descending; their positions)",
              definition="""
places = np.argsort(-np.asarray(operand), axis=-1)[..., :k]
return (np.take_along_axis(operand, places, axis=-1), places)"""),
)  # fmt: skip

NN: tuple[Word, ...] = (
    of_arrays("x, axis=-1", "glu", doc="first half of x times the sigmoid of the second", definition="""
halves = np.split(x, 2, axis=axis)
return halves[0]*sigmoid(halves[1])"""),
    of_arrays("x, num_classes, dtype=None, axis=-1", "one_hot", doc="1 in the place that x says, else 0",
              definition="np.moveaxis(where(equal(np.expand_dims(x, -1), np.arange(num_classes)), 1.0, 0.0),"
              " -1, axis)"),
    of_arrays("x, axis=-1, mean=None, variance=None, epsilon=1e-05", "standardize",
              doc="(x - mean) / sqrt(variance + epsilon)", definition="""
centre = mean if given(mean) else np.mean(x, axis=axis, keepdims=True)
if given(variance):
    spread = variance
elif given(mean):
    spread = np.mean(square(x), axis=axis, keepdims=True) - square(mean)
else:
    spread = np.var(x, axis=axis, keepdims=True)
return (x - centre)*rsqrt(spread + epsilon)"""),
)  # fmt: skip

FUNCTIONS: tuple[Word, ...] = (*LAX, *NN)
"""Words that are a text of the language, over those of ``arrays`` and ``array_texts``."""

INNER: dict[str, Word] = {
    word.names[0]: word
    for word in (
        of_arrays("x", "given", doc="whether an operand is not None"),
        of_arrays("x, axis", "running_max", doc="greatest of the first elements"),
        of_arrays("x, axis", "running_min", doc="least of the first elements"),
        of_arrays("x, axis", "running_logsumexp", doc="logsumexp of the first elements"),
    )
}
"""Words of arrays that only definitions may call."""
