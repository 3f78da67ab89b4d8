"""Turns of searches: one thread at a time, the one that has waited longest next."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.runtime import queue


def test_one_thread_at_a_time_has_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "_TURN_SECONDS", 0.0)
    shared, inside, most = queue.Turns(), 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with shared.taken():
            for _ in range(50):
                inside += 1
                most = max(most, inside)
                time.sleep(0)
                inside -= 1
                shared.pass_on()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert (inside, most) == (0, 1)


def test_a_turn_is_passed_on_to_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, order, waits = queue.Turns(), [], threading.Event()

    def work() -> None:
        waits.set()
        with shared.taken():
            order.append("second")

    with shared.taken():
        thread = threading.Thread(target=work)
        thread.start()
        waits.wait()
        time.sleep(0.05)
        monkeypatch.setattr(queue, "_TURN_SECONDS", 60.0)
        shared.pass_on()
        order.append("first")  # its turn has not been long
        monkeypatch.setattr(queue, "_TURN_SECONDS", 0.0)
        shared.pass_on()
        order.append("first")
    thread.join()
    assert order == ["first", "second", "first"]


def test_a_turn_is_given_up_for_long_work() -> None:
    shared, done = queue.Turns(), threading.Event()

    def work() -> None:
        with shared.taken():
            done.set()

    with shared.taken():
        thread = threading.Thread(target=work)
        thread.start()
        with shared.given_up():
            assert done.wait(30)
    thread.join()


def test_a_search_pauses_only_while_others_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(queue, "_TURN_SECONDS", 0.0)
    turns = queue.Turns()
    with turns.taken():
        turns.pass_on()
        assert not pauses
        turns.answered = time.perf_counter()
        turns.pass_on()
        assert len(pauses) == 1
        turns.answered -= 60.0
        turns.pass_on()
        assert len(pauses) == 1
