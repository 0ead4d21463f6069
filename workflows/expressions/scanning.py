"""Walks over the text of an expression or a cell, what stands in quotes left out."""

from __future__ import annotations

from collections.abc import Iterator


def outside_quotes(text: str) -> Iterator[tuple[int, str, int]]:
    """(position, character, bracket depth before it) of everything outside quotes, the quotes left out."""
    depth, quote, escaped = 0, "", False
    for position, char in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
            continue
        if char in "\"'":
            quote = char
            continue
        yield position, char, depth
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
