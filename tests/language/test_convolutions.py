"""Convolutions against SciPy, in value and shape."""

import numpy as np
import pytest
import scipy.signal

from app import errors
from app.language import parse
from tests.support import whole_arrays

NAMES = ["convolve", "fftconvolve", "correlate", "convolve2d", "correlate2d"]
"""Functions of ``scipy.signal``."""

SHAPES = [((9,), (4,)), ((4,), (9,)), ((6, 5), (3, 2)), ((7, 6), (4, 3))]
CASES = [(shapes, name) for shapes in SHAPES for name in NAMES if not name.endswith("2d") or len(shapes[0]) == 2]
"""Of vectors and matrices, convolve2d and correlate2d of matrices alone."""


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("shapes", "name"), CASES, ids=str)
def test_a_convolution_is_that_of_scipy(shapes: tuple[tuple[int, ...], ...], name: str, mode: str) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=shape) for shape in shapes)
    read = parse.read(f"lambda x, y: scipy.signal.{name}(x, y, mode='{mode}')")
    if name == "correlate" and mode == "valid" and shapes[0] < shapes[1]:
        with pytest.raises(errors.BadShape, match="larger than the array"):
            read.at(shapes, whole=True)
        return
    found = whole_arrays.value(read.at(shapes, whole=True), [x, y])
    np.testing.assert_allclose(found, getattr(scipy.signal, name)(x, y, mode=mode), rtol=1e-12, atol=1e-13)


def test_a_convolution_without_padding_is_that_of_jax() -> None:
    text = "lambda x, w: jax.lax.conv_general_dilated(x[None, None], w[None, None], (2, 1), 'VALID')[0, 0]"
    x, w = np.random.default_rng(1).normal(size=(6, 5)), np.random.default_rng(2).normal(size=(3, 2))
    found = whole_arrays.value(parse.read(text).at([(6, 5), (3, 2)], whole=True), [x, w])
    np.testing.assert_allclose(found, scipy.signal.correlate2d(x, w, mode="valid")[::2], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("scipy.signal.convolve(x, w, mode='wrap')", '"full"'),
        ("scipy.signal.convolve2d(x, w, boundary='symm')", "np.pad"),
        ("lax.conv(x, w, (1,), 'SAME', lhs_dilation=(2,))", ""),
        ("lax.conv_general_dilated(x, w, (1, 1), 'full')", "(N, C"),
        ("lax.conv_general_dilated(X, W, (1, 1), 'full')", '"SAME"'),
        ("lax.conv_general_dilated(X, W, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'N'))",
         "dimension_numbers="),
        ("lax.conv_general_dilated(X, W, (1, 1), 'SAME', lhs_dilation=(2, 2))", "zeros between"),
    ],
)  # fmt: skip
def test_what_a_convolution_does_not_do_is_refused(text: str, hint: str) -> None:
    text = text.replace("(X, W", "(x[None, None], w[None, None]")
    with pytest.raises(errors.Rejected) as caught:
        parse.read(f"lambda x, w: {text}").at([(6, 5), (3, 2)], whole=True)
    assert hint in f"{caught.value.hint} {caught.value}"
