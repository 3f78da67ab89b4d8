"""Methods and attributes of values: which word each is, and its parameters in NumPy's order."""

from __future__ import annotations

from typing import NamedTuple

Row = NamedTuple("Row", [("word", str), ("parameters", tuple[str, ...])])  # noqa: UP014 - one line


def _row(word: str, parameters: str = "") -> Row:
    return Row(word, tuple(parameters.split()))


METHODS: dict[str, Row] = {
    "sum": _row("sum", "axis dtype out keepdims"),
    "prod": _row("prod", "axis dtype out keepdims"),
    "mean": _row("mean", "axis dtype out keepdims"),
    "var": _row("var", "axis dtype out ddof keepdims"),
    "std": _row("std", "axis dtype out ddof keepdims"),
    "max": _row("amax", "axis out keepdims"),
    "min": _row("amin", "axis out keepdims"),
    "ptp": _row("ptp", "axis out keepdims"),
    "all": _row("all", "axis out keepdims"),
    "any": _row("any", "axis out keepdims"),
    "argmax": _row("argmax", "axis out keepdims"),
    "argmin": _row("argmin", "axis out keepdims"),
    "argsort": _row("argsort", "axis kind order"),
    "astype": _row("astype", "dtype copy"),
    "searchsorted": _row("searchsorted", "v side"),
    "nonzero": _row("nonzero"),
    "sort": _row("sort", "axis"),
    "cumsum": _row("cumsum", "axis dtype out"),
    "cumprod": _row("cumprod", "axis dtype out"),
    "dot": _row("dot", "y"),
    "trace": _row("trace", "offset"),
    "diagonal": _row("diagonal", "offset"),
    "clip": _row("clip", "min max"),
    "repeat": _row("repeat", "repeats axis"),
    "take": _row("take", "indices axis"),
    "squeeze": _row("squeeze", "axis"),
    "swapaxes": _row("swapaxes", "axis1 axis2"),
    "round": _row("round", "decimals"),
    "copy": _row("positive"),
    "conj": _row("positive"),
    "conjugate": _row("positive"),
    "block_until_ready": _row("positive"),
    "det": _row("det"),
    "inv": _row("inv"),
    "norm": _row("norm", "ord"),
}
"""Words by method; the operand of the method is the first of the word, the parameters are the others."""

REFUSED: dict[str, str] = {
    "append": "append stands alone in its line, as in out.append(x)",
    "extend": "extend stands alone in its line, as in out.extend(xs)",
    "fill": "write full_like(x, value)",
    "put": "write x = x.at[i].set(value)",
    "evalf": "leave it out: all numbers are floats",
    "imag": "all numbers are real",
    **dict.fromkeys(("pow", "powi", "powf"), "write x**n"),
    "add": "write x + y",
    "sub": "write x - y",
    "mul": "write x*y",
    "div": "write x/y",
    "matmul": "write x @ y",
    "mm": "write x @ y",
    "bmm": "write x @ y",
    "t": "write x.T",
    "view": "write x.reshape(shape)",
    "permute": "write x.transpose(axes)",
    "unsqueeze": "write expand_dims(x, axis)",
    "double": "leave it out: all numbers are floats",
    "detach": "leave it out: the derivative is asked for by argnums",
    "numpy": "leave it out",
    "cpu": "leave it out",
    "subs": "call a function of the value instead",
    "diff": "the derivative is what the service returns; diff(x) is for differences of neighbours",
    "backward": "the derivative is what the service returns",
    "values": "leave it out",
    "to_numpy": "leave it out",
}
"""What to write instead of a method or attribute of other libraries."""

FOREIGN_METHODS = frozenset({"put", "evalf", "subs", "backward", "detach"})
"""Methods of these that no value has, whatever it is."""

CONSTANTS: dict[tuple[str, str], float] = {
    ("finfo", "eps"): 2.0**-52,
    ("finfo", "epsneg"): 2.0**-53,
    ("finfo", "max"): 1.7976931348623157e308,
    ("finfo", "min"): -1.7976931348623157e308,
    ("finfo", "tiny"): 2.0**-1022,
    ("finfo", "smallest_normal"): 2.0**-1022,
    ("finfo", "smallest_subnormal"): 2.0**-1074,
    ("finfo", "resolution"): 1e-15,
    ("finfo", "bits"): 64,
    ("iinfo", "max"): 2**63 - 1,
    ("iinfo", "min"): -(2**63),
    ("iinfo", "bits"): 64,
}
"""Attributes of ``finfo(float)`` and ``iinfo(int)``."""
