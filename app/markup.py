"""Views to LaTeX and to MathML: two styles for ``printing.write``.

MathML is presentation MathML of the Core level (W3C, MathML Core), which browsers draw by themselves: no ``mfenced``,
no ``semantics``, one element wherever one is asked for.

Names are set as people write them: Greek names as letters, ``x1`` and ``x_1`` as x with an index. Where two
arguments would look alike that way, both are set letter for letter. What is not a letter or a digit is escaped, though
a name has nothing but underscores beside them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import sympy

from app import printing
from app.printing import Layout, Leaf, Piece, View

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_GREEK_LETTERS = {
    name: unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name.upper()}") for name in _GREEK
}
_GREEK_NAMES = {letter: name for name, letter in _GREEK_LETTERS.items()}
_UPRIGHT = frozenset({"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"})
"""Greek capitals that LaTeX has commands for; the others look Latin."""

_INDEXED = re.compile(r"([^\W\d_]+?)_?(\d+|_[^\W_]+)?_*")
_RELATIONS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
_SIGNS = {"<": "&lt;", "<=": "&#x2264;", ">": "&gt;", ">=": "&#x2265;", "==": "=", "!=": "&#x2260;"}
_LATEX_OWN = ("sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "coth", "log", "max", "min")
_LATEX_WORDS = {name: "\\" + name for name in _LATEX_OWN} | {
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "gamma": r"\Gamma",
    "digamma": r"\psi",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
}
_MATHML_WORDS = {"gamma": "<mi>&#x393;</mi>", "digamma": "<mi>&#x3C8;</mi>"} | {
    f"log{base}": f"<msub><mi>log</mi><mn>{base}</mn></msub>" for base in (2, 10)
}
_BRACKETS = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
_LATEX_BRACKETS = {"⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil"}


def _split(name: str) -> tuple[str, str]:
    """Return a name as a letter or word and its index, '' for none."""
    match = _INDEXED.fullmatch(name)
    return (match[1], (match[2] or "").lstrip("_")) if match else (name, "")


def _set(leaves: Iterable[Leaf], args: Sequence[str], draw: Callable[[str, str, str], str]) -> dict[Leaf, str]:
    """Return how each element is drawn: as a letter with indices unless another one looks the same.

    ``draw(letter, index, element)`` draws a letter; no letter asks for the name ``index`` letter for letter.
    """
    drawn = {leaf: draw(*_split(args[leaf[0]]), _element(leaf)) for leaf in leaves}
    alike = Counter(drawn.values())
    return {leaf: text if alike[text] == 1 else draw("", args[leaf[0]], _element(leaf)) for leaf, text in drawn.items()}


def _element(leaf: Leaf) -> str:
    return ", ".join(map(str, leaf[1]))


def _parts(view: View) -> tuple[list[Any], list[Any]]:
    """Return what stands above and below the bar of a product."""
    signs = zip(view.data, view.parts, strict=True)
    above: list[Any] = []
    below: list[Any] = []
    for sign, part in signs:
        (above if sign == "*" else below).append(part)
    return above, below


def _scientific(digits: str) -> tuple[str, str]:
    """Return mantissa and exponent of a number's digits, '' if it has none."""
    mantissa, _, exponent = digits.partition("e")
    return mantissa, str(int(exponent)) if exponent else ""


def _is_number(part: Any) -> bool:
    return part.kind == "number" if isinstance(part, View) else bool(part.is_Rational)


class Latex:
    """LaTeX of the mathematics mode, in the commands of amsmath.

    Args:
        args: argument names in order.
        leaves: the elements that occur.
    """

    def __init__(self, args: Sequence[str], leaves: Iterable[Leaf]) -> None:
        self._names = _set(leaves, args, _latex_name)
        self._e, self._pi = (self._upright(drawn) for drawn in ("e", r"\pi"))

    def lay(self, view: View) -> Layout:
        return self._LAYOUTS[view.kind](self, view)

    def enclose(self, pieces: list[Piece]) -> list[Piece]:
        return [r"\left(", *pieces, r"\right)"]

    def _name(self, view: View) -> Layout:
        return printing.ATOM, [self._names[view.data]]

    def _number(self, view: View) -> Layout:
        mantissa, exponent = _scientific(view.data)
        if exponent:
            return printing.PRODUCT, [f"{mantissa} \\cdot 10^{{{exponent}}}"]
        return printing.ATOM, [mantissa]

    def _constant(self, view: View) -> Layout:
        return printing.ATOM, [{"pi": self._pi, "e": self._e, "inf": r"\infty"}.get(view.data, r"\mathrm{NaN}")]

    def _upright(self, drawn: str) -> str:
        """Return a constant, upright where an argument looks like it."""
        return rf"\mathrm{{{drawn}}}" if drawn in self._names.values() else drawn

    def _truth(self, view: View) -> Layout:
        return printing.ATOM, [rf"\mathrm{{{view.data}}}"]

    def _sum(self, view: View) -> Layout:
        pieces: list[Piece] = []
        for sign, part in zip(view.data, view.parts, strict=True):
            first = not pieces
            pieces += ([] if sign == "+" else ["-"]) if first else [f" {sign} "]
            pieces.append((part, printing.SUM if first and sign == "+" else printing.PRODUCT))
        return printing.SUM, pieces

    def _product(self, view: View) -> Layout:
        above, below = _parts(view)
        if not below:
            return printing.PRODUCT, self._juxtaposed(above)
        return printing.PRODUCT, [r"\frac{", *self._juxtaposed(above), "}{", *self._juxtaposed(below), "}"]

    def _juxtaposed(self, factors: list[Any]) -> list[Piece]:
        if len(factors) == 1:
            return [(factors[0], printing.ANY)]
        pieces: list[Piece] = [(factors[0], printing.PRODUCT)]
        for factor in factors[1:]:
            pieces += [r" \cdot " if _is_number(factor) else r" \, ", (factor, printing.PRODUCT)]
        return pieces

    def _power(self, view: View) -> Layout:
        base, exponent = view.parts
        return printing.POWER, [(base, printing.ATOM), "^{", (exponent, printing.ANY), "}"]

    def _root(self, view: View) -> Layout:
        return printing.ATOM, [r"\sqrt{" if view.data == 2 else r"\sqrt[3]{", (view.parts[0], printing.ANY), "}"]

    def _call(self, view: View) -> Layout:
        if view.data == "exp":
            return printing.POWER, [self._e + "^{", (view.parts[0], printing.ANY), "}"]
        if view.data == "cbrt":
            return self._root(View("root", 3, view.parts))
        operands = printing.separated(", ", view.parts)
        if view.data in _BRACKETS:
            left, right = (_LATEX_BRACKETS.get(bracket, bracket) for bracket in _BRACKETS[view.data])
            return printing.ATOM, [rf"\left{left} ", *operands, rf"\right{right}"]
        word = _LATEX_WORDS.get(view.data) or rf"\operatorname{{{_latex_escaped(view.data)}}}"
        return printing.ATOM, [word, *self.enclose(operands)]

    def _relation(self, view: View) -> Layout:
        left, right = view.parts
        return printing.RELATION, [(left, printing.SUM), f" {_RELATIONS[view.data]} ", (right, printing.SUM)]

    def _and(self, view: View) -> Layout:
        return printing.AND, printing.separated(r" \wedge ", view.parts, printing.NOT)

    def _or(self, view: View) -> Layout:
        return printing.OR, printing.separated(r" \vee ", view.parts, printing.AND)

    def _not(self, view: View) -> Layout:
        return printing.NOT, [r"\neg ", (view.parts[0], printing.ATOM)]

    def _cases(self, view: View) -> Layout:
        pieces: list[Piece] = []
        for value, condition in _pairs(view):
            pieces += [r" \\ " if pieces else r"\begin{cases} ", (value, printing.ANY), r" & \text{"]
            pieces += ["otherwise}"] if condition is sympy.true else [r"if}\: ", (condition, printing.ANY)]
        return printing.RELATION, [*pieces, r" \end{cases}"]

    _LAYOUTS: ClassVar[dict[str, Callable[..., Layout]]] = {
        "name": _name,
        "number": _number,
        "constant": _constant,
        "truth": _truth,
        "sum": _sum,
        "product": _product,
        "power": _power,
        "root": _root,
        "call": _call,
        "relation": _relation,
        "and": _and,
        "or": _or,
        "not": _not,
        "cases": _cases,
    }


def _pairs(view: View) -> Iterable[tuple[Any, Any]]:
    return zip(view.parts[::2], view.parts[1::2], strict=True)


def _latex_escaped(name: str) -> str:
    return "".join(character if character.isalnum() else rf"\{character}" for character in name)


def _latex_word(word: str) -> str:
    return rf"\mathit{{{_latex_escaped(word)}}}"


def _latex_letter(name: str) -> str:
    greek = _GREEK_NAMES.get(name, name)
    if greek in _GREEK_LETTERS or greek in _UPRIGHT:
        return "\\" + greek
    return _latex_escaped(name) if len(name) == 1 else _latex_word(name)


def _latex_name(letter: str, index: str, element: str) -> str:
    if not letter:
        return _latex_word(index) + (rf"\left[{element}\right]" if element else "")
    below = index if index.isdigit() or len(index) < 2 else _latex_word(index)
    indices = ", ".join(filter(None, (below, element)))
    return f"{_latex_letter(letter)}_{{{indices}}}" if indices else _latex_letter(letter)


class MathML:
    """Presentation MathML; ``document`` makes a whole element of what is written.

    Args:
        args: argument names in order.
        leaves: the elements that occur.
    """

    def __init__(self, args: Sequence[str], leaves: Iterable[Leaf]) -> None:
        self._names = _set(leaves, args, _mathml_name)
        self._e, self._pi = (self._upright(drawn) for drawn in ("e", "π"))

    def lay(self, view: View) -> Layout:
        return self._LAYOUTS[view.kind](self, view)

    def enclose(self, pieces: list[Piece]) -> list[Piece]:
        return ["<mrow><mo>(</mo>", *pieces, "<mo>)</mo></mrow>"]

    @staticmethod
    def document(content: str) -> str:
        """Return a complete element that a page can hold."""
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{content}</mrow></math>'

    def _name(self, view: View) -> Layout:
        return printing.ATOM, [self._names[view.data]]

    def _number(self, view: View) -> Layout:
        mantissa, exponent = _scientific(view.data)
        if not exponent:
            return printing.ATOM, [f"<mn>{mantissa}</mn>"]
        minus = "<mo>&#x2212;</mo>" if exponent.startswith("-") else ""
        power = f"<msup><mn>10</mn><mrow>{minus}<mn>{exponent.lstrip('-')}</mn></mrow></msup>"
        return printing.PRODUCT, [f"<mn>{mantissa}</mn><mo>&#xD7;</mo>{power}"]

    def _constant(self, view: View) -> Layout:
        return printing.ATOM, [{"pi": self._pi, "e": self._e, "inf": "<mi>∞</mi>"}.get(view.data, "<mi>NaN</mi>")]

    def _upright(self, drawn: str) -> str:
        """Return a constant, upright where an argument looks like it."""
        letter = f"<mi>{drawn}</mi>"
        return f'<mi mathvariant="normal">{drawn}</mi>' if letter in self._names.values() else letter

    def _truth(self, view: View) -> Layout:
        return printing.ATOM, [f"<mtext>{view.data}</mtext>"]

    def _sum(self, view: View) -> Layout:
        pieces: list[Piece] = []
        for sign, part in zip(view.data, view.parts, strict=True):
            first = not pieces
            pieces += [] if first and sign == "+" else [f"<mo>{'&#x2212;' if sign == '-' else '+'}</mo>"]
            pieces.append((part, printing.SUM if first and sign == "+" else printing.PRODUCT))
        return printing.SUM, pieces

    def _product(self, view: View) -> Layout:
        above, below = _parts(view)
        if not below:
            return printing.PRODUCT, self._juxtaposed(above)
        bar = "</mrow><mrow>"
        return printing.PRODUCT, [
            "<mfrac><mrow>",
            *self._juxtaposed(above),
            bar,
            *self._juxtaposed(below),
            "</mrow></mfrac>",
        ]

    def _juxtaposed(self, factors: list[Any]) -> list[Piece]:
        if len(factors) == 1:
            return [(factors[0], printing.ANY)]
        pieces: list[Piece] = [(factors[0], printing.PRODUCT)]
        for factor in factors[1:]:
            times = "<mo>&#xD7;</mo>" if _is_number(factor) else "<mo>&#x2062;</mo>"
            pieces += [times, (factor, printing.PRODUCT)]
        return pieces

    def _power(self, view: View) -> Layout:
        base, exponent = view.parts
        return printing.POWER, [
            "<msup><mrow>",
            (base, printing.ATOM),
            "</mrow><mrow>",
            (exponent, printing.ANY),
            "</mrow></msup>",
        ]

    def _root(self, view: View) -> Layout:
        radicand = (view.parts[0], printing.ANY)
        if view.data == 2:
            return printing.ATOM, ["<msqrt>", radicand, "</msqrt>"]
        return printing.ATOM, ["<mroot><mrow>", radicand, "</mrow><mn>3</mn></mroot>"]

    def _call(self, view: View) -> Layout:
        if view.data == "exp":
            return printing.POWER, [f"<msup>{self._e}<mrow>", (view.parts[0], printing.ANY), "</mrow></msup>"]
        if view.data == "cbrt":
            return self._root(View("root", 3, view.parts))
        operands = printing.separated("<mo>,</mo>", view.parts)
        if view.data in _BRACKETS:
            left, right = _BRACKETS[view.data]
            return printing.ATOM, [f"<mrow><mo>{left}</mo>", *operands, f"<mo>{right}</mo></mrow>"]
        word = _MATHML_WORDS.get(view.data) or f"<mi>{html.escape(view.data)}</mi>"
        return printing.ATOM, [f"<mrow>{word}<mo>&#x2061;</mo>", *self.enclose(operands), "</mrow>"]

    def _relation(self, view: View) -> Layout:
        left, right = view.parts
        return printing.RELATION, [(left, printing.SUM), f"<mo>{_SIGNS[view.data]}</mo>", (right, printing.SUM)]

    def _and(self, view: View) -> Layout:
        return printing.AND, printing.separated("<mo>&#x2227;</mo>", view.parts, printing.NOT)

    def _or(self, view: View) -> Layout:
        return printing.OR, printing.separated("<mo>&#x2228;</mo>", view.parts, printing.AND)

    def _not(self, view: View) -> Layout:
        return printing.NOT, ["<mo>&#xAC;</mo>", (view.parts[0], printing.ATOM)]

    def _cases(self, view: View) -> Layout:
        pieces: list[Piece] = ["<mrow><mo>{</mo><mtable>"]
        for value, condition in _pairs(view):
            pieces += ["<mtr><mtd><mrow>", (value, printing.ANY), "</mrow></mtd><mtd><mrow><mtext>"]
            pieces += (
                ["otherwise</mtext>"] if condition is sympy.true else ["if&#xA0;</mtext>", (condition, printing.ANY)]
            )
            pieces.append("</mrow></mtd></mtr>")
        return printing.RELATION, [*pieces, "</mtable></mrow>"]

    _LAYOUTS: ClassVar[dict[str, Callable[..., Layout]]] = {
        "name": _name,
        "number": _number,
        "constant": _constant,
        "truth": _truth,
        "sum": _sum,
        "product": _product,
        "power": _power,
        "root": _root,
        "call": _call,
        "relation": _relation,
        "and": _and,
        "or": _or,
        "not": _not,
        "cases": _cases,
    }


def _mathml_name(letter: str, index: str, element: str) -> str:
    if not letter:
        brackets = f"<mo>[</mo><mtext>{element}</mtext><mo>]</mo>" if element else ""
        return f"<mrow><mi>{html.escape(index)}</mi>{brackets}</mrow>"
    drawn = f"<mi>{html.escape(_GREEK_LETTERS.get(letter, letter))}</mi>"
    indices = ", ".join(filter(None, (index, element)))
    kind = "mn" if indices.isdigit() else "mtext"
    return f"<msub>{drawn}<{kind}>{html.escape(indices)}</{kind}></msub>" if indices else drawn
