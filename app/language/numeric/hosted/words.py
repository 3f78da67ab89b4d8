"""The value of every host word, by opcode."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from app.language.numeric.hosted import airy, carlson, clausen, elliptic, gammas, jacobi, polylogs, precise
from app.language.numeric.special_forms import in_numpy

Word = Callable[..., Any]


def of_vectors(form: Word) -> Word:
    """Return the word of a function of float64 vectors: of numbers or arrays that broadcast, in their dtype."""

    @functools.wraps(form)
    def call(*operands: Any) -> Any:
        found = np.result_type(*operands)
        arrays = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in operands])
        value = np.asarray(form(*[array.ravel() for array in arrays]), np.float64).reshape(arrays[0].shape)
        return value.astype(found if found.kind == "f" else np.float64, copy=False)[()]

    return call


_FORMS: dict[str, Word] = {
    "ellipk": elliptic.complete_first, "ellipe": elliptic.complete_second, "ellippi": elliptic.complete_third,
    "ellipkinc": elliptic.first, "ellipeinc": elliptic.second, "ellippiinc": elliptic.third,
    "elliprc": carlson.rc, "elliprd": carlson.rd, "elliprf": carlson.rf, "elliprg": carlson.rg, "elliprj": carlson.rj,
    "leg_square": elliptic.leg_square, "legendre_integral": elliptic.integral, "carlson_integral": carlson.integral,
    "airyai": airy.ai, "airyaiprime": airy.ai_prime, "airybi": airy.bi, "airybiprime": airy.bi_prime,
    "owens_t": airy.owens_t, "lower_lambertw": airy.lower_lambertw, "lower_lambertw_rise": airy.lower_rise,
    "polylog": polylogs.of_order, "polylog_n": polylogs.polylog, "spence": in_numpy.of_scipy("spence"),
    "clausen": clausen.clausen,
    "sn": jacobi.sn, "cn": jacobi.cn, "dn": jacobi.dn, "am": jacobi.am, "jacobi_integral": jacobi.integral,
    "polygamma_of": gammas.polygamma,
}  # fmt: skip

WORDS: dict[str, Word] = {
    **{opcode: of_vectors(form) for opcode, form in _FORMS.items()},
    **precise.functions.WORDS,
}
"""Function of each opcode of ``app.autodiff.table.HOSTED``."""
