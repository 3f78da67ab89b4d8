"""Changes that mean the same, or that no test can tell: they are not counted.

A row has the file, the text of the changed line, the change, and why no test fails.
"""

from __future__ import annotations

EQUIVALENTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "app/language/vocabulary/distributions/names.py",
        'if prefix not in PREFIXES or name.partition(".")[0] in variables:',
        "0  ->  (1)",
        "The reader takes norm.pdf for a method where norm is a variable, and refuses it before a name is looked up.",
    ),
    (
        "app/environment.py",
        "wrong += map(_line, error.errors(include_input=False, include_url=False))",
        "False  ->  (True)",
        "The line that is printed is made of neither the input nor the address.",
    ),
    (
        "app/api/http/repeated_requests.py",
        "if len(raw) > _MOST_BYTES:",
        "len(raw) > _MOST_BYTES  ->  (len(raw) >= _MOST_BYTES)",
        "A body of this very length is answered alike when it is read as a whole.",
    ),
    (
        "app/engine/fits/least_squares.py",
        "continue  # MINPACK wants a residual for each parameter",
        "continue  ->  break",
        "lm is the last of the methods that are tried.",
    ),
    (
        "app/language/lowering/walk.py",
        'return lambda cells: builder.sum(cells, "+" * len(cells), 0)',
        "0  ->  (1)",
        "Its place is that of no refusal: the constants of a sum are folded when the text is read.",
    ),
)
