"""Whatever the order and whatever fails: right answers or refusals, in time, and nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.clock import SimulatedExecutor, SimulatedLoop, Stuck
from tests.simulation.world import simulate

SEEDS = int(os.environ.get("SIMULATION_SEEDS", "1000"))
FIRST = int(os.environ.get("SIMULATION_FIRST", "1000"))
GROUPS = 10
ROOT = Path(__file__).parents[2]


def check(seed: int) -> None:
    report = simulate(seed)
    assert not report.problems, f"python -m tests.simulation {seed}\n" + "\n".join(report.problems)


FOUND = (147, 349)
"""Seeds that found a fault: a fit without time, and a worker that dies late, again and again."""


@pytest.mark.parametrize("seed", [*range(12), *FOUND])
def test_a_world_of_faults(seed: int) -> None:
    check(seed)


def test_without_faults_every_answer_is_right() -> None:
    report = simulate(0, quiet=True)
    assert not report.problems
    assert not report.faults
    assert {each.status for each in report.exchanges} <= {200, 201, 400, 422, 429}
    assert sum(each.status == 200 for each in report.exchanges) > 40


def test_a_seed_repeats_what_happened() -> None:
    first, second = simulate(3), simulate(3)
    assert [each.status for each in first.exchanges] == [each.status for each in second.exchanges]
    assert first.faults == second.faults
    assert first.seconds == pytest.approx(second.seconds)


FAULTS = {
    "slow", "endless", "an entry is damaged", "a full disk", "a worker dies", "memory", "a job that never ends",
    "a client goes away", "a client reads slowly", "a body in pieces", "no process to be had",
}  # fmt: skip


def test_every_fault_happens() -> None:
    happened: set[str] = set()
    for seed in range(40):  # a change of the service makes another world of a seed; the rarest fault is in one of seven
        happened |= set(simulate(seed).faults)
        if happened >= FAULTS:
            break
    assert happened >= FAULTS


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_a_thousand_worlds(group: int) -> None:
    """Each group has a process of its own: what FastAPI keeps of an application is some megabytes."""
    count = SEEDS // GROUPS
    command = [sys.executable, "-m", "tests.simulation", str(FIRST + group * count), str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - of the tests
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_a_loop_on_which_nobody_can_go_on_is_found() -> None:
    loop = SimulatedLoop(lambda: 1.0)
    with pytest.raises(Stuck, match="nobody will do"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_work_takes_simulated_time_and_a_thread_does_one_thing_at_a_time() -> None:
    loop = SimulatedLoop(lambda: 2.0)
    executor = SimulatedExecutor(loop, lambda: 5.0, threads=1)

    async def both() -> list[int]:
        work = [loop.run_in_executor(executor, lambda each=each: each) for each in (1, 2)]
        return [await each for each in work]

    began = loop.time()
    assert loop.run_until_complete(both()) == [1, 2]
    assert loop.time() == pytest.approx(began + 10.0)
    loop.close()
