"""Requests for correction before acceptance (请求更正): asked by the applicant, granted or declined by the window, each with its day.

An application that was handed in cannot be changed by the applicant. Until it is accepted the window can send parts back
for correction on the spot; the applicant asks for that here, one request at a time, and sees by whom and when it was
answered. A request is the head of a thread of notes (`casenotes`), so what is said about it stands beneath it.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from workflows import access, casenotes, notify, reasons
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.desk_models import CaseNote
from workflows.models import Case, ClockFact, Matter, Task

KIND = "correction"
OUTCOMES: dict[str, tuple[str, str]] = {
    "granted": ("同意更正", "Granted"),
    "declined": ("不同意更正", "Declined"),
}
_UNANSWERED = and_(CaseNote.kind == KIND, CaseNote.parent_id.is_(None), CaseNote.outcome.is_(None))


@command("correction.ask")
def ask(step: Step, *, case_id: uuid.UUID, text: str) -> Answer:
    """The applicant asks to correct what was handed in and is not accepted yet; the window is told."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if case["enterprise_id"] is None or case["enterprise_id"] != step.actor.enterprise_id:
        raise Forbidden("只有申请单位可以请求更正。", "Only the applicant can ask for a correction.")
    said = reasons.written(text)
    run = CaseRun.lock(step, case_id)
    _still_received(step.conn, case)
    if step.conn.scalar(select(CaseNote.id).where(CaseNote.case_id == case_id, _UNANSWERED)) is not None:
        raise Conflict(
            "correction_open",
            "上一次更正请求尚未答复，可以在其下补充说明。",
            "Your request before this one is not answered yet; add to it instead.",
        )
    note_id = uuid7()
    step.conn.execute(insert(CaseNote).values(id=note_id, **_note(step, case_id, said, of_enterprise=True)))
    run.record("correction_asked", note=note_id, text=said)
    run.save()
    to = notify.of_body(step.conn, case["lead_body_id"], ("window",), step.today)
    notify.about_case(step, case, to, "企业请求更正", "the applicant asks for a correction", "notes")
    return {"note_id": note_id}


@command("correction.answer")
def answer(step: Step, *, case_id: uuid.UUID, note_id: uuid.UUID, outcome: str, text: str = "") -> Answer:
    """Somebody of a body of the case grants or declines the request, once; a refusal gives its reason."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if not casenotes.is_official(step.actor, case):
        raise Forbidden("更正请求由办理机关答复。", "A request for correction is answered by the body.")
    if outcome not in OUTCOMES:
        raise DomainError("outcome", "请选择处理结果。", "Choose the outcome.", pointer="outcome")
    said = reasons.written(text) if text.strip() or outcome == "declined" else ""
    run = CaseRun.lock(step, case_id, closed_too=True)
    ends = {"outcome": outcome, "settled_at": step.now, "settled_name": step.actor.name}
    asked = update(CaseNote).where(CaseNote.id == note_id, CaseNote.case_id == case_id, CaseNote.kind == KIND)
    if step.conn.execute(asked.where(CaseNote.outcome.is_(None)).values(**ends)).rowcount != 1:
        _answered_or_unknown(step.conn, case_id, note_id)
    if said:
        reply = _note(step, case_id, said, of_enterprise=False)
        step.conn.execute(insert(CaseNote).values(id=uuid7(), parent_id=note_id, **reply))
    run.record("correction_answered", note=note_id, correction_outcome=outcome, text=said)
    run.save()
    to = notify.of_enterprise(step.conn, case["enterprise_id"], step.today)
    zh, en = OUTCOMES[outcome]
    notify.about_case(step, case, to, f"更正请求已答复：{zh}", f"your request for correction: {en}", "notes")
    return {"note_id": note_id, "outcome": outcome}


def waiting(conn: Connection, actor: Actor, limit: int = 50) -> list[dict[str, Any]]:
    """The requests nobody answered, in the cases whose window this person keeps, the oldest first."""
    query = (
        select(CaseNote.id, CaseNote.case_id, CaseNote.text, CaseNote.author_name, CaseNote.at)
        .add_columns(Case.number, Case.title, Case.body_ids, Case.enterprise_id)
        .join(Case, Case.id == CaseNote.case_id)
        .where(_UNANSWERED, access.visible_cases(actor))
        .order_by(CaseNote.at)
        .limit(limit)
    )
    rows = [dict(row) for row in conn.execute(query).mappings()]
    return [row for row in rows if any(actor.has("window", body) for body in row["body_ids"])]


def _still_received(conn: Connection, case: Any) -> None:
    """Raise Conflict when the applicant can correct without asking, or when it is too late."""
    own = select(Task.id).where(Task.case_id == case["id"], Task.status == "open", Task.enterprise_id.is_not(None))
    if conn.scalar(own.limit(1)) is not None:
        raise Conflict("correct_yourself", "轮到您办理的步骤可以直接修改。", "It is your turn: correct it yourself.")
    started = (
        select(ClockFact.id)
        .join(Matter, Matter.id == ClockFact.matter_id)
        .where(Matter.case_id == case["id"], ClockFact.kind == "started")
    )
    if conn.scalar(started.limit(1)) is not None:
        raise Conflict(
            "accepted_already",
            "申请已受理，材料不能自行修改；内容有重大变化的，撤回后重新申请。",
            "The application is accepted and cannot be changed; after a major change withdraw it and apply again.",
        )


def _answered_or_unknown(conn: Connection, case_id: uuid.UUID, note_id: uuid.UUID) -> None:
    known = select(CaseNote.id).where(CaseNote.id == note_id, CaseNote.case_id == case_id, CaseNote.kind == KIND)
    if conn.scalar(known) is None:
        raise NotFound("没有这项更正请求。", "There is no such request.")
    raise Conflict("correction_over", "该更正请求已答复。", "This request was answered already.")


def _note(step: Step, case_id: uuid.UUID, text: str, *, of_enterprise: bool) -> dict[str, Any]:
    """A row of the thread."""
    who = {"author_id": step.actor.id, "author_name": step.actor.name, "of_enterprise": of_enterprise}
    return {"case_id": case_id, "kind": KIND, "text": text, "internal": False, "at": step.now, **who}
