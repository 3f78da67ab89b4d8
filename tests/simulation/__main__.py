"""``python -m tests.simulation SEED``: runs one world and prints what happened."""

import sys

from app.autodiff import compiler
from tests.simulation.world import simulate

if __name__ == "__main__":
    compiler.configure()
    report = simulate(int(sys.argv[1]))
    statuses = sorted(each.status for each in report.exchanges)
    print(f"{len(report.exchanges)} requests in {report.seconds:.0f} simulated seconds:", end=" ")
    print(", ".join(f"{statuses.count(status)} times {status}" for status in dict.fromkeys(statuses)))
    print("faults:", ", ".join(f"{count} {fault}" for fault, count in sorted(report.faults.items())) or "none")
    for problem in report.problems:
        print("WRONG:", problem)
    sys.exit(1 if report.problems else 0)
