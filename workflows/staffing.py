"""Who there is to do the work of a version: for each role the bodies that have people for it, and who stands in today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from registers.parties import Body, Delegation, User, UserRole


@dataclass(frozen=True)
class Staff:
    """How many people hold a role for a body (or for enterprises), and for how many of them somebody stands in."""

    role: str
    body: str | None
    people: int
    stood_in: int


def of_roles(conn: Connection, roles: Collection[str], on: date) -> list[Staff]:
    """The people behind roles, by body; a role nobody holds is missing."""
    lent = (
        select(Delegation.from_user_id)
        .where(Delegation.valid_from <= on, Delegation.valid_to >= on, Delegation.revoked_at.is_(None))
        .distinct()
        .subquery()
    )
    rows = conn.execute(
        select(
            UserRole.role,
            Body.name_zh,
            func.count(func.distinct(UserRole.user_id)).label("people"),
            func.count(func.distinct(lent.c.from_user_id)).label("stood_in"),
        )
        .join(User, User.id == UserRole.user_id)
        .outerjoin(Body, Body.id == UserRole.body_id)
        .outerjoin(lent, lent.c.from_user_id == UserRole.user_id)
        .where(UserRole.role.in_(sorted(roles)), User.active)
        .group_by(UserRole.role, Body.name_zh)
        .order_by(UserRole.role, Body.name_zh)
        .limit(500)
    )
    return [Staff(row.role, row.name_zh, row.people, row.stood_in) for row in rows]
