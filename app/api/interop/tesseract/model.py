"""A function as Tesseract sees it: inputs ``expression`` and arrays, outputs ``value`` and ``gradient``.

Only a scalar function has the output ``gradient``. Both outputs are differentiable, so a client that takes first
derivatives alone gets exact second derivatives: the Jacobian of ``gradient`` is the Hessian H of the value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import errors
from app.api.interop import array_query, json_bodies, named_arrays
from app.api.interop.named_arrays import Array, Shape
from app.api.interop.tesseract import arrays
from app.engine import engine

_OPTIONS = ("expression", "args", "rank")
"""Inputs that are not arrays."""

_OUTPUTS = ("value", "gradient")
_TEXTS = {"type": "array", "items": {"type": "string"}}
_RANK = {"description": "axes of each argument, where the text leaves it open"}
_ARRAY = {
    "type": "object",
    "properties": {"object_type": {"const": "array", "type": "string"}},
    "array_flags": ["DIFFERENTIABLE"],
}
_DIFFERENTIABLE = {"dtype": "float64"}
"""Without a shape, which means any number of axes: so clients send a batch as one array."""


def describe(function: named_arrays.Arguments | None, title: str, endpoints: Sequence[str]) -> dict[str, Any]:
    """Return the schema that clients read first. A function that is None is an input of every request."""
    options: dict[str, Any] = {"rank": _RANK}
    if function is None:
        names, required = [named_arrays.X], ["expression", named_arrays.X]
        options |= {"expression": {"anyOf": [{"type": "string"}, _TEXTS]}, "args": _TEXTS}
    else:
        names, required = [*function.args, *([named_arrays.X] if named_arrays.takes_x(function) else [])], []
        options = {} if "rank" in names else options
    inputs = options | dict.fromkeys(names, _ARRAY)
    schemas = {
        "Apply_InputSchema": {"type": "object", "properties": inputs, "required": required},
        "Apply_OutputSchema": {"type": "object", "properties": dict.fromkeys(_OUTPUTS, _ARRAY)},
        "ApplyInputSchema": {"differentiable_arrays": dict.fromkeys(names, _DIFFERENTIABLE)},
        "ApplyOutputSchema": {"differentiable_arrays": dict.fromkeys(_OUTPUTS, _DIFFERENTIABLE)},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {f"/{name}": {} for name in endpoints},
        "components": {"schemas": schemas},
        "x-supported-output-formats": arrays.FORMATS,
        "x-supported-gpu-transports": ["none"],
        "x-supported-compressions": ["none"],
    }


@dataclass(frozen=True, slots=True)
class TesseractRequest:
    """A function at the points of the inputs, and the document whose members tell what to derive there."""

    document: Mapping[str, Any]
    query: array_query.ArrayQuery
    inputs: Mapping[str, named_arrays.NamedArray]
    outputs: Mapping[str, Shape]  # shape of each at one point

    async def apply(self) -> dict[str, Array]:
        """Return the outputs."""
        values, jacobians = await self._first_order()
        batch_shape = self.query.layout.batch_shape
        outputs = {"value": values.reshape(batch_shape + self.query.value_shape)}
        if self.query.value_shape == ():
            outputs["gradient"] = jacobians[:, 0].reshape(batch_shape + self.query.layout.gradient_shape)
        return outputs

    async def jacobian(self) -> dict[str, dict[str, Array]]:
        """Return the Jacobian of each output in ``jac_outputs`` by each input in ``jac_inputs``."""
        layout = self.query.layout
        inputs, outputs = self._names("jac_inputs", self.inputs), self._names("jac_outputs", self.outputs)
        rows = layout.batch * max(math.prod(self.outputs[output]) for output in outputs)
        limit = self.query.served.limits.work.max_numbers
        if rows * sum(math.prod(self.inputs[name].shape) for name in inputs) > limit:
            hint = "products with it take less: jacobian_vector_product, vector_jacobian_product"
            raise errors.TooComplex(f"the Jacobian has more than {limit} numbers", hint=hint)
        jacobians = {}
        for output in outputs:
            flat = (await self._first_order())[1] if output == "value" else await self._second_order("hessian")
            shape = self.outputs[output]
            jacobians[output] = {name: layout.jacobian(flat, shape, self.inputs[name]) for name in inputs}
        return jacobians

    async def jacobian_vector_product(self) -> dict[str, Array]:
        """Return J t for each output in ``jvp_outputs``, t the tangents of the inputs in ``jvp_inputs``."""
        layout = self.query.layout
        inputs, outputs = self._names("jvp_inputs", self.inputs), self._names("jvp_outputs", self.outputs)
        tangents = layout.flatten(self._vectors("tangent_vector", {name: self.inputs[name].shape for name in inputs}))
        products = {}
        for output in outputs:
            product = await self._product(output, "bmn,bn->bm", tangents)
            products[output] = product.reshape(layout.batch_shape + self.outputs[output])
        return products

    async def vector_jacobian_product(self) -> dict[str, Array]:
        """Return the sum of c^T J over the outputs in ``vjp_outputs`` with cotangents c, by each in ``vjp_inputs``."""
        layout = self.query.layout
        inputs, outputs = self._names("vjp_inputs", self.inputs), self._names("vjp_outputs", self.outputs)
        shapes = {output: layout.batch_shape + self.outputs[output] for output in outputs}
        total: Any = 0
        for output, cotangent in self._vectors("cotangent_vector", shapes).items():
            total = total + await self._product(output, "bmn,bm->bn", cotangent.reshape(layout.batch, -1))
        return {name: layout.cotangent(total, self.inputs[name]) for name in inputs}

    async def _first_order(self) -> tuple[Array, Array]:
        """Return values (b, m) and Jacobians (b, m, n)."""
        answer = await self.query.answer("grad" if self.query.value_shape == () else "jacobian")
        assert answer.derivative is not None
        return answer.values, answer.derivative

    async def _second_order(self, transform: str, direction: Array | None = None) -> Array:
        answer = await self.query.answer(transform, direction)
        assert answer.derivative is not None
        return answer.derivative

    async def _product(self, output: str, subscripts: str, vectors: Array) -> Array:
        """Return products of an output's Jacobians (b, m, n) and vectors; those of the gradient, H, are symmetric."""
        if output == "gradient":
            return (await self._second_order("hvp", vectors[:, None]))[:, 0]
        _, jacobians = await self._first_order()
        with np.errstate(all="ignore"):
            product: Array = np.einsum(subscripts, jacobians, vectors)
        return product

    def _names(self, member: str, known: Mapping[str, Any]) -> list[str]:
        """Return the inputs or outputs that a member of the request lists."""
        names = json_bodies.texts(self.document.get(member), member)
        if not names:
            raise errors.InvalidField(f"{member} names nothing", field=member)
        for index, name in enumerate(names):
            if name not in known:
                detail = f"{errors.quote(name)} is not among {errors.quote(', '.join(known))}"
                raise errors.InvalidField(detail, field=f"{member}.{index}")
        return list(dict.fromkeys(names))

    def _vectors(self, member: str, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Return the tangents or cotangents in a member of the request, broadcast to these shapes."""
        given = self.document.get(member)
        if not isinstance(given, dict) or given.keys() != shapes.keys():
            raise errors.InvalidField(f"{member} has one entry for each name that is listed", field=member)
        vectors = {}
        for name, shape in shapes.items():
            vector = arrays.array(given[name], f"{member}.{name}")
            try:
                vectors[name] = np.broadcast_to(vector, shape)
            except ValueError:
                detail = f"{name} has shape {list(shape)}, its entry {list(vector.shape)}"
                raise errors.BadShape(detail, field=f"{member}.{name}") from None
        return vectors


def _output_shapes(layout: named_arrays.ArrayLayout, value_shape: Shape) -> dict[str, Shape]:
    return {"value": value_shape} | ({"gradient": layout.gradient_shape} if value_shape == () else {})


async def read(
    served: engine.Engine, document: Mapping[str, Any], members: Sequence[str], function_id: str | None
) -> TesseractRequest:
    """Return the request in a document with ``inputs`` and these members; without an id the function is an input."""
    inputs = _inputs(document, members)
    named, given = await _function(served, inputs, function_id)
    values = {name: arrays.array(value, f"inputs.{name}") for name, value in given.items()}
    query = await array_query.prepare(served, named, values, _rank(inputs, named.function))
    by_name = {array.name: array for array in query.layout.arrays}
    return TesseractRequest(document, query, by_name, _output_shapes(query.layout, query.value_shape))


async def abstract_eval(
    served: engine.Engine, document: Mapping[str, Any], function_id: str | None
) -> dict[str, dict[str, Any]]:
    """Return shape and dtype of each output, from the shapes and dtypes of the inputs."""
    inputs = _inputs(document, ())
    named, given = await _function(served, inputs, function_id)
    outlines = {name: arrays.outline(value, f"inputs.{name}") for name, value in given.items()}
    shapes = {name: shape for name, (shape, _) in outlines.items()}
    layout = named_arrays.layout(named.function, shapes, served.limits.point, _rank(inputs, named.function))
    specialization = await served.specialization(named.expression, named.args, layout.argument_shapes, named.binding)
    dtype = "float32" if all(each == "float32" for _, each in outlines.values()) else "float64"
    outputs = _output_shapes(layout, specialization.shape)
    return {name: {"shape": layout.batch_shape + shape, "dtype": dtype} for name, shape in outputs.items()}


def _inputs(document: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    """Return the inputs of a document, which may have these members besides."""
    for name in document:
        if name not in members and name != "inputs":
            hint = f"members: {', '.join(['inputs', *members])}"
            detail = f"{errors.quote(name)} is not a member of this request"
            raise errors.InvalidField(detail, hint=hint, field=f"body.{name[:80]}")
    inputs = document.get("inputs")
    if not isinstance(inputs, dict):
        raise errors.InvalidField("inputs is an object", field="inputs")
    return inputs


async def _function(
    served: engine.Engine, inputs: Mapping[str, Any], function_id: str | None
) -> tuple[array_query.NamedFunction, dict[str, Any]]:
    """Return the function that inputs name, and the inputs that are its arguments."""
    options: Sequence[str] = _OPTIONS
    if function_id is not None:
        named = await array_query.by_id(served, function_id)
        options = () if "rank" in named.function.args else ("rank",)
    else:
        expression, args = inputs.get("expression"), inputs.get("args")
        if expression is None:
            hint = "register the function to leave it out" if "expression" not in inputs else None
            raise errors.InvalidField("the input expression is missing", hint=hint, field="inputs.expression")
        if not isinstance(expression, str):
            expression = json_bodies.texts(expression, "inputs.expression")
        named = await array_query.by_text(
            served, expression, None if args is None else json_bodies.texts(args, "inputs.args")
        )
    return named, {name: value for name, value in inputs.items() if name not in options}


def _rank(inputs: Mapping[str, Any], function: named_arrays.Arguments) -> named_arrays.Rank:
    return None if "rank" in function.args else named_arrays.read_rank(inputs.get("rank"), "inputs.rank")
