"""`python -m bench [--quick] [--json]`: run the benchmarks and print a table."""

from __future__ import annotations

import argparse
import json
import sys

from bench import step


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="fewer tasks: a look, not a figure to quote")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = step.main(given.quick)
    if given.json:
        json.dump(rows, sys.stdout, indent=1)
        return
    columns = ["system", "tasks", "tasks/s", "p50 ms", "p95 ms", "alone/s", "p50 alone", "statements", "commits"]
    widths = [max(len(name), *(len(str(row.get(name, ""))) for row in rows)) for name in columns]
    for line in [dict(zip(columns, columns, strict=True)), *rows]:
        print("  ".join(str(line.get(name, "")).ljust(width) for name, width in zip(columns, widths, strict=True)))


if __name__ == "__main__":
    main()
