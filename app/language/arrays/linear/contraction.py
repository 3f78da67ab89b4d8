"""Einstein's summation of any number of arrays: pairs of them, one after the other.

Its letters are checked here, and all that the primitive ``einsum`` has not is written out: an index that one operand
has twice (its diagonal), "..." (letters of their own), an axis of length 1 (no axis), and the result that is not given
(letters that occur once, in alphabetical order).
"""

from __future__ import annotations

import itertools
import math
import string
from collections import Counter
from collections.abc import Sequence

from app import errors
from app.language.arrays.call import ArrayCall, VariadicWord
from app.language.arrays.words import reductions
from app.language.expression.values import Value

_FORM = 'write einsum("ij,jk->ik", A, B)'

Operand = tuple[str, Value]
"""The letters of an array's axes, and the array."""


def einsum(call: ArrayCall, operands: list[Value]) -> Value:
    """Return numpy.einsum; the first operand holds the subscripts."""
    if operands[0].kind != "text":
        raise errors.SyntaxRejected("einsum begins with its subscripts, a string", hint=_FORM, offset=call.offset)
    arrays = call.numbers(*[call.builder.array(each, call.offset) for each in operands[1:]])
    terms, result = _subscripts(call, operands[0].text, arrays)
    sizes = _sizes(call, terms, arrays)
    reduced = [_reduced(call, *each, sizes) for each in zip(terms, arrays, strict=True)]
    while len(reduced) > 1:
        reduced = _contracted(call, reduced, result, sizes)
    letters, found = reduced[0]
    found = reductions.total(call, found, tuple([at for at, letter in enumerate(letters) if letter not in result]))
    kept = [letter for letter in letters if letter in result]
    order = [letter for letter in result if letter in kept]
    found = call.emit("transpose", (tuple([kept.index(letter) for letter in order]),), found)
    return call.reshape(found, tuple([sizes[letter] for letter in result]))


def _refused(call: ArrayCall, what: str) -> errors.BadShape:
    return call.bad_shape(f"einsum: {what}")


def _subscripts(call: ArrayCall, text: str, arrays: Sequence[Value]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the result."""
    operands, arrow, result = text.replace(" ", "").partition("->")
    terms = operands.split(",")
    if len(terms) != len(arrays):
        raise _refused(call, f"subscripts of {len(terms)} operand(s) for {len(arrays)}")
    if any(set(term.replace("...", "", 1)) - set(string.ascii_letters) for term in (*terms, result)):
        hint = "letters, commas, '...' and '->'"
        raise errors.SyntaxRejected("subscripts of einsum are not of this form", hint=hint, offset=call.offset)
    free = "".join([letter for letter in reversed(string.ascii_letters) if letter not in text])
    rest = [len(array.shape) - len(term.replace("...", "")) for term, array in zip(terms, arrays, strict=True)]
    longest = max([count for count, term in zip(rest, terms, strict=True) if "..." in term], default=0)
    others = free[: max(longest, 0)]
    if longest > len(free):
        raise _refused(call, "too many letters")
    for at, (term, count) in enumerate(zip(terms, rest, strict=True)):
        if count < 0 or (count and "..." not in term):
            raise _refused(call, f"'{term}' for an array of shape {list(arrays[at].shape)}")
        terms[at] = term.replace("...", others[len(others) - count :])
    if not arrow:
        counts = Counter("".join(terms))
        result = "..." + "".join(sorted([each for each in counts if counts[each] == 1 and each not in others]))
    result = result.replace("...", others)
    if len(set(result)) < len(result) or set(result) - set("".join(terms)):
        raise _refused(call, "a letter of the result stands there twice or in no operand")
    return terms, result


def _sizes(call: ArrayCall, terms: Sequence[str], arrays: Sequence[Value]) -> dict[str, int]:
    """Return the length of each index; axes of length 1 are broadcast."""
    sizes: dict[str, int] = {}
    for term, array in zip(terms, arrays, strict=True):
        for letter, size in zip(term, array.shape, strict=True):
            known = sizes.setdefault(letter, size)
            if known != size and 1 not in (known, size):
                raise _refused(call, f"an index has the lengths {known} and {size}")
            sizes[letter] = size if known == 1 else known
    return sizes


def _reduced(call: ArrayCall, term: str, array: Value, sizes: dict[str, int]) -> Operand:
    """Return an operand without axes of length 1, and with each letter once."""
    kept = [at for at, size in enumerate(array.shape) if size != 1]
    array = call.reshape(array, tuple([array.shape[at] for at in kept]))
    letters = "".join([term[at] for at in kept])
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            letters, array = _diagonal(call, letters, array, letter, sizes[letter])
    return letters, array


def _diagonal(call: ArrayCall, letters: str, array: Value, letter: str, size: int) -> Operand:
    """Return the elements whose first two indices of a letter are equal; their axis becomes the last."""
    first = letters.index(letter)
    second = letters.index(letter, first + 1)
    others = [at for at in range(len(letters)) if at not in (first, second)]
    moved = call.emit("transpose", ((*others, first, second),), array)
    shape = moved.shape[:-2]
    flat = call.reshape(moved, (*shape, size * size))
    places = [*[(0, each, 1) for each in shape], (0, size, size + 1)]
    return "".join([letters[at] for at in others]) + letter, call.emit("slice", tuple(places), flat)


def _contracted(call: ArrayCall, operands: list[Operand], result: str, sizes: dict[str, int]) -> list[Operand]:
    """Return operands of which two are replaced by their product: the two that leave the least to store."""

    def kept(first: int, second: int) -> str:
        own = dict.fromkeys(operands[first][0] + operands[second][0])
        rest = "".join([letters for at, (letters, _) in enumerate(operands) if at not in (first, second)])
        return "".join([letter for letter in own if letter in result or letter in rest])

    def cost(pair: tuple[int, int]) -> tuple[int, int]:
        own = {*operands[pair[0]][0], *operands[pair[1]][0]}
        stored = [math.prod([sizes[letter] for letter in operands[at][0]]) for at in pair]
        after = math.prod([sizes[letter] for letter in kept(*pair)])
        return after - sum(stored), math.prod([sizes[letter] for letter in own])

    first, second = min(itertools.combinations(range(len(operands)), 2), key=cost)
    letters = kept(first, second)
    if len(operands) == 2:
        own = operands[first][0] + operands[second][0]
        letters = "".join([letter for letter in result if letter in own])
    others = [each for at, each in enumerate(operands) if at not in (first, second)]
    return [*others, (letters, _pair(call, operands[first], operands[second], letters))]


def _pair(call: ArrayCall, first: Operand, second: Operand, result: str) -> Value:
    """Return the product of two operands; a number beside an array is a factor."""
    (left, x), (right, y) = first, second
    if left and right:
        return call.emit("einsum", (f"{left},{right}->{result}",), x, y)
    letters = left or right
    found = call.mul(x, y)
    found = reductions.total(call, found, tuple([at for at, letter in enumerate(letters) if letter not in result]))
    kept = [letter for letter in letters if letter in result]
    return call.emit("transpose", (tuple([kept.index(letter) for letter in result]),), found)


VARIADIC: dict[str, VariadicWord] = {"einsum": einsum}
