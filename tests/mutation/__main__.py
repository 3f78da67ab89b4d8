"""Makes mutants and runs the tests of their rooms; the exit code is 1 if fewer than nine in ten are found."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from tests.mutation import reach
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.rooms import files_of, room_of
from tests.mutation.trials import ROOT, Copy, Selection, Trial

FEWEST_FOUND = 0.9
MOST_TESTS = 200
"""For one mutant."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, help="mutants of the sample (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--under", default="app/", help="path that the changed files begin with")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at the same time (default: 1)")
    parser.add_argument("--seconds", type=float, default=900.0, help="longest time for one mutant (default: 900)")
    parser.add_argument(
        "--reach", type=Path, default=ROOT / ".pytest_cache/reach", help="folder for which tests run which lines"
    )
    parser.add_argument("--log", type=Path, help="file of results; what is in it is not run again")
    asked = parser.parse_args()
    drawn = [mutant for mutant in sample(asked.under, asked.count, asked.seed) if not is_equivalent(mutant)]
    known = read_log(asked.log)
    tests = TestsOf(drawn, asked.reach)
    results: list[tuple[Mutant, Trial]] = []
    with ExitStack() as folders:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for _ in range(asked.jobs):
            copies.put(Copy(Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="gradserve-mutants-")))))
        for mutant, trial in tried(drawn, tests, known, copies, asked.jobs, asked.seconds):
            results.append((mutant, trial))
            if asked.log and mutant.name not in known:
                with asked.log.open("a") as file:
                    file.write(json.dumps({"mutant": mutant.name} | trial.document()) + "\n")
            verdict = f"found by {trial.by}" if trial.found else "NOT FOUND"
            print(f"{len(results)}/{len(drawn)} {trial.seconds:.0f} s: {mutant}: {verdict}", flush=True)
        broken = failing_without_a_change(copies.get(), [trial for _, trial in results])
    return report(results, broken)


def sample(under: str, count: int, seed: int) -> list[Mutant]:
    """Return mutants of all rooms alike, in an order that a change elsewhere in the code leaves as it is."""
    by_room: dict[str, list[Mutant]] = {}
    for file in sorted((ROOT / "app").rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if path.startswith(under):
            by_room.setdefault(room_of(path), []).extend(mutants(ROOT, path))
    for each in by_room.values():
        each.sort(key=lambda mutant: sha256(f"{seed} {mutant.name}".encode()).digest())
    most = max(map(len, by_room.values()), default=0)
    return [each[place] for place in range(most) for each in by_room.values() if place < len(each)][:count]


def is_equivalent(mutant: Mutant) -> bool:
    return any((mutant.path, mutant.text, mutant.change) == row[:3] for row in EQUIVALENTS)


def read_log(path: Path | None) -> dict[str, Trial]:
    """Return the results of earlier runs by the names of the mutants; the last one counts."""
    lines = path.read_text().splitlines() if path and path.exists() else []
    rows = [json.loads(line) for line in lines]
    return {row.pop("mutant"): Trial(**row) for row in rows}


class TestsOf:
    """The tests to run for a mutant: those that are known to run its line, and if none fails all of its room.

    A test is not known to run a line that only fills a cache, if another test has filled it.

    Args:
        drawn: all mutants.
        kept: folder of what earlier runs have found out; the fast tests are run once if it does not have these lines.
    """

    def __init__(self, drawn: list[Mutant], kept: Path) -> None:
        lines = sorted({(str(ROOT / mutant.path), mutant.line) for mutant in drawn})
        folder = kept / sha256(json.dumps(lines).encode()).hexdigest()[:16]
        if not folder.exists():
            reach.run(ROOT, lines, folder)
        self._tests, self._seconds = reach.read(folder)

    def __call__(self, mutant: Mutant) -> Iterator[Selection]:
        files = files_of(ROOT, mutant.path)
        names = self._tests.get((str(ROOT / mutant.path), mutant.line), [])
        if names:
            yield Selection.named(sorted(names, key=partial(self._order, set(files)))[:MOST_TESTS])
        yield Selection(files)

    def _order(self, files: set[str], name: str) -> tuple[bool, float]:
        """Put the tests of the room first, and the short ones of them."""
        return name.partition("::")[0] not in files, self._seconds.get(name, 0.0)


def tried(
    drawn: list[Mutant], tests: TestsOf, known: dict[str, Trial], copies: SimpleQueue[Copy], jobs: int, seconds: float
) -> Iterator[tuple[Mutant, Trial]]:
    """Yield the result of each mutant."""

    def attempt(mutant: Mutant) -> Trial:
        if mutant.name in known:
            return known[mutant.name]
        copy = copies.get()
        try:
            for selection in tests(mutant):
                trial = copy.with_mutant(mutant, selection, seconds)
                if trial.found:
                    break
            return trial
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(drawn, pool.map(attempt, drawn), strict=True)


def failing_without_a_change(copy: Copy, trials: list[Trial]) -> str:
    """Return one of the tests that found mutants and fails on the code as it is; empty if there is none."""
    tests = sorted({trial.by.partition("[")[0] for trial in trials if trial.found and "::" in trial.by})
    return copy.run(Selection(tests), seconds=3600.0).by if tests else ""


def report(results: list[tuple[Mutant, Trial]], broken: str) -> int:
    counts = Counter((room_of(mutant.path), trial.found) for mutant, trial in results)
    for room in sorted({room for room, _ in counts}):
        print(f"{room}: {counts[room, True]} of {counts[room, True] + counts[room, False]} found")
    for mutant in (mutant for mutant, trial in results if not trial.found):
        print(f"not found: {mutant}")
    share = sum(trial.found for _, trial in results) / max(len(results), 1)
    print(f"{share:.0%} of {len(results)} found")
    if broken:
        print(f"fails without a change as well: {broken}")
    return 0 if share >= FEWEST_FOUND and not broken else 1


if __name__ == "__main__":
    sys.exit(main())
