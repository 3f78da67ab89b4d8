"""A coverage-guided fuzz (atheris, libFuzzer): ``python -m tests.live.fuzzing TARGET CORPUS [libFuzzer's options]``.

Bytes are read as a function, recorded on a tape and run, or as a request; what comes of them must be right or refused.
Anything else, and anything that takes long, ends the process with what caused it.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["app"]):
    from app import errors, parsing, tape, vocabulary
    from app.protocols import body, pieces, symbolic, v1

from tests import formulas, tapes

SHAPES = [(), (3,), (2, 2)]
LIMITS = parsing.Limits(max_steps=2_000, max_operations=2_000)
"""So small that what is slow is slow for another reason than size."""


def function(data: bytes) -> None:
    """Parse a text for each shape its arguments may have; every tape must be one, and computable."""
    text = data.decode(errors="replace")
    with contextlib.suppress(errors.Rejected):
        read = parsing.read(text, limits=LIMITS)
        programs = [read.program] if read.program is not None else []
        for shape in SHAPES if read.program is None else []:
            with contextlib.suppress(errors.Rejected):
                programs.append(read.at([shape] * len(read.args)))
        for program in programs:
            for recording in tape.record_cells(program):
                check(recording)


def check(recording: tape.Recording) -> None:
    """Check that a tape reads only what is there already, that it can be run, and that it is the same again."""
    structure = recording.tape
    for index, (opcode, operands) in enumerate(structure.code):
        assert opcode
        assert all(0 <= operand < structure.leaves + index for operand in operands)
    assert 0 <= structure.result < structure.leaves + len(structure.code)
    assert len(recording.inputs) == structure.inputs
    with contextlib.suppress(ArithmeticError, ValueError, TypeError, KeyError):  # Python's floats do not compute all
        tapes.run(structure, [*[0.5 + index for index in range(structure.inputs)], *recording.constants])


def request(data: bytes) -> None:
    """Read a request of every operation; what was read in pieces is what the parser reads at once."""
    for model in MODELS:
        with contextlib.suppress(errors.Rejected):
            RUNNER.run(body.decode(model, data))
    with contextlib.suppress(errors.Rejected, ValueError, RecursionError):
        expected = json.loads(data, parse_constant=refuse)
        assert RUNNER.run(pieces.load(data, 10**6)) == expected
    (before, after), text = body.split(data)
    assert before + text + after == data
    body.splits(data)


def refuse(token: str) -> None:
    raise ValueError(token)


MODELS = (v1.BY_NAME["grad"].model(by_id=False), v1.BY_NAME["vjp"].model(by_id=True), symbolic.SymbolicRequest)
RUNNER = asyncio.Runner()
TARGETS: dict[str, Callable[[bytes], None]] = {"function": function, "request": request}


def seeds(target: str) -> list[bytes]:
    """Return what to begin with: published functions, and requests about them."""
    texts = [formula.expression for formula in formulas.ALL]
    if target == "function":
        return [text.encode() for text in texts]
    return [
        json.dumps({"expression": text, "point": [[1.5, 2.0], 3.0], "argnums": [0, "y"], "in_axes": [0, None]}).encode()
        for text in texts[:50]
    ]


def words() -> list[str]:
    """Return what texts are made of."""
    names = {name for word in vocabulary.words() for name in word.names if name.isascii()}
    more = (
        "lambda x:",
        "def f(x):",
        " for ",
        " in ",
        " if ",
        " else ",
        "return ",
        "**",
        "//",
        "range(",
        "[0]",
        "x",
        "y",
    )
    return sorted(names.union(more))


def main() -> None:
    target, corpus, *options = sys.argv[1:]
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (folder / f"seed-{number}").write_bytes(seed)
    dictionary = folder.with_suffix(".dict")
    dictionary.write_text("".join(f'"{word}"\n' for word in words()))
    pieces._PIECE_BYTES = 16
    atheris.Setup([sys.argv[0], f"-dict={dictionary}", *options, corpus], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
