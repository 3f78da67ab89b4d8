"""What a language is: its words, how it writes statements, and how a file of it is laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from app.export import forms, names
from app.export.forms import WordForm
from app.export.program import Layout, Place


@dataclass(frozen=True, slots=True)
class Syntax:
    """How numbers, conditions, temporaries and functions of one result are written.

    Attributes:
        infinity, nan: the literals.
        whole: whether 2.0 may be written 2.
        as_condition: the condition that a number is not 0.
        as_number: 1 if a condition holds, else 0.
        assign: a statement that names a number, {0} the name and {1} the expression.
        assign_condition: likewise for a condition.
        function: lines of a function of numbers, with {name}, {parameters}, {body} and {result}.
        parameter: a parameter in its head.
        comment: what a line of a comment begins with.
        unicode: whether names may have letters beyond ASCII.
        indent: of the lines of a function.
        keywords: names that no argument may have, beside those that the forms use.
    """

    infinity: str
    nan: str
    whole: bool
    as_condition: WordForm
    as_number: WordForm
    assign: str
    assign_condition: str
    function: str
    parameter: str
    comment: str
    unicode: bool
    keywords: str
    indent: str = "    "


@dataclass(frozen=True, slots=True)
class Language:
    """A language that files are written in.

    Attributes:
        name: as in requests; title: as in sentences.
        filename, media_type: of the file.
        words: forms of the words that the language has.
        syntax: how statements are written.
        requires: what a file needs to run.
        layout: puts a program into a file.
        element: how an element of an array argument is read.
        listed: how an entry of a list of gradients is read.
        entry: name of the function that gives value and gradient; hvp: of the one that gives the product.
        snippets: functions in the language itself that forms need, by name.
        careful: forms where a branch may be left: they must not raise an error.
        arrays: name of the module of whole arrays; empty if functions of arrays are written number by number.
        inline: whether there are no functions, so that every definition is written out.
    """

    name: str
    title: str
    filename: str
    media_type: str
    words: Mapping[str, WordForm]
    syntax: Syntax
    layout: Layout
    element: Place
    listed: Callable[[str, int, bool], str]
    requires: str = "nothing else"
    entry: str = "value_and_grad"
    hvp: str = "value_and_hvp"
    snippets: Mapping[str, str] = field(default_factory=dict)
    careful: Mapping[str, WordForm] = field(default_factory=dict)
    arrays: str = ""
    inline: bool = False

    @property
    def reserved(self) -> frozenset[str]:
        """Names that no argument may have."""
        syntax = self.syntax
        texts = [form.text for form in (*self.words.values(), *self.careful.values())]
        texts += [" ".join(self.snippets), syntax.as_number.text, syntax.keywords]
        found = frozenset[str]().union(*[forms.identifiers(text) for text in texts])
        return found | {self.entry, self.hvp, "value", "gradient", "product", "tangents"}

    def called(self, name: str) -> Language:
        """Return the language with another name of its functions and its file.

        Raises:
            errors.InvalidField: a function cannot have the name there.
        """
        names.check(name, self.reserved - {self.entry, self.hvp}, self.title)
        suffix = self.filename.rpartition(".")[2]
        return replace(self, entry=name, hvp=f"{name}_hvp", filename=f"{name}.{suffix}")
