"""A row of the collection: what the book says of one problem."""

from collections.abc import Sequence

from tests.correctness.fits import Array, Bound, Problem

# fmt: off
_AT_START = {
    1: 909, 2: 909, 3: 1.00081, 4: 3.3235677, 5: 1, 6: 4.84, 7: -0.39056209, 9: 0, 10: -20, 11: -24.98, 12: 0,
    13: 20, 14: 1, 15: 909, 16: 909, 17: 909, 18: 4.04, 19: -1808.8583, 20: 909, 21: -98.99, 22: 1, 23: 10,
    24: -0.01336459, 25: 32.835, 26: 21.16, 27: 4.01, 28: 13, 29: -1, 30: 3, 31: 19, 32: 7.2, 33: -3, 34: 0,
    35: 2.25, 36: -1000, 37: -1000, 38: 19192, 39: -2, 40: -0.4096, 41: -6, 42: 14, 43: 0, 44: 0, 45: 1.7333333,
    46: 3.3376263, 47: 20.738077, 48: 84, 49: 266.00006, 50: 7516, 51: 8.5, 52: 42, 53: 6, 54: -0.76509929, 55: 6,
    56: -1, 57: 0.030798602, 59: 86.878999, 60: 1, 61: 0, 62: -25698.301, 63: 976, 64: 266035, 65: 136.11111,
    66: 0.58, 68: -0.26184112, 69: -631.35268, 70: 0.98185961, 71: 16, 72: 5, 73: 130.8, 74: 0, 75: 0, 76: -1.25,
    77: 4, 78: -6, 79: 1, 80: 0.00033546263, 81: -0.49966454, 83: -32217.431, 84: -2351243.5, 86: 20, 93: 137.06644,
    95: 0, 96: 0, 97: 0, 98: 0, 100: 714, 101: 2205.8684, 102: 2206.8885, 103: 2208.8859, 104: 3.6573657,
    106: 15000, 108: 0, 110: -43.134337, 111: -21.014539, 112: -20.960285, 113: 753, 114: -872.3872, 117: 2400.1053,
    119: 566766,
}
"""The objective at the start, by number, computed from others' forms of the problems (59, 70, 84: from these)."""
# fmt: on


def row(
    number: int,
    expression: str,
    start: tuple[float, ...],
    minima: float | tuple[float, ...],
    low: Bound = None,
    high: Bound = None,
    *,
    ineq: Sequence[str] = (),
    eq: Sequence[str] = (),
    **data: Array,
) -> Problem:
    """Return a row; its arguments are x1, x2, ..., or one array x if the text has no x1."""
    constraints = (*(("ineq", text) for text in ineq), *(("eq", text) for text in eq))
    numbered = "x1" in expression
    names = [f"x{i}" for i in range(1, len(start) + 1)] if numbered else ["x"]
    starts = dict(zip(names, start, strict=True)) if numbered else {"x": start}
    bounds = {}
    for place, name in enumerate(names):
        pair = tuple(ends[place] if numbered and isinstance(ends, tuple) else ends for ends in (low, high))
        if pair != (None, None):
            bounds[name] = (pair[0], pair[1])
    return Problem(
        f"HS{number}",
        expression,
        (starts,),
        minima if isinstance(minima, tuple) else (minima,),
        data,
        bounds,
        constraints,
        start_values=(_AT_START[number],),
    )
