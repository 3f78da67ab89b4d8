"""Values and gradients of texts with arrays, by tapes of arrays, against un-jitted JAX executing the very same text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.autodiff.arrays import recording, run, transforms
from app.language import parse
from tests.language import test_lowering

Array = Any


def value_and_gradient(text: str, point: Sequence[Array]) -> tuple[Array, Array]:
    expression = parse.read(text).at([np.shape(entry) for entry in point], whole=True)
    recorded = recording.record(expression)
    tape = transforms.derive(recorded.tape, "grad", tuple(range(len(recorded.inputs))))
    value, *parts = run.prepare(tape)([*[point[index] for index in recorded.inputs], *recorded.constants])
    gradient = [np.zeros(np.shape(entry)) for entry in point]
    for index, part in zip(recorded.inputs, parts, strict=True):
        gradient[index] = part
    return value, np.concatenate([np.ravel(part) for part in gradient])


@pytest.mark.parametrize(("text", "shapes"), [*test_lowering.TEXTS, *[(text, [(4,)]) for text in test_lowering.DEFS]])
def test_a_tape_of_arrays_is_what_jax_makes_of_the_text(text: str, shapes: Sequence[tuple[int, ...]]) -> None:
    point = [np.asarray(entry, float) for entry in test_lowering.a_point(shapes, 1)]
    value, gradient = value_and_gradient(text, point)
    expected, slope = test_lowering.theirs(text, point)
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-9)
