"""What the supervisor's boards read: facts of cases and steps, and counted days, as of a stated instant.

The boards never touch the tables of the running work: `boardwork.refresh` carries over what changed, and each board says
until when. Days are whole working days, so counts per number of days add up over bodies and months exactly, and any
percentile can be taken from them (`board_days`).
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, Date, ForeignKey, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base


class BoardCase(Base):
    """A case as boards show it: who holds it, its instants of light, whose time it took."""

    __tablename__ = "board_case"
    __table_args__ = (
        Index("ix_board_case_light", "body_id", "due_at", postgresql_where=text("running")),
        Index("ix_board_case_closed", "procedure", "closed_on", postgresql_where=text("NOT running")),
        Index(
            "ix_board_case_longest",
            "procedure",
            text("(authority_days + applicant_days)"),
            "case_id",
            postgresql_where=text("NOT running"),
        ),
        Index("ix_board_case_zone", "zone_code", "opened_on"),
        Index("ix_board_case_enterprise", "enterprise_id"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    procedure: Mapped[str]
    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id"), index=True)
    number: Mapped[str]
    title: Mapped[str]
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"), comment="the leading body")
    zone_code: Mapped[str | None]
    enterprise_id: Mapped[uuid.UUID | None]
    running: Mapped[bool]
    outcome: Mapped[str | None]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    yellow_at: Mapped[datetime | None]
    red_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None] = mapped_column(comment="the earliest instant at which a clock of it is overdue")
    paused: Mapped[bool]
    holder: Mapped[str] = mapped_column(comment="applicant, or the role at work; empty when nobody")
    body_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid(as_uuid=True)))
    opened_by: Mapped[uuid.UUID | None]
    authority_days: Mapped[int]
    applicant_days: Mapped[int]
    event_seq: Mapped[int] = mapped_column(comment="how far the record of the case was when it was carried over")
    materials: Mapped[int]
    visits: Mapped[int] = mapped_column(comment="recorded visits (case_visit) that were not taken back")
    submissions: Mapped[int] = mapped_column(server_default="0", comment="what the applicant handed in, in steps")


class BoardTask(Base):
    """A step somebody did or has to do."""

    __tablename__ = "board_task"
    __table_args__ = (
        Index("ix_board_task_longest", "procedure", "element", "days", postgresql_where=text("month IS NOT NULL")),
        Index("ix_board_task_open", "procedure", "element", "opened_on", postgresql_where=text("month IS NULL")),
        Index("ix_board_task_month", "month"),
        Index("ix_board_task_case", "case_id"),
    )

    task_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    procedure: Mapped[str]
    element: Mapped[str]
    name: Mapped[str]
    body_id: Mapped[uuid.UUID | None] = mapped_column(comment="the leading body of the case")
    of_applicant: Mapped[bool]
    opened_on: Mapped[date]
    month: Mapped[date | None] = mapped_column(comment="first day of the month in which it was done; null while open")
    days: Mapped[int | None]


class BoardDays(Base):
    """How many steps of a kind took so many working days in a month, or (without a month) stand open so long."""

    __tablename__ = "board_days"
    __table_args__ = (Index("ix_board_days_step", "procedure", "month", "element"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    procedure: Mapped[str]
    element: Mapped[str]
    name: Mapped[str]
    of_applicant: Mapped[bool]
    body_id: Mapped[uuid.UUID | None]
    month: Mapped[date | None]
    days: Mapped[int]
    steps: Mapped[int]


class BoardStamp(Base):
    """Until when the boards are carried over, and what that took."""

    __tablename__ = "board_stamp"

    name: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    cases: Mapped[int]
    steps: Mapped[int]


class BoardWalk(Base):
    """A carrying over that is under way: how many cases it has to do with, how many it has done."""

    __tablename__ = "board_walk"

    name: Mapped[str] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime]
    total: Mapped[int]
    done: Mapped[int]
    months: Mapped[list[date]] = mapped_column(ARRAY(Date), comment="months whose counts are to be taken anew")
    finished_at: Mapped[datetime | None]


class BoardDay(Base):
    """How many working days lie before a day, by the calendar the boards were last carried over with."""

    __tablename__ = "board_day"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
