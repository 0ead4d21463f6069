"""Permits and approvals that are in force: the register entry behind every issued document.

A number is entered once and an entry is never overwritten; the database refuses a second one.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.errors import DomainError
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
    operation_started_on: Mapped[date | None] = mapped_column(comment="since when the works operate, as reported")
    content: Mapped[dict[str, Any]]
    status: Mapped[str]
    entered_at: Mapped[datetime]


class PermitChange(Base):
    """A change (变更) or adjustment (调整) of a permit: what its copy says from then on; never changed itself.

    The permit may have been issued before this installation; then the change stands under its number alone.
    """

    __tablename__ = "permit_change"
    __table_args__ = (UniqueConstraint("case_id", "kind"), Index("ix_permit_change_number", "kind", "number"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    number: Mapped[str]
    permit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("permit.id"))
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"), index=True)
    case_id: Mapped[uuid.UUID]
    action: Mapped[str] = mapped_column(comment="change or adjust")
    content: Mapped[dict[str, Any]]
    decided_on: Mapped[date]
    entered_at: Mapped[datetime]


def change(
    conn: Connection,
    *,
    kind: str,
    number: str,
    enterprise_id: uuid.UUID,
    case_id: uuid.UUID,
    action: str,
    content: dict[str, Any],
    decided_on: date,
    now: datetime,
) -> uuid.UUID:
    """Enter a change of a permit; another enterprise's permit, or one no longer in force, is refused."""
    held = conn.execute(
        select(Permit.id, Permit.enterprise_id, Permit.status)
        .where(Permit.kind == kind, Permit.number == number)
        .with_for_update()
    ).first()
    if held is not None and (held.enterprise_id != enterprise_id or held.status != "valid"):
        raise DomainError(
            "permit_not_held",
            f"编号为 {number} 的许可不属于本单位或者已经失效，不能变更。",
            f"The permit {number} is not this enterprise's or is no longer in force.",
            pointer="permit_number",
        )
    change_id = uuid7()
    conn.execute(
        insert(PermitChange).values(
            id=change_id,
            kind=kind,
            number=number,
            permit_id=held.id if held else None,
            enterprise_id=enterprise_id,
            case_id=case_id,
            action=action,
            content=content,
            decided_on=decided_on,
            entered_at=now,
        )
    )
    return change_id


def changes(conn: Connection, permit_id: uuid.UUID, limit: int = 200) -> list[dict[str, Any]]:
    """The changes and renewals of a permit in the order of their decisions."""
    rows = conn.execute(
        select(PermitChange.__table__)
        .where(PermitChange.permit_id == permit_id)
        .order_by(PermitChange.entered_at)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


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


def of_parties(
    conn: Connection,
    enterprise_id: uuid.UUID | None,
    body_ids: Sequence[uuid.UUID],
    limit: int = 200,
    *,
    permit_id: uuid.UUID | None = None,
) -> list[dict[str, Any]]:
    """The permits of an enterprise, or those that bodies decided, newest first, or one of them; each with its changes."""
    query = select(Permit.__table__, Enterprise.name.label("enterprise")).join(
        Enterprise, Enterprise.id == Permit.enterprise_id
    )
    query = query.where(
        Permit.enterprise_id == enterprise_id if enterprise_id is not None else Permit.body_id.in_(body_ids)
    )
    if permit_id is not None:
        query = query.where(Permit.id == permit_id)
    found = [dict(row) for row in conn.execute(query.order_by(Permit.entered_at.desc()).limit(limit)).mappings()]
    by_permit: dict[uuid.UUID, list[dict[str, Any]]] = {}
    rows = conn.execute(
        select(PermitChange.__table__)
        .where(PermitChange.permit_id.in_([permit["id"] for permit in found]))
        .order_by(PermitChange.entered_at)
    )
    for row in rows.mappings():
        by_permit.setdefault(row["permit_id"], []).append(dict(row))
    return [{**permit, "changes": by_permit.get(permit["id"], [])} for permit in found]


def number_of(conn: Connection, permit_id: uuid.UUID, enterprise_id: uuid.UUID) -> str | None:
    """The number of a permit of an enterprise."""
    mine = select(Permit.number).where(Permit.id == permit_id, Permit.enterprise_id == enterprise_id)
    return conn.scalar(mine)


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
