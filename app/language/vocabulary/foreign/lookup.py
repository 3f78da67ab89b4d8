"""Finds what to write instead of a name that the language does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from app.language.vocabulary import constants, words
from app.language.vocabulary.foreign import languages, libraries, notations, reasons
from app.language.vocabulary.word import Word

_OF_C = """
    sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 log10 log1p sqrt cbrt fabs floor
    ceil trunc round erf erfc lgamma
"""
_C = tuple(_OF_C.split())

_SINGLE = {f"{name}f": f"{name}(x)" for name in _C} | {"powf": "x**y", "atan2f": "atan2(y, x)", "fmodf": "fmod(x, y)"}
"""C's names of functions of a float."""

_LONG = {f"{name}l": f"{name}(x)" for name in _C if name != "ceil"} | {"powl": "x**y", "ceill": "ceil(x)"}
"""C's names of functions of a long double."""

_DOUBLE = {f"d{name}": f"{name}(x)" for name in (*_C, "abs") if name not in ("exp", "fabs", "cbrt")}
"""Fortran's names of functions of a double."""

TEXTS: dict[str, str] = {}
"""What means the same, by name; of two libraries the first that has the name."""
for _table in (
    *(
        languages.R,
        languages.STAN,
        languages.MATLAB,
        languages.JULIA,
        notations.SPREADSHEET,
        notations.MATHEMATICA,
        notations.OLDER,
    ),
    *(libraries.PYTHON, libraries.NUMPY, libraries.SCIPY, libraries.TORCH, libraries.TENSORFLOW, libraries.CASADI),
    *(libraries.OPTAX, libraries.SYMPY, libraries.MPMATH, _SINGLE, _LONG, _DOUBLE),
):
    TEXTS = _table | TEXTS

_OF_LIBRARIES = """
    torch nn F functional tf tensorflow keras K ops Math cmath mp mpmath ca casadi cs cp cupy mx mxnet onp anp
    ag autograd pt tt at theano aesara pytensor np numpy jnp jax lax math sp sym sy sympy smp symengine scipy
    special sps jsp stats st linalg sla npl nla statistics numba nb cuda wp ti StatsFuns SpecialFunctions
    LinearAlgebra Base std operator WorksheetFunction Application numpyro pyro tfp tfm tfl optax paddle mlx mnp
    xp jsps jss jla jnn flax haiku
"""
_LIBRARIES = frozenset(_OF_LIBRARIES.split())
"""First parts of a prefix of which the names mean what they mean without it."""

CONSTANTS: dict[str, str] = {
    **dict.fromkeys(("Pi", "PI", "M_PI", "π"), "pi"),
    **dict.fromkeys(("Inf", "INF", "Infinity", "INFINITY", "infinity", "oo", "∞"), "inf"),
    **dict.fromkeys(("NaN", "NAN", "NA"), "nan"),
    **dict.fromkeys(("true", "TRUE"), "True"),
    **dict.fromkeys(("false", "FALSE"), "False"),
    **dict.fromkeys(("null", "NULL", "nil", "nothing"), "None"),
    "end": "x[-1] for the last element",
    "o": "outer(x, y) for x %o% y",
    "which": "argmax(x) for which.max(x)",
    **dict.fromkeys(("im", "I", "1i"), "the real and the imaginary part as two functions: numbers are real"),
    "M_E": "e",
    "LN2": "log(2)",
    "M_LN2": "log(2)",
    "LN10": "log(10)",
    "M_LN10": "log(10)",
    "LOG2E": "1/log(2)",
    "LOG10E": "1/log(10)",
    "SQRT2": "sqrt(2)",
    "M_SQRT2": "sqrt(2)",
    "SQRT1_2": "sqrt(1/2)",
    "M_PI_2": "pi/2",
    "M_PI_4": "pi/4",
    "M_1_PI": "1/pi",
    "eps": "2.220446049250313e-16",
    "EPSILON": "2.220446049250313e-16",
    "catalan": "0.915965594177219",
    "Catalan": "0.915965594177219",
    "newaxis": "None",
    "EulerGamma": "0.5772156649015329",
}
"""What to write instead of a constant of another language."""

KEYWORDS: dict[str, str] = {
    **dict.fromkeys(("dim", "dims", "axes", "reduction_indices", "axis_", "MARGIN"), "axis"),
    **dict.fromkeys(("keepdim", "keep_dims", "keepdimensions"), "keepdims"),
    **dict.fromkeys(("unbiased", "correction"), "ddof"),
    "a_min": "min",
    "a_max": "max",
}

COUNTED = frozenset({"dims", "MARGIN"})
"""Keywords for axes that count from 1."""
"""Keywords of other libraries, and the same here."""


_MOST_PARTS = 8
"""Points of a name that is looked up."""


def function(name: str) -> str | None:
    """Return a hint at what to write instead of a function, spelled with its prefix; None if nothing is known."""
    if name.count(".") > _MOST_PARTS:
        return None
    prefix, _, bare = name.rpartition(".")
    for spelled in (name, *_tails(name)):
        found = _said(spelled)
        if found is not None:
            return found
        if spelled.rpartition(".")[0] in reasons.PREFIXES:
            return reasons.PREFIXES[spelled.rpartition(".")[0]]
    if prefix:
        if prefix.partition(".")[0] not in _LIBRARIES:
            return None
        if bare in words.BY_NAME:
            return f"write {call(bare)}"
    found = _said(bare)
    if found is not None:
        return found
    if bare in notations.SPOKEN:
        return f"did you mean {notations.SPOKEN[bare]}?"
    if bare in constants.BARE:
        return f"write {bare}"
    same = [known for known in words.BY_NAME if known.lower() == bare.lower() and known != bare]
    if same:
        return f"write {call(same[0])}"
    return None


def constant(name: str) -> str | None:
    """Return a hint at what to write instead of a name that is no function, spelled with its prefix."""
    bare = name.rpartition(".")[2]
    text = CONSTANTS.get(name) or CONSTANTS.get(bare)
    return f"write {text}" if text else None


def call(name: str) -> str:
    """Return a call of a word, with the names of its operands."""
    word = words.BY_NAME[name]
    return f"{name}({', '.join(_operands(word))})"


def _operands(word: Word) -> Iterable[str]:
    if word.parameters:
        return word.parameters[: max(1, word.arity[0])]
    if word.definition:
        return [part.strip() for part in word.definition.removeprefix("lambda ").split(":", 1)[0].split(",")]
    if word.names[0] in ("atan2", "copysign"):
        return ("y", "x") if word.names[0] == "atan2" else ("x", "y")
    return {1: ("x",), 2: ("x", "y"), 3: ("a", "b", "x")}.get(word.arity[0], ("x", "y"))


def _said(name: str) -> str | None:
    reason = reasons.REASONS.get(name)
    if reason is not None:
        return reason
    text = TEXTS.get(name)
    return f"write {text}" if text is not None else None


def _tails(name: str) -> list[str]:
    """Return a dotted name without its first parts, as long as a dot is left: a.b.c gives b.c."""
    parts = name.split(".")
    return [".".join(parts[start:]) for start in range(1, len(parts) - 1)]


def misspelt(name: str, known: Collection[str]) -> list[str]:
    """Return the known names that a name is, but for one slip of the hand; the first letter is right.

    A slip is a letter too many, too few or another, or two neighbours exchanged. Short names differ by less than that.
    """
    return [each for each in known if each[:1] == name[:1] and each != name and _slipped(name, each)][:3]


def _slipped(name: str, known: str) -> bool:
    if abs(len(name) - len(known)) > 1 or len(name) > 64:
        return False
    start = next((i for i, (a, b) in enumerate(zip(name, known, strict=False)) if a != b), min(len(name), len(known)))
    rest, other = name[start:], known[start:]
    if len(name) == len(known):
        if rest[:2] == other[1::-1] and rest[2:] == other[2:]:
            return True
        return rest[1:] == other[1:] and len(name) > 4
    longer, shorter, whole = (rest, other, name) if len(name) > len(known) else (other, rest, known)
    doubled = start > 0 and len(shorter) + start > 2 and longer[:1] == whole[start - 1]
    return longer[1:] == shorter and (doubled or len(whole) > 4)
