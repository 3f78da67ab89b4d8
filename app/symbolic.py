"""A program's text to its formulae: the function and its partial derivatives as text, LaTeX and MathML.

Runs in a worker process, which can be killed: no step of SymPy's can be bounded from within. Shortening has a bound of
its own, an alarm in this process; what is not finished when the alarm goes off stays as it was.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy.core import cache as sympy_cache

from app import errors, formulae, markup, parsing, printing, shortening, tape, views


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on formulae.

    Attributes:
        max_symbolic_operations: of the function, written out: what is used twice counts twice.
        max_symbolic_characters: of all text, LaTeX and MathML of one answer.
        symbolic_seconds: wall-clock time of one answer.
        simplify_seconds: of it, for shortening.
    """

    max_symbolic_operations: int = 500
    max_symbolic_characters: int = 1_000_000
    symbolic_seconds: float = 6.0
    simplify_seconds: float = 2.0


_AGAIN_SECONDS = 0.25
_MAX_WEIGHED = 20_000
"""Characters beyond which lengths are not told apart."""


class _Alarm(BaseException):
    """Time is up. No Exception, so that nothing in SymPy takes it for its own."""


def check_size(recorded: tape.Tape, limits: Limits) -> None:
    """Refuse a function that is too large to be written out.

    Raises:
        errors.TooComplex: over ``max_symbolic_operations``.
    """
    most = limits.max_symbolic_operations
    sizes = [0] * recorded.leaves
    for _, operands in recorded.code:
        sizes.append(min(most + 1, 1 + sum(sizes[slot] for slot in operands)))
    if sizes[recorded.result] > most:
        raise errors.TooComplex(f"formulae are given for up to {most} operations, written out", field="expression")


def document(
    text: str,
    args: Sequence[str],
    argnums: Sequence[int],
    *,
    simplify: bool,
    texts: parsing.Limits,
    limits: Limits,
    shapes: Sequence[Sequence[int]] | None = None,
) -> dict[str, Any]:
    """Return the formulae of a function, ready for JSON.

    Args:
        text: the function.
        args: argument names in order.
        argnums: positions to differentiate by.
        simplify: whether to shorten.
        texts: bounds on the text.
        limits: bounds on the formulae.
        shapes: of the arguments, for a function that depends on them.

    Returns:
        ``function``, ``partials`` and ``simplified``, as /v1/symbolic answers them.

    Raises:
        errors.NotDifferentiable: a derivative has no name in the language.
        errors.TooComplex: the formulae are too long.
    """
    known = None if shapes is None else [tuple(shape) for shape in shapes]
    program = parsing.parse(text, args, shapes=known, limits=texts)
    sympy_cache.clear_cache()  # what was asked before must change neither memory nor answers
    answer = _answer(program, formulae.derive(program, argnums), simplify, limits)
    if _is_readable(answer, program.args, texts):
        return answer
    return _answer(program, formulae.derive(program, argnums, evaluate=False), simplify, limits)


def _answer(program: parsing.Program, derived: formulae.Formulae, simplify: bool, limits: Limits) -> dict[str, Any]:
    expressions = [derived.function, *(partial.expression for partial in derived.partials)]
    shortened = simplify and derived.evaluated and _shorten(expressions, derived, limits)
    writer = _Writer(program.args, derived, limits.max_symbolic_characters)
    function, *written = [writer.write(expression) for expression in expressions]
    partials: list[dict[str, Any]] = [
        {"arg": program.args[partial.argument], "index": list(partial.indices) or None, **forms}
        for partial, forms in zip(derived.partials, written, strict=True)
    ]
    return {"function": function, "partials": partials, "simplified": shortened}


def _is_readable(answer: dict[str, Any], args: Sequence[str], texts: parsing.Limits) -> bool:
    """Return whether no evaluation has made a constant that the language refuses, acosh(0) of acosh(0*x)."""
    with contextlib.suppress(errors.TooComplex):
        try:
            for form in (answer["function"], *answer["partials"]):
                parsing.parse(form["text"], args, limits=texts)
        except errors.BadConstant:
            return False
    return True


def _shorten(expressions: list[Any], derived: formulae.Formulae, limits: Limits) -> bool:
    """Shorten expressions in place; return whether there was time for all of them."""
    letters: Mapping[Any, printing.Leaf] = defaultdict(lambda: (0, ()))
    read = views.formula_reader(letters, decimals=derived.decimals, ordered=True)
    style = printing.Text(["x"])

    def weigh(expression: Any) -> float:
        try:
            return len(printing.write(expression, read, style, _MAX_WEIGHED))
        except printing.TooLong:
            return float("inf")

    clock = _Clock(limits.simplify_seconds)
    for index, expression in enumerate(expressions):
        expressions[index] = shortening.shorten(expression, weigh, clock.attempt)
    return not clock.expired


class _Clock:
    """Lets rewritings run for a time, all of them together and each of them.

    Attributes:
        expired: whether one of them ran out of it.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._each = seconds / 4
        self.expired = False

    def attempt(self, rewriting: shortening.Rewriting, expression: Any) -> Any:
        """Return what a rewriting makes, or raise TimeoutError."""
        seconds = min(self._each, self._end - time.monotonic())
        if seconds > 0:
            with contextlib.suppress(_Alarm), _alarm(seconds):
                return rewriting(expression)
        self.expired = True
        raise TimeoutError


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise _Alarm in the main thread when the time is up, again and again in case something swallows it."""
    armed = [True]

    def ring(_number: int, _frame: object) -> None:
        if armed[0]:
            raise _Alarm

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        armed[0] = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Writer:
    """Writes expressions in every form, to a bounded length in all."""

    def __init__(self, args: Sequence[str], derived: formulae.Formulae, limit: int) -> None:
        leaves = derived.leaves
        self._read = views.formula_reader(leaves, decimals=derived.decimals, ordered=derived.evaluated)
        self._text = printing.Text(args)
        self._latex = markup.Latex(args, leaves.values())
        self._mathml = markup.MathML(args, leaves.values())
        self._limit = self._left = limit

    def write(self, expression: Any) -> dict[str, str]:
        return {
            "text": self._form(expression, self._text),
            "latex": self._form(expression, self._latex),
            "mathml": markup.MathML.document(self._form(expression, self._mathml)),
        }

    def _form(self, expression: Any, style: printing.Style) -> str:
        try:
            written = printing.write(expression, self._read, style, self._left)
        except printing.TooLong:
            detail = f"the formulae have more than {self._limit} characters"
            raise errors.TooComplex(detail, hint="ask for fewer argnums", field="expression") from None
        self._left -= len(written)
        return written
