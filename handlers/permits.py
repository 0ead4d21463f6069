"""Permits: the terms that a permit must state beyond what was applied for row by row.

Law: 排污许可管理条例 art. 13, 排污许可管理办法 art. 10-12: amounts of the whole plant, reports by class of management,
and stricter promises stand in the copy of the permit (副本).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Facts, Rows, amount
from handlers.registry import HandlerContext, handler

_REPORTS = {
    "key": "本单位实行重点管理，应当提交年度和季度执行报告；年度执行报告可以替代当季执行报告。",
    "simplified": "本单位实行简化管理，应当提交年度执行报告。",
}
_AUTOMATIC = "应当安装、使用自动监测设备，并与生态环境主管部门的监控设备联网。"


def totals(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The amounts of the whole plant, each factor once, in the order of the rows."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.get("amount_t") not in (None, ""):
            factor = str(row["factor"])
            sums[factor] = sums.get(factor, Decimal(0)) + amount(row["amount_t"])
    return [{"factor": factor, "amount_t": total} for factor, total in sums.items()]


class _Inputs(Schema):
    application = Facts(required=True)
    klass = fields.String(required=True)
    opinion = Facts()


class _Outputs(Schema):
    totals = Rows()
    reports = fields.String(required=True)
    automatic = fields.String()


@handler(
    "permit.terms",
    title={"zh": "许可证副本载明事项", "en": "What the copy of the permit states"},
    basis="《排污许可管理条例》第13条、第20条、第22条；《排污许可管理办法》第10条至第12条、第37条",
    inputs=_Inputs,
    outputs=_Outputs,
)
def terms(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Totals of the plant, the reports that the class of management asks for, and automatic monitoring."""
    automatic = inputs["opinion"].get("automatic_monitoring") is True
    return {
        "totals": totals(inputs["application"].get("emissions") or []),
        "reports": _REPORTS.get(inputs["klass"], ""),
        "automatic": _AUTOMATIC if automatic else "",
    }
