"""Waste licences in the register of permits: their numbers, their scale, and the pair with a discharge permit."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select, update

from registers import waste_rules
from registers.errors import DomainError
from registers.parties import Body, Enterprise, Zone
from registers.permits import Permit

KINDS = ("waste", "permit")


def next_number(conn: Connection, body_code: str) -> str:
    """The next number of a body's region: six digits of the region and a serial that never begins again.

    The body's row is locked so that two licences never get one serial. The region is what was entered for the body,
    else the unconfirmed one of the data.
    """
    entered = conn.scalar(select(Body.region_code).where(Body.code == body_code).with_for_update())
    region = entered or waste_rules.rule("regions")["codes"].get(body_code)
    if not region:
        raise DomainError(
            "licence_region",
            f"没有登记机构“{body_code}”的行政区划代码，不能编排经营许可证编号。",
            f"No region is known for the body {body_code}, so no licence number can be made.",
        )
    digits = int(waste_rules.rule("number")["digits"])
    last = conn.scalar(
        select(func.max(Permit.number)).where(
            Permit.kind == "waste", Permit.number.regexp_match(rf"^{region}\d{{{digits}}}$")
        )
    )
    serial = int(last[len(region) :]) + 1 if last else 1
    return f"{region}{serial:0{digits}d}"


def held(
    conn: Connection, enterprise_id: uuid.UUID, kind: str, number: str, *, lock: bool = False
) -> dict[str, Any] | None:
    """A permit in force that the enterprise holds under a number, with the code of its body."""
    query = (
        select(Permit.__table__, Body.code.label("body"))
        .join(Body, Body.id == Permit.body_id)
        .where(
            Permit.enterprise_id == enterprise_id,
            Permit.kind == kind,
            Permit.number == number,
            Permit.status == "valid",
        )
    )
    row = conn.execute(query.with_for_update(of=Permit) if lock else query).mappings().first()
    return dict(row) if row else None


def newest(conn: Connection, enterprise_id: uuid.UUID, kind: str) -> dict[str, Any] | None:
    """The permit of a kind in force that was entered last."""
    query = select(Permit.__table__).where(
        Permit.enterprise_id == enterprise_id, Permit.kind == kind, Permit.status == "valid"
    )
    row = conn.execute(query.order_by(Permit.entered_at.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def set_last_day(conn: Connection, permit_id: uuid.UUID, last: date) -> None:
    """Put another last day on a permit (renewal, or a common expiry that the holder asked for)."""
    conn.execute(update(Permit).where(Permit.id == permit_id).values(valid_to=last))


def end(conn: Connection, permit_id: uuid.UUID, status: str) -> None:
    """End a permit: cancelled, or superseded by a new one."""
    conn.execute(update(Permit).where(Permit.id == permit_id, Permit.status == "valid").values(status=status))


def operators(conn: Connection, bodies: list[uuid.UUID], limit: int = 1000) -> list[uuid.UUID]:
    """The enterprises that hold a waste licence in force in the reach of these bodies, by number."""
    rows = conn.execute(
        select(Permit.enterprise_id)
        .join(Enterprise, Enterprise.id == Permit.enterprise_id)
        .outerjoin(Zone, Zone.code == Enterprise.zone_code)
        .where(Permit.kind == "waste", Permit.status == "valid", Permit.body_id.in_(bodies) | Zone.body_id.in_(bodies))
        .order_by(Permit.number)
        .limit(limit)
    )
    return list(dict.fromkeys(row.enterprise_id for row in rows))
