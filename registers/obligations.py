"""Obligations (义务): what an enterprise must do by a date because of a permit, approval or law."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7


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


def create(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Enter obligations; each row names the columns of the table except id and status."""
    if rows:
        conn.execute(insert(Obligation), [{"id": uuid7(), "status": "open", **row} for row in rows])


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
        select(Obligation.__table__).where(Obligation.case_id == case_id).order_by(Obligation.due_on).limit(200)
    )
    return [dict(row) for row in rows.mappings()]
