"""Plain texts have the recordings that the general reader gives them, or are left to it."""

import contextlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.autodiff import tape
from app.engine.functions import functions
from app.engine.functions.plain import heads, reader, vocabulary
from app.engine.functions.plain.writer import PlainWriter
from app.language import parse
from app.language.limits import TextLimits
from app.language.vocabulary import words

LIMITS = TextLimits()
NAMES = ("x", "y", "z")
ARGUMENTS = (*NAMES, "v", "m")
LEAVES = (*NAMES * 2, "v[0]", "v[2]", "m[0][1]", "m[1, 0]", "pi", "e", "np.pi", "math.e")
LITERALS = ("2", "3", "1", "0", "-1", "0.5", "2.0", "1.0", "0.0", "1e3", ".25", "7.", "12e-3")
CALLS = tuple(vocabulary.OPCODES)


def compare(text: str, names: Sequence[str] | None = NAMES, declared: Sequence[str] = ()) -> bool:
    """Compare both readers; return whether the text is plain."""
    found = reader.read(text, names, LIMITS, declared)
    if found is None:
        return False
    other = functions.Function(parse.read(text, names, declared))
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
    count = vocabulary.OPCODES[call][1]
    others = ", ".join(["", *NAMES[: (count or 2) - 1]])
    assert compare(f"{call}x*y{others}) + 2*{call}y{others})")
    if count is None:
        assert compare(f"{call}x, 2, y*z, pi)")
    if count != 1:
        assert compare(f"{call}2, x) + {call}x - 1, -3) + {call}x, x)")


def test_the_functions_of_numbers_are_known() -> None:
    names = [name for word in words.PRIMITIVES if vocabulary.is_function(word) for name in word.names]
    assert len(names) > 75
    assert {"sin", "atan2", "hypot", "max", "Min"} <= set(names)
    assert {f"{name}(" for name in names} <= set(CALLS)


@pytest.mark.parametrize(
    "text",
    [
        "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2",
        "X[0][1]*X[0, 1] + X[10,2]",
        "2*pi*x + pi*pi*y - pi/2*z + x/np.pi - e",
        "exp(-(x - mu)**2/(2*s**2))/sqrt(2*pi*s**2)",
        "x**pi + y**-e",
        "lambda x, y: x*y",
        "lambda b, a: sin(a[1]) - b*a[0]",
        "lambda x,unused: x**2",
        "def f(x, y):\n    return x*np.sin(y)\n",
        "import numpy as np\nimport math\n\ndef model(v, a):\n    return a*np.exp(-v[0]) + math.pi*v[1]",
        "def f(x): return 2*x",
        "atan2(y, x) + hypot(x, 1) + max(x, y, 0) - Min(2*x, -y)",
    ],
)
def test_constants_elements_and_functions_are_plain(text: str) -> None:
    assert compare(text, None)


@pytest.mark.parametrize(
    "text",
    [
        "x + sin(2)",
        "2**3*x - 2**-2.5/y",
        "(1 + 2)*x + 3*x",  # equal constants of other origins are other operands
        "3.0*x + (1.0 + 2.0)*x + (1.0 + 2.0)*x",
        "x**(1/2) + sqrt(x)",
        "x**(-1/2) + x**-(1/2) + y**(2/3) - x**(3/2)",
        "x**(1.0/2) + x**(1 - 2) + x**(4 - 2)",
        "-1*2*x + (-1*2)*y + x**(-1*3)",
        "1/sqrt(2*pi)*exp(-x**2/2)",
        "x/(2*3) - (2/3)*y - (-(1/2))*z",
        "x - (2 + 3) + (-(2 + 3))",
        "x + pi - 3.141592653589793 - -pi",
        "exp(-0.5)*x + max(1, 2, 1.5)*y + mod(7, 4)*z + abs(-2)**x",
        "x*atan2(1, 2)/hypot(3, 4) + gamma(0.5)*y",
        "sqrt(2)*x + sqrt(1/4)*y + 2**sqrt(2)*z",
        "x*1e200/1e200*(0.1 + 0.2) + 1e-200*1e-200*y",
    ],
)
def test_constants_are_folded_as_by_the_general_reader(text: str) -> None:
    assert compare(text)
    assert compare(text, None)


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("x*y", ("y", "x")),
        ("a*x + b", ("b", "a", "x")),
        ("lambda x: x**2", ("x",)),
        ("x*np.pi", ("x", "pi")),
    ],
)
def test_names_that_a_point_declares_are_arguments(text: str, declared: tuple[str, ...]) -> None:
    assert compare(text, None, declared)


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("pi*x", ("x", "pi")),
        ("e*x", ("x", "e")),
        ("E*x", ("E",)),
        ("sin(x)", ("sin", "x")),
        ("np.sin(x)", ("np", "x")),
        ("np.pi*x", ("np", "x")),
        ("x", ("x", "\u00e9")),
        ("x", ("x", "1y")),
    ],
)
def test_declared_names_that_mean_something_are_left_to_the_general_reader(
    text: str, declared: tuple[str, ...]
) -> None:
    assert reader.read(text, None, LIMITS, declared) is None


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "2", "1 + 2", "sin(2)", "2*3", "x**0", "x**1", "x**(3 - 2)", "1/0*x", "x/0",
        "x + -0", "1e300*1e300*x", "1e999*x", "123456789012345678901*x", "x y", "x(y)", "2x",
        "2 x", "1.5.2*x", "1_0*x", "0x1*x", "1jx", "x..y", "x.y", "x.sum()", "x +", "x + * y", "(x", "x)", "()",
        "x()", "sin()", "sin", "sin x", "sin(x, y)", "sin(x)(y)", "(x)(y)", "x // y", "x % y", "x < y", "x = y",
        "x @ y", "x, y", "[x]", "x[0] + x", "x + ]", "x[01]", "x[-1]", "x[y]", "x[0:1]", "x[0].T", "x[0](y)",
        "x[1234567]", "x if y else z", "lambda x: x", "lambda z, y, x: x", "lambda: x", "lambda x, : x", "lambda *x: x",
        "lambda x, y, z=1: x", "x\n", "x  # y", "x + \\\n y", "2*pi", "e**pi*x", "e**x", "x*(1 - 1)**-1", "x*log(0)",
        "x*2**-1", "x**math.ceil(1.5)", "E^x", "nan*x", "inf*x", "tau*x",
        "def f(x, y, z):\n    t = x\n    return t", "def f(x, y, z):\n    return f(x, y, z)",
        "def sin(x, y, z):\n    return sin(x)", "def f(x, y, z):\n    return x\nf", "def f(x, y, z): returnx",
        "foo(x)", "round(x, 2)", "atan2(x)", "atan2(x, y, z)", "max(x)", "max(1, 2)", "max(x,)", "(x, y)",
        "x²", "\uff58", "√x", "x - 0*-0.0", "sp.sin(x)", "tf.sin(x)",
        "x*True", "not x", "print(x)", "x; y", "'x'", "x!", "$x$",
    ],
)  # fmt: skip
def test_other_texts_are_left_to_the_general_reader(text: str) -> None:
    assert reader.read(text, NAMES, LIMITS) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sin(x)", ("sin", "x")),
        ("np.sin(x)", ("np", "x")),
        ("sin(x) + sin", None),
        ("x + float", None),
        ("x + inf", None),
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
    assert reader.read(text, names, LIMITS) is None


def test_texts_over_a_limit_are_left_to_the_general_reader() -> None:
    text = "sqrt(x)*(y + z) + sqrt(y)"
    assert reader.read(text, NAMES, LIMITS) is not None
    for limits in (
        TextLimits(max_expression_bytes=len(text) - 1),
        TextLimits(max_arguments=2),
        TextLimits(max_nesting=0),
        TextLimits(max_operations=4),
        TextLimits(max_steps=9),
    ):
        assert reader.read(text, NAMES, limits) is None


def depth(key: object) -> int:
    return 1 + max(map(depth, key), default=0) if isinstance(key, tuple) else 0


@pytest.mark.parametrize("repeated", ["1**{}", "1 - ({})", "2 - 1*({})", "-sin({})", "abs(-({}))", "1/({})"])
def test_constants_within_constants_have_shallow_keys(repeated: str) -> None:
    """Keys that hold those of their operands would take the square of the length of the text, or end the process."""
    before, _, behind = repeated.partition("{}")
    text = f"x*({before * 200}1.5{behind * 200})"
    writer = PlainWriter(NAMES, LIMITS, ())
    with contextlib.suppress(vocabulary.NotPlain):
        writer.recording(reader._pieces(text, heads.head(text)))
    assert max(map(depth, writer._known)) <= 3
    assert compare(f"x*({before * 20}1.5{behind * 20})")


@st.composite
def texts(draw: st.DrawFn) -> str:
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311

    def expression(depth: int) -> str:
        kind = chance.random() if depth else 0.0
        if kind < 0.2:
            return chance.choice(LEAVES) if chance.random() < 0.75 else chance.choice(LITERALS)
        inner = expression(depth - 1)
        if kind < 0.3:
            return chance.choice(("-", "+", "- ")) + inner
        if kind < 0.45:
            call = chance.choice(CALLS)
            count = vocabulary.OPCODES[call][1] or chance.randint(2, 4)
            return f"{call}{', '.join([inner, *(expression(depth - 1) for _ in range(count - 1))])})"
        if kind < 0.65:
            return f"({inner})"
        if kind < 0.75:
            exponent = expression(depth - 1) if chance.random() < 0.3 else chance.choice(LITERALS)
            return f"{inner}{chance.choice(('**', '^'))}{exponent}"
        return f"{inner}{chance.choice((' + ', '-', '*', ' / '))}{expression(depth - 1)}"

    return expression(draw(st.integers(1, 7)))


@settings(max_examples=400)
@given(texts(), st.sampled_from([ARGUMENTS, ("m", "z", "x", "w", "y", "v"), None]))
def test_random_texts_have_the_recording_of_the_general_reader(text: str, names: Sequence[str] | None) -> None:
    compare(text, names)


@settings(max_examples=200)
@given(texts(), st.sampled_from([ARGUMENTS, ("e", *ARGUMENTS), ("np", *ARGUMENTS)]), st.booleans())
def test_random_functions_have_the_recording_of_the_general_reader(
    body: str, parameters: Sequence[str], named: bool
) -> None:
    listed = ", ".join(parameters)
    head = f"import numpy as np\ndef f({listed}):\n    return " if named else f"lambda {listed}: "
    compare(head + body, None)
    compare(body, None, parameters)


@settings(max_examples=200)
@given(
    texts(), st.integers(0, 10_000), st.sampled_from(["", "(", ")", "x", "2", ".", "*", "e", " ", "_", ",", "=", "\n"])
)
def test_random_texts_with_a_slip_are_read_as_the_general_reader_reads_them(text: str, place: int, slip: str) -> None:
    place %= len(text)
    compare(text[:place] + slip + text[place + 1 :], ARGUMENTS)  # what the general reader refuses would raise


PIECES = (
    *("x", "y", "v[0]", "v[1]", "m[0][1]", "0", "1.5", "sin(", "max(", "atan2(", "pi", "e", "lambda x: "),
    *("(", ")", "[", "]", ",", ".", "+", "-", "*", "**", "/", "^", "=", " ", "\n"),
)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=10), st.sampled_from([ARGUMENTS, ("x",), None]))
def test_pieces_in_any_order_are_read_as_the_general_reader_reads_them(
    pieces: list[str], names: Sequence[str] | None
) -> None:
    compare("".join(pieces), names)


def test_tapes_are_written_in_the_order_of_the_operands() -> None:
    found = reader.read("a*sin(b) - c/2", ("a", "b", "c"), LIMITS)
    assert found is not None
    assert found.recording.tape.code == (("sin", (1,)), ("mul", (0, 4)), ("div", (2, 3)), ("sub", (5, 6)))
    assert found.recording.inputs == ((0, ()), (1, ()), (2, ()))
    assert found.recording.constants == (2.0,)
    assert isinstance(found.recording, tape.Recording)
