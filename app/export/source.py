"""The text of a function to a source file: value and gradient, and perhaps Hessian-vector products.

Runs in a worker process, which can be killed: the sizes are bounded, and the time is too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import __version__, errors
from app.autodiff import reverse, tape
from app.autodiff.arrays import recording as array_recording
from app.autodiff.arrays import sweep, transforms
from app.autodiff.arrays.recorder import Recorder
from app.autodiff.arrays.tape import ArrayTape
from app.autodiff.symbolic import partials
from app.export import arrays, expansion, names, printing
from app.export import program as programs
from app.export.language import Language
from app.export.languages import stablehlo
from app.export.languages.table import LANGUAGES
from app.language import parse
from app.language.expression.result import Expression
from app.language.expression.values import NeedsWhole, Shape
from app.language.limits import TextLimits


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """Bounds on source files."""

    max_code_operations: int = 3000  # of the function
    max_code_characters: int = 1_000_000  # of one file
    max_code_data: int = 2000  # numbers of arguments that are bound to data, written into the file
    code_seconds: float = 10.0  # wall-clock time of one file


@dataclass(frozen=True, slots=True)
class Asked:
    """What a file is asked for.

    Attributes:
        text, args: the function.
        language: one of ``table.NAMES``.
        argnums: what to differentiate by, as positions among the arguments that are not bound; None for all.
        shapes: of the arguments that are not bound, or None where the text tells.
        hvp: whether the file gives Hessian-vector products, too.
        data: numbers of the bound arguments by name.
        name: of the function that gives value and gradient; None for that of the language.
    """

    text: str
    args: tuple[str, ...]
    language: str
    argnums: int | tuple[int, ...] | None = None
    shapes: tuple[Shape, ...] | None = None
    hvp: bool = False
    data: Mapping[str, Any] | None = None
    name: str | None = None


def document(asked: Asked, texts: TextLimits, limits: CodeLimits) -> dict[str, Any]:
    """Return ``language``, ``filename``, ``media_type``, ``entry`` and ``source``, ready for JSON.

    Raises:
        errors.Rejected: the function gives no number, is too large, or has a word that the language lacks; or the name
            is none of a function there.
    """
    taken = _AskedFunction.read(asked, texts, limits)
    if asked.language == stablehlo.NAME:
        _check_product(asked, stablehlo.TITLE, possible=False)
        _check_named(asked, stablehlo.TITLE)
        found = stablehlo.document(taken.whole(), taken.bound, taken.shapes, taken.wanted)
    else:
        language = LANGUAGES[asked.language]
        if language.inline:
            _check_named(asked, language.title)
        elif asked.name is not None:
            language = language.called(asked.name)
        members = {"language": language.name, "filename": language.filename, "media_type": language.media_type}
        found = members | {"entry": language.entry, "source": _written(taken, language)}
    if len(found["source"]) > limits.max_code_characters:
        raise errors.TooComplex(f"the file has more than {limits.max_code_characters} characters", field="expression")
    return found


def check_data(numbers: int, limits: CodeLimits) -> None:
    """Raise ``errors.TooComplex`` if the bound arguments have more numbers than a file may have."""
    if numbers > limits.max_code_data:
        detail = f"a file has at most {limits.max_code_data} numbers of data, and {numbers} are bound"
        raise errors.TooComplex(detail, hint="ask for a file of the function without its data")


@dataclass(frozen=True, slots=True)
class _AskedFunction:
    """A function that was read.

    Attributes:
        parsed: the function.
        shapes: of all arguments.
        bound: numbers of the bound arguments, by position.
        wanted: positions among all arguments of what to differentiate by.
        single: whether the derivative is that of one argument, not a list.
    """

    asked: Asked
    parsed: parse.ParsedFunction
    shapes: tuple[Shape, ...]
    bound: dict[int, np.ndarray]
    wanted: list[int]
    single: bool
    limits: CodeLimits

    @classmethod
    def read(cls, asked: Asked, texts: TextLimits, limits: CodeLimits) -> _AskedFunction:
        parsed = parse.read(asked.text, asked.args, limits=texts, partials=partials.text)
        bound = {parsed.args.index(name): np.asarray(given, float) for name, given in (asked.data or {}).items()}
        check_data(sum(each.size for each in bound.values()), limits)
        free = [position for position in range(len(parsed.args)) if position not in bound]
        given = _shapes(parsed, asked.shapes, free)
        shapes = tuple([bound[p].shape if p in bound else given[p] for p in range(len(parsed.args))])
        argnums = tuple(range(len(free))) if asked.argnums is None else asked.argnums
        single = isinstance(argnums, int)
        chosen = [argnums] if isinstance(argnums, int) else list(argnums)
        return cls(asked, parsed, shapes, bound, [free[each] for each in chosen], single, limits)

    @property
    def free(self) -> list[int]:
        return [position for position in range(len(self.shapes)) if position not in self.bound]

    def numbers(self) -> tape.Recording:
        """Return the function as a tape of numbers."""
        expression = self.parsed.expression
        if expression is None or any(
            rank is not None and rank != len(shape) for rank, shape in zip(expression.ranks, self.shapes, strict=True)
        ):
            try:
                expression = self.parsed.at(self.shapes, whole=False)
            except NeedsWhole:
                listed = " and ".join(each.title for each in LANGUAGES.values() if each.arrays)
                what = "the function has words of whole arrays"
                raise errors.NotWritten(what, hint=f"{listed} have them", field="language") from None
        _check_value(expression)
        (recording,) = tape.record_cells(expression)
        self.check(len(recording.tape.code))
        return recording

    def whole(self) -> array_recording.ArrayRecording:
        """Return the function as a tape of arrays."""
        expression = self.parsed.at(self.shapes, whole=True)
        _check_value(expression)
        recording = array_recording.record(expression)
        self.check(len(recording.tape.code))
        return recording

    def check(self, operations: int) -> None:
        if operations > self.limits.max_code_operations:
            detail = (
                f"files are written for up to {self.limits.max_code_operations} operations, and this has {operations}"
            )
            raise errors.TooComplex(detail, field="expression")


def _check_value(expression: Expression) -> None:
    if expression.shape != ():
        detail = f"the value is not a scalar: it has shape {list(expression.shape)}"
        raise errors.BadShape(detail, field="expression")


def _shapes(parsed: parse.ParsedFunction, given: tuple[Shape, ...] | None, free: Sequence[int]) -> dict[int, Shape]:
    """Return the shapes of the arguments that are not bound: those given, or those that the text uses."""
    if given is not None:
        if len(given) != len(free):
            detail = f"shapes has {len(given)} entries for {len(free)} argument(s)"
            raise errors.InvalidField(detail, field="shapes")
        return dict(zip(free, given, strict=True))
    hint = "give one list for each argument, [[3], []]"
    if parsed.expression is None:
        detail = "the function depends on the shapes of its arguments"
        raise errors.InvalidField(detail, hint=hint, field="shapes")
    read: dict[int, list[tuple[int, ...]]] = {}
    for recording in tape.record_cells(parsed.expression):
        for argument, indices in recording.inputs:
            read.setdefault(argument, []).append(indices)
    found: dict[int, Shape] = {}
    for position in free:
        used = read.get(position, [()])
        if any(index < 0 for each in used for index in each):
            detail = f"the shape of {errors.quote(parsed.args[position])} is not known: it is indexed from its end"
            raise errors.InvalidField(detail, hint=hint, field="shapes")
        found[position] = tuple([max(column) + 1 for column in zip(*used, strict=True)])
    return found


def _check_product(asked: Asked, title: str, *, possible: bool) -> None:
    if asked.hvp and not possible:
        raise errors.InvalidField(f"files of {title} have no Hessian-vector products", field="hvp")


def _check_named(asked: Asked, title: str) -> None:
    if asked.name is not None:
        raise errors.InvalidField(f"files of {title} have no functions that are named", field="name")


def _written(taken: _AskedFunction, language: Language) -> str:
    """Return the file of a language."""
    _check_product(taken.asked, language.title, possible=bool(language.hvp))
    is_whole = bool(language.arrays) and (taken.parsed.expression is None or taken.parsed.expression.hosted)
    reader = _Whole(taken, language) if is_whole else _Numbers(taken, language)
    return reader.file()


class _FilePrinter:
    """Prints the functions of a file."""

    def __init__(self, taken: _AskedFunction, language: Language) -> None:
        self.taken, self.language = taken, language
        lacking = expansion.LackingWords(LANGUAGES)
        self.helpers = printing.Helpers(language, lacking, language.reserved)
        self.args: dict[int, str] = {}
        for position in taken.free:
            unicode = language.syntax.unicode
            self.args[position] = names.safe(taken.parsed.args[position], self.helpers.taken, unicode=unicode)
            self.helpers.taken.add(self.args[position])

    def file(self) -> str:
        functions = [self.function("grad")] + ([self.function("hvp")] if self.taken.asked.hvp else [])
        free = self.taken.free
        program = programs.SourceFileParts(
            _heading(self.taken, self.language),
            [programs.Argument(self.args[p], self.taken.shapes[p], self.is_used(p)) for p in free],
            [free.index(position) for position in self.taken.wanted],
            self.taken.single,
            self.constants(),
            list(self.helpers.sources.values()),
            functions,
        )
        return self.language.layout(program)

    def function(self, transform: str) -> programs.DerivedFunction:
        raise NotImplementedError

    def is_used(self, position: int) -> bool:
        raise NotImplementedError

    def constants(self) -> list[str]:
        return []

    def named(self, transform: str, body: printing.PrintedTape, entries: list[list[str]]) -> programs.DerivedFunction:
        """Return a function of the file under its name."""
        moved = transform == "hvp"
        name = self.language.hvp if moved else self.language.entry
        return programs.DerivedFunction(name, moved, body.lines, body.results[0], entries)

    @property
    def is_flat(self) -> bool:
        return all(self.taken.shapes[position] == () for position in self.taken.wanted)

    def tangents(self, index: int) -> str:
        """Return how the tangent of an argument is written, the ``index``-th of the derivative."""
        return "tangents" if self.taken.single else self.language.listed("tangents", index, self.is_flat)


class _Numbers(_FilePrinter):
    """Prints a function as numbers: of an argument that is an array, the elements that it reads."""

    def __init__(self, taken: _AskedFunction, language: Language) -> None:
        super().__init__(taken, language)
        recording = taken.numbers()
        self.leaves = [_positive(leaf, taken.shapes) for leaf in recording.inputs]
        r = Recorder()
        slots = [
            r.number(float(taken.bound[argument][indices])) if argument in taken.bound else r.input(())
            for argument, indices in self.leaves
        ]
        slots += [r.number(value) for value in recording.constants]
        self.tape = r.finish(reverse.value(recording.tape, slots, r))
        self.leaves = [leaf for leaf in self.leaves if leaf[0] not in taken.bound]

    def is_used(self, position: int) -> bool:
        return any(argument == position for argument, _ in self.leaves)

    def function(self, transform: str) -> programs.DerivedFunction:
        wanted = [place for place, (argument, _) in enumerate(self.leaves) if argument in self.taken.wanted]
        derived = transforms.derive(self.tape, transform if wanted else "value", tuple(wanted))
        leaves = [
            self.language.element(self.args[argument], indices, self.taken.shapes[argument])
            for argument, indices in self.leaves
        ]
        if transform == "hvp":
            leaves += [self._tangent(*self.leaves[place]) for place in wanted]
        written = expansion.rewritten(derived, self.language)
        body = printing.printed(written, leaves, self.helpers, first="value")
        partials = {self.leaves[place]: body.results[1 + k] for k, place in enumerate(wanted)}
        zero = names.number(0.0, whole=self.language.syntax.whole)
        entries = [
            [partials.get((position, index), zero) for index in np.ndindex(self.taken.shapes[position])]
            for position in self.taken.wanted
        ]
        return self.named(transform, body, entries)

    def _tangent(self, argument: int, indices: tuple[int, ...]) -> str:
        index, shape = self.taken.wanted.index(argument), self.taken.shapes[argument]
        if self.language.name in {"c", "rust"}:  # whose derivatives are flat
            before = sum(math.prod(self.taken.shapes[position]) for position in self.taken.wanted[:index])
            return f"tangents[{before + programs.flat_place(indices, shape)}]"
        return self.language.element(self.tangents(index), indices, shape)


class _Whole(_FilePrinter):
    """Prints a function of whole arrays."""

    def __init__(self, taken: _AskedFunction, language: Language) -> None:
        super().__init__(taken, language)
        self.recording = taken.whole()
        self.values = _inlined(self.recording, taken.bound)
        self.names = [f"DATA_{k}" for k in range(1, len(self.values.data) + 1)]

    def is_used(self, position: int) -> bool:
        return position in self.values.inputs

    def constants(self) -> list[str]:
        written = [arrays.literal(each, self.language.arrays) for each in self.values.data]
        return [f"{name} = {text}" for name, text in zip(self.names, written, strict=True)]

    def function(self, transform: str) -> programs.DerivedFunction:
        inputs, wanted = self.values.inputs, [p for p in self.taken.wanted if p in self.values.inputs]
        leaves = tuple([inputs.index(position) for position in wanted])
        derived = transforms.derive(self.values.tape, transform if wanted else "value", leaves)
        given = [self.args[position] for position in inputs]
        if transform == "hvp":
            given += [self.tangents(self.taken.wanted.index(position)) for position in wanted]
        written = expansion.rewritten(derived, self.language)
        body = printing.printed(written, [*given, *self.names], self.helpers, first="value")
        module = self.language.arrays
        partials = dict(zip(wanted, body.results[1:], strict=True))
        entries = [
            [partials.get(position) or f"{module}.zeros({self.taken.shapes[position]})"]
            for position in self.taken.wanted
        ]
        return self.named(transform, body, entries)


@dataclass(frozen=True, slots=True)
class _Inlined:
    """A tape whose constants that are numbers are part of it."""

    tape: ArrayTape
    inputs: list[int]  # positions of the arguments
    data: list[np.ndarray]  # the constants that are arrays


def _inlined(recording: array_recording.ArrayRecording, bound: Mapping[int, np.ndarray]) -> _Inlined:
    r = Recorder()
    data: list[np.ndarray] = []

    def constant(value: np.ndarray) -> Any:
        if value.shape == () and value.dtype.kind == "f":
            return r.number(float(value))
        data.append(value)
        return r.leaf(value.shape, integers=value.dtype.kind == "i")

    slots = [
        constant(bound[position]) if position in bound else r.input(shape)
        for position, shape in zip(recording.inputs, recording.tape.inputs, strict=True)
    ]
    slots += [constant(value) for value in recording.constants]
    results = sweep.replay(r, recording.tape, slots)
    made = r.finish(results[recording.tape.results[0]])
    return _Inlined(made, [position for position in recording.inputs if position not in bound], data)


def _positive(leaf: tape.Leaf, shapes: Sequence[Shape]) -> tape.Leaf:
    """Return a leaf with indices from 0, or raise ``errors.BadShape`` if one is out of range."""
    argument, indices = leaf
    shape = shapes[argument]
    if len(shape) != len(indices) or any(not -size <= i < size for i, size in zip(indices, shape, strict=False)):
        detail = f"argument {argument} is used with the indices {list(indices)}, and has shape {list(shape)}"
        raise errors.BadShape(detail, field="shapes")
    return argument, tuple([index % size for index, size in zip(indices, shape, strict=True)])


def _heading(taken: _AskedFunction, language: Language) -> list[str]:
    """Return the comment at the top of a file. A client's text is never in its first two lines, which Python reads."""
    written = [taken.parsed.args[position] for position in taken.wanted]
    what = "Value, gradient and Hessian-vector product" if taken.asked.hvp else "Value and gradient"
    lines = [
        f"{what} of a function by {', '.join(written)}.",
        "",
        *names.comment(f"f({', '.join(taken.parsed.args)}) ="),
    ]
    lines += [f"    {line}" for line in names.comment(taken.asked.text)]
    lines += ["", f"Written by gradserve {__version__}. The numbers are float64. This file needs {language.requires}."]
    prefix = language.syntax.comment
    return [f"{prefix}{line}".rstrip() for line in lines]
