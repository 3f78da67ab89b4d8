import threading

import numpy as np
import pytest

from app import instructions, interpreter, parsing, tape, traced
from tests import tapes


@pytest.mark.parametrize("text", ["x**2*y + sin(x)", "where(x > 1, sqrt(x - 1), y)"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_traced_tape_is_what_the_program_makes_of_it(text: str, dtype: str) -> None:
    recording = tapes.recorded(text, "x", "y")
    encoded, run = instructions.encode(recording.tape), interpreter.Interpreter(dtype)
    leaves = np.array([0.7, 1.3, *recording.constants])
    tangent = np.array([1.0, -2.0])
    pair = np.zeros((2, len(leaves)))
    pair[0], pair[1, :2] = leaves, tangent
    rtol = 1e-13 if dtype == "float64" else 1e-4
    own = traced.Traced()
    found = own.run("gradient", recording.tape, leaves, dtype)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, run.gradient(encoded, leaves), rtol=rtol)
    np.testing.assert_allclose(
        own.run("hvp", recording.tape, pair, dtype), tapes.hvp(run, encoded, leaves, tangent), rtol=rtol
    )
    rows = own.run("rows", recording.tape, np.stack([leaves] * 3, axis=1), dtype)
    np.testing.assert_allclose(rows, np.stack([found] * 3, axis=1), rtol=rtol)


def test_a_special_tape_does_not_wait_for_its_program() -> None:
    made: list[interpreter.Program] = []

    def make(program: interpreter.Program, dtype: str) -> object:
        made.append(program)
        return interpreter.compile_program(program, dtype)

    hasty = interpreter.Interpreter("float64", make, lambda program, dtype: False)  # noqa: ARG005
    recording = tape.record(parsing.parse("gamma(x)*y"))
    encoded = instructions.encode(recording.tape)
    value, by_x, by_y = hasty.gradient(encoded, np.array([3.0, 2.0])).tolist()
    assert [value, by_y] == pytest.approx([4.0, 2.0], rel=1e-14)
    assert by_x == pytest.approx(2 * 2 * 0.9227843350984671, rel=1e-13)  # digamma(3) = 3/2 - Euler's constant
    assert tapes.hvp(hasty, encoded, np.array([3.0, 2.0]), np.array([0.0, 1.0]))[1].tolist() == pytest.approx(
        [2.0, 2 * 0.9227843350984671, 0.0], rel=1e-13
    )
    batch = hasty.gradient_rows(encoded, np.array([[3.0] * 40, [2.0] * 40]), np.array([]))
    assert batch[0].tolist() == pytest.approx([4.0] * 40, rel=1e-14)
    assert made == []
    hasty.gradient(instructions.encode(tape.record(parsing.parse("x*y")).tape), np.array([3.0, 2.0]))
    assert len(made) == 1


class Made(Exception):
    """Raised where a program would be made."""


def hasty() -> interpreter.Interpreter:
    def make(program: interpreter.Program, dtype: str) -> object:
        raise Made(program, dtype)

    return interpreter.Interpreter("float64", make, lambda program, dtype: False)  # noqa: ARG005


@pytest.mark.parametrize(("kind", "count"), [("gradient", 9), ("hvp", 5)])
def test_a_tape_of_many_special_functions_waits_for_its_program(kind: str, count: int) -> None:
    text = "*".join(f"gamma(x + {n})" for n in range(count))
    recording = tapes.recorded(text, "x")
    encoded, leaves = instructions.encode(recording.tape), np.array([0.5, *recording.constants])
    run = hasty()
    calls = [(encoded, leaves)] if kind == "gradient" else [(encoded, leaves, np.array([1.0]))]
    with pytest.raises(Made):
        {"gradient": run.gradients, "hvp": run.hvps}[kind](calls)  # type: ignore[operator]


def test_after_so_many_tapes_the_program_is_made_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_TRACED_TAPES", 2)
    asked, go_on, made = [], threading.Event(), interpreter.Program("gradient", 512, special=True)

    def make(program: interpreter.Program, dtype: str) -> object:
        asked.append(program)
        assert go_on.wait(60)
        return interpreter.compile_program(program, dtype)

    run, leaves = interpreter.Interpreter("float64", make, lambda program, dtype: False), np.array([1.5])  # noqa: ARG005
    names = ("erfcx", "gamma", "lgamma")
    first, second, third = (instructions.encode(tapes.recorded(f"{name}(x)").tape) for name in names)
    run.gradient(first, leaves)
    assert not asked
    before = [run.gradient(encoded, leaves).tolist() for encoded in (second, third, first)]
    assert asked == [made]
    go_on.set()
    run.warm([made])  # waits for it
    assert asked == [made]
    after = [run.gradient(encoded, leaves).tolist() for encoded in (second, third, first)]
    np.testing.assert_allclose(after, before, rtol=1e-13)
