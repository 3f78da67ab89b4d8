"""``make bench``: every measurement, side by side in one run.

Nothing here asserts a time: machines differ and are shared. Read the ratios. The servers are checked for right answers
before they are measured; a wrong answer fails its section and the run.
"""

import argparse
import json
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from app import compiler
from tests.benchmarks import (
    batch,
    binary,
    clients,
    cold,
    components,
    contenders,
    expressions,
    hot,
    jit,
    large,
    memory,
    mixed,
    processes,
    restart,
    table,
    workers,
)

SECTIONS: dict[str, Callable[[table.Run], None]] = {
    "hot": hot.measure,
    "clients": clients.measure,
    "cold": cold.measure,
    "large": large.measure,
    "mixed": mixed.measure,
    "batch": batch.measure,
    "binary": binary.measure,
    "components": components.measure,
    "restart": restart.measure,
    "workers": workers.measure,
    "memory": memory.measure,
    "jit": jit.add,
}
SLOW = ("memory",)


def main() -> int:
    """Run the sections asked for, and print the table."""
    asked = _arguments()
    if not asked.peers.exists():
        print(f"{asked.peers} is missing: make bench makes it", file=sys.stderr)
        return 2
    names = asked.only or [name for name in SECTIONS if asked.slow or name not in SLOW]
    run = table.Run(asked.rounds, asked.peers, asked.slow, expressions.Source(asked.seed))
    processes.end_children_on_termination()
    compiler.configure()
    failed: list[str] = []
    load_before = table.machine()["load_average"]
    for name in names:
        start = time.perf_counter()
        print(f"==> {name}", end="", file=sys.stderr, flush=True)
        try:
            SECTIONS[name](run)
        except Exception:  # noqa: BLE001  # what the other sections found must not be lost with this one
            failed.append(name)
            traceback.print_exc()
        print(f", {time.perf_counter() - start:.0f} s", file=sys.stderr)
    print(f"\n{table.heading(run, load_before)}\n\n{table.render(run.rows)}")
    for note in run.notes:
        print(f"\n{note}")
    if asked.json:
        document = run.document(failed=failed, load_average_before=load_before, peers=contenders.versions(asked.peers))
        asked.json.write_text(json.dumps(document, indent=1) + "\n")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", type=_sections, help=f"sections, separated by commas: {', '.join(SECTIONS)}")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything takes its turn (default: 5)")
    parser.add_argument("--json", type=Path, help="write everything there as JSON")
    parser.add_argument("--slow", action="store_true", help="measure what takes minutes too")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="of the random functions")
    parser.add_argument(
        "--peers",
        type=Path,
        default=processes.ROOT / ".venv-bench/bin/python",
        help="Python of the environment made from tests/benchmarks/requirements.txt (default: .venv-bench's)",
    )
    return parser.parse_args()


def _sections(names: str) -> list[str]:
    found = names.split(",")
    unknown = sorted(set(found) - set(SECTIONS))
    if unknown:
        raise argparse.ArgumentTypeError(f"no section {', '.join(unknown)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
