"""How many units in the last place each word and its derivatives are off, over its whole domain.

``python -m tests.correctness.accuracy --write`` measures every word at its points (``points``) against 50 digits
(``references``: ball arithmetic, or mpmath) and writes ``accuracy.tsv``. The tests hold the service to that file: no
word may be less accurate than it says, and ``docs/language.md`` publishes it.
"""
