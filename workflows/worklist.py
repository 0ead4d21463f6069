"""The work list: who is offered which task, who holds it, drafts, and lending work to a colleague.

A task is offered to a role of a body or of the enterprise. Claiming is optional: an unclaimed task
may be finished by anybody it is offered to; once claimed, only its holder can, until it is released.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, false, func, or_, select, text, update

from registers.accounts import Actor
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.parties import Body, Delegation, Enterprise, User, UserRole
from workflows import access, separate, standins
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command, to_wire
from workflows.lights import ClockAlarm
from workflows.models import Case, Draft, Matter, Task

SCOPES = ("mine", "offered", "claimed", "draft", "done", "overseen")
# The earliest statutory date among the open matters of a task's case, as their lights hold it; none while all are paused.
_STATUTORY = (
    select(func.min(ClockAlarm.due_on))
    .join(Matter, Matter.id == ClockAlarm.matter_id)
    .where(ClockAlarm.case_id == Task.case_id, Matter.status == "open", ClockAlarm.stage == "overdue")
    .scalar_subquery()
)
_SORTS = {
    "due": (Task.due_on.asc().nulls_last(), Task.opened_at),
    "law": (_STATUTORY.asc().nulls_last(), Task.due_on.asc().nulls_last(), Task.opened_at),
    "opened": (Task.opened_at.desc(),),
    "case": (Case.number, Task.opened_at),
}

_SAVE_DRAFT = text(
    """
    INSERT INTO draft (task_id, case_id, data, revision, saved_by, saved_at, page, turn)
    VALUES (:task_id, :case_id, CAST(:data AS jsonb), 1, :actor, :now, :page, :turn)
    ON CONFLICT (task_id) DO UPDATE SET data = excluded.data, revision = draft.revision + 1,
           saved_by = excluded.saved_by, saved_at = excluded.saved_at, page = excluded.page, turn = excluded.turn
     WHERE CAST(:revision AS integer) IS NULL OR draft.revision = :revision
        OR draft.page = :page AND draft.turn < :turn
        OR draft.page = :left_page
    RETURNING revision
    """
)


@dataclass(frozen=True)
class Page:
    """A page of a list, with the number of all rows."""

    rows: list[dict[str, Any]]
    total: int


def tasks(
    conn: Connection,
    actor: Actor,
    *,
    scope: str = "mine",
    search: str = "",
    procedure: str | None = None,
    form: str | None = None,
    step: str | None = None,
    due_after: date | None = None,
    due_before: date | None = None,
    sort: str = "due",
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """The person's list: `mine` (offered and free, or claimed by me), `claimed`, `draft`, `done`, `overseen`."""
    if scope not in SCOPES or sort not in _SORTS:
        raise DomainError("scope", "未知的筛选或排序方式。", "Unknown scope or sort order.", status=400)
    conditions = [_in_scope(actor, scope)]
    if search:
        conditions.append(
            or_(
                Case.title.icontains(search, autoescape=True),
                Case.number.icontains(search, autoescape=True),
                Task.name.icontains(search, autoescape=True),
            )
        )
    if procedure:
        conditions.append(Case.procedure == procedure)
    if form:
        conditions.append(Task.form == form)
    if step:
        conditions.append(Task.name == step)
    if due_after:
        conditions.append(Task.due_on >= due_after)
    if due_before:
        conditions.append(Task.due_on <= due_before)
    base = select(Task.id).join(Case, Case.id == Task.case_id).where(*conditions)
    order = (Task.closed_at.desc(),) if scope == "done" else _SORTS[sort]
    rows = conn.execute(
        select(
            Task.id,
            Task.case_id,
            Task.element,
            Task.name,
            Task.form,
            Task.role,
            Task.matter,
            Task.due_on,
            Task.status,
            Task.opened_at,
            Task.closed_at,
            Task.assignee_id,
            User.name.label("assignee"),
            Case.number,
            Case.title,
            Case.procedure,
            Enterprise.name.label("enterprise"),
            Body.name_zh.label("body"),
        )
        .join(Case, Case.id == Task.case_id)
        .outerjoin(User, User.id == Task.assignee_id)
        .outerjoin(Enterprise, Enterprise.id == Case.enterprise_id)
        .outerjoin(Body, Body.id == Task.body_id)
        .where(*conditions)
        .order_by(*order)
        .limit(min(limit, 200))
        .offset(offset)
    ).mappings()
    total = conn.scalar(select(func.count()).select_from(base.subquery())) or 0
    return Page([dict(row) for row in rows], total)


def counts(conn: Connection, actor: Actor, today: date, soon: date | None = None) -> dict[str, int]:
    """How much there is to do: mine, claimed, overdue, due by `soon`, begun as drafts."""
    mine = _in_scope(actor, "mine")
    begun = select(Draft.task_id).where(Draft.task_id == Task.id).exists()
    row = conn.execute(
        select(
            func.count().label("mine"),
            func.count().filter(Task.assignee_id == actor.id).label("claimed"),
            func.count().filter(Task.due_on < today).label("overdue"),
            func.count().filter(Task.due_on <= (soon or today)).label("soon"),
            func.count().filter(begun).label("draft"),
        )
        .select_from(Task)
        .where(mine)
    ).one()
    return {name: getattr(row, name) for name in ("mine", "claimed", "overdue", "soon", "draft")}


def steps_waiting(conn: Connection, actor: Actor, scope: str = "mine", limit: int = 100) -> list[str]:
    """The names of the steps in a person's list, for choosing one."""
    rows = conn.execute(select(Task.name).where(_in_scope(actor, scope)).distinct().order_by(Task.name).limit(limit))
    return [row.name for row in rows]


def cases(
    conn: Connection,
    actor: Actor,
    *,
    status: str | None = None,
    search: str = "",
    procedure: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """The cases the person may see, newest first. `submitted` are running ones in which the enterprise has nothing
    to do, `over` those that run no more."""
    conditions = [access.visible_cases(actor)]
    if status == "submitted":
        own = select(Task.id).where(
            Task.case_id == Case.id, Task.status == "open", Task.enterprise_id == Case.enterprise_id
        )
        conditions += [Case.status == "running", ~own.exists()]
    elif status == "over":
        conditions.append(Case.status != "running")
    elif status:
        conditions.append(Case.status == status)
    if procedure:
        conditions.append(Case.procedure == procedure)
    if search:
        conditions.append(
            or_(Case.title.icontains(search, autoescape=True), Case.number.icontains(search, autoescape=True))
        )
    rows = conn.execute(
        select(
            Case.id,
            Case.number,
            Case.title,
            Case.procedure,
            Case.status,
            Case.outcome,
            Case.opened_at,
            Case.closed_at,
            Enterprise.name.label("enterprise"),
        )
        .outerjoin(Enterprise, Enterprise.id == Case.enterprise_id)
        .where(*conditions)
        .order_by(Case.opened_at.desc(), Case.id)
        .limit(min(limit, 200))
        .offset(offset)
    ).mappings()
    total = conn.scalar(select(func.count()).select_from(Case).where(*conditions)) or 0
    return Page([dict(row) for row in rows], total)


def task(conn: Connection, actor: Actor, task_id: uuid.UUID) -> dict[str, Any]:
    """One task whose case the person may see, or NotFound."""
    row = (
        conn.execute(
            select(Task.__table__, Case.number, Case.title, Case.definition_id, User.name.label("assignee"))
            .join(Case, Case.id == Task.case_id)
            .outerjoin(User, User.id == Task.assignee_id)
            .where(and_(Task.id == task_id, access.visible_cases(actor)))
        )
        .mappings()
        .first()
    )
    if row is None or row["matter"] in separate.hidden(conn, actor, row["case_id"]):
        raise NotFound("没有这项待办，或您无权查看。", "There is no such task, or it is not yours to see.")
    return dict(row)


def tasks_of_case(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """All tasks of a case in order of opening; the caller has checked the case."""
    rows = conn.execute(
        select(Task.__table__, User.name.label("assignee"), Body.name_zh.label("body"))
        .outerjoin(User, User.id == func.coalesce(Task.closed_by, Task.assignee_id))
        .outerjoin(Body, Body.id == Task.body_id)
        .where(Task.case_id == case_id)
        .order_by(Task.opened_at, Task.id)
        .limit(1000)
    )
    return [dict(row) for row in rows.mappings()]


@command("task.claim")
def claim(step: Step, *, task_id: uuid.UUID) -> Answer:
    """Take a task, so that colleagues see it is in hand. Exactly one of several claimants succeeds."""
    run, found = _locked(step, task_id)
    if not access.is_offered(step.actor, found):
        raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
    if found["assignee_id"] not in (None, step.actor.id):
        raise Conflict("task_taken", "同事已先签收。", "A colleague was faster.")
    _hand_over(run, found, step.actor.id, "claimed")
    return {"task_id": task_id, "assignee": step.actor.name}


@command("task.release")
def release(step: Step, *, task_id: uuid.UUID, reason: str = "") -> Answer:
    """Give a task back to everybody it is offered to, with a reason if there is one."""
    run, found = _locked(step, task_id)
    if found["assignee_id"] != step.actor.id and not _leads(step.actor, found):
        raise Forbidden("只有签收人或负责人可以释放。", "Only its holder or the head can release it.")
    _hand_over(run, found, None, "released", reason=reason)
    return {"task_id": task_id, "reason": reason}


@command("task.assign")
def assign(step: Step, *, task_id: uuid.UUID, user_id: uuid.UUID, reason: str = "") -> Answer:
    """The head (or the holder) gives a task to a colleague who holds its role."""
    run, found = _locked(step, task_id)
    if found["assignee_id"] != step.actor.id and not _leads(step.actor, found):
        raise Forbidden("只有负责人或签收人可以指派。", "Only the head or the holder can assign it.")
    colleague = step.conn.execute(_holder(found, user_id)).first()
    if colleague is None:
        raise DomainError(
            "assignee",
            "该人员没有办理这项待办的岗位。",
            "That person does not hold the role of this task.",
            pointer="user_id",
        )
    _hand_over(run, found, user_id, "assigned", to=colleague.name, reason=reason)
    return {"task_id": task_id, "user_id": user_id, "reason": reason}


@command("draft.save")
def save_draft(
    step: Step,
    *,
    task_id: uuid.UUID,
    data: dict[str, Any],
    revision: int | None = None,
    page: str = "",
    turn: int = 0,
    left_page: str = "",
) -> Answer:
    """Keep what has been typed so far, unchecked; a newer draft of somebody else is not overwritten.

    `revision` is the draft the writer saw last (None overwrites any). A page whose answer got lost does not know its
    own last revision: it gives the name it made up for itself (`page`) and counts its saves (`turn`), so that a later
    save of its own passes and an earlier one that arrives late does not. `left_page` is the page the same tab showed
    before, whose last save may have arrived after this page was made.
    """
    found = _open_task(step, task_id)
    if not access.may_work_on(step.actor, found):
        raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
    kept = step.conn.execute(
        _SAVE_DRAFT,
        {
            "task_id": task_id,
            "case_id": found["case_id"],
            "data": to_wire(data),
            "actor": step.actor.id,
            "now": step.now,
            "revision": revision,
            "page": page or None,
            "turn": turn,
            "left_page": left_page or None,
        },
    ).scalar()
    if kept is None:
        raise Conflict(
            "draft_newer",
            "另一处（同事或您的其他设备）已保存更新的草稿，请刷新后合并。",
            "A newer draft was saved elsewhere (by a colleague or on another device); reload and merge.",
        )
    return {"task_id": task_id, "revision": kept, "saved_at": step.now}


@command("delegation.create")
def lend(step: Step, *, to_user_id: uuid.UUID, valid_from: date, valid_to: date, reason: str) -> Answer:
    """Let a colleague act with one's own roles for a period (代理)."""
    return {"delegation_id": standins.enter(step, step.actor, to_user_id, valid_from, valid_to, reason)}


@command("delegation.revoke")
def take_back(step: Step, *, delegation_id: uuid.UUID) -> Answer:
    """End a stand-in early."""
    done = step.conn.execute(
        update(Delegation)
        .where(
            Delegation.id == delegation_id,
            Delegation.from_user_id == step.actor.id,
            Delegation.revoked_at.is_(None),
        )
        .values(revoked_at=step.now)
    )
    if done.rowcount != 1:
        raise NotFound()
    return {"delegation_id": delegation_id}


def _in_scope(actor: Actor, scope: str) -> Any:
    if actor.id is None:
        return false()
    offered = access.offered_tasks(actor)
    if scope == "done":
        return and_(Task.status == "done", Task.closed_by == actor.id)
    if scope == "claimed":
        return and_(Task.status == "open", Task.assignee_id == actor.id)
    if scope == "draft":
        begun = select(Draft.task_id).where(Draft.task_id == Task.id)
        return and_(_in_scope(actor, "mine"), begun.exists())
    if scope == "overseen":
        return and_(Task.status == "open", Task.body_id.in_(sorted(actor.case_body_ids)))
    if scope == "offered":
        return and_(Task.status == "open", Task.assignee_id.is_(None), offered)
    return and_(Task.status == "open", or_(Task.assignee_id == actor.id, and_(Task.assignee_id.is_(None), offered)))


def _open_task(step: Step, task_id: uuid.UUID) -> dict[str, Any]:
    row = step.conn.execute(select(Task.__table__).where(Task.id == task_id)).mappings().first()
    if row is None:
        raise NotFound("没有这项待办，或您无权查看。", "There is no such task, or it is not yours to see.")
    if row["status"] != "open":
        raise Conflict("task_done", "这项待办已办结或已取消。", "This task is finished or was cancelled.")
    return dict(row)


def _locked(step: Step, task_id: uuid.UUID) -> tuple[CaseRun, dict[str, Any]]:
    """The task as it is once its case is locked (the case row comes before everything that hangs on it)."""
    run = CaseRun.lock(step, _open_task(step, task_id)["case_id"])
    return run, _open_task(step, task_id)


def _hand_over(run: CaseRun, found: dict[str, Any], user_id: uuid.UUID | None, kind: str, **data: Any) -> None:
    step = run.step
    step.conn.execute(
        update(Task).where(Task.id == found["id"]).values(assignee_id=user_id, claimed_at=step.now if user_id else None)
    )
    run.open_tasks[found["id"]] = user_id
    run.record(f"task_{kind}", found["element"], name=found["name"], **data)
    run.save()


def _leads(actor: Actor, found: dict[str, Any]) -> bool:
    if found["body_id"] is not None:
        return actor.has("head", found["body_id"])
    return found["enterprise_id"] == actor.enterprise_id and actor.has("legal_representative")


def _holder(found: dict[str, Any], user_id: uuid.UUID) -> Any:
    query = (
        select(User.id, User.name).join(UserRole, UserRole.user_id == User.id).where(User.id == user_id, User.active)
    )
    if found["body_id"] is not None:
        return query.where(UserRole.role == found["role"], UserRole.body_id == found["body_id"])
    return query.where(User.enterprise_id == found["enterprise_id"])
