"""The letters that a signed step itself makes, as they are signed: their words before they have a number.

What is signed must be fixed before the signature, and some of a letter comes only with it: the number, the code for checking, the
address of a notice. Those are left open (`PENDING`) wherever they stand, in this letter or another of the same step; everything else, and
the template, is in the hash. So the same hash comes out of a letter foretold (`signing`), of the letter made in the step, and, later,
of the letter on file; and what a signer reads before signing is rendered from exactly what is hashed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from workflows import letters
from workflows.commands import to_json
from workflows.compiling import Compiled

PENDING = "（签发后生成）"
_IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def as_signed(compiled: Compiled, made: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The letters of one step, each with its content as it is signed, in an order that does not depend on their making."""
    given = [row[part] for row in made for part in ("number", "verify_code") if row[part]]
    given.sort(key=len, reverse=True)  # a number that begins like another does not eat into it
    open_ended = re.compile("|".join([*map(re.escape, given), _IDENTIFIER.pattern]))
    found = []
    for row in made:
        known = compiled.letter(row["kind"]).placeholders
        content = {name: value for name, value in row["content_values"].items() if name in known}
        found.append({**row, "content_values": _left_open(content, open_ended)})
    return sorted(found, key=lambda row: (row["kind"], row["matter"] or "", to_json(row["content_values"])))


def entries(compiled: Compiled, made: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the document of a signature says of these letters."""
    return [
        {
            "letter": row["kind"],
            "title": row["title"],
            "matter": row["matter"],
            "draft": row["status"] == "draft",
            "template": hashlib.sha256(letters.template(compiled, row["kind"])).hexdigest(),
            "content": hashlib.sha256(to_json(row["content_values"]).encode()).hexdigest(),
        }
        for row in as_signed(compiled, made)
    ]


def says_the_same(compiled: Compiled, letter: Mapping[str, Any], file: bytes) -> bool:
    """Whether a Word file reads as the letter whose values are kept."""
    return letters.outline(file) == letters.outline(letters.written(compiled, letter))


def _left_open(value: Any, open_ended: re.Pattern[str]) -> Any:
    if isinstance(value, dict):
        return {name: _left_open(one, open_ended) for name, one in value.items()}
    if isinstance(value, list):
        return [_left_open(one, open_ended) for one in value]
    return open_ended.sub(PENDING, value) if isinstance(value, str) else value
