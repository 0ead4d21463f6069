"""`python -m bench [step|deadlines|clocks|...] [--quick] [--json]`: run the benchmarks and print a table of each."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from typing import Any

# What is measured, each by `main(quick)` of the module of this name.
PARTS = ("step", "deadlines", "clocks", "ledger", "boards")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them when none is named")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a figure to quote")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = {part: importlib.import_module(f"bench.{part}").main(given.quick) for part in given.parts or PARTS}
    if given.json:
        json.dump(figures, sys.stdout, indent=1)
        return
    for rows in figures.values():
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    """One table, its columns in the order in which the rows name them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    widths = [max(len(name), *(len(str(row.get(name, ""))) for row in rows)) for name in columns]
    for line in [dict(zip(columns, columns, strict=True)), *rows]:
        print(
            "  ".join(
                str(line.get(name, "")).ljust(width) for name, width in zip(columns, widths, strict=True)
            ).rstrip()
        )
    print()


if __name__ == "__main__":
    main()
