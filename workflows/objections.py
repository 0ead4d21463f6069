"""Objections (异议): what an applicant holds against a decision, a limit, a request or the way a case is handled.

An objection has a life of its own: raised by the enterprise with its grounds and evidence, answered once and by a day (limit
`objection.answer`) by somebody who did not work on the case (`impartial`), or taken back before that. The day is a duty of the
leading body, so it is reminded of, counted anew and told as overdue like every other. An objection stops nothing and takes no
remedy away: beside it stand the days until which reconsideration can be asked for and an action brought.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from registers import obligations
from registers.accounts import Actor
from registers.db import Base, uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.obligations import Obligation
from registers.parties import Body
from workflows import access, documents, impartial, notify, reasons
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
ANSWER_BY = "objection.answer"
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
    answered_by: Mapped[uuid.UUID | None]
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
    """The enterprise objects, in a running case or after its end; whoever may answer is told, and by when."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if case["enterprise_id"] is None or case["enterprise_id"] != step.actor.enterprise_id:
        raise Forbidden("只有申请单位可以提出异议。", "Only the applicant can object.")
    if kind not in KINDS:
        raise DomainError("kind", "请选择异议的种类。", "Choose what the objection is against.", pointer="kind")
    if len(files or ()) > MOST_FILES:
        raise DomainError("files", f"附件不超过{MOST_FILES}个。", f"At most {MOST_FILES} files.", pointer="files")
    said = {"grounds": reasons.written(grounds, "grounds", MOST), "wanted": reasons.written(wanted, "wanted", MOST)}
    run = CaseRun.lock(step, case_id, closed_too=True)
    documents.attach(step, case_id, "", files or ())
    objection_id = uuid7()
    facts = {"raised_by": step.actor.id, "raised_name": step.actor.name, "raised_at": step.now}
    step.conn.execute(
        insert(Objection).values(
            id=objection_id, case_id=case_id, kind=kind, files=[str(one) for one in files or ()], **said, **facts
        )
    )
    due_on = _owe(step, case, objection_id)
    run.record("objection_raised", objection=objection_id, against=kind, text=said["grounds"], due_on=due_on)
    run.save()
    able = frozenset(one.user_id for one in impartial.answerers(step.conn, [case_id], step.today))
    told = able | notify.of_body(step.conn, case["lead_body_id"], ("window",), step.today)
    zh, en = f"企业提出异议，请于{due_on}前答复", f"the enterprise objects, to be answered by {due_on}"
    notify.about_case(step, case, told, zh, en, "objections")
    return {"objection_id": objection_id, "due_on": due_on}


@command("objection.answer")
def answer(step: Step, *, objection_id: uuid.UUID, outcome: str, text: str) -> Answer:
    """Somebody who did not work on the case answers, once, with reasons; the enterprise is told."""
    found, case = _found(step, objection_id)
    _require_impartial(step, case["id"])
    if outcome not in OUTCOMES:
        raise DomainError("outcome", "请选择处理结果。", "Choose the outcome.", pointer="outcome")
    said = reasons.written(text, "text", MOST)
    run = CaseRun.lock(step, found["case_id"], closed_too=True)
    who = {"answered_by": step.actor.id, "answered_name": step.actor.name, "answered_at": step.now}
    _still_open(step, objection_id, outcome=outcome, answer=said, **who)
    obligations.close(step.conn, _duty(objection_id), "done", step.today)
    run.record("objection_answered", objection=objection_id, objection_outcome=outcome, text=said)
    run.save()
    asker = notify.of_enterprise(step.conn, case["enterprise_id"], step.today)
    notify.about_case(step, case, asker, "异议已答复", "an answer to your objection", "objections")
    return {"objection_id": objection_id, "outcome": outcome}


@command("objection.withdraw")
def withdraw(step: Step, *, objection_id: uuid.UUID) -> Answer:
    """The enterprise takes its objection back before it is answered."""
    found, case = _found(step, objection_id)
    if case["enterprise_id"] != step.actor.enterprise_id:
        raise Forbidden("只有申请单位可以撤回异议。", "Only the applicant can take it back.")
    run = CaseRun.lock(step, found["case_id"], closed_too=True)
    _still_open(step, objection_id, withdrawn_at=step.now)
    obligations.close(step.conn, _duty(objection_id), "void", step.today)
    run.record("objection_withdrawn", objection=objection_id)
    run.save()
    return {"objection_id": objection_id}


def of_case(conn: Connection, case_id: uuid.UUID, limit: int = 100) -> list[dict[str, Any]]:
    """The objections of a case, newest first; the caller has checked the case."""
    query = _with_due().where(Objection.case_id == case_id).order_by(Objection.raised_at.desc())
    return [_shown(row) for row in conn.execute(query.limit(limit)).mappings()]


def of_person(conn: Connection, actor: Actor, *, waiting: bool = False, limit: int = 200) -> list[dict[str, Any]]:
    """The objections in the cases one may see: what waits for an answer first, the most urgent on top."""
    over = Objection.answered_at.is_not(None) | Objection.withdrawn_at.is_not(None)
    query = (
        _with_due(Case.number, Case.title)
        .join(Case, Case.id == Objection.case_id)
        .where(access.visible_cases(actor))
        .order_by(over, Obligation.due_on.nulls_last(), Objection.raised_at)
        .limit(limit)
    )
    if waiting:
        query = query.where(~over)
    return [_shown(row) for row in conn.execute(query).mappings()]


def to_answer(conn: Connection, actor: Actor, today: date) -> list[dict[str, Any]]:
    """The open objections that this person may answer, the most urgent first."""
    if not actor.role_names & {"head", "supervisor"}:
        return []
    waiting = of_person(conn, actor, waiting=True)
    able = impartial.answerers(conn, {row["case_id"] for row in waiting}, today)
    mine = {one.case_id for one in able if one.user_id == actor.id}
    return [row for row in waiting if row["case_id"] in mine]


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


def _owe(step: Step, case: Any, objection_id: uuid.UUID) -> date:
    """Enter the duty to answer; returns its day."""
    reference = step.rt.reference.get(step.conn)
    rule, due = reference.rule(step.conn, ANSWER_BY, step.today), reference.due(step.conn, ANSWER_BY, step.today)
    title = {"zh": f"答复异议：{case['number']}", "en": f"answer the objection: {case['number']}"}
    counted = {"rule": ANSWER_BY, "start_on": step.today, "due_on": due.date, "provisional": due.provisional}
    whose = {"body_id": case["lead_body_id"], "case_id": case["id"], "basis": rule.basis_zh}
    row = {"kind": obligations.ANSWER, "title": title, "period_key": _duty(objection_id), "created_at": step.now}
    obligations.create(step.conn, [{**row, **counted, **whose}])
    return due.date


def _duty(objection_id: uuid.UUID) -> str:
    """By what the duty to answer an objection is known."""
    return f"objection:{objection_id}"


def _with_due(*more: Any) -> Any:
    """Objections, each with the day by which it is to be answered."""
    duty = Obligation.period_key == func.concat("objection:", Objection.id)
    columns = (Objection.__table__, Obligation.due_on, Obligation.provisional, Obligation.basis, *more)
    return select(*columns).outerjoin(Obligation, duty)


def _require_impartial(step: Step, case_id: uuid.UUID) -> None:
    """Raise Forbidden, and say who may answer, unless this person may."""
    able = impartial.answerers(step.conn, [case_id], step.today)
    if not any(one.user_id == step.actor.id for one in able):
        zh, en = impartial.named(able)
        raise Forbidden(
            f"异议由没有经手本案（办理、签发、出具文书、登记时限）的人员答复；可以答复的：{zh}。",
            f"An objection is answered by somebody who did not work on the case; who may: {en}.",
        )


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
