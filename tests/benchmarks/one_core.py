"""Several processes on a port that share one core: what sharing costs a request, and what each takes of memory.

This stands for many cores on a machine that has two. Processes that answer as many requests on one core as a single
process does, do not wait for each other: on as many cores they answer as many times more. What cores share, caches and
the memory bus, is not measured here. The generator has the other core.

Memory is proportional: a page that n processes share counts one n-th for each (Pss in proc_pid_smaps(5)).
"""

from contextlib import ExitStack

from tests.benchmarks import contenders, processes, table, wrk
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.processes import Server
from tests.benchmarks.table import Row, Run

COUNTS = (1, 2, 4)

_CONNECTIONS = 64
"""Enough for the kernel to give every process some: it spreads connections over the processes by chance."""
_SECONDS = 2.0
_TEMPLATE = GRADSERVE.tutorial(wrk.PLACE)


def measure(run: Run) -> None:
    """Measure one process, two and four in turn, and add the rows."""
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    costs: dict[int, list[float]] = {count: [] for count in COUNTS}
    cores, _ = wrk.cores()
    with ExitStack() as stack:
        servers = {count: _start(stack, count, cores) for count in COUNTS}
        for turn in range(run.rounds):
            for count in sorted(servers, reverse=bool(turn % 2)):
                server = servers[count]
                used = processes.cpu_seconds(server.pid)
                outcome = wrk.run(server.port, _TEMPLATE, _CONNECTIONS, _SECONDS)
                used = processes.cpu_seconds(server.pid) - used
                rates[count].append(outcome.rate)
                costs[count].append(used / outcome.count * 1e6)
        megabytes = {count: processes.proportional_bytes(server.pid) / 1e6 for count, server in servers.items()}
    one, *several = COUNTS
    for count in COUNTS:
        run.keep(f"one core/rate/{count}", rates[count])
        run.keep(f"one core/cost/{count}", costs[count])
    run.keep("one core/megabytes", list(megabytes.values()))
    for count in several:
        name, what = f"{count} processes", f"hot gradient, {_CONNECTIONS} connections, all on one core"
        run.add(table.compare(what, name, rates[count], "/s", "1 process", rates[one]))
    further = (megabytes[COUNTS[-1]] - megabytes[one]) / (COUNTS[-1] - one)
    what = "memory of a further process, with its compile workers"
    run.add(Row(what, GRADSERVE.name, further, "MB", "of the first", megabytes[one], further / megabytes[one]))


def _start(stack: ExitStack, count: int, cores: set[int]) -> Server:
    server = GRADSERVE.start(stack, {"GRADSERVE_WORKERS": str(count)}, cores=cores)
    contenders.wait_for(server, f"gradserve_ready {count}.0", processes.START_SECONDS)
    wrk.run(server.port, _TEMPLATE, _CONNECTIONS, _SECONDS)
    contenders.settle(server.port, _TEMPLATE)
    wrk.run(server.port, _TEMPLATE, _CONNECTIONS, _SECONDS)
    processes.wait_until_idle(server.pid)
    return server
