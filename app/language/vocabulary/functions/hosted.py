"""Host words: special functions that only NumPy computes. A function that has one is read as whole arrays."""

from __future__ import annotations

from app.language.vocabulary.word import Word, defined, hosted, opaque

PRIMITIVES: tuple[Word, ...] = (
    hosted("ellipk", "elliptic_k", "ellipk", "EllipticK", "ellipticK", doc="complete elliptic integral K(m), m = k**2"),
    hosted("ellipe", "elliptic_e", "ellipe", "EllipticE", "ellipticE", doc="complete elliptic integral E(m)"),
    hosted(
        "ellippi",
        "elliptic_pi",
        "ellippi",
        "EllipticPi",
        "ellipticPi",
        doc="complete elliptic integral Pi(n, m)",
        arity=2,
    ),
    hosted(
        "ellipkinc",
        *("elliptic_f", "ellipkinc", "ellipf", "EllipticF", "ellipticF"),
        doc="elliptic integral F(phi, m) of 1 / sqrt(1 - m*sin(t)**2)",
        arity=2,
    ),
    hosted("ellipeinc", "ellipeinc", doc="elliptic integral E(phi, m) of sqrt(1 - m*sin(t)**2)", arity=2),
    hosted("ellippiinc", "ellippiinc", doc="elliptic integral Pi(n, phi, m)", arity=3),
    hosted("elliprc", "elliprc", doc="Carlson's integral R_C(x, y), y > 0", arity=2),
    hosted("elliprd", "elliprd", doc="Carlson's integral R_D(x, y, z)", arity=3),
    hosted("elliprf", "elliprf", doc="Carlson's integral R_F(x, y, z)", arity=3),
    hosted("elliprg", "elliprg", doc="Carlson's integral R_G(x, y, z)", arity=3),
    hosted("elliprj", "elliprj", doc="Carlson's integral R_J(x, y, z, p), p > 0", arity=4),
    hosted("sn", "jacobiSN", "JacobiSN", doc="Jacobi's elliptic function sn(u, m), m <= 1", arity=2),
    hosted("cn", "jacobiCN", "JacobiCN", doc="Jacobi's elliptic function cn(u, m), m <= 1", arity=2),
    hosted("dn", "jacobiDN", "JacobiDN", doc="Jacobi's elliptic function dn(u, m), m <= 1", arity=2),
    hosted("am", "jacobiAM", "JacobiAmplitude", doc="amplitude phi with elliptic_f(phi, m) = u, m <= 1", arity=2),
    hosted("polylog", "polylog", "PolyLog", doc="polylogarithm of order s >= -6, of z <= 1", arity=2),
    hosted("clausen", "clausen", doc="Clausen's function, the sum of sin(k*x) / k**2"),
    hosted("spence", "spence", doc="integral of log(t) / (1 - t) over 1 < t < z: polylog(2, 1 - z), z >= 0"),
)
"""Functions with an opcode of their own, a key of ``app.autodiff.table.HOSTED``."""

DEFINED: tuple[Word, ...] = (
    defined("lambda p: elliprf(0, p, 1)", "ellipkm1", doc="elliptic_k(1 - p), exact near p = 0"),
)
"""Words that are a text of the language."""

INNER: dict[str, Word] = {
    "polygamma_of": Word(
        ("polygamma",), "polygamma of an order of the point", (2, 2), opaque("PolyGamma"), "polygamma_of", hosted=True
    ),
}
"""Words that only definitions may call."""

INTEGER_ORDER: dict[str, str] = {"polygamma": "lambda n, x: polygamma_of(n, x)"}
"""Definition of a word of kind "order" for an order that depends on the point, and is an integer there."""

OVERLOADS: dict[tuple[str, int], str] = {
    ("Li", 2): "lambda n, z: polylog(n, z)",
    ("elliptic_e", 2): "lambda phi, m: ellipeinc(phi, m)",
    ("elliptic_pi", 3): "lambda n, phi, m: ellippiinc(n, phi, m)",
}
"""Definitions for a second number of arguments, by canonical name."""
