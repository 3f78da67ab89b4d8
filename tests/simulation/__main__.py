"""``python -m tests.simulation SEED [COUNT]``: runs worlds, prints what was wrong, and of one world what happened."""

import sys

from app.autodiff import compiler
from tests.simulation.world import Report, simulate


def main(first: int, count: int = 1) -> int:
    """Run the worlds of ``count`` seeds from ``first`` on; return the exit code, 1 if something was wrong."""
    compiler.configure()
    wrong = 0
    for seed in range(first, first + count):
        report = simulate(seed)
        if count == 1:
            _describe(report)
        for problem in report.problems:
            print(f"seed {seed}: {problem}")
        wrong += bool(report.problems)
    return 1 if wrong else 0


def _describe(report: Report) -> None:
    statuses = sorted(each.status for each in report.exchanges)
    counts = ", ".join(f"{statuses.count(status)} times {status}" for status in dict.fromkeys(statuses))
    print(f"{len(statuses)} requests in {report.seconds:.0f} simulated seconds: {counts}")
    print("faults:", ", ".join(f"{count} {fault}" for fault, count in sorted(report.faults.items())) or "none")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
