"""A function as a model of the Open Inference Protocol: its inputs, and its value and gradient as outputs.

The model ``gradient`` takes its function as ``parameters.expression``. A registered function is the model of its id.
The gradient is by ``parameters.argnums``: by one argument in the shape of its tensor, by several flat in one vector.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app import errors
from app.api.interop import array_query, json_bodies, named_arrays
from app.api.interop.inference import tensors
from app.api.interop.named_arrays import Array, Shape
from app.engine import engine
from app.engine.functions import arguments

MODEL = "gradient"
"""Name of the model that takes its function from the request."""


async def find(served: engine.Engine, name: str) -> array_query.NamedFunction | None:
    """Return the function of a model, None for the model that takes any function."""
    if name == MODEL:
        return None
    try:
        return await array_query.by_id(served, name)
    except errors.NotFound:
        hint = f"the models are {MODEL} and the ids of functions registered at /v1/functions"
        raise errors.NotFound(f"there is no model {errors.quote(name)}", hint=hint) from None


def describe(name: str, named: array_query.NamedFunction | None) -> dict[str, Any]:
    """Return the metadata of a model; -1 is an axis of any length."""
    ranks = {named_arrays.X: 1} if named is None else dict(zip(named.function.args, named.function.ranks, strict=True))
    inputs = [(name, [1] if rank == 0 else [-1] * (rank or 1)) for name, rank in ranks.items()]
    outputs = [(name, [-1]) for name in tensors.OUTPUTS]
    return {
        "name": name,
        "versions": [tensors.VERSION],
        "platform": "gradserve",
        "inputs": [{"name": name, "datatype": "FP64", "shape": shape} for name, shape in inputs],
        "outputs": [{"name": name, "datatype": "FP64", "shape": shape} for name, shape in outputs],
    }


async def infer(
    served: engine.Engine, name: str, named: array_query.NamedFunction | None, request: tensors.TensorRequest
) -> tuple[dict[str, Array], str]:
    """Return the outputs that a request wants, in its order, and the tier that computed them."""
    if named is None:
        named = await _function(served, request.parameters)
    elif "expression" in request.parameters:
        raise errors.InvalidField(f"the model {errors.quote(name)} is a function of its own", field="expression")
    sent = {name: tensor.shape for name, tensor in request.tensors.items()}
    shapes = _without_axis_of_numbers(named.function, sent)
    values = {name: tensor.reshape(shapes[name]) for name, tensor in request.tensors.items()}
    query = await array_query.prepare(served, named, values, _rank(request.parameters))
    layout = query.layout
    wanted = list(request.outputs) or tensors.OUTPUTS[: 1 + (query.value_shape == ())]
    argnums = request.parameters.get("argnums") if "gradient" in wanted else None
    positions = None if argnums is None else arguments.resolve(_argnums(argnums), named.function.args)
    answer = await query.answer("grad" if "gradient" in wanted else "value")
    outputs = {"value": answer.values.reshape(layout.batch_shape + answer.shape)}
    if answer.derivative is not None:
        outputs["gradient"] = _gradient(answer.derivative[:, 0], layout, named.function.args, positions, sent)
    return {output: outputs[output] for output in wanted}, answer.tier


async def _function(served: engine.Engine, parameters: Mapping[str, Any]) -> array_query.NamedFunction:
    """Return the function that parameters hold as text."""
    expression, args = parameters.get("expression"), parameters.get("args")
    if not isinstance(expression, str):
        hint = "or register the function, and ask the model of its id"
        raise errors.InvalidField("parameters.expression is missing: the function as text", hint=hint)
    return await array_query.by_text(served, expression, None if args is None else _names(args, "args"))


def _names(value: Any, field: str) -> list[str]:
    """Return names in a list, or in a text with commas: the specification knows no lists as parameters."""
    return json_bodies.texts([part.strip() for part in value.split(",")] if isinstance(value, str) else value, field)


def _argnums(value: Any) -> int | str | list[int | str]:
    """Return argnums: a position, a name, a list of them, or a text of either with commas between several."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.strip().removeprefix("[").removesuffix("]").split(",")]
        entries = [int(part) if part.lstrip("-").isdecimal() and len(part) < 6 else part for part in parts]
        return entries if "," in value or value.strip().startswith("[") else entries[0]
    for entry in value if isinstance(value, list) else [value]:
        if not (type(entry) is int or isinstance(entry, str)):
            raise errors.InvalidField("argnums is a position, a name, or several of them", field="argnums")
    return value  # type: ignore[no-any-return]


def _rank(parameters: Mapping[str, Any]) -> named_arrays.Rank:
    rank = parameters.get("rank")
    if isinstance(rank, str):
        rank = [int(part) if part.isdecimal() and len(part) == 1 else part for part in _names(rank, "rank")]
    return named_arrays.read_rank(rank, "rank")


def _without_axis_of_numbers(function: named_arrays.Arguments, sent: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the shapes of tensors, without the last axis of length 1 that a number has in this protocol."""
    ranks = dict(zip(function.args, function.ranks, strict=True))
    if len(function.args) == 1:
        ranks[named_arrays.X] = function.ranks[0]
    return {name: shape[:-1] if ranks.get(name) == 0 and shape[-1:] == (1,) else shape for name, shape in sent.items()}


def _gradient(
    rows: Array,
    layout: named_arrays.ArrayLayout,
    args: Sequence[str],
    positions: int | Sequence[int] | None,
    sent: Mapping[str, Shape],
) -> Array:
    """Return the gradient by the arguments at these positions, or by the first tensor.

    ``rows`` are gradients by all arguments, (b, n). A gradient by one tensor has the shape that the tensor was sent in,
    if that has as many numbers.
    """
    tensor, ends = layout.arrays[0], np.cumsum([0, *map(math.prod, layout.argument_shapes)]).tolist()
    if positions is None:
        name, shape, gradient = tensor.name, tensor.point_shape, rows[:, tensor.start : tensor.stop]
    elif isinstance(positions, int):
        name, shape = tensor.name if len(args) == 1 else args[positions], layout.argument_shapes[positions]
        gradient = rows[:, ends[positions] : ends[positions + 1]]
    else:
        gradient = np.concatenate([rows[:, ends[position] : ends[position + 1]] for position in positions], axis=1)
        return gradient.reshape(layout.batch_shape + gradient.shape[1:])
    shape = layout.batch_shape + shape
    sent_shape = sent.get(name, shape)
    return gradient.reshape(sent_shape if math.prod(sent_shape) == math.prod(shape) else shape)
