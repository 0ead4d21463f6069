"""Obligations (义务): what an enterprise must do by a date because of a permit, approval or law."""

from __future__ import annotations

import calendar as gregorian
import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.permits import Permit

_RULES = Path(__file__).parent / "data" / "report_rules.json"
# The duty of a body to answer an objection: it ends with the answer, and is told with the objection it belongs to.
ANSWER = "objection_answer"


class Obligation(Base):
    """One duty with its due date, legal basis and source case."""

    __tablename__ = "obligation"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'done', 'overdue', 'void')", name="status"),
        CheckConstraint("num_nonnulls(enterprise_id, body_id) = 1", name="whose"),
        UniqueConstraint("period_key"),
        Index("ix_obligation_due", "due_on", postgresql_where="status = 'open'"),
        Index("ix_obligation_enterprise", "enterprise_id", "due_on"),
        Index("ix_obligation_body", "body_id", "due_on"),
        Index("ix_obligation_done_files", "done_files", postgresql_using="gin"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"))
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"))
    case_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    title: Mapped[dict[str, Any]]
    due_on: Mapped[date]
    provisional: Mapped[bool] = mapped_column(server_default="false")
    repeats: Mapped[str | None] = mapped_column(comment="month, quarter, year or null")
    basis: Mapped[str]
    rule: Mapped[str | None] = mapped_column(comment="the limit that gives the due date")
    start_on: Mapped[date | None] = mapped_column(comment="from when it is counted")
    period_key: Mapped[str | None] = mapped_column(comment="source, kind and period of a generated duty; one each")
    status: Mapped[str] = mapped_column(server_default="open")
    created_at: Mapped[datetime]
    reminded_on: Mapped[date | None]
    overdue_on: Mapped[date | None] = mapped_column(comment="the day lateness became a record")
    done_on: Mapped[date | None]
    done_note: Mapped[str] = mapped_column(server_default="")
    done_files: Mapped[list[Any]] = mapped_column(
        server_default="[]", comment="identifiers of the stored files handed in with it"
    )


def create(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Enter obligations; each row names the columns of the table except id and status."""
    if rows:
        conn.execute(insert(Obligation), [{"id": uuid7(), "status": "open", **row} for row in rows])


def close(conn: Connection, period_key: str, status: str, on: date) -> None:
    """End a duty that is over by itself: done, or void because nothing is to be done any more."""
    ending = update(Obligation).where(Obligation.period_key == period_key, Obligation.status.in_(("open", "overdue")))
    conn.execute(ending.values(status=status, done_on=on if status == "done" else None))


def of_enterprise(conn: Connection, enterprise_id: uuid.UUID, limit: int = 200) -> list[dict[str, Any]]:
    """The obligations of an enterprise by due date."""
    rows = conn.execute(
        select(Obligation.__table__)
        .where(Obligation.enterprise_id == enterprise_id)
        .order_by(Obligation.due_on)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def of_case(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The obligations a case gave rise to, by due date."""
    rows = conn.execute(
        select(Obligation.__table__)
        .where(Obligation.case_id == case_id, Obligation.kind != ANSWER)
        .order_by(Obligation.due_on)
        .limit(200)
    )
    return [dict(row) for row in rows.mappings()]


def reports_of(
    conn: Connection, enterprise_id: uuid.UUID, first: date, last: date, limit: int = 500
) -> list[dict[str, Any]]:
    """The compliance reports of an enterprise that fell due between two days."""
    rows = conn.execute(
        select(Obligation.__table__)
        .where(
            Obligation.enterprise_id == enterprise_id,
            Obligation.kind.in_(("annual_report", "quarterly_report", "monthly_report")),
            Obligation.due_on.between(first, last),
            Obligation.status != "void",
        )
        .order_by(Obligation.due_on)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def of_parties(
    conn: Connection, enterprise_id: uuid.UUID | None, body_ids: list[uuid.UUID], limit: int = 300
) -> list[dict[str, Any]]:
    """The duties of an enterprise or of bodies: what is open first, by due date."""
    of_bodies = Obligation.body_id.in_(body_ids)
    mine = of_bodies if enterprise_id is None else or_(of_bodies, Obligation.enterprise_id == enterprise_id)
    rows = conn.execute(
        select(Obligation.__table__)
        .where(mine)
        .order_by(Obligation.status.in_(("done", "void")), Obligation.due_on)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def hands_in_to(conn: Connection, file_id: uuid.UUID, body_ids: list[uuid.UUID]) -> bool:
    """Whether a file went with a duty of an enterprise that holds a permit of one of these bodies."""
    query = (
        select(Obligation.id)
        .join(Permit, Permit.enterprise_id == Obligation.enterprise_id)
        .where(Obligation.done_files.contains([str(file_id)]), Permit.body_id.in_(body_ids))
        .limit(1)
    )
    return conn.scalar(query) is not None


@dataclass(frozen=True)
class Period:
    """A period on which a permit holder reports: kind of duty, limit code, last day, and what it covers."""

    kind: str
    code: str
    last: date
    name_zh: str
    name_en: str


def report_periods(
    valid_from: date, valid_to: date | None, reports: frozenset[str], first: date, last: date
) -> list[Period]:
    """The reports a permit asks for whose periods end between two days.

    Law: 排污许可管理办法 art. 37 and HJ 944: a permit held for less of a year, quarter or month than the rule says
    (`data/report_rules.json`) may skip that report (the next one covers it); the annual report takes the place of
    the report on the last quarter and on December.
    """
    found = []
    for year in range(first.year, last.year + 1):
        ends = [("year", date(year, 1, 1), date(year, 12, 31), _enough("year", valid_from))]
        ends += [
            ("quarter", date(year, month, 1), _month_end(year, month + 2), _enough("quarter", valid_from))
            for month in (1, 4, 7, 10)
        ]
        ends += [
            ("month", date(year, month, 1), _month_end(year, month), _enough("month", valid_from))
            for month in range(1, 13)
        ]
        annual = "year" in reports and _held(*ends[0][1:], valid_from, valid_to)
        for kind, begin, end, enough in ends:
            replaced = kind != "year" and annual and end == date(year, 12, 31)
            wanted = kind in reports and first <= end <= last and not replaced
            if wanted and _held(begin, end, enough, valid_from, valid_to):
                found.append(_period(kind, begin, end))
    return found


@cache
def _least() -> dict[str, dict[str, int]]:
    """How long a permit is to be held in a year, quarter or month so that a report on it is due."""
    found: dict[str, dict[str, int]] = json.loads(_RULES.read_text(encoding="utf-8"))["held_at_least"]
    return found


def _enough(period: str, valid_from: date) -> date:
    """The day on which a permit has been held long enough in its first period."""
    least = _least()[period]
    return _months_after(valid_from, least.get("months", 0)) + timedelta(days=least.get("days", 0))


def _held(begin: date, end: date, enough: date, valid_from: date, valid_to: date | None) -> bool:
    """Whether the permit was held long enough in a period to report on it."""
    if valid_from > end or (valid_to is not None and valid_to < begin):
        return False
    return valid_from <= begin or enough <= end + timedelta(days=1)


def _period(kind: str, begin: date, end: date) -> Period:
    """The report of a year, quarter or month: its kind, its limit, the last day of its period, and what it is called."""
    quarter = (begin.month + 2) // 3
    return {
        "year": Period(
            "annual_report", "report.annual", end, f"{end.year}年度执行报告", f"compliance report {end.year}"
        ),
        "quarter": Period(
            "quarterly_report",
            "report.quarterly",
            end,
            f"{end.year}年第{quarter}季度执行报告",
            f"compliance report, quarter {quarter} of {end.year}",
        ),
        "month": Period(
            "monthly_report",
            "report.monthly",
            end,
            f"{end.year}年{end.month}月执行报告",
            f"compliance report {end:%Y-%m}",
        ),
    }[kind]


def _months_after(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), _month_end(year, month + 1))


def _month_end(year: int, month: int) -> date:
    return date(year, month, gregorian.monthrange(year, month)[1])
