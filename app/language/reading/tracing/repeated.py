"""What an expression repeats, item by item: comprehensions, and the series ``Sum`` and ``Product``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.language.arrays.call import ArrayCall
from app.language.arrays.words import reductions
from app.language.expression.values import Value
from app.language.grammar import stack_code
from app.language.reading import functions
from app.language.reading.calls import selections

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Names = dict[str, Value]

_MANY = 10**9
"""More steps than any limit allows; a longer range is charged as this many."""


def comprehension(tracer: Tracer, code: stack_code.Comprehension, names: Names, offset: int) -> Value:
    """Return the list of a comprehension, of which the point may choose some."""
    return selections.filtered(tracer.builder, list(_items(tracer, code, code.clauses, names, offset)), offset)


def _items(
    tracer: Tracer,
    comprehension: stack_code.Comprehension,
    left: Sequence[stack_code.Clause],
    names: Names,
    offset: int,
) -> Iterator[selections.Item]:
    """Yield the values of a comprehension's body, and the conditions for each, the first clause outermost."""
    builder, body = tracer.builder, comprehension.body
    if not left:
        yield tracer.rerun(body, names, offset), ()
        return
    clause, *rest = left
    if not clause.conditions:
        foresee(tracer, clause.items, len(body), names, offset)
    values = selections.items(builder, tracer.rerun(clause.items, names, offset), offset)
    builder.charge(len(values) + len(names), offset)
    if not clause.conditions:
        builder.foresee(len(values) * len(body), offset)
    inner = functions.within(names, stack_code.names_of(clause.pattern), tracer.scopes)
    with tracer.deeper():
        for item, kept in values:
            tracer.bind(clause.pattern, item, inner, offset)
            runs = (tracer.rerun(test, inner, offset) for test in clause.conditions)
            tests = selections.tests(builder.decision(found, offset) for found in runs)
            if tests is not None:
                for value, more in _items(tracer, comprehension, rest, inner, offset):
                    yield value, (*kept, *tests, *more)
    names.update({name: inner[name] for name in stack_code.bound_in(comprehension) if name in inner})


def foresee(tracer: Tracer, items: stack_code.Code, steps: int, names: Names, offset: int) -> None:
    """Refuse so many steps for each item of a range, before the items are made."""
    call = items[-1]
    if isinstance(call, stack_code.Apply) and call.name == "range" and "range" not in names and not call.keywords:
        ends = [tracer.rerun(code, names, offset).constant for code in stack_code.operand_codes(items)]
        if all(type(end) is int for end in ends) and 1 <= len(ends) <= 3 and 0 not in ends[2:]:
            first, last, step = (0, ends[0], 1) if len(ends) == 1 else (*ends, 1)[:3]
            tracer.builder.foresee(steps * max(0, (last - first) // step), offset)


def series(tracer: Tracer, code: stack_code.Series, names: Names, offset: int) -> Value:
    """Return the sum or product of a series."""
    return _total(tracer, code, code.bounds, names, offset)


def _total(
    tracer: Tracer, series: stack_code.Series, left: Sequence[stack_code.Bounds], names: Names, offset: int
) -> Value:
    """Return the sum or product of a series' body, the last of the bounds outermost."""
    if not left:
        return tracer.rerun(series.body, names, offset)
    builder = tracer.builder
    *outer, bounds = left
    ends = [tracer.rerun(code, names, offset) for code in (bounds.first, bounds.last)]
    first, last = (builder.integer(end, offset, "a bound of a series") for end in ends)
    # As SymPy (Karr's convention): a series whose bounds run backwards is negated, or inverted for a product.
    backwards = last < first - 1
    if backwards:
        first, last = last + 1, first - 1
    builder.charge(min(last + 1 - first, _MANY) + len(names), offset)
    builder.foresee((last + 1 - first) * len(series.body), offset)
    inner, terms = functions.within(names, (bounds.name,), tracer.scopes), []
    with tracer.deeper():
        for index in range(first, last + 1):
            inner[bounds.name] = builder.leaf(index)
            terms.append(_total(tracer, series, outer, inner, offset))
    is_sum = series.word.rpartition(".")[2] in {"Sum", "summation"}
    call = ArrayCall(builder, series.word, {}, offset)
    total = reductions.of_list(call, "add" if is_sum else "multiply", terms)
    if not backwards:
        return total
    return builder.call("negative" if is_sum else "reciprocal", [total], offset)
