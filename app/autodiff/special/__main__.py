"""Write ``chebyshev.json``; run it after a table was added or changed. Takes a few minutes."""

from __future__ import annotations

import json

from app.autodiff.special import TABLES, chebyshev


def main() -> None:
    """Write the coefficients of every table, a line for each polynomial."""
    lines = []
    for table in TABLES:
        columns = [
            ",\n".join(json.dumps(chebyshev.coefficients(table, column, piece)) for piece in range(table.pieces))
            for column in range(len(table.functions))
        ]
        lines.append(f"{json.dumps(table.name)}: [\n" + ",\n".join(f"[\n{rows}\n]" for rows in columns) + "\n]")
    chebyshev.FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
