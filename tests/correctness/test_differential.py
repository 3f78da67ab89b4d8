"""Programs at random, differentiated by the service, by others, and by the service when they are written otherwise.

The programs are functions in functions, closures, branches and loops of numbers (``random_programs``), assignments to
elements, views, masks and loops of arrays (``numpy_programs``), and formulae of numbers and of arrays (``strategies``).
A failure names the seed of its program: ``case("numbers", seed)`` makes it again.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app import errors
from app.autodiff.arrays import recording, run, traced, transforms
from app.engine import query
from app.engine.derivatives import taylor
from app.language import parse
from tests.support import numpy_programs, random_programs, rewriting, strategies, tiers
from tests.support.service import SyncEngine

Array = NDArray[np.float64]
pytestmark = pytest.mark.slow

KINDS = ("numbers", "arrays")
_RUNS = {"numbers": 200, "arrays": 100}
_FEW = {"numbers": 40, "arrays": 25}
"""Programs of a law, and of one that takes long."""
_FIRST = {"numbers": 10_000, "arrays": 20_000}
"""Seeds that no other test has."""


@dataclass(frozen=True)
class Case:
    """A program, and a point."""

    kind: str
    seed: int
    text: str
    point: list[Any]  # as JSON

    def __str__(self) -> str:
        return f"case({self.kind!r}, {self.seed}): {self.point}\n{self.text}"

    def random(self) -> Random:
        return Random(self.seed)  # noqa: S311 - no secrets


def case(kind: str, seed: int) -> Case:
    numbers = np.random.default_rng(seed).normal(size=5).tolist()
    if kind == "numbers":
        return Case(kind, seed, random_programs.Program(seed).text(), numbers[:2])
    return Case(kind, seed, numpy_programs.Programs(Random(seed)).program(), [numbers[:4], numbers[4]])  # noqa: S311


def flat(*parts: Any) -> Array:
    return np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in parts])


def asked(engine: SyncEngine, text: str, point: list[Any], **fields: Any) -> Array | None:
    """Return value and gradient by the service, in one array; None if it refuses the program."""
    try:
        found = engine.grad(text, point, list(range(len(point))), **fields)
    except errors.Rejected:
        return None
    return flat(found.value, *found.derivative)


def answered(engine: SyncEngine, kind: str, counts: dict[str, int]) -> Iterator[tuple[Case, Array]]:
    """Yield programs that the service takes, with their value and gradient; most must be."""
    taken = 0
    for seed in range(_FIRST[kind], _FIRST[kind] + counts[kind]):
        program = case(kind, seed)
        found = asked(engine, program.text, program.point)
        if found is not None and np.isfinite(found).all():
            taken += 1
            yield program, found
    assert taken > 0.5 * counts[kind]


def same(found: Any, expected: Any, program: Any, relative: float = 1e-11) -> None:
    """Assert that numbers agree, relative to the greatest of them."""
    assert found is not None, str(program)
    scale = max(1.0, float(np.max(np.abs(expected))))
    np.testing.assert_allclose(found, expected, rtol=relative, atol=relative * scale, err_msg=str(program))


def by_jax(text: str, point: list[Any]) -> Array:
    """Return value and gradient by un-jitted JAX, for which Python runs the program."""
    own: dict[str, Any] = {"np": jnp}
    exec(compile(text, "<program>", "exec"), own)  # noqa: S102 - generated here

    def function(*entries: Any) -> Any:
        return jnp.asarray(own["f"](*entries), jnp.float64)

    entries = [jnp.asarray(entry, jnp.float64) for entry in point]
    value, slopes = jax.value_and_grad(function, argnums=tuple(range(len(point))))(*entries)
    return flat(value, *slopes)


def by_complex_step(text: str, point: list[Any]) -> Array:
    """Return value and gradient by NumPy, for which Python runs the program."""
    entries = [np.array(entry) for entry in point]
    return flat(numpy_programs.value(text, entries), numpy_programs.gradient(text, entries))


@pytest.mark.parametrize(("kind", "reference"), [("numbers", by_jax), ("arrays", by_complex_step)])
def test_programs_are_what_others_make_of_them(
    engine: SyncEngine, kind: str, reference: Callable[[str, list[Any]], Array]
) -> None:
    for program, found in answered(engine, kind, _RUNS):
        with contextlib.suppress(
            NameError
        ):  # where Python comes to a name that has no value, the service has none either
            same(found, reference(program.text, program.point), program, 1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_names_change_nothing(engine: SyncEngine, kind: str) -> None:
    for program, found in answered(engine, kind, _RUNS):
        text = rewriting.renamed(program.text, program.random())
        again = asked(engine, text, program.point)
        assert again is not None, f"{program}\n{text}"
        assert again.tolist() == found.tolist(), f"{program}\n{text}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_independent_statements_changes_nothing(engine: SyncEngine, kind: str) -> None:
    tried = 0
    for program, found in answered(engine, kind, _RUNS):
        text = rewriting.reordered(program.text, program.random())
        if text is not None:
            tried += 1
            same(asked(engine, text, program.point), found, f"{program}\n{text}", 1e-12)
    assert tried > 10


@pytest.mark.parametrize("kind", KINDS)
def test_sums_may_be_split(engine: SyncEngine, kind: str) -> None:
    for program, found in answered(engine, kind, _RUNS):
        text = rewriting.split(program.text)
        same(asked(engine, text, program.point), found, f"{program}\n{text}")


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_sum_of_programs_is_the_sum(engine: SyncEngine, kind: str) -> None:
    last: tuple[Case, Array] | None = None
    for program, found in answered(engine, kind, _RUNS):
        if last is not None:
            head = "x, y" if kind == "numbers" else "x, z"
            bodies = [each.text.replace("def f(", f"def f{n}(") for n, each in enumerate((program, last[0]))]
            if all(each.text.startswith("def") for each in (program, last[0])):
                copies = [head.replace("x", "x*1.0")] * 2 if kind == "arrays" else [head] * 2
                text = f"{bodies[0]}\n{bodies[1]}\ndef f({head}):\n    return f0({copies[0]}) + f1({copies[1]})"
                other = asked(engine, last[0].text, program.point)
                both = asked(engine, text, program.point)
                if other is not None and np.isfinite(other).all():
                    scale = max(1.0, float(np.max(np.abs(found))), float(np.max(np.abs(other))))
                    same(np.asarray(both) / scale, (found + other) / scale, f"{program}\n{text}")
        last = program, found


@pytest.mark.parametrize("kind", KINDS)
def test_many_points_are_one_after_the_other(engine: SyncEngine, kind: str) -> None:
    tried = 0
    for program, found in answered(engine, kind, _RUNS):
        points = [program.point, case(kind, program.seed + 1).point, case(kind, program.seed + 2).point]
        columns = [list(column) for column in zip(*points, strict=True)]
        try:
            answer = engine.grad(program.text, columns, [0, 1], in_axes=0)
        except errors.Rejected:
            continue  # too long for many
        tried += 1
        for row, point in enumerate(points):
            alone = found if row == 0 else asked(engine, program.text, point)
            if alone is not None and np.isfinite(alone).all():
                slopes = [np.asarray(part)[row] for part in answer.derivative]
                same(flat(np.asarray(answer.value)[row], *slopes), alone, f"row {row} of {program}")
    assert tried > 0.4 * _RUNS[kind]


def test_compiled_numbers_are_those_of_the_interpreter(engine: SyncEngine) -> None:
    for program, found in answered(engine, "numbers", _FEW):
        value, slopes = tiers.compiled(program.text, None, program.point)
        same(flat(value, *slopes), found, program, 1e-13)


def test_compiled_arrays_are_those_of_numpy(engine: SyncEngine) -> None:
    for program, found in answered(engine, "arrays", _FEW):
        expression = parse.read(program.text).at([(4,), ()], whole=True)
        recorded = recording.record(expression)
        tape = transforms.derive(recorded.tape, "grad", tuple(range(len(recorded.inputs))))
        leaves = [*[np.array(program.point[index]) for index in recorded.inputs], *recorded.constants]
        for results in (run.prepare(tape)(leaves), jax.jit(traced.function(tape))(leaves)):
            value, *parts = results
            slopes = [np.zeros(np.shape(entry)) for entry in program.point]
            for index, part in zip(recorded.inputs, parts, strict=True):
                slopes[index] = np.asarray(part)
            same(flat(value, *slopes), found, program)


@pytest.mark.parametrize("kind", KINDS)
def test_power_series_have_the_gradient_and_the_hessian_along_a_direction(engine: SyncEngine, kind: str) -> None:
    counts = {name: count // 2 for name, count in _RUNS.items()}
    for program, found in answered(engine, kind, counts):
        random = program.random()
        along = [[random.gauss(0, 1) for _ in part] if isinstance(part, list) else 1.25 for part in program.point]
        asked_for = query.Query("value", program.text, program.point)
        answer = engine._client.run(engine.engine.taylor(asked_for, taylor.TaylorQuery(2, along)))
        product = engine.answer("hvp", program.text, program.point, argnums=[0, 1], direction=along)
        expected = [found[0], found[1:] @ flat(*along), flat(*product.derivative) @ flat(*along)]
        for order, each in enumerate(answer.derivatives.by_order):
            same(each, expected[order], f"order {order} of {program}", 1e-10)


def _array_texts() -> st.SearchStrategy[str]:
    return strategies.TREES.map(lambda tree: f"np.sum(({tree.text()})*np.ones(8))")


@settings(max_examples=100)
@given(_array_texts(), st.integers(0, 2**16))
def test_formulae_of_arrays_are_those_of_jax(engine: SyncEngine, text: str, seed: int) -> None:
    point = [np.random.default_rng([seed, index]).normal(size=8).tolist() for index in range(3)]
    names = {name: getattr(jnp, name) for name in ("sin", "cos", "tanh", "exp", "log", "sqrt", "arctan", "abs")}
    names |= {"maximum": jnp.maximum, "minimum": jnp.minimum, "np": jnp}

    def function(x: Any, y: Any, z: Any) -> Any:
        return eval(text, names | {"x": x, "y": y, "z": z})  # noqa: S307 - generated here

    value, slopes = jax.value_and_grad(function, argnums=(0, 1, 2))(*map(jnp.asarray, point))
    found = engine.grad(text, point, [0, 1, 2], args=list(strategies.VARIABLES))
    same(flat(found.value, *found.derivative), flat(value, *slopes), f"seed {seed}: {text}", 1e-10)
    one = engine.grad(text, [[each] for each in point], [0, 1, 2], args=list(strategies.VARIABLES), in_axes=0)
    same(flat(one.value, *one.derivative), flat(found.value, *found.derivative), f"seed {seed}: {text}")
