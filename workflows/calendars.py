"""The working-day calendar: which days count, and where a period ends.

Pure: it is built from the `chinesecalendar` package (2004 to 2026) and the years an administrator imported,
and then only computes. A year nobody has published yet is counted by weekends alone and everything that
touches it says so (`provisional`).
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import chinese_calendar

from registers.calendar_years import CalendarYear
from registers.limits import Unit

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """The last day of a period, and whether it rests on a year that is not published yet."""

    date: date
    provisional: bool


class WorkCalendar:
    """State Council holidays and make-up working days."""

    def __init__(self, imported: Iterable[CalendarYear] = ()) -> None:
        years = tuple(imported)
        self._imported = frozenset(item.year for item in years)
        self._days = {day: kind == "work" for item in years for day, kind in item.days.items()}

    def is_workday(self, day: date) -> bool:
        """Whether offices work on a day."""
        chosen = self._days.get(day)
        if chosen is None and day.year not in self._imported:
            chosen = _published_days().get(day)
        return day.weekday() < 5 if chosen is None else chosen

    def provisional(self, year: int) -> bool:
        """Whether a year is not published yet and counted by weekends alone."""
        return year not in self._imported and year not in _published()

    def counts(self, day: date, unit: Unit) -> bool:
        """Whether a day is counted by a limit in working days (any day counts otherwise)."""
        return unit != "workday" or self.is_workday(day)

    def due(self, start: date, limit: int, unit: Unit, count_start: bool, backward: bool = False) -> Due:
        """The last day of a period that runs from `start` (or, backward, ends before it)."""
        if limit < 0:
            raise ValueError("a limit is never negative")
        if limit == 0:
            return Due(start, False)
        if unit in ("month", "year"):
            return self._due_by_months(start, limit * (12 if unit == "year" else 1), count_start, backward)
        step = -DAY if backward else DAY
        day = start if count_start else start + step
        if unit == "day":
            return Due(day + step * (limit - 1), False)
        left = limit
        while True:
            left -= self.is_workday(day)
            if not left:
                return Due(day, self.touches_provisional(start, day))
            day += step

    def count(self, first: date, end: date, unit: Unit) -> int:
        """How many days of the half-open interval [first, end) a limit counts."""
        if unit != "workday":
            return max(0, (end - first).days)
        return sum(self.is_workday(day) for day in days_between(first, end))

    def touches_provisional(self, first: date, last: date) -> bool:
        """Whether any year between two days (in either order) is counted provisionally."""
        low, high = sorted((first.year, last.year))
        return any(self.provisional(year) for year in range(low, high + 1))

    @staticmethod
    def _due_by_months(start: date, months: int, count_start: bool, backward: bool) -> Due:
        # The last day is the day of the same number in the last month, or that month's last day. When the
        # first day is itself counted it is one day earlier: a permit of 2025-03-10 runs to 2030-03-09.
        total = start.year * 12 + start.month - 1 + (-months if backward else months)
        year, month = divmod(total, 12)
        last = gregorian.monthrange(year, month + 1)[1]
        day = date(year, month + 1, min(start.day, last))
        if not count_start:
            return Due(day, False)
        return Due(day + DAY if backward else day - DAY if start.day <= last else day, False)


def days_between(first: date, end: date) -> Iterator[date]:
    """The days of the half-open interval [first, end)."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)


@cache
def _published_days() -> dict[date, bool]:
    """The days of the published years that differ from a plain week. (Asking the package day by day takes 50 µs.)"""
    off, work = chinese_calendar.constants.holidays, chinese_calendar.constants.workdays
    return dict.fromkeys(off, False) | dict.fromkeys(work, True)


@cache
def _published() -> frozenset[int]:
    """Years the package knows. A year counts as known only when it lists holidays of its own."""
    return frozenset(day.year for day in chinese_calendar.constants.holidays)
