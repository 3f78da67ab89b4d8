"""A function as a model of UM-Bridge: a map F from vectors to one vector, and its derivatives.

    Evaluate       F(x)                               Gradient      sens^T J
    ApplyJacobian  J vec                              ApplyHessian  d/dx (sens^T J vec)

J is the Jacobian of the output vector by the input vector ``inWrt``. The output vector is the value of the function, in
row-major order. The model "gradient" takes its function from ``config``. A registered function is the model of its id.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from app import errors
from app.api.interop.named_arrays import Array, Shape
from app.api.interop.umbridge import fields as read
from app.api.interop.umbridge import vectors
from app.api.interop.umbridge.fields import Fields, Json
from app.engine import engine, points, query, registry
from app.engine.functions import bindings, functions
from app.runtime import cache

MODEL = "gradient"
"""The model that takes any function."""

_LAYOUTS = ("vector", "args")
_DTYPES = ("float64", "float32")
_MAX_LISTED = 1000
_MAX_INSPECTED_VALUES = 64
"""Values of a function up to which each is read alone to find the lengths of the arrays."""

_MODELS_WEIGHT = 4_000_000
"""Characters of the texts of the models kept, with a thousand more for each model."""


@dataclass(frozen=True, slots=True)
class Model:
    """A function as a model."""

    expression: str | tuple[str, ...]
    args: tuple[str, ...]
    dtype: str
    joined: bool  # whether all arguments are one vector
    shapes: tuple[Shape | None, ...]  # None where only the input tells
    binding: bindings.Binding | None = None
    every: tuple[str, ...] | None = None  # all arguments of a bound function


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request about a model at a point; ``fields`` has the indices, weights and vectors of its operation."""

    served: engine.Engine
    model: Model
    fields: Fields
    layout: vectors.VectorLayout
    point: points.Point
    value_shape: Shape

    async def evaluate(self) -> Json:
        """Return F(x) as a list of vectors."""
        return [(await self._numbers("value")).values[0].tolist()]

    async def gradient(self) -> Json:
        """Return sens^T J by ``inWrt``."""
        self._check_output()
        part, sens = self.layout.part(self._input("inWrt")), self._sens()
        if self.value_shape != ():
            return (await self._derivative("vjp", sens))[part].tolist()
        gradient = await self._derivative("grad")
        with np.errstate(all="ignore"):
            return (sens[0] * gradient[part]).tolist()

    async def apply_jacobian(self) -> Json:
        """Return J vec, J by ``inWrt``."""
        self._check_output()
        wrt = self._input("inWrt")
        vec = self._vec(wrt)
        if self.value_shape != ():
            return (await self._derivative("jvp", self.layout.tangent(wrt, vec))).tolist()
        gradient = await self._derivative("grad")
        with np.errstate(all="ignore"):
            return [float(gradient[self.layout.part(wrt)] @ vec)]

    async def apply_hessian(self) -> Json:
        """Return the derivative by ``inWrt1`` of sens^T J vec, J by ``inWrt2``."""
        self._check_output()
        outer, inner = self._input("inWrt1"), self._input("inWrt2")
        sens, vec = self._sens(), self._vec(inner)
        cotangent = sens.reshape(self.value_shape).tolist()
        product = await self._derivative("hvp", self.layout.tangent(inner, vec), cotangent)
        return product[self.layout.part(outer)].tolist()

    async def _derivative(self, transform: str, direction: Array | None = None, cotangent: Json = None) -> Array:
        """Return a derivative by all arguments: a gradient, or a product with one direction."""
        derivative = (await self._numbers(transform, direction, cotangent)).derivative
        assert derivative is not None
        row: Array = derivative[0, 0]
        return row

    async def _numbers(
        self, transform: str, direction: Array | None = None, cotangent: Json = None
    ) -> query.ArrayAnswer:
        expression, args, dtype = self.model.expression, self.model.every or self.model.args, self.model.dtype
        directions = None if direction is None else direction[None, None]
        return await self.served.numbers(
            query.Query(
                transform,
                expression,
                self.point,
                args,
                dtype=dtype,
                direction=directions,
                cotangent=cotangent,
                binding=self.model.binding,
            )
        )

    def _check_output(self) -> None:
        read.index(self.fields, "outWrt", 1, "output")

    def _input(self, name: str) -> int:
        return read.index(self.fields, name, len(self.layout.sizes), "input")

    def _sens(self) -> Array:
        return read.vector(self.fields, "sens", math.prod(self.value_shape))

    def _vec(self, wrt: int) -> Array:
        return read.vector(self.fields, "vec", self.layout.sizes[wrt])


class Models:
    """Finds the models that requests name; it keeps them, since samplers name the same one in every request."""

    def __init__(self, served: engine.Engine) -> None:
        self._served = served
        self._models: cache.LruDict[Hashable, Model] = cache.LruDict(_MODELS_WEIGHT, _weight)

    async def names(self, function_id: str, owner: str) -> list[str]:
        """Return the names of the models, of one function's path or of the root if ``function_id`` is empty."""
        if function_id:
            await self._served.registry.entry(function_id)
            return [function_id, MODEL]
        return [MODEL, *(entry.function_id for entry in self._served.registry.owned(owner)[:_MAX_LISTED])]

    async def entry(self, fields: Fields, function_id: str) -> registry.Entry | None:
        """Return the registered function that a request names, None for the function in its configuration."""
        name = read.model_name(fields)
        if function_id and name not in (function_id, MODEL):
            raise errors.NotFound(f"there is no model {errors.quote(name)} here", hint=f"there is {function_id[:40]}")
        if not function_id and name == MODEL:
            return None
        try:
            return await self._served.registry.entry(function_id or name)
        except errors.NotFound:
            detail = f"there is no model {errors.quote(function_id or name)}"
            hint = f"models are {MODEL} and the ids of functions registered at /v1/functions"
            raise errors.NotFound(detail, hint=hint) from None

    async def sizes(self, fields: Fields, function_id: str) -> tuple[list[int], int]:
        """Return the lengths of a model's input vectors, and the length of its output vector."""
        model = await self._model(fields, function_id)
        (layout,) = vectors.layouts(model.args, model.shapes, None, joined=model.joined)
        specialization = await self._specialization(model, layout)
        for plan in specialization.plans:
            # Raises if the function reads an element that is not there.
            plan.layout(layout.shapes if model.binding is None else model.binding.shapes(layout.shapes))
        return layout.sizes, math.prod(specialization.shape)

    async def request(self, fields: Fields, function_id: str) -> ModelRequest:
        """Return the request in some fields."""
        model = await self._model(fields, function_id)
        given = read.input_vectors(fields)
        lengths = [len(vector) for vector in given]
        limit = self._served.limits.point.max_elements
        first_error: errors.Rejected | None = None
        for layout in vectors.layouts(model.args, model.shapes, lengths, joined=model.joined):
            layout.check(lengths)
            flat = np.concatenate(given)
            if flat.size > limit:
                raise errors.TooComplex(f"the input has more than {limit} numbers")
            try:
                specialization = await self._specialization(model, layout)
            except errors.Rejected as error:
                first_error = first_error or error
            else:
                point = points.Point(flat, layout.shapes, None)
                return ModelRequest(self._served, model, fields, layout, point, specialization.shape)
        assert first_error is not None
        raise first_error

    async def _specialization(self, model: Model, layout: vectors.VectorLayout) -> functions.Specialization:
        args = model.every or model.args
        return await self._served.specialization(model.expression, args, layout.shapes, model.binding)

    async def marked(self, error: errors.GradserveError, fields: Fields, function_id: str) -> list[str]:
        """Return the lines of the function's text that show an error's position, if it has one."""
        if error.position is None:
            return []
        entry = await self.entry(fields, function_id)
        expression = read.expression(read.config(fields, registered=entry is not None), entry)
        texts = (expression,) if isinstance(expression, str) else expression
        index = (error.field or "").removeprefix("expression.")
        return [error.position.marked(texts[int(index) if index.isdecimal() else 0])]

    async def _model(self, fields: Fields, function_id: str) -> Model:
        entry = await self.entry(fields, function_id)
        config = read.config(fields, registered=entry is not None)
        expression = read.expression(config, entry)
        args = read.args(config) if entry is None else entry.args
        binding = None if entry is None else entry.binding
        joined = read.choice(config, "layout", _LAYOUTS) == "vector"
        dtype = read.choice(config, "dtype", _DTYPES)
        shapes = read.shapes(config)
        key = (expression, args, joined, dtype, json.dumps(shapes), binding and binding.function_id)
        model = self._models.get(key)
        if model is None:
            function = await self._served.function(expression, args)
            if binding is not None:
                free = bindings.FreeArguments.of(binding, function.ranks)
                declared = vectors.declared_shapes(shapes, free.args, self._served.limits.point.max_elements)
                known = vectors.known_shapes(free.args, declared, [free])
                model = Model(expression, free.args, dtype, joined, tuple(known), binding, function.args)
                self._models[key] = model
                return model
            known = await self._known_shapes(expression, function, shapes)
            model = self._models[key] = Model(expression, function.args, dtype, joined, tuple(known))
        return model

    async def _known_shapes(
        self, expression: str | tuple[str, ...], function: functions.Function, shapes: Json
    ) -> list[Shape | None]:
        """Return the shapes of the arguments that configuration and text tell."""
        declared = vectors.declared_shapes(shapes, function.args, self._served.limits.point.max_elements)
        inspected: Sequence[functions.Function] = [function]
        if function.general is None and not isinstance(expression, str) and len(expression) <= _MAX_INSPECTED_VALUES:
            # The functions of the single values may tell what the whole function does not.
            inspected = []
            for text in expression:
                inspected.append(await self._served.function(text, function.args))
                await asyncio.sleep(0)  # lets other requests run
        return vectors.known_shapes(function.args, declared, inspected)


def _weight(model: Model) -> int:
    texts = (model.expression,) if isinstance(model.expression, str) else model.expression
    return 1000 + sum(map(len, texts))
