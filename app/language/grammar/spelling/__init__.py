"""Texts as people paste them, respelled before they are read: prompts, Unicode signs, spreadsheets, LaTeX.

``pasted`` drops what surrounds a text, ``characters`` replaces signs, ``spreadsheet`` names written in upper case.
``latex`` makes tokens of the language of a formula in LaTeX.
"""

__all__ = ["characters", "latex", "pasted", "spreadsheet"]
