"""Hints for refusals: ``details`` by what the refusal says, ``slips`` by what the text looks like.

They are looked up after a text is refused, so that reading knows nothing of them.
"""

__all__ = ["details", "slips"]
