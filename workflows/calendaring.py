"""The administrator's work on the calendar: import a published year, see before what would move."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection

from registers import calendar_years, house
from registers.calendar_years import CalendarYear, DayKind
from registers.errors import DomainError
from workflows import access, recompute
from workflows.calendars import WorkCalendar
from workflows.commands import Answer, Step, command
from workflows.recounting import Move
from workflows.reference import Reference


@command("calendar.import")
def import_year(step: Step, *, year: int, source: str, days: dict[str, str]) -> Answer:
    """Keep a published year; all open clocks are then counted anew and people told when a date moved."""
    access.require(step.actor, "registers.import")
    item = parsed(year, source, days)
    calendar_years.save(step.conn, item, step.now)
    noted = recompute.request(
        step, f"{year}年放假安排（{item.source}）", f"holiday arrangement of {year} ({item.source})"
    )
    return {"year": year, "days": len(item.days), "recomputation_id": noted}


def preview(conn: Connection, item: CalendarYear, today: date) -> list[Move]:
    """What would move if this year were imported."""
    others = [known for known in calendar_years.load_all(conn) if known.year != item.year]
    return recompute.preview(conn, Reference(-1, WorkCalendar([*others, item]), house.values(conn)), today)


def parsed(year: int, source: str, days: dict[str, str]) -> CalendarYear:
    """A year out of days as text; refused when it cannot be right or names no document."""
    if not source.strip():
        raise DomainError(
            "source",
            "请填写国务院办公厅通知的文号。",
            "Give the number of the State Council's notice.",
            pointer="source",
        )
    if not 2004 <= year <= 2100 or len(days) > 200:
        raise DomainError("year", "年份不正确。", "The year is not right.", pointer="year")
    kinds: dict[date, DayKind] = {}
    for day, kind in days.items():
        try:
            on = date.fromisoformat(day)
        except ValueError:
            raise DomainError(
                "calendar_unreadable",
                f"“{day}”不是日期（YYYY-MM-DD）。",
                f"“{day}” is not a date (YYYY-MM-DD).",
                pointer="days",
            ) from None
        if kind not in ("off", "work"):
            raise DomainError("calendar_unreadable", "日期类别应为off或work。", "A day is off or work.", pointer="days")
        kinds[on] = "off" if kind == "off" else "work"
    return calendar_years.checked(CalendarYear(year, source.strip()[:200], kinds))


def from_text(year: int, source: str, holidays: str, makeup: str) -> CalendarYear:
    """A year out of what an administrator typed: dates or ranges, one a line or separated by commas."""
    days = {day.isoformat(): "off" for day in _days(holidays)}
    days |= {day.isoformat(): "work" for day in _days(makeup)}
    return parsed(year, source, days)


def as_arguments(item: CalendarYear) -> dict[str, Any]:
    """The year as arguments of the command."""
    return {
        "year": item.year,
        "source": item.source,
        "days": {day.isoformat(): kind for day, kind in sorted(item.days.items())},
    }


def _days(text: str) -> list[date]:
    """Days and ranges of days out of what was typed; raises DomainError with the part that cannot be read."""
    found: list[date] = []
    for part in text.replace("，", "\n").replace(",", "\n").replace("、", "\n").split("\n"):
        if not part.strip():
            continue
        ends = part.replace("至", "~").replace("..", "~").split("~")
        try:
            first, last = date.fromisoformat(ends[0].strip()), date.fromisoformat(ends[-1].strip())
        except ValueError:
            raise DomainError(
                "calendar_unreadable",
                f"“{part.strip()}”读不懂：请写2027-02-05或2027-02-05~2027-02-11。",
                f"“{part.strip()}” cannot be read: write 2027-02-05 or 2027-02-05~2027-02-11.",
                pointer="days",
            ) from None
        if not 0 <= (last - first).days <= 31:
            raise DomainError("calendar_unreadable", "日期区间不正确。", "The range is not right.", pointer="days")
        found += [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    return found
