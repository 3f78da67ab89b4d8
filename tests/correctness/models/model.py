"""What a model is: a text of the language, data, and the same function written for JAX by somebody who had no text."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Draw = Callable[[np.random.Generator], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Model:
    """A function of data and parameters.

    Attributes:
        name: that of the reference.
        text: what a client sends.
        wanted: the arguments to differentiate by.
        draw: gives the arguments by name.
        reference: the function for JAX, with arguments of the same names.
    """

    name: str
    text: str
    wanted: tuple[str, ...]
    draw: Draw
    reference: Callable[..., Any]

    def arguments(self) -> dict[str, Any]:
        """Return the arguments, always the same ones."""
        return self.draw(np.random.default_rng(zlib.crc32(self.name.encode())))

    def document(self) -> dict[str, Any]:
        """Return the body of a request."""
        point = {name: np.asarray(value).tolist() for name, value in self.arguments().items()}
        return {"expression": self.text, "point": point, "argnums": list(self.wanted)}

    def wanted_first(self) -> Callable[..., Any]:
        """Return the reference as a function of the wanted arguments in a list and of the others in a dict."""

        def function(wanted: Sequence[Any], others: dict[str, Any]) -> Any:
            return self.reference(**dict(zip(self.wanted, wanted, strict=True)), **others)

        return function

    def split(self) -> tuple[list[Float], dict[str, NDArray[Any]]]:
        """Return the wanted arguments, and the others by name."""
        arguments = {name: np.asarray(value) for name, value in self.arguments().items()}
        wanted = [arguments.pop(name).astype(np.float64) for name in self.wanted]
        return wanted, arguments

    def tangents(self) -> list[Float]:
        """Return a direction, always the same one."""
        rng = np.random.default_rng(1)
        return [rng.normal(size=entry.shape) for entry in self.split()[0]]

    def truth(self) -> tuple[float, list[Float]]:
        """Return value and gradients by JAX in float64."""
        return _truth(self)

    def hvp(self, tangents: list[Float]) -> list[Float]:
        """Return the product of the Hessian with a direction, by JAX in float64."""
        wanted, others = self.split()

        def gradient(entries: Sequence[Any]) -> Any:
            return jax.grad(self.wanted_first())(entries, others)

        with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
            products = jax.jit(lambda x, t: jax.jvp(gradient, (x,), (t,))[1])(wanted, tangents)
        return [np.asarray(product) for product in products]


@functools.cache
def _truth(model: Model) -> tuple[float, list[Float]]:
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        value, gradients = jax.jit(jax.value_and_grad(model.wanted_first()))(*model.split())
    return float(value), [np.asarray(gradient) for gradient in gradients]


def model(wanted: str, draw: Draw, text: str) -> Callable[[Callable[..., Any]], Model]:
    """Return a decorator that makes a model of its reference for JAX."""

    def decorate(reference: Callable[..., Any]) -> Model:
        return Model(reference.__name__, text.strip(), tuple(wanted.split()), draw, reference)

    return decorate
