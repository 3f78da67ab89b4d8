"""Functions of the service as JAX functions: under ``jit``, ``vmap`` and derivatives of any order, in both modes.

A primitive stands for the forms of ``forms``: its derivatives and transposes are itself. The numbers come by
``jax.pure_callback``, a request for each form, whose batch is that of ``vmap``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from gradserve.forms import Forms, moved, pulled
from gradserve.function import Function

_form = Primitive("gradserve_form")


def as_jax(function: Function) -> Callable[..., jax.Array]:
    """Return a registered function as a JAX function of its arguments, float64 or float32 as these are."""
    forms = functools.cache(functools.partial(Forms, function))

    def called(*arguments: Any) -> jax.Array:
        dtype = jnp.result_type(*arguments)
        dtype = dtype if dtype in (jnp.float32, jnp.float64) else jnp.result_type(float)
        arrays = [jnp.asarray(each, dtype) for each in arguments]
        of = forms(tuple(each.shape for each in arrays))
        x = jnp.concatenate([each.ravel() for each in arrays])
        return jnp.reshape(_form.bind(x, forms=of, reverse=False), of.shape)

    return called


def _shaped(*operands: Any, forms: Forms, reverse: bool) -> Any:
    return jax.core.ShapedArray((*operands[0].shape[:-1], forms.sizes[reverse]), operands[0].dtype)


def _asked(*operands: Any, forms: Forms, reverse: bool) -> Any:
    shaped = jax.ShapeDtypeStruct((*operands[0].shape[:-1], forms.sizes[reverse]), operands[0].dtype)
    return jax.pure_callback(functools.partial(forms, reverse), shaped, *operands)


def _batched(operands: Any, axes: Any, *, forms: Forms, reverse: bool) -> Any:
    (size,) = {each.shape[axis] for each, axis in zip(operands, axes, strict=True) if axis is not None}
    fronted = [batching.bdim_at_front(each, axis, size) for each, axis in zip(operands, axes, strict=True)]
    return _form.bind(*fronted, forms=forms, reverse=reverse), 0


def _pushed(primals: Any, tangents: Any, *, forms: Forms, reverse: bool) -> Any:
    """Return the value and the derivative along tangents of the operands."""
    found = None
    for index, tangent in enumerate(tangents):
        if not isinstance(tangent, ad.Zero):
            form, operands = moved(reverse, primals, index, tangent)
            term = _form.bind(*operands, forms=forms, reverse=form)
            found = term if found is None else found + term
    return _form.bind(*primals, forms=forms, reverse=reverse), found


def _transposed(cotangent: Any, *operands: Any, forms: Forms, reverse: bool) -> Any:
    """Return the cotangent of the operand that the form is linear in."""
    (index,) = [index for index, each in enumerate(operands) if ad.is_undefined_primal(each)]
    form, known = pulled(reverse, operands, index, cotangent)
    found: list[Any] = [None] * len(operands)
    found[index] = _form.bind(*known, forms=forms, reverse=form)
    return found


_form.def_impl(lambda *operands, forms, reverse: jnp.asarray(forms(reverse, *operands)))  # raises what it raises
_form.def_abstract_eval(_shaped)
ad.primitive_jvps[_form] = _pushed
ad.primitive_transposes[_form] = _transposed
batching.primitive_batchers[_form] = _batched
mlir.register_lowering(_form, mlir.lower_fun(_asked, multiple_results=False))
