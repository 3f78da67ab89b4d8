"""Functions to source files of other languages: value and gradient as code that needs nothing of this service.

In comes the text of a function; out comes one file. ``source`` is the whole way: the function and its derivatives are
recorded as one tape, ``expansion`` writes it in the words that a language has, ``printing`` prints it, and a language
of ``languages`` puts it into a file. A word that a language lacks is a function of the file, made from a definition in
``definitions`` (recorded by ``tracing``); without a definition the function is refused. ``forms`` says how a word is
written, ``arrays`` how a primitive is, ``names`` how a name, a number and a comment are. ``signs`` finds what is surely
finite, so that products need no guard. ``language`` and ``program`` have the values that stages hand on.
"""

__all__ = ["languages", "source"]
