"""The interpreter gives what the compiled tape gives, for every opcode and size, and compiles nothing for a tape."""

import itertools
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import serialize_executable
from numpy.typing import NDArray

from app.autodiff import bytecode, interpreter, reverse, table, tape
from app.autodiff.namespaces import jax_words
from app.autodiff.tape import Instruction, Recording, Tape
from app.language import parse
from app.language.limits import TextLimits
from tests.support import float_tapes, programs

Numbers = NDArray[np.floating[Any]]

ORDINARY = (0.3, -0.7, 2.5, 1.75)
EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, 4.0, 300.0, -800.0, 1e-9, np.inf, -np.inf, np.nan)
SMOOTH = ("add", "sub", "mul", "sin", "cos", "tanh", "sigmoid", "atan", "atan2", "hypot", "neg")

jax.config.update("jax_enable_x64", True)
MADE: list[interpreter.Program] = []


def make(program: interpreter.Program, dtype: str) -> Any:
    MADE.append(program)
    return programs.make(program, dtype)


DOUBLE, SINGLE = interpreter.Interpreter("float64", make), interpreter.Interpreter("float32", make)
# XLA for CPU has two cube roots, each up to 3 ulp off, and takes one in loops and the other elsewhere.
# A step of lgamma that is not small is the sum of terms of order 10.
# In float32 P(4, 1e-9) and its derivatives are close to the least normal number, the exponential of -83.
ULP = {
    ("uppergamma", "float64"): 256,
    ("expn", "float64"): 64,
    ("zeta", "float64"): 16,
    ("lgamma_step", "float64"): 128,
    ("lgamma_step", "float32"): 256,
    ("cbrt", "float64"): 16,
    ("cbrt", "float32"): 16,
    ("gamma_part", "float64"): 256,
    ("gamma_part", "float32"): 2e5,
}
BY_DTYPE = {"float64": DOUBLE, "float32": SINGLE}


def recorded(text: str) -> Recording:
    return tape.record(parse.parse(text))


def leaves_of(recording: Recording, point: Sequence[float]) -> Numbers:
    return np.array([*point, *recording.constants])


def answer(text: str, *point: float) -> Numbers:
    recording = recorded(text)
    return DOUBLE.gradient(bytecode.encode(recording.tape), leaves_of(recording, point))


def swept(structure: Tape, leaves: Numbers) -> Numbers:
    """Return [value, *gradient] by ``reverse``, operation by operation, not compiled."""
    value, gradient = reverse.value_and_grad(structure, [jnp.asarray(leaf) for leaf in leaves])
    return np.array([value, *gradient])


def random_tape(seed: int, operations: int, inputs: int) -> Tape:
    choose = random.Random(seed)  # noqa: S311 - a test
    code: list[Instruction] = []
    for number in range(operations):
        opcode = choose.choice(SMOOTH)
        operands = [choose.randrange(max(0, inputs + number - 40), inputs + number) for _ in range(2)]
        operands[0] = inputs + number - 1 if number else 0  # a chain, so that every instruction is reached
        code.append((opcode, tuple(operands[: len(table.PULLBACKS[opcode])])))
    return Tape(inputs, 0, (), tuple(code), inputs + operations - 1, f"random-{seed}-{operations}")


def assert_close(found: Numbers, expected: Numbers, rtol: float = 1e-9) -> None:
    scale = np.max(np.abs(expected), where=np.isfinite(expected), initial=1e-300)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * scale)


def one_operation(opcode: str) -> Tape:
    arity = len(table.PULLBACKS[opcode])
    return Tape(arity, 0, (), ((opcode, tuple(range(arity))),), arity, opcode)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("opcode", table.CORE | table.SPECIAL)
def test_an_opcode_agrees_with_the_compiled_tape_to_4_ulp(opcode: str, dtype: str) -> None:
    structure = one_operation(opcode)
    compiled, encoded = (
        jax.jit(reverse.packed(structure, "grad"), compiler_options=jax_words.COMPILER_OPTIONS),
        bytecode.encode(structure),
    )
    points = itertools.product(ORDINARY + EDGES, repeat=min(structure.inputs, 2))
    for point in points:
        leaves = np.array([*point, 1.25][: max(structure.inputs, len(point))], dtype)
        expected, found = np.asarray(compiled(leaves)), BY_DTYPE[dtype].gradient(encoded, leaves)
        assert found.dtype == expected.dtype
        usual = np.isfinite(expected)
        np.testing.assert_array_equal(found[~usual], expected[~usual], err_msg=f"at {point}")
        np.testing.assert_array_almost_equal_nulp(found[usual], expected[usual], ULP.get((opcode, dtype), 4))


@pytest.mark.parametrize("operations", [1, 2, 8, 31, 32, 33, 100, 511, 512, 2000])
def test_random_tapes_of_any_size_agree_with_the_sweep(operations: int) -> None:
    for seed in range(3):
        structure = random_tape(seed, operations, 5)
        leaves = np.random.default_rng(seed).normal(size=5)
        assert_close(DOUBLE.gradient(bytecode.encode(structure), leaves), swept(structure, leaves))


def test_a_tape_with_more_leaves_than_instructions_gets_room_for_its_leaves() -> None:
    structure = Tape(100, 0, (), (("mul", (3, 99)),), 100, "wide")
    found = DOUBLE.gradient(bytecode.encode(structure), np.arange(100.0))
    assert found[0] == 297
    assert [float(found[1 + 3]), float(found[1 + 99]), np.count_nonzero(found[1:])] == [99, 3, 2]


def test_a_tape_that_no_program_has_room_for_is_refused() -> None:
    structure = random_tape(0, bytecode.BUCKETS[-1], 3)
    assert not bytecode.fits(structure)
    with pytest.raises(ValueError, match="fits no bucket"):
        bytecode.encode(structure)


def test_the_largest_program_the_limits_allow_fits() -> None:
    assert bytecode.fits(random_tape(0, TextLimits().max_operations, 3))


def test_a_bare_input_is_its_own_value_with_gradient_one() -> None:
    assert answer("x", -0.0).tolist() == [0.0, 1.0]
    assert np.signbit(answer("x", -0.0)[0])


def test_an_input_of_conditions_only_has_gradient_zero() -> None:
    assert answer("where(x > 0, y, 2*y)", 1.0, 3.0).tolist() == [3.0, 0.0, 1.0]
    assert answer("floor(x) + y", 1.5, 3.0).tolist() == [4.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("where(x > 0, sqrt(x), 0.0)", (-1.0,)),
        ("where(x > 0, 0.0, 1/x)", (0.5,)),
        ("where(x > 0, log(x)*y, y)", (-1.0, 2.0)),
        ("where(x > 0, where(y > 0, sqrt(x*y), x), 3*x)", (-1.0, -2.0)),
        ("where(x > 0, where(y > 0, sqrt(y), x), 3*x)", (1.0, -2.0)),
        ("where(x < 0, sqrt(x - 2), x) + sqrt(x + 2)*x", (1.0,)),
        ("where(x < 0, log(x - 2), x)*where(x < 2, x, log(x - 2))", (1.0,)),
    ],
)
def test_a_branch_not_taken_contributes_nothing_to_any_derivative(text: str, point: tuple[float, ...]) -> None:
    recording = recorded(text)
    encoded, leaves = bytecode.encode(recording.tape), leaves_of(recording, point)
    found = DOUBLE.gradient(encoded, leaves)
    assert np.isfinite(found).all()
    assert_close(found, swept(recording.tape, leaves))
    assert np.isfinite(float_tapes.hessian(DOUBLE, encoded, leaves)).all()
    rows = DOUBLE.gradient_rows(encoded, np.array(point)[:, None], np.array(recording.constants))
    assert_close(rows[:, 0], found)


def test_a_subexpression_of_both_branches_counts_where_it_is_taken() -> None:
    text = "where(x > 0, exp(x)*2, exp(x)*sqrt(x)) + where(x < 0, exp(x), 0.0)"
    assert_close(answer(text, 1.0), 2 * np.exp([1.0, 1.0]))


def test_an_operand_used_twice_by_one_instruction_collects_both_parts() -> None:
    structure = Tape(1, 0, (), (("mul", (0, 0)),), 1, "square")
    assert DOUBLE.gradient(bytecode.encode(structure), np.array([3.0])).tolist() == [9.0, 6.0]


def test_static_exponents_are_part_of_the_tape() -> None:
    assert_close(answer("x**3 + 2*x**-3", 2.0), np.array([8.25, 12 - 6 / 16]))


@pytest.mark.parametrize("batch", [1, 2, 32, 33, 511, 600, 1100])
def test_rows_are_the_points_one_by_one(batch: int) -> None:
    recording = recorded("3.5*sin(x)*y + where(x > y, sqrt(x - y), exp(-x)) + x**3")
    encoded, constants = bytecode.encode(recording.tape), np.array(recording.constants)
    points = np.random.default_rng(batch).normal(size=(2, batch))
    rows = DOUBLE.gradient_rows(encoded, points, constants)
    singles = [DOUBLE.gradient(encoded, np.concatenate([point, constants])) for point in points.T]
    assert rows.shape == (3, batch)
    assert_close(rows, np.stack(singles, axis=1), 1e-14)


@pytest.mark.parametrize("operations", [100, 700])
def test_rows_of_larger_tapes_are_the_points_one_by_one(operations: int) -> None:
    encoded = bytecode.encode(random_tape(1, operations, 4))
    points = np.random.default_rng(0).normal(size=(4, 40))
    rows = DOUBLE.gradient_rows(encoded, points, np.empty(0))
    assert_close(rows, np.stack([DOUBLE.gradient(encoded, point) for point in points.T], axis=1), 1e-12)


@pytest.mark.parametrize("operations", [3, 20, 120])
def test_hessian_and_hvp_are_those_of_jax(operations: int) -> None:
    structure, n = random_tape(7, operations, 6), 6
    encoded, rng = bytecode.encode(structure), np.random.default_rng(operations)
    point, tangent = rng.normal(size=n), rng.normal(size=n)
    expected = np.asarray(jax.hessian(lambda leaves: reverse.value(structure, list(leaves)))(point))
    found = float_tapes.hessian(DOUBLE, encoded, point)
    assert found.shape == (1 + n + n * n,)
    assert_close(found[: 1 + n], DOUBLE.gradient(encoded, point), 1e-13)
    assert_close(found[1 + n :].reshape(n, n), expected)
    first, along = float_tapes.hvp(DOUBLE, encoded, point, tangent)
    assert_close(first, found[: 1 + n], 1e-13)
    assert_close(along, np.array([first[1:] @ tangent, *(expected @ tangent)]))


def test_a_hessian_with_constants_and_exponents_is_exact() -> None:
    recording = recorded("5*x**3*y + 0.5*y**2")
    found = float_tapes.hessian(DOUBLE, bytecode.encode(recording.tape), leaves_of(recording, [-2.0, 3.0]))
    assert_close(found, np.array([-115.5, 180.0, -37.0, -180.0, 60.0, 60.0, 1.0]))


def test_different_tapes_in_one_call_do_not_disturb_each_other() -> None:
    calls: list[tuple[bytecode.Encoded, Numbers]] = []
    for seed in range(40):
        structure = random_tape(seed, 1 + 3 * seed, 1 + seed % 5)
        calls.append((bytecode.encode(structure), np.random.default_rng(seed).normal(size=structure.inputs)))
    recording = recorded("where(x > 0, sqrt(x), 1/x) + x**3")
    calls[17] = (bytecode.encode(recording.tape), leaves_of(recording, [-2.0]))
    together = DOUBLE.gradients(calls)
    assert len(together) == 40
    for (encoded, leaves), found in zip(calls, together, strict=True):
        assert_close(found, DOUBLE.gradient(encoded, leaves), 1e-13)


def test_more_tapes_than_one_program_holds_take_several_runs() -> None:
    call = bytecode.encode(random_tape(2, 3000, 3)), np.array([0.1, 0.2, 0.3])
    alone = DOUBLE.gradient(*call)
    for found in DOUBLE.gradients([call] * 7):
        assert_close(found, alone, 1e-13)
    assert DOUBLE.gradients([]) == []


def test_tapes_run_in_small_groups_until_there_is_a_program_for_more() -> None:
    """A Hessian of many arguments does not wait for the larger program, which takes seconds to compile."""
    made: list[interpreter.Program] = []

    def make_known(program: interpreter.Program, dtype: str) -> Any:
        made.append(program)
        return programs.make(program, dtype)

    encoded, rng = bytecode.encode(random_tape(3, 100, 4)), np.random.default_rng(3)
    point, tangents = rng.normal(size=4), rng.normal(size=(10, 4))
    alone = [float_tapes.hvp(DOUBLE, encoded, point, tangent) for tangent in tangents]
    for used in (512, 8192):
        made.clear()
        runs = interpreter.Interpreter("float64", make_known, lambda program, _, used=used: program.bucket <= used)  # type: ignore[misc]
        found = runs.hvps([(encoded, point, tangent) for tangent in tangents])
        assert made == [interpreter.Program("hvp", used)]
        for one, expected in zip(found, alone, strict=True):
            assert_close(one, np.asarray(expected), 1e-13)


def test_single_precision_stays_single() -> None:
    recording = recorded("sin(x)*0.1 + x**3")
    encoded, leaves = bytecode.encode(recording.tape), leaves_of(recording, [0.5])
    for found in (SINGLE.gradient(encoded, leaves), float_tapes.hvp(SINGLE, encoded, leaves, np.ones(1))):
        assert found.dtype == np.float32
    assert_close(SINGLE.gradient(encoded, leaves), DOUBLE.gradient(encoded, leaves), 1e-6)


def test_a_new_tape_compiles_nothing() -> None:
    answer("x", 1.0)
    before = len(MADE)
    for number in range(20):
        answer(f"x*{number}.5 + sin(x + {number})*{'x*' * number}x", 1.0)
    assert len(MADE) == before


def test_threads_that_need_one_program_compile_it_once() -> None:
    made: list[interpreter.Program] = []

    def slow(program: interpreter.Program, dtype: str) -> Any:
        made.append(program)
        time.sleep(0.05)
        return programs.make(program, dtype)

    shared = interpreter.Interpreter("float64", slow)
    recording = recorded("x*y + 2*x")
    encoded = bytecode.encode(recording.tape)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda x: shared.gradient(encoded, leaves_of(recording, [x, 3.0])), range(8)))
    assert made == [interpreter.Program("gradient", 32)]
    assert [answer.tolist() for answer in found] == [[5.0 * x, 5.0, x] for x in range(8)]


def test_restored_programs_run_without_compiling() -> None:
    def restored(program: interpreter.Program, dtype: str) -> Any:
        blob = serialize_executable.serialize(interpreter.compile_program(program, dtype))
        return serialize_executable.deserialize_and_load(*blob)

    recording = recorded("7*x**2 + y")
    encoded = bytecode.encode(recording.tape)
    runs = interpreter.Interpreter("float64", restored)
    assert runs.gradient(encoded, leaves_of(recording, [2.0, 1.0])).tolist() == [29.0, 28.0, 1.0]
    runs.warm([interpreter.Program("hvp", 32)])
    assert float_tapes.hvp(runs, encoded, leaves_of(recording, [2.0, 1.0]), np.ones(2))[1].tolist() == [29.0, 14.0, 0.0]


def test_the_time_of_a_run_grows_in_proportion_to_the_tape() -> None:
    def seconds(operations: int) -> float:
        encoded, leaves = bytecode.encode(random_tape(0, operations, 5)), np.full(5, 0.5)
        DOUBLE.gradient(encoded, leaves)
        times = []
        for _ in range(7):
            start = time.perf_counter()
            DOUBLE.gradient(encoded, leaves)
            times.append(time.perf_counter() - start)
        return min(times)

    # 16 times the operations; a copy of the buffers at each step would make it 256 times the time.
    assert seconds(65_536) < 40 * seconds(4096)
