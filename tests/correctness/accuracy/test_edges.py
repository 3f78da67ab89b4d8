"""Values, first and second derivatives at edges of domains, at poles' neighbours and in tails, by their kinds.

Expectations are closed forms or limits; where none is given, 50 digits of ``references``.
"""

import functools
import math
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from tests.correctness.accuracy import measure, references
from tests.support.service import SyncEngine

INF = math.inf


def _all(engine: SyncEngine, text: str, args: list[str], point: tuple[float, ...]) -> tuple[float, Any, Any]:
    everything = list(range(len(args)))
    slopes = engine.answer("grad", text, list(point), args=args, argnums=everything)
    bends = engine.answer("hessian", text, list(point), args=args, argnums=everything)
    assert isinstance(slopes.value, float)
    return slopes.value, slopes.derivative, bends.derivative


@pytest.mark.parametrize(
    ("word", "point"),
    [
        ("uppergamma", (-0.5, 0.5)),
        ("uppergamma", (-1.0, 0.5)),
        ("uppergamma", (-20.25, 0.5)),
        ("lowergamma", (-0.5, 0.5)),
        ("lowergamma", (-1.5, 2.0)),
        ("zeta", (-0.75,)),
        ("zeta", (-1.25,)),
        ("zeta", (-180.5,)),
        ("zeta", (-20.0, 0.375)),
        ("zeta", (0.0, 1.0)),
        ("betaln", (-17.25, 2.0)),
        ("betaln", (-1.25, -2.5)),
        ("betaln", (-3.5, 1e4)),
        ("trigamma", (1e100,)),
        ("tetragamma", (-0.5,)),
        ("rgamma", (-160.5,)),
        ("gamma", (-170.75,)),
        ("poch", (-512.69, -7.5)),
        ("binom", (-0.75, 375.5)),
        ("beta", (-463.5, 0.25)),
        ("boxcox1p", (1e-20, 1e8)),
        ("pseudo_huber", (1e-20, 1e200)),
        ("expn", (5.0, 1e-250)),
        ("fresnels", (12345.678,)),
        ("ndtr", (1e8,)),
        ("cbrt", (1e-250,)),
        ("asec", (1e200,)),
        ("i0e", (1e200,)),
        ("dawsn", (6.5,)),
        ("cosh", (17.5,)),
        ("lowergamma", (171.0, 1.0)),
        ("lowergamma", (300.0, 5.0)),
        ("zeta", (-13.5, 0.25)),
        ("zeta", (-30.0, 0.7)),
        ("ndtri", (1e-100,)),
        ("erfinv", (1 - 2.0**-53,)),
        ("erfcinv", (2 - 2.0**-52,)),
        ("rel_entr", (1 - 2.0**-53, 1.0)),
        ("rel_entr", (1e-300, 1.0)),
        ("kl_div", (1.0, 1 + 1e-8)),
        ("lfactorial", (1e-10,)),
        ("hypot", (1e-8, 1.0, 1e8)),
        ("hypot", (1e8, 1e-8, 1.0)),
        ("sinc", (1e8 + 0.5,)),
        ("sindg", (1e16,)),
        ("cosdg", (269.99999,)),
        ("tandg", (179.999999,)),
        ("cscd", (-1e16,)),
        ("gegenbauer", (5.0, 1e-10, 0.5)),
        ("betainc", (1e-20, 1.0, 0.5)),
        ("betainc", (2.0, 1e-12, 0.75)),
        ("betainc", (1e-3, 5.0, 0.9)),
        ("betainc", (0.01, 200.0, 1e-6)),
        ("binom", (2.5, 1e-100)),
        ("binom", (1e-20, 1e-20)),
        ("binom", (10.0, -1e-12)),
        ("lchoose", (0.5, 1e-20)),
        ("lchoose", (100.0, 1e-8)),
        ("lchoose", (4.75, 4.5)),
        ("poch", (1e-100, 2.5)),
        ("poch", (5.0, 1e-10)),
        ("poch", (-2.5, 1e-20)),
        ("ff", (1e-20, 1e-20)),
        ("ff", (-2.5, 1e-20)),
        ("lowergamma", (169.5, 1.0)),
        ("lowergamma", (175.0, 100.0)),
        ("lowergamma", (180.0, 60.0)),
        ("lowergamma", (40.0, 2.0)),
        ("gammaincc", (1.0, 700.0)),
        ("zeta", (-9.9, 1e-5)),
        ("zeta", (-7.5, 0.25)),
        ("zeta", (-5.25, 0.1)),
        ("zeta", (-20.0, 3.0)),
        ("zeta", (-12.0, 1.5)),
        ("zeta", (-9.5,)),
        ("li", (1e-290,)),
        ("li", (1e300,)),
    ],
)
def test_a_kind_that_was_wrong(engine: SyncEngine, word: str, point: tuple[float, ...]) -> None:
    call = f"{word}({', '.join('xyz'[: len(point)])})"
    function = references.reference(word)
    if word in {"expn", "gegenbauer"}:  # whose order is an integer of the text
        order, point = point[0], point[1:]
        call = f"{word}({order:.0f}, {', '.join('xyz'[: len(point)])})"
        function = functools.partial(function, mpf(order))
    value, slopes, bends = _all(engine, call, list("xyz"[: len(point)]), point)
    exact = measure.exact(function, point, references.is_precise(word))
    assert exact.value is not None
    np.testing.assert_allclose(value, float(exact.value), rtol=1e-12, atol=1e-300)
    for (i,), slope in exact.first.items():
        np.testing.assert_allclose(slopes[i], float(slope), rtol=1e-12, atol=1e-300)
    for (i, j), bend in exact.second.items():
        np.testing.assert_allclose(bends[i][j], float(bend), rtol=1e-11, atol=1e-300)
        np.testing.assert_allclose(bends[j][i], float(bend), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize(
    ("text", "point", "value", "slopes", "bends"),
    [
        ("gammainc(a, x)", (1.0, 0.0), 0.0, [0.0, 1.0], [[0.0, -INF], [-INF, -1.0]]),
        ("gammainc(a, x)", (2.0, 0.0), 0.0, [0.0, 0.0], [[0.0, 0.0], [0.0, 1.0]]),
        ("gammainc(a, x)", (0.5, 0.0), 0.0, [0.0, INF], [[0.0, -INF], [-INF, -INF]]),
        ("betainc(1, x, y)", (3.0, 0.0), 0.0, [0.0, 3.0], [[0.0, 1.0], [1.0, -6.0]]),
        ("betainc(x, 1, y)", (3.0, 1.0), 1.0, [0.0, 3.0], [[0.0, 1.0], [1.0, 6.0]]),
        ("zeta(x)", (-20.0,), 0.0, [132.28099750421267], [[-312.88334261848986]]),
        ("poch(x, 2)", (-2.0,), 2.0, [-3.0], [[2.0]]),
        ("ff(x, 2)", (-2.0,), 6.0, [-5.0], [[2.0]]),
        ("betaln(x, 2)", (-17.0,), -math.log(272), [1 / 17 + 1 / 16], [[1 / 17**2 + 1 / 16**2]]),
        ("beta(x, 2)", (-3.0,), 1 / 6, [5 / 36], [[19 / 108]]),
        ("binom(x, 2)", (-2.0,), 3.0, [-2.5], [[1.0]]),
        ("boxcox(x, 0.5)", (0.0,), -2.0, [INF], [[-INF]]),
        ("ellipkm1(x)", (1e-300,), 346.774058310226743, [-5e299], [[INF]]),
        ("elliptic_k(x)", (-1e300,), 3.46774058310226734e-148, [0.0], [[0.0]]),
        ("ndtri(x)", (1e-300,), -37.0470962993611992, [2.69730446504261198e298], [[-INF]]),
        ("kn(2, x)", (705.0,), 3.1441977892482632e-308, [-3.1464395612638008e-308], [[3.1486860915393e-308]]),
    ],
)
def test_an_edge(
    engine: SyncEngine, text: str, point: tuple[float, ...], value: float, slopes: list[float], bends: list[list[float]]
) -> None:
    args = ["a", "x"] if "(a," in text else ["x", "y"][: len(point)]
    found = _all(engine, text, args, point)
    expected: tuple[Any, ...] = (value, slopes, bends)
    for got, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("word", ["softmax", "log_softmax"])
def test_the_tails_of_softmax_keep_their_digits(engine: SyncEngine, word: str) -> None:
    """The share of a component 40 below the largest is exp(-40) / (1 + exp(-40)), and so are the others' slopes."""
    small = math.exp(-40)
    share = small / (1 + small)
    expected = [share * (1 - share), -share * (1 - share)] if word == "softmax" else [-share, share]
    element = 0 if word == "softmax" else 1
    found = engine.answer("grad", f"{word}(x)[{element}]", [[0.0, 40.0]], argnums=0).derivative
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("text", ["k1(x)", "kn(2, x)", "exp(-x)", "x*exp(-x)", "sech(x)"])
def test_an_answer_near_the_least_number_is_the_same_compiled(engine: SyncEngine, text: str) -> None:
    """Numbers, arrays (by NumPy) and whole batches (compiled) agree while results are normal numbers."""
    points = [690.0, 699.0, 700.0, 704.0, 705.0, 707.0]
    batch = engine.answer("grad", text, [points], argnums=0, in_axes=0).derivative
    arrays = engine.answer("grad", f"sum({text})", [points], argnums=0).derivative
    single = [engine.grad(text, [x]).derivative for x in points]
    for one in (batch, arrays):
        for got, right in zip(one, single, strict=True):
            assert abs(got - right) <= 4 * math.ulp(right) or max(abs(got), abs(right)) < 2.3e-308


@pytest.mark.parametrize(
    "point", [(1e4, 1e4, 0.5), (1e3, 2e3, 0.34), (10.0, 1e6, 1e-5), (1e6, 10.0, 0.99999), (20.0, 1764279.0, 1.2e-5)]
)
def test_beta_distributions_of_large_shapes_keep_their_digits(engine: SyncEngine, point: tuple[float, ...]) -> None:
    """Of numbers, and of arrays by NumPy, whose SciPy has ten digits for some whole shapes."""
    with mp.workprec(200):
        exact = float(references.reference("betainc")(*map(mpf, point)))
    a, b, x = point
    np.testing.assert_allclose(engine.value("betainc(x, y, z)", list(point)), exact, rtol=1e-13)
    np.testing.assert_allclose(engine.value(f"betainc({a}, {b}, x)", [[x] * 30]), exact, rtol=1e-13)
