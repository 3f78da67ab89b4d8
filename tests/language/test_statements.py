# ruff: noqa: RUF001 - look-alikes are what is tested

import ast
import keyword
import math
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app import errors
from app.language import identity
from app.language.grammar import lexer, stack_code, statements
from tests.support import assertions, float_tapes

POINT = {"a": 0.7, "b": 1.3, "c": 2.1, "d": 0.4}


def code_of(text: str) -> stack_code.Code:
    return statements.parse(text, max_nesting=100).code


def digest(text: str) -> str:
    """Return the same digest for texts whose code differs in nothing but offsets and local names."""
    return identity.digest(code_of(text), tuple(POINT))


def refusal(text: str) -> errors.GradserveError:
    with pytest.raises(errors.Rejected) as caught:
        statements.parse(text, max_nesting=100)
    caught.value.locate(text)
    return caught.value


def flat(operators: list[str], operand: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Make chains without parentheses, so that precedence alone decides what they mean."""
    link = st.tuples(st.sampled_from(operators), operand).map(" ".join)
    return st.tuples(operand, st.lists(link, max_size=5).map(" ".join)).map(" ".join)


NUMBERS = st.sampled_from([*POINT, "2", "3", "0.5", "1.5e0"])
SIGNED = st.tuples(st.sampled_from(["", "", "", "-", "+", "- -"]), NUMBERS).map("".join)
ARITHMETIC = flat(["+", "-", "*", "/", "**", "%", "//"], SIGNED)
COMPARISONS = st.tuples(ARITHMETIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), ARITHMETIC).map(" ".join)
NEGATED = st.tuples(st.sampled_from(["", "", "not ", "not not "]), COMPARISONS).map("".join)
CONDITIONS = flat(["and", "or"], NEGATED)
CHOICES = st.tuples(ARITHMETIC, CONDITIONS, ARITHMETIC).map(lambda parts: "{} if {} else {}".format(*parts))
TEXTS = ARITHMETIC | CHOICES | st.tuples(ARITHMETIC, CONDITIONS, CHOICES).map(lambda p: "{} if {} else {}".format(*p))


@given(TEXTS)
def test_operators_bind_as_in_python(text: str) -> None:
    try:
        expected = eval(text, {"__builtins__": {}}, dict(POINT))  # noqa: S307 - generated here, of numbers and operators
    except (ArithmeticError, ValueError):
        assume(False)
    assume(isinstance(expected, int | float) and math.isfinite(expected) and abs(expected) < 1e100)
    try:
        found = float_tapes.means(text, **POINT)
    except (ArithmeticError, errors.BadConstant):
        assume(" if " not in text)  # nothing is lazy on a tape: a branch not taken may well divide by zero
        raise
    assertions.assert_close(found, float(expected), 1e-9, 1e-9)


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("-a**2", "-(a**2)"),
        ("2**-a**b", "2**(-(a**b))"),
        ("a**b**c", "a**(b**c)"),
        ("a^b^c", "a**(b**c)"),
        ("-a^2*b", "(-(a**2))*b"),
        ("2*a^2", "2*(a**2)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b / c", "(a / b) / c"),
        ("a / b * c", "(a / b) * c"),
        ("a % b * c", "(a % b) * c"),
        ("a * b // c", "(a * b) // c"),
        ("-a % b", "(-a) % b"),
        ("a if b > c else b if c > d else d", "a if b > c else (b if c > d else d)"),
        ("a if b > c and c > d or not a > d else d", "a if (((b > c) and (c > d)) or (not (a > d))) else d"),
        ("a if (b > c) & (c > d) | (a > d) else d", "a if (((b > c) and (c > d)) or (a > d)) else d"),
    ],
)
def test_a_text_means_what_its_parentheses_would_say(text: str, grouped: str) -> None:
    assert float_tapes.means(text, **POINT) == float_tapes.means(grouped, **POINT)
    assert math.isclose(
        float_tapes.means(text, **POINT),
        eval(grouped, {"__builtins__": {}}, dict(POINT)),  # noqa: S307 - written above
    )


def test_a_chain_of_one_level_is_one_instruction_however_long() -> None:
    assert code_of("a - b + c")[-1] == stack_code.Sum("+-+", 2)
    assert code_of("a / b * c")[-1] == stack_code.Product("*/*", 2)
    assert code_of("a < b <= c")[-1] == stack_code.Compare(("<", "<="), 2)
    assert code_of(" or ".join("abc"))[-1] == stack_code.Joined("or", 3, 2)
    assert [type(each) for each in code_of("+".join(["a"] * 5000))].count(stack_code.Sum) == 1


def test_operands_come_before_what_joins_them() -> None:
    depth = 0
    for instruction in code_of("-a**2 * (b + 3) if a < b else f(a, b)[1, 2]"):
        assert depth >= stack_code.operands(instruction)
        depth += 1 - stack_code.operands(instruction)
    assert depth == 1


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("a + b", None),
        ("lambda x: x", ("x",)),
        ("lambda x, y: x", ("x", "y")),
        ("lambda x, y,: x", ("x", "y")),
        ("def f(x):\n    return x", ("x",)),
        ("def f(x, y):\n    return x", ("x", "y")),
        ("def f(\n    x,\n    y,\n):\n    return x\n", ("x", "y")),
        ("\n\n  def f(x): return x\n\n", ("x",)),
        ("def f(x): y = x; return y", ("x",)),
        ("# a comment\nlambda x: x  # another\n", ("x",)),
    ],
)
def test_parameters_are_those_of_the_lambda_or_def(text: str, parameters: tuple[str, ...] | None) -> None:
    assert statements.parse(text, max_nesting=100).parameters == parameters


@pytest.mark.parametrize(
    "text",
    [
        "a+b*c",
        " a +\tb *c ",
        "a + b*c # sum",
        "(a\n  + b*c)",
        "(a # first\n + b # second\n * c)",
        "a + \\\n b*c",
        "a +\n b*c",
        "\n\na + b*c\n\n",
        "(a\r\n+ b*c)\r\n",
        "(a\r+ b*c)\r",
        "((a) + ((b)*(c)))",
    ],
)
def test_white_space_comments_and_parentheses_change_nothing(text: str) -> None:
    assert digest(text) == digest("a + b*c")


DEF = "def f(a, b):\n    r = a**2\n    s = r + b\n    return r * s"


@pytest.mark.parametrize(
    "text",
    [
        DEF,
        DEF.replace("\n", "\r\n"),
        DEF + "\n\n",
        DEF.replace("    ", "\t"),
        DEF.replace("):\n", '):\n    """The docstring."""\n'),
        DEF.replace("):\n", "):\n    '''A docstring\n\n    of several lines: \"quoted\".\n    '''\n"),
        DEF.replace("):\n", "):\n    'one'\n"),
        DEF.replace("\n    s", "  # square\n\n    # a comment line\n\n    s"),
        DEF.replace("\n    s", "; s"),
        "# before\n" + DEF + "  # after",
        DEF.replace("r + b", "(\n        r\n        + b\n    )"),
    ],
)
def test_a_def_reads_the_same_however_it_is_laid_out(text: str) -> None:
    assert digest(text) == digest(DEF)


@pytest.mark.parametrize(
    ("statement", "meaning"),
    [("r += b", "a + b"), ("r -= b", "a - b"), ("r *= b", "a * b"), ("r /= b", "a / b"), ("r **= b", "a ** b")],
)
def test_augmented_assignment_means_the_operation_in_parentheses(statement: str, meaning: str) -> None:
    text = f"def f(a, b):\n    r = a\n    {statement} + 1\n    return r"
    grouped = meaning.replace("b", "(b + 1)")
    assert float_tapes.means(text, a=1.7, b=0.6) == float_tapes.means(grouped, a=1.7, b=0.6)


def test_an_else_after_a_loop_belongs_to_the_branch_it_is_indented_as() -> None:
    text = "def f(x):\n  if x > 0:\n    for i in range(3):\n      x += i\n  else:\n    x = 7\n  return x"
    (branch,) = [each for each in statements.parse(text, max_nesting=64).code if isinstance(each, stack_code.Branch)]
    assert branch.other
    after = text.replace("  else", "    else").replace("    x = 7", "      x = x*7")
    assert float_tapes.means(after, x=2.0) == 35.0
    assert float_tapes.means(after, x=-2.0) == -2.0


@pytest.mark.parametrize(("last", "expected"), [(2, 5.0), (3, 7.0)])
def test_an_else_after_a_loop_is_not_run_after_a_break(last: int, expected: float) -> None:
    text = f"def f(x):\n  for i in range(3):\n    if i == {last}:\n      break\n  else:\n    x = 7\n  return x"
    assert float_tapes.means(text, x=5.0) == expected


def test_several_names_can_be_assigned_at_once() -> None:
    text = "def f(a, b):\n    p, q = a + b, a - b\n    q, p = p, q\n    return q**2 - p"
    assert float_tapes.means(text, a=3.0, b=2.0) == (3.0 + 2.0) ** 2 - (3.0 - 2.0)


@pytest.mark.parametrize(
    "text", ["0", "7", "1_000", "1.5", ".5", "1.", "1e3", "1E-3", "1.5e+2", "0x1F", "0b101", "0o17", "1_0.5"]
)
def test_numbers_are_written_as_in_python(text: str) -> None:
    assert float_tapes.means(f"x + {text}", x=0.0) == float(ast.literal_eval(text))


@pytest.mark.parametrize("text", ["1x", "2pi", "1e", "1__0", "3j", "1.5.2", "0x", "0b12", "1_", "1.e", "0xg"])
def test_what_is_not_quite_a_number_is_refused(text: str) -> None:
    assert refusal_of_value(text).code in {"syntax_error", "unknown_name"}


def refusal_of_value(text: str) -> errors.GradserveError:
    with pytest.raises(errors.Rejected) as caught:
        float_tapes.means(f"x + {text}", x=0.0)
    return caught.value


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a + ", 4),
        ("a + * b", 4),
        ("a b", 2),
        ("a + 2b", 5),
        ("(a + b", 0),
        ("f(a, (b + c", 5),
        ("a + b)", 5),
        ("(a + b]", 6),
        ("a[0", 1),
        ("a $ b", 2),
        ("a + 'text'", 4),
        ("a + 'text", 4),
        ("a if b", 6),
        ("a if b + c else", 15),
        ("a else b", 2),
        ("a = b", 2),
        ("a\nb", 2),
        ("a +\n  * b", 6),
        ("a := b", 2),
        ("lambda x x", 9),
        ("lambda *x: x", 8),
        ("def f(x):\n    return", 20),
        ("def f(x):\n    y = 1\n", 20),
        ("def f(x):\n    if x:\n        return x", 36),
        ("def f(x):\n    import os\n    return x", 14),
        ("def f(x):\n    return x\nf(3)", 23),
        ("@jit\ndef f(x):\n    return x", 0),
        ("def (x):\n    return x", 4),
        ("a.b.(c)", 3),
        ("[x for x in y, z]", 13),
        ("[x for x y]", 9),
        ("x for x in y", 2),
        ("{a}", 0),
        ("a\\b", 1),
        ("f(a=1, 2)", 8),
        ("f(a=1, a=2)", 10),
    ],
)
def test_a_syntax_error_points_at_the_place(text: str, offset: int) -> None:
    error = refusal(text)
    assert error.code == "syntax_error"
    assert error.position is not None
    assert error.position.offset == offset, f"{error.detail} at {error.position}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2x", "*"),
        ("2(x)", "*"),
        ("x y", "*"),
        ("$x$", "LaTeX"),
        ("3!", "gamma"),
        ("3j", "complex"),
        ("y = x**2", "right-hand side"),
        ("x = 1\ny = x", "right-hand side"),
        ("a + b\n+ c", "parentheses"),
        ("def f(x):\n    if x > 0:\n        return x", "every way through"),
    ],
)
def test_a_common_mistake_gets_a_hint(text: str, hint: str) -> None:
    error = refusal(text)
    assert error.hint is not None
    assert hint in error.hint


@pytest.mark.parametrize(
    "name", ["x", "x_1", "_", "_x", "α", "Ω", "été", "переменная", "变量", "I", "S", "E1", "x" * 64]
)
def test_an_identifier_of_python_is_an_identifier_here(name: str) -> None:
    assert name.isidentifier()
    assert lexer.identifier(name) == name


@pytest.mark.parametrize("name", ["ｘ", "ﬁ", "𝒙", "ª", "Å"])
def test_an_identifier_is_normalised_as_python_does_it(name: str) -> None:
    assert lexer.identifier(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize("name", keyword.kwlist)
def test_a_keyword_is_not_a_name(name: str) -> None:
    with pytest.raises(errors.InvalidName):
        lexer.identifier(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "1x",
        "x-y",
        "x y",
        "x.y",
        "x\n",
        "\x00",
        "x\u200b",
        "__x__",
        "__class__",
        "＿＿x＿＿",
        "x" * 65,
        "ﬃ" * 30,
        "²",
    ],
)
def test_what_python_would_not_take_or_should_not_is_not_a_name(name: str) -> None:
    with pytest.raises(errors.InvalidName):
        lexer.identifier(name)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        statements.parse(text, max_nesting=20)
    except errors.Rejected as error:
        assert error.offset is None or 0 <= error.offset <= len(text)  # noqa: PT017 - most texts raise nothing


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "1",
                "(",
                ")",
                "[",
                "]",
                ",",
                "+",
                "-",
                "*",
                "/",
                "**",
                "//",
                "%",
                "<",
                "==",
                "if",
                "else",
                "and",
                "or",
                "not",
                ":",
                ".",
                "=",
                "lambda",
                "def",
                "\n",
                ";",
                "~",
                "&",
                "@",
            ]
        )
    )
)
def test_any_sequence_of_tokens_is_parsed_or_refused_as_python_would(tokens: list[str]) -> None:
    text = " ".join(tokens)
    try:
        parsed = statements.parse(text, max_nesting=50).parameters is None
    except errors.Rejected as error:
        assert error.offset is None or 0 <= error.offset <= len(text)  # noqa: PT017 - some texts are expressions
        return
    if parsed and "\n" not in text:
        ast.parse(text.strip(), mode="eval")  # whatever is an expression here is one in Python
