"""Makes mutants and runs the tests of their rooms; the exit code is 1 if fewer than nine in ten are found."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.rooms import checks_of

ROOT = Path(__file__).parents[2]
COPIED = (
    "app",
    "tests",
    "docs",
    "deploy",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "constraints.txt",
    "Makefile",
)
FEWEST_FOUND = 0.9
TIMEOUT_SECONDS = 900.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, help="mutants of the sample (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--under", default="app/", help="path that the changed files begin with")
    asked = parser.parse_args()
    drawn = sample(asked.under, asked.count, asked.seed)
    results: Counter[tuple[str, bool]] = Counter()
    with tempfile.TemporaryDirectory(prefix="gradserve-mutants-") as folder:
        copy = Path(folder)
        _copy(copy)
        for number, mutant in enumerate(drawn, 1):
            began = time.monotonic()
            found = _is_found(copy, mutant)
            results["/".join(mutant.path.split("/")[:2]), found] += 1
            verdict = "found" if found else "NOT FOUND"
            print(f"{number}/{len(drawn)} {verdict} in {time.monotonic() - began:.0f} s: {mutant}", flush=True)
    for room in sorted({room for room, _ in results}):
        print(f"{room}: {results[room, True]} of {results[room, True] + results[room, False]} found")
    share = sum(count for (_, found), count in results.items() if found) / max(len(drawn), 1)
    print(f"{share:.0%} of {len(drawn)} found")
    return 0 if share >= FEWEST_FOUND else 1


def sample(under: str, count: int, seed: int) -> list[Mutant]:
    """Return mutants of all rooms alike: a room is drawn first, then a change in it."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    by_room: dict[tuple[str, ...], list[Mutant]] = {}
    for file in sorted((ROOT / "app").rglob("*.py")):
        path = str(file.relative_to(ROOT))
        if path.startswith(under):
            by_room.setdefault(checks_of(path), []).extend(mutants(ROOT, path))
    rooms = [each for each in by_room.values() if each]
    for each in rooms:
        draw.shuffle(each)
    chosen: list[Mutant] = []
    while rooms and len(chosen) < count:
        room = rooms[len(chosen) % len(rooms)]
        chosen.append(room.pop())
        rooms = [each for each in rooms if each]
    return chosen


def _copy(folder: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, folder / name)
    programs = ROOT / ".pytest_cache" / "programs"
    if programs.is_dir():
        shutil.copytree(programs, folder / ".pytest_cache" / "programs")


def _is_found(copy: Path, mutant: Mutant) -> bool:
    """Return whether a test fails, or does not end, with a mutant."""
    file = copy / mutant.path
    original = file.read_text()
    file.write_text(mutant.source)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", *checks_of(mutant.path)]
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=copy, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, check=False,
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(original)
    if done.returncode not in (0, 1, 2):  # failed tests, and what cannot be imported
        raise RuntimeError(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
