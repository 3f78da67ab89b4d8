"""Python 3.11 or newer, with its standard library.

Its functions raise where those of other languages give nan or infinity, and a temporary is computed in a branch that is
left, too. So the functions that overflow, and in a function with branches all that may raise, are called by others that
give nan or infinity.
"""

from __future__ import annotations

from app.export import program as programs
from app.export.forms import AND, CHOICE, NOT, OPERATORS, OR, WordForm, calls, infix, prefix
from app.export.language import Language, Syntax

LOGIC: dict[str, WordForm] = {
    "and": infix("and", AND),
    "or": infix("or", OR),
    "not": prefix("not ", NOT),
    "select": WordForm("{1} if {0} else {2}", CHOICE, (CHOICE + 1,)),
}

_OVERFLOWING = "exp cosh sinh expm1 log sqrt"
WORDS: dict[str, WordForm] = {
    **OPERATORS,
    **LOGIC,
    **calls("sin cos tan asin acos atan tanh asinh atanh log2 log10 log1p cbrt", before="math."),
    **calls("erf erfc gamma lgamma", before="math."),
    **calls("atan2 hypot fmod copysign", 2, before="math."),
    **calls(_OVERFLOWING, needs=True),
    **calls("floor ceil trunc", before="math."),
    **calls("abs round"),
    **calls("maximum=max minimum=min", 2),
    **calls("pow=power pow_const=power const_pow=power", 2, needs=True),
}

_QUIET = ("quiet",)


def _quiet(words: str) -> dict[str, WordForm]:
    return {word: WordForm(f"quiet(math.{word}, {{0}})", needs=_QUIET) for word in words.split()}


CAREFUL: dict[str, WordForm] = {
    **calls("div=divide", 2, needs=True),
    **_quiet("sin cos tan asin acos atanh log2 log10 log1p gamma lgamma floor ceil trunc"),
    "fmod": WordForm("quiet(math.fmod, {0}, {1})", needs=_QUIET),
    "round": WordForm("quiet(round, {0})", needs=_QUIET),
}

_LARGE = """def {0}(x):
    try:
        return math.{0}(x)
    except OverflowError:
        return {1}
"""

SNIPPETS: dict[str, str] = {
    "exp": _LARGE.format("exp", "math.inf"),
    "cosh": _LARGE.format("cosh", "math.inf"),
    "sinh": _LARGE.format("sinh", "math.copysign(math.inf, x)"),
    "expm1": _LARGE.format("expm1", "math.inf"),
    "log": """def log(x):
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan
""",
    "sqrt": """def sqrt(x):
    return math.sqrt(x) if x >= 0 else math.nan
""",
    "power": """def power(x, n):
    try:
        return math.pow(x, n)
    except OverflowError:
        return -math.inf if x < 0 and n % 2 == 1 else math.inf
    except ValueError:
        return math.inf if x == 0 else math.nan
""",
    "divide": """def divide(x, y):
    if y != 0:
        return x / y
    return math.nan if x == 0 or x != x else math.copysign(math.inf, x) * math.copysign(1.0, y)
""",
    "quiet": """def quiet(function, *operands):
    try:
        return function(*operands)
    except (OverflowError, ValueError):
        return math.nan
""",
}

KEYWORDS = (
    "False None True and as assert async await break class continue def del elif else except finally for from global if"
    " import in is lambda nonlocal not or pass raise return try while with yield match case type float int print"
    " tangents value list range tuple"
)

SYNTAX = Syntax(
    infinity="math.inf",
    nan="math.nan",
    whole=False,
    as_condition=WordForm("{0} != 0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("float({0})"),
    assign="{0} = {1}",
    assign_condition="{0} = {1}",
    function="def {name}({parameters}):\n{body}    return {result}\n",
    parameter="{0}",
    comment="# ",
    unicode=True,
    keywords=f"{KEYWORDS} math",
)


def head(program: programs.SourceFileParts, function: programs.DerivedFunction) -> list[str]:
    names = [argument.name for argument in program.arguments] + (["tangents"] if function.moved else [])
    return [f"def {function.name}({', '.join(names)}):", f'    """{docstring(program, function)}"""']


def docstring(program: programs.SourceFileParts, function: programs.DerivedFunction) -> str:
    by = [program.arguments[position].name for position in program.wanted]
    listed = by[0] if program.single else f"[{', '.join(by)}]"
    what = "the product of the Hessian and the tangents" if function.moved else "the gradient"
    return f"Return the value, and {what} by {listed}."


def results(program: programs.SourceFileParts, function: programs.DerivedFunction) -> str:
    found = [programs.nested(e, s) for e, s in zip(function.entries, program.shapes(), strict=True)]
    listed = found[0] if program.single else programs.broken("[", found, "]", "    ")
    return f"    return {function.value}, {listed}"


def _layout(program: programs.SourceFileParts) -> str:
    text = "\n".join(program.heading) + "\n\nimport math\n"
    for helper in program.helpers:
        text += "\n\n" + helper
    for function in program.functions:
        lines = [*head(program, function), *[f"    {line}" for line in function.lines], results(program, function)]
        text += "\n\n" + "\n".join(lines) + "\n"
    return text


PYTHON = Language(
    name="python",
    title="Python",
    filename="value_and_grad.py",
    media_type="text/x-python",
    words=WORDS,
    careful=CAREFUL,
    syntax=SYNTAX,
    snippets=SNIPPETS,
    layout=_layout,
    element=programs.bracketed,
    listed=lambda name, place, _: f"{name}[{place}]",
)
