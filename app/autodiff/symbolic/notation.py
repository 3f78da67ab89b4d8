"""The symbols of three notations: text of the language, LaTeX and MathML.

``SYMBOLS`` and ``MARKUP`` have a row for each construct and a column for each notation; □ stands for a part. The LaTeX
is that of amsmath. The MathML is presentation MathML of the Core level (W3C, MathML Core), which browsers draw by
themselves: no ``mfenced``, no ``semantics``, one element wherever one is asked for.

Names are set as people write them: Greek names as letters, ``x1`` and ``x_1`` as x with an index. Where two arguments
would look alike that way, both are set letter for letter. Every character that is neither a letter nor a digit is
escaped, although a name of the language has only underscores beside these.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.autodiff.tape import Leaf

SYMBOLS: dict[str, tuple[str, str, str]] = {
    "()": ("(□)", r"\left(□\right)", "<mrow><mo>(</mo>□<mo>)</mo></mrow>"),
    ",": (", ", ", ", "<mo>,</mo>"),
    "number": ("□", "□", "<mn>□</mn>"),
    "truth": ("□", r"\mathrm{□}", "<mtext>□</mtext>"),
    "negative": ("-", "-", "<mo>&#x2212;</mo>"),
    "+": (" + ", " + ", "<mo>+</mo>"),
    "-": (" - ", " - ", "<mo>&#x2212;</mo>"),
    "power": ("□**□", "□^{□}", "<msup><mrow>□</mrow><mrow>□</mrow></msup>"),
    "<": (" < ", " < ", "<mo>&lt;</mo>"),
    "<=": (" <= ", r" \le ", "<mo>&#x2264;</mo>"),
    ">": (" > ", " > ", "<mo>&gt;</mo>"),
    ">=": (" >= ", r" \ge ", "<mo>&#x2265;</mo>"),
    "==": (" == ", " = ", "<mo>=</mo>"),
    "!=": (" != ", r" \ne ", "<mo>&#x2260;</mo>"),
    "and": (" and ", r" \wedge ", "<mo>&#x2227;</mo>"),
    "or": (" or ", r" \vee ", "<mo>&#x2228;</mo>"),
    "not": ("not □", r"\neg □", "<mo>&#xAC;</mo>□"),
}
"""Constructs of all three notations."""

_MATHML_CASE = "<mtr><mtd><mrow>□</mrow></mtd><mtd><mrow>{}</mrow></mtd></mtr>"

MARKUP: dict[str, tuple[str, str]] = {
    "scientific": (r"□ \cdot 10^{□}", "□<mo>&#xD7;</mo><msup><mn>10</mn><mrow>□</mrow></msup>"),
    "e": ("e", "<mi>e</mi>"),
    "pi": (r"\pi", "<mi>π</mi>"),
    "upright e": (r"\mathrm{e}", '<mi mathvariant="normal">e</mi>'),
    "upright pi": (r"\mathrm{\pi}", '<mi mathvariant="normal">π</mi>'),
    "inf": (r"\infty", "<mi>∞</mi>"),
    "nan": (r"\mathrm{NaN}", "<mi>NaN</mi>"),
    "times": (r" \, ", "<mo>&#x2062;</mo>"),
    "times a number": (r" \cdot ", "<mo>&#xD7;</mo>"),
    "quotient": (r"\frac{□}{□}", "<mfrac><mrow>□</mrow><mrow>□</mrow></mfrac>"),
    "sqrt": (r"\sqrt{□}", "<msqrt>□</msqrt>"),
    "cbrt": (r"\sqrt[3]{□}", "<mroot><mrow>□</mrow><mn>3</mn></mroot>"),
    "exp": ("□^{□}", "<msup>□<mrow>□</mrow></msup>"),
    "abs": (r"\left| □\right|", "<mrow><mo>|</mo>□<mo>|</mo></mrow>"),
    "floor": (r"\left\lfloor □\right\rfloor", "<mrow><mo>⌊</mo>□<mo>⌋</mo></mrow>"),
    "ceil": (r"\left\lceil □\right\rceil", "<mrow><mo>⌈</mo>□<mo>⌉</mo></mrow>"),
    "call": (r"□\left(□\right)", "<mrow>□<mo>&#x2061;</mo><mrow><mo>(</mo>□<mo>)</mo></mrow></mrow>"),
    "cases": (r"\begin{cases} □ \end{cases}", "<mrow><mo>{</mo><mtable>□</mtable></mrow>"),
    "next case": (r" \\ ", ""),
    "if": (r"□ & \text{if}\: □", _MATHML_CASE.format("<mtext>if&#xA0;</mtext>□")),
    "otherwise": (r"□ & \text{otherwise}", _MATHML_CASE.format("<mtext>otherwise</mtext>")),
}
"""Constructs that text writes as a word, or with the signs above."""

_LATEX_OWN = ("sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "coth", "log", "max", "min")
_LATEX_WORDS = {name: "\\" + name for name in _LATEX_OWN}
_LATEX_WORDS |= {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan"}
_LATEX_WORDS |= {"gamma": r"\Gamma", "digamma": r"\psi", "log2": r"\log_{2}", "log10": r"\log_{10}"}
_MATHML_WORDS = {
    "gamma": "<mi>Γ</mi>",
    "digamma": "<mi>ψ</mi>",
    "log2": "<msub><mi>log</mi><mn>2</mn></msub>",
    "log10": "<msub><mi>log</mi><mn>10</mn></msub>",
}
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_GREEK_LETTERS = {
    name: unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name.upper()}") for name in _GREEK
}
_GREEK_NAMES = {letter: name for name, letter in _GREEK_LETTERS.items()}
_GREEK_CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
"""Greek capitals that LaTeX has commands for; the others look Latin."""


@dataclass(frozen=True, slots=True)
class Notation:
    """One of the two notations for the eye."""

    symbols: Mapping[str, str]  # template of each construct, by the keys of ``SYMBOLS`` and ``MARKUP``
    word: Callable[[str], str]  # how the name of a function is written
    spelled: Callable[[str], str]  # the same letter for letter
    name: Callable[[str, str, str], str]
    """How a name is written, from its letter, its index and the indices of an element, '' for none. A name without a
    letter is written letter for letter, the whole name in place of the index."""

    def names(self, leaves: Iterable[Leaf], args: Sequence[str]) -> dict[Leaf, str]:
        """Return how each element is written: as a letter with indices unless that may be one of another argument."""
        elements = {leaf: ", ".join(map(str, leaf[1])) for leaf in leaves}
        split = [_split(name) for name in args]
        written = {leaf: self.name(*split[leaf[0]], element) for leaf, element in elements.items()}
        alike, named = Counter(written.values()), Counter(self.name(*each, "") for each in split)

        def is_clear(leaf: Leaf) -> bool:
            letter, index = split[leaf[0]]
            first = str(leaf[1][0]) if leaf[1] and not index else None  # X[1] looks like X1
            return alike[written[leaf]] == named[self.name(letter, index, "")] == 1 and (letter, first) not in split

        return {
            leaf: text if is_clear(leaf) else self.name("", args[leaf[0]], elements[leaf])
            for leaf, text in written.items()
        }


_INDEXED = re.compile(r"([^\W\d_]+?)_?(\d+|_[^\W_]+)?_*")


def _split(name: str) -> tuple[str, str]:
    """Return a name as a letter or word and its index, '' for none."""
    match = _INDEXED.fullmatch(name)
    return (match[1], (match[2] or "").lstrip("_")) if match else (name, "")


def _latex_escaped(name: str) -> str:
    return "".join(character if character.isalnum() else rf"\{character}" for character in name)


def _latex_italic(word: str) -> str:
    return rf"\mathit{{{_latex_escaped(word)}}}"


def _latex_letter(name: str) -> str:
    greek = _GREEK_NAMES.get(name, name)
    if greek in _GREEK_LETTERS or greek in _GREEK_CAPITALS:
        return "\\" + greek
    return _latex_escaped(name) if len(name) == 1 else _latex_italic(name)


def _latex_name(letter: str, index: str, element: str) -> str:
    if not letter:
        return _latex_italic(index) + (rf"\left[{element}\right]" if element else "")
    below = index if index.isdigit() or len(index) < 2 else _latex_italic(index)
    indices = ", ".join(filter(None, (below, element)))
    return f"{_latex_letter(letter)}_{{{indices}}}" if indices else _latex_letter(letter)


def _latex_word(name: str) -> str:
    return _LATEX_WORDS.get(name) or _latex_spelled(name)


def _latex_spelled(name: str) -> str:
    return rf"\operatorname{{{_latex_escaped(name)}}}"


def _mathml_name(letter: str, index: str, element: str) -> str:
    if not letter:
        brackets = f"<mo>[</mo><mtext>{element}</mtext><mo>]</mo>" if element else ""
        return f"<mrow><mi>{html.escape(index)}</mi>{brackets}</mrow>"
    drawn = f"<mi>{html.escape(_GREEK_LETTERS.get(letter, letter))}</mi>"
    indices = ", ".join(filter(None, (index, element)))
    kind = "mn" if indices.isdigit() else "mtext"
    return f"<msub>{drawn}<{kind}>{html.escape(indices)}</{kind}></msub>" if indices else drawn


def _mathml_word(name: str) -> str:
    return _MATHML_WORDS.get(name) or _mathml_spelled(name)


def _mathml_spelled(name: str) -> str:
    return f"<mi>{html.escape(name)}</mi>"


TEXT = {name: row[0] for name, row in SYMBOLS.items()}
LATEX = Notation({name: row[-2] for name, row in (SYMBOLS | MARKUP).items()}, _latex_word, _latex_spelled, _latex_name)
MATHML = Notation(
    {name: row[-1] for name, row in (SYMBOLS | MARKUP).items()}, _mathml_word, _mathml_spelled, _mathml_name
)
