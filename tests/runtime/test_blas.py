"""Threads of NumPy's linear algebra."""

import threading

import numpy as np
import pytest
import scipy.linalg
import threadpoolctl

from app.runtime import blas


class FakeLibrary:
    def __init__(self) -> None:
        self.set: list[int] = []

    def set_num_threads(self, count: int) -> None:
        self.set.append(count)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    """Give the process one library that may have four threads."""
    library = FakeLibrary()
    monkeypatch.setattr(blas.threads(), "_libraries", [(library, 4)])
    return library


def test_every_library_that_numpy_and_scipy_use_has_one_thread() -> None:
    assert scipy.linalg.cholesky(np.eye(2)).tolist() == [[1, 0], [0, 1]]
    threads = blas.BlasThreads()
    assert blas.threads() is blas.threads()
    with threads.several():
        pass
    found = threadpoolctl.ThreadpoolController().select(user_api="blas").info()
    assert found
    assert {library["num_threads"] for library in found} == {1}


def test_several_threads_until_the_last_long_computation_ends(fake: FakeLibrary) -> None:
    threads = blas.threads()
    with threads.several():
        with threads.several():
            pass
        assert fake.set == [4, 4, 4]
    assert fake.set == [4, 4, 4, 1]


def test_an_error_gives_the_threads_back(fake: FakeLibrary) -> None:
    def fail() -> None:
        with pytest.raises(ZeroDivisionError), blas.threads().several():
            raise ZeroDivisionError

    other = threading.Thread(target=fail)
    other.start()
    other.join()
    assert fake.set == [4, 1]
