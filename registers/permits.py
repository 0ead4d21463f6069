"""Permits and approvals that are in force: the register entry behind every issued document.

A number is entered once and an entry is never overwritten; the database refuses a second one.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.parties import Enterprise


class Permit(Base):
    """An approval or permit (许可) with its validity and its fixed content."""

    __tablename__ = "permit"
    __table_args__ = (
        UniqueConstraint("kind", "number"),
        UniqueConstraint("case_id", "kind"),
        CheckConstraint("status IN ('valid', 'superseded', 'cancelled', 'expired')", name="status"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        Index("ix_permit_enterprise", "enterprise_id", "kind"),
        Index("ix_permit_valid_to", "valid_to", postgresql_where="status = 'valid'"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    number: Mapped[str]
    klass: Mapped[str]
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"))
    case_id: Mapped[uuid.UUID | None]
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"))
    decided_on: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    content: Mapped[dict[str, Any]]
    status: Mapped[str]
    entered_at: Mapped[datetime]


def enter(
    conn: Connection,
    *,
    kind: str,
    number: str,
    klass: str,
    enterprise_id: uuid.UUID,
    case_id: uuid.UUID | None,
    body_id: uuid.UUID,
    decided_on: date,
    valid_from: date,
    valid_to: date | None,
    content: dict[str, Any],
    now: datetime,
) -> uuid.UUID:
    """Enter a permit under a number that is new."""
    permit_id = uuid7()
    conn.execute(
        insert(Permit).values(
            id=permit_id,
            kind=kind,
            number=number,
            klass=klass,
            enterprise_id=enterprise_id,
            case_id=case_id,
            body_id=body_id,
            decided_on=decided_on,
            valid_from=valid_from,
            valid_to=valid_to,
            content=content,
            status="valid",
            entered_at=now,
        )
    )
    return permit_id


def of_enterprise(conn: Connection, enterprise_id: uuid.UUID) -> list[dict[str, Any]]:
    """The permits of an enterprise, newest first."""
    rows = conn.execute(
        select(Permit.__table__).where(Permit.enterprise_id == enterprise_id).order_by(Permit.entered_at.desc())
    )
    return [dict(row) for row in rows.mappings()]


def next_site_number(conn: Connection, credit_code: str) -> str:
    """The next permit number of an enterprise: credit code, three-place serial, identification letter.

    HJ 608-2017: the 22 places are the credit code, a serial of the site and a letter; "P" is the letter of
    its example. The enterprise row is locked so that two sites never get one serial.
    """
    conn.execute(select(Enterprise.id).where(Enterprise.credit_code == credit_code).with_for_update())
    used = conn.scalar(
        select(func.count(func.distinct(Permit.number))).where(
            Permit.kind == "permit", Permit.number.like(f"{credit_code}%")
        )
    )
    return f"{credit_code}{(used or 0) + 1:03d}P"
