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
)
