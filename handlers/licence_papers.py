"""What the papers of the two licences say: number, special duties, wastes, how long records are kept, the announcement.

Law: 危险废物经营许可证管理办法 arts. 9, 10, 18; 排污许可管理条例 arts. 13, 21. The split of contents is the pilot's: what concerns running
the plant stands in the permit, special duties stand in the licence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, fields

from handlers import permits as permit_rules
from handlers.announcements import content_of, remedies
from handlers.fields import Facts, Rows, amount
from handlers.licence import OUTCOMES
from handlers.registry import HandlerContext, handler
from registers import limits, waste_licences
from registers.amounts import written


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
        rule = limits.built_in("waste.hand_over", ctx.act_date)
        duties.append(
            {"name": "移交处置", "text": f"收集后{limits.written(rule)}内移交{application.get('acceptance_contract')}"}
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
            "经营许可决定": OUTCOMES[str(final["waste"])],
            "经营许可证": inputs["waste_number"] and f"证书编号{inputs['waste_number']}",
            "经营方式": str(licence.get("ways_zh") or "") if granted else "",
            "经营类别": "、".join(licence.get("classes") or []) if granted else "",
            "年经营规模": f"{written(amount(licence.get('total_t')))}吨" if granted else "",
            "排污许可决定": OUTCOMES[str(final["permit"])],
            "排污许可证": inputs["permit_number"] and f"证书编号{inputs['permit_number']}",
            "联合办理说明": str(final.get("fate_zh") or ""),
            "救济途径": remedies(ctx.act_date),
        },
    )
