"""How a pilot stands on a day: which of its tasks are done, late, due soon, under way or still ahead.

Pure. A date as printed may be a day, a month or a year; a task printed with a month starts on its first day and is due on
its last. What a source does not date is never late; a recurring task has a next date and no more than that.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from registers.timesource import CHINA

SOON = 30  # days before a due date from which a task counts as due; the board also shows 60 and 90
STATES: dict[str, tuple[str, str]] = {
    "done": ("已完成", "done"),
    "done_late": ("逾期完成", "done late"),
    "late": ("逾期", "late"),
    "due": ("即将到期", "due soon"),
    "running": ("进行中", "under way"),
    "ahead": ("未开始", "ahead"),
    "recurring": ("周期任务", "recurring"),
    "undated": ("未定时限", "no date"),
}


def first_day(printed: str) -> date | None:
    """The first day of what a source prints as a day, a month or a year."""
    parts = [int(part) for part in printed.split("-")] if printed else []
    return date(parts[0], *[*parts[1:], 1, 1][:2]) if parts else None


def last_day(printed: str) -> date | None:
    """The last day of what a source prints as a day, a month or a year."""
    parts = [int(part) for part in printed.split("-")] if printed else []
    if not parts:
        return None
    month = parts[1] if len(parts) > 1 else 12
    return date(parts[0], month, parts[2] if len(parts) > 2 else gregorian.monthrange(parts[0], month)[1])


@dataclass(frozen=True)
class Standing:
    """A task on a day; `due_on` is the plan as it stood on that day."""

    key: str
    state: str
    baseline_on: date | None
    due_on: date | None
    done_on: date | None

    @property
    def slip(self) -> int | None:
        """Days later than first planned: what happened, else the plan."""
        now = self.done_on or self.due_on
        return (now - self.baseline_on).days if now and self.baseline_on else None


def standing(task: Mapping[str, Any], revisions: Iterable[Mapping[str, Any]], on: date) -> Standing:
    """How a task stood on a day: by its dates, the pushes recorded until then, and what had happened by then.

    The baseline holds from the beginning: a plan that was entered late is still the plan of its document.
    """
    due = task["baseline_on"]
    pushes = sorted(
        (row for row in revisions if row["key"] == task["key"] and row["cause"] in ("pushed", "followed")),
        key=lambda row: row["at"],
    )
    for row in pushes:
        if _day(row["at"]) <= on:
            due = row["new_on"]
    done = task["actual_on"] if task["actual_on"] is not None and task["actual_on"] <= on else None
    if task.get("recurs"):
        return Standing(task["key"], "recurring", None, next_due(task["recurs"], on), done)
    return Standing(task["key"], _state(task.get("start_on"), due, done, on), task["baseline_on"], due, done)


def _state(start: date | None, due: date | None, done: date | None, on: date) -> str:
    if done is not None:
        return "done_late" if due is not None and done > due else "done"
    if due is None:
        return "undated"
    if on > due:
        return "late"
    if start is not None and on < start:
        return "ahead"
    return "due" if (due - on).days <= SOON else "running"


def next_due(recurs: Mapping[str, Any], on: date) -> date | None:
    """The next date of a recurring task from a day on; None when the source names no date."""
    if recurs["every"] == "quarterly":
        month = (on.month + 2) // 3 * 3
        return date(on.year, month, gregorian.monthrange(on.year, month)[1])
    if recurs["every"] == "yearly" and recurs.get("month"):
        this = last_day(f"{on.year}-{recurs['month']:02d}")
        assert this is not None
        return this if on <= this else last_day(f"{on.year + 1}-{recurs['month']:02d}")
    return None


def coming(standings: Iterable[Standing], on: date, days: int) -> list[Standing]:
    """What is due within so many days and not done."""
    until = on + timedelta(days=days)
    return [one for one in standings if one.done_on is None and one.due_on is not None and on <= one.due_on <= until]


def _day(at: datetime | date) -> date:
    return at.astimezone(CHINA).date() if isinstance(at, datetime) else at
