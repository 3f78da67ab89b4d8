"""The command ``fit``: a table of data and a model to parameters with standard errors, and a plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from app.cli import client, output, tables

if TYPE_CHECKING:
    from rich.progress import Progress

_CURVE_POINTS = 400


@dataclass(frozen=True, slots=True)
class Fitting:
    """What is fitted to what.

    Attributes:
        model: a text of the parameters and the columns ``x``, as the service writes it.
        y, sigma: columns that are observed, and their standard deviations; empty for none.
        start: where parameters start, 1 if it is not given.
        bounds: by parameter, None for no bound.
    """

    model: str
    x: Sequence[str]
    y: str
    sigma: str
    start: Mapping[str, float]
    bounds: Mapping[str, tuple[float | None, float | None]]
    method: str | None


async def as_text(service: client.Client, model: str, reading: Mapping[str, str]) -> str:
    """Return a model as text of the language; ``reading`` has its notation if that is another one."""
    if not reading:
        return model
    read = await service.post("/v1/symbolic", {"expression": model, "simplify": False, **reading})
    return str(read.json()["function"]["text"])


async def run(service: client.Client, fitting: Fitting, data: tables.Columns, shown: Progress) -> output.Answer:
    """Return the answer of the service, with the names of the parameters as ``parameters``."""
    parameters = await _parameters(service, fitting)
    observed = _free_name("observed", [*parameters, *fitting.x])
    residual = f"({fitting.model}) - {observed}"
    given: dict[str, Any] = {name: fitting.start.get(name, 1.0) for name in parameters}
    given |= {name: data.columns[name] for name in fitting.x} | {observed: data.columns[fitting.y]}
    if fitting.sigma:
        deviation = _free_name("sigma", given)
        residual, given[deviation] = f"({residual})/{deviation}", data.columns[fitting.sigma]
    asked: dict[str, Any] = {"expression": residual, "args": list(given), "point": given, "argnums": parameters}
    if fitting.bounds:
        asked["bounds"] = {name: list(pair) for name, pair in fitting.bounds.items()}
    if fitting.method:
        asked["method"] = fitting.method
    task = shown.add_task("fitting", total=None)

    def tell(event: Mapping[str, Any]) -> None:
        shown.update(task, description=f"iteration {event['iteration']}, sum of squares {2 * event['value']:.6g}")

    answer = await service.events("/v1/least_squares", asked, tell)
    return answer | {"parameters": parameters}


async def _parameters(service: client.Client, fitting: Fitting) -> list[str]:
    """Return the names in the model that are no columns, and see that the model uses what was named."""
    names = list((await service.post("/v1/functions", {"expression": fitting.model})).json()["args"])
    parameters = [name for name in names if name not in fitting.x]
    for name in fitting.x:
        if name not in names:
            raise typer.BadParameter(f"the model has no {name}; it has {', '.join(names)}", param_hint="--x")
    for option, given in (("--start", fitting.start), ("--bound", fitting.bounds)):
        for name in given:
            if name not in parameters:
                listed = ", ".join(parameters) or "none"
                raise typer.BadParameter(f"{name} is no parameter; there are: {listed}", param_hint=option)
    if not parameters:
        raise typer.BadParameter("the model has no parameters: every name in it is a column")
    return parameters


def _free_name(wanted: str, taken: Any) -> str:
    while wanted in taken:
        wanted += "_"
    return wanted


def show(answer: output.Answer, fitting: Fitting, data: tables.Columns) -> None:
    """Print the parameters, and what is to be known of the fit."""
    errors = answer["standard_errors"] or [None] * len(answer["x"])
    rows = []
    for name, value, error in zip(answer["parameters"], answer["x"], errors, strict=True):
        known = isinstance(error, float)
        relative = f"{100 * error / abs(value):.2g} %" if known and value else ""
        rows.append([name, f"{value:.10g}", f"{error:.3g}" if known else "", relative])
    output.table(["parameter", "value", "standard error", "relative"], rows)
    observed = data.columns[fitting.y]
    squares, freedom = 2 * answer["value"], len(observed) - len(answer["x"])
    facts = [("observations", len(observed)), ("sum of squares", f"{squares:.10g}")]
    if freedom > 0:
        facts.append(("residual standard deviation", f"{math.sqrt(squares / freedom):.6g}"))
    mean = sum(observed) / len(observed)
    spread = sum((value - mean) ** 2 for value in observed)
    if spread and not fitting.sigma:
        facts.append(("R squared", f"{1 - squares / spread:.6g}"))
    if data.skipped:
        facts.append(("rows left out", data.skipped))
    output.listing([*facts, ("ended", answer["message"])])
    if answer.get("reason"):
        output.listing([("no standard errors", answer["reason"])])


async def plot(
    service: client.Client, fitting: Fitting, data: tables.Columns, answer: output.Answer, file: Path
) -> None:
    """Write data, curve and residuals to a file; with several columns x, observed against fitted values."""
    parameters = dict(zip(answer["parameters"], answer["x"], strict=True))
    x = data.columns[fitting.x[0]]
    fitted = await _values(service, fitting, parameters, {name: data.columns[name] for name in fitting.x})
    curve = None
    if len(fitting.x) == 1:
        low, high = min(x), max(x)
        steps = [low + (high - low) * step / _CURVE_POINTS for step in range(_CURVE_POINTS + 1)]
        curve = steps, await _values(service, fitting, parameters, {fitting.x[0]: steps})
    observed = data.columns[fitting.y]
    _draw(file, fitting, x if curve else fitted, observed, fitted, curve)


async def _values(
    service: client.Client, fitting: Fitting, parameters: Mapping[str, float], columns: Mapping[str, Sequence[float]]
) -> list[float]:
    """Return the model at every row of its columns."""
    point = {**parameters, **columns}
    axes = [0 if name in columns else None for name in point]
    asked = {"expression": fitting.model, "args": list(point), "point": point, "in_axes": axes}
    found = (await service.post("/v1/evaluate", asked)).json()["value"]
    return [value if isinstance(value, float) else math.nan for value in found]


def _draw(
    file: Path,
    fitting: Fitting,
    across: Sequence[float],
    observed: Sequence[float],
    fitted: Sequence[float],
    curve: tuple[Sequence[float], Sequence[float]] | None,
) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot(across, observed, "o", markersize=4, label=fitting.y)
    if curve is not None:
        above.plot(*curve, label=fitting.model[:60])
        label = fitting.x[0]
    else:
        ends = [min(fitted), max(fitted)]
        above.plot(ends, ends, label="observed = fitted")
        label = "fitted"
    above.set_ylabel(fitting.y)
    above.legend()
    below.axhline(0.0, linewidth=0.8, color="gray")
    below.plot(across, [a - b for a, b in zip(observed, fitted, strict=True)], "o", markersize=3)
    below.set_xlabel(label)
    below.set_ylabel("residual")
    figure.savefig(file)


def check_plot(file: Path) -> None:
    """Refuse a plot that could not be written, before anything is computed."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        raise typer.BadParameter("plots need gradserve[plots]", param_hint="--plot") from None
    kinds = Figure().canvas.get_supported_filetypes()
    if file.suffix.removeprefix(".").lower() not in kinds:
        listed = ", ".join(sorted(kinds))
        raise typer.BadParameter(f"{file.name} should end in one of {listed}", param_hint="--plot")
    if not file.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {file.parent}", param_hint="--plot")
