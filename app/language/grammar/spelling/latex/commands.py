"""What the commands of LaTeX mean, as tables."""

# ruff: noqa: RUF001 - the very characters that people paste

from __future__ import annotations

import unicodedata

_LOWER = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi"
    " psi omega"
)
_UPPER = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_VARIANTS = {f"var{name}": name for name in ("epsilon", "theta", "kappa", "rho", "sigma", "phi", "pi")}


def _letter(name: str) -> str:
    case = "SMALL" if name.islower() else "CAPITAL"
    return unicodedata.lookup(f"GREEK {case} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}")


LETTERS: dict[str, tuple[str, ...]] = {
    **{name: (name, _letter(name)) for name in [*_LOWER.split(), *_UPPER.split()]},
    **{variant: (variant, name, _letter(name)) for variant, name in _VARIANTS.items()},
    "lambda": ("lambda", _letter("lambda"), "lam"),
    "ell": ("ell", "l"),
    "hbar": ("hbar",),
    "nabla": (),
}
"""Letters by command: the names of arguments that they may stand for, the usual one first."""

GREEK = {_letter(name): name for name in [*_LOWER.split(), *_UPPER.split()]}
"""Commands by letter, for a letter that is typed."""

FUNCTIONS: dict[str, str] = {
    **{name: name for name in ("sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "coth")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sec", "csc", "cot")},
    **{f"ar{name}": f"a{name}" for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")},
    "sech": "sech", "csch": "csch", "exp": "exp", "log": "log", "ln": "log", "lg": "log10", "max": "max", "min": "min",
    "det": "det", "tg": "tan", "ctg": "cot", "arctg": "atan", "sh": "sinh", "ch": "cosh", "th": "tanh",
}  # fmt: skip
"""Functions of the language by command."""

WORDS: dict[str, str] = {
    **{name: word for name, word in FUNCTIONS.items() if name != word},
    "sgn": "sign", "tr": "trace", "Tr": "trace", "B": "beta",
}  # fmt: skip
r"""Functions by what stands in ``\operatorname``, where it is no word of the language itself."""

_INVERTIBLE = "sin cos tan sec csc cot sinh cosh tanh sech csch coth"
INVERSES = {name: f"a{name}" for name in _INVERTIBLE.split()}
r"""The inverse that a power of -1 means, as in ``\sin^{-1} x``."""

BEFORE_BRACKETS = {"Gamma": "gamma", "psi": "digamma", "zeta": "zeta", "Phi": "ndtr"}
"""Letters that are functions before a bracket, unless an argument has their name."""

NAMED = frozenset({"max", "min", "exp", "log", "ln", "sin", "cos", "tan", "lim", "sup", "inf", "det"})
"""Commands that stand for their letters in an index."""

PLUS_MINUS = frozenset({"+", "-"})
TIMES = frozenset({"*", "cdot", "times", "ast", "bullet"})
DIVISION = frozenset({"/", "div", "slash"})
RELATIONS = {
    "<": "<", ">": ">", "=": "==", "lt": "<", "gt": ">", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=",
    "geq": ">=", "geqslant": ">=", "ne": "!=", "neq": "!=", "eq": "==",
}  # fmt: skip
CONNECTIVES = {"wedge": "and", "land": "and", "vee": "or", "lor": "or", "and": "and", "or": "or"}
NEGATIONS = frozenset({"neg", "lnot", "not"})

SIGNS = {
    "−": "-", "–": "-", "·": "cdot", "⋅": "cdot", "×": "times", "÷": "div", "≤": "le", "≥": "ge", "≠": "ne",
    "∞": "infty", "∑": "sum", "∏": "prod", "∂": "partial", "∇": "nabla", "√": "sqrt", "∫": "int", "±": "pm",
    "∧": "wedge", "∨": "vee", "¬": "neg", "‖": "Vert", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil",
}  # fmt: skip
"""Commands, or signs of ASCII, by the sign that is typed."""

CLOSERS = {
    "(": ")",
    "[": "]",
    r"\{": r"\}",
    "langle": "rangle",
    "lfloor": "rfloor",
    "lceil": "rceil",
    "lbrace": "rbrace",
}
"""What closes each bracket."""

ROUND = {"lfloor": "floor", "lceil": "ceil"}
BARS = {"|": "abs", "vert": "abs", "lvert": "abs", "rvert": "abs", r"\|": "norm", "Vert": "norm"} | {
    "lVert": "norm", "rVert": "norm",
}  # fmt: skip
"""Functions that bars around an operand mean."""

SIZES = frozenset(
    [f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")] + ["left", "right"]
)
"""Commands that only make the bracket after them larger."""

_SPACES = (
    "quad qquad thinspace medspace thickspace enspace displaystyle textstyle scriptstyle limits nolimits nonumber notag"
    " hfill allowbreak strut null relax"
)
SPACES = frozenset(_SPACES.split())
"""Commands that mean nothing."""

_FONTS = "mathrm mathit mathsf mathtt mathnormal mathcal mathscr mathfrak text textrm textit textsf texttt mbox"
FONTS = frozenset(_FONTS.split())
BOLD = frozenset({"mathbf", "boldsymbol", "bm", "vec", "textbf", "mathbfit", "pmb", "underline"})
"""Fonts of arrays: a product of two of these is a product of matrices."""
AROUND_NAMES = FONTS | BOLD

ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "mathring": "ring",
}  # fmt: skip
r"""What an accent adds to a name: ``\hat{x}`` is x_hat."""

MATRICES = {name: name for name in ("pmatrix", "bmatrix", "matrix", "smallmatrix", "Bmatrix")} | {"vmatrix": "vmatrix"}
CASES = frozenset({"cases", "dcases", "rcases"})
_STARRED = "equation align gather multline displaymath flalign"
AROUND = frozenset(["aligned", "split", "gathered", "math"]).union(
    *[(name, f"{name}*") for name in _STARRED.split()],
)
"""Environments around a formula, whose lines and alignment mean nothing."""

LEADS = frozenset({"if", "for", "when", "where", "if and only if", "falls", "wenn", "si", "with", "in case"})
OTHERWISE = frozenset({"otherwise", "else", "sonst", "elsewhere", "in all other cases", "default", "sinon"})
"""Words of the conditions of cases."""

_DERIVATIVE = "send the function alone: /v1/grad, /v1/hessian and /v1/taylor differentiate it"
_INTEGRAL = r"integrals are not computed: write the closed form, or a \sum"
_TWO = "write two functions, one with + and one with -"
_ROWS: tuple[tuple[str, str, str], ...] = (
    ("int iint iiint oint", "an integral", _INTEGRAL),
    ("partial", "a derivative", r"write \frac{\partial}{\partial x} or \partial_x before what is differentiated"),
    ("nabla prime grad", "a derivative", _DERIVATIVE),
    ("pm mp", "a sign of two values", _TWO),
    ("lim liminf limsup", "a limit", "write the value that is meant"),
    ("sup inf argmax argmin", "an extremum", r"write \max(a, b), or POST /v1/minimize"),
    ("approx sim simeq cong propto equiv", "this relation", r"write =, <, \le or \ne"),
    ("in notin subset forall exists cup cap", "a statement about sets", r"write a condition: a \le x"),
    ("dots ldots cdots vdots ddots", "an ellipsis", r"write \sum_{i=1}^{n}, or all terms"),
    ("to rightarrow mapsto Rightarrow implies", "an arrow", "write f(x) = ... for a function"),
    ("mathbb mathbbm", "a blackboard letter", r"an expectation is \frac{1}{n} \sum_{i=1}^{n}"),
    ("odot circ otimes oplus star", "this product", r"write \cdot for a product of elements"),
    ("label tag ref eqref cite footnote", "a command of documents", "leave it out"),
    ("newcommand def renewcommand usepackage", "a definition", "write the formula alone"),
    ("underbrace overbrace underset overset stackrel", "an annotation", "leave it out"),
    ("color textcolor boxed phantom cancel", "a command of style", "leave it out"),
    ("bmod mod pmod pod", "mod", r"write \operatorname{mod}(a, b)"),
    ("gcd Pr arg dim ker hom deg", "this function", "it is not in the language"),
    ("degree", "an angle in degrees", r"write x \cdot \frac{\pi}{180}"),
    ("Re Im", "a part of a complex number", "numbers are real here"),
    ("over choose atop above", "a fraction of TeX", r"write \frac{a}{b} or \binom{n}{k}"),
    ("mid middle", "a condition", "write the arguments with commas: f(x, y)"),
    ("cfrac", "a continued fraction", r"write \frac"),
    ("cal bf it rm sf tt", "an old font command", r"write \mathbf{x}"),
    ("coloneqq triangleq doteq", "a definition here", "give the right-hand side alone"),
)
REFUSED = {name: (what, hint) for names, what, hint in _ROWS for name in names.split()}
"""Commands that are refused: what they are, and what to write instead."""
