"""Case services on the quota ledger: set aside at review, use with the decision, give back when a case ends otherwise.

A reservation belongs to its case. `give_back` is called where every case ends (`CaseRun.settle`), in the same
transaction, so a case that was withdrawn, refused, cancelled or expired leaves none behind, whatever its model
does. A shortage or a ban is an answer to the model and not an error: people then choose another zone, the upper
reserve, or to wait; nothing is ever taken below zero.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from registers import quota, quota_accounts, quota_balances, quota_postings, quota_rules
from registers.errors import DomainError
from registers.quota import Need
from registers.quota_accounts import PLACES, Account, Kind, Register, period_on
from registers.quota_postings import Posting
from workflows.services import Inputs, service

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element

ANEW = "重新核定 anew"


@service("quota.reserve", "预占总量指标", "Reserve quota", required="lines", optional="approved")
def reserve(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Set aside what the lines (factor, added_t) ask for at the signed ratios; says why when it cannot be.

    `approved` (factor, approved_t) takes the place of what was declared. What the case held before is given back
    with it, so a repeated review never holds twice.
    """
    answer = _reserve(run, inputs, element)
    if answer["status"] != "reserved":
        give_back(run, ANEW)
    return answer


def _reserve(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    amounts = _amounts(inputs["lines"], inputs.get("approved") or ())
    zone = (run.variables().get("case") or {}).get("zone")
    if not amounts or not zone:
        return _answer("none", [], "没有新增外排环境量，无需预占。", "Nothing is added; nothing to reserve.")
    conn, today = run.step.conn, run.step.today
    banned = quota_rules.bans(conn, zone, today, amounts)
    if banned:
        names = "、".join(_name(ban["factor"])[0] for ban in banned)
        reason = "；".join(f"{ban['document']}：{ban['reason']}" for ban in banned)
        return _answer(
            "banned",
            [{"factor": ban["factor"], "until": ban["to_on"]} for ban in banned],
            f"区域限批：{names}（{reason}）。",
            f"A ban is in force in the zone for {', '.join(_name(ban['factor'])[1] for ban in banned)} ({reason}).",
        )
    try:
        needs = _needs(run, zone, amounts)
    except DomainError as error:
        return _answer("no_ratio", [{"factor": error.pointer}], error.zh, error.en)
    return _set_aside(run, element, zone, needs)


def _set_aside(run: CaseRun, element: Element, zone: str, needs: list[Need]) -> dict[str, Any]:
    conn, period = run.step.conn, period_on(run.step.conn, run.step.today)
    held = quota.reserved(conn, run.id)
    lines = []
    for need in needs:
        name_zh, name_en = _name(need.factor)
        reserve_ = Account(zone, need.factor, Register.RESERVE, period)
        available = quota_balances.balance(conn, reserve_) + held.get(
            reserve_._replace(register=Register.RESERVED), Decimal(0)
        )
        lines.append(
            {
                "factor": need.factor,
                "name_zh": name_zh,
                "name_en": name_en,
                "added_t": need.added,
                "ratio": need.ratio,
                "rule": need.rule,
                "debit_t": need.debit,
                "available_t": available,
                "missing_t": max(need.debit - available, Decimal(0)),
            }
        )
    try:
        demand = quota.Demand(
            case_id=run.id,
            enterprise_id=run.enterprise_id,
            zone=zone,
            period=period,
            needs=needs,
            on=run.step.today,
            document=run.number,
            reason=run.title,
            actor_id=run.step.actor.id,
        )
        quota.reserve_anew(conn, demand, run.step.now)
    except DomainError as error:
        if error.code != "quota_short":
            raise
        return _answer("short", lines, error.zh, error.en)
    if held:
        run.record("quota_released", postings=len(held), reason=ANEW)
    run.record("quota_reserved", element.id, factors=_said(lines))
    return _answer("reserved", lines, "指标已预占。", "The quota is reserved.")


@service(
    "quota.transfer", "功能区间调剂", "Transfer quota between zones", required="lines from_zone", optional="reason"
)
def transfer(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Move what is missing from another zone's reserve to this one's; says so when that zone is short as well."""
    zone = (run.variables().get("case") or {}).get("zone")
    other = str(inputs["from_zone"])
    if other == zone:
        return _answer("short", [], "调出功能区与项目所在功能区相同。", "That is the project's own zone.")
    return _bring(
        run, element, inputs, Kind.ZONE_TRANSFER, lambda target: target._replace(zone=other), document=run.number
    )


@service("quota.upper", "使用上级储备", "Use the upper-level reserve", required="lines document", optional="reason")
def upper(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Move what is missing from the upper-level reserve to this zone's, on the strength of a document."""
    return _bring(
        run,
        element,
        inputs,
        Kind.UPPER_GRANT,
        lambda target: target._replace(register=Register.UPPER),
        document=str(inputs["document"]),
    )


def _bring(
    run: CaseRun, element: Element, inputs: Inputs, kind: Kind, source_of: Any, *, document: str
) -> dict[str, Any]:
    conn, today = run.step.conn, run.step.today
    zone = (run.variables().get("case") or {}).get("zone") or ""
    period = period_on(conn, today)
    lines = []
    for line in inputs["lines"]:
        missing = Decimal(str(line.get("missing_t") or 0))
        if missing > 0:
            target = Account(zone, str(line["factor"]), Register.RESERVE, period)
            lines += quota_postings.transfer(source_of(target), target, missing)
    if not lines:
        return _answer("none", [], "没有缺口。", "Nothing is missing.")
    posting = Posting(
        kind,
        today,
        lines,
        document=document,
        rule="SIPQUOTA:四.2",
        reason=str(inputs.get("reason") or run.title),
        case_id=run.id,
        enterprise_id=run.enterprise_id,
        actor_id=run.step.actor.id,
    )
    try:
        quota_postings.post(conn, posting, run.step.now)
    except DomainError as error:
        if error.code != "quota_short":
            raise
        return _answer("short", [], error.zh, error.en)
    run.record("quota_brought", element.id, posting=str(kind), document=document)
    return _answer("brought", [], "已调入。", "Brought in.")


@service("quota.settle", "核销或释放指标", "Use or release the quota", required="approved", optional="letter")
def settle(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """With an approval the reservation is used; with a refusal it is given back (SIPQUOTA 四.2)."""
    if not inputs["approved"]:
        return {"status": "released", "postings": len(give_back(run, "不予批准 refused"))}
    letter = inputs.get("letter") or {}
    document = f"letter:{letter['id']}" if letter.get("id") else run.number
    made = quota.commit(
        run.step.conn,
        run.id,
        on=run.step.today,
        now=run.step.now,
        document=document,
        reason=run.title,
        actor_id=run.step.actor.id,
    )
    if made:
        run.record("quota_committed", element.id, postings=len(made))
    return {"status": "committed", "postings": len(made)}


def give_back(run: CaseRun, reason: str) -> list[uuid.UUID]:
    """Release whatever the case holds; called when it ends as well."""
    made = quota.release(
        run.step.conn,
        run.id,
        on=run.step.today,
        now=run.step.now,
        reason=reason,
        document=run.number,
        actor_id=run.step.actor.id,
    )
    if made:
        run.record("quota_released", postings=len(made), reason=reason)
    return made


def _needs(run: CaseRun, zone: str, amounts: Mapping[str, Decimal]) -> list[Need]:
    enterprise = (run.variables().get("case") or {}).get("enterprise") or {}
    needs = []
    for factor, added in sorted(amounts.items()):
        found = quota_rules.ratio(
            run.step.conn, on=run.step.today, factor=factor, zone=zone, industry=str(enterprise.get("industry") or "")
        )
        needs.append(Need(factor, added, found.value, found.rule))
    return needs


def _amounts(lines: Iterable[Mapping[str, Any]], approved: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """What is added of each factor under control, six places; what was approved comes before what was declared."""
    known = quota_accounts.factors()
    amounts: dict[str, Decimal] = {}
    for line in lines:
        factor, added = str(line["factor"]), Decimal(str(line["added_t"])).quantize(PLACES)
        if factor in known and added > 0:
            amounts[factor] = amounts.get(factor, Decimal(0)) + added
    for line in approved:
        amount = Decimal(str(line["approved_t"])).quantize(PLACES)
        if str(line["factor"]) in amounts:
            amounts[str(line["factor"])] = amount
    return {factor: amount for factor, amount in amounts.items() if amount > 0}


def _name(factor: str) -> tuple[str, str]:
    item = quota_accounts.factors()[factor]
    return item["zh"], item["en"]


def _said(lines: Iterable[Mapping[str, Any]]) -> str:
    return "、".join(f"{line['name_zh']}{line['debit_t']:f}" for line in lines)


def _answer(status: str, lines: list[dict[str, Any]], zh: str, en: str) -> dict[str, Any]:
    return {"status": status, "lines": lines, "zh": zh, "en": en}
