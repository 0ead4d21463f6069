"""The two licences together: sheets of the site visit, conditions with evidence, joint outcome, what each paper says.

Law: 危险废物经营许可证管理办法 arts. 5, 6, 9, 10, 12; 排污许可管理条例 arts. 11, 13, 15. The split of contents is the
pilot's: what concerns running the plant stands in the permit, special duties stand in the licence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers import permits as permit_rules
from handlers.announcements import content_of
from handlers.fields import Amount, Facts, Rows, amount
from handlers.registry import HandlerContext, handler
from registers import limits, waste_licences, waste_rules
from registers.laws import cite

PART_TITLES = {"waste": "危险废物经营许可", "permit": "排污许可"}
_OUTCOMES = {"approved": "准予许可", "refused": "不予许可"}
_RESULTS = {"ok": "符合", "wrong": "不符合", "none": "不涉及"}


# -- the site visit and inspections --------------------------------------------------------------------


def sheet(visit: Mapping[str, Any], part: str | None = None) -> list[dict[str, Any]]:
    """The lines of the checklist that concern a part (and those for both), with result, note and basis."""
    return [
        {
            "item": item.zh,
            "result": str(visit.get(item.key) or "none"),
            "result_zh": _RESULTS.get(str(visit.get(item.key) or "none"), ""),
            "note": visit.get(f"{item.key}_note") or "",
            "basis": cite(item.basis)[0],
            "part": item.part,
        }
        for item in waste_rules.checklist()
        if part is None or item.part in (part, "both")
    ]


class _SheetsInputs(Schema):
    visit = Facts(required=True)


class _SheetsOutputs(Schema):
    waste = Rows()
    permit = Rows()
    wrong = Rows()


@handler(
    "licence.sheets",
    title={"zh": "一次核查、两份核查表", "en": "One visit, two sheets"},
    basis="《危险废物经营许可证管理办法》第9条；《排污许可管理条例》第12条",
    inputs=_SheetsInputs,
    outputs=_SheetsOutputs,
)
def sheets(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The one checklist split into the sheet of each licence."""
    visit = inputs["visit"]
    return {
        "waste": sheet(visit, "waste"),
        "permit": sheet(visit, "permit"),
        "wrong": [line for line in sheet(visit) if line["result"] == "wrong"],
    }


class _ProblemsInputs(Schema):
    inspection = Facts(required=True)


class _ProblemsOutputs(Schema):
    items = Rows()
    wrong = Rows()
    count = fields.Integer(required=True)


@handler(
    "inspection.problems",
    title={"zh": "联合检查发现的问题", "en": "What a joint inspection found"},
    basis="《排污许可管理条例》第25条至第28条；《危险废物经营许可证管理办法》第17条",
    inputs=_ProblemsInputs,
    outputs=_ProblemsOutputs,
)
def inspection_problems(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """All lines of the checklist, and those that are not in order."""
    items = sheet(inputs["inspection"])
    wrong = [line for line in items if line["result"] == "wrong"]
    return {"items": items, "wrong": wrong, "count": len(wrong)}


# -- conditions ----------------------------------------------------------------------------------------

# Condition, its words, its item of the article, and where the application speaks of it.
_COMPREHENSIVE = (
    ("c_technicians", "技术人员", "5(1)", "technicians"),
    ("c_transport", "运输工具", "5(2)", "transport"),
    ("c_storage", "包装、中转和贮存设施", "5(3)", "storage"),
    ("c_facility", "处置设施", "5(4)", "facility_text"),
    ("c_technique", "处置技术和工艺", "5(5)", "technique"),
    ("c_rules", "规章制度和应急措施", "5(6)", "emergency"),
)
_LAND = ("c_land", "填埋场土地使用权", "5(7)", "land_right")
_COLLECTION = (
    ("c_rain_proof", "防雨防渗的运输工具", "6(1)", "rain_proof"),
    ("c_collection_storage", "包装、中转和临时贮存设施", "6(2)", "collection_storage"),
    ("c_collection_rules", "规章制度、应急措施", "6(3)", "emergency"),
    ("c_contract", "接收合同和移交承诺", "20", "acceptance_contract"),
)


def conditions_of(kind: str, landfill: bool) -> tuple[tuple[str, str, str, str], ...]:
    """The conditions of a kind of licence in the order of the law."""
    if kind == "collection":
        return _COLLECTION
    return (*_COMPREHENSIVE, _LAND) if landfill else _COMPREHENSIVE


def able_technicians(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many technicians have the title and the years that the law asks for."""
    wanted = waste_rules.rule("technicians")
    return sum(
        row.get("title") in wanted["titles"] and amount(row.get("years") or 0) >= Decimal(wanted["years"])
        for row in rows
    )


class _ConditionsInputs(Schema):
    kind = fields.String(required=True)
    application = Facts(required=True)
    opinion = Facts(required=True)
    landfill = fields.Boolean(load_default=False)


class _ConditionsOutputs(Schema):
    lines = Rows()
    unmet = Rows()
    met = fields.Boolean(required=True)
    agrees = fields.Boolean(required=True)
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.conditions",
    title={"zh": "经营许可条件逐项核对", "en": "Conditions of the licence, line by line"},
    basis="《危险废物经营许可证管理办法》第5条、第6条、第20条",
    inputs=_ConditionsInputs,
    outputs=_ConditionsOutputs,
)
def conditions(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Each condition with the reviewer's finding and evidence; a finding that the material contradicts goes back."""
    application, opinion = inputs["application"], inputs["opinion"]
    lines, contradictions = [], []
    for key, zh, place, source in conditions_of(inputs["kind"], inputs["landfill"]):
        met = opinion.get(key) == "met"
        lacking = _lacking(key, source, application)
        basis = cite(f"HWM:{place}")[0]
        lines.append(
            {"key": key, "zh": zh, "basis": basis, "met": met, "evidence": opinion.get(f"{key}_evidence") or ""}
        )
        if met and lacking:
            contradictions.append(f"{zh}：{lacking}")
    unmet = [line for line in lines if not line["met"]]
    return {
        "lines": lines,
        "unmet": unmet,
        "met": not unmet,
        "agrees": not contradictions,
        "zh": "；".join(contradictions),
        "en": "; ".join(contradictions),
    }


def _lacking(key: str, source: str, application: Mapping[str, Any]) -> str:
    if key == "c_technicians":
        able, wanted = able_technicians(application.get("technicians") or []), waste_rules.rule("technicians")["count"]
        return f"符合条件的技术人员{able}名，少于{wanted}名" if able < wanted else ""
    return "" if application.get(source) else "申请材料未填写"


# -- decision ------------------------------------------------------------------------------------------


class _OutcomeInputs(Schema):
    joint = Facts()
    waste = Facts()
    permit = Facts()


class _OutcomeOutputs(Schema):
    waste = fields.String(required=True)
    waste_reason = fields.String()
    permit = fields.String(required=True)
    permit_reason = fields.String()
    split = fields.Boolean(required=True)
    approved_part = fields.String()
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.outcome",
    title={"zh": "汇总两项决定", "en": "Both decisions together"},
    basis="《行政许可法》第38条；《危险废物经营许可证管理办法》第9条；《排污许可管理条例》第11条",
    inputs=_OutcomeInputs,
    outputs=_OutcomeOutputs,
)
def outcome(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """What was decided on each licence, by one body or by two; says when only one is granted."""
    waste, permit = inputs["waste"] or inputs["joint"], inputs["permit"] or inputs["joint"]
    stand = {"waste": waste.get("waste_outcome"), "permit": permit.get("permit_outcome")}
    split = stand["waste"] != stand["permit"]
    granted = next((part for part in stand if stand[part] == "approved"), "") if split else ""
    return {
        "waste": stand["waste"] or "refused",
        "waste_reason": waste.get("waste_reason") or "",
        "permit": stand["permit"] or "refused",
        "permit_reason": permit.get("permit_reason") or "",
        "split": split,
        "approved_part": granted,
        "zh": "；".join(f"{PART_TITLES[part]}{_OUTCOMES[str(stand[part])]}" for part in stand),
        "en": "; ".join(f"{part}: {stand[part]}" for part in stand),
    }


class _SettleInputs(Schema):
    outcome = Facts(required=True)
    fate = Facts()


class _SettleOutputs(Schema):
    waste = fields.String(required=True)
    waste_reason = fields.String()
    permit = fields.String(required=True)
    permit_reason = fields.String()
    lines = Rows()
    fate_zh = fields.String()


@handler(
    "licence.settle",
    title={"zh": "两证最终结果", "en": "The final outcome of both"},
    basis="《行政许可法》第38条",
    inputs=_SettleInputs,
    outputs=_SettleOutputs,
)
def settle(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The final outcome: where only one was to be granted, what the head decided on it stands with its reason."""
    found, fate = inputs["outcome"], inputs["fate"]
    stand = {part: str(found[part]) for part in waste_rules.PARTS}
    reasons = {part: str(found.get(f"{part}_reason") or "") for part in waste_rules.PARTS}
    said = ""
    if found["split"]:
        part = str(found["approved_part"])
        kept = fate.get("choice") == "issue"
        said = f"{PART_TITLES[part]}{'照常核发' if kept else '一并不予许可'}：{fate.get('reason', '')}"
        if not kept:
            stand[part], reasons[part] = "refused", str(fate.get("reason") or "")
    return {
        **stand,
        **{f"{part}_reason": reasons[part] for part in stand},
        "lines": [
            {"part": PART_TITLES[part], "outcome": _OUTCOMES[stand[part]], "reason": reasons[part] or "符合许可条件"}
            for part in stand
        ],
        "fate_zh": said,
    }


# -- numbers and terms ---------------------------------------------------------------------------------


class _NumberInputs(Schema):
    body = fields.String(required=True)
    zone = fields.String(load_default="")


class _NumberOutputs(Schema):
    number = fields.String(required=True)


@handler(
    "licence.number",
    title={"zh": "经营许可证编号", "en": "Number of the licence"},
    basis="危险废物经营许可证编号：行政区划代码六位加顺序号四位（2009年指南，各地不一）",
    inputs=_NumberInputs,
    outputs=_NumberOutputs,
)
def number(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The next licence number of the body's region."""
    return {"number": waste_licences.next_number(ctx.conn, inputs["body"])}


class _TermsInputs(Schema):
    licence = Facts(required=True)
    application = Facts(required=True)
    wastes = Facts(required=True)
    opinion = Facts()
    permit_opinion = Facts()


class _TermsOutputs(Schema):
    duties = Rows()
    permit_waste = fields.String(required=True)
    retention = fields.String(required=True)
    totals = Rows()
    reports = fields.String()
    automatic = fields.String()


_DUTIES = (
    ("风险防范", "rules"),
    ("应急", "emergency"),
    ("运输", "transport"),
    ("运输（收集）", "rain_proof"),
    ("包装与贮存", "storage"),
    ("包装与贮存（收集）", "collection_storage"),
    ("人员培训", "training"),
    ("终止经营", "closure"),
)


@handler(
    "licence.terms",
    title={"zh": "两证载明事项的划分", "en": "What each of the two papers states"},
    basis="《江苏省无锡市固定污染源排污许可试点工作实施方案》；《危险废物经营许可证管理办法》第10条、第18条；《排污许可管理条例》第13条、第21条",
    inputs=_TermsInputs,
    outputs=_TermsOutputs,
)
def terms(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Special duties for the licence; wastes, totals and reports for the permit; records kept for the longer time."""
    application, opinion, licence = inputs["application"], inputs["opinion"], inputs["licence"]
    duties = [{"name": name, "text": str(application[key])} for name, key in _DUTIES if application.get(key)]
    if licence.get("kind") == "collection":
        days = limits.built_in("waste.hand_over", ctx.act_date)
        duties.append(
            {"name": "移交处置", "text": f"收集后{days.limit}个工作日内移交{application.get('acceptance_contract')}"}
        )
    if opinion.get("duties"):
        duties.append({"name": "专项要求", "text": str(opinion["duties"])})
    stated = permit_rules.terms({"application": application, "klass": "key", "opinion": inputs["permit_opinion"]}, ctx)
    return {
        "duties": duties,
        "permit_waste": _permit_waste(inputs["wastes"].get("permit") or [], ctx.act_date),
        "retention": retention(bool(licence.get("landfill")), ctx.act_date),
        **stated,
    }


def retention(landfill: bool, on: date) -> str:
    """How long records of both licences are kept: the longer of the two periods; of a landfill for ever."""
    licence, permit = limits.built_in("record.waste_operation", on), limits.built_in("record.ledger", on)
    longer = max((licence, permit), key=lambda found: found.limit)
    basis = f"{licence.basis_zh}；{permit.basis_zh}"
    if landfill:
        return f"经营情况记录簿和环境管理台账合并为一套台账，填埋的记录永久保存（{basis}）。"
    return f"经营情况记录簿和环境管理台账合并为一套台账，保存{longer.limit}年以上（两证期限取较长者：{basis}）。"


def _permit_waste(rows: Sequence[Mapping[str, Any]], on: date) -> str:
    parts = []
    for origin, title in (("licensed", "经营的危险废物"), ("secondary", "次生危险废物")):
        named = [f"{row['klass']} {row['code']}" for row in rows if row["origin"] == origin]
        if named:
            parts.append(f"{title}：{'、'.join(named)}。")
    limit = limits.built_in("waste.storage", on)
    return "".join([*parts, f"贮存期限不超过{limit.limit}年（{limit.basis_zh}）。"])


# -- publication and later changes ---------------------------------------------------------------------


class _AnnouncementInputs(Schema):
    application = Facts(required=True)
    enterprise = Facts(required=True)
    body = fields.String(load_default="")
    final = Facts(required=True)
    licence = Facts(required=True)
    waste_number = fields.String(load_default="")
    permit_number = fields.String(load_default="")


class _AnnouncementOutputs(Schema):
    content = fields.Dict(required=True)


@handler(
    "licence.announcement",
    title={"zh": "两证决定公告的内容", "en": "What the announcement of both decisions says"},
    basis="《危险废物经营许可证管理办法》第9条；《行政许可法》第40条；《排污许可管理条例》第13条",
    inputs=_AnnouncementInputs,
    outputs=_AnnouncementOutputs,
)
def announcement(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Both decisions, numbers, ways, classes and scale, and what became of the other licence."""
    final, licence = inputs["final"], inputs["licence"]
    granted = final["waste"] == "approved"
    return content_of(
        inputs,
        ctx,
        {
            "经营许可决定": _OUTCOMES[str(final["waste"])],
            "经营许可证": inputs["waste_number"] and f"证书编号{inputs['waste_number']}",
            "经营方式": str(licence.get("ways_zh") or "") if granted else "",
            "经营类别": "、".join(licence.get("classes") or []) if granted else "",
            "年经营规模": f"{_plain(licence.get('total_t'))}吨" if granted else "",
            "排污许可决定": _OUTCOMES[str(final["permit"])],
            "排污许可证": inputs["permit_number"] and f"证书编号{inputs['permit_number']}",
            "联合办理说明": str(final.get("fate_zh") or ""),
            "救济途径": "可以自知道决定之日起六十日内申请行政复议，或者六个月内提起行政诉讼。",
        },
    )


def _plain(value: Any) -> str:
    text = format(amount(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class _AssessInputs(Schema):
    facts = Facts(required=True)
    held = Facts(required=True)


class _AssessOutputs(Schema):
    action = fields.String(required=True)
    grounds = Rows()
    over_percent = Amount()
    what = fields.String()
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.assess",
    title={"zh": "两证变化的办理方式", "en": "How a change of the two licences is handled"},
    basis="《危险废物经营许可证管理办法》第11条至第14条；《排污许可管理条例》第14条、第15条",
    inputs=_AssessInputs,
    outputs=_AssessOutputs,
)
def assess(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Renewal, change, adjustment, cancellation, or application anew with its grounds."""
    facts, held = inputs["facts"], inputs["held"]
    what = facts.get("what")
    if what == "operation":
        return _of_operation(facts, held)
    if what == "identity":
        names = (("new_name", "名称"), ("new_representative", "法定代表人"), ("new_address", "住所"))
        said = "；".join(f"{title}变更为{facts[key]}" for key, title in names if facts.get(key))
        return {"action": "change", "what": said, "zh": _with_lateness("变更", held), "en": "change", "grounds": []}
    action = "renewal" if what == "renewal" else "cancel"
    said = "有效期届满延续" if action == "renewal" else f"终止经营：{facts.get('measures', '')}"
    return {"action": action, "what": said, "zh": _with_lateness(said, held), "en": action, "grounds": []}


def _with_lateness(said: str, held: Mapping[str, Any]) -> str:
    late = held.get("late_zh")
    return f"{said}。逾期提出：{late}" if late else said


def _of_operation(facts: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    licensed = amount((held.get("waste") or {}).get("scale_t") or 0)
    wanted = amount(facts.get("new_scale_t") or 0)
    rule = waste_rules.rule("over_scale")
    over = ((wanted - licensed) / licensed * 100).quantize(Decimal("0.01")) if licensed else Decimal(0)
    limit = f"超过原批准年经营规模{rule['percent']}%以上（超出{over.normalize():f}%）"
    checks = (
        (facts.get("new_way") is True, "改变危险废物经营方式", "HWM:12"),
        (facts.get("new_class") is True, "增加危险废物类别", "HWM:12"),
        (facts.get("new_facility") is True, "新建或者改建、扩建原有设施", "HWM:12"),
        (bool(licensed) and waste_rules.is_over(licensed, wanted), limit, str(rule["basis"])),
    )
    grounds = [{"zh": zh, "basis_zh": cite(code)[0]} for holds, zh, code in checks if holds]
    said = f"年经营规模由{_plain(licensed)}吨变为{_plain(wanted)}吨"
    return {
        "action": "reapply" if grounds else "adjust",
        "grounds": grounds,
        "over_percent": over,
        "what": said,
        "zh": "；".join(ground["zh"] for ground in grounds) or f"{said}，不需要重新申请",
        "en": "apply anew" if grounds else f"{over} per cent over the licensed scale: adjusted",
    }
