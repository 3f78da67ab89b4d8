"""The fields of a UM-Bridge request as values, whatever way a client writes them.

R puts single values into lists, MATLAB takes single numbers out of lists, and Octave and R have no integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app import errors
from app.api.interop.named_arrays import Array
from app.engine import points, registry

Json = Any
Fields = dict[str, Json]

DEMO = "x**2"
"""The function of a request without one. It has as many outputs as inputs, as the protocol's conformity tests want."""

_CONFIG = ("expression", "args", "layout", "shapes", "dtype")


def model_name(fields: Fields) -> str:
    """Return the name of the model."""
    name = _unboxed(fields.get("name"))
    if not isinstance(name, str):
        raise errors.InvalidField("the field name is missing: it is the name of a model", field="name")
    return name


def config(fields: Fields, *, registered: bool) -> Fields:
    """Return the configuration, empty if it is missing, null or R's empty list.

    A configuration cannot replace the function of a ``registered`` model.
    """
    members = fields.get("config")
    if members is None or members == []:
        return {}
    if not isinstance(members, dict):
        raise errors.InvalidField("config is an object", field="config")
    for name in members:
        if registered and name in ("expression", "args"):
            raise errors.InvalidField(f"config has {name}, but the function of this model is given", field="config")
        if name not in _CONFIG:
            hint = f"it takes {', '.join(_CONFIG)}"
            raise errors.InvalidField(f"config has {errors.quote(name)}", hint=hint, field="config")
    return members


def expression(config: Fields, entry: registry.Entry | None) -> str | tuple[str, ...]:
    """Return the text of the function, or one text for each of its values."""
    if entry is not None:
        return entry.expression
    given = _unboxed(config.get("expression", DEMO))
    if isinstance(given, str):
        return given
    if not isinstance(given, list) or not given or not all(isinstance(text, str) for text in given):
        raise errors.InvalidField("expression is a text or a list of texts", field="config.expression")
    return tuple(given)


def args(config: Fields) -> tuple[str, ...] | None:
    """Return the argument names in order, None if the configuration has none."""
    given = config.get("args")
    if given is None:
        return None
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise errors.InvalidField('args is a list of names such as ["x", "y"]', field="config.args")
    return tuple(names)


def shapes(config: Fields) -> Json:
    """Return the declared shapes, an object if there are none."""
    given = config.get("shapes")
    return {} if given is None or given == [] else given


def choice(config: Fields, name: str, choices: tuple[str, ...]) -> str:
    """Return the chosen one of some texts, the first if the configuration has none."""
    if config.get(name) is None:
        return choices[0]
    given = _unboxed(config[name])
    if given not in choices:
        listed = " or ".join(f'"{choice}"' for choice in choices)
        raise errors.InvalidField(f"{name} is {listed}", field=f"config.{name}")
    return str(given)


def index(fields: Fields, name: str, count: int, kind: str) -> int:
    """Return the index of one of ``count`` vectors of a kind, "input" or "output"."""
    given = _unboxed(_required(fields, name))
    if type(given) is int or (type(given) is float and given.is_integer()):
        if 0 <= given < count:
            return int(given)
        numbered = "0 is the only one" if count == 1 else f"they are numbered 0 to {count - 1}"
        raise errors.InvalidField(f"{name} is out of range: of {count} {kind} vector(s) {numbered}", field=name)
    raise errors.InvalidField(f"{name} is the number of an {kind} vector", field=name)


def vector(fields: Fields, name: str, length: int) -> Array:
    """Return a vector of a given length."""
    numbers = _numbers(_required(fields, name), name)
    if len(numbers) != length:
        raise errors.BadShape(f"{name} has {len(numbers)} number(s), it takes {length}", field=name)
    return numbers


def input_vectors(fields: Fields) -> list[Array]:
    """Return the vectors of the field ``input``."""
    given = _required(fields, "input")
    if not isinstance(given, list) or not given:
        raise errors.InvalidField("input is a list of vectors such as [[1.0, 2.0]]", field="input")
    return [_numbers(vector, f"input.{index}") for index, vector in enumerate(given)]


def _numbers(given: Json, field: str) -> Array:
    """Return a vector; a number is a vector of length 1."""
    numbers = np.atleast_1d(points.array(given, field))
    if numbers.ndim != 1:
        raise errors.BadShape(f"{field} is a list of numbers, not of lists", field=field)
    return numbers


def _required(fields: Fields, name: str) -> Json:
    if name not in fields:
        raise errors.InvalidField(f"the field {name} is missing", field=name)
    return fields[name]


def _unboxed(value: Json) -> Json:
    """Return the only item of a list of length 1, any other value as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
