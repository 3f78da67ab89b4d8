"""The value of every special word, by JAX; see ``jax_words``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from app.autodiff.special import bessel, gammas, integrals, normal
from app.language.numeric.special_forms import gammas as gamma_forms
from app.language.numeric.special_forms import incomplete, words

Word = Callable[..., Any]


def together(operands: Sequence[Any]) -> list[Array]:
    """Return operands, arrays of any shapes that broadcast or Python numbers, as arrays of one shape and dtype."""
    dtype = next((x.dtype for x in operands if hasattr(x, "dtype")), jnp.dtype(float))
    arrays = [jnp.asarray(x, dtype) for x in operands]
    shape = jnp.broadcast_shapes(*[x.shape for x in arrays])
    return [x if x.shape == shape else jnp.broadcast_to(x, shape) for x in arrays]


def _plain(form: words.Form) -> Word:
    def call(*operands: Any) -> Any:
        arrays = together(operands)
        return form(jnp, *arrays).astype(arrays[0].dtype)

    return call


def _known(order: Any) -> int | None:
    """Return an order as a plain number, None if it is known only when the program runs."""
    return None if isinstance(order, jax.core.Tracer) or jnp.ndim(order) else int(order)


def _ordered(leading: int, form: words.Form) -> Word:
    """Return a word whose first operands are orders; a traced one chooses among all orders up to ``MOST_ORDER``."""

    def of_known(orders: Sequence[int], arrays: Sequence[Array]) -> Any:
        if min(orders) < 0:
            return jnp.zeros_like(arrays[0])
        return form(jnp, *orders, *arrays).astype(arrays[0].dtype)

    def call(*operands: Any) -> Any:
        orders, arrays = operands[:leading], together(operands[leading:])
        found = [_known(order) for order in orders]
        if None not in found:
            return of_known([order for order in found if order is not None], arrays)
        choices = [range(words.MOST_ORDER + 1) if one is None else (one,) for one in found]
        total = jnp.full_like(arrays[0], jnp.nan)
        for chosen in itertools.product(*choices):
            here = jnp.all(
                jnp.stack([jnp.equal(order, one) for order, one in zip(orders, chosen, strict=True)]), axis=0
            )
            total = jnp.where(here, of_known(chosen, arrays), total)
        return total

    return call


def _of_order(word: Word) -> Word:
    """Return a word (n, x) for an integer n that is a plain number or an array."""

    def call(n: Any, x: Any) -> Any:
        if isinstance(n, (int, float)):
            x = jnp.asarray(x)
            return word(int(n), x).astype(x.dtype)
        n, x = together((n, x))
        return word(n, x).astype(x.dtype)

    return call


def _bessel_derivative(word: Word, signs: tuple[int, int]) -> Word:
    """Return (k, n, x) -> k-th derivative of a Bessel function z, for z[n]' = (s*z[n-1] + t*z[n+1]) / 2 with the signs.

    All orders are computed at once, which is less machine code than one by one.
    """

    def derivative(_: Any, k: int, n: Any, x: Any) -> Any:
        weights = [math.comb(k, j) * signs[0] ** (k - j) * signs[1] ** j / 2**k for j in range(k + 1)]
        if isinstance(n, (int, float)):
            return sum(weight * word(int(n) - k + 2 * j, x) for j, weight in enumerate(weights))
        steps, factors = (
            jnp.asarray(row, x.dtype).reshape((1,) * x.ndim + (-1,)) for row in (range(-k, k + 1, 2), weights)
        )
        return jnp.sum(factors * word(n[..., None] + steps, x[..., None]), axis=-1)

    def call(k: Any, n: Any, x: Any) -> Any:
        if isinstance(n, (int, float)):
            return _ordered(1, lambda np, k, x: derivative(np, k, n, x))(k, x)
        return _ordered(1, derivative)(k, n, x)

    return call


def _decaying(scaled: Word) -> Word:
    """Return (k, n, x) -> exp(-x) * scaled(k, n, x), which is 0 only where the product is."""

    def call(k: Any, n: Any, x: Any) -> Any:
        half = jnp.exp(-0.5 * jnp.asarray(x))
        return half * (half * scaled(k, n, x))

    return call


def _several(word: Word) -> Word:
    def call(*operands: Any) -> Any:
        arrays = together(operands)
        return word(*arrays).astype(arrays[0].dtype)

    return call


def _gamma_part(a: Array, x: Array, upper: Array) -> Any:
    return incomplete.gammainc_n(jnp, 0, a, x, upper)


def _uppergamma(s: Array, x: Array) -> Any:
    large = jnp.where(x > 0, jnp.maximum(s, 1), s)
    above = gammas.gamma(large) * incomplete.gammainc_n(jnp, 0, large, x, 1.0)
    return jnp.where((s < 1) & (x > 0), incomplete.uppergamma_n(jnp, 0, jnp.minimum(s, 1), x), above)


def _betainc(a: Array, b: Array, x: Array) -> Any:
    return incomplete.betainc_n(jnp, 0, 0, a, b, x, -gammas.betaln(1 + a, 1 + b))


WORDS: dict[str, Word] = {
    "erfc": normal.erfc, "erfcx": normal.erfcx, "erfinv": normal.erfinv, "erfcinv": normal.erfcinv,
    "dawsn": normal.dawson, "erfi": normal.erfi,
    "gamma": gammas.gamma, "lgamma": gammas.lgamma, "rgamma": gammas.rgamma, "digamma": gammas.digamma,
    "polygamma": _of_order(lambda n, x: gamma_forms.polygamma(jnp, n, x)),
    "betaln": _several(gammas.betaln),
    "gamma_part": _several(_gamma_part), "uppergamma": _several(_uppergamma),
    "betainc": _several(_betainc),
    "jn": _of_order(bessel.jn), "yn": _of_order(bessel.yn), "iv": _of_order(bessel.iv), "kn": _of_order(bessel.kn),
    "jn_derivative": _bessel_derivative(bessel.jn, (1, -1)), "yn_derivative": _bessel_derivative(bessel.yn, (1, -1)),
    "iv_derivative": _bessel_derivative(bessel.iv, (1, 1)),
    "kn_derivative": _decaying(_bessel_derivative(bessel.scaled_kn, (-1, -1))),
    "i0e": bessel.i0e, "i1e": bessel.i1e, "k0e": bessel.k0e, "k1e": bessel.k1e,
    "expi": integrals.expi, "li": integrals.li, "expn": _several(lambda n, x: incomplete.expn(jnp, n, x)),
    "Si": integrals.sine_integral, "Ci": integrals.cosine_integral,
    "Shi": integrals.sinh_integral, "Chi": integrals.cosh_integral,
    "fresnels": lambda x: integrals.fresnel(x, True), "fresnelc": lambda x: integrals.fresnel(x, False),
    "lambertw": integrals.lambertw,
    **{opcode: _plain(form) for opcode, form in words.PLAIN.items()},
    **{opcode: _ordered(*form) for opcode, form in words.ORDERED.items()},
}  # fmt: skip
"""Function of each special opcode."""
