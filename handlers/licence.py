"""The two licences together: sheets of the site visit, conditions with evidence, the joint outcome.

Law: 危险废物经营许可证管理办法 arts. 5, 6, 9, 12; 排污许可管理条例 arts. 11, 15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Facts, Rows, amount
from handlers.registry import HandlerContext, handler
from registers import waste_rules
from registers.laws import cite

PART_TITLES = {"waste": "危险废物经营许可", "permit": "排污许可"}
OUTCOMES = {"approved": "准予许可", "refused": "不予许可"}
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
        "zh": "；".join(f"{PART_TITLES[part]}{OUTCOMES[str(stand[part])]}" for part in stand),
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
            {"part": PART_TITLES[part], "outcome": OUTCOMES[stand[part]], "reason": reasons[part] or "符合许可条件"}
            for part in stand
        ],
        "fate_zh": said,
    }
