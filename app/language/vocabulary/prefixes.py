"""Prefixes such as ``np.``: which library a prefix stands for, and where a name depends on the library."""

from __future__ import annotations

_PREFIXES = {
    "math": "math",
    "numpy": "np numpy jnp jax.numpy linalg np.linalg jnp.linalg numpy.linalg jax.numpy.linalg",
    "lax": "lax jax.lax",
    "jax": "nn jax.nn ops jax.ops",
    "scipy": "special scipy.special jax.scipy.special jsp.special integrate scipy.integrate jax.scipy.integrate",
    "scipy.linalg": "scipy.linalg jax.scipy.linalg jsp.linalg sla",
    "scipy.signal": "scipy.signal jax.scipy.signal jsp.signal signal",
    "scipy.constants": "scipy.constants constants",
    "sympy": "sympy sp sym",
    "operator": "operator",
}
LIBRARIES: dict[str, str] = {prefix: library for library, names in _PREFIXES.items() for prefix in names.split()}

NATURE = "scipy.constants"
"""The library of constants and units."""

QUALIFIED: dict[tuple[str, str], str] = {
    ("sympy", "sinc"): "usinc",
    ("sympy", "jn"): "spherical_jn",
    ("sympy", "yn"): "spherical_yn",
    ("jax", "identity"): "positive",
    ("lax", "div"): "divide",
    ("lax", "eq"): "equal",
    ("lax", "ge"): "greater_equal",
    ("lax", "gt"): "greater",
    ("lax", "integer_pow"): "power",
    ("lax", "le"): "less_equal",
    ("lax", "lt"): "less",
    ("lax", "mul"): "multiply",
    ("lax", "ne"): "not_equal",
    ("lax", "neg"): "negative",
    ("lax", "rem"): "fmod",
    ("lax", "rev"): "flip",
    ("lax", "select"): "where",
    ("lax", "sub"): "subtract",
    ("operator", "mul"): "multiply",
    ("operator", "sub"): "subtract",
    ("operator", "truediv"): "divide",
    ("operator", "floordiv"): "floor_divide",
    ("operator", "neg"): "negative",
    ("operator", "pos"): "positive",
    ("operator", "lt"): "less",
    ("operator", "le"): "less_equal",
    ("operator", "gt"): "greater",
    ("operator", "ge"): "greater_equal",
    ("operator", "eq"): "equal",
    ("operator", "ne"): "not_equal",
    ("math", "fsum"): "sum",
}
"""Canonical name by library and name, where it depends on the library; a bare name has NumPy's meaning."""

ABSENT: dict[tuple[str, str], str] = {
    ("math", "remainder"): "x - y*round(x/y)",
    ("sympy", "betainc"): "scipy.special.betainc(a, b, x), which is regularised",
    ("scipy", "sici"): "Si(x) or Ci(x)",
    ("scipy", "shichi"): "Shi(x) or Chi(x)",
    ("scipy", "fresnel"): "fresnels(x) or fresnelc(x)",
}
"""What to write instead, by library and name, where that library means another function than this language."""

OTHER_OPERANDS: dict[tuple[str, str, int], str] = {
    ("numpy", "log", 2): "log(x)/log(b)",
    ("numpy", "max", 2): "maximum(x, y)",
    ("numpy", "min", 2): "minimum(x, y)",
    ("numpy", "max", 3): "max(x, y, z)",
    ("numpy", "min", 3): "min(x, y, z)",
    ("numpy", "hypot", 3): "hypot(x, y, z) without a prefix",
}
"""What to write instead of so many operands, by library and canonical name: there the last is an axis or ``out``."""
