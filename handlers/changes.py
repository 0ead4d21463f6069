"""Changes of an approved project: major, general, or after acceptance; and what becomes of the permit.

Two questions that are answered independently (Jiangsu notice 苏环办〔2021〕122号): the EIA by the
thirteen criteria of 环办环评函〔2020〕688号 while the works are not accepted, by the catalogue
afterwards; the permit always by 排污许可管理条例 art. 15, so a general change can still force a new
permit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from marshmallow import Schema, fields

from handlers.fields import Facts, Rows
from handlers.registry import HandlerContext, handler
from registers.conditions import holds
from registers.laws import DATA, cite

# The stricter act wins when several apply.
_PERMIT_ORDER = ("reapply", "change", "adjust")
CLASS_TITLES = {
    "major": ("重大变动", "major change"),
    "general": ("一般变动", "general change"),
    "post_acceptance": ("验收后变动", "change after acceptance"),
}
_EIA_ACTIONS = {
    "major": (
        "reapply",
        "变动内容开工前重新报批环评文件",
        "the EIA is approved anew before the change is built",
    ),
    "general": (
        "analysis",
        "编制一般变动环境影响分析，纳入竣工验收",
        "an analysis is made and taken into acceptance",
    ),
    "post_acceptance": (
        "catalogue",
        "对照名录判断是否按改扩建办理环评",
        "the catalogue decides whether an EIA is needed",
    ),
}


def major_criteria(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The criteria of the list of major changes that are met."""
    basis_zh, basis_en = cite("MAJOR688")
    return [
        {
            "no": item["no"],
            "dimension": item["dimension"],
            "zh": item["zh"],
            "en": item["en"],
            "basis_zh": f"{basis_zh}第{item['no']}条",
            "basis_en": f"{basis_en} no. {item['no']}",
        }
        for item in _data()["items"]
        if holds(item["when"], facts, "")
    ]


def permit_grounds(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the change means for the permit, by act, with the ground of each."""
    found = []
    for item in _data()["permit"]:
        if holds(item["when"], facts, ""):
            basis_zh, basis_en = cite(item["basis"])
            found.append(
                {
                    **{key: item[key] for key in ("action", "zh", "en")},
                    "basis_zh": basis_zh,
                    "basis_en": basis_en,
                }
            )
    return found


class _Inputs(Schema):
    facts = Facts(required=True)


class _Outputs(Schema):
    klass = fields.String(required=True)
    klass_zh = fields.String()
    klass_en = fields.String()
    criteria = Rows()
    eia_action = fields.String(required=True)
    eia_zh = fields.String()
    eia_en = fields.String()
    permit_action = fields.String(required=True)
    permit_grounds = Rows()


@handler(
    "change.classify",
    title={"zh": "变动类型与许可处理", "en": "Class of a change and what becomes of the permit"},
    basis="环办环评函〔2020〕688号；苏环办〔2021〕122号；《排污许可管理条例》第15条；《排污许可管理办法》第26、28条",
    inputs=_Inputs,
    outputs=_Outputs,
)
def classify(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The class of a change, every criterion met, and the act the permit needs."""
    facts = inputs["facts"]
    criteria = major_criteria(facts)
    accepted = facts.get("works_accepted") is True
    klass = "post_acceptance" if accepted else "major" if criteria else "general"
    action, eia_zh, eia_en = _EIA_ACTIONS[klass]
    grounds = permit_grounds(facts)
    acts = {ground["action"] for ground in grounds}
    permit = next((act for act in _PERMIT_ORDER if act in acts), "none")
    if permit == "reapply" and facts.get("has_permit") is not True:
        permit = "first"
    return {
        "klass": klass,
        "klass_zh": CLASS_TITLES[klass][0],
        "klass_en": CLASS_TITLES[klass][1],
        "criteria": criteria,
        "eia_action": action,
        "eia_zh": eia_zh,
        "eia_en": eia_en,
        "permit_action": permit,
        "permit_grounds": grounds,
    }


@cache
def _data() -> dict[str, Any]:
    return cast(dict[str, Any], json.loads((DATA / "major_change_2020.json").read_text(encoding="utf-8")))
