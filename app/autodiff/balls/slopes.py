"""Derivatives of any order of an analytic function, from its values alone, with a proved bound on the error.

At the midpoints of the operands the derivative is a central difference of step h. What that, and the radii of the
operands, leave out is bounded by Cauchy's estimate: where |f| <= M in a polydisc of radii R about the midpoints,

    |f^(k)| <= k! * M / (R/2)**k

in the polydisc of half the radii, in each operand. M is one value of f for operands that are discs, or, where f is
known to be entire in an operand, the greatest value for arcs that cover a circle of it (the maximum principle).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import acb, arb

from app.autodiff.balls import ball
from app.autodiff.balls.ball import Arb

Acb = Any
"""A complex ball of python-flint."""

_ROUGH_BITS = 80
_SPARE_BITS = 64
_SHRINKS = (0, 1, 2, 4, 8, 16)
_ARCS = 24


@dataclass(frozen=True, slots=True)
class Analytic:
    """A function of complex balls, real for real operands.

    Attributes:
        value: the function.
        radii: of real operands, the radius of a disc about each in which the function is analytic, up to poles, which
            show in its values.
        entire: the operands in which it has neither poles nor branch points, though ``value`` may fail at some.
        cuts: functions of the operands; where one is in (-inf, 0] the function need not be analytic.
    """

    value: Callable[..., Acb]
    radii: Callable[..., Sequence[Arb]]
    entire: tuple[int, ...] = ()
    cuts: Callable[..., Sequence[Acb]] = lambda *_: ()


def real(z: Acb) -> Arb:
    """Return a complex ball that is known to hold a real number, or may be one; else nothing is known."""
    return z.real if z.imag.contains(0) else arb.nan()


def derivative(function: Analytic, orders: Sequence[int], operands: Sequence[Arb]) -> Arb:
    """Return the derivative of these orders by the operands."""
    if not all(x.is_finite() for x in operands) or min(orders) < 0:
        return arb.nan() if min(orders) >= 0 else arb(0)
    if not any(orders):
        return real(function.value(*map(acb, operands)))
    bits = ball.precision()
    varied = [index for index, x in enumerate(operands) if orders[index] or not x.is_exact()]
    centres = [x.mid() for x in operands]
    try:
        ball.set_precision(_ROUGH_BITS)
        found = _bound(function, centres, varied)
        if found is None:
            return arb.nan()
        most, radii = found
        if any(operands[index].rad() > radii[index] / 4 for index in varied):
            return arb.nan()
        ball.set_precision(bits * (1 + sum(orders)) + _SPARE_BITS)
        steps = {index: radii[index].mid() * arb(2) ** (-(bits // 2) - 8) for index in varied if orders[index]}
        total = _difference(function.value, orders, centres, steps)
        error = arb(0)
        for index in varied:
            error += operands[index].rad() * _cauchy(most, orders, radii, index, 1)
            if index in steps:
                reach = orders[index] * steps[index]
                error += reach * reach / 8 * _cauchy(most, orders, radii, index, 2)
        return total + arb(0, error.upper())
    finally:
        ball.set_precision(bits)


def _difference(value: Callable[..., Acb], orders: Sequence[int], centres: Sequence[Arb], steps: dict[int, Arb]) -> Arb:
    """Return the central difference of these orders, divided by the powers of the steps."""
    total = arb(0)
    for chosen in itertools.product(*[range(order + 1) for order in orders]):
        weight, point = 1, list(centres)
        for index, (order, i) in enumerate(zip(orders, chosen, strict=True)):
            if order:
                weight *= (-1) ** i * math.comb(order, i)
                point[index] = centres[index] + (order - 2 * i) * steps[index] / 2
        total += weight * real(value(*map(acb, point)))
    for index, step in steps.items():
        total /= step ** orders[index]
    return total


def _cauchy(most: Arb, orders: Sequence[int], radii: dict[int, Arb], index: int, more: int) -> Arb:
    """Return a bound on the derivative of these orders, and ``more`` of one operand, in the half polydisc."""
    found = most
    for each, radius in radii.items():
        order = orders[each] + (more if each == index else 0)
        found = found * math.factorial(order) / (radius / 2) ** order
    return found


def _bound(function: Analytic, centres: Sequence[Arb], varied: Sequence[int]) -> tuple[Arb, dict[int, Arb]] | None:
    """Return a bound of the function in a polydisc of the varied operands, and its radii; None if none was found."""
    limits = function.radii(*centres)
    for shrink in _SHRINKS:
        radii = {index: (limits[index] / 2**shrink).lower() for index in varied}
        if not all(radius > 0 for radius in radii.values()):
            return None
        discs: list[Acb] = [acb(x) for x in centres]
        for index, radius in radii.items():
            around = arb(0, radius)
            discs[index] = acb(centres[index] + around, around)
        if any(cut.imag.contains(0) and not cut.real > 0 for cut in function.cuts(*discs)):
            continue
        most = abs(function.value(*discs))
        for index in set(function.entire) & set(varied):
            if most.is_finite():
                break
            most = _on_circle(function.value, discs, index, centres[index], radii[index])
        if most.is_finite():
            return most.upper(), radii
    return None


def _on_circle(value: Callable[..., Acb], discs: Sequence[Acb], index: int, centre: Arb, radius: Arb) -> Arb:
    """Return a bound of the function where one operand lies on a circle, covered by discs."""
    most = arb(0)
    half = radius * arb.pi() / _ARCS
    for k in range(_ARCS):
        angle = 2 * arb.pi() * k / _ARCS
        around = arb(0, half.upper())
        arc = acb(centre + radius * angle.cos() + around, radius * angle.sin() + around)
        most = most.max(abs(value(*[arc if i == index else disc for i, disc in enumerate(discs)])))
    return most
