"""Who works where: colleagues for assigning and standing in, accounts for administration."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, func, select

from registers.accounts import Actor
from registers.errors import NotFound
from registers.factors import UserFactor
from registers.parties import Body, Delegation, Enterprise, Power, User, UserRole


def who_may(conn: Connection, task: dict[str, Any], limit: int = 100) -> list[dict[str, Any]]:
    """The people who hold the role of a task."""
    query = select(User.id, User.name).join(UserRole, UserRole.user_id == User.id).where(User.active)
    if task["body_id"] is not None:
        query = query.where(UserRole.body_id == task["body_id"], UserRole.role == task["role"])
    else:
        query = query.where(User.enterprise_id == task["enterprise_id"])
    return [dict(row) for row in conn.execute(query.distinct().order_by(User.name).limit(limit)).mappings()]


def colleagues(
    conn: Connection, actor: Actor, *, roles: Collection[str] = (), limit: int = 200
) -> list[dict[str, Any]]:
    """The people of the same enterprise or body; of the body only those who hold one of the roles, when some are named."""
    query = select(User.id, User.name).where(User.active, User.id != actor.id)
    if actor.enterprise_id is not None:
        query = query.where(User.enterprise_id == actor.enterprise_id)
    else:
        query = query.join(UserRole, UserRole.user_id == User.id).where(UserRole.body_id.in_(sorted(actor.body_ids)))
        query = query.where(UserRole.role.in_(sorted(roles))) if roles else query
    return [dict(row) for row in conn.execute(query.distinct().order_by(User.name).limit(limit)).mappings()]


def lent(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The stand-ins this person has appointed and not taken back."""
    rows = conn.execute(
        select(Delegation.id, Delegation.valid_from, Delegation.valid_to, Delegation.reason, User.name)
        .join(User, User.id == Delegation.to_user_id)
        .where(Delegation.from_user_id == actor.id, Delegation.revoked_at.is_(None))
        .order_by(Delegation.valid_from)
    )
    return [dict(row) for row in rows.mappings()]


def accounts(conn: Connection, limit: int = 500) -> list[dict[str, Any]]:
    """All accounts with unit and roles."""
    rows = conn.execute(
        select(
            User.id,
            User.login,
            User.name,
            User.active,
            func.coalesce(Enterprise.name, func.max(Body.name_zh)).label("unit"),
            func.array_remove(func.array_agg(UserRole.role), None).label("roles"),
        )
        .outerjoin(UserRole, UserRole.user_id == User.id)
        .outerjoin(Body, Body.id == UserRole.body_id)
        .outerjoin(Enterprise, Enterprise.id == User.enterprise_id)
        .group_by(User.id, Enterprise.name)
        .order_by(User.login)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def account(conn: Connection, user_id: uuid.UUID) -> dict[str, Any]:
    """One account with its roles, each with the body it is held for; raises NotFound."""
    row = (
        conn.execute(
            select(User.id, User.login, User.name, User.active, User.enterprise_id, Enterprise.name.label("enterprise"))
            .outerjoin(Enterprise, Enterprise.id == User.enterprise_id)
            .where(User.id == user_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound()
    roles = conn.execute(
        select(UserRole.id, UserRole.role, Body.name_zh, Body.name_en)
        .outerjoin(Body, Body.id == UserRole.body_id)
        .where(UserRole.user_id == user_id)
        .order_by(UserRole.role, Body.code)
    )
    return {**row, "roles": [dict(role) for role in roles.mappings()]}


def without_factor(conn: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """People of bodies who have no second factor in force."""
    having = select(UserFactor.user_id).where(UserFactor.confirmed_at.is_not(None))
    query = (
        select(User.id, User.login, User.name)
        .join(UserRole, UserRole.user_id == User.id)
        .where(User.active, UserRole.body_id.is_not(None), User.id.not_in(having))
    )
    return [dict(row) for row in conn.execute(query.distinct().order_by(User.login).limit(limit)).mappings()]


def powers(conn: Connection) -> list[dict[str, Any]]:
    """Which body decides what, where, from when to when: those in force and to come first."""
    rows = conn.execute(
        select(
            Power.id, Power.matter, Power.zone_code, Power.valid_from, Power.valid_to, Power.basis, Power.body_id,
            Body.code.label("body_code"), Body.name_zh, Body.name_en,
        )
        .join(Body, Body.id == Power.body_id)
        .order_by(Power.valid_to.is_not(None), Power.matter, Body.code, Power.valid_from)
    )  # fmt: skip
    return [dict(row) for row in rows.mappings()]


def bodies(conn: Connection) -> list[dict[str, Any]]:
    """All bodies, closed ones too, with contacts and parent."""
    rows = conn.execute(select(Body.__table__).order_by(Body.active.desc(), Body.code))
    return [dict(row) for row in rows.mappings()]


def enterprises(conn: Connection, limit: int = 500) -> list[dict[str, Any]]:
    """Registered enterprises by name."""
    rows = conn.execute(select(Enterprise.__table__).order_by(Enterprise.name).limit(limit))
    return [dict(row) for row in rows.mappings()]
