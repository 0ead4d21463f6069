"""Renewals (延续) of permits: which case asked for which, and every version that a renewed permit has had.

The entry of a permit says what is in force. With its first renewal it gets versions: what it said before, and what it
says since, each with its own term. A version is never altered; the database refuses it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, UniqueConstraint, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.parties import Body
from registers.permits import Permit


class PermitRenewal(Base):
    """A case that asks for the renewal of a permit, with the last day the permit had when it was asked for."""

    __tablename__ = "permit_renewal"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    permit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("permit.id"), index=True)
    asked_on: Mapped[date]
    held_to: Mapped[date] = mapped_column(comment="the last day of the term that is to be followed by another")
    entered_at: Mapped[datetime]


class PermitVersion(Base):
    """A permit as it was granted or renewed: its term and its content; never changed itself."""

    __tablename__ = "permit_version"
    __table_args__ = (
        UniqueConstraint("permit_id", "number"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    permit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("permit.id"))
    number: Mapped[int] = mapped_column(comment="1 is the permit as first granted")
    case_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    klass: Mapped[str]
    decided_on: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    content: Mapped[dict[str, Any]]
    entered_at: Mapped[datetime]


def of_number(
    conn: Connection, enterprise_id: uuid.UUID, kind: str, number: str, *, lock: bool = False
) -> dict[str, Any] | None:
    """A permit that the enterprise holds or held under a number, with the code of its body."""
    query = (
        select(Permit.__table__, Body.code.label("body"))
        .join(Body, Body.id == Permit.body_id)
        .where(Permit.enterprise_id == enterprise_id, Permit.kind == kind, Permit.number == number)
    )
    row = conn.execute(query.with_for_update(of=Permit) if lock else query).mappings().first()
    return dict(row) if row else None


def ask(
    conn: Connection, *, case_id: uuid.UUID, permit_id: uuid.UUID, asked_on: date, held_to: date, now: datetime
) -> None:
    """Note that a case asks for the renewal of a permit."""
    conn.execute(
        insert(PermitRenewal).values(
            case_id=case_id, permit_id=permit_id, asked_on=asked_on, held_to=held_to, entered_at=now
        )
    )


def asked_by(conn: Connection, case_id: uuid.UUID) -> dict[str, Any] | None:
    """What a case has asked for, if anything."""
    row = conn.execute(select(PermitRenewal.__table__).where(PermitRenewal.case_id == case_id)).mappings().first()
    return dict(row) if row else None


def renew(
    conn: Connection,
    permit: Mapping[str, Any],
    *,
    valid_from: date,
    valid_to: date,
    content: dict[str, Any] | None = None,
    case_id: uuid.UUID | None,
    decided_on: date,
    now: datetime,
) -> None:
    """Put a further term of a permit in force; the caller has locked its row and hands it over.

    Where one term follows the other, the permit counts as held since its first day: the duties of a year that both
    terms share stay whole. After a gap it is held since the first day of the new term.
    """
    last = conn.scalar(select(func.max(PermitVersion.number)).where(PermitVersion.permit_id == permit["id"]))
    if last is None:
        conn.execute(insert(PermitVersion).values(_version(permit, 1, **_as_it_is(permit))))
    fresh = {
        "case_id": case_id,
        "klass": permit["klass"],
        "decided_on": decided_on,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "content": permit["content"] if content is None else content,
        "entered_at": now,
    }
    conn.execute(insert(PermitVersion).values(_version(permit, (last or 1) + 1, **fresh)))
    gap = valid_from > permit["valid_to"] + timedelta(days=1)
    conn.execute(
        update(Permit)
        .where(Permit.id == permit["id"])
        .values(
            valid_to=valid_to,
            content=fresh["content"],
            status="valid",
            **({"valid_from": valid_from} if gap else {}),
        )
    )


def versions(
    conn: Connection, permit_ids: Sequence[uuid.UUID], limit: int = 1000
) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The versions of permits, newest first; a permit that was never renewed has none."""
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    rows = conn.execute(
        select(PermitVersion.__table__)
        .where(PermitVersion.permit_id.in_(permit_ids))
        .order_by(PermitVersion.permit_id, PermitVersion.number.desc())
        .limit(limit)
    )
    for row in rows.mappings():
        found.setdefault(row["permit_id"], []).append(dict(row))
    return found


def begins_later(conn: Connection, permit_id: uuid.UUID, today: date) -> date | None:
    """The first day of a term that is granted but has not begun."""
    coming = select(func.max(PermitVersion.valid_from)).where(
        PermitVersion.permit_id == permit_id, PermitVersion.valid_from > today
    )
    return conn.scalar(coming)


def _as_it_is(permit: Mapping[str, Any]) -> dict[str, Any]:
    names = ("case_id", "klass", "decided_on", "valid_from", "valid_to", "content", "entered_at")
    return {name: permit[name] for name in names}


def _version(permit: Mapping[str, Any], number: int, **facts: Any) -> dict[str, Any]:
    return {"id": uuid7(), "permit_id": permit["id"], "number": number, **facts}
