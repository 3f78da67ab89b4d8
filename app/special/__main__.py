"""Definitions to ``charts.json``: run after a chart is added or changed, in a few minutes."""

from __future__ import annotations

import json

from app.special import CHARTS, charts


def main() -> None:
    """Write the coefficients of every chart, a line for each polynomial."""
    lines = []
    for chart in CHARTS:
        columns = [
            ",\n".join(json.dumps(charts.coefficients(chart, column, piece)) for piece in range(chart.pieces))
            for column in range(len(chart.functions))
        ]
        lines.append(f"{json.dumps(chart.name)}: [\n" + ",\n".join(f"[\n{rows}\n]" for rows in columns) + "\n]")
    charts.TABLES.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
