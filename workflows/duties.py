"""Duties by the calendar: reports of permit holders, renewals, declarations, yearly work of the bodies.

Once a day whatever is missing is entered: a duty is known by source, kind and period (`period_key`, unique), so
however many nodes generate and however long none did, each is there once. A duty a case has entered already
(same enterprise, kind and start) is not entered again. What is late becomes a record by itself, once.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from registers import files as stored
from registers import laws, obligations, parties
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.limits import LimitRule
from registers.obligations import Obligation
from registers.permits import Permit
from registers.renewals import PermitRenewal
from registers.timesource import CHINA
from workflows import cron, impartial, notify
from workflows.commands import Answer, Step, command
from workflows.models import Case
from workflows.reference import Reference

# Periods are looked at from a year back (catching up) to a month ahead; renewals a year ahead.
BACK, AHEAD, RENEWAL_AHEAD = timedelta(days=400), timedelta(days=30), timedelta(days=365)
REPORTS = {"key": frozenset({"year", "quarter"}), "simplified": frozenset({"year"})}
# The procedure by which a duty is carried out; the pages offer it beside the duty.
PROCEDURES = {
    "quota.reduction.declare_quarterly": "reduction_audit",
    "quota.reduction.declare_yearly": "reduction_audit",
    "quota.reserve.yearly": "quota_reserve",
    "unit_declaration": "annual_declaration",
}
MOST_FILES = 20
RENEWAL = {"permit": "permit.renewal_lead", "waste": "waste.renewal_lead"}


@dataclass(frozen=True)
class Duty:
    """A duty to be entered."""

    key: str
    kind: str
    zh: str
    en: str
    due_on: date
    provisional: bool
    basis: str
    rule: str | None = None
    start_on: date | None = None
    enterprise_id: uuid.UUID | None = None
    body_id: uuid.UUID | None = None
    repeats: str | None = None


@command("day.duties")
def daily(step: Step) -> Answer:
    """Enter what is missing, remind of what is near, record what is late."""
    if not cron.claim(step):
        return {"ran": False}
    reference = step.rt.reference.get(step.conn)
    made = _enter(step, [*_of_permits(step, reference), *_of_bodies(step, reference)])
    return {"ran": True, "entered": made, "reminded": _remind(step), "overdue": _overdue(step)}


cron.DAILY.append(cron.Daily(daily, 0))


@command("obligation.done")
def done(step: Step, *, obligation_id: uuid.UUID, note: str, files: list[uuid.UUID] | None = None) -> Answer:
    """The enterprise or the body says that a duty is fulfilled, and how; with the report where one is handed in."""
    row = (
        step.conn.execute(select(Obligation.__table__).where(Obligation.id == obligation_id).with_for_update())
        .mappings()
        .first()
    )
    actor = step.actor
    mine = row is not None and (
        (row["enterprise_id"] is not None and row["enterprise_id"] == actor.enterprise_id)
        or (row["body_id"] is not None and row["body_id"] in actor.case_body_ids)
    )
    if row is None or not mine:
        raise NotFound("没有这项义务，或不由您办理。", "There is no such duty, or it is not yours.")
    if row["status"] not in ("open", "overdue"):
        raise Conflict("duty_done", "该义务已办结。", "This duty is done.")
    if row["kind"] == obligations.ANSWER:
        raise Conflict("answer_objection", "请在案件页答复该异议。", "Answer the objection on the page of the case.")
    if not note.strip():
        raise DomainError("note", "请说明办理情况。", "Say how it was done.", pointer="note")
    step.conn.execute(
        update(Obligation)
        .where(Obligation.id == obligation_id)
        .values(
            status="done", done_on=step.today, done_note=note.strip()[:2000], done_files=_own_files(step, files or [])
        )
    )
    return {"obligation_id": obligation_id, "late": step.today > row["due_on"]}


def _own_files(step: Step, ids: list[uuid.UUID]) -> list[str]:
    """Files the person may hand in: those the own enterprise or oneself stored."""
    known = {found.id for found in stored.find_many(step.conn, ids) if _is_own(step, found)}
    if len(ids) > MOST_FILES or set(ids) - known:
        raise DomainError(
            "file_unknown",
            f"附件不存在、不属于您，或者超过{MOST_FILES}个，请重新上传。",
            f"A file is not there, is not yours, or there are more than {MOST_FILES}: upload again.",
            pointer="files",
        )
    return [str(one) for one in ids]


def _is_own(step: Step, found: stored.StoredFile) -> bool:
    own = found.enterprise_id is not None and found.enterprise_id == step.actor.enterprise_id
    return own or (found.uploaded_by is not None and found.uploaded_by == step.actor.id)


@command("permit.operation_started")
def operation_started(step: Step, *, permit_id: uuid.UUID, on: date) -> Answer:
    """The holder or the body that granted a permit says since when the works operate: a year later quotas are checked."""
    row = step.conn.execute(select(Permit.__table__).where(Permit.id == permit_id).with_for_update()).mappings().first()
    actor = step.actor
    if row is None or not (row["enterprise_id"] == actor.enterprise_id or row["body_id"] in actor.case_body_ids):
        raise NotFound("没有这项许可，或不由您办理。", "There is no such permit, or it is not yours.")
    if not row["decided_on"] <= on <= step.today:
        raise DomainError(
            "on",
            f"投运日期应在{row['decided_on']}至今天之间。",
            f"The start of operation lies between {row['decided_on']} and today.",
            pointer="on",
        )
    if row["operation_started_on"] is not None and row["enterprise_id"] == actor.enterprise_id:
        raise Conflict(
            "operation_started",
            "投运日期已登记，如有误请联系审批机关更正。",
            "The start of operation is entered; ask the body to correct it.",
        )
    step.conn.execute(update(Permit).where(Permit.id == permit_id).values(operation_started_on=on))
    reference = step.rt.reference.get(step.conn)
    due = _due(reference, reference.rule(step.conn, "quota.surplus_check", step.today), on)
    entered = update(Obligation).where(
        Obligation.period_key == f"{permit_id}:surplus_check", Obligation.status == "open"
    )
    step.conn.execute(entered.values(due_on=due.date, provisional=due.provisional))
    return {"permit_id": permit_id, "on": on, "before": row["operation_started_on"]}


def _of_permits(step: Step, reference: Reference) -> list[Duty]:
    rows = step.conn.execute(select(Permit.__table__).where(Permit.status == "valid").order_by(Permit.id)).all()
    found: list[Duty] = []
    ending: dict[uuid.UUID, list[Row[Any]]] = {}
    for row in rows:
        if row.kind == "permit":
            found += _reports(step, reference, row)
            found += _declaration(step, reference, row)
        ends_soon = row.valid_to is not None and row.valid_to - RENEWAL_AHEAD <= step.today
        if ends_soon and row.klass == "registration":
            found.append(_registration(step, reference, row))
        elif ends_soon and row.kind in RENEWAL:
            ending.setdefault(row.enterprise_id, []).append(row)
        if row.operation_started_on is not None:
            rule = reference.rule(step.conn, "quota.surplus_check", step.today)
            due = _due(reference, rule, row.operation_started_on)
            if due.date - AHEAD <= step.today:
                zh, en = f"投运满一年指标校核：{row.number}", f"Quota check one year after start: {row.number}"
                found.append(
                    Duty(
                        f"{row.id}:surplus_check",
                        "surplus_check",
                        zh,
                        en,
                        *due_pair(due),
                        rule.basis_zh,
                        body_id=row.body_id,
                    )
                )
    for papers in ending.values():
        both = {row.kind for row in papers} == set(RENEWAL)
        found += [_renewal(step, reference, together) for together in ([papers] if both else [[one] for one in papers])]
    return found


def _reports(step: Step, reference: Reference, row: Row[Any]) -> list[Duty]:
    named = (row.content or {}).get("reports")
    wanted = frozenset(named) if named is not None else REPORTS.get(row.klass, frozenset())
    found = []
    for period in obligations.report_periods(
        row.valid_from, row.valid_to, wanted, max(step.today - BACK, local_day(row.entered_at)), step.today + AHEAD
    ):
        rule = reference.rule(step.conn, period.code, step.today)
        found.append(
            Duty(
                f"{row.id}:{period.kind}:{period.last}",
                period.kind,
                period.name_zh,
                period.name_en,
                *due_pair(_due(reference, rule, period.last)),
                rule.basis_zh,
                period.code,
                period.last,
                enterprise_id=row.enterprise_id,
            )
        )
    return found


def _declaration(step: Step, reference: Reference, row: Row[Any]) -> list[Duty]:
    year_end = date(step.today.year - 1, 12, 31)
    if row.valid_from > year_end:
        return []
    rule = reference.rule(step.conn, "quota.unit_declaration", step.today)
    return [
        Duty(
            f"{row.enterprise_id}:unit_declaration:{year_end}",
            "unit_declaration",
            f"{year_end.year}年度单位总量申报",
            f"declaration of quantities {year_end.year}",
            *due_pair(_due(reference, rule, year_end)),
            rule.basis_zh,
            rule.code,
            year_end,
            enterprise_id=row.enterprise_id,
        )
    ]


def _renewal(step: Step, reference: Reference, papers: Sequence[Row[Any]]) -> Duty:
    """One duty for what is renewed together: a waste licence and a discharge permit, by the earlier of their dates."""
    leads = [
        (_due(reference, reference.rule(step.conn, RENEWAL[row.kind], step.today), row.valid_to), row) for row in papers
    ]
    due, first = min(leads, key=lambda pair: (pair[0].date, pair[1].number))
    rule = reference.rule(step.conn, RENEWAL[first.kind], step.today)
    zh = "、".join(f"{row.number}（{row.valid_to}届满）" for _, row in leads)
    en = ", ".join(f"{row.number} (ends {row.valid_to})" for _, row in leads)
    return Duty(
        f"{first.enterprise_id}:renewal:{first.kind}:{first.valid_to}",
        "renewal",
        f"申请延续：{zh}{'，取较早日' if len(leads) > 1 else ''}",
        f"apply for renewal: {en}{', the earlier date' if len(leads) > 1 else ''}",
        *due_pair(due),
        rule.basis_zh,
        rule.code,
        first.valid_to,
        enterprise_id=first.enterprise_id,
    )


def _registration(step: Step, reference: Reference, row: Row[Any]) -> Duty:
    """A registration is not renewed but made again before it ends (Law: 生态环境法典 art. 186)."""
    rule = reference.rule(step.conn, "permit.registration.validity", step.today)
    return Duty(
        f"{row.id}:registration:{row.valid_to}",
        "registration",
        f"排污登记到期前重新登记：{row.number}",
        f"register again before {row.number} ends",
        row.valid_to,
        False,
        rule.basis_zh,
        enterprise_id=row.enterprise_id,
    )


def _of_bodies(step: Step, reference: Reference) -> list[Duty]:
    """Yearly and quarterly work of the bodies that run functional zones."""
    today = step.today
    year_end = date(today.year - 1, 12, 31)
    quarter = (today.month - 1) // 3 + 1
    quarter_end = date(today.year + quarter // 4, quarter * 3 % 12 + 1, 1) - timedelta(days=1)
    found = []
    for body_id in step.conn.scalars(select(parties.Zone.body_id).distinct()):
        for code, zh, en in (
            ("quota.managed_list", "排定总量管理名单", "list of managed units"),
            ("quota.reduction.declare_yearly", "上一年度减排项目申报", "reduction projects of last year"),
            ("quota.reserve.yearly", "上一年度指标储备", "reserve of last year"),
        ):
            rule = reference.rule(step.conn, code, today)
            due = due_pair(_due(reference, rule, year_end))
            key = f"{body_id}:{code}:{year_end}"
            found.append(Duty(key, code, zh, en, *due, rule.basis_zh, code, year_end, body_id=body_id))
        rule = reference.rule(step.conn, "quota.reduction.declare_quarterly", today)
        title = (
            f"{today.year}年第{quarter}季度减排项目集中申报",
            f"call for reduction projects, {today.year} Q{quarter}",
        )
        key = f"{body_id}:{rule.code}:{quarter_end}"
        found.append(Duty(key, rule.code, *title, quarter_end, False, rule.basis_zh, body_id=body_id))
        if reference.house["duty.training"]:
            title = f"{today.year}年度企业环保培训", f"yearly training of enterprises {today.year}"
            key = f"{body_id}:training:{today.year}"
            basis, _ = laws.cite("SXMICRO:#11")
            found.append(Duty(key, "training", *title, date(today.year, 12, 31), False, basis, body_id=body_id))
    return found


def _due(reference: Reference, rule: LimitRule, start: date) -> Any:
    return reference.calendar.due(start, rule.limit, rule.unit, rule.count_start, rule.backward)


def due_pair(due: Any) -> tuple[date, bool]:
    """Date and provisional mark of a counted date."""
    return due.date, due.provisional


def local_day(at: datetime) -> date:
    """The date of law on which something was entered."""
    return at.astimezone(CHINA).date()


def _enter(step: Step, found: list[Duty]) -> int:
    """Enter what is not there; what was due before this installation kept duties is not its to judge."""
    kept_since = step.conn.scalar(select(func.min(cron.CronRun.on_date)).where(cron.CronRun.name == step.command))
    known = {
        (row.enterprise_id, row.kind, row.start_on)
        for row in step.conn.execute(
            select(Obligation.enterprise_id, Obligation.kind, Obligation.start_on).where(
                Obligation.enterprise_id.is_not(None), Obligation.start_on.is_not(None)
            )
        )
    }
    rows = [
        {
            "id": uuid7(),
            "enterprise_id": duty.enterprise_id,
            "body_id": duty.body_id,
            "kind": duty.kind,
            "title": {"zh": duty.zh, "en": duty.en},
            "due_on": duty.due_on,
            "provisional": duty.provisional,
            "basis": duty.basis,
            "rule": duty.rule,
            "start_on": duty.start_on,
            "period_key": duty.key,
            "status": "open",
            "created_at": step.now,
        }
        for duty in found
        if kept_since is not None
        and duty.due_on >= kept_since
        and (duty.enterprise_id is None or (duty.enterprise_id, duty.kind, duty.start_on) not in known)
    ]
    if not rows:
        return 0
    statement = insert(Obligation).values(rows).on_conflict_do_nothing().returning(Obligation.id)
    return len(step.conn.scalars(statement).all())


def _remind(step: Step) -> int:
    before = timedelta(days=step.rt.reference.get(step.conn).house["duty.remind_days"])
    near = step.conn.execute(
        update(Obligation)
        .where(
            Obligation.status == "open",
            Obligation.reminded_on.is_(None),
            Obligation.due_on <= step.today + before,
            Obligation.due_on >= step.today,
            ~_asked_for(),
        )
        .values(reminded_on=step.today)
        .returning(Obligation.__table__)
    ).all()
    notify.send(step.conn, step.now, [_told(step, row, "将于{due}到期", "due on {due}", late=False) for row in near])
    return len(near)


def _overdue(step: Step) -> int:
    late = step.conn.execute(
        update(Obligation)
        .where(Obligation.status == "open", Obligation.due_on < step.today, ~_asked_for())
        .values(status="overdue", overdue_on=step.today)
        .returning(Obligation.__table__)
    ).all()
    notify.send(step.conn, step.now, [_told(step, row, "已于{due}逾期", "was due on {due}", late=True) for row in late])
    return len(late)


def _asked_for() -> ColumnElement[bool]:
    """A renewal that has been asked for and is not decided yet: nobody is late with it."""
    asking = (
        select(PermitRenewal.case_id)
        .join(Permit, Permit.id == PermitRenewal.permit_id)
        .join(Case, Case.id == PermitRenewal.case_id)
        .where(
            Permit.enterprise_id == Obligation.enterprise_id,
            PermitRenewal.held_to == Obligation.start_on,
            Case.status == "running",
        )
    )
    return and_(Obligation.kind == "renewal", Obligation.rule == RENEWAL["permit"], asking.exists())


def _told(step: Step, row: Row[Any], zh: str, en: str, *, late: bool) -> notify.Outgoing:
    conn, today = step.conn, step.today
    if row.enterprise_id is not None:
        to = notify.of_enterprise(conn, row.enterprise_id, today)
        bodies = conn.scalars(
            select(Permit.body_id).where(Permit.enterprise_id == row.enterprise_id, Permit.status == "valid").distinct()
        )
        if late:
            to = to.union(*(notify.of_body(conn, body_id, ("reviewer",), today) for body_id in bodies))
    else:
        to = notify.of_body(conn, row.body_id, ("reviewer", "head"), today)
        if row.kind == obligations.ANSWER:
            to = frozenset(one.user_id for one in impartial.answerers(conn, [row.case_id], today))
        if late:
            to |= notify.supervisors(conn, row.body_id, today)
    title = row.title
    return notify.Outgoing(
        to,
        "escalation" if late else "duty",
        f"{title['zh']}{zh.format(due=row.due_on)}（{row.basis}）",
        f"{title['en']} {en.format(due=row.due_on)} ({row.basis})",
        row.case_id,
        f"/cases/{row.case_id}#objections" if row.kind == obligations.ANSWER else "/duties",
    )
