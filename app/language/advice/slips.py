"""What to write instead where a text is refused by the grammar: notations of other languages, and common slips.

A text is looked at only after it is refused. ``hint`` tries the rows of a table: most look at what stands before and
after the place of the refusal, some at the whole text. The first row that fits gives the hint.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from app.language.grammar.spelling import characters

_NEAR = 200
"""Characters of a text that are looked at before and after the place of its refusal."""


class Slip(NamedTuple):
    """A hint; the patterns that the text before the place ends with, and that the text from the place begins with."""

    before: str
    after: str
    hint: str  # {0}, {1}, ... are groups, of the first pattern and then of the second


_NAME = r"([^\W\d]\w*)"
_VALUE = r"[\w)\]]"

_LAMBDAS: tuple[tuple[str, str], ...] = (
    (r"^\s*(?:\w+\s*(?:=|<-|:=)\s*)?@\(([^()]*)\)", "write lambda {0}: ..."),
    (r"^\s*(?:\w+\s*(?:=|<-)\s*)?\\\(([^()]*)\)", "write lambda {0}: ..."),
    (r"^\s*(?:\w+\s*(?:=|<-)\s*)?function\s*\(([^()]*)\)", "write lambda {0}: ..., or a def"),
    (r"^\s*function\s+(?:\w+\s*=\s*)?(\w+)\s*\(([^()]*)\)", "write def {0}({1}): with a return"),
    (
        r"^\s*(?:(?:const|let|var)\s+)?(?:\w+\s*=\s*)?\(?([^\W\d][\w\s,]*?)\)?\s*(?:->|↦|\|->|→)",
        "write lambda {0}: ...",
    ),
    (r"^\s*(?:(?:const|let|var)\s+)?(?:\w+\s*=\s*)?\(([\w\s,]+?)\)\s*=>", "write lambda {0}: ..."),
    (r"^\s*(?:const|let|var)\s+\w+\s*=\s*(\w+)\s*=>", "write lambda {0}: ..."),
    (r"^\s*(\w+)\s*=>", "write lambda {0}: ... for a function, >= for a comparison"),
    (r"^\s*(?:double|float|int|const|let|var|auto|real|local)\s+(\w+)\s*=", "leave the type out: {0} = ..."),
    (
        r"^\s*(?:#\s*include[^\n]*\n\s*)*(?:static\s+|inline\s+)?(?:double|float|int|real)\s+(\w+)\s*\(([^()]*)\)",
        "write def {0}(...): with a return",
    ),
    (r"^\s*λ\s*(\w+)\s*[:.]", "write lambda {0}: ..."),
    (r"^\s*\|([^\W\d][\w\s,]*)\|\s*[\w(]", "write lambda {0}: ... for a function, abs({0})*... for a product"),
    (r"^\s*\(?#.*&\s*\)?\s*(?:\[.*\])?\s*$", "write lambda x: x**2; # begins a comment"),
    (r"^\s*(\w+)\[\s*(\w+)_\s*(?:,[^\]]*)?\]\s*:?=", "write {0}({1}) = ..."),
    (r"^[^\n]*\b(?:std|f64|f32|boost::math)::(\w+)", "write {0}(x), without what stands before the ::"),
    (r"^[^\n]*<sup>", "write ** for a superscript: x**2"),
)
"""Functions of other languages: how the whole text begins."""

_KEYWORDS = {
    "class": "put the class before the def, at the top of the text",
    "try": "leave it out: nothing is raised here; a choice is a if condition else b",
    "except": "leave it out: nothing is raised here",
    "with": "leave it out, and write its block alone",
    "yield": "write return, or a list with append",
    "async": "write def",
    "await": "leave it out",
    "raise": "write the value that it returns",
    "assert": "leave it out: nothing is checked here",
    "del": "leave it out",
    "global": "return the new value, and give the old one as a parameter",
    "nonlocal": "return the new value, and give the old one as a parameter",
    "is": "compare with ==",
    "in": "write (x == a) or (x == b)",
    "import": "leave it out: the prefixes np., jnp., math. and sympy. are known",
    "from": "leave it out: names are known with and without their prefix",
    "return": "leave return out; in a def, indent it",
    "lambda": "put parentheses around the lambda",
    "match": "write a if x == 1 else b",
    "case": "write a if x == 1 else b",
    "finally": "leave it out",
}
"""Words of Python that are not in the language where they stand."""

_FIRST: tuple[Slip, ...] = (
    # Loops and choices of other languages
    Slip(r"\bfor\s*\(\s*(\w+)\s*$", r"in\s+(\w+)\s*:\s*(\w+)", "write for {0} in range({1}, {2} + 1): in a def"),
    Slip(r"\bfor\s*\(\s*(?:int|let|var|double|size_t)?\s*(\w*)\s*$", r"", "write for i in range(10): in a def"),
    Slip(r"\bfor\s+(\w+)\s*$", r"=\s*(\w+)\s*:\s*(\w+)", "write for {0} in range({1}, {2} + 1):"),
    Slip(r"\bif\s*\([^()]*\)\s*$", r"\w", "write a if condition else b"),
    Slip(r"(?:^|\n)[ \t]*(?:if|while|elif|for)\b[^\n:]*$", r"\n", "write a colon at the end of the line"),
    Slip(r"\bis$", r"\.", "write isnan(x), or isfinite(x)"),
    Slip(r"", r"is\.(?:na|nan|finite|infinite)\b", "write isnan(x), or isfinite(x)"),
    # Comments of other languages
    Slip(r"%[ \t]*[^\W\d]\w*[ \t]+$", r"\w", "comments begin with #"),
    Slip(r"", r"\(\*", "comments begin with #"),
    # Functions without a name
    Slip(r"\bfunction\s*\(([^()]*)\)\s*$", r"[\w({]", "write lambda {0}: ..."),
    Slip(r"[(,]\s*$", r"@\(([^()]*)\)", "write lambda {0}: ..."),
    Slip(r"[(,]\s*$", r"@[^\W\d]", "write the name of the function alone, without @"),
    Slip(r"[(,]\s*\(([\w\s,]*)\)\s*$", r"[=-]>", "write lambda {0}: ..."),
    Slip(rf"[(,]\s*{_NAME}\s*$", r"[=-]>", "write lambda {0}: ..."),
    Slip(rf"[(,]\s*{_NAME}\s*=$", r">", "write lambda {0}: ..."),
    Slip(r"\blambda\s+(\w+)\s*$", r"\.", "write a colon: lambda {0}: ..."),
    Slip(r"\blambda\s*$", r"\(([^()]*)\)", "leave the parentheses out: lambda {0}: ..."),
    Slip(r"\blambda\s+([\w\s]*\w)\s+$", r"(\w+)", "separate the arguments with commas: lambda {0}, {1}: ..."),
    # Operators of other languages
    Slip(r"\.\s*$", r"'", "write X.T for the transpose; there are no strings here"),
    Slip(r"\|\s*$", r">", "write f(x) for x |> f"),
    Slip(r"&amp;\s*&amp$", r";", "write and"),
    Slip(r"", r"\w+_l(?:u?p[dm]f|c?cdf)\([^()|]*\|", "write scipy.stats.norm.logpdf(y, mu, sigma), with commas"),
    Slip(r"[\d)\]]\s*$", r"->", "write = to assign, with the name first"),
    Slip(r"/$", r"\.", "write x = 3 on a line before, or send the number in the point"),
    Slip(r"", r"@\.", "leave it out: operators go element by element"),
    Slip(r"\w$", r"\.\.\.", "write *x for the items of x"),
    Slip(r"[(,]\s*$", r"\.\.\.[^\W\d]", "write *x for the items of x"),
    Slip(rf"{_VALUE}\s*$", r"\\(?:\s+[\w(]|\w\b|\()", "write solve(A, b)"),
    Slip(r"\(\s*$", r":\s*\)", "write X.ravel() for all elements"),
    Slip(r"\w$", r"::", "leave the type out"),
    Slip(r"\((?:double|float|int)\)\s*$", r"\w", "leave the type out"),
    Slip(rf"{_VALUE}\s*$", r"mod\b", "write %"),
    Slip(rf"{_VALUE}\s*$", r"div\b", "write //"),
    Slip(rf"{_VALUE}\s*$", r"xor\b", "write (a > 0) != (b > 0)"),
    Slip(rf"{_VALUE}\s*$", r"(?:gt|ge|lt|le|eq|ne)\b", "write >, >=, <, <=, == or !="),
    Slip(rf"{_NAME}\s+$", r"squared\b", "write {0}**2"),
    Slip(rf"{_NAME}\s+$", r"cubed\b", "write {0}**3"),
    Slip(r"", r"%(pi|e|i|inf|gamma)\b", "write {0} without %"),
    Slip(r"\d\s*%\s*$", r"[*/+)\-]", "write 0.1 for 10%"),
    Slip(r"^\s*=.*\w$", r"!\$?[A-Za-z]", "name the cell alone, without its sheet"),
    # Mathematica
    Slip(r"\bTable\[[^\n]*,\s*$", r"\{(\w+),\s*(\w+)\s*\}", "write [f({0}) for {0} in range(1, {1} + 1)]"),
    Slip(r"\b(Sum|Product)\[[^\n]*,\s*$", r"\{([^{}]{1,40})\}", "write {0}(f, ({1})), with parentheses"),
    Slip(r"\bN?Integrate\[[^\n]*$", r"\{", "integrals are not computed: write trapezoid(f(t), t)"),
    Slip(r"\bPiecewise\[\s*\{?\s*$", r"\{", "write Piecewise((value, condition), (0, True))"),
    Slip(r"\b(?:Module|Block|With)\[[^\n]*$", r"[={]", "write a def with assignments"),
    Slip(r"\d\*$", r"\^[-\d]", "write e for the exponent: 1.5e3"),
    # Numbers and signs
    Slip(r"\b\d{1,3}[ \t]$", r"\d{3}\b", "write the number without separators: 1000"),
    Slip(r"\d$", r"'\d{3}\b", "write the number without separators: 1000"),
    Slip(r"(?:^|[-+*/^(,=<>])\s*$", r"\|\|([^|]{1,30})\|\|", "write norm({0})"),
    Slip(r"\b[^\W\d]\w*$", r"'+\s*\(", "send the function alone: /v1/grad differentiates it"),
    Slip(r"\w\s*$", r"~(?!=)", "write the log density: scipy.stats.norm.logpdf(y, mu, sigma)"),
    Slip(r"\w$", r"\$\w", "send each column as an argument of its own"),
    Slip(rf"{_VALUE}\s*$", r"\$\s*$", "leave $ out"),
    Slip(rf"{_VALUE}\s*$", r":\s*$", "leave the colon out"),
    Slip(r"", r"\\(?:left|right|big|Big)\b", "leave \\left and \\right out"),
    Slip(r"", r"\\(?:sum|prod)(?![a-z])", "write Sum(f(i), (i, 1, n)), or sum(f(i) for i in range(n))"),
    Slip(r"", r"\\int(?![a-z])", "integrals are not computed: write trapezoid(f(t), t)"),
    Slip(r"", r"\\(?:mathrm|text|operatorname|mathbf)\s*\{([^{}]{1,30})\}", "write {0}, not LaTeX"),
)
"""Slips that are told by more than the next sign, tried before keywords and brackets."""

_FUNCTIONS: tuple[Slip, ...] = (
    Slip(
        rf"\b{_NAME}\s*(?:\^|\*\*)\s*\(?-\s*1\)?\s*$",
        r"[(\w]",
        "write a{0}(x) for the inverse, 1/{0}(x) for the reciprocal",
    ),
    Slip(rf"\b{_NAME}\s*\^\s*$", r"\{\s*-\s*1\s*\}", "write a{0}(x) for the inverse, 1/{0}(x) for the reciprocal"),
    Slip(rf"\b{_NAME}\s*(?:\^|\*\*)\s*(\d+)\s*$", r"\(([^()]{1,30})\)", "write {0}({2})**{1}"),
    Slip(rf"\b{_NAME}\s*(?:\^|\*\*)\s*(\d+)\s*$", r"[(\w]", "write {0}(x)**{1}"),
    Slip(rf"\b{_NAME}²\s*$", r"\(?(\w{1,30})", "write {0}({1})**2"),
    Slip(rf"\b{_NAME}³\s*$", r"\(?(\w{1,30})", "write {0}({1})**3"),
    Slip(rf"\b{_NAME}\s*$", r"\{([^{}]{1,30})\}", "write {0}({1})"),
    Slip(rf"\b{_NAME}\s*\|([^|]{{1,30}})\|\s*$", r"", "write {0}(abs({1}))"),
)
"""Slips behind the name of a function, which is the first group."""

_SLIPS: tuple[Slip, ...] = (
    # Words of Python
    Slip(r"(?:^|\n)[ \t]*match[ \t]+$", r"[^\n]*:[ \t]*(?:\n|$)", "write if n == 1: ... elif n == 2: ... else: ..."),
    Slip(r"^\s*$", r"lambda\s*:", "name the arguments: lambda x: x**2"),
    Slip(r"\blambda\b[^:]*$", r"$", "write a colon and the value: lambda x: x**2"),
    Slip(r":\s*$", r"$", "write a value after the colon"),
    Slip(r"\bdef\b.*\)\s*$", r"\n", "write a colon after the parentheses"),
    Slip(r"\bdef\b.*:[^\n]*\n\s*$", r"\w", "indent the lines of a def"),
    Slip(r"", r"not\s+in\b", "write (x != a) and (x != b)"),
    Slip(r"^\s*$", r"if\b", "write a if condition else b"),
    Slip(r"", r"else\b", "write a if condition else b"),
    Slip(r"\bif\b[^:\n]*$", r"$", "write a if condition else b"),
    Slip(r"\b(and|or|not)\s*$", r"(and|or)\b", "leave one of {0} and {1} out"),
    # Operators of other languages
    Slip(r"(\w+)$", r"\.\(", "write {0}(x): functions broadcast"),
    Slip(r"", r"\.([*/^+-])", "write {0}: operators go element by element"),
    Slip(r"\.$", r"([*/^+-])", "write {0}: operators go element by element"),
    Slip(rf"{_VALUE}\s*$", r"\.?'", "write X.T for the transpose; there are no strings here"),
    Slip(r"&\s*$", r"&", "write and"),
    Slip(r"", r"&&", "write and"),
    Slip(r"\|\s*$", r"\|", "write or"),
    Slip(r"", r"\|\|", "write or"),
    Slip(r"", r"\|>|\|(?=>)", "write f(x)"),
    Slip(r"", r"!==?", "write !="),
    Slip(r"[!=]=\s*$", r"=", "write == to compare"),
    Slip(r"~\s*$", r"=", "write !="),
    Slip(r"", r"~=", "write !="),
    Slip(r"=\s*$", r"<", "write <="),
    Slip(r"", r"=<", "write <="),
    Slip(r"", r"=>", "write >="),
    Slip(r"<\s*$", r">", "write !="),
    Slip(r"=\s*$", r">", "write >="),
    Slip(r":\s*$", r"=", "assign on a line of its own in a def: y = ..."),
    Slip(r"", r":=", "assign on a line of its own in a def: y = ..."),
    Slip(r"", r"<-", "write = to assign"),
    Slip(r"%$", r"\*%", "write @"),
    Slip(r"", r"%\*%", "write @"),
    Slip(r"%\*$", r"%", "write @"),
    Slip(r"%$", r"%", "write %"),
    Slip(r"%$", r"/%", "write //"),
    Slip(r"%$", r"in%", "write (x == a) or (x == b)"),
    Slip(r"%$", r"o%", "write outer(x, y)"),
    Slip(r"%/$", r"%", "write //"),
    Slip(r"(\+\+|--)\s*$", r"", "write x = x + 1 in a def, or x + 1"),
    Slip(r"[+*/^-]\s*$", r"=", "write the value that is meant: nothing is assigned within an expression"),
    Slip(rf"{_VALUE}\s*$", r"!(?!=)", "write factorial(n), which is gamma(n + 1)"),
    Slip(r"", r"!(?!=)", "write not"),
    Slip(r"", r"\?", "write a if condition else b"),
    Slip(r"", r"\.(and|or|not)\.", "write {0}"),
    Slip(r"\.$", r"(and|or|not)\b", "write {0}"),
    Slip(r"", r"\.(lt|le|gt|ge|eq|ne)\.", "write <, <=, >, >=, == or !="),
    # Brackets
    Slip(r"(?:^|[-+*/^(,=<>]|\breturn)\s*$", r"\|([^|]{1,30})\|", "write abs({0})"),
    Slip(r"", r"‖([^‖]{1,30})‖", "write norm({0})"),
    Slip(r"[\^_]\s*$", r"\{([^{}]{0,30})\}", "write plain text, not LaTeX: **({0})"),
    Slip(r"", r"\{[^{}]*\bfor\b", "write [... for ... in ...]"),
    Slip(r"", r"[{}]", "write [a, b] for a list, parentheses to group"),
    Slip(r"\[[^\][]*$", r";", "write [[a, b], [c, d]] for a matrix"),
    Slip(r"\([^()]*$", r";", "separate the operands with commas"),
    Slip(
        r"\b[A-Z][a-z]\w*\[[^\][]*[\w.]\s+$",
        r"[\w.]",
        "write sqrt(2*pi): functions with parentheses and in lower case, * to multiply",
    ),
    Slip(r"\[[^\]()[]*[\w.]\s+$", r"[\w.]", "separate the items with commas: [a, b]"),
    Slip(r"\b[A-Z]{1,3}\d+$", r":", "send the cells as one argument: sum(X)"),
    Slip(
        r"\b(?:[slv]apply|[mM]ap|[fF]ilter|sum|prod|for)\s*\((?:\w+\s+in\s+)?(\d+)$",
        r":\s*(\w+)",
        "write [f(i) for i in range({0}, {1} + 1)]",
    ),
    Slip(r"\(\s*$", r":", "write X[:, 0] with square brackets; the first index is 0"),
    Slip(r"\(\s*\w+$", r":", "write x[0:3] with square brackets; the first index is 0"),
    Slip(r"\b(\d+)$", r":\s*(\d+)", "write range({0}, {1} + 1)"),
    Slip(rf"{_VALUE}\s*$", r":", "write range(a, b), or x[a:b]"),
    # Numbers
    Slip(r"[\d.]$", r"[dD][+-]?\d", "write e for the exponent: 1e-3"),
    Slip(r"[\d.]$", r"[eE](?![\w])", "write an exponent after e: 1e5"),
    Slip(r"[\d.]$", r"(?:im|[ijIJ])\b", "complex numbers are not in the language: write two functions of real numbers"),
    Slip(r"[\d.]$", r"[fFlLuU]\b", "write the number alone, without a type"),
    Slip(r"\d\s*%\s*$", r"$", "write 0.1 for 10%"),
    Slip(r"[\d.]$", r"\.\d?", "write one point in a number"),
    Slip(r"(?:^|[^\w.])([\d.]+)$", r"([^\W\d]\w*)", "write {0}*{1}"),
    # Other notations
    Slip(
        r"",
        r"\\(sin|cos|tan|exp|log|ln|sqrt|sinh|cosh|tanh|max|min|arcsin|arccos|arctan)\b",
        'write {0}(x), not LaTeX; or ask with "format": "latex"',
    ),
    Slip(r"", r"\\d?frac", 'write (a)/(b), not LaTeX; or ask with "format": "latex"'),
    Slip(r"", r"\\(cdot|times)", 'write *, not LaTeX; or ask with "format": "latex"'),
    Slip(
        r"", r"\\(alpha|beta|gamma|delta|theta|lambda|mu|sigma|pi|phi|omega|rho|tau|epsilon)\b", "write {0} without \\"
    ),
    Slip(r"", r"\\", 'write plain text, not LaTeX: (a)/(b), x**2; or ask with "format": "latex"'),
    Slip(r"", r"\$", "write the name without $, and plain text, not LaTeX"),
    Slip(r"", r"/\*", "comments begin with #"),
    Slip(r"/\s*$", r"\*", "comments begin with #"),
    Slip(r"", r"\*/", "comments begin with #"),
    Slip(r"", r"//", "comments begin with #"),
    Slip(r"\bf$", r"['\"]", "write the expression itself; there are no strings here"),
    Slip(r"", r"[rRbBuUfF]{0,2}['\"]", "leave it out; there are no strings here"),
    # Slips
    Slip(r"([-+*/^%@<>=&|,]|\*\*|//|==|\band|\bor|\bnot)\s*$", r"$", "write a value after {0}, or leave it out"),
    Slip(
        r"([-+*/^%@<>&|]|\*\*|//|==)\s*$",
        r"([*/^%@<>&|=]+|\))",
        "leave one of {0} and {1} out, or write a value between them",
    ),
    Slip(r"", r"\.\s*$", "leave the point out"),
    Slip(r"", r"\.\.", "leave one of the points out"),
    Slip(r"", r"\.[^\W\d]", "leave the point out"),
    Slip(r",\s*$", r",", "leave one of the commas out"),
    Slip(r"(?:^|[(\[,])\s*$", r"([*/^%@<>&|=]+)", "write a value before {0}"),
    Slip(r"\(\s*$", r"\)", "write a value in the parentheses"),
    Slip(r"\[\s*$", r"\]", "write a value in the brackets"),
    Slip(r"\d\s*$", r"\(", "write * to multiply: 2*(x + 1)"),
    Slip(r"\)\s*$", r"\(", "write * to multiply: (a)*(b)"),
)
"""Slips at the place of the refusal, the more particular first."""

_TEXTS: tuple[tuple[str, str], ...] = (
    (r"\bif\b[^\n]*\bthen\b", "write a if condition else b"),
    (r"\bif\s*\([^\n]*\)\s*\{", "write a if condition else b"),
    (r"\b(?:end|endif|end if|fi|end do|enddo)\s*;?\s*$", "blocks end with their indentation: leave 'end' out"),
    (r"<-", "write = to assign"),
    (r";", "put statements in a def, and return the value"),
    (r"\bsum_\{|\bsum_\(|∑|Σ\s*_", "write Sum(f(i), (i, 1, n)), or sum(f(i) for i in range(n))"),
    (r"∂|\bd/d[a-z]\b|∇", "send the function alone: /v1/grad differentiates it"),
    (r"∫", "integrals are not computed: write a sum"),
)
"""Slips of the whole text, looked for last."""


def hint(text: str, offset: int, functions: Collection[str] = ()) -> str | None:
    """Return what to write instead at a place where the grammar refuses a text; None if nothing is known.

    ``functions`` are the names of the functions of the language.
    """
    offset = min(offset, len(text))
    before, after = text[max(0, offset - _NEAR) : offset], text[offset : offset + _NEAR]
    for pattern, found in _LAMBDAS:
        began = re.match(pattern, text[:_NEAR])
        if began:
            return _filled(found, began)
    found_first = _slip(_FUNCTIONS, before, after, functions) or _slip(_FIRST, before, after)
    if found_first is not None:
        return found_first
    word = re.match(r"[^\W\d]\w*", after)
    if word and word[0] in _KEYWORDS and not (word[0] == "lambda" and re.match(r"lambda\s*:", after)):
        return _KEYWORDS[word[0]]
    if after[:1] in characters.WRITTEN:
        return f"write {characters.WRITTEN[after[0]]}"
    bracket = _bracket(text, offset) or _call(before, after, functions)
    if bracket is not None:
        return bracket
    slipped = _slip(_SLIPS, before, after)
    if slipped is not None:
        return slipped
    for pattern, found in _TEXTS:
        if re.search(pattern, text[: 10 * _NEAR]):
            return found
    return None


def _slip(rows: tuple[Slip, ...], before: str, after: str, functions: Collection[str] | None = None) -> str | None:
    """Return the hint of the first row that fits, whose first group is a function if these are given."""
    for slip in rows:
        first = re.search(slip.before, before) if slip.before else _EMPTY
        second = re.match(slip.after, after) if first else None
        if first and second and (functions is None or first[1] in functions):
            return _filled(slip.hint, first, second)
    return None


_EMPTY = re.match("", "")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _filled(found: str, *matches: re.Match[str] | None) -> str:
    groups = [" ".join((group or "x").split()) for match in matches if match for group in match.groups()]
    return re.sub(r"\{(\d)\}", lambda number: groups[int(number[1])] if int(number[1]) < len(groups) else "x", found)


def _bracket(text: str, offset: int) -> str | None:
    """Return a hint if a bracket at the place closes another than is open there, or is never closed."""
    character = text[offset : offset + 1]
    if character in ")]}" and character:
        opened = _open_at(text, offset)
        if opened is None:
            return f"no bracket is open here: leave {character} out"
        if _CLOSING[text[opened]] != character:
            line, column = text.count("\n", 0, opened) + 1, opened - (text.rfind("\n", 0, opened) + 1) + 1
            return f"write {_CLOSING[text[opened]]} first: {text[opened]} is open since line {line}, column {column}"
    called = re.match(r"[\w.]*([(\[{])", text[offset : offset + _NEAR])
    if called and _never_closed(text, offset + called.start(1)):
        return f"write {_CLOSING[called[1]]} where it ends"
    return None


_TYPES = frozenset({"double", "float", "int", "bool", "real"})


def _call(before: str, after: str, functions: Collection[str]) -> str | None:
    """Return a hint if a function and its argument stand side by side: sin x, sin 2x."""
    found = re.search(r"\b([^\W\d]\w*)[ \t]+([\d.]*)$", before)
    argument = re.match(r"[\w.]+", after)
    if found is None or argument is None or found[1] not in functions or found[1] in _TYPES:
        return None
    factor = f"{found[2]}*" if found[2] else ""
    return f"write {found[1]}({factor}{argument[0]})"


def _open_at(text: str, offset: int) -> int | None:
    """Return where the innermost bracket was opened that is open at a place."""
    opened: list[int] = []
    for place in range(min(offset, len(text))):
        if text[place] in _CLOSING:
            opened.append(place)
        elif text[place] in ")]}" and opened:
            opened.pop()
    return opened[-1] if opened else None


def _never_closed(text: str, offset: int) -> bool:
    depth = 0
    for character in text[offset:]:
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return False
    return True
