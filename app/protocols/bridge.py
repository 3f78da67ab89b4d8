"""UM-Bridge's calls, from the fields of a request to numbers: which model, at which point, and what of it.

    Evaluate       F(x)                               Gradient      sens^T J
    ApplyJacobian  J vec                              ApplyHessian  d/dx (sens^T J vec)

J is the Jacobian of the output vector by the input vector ``inWrt``. The model "gradient" is whatever function
``config`` holds, a registered function is a model by its id, and under /f/{function_id} that function is all there is.
A function has one output vector: its value, or all its values in row-major order.

Clients differ in how they write one thing: R puts single values into lists, MATLAB takes single numbers out of them,
Octave and R have no integers. All of that is understood.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import cache, engine, errors, functions, points, registry
from app.protocols import layout

Array = NDArray[Any]
Json = Any

MODEL = "gradient"
"""The model that takes any function."""

DEMO = "x**2"
"""What it is without a function: as many numbers in as out, which the protocol's conformity tests take for granted."""

_CONFIG = ("expression", "args", "layout", "shapes", "dtype")
_LAYOUTS = ("vector", "args")
_DTYPES = ("float64", "float32")
_MAX_LISTED = 1000
_MAX_PARTS = 64
"""Values of a function up to which each is read by itself for the lengths of its arrays."""

_REMEMBERED = 4_000_000
"""Characters of the models kept, each counting a thousand more."""


@dataclass(frozen=True, slots=True)
class Model:
    """A function as a model.

    Attributes:
        expression: a text, or one for each value.
        args: argument names in order.
        dtype: of the computation.
        joined: whether all arguments are one vector.
        shapes: of the arguments, as ``layout.known`` returns them.
    """

    expression: str | tuple[str, ...]
    args: tuple[str, ...]
    dtype: str
    joined: bool
    shapes: tuple[layout.Shape | None, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A model at a point.

    Attributes:
        model: the model.
        fields: of the request.
        vectors: layout of the input.
        point: the input.
        shape: of the value.
    """

    model: Model
    fields: dict[str, Json]
    vectors: layout.Layout
    point: points.Point
    shape: layout.Shape

    @property
    def every(self) -> list[int]:
        """Positions of all arguments."""
        return list(range(len(self.model.args)))

    def query(self, transform: str, direction: Json = None, cotangent: Json = None) -> engine.Query:
        """Return a question about the model at the point, by every argument."""
        model = self.model
        return engine.Query(
            transform,
            model.expression,
            self.point,
            model.args,
            self.every,
            model.dtype,
            direction=direction,
            cotangent=cotangent,
        )

    def wrt(self, name: str) -> int:
        """Return the input vector that a field names."""
        return _position(self.fields, name, len(self.vectors.sizes), "input")

    def check_output(self) -> None:
        """Check that the request is about the one output vector there is."""
        _position(self.fields, "outWrt", 1, "output")

    def sens(self) -> Array:
        """Return the weights of the values, shape (m,)."""
        return _vector(self.fields, "sens", math.prod(self.shape))

    def vec(self, wrt: int) -> Array:
        """Return the vector that a Jacobian or Hessian is applied to."""
        return _vector(self.fields, "vec", self.vectors.sizes[wrt])


class Bridge:
    """Answers the calls of the protocol.

    Args:
        served: the engine.
    """

    def __init__(self, served: engine.Engine) -> None:
        self._served = served
        self._models: cache.Cache[Hashable, Model] = cache.Cache(_REMEMBERED, _weight)

    async def explain(self, error: errors.GradserveError, fields: dict[str, Json], function_id: str) -> str:
        """Return what a client is told of an error: what is wrong, where in the function, what to write instead."""
        told = [error.detail]
        if error.position is not None:
            entry = await self.entry(fields, function_id)
            expression = _expression(_config(fields, registered=entry is not None), entry)
            texts = (expression,) if isinstance(expression, str) else expression
            index = (error.field or "").removeprefix("expression.")
            told.append(error.position.marked(texts[int(index) if index.isdecimal() else 0]))
        return "\n".join(told if error.hint is None else [*told, error.hint])

    async def names(self, function_id: str, owner: str) -> list[str]:
        """Return the models of a base path, the root's if ``function_id`` is empty.

        Raises:
            errors.NotFound: nobody registered the function.
        """
        if function_id:
            await self._served.registrar.entry(function_id)
            return [function_id, MODEL]
        return [MODEL, *(entry.function_id for entry in self._served.registrar.owned(owner)[:_MAX_LISTED])]

    async def entry(self, fields: dict[str, Json], function_id: str) -> registry.Entry | None:
        """Return the registered function that a request names, None for the function of its config.

        Raises:
            errors.NotFound: there is no such model.
        """
        name = _unboxed(fields.get("name"))
        if not isinstance(name, str):
            raise errors.InvalidField("the field name is missing: it is the name of a model", field="name")
        if function_id and name not in (function_id, MODEL):
            raise errors.NotFound(f"there is no model {errors.quote(name)} here", hint=f"there is {function_id[:40]}")
        if not function_id and name == MODEL:
            return None
        try:
            return await self._served.registrar.entry(function_id or name)
        except errors.NotFound:
            detail = f"there is no model {errors.quote(function_id or name)}"
            hint = f"models are {MODEL} and the ids of functions registered at /v1/functions"
            raise errors.NotFound(detail, hint=hint) from None

    async def sizes(self, fields: dict[str, Json], function_id: str) -> tuple[layout.Layout, int]:
        """Return the layout of a model's input, and the length of its output vector.

        Raises:
            errors.Rejected: the request is at fault, or nothing tells the length of an array.
        """
        model = await self._model(fields, function_id)
        (vectors,) = layout.candidates(model.args, model.shapes, None, joined=model.joined)
        shaped = await self._shaped(model, vectors)
        for plan in shaped.cells:
            plan.layout(vectors.shapes)  # every element the function reads is there
        return vectors, math.prod(shaped.shape)

    async def ask(self, fields: dict[str, Json], function_id: str) -> Asked:
        """Return what a request asks about: the model at the point.

        Raises:
            errors.Rejected: the request is at fault.
        """
        model = await self._model(fields, function_id)
        given = _input(fields)
        lengths = [len(vector) for vector in given]
        first: errors.Rejected | None = None
        for vectors in layout.candidates(model.args, model.shapes, lengths, joined=model.joined):
            _check_lengths(lengths, vectors)
            flat = np.concatenate(given)
            if flat.size > self._served.limits.point.max_elements:
                raise errors.TooComplex(f"the input has more than {self._served.limits.point.max_elements} numbers")
            try:
                shaped = await self._shaped(model, vectors)
            except errors.Rejected as error:
                first = first or error
            else:
                return Asked(model, fields, vectors, points.Point(flat, vectors.shapes, None), shaped.shape)
        assert first is not None
        raise first

    async def evaluate(self, asked: Asked) -> Json:
        """Return F(x) as a list of vectors."""
        found = await self._served.numbers(asked.query("value"))
        return [found.values[0].tolist()]

    async def gradient(self, asked: Asked) -> Json:
        """Return sens^T J by ``inWrt``."""
        asked.check_output()
        part, sens = asked.vectors.part(asked.wrt("inWrt")), asked.sens()
        if asked.shape != ():
            direction = sens.reshape(asked.shape).tolist()
            answer = await self._served.answer(asked.query("vjp", direction))
            return _flat(answer.derivative)[part].tolist()
        with np.errstate(all="ignore"):
            return (sens[0] * (await self._slopes(asked))[part]).tolist()

    async def apply_jacobian(self, asked: Asked) -> Json:
        """Return J vec, J by ``inWrt``."""
        asked.check_output()
        wrt = asked.wrt("inWrt")
        vec = asked.vec(wrt)
        if asked.shape != ():
            answer = await self._served.answer(asked.query("jvp", asked.vectors.spread(wrt, vec)))
            return np.ravel(answer.derivative).tolist()
        with np.errstate(all="ignore"):
            return [float((await self._slopes(asked))[asked.vectors.part(wrt)] @ vec)]

    async def apply_hessian(self, asked: Asked) -> Json:
        """Return the derivative by ``inWrt1`` of sens^T J vec, J by ``inWrt2``."""
        asked.check_output()
        outer, inner = asked.wrt("inWrt1"), asked.wrt("inWrt2")
        sens, vec = asked.sens(), asked.vec(inner)
        tangents = asked.vectors.spread(inner, vec)
        answer = await self._served.answer(asked.query("hvp", tangents, sens.reshape(asked.shape).tolist()))
        return _flat(answer.derivative)[asked.vectors.part(outer)].tolist()

    async def _slopes(self, asked: Asked) -> Array:
        """Return the gradient of a function of one value, shape (n,)."""
        found = await self._served.numbers(asked.query("grad"))
        assert found.derivative is not None
        slopes: Array = found.derivative[0, 0]
        return slopes

    async def _shaped(self, model: Model, vectors: layout.Layout) -> functions.Shaped:
        return await self._served.shape(model.expression, model.args, vectors.shapes)

    async def _model(self, fields: dict[str, Json], function_id: str) -> Model:
        entry = await self.entry(fields, function_id)
        config = _config(fields, registered=entry is not None)
        return await self._read(config, _expression(config, entry), entry)

    async def _read(
        self, config: dict[str, Json], expression: str | tuple[str, ...], entry: registry.Entry | None
    ) -> Model:
        args = _args(config.get("args")) if entry is None else entry.args
        joined = _choice(config, "layout", _LAYOUTS) == "vector"
        dtype = _choice(config, "dtype", _DTYPES)
        shapes = config.get("shapes") or {}
        key = (expression, args, joined, dtype, json.dumps(shapes))
        model = self._models.get(key)
        if model is None:
            function = await self._served.look(expression, args)
            given = layout.declared(shapes, function.args, self._served.limits.point.max_elements)
            parts = await self._parts(expression, function)
            found = layout.known(function.args, given, parts)
            model = Model(expression, function.args, dtype, joined, tuple(found))
            self._models.put(key, model)
        return model

    async def _parts(self, expression: str | tuple[str, ...], function: functions.Function) -> list[functions.Function]:
        """Return the functions that tell how arguments are used: of each value, where the whole does not tell."""
        if function.general is not None or isinstance(expression, str) or len(expression) > _MAX_PARTS:
            return [function]
        parts = []
        for text in expression:
            parts.append(await self._served.look(text, function.args))
            await asyncio.sleep(0)  # others come in between
        return parts


def _weight(model: Model) -> int:
    texts = (model.expression,) if isinstance(model.expression, str) else model.expression
    return 1000 + sum(map(len, texts))


def _unboxed(value: Json) -> Json:
    """Return the only item of a list of one, which is how R writes a single value."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _config(fields: dict[str, Json], *, registered: bool) -> dict[str, Json]:
    """Return what a request configures; nothing at all may be null, or R's empty list."""
    config = fields.get("config") or {}
    if not isinstance(config, dict):
        raise errors.InvalidField("config is an object", field="config")
    for name in config:
        if registered and name in ("expression", "args"):
            raise errors.InvalidField(f"config has {name}, but the function of this model is given", field="config")
        if name not in _CONFIG:
            known = ", ".join(_CONFIG)
            raise errors.InvalidField(f"config has {errors.quote(name)}", hint=f"it takes {known}", field="config")
    return config


def _expression(config: dict[str, Json], entry: registry.Entry | None) -> str | tuple[str, ...]:
    if entry is not None:
        return entry.expression
    given = _unboxed(config.get("expression", DEMO))
    if isinstance(given, str):
        return given
    if not isinstance(given, list) or not given or not all(isinstance(text, str) for text in given):
        raise errors.InvalidField("expression is a text or a list of texts", field="config.expression")
    return tuple(given)


def _args(given: Json) -> tuple[str, ...] | None:
    if given is None:
        return None
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise errors.InvalidField('args is a list of names such as ["x", "y"]', field="config.args")
    return tuple(names)


def _choice(config: dict[str, Json], name: str, choices: tuple[str, ...]) -> str:
    given = _unboxed(config.get(name, choices[0]))
    if given not in choices:
        listed = " or ".join(f'"{choice}"' for choice in choices)
        raise errors.InvalidField(f"{name} is {listed}", field=f"config.{name}")
    return str(given)


def _required(fields: dict[str, Json], name: str) -> Json:
    if name not in fields:
        raise errors.InvalidField(f"the field {name} is missing", field=name)
    return fields[name]


def _position(fields: dict[str, Json], name: str, count: int, what: str) -> int:
    """Return the vector that a field names."""
    given = _unboxed(_required(fields, name))
    if type(given) is int or (type(given) is float and given.is_integer()):
        if 0 <= given < count:
            return int(given)
        numbered = "0 is the only one" if count == 1 else f"they are numbered 0 to {count - 1}"
        raise errors.InvalidField(f"{name} is out of range: of {count} {what} vector(s) {numbered}", field=name)
    raise errors.InvalidField(f"{name} is the number of an {what} vector", field=name)


def _numbers(given: Json, field: str) -> Array:
    """Return a vector; a number is a vector of one."""
    found = np.atleast_1d(points.array(given, field))
    if found.ndim != 1:
        raise errors.BadShape(f"{field} is a list of numbers, not of lists", field=field)
    return found


def _vector(fields: dict[str, Json], name: str, length: int) -> Array:
    found = _numbers(_required(fields, name), name)
    if len(found) != length:
        raise errors.BadShape(f"{name} has {len(found)} number(s), it takes {length}", field=name)
    return found


def _input(fields: dict[str, Json]) -> list[Array]:
    """Return the vectors of a request's input."""
    given = _required(fields, "input")
    if not isinstance(given, list) or not given:
        raise errors.InvalidField("input is a list of vectors such as [[1.0, 2.0]]", field="input")
    return [_numbers(vector, f"input.{index}") for index, vector in enumerate(given)]


def _check_lengths(lengths: list[int], vectors: layout.Layout) -> None:
    """Check that vectors sent are those of a layout."""
    sizes = vectors.sizes
    if len(lengths) != len(sizes):
        raise errors.BadShape(f"input has {len(lengths)} vector(s), the model takes {len(sizes)}", field="input")
    for index, (length, size) in enumerate(zip(lengths, sizes, strict=True)):
        if length != size:
            detail = f"input vector {index} has {length} number(s), the model takes {size}"
            raise errors.BadShape(detail, field=f"input.{index}")


def _flat(nested: list[Json]) -> Array:
    """Return one entry for each argument as a vector."""
    return np.concatenate([np.ravel(entry) for entry in nested])
