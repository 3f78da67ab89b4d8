"""``make bench``: every measurement, side by side in one run.

No section asserts a time, because machines differ and are shared: read the ratios. Each server is checked before it is
measured; a wrong answer fails the section and the run.
"""

import argparse
import json
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from app.autodiff import compiler
from tests.benchmarks import (
    batch,
    binary,
    clients,
    cold,
    components,
    contenders,
    data,
    expressions,
    fits,
    hot,
    jit,
    kinds,
    large,
    memory,
    mixed,
    models,
    one_core,
    processes,
    restart,
    rigorous,
    table,
    workers,
)

SECTIONS: dict[str, Callable[[table.Run], None]] = {
    "hot": hot.measure,
    "kinds": kinds.measure,
    "clients": clients.measure,
    "cold": cold.measure,
    "large": large.measure,
    "mixed": mixed.measure,
    "models": models.measure,
    "data": data.measure,
    "fits": fits.measure,
    "batch": batch.measure,
    "binary": binary.measure,
    "components": components.measure,
    "restart": restart.measure,
    "rigorous": rigorous.measure,
    "workers": workers.measure,
    "one_core": one_core.measure,
    "memory": memory.measure,
    "jit": jit.add,
}
SLOW = ("memory",)


def main() -> int:
    """Run the sections asked for, and print the table."""
    asked = _arguments()
    if not asked.peers.exists():
        print(f"{asked.peers} is missing: make bench installs it", file=sys.stderr)
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
        except Exception:  # noqa: BLE001  # the results of the other sections must not be lost
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
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement (default: 5)")
    parser.add_argument("--json", type=Path, help="file that gets the results as JSON")
    parser.add_argument("--slow", action="store_true", help="run the slow sections too, which take minutes")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="seed of the random functions")
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
