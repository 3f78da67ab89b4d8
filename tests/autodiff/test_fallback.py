"""Tapes with special functions run by ``jit`` while their program is not compiled."""

import threading

import numpy as np
import pytest

from app.autodiff import bytecode, compiler, interpreter
from tests.support import float_tapes, programs

DTYPES = {"float64": 1e-13, "float32": 1e-4}


@pytest.mark.parametrize("text", ["x**2*y + sin(x)", "where(x > 1, sqrt(x - 1), y)"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_jit_of_a_tape_returns_what_the_program_returns(text: str, dtype: str) -> None:
    recording = float_tapes.recorded(text, "x", "y")
    encoded, by_program, jit = bytecode.encode(recording.tape), programs.interpreter_of(dtype), compiler.JittedTapes()
    leaves = np.array([0.7, 1.3, *recording.constants])
    tangent = np.array([1.0, -2.0])
    pair = np.zeros((2, len(leaves)))
    pair[0], pair[1, :2] = leaves, tangent
    found = jit.run("gradient", recording.tape, leaves, dtype)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, by_program.gradient(encoded, leaves), rtol=DTYPES[dtype])
    along = float_tapes.hvp(by_program, encoded, leaves, tangent)
    np.testing.assert_allclose(jit.run("hvp", recording.tape, pair, dtype), along, rtol=DTYPES[dtype])
    rows = jit.run("rows", recording.tape, np.stack([leaves] * 3, axis=1), dtype)
    np.testing.assert_allclose(rows, np.stack([found] * 3, axis=1), rtol=DTYPES[dtype])


class Compiled(Exception):
    """Raised where a program would be compiled."""


def raising(program: interpreter.Program, dtype: str) -> object:
    raise Compiled(program, dtype)


def nothing_stored(_program: interpreter.Program, _dtype: str) -> bool:
    return False


def test_a_small_special_tape_does_not_wait_for_its_program() -> None:
    run = interpreter.Interpreter("float64", raising, nothing_stored)
    recording = float_tapes.recorded("gamma(x)*y", "x", "y")
    encoded = bytecode.encode(recording.tape)
    value, by_x, by_y = run.gradient(encoded, np.array([3.0, 2.0])).tolist()
    assert [value, by_y] == pytest.approx([4.0, 2.0], rel=1e-14)
    assert by_x == pytest.approx(2 * 2 * 0.9227843350984671, rel=1e-13)  # digamma(3) = 3/2 - Euler's constant
    assert float_tapes.hvp(run, encoded, np.array([3.0, 2.0]), np.array([0.0, 1.0]))[1].tolist() == pytest.approx(
        [2.0, 2 * 0.9227843350984671, 0.0], rel=1e-13
    )
    batch = run.gradient_rows(encoded, np.array([[3.0] * 40, [2.0] * 40]), np.array([]))
    assert batch[0].tolist() == pytest.approx([4.0] * 40, rel=1e-14)
    with pytest.raises(Compiled):
        run.gradient(bytecode.encode(float_tapes.recorded("x*y", "x", "y").tape), np.array([3.0, 2.0]))


@pytest.mark.parametrize(("kind", "count"), [("gradient", 9), ("hvp", 5)])
def test_a_tape_of_many_special_functions_waits_for_its_program(kind: str, count: int) -> None:
    text = "*".join(f"gamma(x + {n})" for n in range(count))
    recording = float_tapes.recorded(text, "x")
    encoded, leaves = bytecode.encode(recording.tape), np.array([0.5, *recording.constants])
    run = interpreter.Interpreter("float64", raising, nothing_stored)
    calls = [(encoded, leaves)] if kind == "gradient" else [(encoded, leaves, np.array([1.0]))]
    with pytest.raises(Compiled):
        {"gradient": run.gradients, "hvp": run.hvps}[kind](calls)  # type: ignore[operator]


def test_after_a_number_of_tapes_the_program_is_compiled_while_tapes_go_on_by_jit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interpreter, "_JITTED_TAPES", 2)
    asked, go_on, program = [], threading.Event(), interpreter.Program("gradient", 512, special=True)

    def make(program: interpreter.Program, dtype: str) -> object:
        asked.append(program)
        assert go_on.wait(60)
        return programs.make(program, dtype)

    run, leaves = interpreter.Interpreter("float64", make, nothing_stored), np.array([1.5])
    names = ("erfcx", "gamma", "lgamma")
    first, second, third = (bytecode.encode(float_tapes.recorded(f"{name}(x)").tape) for name in names)
    run.gradient(first, leaves)
    assert not asked
    before = [run.gradient(encoded, leaves).tolist() for encoded in (second, third, first)]
    assert asked == [program]
    go_on.set()
    run.warm([program])  # waits for the thread
    assert asked == [program]
    after = [run.gradient(encoded, leaves).tolist() for encoded in (second, third, first)]
    np.testing.assert_allclose(after, before, rtol=1e-13)
