"""Quota thresholds: when an added amount is filed directly and when it needs a balance plan.

Only the external amount of the whole plant counts: what finally reaches the environment, not what enters
a sewage works, and not what the single project adds. Amounts are exact (t/a); the limits of each factor
are data with their citation. The ledgers themselves are another matter; this rule reads what was
declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Amount, Rows, amount
from handlers.registry import HandlerContext, HandlerError, handler
from registers import catalogues
from registers.laws import cite

# m³/a x mg/L = g/a; a tonne is a million grams.
GRAMS_PER_TONNE = Decimal(1_000_000)
PLACES = Decimal("0.000001")


def tonnes(flow_m3_a: Decimal, concentration_mg_l: Decimal) -> Decimal:
    """The yearly mass of a flow at a concentration, exactly."""
    return flow_m3_a * concentration_mg_l / GRAMS_PER_TONNE


def rounded(value: Decimal) -> Decimal:
    """An amount as it is written: six places."""
    return value.quantize(PLACES, rounding=ROUND_HALF_UP)


def added_external(row: Mapping[str, Any]) -> Decimal:
    """The added external amount of the whole plant of one row of the quota table.

    Declared as such, or computed from flow and the sewage works' discharge limit where waste water is piped.
    """
    if row.get("plant_added_t") not in (None, ""):
        return amount(row["plant_added_t"])
    if row.get("flow_m3_a") not in (None, "") and row.get("works_limit_mg_l") not in (None, ""):
        return tonnes(amount(row["flow_m3_a"]), amount(row["works_limit_mg_l"]))
    raise HandlerError(
        "quota_amount_missing",
        f"因子“{row.get('factor')}”缺少全厂新增外排环境量，也没有可换算的水量和污水厂排放限值。",
        f'Factor "{row.get("factor")}" has neither an added external amount nor flow and works limit.',
        pointer="quota",
    )


def filing(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For every factor: the added amount, its limit, and whether direct filing is enough."""
    by_factor: dict[str, Decimal] = {}
    for row in rows:
        factor = str(row["factor"])
        by_factor[factor] = by_factor.get(factor, Decimal(0)) + added_external(row)
    known = {item["key"]: item for item in catalogues.pollutants()}
    return [_line(factor, added, known.get(factor)) for factor, added in by_factor.items()]


def _line(factor: str, added: Decimal, item: Mapping[str, Any] | None) -> dict[str, Any]:
    basis_zh, basis_en = cite("SIPQUOTA:四.2")
    limit = Decimal(item["direct_filing_limit_t"]) if item and "direct_filing_limit_t" in item else None
    name_zh, name_en = (item["zh"], item["en"]) if item else (factor, factor)
    if added <= 0:
        route, zh, en = "none", "无新增外排环境量", "nothing added"
    elif item and item.get("heavy_metal"):
        route, zh, en = "balance", "重金属不适用直接备案", "heavy metals are never filed directly"
    elif limit is None:
        route, zh, en = "none", "不属于总量管控因子", "not a factor under quota control"
    elif added <= limit:
        route, zh, en = "filing", f"不超过 {limit} 吨/年，直接备案", f"not above {limit} t/a: direct filing"
    else:
        route, zh, en = "balance", f"超过 {limit} 吨/年，须审核平衡方案", f"above {limit} t/a: balance plan"
    return {
        "factor": factor,
        "name_zh": name_zh,
        "name_en": name_en,
        "added_t": rounded(added),
        "limit_t": limit,
        "route": route,
        "zh": zh,
        "en": en,
        "basis_zh": basis_zh,
        "basis_en": basis_en,
    }


class _FilingInputs(Schema):
    rows = Rows()
    eia = fields.String(load_default="")
    pilot_park = fields.Boolean(load_default=False)
    taihu_nitrogen_phosphorus = fields.Boolean(load_default=False)
    plan = fields.Raw(load_default=None)


class _FilingOutputs(Schema):
    route = fields.String(required=True)
    lines = Rows()
    plan_needed = fields.Boolean(required=True)
    plan_missing = fields.Boolean(required=True)
    reason_zh = fields.String()
    reason_en = fields.String()


@handler(
    "quota.filing",
    title={"zh": "总量指标：直接备案或平衡方案", "en": "Quota: direct filing or balance plan"},
    basis="《苏州工业园区排污总量指标管理实施细则（征求意见稿）》四.2；《江苏省产业园区生态环境政策集成改革试点方案》二（一）2",
    inputs=_FilingInputs,
    outputs=_FilingOutputs,
)
def decide_filing(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The route of the whole case: the strictest of its factors, and whether the balance plan is there."""
    lines = filing(inputs["rows"])
    routes = {line["route"] for line in lines}
    route = "balance" if "balance" in routes else "filing" if "filing" in routes else "none"
    # Pilot plan of 2019, measure 2: form projects in a pilot park hand in no balance plan; not for nitrogen
    # and phosphorus in the Taihu basin.
    waived = inputs["eia"] == "form" and inputs["pilot_park"] and not inputs["taihu_nitrogen_phosphorus"]
    needed = route == "balance" and not waived
    basis_zh, basis_en = cite("JSPARK2019:二（一）2")
    return {
        "route": route,
        "lines": lines,
        "plan_needed": needed,
        "plan_missing": needed and not inputs["plan"],
        "reason_zh": f"报告表项目无需填报总量平衡方案（{basis_zh}）" if route == "balance" and waived else "",
        "reason_en": f"Form projects need no balance plan ({basis_en})" if route == "balance" and waived else "",
    }


class _ExternalInputs(Schema):
    flow_m3_a = Amount(required=True)
    pipe_limit_mg_l = Amount(required=True)
    works_limit_mg_l = Amount(required=True)


class _ExternalOutputs(Schema):
    pipe_t = Amount(required=True)
    external_t = Amount(required=True)


@handler(
    "quota.external",
    title={"zh": "接管量与外排环境量换算", "en": "Piped and external amounts"},
    basis="《苏州工业园区排污总量指标管理实施细则（征求意见稿）》附件1（接管量、外排环境量）",
    inputs=_ExternalInputs,
    outputs=_ExternalOutputs,
)
def external_amount(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Flow times the pipe limit enters the works; flow times the works' limit leaves for the water."""
    flow = inputs["flow_m3_a"]
    return {
        "pipe_t": rounded(tonnes(flow, inputs["pipe_limit_mg_l"])),
        "external_t": rounded(tonnes(flow, inputs["works_limit_mg_l"])),
    }
