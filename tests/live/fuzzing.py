"""Coverage-guided fuzzing (atheris, libFuzzer): ``python -m tests.live.fuzzing TARGET CORPUS [libFuzzer's options]``.

Bytes are parsed as a function, recorded on a tape and run, or parsed as a request. The result must be right or a
refusal. Any other exception, or a slow input, ends the process and saves the input.
"""

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["app"]):
    from app import errors
    from app.api.http import body, json_stream, repeated_requests
    from app.api.rest import derivatives
    from app.api.rest.symbolic import formulae
    from app.autodiff import tape
    from app.autodiff.arrays import cost, recording, run, transforms
    from app.autodiff.symbolic import partials
    from app.language import parse
    from app.language.grammar.spelling.latex import translator as latex
    from app.language.limits import TextLimits
    from app.language.vocabulary import words

from tests.correctness import formulas
from tests.correctness.formulas import latex as published
from tests.language import latex_texts
from tests.support import float_tapes

SHAPES = [(), (3,), (2, 2)]
LIMITS = TextLimits(max_steps=2_000, max_operations=2_000)
"""Small limits, so that a slow input is slow for another reason than its size."""
_MOST_OPERATIONS = 1e6


def function(data: bytes) -> None:
    """Parse a text for several shapes of its arguments; every tape must be well formed and computable."""
    check_function(data.decode(errors="replace"))


def formula(data: bytes) -> None:
    """Parse a formula in LaTeX, likewise."""
    check_function(latex.marked(data.decode(errors="replace")))


def check_function(text: str) -> None:
    with contextlib.suppress(errors.Rejected):
        read = parse.read(text, limits=LIMITS, partials=partials.text)
        programs = [read.expression] if read.expression is not None else []
        for shape in SHAPES if read.expression is None else []:
            with contextlib.suppress(errors.Rejected):
                programs.append(read.at([shape] * len(read.args)))
            with contextlib.suppress(errors.Rejected):
                programs.append(read.at([shape] * len(read.args), whole=True))
        for program in programs:
            if program.whole:
                check_arrays(recording.record(program))
                continue
            for recorded in tape.record_cells(program):
                check(recorded)


def check_arrays(recorded: recording.ArrayRecording) -> None:
    """Check that NumPy runs a tape of whole arrays, unless it costs much, and its gradients."""
    structure = recorded.tape
    everything = tuple(range(len(structure.inputs)))
    for derived in (structure, transforms.derive(structure, "vjp", everything)) if everything else (structure,):
        if cost.cost(derived).flops < _MOST_OPERATIONS and cost.cost(derived).bytes < _MOST_OPERATIONS:
            leaves = [np.full(shape, 0.5) for shape in derived.inputs]
            found = run.prepare(derived)([*leaves, *recorded.constants])
            assert [each.shape for each in found] == [derived.shapes[slot] for slot in derived.results]


def check(recorded: tape.Recording) -> None:
    """Check that a tape reads only slots that are filled, and that it can be run."""
    structure = recorded.tape
    for index, (opcode, operands) in enumerate(structure.code):
        assert opcode
        assert all(0 <= operand < structure.leaves + index for operand in operands)
    assert 0 <= structure.result < structure.leaves + len(structure.code)
    assert len(recorded.inputs) == structure.inputs
    with contextlib.suppress(ArithmeticError, ValueError, TypeError, KeyError):  # Python's floats do not compute all
        float_tapes.run(structure, [*[0.5 + index for index in range(structure.inputs)], *recorded.constants])


def request(data: bytes) -> None:
    """Parse a request of several operations; JSON read in pieces must equal JSON read at once."""
    for model in MODELS:
        with contextlib.suppress(errors.Rejected):
            RUNNER.run(body.decode(model, data))
    with contextlib.suppress(errors.Rejected, ValueError, RecursionError):
        expected = json.loads(data, parse_constant=refuse)
        assert RUNNER.run(json_stream.load(data, 10**6)) == expected
    taken = repeated_requests.split(data)
    if taken is not None:
        values = [*[data[start:stop] for start, stop in taken.places], b""]
        assert b"".join(itertools.chain(*zip(taken.around, values, strict=True))) == data
        repeated_requests.names(taken)


def refuse(token: str) -> None:
    raise ValueError(token)


MODELS = (
    derivatives.BY_NAME["grad"].model(by_id=False),
    derivatives.BY_NAME["vjp"].model(by_id=True),
    formulae.SymbolicRequest,
)
RUNNER = asyncio.Runner()
TARGETS: dict[str, Callable[[bytes], None]] = {"function": function, "formula": formula, "request": request}


def seeds(target: str) -> list[bytes]:
    """Return the first inputs: published functions, or requests about them."""
    texts = [formula.expression for formula in formulas.ALL]
    if target == "function":
        return [text.encode() for text in texts]
    if target == "formula":
        return [row[1].encode() for row in published.ROWS] + [text.encode() for text, _ in latex_texts.MEANINGS]
    return [
        json.dumps({"expression": text, "point": [[1.5, 2.0], 3.0], "argnums": [0, "y"], "in_axes": [0, None]}).encode()
        for text in texts[:50]
    ]


def dictionary_entries(target: str) -> list[str]:
    """Return the dictionary of the fuzzer: words of the language, or the pieces of formulae."""
    if target == "formula":
        return [piece.replace("\\", "\\\\") for piece in latex_texts.PIECES.split()]
    names = {name for word in words.ALL for name in word.names if name.isascii()}
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
    dictionary.write_text("".join(f'"{word}"\n' for word in dictionary_entries(target)))
    json_stream._PIECE_BYTES = 16
    atheris.Setup([sys.argv[0], f"-dict={dictionary}", *options, corpus], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
