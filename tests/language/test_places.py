"""A value of any kind in any place of a text is read or refused: no other exception leaves the reader."""

import contextlib

import pytest

from app import errors
from app.language import parse

SHAPES = [(), (3,), (2, 2)]

VALUES = (
    "X.at", "X.at[0]", "X.shape", "X.sum", "X.T", "type(X)", "np", "np.r_", "np.newaxis", "np.float64", "sin", "float",
    "slice(1)", "...", "None", "'a'", "b'a'", "f'{X}'", "1j", "(X > 0)", "X[X > 0]", "(lambda t: t)", "(1, 2)", "[]",
    "[X, X]", "{1, 2}", "{'a': 1}", "{'a': 1}.items()", "range(3)", "enumerate(X)", "zip(X, X)", "map(sin, X)",
    "(t for t in X)", "np.ix_([0], [1])", "np.poly1d([1, 2])", "scipy.stats.norm(0, 1)", "jax.random.PRNGKey(0)",
    "linregress([1, 2, 3], [1, 2, 4])", "Piecewise((X, X > 0))", "print(X)", "np.errstate(all='ignore')", "super()",
)  # fmt: skip
PLACES = (
    "{}", "{} + 1", "1/{}", "-{}", "abs({})", "{}**2", "X @ {}", "{}[0]", "{}[{}]", "X[{}]", "{}.T", "{}.sum()",
    "{}.x", "{}({})", "sin({})", "max({}, 1)", "sum({})", "len({})", "sorted({})", "list({})", "tuple({})", "set({})",
    "dict({})", "dict(a={})", "float({})", "int({})", "str({})", "range({})", "np.sum({})", "np.array({})",
    "np.dot({}, X)", "np.zeros({})", "np.linspace(0, 1, {})", "np.concatenate([{}, X])", "np.einsum({}, X)",
    "np.sum(X, axis={})", "X.reshape({})", "where({} > 0, 1, 2)", "where(X > 0, {}, 1)", "[{}, {}]", "{'a': {}}['a']",
    "{} if {} else 1", "not {}", "{} and {}", "{} == {}", "{} in {}", "{} < 2", "{} is None", "isinstance({}, float)",
    "X.at[{}].set({})", "X.at[0].add({})", "{}.at[0].set(1)", "[t for t in {}]", "quad({}, 0, 1)", "vmap({})(X)",
    "grad({})(X)", "besselj({}, X)", "norm.pdf({})", "reduce({}, X)", "cond(X > 0, {}, {})", "fori_loop(0, 2, {}, X)",
    "lax.scan({}, X, X)",
)  # fmt: skip
STATEMENTS = (
    "x = {}\nreturn x + 1", "x, y = {}\nreturn x", "x = {}\nx[0] = 1\nreturn x", "x = {}\nx += 1\nreturn x",
    "X += {}\nreturn X", "X[0] = {}\nreturn X", "X[{}] = 1\nreturn X", "for t in {}:\n  X = t\nreturn X",
    "while {}:\n  X = 1\nreturn X", "if {}:\n  X = 1\nreturn X", "assert {}\nreturn X", "del {}\nreturn X",
    "with {}:\n  X = 1\nreturn X", "match {}:\n  case 1:\n    X = 2\nreturn X", "def g(t={}):\n  return t\nreturn g()",
    "def g(t):\n  return t\nreturn g(*{})", "def g(t):\n  return t\nreturn g(**{})", "raise {}\nreturn X",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_a_value_in_any_place_is_read_or_refused(value: str) -> None:
    bodies = [place.replace("{}", value).replace("\n", "\n  ") for place in STATEMENTS]
    texts = [f"def f(X):\n  {body}" for body in bodies] + [place.replace("{}", value) for place in PLACES]
    for text in texts:
        with contextlib.suppress(errors.Rejected):
            function = parse.read(text)
            for shape in SHAPES:
                with contextlib.suppress(errors.Rejected):
                    function.at([shape] * len(function.args))


def test_an_at_without_its_update_is_no_number() -> None:
    with pytest.raises(errors.SyntaxRejected, match=r"an \.at without its update stands where a number was expected"):
        parse.parse("X.at", shapes=[(3,)])
