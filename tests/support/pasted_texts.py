"""Functions as people paste them, with a point each; Python runs each text, or what stands for it, over JAX.

An entry of a file begins with ``== name | point``. ``n(2,3)`` is an array of normal numbers, ``u(4)`` one of positive
numbers, ``i(3,8)`` 8 integers below 3. The gradient is by the arguments that are no integers. After a line ``--``
stands a text of JAX that means the same; after ``-- refused:`` what the hint of the refusal says.
"""

import builtins
import contextlib
import functools
import io
import json
import math
import re
import types
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.stats
import numpy as np

TEXTS = Path(__file__).parents[1] / "correctness" / "pasted"


@dataclass(frozen=True)
class PastedText:
    file: str
    name: str
    text: str
    point: dict[str, Any]
    reference: str
    refused: str | None  # what its hint says, if it is refused

    @property
    def argnums(self) -> list[int]:
        return [index for index, value in enumerate(self.point.values()) if not _integers(value)]


def read() -> list[PastedText]:
    return [entry for path in sorted(TEXTS.glob("*.txt")) for entry in _entries(path)]


def _entries(path: Path) -> Iterator[PastedText]:
    for part in re.split(r"^== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        name, _, point = head.partition(" | ")
        text, *meant = re.split(r"^--(.*)\n", body, flags=re.MULTILINE)
        refused = meant[0].removeprefix(" refused:").strip() if meant and meant[0] else None
        reference = meant[1] if meant and not meant[0] else text
        yield PastedText(path.stem, name, text.strip("\n"), _point(name, point), reference.strip("\n"), refused)


def _point(name: str, text: str) -> dict[str, Any]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    found = {}
    for pair in text.split("; "):
        argument, _, value = pair.strip().partition("=")
        drawn = re.fullmatch(r"([nui])\(([\d,]+)\)", value)
        if drawn is None:
            found[argument] = json.loads(value)
            continue
        kind, sizes = drawn[1], [int(size) for size in drawn[2].split(",")]
        if kind == "i":
            found[argument] = rng.integers(0, sizes[0], sizes[1:]).tolist()
        else:
            numbers = rng.normal(size=sizes) if kind == "n" else rng.uniform(0.2, 0.9, sizes)
            found[argument] = numbers.round(3).tolist()
    return found


def _integers(value: Any) -> bool:
    return all(map(_integers, value)) if isinstance(value, list) else isinstance(value, int)


# References

_MODULES = {
    "numpy": jnp, "autograd.numpy": jnp, "jax.numpy": jnp, "scipy.special": jax.scipy.special,
    "scipy.stats": jax.scipy.stats, "scipy": jax.scipy, "math": None,
}  # fmt: skip


class _Math(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name in {"comb", "radians", "pi"}:
            return getattr(math, name)
        if name in {"erf", "gamma", "lgamma"}:
            return getattr(jax.scipy.special, name)
        return getattr(jnp, name)


def _import(name: str, *rest: Any) -> Any:
    fromlist = rest[2] if len(rest) > 2 else ()
    if name == "math":
        return _Math("math")
    if name in _MODULES and (fromlist or "." not in name):
        return _MODULES[name]
    if name in {"autograd", "scipy.optimize", "logging", "matplotlib.pyplot"}:
        return types.SimpleNamespace(grad=jax.grad, minimize=None, curve_fit=None, numpy=jnp)
    if name.startswith("scipy."):
        return jax.scipy
    return builtins.__import__(name, *rest)


def expected(entry: PastedText) -> tuple[float, list[Any]]:
    """Return value and gradient by un-jitted JAX."""
    values = [jnp.asarray(each, int if _integers(each) else float) for each in entry.point.values()]
    with jax.disable_jit(), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        function = _function(entry.reference)
        value, slopes = jax.value_and_grad(lambda *point: jnp.asarray(function(*point), float), tuple(entry.argnums))(
            *values
        )
    return float(value), [np.asarray(each) for each in slopes]


def _function(text: str) -> Any:
    own = {"__import__": _import, "max": _max, "min": _min, "float": _float, "sorted": lambda x: list(jnp.sort(x))}
    names: dict[str, Any] = {
        "np": jnp, "jnp": jnp, "jax": jax, "functools": functools, "norm": jax.scipy.stats.norm, "grad": jax.grad,
        "logsumexp": jax.scipy.special.logsumexp, "__name__": "text", "__builtins__": {**vars(builtins), **own},
    }  # fmt: skip
    text = re.sub(r"\bfloat(?=\))", "jnp.float64", text)  # a dtype; float itself is a function here
    if text.startswith("lambda"):
        return eval(text, names)  # noqa: S307 - texts of this repository
    made = re.findall(r"^(?:def (\w+)|(\w+) = )", text, flags=re.MULTILINE)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(NameError, TypeError):
        exec(text, names)  # noqa: S102 - lines that use the function may fail: their data is not there
    functions = [names.get(name) for each in made for name in each if name]
    return [each for each in functions if isinstance(each, types.FunctionType) or hasattr(each, "lower")][-1]


def _float(x: Any) -> Any:
    return float(x) if isinstance(x, str) else x


def _max(*operands: Any, **options: Any) -> Any:
    items = list(operands[0]) if len(operands) == 1 else operands
    return functools.reduce(jnp.maximum, items) if not options else builtins.max(items, **options)


def _min(*operands: Any, **options: Any) -> Any:
    items = list(operands[0]) if len(operands) == 1 else operands
    return functools.reduce(jnp.minimum, items) if not options else builtins.min(items, **options)
