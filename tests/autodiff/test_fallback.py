"""Tapes run by NumPy while their program is not compiled."""

import threading

import numpy as np
import pytest

from app.autodiff import bytecode, interpreter, reverse
from tests.support import float_tapes, programs

DTYPES = {"float64": 1e-12, "float32": 1e-4}
TEXTS = [
    "x**2*y + sin(x)",
    "where(x > 1, sqrt(x - 1), y)",
    "x/y - 0.5*x",
    "exp(-x*y)*log1p(x)",
    "erfcx(x) + lgamma(y)*x",
    "betainc(x, 2.5, 0.5*y) + polygamma(2, x)",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_returns_what_the_program_returns(text: str, dtype: str) -> None:
    recording = float_tapes.recorded(text, "x", "y")
    encoded, close = bytecode.encode(recording.tape), DTYPES[dtype]
    by_program = programs.interpreter_of("float64")  # those of float32 for special functions are not kept
    leaves = np.array([0.7, 1.3, *recording.constants])
    tangent = np.array([1.0, -2.0])
    pair = np.zeros((2, len(leaves)))
    pair[0], pair[1, :2] = leaves, tangent
    found = reverse.run_by_numpy("gradient", recording.tape, leaves, dtype)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, by_program.gradient(encoded, leaves), rtol=close)
    along = float_tapes.hvp(by_program, encoded, leaves, tangent)
    np.testing.assert_allclose(reverse.run_by_numpy("hvp", recording.tape, pair, dtype), along, rtol=close, atol=close)
    rows = reverse.run_by_numpy("rows", recording.tape, np.stack([leaves] * 3, axis=1), dtype)
    np.testing.assert_allclose(rows, np.stack([found] * 3, axis=1), rtol=close)


class Compiled(Exception):
    """Raised where a program would be compiled."""


def raising(program: interpreter.Program, dtype: str) -> object:
    raise Compiled(program, dtype)


def nothing_stored(_program: interpreter.Program, _dtype: str) -> bool:
    return False


def test_a_tape_does_not_wait_for_its_program() -> None:
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
    product = bytecode.encode(float_tapes.recorded("x*y", "x", "y").tape)
    assert run.gradient(product, np.array([3.0, 2.0])).tolist() == [6.0, 2.0, 3.0]


def test_many_points_of_several_tapes_come_back_in_order() -> None:
    run = interpreter.Interpreter("float64", raising, nothing_stored)
    square, cube = (bytecode.encode(float_tapes.recorded(text, "x").tape) for text in ("x*x", "x*x*x"))
    points = np.linspace(-2.0, 2.0, 700)
    calls = [(square, points[i : i + 1]) for i in range(700)] + [(cube, np.array([2.0])), (square, np.array([3.0]))]
    found = np.array(run.gradients(calls))
    np.testing.assert_array_equal(found[:700], np.stack([points**2, 2 * points], axis=1))
    assert found[700:].tolist() == [[8.0, 12.0], [9.0, 6.0]]
    second = run.hvps([(cube, np.array([x]), np.array([1.0])) for x in (1.0, 2.0)])
    assert [each[1].tolist() for each in second] == [[3.0, 6.0], [12.0, 12.0]]


@pytest.mark.parametrize("count", [1, 3])
def test_long_work_waits_for_its_program(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """NumPy would take longer than a program takes to compile."""
    monkeypatch.setattr(interpreter, "_MOST_BY_NUMPY", 8)
    texts = ["x*" * 12 + "x", "x*sin(x) + 3*x", "5*x*cos(x)"]
    recordings = [float_tapes.recorded(text, "x") for text in texts]
    run = interpreter.Interpreter("float64", raising, nothing_stored)
    chosen = recordings[:1] if count == 1 else recordings[1:] + recordings[1:]
    calls = [(bytecode.encode(each.tape), np.array([0.5, *each.constants])) for each in chosen]
    with pytest.raises(Compiled):
        run.gradients(calls)


def test_after_much_work_the_program_is_compiled_while_numpy_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on, program = [], threading.Event(), interpreter.Program("gradient", 512, special=True)

    def make(program: interpreter.Program, dtype: str) -> object:
        asked.append(program)
        assert go_on.wait(60)
        return programs.make(program, dtype)

    run, leaves = interpreter.Interpreter("float64", make, nothing_stored), np.array([1.5])
    names = ("erfcx", "gamma", "lgamma")
    first, second, third = (bytecode.encode(float_tapes.recorded(f"{name}(x)").tape) for name in names)
    monkeypatch.setattr(interpreter, "_WORTH_COMPILING", len(first.code) + len(second.code))
    run.gradient(first, leaves)
    assert not asked
    before = [run.gradient(encoded, leaves).tolist() for encoded in (second, third, first)]
    go_on.set()
    run.warm([program])  # waits for the thread
    assert asked == [program]
    after = [run.gradient(encoded, leaves).tolist() for encoded in (second, third, first)]
    np.testing.assert_allclose(after, before, rtol=1e-13)


def stored(_program: interpreter.Program, _dtype: str) -> bool:
    return True


SPECIAL_TEXT = "gamma(x)*y + besselj(0, x)"


def test_the_largest_program_is_loaded_when_numpy_has_run_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_WORTH_LOADING", 100)
    made: list[interpreter.Program] = []
    loaded = threading.Event()

    def make(program: interpreter.Program, dtype: str) -> object:
        made.append(program)
        found = programs.make(program, dtype)
        loaded.set()
        return found

    run = interpreter.Interpreter("float64", make, stored)
    recording = float_tapes.recorded(SPECIAL_TEXT, "x", "y")
    encoded, leaves = bytecode.encode(recording.tape), np.array([3.0, 2.0, *recording.constants])
    by_numpy = float_tapes.hvp(run, encoded, leaves, np.array([1.0, 0.5]))
    assert not made
    while not loaded.is_set():
        float_tapes.hvp(run, encoded, leaves, np.array([1.0, 0.5]))
        loaded.wait(0.05)
    hvp = interpreter.Program("hvp", 512, special=True)
    run.warm([hvp])  # waits for the thread
    assert made == [hvp]
    np.testing.assert_allclose(float_tapes.hvp(run, encoded, leaves, np.array([1.0, 0.5])), by_numpy, rtol=1e-12)
    assert [*run.on_demand] == [hvp]
    run.release(hvp)
    assert not run.installed(hvp)
    np.testing.assert_array_equal(float_tapes.hvp(run, encoded, leaves, np.array([1.0, 0.5])), by_numpy)


def test_many_points_of_a_special_function_need_the_program_of_one_point() -> None:
    made: list[interpreter.Program] = []

    def make(program: interpreter.Program, dtype: str) -> object:
        made.append(program)
        return programs.make(program, dtype)

    run = interpreter.Interpreter("float64", make, stored)
    encoded = bytecode.encode(float_tapes.recorded(SPECIAL_TEXT, "x", "y").tape)
    points = np.random.default_rng(1).uniform(0.5, 3.0, (2, 1_100))
    found = run.gradient_rows(encoded, points, np.array([]))
    assert found.shape == (3, 1_100)
    assert made == [interpreter.Program("gradient", 512, special=True)]
    for column in (0, 511, 512, 1_099):
        expected = reverse.run_by_numpy("gradient", encoded.tape, points[:, column], "float64")
        np.testing.assert_allclose(found[:, column], expected, rtol=1e-12)
