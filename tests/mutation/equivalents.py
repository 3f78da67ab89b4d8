"""Changes that mean the same, or that no test can tell: they are not counted.

A row has the file, the text of the changed line, the change, and why no test fails.
"""

from __future__ import annotations

EQUIVALENTS: tuple[tuple[str, str, str, str], ...] = ()
