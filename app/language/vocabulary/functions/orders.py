"""Functions that depend on orders and parameters: Airy, Bessel, hypergeometric and orthogonal polynomials.

Where an order is an integer from 0 to 20 that is known from the text, XLA has the function; else it is a host word.
"""

from __future__ import annotations

from collections.abc import Callable

from app.language.vocabulary.word import Word, hosted, of_order, opaque

PRIMITIVES: tuple[Word, ...] = (
    hosted("airyai", "airyai", "AiryAi", doc="Airy function Ai"),
    hosted("airyaiprime", "airyaiprime", "AiryAiPrime", doc="derivative of Ai"),
    hosted("airybi", "airybi", "AiryBi", doc="Airy function Bi"),
    hosted("airybiprime", "airybiprime", "AiryBiPrime", doc="derivative of Bi"),
    hosted("scaled_i", "ive", doc="exp(-|x|) * iv(v, x)", arity=2),
    hosted("scaled_k", "kve", doc="exp(x) * kv(v, x), x > 0", arity=2),
    hosted("spherical_j", "spherical_jn", doc="spherical Bessel function j of order n >= 0", arity=2),
    hosted("spherical_y", "spherical_yn", doc="spherical Bessel function y of order n >= 0", arity=2),
    hosted("struve_h", "struve", "StruveH", doc="Struve function H of order v > -1", arity=2),
    hosted("struve_l", "modstruve", "StruveL", doc="modified Struve function L of order v > -1", arity=2),
    hosted("hyp0f1", "hyp0f1", "Hypergeometric0F1", doc="hypergeometric function 0F1(b; x)", arity=2),
    hosted("hyp1f1", "hyp1f1", "Hypergeometric1F1", doc="Kummer's function 1F1(a; b; x)", arity=3),
    hosted("hyp2f1", "hyp2f1", "Hypergeometric2F1", doc="Gauss' function 2F1(a, b; c; x), x <= 1", arity=4),
    hosted("hyp1f2", "hyp1f2", doc="hypergeometric function 1F2(a; b, c; x)", arity=4),
    hosted("hyp2f2", "hyp2f2", doc="hypergeometric function 2F2(a, b; c, d; x)", arity=5),
    hosted("hyp2f3", "hyp2f3", doc="hypergeometric function 2F3(a, b; c, d, e; x)", arity=6),
    hosted("hyp3f2", "hyp3f2", doc="hypergeometric function 3F2(a, b, c; d, e; x), |x| <= 0.95", arity=6),
    hosted("hyperu", "hyperu", "HypergeometricU", doc="Tricomi's function U(a, b, x), x > 0", arity=3),
    hosted("owens_t", "owens_t", "OwenT", doc="Owen's T function of h and a", arity=2),
    hosted(
        "lower_lambertw", "lambertwm1", doc="branch w <= -1 of lambertw, for -1/e <= x < 0; lambertw(x, -1) is the same"
    ),
    hosted("voigt", "voigt_profile", doc="Voigt density of x, sigma and gamma", arity=3),
)
"""Host words of their own."""

OF_ORDER: tuple[Word, ...] = (
    of_order("legendre", "legendre_p", "eval_legendre", "LegendreP", doc="Legendre polynomial of degree n"),
    of_order("chebyshevt", "eval_chebyt", "ChebyshevT", doc="Chebyshev polynomial T of degree n"),
    of_order("chebyshevu", "eval_chebyu", "ChebyshevU", doc="Chebyshev polynomial U of degree n"),
    of_order("hermite", "eval_hermite", "HermiteH", doc="Hermite polynomial of degree n from 0 to 20, of exp(-x**2)"),
    of_order("hermite_prob", "eval_hermitenorm", doc="Hermite polynomial of degree n from 0 to 20, of exp(-x**2/2)"),
    of_order("laguerre", "eval_laguerre", "LaguerreL", doc="Laguerre polynomial of degree n"),
    of_order("assoc_laguerre", "eval_genlaguerre", doc="Laguerre polynomial of degree n and parameter a", arity=3),
    of_order("gegenbauer", "eval_gegenbauer", "GegenbauerC", doc="Gegenbauer polynomial, of n, a and x", arity=3),
    of_order("jacobi", "eval_jacobi", "JacobiP", doc="Jacobi polynomial, of n, a, b and x", arity=4),
)
"""Words whose first argument may be an integer known from the text."""

_MOST_PARAMETERS = 4


def _of_real_order(name: str, opcode: str, arity: int = 2) -> Word:
    """Return the host word that a word of order is where the order is real; its formulae are written with ``name``."""
    return Word((name,), f"{name} of real order", (arity, arity), opaque(name), opcode, hosted=True)


INNER: dict[str, Word] = {
    **{
        f"order_{name}": _of_real_order(name, opcode)
        for name, opcode in (
            ("besselj", "bessel_j"),
            ("bessely", "bessel_y"),
            ("besseli", "bessel_i"),
            ("besselk", "bessel_k"),
            ("expint", "exp_integral"),
            ("legendre", "legendre_p"),
            ("chebyshevt", "chebyshev_t"),
            ("chebyshevu", "chebyshev_u"),
        )
    },
    "order_assoc_laguerre": _of_real_order("assoc_laguerre", "laguerre_l", 3),
    "order_gegenbauer": _of_real_order("gegenbauer", "gegenbauer_c", 3),
    "order_jacobi": _of_real_order("jacobi", "jacobi_p", 4),
    **{
        f"hyp{p}f{q}": hosted(f"hyp{p}f{q}", f"hyp{p}f{q}", doc="hypergeometric function", arity=p + q + 1)
        for p in range(1, _MOST_PARAMETERS + 1)
        for q in range(_MOST_PARAMETERS + 1)
        if p <= q + 1 and (p, q) not in {(1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2)}
    },
    **{
        f"hyp0f{q}": hosted(f"hyp0f{q}", f"hyp0f{q}", doc="hypergeometric function", arity=q + 1)
        for q in range(2, _MOST_PARAMETERS + 1)
    },
}
"""Words that only definitions may call."""

OVERLOADS: dict[tuple[str, int], str] = {
    ("lambertw", 2): "lambda x, k: lambertw(x) if k == 0 else (lambertwm1(x) if k == -1 else nan)",
}
"""Definitions for a second number of arguments, by canonical name."""

REAL_ORDER: dict[str, str] = {
    "jn": "lambda v, x: order_besselj(v, x)",
    "yn": "lambda v, x: order_bessely(v, x)",
    "iv": "lambda v, x: order_besseli(v, x)",
    "kn": "lambda v, x: order_besselk(v, x)",
    "expn": "lambda n, x: order_expint(n, x)",
    "legendre": "lambda n, x: order_legendre(n, x)",
    "chebyshevt": "lambda n, x: order_chebyshevt(n, x)",
    "chebyshevu": "lambda n, x: order_chebyshevu(n, x)",
    "laguerre": "lambda n, x: order_assoc_laguerre(n, 0, x)",
    "assoc_laguerre": "lambda n, a, x: order_assoc_laguerre(n, a, x)",
    "gegenbauer": "lambda n, a, x: order_gegenbauer(n, a, x)",
    "jacobi": "lambda n, a, b, x: order_jacobi(n, a, b, x)",
}
"""Definition of an order that is real, above 20, or an argument; the other words of ``OF_ORDER`` have none."""


def _recurrence(parameters: str, first: str, step: str) -> Callable[[int], str]:
    """Return the function that gives the definition of degree n, from p(0) = 1, p(1) and p(k + 1) of q = p(k) and p."""
    loop = f"p, q = 1, {first}\n    for k in range(1, n):\n        p, q = q, {step}\n    return q\n"
    known = [f"lambda {parameters}: 1 + 0*x", f"lambda {parameters}: {first}"]
    return lambda n: known[n] if n < 2 else f"def polynomial({parameters}):\n    {loop}"


BY_ORDER: dict[str, Callable[[int], str]] = {
    "legendre": _recurrence("n, x", "x", "((2*k + 1)*x*q - k*p) / (k + 1)"),
    "chebyshevt": _recurrence("n, x", "x", "2*x*q - p"),
    "chebyshevu": _recurrence("n, x", "2*x", "2*x*q - p"),
    "hermite": _recurrence("n, x", "2*x", "2*x*q - 2*k*p"),
    "hermite_prob": _recurrence("n, x", "x", "x*q - k*p"),
    "laguerre": _recurrence("n, x", "1 - x", "((2*k + 1 - x)*q - k*p) / (k + 1)"),
    "assoc_laguerre": _recurrence("n, a, x", "1 + a - x", "((2*k + 1 + a - x)*q - (k + a)*p) / (k + 1)"),
    "gegenbauer": _recurrence("n, a, x", "2*a*x", "(2*(k + a)*x*q - ((k - 1) + 2*a)*p) / (k + 1)"),
    "jacobi": _recurrence(
        "n, a, b, x",
        "(a*(1 + x) - b*(1 - x)) / 2 + x",
        "((2*k + a + b + 1)*((2*k + a + b + 2)*(2*k + a + b)*x + (a - b)*(a + b))*q"
        " - 2*(k + a)*(k + b)*(2*k + a + b + 2)*p) / (2*(k + 1)*(k + a + b + 1)*(2*k + a + b))",
    ),
}
"""Definition by order of each word of ``OF_ORDER``."""
