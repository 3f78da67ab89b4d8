"""Measure words.

``python -m tests.correctness.accuracy lgamma zeta`` shows the largest errors of some words and where they are;
``--write`` measures these, or all, and writes the table.
"""

from __future__ import annotations

import argparse
import tempfile
import time

from app.settings import Settings
from tests.correctness.accuracy import measure, rows, table
from tests.support.service import SyncEngine, serving


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*", help="words or calls; all if there is none")
    parser.add_argument("--worst", type=int, default=1, help="how many errors to show of each kind")
    parser.add_argument("--after", default="", help="begin after this call")
    parser.add_argument("--write", action="store_true", help="write the table")
    asked = parser.parse_args()
    wanted = [row for row in rows.rows() if not asked.words or {row.word, str(row)} & {*asked.words}]
    start = [str(row) for row in wanted].index(asked.after) + 1 if asked.after else 0
    known = table.read() if table.FILE.exists() else {}
    with tempfile.TemporaryDirectory() as folder, serving(Settings(cache_dir=folder), workers=False) as client:
        for row in wanted[start:]:
            began = time.perf_counter()
            found = measure.errors(SyncEngine(client), row, row.points())
            for kind, each in found.items():
                for error in sorted(each, key=lambda error: -error.ulps)[: asked.worst]:
                    print(f"{row}\t{kind}\t{error.ulps:.3g}\t{error.point}\t{error.found!r}\t{error.exact}", flush=True)
            print(f"# {time.perf_counter() - began:.1f} s", flush=True)
            known[str(row)] = {kind: max((error.ulps for error in each), default=0.0) for kind, each in found.items()}
            if asked.write:
                order = [str(each) for each in rows.rows()]
                table.write({call: known[call] for call in order if call in known})


if __name__ == "__main__":
    main()
