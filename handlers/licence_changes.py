"""How a change of the two licences is handled: renewal, change, adjustment, cancellation, or an application anew.

Law: 危险废物经营许可证管理办法 arts. 11 to 14; 排污许可管理条例 arts. 14, 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Amount, Facts, Rows, amount
from handlers.registry import HandlerContext, handler
from registers import waste_rules
from registers.amounts import written
from registers.laws import cite


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
    """A change of way, class, facility or scale (t/a): which grounds ask for an application anew; without any it is adjusted."""
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
    said = f"年经营规模由{written(licensed)}吨变为{written(wanted)}吨"
    return {
        "action": "reapply" if grounds else "adjust",
        "grounds": grounds,
        "over_percent": over,
        "what": said,
        "zh": "；".join(ground["zh"] for ground in grounds) or f"{said}，不需要重新申请",
        "en": "apply anew" if grounds else f"{over} per cent over the licensed scale: adjusted",
    }
