"""Objections (异议): what an applicant holds against a decision, a limit, a request or the way a case is handled.

An objection has a life of its own: raised by the enterprise with its grounds and evidence, answered once by a head of a body
of the case, or taken back before that. It stops nothing and takes no remedy away: beside it stand the days until which
reconsideration can be asked for and an action brought, counted from the delivery of the decision.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from registers.accounts import Actor
from registers.db import Base, uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.parties import Body
from workflows import access, documents, notify
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Case, Letter
from workflows.reference import Reference

KINDS: dict[str, tuple[str, str]] = {
    "decision": ("对决定有异议", "Against a decision"),
    "request": ("对补正要求、现场核查等有异议", "Against a request or an inspection"),
    "limit": ("对时限的计算有异议", "Against how time is counted"),
    "conduct": ("投诉办理行为", "Against how the case is handled"),
}
OUTCOMES: dict[str, tuple[str, str]] = {
    "upheld": ("异议成立", "The objection holds"),
    "partly": ("部分成立", "It holds in part"),
    "dismissed": ("异议不成立", "It does not hold"),
}
REMEDIES = {"reconsideration": "remedy.reconsideration", "suit": "remedy.suit"}
MOST, MOST_FILES = 4000, 20
# Letters that decide on an application (行政复议法 art. 11, 行政诉讼法 art. 12: what reconsideration and actions are open against).
DECISIONS = (
    "not_accepted_notice", "eia_approval", "eia_refusal", "permit_original", "permit_refusal", "change_decision", "renewal_decision",
    "waste_licence", "waste_refusal", "licence_decision",
)  # fmt: skip


class Objection(Base):
    """One objection of the applicant, with its answer."""

    __tablename__ = "objection"
    __table_args__ = (
        CheckConstraint("kind IN ('decision', 'request', 'limit', 'conduct')", name="kind"),
        CheckConstraint("outcome IN ('upheld', 'partly', 'dismissed')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="answered"),
        CheckConstraint("answered_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
        Index("ix_objection_case", "case_id", "raised_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]
    grounds: Mapped[str]
    wanted: Mapped[str] = mapped_column(comment="what the enterprise asks for")
    files: Mapped[list[Any]] = mapped_column(comment="identifiers of stored files")
    raised_by: Mapped[uuid.UUID | None]
    raised_name: Mapped[str]
    raised_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    answer: Mapped[str] = mapped_column(server_default="")
    answered_name: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Remedy:
    """What can be done against a decision outside this program: by when, before whom."""

    letter: str
    number: str | None
    delivered_on: date
    reconsideration_due: date
    reconsideration_body: str
    suit_due: date
    court: str


@command("objection.raise")
def bring(
    step: Step, *, case_id: uuid.UUID, kind: str, grounds: str, wanted: str, files: list[uuid.UUID] | None = None
) -> Answer:
    """The enterprise objects, in a running case or after its end; the bodies of the case are told."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if case["enterprise_id"] is None or case["enterprise_id"] != step.actor.enterprise_id:
        raise Forbidden("只有申请单位可以提出异议。", "Only the applicant can object.")
    if kind not in KINDS:
        raise DomainError("kind", "请选择异议的种类。", "Choose what the objection is against.", pointer="kind")
    if len(files or ()) > MOST_FILES:
        raise DomainError("files", f"附件不超过{MOST_FILES}个。", f"At most {MOST_FILES} files.", pointer="files")
    said = {"grounds": _said(grounds, "grounds"), "wanted": _said(wanted, "wanted")}
    run = CaseRun.lock(step, case_id, closed_too=True)
    documents.attach(step, case_id, "", files or ())
    objection_id = uuid7()
    facts = {"raised_by": step.actor.id, "raised_name": step.actor.name, "raised_at": step.now}
    step.conn.execute(
        insert(Objection).values(
            id=objection_id, case_id=case_id, kind=kind, files=[str(one) for one in files or ()], **said, **facts
        )
    )
    run.record("objection_raised", objection=objection_id, against=kind, text=said["grounds"])
    run.save()
    told = notify.of_body(step.conn, case["lead_body_id"], ("head", "window"), step.today)
    _tell(step, case, told, "企业提出异议", "the enterprise objects")
    return {"objection_id": objection_id}


@command("objection.answer")
def answer(step: Step, *, objection_id: uuid.UUID, outcome: str, text: str) -> Answer:
    """A head of a body of the case answers, once, with reasons; the enterprise is told."""
    found, case = _found(step, objection_id)
    if not may_answer(step.actor, case):
        raise Forbidden("只有办理机关的签发人可以答复异议。", "Only a head of a body of the case answers an objection.")
    if outcome not in OUTCOMES:
        raise DomainError("outcome", "请选择处理结果。", "Choose the outcome.", pointer="outcome")
    said = _said(text, "text")
    run = CaseRun.lock(step, found["case_id"], closed_too=True)
    _still_open(step, objection_id, outcome=outcome, answer=said, answered_name=step.actor.name, answered_at=step.now)
    run.record("objection_answered", objection=objection_id, objection_outcome=outcome, text=said)
    run.save()
    _tell(
        step, case, notify.of_enterprise(step.conn, case["enterprise_id"], step.today), "异议已答复", "an answer to your objection"
    )  # fmt: skip
    return {"objection_id": objection_id, "outcome": outcome}


@command("objection.withdraw")
def withdraw(step: Step, *, objection_id: uuid.UUID) -> Answer:
    """The enterprise takes its objection back before it is answered."""
    found, case = _found(step, objection_id)
    if case["enterprise_id"] != step.actor.enterprise_id:
        raise Forbidden("只有申请单位可以撤回异议。", "Only the applicant can take it back.")
    run = CaseRun.lock(step, found["case_id"], closed_too=True)
    _still_open(step, objection_id, withdrawn_at=step.now)
    run.record("objection_withdrawn", objection=objection_id)
    run.save()
    return {"objection_id": objection_id}


def may_answer(actor: Actor, case: Any) -> bool:
    """Whether the person heads a body that takes part in the case."""
    bodies = set(case["body_ids"])
    return any(role == "head" and body in bodies for role, body in actor.roles)


def of_case(conn: Connection, case_id: uuid.UUID, limit: int = 100) -> list[dict[str, Any]]:
    """The objections of a case, newest first; the caller has checked the case."""
    query = select(Objection.__table__).where(Objection.case_id == case_id).order_by(Objection.raised_at.desc())
    return [_shown(row) for row in conn.execute(query.limit(limit)).mappings()]


def of_person(conn: Connection, actor: Actor, *, waiting: bool = False, limit: int = 200) -> list[dict[str, Any]]:
    """The objections in the cases one may see: what waits for an answer first, the oldest of them on top."""
    over = Objection.answered_at.is_not(None) | Objection.withdrawn_at.is_not(None)
    query = (
        select(Objection.__table__, Case.number, Case.title)
        .join(Case, Case.id == Objection.case_id)
        .where(access.visible_cases(actor))
        .order_by(over, Objection.raised_at)
        .limit(limit)
    )
    if waiting:
        query = query.where(~over)
    return [_shown(row) for row in conn.execute(query).mappings()]


def remedies(conn: Connection, reference: Reference, case_id: uuid.UUID) -> list[Remedy]:
    """Until when reconsideration and an action are open against each delivered decision of a case."""
    rows = conn.execute(
        select(Letter.title, Letter.number, Letter.delivered_on, Body.court_name, Body.reconsideration_name)
        .join(Body, Body.id == Letter.body_id)
        .where(Letter.case_id == case_id, Letter.delivered_on.is_not(None), Letter.kind.in_(DECISIONS))
        .order_by(Letter.delivered_on, Letter.id)
    ).all()
    found = []
    for row in rows:
        due = {name: reference.due(conn, code, row.delivered_on).date for name, code in REMEDIES.items()}
        found.append(
            Remedy(
                row.title, row.number, row.delivered_on, due["reconsideration"], row.reconsideration_name, due["suit"],
                row.court_name,
            )
        )  # fmt: skip
    return found


def _shown(row: Any) -> dict[str, Any]:
    status = "withdrawn" if row["withdrawn_at"] else row["outcome"] or "open"
    return {**row, "status": status}


def _found(step: Step, objection_id: uuid.UUID) -> tuple[dict[str, Any], Any]:
    row = step.conn.execute(select(Objection.__table__).where(Objection.id == objection_id)).mappings().first()
    if row is None:
        raise NotFound("没有这项异议，或您无权查看。", "There is no such objection, or it is not yours to see.")
    return dict(row), access.visible_case(step.conn, step.actor, row["case_id"])


def _still_open(step: Step, objection_id: uuid.UUID, **values: Any) -> None:
    query = update(Objection).where(
        Objection.id == objection_id, Objection.answered_at.is_(None), Objection.withdrawn_at.is_(None)
    )
    if step.conn.execute(query.values(**values)).rowcount != 1:
        raise Conflict("objection_over", "该异议已答复或者已撤回。", "It was answered or taken back already.")


def _said(text: str, pointer: str) -> str:
    cleaned = text.strip()
    if not cleaned or len(cleaned) > MOST:
        raise DomainError(
            pointer, f"请填写，且不超过{MOST}字。", f"This is needed, at most {MOST} characters.", pointer=pointer
        )
    return cleaned


def _tell(step: Step, case: Any, to: frozenset[uuid.UUID], zh: str, en: str) -> None:
    said = notify.Outgoing(
        to,
        "question",
        f"{case['number']} {zh}：{case['title']}",
        f"{case['number']}: {en} ({case['title']})",
        case["id"],
        f"/cases/{case['id']}#objections",
    )
    notify.send(step.conn, step.now, [said])
