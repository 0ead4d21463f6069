"""Case services for the renewal of a discharge permit: the permit held, the request, the next term; and when to apply.

Law: 排污许可管理条例 art. 14: five years, asked for 60 days before they end, decided in 20 days. Who asked in time and
is not answered by the last day is renewed by law (行政许可法 art. 50(2), `workflows.expiry`); who asked late is not, and the
next term then begins with the decision (排污许可管理办法 art. 24). After the last day there is nothing to renew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from handlers.fields import day_of
from registers import permits, renewals
from registers.errors import Conflict, DomainError
from registers.obligations import Obligation
from registers.renewals import PermitRenewal
from workflows import letters, matters
from workflows.duties import RENEWAL_AHEAD
from workflows.models import Case
from workflows.services import Inputs, service

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element
    from workflows.reference import Reference

LEAD, VALIDITY = "permit.renewal_lead", "permit.validity"
_IN_TIME, _LATE = "permit.renewal.decide", "permit.renewal.decide_late"
# What a permit states beside its term; the application for its renewal begins with it.
_TABLES = ("outlets", "emissions", "equipment", "monitoring")
_TEXTS = ("noise", "waste", "soil", "special_periods", "promises")
_OVER = {"expired": "有效期届满", "cancelled": "已注销", "superseded": "已被新证替代"}


@service("permit.held", "核对所持排污许可证", "Look up the permit held", required="number")
def held(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """The permit as the register has it; a wrong number is an answer, and so is a permit that is over."""
    number = str(inputs["number"]).strip()
    row = renewals.of_number(run.step.conn, _enterprise(run), "permit", number)
    if row is None or row["valid_to"] is None:
        return _not_held(
            f"登记库中没有本单位编号为{number}的排污许可证，请核对编号。", f"This enterprise holds no permit {number}."
        )
    other = _running(run.step.conn, row["id"], run.id)
    if other is not None:
        return _not_held(
            f"许可证{number}的延续正在办理（{other}），不能重复申请。", f"{number} is being renewed already ({other})."
        )
    begins = renewals.begins_later(run.step.conn, row["id"], run.step.today)
    if begins is not None:
        return _not_held(
            f"许可证{number}已经延续，新有效期自{letters.chinese_date(begins)}开始，开始后才能再次申请。",
            f"{number} is renewed already; its next term begins on {begins}.",
        )
    over = row["status"] != "valid" or row["valid_to"] < run.step.today
    content = row["content"] or {}
    return {
        "ok": True,
        "zh": "",
        "en": "",
        **{name: row[name] for name in ("number", "klass", "body", "decided_on", "valid_from", "valid_to")},
        "over": over,
        "over_zh": _OVER.get(row["status"], _OVER["expired"]) if over else "",
        **_timing(run.step.conn, run.reference, row["valid_to"], run.step.today),
        **{name: content.get(name) or [] for name in _TABLES},
        **{name: content.get(name) or "" for name in _TEXTS},
    }


def _not_held(zh: str, en: str) -> dict[str, Any]:
    return {"ok": False, "zh": zh, "en": en, "number": None, "valid_to": None}


@service("permit.ask_renewal", "登记延续申请", "Enter the request for renewal", required="number", optional="on")
def ask_renewal(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Tie the case to its permit; says whether it was asked for in time, and the limit that follows from that."""
    step, row = run.step, _locked(run, inputs["number"])
    on = day_of(inputs["on"]) if inputs.get("on") else step.today
    if _running(step.conn, row["id"], run.id) is not None:
        raise Conflict("renewal_runs", "该许可证的延续正在办理。", "This permit is being renewed already.")
    renewals.ask(step.conn, case_id=run.id, permit_id=row["id"], asked_on=on, held_to=row["valid_to"], now=step.now)
    timing = _timing(step.conn, run.reference, row["valid_to"], on)
    run.record("renewal_asked", element.id, number=row["number"], on=on, apply_by=timing["apply_by"])
    return {"on": on, **timing, "limit_rule": _LATE if timing["late_days"] else _IN_TIME}


@service("permit.renew", "登记许可证延续", "Enter the renewal of a permit", required="number", optional="content")
def renew(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """The next term under the same number: from the day after the old one, or after a gap from the decision.

    Law: 排污许可管理条例 art. 14, 排污许可管理办法 art. 24. What the law has renewed already keeps its term.
    """
    step, row = run.step, _locked(run, inputs["number"])
    asked = renewals.asked_by(step.conn, run.id)
    if asked is None or asked["permit_id"] != row["id"]:
        raise DomainError(
            "renewal_not_asked", "本案没有申请延续该许可证。", "This case has not asked for the renewal of it."
        )
    if row["status"] not in ("valid", "expired"):
        raise Conflict("permit_over", f"该许可证{_OVER[row['status']]}，不能延续。", f"The permit is {row['status']}.")
    content = {**(row["content"] or {}), **letters.plain(inputs.get("content") or {})}
    held_to: date = asked["held_to"]
    next_day = held_to + timedelta(days=1)
    first, last = max(next_day, step.today), row["valid_to"]
    if last > held_to:
        if not _by_law(run):
            raise Conflict("renewed", "该许可证已经延续。", "This permit has been renewed already.")
        first = next_day
    else:
        last = run.reference.due(step.conn, VALIDITY, first).date
    if row["valid_to"] == held_to or content != row["content"]:
        renewals.renew(
            step.conn, row, valid_from=first, valid_to=last, content=content, case_id=run.id, decided_on=step.today,
            now=step.now,
        )  # fmt: skip
    _enter_change(run, row["number"], held_to, first, last)
    basis = run.reference.rule(step.conn, _IN_TIME, step.today).basis_zh
    run.record("permit_renewed", element.id, number=row["number"], old=held_to, new=last, basis=basis)
    lines = [
        {"on": one["decided_on"], "what": one["content"].get("what") or ""}
        for one in permits.changes(step.conn, row["id"])
    ]
    return {"number": row["number"], "valid_from": first, "valid_to": last, "gap": first > next_day, "changes": lines}


def _enter_change(run: CaseRun, number: str, held_to: date, first: date, last: date) -> None:
    """The line of the permit's own list of changes and renewals."""
    what = f"延续：原有效期至{letters.chinese_date(held_to)}，新有效期自{letters.chinese_date(first)}至{letters.chinese_date(last)}"
    permits.change(
        run.step.conn,
        kind="permit",
        number=number,
        enterprise_id=_enterprise(run),
        case_id=run.id,
        action="renewal",
        content={"what": what, "valid_from": first.isoformat(), "valid_to": last.isoformat()},
        decided_on=run.step.today,
        now=run.step.now,
    )


@service("permit.renewal_settled", "办结延续义务", "Settle the duty to apply for renewal")
def settled(run: CaseRun, inputs: Inputs, element: Element) -> None:
    """The duty to apply is done, on the day on which it was applied for, however the application was decided."""
    asked = renewals.asked_by(run.step.conn, run.id)
    if asked is None:
        return
    run.step.conn.execute(
        update(Obligation)
        .where(
            Obligation.enterprise_id == _enterprise(run),
            Obligation.kind == "renewal",
            Obligation.rule == LEAD,
            Obligation.start_on == asked["held_to"],
            Obligation.status.in_(("open", "overdue")),
        )
        .values(status="done", done_on=asked["asked_on"], done_note=f"已申请延续：{run.number}")
    )


@service("matter.stand", "事项现状", "How a matter stands", required="matter")
def stand(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Whether a matter is decided, and whether by the law's silence; then no officer decides it any more."""
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    return {"status": matter["status"], "deemed": matter["ground"] == matters.DEEMED, "on": matter["decided_on"]}


def outlook(
    conn: Connection, reference: Reference, rows: Iterable[Mapping[str, Any]], today: date
) -> dict[uuid.UUID, dict[str, Any]]:
    """For each discharge permit that can be renewed: by when to ask, how late it is, and the case that asks already.

    Pages offer it (`offered`) from when the duty to ask is entered; the law names no earliest day.
    """
    wanted = {row["id"]: row for row in rows if renewable(row)}
    asking = {
        row.permit_id: {"case_id": row.id, "case_number": row.number}
        for row in conn.execute(
            select(PermitRenewal.permit_id, Case.id, Case.number)
            .join(Case, Case.id == PermitRenewal.case_id)
            .where(PermitRenewal.permit_id.in_(wanted), Case.status == "running")
        )
    }
    return {
        key: {
            **_timing(conn, reference, row["valid_to"], today),
            "offered": row["valid_to"] - RENEWAL_AHEAD <= today,
            "case_id": None,
            **asking.get(key, {}),
        }
        for key, row in wanted.items()
    }


def renewable(permit: Mapping[str, Any]) -> bool:
    """A discharge permit in force with a last day; a registration is made anew instead (Law: 生态环境法典 art. 186)."""
    in_force = permit["status"] == "valid" and permit["valid_to"] is not None
    return bool(in_force and permit["kind"] == "permit" and permit["klass"] != "registration")


def _timing(conn: Connection, reference: Reference, valid_to: date, today: date) -> dict[str, Any]:
    rule = reference.rule(conn, LEAD, today)
    due = reference.calendar.due(valid_to, rule.limit, rule.unit, rule.count_start, rule.backward)
    return {
        "apply_by": due.date,
        "late_days": max((today - due.date).days, 0),
        "lead_basis": rule.basis_zh,
    }


def _running(conn: Connection, permit_id: uuid.UUID, but: uuid.UUID) -> str | None:
    """The number of another open case that asks for the renewal of a permit."""
    found: str | None = conn.scalar(
        select(Case.number)
        .join(PermitRenewal, PermitRenewal.case_id == Case.id)
        .where(PermitRenewal.permit_id == permit_id, Case.status == "running", Case.id != but)
        .limit(1)
    )
    return found


def _by_law(run: CaseRun) -> bool:
    return bool(matters.find(run.step.conn, run.id, "permit")["ground"] == matters.DEEMED)


def _locked(run: CaseRun, number: Any) -> dict[str, Any]:
    row = renewals.of_number(run.step.conn, _enterprise(run), "permit", str(number).strip(), lock=True)
    if row is None or row["valid_to"] is None:
        raise DomainError(
            "permit_not_held",
            f"排污许可证{number}不属于本单位。",
            f"The permit {number} is not this enterprise's.",
            pointer="permit_number",
        )
    return row


def _enterprise(run: CaseRun) -> uuid.UUID:
    if run.enterprise_id is None:
        raise DomainError("no_enterprise", "案件没有申请单位。", "The case has no applicant enterprise.")
    return run.enterprise_id
