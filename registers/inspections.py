"""Random lists of joint inspections: drawn from all operators by a seed, so that anybody can draw the same list again."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from registers.db import uuid7
from registers.errors import DomainError, NotFound
from registers.parties import Body, Enterprise, User
from registers.waste_tables import InspectionCase, InspectionDraw


def lot(seed: str, credit_codes: Sequence[str], wanted: int) -> list[str]:
    """The drawn credit codes: those with the smallest SHA-256 of seed and code, in that order."""
    ranked = sorted(credit_codes, key=lambda code: hashlib.sha256(f"{seed}:{code}".encode()).hexdigest())
    return ranked[:wanted]


def draw(
    conn: Connection,
    *,
    body_id: uuid.UUID,
    year: int,
    seed: str,
    wanted: int,
    operators: Sequence[uuid.UUID],
    by: uuid.UUID | None,
    now: datetime,
) -> uuid.UUID:
    """Draw a list and keep it with its candidates and seed."""
    if not operators:
        raise DomainError(
            "no_operators",
            "辖区内没有持有经营许可证的单位，不能抽取名单。",
            "No enterprise in your reach holds a waste licence; nothing can be drawn.",
        )
    rows = conn.execute(
        select(Enterprise.id, Enterprise.credit_code, Enterprise.name)
        .where(Enterprise.id.in_(operators))
        .order_by(Enterprise.credit_code)
    ).all()
    by_code = {row.credit_code: {"id": str(row.id), "credit_code": row.credit_code, "name": row.name} for row in rows}
    draw_id = uuid7()
    conn.execute(
        insert(InspectionDraw).values(
            id=draw_id,
            body_id=body_id,
            year=year,
            seed=seed,
            wanted=wanted,
            candidates=list(by_code.values()),
            chosen=[by_code[code] for code in lot(seed, list(by_code), wanted)],
            drawn_by=by,
            drawn_at=now,
        )
    )
    return draw_id


def draws(conn: Connection, body_ids: Sequence[uuid.UUID], limit: int = 50) -> list[dict[str, Any]]:
    """The lists of bodies, newest first."""
    rows = conn.execute(
        select(InspectionDraw.__table__, Body.name_zh, Body.name_en, User.name.label("person"))
        .join(Body, Body.id == InspectionDraw.body_id)
        .outerjoin(User, User.id == InspectionDraw.drawn_by)
        .where(InspectionDraw.body_id.in_(body_ids))
        .order_by(InspectionDraw.drawn_at.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def one(conn: Connection, draw_id: uuid.UUID, body_ids: Sequence[uuid.UUID]) -> dict[str, Any]:
    """One list of these bodies, or NotFound."""
    found = conn.execute(
        select(InspectionDraw.__table__).where(InspectionDraw.id == draw_id, InspectionDraw.body_id.in_(body_ids))
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("没有这份名单，或您无权查看。", "There is no such list, or it is not yours to see.")
    return dict(row)


def cases_of(conn: Connection, draw_ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    """The cases that came from lists, by list and enterprise."""
    rows = conn.execute(select(InspectionCase.__table__).where(InspectionCase.draw_id.in_(draw_ids)))
    return {(row.draw_id, str(row.enterprise_id)): row.case_id for row in rows}


def begun(conn: Connection, draw_id: uuid.UUID, enterprise_id: uuid.UUID, case_id: uuid.UUID) -> None:
    """Note that the inspection of an enterprise on a list has begun."""
    conn.execute(insert(InspectionCase).values(draw_id=draw_id, enterprise_id=enterprise_id, case_id=case_id))
