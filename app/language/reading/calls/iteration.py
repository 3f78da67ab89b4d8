"""Python's ways through items whose number is known: ``itertools``, records, trees of arrays, ``max`` by a key."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.expression.values import NONE, NeedsShapes, Value, list_of, tuple_of
from app.language.grammar import stack_code
from app.language.reading import records
from app.language.reading.calls import selections, types
from app.language.vocabulary import words

if TYPE_CHECKING:
    from app.language.reading.tracing.tracer import Tracer

Items = Sequence[Value]
Options = Mapping[str, Value]


def _count(tracer: Tracer, operands: Items, options: Options, name: str, offset: int) -> tuple[Items, int | None]:
    """Return the items of the first operand, and the number that is the second or has this name."""
    given = [*operands[1:], *options.values()]
    if not operands or len(given) > 1 or any(option != name for option in options):
        raise errors.BadArity("it takes items and a number", hint=f"write (items, {name})", offset=offset)
    items = tracer.builder.items(operands[0], offset)
    return items, tracer.builder.integer(given[0], offset, name) if given else None


def _tuples(tracer: Tracer, found: Iterator[tuple[Value, ...]], offset: int) -> Value:
    items = []
    for each in found:
        tracer.builder.charge(1 + len(each), offset)
        items.append(tuple_of(each))
    return list_of(items)


def _chosen(choose: Callable[[Items, int], Iterator[tuple[Value, ...]]]) -> _Way:
    def run(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
        items, size = _count(tracer, operands, options, "r", offset)
        return _tuples(tracer, choose(items, len(items) if size is None else size), offset)

    return run


def _product(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    repeat = tracer.builder.integer(options["repeat"], offset, "repeat") if set(options) == {"repeat"} else 1
    if options and set(options) != {"repeat"}:
        raise errors.BadArity("product takes items and repeat=", offset=offset)
    columns = [tracer.builder.items(each, offset) for each in operands]
    tracer.builder.charge(len(columns) * max(repeat, 0), offset)
    return _tuples(tracer, itertools.product(*columns, repeat=max(repeat, 0)), offset)


def _pairwise(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    items, _ = _count(tracer, operands, options, "", offset)
    return _tuples(tracer, itertools.pairwise(items), offset)


def _chain(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    if options:
        raise errors.BadArity("chain takes items", offset=offset)
    return list_of([item for each in operands for item in tracer.builder.items(each, offset)])


def _accumulate(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    if len(operands) not in {1, 2} or set(options) - {"initial", "func"}:
        raise errors.BadArity("accumulate takes items, a function and initial=", offset=offset)
    function = operands[1] if len(operands) == 2 else options.get("func")
    found = [options["initial"]] if "initial" in options else []
    for item in tracer.builder.items(operands[0], offset):
        tracer.builder.charge(1, offset)
        if not found:
            found.append(item)
        elif function is None:
            found.append(tracer.apply(words.BY_NAME["add"], "accumulate", [found[-1], item], {}, offset))
        else:
            found.append(tracer.call(function, [found[-1], item], {}, offset))
    return list_of(found)


def _first(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    items = tracer.builder.items(operands[0], offset)
    if options or len(operands) > 2 or not (items or operands[1:]):
        raise errors.BadArity("next takes items, of which there is one, and a default", offset=offset)
    return items[0] if items else operands[1]


def _filter(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    if len(operands) != 2 or options:
        raise errors.BadArity("filter takes a function and items", hint="write filter(f, items)", offset=offset)
    function, given = operands
    found: list[selections.Item] = []
    for item in tracer.builder.items(given, offset):
        tracer.builder.charge(1, offset)
        test = item if function.kind == "none" else tracer.call(function, [item], {}, offset)
        conditions = selections.tests([tracer.builder.decision(test, offset)])
        if conditions is not None:
            found.append((item, conditions))
    return selections.filtered(tracer.builder, found, offset)


def _ordered(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    """Return ``sorted(items, key=f, reverse=True)``; what ``key`` gives is known from the text."""
    if len(operands) != 1 or set(options) - {"key", "reverse"}:
        raise errors.BadArity("sorted takes items, key= and reverse=", hint="write sorted(items)", offset=offset)
    backwards = (
        bool(tracer.builder.integer(tracer.builder.number(options["reverse"], offset), offset, "reverse"))
        if "reverse" in options
        else False
    )
    if options.get("key", NONE).kind == "none":
        found = tracer.apply(words.BY_NAME["sort"], "sorted", operands, {}, offset)
        return list_of(tracer.builder.items(found, offset)[:: -1 if backwards else 1])
    items = tracer.builder.items(operands[0], offset)
    keys = [tracer.builder.single(tracer.call(options["key"], [item], {}, offset), offset).constant for item in items]
    if any(key is None for key in keys):
        hint = "write sorted(items) for numbers in ascending order, or sort by a key that is known"
        raise errors.SyntaxRejected("the order depends on the point", hint=hint, offset=offset)
    tracer.builder.charge(len(items), offset)
    order = sorted(range(len(items)), key=lambda index: keys[index], reverse=backwards)
    return list_of([items[index] for index in order])


def _leaves(value: Value) -> Iterator[Value]:
    if value.kind in {"tuple", "dict"}:
        for item in value.items:
            yield from _leaves(item)
    elif value.kind != "none":
        yield value


def _tree_leaves(_tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    if len(operands) != 1 or options:
        raise errors.BadArity("tree_leaves takes one tree", offset=offset)
    return list_of(list(_leaves(_sorted(operands[0], offset))))


def _sorted(value: Value, offset: int) -> Value:
    """Return a tree whose dicts are in the order of their keys, as JAX goes through them."""
    if value.kind not in {"tuple", "dict"}:
        return value
    items = [_sorted(item, offset) for item in value.items]
    if value.kind == "dict":
        if not all(isinstance(key, str) for key in value.function):
            raise errors.SyntaxRejected("the keys of a tree are strings", hint="write dict(a=x)", offset=offset)
        items = [item for _, item in sorted(zip(value.function, items, strict=True), key=lambda pair: pair[0])]
    return tuple_of(items)


def _tree_map(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    if len(operands) < 2 or options:
        raise errors.BadArity("tree.map takes a function and trees", offset=offset)
    function, *trees = operands

    def mapped(values: Items) -> Value:
        first = values[0]
        if first.kind not in {"tuple", "dict"}:
            return tracer.call(function, values, {}, offset)
        if any(each.kind != first.kind or len(each.items) != len(first.items) for each in values):
            raise errors.BadShape("the trees have different structures", offset=offset)
        found = tuple_of([mapped(column) for column in zip(*[each.items for each in values], strict=True)], first.kind)
        found.is_list, found.function, found.text = first.is_list, first.function, first.text
        return found

    return mapped(trees)


def _has_items(is_count: Callable[[int, int], bool], tracer: Tracer, operands: Items, _: Options, offset: int) -> Value:
    """Return whether a list has so many items, for the pattern of a ``match``."""
    value, number = operands
    if value.kind == "argument" or (value.shape and not value.listed):
        what = "an array is matched by its shape"
        raise errors.SyntaxRejected(what, hint="write match X.shape:, or if and elif", offset=offset)
    is_list = value.kind == "tuple" or value.listed
    count = len(tracer.builder.items(value, offset)) if is_list else -1
    return tracer.builder.truth(is_count(count, tracer.builder.integer(number, offset)))


def _slice(_: Tracer, operands: Items, options: Options, offset: int) -> Value:
    if options or not 1 <= len(operands) <= 3:
        raise errors.BadArity("slice takes start, stop and step", hint="write x[1:3]", offset=offset)
    start, stop, step = [*operands, NONE] if len(operands) == 2 else [NONE, *operands, NONE][:3]
    return tuple_of(operands if len(operands) == 3 else [start, stop, step], "slice")


def _indexed(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    """Return ``np.ndenumerate(X)``: pairs of the indices of an element and the element."""
    if len(operands) != 1 or options:
        raise errors.BadArity("ndenumerate takes an array", hint="write np.ndenumerate(X)", offset=offset)
    builder = tracer.builder
    if builder.shapes is None:
        raise NeedsShapes

    def found(value: Value, indices: tuple[Value, ...], rank: int) -> Iterator[tuple[Value, ...]]:
        if not rank:
            yield tuple_of(indices), value
            return
        for index, item in enumerate(builder.items(value, offset)):
            yield from found(item, (*indices, builder.leaf(index)), rank - 1)

    array = builder.array(operands[0], offset)
    return _tuples(tracer, found(array, (), len(array.shape)), offset)


def _indices(tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    """Return ``np.ndindex(n, m)``: the indices of every element of an array of this shape."""
    if options or not operands:
        raise errors.BadArity("ndindex takes a shape", hint="write np.ndindex(n, m)", offset=offset)
    builder = tracer.builder
    shape = operands if operands[0].kind != "tuple" or len(operands) > 1 else operands[0].items
    ranges = [range(max(0, builder.integer(each, offset))) for each in shape]
    builder.charge(math.prod(map(len, ranges)), offset)
    return _tuples(tracer, (tuple(map(builder.leaf, each)) for each in itertools.product(*ranges)), offset)


_Way = Callable[["Tracer", Items, Options, int], Value]

WAYS: dict[str, _Way] = {
    "itertools.combinations": _chosen(itertools.combinations),
    "itertools.permutations": _chosen(itertools.permutations),
    "itertools.combinations_with_replacement": _chosen(itertools.combinations_with_replacement),
    "itertools.product": _product,
    "itertools.pairwise": _pairwise,
    "itertools.chain": _chain,
    "itertools.accumulate": _accumulate,
    **types.ASKED,
    stack_code.FIRST: _first,
    stack_code.EXACTLY: functools.partial(_has_items, operator.eq),
    stack_code.AT_LEAST: functools.partial(_has_items, operator.ge),
    "filter": _filter,
    "slice": _slice,
    **dict.fromkeys(("np.ndenumerate", "numpy.ndenumerate"), _indexed),
    **dict.fromkeys(("np.ndindex", "numpy.ndindex"), _indices),
    **dict.fromkeys(("namedtuple", "collections.namedtuple"), records.named),
    stack_code.METHODS: records.with_methods,
    stack_code.INSTANCE: records.instance,
    stack_code.ATTRIBUTE: records.with_attribute,
    "dataclasses.replace": records.replaced,
    "dataclasses.asdict": records.as_dict,
    "dataclasses.astuple": records.as_tuple,
    **dict.fromkeys(("jax.tree.leaves", "jax.tree_util.tree_leaves", "jax.tree_leaves"), _tree_leaves),
    **dict.fromkeys(("jax.tree.map", "jax.tree_util.tree_map", "jax.tree_map", "jax.tree_multimap"), _tree_map),
}
"""Functions by their whole names."""


def _extreme(name: str, tracer: Tracer, operands: Items, options: Options, offset: int) -> Value:
    """Return ``max(items, key=f)`` or ``min``: the first item whose key is extreme."""
    if not operands or set(options) != {"key"}:
        raise errors.BadArity(f"{name} takes items and key=", hint=f"write {name}(items, key=abs)", offset=offset)
    key = options["key"]
    items = list(tracer.builder.items(operands[0], offset) if len(operands) == 1 else operands)
    if not items:
        raise errors.BadShape(f"{name} of nothing", offset=offset)
    found, most = items[0], tracer.call(key, items[:1], {}, offset)
    sign = (">",) if name == "max" else ("<",)
    for item in items[1:]:
        tracer.builder.charge(2, offset)
        own = tracer.call(key, [item], {}, offset)
        numbers = [tracer.builder.single(each, offset) for each in (own, most)]
        test = tracer.builder.compare(numbers, sign, offset)
        found, most = (tracer.choose(test, *pair, offset) for pair in ((item, found), (own, most)))
    return found


BY_KEY: dict[str, _Way] = {
    "max": functools.partial(_extreme, "max"),
    "min": functools.partial(_extreme, "min"),
    "sorted": _ordered,
}
"""Words that are Python's own with ``key=`` or ``reverse=``."""
