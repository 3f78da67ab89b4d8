"""The text of a function to its formulae: function and partial derivatives as text, LaTeX and MathML.

Runs in a worker process, which can be killed, because no step of SymPy can be bounded from within. Simplification has a
time limit of its own, an alarm in this process; an expression that is not finished when the alarm rings stays as it
was.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy.core import cache as sympy_cache

from app import errors
from app.autodiff import tape
from app.autodiff.symbolic import differentiate, display, notation, partials, printers, simplifier
from app.language import parse
from app.language.expression.result import Expression
from app.language.limits import TextLimits


@dataclass(frozen=True, slots=True)
class FormulaLimits:
    """Bounds on formulae; ``simplify_seconds`` is part of ``symbolic_seconds``, the wall-clock time of one answer."""

    max_symbolic_operations: int = 500  # of the function; a subexpression that is used twice counts twice
    max_symbolic_characters: int = 1_000_000  # text, LaTeX and MathML of one answer, together
    symbolic_seconds: float = 6.0
    simplify_seconds: float = 2.0


_REPEAT_SECONDS = 0.25  # interval of the alarm after it has rung once, in case SymPy has swallowed the exception
_MAX_WEIGHED = 20_000  # characters from which an expression counts as infinitely long


class _Alarm(BaseException):
    """Time is up. Not an Exception, so that no handler in SymPy catches it."""


def check_size(recorded: tape.Tape, limits: FormulaLimits) -> None:
    """Raise ``errors.TooComplex`` for a function with more than ``max_symbolic_operations``."""
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
    texts: TextLimits,
    limits: FormulaLimits,
    shapes: Sequence[Sequence[int]] | None = None,
) -> dict[str, Any]:
    """Return ``function``, ``partials`` and ``simplified`` of the answer of /v1/symbolic, ready for JSON.

    ``shapes`` are those of the arguments, for a function that depends on them.

    Raises:
        errors.NotDifferentiable: a derivative has no name in the language.
        errors.TooComplex: the formulae are too long.
    """
    if shapes is None:
        parsed = parse.parse(text, args, limits=texts, partials=partials.text)
    else:
        function = parse.read(text, args, limits=texts, partials=partials.text)
        parsed = function.at([tuple(shape) for shape in shapes], whole=False)
    sympy_cache.clear_cache()  # earlier requests must change neither memory nor answers
    answer = _answer(parsed, differentiate.derive(parsed, argnums), simplify, limits)
    if _is_readable(answer, parsed.args, texts):
        return answer
    return _answer(parsed, differentiate.derive(parsed, argnums, evaluate=False), simplify, limits)


def _answer(
    parsed: Expression, derived: differentiate.SymbolicGradient, simplify: bool, limits: FormulaLimits
) -> dict[str, Any]:
    expressions = [derived.function, *(partial.expression for partial in derived.partials)]
    shortened = simplify and derived.evaluated and _shorten(expressions, derived, limits)
    writer = _Writer(parsed.args, derived, limits.max_symbolic_characters)
    function, *written = [writer.write(expression) for expression in expressions]
    partials: list[dict[str, Any]] = [
        {"arg": parsed.args[partial.argument], "index": list(partial.indices) or None, **forms}
        for partial, forms in zip(derived.partials, written, strict=True)
    ]
    return {"function": function, "partials": partials, "simplified": shortened}


def _is_readable(answer: dict[str, Any], args: Sequence[str], texts: TextLimits) -> bool:
    """Return whether the formulae parse. Evaluation may make a constant that the language refuses, as of acosh(0*x)."""
    with contextlib.suppress(errors.TooComplex):
        try:
            for form in (answer["function"], *answer["partials"]):
                parse.parse(form["text"], args, limits=texts)
        except errors.BadConstant:
            return False
    return True


def _shorten(expressions: list[Any], derived: differentiate.SymbolicGradient, limits: FormulaLimits) -> bool:
    """Simplify expressions in place; return whether the time sufficed for all of them."""
    letters: Mapping[Any, tape.Leaf] = defaultdict(lambda: (0, ()))
    read = display.formula_reader(letters, decimals=derived.decimals, ordered=True)
    printer = printers.Text(["x"])

    def weigh(expression: Any) -> float:
        try:
            return len(printers.write(expression, read, printer, _MAX_WEIGHED))
        except printers.TooLong:
            return float("inf")

    clock = _Clock(limits.simplify_seconds)
    for index, expression in enumerate(expressions):
        expressions[index] = simplifier.shorten(expression, weigh, clock.attempt)
    return not clock.expired


class _Clock:
    """Limits the time of rewritings: of each one, and of all together."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._each = seconds / 4
        self.expired = False  # whether a rewriting was stopped

    def attempt(self, rewriting: simplifier.Rewriting, expression: Any) -> Any:
        """Return the result of a rewriting, or raise TimeoutError."""
        seconds = min(self._each, self._end - time.monotonic())
        if seconds > 0:
            with contextlib.suppress(_Alarm), _alarm(seconds):
                return rewriting(expression)
        self.expired = True
        raise TimeoutError


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise _Alarm in the main thread when the time is up, repeatedly in case something swallows it.

    Finalizers and callbacks of the garbage collector swallow it: Python hands what they raise to sys.unraisablehook.
    """
    armed = [True]
    report = sys.unraisablehook

    def ring(_number: int, _frame: object) -> None:
        if armed[0]:
            raise _Alarm

    def report_others(unraisable: Any) -> None:
        if unraisable.exc_type is not _Alarm:
            report(unraisable)

    sys.unraisablehook = report_others
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT_SECONDS)
    try:
        try:
            yield
        finally:
            armed[0] = False  # the alarm may ring before this line: what is below is done nevertheless
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.unraisablehook = report


class _Writer:
    """Prints expressions in all three notations, with a bound on the length of everything together."""

    def __init__(self, args: Sequence[str], derived: differentiate.SymbolicGradient, limit: int) -> None:
        leaves = derived.leaves
        self._read = display.formula_reader(leaves, decimals=derived.decimals, ordered=derived.evaluated)
        self._text = printers.Text(args)
        self._latex = printers.Markup(notation.LATEX, args, leaves.values())
        self._mathml = printers.Markup(notation.MATHML, args, leaves.values())
        self._limit = self._left = limit

    def write(self, expression: Any) -> dict[str, str]:
        return {
            "text": self._form(expression, self._text),
            "latex": self._form(expression, self._latex),
            "mathml": printers.mathml_document(self._form(expression, self._mathml)),
        }

    def _form(self, expression: Any, printer: printers.Printer) -> str:
        try:
            written = printers.write(expression, self._read, printer, self._left)
        except printers.TooLong:
            detail = f"the formulae have more than {self._limit} characters"
            raise errors.TooComplex(detail, hint="ask for fewer argnums", field="expression") from None
        self._left -= len(written)
        return written
