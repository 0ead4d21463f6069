"""Reduction projects: whether a project fulfils the conditions of its kind, and how much it reduces.

The calculation lists every factor with its working, source and evidence, and says everything that is wrong at once;
nothing is entered while a problem stands. Amounts used already as regional reduction of a new project are deducted.
The steps that write to the register (list, declare, check, enter, refuse) work for the case of the running step.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields

from handlers.fields import Facts, Rows, amount
from handlers.quota import rounded
from handlers.reduction_formulas import FORMULAS, Missing, rules
from handlers.registry import HandlerContext, handler
from registers import catalogues
from registers.laws import cite
from registers.quota_accounts import Period, periods

BASIS = "《苏州工业园区排污总量指标管理实施细则（征求意见稿）》四"


class _CalculationInputs(Schema):
    declaration = Facts(required=True)


class _CalculationOutputs(Schema):
    ok = fields.Boolean(required=True)
    kind_zh = fields.String()
    kind_en = fields.String()
    lines = Rows()
    problems = Rows()
    formula_zh = fields.String()
    formula_en = fields.String()
    basis_zh = fields.String()
    basis_en = fields.String()


@handler(
    "reduction.calculate",
    title={"zh": "减排量核算", "en": "Calculation of the reduced amounts"},
    basis="《苏州工业园区排污总量指标管理实施细则（征求意见稿）》四.1、四.2；《主要污染物总量减排核算技术指南》（公式待核对原文）",
    inputs=_CalculationInputs,
    outputs=_CalculationOutputs,
)
def calculate(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Conditions and amounts of a declared project by the formula of its kind."""
    declaration = inputs["declaration"]
    return calculation(declaration, _period_of(declaration, periods(ctx.conn), ctx.act_date))


def calculation(declaration: Mapping[str, Any], period: Period | None) -> dict[str, Any]:
    """The same without a case: what the rule says about a declaration in a plan period."""
    kind = str(declaration.get("kind") or "")
    about = rules()["kinds"].get(kind, {})
    problems = _conditions(kind, declaration, period)
    lines = []
    for index, row in enumerate(declaration.get(f"{kind}_rows") or []):
        line, wrong = _line(kind, row, declaration, f"{kind}_rows.{index}")
        problems += wrong
        if line:
            lines.append(line)
    if not lines and not problems:
        problems.append(_problem(f"{kind}_rows", "没有填报污染因子和减排量数据。", "No factor was declared."))
    problems += _repeated(lines, kind)
    basis_zh, basis_en = cite("SIPQUOTA:四.2")
    formula = about.get("formula", {})
    return {
        "ok": not problems,
        "kind_zh": about.get("zh", kind),
        "kind_en": about.get("en", kind),
        "lines": lines,
        "problems": problems,
        "formula_zh": formula.get("zh", ""),
        "formula_en": formula.get("en", ""),
        "basis_zh": basis_zh,
        "basis_en": basis_en,
    }


def _line(kind: str, row: Mapping[str, Any], declaration: Mapping[str, Any], where: str) -> tuple[Any, list[Any]]:
    """One factor by the formula of its kind (t/a): reduced, deducted, net, with the working; or what is wrong in the row."""
    factor = str(row.get("factor") or "")
    known = {item["key"]: item for item in catalogues.pollutants()}
    name = known.get(factor, {"zh": factor, "en": factor})
    try:
        reduced, working = FORMULAS[kind](row)
        deducted = amount(row["deducted_t"]) if row.get("deducted_t") not in (None, "") else Decimal(0)
    except Missing as missing:
        listed = "、".join(missing.names)
        return None, [_problem(where, f"{name['zh']}：缺少 {listed}。", f"{name['en']}: {listed} missing.")]
    except ValidationError:
        return None, [_problem(where, f"{name['zh']}：扣减量不是数字。", f"{name['en']}: deducted_t is no number.")]
    net = rounded(reduced - deducted)
    problems = _source_problems(row, declaration, name, where)
    if net <= 0:
        said = f"减排量{rounded(reduced):f}吨/年，扣除已用{deducted:f}吨/年后不大于零"
        problems.append(_problem(where, f"{name['zh']}：{said}。", f"{name['en']}: nothing is left ({net:f} t/a)."))
    source = next((item for item in rules()["sources"] if item["key"] == row.get("source")), None)
    return {
        "factor": factor,
        "name_zh": name["zh"],
        "name_en": name["en"],
        "reduced_t": rounded(reduced),
        "deducted_t": rounded(deducted),
        "net_t": net,
        "working": working,
        "source_zh": source["zh"] if source else "",
        "source_en": source["en"] if source else "",
        "evidence": str(row.get("evidence") or ""),
    }, problems


def _source_problems(
    row: Mapping[str, Any], declaration: Mapping[str, Any], name: Mapping[str, str], where: str
) -> list[dict[str, str]]:
    """Every row has a source and evidence; a better source that is at hand is used, or its rejection explained."""
    problems = []
    order = [item["key"] for item in rules()["sources"]]
    titles = {item["key"]: item for item in rules()["sources"]}
    source = row.get("source")
    if source not in order:
        problems.append(_problem(where, f"{name['zh']}：未注明数据来源。", f"{name['en']}: no data source."))
    elif not declaration.get("why_lower"):
        at_hand = [key for key in order[: order.index(source)] if key in (declaration.get("available_sources") or [])]
        if at_hand:
            better = titles[at_hand[0]]
            problems.append(
                _problem(
                    where,
                    f"{name['zh']}：已有优先来源“{better['zh']}”，应采用，或者说明不采用的理由。",
                    f"{name['en']}: “{better['en']}” is at hand and comes first; use it or say why not.",
                )
            )
    if not str(row.get("evidence") or "").strip():
        problems.append(_problem(where, f"{name['zh']}：未注明佐证材料。", f"{name['en']}: no evidence named."))
    return problems


def _conditions(kind: str, declaration: Mapping[str, Any], period: Period | None) -> list[dict[str, str]]:
    """What a project of this kind must fulfil before its amount is calculated (细则 四.1)."""
    if kind not in FORMULAS:
        return [_problem("kind", "未选择减排工程类型。", "The kind of project is not chosen.")]
    if kind == "closure":
        return _closure_conditions(declaration, period)
    if kind == "other":
        # Law: 细则 四.1（四）: 可监测、可统计、可核查, all three.
        named = {"measurable": "可监测", "countable": "可统计", "verifiable": "可核查"}
        return [
            _problem(key, f"不符合“{zh}”条件。", f"The project is not {key}.")
            for key, zh in named.items()
            if declaration.get(key) is not True
        ]
    completed = _day(declaration.get("completed_on"))
    if completed is None:
        return [_problem("completed_on", "未填写竣工时间。", "The day of completion is missing.")]
    return _in_period(completed, period, "completed_on", "竣工", "completed")


def _closure_conditions(declaration: Mapping[str, Any], period: Period | None) -> list[dict[str, str]]:
    """A closure counts when the unit discharged for more than the years the rules name, and closed within the period."""
    closed, first = _day(declaration.get("closed_on")), _day(declaration.get("first_discharge_on"))
    if closed is None or first is None:
        return [_problem("closed_on", "须填写关停日期和开始排污日期。", "Closure and first discharge need their days.")]
    problems = _in_period(closed, period, "closed_on", "关停", "closed")
    years = rules()["closure_min_years"]["value"]
    # More than one year: the day on which the year is full is not enough.
    if closed <= _years_after(first, years):
        said = f"自{first}至{closed}排放污染物未超过一年"
        problems.append(
            _problem("first_discharge_on", f"{said}。", f"Discharged from {first} to {closed}: not more than a year.")
        )
    return problems


def _in_period(day: date, period: Period | None, where: str, zh: str, en: str) -> list[dict[str, str]]:
    if period is not None and period.first_on <= day <= period.last_on:
        return []
    name = f"{period.name_zh}（{period.first_on}至{period.last_on}）" if period else "已登记的规划期"
    return [_problem(where, f"{zh}日期{day}不在{name}内。", f"{en} on {day}: not in the plan period.")]


def _period_of(declaration: Mapping[str, Any], known: list[Period], today: date) -> Period | None:
    """The plan period named in the declaration, else the running one.

    A project of the old period is declared until the end-of-February round of the new one (细则 四.3).
    """
    named = declaration.get("period")
    if named:
        return next((one for one in known if one.code == str(named)), None)
    return next((one for one in known if one.first_on <= today <= one.last_on), None)


def _repeated(lines: list[dict[str, Any]], kind: str) -> list[dict[str, str]]:
    factors = [line["factor"] for line in lines]
    return [
        _problem(f"{kind}_rows", f"因子{factor}重复填报。", f"Factor {factor} is declared twice.")
        for factor in sorted({one for one in factors if factors.count(one) > 1})
    ]


def _years_after(day: date, years: int) -> date:
    year = day.year + years
    return date(year, day.month, min(day.day, calendar.monthrange(year, day.month)[1]))


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _problem(where: str, zh: str, en: str) -> dict[str, str]:
    return {"path": where, "zh": zh, "en": en}
