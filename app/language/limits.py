"""Limits on a text."""

from __future__ import annotations

from dataclasses import dataclass

from app.language.expression import values
from app.language.grammar import lexer


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Limits on a text, checked before the cost is paid."""

    max_expression_bytes: int = 131_072  # in UTF-8
    max_arguments: int = 64
    max_nesting: int = 512  # brackets open at once
    max_operations: int = 65_536  # nodes of the expression, counted as binary operations
    max_steps: int = 500_000  # steps of all loops, instructions of their bodies, and cells gone through, in all
    max_loop_indices: int = 1_000_000  # of a loop that is read once and carries nothing from step to step
    max_carried_steps: int = 100_000  # of a loop that is read once and carries values
    max_name_length: int = lexer.MAX_NAME_LENGTH
    max_rank: int = values.MAX_RANK
    max_known_elements: int = 1_048_576  # of arrays known from the text; those that would be more are no constants
