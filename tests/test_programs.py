"""The interpreter's programs: made once, found on disk after, and a worker's failure is nobody's."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from app import errors, interpreter, programs, store, worker


class Refusing:
    """Workers that compile nothing."""

    def __init__(self) -> None:
        self.asked: list[interpreter.Program] = []

    async def compile(self, job: Any) -> bytes:
        self.asked.append(job.program)
        raise errors.TooExpensive("stopped at its memory limit")


def test_programs_that_cannot_be_made_ahead_are_left_to_who_needs_them(caplog: pytest.LogCaptureFixture) -> None:
    found, refusing = programs.Interpreters(store.NoStore()), Refusing()
    with ThreadPoolExecutor(1) as threads:
        asyncio.run(found.warm_rest(cast("worker.Workers", refusing), threads))
    assert refusing.asked == [*interpreter.AHEAD]
    assert len(caplog.records) == len(refusing.asked)
    assert not any(found["float64"].installed(program) for program in refusing.asked)
