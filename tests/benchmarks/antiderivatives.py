"""``python -m tests.benchmarks.antiderivatives FILE...``: published antiderivatives, differentiated and compared.

A file has the syntax of Rubi's integration test suite (rulebasedintegration.org), which is Mathematica's: lists
``{integrand, variable, steps, antiderivative, ...}``, one or more lines each, and comments ``(* ... *)``. Nothing of
it is kept here: a file is read when it is given.

Each antiderivative becomes a text of the function language. At some real points, its gradient by the variable is
compared with the integrand. What is printed: how many were taken, how many of these are right, and by which missing
function the others were refused.
"""

from __future__ import annotations

import argparse
import random
import re
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app import errors
from app.autodiff import reverse, tape
from app.autodiff.namespaces import forward
from app.language import parse
from app.language.expression.result import Expression
from app.language.expression.values import NeedsShapes
from app.language.numeric import numpy_words

_NAMES: dict[str, str] = {
    "Log": "log", "Exp": "exp", "Sqrt": "sqrt", "Abs": "abs", "Sign": "sign", "Sin": "sin", "Cos": "cos", "Tan": "tan",
    "Sec": "sec", "Csc": "csc", "Cot": "cot", "ArcSin": "asin", "ArcCos": "acos", "ArcTan": "atan", "ArcSec": "asec",
    "ArcCsc": "acsc", "ArcCot": "acot", "Sinh": "sinh", "Cosh": "cosh", "Tanh": "tanh", "Sech": "sech", "Csch": "csch",
    "Coth": "coth", "ArcSinh": "asinh", "ArcCosh": "acosh", "ArcTanh": "atanh", "ArcSech": "asech", "ArcCsch": "acsch",
    "ArcCoth": "acoth", "Erf": "erf", "Erfc": "erfc", "Erfi": "erfi", "Gamma": "gamma", "LogGamma": "lgamma",
    "PolyGamma": "polygamma", "Zeta": "zeta", "ProductLog": "lambertw", "ExpIntegralEi": "expi",
    "ExpIntegralE": "expn", "LogIntegral": "li", "SinIntegral": "Si", "CosIntegral": "Ci", "SinhIntegral": "Shi",
    "CoshIntegral": "Chi", "FresnelS": "fresnels", "FresnelC": "fresnelc", "EllipticF": "elliptic_f",
    "EllipticE": "elliptic_e", "EllipticK": "elliptic_k", "EllipticPi": "elliptic_pi", "PolyLog": "polylog",
    "Hypergeometric2F1": "hyp2f1", "Hypergeometric1F1": "hyp1f1", "BesselJ": "besselj", "BesselI": "besseli",
    "BesselY": "bessely", "BesselK": "besselk", "AppellF1": "AppellF1", "Floor": "floor", "Ceiling": "ceil",
}  # fmt: skip
"""Functions of Mathematica by their names in the function language; others keep theirs."""

_POINTS = 24
"""Points at which a case is compared; many parameters make real values rare."""

_OPEN = re.compile(r"\b(?:Unintegrable|CannotIntegrate|Integral|Int)\[")
"""What stands in an entry of which no antiderivative is known."""

_NOISE = 1e-13
"""Relative size of the error that is put on every operation, to see how far large terms that cancel carry it."""

_TOKEN = re.compile(r"\s+|(\d+\.?\d*(?:\*\^-?\d+)?|\.\d+)|([A-Za-z$][A-Za-z0-9$]*)|(\[\[|->|[-+*/^()\[\]{},=<>!.])")


class NotConverted(ValueError):
    """A text is not in the part of Mathematica's syntax that is read here, or is not real."""


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of a suite, in Mathematica's syntax."""

    integrand: str
    variable: str
    antiderivative: str


@dataclass(slots=True)
class Tally:
    """What became of all cases."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    unreal: int = 0  # no real point was found, or the text has complex numbers
    unclear: int = 0  # rounding leaves no digit at any real point, so that nothing can be said
    refused: Counter[str] = field(default_factory=Counter)  # by the function that is missing, else by the reason

    def lines(self) -> list[str]:
        taken = self.right + len(self.wrong)
        real = taken + self.refused.total()
        share = f"{taken / max(real, 1):.1%}"
        shares = [
            f"{taken} of {real} with real values taken ({share})",
            f"{self.unreal} not real, {self.unclear} without a digit",
            f"{self.right} of {taken} right",
        ]
        return [*shares, *[f"  wrong: {text}" for text in self.wrong[:20]], *self._missing()]

    def _missing(self) -> Iterator[str]:
        for name, count in self.refused.most_common(30):
            yield f"  refused {count}: {name}"


def cases(text: str) -> Iterator[Case]:
    """Yield the entries of a file."""
    text = re.sub(r"\(\*.*?\*\)", " ", text, flags=re.DOTALL)
    for entry in _lists(text):
        parts = _split(entry)
        if len(parts) >= 4 and re.fullmatch(r"[A-Za-z]\w*", parts[1]) and not _OPEN.search(parts[3]):
            yield Case(parts[0], parts[1], parts[3])


def _lists(text: str) -> Iterator[str]:
    """Yield what stands in each outermost pair of braces."""
    depth = start = 0
    for place, character in enumerate(text):
        if character == "{":
            depth += 1
            start = place + 1 if depth == 1 else start
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield text[start:place]


def _split(text: str) -> list[str]:
    """Return the parts of a list, split at the commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def converted(text: str) -> str:
    """Return a text of Mathematica in the function language; raise ``NotConverted``."""
    lexemes = list(_lexemes(text))
    written: list[str] = []
    calls: list[int] = []  # where the names of the open calls stand
    before = ""
    for index, lexeme in enumerate(lexemes):
        following = lexemes[index + 1] if index + 1 < len(lexemes) else ""
        value = re.match(r"[\w$.]", lexeme)
        if (value or lexeme == "(") and (re.fullmatch(r"[\w$.]+", before) or before in (")", "]")) and before:
            written.append("*")  # a product is written by a space, or by nothing
        before = lexeme
        if lexeme == "[":
            calls.append(len(written) - 1)
            written.append("(")
        elif lexeme == "]":
            called = calls.pop() if calls else 0
            if written[called] == "gamma" and "," in written[called:]:
                written[called] = "uppergamma"  # of two operands
            written.append(")")
        elif lexeme == "^":
            written.append("**")
        elif lexeme in ("[[", "{", "}", "->", "=", "<", ">", "!", "."):
            raise NotConverted(lexeme)
        elif value and following == "[":
            written.append(_NAMES.get(lexeme, lexeme))
            before = ""
        elif value:
            written.append(_leaf(lexeme))
        else:
            written.append(lexeme)
    return "".join(written)


def _lexemes(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise NotConverted(text[place])
        place = found.end()
        if found.lastindex is not None:
            yield found[found.lastindex]


def _leaf(lexeme: str) -> str:
    if lexeme in ("I", "ComplexInfinity", "DirectedInfinity", "Indeterminate"):
        raise NotConverted("complex")
    known = {"Pi": "pi", "E": "e", "Infinity": "inf", "EulerGamma": "0.5772156649015329"}
    found = known.get(lexeme)
    if found is not None:
        return found
    # Parameters may have the names of words of the function language; a name of our own cannot be mistaken.
    return lexeme.replace("*^", "e") if lexeme[0].isdigit() or lexeme[0] == "." else f"{lexeme}_"


def check(case: Case, tally: Tally) -> None:
    """Differentiate one antiderivative and count what became of it."""
    try:
        integrand, antiderivative = converted(case.integrand), converted(case.antiderivative)
    except NotConverted as error:
        if str(error) == "complex":
            tally.unreal += 1
        else:
            tally.refused[f"notation {error}"] += 1
        return
    name = f"{case.variable}_"
    try:
        found = [parse.read(text, declared=[name]).args for text in (antiderivative, integrand)]
        args = tuple(dict.fromkeys([*found[0], *found[1], name]))
        both = [parse.parse(text, args) for text in (antiderivative, integrand)]
    except errors.GradserveError as error:
        missing = re.search(r"the function '([^']+)'", error.detail)
        tally.refused[missing[1] if missing else error.detail[:60]] += 1
        return
    except NeedsShapes:
        tally.refused["needs shapes"] += 1
        return
    drawn = random.Random(len(antiderivative))  # noqa: S311 - points, not secrets
    points = np.array([[round(drawn.uniform(0.2, 2.5), 3) for _ in args] for _ in range(_POINTS)])
    plain = numpy_words.NAMESPACE
    (_, slopes), (values, _) = (value_and_slope(expression, args.index(name), points, plain) for expression in both)
    noisy = [
        value_and_slope(expression, args.index(name), points, _noisy(seed)) for seed in (1, 2) for expression in both
    ]
    with np.errstate(all="ignore"):
        spread = np.max([np.abs(slope - slopes) for _, slope in noisy[::2]], axis=0)
        spread += np.max([np.abs(value - values) for value, _ in noisy[1::2]], axis=0)
        size = np.abs(slopes) + np.abs(values)
        real = np.isfinite(slopes) & np.isfinite(values)
        clear = real & (spread <= 1e-3 * size + 1e-12)
        agree = np.abs(slopes - values) <= 1e-9 * size + 10 * spread + 1e-12
    if not real.any():
        tally.unreal += 1
    elif not clear.any():
        tally.unclear += 1
    elif agree[clear].all():
        tally.right += 1
    else:
        tally.wrong.append(f"{case.antiderivative} of {case.integrand}")


def _noisy(seed: int) -> Any:
    """Return the words with a relative error of ``_NOISE`` on each result, as random rounding (Vignes 1993) does."""
    drawn = np.random.default_rng(seed)

    def shaken(word: Any) -> Any:
        def call(*operands: Any) -> Any:
            found = np.asarray(word(*operands))
            if found.dtype.kind != "f":
                return found[()]
            return (found * (1 + _NOISE * drawn.uniform(-1, 1, found.shape)))[()]

        return call

    words = {name: shaken(word) for name, word in numpy_words.WORDS.items()}
    return types.SimpleNamespace(**words, constant=numpy_words.NAMESPACE.constant)


def value_and_slope(expression: Expression, argument: int, points: Any, xp: Any) -> tuple[Any, Any]:
    """Return the value at each point and its derivative by an argument, by forward mode over a namespace."""
    recording = tape.record(expression)
    space = forward.Forward(xp)
    leaves: list[Any] = [
        forward.Moving(space, points[:, leaf[0]], np.full(len(points), float(leaf[0] == argument)))
        for leaf in recording.inputs
    ]
    leaves += [np.full(len(points), constant) for constant in recording.constants]
    with np.errstate(all="ignore"):
        found = reverse.value(recording.tape, leaves, space)
    moving = isinstance(found, forward.Moving)
    parts = (found.value, found.tangent) if moving else (found, 0.0)
    return tuple(np.broadcast_to(part, len(points)) for part in parts)  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=0, help="cases of each file; all if 0")
    asked = parser.parse_args()
    total = Tally()
    for file in asked.files:
        tally = Tally()
        for number, case in enumerate(cases(file.read_text(errors="replace"))):
            if asked.most and number >= asked.most:
                break
            check(case, tally)
        print(file.name, *tally.lines(), sep="\n")
        total.right += tally.right
        total.wrong += tally.wrong
        total.unreal += tally.unreal
        total.unclear += tally.unclear
        total.refused += tally.refused
    if len(asked.files) > 1:
        print("all files", *total.lines(), sep="\n")


if __name__ == "__main__":
    main()
