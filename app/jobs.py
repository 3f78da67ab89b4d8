"""What a worker process can be asked to do: requests as JSON, and doing them there.

A job describes itself in a header; ``perform`` does in the child what a header says and returns the result as bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from app import compiler, errors, interpreter, parsing, symbolic, telemetry
from app.tape import Tape

Key = tuple[str, str, str, int]

_PROGRAM_SECONDS = 1800.0
"""Programs are ours: no deadline of strangers' functions. The largest takes half a minute of a processor, of which
requests that keep all of them busy leave a tenth."""


class Work(Protocol):
    """One thing a child can do.

    Attributes:
        key: tells the result from every other.
        doing: what it is, to begin a sentence with.
        seconds: its deadline; None for the one that compilations have.
    """

    doing: ClassVar[str]

    @property
    def key(self) -> Key: ...

    @property
    def seconds(self) -> float | None: ...

    def header(self) -> dict[str, Any]:
        """Return the header of its request; ``kind`` is a key of ``_KINDS``."""

    def done(self, seconds: float) -> telemetry.Event:
        """Return the event that it was done."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to compile, see ``compiler.compile_tape``; ``key`` tells its executable from others."""

    tape: Tape
    transform: str
    dtype: str
    rows: int
    key: Key = field(init=False)
    doing: ClassVar[str] = "compiling this function"

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.tape.key, self.transform, self.dtype, self.rows))

    @property
    def seconds(self) -> float | None:
        return None

    def header(self) -> dict[str, Any]:
        tape = self.tape
        return {
            "kind": "tape",
            "inputs": tape.inputs,
            "constants": tape.constants,
            "statics": [[static.numerator, static.denominator] for static in tape.statics],
            "code": tape.code,
            "result": tape.result,
            "key": tape.key,
            "transform": self.transform,
            "dtype": self.dtype,
            "rows": self.rows,
        }

    def done(self, seconds: float) -> telemetry.Event:
        return telemetry.Compiled(self.tape.key, self.transform, self.rows, len(self.tape.code), seconds)


@dataclass(frozen=True, slots=True)
class ProgramJob:
    """A program of the interpreter to compile; ``key`` tells it from everything else."""

    program: interpreter.Program
    dtype: str
    key: Key = field(init=False)
    doing: ClassVar[str] = "compiling this program"

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.program.name(self.dtype), "program", self.dtype, 0))

    @property
    def seconds(self) -> float | None:
        return _PROGRAM_SECONDS

    def header(self) -> dict[str, Any]:
        return {"kind": "program", "program": self.program, "dtype": self.dtype}

    def done(self, seconds: float) -> telemetry.Event:
        return telemetry.Compiled(self.key[0], "program", 0, self.program.bucket, seconds)


@dataclass(frozen=True, slots=True)
class FormulaeJob:
    """A function to derive formulae of, see ``symbolic.document``; the child parses the text again."""

    text: str
    args: tuple[str, ...]
    argnums: tuple[int, ...]
    simplify: bool
    texts: parsing.Limits
    limits: symbolic.Limits
    function_id: str
    shapes: tuple[tuple[int, ...], ...] | None = None
    key: Key = field(init=False)
    doing: ClassVar[str] = "deriving formulae of this function"

    def __post_init__(self) -> None:
        # The text counts: 1/2 and 0.5 are one number, and each client gets back what they wrote.
        spelling = hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()
        way = f"{'simplified' if self.simplify else 'as derived'} {self.shapes}"
        object.__setattr__(self, "key", (self.function_id, f"{way} {spelling}", ",".join(map(str, self.argnums)), 0))

    @property
    def seconds(self) -> float | None:
        return self.limits.symbolic_seconds

    def header(self) -> dict[str, Any]:
        return {"kind": "formulae"} | dataclasses.asdict(self)

    def done(self, seconds: float) -> telemetry.Event:
        return telemetry.Derived(self.function_id, len(self.argnums), seconds)


def perform(header: dict[str, Any]) -> bytes:
    """Do what a header says.

    Raises:
        errors.Rejected: the client's fault.
    """
    return _KINDS[header["kind"]](header)


def _from_json(document: dict[str, Any]) -> Job:
    tape = Tape(
        document["inputs"],
        document["constants"],
        tuple(Fraction(numerator, denominator) for numerator, denominator in document["statics"]),
        tuple((opcode, tuple(operands)) for opcode, operands in document["code"]),
        document["result"],
        document["key"],
    )
    return Job(tape, document["transform"], document["dtype"], document["rows"])


def _compile_tape(document: dict[str, Any]) -> bytes:
    job = _from_json(document)
    return compiler.serialise(compiler.compile_tape(job.tape, job.transform, job.dtype, job.rows))


def _compile_program(document: dict[str, Any]) -> bytes:
    program = interpreter.Program(*document["program"])
    return compiler.dump(interpreter.compile_program(program, document["dtype"]))


def _derive(document: dict[str, Any]) -> bytes:
    try:
        derived = symbolic.document(
            document["text"],
            document["args"],
            document["argnums"],
            simplify=document["simplify"],
            texts=parsing.Limits(**document["texts"]),
            limits=symbolic.Limits(**document["limits"]),
            shapes=document["shapes"],
        )
    except RecursionError:
        raise errors.TooComplex("the function is nested too deep for formulae", field="expression") from None
    return json.dumps(derived).encode()


_KINDS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "tape": _compile_tape,
    "program": _compile_program,
    "formulae": _derive,
}
"""What a child does, by the kind of its request."""
