"""The jobs of worker processes.

A job travels to a worker as a JSON header: ``header`` writes it, and ``read`` makes the job of it again there.
``perform`` does the job in the worker and returns the result as bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from app import errors
from app.autodiff import compiler, interpreter
from app.autodiff.arrays import tape as array_tapes
from app.autodiff.arrays.tape import ArrayTape
from app.autodiff.symbolic import formulae
from app.autodiff.tape import Tape
from app.engine.workers.enclosures import EnclosureJob
from app.export import source
from app.language.limits import TextLimits
from app.runtime import events

Key = tuple[str, str, str, int]

_PROGRAM_SECONDS = 1800.0
"""Deadline of programs, which are not made of clients' functions. The largest takes half a minute of a processor, of
which requests that keep all of them busy leave a tenth."""


class Job(Protocol):
    """One thing that a worker process does."""

    kind: ClassVar[str]  # in the header
    doing: ClassVar[str]  # what it is, to begin a sentence with

    @property
    def key(self) -> Key:
        """Tells the result from every other; an executable in memory is known by the key of its job."""

    @property
    def seconds(self) -> float | None:
        """Its deadline; None for the one that compilations have."""

    @property
    def memory_bytes(self) -> int | None:
        """The most resident memory of its process; None for that of compilations."""

    def header(self) -> dict[str, Any]:
        """Return everything the job needs, as JSON."""

    @classmethod
    def read(cls, header: dict[str, Any]) -> Job:
        """Return the job that ``header`` wrote."""

    def perform(self) -> bytes:
        """Do the job, in a worker; ``errors.Rejected`` is the client's fault."""

    def event(self, seconds: float) -> events.Event:
        """Return the event that the job was done."""


@dataclass(frozen=True, slots=True)
class TapeJob:
    """A transform of a tape to compile, see ``compiler.compile_tape``. Its key: tape key, transform, dtype, rows."""

    tape: Tape
    transform: str
    dtype: str
    rows: int
    key: Key = field(init=False)
    kind: ClassVar[str] = "tape"
    doing: ClassVar[str] = "compiling this function"
    seconds: ClassVar[float | None] = None
    memory_bytes: ClassVar[int | None] = None
    worth: ClassVar[float] = 0.02  # some fifty calls of a small function

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.tape.key, self.transform, self.dtype, self.rows))

    def header(self) -> dict[str, Any]:
        tape = self.tape
        return {
            "inputs": tape.inputs, "constants": tape.constants,
            "statics": [[static.numerator, static.denominator] for static in tape.statics],
            "code": tape.code, "result": tape.result, "key": tape.key,
            "transform": self.transform, "dtype": self.dtype, "rows": self.rows,
        }  # fmt: skip

    @classmethod
    def read(cls, header: dict[str, Any]) -> TapeJob:
        statics = tuple(Fraction(numerator, denominator) for numerator, denominator in header["statics"])
        code = tuple((opcode, tuple(operands)) for opcode, operands in header["code"])
        tape = Tape(header["inputs"], header["constants"], statics, code, header["result"], header["key"])
        return cls(tape, header["transform"], header["dtype"], header["rows"])

    def perform(self) -> bytes:
        return compiler.serialise(compiler.compile_tape(self.tape, self.transform, self.dtype, self.rows))

    def restore(self, blob: bytes) -> compiler.Executable:
        return compiler.restore(blob, self.rows)

    @property
    def expected_seconds(self) -> float:
        return expected_seconds(len(self.tape.code))

    def event(self, seconds: float) -> events.Event:
        return events.Compiled(self.tape.key, self.transform, self.rows, len(self.tape.code), seconds)


@dataclass(frozen=True, slots=True)
class ArrayJob:
    """A tape of arrays to compile. Its key: tape key, "arrays", dtype, 0."""

    tape: ArrayTape
    dtype: str
    dtypes: tuple[str, ...]  # of the leaves: constants that are used as indices are integers
    worth: float = 0.1  # some fifty calls of milliseconds; NumPy is often as fast, but then its runs are short
    key: Key = field(init=False)
    kind: ClassVar[str] = "arrays"
    transform: ClassVar[str] = "arrays"
    doing: ClassVar[str] = "compiling this function"
    seconds: ClassVar[float | None] = None
    memory_bytes: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.tape.key, "arrays", self.dtype, 0))

    def header(self) -> dict[str, Any]:
        return {"tape": array_tapes.dump(self.tape), "dtype": self.dtype, "dtypes": self.dtypes}

    @classmethod
    def read(cls, header: dict[str, Any]) -> ArrayJob:
        return cls(array_tapes.load(header["tape"]), header["dtype"], tuple(header["dtypes"]))

    def perform(self) -> bytes:
        return compiler.compile_arrays(self.tape, self.dtypes)

    def restore(self, blob: bytes) -> compiler.ArrayExecutable:
        return compiler.restore_arrays(blob, self.tape)

    @property
    def expected_seconds(self) -> float:
        return 0.25 + 0.004 * len(self.tape.code)  # a fit to measurements, 12 to 260 instructions

    def event(self, seconds: float) -> events.Event:
        return events.Compiled(self.tape.key, self.transform, 0, len(self.tape.code), seconds)


Compilation = TapeJob | ArrayJob
"""A function to compile; until running it otherwise has cost ``worth`` of its ``expected_seconds``, it is not."""


@dataclass(frozen=True, slots=True)
class ProgramJob:
    """A program of the interpreter to compile."""

    program: interpreter.Program
    dtype: str
    key: Key = field(init=False)
    kind: ClassVar[str] = "program"
    doing: ClassVar[str] = "compiling this program"
    seconds: ClassVar[float | None] = _PROGRAM_SECONDS
    memory_bytes: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.program.name(self.dtype), "program", self.dtype, 0))

    def header(self) -> dict[str, Any]:
        return {"program": self.program, "dtype": self.dtype}

    @classmethod
    def read(cls, header: dict[str, Any]) -> ProgramJob:
        return cls(interpreter.Program(*header["program"]), header["dtype"])

    def perform(self) -> bytes:
        return compiler.dump(interpreter.compile_program(self.program, self.dtype))

    def event(self, seconds: float) -> events.Event:
        return events.Compiled(self.key[0], "program", 0, self.program.bucket, seconds)


@dataclass(frozen=True, slots=True)
class FormulaeJob:
    """A function to derive formulae of, see ``formulae.document``; the worker parses the text again."""

    text: str
    args: tuple[str, ...]
    argnums: tuple[int, ...]
    simplify: bool
    texts: TextLimits
    limits: formulae.FormulaLimits
    function_id: str
    shapes: tuple[tuple[int, ...], ...] | None = None
    key: Key = field(init=False)
    kind: ClassVar[str] = "formulae"
    doing: ClassVar[str] = "deriving formulae of this function"
    memory_bytes: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        # The text counts: 1/2 and 0.5 are one number, and each client gets back what it wrote.
        spelling = hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()
        way = f"{'simplified' if self.simplify else 'as derived'} {self.shapes}"
        object.__setattr__(self, "key", (self.function_id, f"{way} {spelling}", ",".join(map(str, self.argnums)), 0))

    @property
    def seconds(self) -> float | None:
        return self.limits.symbolic_seconds

    def header(self) -> dict[str, Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "key"}

    @classmethod
    def read(cls, header: dict[str, Any]) -> FormulaeJob:
        texts, limits = TextLimits(**header["texts"]), formulae.FormulaLimits(**header["limits"])
        return cls(**{**header, "texts": texts, "limits": limits})

    def perform(self) -> bytes:
        try:
            derived = formulae.document(
                self.text, self.args, self.argnums,
                simplify=self.simplify, texts=self.texts, limits=self.limits, shapes=self.shapes,
            )  # fmt: skip
        except RecursionError:
            raise errors.TooComplex("the function is nested too deep for formulae", field="expression") from None
        return json.dumps(derived).encode()

    def event(self, seconds: float) -> events.Event:
        return events.Derived(self.function_id, len(self.argnums), seconds)


@dataclass(frozen=True, slots=True)
class CodeJob:
    """A file to write of a function, see ``source.document``; the worker parses the text again."""

    asked: source.Asked
    texts: TextLimits
    limits: source.CodeLimits
    function_id: str
    key: Key = field(init=False)
    kind: ClassVar[str] = "code"
    doing: ClassVar[str] = "writing a file of this function"
    memory_bytes: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        # The text counts: it is in the file. The id covers the data.
        asked = self.asked
        spelling = hashlib.blake2b(asked.text.encode(), digest_size=16).hexdigest()
        way = f"{asked.language} {asked.shapes} {asked.hvp} {asked.name} {spelling}"
        object.__setattr__(self, "key", (self.function_id, way, str(asked.argnums), 0))

    @property
    def seconds(self) -> float | None:
        return self.limits.code_seconds

    def header(self) -> dict[str, Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "key"}

    @classmethod
    def read(cls, header: dict[str, Any]) -> CodeJob:
        asked, shapes, argnums = header["asked"], header["asked"]["shapes"], header["asked"]["argnums"]
        asked |= {
            "args": tuple(asked["args"]),
            "shapes": None if shapes is None else tuple([tuple(shape) for shape in shapes]),
            "argnums": tuple(argnums) if isinstance(argnums, list) else argnums,
        }
        limits = source.CodeLimits(**header["limits"])
        return cls(source.Asked(**asked), TextLimits(**header["texts"]), limits, header["function_id"])

    def perform(self) -> bytes:
        try:
            return json.dumps(source.document(self.asked, self.texts, self.limits)).encode()
        except RecursionError:
            raise errors.TooComplex("the function is nested too deep for a file", field="expression") from None

    def event(self, seconds: float) -> events.Event:
        return events.Derived(self.function_id, 1, seconds)


Derivation = FormulaeJob | CodeJob | EnclosureJob
"""What a worker of its own does for a request that waits for it; its caller pays for the time."""

_KINDS: dict[str, type[Job]] = {
    job.kind: job for job in (TapeJob, ArrayJob, ProgramJob, FormulaeJob, CodeJob, EnclosureJob)
}


def expected_seconds(operations: int) -> float:
    """Return the expected time to compile a gradient, a fit to measurements from 8 to 1500 operations.

    Quadratic, because XLA is: 0.05 s for 8 operations, 0.2 s for 160, 3 s for 1500, half a minute for 5000.
    """
    return 0.04 + 5e-4 * operations + 1e-6 * operations**2


def read(kind: str, header: dict[str, Any]) -> Job:
    """Return the job of this kind that a header describes."""
    return _KINDS[kind].read(header)
