"""Questions on a case and their answers, and comments at one datum of a submission.

Both sides ask and answer: the applicant, and the bodies that take part. What officials mark as internal stays among
them. Every note leaves a line in the record of the case; the words of an internal one are not in it.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, insert, select, update

from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, Forbidden, NotFound
from workflows import access, formdata, notify, reasons
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.desk_models import CaseNote
from workflows.models import Submission

_TAKES_PART = frozenset({"window", "reviewer", "head", "expert", "consulted"})


def may_write(actor: Actor, case: Any) -> bool:
    """Whether the person takes part in the case: its applicant, or somebody who works on it for a body."""
    if case["enterprise_id"] is not None and case["enterprise_id"] == actor.enterprise_id:
        return True
    return is_official(actor, case)


def is_official(actor: Actor, case: Any) -> bool:
    """Whether the person works for a body that takes part; supervisors read, they do not write."""
    bodies = set(case["body_ids"])
    return any(role in _TAKES_PART and body in bodies for role, body in actor.roles)


@command("case.note")
def write(
    step: Step,
    *,
    case_id: uuid.UUID,
    text: str,
    parent_id: uuid.UUID | None = None,
    submission_id: uuid.UUID | None = None,
    path: str = "",
    internal: bool = False,
) -> Answer:
    """Ask, answer, or comment at a datum; the other side is told, unless the note is internal."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if not may_write(step.actor, case):
        raise Forbidden(
            "只有案件的申请单位和办理机关可以留言。", "Only the applicant and the bodies of a case can write here."
        )
    said = reasons.written(text)
    parent = _parent(step, case_id, parent_id)
    if submission_id is not None:
        _known_place(step, case_id, submission_id, path)
    hidden = (parent is not None and parent.internal) or (internal and is_official(step.actor, case))
    note_id, of_enterprise = uuid7(), step.actor.enterprise_id == case["enterprise_id"]
    run = CaseRun.lock(step, case_id, closed_too=True)
    step.conn.execute(
        insert(CaseNote).values(
            id=note_id,
            case_id=case_id,
            kind=parent.kind if parent else "field" if submission_id else "question",
            submission_id=submission_id,
            path=path,
            parent_id=parent_id,
            text=said,
            internal=hidden,
            author_id=step.actor.id,
            author_name=step.actor.name,
            of_enterprise=of_enterprise,
            at=step.now,
        )
    )
    if hidden:
        run.record("case_note_internal", note=note_id)
    else:
        run.record("case_note", note=note_id, text=said)
    run.save()
    if not hidden:
        _tell(step, case, of_enterprise)
    return {"note_id": note_id}


@command("case.note_settle")
def settle(step: Step, *, case_id: uuid.UUID, note_id: uuid.UUID) -> Answer:
    """Mark a question or comment as settled; whoever takes part may do so."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if not may_write(step.actor, case):
        raise Forbidden("您没有执行此操作的权限。", "You do not have the right to do this.")
    run = CaseRun.lock(step, case_id, closed_too=True)
    query = update(CaseNote).where(CaseNote.id == note_id, CaseNote.case_id == case_id, CaseNote.parent_id.is_(None))
    query = query.where(CaseNote.kind != "correction")  # that one is answered, not ticked off
    if not is_official(step.actor, case):
        query = query.where(CaseNote.internal.is_(False))
    if step.conn.execute(query.values(settled_at=step.now, settled_name=step.actor.name)).rowcount != 1:
        raise NotFound()
    run.record("case_note_settled", note=note_id)
    run.save()
    return {"note_id": note_id}


def of_case(conn: Connection, actor: Actor, case: Any, limit: int = 500) -> list[dict[str, Any]]:
    """The notes of a case this person may read, each with its answers, oldest first; the caller has checked the case."""
    query = select(CaseNote.__table__).where(CaseNote.case_id == case["id"])
    if not (is_official(actor, case) or actor.supervised & set(case["body_ids"])):
        query = query.where(CaseNote.internal.is_(False))
    rows = [dict(row) for row in conn.execute(query.order_by(CaseNote.at, CaseNote.id).limit(limit)).mappings()]
    answers: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in rows:
        if row["parent_id"] is not None:
            answers.setdefault(row["parent_id"], []).append(row)
    return [{**row, "answers": answers.get(row["id"], [])} for row in rows if row["parent_id"] is None]


def _parent(step: Step, case_id: uuid.UUID, parent_id: uuid.UUID | None) -> Any:
    if parent_id is None:
        return None
    found = step.conn.execute(select(CaseNote).where(CaseNote.id == parent_id, CaseNote.case_id == case_id)).first()
    seen = found is not None and (not found.internal or step.actor.enterprise_id is None)
    if found is None or not seen:
        raise NotFound()
    if found.parent_id is not None:
        raise Conflict("note_answered", "请在原问题下回复。", "Answer the question itself.", pointer="parent_id")
    return found


def _known_place(step: Step, case_id: uuid.UUID, submission_id: uuid.UUID, path: str) -> None:
    data = step.conn.scalar(
        select(Submission.data).where(Submission.id == submission_id, Submission.case_id == case_id)
    )
    if data is None:
        raise NotFound()
    formdata.at_path(data, path)


def _tell(step: Step, case: Any, of_enterprise: bool) -> None:
    if of_enterprise:
        to = notify.of_body(step.conn, case["lead_body_id"], ("window", "reviewer"), step.today)
    else:
        to = notify.of_enterprise(step.conn, case["enterprise_id"], step.today)
    notify.about_case(step, case, to, "有新的留言", "a new message", "notes")
