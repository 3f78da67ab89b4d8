# ruff: noqa: RUF001 - look-alikes are what is tested

import itertools
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.autodiff import table, tape
from app.language import parse
from tests.support import float_tapes, strategies

KEY_DIGITS, ID_DIGITS = 40, 32


def opcodes(text: str, *args: str) -> list[str]:
    return [opcode for opcode, _ in float_tapes.recorded(text, *args).tape.code]


# Keys


@given(
    strategies.TREES,
    st.permutations(["a", "lambda_", "gamma"]),
    st.permutations(["7.5", "0.125", "42.0", "1e-3", "9.75", "0.0625"]),
)
def test_names_and_literals_are_not_in_the_key(tree: strategies.Tree, names: list[str], literals: list[str]) -> None:
    """The arguments keep their order, which the order of first appearance does by itself."""
    changed = tree.renamed(
        dict(zip(strategies.VARIABLES, names, strict=True)) | dict(zip(strategies.LITERALS, literals, strict=True))
    )
    # The literals within the templates differ from those that change, so equal ones stay equal.
    one, other = float_tapes.recorded(tree.text()), float_tapes.recorded(changed.text())
    assert one.tape == other.tape
    assert one.tape.key == other.tape.key


@given(strategies.TREES)
def test_another_operation_is_another_key(tree: strategies.Tree) -> None:
    key = float_tapes.key(tree.text())
    for mutant in itertools.islice(tree.mutants(strategies.SWAPS.get), 5):
        # x + x and x * x differ too, but a sum and a product of the same two constants are both one constant.
        assert float_tapes.key(mutant.text()) != key, mutant.text()


@given(strategies.TREES, strategies.TREES)
def test_one_key_is_one_tape(one: strategies.Tree, other: strategies.Tree) -> None:
    first, second = float_tapes.recorded(one.text()).tape, float_tapes.recorded(other.text()).tape
    assert (first.key == second.key) == (first == second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3*a**2 + b", "7.5*x**2 + y"),
        ("-1*x", "3*x"),
        ("1*x", "2*x"),
        ("0*x", "2*x"),
        ("x*-1", "x*2"),
        ("-2/x", "3/x"),
        ("x + -1", "x + 2"),
        ("x - 0", "x - 1"),
        ("x/1", "x/2"),
        ("x/-1", "x/2"),
        ("pi*x", "3*x"),
        ("exp(0)*x", "3*x"),
        ("x**2.0", "x**2.5"),
        ("0**x", "2**x"),
        ("x + inf", "x + 1"),
        ("where(x > 0, 1, 2) + x", "where(x > 3, 0, 0.5) + x"),
        ("X[0]*X[1]", "a*b"),
        ("X[3] + 2*X[7]", "a + 3*b"),
        ("X[0, 1] + 2*X[1, 0]", "a + 3*b"),
        ("lambda x, y: x > y", "lambda a, b: b < a"),
        ("x >= 1", "2 <= x"),
        ("x/0", "x/2"),
        ("x/0.0", "x/2"),
    ],
)  # fmt: skip
def test_equal_structures_share_a_key(one: str, other: str) -> None:
    assert float_tapes.key(one) == float_tapes.key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x**2", "x**3"),
        ("x**(1/3)", "x**(2/3)"),
        ("x**3", "x**3.0"),
        ("x**-3", "x**3"),
        ("x + y", "x - y"),
        ("x - y", "y - x + 0*x"),
        ("x/y", "x*y"),
        ("x < y", "x <= y"),
        ("x == y", "x != y"),
        ("x*y + x", "x*y + y"),
        ("sin(x) + sin(x)", "sin(x) + sin(y)"),
        ("x*2", "x*2*3"),
        ("x + (y + z)", "(x + y) + z"),
        ("max(x, y)", "min(x, y)"),
        ("where(x > 0, x, y)", "where(x > 0, y, x)"),
        ("x", "y + x - y"),
        ("lambda x, y: x", "lambda x, y: y + 0*x"),
    ],
)
def test_different_structures_have_different_keys(one: str, other: str) -> None:
    assert float_tapes.key(one) != float_tapes.key(other)


def test_a_key_and_an_id_have_the_promised_length() -> None:
    recording = float_tapes.recorded("3*a**2 + b")
    assert len(recording.tape.key) == KEY_DIGITS
    assert len(recording.function_id) == ID_DIGITS
    int(recording.tape.key, 16)
    int(recording.function_id, 16)


def test_the_key_changes_with_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    before = float_tapes.recorded("x + y").tape.key
    monkeypatch.setattr(tape, "FORMAT", "another")
    assert float_tapes.recorded("x + y").tape.key != before


# Ids


@pytest.mark.parametrize(
    "text",
    [
        "3*a**2+b",
        " 3 * a ** 2 + b # the same",
        "lambda a, b: 3*a**2 + b",
        "def f(a, b):\n    return 3*a**2 + b",
        "def f(a, b):\n    r = a**2\n    return 3*r + b",
        "3.0*a^2 + b",
        "3*np.square(a) + b",
        "3*jnp.power(a, 2) + b",
        "(3*(a**2)) + (b)",
        "3*ａ**2 + b",
    ],
)
def test_the_id_names_the_function_however_it_is_spelled(text: str) -> None:
    assert float_tapes.recorded(text).function_id == float_tapes.recorded("3*a**2 + b").function_id


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("3*a**2 + c", None),
        ("4*a**2 + b", None),
        ("3*a**2 + b", ("b", "a")),
        ("3*a**2 + b", ("a", "b", "c")),
        ("3*a**3 + b", None),
        ("3*X[0]**2 + X[1]", None),
        ("3.0000000000000004*a**2 + b", None),
    ],
)
def test_the_id_differs_with_the_function(text: str, args: tuple[str, ...] | None) -> None:
    assert float_tapes.recorded(text, *(args or ())).function_id != float_tapes.recorded("3*a**2 + b").function_id


def test_the_sign_of_zero_belongs_to_the_function() -> None:
    assert float_tapes.recorded("x + 0.0").function_id != float_tapes.recorded("x + (-0.0)").function_id


def test_ids_do_not_depend_on_the_process() -> None:
    # A digest of repr strings: nothing hashed by address or by PYTHONHASHSEED may enter.
    program = (
        "from app.autodiff import tape; from app.language import parse\n"
        "print(tape.record(parse.parse('sin(x)*y + x**(2/3) + 1.5')).function_id)"
    )
    found = {
        subprocess.run(  # noqa: S603 - our own interpreter on a text above
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{float_tapes.recorded('sin(x)*y + x**(2/3) + 1.5').function_id}\n".encode()}


# Meaning


@given(strategies.TREES)
def test_a_tape_has_the_value_of_its_text(tree: strategies.Tree) -> None:
    namespace = {**vars(math), "arctan": math.atan, "maximum": max, "minimum": min, "abs": abs}
    point = dict(zip(strategies.VARIABLES, strategies.POINTS[:3], strict=True))
    expected = eval(tree.text(), namespace, point)  # noqa: S307 - generated here
    assert float_tapes.means(tree.text(), **point) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(strategies.TREES, st.permutations(["7.5", "0.125", "42.0", "1e-3", "9.75", "0.0625"]))
def test_a_tape_serves_every_function_of_its_key(tree: strategies.Tree, literals: list[str]) -> None:
    changed = tree.renamed(dict(zip(strategies.LITERALS, literals, strict=True)))
    one, other = float_tapes.recorded(tree.text()), float_tapes.recorded(changed.text())
    point = list(strategies.POINTS[: one.tape.inputs])
    assert float_tapes.run(one.tape, [*point, *other.constants]) == float_tapes.run(
        other.tape, [*point, *other.constants]
    )


@given(strategies.TREES)
def test_a_tape_is_well_formed(tree: strategies.Tree) -> None:
    recording = float_tapes.recorded(tree.text())
    structure = recording.tape
    assert structure.inputs == len(recording.inputs)
    assert structure.constants == len(recording.constants)
    assert list(recording.inputs) == sorted(set(recording.inputs))
    for index, (opcode, operands) in enumerate(structure.code):
        assert all(0 <= operand < structure.leaves + index for operand in operands)
        assert len(operands) == len(table.PULLBACKS[opcode])
    assert 0 <= structure.result < structure.leaves + len(structure.code)
    used = {operand for _, operands in structure.code for operand in operands} | {structure.result}
    assert used == set(range(structure.leaves + len(structure.code))), "something is computed for nothing"


@given(strategies.TREES)
def test_a_slot_varies_if_it_depends_on_an_input(tree: strategies.Tree) -> None:
    structure = float_tapes.recorded(tree.text()).tape
    reached = list(range(structure.inputs))
    for slot in reached:
        for index, (_, operands) in enumerate(structure.code):
            if slot in operands and structure.leaves + index not in reached:
                reached.append(structure.leaves + index)
    assert [slot for slot, varies in enumerate(structure.varied()) if varies] == sorted(reached)


def test_inputs_are_sorted_by_argument_and_index() -> None:
    recording = float_tapes.recorded("Y[2] + X[1] + Y[0] + X[-1] + z", "X", "Y", "z")
    assert recording.inputs == ((0, (-1,)), (0, (1,)), (1, (0,)), (1, (2,)), (2, ()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sin(x) + sin(x)", ["sin", "add"]),
        ("sin(x)*2 + sin(x)*2", ["sin", "mul", "add"]),
        ("exp(-x**2) * (1 - exp(-x**2))", ["square", "neg", "exp", "sub", "mul"]),
        ("def f(x):\n    s = sin(x)*x\n    return s**2 + s", ["sin", "mul", "square", "add"]),
        ("def f(x, y):\n    s = x*y\n    return s*s + s", ["mul", "mul", "add"]),
        ("def f(x, y):\n    s = x + y\n    return (s + 2) * (s + 3)", ["add", "add", "add", "mul"]),
        ("sigmoid(x*y)*(1 - sigmoid(x*y))", ["mul", "sigmoid", "sub", "mul"]),
    ],
)
def test_a_shared_subexpression_is_computed_once(text: str, expected: list[str]) -> None:
    assert opcodes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x**2", ["square"]),
        ("x**1", []),
        ("x**-1", ["reciprocal"]),
        ("x**(1/2)", ["sqrt"]),
        ("sqrt(x)", ["sqrt"]),
        ("rsqrt(x)", ["sqrt", "reciprocal"]),
        ("x**3", ["pow_const"]),
        ("x**y", ["pow"]),
        ("2**x", ["const_pow"]),
        ("e**x", ["exp"]),
        ("x/y", ["div"]),
        ("x - y", ["sub"]),
        ("-x", ["neg"]),
        ("a + b - c", ["add", "sub"]),
    ],
)
def test_the_simplest_instruction_is_recorded(text: str, expected: list[str]) -> None:
    assert opcodes(text) == expected


# Cost


def calls(function: Callable[[], object]) -> int:
    """Return how many calls, Python's and C's, a function makes: its cost, without a clock."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


SCALABLE: dict[str, Callable[[int], str]] = {
    "a sum": lambda n: " + ".join(f"x*{k}.5" for k in range(n)),
    "a product": lambda n: " * ".join(f"(x + {k})" for k in range(n)),
    "a maximum": lambda n: f"max({', '.join(f'x*{k}' for k in range(n))})",
    "a sum of elements": lambda n: " + ".join(f"X[{k}]**2" for k in range(n)),
    "differences": lambda n: " - ".join(f"x/{k + 1}" for k in range(n)),
    "comparisons": lambda n: "(" + " < ".join(f"x*{k}" for k in range(n)) + ") + x",
    "statements": lambda n: "def f(x):\n" + "".join(f"    y{k} = x*{k}\n" for k in range(n)) + "    return y0",
    "alternatives": lambda n: "Piecewise(" + ", ".join(f"(x*{k}, x < {k})" for k in range(n)) + ")",
}


@pytest.mark.parametrize("what", SCALABLE)
def test_reading_and_recording_cost_in_proportion_to_the_text(what: str) -> None:
    text, longer = SCALABLE[what](250), SCALABLE[what](1000)
    cost = calls(lambda: tape.record(parse.parse(text)))
    assert calls(lambda: tape.record(parse.parse(longer))) < 6 * cost


def test_repeated_squaring_by_name_records_one_instruction_each() -> None:
    text = "def f(x):\n" + "    x = x*x + 1\n" * 100 + "    return x"
    assert len(float_tapes.recorded(text).tape.code) == 200


# Positions


def test_positions_find_elements_in_the_flat_point() -> None:
    recording = float_tapes.recorded("X[1, 2] + y + X[-1, -1] + Z[0]", "X", "y", "Z")
    found = tape.positions(recording, ("X", "y", "Z"), [(2, 3), (), (4,)])
    by_input = dict(zip(recording.inputs, found, strict=True))
    assert by_input == {(0, (1, 2)): 5, (0, (-1, -1)): 5, (1, ()): 6, (2, (0,)): 7}


def test_positions_agree_with_numpy_for_every_index() -> None:
    shape = (3, 2, 4)
    flat = np.arange(24).reshape(shape)
    source = random.Random(0)  # noqa: S311 - which indices, not a secret
    for _ in range(50):
        index = tuple(source.randrange(-size, size) for size in shape)
        recording = float_tapes.recorded(f"X[{index[0]}, {index[1]}, {index[2]}]")
        assert tape.positions(recording, ("X",), [shape]) == (flat[index],)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("X[3]", (3,)),
        ("X[-4]", (3,)),
        ("X[0]", (0,)),
        ("X[0, 2]", (3, 2)),
        ("X[0]", ()),
        ("X[0]", (2, 2)),
        ("X", (1, 1)),
    ],
)
def test_an_index_out_of_range_or_a_wrong_rank_is_refused(text: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(errors.BadShape, match="'X'"):
        tape.positions(float_tapes.recorded(text), ("X",), [shape])
