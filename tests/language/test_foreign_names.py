"""Names of other languages: a hint says what to write here, and never names a function that means something else."""

import itertools
import re
import time

import pytest

from app import errors
from app.language import parse
from app.language.vocabulary import resolve, words
from app.language.vocabulary.foreign import lookup, notations, reasons
from tests.language import library_names

LISTS = {name: getattr(library_names, name).split() for name in dir(library_names) if name.isupper()}
"""Names of functions, by the library that has them."""


def hint_of(name: str) -> str | None:
    """Return the hint of a refused function; None if the language has it."""
    try:
        resolve.word(name, (), 0)
    except errors.UnknownName as error:
        return error.hint or "no hint"
    return None


def told(name: str) -> bool:
    """Return whether a row of the table says what to write."""
    parts = name.split(".")
    tails = [".".join(parts[start:]) for start in range(len(parts))]
    tables = (lookup.TEXTS, reasons.REASONS)
    return parts[0] in reasons.PREFIXES or any(each in table for each in tails for table in tables)


def texts() -> list[tuple[str, str]]:
    rows = [(name, text) for name, text in lookup.TEXTS.items() if name not in words.BY_NAME]
    return [(name, each) for name, text in rows for each in text.split(", or ")]


def test_there_are_names_of_every_language() -> None:
    assert len(lookup.TEXTS) + len(reasons.REASONS) > 1000
    assert not lookup.TEXTS.keys() & reasons.REASONS.keys()


def refusal_of(text: str) -> errors.GradserveError | None:
    """Return why a text is refused whatever the shapes of its arguments, None if it is taken."""
    try:
        function = parse.read(re.sub(r"\bn\b", "3", text))  # n is an integer
    except errors.GradserveError as error:
        return error
    refused: errors.GradserveError | None = None
    if function.expression is None:
        for sizes in itertools.product([(), (6,), (3, 3), (5, 3), (5, 4, 3)], repeat=min(3, len(function.args))):
            try:
                function.at([*sizes, *[() for _ in function.args[3:]]])
            except errors.GradserveError as error:
                refused = error
            else:
                return None
    return refused


def test_what_a_hint_says_to_write_is_in_the_language() -> None:
    refused = [(name, text, refusal_of(text)) for name, text in texts()]
    assert [each for each in refused if each[2] is not None] == [], [e for e in refused if e[2]]
    assert refusal_of("rollmean(x)") is not None  # the test can fail


@pytest.mark.parametrize("library", LISTS)
def test_no_name_of_a_library_gets_a_function_that_means_something_else(library: str) -> None:
    """A word is suggested only by a row of the table, or if it is the same name in another case."""
    guessed = []
    for name in LISTS[library]:
        hint = hint_of(name)
        if hint is not None and "did you mean" in hint and name not in notations.SPOKEN:
            guessed.append((name, hint))
        if hint is not None and re.search(r"\bwrite ", hint) and not told(name):
            written = re.findall(r"\bwrite ([\w.]+)", hint)
            assert [each.lower() for each in written] == [name.lower()], (name, hint)
    assert guessed == []


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("sinn", "sin"),
        ("sni", "sin"),
        ("expp", "exp"),
        ("sigmod", "sigmoid"),
        ("maxium", "maximum"),
        ("avarage", "average"),
        ("gama", "gamma"),
        ("Exp", "write exp(x)"),
        ("SQRT", "write sqrt(x)"),
        ("ArcTan", "write arctan(x)"),
        ("ATAN2", "write atan2(y, x)"),
    ],
)
def test_a_slip_of_the_hand_gets_the_word_that_is_meant(name: str, fragment: str) -> None:
    assert fragment in (hint_of(name) or "")


@pytest.mark.parametrize(
    "name", ["lg", "pnorm", "np.signbits", "ifelse", "interpol", "f", "foo", "loss", "abc", "logx"]
)
def test_a_name_is_never_taken_for_another_word(name: str) -> None:
    assert "did you mean" not in (hint_of(name) or "")


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("F.softplus", "write softplus(x)"),
        ("torch.exp", "write exp(x)"),
        ("torch.nn.functional.relu", "write relu(x)"),
        ("torch.special.gammaln", "write gammaln(x)"),
        ("tf.reduce_sum", "write sum(x)"),
        ("tf.math.log_sigmoid", "write log_sigmoid(x)"),
        ("tf.linalg.trace", "write trace(x)"),
        ("Math.sin", "write sin(x)"),
        ("Math.atan2", "write atan2(y, x)"),
        ("tf.random.normal", "random"),
        ("np.random.randn", "random"),
        ("scipy.integrate.quad", "trapezoid"),
        ("np.fft.fft", "Fourier"),
        ("cmath.exp", "write exp(x)"),
        ("mp.gammainc", "write uppergamma"),
        ("torch.std", "ddof=1"),
        ("os.system", "evaluated"),
    ],
)
def test_a_name_with_the_prefix_of_another_library_gets_the_word(name: str, fragment: str) -> None:
    assert fragment in (hint_of(name) or "")


def test_a_name_of_many_parts_is_refused_at_once() -> None:
    start = time.perf_counter()
    assert hint_of("x" + ".x" * 30_000) is not None
    assert time.perf_counter() - start < 0.5
