# ruff: noqa: RUF001 - look-alikes are what is tested

import math
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app import errors
from app.autodiff import tape
from app.language import parse
from app.language.limits import TextLimits
from app.language.vocabulary import words
from app.language.vocabulary.word import Word
from tests.support import assertions, attacks, float_tapes

Result = TypeVar("Result")
LIMITS = TextLimits()
DEEP = 20_000


def refusal(text: str, args: Sequence[str] | None = None, declared: Sequence[str] = ()) -> errors.GradserveError:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text, args, declared)
    error = caught.value
    if error.position is not None:
        position = error.position
        assertions.assert_position({"line": position.line, "column": position.column, "offset": position.offset}, text)
        assert error.field == "expression"
    return error


def args_of(text: str, declared: Sequence[str] = ()) -> tuple[str, ...]:
    return parse.parse(text, declared=declared).args


# Arguments and names


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("x", ("x",)),
        ("b + a + b", ("b", "a")),
        ("sin(z) * exp(-y) + z", ("z", "y")),
        ("2*pi*r", ("r",)),
        ("e**t + E", ("t",)),
        ("jnp.sin(x) + math.pi", ("x",)),
        ("X[0] + Y[1, 2]", ("X", "Y")),
        ("where(x > 0, log(x), -inf)", ("x",)),
        ("x if True else y", ("x", "y")),
        ("lambda b, a: a", ("b", "a")),
        ("def f(q, p):\n    r = p\n    return r", ("q", "p")),
    ],
)
def test_arguments_come_in_order_of_first_appearance_or_as_parameters(text: str, args: tuple[str, ...]) -> None:
    assert args_of(text) == args


def test_given_args_decide_the_order() -> None:
    assert parse.parse("x + y", ["y", "x"]).args == ("y", "x")
    assert parse.parse("x", ["y", "x", "z"]).args == ("y", "x", "z")


def test_a_name_the_point_declares_is_an_argument_even_if_it_is_a_constant_elsewhere() -> None:
    assert args_of("e * x") == ("x",)
    assert args_of("e * x", declared=["e", "x"]) == ("e", "x")


@pytest.mark.parametrize(
    "name", ["I", "S", "E1", "N", "O", "Q", "gamma", "beta", "var", "lambda_", "x_1", "α", "λ", "π", "sin", "max",
    "pi", "e", "E", "inf", "nan", "where", "jnp", "np", "math", "v0", "Symbol", "print", "eval", "None_", "self", "X",
    "_", "été"]
)  # fmt: skip
def test_an_argument_may_have_any_name(name: str) -> None:
    assert float_tapes.means(f"2*{name} + {name}**2", **{name: 3.0}) == 2 * 3.0 + 3.0**2
    assert float_tapes.means(f"lambda {name}: 2*{name}", **{name: 3.0}) == 2 * 3.0


@pytest.mark.parametrize("name", ["gamma", "beta", "sin", "max"])
def test_an_argument_is_never_a_function(name: str) -> None:
    error = refusal(f"{name}(x) + {name}", [name, "x"])
    assert error.code == "unknown_name"
    assert error.position == errors.TextPosition(1, 1, 0)
    assert "*" in (error.hint or "")


@pytest.mark.parametrize("name", ["pi", "e", "E", "inf", "nan"])
def test_an_argument_is_never_a_constant(name: str) -> None:
    assert float_tapes.means(f"{name} + 1", **{name: 0.25}) == 1.25


def test_a_local_name_is_neither_a_constant_nor_a_function_afterwards() -> None:
    assert float_tapes.means("def f(x):\n    e = 2*x\n    return e + 1", x=3.0) == 7.0
    assert refusal("def f(x):\n    sin = 2*x\n    return sin(x)").code == "unknown_name"


@pytest.mark.parametrize(
    ("one", "other"), [("ｘ + 1", "x + 1"), ("𝒙**2 + ﬁ", "x**2 + fi"), ("ｓｉｎ(x)", "sin(x)"), ("K", "K")]
)
def test_names_equal_after_normalisation_are_one_name(one: str, other: str) -> None:
    assert args_of(one) == args_of(other)
    assert float_tapes.recorded(one).function_id == float_tapes.recorded(other).function_id


@pytest.mark.parametrize("args", [["x", "x"], ["x", "ｘ"], ["ﬁ", "fi"]])
def test_two_arguments_of_one_name_are_refused(args: list[str]) -> None:
    assert refusal("1 + x", args).code == "invalid_name"
    assert refusal(f"lambda {', '.join(args)}: 1").code == "invalid_name"


@pytest.mark.parametrize(
    ("args", "field"),
    [(["x", "lambda"], "args.1"), (["__x__"], "args.0"), (["1"], "args.0"), (["a" * 65], "args.0"), ([""], "args.0")],
)
def test_a_bad_name_in_args_is_refused_at_its_place(args: list[str], field: str) -> None:
    error = refusal("x", args)
    assert (error.code, error.field) == ("invalid_name", field)


@pytest.mark.parametrize("args", [["y"], ["x", "y"], []])
def test_args_beside_a_lambda_must_be_its_parameters(args: list[str]) -> None:
    error = refusal("lambda x: x", args)
    assert (error.code, error.field) == ("invalid_field", "args")
    assert parse.parse("lambda x: x", ["x"]).args == ("x",)


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("x + yy", "unknown_name", 4),
        ("x + sinn(x)", "unknown_name", 4),
        ("x +\n  foo(x)", "unknown_name", 6),
        ("x + os.sin(x)", "unknown_name", 4),
        ("x + np.random.normal(x)", "unknown_name", 4),
        ("x + sin()", "bad_arity", 4),
        ("x + sin(x, x)", "bad_arity", 4),
        ("x + atan2(x)", "bad_arity", 4),
        ("x + hypot(x)", "bad_arity", 4),
        ("x + clip(x, 1)", "bad_arity", 4),
        ("x + where(x > 0, x)", "bad_arity", 4),
        ("x + 1/0", "bad_constant", 5),
        ("x + log(0)", "bad_constant", 4),
        ("x + 1e999", "bad_constant", 4),
        ("x + (x > 0 & x < 1)", "syntax_error", 11),
    ],
)
def test_an_error_points_at_the_place(text: str, code: str, offset: int) -> None:
    error = refusal(text, ["x", "X", "y"] if "X" in text else ["x"])
    assert error.code == code
    assert error.position is not None
    assert error.position.offset == offset, error.detail


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("sinn(x)", "sin"),
        ("sqr(x)", "sqrt"),
        ("arcsine(x)", "arcsin"),
        ("alpah + x", "alpha"),
        ("sin + x", "call"),
        ("gamma(x) + gamma", "gamma*("),
        ("foo.sin(x)", "prefixes"),
        ("(x > 0 & y > 0) + x", "parentheses"),
        ("Piecewise(x, 0) + x", "Piecewise(("),
        ("lambda lambda: 1", ""),
    ],
)
def test_a_common_mistake_gets_a_hint(text: str, hint: str) -> None:
    args = ["x", "y", "alpha"] if "gamma" not in text else ["x", "gamma"]
    error = refusal(text, None if text.startswith("lambda") else args)
    assert hint in (error.hint or "")


# Constants


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3", Fraction(1, 3)),
        ("3/2", Fraction(3, 2)),
        ("-(1/2)", Fraction(-1, 2)),
        ("2/3 + 1/3", 1),
        ("1/3 - 1/3", 0),
        ("2**10", 1024),
        ("2**-2", Fraction(1, 4)),
        ("(2/3)**3", Fraction(8, 27)),
        ("10**30 - 10**30 + 1", 1),
        ("0x10", 16),
        ("1_000", 1000),
        ("--3", 3),
    ],
)
def test_constants_are_exact_where_they_are_rational(text: str, value: Fraction | int) -> None:
    assert tape.record(parse.parse(f"x**({text} + 3)", ["x"])).tape.statics == (Fraction(value) + 3,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3", 1 / 3),
        ("0.1 + 0.2", 0.1 + 0.2),
        ("sin(1)", math.sin(1)),
        ("2**0.5", math.sqrt(2)),
        ("pi/4", math.pi / 4),
        ("log(2)", math.log(2)),
        ("e", math.e),
        ("log(8, 2)", 3.0),
        ("sqrt(2)", math.sqrt(2)),
        ("gamma(5)", 24.0),
        ("10**22 + 1", 1e22),
        ("max(1, 2.5)", 2.5),
        ("7 % 3", 1.0),
        ("-7 // 2", -4.0),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("1/inf", 0.0),
        ("atan(inf)", math.pi / 2),
        ("math.tau", math.tau),
        ("np.euler_gamma", 0.57721566490153286),
    ],
)
def test_a_constant_subexpression_becomes_one_leaf(text: str, value: float) -> None:
    recording = float_tapes.recorded(f"x * ({text})")
    assert len(recording.constants) == 1
    assert recording.constants[0] == pytest.approx(value, rel=1e-15)
    assert [opcode for opcode, _ in recording.tape.code] == ["mul"]


@pytest.mark.parametrize(
    "text",
    [
        "1/0", "0/0", "1/(1 - 1)", "1.0/0.0", "0**-1", "9**9**9", "9**9**9**9", "10**400", "10**308*10", "1e999",
        "-1e999", "1e308*10", "log(0)", "log(-1)", "exp(1000)", "exp(710)", "sqrt(-1)", "(-8)**(1/3)", "asin(2)",
        "acosh(0.5)", "gamma(0)", "gamma(172)", "gamma(-1)", "lgamma(0)", "digamma(0)", "atanh(1)", "tan(pi/2)/0",
        "logit(1)", "1 % 0", "1 // 0", "cosh(1000)", "2**1024", "9" * 400, "9" * 401, "(0.5)**-5000", "xlogy(1, -1)",
        "1/3/0", "2*(1/0)", "sin(1/0)", ],
)  # fmt: skip
def test_a_constant_that_is_not_finite_is_refused(text: str) -> None:
    error = refusal(f"x + {text}", ["x"])
    assert error.code == "bad_constant"
    assert error.position is not None


@pytest.mark.parametrize(
    "text", ["1/x", "log(x)", "exp(1000*x)", "x/0", "x/(1 - 1)", "0/x", "where(x > 0, log(x), -inf)", "x*nan"]
)
def test_what_depends_on_an_argument_is_never_a_bad_constant(text: str) -> None:
    assert parse.parse(text, ["x"]).args == ("x",)


@given(st.fractions(max_denominator=60), st.fractions(max_denominator=60), st.sampled_from("+-*/"))
def test_rational_constants_are_computed_exactly(a: Fraction, b: Fraction, sign: str) -> None:
    if sign == "/" and b == 0:
        assert refusal(f"x + ({a}) / ({b})").code == "bad_constant"
        return
    exact = {"+": a + b, "-": a - b, "*": a * b}.get(sign, a / b if b else Fraction(0))
    found = tape.record(parse.parse(f"x * (({a}) {sign} ({b}))"))
    assert found.constants == (float(exact),)


EDGES = st.sampled_from(
    ["0", "1", "-2", "2.5", "1/3", "inf", "nan", "1e308", "5**(-5)**4", "-10**400", "2**-1100", "(1/3)**600", "3**600"]
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return texts of one operation more, over constants."""
    scalar = [*words.PRIMITIVES, *words.DEFINED]
    calls = [(word.names[0], count) for word in scalar for count in range(word.arity[0], (word.arity[1] or 3) + 1)]
    operators = st.sampled_from(["+", "-", "*", "/", "**", "%", "//", "<", "=="])
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, operators, inner),
        st.sampled_from(calls).flatmap(
            lambda call: st.lists(inner, min_size=call[1], max_size=call[1]).map(
                lambda operands: f"{call[0]}({', '.join(operands)})"
            )
        ),
        st.builds("where({} > 1, {}, {})".format, inner, inner, inner),
    )


@settings(max_examples=400)
@example("10*2 % 5**(-5)**4")
@given(st.recursive(EDGES, larger, max_leaves=6))
def test_constants_at_the_edge_of_float64_are_folded_or_refused(text: str) -> None:
    """``5**(-5)**4`` is an exact integer that no float64 holds, though every remainder by it is small."""
    try:
        recording = float_tapes.recorded(f"where(x > 0, x, {text})")
    except errors.Rejected:
        return
    assert all(isinstance(constant, float) for constant in recording.constants)


def test_long_exact_constants_stay_cheap() -> None:
    text = "+".join(f"1/{n}" for n in range(1, 3000))
    harmonic = math.fsum(1 / n for n in range(1, 3000))
    assert float_tapes.recorded(f"x*({text})").constants[0] == pytest.approx(harmonic, rel=1e-14)


# Meaning


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b < c", lambda a, b, c: a < b < c),
        ("a < b > c", lambda a, b, c: a < b > c),
        ("a <= b == c", lambda a, b, c: a <= b == c),
        ("a != b != c", lambda a, b, c: a != b != c),
        ("not a < b < c", lambda a, b, c: not a < b < c),
        ("a < b and b < c", lambda a, b, c: a < b < c),
        ("(a < b) & (b < c)", lambda a, b, c: a < b < c),
        ("(a < b) | (b < c)", lambda a, b, c: a < b or b < c),
        ("~(a < b)", lambda a, b, c: not a < b),  # noqa: ARG005 - one signature
        ("(a < b) == (b < c)", lambda a, b, c: (a < b) == (b < c)),
        ("(a < b) + (b < c)", lambda a, b, c: (a < b) + (b < c)),
        ("a < b if b < c else c < a", lambda a, b, c: a < b if b < c else c < a),
    ],
)
def test_conditions_mean_what_they_do_in_python(text: str, expected: Any) -> None:
    for a in (1.0, 2.0, 3.0):
        for b in (1.0, 2.0, 3.0):
            for c in (1.0, 2.0):
                assert float_tapes.means(text, a=a, b=b, c=c) == float(expected(a, b, c))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("where(x > 0, x, -x)", "x if x > 0 else -x"),
        ("Piecewise((x, x > 0), (-x, True))", "x if x > 0 else -x"),
        ("Piecewise((x, x > 1), (2*x, x > 0), (0, True))", "x if x > 1 else (2*x if x > 0 else 0)"),
        ("sqrt(x)", "x**(1/2)"),
        ("sympy.Pow(x, 2)", "x^2"),
        ("np.log(x)", "ln(x)"),
        ("x * jnp.pi", "x * pi"),
        ("Max(x, 1)", "maximum(x, 1)"),
    ],
)
def test_two_spellings_of_one_function_have_one_id(text: str, same: str) -> None:
    assert float_tapes.recorded(text, "x").function_id == float_tapes.recorded(same, "x").function_id


@pytest.mark.parametrize(
    ("text", "ranks"),
    [("x", (0,)), ("lambda x, y: y", (None, 0)), ("X[0]", (1,)), ("X[0, 1]", (2,)), ("X[0][1]", (2,)), ("X[-1]", (1,))],
)
def test_how_an_argument_is_used_is_known_from_the_text(text: str, ranks: tuple[int | None, ...]) -> None:
    assert parse.parse(text).ranks == ranks


@pytest.mark.parametrize(
    ("text", "shape", "offset"),
    [("x + x[0]", (), 5), ("x[0] + x[0, 1]", (3,), 8), ("x[0] + sum(x)*x[3]", (3,), 15), ("sin(x)[1, 0]", (2,), 6)],
)
def test_a_use_that_the_shape_of_an_argument_does_not_allow_is_refused(
    text: str, shape: tuple[int, ...], offset: int
) -> None:
    with pytest.raises(errors.BadShape) as caught:
        parse.parse(text, shapes=[shape])
    assert caught.value.position == errors.TextPosition.at(text, offset)


@pytest.mark.parametrize(
    ("index", "element"), [("3", 3), ("-2", -2), ("0x10", 16), ("--1", 1), ("+1", 1), ("n", 2), ("-n", -2), ("(3)", 3)]
)
def test_an_index_is_an_integer(index: str, element: int) -> None:
    assert float_tapes.recorded(f"def f(X):\n    n = 2\n    return X[{index}]").inputs == ((0, (element,)),)


@pytest.mark.parametrize(
    ("index", "element"), [("2*3 - 5", 1), ("-(4 - 2)", -2), ("n + 1", 3), ("2**3", 8), ("4/2", 2)]
)
def test_an_index_may_be_computed_from_integers(index: str, element: int) -> None:
    assert float_tapes.recorded(f"def f(X):\n    n = 2\n    return X[{index}]").inputs == ((0, (element,)),)


@pytest.mark.parametrize(("index", "element"), [("7 % 3", 1), ("7 // 3", 2), ("-7 % 3", 2), ("-7 // 3", -3)])
def test_remainders_and_quotients_of_integers_are_integers(index: str, element: int) -> None:
    assert float_tapes.recorded(f"X[{index}]").inputs == ((0, (element,)),)


@pytest.mark.parametrize("index", ["0.0", "1.5", "True", "1/2", "inf"])
def test_an_index_must_be_an_integer_known_from_the_text(index: str) -> None:
    assert refusal(f"X[{index}] + y").code in {"syntax_error", "bad_shape"}


def test_elements_chosen_by_the_point_are_no_array() -> None:
    with pytest.raises(errors.BadShape) as caught:
        parse.read("X + X[X > 0]").at([(3,)])
    assert caught.value.position is not None
    assert caught.value.position.offset == 2
    assert "where" in (caught.value.hint or "")


# Safety and size


def test_the_tree_holds_no_text_of_the_client() -> None:
    program = parse.parse("secret_name**2 + sin(α)*other[3]")
    names = {str(symbol) for symbol in sympy.preorder_traversal(program.root) if symbol.is_Symbol}
    assert names <= {"v0", "v1", "v2"}


def test_nothing_is_simplified_or_evaluated() -> None:
    program = parse.parse("x/x + 0*x + sin(0)")
    assert type(program.root) is sympy.Add
    assert len(program.root.args) == 3


def without_recursion(function: Callable[[], Result]) -> Result:
    """Call a function with far less stack than the nesting of its text: what recurses on it fails here."""
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        return function()
    finally:
        sys.setrecursionlimit(depth)


BRACKETS = {
    "parentheses": "(" * DEEP + "x" + ")" * DEEP,
    "lists": "[" * DEEP + "x" + "]" * DEEP,
    "open parentheses": "(" * DEEP,
    "calls": "sin(" * DEEP + "x" + ")" * DEEP,
    "indices": "x" + "[0]" * DEEP,
    "conditionals": "(" * DEEP + "x" + " if x else x)" * (DEEP // 4),
    "quotients": "1/(" * DEEP + "x" + ")" * DEEP,
}


@pytest.mark.parametrize("what", BRACKETS)
def test_brackets_without_end_are_refused_without_recursion(what: str) -> None:
    assert without_recursion(lambda: refusal(BRACKETS[what])).code == "too_complex"


OPERATORS = {
    "minus signs": ("-" * DEEP + "x", DEEP),
    "plus signs": ("+" * DEEP + "x", 0),
    "nots": ("not " * DEEP + "x", DEEP + 3),  # x != 0 before, 1 or 0 behind
    "tildes": ("~" * DEEP + "x", DEEP + 3),
    "powers": ("**".join(["x"] * DEEP), DEEP),
    "carets": ("^".join(["x"] * DEEP), DEEP),
    "conditionals": ("x if x else " * (DEEP // 2) + "x", DEEP),
    "statements": ("def f(x):\n" + "  x = sin(x)\n" * (DEEP // 4) + "  return x", DEEP // 4),
}


@pytest.mark.parametrize("what", OPERATORS)
def test_operators_one_within_the_other_are_admitted_without_recursion(what: str) -> None:
    text, most = OPERATORS[what]
    recording = without_recursion(lambda: tape.record(parse.parse(text)))
    assert len(recording.tape.code) <= most


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        ("+".join(["x"] * 60_000), 59_999),
        ("*".join(["x"] * 60_000), 59_999),
        ("x" + "-x/y" * 30_000, 60_000),
        ("max(" + ",".join(["x"] * 60_000) + ")", 59_999),
    ],
    ids=["sum", "product", "differences of quotients", "maximum"],
)
def test_sixty_thousand_terms_are_within_the_limits(text: str, operations: int) -> None:
    recording = without_recursion(lambda: tape.record(parse.parse(text)))
    # x/y reads alike everywhere and is computed once.
    shared = 29_999 if "/y" in text else 0
    assert len(recording.tape.code) == operations - shared


@pytest.mark.parametrize(
    ("opening", "levels"),
    [
        ("(", 1),
        ("sin(", 1),
        ("1/(1 + ", 2),
        ("-(", 1),
        ("x**(", 1),
        ("1 - (", 1),
        ("1/(", 1),
    ],
)
def test_two_hundred_and_fifty_six_levels_are_admitted(opening: str, levels: int) -> None:
    count = 256 // levels
    tape.record(parse.parse(opening * count + "x" + ")" * count))


@pytest.mark.parametrize("name", ["x", "é"])
def test_the_length_of_a_text_is_counted_in_bytes(name: str) -> None:
    size = len(name.encode())
    padding = " " * (LIMITS.max_expression_bytes - size)
    assert parse.parse(name + padding).args == (name,)
    assert refusal(name + padding + " ").code == "too_complex"


def test_more_arguments_than_the_limit_are_refused() -> None:
    names = [f"a{index}" for index in range(LIMITS.max_arguments + 1)]
    assert len(parse.parse("+".join(names[:-1])).args) == LIMITS.max_arguments == 64
    assert refusal("+".join(names)).code == "too_complex"
    assert refusal("1", names).code == "too_complex"
    assert refusal(f"lambda {','.join(names)}: 1").code == "too_complex"


def test_more_operations_than_the_limit_are_refused() -> None:
    small = TextLimits(max_operations=100)
    parse.parse("+".join(["x"] * 101), limits=small)
    with pytest.raises(errors.TooComplex):
        parse.parse("+".join(["x"] * 102), limits=small)


@pytest.mark.parametrize("statement", ["s = s + x*x", "s += x*x", "s = s * y"])
def test_a_sum_made_statement_by_statement_costs_what_it_adds(statement: str) -> None:
    text = "def f(x, y):\n    s = x\n" + f"    {statement}\n" * 1000 + "    return s"
    assert len(tape.record(parse.parse(text)).tape.code) <= 1001


@pytest.mark.parametrize("word", words.ALL, ids=lambda word: word.names[0])
def test_no_word_takes_too_few_or_too_many_arguments(word: Word) -> None:
    counts = {word.arity[0]} | {count for name, count in words.OVERLOADS if name == word.names[0]}
    # As an operand: on a line of its own, a call may change its first one.
    assert refusal(f"-{word.names[0]}()", ["x"]).code == "bad_arity"
    if word.arity[1] is not None:
        many = max(*counts, word.arity[1]) + 1
        assert refusal(f"-{word.names[0]}({', '.join(['x'] * many)})", ["x"]).code == "bad_arity"


@given(st.text("xy12.+-*/^()[],<>=! \nsincoexplgdfa:ébπ", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse.read(text)
    except errors.Rejected as error:
        if error.position is not None:
            assert 0 <= error.position.offset <= len(text)  # noqa: PT017 - some texts are in the language


@pytest.mark.parametrize("text", [*attacks.REPEATED, *attacks.CHAINS], ids=lambda text: text[:20])
def test_what_is_cheap_once_is_counted_each_time(text: str) -> None:
    with pytest.raises((errors.TooComplex, errors.SyntaxRejected)):
        parse.parse(text)


def test_a_name_that_means_something_else_in_its_library_is_refused_and_not_misread() -> None:
    error = refusal("math.remainder(x, y)")  # to the nearest multiple, IEEE 754; np.remainder is x % y
    assert error.code == "unknown_name"
    assert error.hint == "write x - y*round(x/y)"
    parse.parse("np.remainder(x, y)")
