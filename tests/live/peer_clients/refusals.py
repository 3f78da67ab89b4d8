"""What the users of other projects' clients read when the service refuses them before it knows what they ask."""

import numpy as np
import pytest
import tritonclient.http as triton
import umbridge
from tesseract_core import Tesseract
from tritonclient.utils import InferenceServerException

from tests.live.peer_clients.address import URL

SENTENCE = "this client asks too often"


def test_um_bridge_shows_the_sentence() -> None:
    # Its client finds no error in an answer to /Info, the first thing that it asks.
    model = umbridge.HTTPModel(URL, "gradient")
    for _ in range(4):  # with the two of the constructor as many as are allowed
        assert model([[3.0]], {"expression": "x1**2"}) == [[9.0]]
    with pytest.raises(Exception, match=SENTENCE):
        model([[3.0]], {"expression": "x1**2"})


def test_tesseract_shows_the_sentence() -> None:
    with pytest.raises(Exception, match=SENTENCE):
        Tesseract.from_url(f"{URL}/tesseract").apply({"expression": "X[0]**2", "X": [1.0]})


def test_triton_shows_the_sentence() -> None:
    point = triton.InferInput("X", [1], "FP64")
    point.set_data_from_numpy(np.array([1.0]))
    with pytest.raises(InferenceServerException, match=SENTENCE):
        triton.InferenceServerClient(URL.removeprefix("http://")).infer("gradient", [point])
