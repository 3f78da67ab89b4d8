"""Texts as people paste them, respelled before they are read: prompts, Unicode signs, formulae of spreadsheets.

``pasted`` drops what surrounds a text, ``characters`` replaces signs, ``spreadsheet`` names written in upper case.
"""

__all__ = ["characters", "pasted", "spreadsheet"]
