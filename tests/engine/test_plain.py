"""Plain texts have the recordings that the general reader gives them, or are left to it."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.autodiff import tape
from app.engine.functions import functions, plain
from app.language import parse
from app.language.limits import TextLimits
from app.language.vocabulary import words

LIMITS = TextLimits()
NAMES = ("x", "y", "z")
LITERALS = ("2", "3", "1", "0", "-1", "0.5", "2.0", "1.0", "0.0", "1e3", ".25", "7.", "12e-3")
CALLS = tuple(plain._OPCODES)


def general(text: str, names: Sequence[str] | None) -> functions.Function:
    return functions.Function(parse.read(text, names))


def compare(text: str, names: Sequence[str] | None = NAMES) -> bool:
    """Compare both readers; return whether the text is plain."""
    found = plain.read(text, names, LIMITS)
    if found is None:
        return False
    other = general(text, names)
    assert other.general is not None
    recording = other.general.plans[0].recording
    assert found.recording == recording
    # 0.0 and -0.0 are equal.
    assert [value.hex() for value in found.recording.constants] == [value.hex() for value in recording.constants]
    assert (found.args, found.ranks) == (other.args, other.ranks)
    one = functions.Function(found)
    assert (one.function_id, one.weight, one.list_ranks) == (other.function_id, other.weight, other.list_ranks)
    return True


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-x",
        "+x",
        "x + y*z",
        "(x + y) + z - (x - y)",
        "x - -y",
        "x - (-(-y))",
        "-1*x + (-1)*y - 1*z",
        "x*y/z*(x/y)",
        "(x/y)/z + x/(y/z)",
        "1/2*x + 0.5*3*y",
        "1 + 2 - 3.5 + x",
        "x**2 + x**-1 + y/x + y*x**-1 + x**3 + x**2.0 + x**-2.5",
        "x**y + x**y + 2**x + 2.0**x + x**-y",
        "-x**2 - y**-z**x",
        "2*x + 2.0*x + 2*x",
        "x^2 + x ** 2",
        "sin(x) + np.sin(x) + jnp.sin(x) + math.sin(x)",
        "sqrt(x)*sqrt(x + 1) + x**0.5",
        "exp(-(x - y)**2/2) + exp(-(x - y)**2/2)",
        "0*x + 0.0 + y",
        "\tlog1p( x )  * y ",
        "x - 2 + y*-3 + z/-4",
    ],
)
def test_plain_texts_have_the_recording_of_the_general_reader(text: str) -> None:
    assert compare(text)
    assert compare(text, ("z", "unused", "y", "x"))
    assert compare(text, None)


@pytest.mark.parametrize("call", CALLS)
def test_every_function_is_that_of_the_general_reader(call: str) -> None:
    assert compare(f"{call}x*y) + 2*{call}y)")


def test_the_functions_of_one_number_are_known() -> None:
    names = [name for word in words.PRIMITIVES if plain._is_plain(word) for name in word.names]
    assert len(names) > 60
    assert {f"{name}(" for name in names} <= set(CALLS)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "2", "1 + 2", "sin(2)", "2*3", "x + sin(2)", "x**0", "x**1", "x**1.0", "2**3*x", "1/0*x", "x/0",
        "x + -0", "1e300*1e300*x", "1e-200*1e-200*x", "1e999*x", "123456789012345678901*x", "x y", "x(y)", "2x",
        "2 x", "1.5.2*x", "1_0*x", "0x1*x", "1jx", "x..y", "x.y", "x.sum()", "x +", "x + * y", "(x", "x)", "()",
        "x()", "sin()", "sin", "sin x", "sin(x, y)", "sin(x)(y)", "(x)(y)", "x // y", "x % y", "x < y", "x = y",
        "x @ y", "x, y", "[x]", "x[0]", "x if y else z", "lambda x: x", "x\n", "x  # y", "x + \\\n y", "pi*x", "e**x",
        "foo(x)", "round(x, 2)", "atan2(x, y)", "x²", "\uff58", "√x", "x - 0*-0.0", "sp.sin(x)", "tf.sin(x)",
        "x*True", "not x", "print(x)", "x; y", "'x'", "x!", "$x$",
    ],
)  # fmt: skip
def test_other_texts_are_left_to_the_general_reader(text: str) -> None:
    assert plain.read(text, NAMES, LIMITS) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sin(x)", ("sin", "x")),
        ("np.sin(x)", ("np", "x")),
        ("sin(x) + sin", None),
        ("x + float", None),
        ("x + pi", None),
        ("x + lambda", None),
        ("x + __y", None),
        ("x + w", NAMES),
        ("x", ()),
        ("x", ("x", "x")),
        ("x", ("x", "1y")),
        ("x", ("x", "lambda")),
        ("x", ("x", "__y")),
        ("x", ("x", "\uff59")),
        ("x", ("x", "y" * 65)),
        ("x", ("x", *[f"y{n}" for n in range(64)])),
    ],
)
def test_names_that_are_not_plain_are_left_to_the_general_reader(text: str, names: Sequence[str] | None) -> None:
    assert plain.read(text, names, LIMITS) is None


def test_texts_over_a_limit_are_left_to_the_general_reader() -> None:
    text = "sqrt(x)*(y + z) + sqrt(y)"
    assert plain.read(text, NAMES, LIMITS) is not None
    for limits in (
        TextLimits(max_expression_bytes=len(text) - 1),
        TextLimits(max_arguments=2),
        TextLimits(max_nesting=0),
        TextLimits(max_operations=4),
        TextLimits(max_steps=9),
    ):
        assert plain.read(text, NAMES, limits) is None


@st.composite
def texts(draw: st.DrawFn) -> str:
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311

    def expression(depth: int) -> str:
        kind = chance.random() if depth else 0.0
        if kind < 0.2:
            return chance.choice(NAMES) if chance.random() < 0.75 else chance.choice(LITERALS)
        inner = expression(depth - 1)
        if kind < 0.3:
            return chance.choice(("-", "+", "- ")) + inner
        if kind < 0.45:
            return f"{chance.choice(CALLS)}{inner})"
        if kind < 0.65:
            return f"({inner})"
        if kind < 0.75:
            exponent = expression(depth - 1) if chance.random() < 0.3 else chance.choice(LITERALS)
            return f"{inner}{chance.choice(('**', '^'))}{exponent}"
        return f"{inner}{chance.choice((' + ', '-', '*', ' / '))}{expression(depth - 1)}"

    return expression(draw(st.integers(1, 7)))


@settings(max_examples=400)
@given(texts(), st.sampled_from([NAMES, ("z", "x", "w", "y"), None]))
def test_random_texts_have_the_recording_of_the_general_reader(text: str, names: Sequence[str] | None) -> None:
    compare(text, names)


@settings(max_examples=200)
@given(
    texts(), st.integers(0, 10_000), st.sampled_from(["", "(", ")", "x", "2", ".", "*", "e", " ", "_", ",", "=", "\n"])
)
def test_random_texts_with_a_slip_are_read_as_the_general_reader_reads_them(text: str, place: int, slip: str) -> None:
    place %= len(text)
    compare(text[:place] + slip + text[place + 1 :])  # what the general reader refuses would raise


def test_tapes_are_written_in_the_order_of_the_operands() -> None:
    found = plain.read("a*sin(b) - c/2", ("a", "b", "c"), LIMITS)
    assert found is not None
    assert found.recording.tape.code == (("sin", (1,)), ("mul", (0, 4)), ("div", (2, 3)), ("sub", (5, 6)))
    assert found.recording.inputs == ((0, ()), (1, ()), (2, ()))
    assert found.recording.constants == (2.0,)
    assert isinstance(found.recording, tape.Recording)
