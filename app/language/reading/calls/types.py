"""What kind of value a name has, which functions ask at their beginning: ``isinstance``, ``isscalar``, ``hasattr``.

The answer is known from the text and the shapes of the arguments. An argument is a float, or an array of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.expression.values import NeedsShapes, Value

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer


def _is_number(value: Value, name: str = "") -> bool:
    if value.kind != "number" or value.shape != ():
        return False
    return not name or (type(value.constant) is int) == (name == "int")


_TYPES: dict[str, Callable[[Value], bool]] = {
    **dict.fromkeys(("ndarray", "Array", "ArrayLike", "Tensor"), lambda value: value.shape != () and not value.listed),
    **dict.fromkeys(("float", "floating", "float64", "float32"), lambda value: _is_number(value, "float")),
    **dict.fromkeys(("int", "integer", "int64", "int32", "Integral"), lambda value: _is_number(value, "int")),
    **dict.fromkeys(("Number", "Real", "number"), _is_number),
    "bool": lambda value: value.kind == "condition" and value.shape == (),
    "complex": lambda _: False,
    "list": lambda value: value.is_list or value.listed,
    "tuple": lambda value: value.kind == "tuple" and not value.is_list,
    "Sequence": lambda value: value.kind == "tuple" or value.listed,
    "dict": lambda value: value.kind == "dict",
    "str": lambda value: value.kind == "text",
    "Callable": lambda value: value.kind == "function",
}
"""Whether a value is of a type, by the type's name without its library."""

_OF_ARRAYS = frozenset({"shape", "ndim", "dtype", "size", "T"})
_OF_ITEMS = frozenset({"__len__", "__iter__", "__getitem__"})


def _known(tracer: Tracer, operands: Sequence[Value], count: int, name: str, offset: int) -> Value:
    if len(operands) != count:
        raise errors.BadArity(f"{name} takes {count} arguments, not {len(operands)}", offset=offset)
    if operands[0].kind == "argument" and tracer.builder.shapes is None:
        raise NeedsShapes
    return operands[0]


def _is_instance(tracer: Tracer, operands: Sequence[Value], _: Mapping[str, Value], offset: int) -> Value:
    value = _known(tracer, operands, 2, "isinstance", offset)
    names = operands[1].text.split()
    unknown = [name for name in names if name not in _TYPES]
    if unknown or not names:
        what = f"the type {errors.quote(unknown[0])} is not known" if unknown else "isinstance takes a type, or several"
        raise errors.SyntaxRejected(what, hint=f"types are {', '.join(_TYPES)}", offset=offset)
    return tracer.builder.truth(any(_TYPES[name](value) for name in names))


def _is_scalar(tracer: Tracer, operands: Sequence[Value], _: Mapping[str, Value], offset: int) -> Value:
    value = _known(tracer, operands, 1, "isscalar", offset)
    return tracer.builder.truth(value.kind in {"number", "condition", "text"} and value.shape == ())


def _has_attribute(tracer: Tracer, operands: Sequence[Value], _: Mapping[str, Value], offset: int) -> Value:
    value = _known(tracer, operands, 2, "hasattr", offset)
    name = operands[1].text
    if name not in _OF_ARRAYS | _OF_ITEMS:
        hint = f"asked may be {', '.join(sorted(_OF_ARRAYS | _OF_ITEMS))}"
        raise errors.SyntaxRejected("hasattr asks for attributes of arrays and lists", hint=hint, offset=offset)
    is_list = value.kind in {"tuple", "dict", "text"} or value.listed
    return tracer.builder.truth((value.shape != () and not value.listed) or (is_list and name in _OF_ITEMS))


ASKED: dict[str, Callable[[Tracer, Sequence[Value], Mapping[str, Value], int], Value]] = {
    "isinstance": _is_instance,
    "hasattr": _has_attribute,
    **dict.fromkeys(("np.isscalar", "numpy.isscalar", "jnp.isscalar", "jax.numpy.isscalar"), _is_scalar),
}
"""Functions that ask for the kind of a value, by their whole names."""
