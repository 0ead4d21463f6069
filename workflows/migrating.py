"""Moves running cases to another version of their procedure (迁移), and back while nothing has happened since.

A case is checked first: where it is must exist there (`rebinding.plan`). The move itself is one command per case: the
engine's state is bound to the other model, open tasks take over form, role, name and limit of their counterparts (the
limit counts from the day the task was opened), variables the other version declares come into being empty, and the
record tells who moved the case, why, and which step became which.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, RowMapping, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.timesource import day_of
from workflows import access, compiling, engine, openwork, rebinding
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Case, Deadline, Definition, Task
from workflows.runtime import Runtime

MOST_CASES = 200  # shown and moved at a time


class CaseMigration(Base):
    """One move of a case to another version, with the state before it, so that it can be undone."""

    __tablename__ = "case_migration"
    __table_args__ = (Index("ix_case_migration_case", "case_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    from_definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id"), index=True)
    to_definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id"), index=True)
    mapping: Mapped[dict[str, Any]]
    state: Mapped[bytes] = mapped_column(comment="the engine's envelope before the move")
    event_seq: Mapped[int] = mapped_column(comment="end of the record right after the move")
    reason: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[uuid.UUID | None]
    undone_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Candidate:
    """A running case of another version, and what a move would mean for it."""

    case_id: uuid.UUID
    number: str
    title: str
    version: int
    steps: tuple[rebinding.Step, ...]
    obstacles: tuple[rebinding.Obstacle, ...]
    new_variables: tuple[str, ...]


def candidates(
    rt: Runtime, conn: Connection, definition_id: uuid.UUID, mapping: Mapping[str, str] | None = None
) -> list[Candidate]:
    """The running cases of other versions of this procedure, oldest first, each checked; at most `MOST_CASES`."""
    target = compiling.compiled(rt, conn, definition_id)
    rows = conn.execute(
        select(Case.id, Case.number, Case.title, Case.state, Case.definition_id, Definition.version)
        .join(Definition, Definition.id == Case.definition_id)
        .where(Case.procedure == target.procedure, Case.status == "running", Case.definition_id != definition_id)
        .order_by(Case.opened_at)
        .limit(MOST_CASES)
    )
    found = []
    for row in rows:
        old = compiling.compiled(rt, conn, row.definition_id)
        move = rebinding.plan(old.model, target.model, bytes(row.state), mapping or {})
        fresh = tuple(sorted(_declared(target) - _declared(old)))
        found.append(Candidate(row.id, row.number, row.title, row.version, move.steps, move.obstacles, fresh))
    return found


@command("case.migrate")
def migrate(
    step: Step,
    *,
    case_id: uuid.UUID,
    definition_id: uuid.UUID,
    reason: str,
    mapping: dict[str, str] | None = None,
) -> Answer:
    """Move a running case to another published version; `mapping` names the counterpart of steps that changed their id."""
    access.require(step.actor, "case.migrate")
    if not reason.strip():
        raise DomainError("required", "请填写迁移理由。", "Give the reason for the move.", pointer="reason")
    run = CaseRun.lock(step, case_id)
    target = compiling.compiled(step.rt, step.conn, definition_id)
    _check_target(step, run, target)
    before, old = engine.dump(run.instance), run.compiled
    state = rebinding.move(old.model, target.model, before, mapping or {})
    _bind(run, target, state)
    engine.set_variables(run.instance, dict.fromkeys(_declared(target) - set(run.variables())))
    run.record(
        "migrated", from_version=old.version, to_version=target.version, mapping=mapping or {}, reason=reason.strip()
    )
    migration_id = uuid7()
    step.conn.execute(
        insert(CaseMigration).values(
            id=migration_id,
            case_id=case_id,
            from_definition_id=old.id,
            to_definition_id=target.id,
            mapping=mapping or {},
            state=before,
            event_seq=run.chain.seq,
            reason=reason.strip(),
            at=step.now,
            by=step.actor.id,
        )
    )
    run.save()
    return {"case_id": case_id, "migration_id": migration_id, "version": target.version}


@command("case.migrate_back")
def migrate_back(step: Step, *, case_id: uuid.UUID) -> Answer:
    """Undo the last move of a case, as long as nothing has happened in it since."""
    access.require(step.actor, "case.migrate")
    run = CaseRun.lock(step, case_id)
    last = step.conn.execute(
        select(CaseMigration.__table__)
        .where(CaseMigration.case_id == case_id, CaseMigration.undone_at.is_(None))
        .order_by(CaseMigration.at.desc())
        .limit(1)
    ).first()
    if last is None:
        raise NotFound("本案没有可撤回的迁移。", "There is no move of this case to undo.")
    if last.event_seq != run.chain.seq:
        raise Conflict(
            "case_went_on",
            "迁移之后本案已有新的办理，不能撤回迁移；如需回到原版本，请另行迁移。",
            "Something has happened in this case since; the move cannot be undone. Move it to the earlier version instead.",
        )
    moved, old = run.compiled, compiling.compiled(step.rt, step.conn, last.from_definition_id)
    _bind(run, old, bytes(last.state))
    step.conn.execute(update(CaseMigration).where(CaseMigration.id == last.id).values(undone_at=step.now))
    run.record("migration_undone", from_version=moved.version, to_version=old.version)
    run.save()
    return {"case_id": case_id, "version": old.version}


def undoable(conn: Connection, definition_id: uuid.UUID) -> list[dict[str, Any]]:
    """Cases moved to this version in which nothing has happened since, newest first."""
    rows = conn.execute(
        select(CaseMigration.case_id, CaseMigration.at, CaseMigration.reason, Case.number, Case.title)
        .join(Case, Case.id == CaseMigration.case_id)
        .where(
            CaseMigration.to_definition_id == definition_id,
            CaseMigration.undone_at.is_(None),
            Case.event_seq == CaseMigration.event_seq,
        )
        .order_by(CaseMigration.at.desc())
        .limit(MOST_CASES)
    )
    return [dict(row) for row in rows.mappings()]


def _check_target(step: Step, run: CaseRun, target: compiling.Compiled) -> None:
    status = step.conn.scalar(select(Definition.status).where(Definition.id == target.id))
    if target.procedure != run.compiled.procedure:
        raise Conflict("other_procedure", "目标版本属于另一流程。", "The version belongs to another procedure.")
    if target.id == run.compiled.id:
        raise Conflict("same_version", "本案已在该版本上办理。", "The case runs on this version already.")
    if status == "draft":
        raise Conflict("not_published", "只能迁移到已发布的版本。", "A case can be moved to a published version only.")


def _declared(compiled: compiling.Compiled) -> set[str]:
    return set(compiled.settings.get("variables", {}))


def _bind(run: CaseRun, target: compiling.Compiled, state: bytes) -> None:
    """Let the case go on under another version: model, open tasks, their deadlines."""
    run.compiled = target
    run.instance = engine.load(target.model, state, run.call, now=run.step.rt.time)
    run.step.conn.execute(update(Case).where(Case.id == run.id).values(definition_id=target.id))
    human = {uuid.UUID(item.id): item for item in run.instance.outcome().waiting if item.kind == "task"}
    _take_over_tasks(run, human)


def _take_over_tasks(run: CaseRun, human: Mapping[uuid.UUID, engine.Waiting]) -> None:
    """Open tasks get name, form, role, body and limit of the element they stand at now; who held one keeps it if it is still theirs."""
    conn = run.step.conn
    kept = (
        conn.execute(select(Task.__table__).where(Task.id.in_(sorted(human)), Task.status == "open")).mappings().all()
    )
    for task in kept:
        row = openwork.task_row(run, task["id"], human[task["id"]], day_of(task["opened_at"]))
        same_people = all(row[key] == task[key] for key in ("role", "body_id", "enterprise_id"))
        row["assignee_id"] = task["assignee_id"] if same_people else row["assignee_id"]
        conn.execute(
            update(Task)
            .where(Task.id == task["id"])
            .values({key: value for key, value in row.items() if key not in ("id", "case_id", "opened_at")})
        )
        run.open_tasks[task["id"]] = row["assignee_id"]
        if (row["limit_rule"], row["due_on"]) != (task["limit_rule"], task["due_on"]):
            _renew_deadline(run, task, human[task["id"]])


def _renew_deadline(run: CaseRun, task: RowMapping, item: engine.Waiting) -> None:
    conn, key = run.step.conn, task["id"]
    conn.execute(
        update(Deadline)
        .where(Deadline.case_id == run.id, Deadline.waiting_id == key, Deadline.done_at.is_(None))
        .values(done_at=run.step.now, result="migrated")
    )
    row = openwork.deadline_row(run, key, item, day_of(task["opened_at"]))
    if row is None:
        run.open_deadlines.discard(key)
        return
    conn.execute(insert(Deadline).values(row))
    run.open_deadlines.add(key)
    run.known_deadlines.add(key)
