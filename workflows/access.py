"""The one permission function.

Every page, API call, list and file asks here: `allows` for one object, `visible_cases` for lists and
look-ups. Row-level security in the database repeats the same rule as a second wall. A person who may
not know of an object is told that it does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, false, or_, select, true

from registers.accounts import Actor
from registers.errors import Forbidden, NotFound
from workflows.models import Case, Task

# What an administrator of each kind may do besides the work of a case (GB/T 22239: kept apart).
_ADMINISTRATION: dict[str, frozenset[str]] = {
    "definition.edit": frozenset({"designer", "system_admin"}),
    "definition.publish": frozenset({"designer", "system_admin"}),
    "incident.see": frozenset({"system_admin"}),
    "incident.retry": frozenset({"system_admin"}),
    "case.migrate": frozenset({"system_admin"}),
    "users.manage": frozenset({"security_admin"}),
    "registers.import": frozenset({"system_admin"}),
    "audit.see": frozenset({"audit_admin"}),
}


def administers(actor: Actor, action: str) -> bool:
    """Whether the person holds an administrator's right."""
    return actor.is_system or bool(actor.role_names & _ADMINISTRATION[action])


def require(actor: Actor, action: str) -> None:
    """Raise Forbidden unless the person holds the administrator's right."""
    if not administers(actor, action):
        raise Forbidden("您没有执行此操作的权限。", "You do not have the right to do this.")


def visible_cases(actor: Actor) -> ColumnElement[bool]:
    """The condition under which a row of `cases` may be seen by this person."""
    if actor.scope.everything:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if actor.enterprise_id is not None:
        conditions.append(Case.enterprise_id == actor.enterprise_id)
    bodies = actor.case_body_ids
    if bodies:
        conditions.append(Case.body_ids.overlap(sorted(bodies)))
    if actor.id is not None:
        conditions.append(and_(Case.opened_by == actor.id, Case.enterprise_id.is_(None)))
    return or_(*conditions) if conditions else false()


def visible_case(conn: Connection, actor: Actor, case_id: uuid.UUID) -> RowMapping:
    """The case without its engine state, or NotFound."""
    columns = [column for column in Case.__table__.columns if column.name != "state"]
    row = conn.execute(select(*columns).where(and_(Case.id == case_id, visible_cases(actor)))).mappings().first()
    if row is None:
        raise NotFound("没有这个案件，或您无权查看。", "There is no such case, or it is not yours to see.")
    return row


def offered_tasks(actor: Actor) -> ColumnElement[bool]:
    """The condition under which an open task is offered to this person (whoever holds it now)."""
    offers: list[ColumnElement[bool]] = [Task.assignee_id == actor.id] if actor.id else []
    for role, body_id in actor.roles:
        if body_id is not None:
            offers.append(and_(Task.body_id == body_id, Task.role == role))
    if actor.enterprise_id is not None:
        offers.append(and_(Task.enterprise_id == actor.enterprise_id, Task.role.in_(_enterprise_roles(actor))))
    return or_(*offers) if offers else false()


def may_work_on(actor: Actor, task: Mapping[str, Any] | RowMapping) -> bool:
    """Whether the task is offered to this person and not held by somebody else."""
    if actor.id is not None and task["assignee_id"] == actor.id:
        return True
    return task["assignee_id"] is None and is_offered(actor, task)


def is_offered(actor: Actor, task: Mapping[str, Any] | RowMapping) -> bool:
    """Whether the task's role is one of this person's, for the task's body or enterprise."""
    if actor.id is not None and task["assignee_id"] == actor.id:
        return True
    if task["enterprise_id"] is not None:
        return task["enterprise_id"] == actor.enterprise_id and task["role"] in _enterprise_roles(actor)
    return task["role"] is not None and task["body_id"] is not None and actor.has(task["role"], task["body_id"])


def _enterprise_roles(actor: Actor) -> list[str]:
    """A legal representative may do all that a preparer may; not the other way round."""
    names = actor.role_names & {"preparer", "legal_representative"}
    return sorted(names | {"preparer"}) if "legal_representative" in names else sorted(names)
