"""What ``"verify": "rigorous"`` costs: answers with enclosures against plain ones, one after the other, by function."""

from contextlib import ExitStack, closing
from typing import Any

from tests.benchmarks import load, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Run

ASKED = 40

_FUNCTIONS: dict[str, tuple[str, list[Any]]] = {
    "the tutorial's function": ("5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2", [[1.0, 2.0, 3.0]]),
    "ten elementary functions": (
        "exp(-x)*sin(3*y) + log1p(x*x)*tanh(y) + sqrt(x + 2)*atan(y) + cosh(x)/cos(y) + erf(x*y)",
        [0.7, 0.4],
    ),
    "Bessel and gamma functions": ("besselj(v, x) + gammainc(v, x)", [1.5, 2.25]),
    "a sum of 300 terms": ("sum(sin(k*x)/(k + y)**2 for k in range(1, 301))", [0.7, 0.4]),
}


def measure(run: Run) -> None:
    """Measure both kinds of answers on one server, and add the rows."""
    with ExitStack() as stack:
        server = GRADSERVE.start(stack)
        with closing(load.Connection(server.port)) as connection:
            for what, (text, point) in _FUNCTIONS.items():
                document = {"expression": text, "point": point, "argnums": list(range(len(point)))}
                plain, rigorous = [
                    _times(connection, load.post("/v1/grad", document | more)) for more in ({}, {"verify": "rigorous"})
                ]
                run.keep(f"rigorous/{what}", rigorous)
                run.add(table.compare(f"rigorous: {what}", GRADSERVE.name, rigorous, "ms", "the plain answer", plain))


def _is_enclosed(found: dict[str, Any]) -> bool:
    """Return whether a value is within 1e-14 of its enclosure, if it has one."""
    lower, upper = found.get("enclosure", {"value": [found["value"]] * 2})["value"]
    return bool(lower - 1e-14 * abs(lower) <= found["value"] <= upper + 1e-14 * abs(upper))


def _times(connection: load.Connection, request: bytes) -> list[float]:
    """Return milliseconds of equal requests, after the first ones."""
    times = []
    for index in range(ASKED + 3):
        seconds, response = connection.ask(request)
        found = response.json()
        if "value" not in found or not _is_enclosed(found):
            raise AssertionError(f"wrong: {found}")
        if index >= 3:
            times.append(seconds * 1e3)
    return times
