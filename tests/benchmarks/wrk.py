"""Load by wrk, a generator in C, on a core of its own: it must cost less than the servers it measures.

A script in Lua makes each request from a template, with a point that no request has had before in the run.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import load, processes

PLACE = [111.5, 222.5, 333.5]
"""The point in a template, whose place a new one takes in each request."""

_FIRST = itertools.count()
_APART = 10_000_000
"""Points between the first of one load and that of the next."""

_SCRIPT = """
local before, after, n = %s, %s, %d
local head = "POST %s HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\n"
  .. "Accept: application/json\\r\\nContent-Length: "
local format = string.format

function request()
  n = n + 1
  local body = before .. format("%%.8f, %%.8f, %%.8f", 1 + n / 7e6, 2 + n / 11e6, 3 + n / 13e6) .. after
  return head .. #body .. "\\r\\n\\r\\n" .. body
end

function done(summary, latency)
  local errors = summary.errors
  print(format('{"requests": %%d, "duration": %%d, "errors": %%d, "p50": %%d, "p99": %%d}',
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load found.

    Attributes:
        count: answers.
        rate: answers a second.
        p50, p99: microseconds from a request to its answer.
    """

    count: int
    rate: float
    p50: float
    p99: float


def cores() -> tuple[set[int], set[int]]:
    """Return the cores for servers and for the generator: different ones, where there are two."""
    usable = sorted(os.sched_getaffinity(0))
    return ({usable[0]}, {usable[1]}) if len(usable) > 1 else (set(usable), set(usable))


def run(port: int, template: bytes, connections: int, seconds: float) -> Outcome:
    """Keep every connection busy for some seconds; ``template`` is a request at ``PLACE``.

    Raises:
        load.BadAnswer: an answer is not a 200.
    """
    head, _, body = template.decode().partition("\r\n\r\n")
    before, found, after = body.partition(json.dumps(PLACE)[1:-1])
    if not found:
        raise ValueError(f"no point in {body}")
    path = head.split(" ", 2)[1]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        script = Path(folder) / "requests.lua"
        script.write_text(_SCRIPT % (_quoted(before), _quoted(after), next(_FIRST) * _APART, path))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(script)]
        done = subprocess.run(  # noqa: S603 - written here
            processes.pinned([*command, f"http://127.0.0.1:{port}{path}"], cores()[1]),
            capture_output=True, text=True, check=True, timeout=seconds + 60,
        )  # fmt: skip
    told = json.loads(done.stdout[done.stdout.rindex("{") :])
    if told["errors"] or not told["requests"]:
        raise load.BadAnswer(done.stdout)
    return Outcome(told["requests"], told["requests"] / told["duration"] * 1e6, told["p50"], told["p99"])


def _quoted(text: str) -> str:
    """Return a string of Lua, whose escapes are JSON's for what requests have."""
    return json.dumps(text)
