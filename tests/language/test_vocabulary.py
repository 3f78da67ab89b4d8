"""Every word of the language under every name, in value and derivative, against 50-digit arithmetic."""

import dataclasses
import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.constants
from mpmath import mp, mpf

from app import errors
from app.autodiff import table
from app.language import parse
from app.language.grammar import statements
from app.language.numeric import numpy_words
from app.language.vocabulary import constants, prefixes, words
from app.language.vocabulary.functions import hosted, orders, special
from tests.support import assertions, float_tapes, mpmath_functions
from tests.support.service import Client
from tests.support.tiers import by_row, compiled

Exact = Callable[..., Any]
Points = list[tuple[float, ...]]

LEAST_NAMES = 90
_DIGITS = 400  # enough for tanh(300), which is 1 - 1e-260, and a central difference of it
_FEWER = 100  # for what takes long to compute and keeps its relative digits in mpmath


def _condition(test: Callable[..., bool]) -> Exact:
    return lambda *values: mpf(1) if test(*values) else mpf(0)


# What the reference does not have: conditions, and words that are there for SymPy's or NumPy's sake.
EXACT: dict[str, Exact] = {
    "Integer": lambda x: x,
    "where": lambda c, x, y: x if c else y,
    "greater": _condition(lambda x, y: x > y),
    "greater_equal": _condition(lambda x, y: x >= y),
    "less": _condition(lambda x, y: x < y),
    "less_equal": _condition(lambda x, y: x <= y),
    "equal": _condition(lambda x, y: x == y),
    "not_equal": _condition(lambda x, y: x != y),
    "isnan": _condition(lambda _: False),
    "isinf": _condition(lambda _: False),
    "isfinite": _condition(lambda _: True),
    "nan_to_num": lambda x, *_: x,
    "bool": _condition(lambda x: x != 0),
    "int": lambda x: mpf(int(x)),
    "round": lambda x, n=0: mp.nint(x * mpf(10) ** n) / mpf(10) ** n,
    "hypot": lambda *sides: mp.sqrt(mp.fsum(side**2 for side in sides)),
    "gelu": lambda x, approximate=1: mpmath_functions.function("gelu")(x, approximate=bool(approximate)),
    "logical_and": _condition(lambda *terms: all(terms)),
    "logical_or": _condition(lambda *terms: any(terms)),
    "logical_not": _condition(lambda x: not x),
    "logical_xor": _condition(lambda x, y: bool(x) != bool(y)),
}


def exact(word: str) -> Exact:
    return EXACT[word] if word in EXACT else mpmath_functions.function(word)


def of(*numbers: float) -> Points:
    return [(number,) for number in numbers]


ANYWHERE = of(0.3, -2.0, 1e-9, -1e-150, 50.0)
PAIRS: Points = [(1.5, 2.5), (-0.75, 3.0), (4.0, -1.25), (1e-8, 2.0)]
TRUTHS: Points = [(0.0, 0.0), (0.0, 2.5), (1.0, 0.0), (3.0, -1.0)]
ORDERS: Points = [(1.0, 2.0), (2.5, 1.5), (-3.0, 0.5), (2.0, 2.0)]

DOMAIN: dict[tuple[str, int], Points] = {
    ("sin", 1): [*ANYWHERE, (1e5,)],
    ("cos", 1): [*ANYWHERE, (1e5,)],
    ("tan", 1): [*ANYWHERE, (1e5,)],
    ("sec", 1): of(0.3, -2.0, 1e-9, 50.0),
    ("csc", 1): of(0.3, -2.0, 1e-9, 50.0),
    ("cot", 1): of(0.3, -2.0, 1e-9, 50.0),
    ("asin", 1): of(0.3, -0.8, 1e-9, 0.999999, -1 + 2**-40),
    ("acos", 1): of(0.3, -0.8, 1e-9, 0.999999, -1 + 2**-40),
    ("atan", 1): of(0.3, -2.0, 1e-9, 1e9, -1e200),
    ("asec", 1): of(1.5, -2.0, 1e9, -1e100, 1 + 2**-40),
    ("acsc", 1): of(1.5, -2.0, 1e9, -1e100, 1 + 2**-40),
    ("acot", 1): of(0.3, -2.0, 1e-9, 1e9, -1e100),
    ("sinh", 1): of(0.3, -2.0, 1e-9, 300.0, -700.0),
    ("cosh", 1): of(0.3, -2.0, 1e-9, 300.0, -700.0),
    ("tanh", 1): of(0.3, -2.0, 1e-9, 20.0, -300.0),
    ("sech", 1): of(0.3, -2.0, 1e-9, 20.0, -300.0),
    ("csch", 1): of(0.3, -2.0, 1e-9, 20.0, -300.0),
    ("coth", 1): of(0.3, -2.0, 1e-9, 20.0, -300.0),
    ("asinh", 1): of(0.3, -2.0, 1e-9, 1e9, -1e9, 1e200, -1e200),
    ("acosh", 1): of(1.5, 2.0, 1 + 2**-40, 1e9, 1e200),
    ("atanh", 1): of(0.3, -0.8, 1e-9, 1 - 2**-40),
    ("asech", 1): of(0.3, 0.8, 1e-9, 1 - 2**-40, 1e-200),
    ("acsch", 1): of(0.3, -2.0, 1e-9, 1e9, -1e-150),
    ("acoth", 1): of(1.5, -2.0, 1e9, -1e100, 1 + 2**-40),
    ("exp", 1): of(0.3, -2.0, 1e-9, 700.0, -700.0),
    ("exp2", 1): of(0.3, -2.0, 1e-9, 1000.0, -1000.0),
    ("expm1", 1): of(0.3, -2.0, 1e-9, -1e-15, 700.0, -40.0),
    ("log", 1): of(0.3, 2.0, 1e-9, 1e200, 1 + 2**-40),
    ("log", 2): [(0.3, 2.0), (50.0, 10.0), (1e-9, 0.5)],
    ("log2", 1): of(0.3, 2.5, 1e-9, 1e200),
    ("log10", 1): of(0.3, 2.5, 1e-9, 1e200),
    ("log1p", 1): of(0.3, 2.0, 1e-9, -1e-15, -0.999, 1e200),
    ("cbrt", 1): of(0.3, -2.0, 1e-9, -1e200),
    ("abs", 1): of(0.3, -2.0, 1e-200, -1e200),
    ("sign", 1): of(0.3, -2.0, 1e-200, -1e200),
    ("floor", 1): of(0.3, -2.5, 1e9 + 0.5),
    ("ceil", 1): of(0.3, -2.5, 1e9 + 0.5),
    ("trunc", 1): of(0.3, -2.5, 1e9 + 0.5),
    ("int", 1): of(0.3, -2.5, 1e9 + 0.5),
    ("round", 1): of(0.3, -2.7, 1e9 + 0.25, 2.6),
    ("round", 2): [(0.317, 2.0), (-2.768, 1.0), (1234.5, -2.0)],
    ("usinc", 1): of(0.3, -2.0, 1e-9, -1e-4, 1.4, 1.6, 50.0),
    ("sinc", 1): of(0.3, -2.25, 1e-9, -1e-4, 0.45, 0.55, 17.2),
    ("sigmoid", 1): of(0.3, -2.0, 1e-9, 40.0, -40.0, 300.0, -700.0),
    ("softplus", 1): of(0.3, -2.0, 1e-9, 40.0, -40.0, 300.0, -700.0),
    ("erf", 1): of(0.3, -2.0, 1e-9, 5.5, -6.5),
    ("erfc", 1): of(0.3, -2.0, 1e-9, 0.6, 5.5, 10.0, 25.0),
    ("erfcx", 1): of(0.3, -2.0, 1e-9, 5.5, 1e3, 1e8, -20.0),
    ("erfi", 1): of(0.3, -2.0, 1e-9, 5.5, 26.0),
    ("dawsn", 1): of(0.3, -2.0, 1e-9, 2.9, 3.1, 1e3, -1e8),
    ("erfinv", 1): of(0.3, -0.8, 1e-9, 1 - 2**-40),
    ("erfcinv", 1): of(0.3, 1.8, 1 + 1e-9, 1e-9, 1e-300),
    ("ndtr", 1): of(0.3, -2.0, 1e-9, 8.0, -30.0),
    ("log_ndtr", 1): of(0.3, -2.0, 1e-9, 8.0, 30.0, -30.0, -1e4),
    ("ndtri", 1): of(0.3, 0.8, 0.5 + 1e-9, 1e-9, 1e-300),
    ("erf2", 2): [(-0.5, 1.5), (3.0, 3.5), (-9.0, -8.0), (0.6, 9.0)],
    ("gamma", 1): of(0.3, 5.5, -1.5, -2.5, 1e-9, 20.3, 150.0, -100.5),
    ("lgamma", 1): of(0.3, 5.5, -1.5, -2.5, 1e-9, 20.3, 1e9, 1 + 1e-9, 2 - 1e-9, 1e100),
    ("rgamma", 1): of(0.3, 5.5, -1.5, -2.0, 1e-9, 20.3, 150.0),
    ("digamma", 1): of(0.3, 5.5, 1e-9, 20.3, 1e9, -1.5, -2.25, 1.4616),
    ("trigamma", 1): of(0.3, 5.5, 1e-9, 20.3, 1e9, -1.5, -2.25),
    ("zeta", 1): of(0.3, 2.0, 1 + 1e-6, 1 - 1e-6, -1e-3, -2.5, -11.5, 40.0),
    ("zeta", 2): [(2.5, 0.3), (1.01, 5.5), (12.5, 1e-3), (3.0, 1e4), (-0.5, 2.0), (-3.5, 1.0)],
    ("betaln", 2): [(0.3, 2.5), (1e-9, 5.5), (20.3, 150.0), (0.25, 1e6), (1e5, 3e5)],
    ("beta", 2): [(0.3, 2.5), (1e-9, 5.5), (20.3, 150.0), (-0.5, 2.25)],
    ("factorial", 1): of(0.3, 5.0, -0.5, 20.0, 150.0),
    ("binom", 2): [(5.0, 2.0), (20.5, 3.25), (1000.0, 300.0), (-2.5, 2.25)],
    ("lgamma_step", 2): [(0.3, 2.5), (5.5, 1e-9), (20.3, 40.0), (3.0, -2.75), (1e-9, 1e-9), (1e9, 0.25)],
    ("poch", 2): [(0.3, 2.5), (5.5, 0.125), (20.3, 40.0), (-1.5, 2.25)],
    ("ff", 2): [(5.5, 2.0), (20.5, 3.25)],
    ("gammasgn", 1): of(0.3, -0.5, -1.5, -2.5),
    ("gammainc", 2): [(0.3, 0.1), (2.5, 40.0), (40.0, 2.5), (100.0, 101.0), (5.0, 1e-3)],
    ("gammaincc", 2): [(0.3, 2.0), (2.5, 40.0), (40.0, 2.5), (100.0, 99.0)],
    ("lowergamma", 2): [(0.3, 0.1), (2.5, 1.5), (20.0, 2.5), (-0.5, 0.5)],
    ("uppergamma", 2): [(0.3, 2.0), (2.5, 40.0), (20.0, 25.0), (-0.5, 0.5), (-2.5, 3.0), (-3.0, 1e-3)],
    ("betainc", 3): [(0.5, 2.5, 0.3), (20.0, 4.0, 0.9), (2.0, 40.0, 1e-3), (30.0, 30.0, 0.5)],
    ("j0", 1): of(0.3, -2.0, 1e-9, 2.404825557695773, 24.9, 25.1, 1e4),
    ("j1", 1): of(0.3, -2.0, 1e-9, 3.831705970207512, 24.9, 25.1, 1e4),
    ("y0", 1): of(0.3, 2.0, 1e-9, 0.893576966279167, 24.9, 25.1, 1e4),
    ("y1", 1): of(0.3, 2.0, 1e-9, 2.197141326031017, 24.9, 25.1, 1e4),
    ("i0", 1): of(0.3, -2.0, 1e-9, 1.9, 2.1, 700.0),
    ("i1", 1): of(0.3, -2.0, 1e-9, 1.9, 2.1, -700.0),
    ("i0e", 1): of(0.3, -2.0, 1e-9, 1.9, 2.1, 1e6),
    ("i1e", 1): of(0.3, -2.0, 1e-9, 1.9, 2.1, -1e6),
    ("k0", 1): of(0.3, 2.0, 1e-9, 0.9, 1.1, 600.0),
    ("k1", 1): of(0.3, 2.0, 1e-9, 0.9, 1.1, 600.0),
    ("k0e", 1): of(0.3, 2.0, 1e-9, 0.9, 1.1, 1e6),
    ("k1e", 1): of(0.3, 2.0, 1e-9, 0.9, 1.1, 1e6),
    ("expi", 1): of(0.3, -2.0, 1e-9, 0.3725074107813666, 5.9, 6.1, 600.0, -600.0),
    ("exp1", 1): of(0.3, 2.0, 1e-9, 0.9, 1.1, 600.0),
    ("li", 1): of(0.3, 2.0, 1.4513692348833810, 1e9),
    ("Si", 1): of(0.3, -2.0, 1e-9, 3.9, 4.1, 1e4),
    ("Ci", 1): of(0.3, 2.0, 1e-9, 0.6165054856207162, 3.9, 4.1, 1e4),
    ("Shi", 1): of(0.3, -2.0, 1e-9, 3.9, 4.1, 600.0),
    ("Chi", 1): of(0.3, 2.0, 1e-9, 0.5238225713898644, 3.9, 4.1, 600.0),
    ("fresnels", 1): of(0.3, -1.9, 1e-9, 2.1, 50.25),
    ("fresnelc", 1): of(0.3, -1.9, 1e-9, 2.1, 50.25),
    ("lambertw", 1): of(0.3, 20.0, 1e-9, -0.2, -0.36, -0.3678, 1e200),
    ("exprel", 1): of(0.3, -2.0, 1e-9, 0.9, 1.1, 300.0, -300.0),
    ("sinpi", 1): of(0.3, -200.25, 1e-9, 7.5),
    ("cospi", 1): of(0.3, -200.25, 1e-9, 7.0),
    ("tanpi", 1): of(0.3, -200.25, 1e-9, 7.0),
    ("sindg", 1): of(0.3, -200.0, 180.0, 720.5),
    ("cosdg", 1): of(0.3, -200.0, 90.0, 720.5),
    ("tandg", 1): of(0.3, -200.0, 720.5),
    ("cotdg", 1): of(0.3, -200.0, 720.5),
    ("exp10", 1): of(0.3, -2.0, 1e-9, 300.0, -300.0),
    ("cosm1", 1): of(0.3, -2.0, 1e-9),
    ("gd", 1): of(0.3, -2.0, 1e-9, 40.0, -300.0),
    ("frac", 1): of(0.3, -2.25, 17.5),
    ("fma", 3): [(1.5, 2.5, -3.0), (-0.75, 3.0, 1e-9)],
    ("ldexp", 2): [(1.5, 2.0), (-0.75, -3.0)],
    ("KroneckerDelta", 2): [(1.0, 2.0), (2.0, 2.0)],
    ("entr", 1): of(0.3, 2.0, 1e-9, 1e9),
    ("rel_entr", 2): [(0.3, 2.0), (1.0, 1 + 1e-9), (1e-9, 2.0)],
    ("kl_div", 2): [(0.3, 2.0), (1.0, 1 + 1e-9), (1e-9, 2.0), (3.0, 2.5)],
    ("huber", 2): [(1.0, 0.3), (1.0, -2.0)],
    ("pseudo_huber", 2): [(1.0, 0.3), (1.0, -2.0), (2.0, 1e-9), (0.5, 1e9)],
    ("boxcox", 2): [(0.3, 2.0), (2.5, 1e-9), (1e4, -0.5)],
    ("boxcox1p", 2): [(0.3, 2.0), (1e-9, 0.5), (1e4, -0.5)],
    ("log1mexp", 1): of(0.3, 2.0, 1e-9, 0.69, 0.71, 300.0),
    ("sparse_plus", 1): of(0.3, -2.0, 7.0),
    ("sparse_sigmoid", 1): of(0.3, -2.0, 7.0),
    ("gelu", 2): [(0.3, 0.0), (-8.0, 0.0), (1e-9, 0.0), (0.3, 1.0), (-2.0, 1.0)],
    ("atan2", 2): [*PAIRS, (-1.0, -1e-9), (1e100, 2e100), (-1e-100, -2e-100)],
    ("hypot", 3): [(1.5, 2.5, -0.5), (3e200, 4e200, 1e200)],
    ("hypot", 4): [(1.5, 2.5, -0.5, 4.0), (3e-200, 4e-200, 1e-200, 2e-200)],
    ("hypot", 2): [*PAIRS, (3e200, 4e200), (-3e-200, 4e-200)],
    ("logaddexp", 2): [*PAIRS, (700.0, 701.0), (-800.0, -801.5), (30.0, -10.0)],
    ("logaddexp2", 2): [*PAIRS, (700.0, 701.0), (-2000.0, -2001.5), (30.0, -10.0)],
    ("xlogy", 2): [(1.5, 2.5), (-0.75, 3.0), (1e-8, 1e-200), (0.0, 2.0)],
    ("xlog1py", 2): [(1.5, 2.5), (-0.75, 1e-15), (1e-8, -0.5), (0.0, 2.0)],
    ("copysign", 2): [(1.5, 2.5), (-0.75, 3.0), (4.0, -1.25), (-4.0, -1.25)],
    ("mod", 2): [(7.3, 2.0), (-7.3, 2.0), (7.3, -2.0), (-7.3, -2.0)],
    ("fmod", 2): [(7.3, 2.0), (-7.3, 2.0), (7.3, -2.0), (-7.3, -2.0)],
    ("floor_divide", 2): [(7.3, 2.0), (-7.3, 2.0), (7.3, -2.0), (-7.3, -2.0)],
    ("max", 2): PAIRS,
    ("max", 3): [(1.0, 2.0, 3.0), (3.0, -1.0, 2.0), (-2.0, 5.0, 1.0)],
    ("min", 2): PAIRS,
    ("min", 3): [(1.0, 2.0, 3.0), (3.0, -1.0, 2.0), (-2.0, 5.0, 1.0)],
    ("logical_and", 2): TRUTHS,
    ("logical_and", 3): [(1.0, 1.0, 0.0), (1.0, 2.0, 3.0)],
    ("logical_or", 2): TRUTHS,
    ("logical_or", 3): [(0.0, 0.0, 0.0), (0.0, 0.0, 3.0)],
    ("logical_not", 1): of(0.0, 2.5),
    ("logical_xor", 2): TRUTHS,
    ("sqrt", 1): of(0.3, 2.0, 1e-200, 1e200),
    ("rsqrt", 1): of(0.3, 2.0, 1e-100, 1e100),
    ("square", 1): ANYWHERE,
    ("reciprocal", 1): of(0.3, -2.0, 1e-9, 1e100),
    ("negative", 1): ANYWHERE,
    ("positive", 1): ANYWHERE,
    ("Integer", 1): ANYWHERE,
    ("add", 2): PAIRS,
    ("subtract", 2): PAIRS,
    ("multiply", 2): PAIRS,
    ("divide", 2): PAIRS,
    ("Rational", 2): PAIRS,
    ("power", 2): [(1.5, 2.5), (0.75, -3.25), (1e-3, 40.5), (2.0, 0.0), (40.0, 100.5)],
    ("root", 2): [(1.5, 2.5), (0.75, 3.0), (1e9, 9.0)],
    ("maximum", 2): PAIRS,
    ("minimum", 2): PAIRS,
    ("clip", 3): [(0.3, -1.0, 1.0), (-2.0, -1.0, 1.0), (2.0, -1.0, 1.0)],
    ("where", 3): [(1.0, 2.0, 3.0), (0.0, 2.0, 3.0), (-1.0, 2.0, 3.0)],
    ("greater", 2): ORDERS,
    ("greater_equal", 2): ORDERS,
    ("less", 2): ORDERS,
    ("less_equal", 2): ORDERS,
    ("equal", 2): ORDERS,
    ("not_equal", 2): ORDERS,
    ("isnan", 1): ANYWHERE,
    ("isinf", 1): ANYWHERE,
    ("isfinite", 1): ANYWHERE,
    ("nan_to_num", 1): ANYWHERE,
    ("nan_to_num", 2): [(0.3, 1.0), (-2.0, 0.0)],
    ("nan_to_num", 3): [(0.3, 1.0, 2.0), (-2.0, 0.0, 2.0)],
    ("nan_to_num", 4): [(0.3, 1.0, 2.0, -3.0), (-2.0, 0.0, 2.0, -3.0)],
    ("bool", 1): of(0.3, -2.0),
    ("heaviside", 1): of(0.3, -2.0),
    ("heaviside", 2): [(0.3, 0.25), (-2.0, 0.25)],
    ("deg2rad", 1): ANYWHERE,
    ("rad2deg", 1): ANYWHERE,
    ("log_sigmoid", 1): of(0.3, -2.0, 1e-9, 40.0, -40.0, 300.0, -700.0),
    ("logit", 1): of(0.3, 0.8, 1e-200, 0.5 + 1e-9, 1 - 2**-40),
    ("relu", 1): of(0.3, -2.0),
    ("relu6", 1): of(0.3, -2.0, 7.0),
    ("silu", 1): of(0.3, -2.0, 1e-9, 40.0, -40.0, -300.0),
    ("mish", 1): of(0.3, -2.0, 1e-9, 40.0, -40.0, -300.0),
    ("elu", 1): of(0.3, -2.0, -1e-12, 1000.0, -40.0),
    ("elu", 2): [(0.3, 1.5), (-2.0, 0.5), (-1e-12, 2.0), (-40.0, 2.0)],
    ("celu", 1): of(0.3, -2.0, -1e-12, 1000.0, -40.0),
    ("celu", 2): [(0.3, 1.5), (-2.0, 0.5), (-40.0, 2.0)],
    ("selu", 1): of(0.3, -2.0, -1e-12, 1000.0, -40.0),
    ("leaky_relu", 1): of(0.3, -2.0),
    ("leaky_relu", 2): [(0.3, 0.1), (-2.0, 0.1)],
    ("gelu", 1): of(0.3, -2.0, 1e-9, 10.0, -8.0),
    ("soft_sign", 1): of(0.3, -2.0, 1e-9),
    ("hard_tanh", 1): of(0.3, -2.0, 7.0),
    ("hard_sigmoid", 1): of(0.3, -4.0, 7.0),
    ("hard_silu", 1): of(0.3, -4.0, 7.0),
    ("squareplus", 1): of(0.3, -2.0, 1e-9, 1e5, -1e5),
    ("squareplus", 2): [(0.3, 1.0), (-2.0, 5.0), (-1e5, 2.0), (1e5, 2.0)],
}
"""Points by word and number of arguments, with the tails where a textbook formula overflows or cancels."""

_POLYNOMIALS = ("legendre", "chebyshevt", "chebyshevu", "hermite", "hermite_prob", "laguerre")
_DEGREE = of(0.3, -0.875, 1e-9, 1.0, 3.5)

ORDERED: dict[tuple[str, int], Points] = {
    **{("jn", n): of(0.3, -2.0, 0.7 * n + 0.1, 0.8 * n + 0.1, 24.9, 1e3) for n in (0, 1, 2, 5, 20)},
    **{("yn", n): of(0.3, 2.0, n + 0.1, 24.9, 1e3) for n in (0, 1, 2, 5, 20)},
    **{("iv", n): of(0.3, -2.0, 7.9, 8.1, 199.0, 201.0, 600.0) for n in (0, 1, 2, 5, 20)},
    **{("kn", n): of(0.3, 2.0, 1e-3, 600.0) for n in (0, 1, 2, 5, 20)},
    **{("expn", n): of(0.3, 2.0, 2.9, 3.1, 600.0) for n in (0, 1, 2, 5, 20)},
    **{("polygamma", n): of(0.3, 5.5, 1e-3, 20.3, 1e4) for n in (0, 1, 2, 5, 20)},
    ("polygamma", 3): of(-0.5, -2.25),
    **{(name, n): _DEGREE for name in _POLYNOMIALS for n in (0, 1, 2, 7, 20)},
    **{("assoc_laguerre", n): [(0.25, 0.3), (2.5, 7.0)] for n in (0, 1, 5)},
    **{("gegenbauer", n): [(0.25, 0.3), (2.5, -0.9)] for n in (0, 1, 5)},
    **{("jacobi", n): [(0.25, 0.75, 0.3), (2.5, -0.5, -0.9)] for n in (0, 1, 5)},
}
"""The same by word and order, for the words that have one."""

DOMAIN |= {
    ("nthroot", 1): of(0.3, 2.0, 1e9),
    ("nthroot", 2): [(0.3, 2.0), (-8.0, 3.0), (2.0, 2.5), (-1e-9, 5.0)],
    ("cotpi", 1): of(0.3, -1.75, 1e-9, 20.25),
    ("asinpi", 1): of(0.3, -0.8, 1e-9, 0.999999),
    ("acospi", 1): of(0.3, -0.8, 1e-9, 0.999999),
    ("atanpi", 1): of(0.3, -2.0, 1e-9, 1e9),
    ("atan2pi", 2): PAIRS,
    ("asind", 1): of(0.3, -0.8, 1e-9, 0.999999),
    ("acosd", 1): of(0.3, -0.8, 1e-9, 0.999999),
    ("atand", 1): of(0.3, -2.0, 1e-9, 1e9),
    ("atan2d", 2): PAIRS,
    ("secd", 1): of(0.3, -200.0, 45.0, 720.5),
    ("cscd", 1): of(0.3, -200.0, 45.0, 720.5),
    ("logcosh", 1): of(0.3, -2.0, 1e-9, 1e3, -0.999, 1.0),
    ("logexpm1", 1): of(0.3, 1e-9, 0.7, 50.0, 1e3),
    ("logsubexp", 2): [(1.5, 0.5), (1e3, 999.5), (-5.0, -50.0), (0.0, -1e-9)],
    ("xlogx", 1): of(0.3, 2.0, 1e-9, 1e9),
    ("exp2m1", 1): of(0.3, -2.0, 1e-9, 100.0),
    ("exp10m1", 1): of(0.3, -2.0, 1e-9, 100.0),
    ("log2p1", 1): of(0.3, -0.5, 1e-9, 1e9),
    ("log10p1", 1): of(0.3, -0.5, 1e-9, 1e9),
    ("powm1", 2): [(1.5, 2.5), (2.0, 1e-9), (1 + 2**-30, 3.0), (0.25, -3.0)],
    ("cloglog", 1): of(0.3, 1e-9, 0.999),
    ("lfactorial", 1): of(0.3, 5.5, 1e6, -0.75),
    ("lchoose", 2): [(5.0, 2.0), (10.5, 3.25), (1e6, 12.5)],
    ("tetragamma", 1): of(0.3, 5.5, -1.5, 1e4),
    ("Li", 1): of(0.3, 3.0, 1e6),
    ("harmonic", 1): of(0.3, -0.5, 0.2, 1e-9, -1e-9, 5.0, 1e6),
    ("harmonic", 2): [(5.0, 2.0), (3.0, 1.5), (10.5, 3.0), (4.0, -2.0)],
}

TAILS: dict[tuple[str, int], Points] = {
    ("soft_sign", 1): of(1e8, -1e10),  # 1/(1 + |x|) - |x|/(1 + |x|)**2 would cancel
    ("acsc", 1): of(1e160, -1e200),  # (x - 1)*(x + 1) would overflow
    ("atan2", 2): [(1e200, 2e200), (-1e-200, 1e-200)],  # x*x + y*y would over- or underflow
    ("celu", 2): [(-1e-12, 2.0)],  # by alpha, expm1(u) - u*exp(u) would cancel
}
"""More of them, farther out."""


@dataclass(frozen=True)
class Case:
    """A word called by one of its names, with points."""

    word: str
    name: str
    count: int
    points: Points
    order: int | None = None

    def text(self) -> str:
        first = [] if self.order is None else [str(self.order)]
        return f"{self.name}({', '.join([*first, *map(self._operand, self.args())])})"

    def digits(self) -> int:
        """Return how many digits the reference carries: fewer for special functions, unless their tails need more."""
        special = any(
            opcode in table.SPECIAL for opcode, _ in float_tapes.recorded(self.text(), *self.args()).tape.code
        )
        return _FEWER if special and self.word not in {"log_ndtr", "gd"} else _DIGITS

    def exact(self) -> Exact:
        function = exact(self.word)
        return function if self.order is None else lambda *point: function(self.order, *point)

    def _operand(self, argument: str) -> str:
        return f"{argument} != 0" if self.word == "logical_xor" else argument

    def args(self) -> list[str]:
        return [f"x{index}" for index in range(self.count)]


SCALAR = [word for word in words.ALL if word.kind != "array" and word not in words.HOST]
CANONICAL = [
    *(Case(word, word, count, points) for (word, count), points in DOMAIN.items()),
    *(Case(word, word, len(points[0]), points, order) for (word, order), points in ORDERED.items()),
]
ALIASES = [dataclasses.replace(case, name=alias) for case in CANONICAL for alias in words.BY_NAME[case.word].names[1:]]


def jet(function: Exact, point: Sequence[Any]) -> list[Any]:
    """Return value and partials by central differences, to about 50 digits."""
    exact_point = [mpf(x) for x in point]

    def at(index: int, step: Any) -> Any:
        return function(*[x + step if i == index else x for i, x in enumerate(exact_point)])

    partials = []
    for index, x in enumerate(exact_point):
        h = abs(x) * mpf(10) ** -26 if x else mpf(10) ** -26
        partials.append((at(index, h) - at(index, -h)) / (2 * h))
    return [function(*exact_point), *partials]


_JETS: dict[tuple[Any, ...], list[Any]] = {}
"""What ``jet`` returned for each word, order and point; it takes longer than all the rest of these tests."""


def expected_at(case: Case, point: tuple[float, ...]) -> list[Any]:
    key = case.word, case.order, mp.dps, point
    if key not in _JETS:
        _JETS[key] = jet(case.exact(), point)
    return _JETS[key]


def assert_near(found: Sequence[float], case: Case, point: tuple[float, ...]) -> None:
    """Assert that numbers are within 1e-12 of the exact ones, or within what four roundings of the arguments change.

    Numbers below the least normal float are flushed to zero by XLA.
    """
    numbers = expected_at(case, point)[: len(found)]
    allowed = [abs(number) * mpf("1e-12") + mpf(2) ** -1022 for number in numbers]
    off = [abs(mpf(f) - number) if math.isfinite(f) else mp.inf for f, number in zip(found, numbers, strict=True)]
    if all(o <= a for o, a in zip(off, allowed, strict=True)):
        return  # most numbers need no second reference
    for index, x in enumerate(point):
        moved = [mpf(y) * (1 + 4 * mpf(2) ** -52) if i == index and x else mpf(y) for i, y in enumerate(point)]
        nudged = jet(case.exact(), moved)[: len(found)]
        allowed = [a + abs(n - m) for a, n, m in zip(allowed, numbers, nudged, strict=True)]
    for f, e, o, a in zip(found, numbers, off, allowed, strict=True):
        assert o <= a, f"{case.text()} at {point}: {f!r} for {mp.nstr(e, 17)}, off by {mp.nstr(o, 3)}"


def assert_word(case: Case, values: list[float], gradient: list[Any]) -> None:
    """Check value and partials at every point, in arithmetic with digits to spare."""
    with mp.workdps(case.digits()):
        for row, point in enumerate(case.points):
            assert_near([values[row], *by_row(gradient, row)], case, point)


def columns(case: Case) -> list[list[float]]:
    return [list(column) for column in zip(*case.points, strict=True)]


@pytest.mark.parametrize("case", CANONICAL, ids=Case.text)
def test_a_word_has_its_value_and_gradient_compiled_and_over_http(client: Client, case: Case) -> None:
    assert_word(case, *compiled(case.text(), case.args(), columns(case), in_axes=0))
    everything = list(range(case.count))
    answer = client.grad(case.text(), columns(case), args=case.args(), argnums=everything, in_axes=0)
    assert_word(case, answer["value"], answer["gradient"])


@pytest.mark.parametrize(
    "case", [Case(word, word, count, points) for (word, count), points in TAILS.items()], ids=Case.text
)
def test_a_word_keeps_its_digits_in_its_farthest_tails(case: Case) -> None:
    assert_word(case, *compiled(case.text(), case.args(), columns(case), in_axes=0))


@pytest.mark.parametrize("case", ALIASES, ids=Case.text)
def test_another_name_is_the_same_function(case: Case) -> None:
    canonical = dataclasses.replace(case, name=case.word)
    found, expected = (float_tapes.recorded(c.text(), *c.args()) for c in (case, canonical))
    assert found.function_id == expected.function_id


@pytest.mark.parametrize(
    ("text", "point", "value", "slope"),
    [
        ("Piecewise((x**2, x < 1), (2*x, x < 3), (5, True))", 0.5, 0.25, 1.0),
        ("Piecewise((x**2, x < 1), (2*x, x < 3), (5, True))", 2.0, 4.0, 2.0),
        ("Piecewise((x**2, x < 1), (2*x, x < 3), (5, True))", 4.0, 5.0, 0.0),
        ("Piecewise((x, x > 0))", -1.0, math.nan, 0.0),
        ("Piecewise((x, True), (2*x, True))", 3.0, 3.0, 1.0),
        ("heaviside(x)", 0.0, 0.5, 0.0),
        ("heaviside(x, 0.25)", 0.0, 0.25, 0.0),
        ("round(x)", 2.5, 2.0, 0.0),
        ("round(x)", 3.5, 4.0, 0.0),
        ("sign(x)", 0.0, 0.0, 0.0),
        ("acot(x)", 0.0, math.pi / 2, -1.0),
        ("sinc(x)", 0.0, 1.0, 0.0),
        ("xlogy(x, 0)", 0.0, 0.0, -math.inf),
        ("where(x, 2, 3)", 0.0, 3.0, 0.0),
    ],
)
def test_the_choices_the_language_makes(text: str, point: float, value: float, slope: float) -> None:
    found, gradient = compiled(text, ["x"], [point])
    assertions.assert_close(found, value, 1e-15)
    assertions.assert_close(gradient, [slope], 1e-15)


# The tables


def test_every_word_is_held_against_the_reference_at_every_number_of_arguments() -> None:
    wanted = {(w.names[0], w.arity[0]) for w in SCALAR if w.kind not in ("piecewise", "order")}
    wanted |= words.OVERLOADS.keys() - hosted.OVERLOADS.keys() - orders.OVERLOADS.keys()
    wanted |= {(word.names[0], 3) for word in SCALAR if word.arity == (2, None)}
    assert set(DOMAIN) == wanted
    assert {word for word, _ in ORDERED} == set(words.BY_ORDER)


def test_the_language_has_at_least_ninety_names() -> None:
    assert len(words.BY_NAME) >= LEAST_NAMES


@pytest.mark.parametrize(
    "name",
    [
        "sin",
        "asin",
        "arcsin",
        "arctan2",
        "atan2",
        "maximum",
        "minimum",
        "Max",
        "Min",
        "where",
        "Piecewise",
        "log1p",
        "expm1",
        "ln",
        "sec",
        "cot",
        "sinc",
        "exp2",
        "log2",
        "log10",
        "cbrt",
        "hypot",
        "sigmoid",
        "expit",
        "softplus",
        "relu",
        "gelu",
        "silu",
        "swish",
        "logaddexp",
        "erf",
        "erfc",
        "gamma",
        "lgamma",
        "gammaln",
        "digamma",
        "Abs",
        "fabs",
        "sqrt",
        "power",
        "clip",
        "sign",
        "floor",
        "ceil",
        "Heaviside",
        "heaviside",
        "xlogy",
        "logit",
        "deg2rad",
        "radians",
        "degrees",
        "Mod",
        "fmod",
        "trunc",
        "logical_and",
        "And",
        "Eq",
    ],
)
def test_a_name_people_type_is_known(name: str) -> None:
    assert name in words.BY_NAME


def test_no_name_is_given_twice() -> None:
    names = [name for word in words.ALL for name in word.names]
    assert sorted(names) == sorted(set(names))
    assert not set(names) & set(constants.BARE)


def test_every_opcode_has_a_rule_and_every_rule_is_reached() -> None:
    named = {word.opcode for word in (*words.PRIMITIVES, *words.INNER.values())} - {None} - table.HOSTED.keys()
    assert named <= set(table.CORE | table.SPECIAL)
    arithmetic = "x + y - x*y/(-x) + x**2 + x**-1 + x**0.5 + x**(1/2) + x**y + 2**x"
    relations = "where(x < y, x, y) + where(x <= y, x, y) + where(x == y, x, y) + where(x != y, x, y)"
    written = {opcode for text in (arithmetic, relations) for opcode, _ in float_tapes.recorded(text).tape.code}
    assert named | written == set(table.CORE | table.SPECIAL)


def test_every_opcode_and_no_other_has_a_function_for_constants() -> None:
    assert numpy_words.WORDS.keys() >= (table.CORE | table.SPECIAL).keys()


@pytest.mark.parametrize("opcode", table.CORE | table.SPECIAL)
def test_a_word_takes_as_many_operands_as_it_has_partials(opcode: str) -> None:
    operands = [0.5] * len(table.PULLBACKS[opcode])
    with np.errstate(all="ignore"):
        numpy_words.WORDS[opcode](*operands)


_FOLDED = [case for case in CANONICAL if words.BY_NAME[case.word].kind in ("elementwise", "order")]


@pytest.mark.parametrize("case", _FOLDED, ids=Case.text)
def test_a_call_of_literals_is_a_constant_of_the_same_value(case: Case) -> None:
    for point in case.points:
        literals = [repr(x) if x >= 0 else f"({x!r})" for x in point]
        text = case.text()
        for argument, literal in zip(case.args(), literals, strict=True):
            text = re.sub(rf"\b{argument}\b", literal, text)
        structure = float_tapes.recorded(f"x*{text}", "x")
        if [opcode for opcode, _ in structure.tape.code] == ["mul"]:  # a branch among constants stays a branch
            with mp.workdps(case.digits()):
                assert_near([structure.constants[0]], case, point)


@pytest.mark.parametrize(
    "definition",
    [
        *[word.definition for word in words.DEFINED],
        *words.OVERLOADS.values(),
        *[define(n) for define in words.BY_ORDER.values() for n in range(special.MAX_ORDER + 1)],
        *words.REAL_ORDER.values(),
    ],
)
def test_a_definition_is_a_function_of_the_language(definition: str) -> None:
    assert statements.parse(definition, max_nesting=64).parameters


def test_a_number_is_a_condition_for_every_logical_function() -> None:
    for name in ("logical_and", "logical_or", "logical_xor"):
        parse.parse(f"{name}(x, y)")


# Prefixes


@pytest.mark.parametrize("prefix", [each for each, name in prefixes.LIBRARIES.items() if name != prefixes.NATURE])
def test_a_prefix_is_accepted_on_every_name_and_changes_nothing(prefix: str) -> None:
    for name, word in words.BY_NAME.items():
        decides = (prefixes.LIBRARIES[prefix], name) in prefixes.QUALIFIED.keys() | prefixes.ABSENT.keys()
        decides |= "." in name or f"{prefixes.LIBRARIES[prefix]}.{name}" in words.BY_NAME
        if decides or word.kind in {"piecewise", "array"} or word in words.HOST:
            continue
        args = "xyz"[: word.arity[0] - (word.kind == "order")]
        if (prefixes.LIBRARIES[prefix], word.names[0], len(args)) in prefixes.OTHER_OPERANDS:
            continue
        call = f"{name}({', '.join(['3'] * (word.kind == 'order') + [f'{x} > 0' for x in args])})"
        assert (
            float_tapes.recorded(f"{prefix}.{call}", *args).function_id == float_tapes.recorded(call, *args).function_id
        )


@pytest.mark.parametrize(
    "prefix", ["math", "np", "numpy", "jnp", "jax.numpy", "jax.nn", "jax.scipy.special", "sympy", "sp"]
)
def test_the_prefixes_of_the_contract_are_accepted(prefix: str) -> None:
    assert prefix in prefixes.LIBRARIES
    assert (
        float_tapes.recorded(f"{prefix}.sin(x)*{prefix}.pi").function_id
        == float_tapes.recorded("sin(x)*pi").function_id
    )


@pytest.mark.parametrize(
    "prefix", ["os", "sys", "np.lib", "np.random", "builtins", "x", "jax", "app", "np.np", "torch"]
)
@pytest.mark.parametrize("what", ["sin(x)", "pi*x"])
def test_another_prefix_is_refused(prefix: str, what: str) -> None:
    with pytest.raises(errors.UnknownName):
        parse.parse(f"{prefix}.{what}", ["x"])


def test_the_prefix_decides_where_libraries_disagree() -> None:
    x = 0.7
    numpy_s, sympy_s = math.sin(math.pi * x) / (math.pi * x), math.sin(x) / x
    for text, expected in [("sinc(x)", numpy_s), ("np.sinc(x)", numpy_s), ("jnp.sinc(x)", numpy_s), ("sympy.sinc(x)",
    sympy_s),
                           ("sp.sinc(x)", sympy_s)]:  # fmt: skip
        assertions.assert_close(compiled(text, ["x"], [x])[0], expected, 1e-14)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pi", mp.pi), ("e", mp.e), ("E", mp.e), ("math.tau", 2 * mp.pi), ("np.euler_gamma", mp.euler),
        ("sympy.GoldenRatio", mp.phi),
     ("np.pi", mp.pi), ("sympy.E", mp.e), ("sympy.EulerGamma", mp.euler)],
)  # fmt: skip
def test_a_constant_is_the_nearest_float(name: str, value: Any) -> None:
    assert float_tapes.recorded(f"x*{name}", "x").constants == (float(value),)


@pytest.mark.parametrize("name", ["tau", "oo", "euler_gamma", "EulerGamma", "GoldenRatio"])
def test_a_constant_people_use_as_a_name_needs_its_prefix(name: str) -> None:
    assert parse.parse(f"2*{name}").args == (name,)


def test_the_published_language_is_the_whole_vocabulary(client: Client) -> None:
    language = client.get("/v1/language").json()
    listed = list(itertools.chain.from_iterable([f["name"], *f["aliases"]] for f in language["functions"]))
    assert sorted(listed) == sorted(words.BY_NAME)
    assert set(language["constants"]) == set(constants.BARE)
    assert set(language["prefixes"]) == set(prefixes.LIBRARIES)


def test_the_published_arity_is_the_one_enforced(client: Client) -> None:
    for function in client.get("/v1/language").json()["functions"]:
        least, most = function["arity"]["least"], function["arity"]["most"]
        if words.BY_NAME[function["name"]].kind in {"piecewise", "array"}:
            continue
        first = ["2"] if function["name"] in words.BY_ORDER else ["x > 0"]
        for count in range(least, (most or least + 2) + 1):
            parse.read(f"{function['name']}({', '.join(first + ['x > 0'] * (count - 1))})", ["x"])
        for count in {least - 1} | ({most + 1} if most else set()):
            with pytest.raises(errors.BadArity):
                parse.parse(f"{function['name']}({', '.join(['x'] * count)})", ["x"])


def test_constants_and_units_are_those_of_scipy() -> None:
    """CODATA's values of 2022 and of 2018, which an older SciPy has, agree to seven digits."""
    known = {name: value for name, value in vars(scipy.constants).items() if isinstance(value, int | float)}
    known = {name: value for name, value in known.items() if not name.startswith("_")}
    assert known.keys() <= constants.OF_NATURE.keys()
    for name, value in known.items():
        assert constants.OF_NATURE[name] == pytest.approx(value, rel=1e-7)


def test_a_constant_of_nature_is_not_the_number_e() -> None:
    natural, elementary = (parse.read(f"lambda x: x*{name}") for name in ("np.e", "scipy.constants.e"))
    assert natural.expression is not None
    assert elementary.expression is not None
    assert natural.expression.root != elementary.expression.root
    summed = [parse.read(f"lambda x: sum(x)*{name}").identity for name in ("np.e", "scipy.constants.e")]
    assert summed[0] != summed[1]
