"""Stand-ins (代理): a colleague acts with the roles of somebody absent for a period.

A person appoints the own stand-in (`worklist.lend`); for somebody who fell ill without doing so the security administrator
does it, on the record of the house. Administrators that the law keeps apart are kept apart by a stand-in too.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select, update

from registers import accounts, parties
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import DomainError, NotFound
from registers.parties import Delegation, User, UserRole
from workflows import access, housebook, notify, people
from workflows.commands import Answer, Step, command


@command("standin.appoint")
def appoint(
    step: Step, *, user_id: uuid.UUID, to_user_id: uuid.UUID, valid_from: date, valid_to: date, reason: str
) -> Answer:
    """Let a colleague stand in for somebody who is absent; both are told."""
    access.require(step.actor, "users.manage")
    absent = accounts.actor_by_id(step.conn, user_id, step.today)
    made = enter(step, absent, to_user_id, valid_from, valid_to, reason)
    facts = {"user": user_id, "stand_in": to_user_id, "from": valid_from, "until": valid_to, "reason": reason.strip()}
    housebook.record(step, "stand_in_named", **facts)
    said = notify.Outgoing(
        frozenset({user_id, to_user_id}),
        "returned",
        f"安全管理员已委托代理：{absent.name}，{valid_from}至{valid_to}（{reason.strip()}）",
        f"A stand-in was named for {absent.name}, {valid_from} to {valid_to} ({reason.strip()})",
        link="/account",
    )
    notify.send(step.conn, step.now, [said])
    return {"delegation_id": made}


@command("standin.end")
def end(step: Step, *, user_id: uuid.UUID, delegation_id: uuid.UUID) -> Answer:
    """End a stand-in of somebody early."""
    access.require(step.actor, "users.manage")
    ending = update(Delegation).where(
        Delegation.id == delegation_id, Delegation.from_user_id == user_id, Delegation.revoked_at.is_(None)
    )
    if step.conn.execute(ending.values(revoked_at=step.now)).rowcount != 1:
        raise NotFound("没有这项代理。", "There is no such stand-in.")
    housebook.record(step, "stand_in_ended", user=user_id, delegation=delegation_id)
    return {"delegation_id": delegation_id}


def enter(step: Step, absent: Actor, to_user_id: uuid.UUID, valid_from: date, valid_to: date, reason: str) -> uuid.UUID:
    """Check a stand-in and enter it."""
    if absent.id is None or to_user_id == absent.id:
        raise DomainError("to_user", "请选择一位同事。", "Choose a colleague.", pointer="to_user_id")
    if valid_to < valid_from or valid_to < step.today:
        raise DomainError("period", "代理期间不正确。", "The period is not valid.", pointer="valid_to")
    if not reason.strip():
        raise DomainError("reason", "请说明理由。", "Give a reason.", pointer="reason")
    if to_user_id not in {row["id"] for row in people.colleagues(step.conn, absent)}:
        raise DomainError(
            "to_user",
            "只能委托本单位同事。",
            "Only a colleague of the same unit can stand in.",
            pointer="to_user_id",
        )
    held = select(UserRole.role).where(UserRole.user_id.in_((absent.id, to_user_id)))
    parties.check_roles(set(step.conn.scalars(held)))
    delegation_id = uuid7()
    period = {"valid_from": valid_from, "valid_to": valid_to, "reason": reason.strip(), "created_at": step.now}
    step.conn.execute(
        insert(Delegation).values(id=delegation_id, from_user_id=absent.id, to_user_id=to_user_id, **period)
    )
    return delegation_id


def of_user(conn: Connection, user_id: uuid.UUID, today: date) -> list[dict[str, Any]]:
    """The stand-ins of a person that are not over."""
    rows = conn.execute(
        select(Delegation.id, Delegation.valid_from, Delegation.valid_to, Delegation.reason, User.name)
        .join(User, User.id == Delegation.to_user_id)
        .where(Delegation.from_user_id == user_id, Delegation.revoked_at.is_(None), Delegation.valid_to >= today)
        .order_by(Delegation.valid_from)
        .limit(50)
    )
    return [dict(row) for row in rows.mappings()]
