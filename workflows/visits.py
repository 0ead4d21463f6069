"""Visits (跑动次数): every way that an applicant made for a case, recorded as a fact by the body that saw it.

What is done through this system is no visit. Whoever stands at the counter, brings paper, fetches a document or was
called to come is entered with day and purpose by an officer of a body that takes part; the applicant reads the list and
can object by a message. Nothing is changed afterwards: a wrong entry is taken back by another one, and both stay.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import aliased

from registers.db import uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.timesource import CHINA
from workflows import access, casenotes
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.desk_models import CaseVisit

PURPOSES: dict[str, tuple[str, str]] = {
    "consult": ("到窗口咨询", "asked at the counter"),
    "hand_in": ("到窗口递交材料", "handed in papers"),
    "correct": ("到窗口补正", "corrected papers"),
    "collect": ("到窗口领取证件文书", "fetched a document"),
    "called": ("应机关要求到场", "was called to come"),
}
_Reversal = aliased(CaseVisit, name="reversal")


@command("visit.record")
def record(step: Step, *, case_id: uuid.UUID, on: date, purpose: str, note: str = "") -> Answer:
    """Enter a visit of the applicant."""
    case = access.visible_case(step.conn, step.actor, case_id)
    _require(step, case)
    if purpose not in PURPOSES:
        raise DomainError("purpose", "请选择到场事由。", "Say what the visit was for.", pointer="purpose")
    if not local(case["opened_at"]) <= on <= step.today:
        raise DomainError("on", "日期应在立案之日至今天之间。", "The day lies within the case.", pointer="on")
    made = _enter(step, case_id, on, purpose, note)
    return {"visit_id": made}


@command("visit.reverse")
def reverse(step: Step, *, case_id: uuid.UUID, visit_id: uuid.UUID, note: str) -> Answer:
    """Take a visit back that was entered by mistake, with the reason; both rows stay."""
    case = access.visible_case(step.conn, step.actor, case_id)
    _require(step, case)
    if not note.strip():
        raise DomainError("note", "请说明理由。", "Give the reason.", pointer="note")
    found = next((row for row in of_case(step.conn, case_id) if row["id"] == visit_id), None)
    if found is None:
        raise NotFound("没有这条记录。", "There is no such visit.")
    if found["reverses"] is not None or not found["stands"]:
        raise Conflict("visit_reversed", "该记录已撤销。", "This visit was taken back already.")
    made = _enter(step, case_id, found["on_date"], found["purpose"], note, reverses=visit_id)
    return {"visit_id": made}


def of_case(conn: Connection, case_id: uuid.UUID, limit: int = 200) -> list[dict[str, Any]]:
    """The visits of a case with what was taken back, oldest first; the caller has checked the case."""
    taken_back = select(_Reversal.id).where(_Reversal.reverses == CaseVisit.id).exists()
    rows = conn.execute(
        select(CaseVisit.__table__, (CaseVisit.reverses.is_(None) & ~taken_back).label("stands"))
        .where(CaseVisit.case_id == case_id)
        .order_by(CaseVisit.on_date, CaseVisit.at, CaseVisit.id)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def local(at: Any) -> date:
    """The day of an instant in China."""
    found: date = at.astimezone(CHINA).date()
    return found


def _require(step: Step, case: Any) -> None:
    if not casenotes.is_official(step.actor, case):
        raise Forbidden("到场情况由办理机关登记。", "Visits are entered by the bodies that handle the case.")
    if case["enterprise_id"] is None:
        raise DomainError("no_enterprise", "案件没有申请单位。", "The case has no applicant enterprise.")


def _enter(
    step: Step, case_id: uuid.UUID, on: date, purpose: str, note: str, reverses: uuid.UUID | None = None
) -> uuid.UUID:
    """Enter a visit, or its reversal, and the line in the record; a closed case may still get one."""
    run, made = CaseRun.lock(step, case_id, closed_too=True), uuid7()
    step.conn.execute(
        insert(CaseVisit).values(
            id=made,
            case_id=case_id,
            on_date=on,
            purpose=purpose,
            note=note.strip()[:500],
            reverses=reverses,
            recorded_by=step.actor.id,
            recorded_name=step.actor.name,
            at=step.now,
        )
    )
    kind = "visit_recorded" if reverses is None else "visit_reversed"
    run.record(kind, on=on, purpose=PURPOSES[purpose][0], note=note.strip()[:500])
    run.save()
    return made
