"""Builds the templates that are named, or all of them."""

from __future__ import annotations

import sys

from scripts.letter_templates import applications, decisions, pilots, quota, renewals, waste

MODULES = (applications, decisions, pilots, quota, renewals, waste)


def main(names: list[str]) -> None:
    """Build the letters with these names; without names every letter."""
    letters = {
        name: build
        for module in MODULES
        for name, build in vars(module).items()
        if callable(build) and not name.startswith("_") and build.__module__ == module.__name__
    }
    for name in names or letters:
        letters[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
