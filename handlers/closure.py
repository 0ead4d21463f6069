"""The end of an operation: what the closure check found at the site, beside what the ledger still has in store.

Law: 危险废物经营许可证管理办法 art. 14: the holder takes measures against pollution and disposes of what is left, then asks
for cancellation; the body that issued the licence checks the site and cancels when the check is passed.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Facts, Rows
from handlers.registry import HandlerContext, handler
from registers import waste_ledger, waste_rules

_CHECKS = (
    ("facility_cleaned", "经营设施、场所已采取污染防治措施"),
    ("waste_removed", "未处置的危险废物已妥善处理"),
    ("site_monitored", "场地环境状况已调查、监测"),
)


class _StockInputs(Schema):
    pass


class _StockOutputs(Schema):
    lines = Rows()
    count = fields.Integer(required=True)
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.stock",
    title={"zh": "台账库存", "en": "What the ledger has in store"},
    basis="《危险废物经营许可证管理办法》第14条、第18条",
    inputs=_StockInputs,
    outputs=_StockOutputs,
)
def stock(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Every batch that the operator's ledger still has in store today."""
    batches = waste_ledger.batches(ctx.conn, ctx.enterprise_id, ctx.act_date) if ctx.enterprise_id else []
    return {
        "lines": [
            {
                "zh": f"{waste_rules.named(one.code)}（{one.lot or '未记批次'}）尚存{one.left.normalize():f}吨",
                "en": f"{waste_rules.named(one.code)} ({one.lot or 'no batch'}): {one.left.normalize():f} t",
            }
            for one in batches
        ],
        "count": len(batches),
        "zh": f"尚有{len(batches)}批" if batches else "库存为零",
        "en": f"{len(batches)} batches in store" if batches else "nothing in store",
    }


class _ClosureInputs(Schema):
    check = Facts(required=True)
    stock = Facts(required=True)


class _ClosureOutputs(Schema):
    lines = Rows()
    passed = fields.Boolean(required=True)
    agrees = fields.Boolean(required=True)
    said_zh = fields.String()
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.closure",
    title={"zh": "终止经营现场核查", "en": "Closure check"},
    basis="《危险废物经营许可证管理办法》第14条",
    inputs=_ClosureInputs,
    outputs=_ClosureOutputs,
)
def closure(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Whether the site passed; a pass that the ledger contradicts goes back unless the difference is explained."""
    check, left = inputs["check"], int(inputs["stock"].get("count") or 0)
    wrong = [zh for key, zh in _CHECKS if check.get(key) != "ok"]
    passed = check.get("result") == "pass"
    contradictions = [f"未达到“{zh}”，不能认定合格" for zh in wrong] if passed else []
    if passed and left and not check.get("stock_note"):
        contradictions.append(f"台账尚有库存{left}批，须写明实际去向，或者由经营单位先行登记转移")
    found = "核查合格" if passed else f"核查不合格：{'；'.join(wrong) or check.get('comment', '')}"
    return {
        "lines": [{"zh": f"{zh}：{'是' if check.get(key) == 'ok' else '否'}"} for key, zh in _CHECKS],
        "passed": passed,
        "agrees": not contradictions,
        "said_zh": f"{check.get('checked_on')}现场{found}。",
        "zh": "；".join(contradictions) or found,
        "en": "the findings or the ledger contradict it" if contradictions else "passed" if passed else "not passed",
    }
