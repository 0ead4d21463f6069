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
from registers.quota_accounts import PLACES

# m³/a x mg/L = g/a; a tonne is a million grams.
GRAMS_PER_TONNE = Decimal(1_000_000)
MILLIGRAMS_PER_TONNE = Decimal(1_000_000_000)


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


class _AmountsInputs(Schema):
    rows = Rows()


class _AmountsOutputs(Schema):
    lines = Rows()
    ton_factors_t = Amount(required=True)
    tenth_factors_t = Amount(required=True)
    heavy_metals_t = Amount(required=True)
    doubts_zh = fields.String()
    doubts_en = fields.String()


@handler(
    "quota.amounts",
    title={"zh": "全厂新增外排环境量", "en": "Added external amounts of the plant"},
    basis="《苏州工业园区排污总量指标管理实施细则（征求意见稿）》四.2",
    inputs=_AmountsInputs,
    outputs=_AmountsOutputs,
)
def amounts(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The added external amount of each factor, and the greatest single one of each group of the table of routes.

    The rules look at single factors; so the greatest of a group decides for the group.
    """
    lines = filing(inputs["rows"])
    known = {item["key"]: item for item in catalogues.pollutants()}
    groups: dict[str, Decimal] = {"1.0": Decimal(0), "0.1": Decimal(0), "metal": Decimal(0)}
    for line in lines:
        item = known.get(line["factor"])
        if item is not None:
            group = "metal" if item.get("heavy_metal") else item["direct_filing_limit_t"]
            groups[group] = max(groups[group], line["added_t"])
    doubts = [found for row in inputs["rows"] if (found := _doubt(row))]
    return {
        "lines": lines,
        "ton_factors_t": groups["1.0"],
        "tenth_factors_t": groups["0.1"],
        "heavy_metals_t": groups["metal"],
        "doubts_zh": "；".join(zh for zh, _ in doubts),
        "doubts_en": "; ".join(en for _, en in doubts),
    }


def _doubt(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """A declared amount that differs tenfold from flow times limit was probably written in another unit."""
    given = [row.get(name) for name in ("plant_added_t", "flow_m3_a", "works_limit_mg_l")]
    if any(value in (None, "") for value in given):
        return None
    declared, flow, limit = (amount(value) for value in given)
    computed = rounded(tonnes(flow, limit))
    if not declared or not computed or computed / 10 < declared < computed * 10:
        return None
    return (
        f"{row['factor']}：填报 {declared:f} 吨/年，按水量和限值换算为 {computed:f} 吨/年，请核对单位",
        f"{row['factor']}: declared {declared:f} t/a, flow times limit gives {computed:f} t/a; check the unit",
    )


class _FilingInputs(Schema):
    rows = Rows()
    route = fields.String(load_default="")
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
    """The route of the whole case, and whether the balance plan is there.

    The route comes from the decision table of the procedure; without one it is the strictest of the factors.
    """
    lines = filing(inputs["rows"])
    routes = {line["route"] for line in lines}
    counted = "balance" if "balance" in routes else "filing" if "filing" in routes else "none"
    route = {"audit": "balance"}.get(inputs["route"], inputs["route"]) or counted
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


class _ApprovedInputs(Schema):
    lines = Rows(required=True)
    approved = Rows()
    covered = Rows()
    taihu_nitrogen_phosphorus = fields.Boolean(load_default=False)


class _ApprovedOutputs(Schema):
    lines = Rows()
    approved = Rows()
    new_plan = fields.Boolean(required=True)
    confirm_zh = fields.String()
    confirm_en = fields.String()


@handler(
    "quota.approved",
    title={"zh": "核准总量与平衡方案", "en": "Approved amounts and the balance plan"},
    basis="《江苏省产业园区生态环境政策集成改革试点方案》二（一）2（“不超过20%”的读法须经法律顾问确认）",
    inputs=_ApprovedInputs,
    outputs=_ApprovedOutputs,
)
def approved_amounts(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Whether what was approved needs a new plan: more above what the plan covers than the rule tolerates.

    Not for nitrogen and phosphorus in the Taihu basin: there any excess needs one. The reading of the percentage is a
    question for a lawyer, and every result says so.
    """
    covered = {str(row["factor"]): amount(row["covered_t"]) for row in inputs["covered"]}
    approved = {str(row["factor"]): amount(row["approved_t"]) for row in inputs["approved"]}
    rule = catalogues.approved_excess()
    most = 1 + Decimal(rule["tolerance_percent"]) / 100
    lines: list[dict[str, Any]] = []
    tolerated = False
    for line in inputs["lines"]:
        factor, declared = str(line["factor"]), amount(line["added_t"])
        base, granted = max(declared, covered.get(factor, declared)), approved.get(factor, declared)
        strict = inputs["taihu_nitrogen_phosphorus"] and factor in rule["never_for_in_taihu_basin"]
        limit = base if strict else base * most
        tolerated = tolerated or granted > declared
        lines.append(
            {"factor": factor, "declared_t": declared, "approved_t": rounded(granted), "new_plan": granted > limit}
        )
    basis_zh, basis_en = cite("JSPARK2019:二（一）2")
    tolerated = tolerated and not any(line["new_plan"] for line in lines)
    return {
        "lines": lines,
        "approved": [{"factor": line["factor"], "approved_t": line["approved_t"]} for line in lines],
        "new_plan": any(line["new_plan"] for line in lines),
        "confirm_zh": f"核准量高于申报量但不超过20%，无需重做平衡方案（{basis_zh}；读法待法律顾问确认）"
        if tolerated
        else "",
        "confirm_en": f"Approved above declared by at most 20 %: no new plan ({basis_en}; to be confirmed by a lawyer)"
        if tolerated
        else "",
    }


class _AirInputs(Schema):
    flow_m3_h = Amount(required=True)
    concentration_mg_m3 = Amount(required=True)
    hours_a = Amount(required=True)


class _AirOutputs(Schema):
    amount_t = Amount(required=True)


@handler(
    "quota.air",
    title={"zh": "废气年排放量", "en": "Yearly amount of an air outlet"},
    basis="排污许可证申请与核发技术规范 总则（HJ 942）：E = Q×C×h×10⁻⁹",
    inputs=_AirInputs,
    outputs=_AirOutputs,
)
def air_amount(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """m³/h x mg/m³ x h/a = mg/a; a tonne is a thousand million milligrams (with 10⁻⁶ the result would be kg)."""
    milligrams = inputs["flow_m3_h"] * inputs["concentration_mg_m3"] * inputs["hours_a"]
    return {"amount_t": rounded(milligrams / MILLIGRAMS_PER_TONNE)}


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
