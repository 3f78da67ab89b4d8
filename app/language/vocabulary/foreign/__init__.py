"""Names of other languages and libraries, and what to write here instead.

``languages`` has those of R, Stan, MATLAB and Julia, ``notations`` those of spreadsheets, Mathematica, C, Fortran and
older notations, ``libraries`` those of Python and its libraries, ``reasons`` those that have no counterpart; ``lookup``
finds one. All of it is used only when a text is refused.
"""

__all__ = ["languages", "libraries", "lookup", "notations", "reasons"]
