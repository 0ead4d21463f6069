"""The Gantt chart of pilots and of their tasks as plain geometry; a template draws it as SVG without script.

Each row shows three bars one under another: as first planned, as planned now, what happened. Days map to a line of fixed
width, months or years are its scale, and the chosen day is a line across all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from registers.pilot_states import Standing

WIDTH, LABEL, HEAD, ROW, BAR = 980, 230, 26, 30, 6
_RIGHT = 12


class Bar(NamedTuple):
    """A bar of one kind: baseline, current, actual."""

    kind: str
    x: float
    y: float
    width: float


class Mark(NamedTuple):
    """A task on its date."""

    x: float
    y: float
    state: str
    text: str


class Tick(NamedTuple):
    """A line of the scale with its text."""

    x: float
    text: str


@dataclass(frozen=True)
class Row:
    """One line of the chart."""

    label: str
    link: str
    y: float
    bars: list[Bar]
    marks: list[Mark]


@dataclass(frozen=True)
class Gantt:
    """The whole chart."""

    width: int
    height: float
    rows: list[Row]
    ticks: list[Tick]
    today: float | None


class Span(NamedTuple):
    """What a row is drawn from: its label, its first day, its standings."""

    label: str
    link: str
    start: date | None
    standings: Sequence[Standing]
    titles: dict[str, str]


def gantt(spans: Sequence[Span], on: date) -> Gantt | None:
    """The chart, or None when no row has a date."""
    days = [day for span in spans for day in _days(span)]
    if not days:
        return None
    first, last = min(days), max(days)
    last = max(last, first + timedelta(days=60)) + timedelta(days=10)
    first -= timedelta(days=10)
    width = WIDTH - LABEL - _RIGHT

    def x(day: date) -> float:
        return round(LABEL + width * (day - first).days / (last - first).days, 1)

    rows = []
    for place, span in enumerate(spans):
        top = HEAD + place * ROW
        rows.append(Row(_short(span.label), span.link, top, _bars(span, top, x), _marks(span, top, x)))
    today = x(on) if first <= on <= last else None
    return Gantt(WIDTH, HEAD + len(spans) * ROW + 6, rows, _ticks(first, last, x), today)


def _days(span: Span) -> list[date]:
    found = [span.start] if span.start else []
    for one in span.standings:
        found += [day for day in (one.baseline_on, one.due_on if one.baseline_on else None, one.done_on) if day]
    return found


def _bars(span: Span, top: float, x: Any) -> list[Bar]:
    dated = [one for one in span.standings if one.baseline_on]
    if not dated:
        return []
    begin = span.start or min(one.baseline_on for one in dated if one.baseline_on)
    ends = {
        "baseline": max(one.baseline_on for one in dated if one.baseline_on),
        "current": max(one.due_on for one in dated if one.due_on),
        "actual": max((one.done_on for one in dated if one.done_on), default=None),
    }
    return [
        Bar(kind, x(min(begin, end)), top + 3 + line * (BAR + 2), max(round(x(end) - x(min(begin, end)), 1), 2.0))
        for line, (kind, end) in enumerate(ends.items())
        if end is not None
    ]


def _marks(span: Span, top: float, x: Any) -> list[Mark]:
    return [
        Mark(x(one.done_on or one.due_on), top + 3 + BAR + 2 + BAR / 2, one.state, span.titles.get(one.key, one.key))
        for one in span.standings
        if one.baseline_on and one.due_on
    ]


def _ticks(first: date, last: date, x: Any) -> list[Tick]:
    """A line a year, or a quarter when it is less than three years."""
    step = 3 if (last - first).days < 3 * 366 else 12
    year, month = first.year, 1
    found = []
    while (day := date(year, month, 1)) <= last:
        if day >= first:
            found.append(Tick(x(day), f"{year}-{month:02d}" if step == 3 else str(year)))
        month += step
        year, month = (year + 1, 1) if month > 12 else (year, month)
    return found


def _short(label: str) -> str:
    """As many characters as fit beside the chart; a Chinese one takes two places."""
    room, kept = 30, ""
    for letter in label:
        room -= 2 if ord(letter) > 0x2E7F else 1
        if room < 0:
            return kept + "…"
        kept += letter
    return kept
