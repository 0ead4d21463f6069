"""Yellow and red lights, and overdue: the instants at which a matter's clock must call somebody.

The clock itself stores nothing; what it says about the future does, because a sweep must find it by an
index: `clock_alarm.due_at`. `plan` is pure and tells which alarms a clock has; `rewrite` makes the rows say
the same, in the step that recorded a fact, changed the rule or the calendar. An alarm that rang stays as
a row, so the same instant never rings twice; one that moved is replaced. A pause takes them away (there is
no due date while it lasts) and puts one in their place for the day the announced length is used up.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, delete, text
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.limits import LimitRule
from registers.timesource import end_of
from workflows import clocks
from workflows.calendars import DAY, WorkCalendar
from workflows.commands import to_json
from workflows.reference import Reference

Stage = Literal["yellow", "red", "overdue", "pause_over"]


@dataclass(frozen=True)
class Shares:
    """When lights change: yellow when so much of a limit is used, red when so many counted days are left."""

    yellow_percent: int = 66
    red_days: int = 3

    @classmethod
    def of(cls, house: Mapping[str, int]) -> Shares:
        """As the house has decided."""
        return cls(house["light.yellow_percent"], house["light.red_days"])


class ClockAlarm(Base):
    """An instant at which a matter's clock calls: `due_on` is the statutory date it speaks of."""

    __tablename__ = "clock_alarm"
    __table_args__ = (
        UniqueConstraint("matter_id", "stage", "due_at"),
        CheckConstraint("stage IN ('yellow', 'red', 'overdue', 'pause_over')", name="stage"),
        Index("ix_clock_alarm_due", "due_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_clock_alarm_case", "case_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    matter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("matter.id"))
    stage: Mapped[str]
    due_on: Mapped[date | None]
    provisional: Mapped[bool]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Alarm:
    """One planned call."""

    stage: Stage
    due_at: datetime
    due_on: date | None
    provisional: bool


def plan(
    rule: LimitRule, facts: Iterable[clocks.Fact], calendar: WorkCalendar, as_of: date, shares: Shares = Shares()
) -> list[Alarm]:
    """All calls of a clock, past and to come, as the facts stand."""
    known = list(facts)
    reading = clocks.read(rule, known, calendar, as_of, explained=False)
    if reading.started is None or reading.stopped is not None:
        return []
    due = reading.statutory_due
    if due is None:
        return _end_of_pause(rule, known)
    days = {"overdue": due + DAY, **_warnings(rule, known, calendar, due, shares)}
    return [Alarm(stage, end_of(day - DAY), due, reading.provisional) for stage, day in days.items()]  # type: ignore[arg-type]


def colour(reading: clocks.Reading, shares: Shares) -> Literal["green", "yellow", "red"]:
    """The light a clock shows on a page: the same that its calls speak of."""
    if reading.state == "overdue" or reading.remaining <= shares.red_days:
        return "red"
    total = reading.used + reading.remaining
    return "yellow" if reading.used >= math.ceil(total * shares.yellow_percent / 100) else "green"


def rewrite(
    conn: Connection,
    matter: dict[str, Any],
    rule: LimitRule | None,
    facts: Iterable[clocks.Fact],
    reference: Reference,
    as_of: date,
) -> list[Alarm]:
    """Make the open alarms of a matter what its clock says now."""
    conn.execute(delete(ClockAlarm).where(ClockAlarm.matter_id == matter["id"], ClockAlarm.done_at.is_(None)))
    wanted = []
    if rule is not None and matter["status"] == "open":
        wanted = plan(rule, facts, reference.calendar, as_of, Shares.of(reference.house))
    enter(conn, [row_of(matter, alarm) for alarm in wanted])
    return wanted


def row_of(matter: dict[str, Any], alarm: Alarm) -> dict[str, Any]:
    """The row of a planned call."""
    return {"id": uuid7(), "case_id": matter["case_id"], "matter_id": matter["id"], **vars(alarm)}


def enter(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Enter alarms; one that rang already for the same instant is not entered again."""
    if rows:
        conn.execute(_ENTER, {"rows": to_json(rows)})


_ENTER = text(
    """
    INSERT INTO clock_alarm (id, case_id, matter_id, stage, due_on, provisional, due_at)
    SELECT r.id, r.case_id, r.matter_id, r.stage, r.due_on, r.provisional, r.due_at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, case_id uuid, matter_id uuid, stage text, due_on date,
           provisional boolean, due_at timestamptz)
        ON CONFLICT DO NOTHING
    """
)


def end_all(conn: Connection, case_id: uuid.UUID) -> None:
    """No call any more in a case that ended."""
    conn.execute(delete(ClockAlarm).where(ClockAlarm.case_id == case_id, ClockAlarm.done_at.is_(None)))


def _warnings(
    rule: LimitRule, facts: list[clocks.Fact], calendar: WorkCalendar, due: date, shares: Shares
) -> dict[str, date]:
    if rule.backward or rule.unit in ("month", "year"):
        return {"red": due - shares.red_days * DAY}
    total = clocks.total_limit(rule, facts)
    numbers = {"yellow": math.ceil(total * shares.yellow_percent / 100), "red": total - shares.red_days}
    if numbers["red"] < 1:
        return {}
    if numbers["yellow"] >= numbers["red"]:
        del numbers["yellow"]
    return {stage: clocks.due_by_intervals(rule, facts, calendar, number) for stage, number in numbers.items()}


def _end_of_pause(rule: LimitRule, facts: list[clocks.Fact]) -> list[Alarm]:
    # Law: 行政许可法 art. 45: the applicant was told how long it takes; when that is over, somebody must look.
    lasting = [item for item in clocks.pauses(rule, facts) if item.end is None]
    announced = [
        fact.on + fact.days * DAY
        for fact in facts
        if fact.kind == "paused" and fact.days and lasting and fact.on >= lasting[0].start
    ]
    return [Alarm("pause_over", end_of(max(announced) - DAY), None, False)] if announced else []
