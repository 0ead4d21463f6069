"""Announcements: what a public notice of the case must say, under the names the public reads.

The elements are those of the 建设项目环境影响评价政府信息公开指南 and of the tables that Suzhou bureaus publish. Whoever is
not told of a project cannot object to it: an element without a value is left out of the notice, except those that
`_NEEDED` names, which are answered with “无” so that their absence is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Day, Facts
from handlers.registry import HandlerContext, handler
from registers import limits, parties
from registers.catalogues import LEVEL_TITLES

# In the order in which a notice and its letter name them; a JSON register does not keep an order.
ELEMENTS = (
    "项目名称",
    "建设地点",
    "建设单位",
    "环境影响评价机构",
    "环评文件类别",
    "受理日期",
    "项目概况",
    "拟作出的审批意见",
    "主要环境影响及预防或者减轻不良环境影响的对策和措施",
    "公众参与情况",
    "建设单位或者地方政府作出的相关环境保护措施承诺",
    "环评审批决定",
    "环评决定文号",
    "排污许可决定",
    "排污许可证",
    "听证告知",
    "救济途径",
    "反馈意见的方式",
    "联系电话",
    "通讯地址",
)
_NEEDED = ("公众参与情况", "建设单位或者地方政府作出的相关环境保护措施承诺")
_COMMENTS = "公示期内可以通过本系统公示页面、电话或者信函提出意见。"
_DECISIONS = {
    "eia": {"approved": "批准", "refused": "不予批准"},
    "permit": {"approved": "准予许可", "refused": "不予许可"},
}


class _Project(Schema):
    application = Facts(required=True)
    enterprise = Facts()
    body = fields.String(load_default="")


class _Content(Schema):
    content = fields.Dict(required=True)


class _AcceptanceInputs(_Project):
    eia = fields.String(load_default="")
    accepted_on = Day(load_default=None)


@handler(
    "announcement.acceptance",
    title={"zh": "受理公示的内容", "en": "What a notice of acceptance says"},
    basis="《生态环境法典》第103条；《建设项目环境影响评价政府信息公开指南（试行）》",
    inputs=_AcceptanceInputs,
    outputs=_Content,
)
def acceptance(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The project, who builds it where, who wrote the EIA, when it was accepted."""
    return content_of(
        inputs,
        ctx,
        {
            "环评文件类别": LEVEL_TITLES["eia"].get(inputs["eia"], ("", ""))[0],
            "受理日期": chinese(inputs["accepted_on"]),
            "反馈意见的方式": _COMMENTS,
        },
    )


class _IntendedInputs(_Project):
    eia = fields.String(load_default="")
    opinion = Facts(required=True)
    declared = fields.Boolean(load_default=False)


@handler(
    "announcement.intended",
    title={"zh": "拟审批公示的内容", "en": "What a notice of the intended decision says"},
    basis="《行政许可法》第36条、第47条；《环境影响评价公众参与办法》第23条",
    inputs=_IntendedInputs,
    outputs=_Content,
)
def intended(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The project, its impacts and measures, what the public said, what was promised, and the right to a hearing."""
    opinion, application = inputs["opinion"], inputs["application"]
    points = ("feasibility", "prediction", "measures_effective", "conclusion")
    fine = all(opinion.get(name) != "no" for name in points)
    participation = opinion.get("participation") or (
        "建设单位已开展公众参与并提交公众参与说明。" if application.get("participation_file") else ""
    )
    promise = "建设单位法定代表人已签署承诺书，承诺落实申请材料中的各项环境保护措施。" if inputs["declared"] else ""
    return content_of(
        inputs,
        ctx,
        {
            "环评文件类别": LEVEL_TITLES["eia"].get(inputs["eia"], ("", ""))[0],
            "拟作出的审批意见": "拟予批准" if fine else "拟不予批准",
            "主要环境影响及预防或者减轻不良环境影响的对策和措施": "\n".join(
                text for text in (opinion.get("impacts"), opinion.get("measures")) if text
            ),
            "公众参与情况": participation,
            "建设单位或者地方政府作出的相关环境保护措施承诺": opinion.get("commitments") or promise,
            "听证告知": _hearing(ctx.act_date),
            "反馈意见的方式": _COMMENTS,
        },
    )


class _DecisionInputs(_Project):
    proposal = Facts(required=True)
    eia_number = fields.String(load_default="")
    permit_number = fields.String(load_default="")
    decided_on = Day(load_default=None)


@handler(
    "announcement.decision",
    title={"zh": "审批决定公告的内容", "en": "What the announcement of a decision says"},
    basis="《行政许可法》第40条；《环境影响评价公众参与办法》第27条；《排污许可管理条例》第13条",
    inputs=_DecisionInputs,
    outputs=_Content,
)
def decision(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """What was decided on the EIA and the permit, numbers and dates of the documents, and the remedies."""
    proposal = inputs["proposal"]
    day = chinese(inputs["decided_on"] or ctx.act_date)
    decided = {kind: words.get(str(proposal.get(f"{kind}_outcome")), "") for kind, words in _DECISIONS.items()}
    # Law: 排污许可管理条例 art. 11(1): no permit without its EIA, whatever was proposed.
    if proposal.get("eia_outcome") == "refused" and decided["permit"]:
        decided["permit"] = _DECISIONS["permit"]["refused"]
    return content_of(
        inputs,
        ctx,
        {
            "环评审批决定": decided["eia"] and f"{decided['eia']}（{day}）",
            "环评决定文号": inputs["eia_number"],
            "排污许可决定": decided["permit"] and f"{decided['permit']}（{day}）",
            "排污许可证": inputs["permit_number"] and f"证书编号{inputs['permit_number']}",
            "救济途径": remedies(ctx.act_date),
        },
    )


def in_order(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The elements of a notice in their official order, others after them."""
    names = [name for name in ELEMENTS if name in content]
    names += [name for name in content if name not in ELEMENTS]
    return [(name, str(content[name])) for name in names]


def content_of(inputs: Mapping[str, Any], ctx: HandlerContext, special: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a notice: what all have, what this one has besides, and “无” for what must not be passed over in silence."""
    application, enterprise = inputs["application"], inputs["enterprise"]
    body = parties.body_by_code(ctx.conn, inputs["body"]) if inputs["body"] else None
    found = {
        "项目名称": application.get("project_name"),
        "建设地点": application.get("site_address"),
        "建设单位": enterprise.get("name"),
        "环境影响评价机构": application.get("eia_author"),
        "项目概况": application.get("summary"),
        **special,
        "联系电话": body.phone if body else "",
        "通讯地址": body.address if body else "",
    }
    missing = {name: "无" for name in _NEEDED if name in found and not found[name]}
    return {"content": {name: text for name, text in found.items() if text} | missing}


def chinese(day: date | None) -> str:
    """A day as papers write it; nothing for none."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def remedies(on: date) -> str:
    """What whoever disagrees with a decision may do, and how long, by the law of that day."""
    reconsideration, suit = (
        limits.written(limits.built_in(code, on)) for code in ("remedy.reconsideration", "remedy.suit")
    )
    return (
        f"认为上述决定侵犯其合法权益的，可以自知道或者应当知道之日起{reconsideration}内申请行政复议，"
        f"也可以自知道或者应当知道之日起{suit}内提起行政诉讼。"
    )


def _hearing(on: date) -> str:
    """Until when a hearing may be asked for, by the law of that day."""
    rule = limits.built_in("hearing.request", on)
    return f"申请人、利害关系人自本公示发布之日起{limits.written(rule)}内可以提出听证申请（{rule.basis_zh}）。"
