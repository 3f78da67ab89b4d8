"""One simulated service with its clients, from start to end, and what must hold whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from unittest import mock

from app import application
from app.api import services
from app.autodiff import interpreter
from app.engine import executables
from app.engine.workers import process
from app.runtime import deadlines, processes, queue
from app.runtime.store import disk
from app.settings import Settings
from tests.simulation import clients
from tests.simulation.clock import SimulatedExecutor, SimulatedLoop, SimulatedTime
from tests.simulation.faults import Fates, Store, Worker
from tests.support import programs

_LONGEST_SECONDS = 3 * deadlines.ANSWER_SECONDS + deadlines.START_SECONDS + 5
"""Between the end of a request and the begin of its answer: reading, computing and proving each have a deadline, and so
has waiting for a worker."""

_SMALL: dict[str, Any] = {
    "threads": 2,
    "queue": 6,
    "fit_threads": 1,
    "fit_queue": 2,
    "plan_capacity": 1000,
    "registry_capacity": 1,
}
"""Settings under which queues are often full and memory forgets soon."""


@dataclass
class Report:
    """What happened in a world."""

    exchanges: list[clients.Exchange] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0  # simulated

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.problems.append(otherwise)


def simulate(seed: int, *, quiet: bool = False, questions: int = 60) -> Report:
    """Run a service twice, with one store, and report what did not hold."""
    fates = Fates(random.Random(seed), quiet=quiet)  # noqa: S311 - not for secrets
    report = Report(faults=fates.counts)
    store, data_store = Store(fates), Store(fates)
    registered: dict[str, float] = {}
    for life in range(2):
        loop = SimulatedLoop(fates.seconds)
        with _simulated(loop, fates, store, data_store):
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(_live(fates, report, registered, questions if life == 0 else questions // 4))
            finally:
                asyncio.set_event_loop(None)
                loop.close()
            report.seconds += loop.now - 1000.0
    return report


async def _live(fates: Fates, report: Report, registered: dict[str, float], questions: int) -> None:
    """Start a service, let clients ask, stop it; check what must hold then."""
    app = application.create_app(Settings(**_SMALL))
    parts: services.Services = app.state.services
    lifespan = app.router.lifespan_context(app)
    await lifespan.__aenter__()
    asking = [asyncio.ensure_future(_ask_later(app, fates, report)) for _ in range(questions)]
    asking += [asyncio.ensure_future(_register(app, fates, report, registered)) for _ in range(3)]
    asking += [asyncio.ensure_future(_keep_data(app, fates, report)) for _ in range(2)]
    asking += [asyncio.ensure_future(_find(app, fates, report, registered))]
    for done in await asyncio.gather(*asking, return_exceptions=True):
        report.check(not isinstance(done, BaseException), f"an exception reached the server: {done!r}")
    await parts.engine.wait_until_idle()
    await asyncio.sleep(120)  # what was begun for clients that are gone ends
    _check_rest(parts, report)
    parts.lifecycle.drain()
    began = asyncio.get_running_loop().time()
    refused = await clients.exchange(app, clients.gradient(fates), Fates(random.Random(0), quiet=True))  # noqa: S311
    report.check(refused.status == 503, f"a stopping service answers {refused.status}")
    await lifespan.__aexit__(None, None, None)
    took = asyncio.get_running_loop().time() - began
    report.check(took <= deadlines.END_SECONDS + 60, f"stopping took {took:.1f} s")
    report.check(not Worker.living, "a worker outlives the service")
    left = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.sleep(1)
    report.check(all(task.done() for task in left), f"tasks outlive the service: {[t for t in left if not t.done()]}")


def _check_rest(parts: services.Services, report: Report) -> None:
    """Check that nothing is held when nobody asks."""
    engine = parts.engine
    for name, held in {
        "places of brief work": len(engine.brief),
        "places of lengthy work": len(engine.lengthy),
        "places of fits": len(engine.fits.pool),
        "requests for formulae": engine.workers.waiting,
        "executables on their way": engine.executables.pending,
        "requests in flight": parts.lifecycle.in_flight,
        "bytes of bodies": parts.budgets.bodies.bytes,
        "bytes of data": parts.budgets.data.bytes,
        "bytes of answers": parts.budgets.answers.bytes,
    }.items():
        report.check(held == 0, f"{held} {name} are held for nobody")


async def _exchange(app: Any, question: clients.Question, fates: Fates, report: Report) -> clients.Exchange:
    found = await clients.exchange(app, question, fates)
    report.exchanges.append(found)
    lost = question.may_be_lost and found.status == 404 and _store_loses(report)
    if found.fault is not None and not lost:
        report.problems.append(f"{question.method} {question.path} {question.body[:120]!r}: {found.fault}")
    report.check(found.seconds <= _LONGEST_SECONDS, f"{question.path} took {found.seconds:.1f} s")
    return found


async def _ask_later(app: Any, fates: Fates, report: Report) -> None:
    await asyncio.sleep(fates.draw.choice((0.0, 1.0, fates.draw.uniform(0, 20))))
    question = fates.draw.choice(clients.QUESTIONS)(fates)
    for _ in range(fates.draw.choice((1, 1, 3))):
        await _exchange(app, question, fates, report)


async def _register(app: Any, fates: Fates, report: Report, registered: dict[str, float]) -> None:
    """Register a function and ask for its gradient by its id."""
    await asyncio.sleep(fates.draw.uniform(0, 10))
    factor = fates.draw.randint(1, 99)
    body = json.dumps({"expression": f"{factor}*x**2"}).encode()
    found = await _exchange(app, clients.Question("/v1/functions", body, lambda _: True), fates, report)
    if found.status in (200, 201) and found.complete:
        function_id = json.loads(found.content)["function_id"]
        registered[function_id] = factor
        await _ask_by_id(app, fates, report, function_id, factor)


async def _find(app: Any, fates: Fates, report: Report, registered: dict[str, float]) -> None:
    """Ask for what was registered before the service was started again."""
    for function_id, factor in list(registered.items()):
        await _ask_by_id(app, fates, report, function_id, factor)


async def _ask_by_id(app: Any, fates: Fates, report: Report, function_id: str, factor: float) -> None:
    question = clients.Question(
        f"/v1/functions/{function_id}/grad",
        b'{"point": [3.0]}',
        lambda found: found["gradient"] == 6.0 * factor,
        may_be_lost=True,
    )
    for _ in range(2):
        await _exchange(app, question, fates, report)
        await asyncio.sleep(fates.draw.uniform(0, 5))


async def _keep_data(app: Any, fates: Fates, report: Report) -> None:
    """Register an array and ask for a gradient at it."""
    await asyncio.sleep(fates.draw.uniform(0, 10))
    numbers = [float(fates.draw.randint(-9, 9)) for _ in range(fates.draw.choice((3, 2000)))]
    body = json.dumps({"values": numbers}).encode()
    found = await _exchange(app, clients.Question("/v1/data", body, lambda _: True), fates, report)
    if found.status not in (200, 201) or not found.complete:
        return
    data_id = json.loads(found.content)["data_id"]
    question = clients.Question(
        "/v1/grad",
        json.dumps({"expression": "a*sum(D)", "args": ["a", "D"], "point": [2.0, {"data": data_id}]}).encode(),
        lambda found: abs(found["gradient"] - sum(numbers)) < 1e-9,
        may_be_lost=True,
    )
    await _exchange(app, question, fates, report)


def _store_loses(report: Report) -> bool:
    """Return whether the store has lost something, as a store may."""
    return bool(report.faults.get("a full disk") or report.faults.get("an entry is damaged"))


# Stand-ins


@functools.cache
def _interpreters() -> executables.Interpreters:
    """Return the interpreters that all worlds share: programs are made of nothing that a world changes."""
    return executables.Interpreters(programs.Store(disk.NoStore()))


@contextlib.contextmanager
def _simulated(loop: SimulatedLoop, fates: Fates, store: Store, data_store: Store) -> Iterator[None]:
    """Replace what is outside the event loop: threads, processes, files and the clock."""

    def threads(count: int, thread_name_prefix: str, initializer: Callable[[], None]) -> SimulatedExecutor:
        assert thread_name_prefix
        assert initializer is processes.compute_in_background  # of a real thread
        return SimulatedExecutor(loop, fates.seconds, count)

    async def nothing(*_: Any) -> None:
        pass

    Worker.fates, Worker.living = fates, set()
    shared = _interpreters()
    with contextlib.ExitStack() as stack:
        for target, name, stand_in in (
            (queue, "ThreadPoolExecutor", threads),
            (process, "WorkerProcess", Worker),
            (executables, "Interpreters", lambda _: shared),
            (executables.Interpreters, "warm_rest", nothing),
            (interpreter.Interpreter, "ready", lambda *_: True),  # whatever worlds before have loaded
            (Settings, "open_store", lambda _: store),
            (Settings, "open_data_store", lambda _: data_store),
            (application, "_import_rest", nothing),
            (application, "_trim", nothing),  # memory and programs are those of this process
            (application, "_settle_heap", lambda: None),  # a service per process freezes its heap once
        ):
            stack.enter_context(mock.patch.object(target, name, stand_in))
        clock = SimulatedTime(loop)
        for module in _modules_with_a_clock():
            stack.enter_context(mock.patch.object(module, "time", clock))
        yield
    gc.collect(0)


def _modules_with_a_clock() -> list[ModuleType]:
    import time  # noqa: PLC0415 - the real one

    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("app.") and getattr(module, "time", None) is time
    ]
