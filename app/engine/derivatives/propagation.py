"""Uncertainty of inputs to that of a value, through its derivatives.

With g of shape (n,) the gradient, H (n, n) the Hessian and S (n, n) the covariance of the inputs:

    first order     variance g @ S @ g
    second order    mean     f + trace(H @ S) / 2, variance g @ S @ g + trace(H @ S @ H @ S) / 2

The second order is exact for quadratic functions of normal inputs. JCGM 100:2008 (GUM), sections 5.1.2 and 5.2.2;
Mekid and Vaja, Propagation of uncertainty: expressions of second and third order, Measurement 41 (2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import points
from app.engine.derivatives.transforms import DerivativeQuery
from app.language.expression.values import Shape
from app.language.grammar import lexer

Array = NDArray[Any]
Json = Any

_MOST_INPUTS = 2000
_ASYMMETRY = 1e-9


@dataclass(frozen=True, slots=True)
class PropagationQuery:
    """How uncertain the inputs are, see ``of_inputs``, and to which order it counts, 1 or 2."""

    std: Json
    covariance: Json
    order: int = 1


@dataclass(frozen=True, slots=True)
class Propagated:
    """What is known of the values, m of them, at each point.

    Attributes:
        covariance: (batch, m, m).
        shares: (batch, m, n), the part of each variance that is each input's; a row sums to 1, or is 0.
        mean: (batch, m), to second order; None to first.
    """

    covariance: Array
    shares: Array
    mean: Array | None

    @property
    def std(self) -> Array:
        """Standard deviations, (batch, m)."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2)))


@dataclass(frozen=True, slots=True)
class PropagationAnswer:
    """What was found at the points of a query, and how; ``values`` are (batch, m)."""

    query: DerivativeQuery
    values: Array
    found: Propagated
    tier: str
    parse_seconds: float  # wall-clock time until the computation began
    execute_seconds: float


@np.errstate(all="ignore")
def of_inputs(
    std: Json, covariance: Json, args: Sequence[str], chosen: Sequence[int], shapes: Sequence[Shape]
) -> Array:
    """Return the covariance of the inputs, (n, n): the elements of the arguments at the positions ``chosen``.

    ``std`` is an object by argument name or a list for the chosen arguments, each a number for all elements or nested
    like the argument; ``covariance`` a matrix, or a number for one input. Raises ``errors.InvalidField`` or
    ``BadShape``.
    """
    n = sum(int(np.prod(shapes[argument])) for argument in chosen)
    if n > _MOST_INPUTS:
        raise errors.TooComplex(
            f"{n} uncertain numbers, the limit is {_MOST_INPUTS}",
            hint="name the uncertain arguments in argnums",
            field="argnums",
        )
    if (std is None) == (covariance is None):
        hint = 'write "std": {"x": 0.1} or "covariance": [[...]]'
        raise errors.InvalidField("give either std or covariance", hint=hint, field="std")
    if covariance is None:
        return np.diag(_deviations(std, args, chosen, shapes) ** 2)
    found = points.array(covariance, "covariance")
    if found.shape == () and n == 1:
        found = found.reshape(1, 1)
    if found.shape != (n, n):
        detail = f"a covariance of shape {list(found.shape)} for {n} uncertain numbers"
        raise errors.BadShape(detail, hint=f"give a matrix of {n} rows and columns", field="covariance")
    _check(found)
    return found


def _check(covariance: Array) -> None:
    scale = np.sqrt(np.abs(np.diagonal(covariance)))
    if (np.abs(covariance - covariance.T) > _ASYMMETRY * np.outer(scale, scale)).any():
        raise errors.InvalidField("a covariance is symmetric", field="covariance")
    lowest = np.linalg.eigvalsh((covariance + covariance.T) / 2).min(initial=0.0)
    if lowest < -_ASYMMETRY * np.abs(covariance).max(initial=0.0):
        raise errors.InvalidField("a covariance has no negative eigenvalue", field="covariance")


def _deviations(std: Json, args: Sequence[str], chosen: Sequence[int], shapes: Sequence[Shape]) -> Array:
    """Return standard deviations, (n,); arguments that are left out are exact."""
    if type(std) in points.NUMERIC and len(chosen) == 1:
        std = [std]
    if isinstance(std, list):
        if len(std) != len(chosen):
            detail = f"std has {len(std)} entries for {len(chosen)} argument(s)"
            raise errors.InvalidField(detail, hint="give one for each of argnums, or an object by name", field="std")
        std = {args[argument]: entry for argument, entry in zip(chosen, std, strict=True)}
    if not isinstance(std, Mapping):
        hint = 'write {"x": 0.1, "y": 0.2}'
        raise errors.InvalidField("std is an object by argument name, or a list", hint=hint, field="std")
    named = {lexer.identifier(name): entry for name, entry in std.items()}
    for name in named:
        if name not in args or args.index(name) not in chosen:
            what = "an argument" if name not in args else "among argnums"
            raise errors.InvalidField(f"{errors.quote(name)} is not {what}", field="std")
    found = []
    for argument in chosen:
        name, shape = args[argument], shapes[argument]
        entry = points.array(named.get(name, 0.0), f"std.{name}")
        if entry.shape not in {(), shape}:
            detail = f"standard deviations of shape {list(entry.shape)} for an argument of shape {list(shape)}"
            raise errors.BadShape(detail, hint="give one number, or one for each element", field=f"std.{name}")
        if (entry < 0).any():
            raise errors.InvalidField("a standard deviation is not negative", field=f"std.{name}")
        found.append(np.broadcast_to(entry, shape).ravel())
    return np.concatenate([np.zeros(0), *found])


@np.errstate(all="ignore")
def first_order(jacobians: Array, covariance: Array) -> Propagated:
    """Return what Jacobians (batch, m, n) and the inputs' covariance (n, n) say of the values."""
    products = jacobians @ covariance
    found = products @ jacobians.swapaxes(1, 2)
    return Propagated(found, _shares(jacobians * products), None)


@np.errstate(all="ignore")
def second_order(values: Array, gradients: Array, hessians: Array, covariance: Array) -> Propagated:
    """Return the same of one value, (batch, 1), with gradients (batch, 1, n) and Hessians (batch, n, n)."""
    curved = hessians @ covariance
    mean = values + np.trace(curved, axis1=1, axis2=2)[:, None] / 2
    products = gradients @ covariance
    parts = gradients * products + (curved * curved.swapaxes(1, 2)).sum(axis=2)[:, None, :] / 2
    return Propagated(parts.sum(axis=2)[:, :, None], _shares(parts), mean)


def _shares(parts: Array) -> Array:
    """Return parts, (batch, m, n), relative to their sums over the inputs."""
    total = parts.sum(axis=2, keepdims=True)
    return np.asarray(np.divide(parts, total, out=np.zeros_like(parts), where=total != 0))
