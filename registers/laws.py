"""Citations: one short code for a place in the law, written out in Chinese and English.

A rule names its basis as `"APL:32(1)(4)"`; this module turns the code into
《行政许可法》第32条第1款第4项 and "Administrative Licensing Law art. 32(1)(4)"; `"EIACAT:#80"` is an
item of a catalogue. It knows names and dates of force, never the texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Law:
    """Name, number and dates of force of an act (the last day of force is the day before `valid_to`)."""

    code: str
    zh: str
    en: str
    number: str
    valid_from: date | None
    valid_to: date | None


@cache
def laws() -> dict[str, Law]:
    """All acts that the program cites, by code."""
    raw = json.loads((DATA / "laws.json").read_text(encoding="utf-8"))["laws"]
    return {
        code: Law(
            code,
            item["zh"],
            item["en"],
            item["number"],
            _date(item.get("valid_from")),
            _date(item.get("valid_to")),
        )
        for code, item in raw.items()
    }


def cite(code: str) -> tuple[str, str]:
    """Write out one citation code such as `PDR:9(1)(4)` or `MAJOR688` in Chinese and English."""
    name, _, place = code.partition(":")
    law = laws()[name]
    if not place:
        return f"《{law.zh}》（{law.number}）", f"{law.en} ({law.number})"
    return f"《{law.zh}》{_place_zh(place)}", f"{law.en} {_place_en(place)}"


def cite_all(codes: Iterable[str]) -> tuple[str, str]:
    """Several citations in one line each."""
    pairs = [cite(code) for code in codes]
    return "；".join(zh for zh, _ in pairs), "; ".join(en for _, en in pairs)


def _place_zh(place: str) -> str:
    if place.startswith("#"):
        return f"第{place[1:]}项"
    article, parts = _split(place)
    if not re.match(r"\d", article):
        return article
    text = f"第{article.replace('-', '至')}条"
    if parts:
        text += f"第{parts[0]}款"
    if len(parts) > 1:
        text += f"第{parts[1]}项"
    return text


def _place_en(place: str) -> str:
    if place.startswith("#"):
        return f"item {place[1:]}"
    article, parts = _split(place)
    if not re.match(r"\d", article):
        return article
    return ("arts. " if "-" in article else "art. ") + article + "".join(f"({part})" for part in parts)


def _split(place: str) -> tuple[str, list[str]]:
    match = re.fullmatch(r"([^()]+)((?:\(\d+\))*)", place)
    if match is None:
        raise ValueError(f"not a place in a law: {place!r}")
    return match[1], re.findall(r"\((\d+)\)", match[2])


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
