"""Charts of the quota ledger as plain geometry; the templates draw them as SVG without script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from registers.amounts import written

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 240, 72, 30, 14


class Mark(NamedTuple):
    """A line of the scale with its text."""

    at: float
    text: str


class Bar(NamedTuple):
    """A bar of the waterfall; `sign` is up, down or total."""

    x: float
    y: float
    width: float
    height: float
    sign: str
    kind: str
    amount: Decimal


@dataclass(frozen=True)
class Line:
    """A line over time: its path and the two scales."""

    path: str
    ticks: list[Mark]
    days: list[Mark]


@dataclass(frozen=True)
class Waterfall:
    """Bars from source to balance, with the connecting level of each."""

    bars: list[Bar]
    ticks: list[Mark]
    zero: float


def line(points: list[tuple[date, Decimal]], until: date) -> Line | None:
    """A stepped line: a balance stays until the next posting."""
    if not points:
        return None
    first = points[0][0]
    span = max((until - first).days, 1)
    top = _nice(max(amount for _, amount in points))
    low = min(Decimal(0), *(amount for _, amount in points)) if len(points) > 1 else Decimal(0)

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - 16) * min((day - first).days, span) / span, 1)

    def y(amount: Decimal) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * float((top - amount) / (top - low)), 1)

    path = f"M{x(first)} {y(Decimal(0))}"
    for day, amount in points:
        path += f"H{x(day)}V{y(amount)}"
    path += f"H{x(until)}"
    ticks = [Mark(y(top * part / 4), written(top * part / 4)) for part in range(5)]
    days = [Mark(x(first), first.isoformat())]
    if span > 30:
        days.append(Mark(x(until), until.isoformat()))
    return Line(path, ticks, days)


def waterfall(steps: list[tuple[str, Decimal]], final: Decimal) -> Waterfall | None:
    """What each kind brought or took, one after another, and what is left."""
    if not steps:
        return None
    levels, level = [Decimal(0)], Decimal(0)
    for _, amount in steps:
        level += amount
        levels.append(level)
    top, low = _nice(max(*levels, final)), min(*levels, Decimal(0))
    scale = (HEIGHT - TOP - BOTTOM) / float((top - low) or 1)

    def y(amount: Decimal) -> float:
        return round(TOP + float(top - amount) * scale, 1)

    slot = (WIDTH - LEFT - 16) / (len(steps) + 1)
    wide = min(slot * 0.7, 70)
    bars = []
    for place, (kind, amount) in enumerate([*steps, ("balance", final)]):
        begin = Decimal(0) if kind == "balance" else levels[place]
        end = begin + amount
        sign = "total" if kind == "balance" else "up" if amount > 0 else "down"
        upper, lower = y(max(begin, end)), y(min(begin, end))
        left = LEFT + slot * place + (slot - wide) / 2
        bars.append(Bar(round(left, 1), upper, round(wide, 1), max(round(lower - upper, 1), 1), sign, kind, amount))
    ticks = [Mark(y(top * part / 4), written(top * part / 4)) for part in range(5)]
    return Waterfall(bars, ticks, y(Decimal(0)))


def _nice(amount: Decimal) -> Decimal:
    """A round number at or above an amount."""
    if amount <= 0:
        return Decimal(1)
    step = Decimal(10) ** amount.adjusted()
    return next(step * factor for factor in (1, 2, 4, 5, 8, 10) if step * factor >= amount)
