"""Everything that must be refused, by class: the right status and code, a small problem document, never a 5xx."""

# ruff: noqa: RUF001 - look-alikes are what is tested

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.protocols import body, v1
from tests import laws
from tests.service import JSON, Client

Codes = str | set[str]
LANGUAGE = {"syntax_error", "unknown_name", "invalid_name"}
"""What stands outside the grammar is refused for the first thing wrong with it."""


def ask(client: Client, expression: str, **fields: Any) -> Any:
    return client.post({"expression": expression, "point": {"x": 1.5}, "args": ["x"], **fields})


# Expressions

CODE_EXECUTION = [
    "__import__('os').system('id')",
    "__import__(chr(111)+chr(115))",
    "eval('x')",
    "exec('x')",
    "compile(x, x, x)",
    "open('/etc/passwd')",
    "globals()",
    "locals()['x']",
    "vars(x)",
    "getattr(x, y)",
    "getattr(x, '__class__')",
    "setattr(x, x, x)",
    "type(x)(x)",
    "print(x)",
    "input()",
    "breakpoint()",
    "help(x)",
    "exit()",
    "os.system(x)",
    "sys.exit(x)",
    "subprocess.run(x)",
    "builtins.eval(x)",
    "np.load(x)",
    "np.fromfile(x)",
    "jnp.save(x, x)",
    "jax.debug.print(x)",
    "jax.pure_callback(x, x)",
    "jax.numpy.linalg.eig(x)",
    "sympy.sympify(x)",
    "sympy.parsing.parse_expr(x)",
    "sympify(x)",
    "S(x)",
    "Symbol(x)",
    "lambdify(x, x)",
    "Function(x)(x)",
    "import os",
    "from os import system",
    "x; import os",
    "lambda x: __import__('os')",
    "def f(x):\n    import os\n    return x",
    "def f(x):\n    exec(x)\n    return x",
    "def f(x):\n    global y\n    return x",
    "def f(x):\n    del x\n    return x",
    "def f(x):\n    raise x",
    "def f(x):\n    assert x\n    return x",
    "def f(x):\n    while True: x = x\n    return x",
    "def f(x):\n    for i in [x]: x = i\n    return x.y",
    "def f(x):\n    with x: return x",
    "def f(x):\n    try: return x\n    except: return x",
    "def f(x):\n    yield x",
    "async def f(x): return x",
    "def f(x):\n    def g(y): return y\n    return g(x)",
    "def f(x):\n    return f(x)",
    "class C: pass",
]

DUNDERS = [
    "x.__class__",
    "x.__class__.__bases__[0].__subclasses__()",
    "().__class__",
    "(1).__class__",
    "x.__init__.__globals__",
    "np.__loader__",
    "jnp.__builtins__",
    "math.__spec__",
    "__builtins__",
    "__name__",
    "__file__",
    "__x__ + x",
    "x.__dict__[0]",
    "sin.__call__(x)",
    "lambda __x__: x",
    "def __f__(x): return x.__doc__",
]

ATTRIBUTES = [
    "x.real",
    "x.T.T.real",
    "x.func",
    "x.args",
    "x.subs(x, 1)",
    "x.evalf()",
    "x.at[0].set(1)",
    "sin.func(x)",
    "np.linalg.norm.real",
    "(x).real",
    "x[0].real",
    "sin(x).real",
    "1.5.real",
    "x . y",
    "x.",
    ".x",
    "x..y",
    "np.",
    "np.sin.sin(x)",
]

STRINGS = [
    "'x'",
    '"x"',
    "'''x'''",
    '"""x"""',
    "'x",
    '"x',
    "b'x'",
    "r'x'",
    "f'{x}'",
    "f'{__import__(\"os\")}'",
    "x + 'a'*10**9",
    "'%s' % x",
    "x['a']",
    "sin('x')",
    "'a' if x else 'b'",
    "u'x'",
    "rb'x'",
]

CONSTRUCTS = [
    "lambda y: lambda x: x",
    "(lambda y: y)(x)",
    "lambda x: (lambda y: y)",
    "x := 3",
    "(y := x)",
    "{x}",
    "{x: x}",
    "{}",
    "{x for x in x}",
    "{x: x for x in x}",
    "*x",
    "sin(*x)",
    "sin(**x)",
    "max(x, key=x)",
    "sin(x=1)",
    "clip(x, min=0)",
    "x if x",
    "if x: x",
    "x else x",
    "for",
    "await x",
    "yield x",
    "x is x",
    "x in x",
    "x not in x",
    "None",
    "x is None",
    "...",
    "x[...]",
    "x @ x",
    "x -> x",
    "x++",
    "x--",
    "++",
    "x <> x",
    "x === x",
    "!x",
    "x!",
    "x && x",
    "x || x",
    "x ? x : x",
    "x = 3",
    "x == ",
    "x <",
    "(",
    ")",
    "()",
    "[]",
    "x[]",
    "sin(",
    "sin)",
    "sin(x",
    "sin(x,,x)",
    "sin(,x)",
    "(x",
    "x)",
    "[x",
    "x]",
    "(x]",
    "x x",
    "2x",
    "x2y z",
    "x 2",
    "2 2",
    "sin x",
    "x(2)",
    "2(x)",
    "(x)(x)",
    "$x$",
    "\\frac{x}{2}",
    "x`",
    "x?",
    "#",
    "",
    " ",
    "\n",
    "\t\n ",
    ";",
    ",",
    "x,",
    "lambda: 3",
    "lambda x",
    "lambda x:",
    "lambda 1: 1",
    "lambda x, : ",
    "lambda *args: x",
    "lambda **kw: x",
    "lambda x, /: x",
    "lambda x=1: x",
    "def",
    "def f",
    "def f()",
    "def f():\n    return 1",
    "def f(x)",
    "def f(x):",
    "def f(x): pass",
    "def f(x):\n    x",
    "def f(x):\n    return",
    "def f(x):\n    y = x",
    "def f(x: float):\n    return x",
    "def f(x) -> float:\n    return x",
    "def f(x=1):\n    return x",
    "@jit\ndef f(x):\n    return x",
    "def f(x):\n    return x\ndef g(x):\n    return x",
    "def f(x):\n    return x\nf(1)",
    "def f(x):\n    x, y = x\n    return x",
    "def f(x):\n    x.y = 1\n    return x",
    "def f(x):\n    x[0] = 1\n    return x",
    "x\nx",
    "x;x",
]

CHARACTERS = [
    "x\x00",
    "\x00",
    "x + \x00 1",
    "x\x01",
    "x\x07 + 1",
    "x\x08",
    "x\x0b+ 1",
    "x\x0c+ 1",
    "x\x1b[31m",
    "x\x7f",
    "x\x85",
    "\ufeffx",
    "x\ufeff",
    "x\u200b",
    "x\u200d",
    "x\u202e + 1",
    "\u202dx\u202c",
    "\u2066x\u2069",
    "x\u2028+ 1",
    "x\u2029+ 1",
    "x\u00ad",
    "x\ufffe",
    "x\ufffd",
    "x\U000e0041",
    "x\u00b2",
    "x\u2212 1",
    "x \u00d7 2",
    "\uff08x\uff09",
    "x\uff0b1",
    "\u0661 + x",
    "\uff11 + x",
    "\u221ax",
    "\u2211(x)",
    "\U0001f600",
    "x + \U0001f4a9",
    "π²",
]

NORMALISED = [
    "__ｉｍｐｏｒｔ__(x)",
    "＿＿import＿＿(x)",
    "x.__ｃｌａｓｓ__",
    "ｌａｍｂｄａ + x",
    "ｅｖａｌ(x)",
    "𝐞𝐯𝐚𝐥(x)",
    "ｏｓ.system(x)",
    "𝔩𝔞𝔪𝔟𝔡𝔞 x: x",
    "ｉｆ",
    "ﬁ(x)",
    "x if x ｅｌｓｅ x",
]

NUMBERS = [
    "1/0",
    "x + 0/0",
    "x/x + 1/(1 - 1)",
    "9**9**9",
    "9**9**9**9**9",
    "x + 10**10000",
    "2**(2**(2**(2**2)))**2",
    "1e999 + x",
    "x*1e400",
    "x**1e999",
    "-1e999*x",
    "log(0)*x",
    "x + log(-1)",
    "exp(1000) + x",
    "x + sqrt(-1)",
    "(-8)**(1/3)*x",
    "gamma(200) + x",
    "x + gamma(0)",
    "x + " + "9" * 500,
    "x + 0." + "9" * 500,
    "gamma(10**9) + x",
    "exp(exp(exp(exp(9)))) + x",
    "x % (1 % 0)",
    "1//0 + x",
    "asin(2) + x",
    "cosh(1e4)*x",
]

NAMES: list[tuple[str, Codes]] = [
    ("y", "unknown_name"),
    ("x + undefined", "unknown_name"),
    ("foo(x)", "unknown_name"),
    ("sinn(x)", "unknown_name"),
    ("x.y.z(x)", "unknown_name"),
    ("torch.sin(x)", "unknown_name"),
    ("sin + x", "unknown_name"),
    ("x(x)", "unknown_name"),
    ("tau*x", "unknown_name"),
    ("math.nothing", "unknown_name"),
    ("a" * 65, "invalid_name"),
    ("x + " + "é" * 65, "invalid_name"),
    ("class + x", "syntax_error"),
    ("sin()", "bad_arity"),
    ("sin(x, x)", "bad_arity"),
    ("atan2(x)", "bad_arity"),
    ("hypot(x, x, x)", "bad_arity"),
    ("max()", "bad_arity"),
    ("min()", "bad_arity"),
    ("where(x)", "bad_arity"),
    ("log(x, 2, 3)", "bad_arity"),
    ("Piecewise()", "bad_arity"),
    ("Piecewise(x)", "syntax_error"),
    ("Piecewise((x, x, x))", "syntax_error"),
]

SHAPES: list[tuple[str, Codes]] = [
    ("(x, x)", "bad_shape"),
    ("[x, x]", "bad_shape"),
    ("[x]", "bad_shape"),
    ("x, x", "bad_shape"),
    ("lambda x: (x, x)", "bad_shape"),
    ("def f(x):\n    return x, x", "bad_shape"),
    ("x + (x, x)", "bad_shape"),
    ("x[0]", "bad_shape"),
    ("x[0] + x", "bad_shape"),
    ("(x + 1)[0]", "bad_shape"),
    ("1[0] + x", "bad_shape"),
    ("x[x]", {"syntax_error", "bad_shape"}),
    ("x[0.5]", "syntax_error"),
    ("x[0][0][0][0][0][0][0][0][0]", {"too_complex", "bad_shape"}),
]

BIG = 20_000
SIZE: list[tuple[str, str, Codes]] = [
    ("parentheses", "(" * BIG + "x" + ")" * BIG, "too_complex"),
    ("open parentheses", "(" * BIG, "too_complex"),
    ("closing parentheses", ")" * BIG, "syntax_error"),
    ("brackets", "[" * BIG + "x" + "]" * BIG, "too_complex"),
    ("calls", "sin(" * BIG + "x" + ")" * BIG, "too_complex"),
    ("indices", "x" + "[0]" * BIG, "too_complex"),
    ("a long text", " " * 131_072 + "x", "too_complex"),
    ("a long name", "a" * 100_000, "invalid_name"),
    ("a long number", "1" * 100_000, "bad_constant"),
    ("a long string", "'" + "a" * 100_000 + "'", "syntax_error"),
    ("a long comment", "#" + "a" * 100_000, "syntax_error"),
    ("commas", "x" + ",x" * 30_000, "bad_shape"),
    ("operators", "+*" * 30_000, "syntax_error"),
    ("semicolons", ";" * 60_000, "syntax_error"),
    ("newlines", "\n" * 60_000, "syntax_error"),
    ("attributes", "x" + ".x" * 30_000, "unknown_name"),
    ("non-ASCII", "é" * 65_537, {"too_complex", "invalid_name"}),
    ("a long unknown name in quotes", '"' * 1000 + "x", LANGUAGE),
    ("backslashes", "\\" * 1000, "syntax_error"),
    ("arguments", "+".join(f"a{i}" for i in range(65)), {"too_complex", "unknown_name"}),
]


def cases() -> Iterator[Any]:
    for label, texts, codes in (
        ("code", CODE_EXECUTION, LANGUAGE | {"bad_arity"}),
        ("dunder", DUNDERS, LANGUAGE),
        ("attribute", ATTRIBUTES, LANGUAGE),
        ("string", STRINGS, LANGUAGE),
        ("construct", CONSTRUCTS, LANGUAGE | {"bad_shape"}),
        ("character", CHARACTERS, LANGUAGE),
        ("normalised", NORMALISED, LANGUAGE),
        ("number", NUMBERS, {"bad_constant"}),
    ):
        for text in texts:
            yield pytest.param(text, codes, id=f"{label}: {ascii(text)[:50]}")
    for label, named in (("name", NAMES), ("shape", SHAPES)):
        for text, code in named:
            yield pytest.param(text, {code} if isinstance(code, str) else code, id=f"{label}: {ascii(text)[:50]}")
    for label, text, code in SIZE:
        yield pytest.param(text, {code} if isinstance(code, str) else code, id=f"size: {label}")


@pytest.mark.parametrize(("text", "codes"), list(cases()))
def test_an_expression_outside_the_language_is_refused(client: Client, text: str, codes: set[str]) -> None:
    laws.assert_problem(ask(client, text), 422, codes, sent=text, text=text)


@pytest.mark.parametrize("text", [case.values[0] for case in cases() if len(str(case.values[0])) < 300])
def test_evaluate_refuses_what_grad_refuses(client: Client, text: str) -> None:
    document = {"expression": text, "point": {"x": 1.5}, "args": ["x"]}
    graded, evaluated = client.post(document).json(), client.post(document, "/v1/evaluate")
    if "it has shape" in graded["detail"]:
        assert evaluated.status_code == 200  # an array is a value as good as any, but has no gradient
    else:
        assert graded == evaluated.json()


def test_random_texts_never_get_a_5xx(client: Client) -> None:
    pieces = ["x", "X[0]", "1", "0", "2.5", "(", ")", "[", "]", ",", "+", "-", "*", "/", "**", "^", "%", "//", "<",
        "==", " if ", " else ", " and ", " or ", "not ", "sin(", "max(", "where(", "Piecewise(", "log(", "lambda x: ",
        ":", "\n", ".", "e", "inf", "True", "~", "&"]  # fmt: skip

    @given(st.lists(st.sampled_from(pieces), max_size=12).map("".join))
    def law(text: str) -> None:
        response = client.post({"expression": text, "point": [1.5]})
        if response.status_code != 200:
            laws.assert_problem(response, 422, set(laws.CONTRACT) - {"invalid_json"}, sent=text, text=text)

    law()


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("-" * BIG + "x", 1.5, 1.0),
        ("not " * BIG + "x", 1.0, 0.0),
        ("x if x else " * 10_000 + "x", 1.5, 1.0),
        ("**".join(["x"] * BIG), "Infinity", "Infinity"),
        ("X[1 + 1]*2".replace("X", "[1, 2, x]"), 3.0, 2.0),
    ],
    ids=["minus signs", "nots", "conditionals", "powers", "a computed index"],
)
def test_what_looks_hostile_but_means_something_is_answered(client: Client, text: str, value: Any, slope: Any) -> None:
    answer = ask(client, text).json()
    assert (answer["value"], answer["gradient"]) == (value, slope)


def test_statements_and_unary_operators_that_mean_something_are_no_refusals(client: Client) -> None:
    for text in (
        "+x",
        "- - x",
        "~(x > 0)",
        "not x",
        "x;",
        "x # comment",
        "(x,)[0]",
        "[x, 2][-1]",
        "True*x",
        "x if True else 0",
    ):
        assert ask(client, text).status_code in {200, 422}


# Bodies


GOOD = {"expression": "x*y", "point": [1.0, 2.0]}
NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"}",
    b"{]",
    b"null x",
    b"{}x",
    b"{} {}",
    b"{'expression': 'x', 'point': [1]}",
    b'{"expression": "x", "point": [1],}',
    b'{"expression": "x", "point": [1,]}',
    b'{"expression": "x" "point": [1]}',
    b'{"expression": "x", "point": [1]} // comment',
    b'/* comment */ {"expression": "x", "point": [1]}',
    b'{"expression": "x", "point": [NaN]}',
    b'{"expression": "x", "point": [nan]}',
    b'{"expression": "x", "point": [Infinity]}',
    b'{"expression": "x", "point": [-Infinity]}',
    b'{"expression": "x", "point": [+1]}',
    b'{"expression": "x", "point": [01]}',
    b'{"expression": "x", "point": [.5]}',
    b'{"expression": "x", "point": [5.]}',
    b'{"expression": "x", "point": [0x10]}',
    b'{"expression": "x", "point": [1e]}',
    b'{"expression": "x", "point": [1_000]}',
    b'{"expression": "x, "point": [1]}',
    b'{"expression": "x\n", "point": [1]}',
    b'{"expression": "x\x00", "point": [1]}',
    b'{"expression": "x\\q", "point": [1]}',
    b'{"expression": "\\ud800", "point": [1]}',
    b'{"expression": "x", "args": ["\\udfff"], "point": [1]}',
    b'{"expression": "\\udc00\\ud800", "point": [1]}',
    b'{"expression": "\\u12", "point": [1]}',
    b'{"expression": "\xff", "point": [1]}',
    b'{"expression": "\xc3", "point": [1]}',
    b'{"expression": "\xed\xa0\x80", "point": [1]}',
    b'{"expression": "\xc0\xae", "point": [1]}',
    b'\xef\xbb\xbf{"expression": "x", "point": [1]}',
    '{"expression": "x", "point": [1]}'.encode("utf-16"),
    '{"expression": "x", "point": [1]}'.encode("utf-32"),
    b"\x80\x04\x95",
    b"\x1f\x8b\x08\x00",
    b"expression=x&point=1",
    b"<xml/>",
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"point":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"expression": "x", "point": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"expression": "x", "point": [' + b"1" * 10_000 + b"]}",
]


@pytest.mark.parametrize("content", NOT_JSON, ids=lambda content: ascii(content)[:60])
def test_a_body_that_is_not_strict_json_is_refused(client: Client, content: bytes) -> None:
    laws.assert_problem(client.post(content), 400, "invalid_json", sent=content.decode("latin-1"))


@pytest.mark.parametrize("content", [b"[]", b"null", b"true", b"1", b'"x"', b'[{"expression": "x", "point": [1]}]'])
def test_a_body_that_is_no_object_is_refused(client: Client, content: bytes) -> None:
    response = client.post(content)
    laws.assert_problem(response, response.status_code, {"invalid_json", "invalid_field"})
    assert response.status_code in {400, 422}


@pytest.mark.parametrize(
    "content",
    [
        b'{"expression": "x", "expression": "x*x", "point": [3]}',
        b'{"expression": "x", "point": {"x": 1, "x": 2}}',
        b'{"expression": "x", "point": [3], "dtype": "float64", "dtype": "float32"}',
        b'{"expression": "x", "point": [3], "p\\u006fint": [4]}',
        b'{"expression": "x", "point"\n:[3], "point":[4]}',
        b'{"expression": "x", "point"%s:[3], "point":[4]}' % (b" " * 100),
        b'{"expression": "x + 0*(\\"\\\\\\\\", "point": [3], "point": [4]}',
        b'{"expression": "x", "point": [3], "args": [%s"x"], "args": ["x"]}' % (b'"y", ' * 5000),
    ],
)
def test_a_field_that_is_there_twice_is_refused(client: Client, content: bytes) -> None:
    response = client.post(content)
    laws.assert_problem(response, response.status_code, {"invalid_json", "invalid_field"})
    assert response.status_code in {400, 422}


def test_a_text_that_is_there_twice_is_not_a_name_that_is(client: Client) -> None:
    content = b'{"args": ["args", "point"], "expression": "args*point", "argnums": "point", "point": [3, 4]}'
    assert client.post(content).json()["gradient"] == 3.0
    content = b'{"expression": "point*x", "point": {"point": 3, "x": 4}}'
    assert client.post(content).json()["gradient"] == 4.0


WRONG: dict[str, list[Any]] = {
    "expression": [None, 1, 1.5, True, [], ["x"], {}, {"x": 1}],
    "args": ["x", "xy", 1, True, {}, {"x": 1}, [1], [None], [True], [["x"]], ["x", 1], [1.5]],
    "point": [None, 1, 1.5, True, "1", "x", [None, 1], ["1", 1], [True, 1], [{}, 1], [[None], 1], [1], [1, 2, 3], [],
        {}, {"x": 1}, {"x": 1, "y": "2"}, {"x": 1, "y": True}, {"x": 1, "y": None}, {"x": 1, "y": 2, "z": 3}],
    "argnums": [None, 1.0, 0.5, True, False, [], {}, [None], [True], [0.0], [[0]], "z", ["z"], 2, -3, [0, 0], [0, 2],
        [0, -2], ["x", 0], 10**30, [[]], {"0": 1}, [0, True]],
    "dtype": [None, 1, True, "", "float", "float16", "float128", "bfloat16", "int32", "complex64", "Float64",
        "float64 ", [], ["float64"], {}],
    "in_axes": [1, -1, 0.0, True, False, "0", "", [1, 0], [0], [0, 0, 0], [True, 0], [0.0, 0], ["0", 0], {},
        [None, None], [], [[0], 0], 10**30],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values], ids=repr
)
def test_a_field_of_a_wrong_type_or_value_is_refused(client: Client, field: str, value: Any) -> None:
    problem = laws.assert_problem(client.post(GOOD | {field: value}), 422, "invalid_field")
    assert problem["field"].split(".")[0] == field


@pytest.mark.parametrize("missing", ["expression", "point"])
def test_a_missing_field_is_named(client: Client, missing: str) -> None:
    document = {name: value for name, value in GOOD.items() if name != missing}
    problem = laws.assert_problem(client.post(document), 422, "invalid_field")
    assert problem["field"] == missing


@pytest.mark.parametrize(
    "extra",
    ["expr", "Expression", "argnum", "", " ", "__class__", "x" * 1000, "é", "\u202e", "a\x00b", "\U0001f600" * 100],
)
def test_an_unknown_field_is_refused(client: Client, extra: str) -> None:
    laws.assert_problem(client.post(GOOD | {extra: 1}), 422, "invalid_field", sent=extra)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"args": ["x", "x"]}, "invalid_name"),
        ({"args": ["x", "ｘ"]}, "invalid_name"),
        ({"args": ["x", "lambda"]}, "invalid_name"),
        ({"args": ["x", ""]}, "invalid_name"),
        ({"args": ["x", "y z"]}, "invalid_name"),
        ({"args": ["x", "1y"]}, "invalid_name"),
        ({"args": ["x", "__y__"]}, "invalid_name"),
        ({"args": ["x", "y\x00"]}, "invalid_name"),
        ({"args": ["x", "y\u202e"]}, "invalid_name"),
        ({"args": ["x", "y" * 65]}, "invalid_name"),
        ({"args": ["x", "y" * 100_000]}, "invalid_name"),
        ({"args": ["x", "\U0001f600" * 60]}, "invalid_name"),
        ({"args": ["x", "'" * 60]}, "invalid_name"),
        ({"args": ["x", "\\" * 60]}, "invalid_name"),
        ({"args": ["x"]}, "unknown_name"),
        ({"args": []}, {"unknown_name", "invalid_field"}),
        ({"args": [f"a{i}" for i in range(65)]}, "too_complex"),
        ({"args": ["x"] * 200_000}, "too_complex"),
        ({"point": {"x": 1, "ｘ": 2, "y": 3}}, "invalid_name"),
        ({"point": {"x": 1, "y": 2, "lambda": 3}}, "invalid_name"),
        ({"point": {"x": 1, "y" * 100_000: 2}}, "invalid_name"),
        ({"point": [[1.0, 2.0], 3.0]}, "bad_shape"),
        ({"point": [[[1.0]], 3.0]}, "bad_shape"),
        ({"point": [[1.0, 2.0], [1.0]], "in_axes": 0}, "bad_shape"),
        ({"point": [1.0, 2.0], "in_axes": 0}, "bad_shape"),
        ({"point": [[], []], "in_axes": 0}, "bad_shape"),
        ({"point": [[1, 2], [3]], "in_axes": 0}, "bad_shape"),
        ({"point": [[0.5] * 100_001, 1.0], "in_axes": [0, None]}, "too_complex"),
        ({"point": [1e400, 1.0]}, {"invalid_field", "invalid_json"}),
        ({"point": [10**400, 1.0]}, {"invalid_field", "invalid_json"}),
        ({"expression": "3", "args": None, "point": []}, "invalid_field"),
        ({"expression": "lambda a, b: a", "args": ["x", "y"]}, "invalid_field"),
    ],
)
def test_fields_that_do_not_fit_each_other_are_refused(client: Client, fields: dict[str, Any], code: Codes) -> None:
    content = json.dumps(GOOD | fields).replace("Infinity", "1e400").encode()
    response = client.post(content)
    codes = {code} if isinstance(code, str) else code
    laws.assert_problem(
        response, 400 if response.json()["code"] == "invalid_json" else 422, codes, sent=content.decode()
    )


def test_a_point_nested_a_hundred_deep_is_refused(client: Client) -> None:
    content = b'{"expression": "x*y", "point": [' + b"[" * 100 + b"1" + b"]" * 100 + b", 2]}"
    laws.assert_problem(client.post(content), 422, {"bad_shape", "invalid_field", "too_complex"})


def test_random_documents_never_get_a_5xx(client: Client) -> None:
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-3, 3)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5)
    )
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    )

    @given(
        st.dictionaries(
            st.sampled_from(["args", "point", "argnums", "dtype", "in_axes", "expression"]), values, max_size=3
        )
    )
    def law(fields: dict[str, Any]) -> None:
        response = client.post(json.dumps(GOOD | fields).encode())
        if response.status_code != 200:
            laws.assert_problem(response, response.status_code, set(laws.CONTRACT))
            assert 400 <= response.status_code < 500

    law()


def peak_bytes(content: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(errors.InvalidField):
            asyncio.run(body.decode(v1.BY_NAME["grad"].model(by_id=False), content))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("field", "item"),
    [
        ("argnums", b"null"),
        ("args", b"1"),
        ("in_axes", b"{}"),
    ],
)
def test_a_long_list_of_wrong_items_costs_memory_in_proportion(field: str, item: bytes) -> None:
    content = b'{"expression": "x", "point": [1], "%s": [%s]}' % (field.encode(), b",".join([item] * 20_000))
    assert peak_bytes(content) < 40 * len(content)


# The envelope


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/problem+json",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/xml",
        "json",
        "",
        "*/*",
        "x" * 1000,
    ],
)
def test_another_media_type_is_refused(client: Client, media_type: str) -> None:
    response = client.request("POST", "/v1/grad", content=json.dumps(GOOD), headers={"Content-Type": media_type})
    laws.assert_problem(response, 415, "unsupported_media_type", sent=media_type)


def test_no_media_type_is_refused(client: Client) -> None:
    laws.assert_problem(client.request("POST", "/v1/grad", content=json.dumps(GOOD)), 415, "unsupported_media_type")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "compress", "x"])
def test_a_compressed_body_is_refused(client: Client, encoding: str) -> None:
    response = client.post(GOOD, Content_Encoding=encoding)
    laws.assert_problem(response, 415, "unsupported_media_type")


def limit(client: Client) -> int:
    return int(client.get("/v1/limits").json()["max_body_bytes"])


def test_a_body_of_the_published_size_is_read_and_one_byte_more_is_not(client: Client) -> None:
    content = json.dumps(GOOD).encode()
    most = limit(client)
    assert client.post(content + b" " * (most - len(content))).status_code == 200
    laws.assert_problem(client.post(content + b" " * (most - len(content) + 1)), 413, "body_too_large")


def test_a_body_that_comes_in_chunks_is_counted(client: Client) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(40):
            sent += 1
            yield b" " * (1 << 20)

    response = client.request("POST", "/v1/grad", content=chunks(), headers=JSON)
    laws.assert_problem(response, 413, "body_too_large")
    assert sent <= 18, "what comes after the limit must not be read"


def test_a_body_in_small_chunks_is_read_whole(client: Client) -> None:
    content = json.dumps(GOOD).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 3):
            yield content[start : start + 3]

    response = client.request("POST", "/v1/grad", content=chunks(), headers=JSON)
    assert response.json()["gradient"] == 2.0


@pytest.mark.parametrize("announced", ["16777217", "99999999999999999999999999", "1" + "0" * 100])
def test_a_body_announced_as_too_large_is_not_read(client: Client, announced: str) -> None:
    read = False

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b"{}"

    headers = JSON | {"Content-Length": announced}
    response = client.request("POST", "/v1/grad", content=chunks(), headers=headers)
    laws.assert_problem(response, 413, "body_too_large")
    assert not read


@pytest.mark.parametrize("count", [200, 5000])
def test_too_many_header_lines_are_refused(client: Client, count: int) -> None:
    headers = [("Content-Type", "application/json"), *[("X-Header", str(n)) for n in range(count)]]
    response = client.request("POST", "/v1/grad", json=GOOD, headers=headers)
    laws.assert_problem(response, 431, "body_too_large")


@pytest.mark.parametrize("path", ["/v1/grad", "/healthz", "/nowhere"])
def test_headers_of_too_many_bytes_are_refused(client: Client, path: str) -> None:
    method = "POST" if path == "/v1/grad" else "GET"
    response = client.request(method, path, headers=JSON | {"X-Header": "a" * 33_000})
    laws.assert_problem(response, 431, "body_too_large", sent="a" * 33_000)


def test_headers_below_the_limits_are_no_trouble(client: Client) -> None:
    headers = [("Content-Type", "application/json"), *[("X-Header", "a" * 300) for _ in range(80)]]
    assert client.request("POST", "/v1/grad", json=GOOD, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused_with_those_allowed(client: Client, method: str) -> None:
    response = client.request(method, "/v1/grad")
    laws.assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_an_address_of_several_methods_names_them_all(client: Client) -> None:
    response = client.request("DELETE", "/v1/functions")
    laws.assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/v1", "/v2/grad", "/v1/grad/x", "/../etc/passwd", "/%2e%2e/etc/passwd", "/v1/GRAD", "/" + "a" * 5000],
)
def test_an_unknown_address_is_refused(client: Client, path: str) -> None:
    laws.assert_problem(client.post(GOOD, path), 404, "not_found", sent=path)


def receiving(*messages: dict[str, Any], then_wait: bool = False) -> Any:
    pending = list(messages)

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop(0)
        assert then_wait, "read past the end"
        await asyncio.Event().wait()
        raise AssertionError

    return receive


HEADERS = [(b"content-type", b"application/json")]


@pytest.mark.parametrize("first", [[], [{"type": "http.request", "body": b"{", "more_body": True}]])
def test_a_sender_who_takes_too_long_is_cut_off(first: list[dict[str, Any]]) -> None:
    limits = body.Limits(receive_seconds=0.02)
    with pytest.raises(errors.RequestTimeout):
        asyncio.run(body.receive(HEADERS, receiving(*first, then_wait=True), limits))


def test_a_sender_who_goes_away_is_no_bug_of_ours() -> None:
    begun: dict[str, Any] = {"type": "http.request", "body": b"{", "more_body": True}
    for messages in ([{"type": "http.disconnect"}], [begun, {"type": "http.disconnect"}]):
        with pytest.raises(errors.RequestTimeout):
            asyncio.run(body.receive(HEADERS, receiving(*messages), body.Limits()))
