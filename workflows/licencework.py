"""Case services for the pair of waste licence and discharge permit: held papers, common expiry, renewal, end, reminder.

They work on the register of permits, which handlers do not write; the rules themselves are handlers
(`handlers.licence`, `handlers.licence_changes`). A reminder is one duty at the earlier of both dates, counted anew like any other.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from handlers.fields import day_of
from registers import obligations, parties, permits, renewals, waste_licences
from registers.errors import DomainError
from registers.obligations import Obligation
from workflows.services import Inputs, service

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element

_LEADS = {"waste": "waste.renewal_lead", "permit": "permit.renewal_lead"}
_CHANGES = {"waste": "waste.change.apply", "permit": "permit.change.apply"}
_CLOSURES = {"waste": "waste.closure.apply"}
_TITLES = {"waste": "危险废物经营许可证", "permit": "排污许可证"}


@service(
    "licence.held",
    "核对所持两证",
    "Look up both papers held",
    required="waste permit",
    optional="changed_on measures_on",
)
def held(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Both papers as they stand in the register; a wrong or ended number is an answer, not an error."""
    found = {
        kind: waste_licences.held(run.step.conn, _enterprise(run), kind, str(inputs[kind]).strip())
        for kind in waste_licences.KINDS
    }
    missing = [f"{_TITLES[kind]}{inputs[kind]}" for kind, row in found.items() if row is None]
    answer: dict[str, Any] = {kind: _paper(row) for kind, row in found.items() if row is not None}
    zh = f"登记库中没有本单位有效的{'、'.join(missing)}。" if missing else ""
    en = f"Not held or no longer in force: {', '.join(missing)}." if missing else ""
    return {
        "waste": None,
        "permit": None,
        **answer,
        "ok": not missing,
        "zh": zh,
        "en": en,
        **_change_dates(run, inputs),
    }


def _change_dates(run: CaseRun, inputs: Inputs) -> dict[str, Any]:
    """By when it had to be asked for (a change: 15 working days and 30 days; an end: 20 working days), and what is late."""
    began = inputs.get("changed_on") or inputs.get("measures_on")
    if began is None:
        return {"late": dict.fromkeys(_TITLES), "late_zh": ""}
    rules = _CHANGES if inputs.get("changed_on") else _CLOSURES
    due = {kind: run.reference.due(run.step.conn, code, began).date for kind, code in rules.items()}
    basis = {kind: run.reference.rule(run.step.conn, code, run.step.today).basis_zh for kind, code in rules.items()}
    late = {
        kind: f"本项应于{day}前申请，实际于{run.step.today}提出，逾期{(run.step.today - day).days}日（{basis[kind]}）"
        for kind, day in due.items()
        if run.step.today > day
    }
    return {
        "late": {**dict.fromkeys(_TITLES), **late},
        "late_zh": "；".join(f"{_TITLES[kind]}：{said}" for kind, said in late.items()),
    }


@service("inspection.partner", "确定会同检查机关", "Name the other body of a joint inspection")
def partner(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """The body beside the inspecting one that issued a paper of the enterprise; it takes part and signs. Mostly none."""
    papers = (waste_licences.newest(run.step.conn, _enterprise(run), kind) for kind in waste_licences.KINDS)
    others = [row["body_id"] for row in papers if row is not None and row["body_id"] != run.lead_body_id]
    if not others:
        return {"code": None, "name": None}
    body = parties.body(run.step.conn, others[0])
    run.join("partner", body.id)
    run.record("bodies_assigned", element.id, bodies={"partner": body.code})
    return {"code": body.code, "name": body.name_zh}


@service("permit.align", "统一两证有效期", "Let both papers end on one day", required="numbers")
def align(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Both end on the earlier day, because the applicant asked for it; never longer than the law allows."""
    rows = _rows(run, inputs["numbers"])
    last = min(row["valid_to"] for row in rows.values() if row["valid_to"] is not None)
    for row in rows.values():
        if row["valid_to"] != last:
            waste_licences.set_last_day(run.step.conn, row["id"], last)
    run.record("permits_aligned", element.id, on=last)
    return {"valid_to": last}


@service("permit.replace", "由新证替代原证", "Replace the papers held before", required="numbers")
def replace(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """What was held before ends with the new one (重新申请): its entry stays and says so."""
    ended = []
    for row in _rows(run, inputs["numbers"], missing_too=True).values():
        waste_licences.end(run.step.conn, row["id"], "superseded")
        run.record("permit_superseded", element.id, permit=row["kind"], number=row["number"])
        ended.append(row["number"])
    return {"numbers": ended}


@service(
    "licence.carry_out",
    "载入两证登记库",
    "Enter what was decided on both papers",
    required="action held facts waste permit",
)
def carry_out(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Renew, change or cancel each paper whose decision is positive; the other stays as it is."""
    numbers = {kind: inputs["held"][kind]["number"] for kind in waste_licences.KINDS if inputs[kind] is True}
    answer: dict[str, Any] = {"waste_to": None, "permit_to": None}
    for kind, row in _rows(run, numbers).items():
        action, facts = str(inputs["action"]), inputs["facts"]
        content: dict[str, Any] = {"what": _what(action, facts), "facts": {"what": facts.get("what")}}
        last = row["valid_to"]
        if action == "renewal":
            # What the law has renewed meanwhile (行政许可法 art. 50(2)) gets no second term.
            by_law = row["valid_to"] > _held_to(inputs, kind)
            last = row["valid_to"] if by_law else _renewed(run, row)
            content["valid_to"] = last.isoformat()
        permits.change(
            run.step.conn,
            kind=kind,
            number=row["number"],
            enterprise_id=_enterprise(run),
            case_id=run.id,
            action=action,
            content=content,
            decided_on=run.step.today,
            now=run.step.now,
        )
        if action == "renewal":
            if last != row["valid_to"]:
                _enter_term(run, row, last)
            run.record("permit_renewed", element.id, number=row["number"], old=_held_to(inputs, kind), new=last)
        elif action == "cancel":
            waste_licences.end(run.step.conn, row["id"], "cancelled")
            _void(run, row["case_id"])
            run.record("permit_cancelled", element.id, permit=kind, number=row["number"])
        else:
            run.record("permit_changed", element.id, permit=kind, number=row["number"], action=action)
        answer[f"{kind}_to"] = last
    return answer


def _held_to(inputs: Inputs, kind: str) -> date:
    """The last day that a paper had when its renewal was asked for."""
    return day_of(inputs["held"][kind]["valid_to"])


def _enter_term(run: CaseRun, row: Mapping[str, Any], last: date) -> None:
    begins = row["valid_to"] + timedelta(days=1)
    step = run.step
    renewals.renew(
        step.conn, row, valid_from=begins, valid_to=last, case_id=run.id, decided_on=step.today, now=step.now
    )


def _renewed(run: CaseRun, row: Mapping[str, Any]) -> date:
    """The last day of the next period of validity, which begins on the day after the old one ends."""
    rule = "permit.validity"
    if row["kind"] == "waste":
        rule = "waste.collection.validity" if row["klass"] == "collection" else "waste.comprehensive.validity"
    return run.reference.due(run.step.conn, rule, row["valid_to"] + timedelta(days=1)).date


def _what(action: str, facts: Mapping[str, Any]) -> str:
    words = {"renewal": "延续", "change": "变更", "adjust": "调整", "cancel": "注销"}
    names = (
        ("new_name", "名称"),
        ("new_representative", "法定代表人"),
        ("new_address", "住所"),
        ("new_scale_t", "年经营规模（吨）"),
    )
    changed = "；".join(f"{title}：{facts[key]}" for key, title in names if facts.get(key))
    return f"{words[action]} {changed or facts.get('summary') or ''}".strip()


def _void(run: CaseRun, case_id: uuid.UUID | None) -> None:
    """The duties that came from a cancelled paper end with it."""
    wanted = (Obligation.case_id == case_id, Obligation.enterprise_id == run.enterprise_id, Obligation.status == "open")
    run.step.conn.execute(update(Obligation).where(*wanted).values(status="void"))


@service("licence.remind", "登记合并的延续提醒", "Enter one reminder for both renewals", required="numbers")
def remind(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """One duty at the earlier of 30 working days before the licence ends and 60 days before the permit ends."""
    step, found = run.step, []
    for kind, row in _rows(run, inputs["numbers"]).items():
        if row["valid_to"] is not None and row["status"] == "valid":
            due = run.reference.due(step.conn, _LEADS[kind], row["valid_to"])
            found.append((due.date, kind, row, due.provisional))
    if not found:
        return {"due_on": None, "kind": None}
    on, kind, row, provisional = min(found, key=lambda one: one[0])
    said = "；".join(f"{_TITLES[each]}{paper['number']}至{paper['valid_to']}届满" for _, each, paper, _ in found)
    old = (Obligation.enterprise_id == run.enterprise_id, Obligation.kind == "renewal", Obligation.status == "open")
    step.conn.execute(update(Obligation).where(*old, Obligation.rule.in_(_LEADS.values())).values(status="void"))
    obligations.create(
        step.conn,
        [
            {
                "enterprise_id": run.enterprise_id,
                "case_id": run.id,
                "kind": "renewal",
                "title": {"zh": f"申请延续两证（取较早日）：{said}", "en": f"Apply for renewal of both papers: {said}"},
                "due_on": on,
                "provisional": provisional,
                "repeats": None,
                "basis": run.reference.rule(step.conn, _LEADS[kind], step.today).basis_zh,
                "rule": _LEADS[kind],
                "start_on": row["valid_to"],
                "created_at": step.now,
            }
        ],
    )
    run.record("obligation", element.id, obligation="renewal", due_on=on)
    return {"due_on": on, "kind": kind}


def _rows(run: CaseRun, numbers: Mapping[str, Any], *, missing_too: bool = False) -> dict[str, dict[str, Any]]:
    """The papers of these numbers, locked in order of their kind; an unknown one is an error unless expected."""
    found: dict[str, dict[str, Any]] = {}
    for kind in sorted(numbers):
        if not numbers[kind]:
            continue
        row = waste_licences.held(run.step.conn, _enterprise(run), kind, str(numbers[kind]), lock=True)
        if row is not None:
            found[kind] = row
        elif not missing_too:
            raise DomainError(
                "permit_not_held",
                f"{_TITLES[kind]}{numbers[kind]}不属于本单位或者已经失效。",
                f"{numbers[kind]} is not this enterprise's or is no longer in force.",
            )
    return found


def _paper(row: Mapping[str, Any]) -> dict[str, Any]:
    content = row["content"] or {}
    return {
        "number": row["number"],
        "klass": row["klass"],
        "body": row["body"],
        "valid_to": row["valid_to"],
        "scale_t": content.get("scale_t"),
        "codes": [waste.get("code") for waste in content.get("wastes") or []],
    }


def _enterprise(run: CaseRun) -> uuid.UUID:
    if run.enterprise_id is None:
        raise DomainError("no_enterprise", "案件没有申请单位。", "The case has no applicant enterprise.")
    return run.enterprise_id
