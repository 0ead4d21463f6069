"""The annual round of the total register: findings on a declaration, the proposed allowed amounts, what is entered.

A declaration is held against the discharge permit, the ledger, the environmental statistics and the list of the year;
a difference is a finding that a person weighs, not a refusal. The proposal takes the smaller of permitted and claimed
and cuts it by what the bureau set for the zone and medium when last year's result was not met; where the result is
not entered yet it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Done, Facts, Rows, amount
from handlers.reduction_register import zone_of
from handlers.registry import HandlerContext, HandlerError, handler
from registers import catalogues, totals
from registers.amounts import written
from registers.laws import cite
from registers.quota_accounts import PLACES

BASIS = "《苏州工业园区排污总量指标管理实施细则（征求意见稿）》"


class _KnownInputs(Schema):
    """Nothing: the unit of the case is known."""


class _KnownOutputs(Schema):
    rows = Rows()


@handler(
    "totals.known",
    title={"zh": "已知的许可排放量", "en": "Permitted amounts that are known"},
    basis=f"{BASIS}五.2",
    inputs=_KnownInputs,
    outputs=_KnownOutputs,
)
def known(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """What permit and ledger say of the unit, so that nobody types it again; the permit comes first."""
    if ctx.enterprise_id is None:
        return {"rows": []}
    held = totals.permitted_by_ledger(ctx.conn, ctx.enterprise_id)
    held |= totals.permitted_by_permit(ctx.conn, ctx.enterprise_id)
    return {"rows": [{"factor": factor, "permitted": held[factor]} for factor in sorted(held) if held[factor] > 0]}


class _CheckInputs(Schema):
    declaration = Facts(required=True)


class _CheckOutputs(Schema):
    ok = fields.Boolean(required=True)
    problems = Rows()
    lines = Rows()
    year = fields.Integer(required=True)
    zone = fields.String(required=True)
    zone_name = fields.String(required=True)
    count = fields.Integer(required=True)


@handler(
    "totals.check",
    title={"zh": "总量申报核对", "en": "Check of a declaration of quantities"},
    basis=f"{BASIS}五.2、五.3；《排污许可管理条例》第22条",
    inputs=_CheckInputs,
    outputs=_CheckOutputs,
)
def check(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Problems that send the declaration back, and differences that the reviewer weighs, each with its basis."""
    declaration = inputs["declaration"]
    year = int(declaration.get("year") or 0)
    zone, zone_name, _ = zone_of(ctx, str(declaration.get("zone") or ""))
    rows = list(declaration.get("totals") or [])
    problems = _problems(rows, year, ctx)
    lines = [] if problems else differences(ctx, year, rows)
    return {
        "ok": not problems,
        "problems": problems,
        "lines": lines,
        "year": year,
        "zone": zone,
        "zone_name": zone_name,
        "count": len(lines),
    }


def _problems(rows: list[Mapping[str, Any]], year: int, ctx: HandlerContext) -> list[dict[str, str]]:
    """What is wrong with a declaration as a whole: its year, a factor twice, a year already decided (细则 五.2)."""
    problems = []
    if year != ctx.act_date.year - 1:
        said = f"应申报上一年度（{ctx.act_date.year - 1}年），填报为{year}年。"
        problems.append(_problem("year", said, f"The year to declare is {ctx.act_date.year - 1}, not {year}."))
    names = [row["factor"] for row in rows]
    for factor in sorted({name for name in names if names.count(name) > 1}):
        problems.append(_problem("totals", f"因子{factor}重复填报。", f"Factor {factor} is declared twice."))
    if ctx.enterprise_id is None:
        problems.append(_problem("", "案件没有排污单位。", "The case has no enterprise."))
    elif any(row["status"] == "decided" for row in totals.of_unit(ctx.conn, year, ctx.enterprise_id)):
        problems.append(_problem("year", f"{year}年度申报已核定。", f"The declaration of {year} has been decided."))
    return problems


def differences(ctx: HandlerContext, year: int, rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where a declaration does not agree with the list, the permit, the ledger or the statistics."""
    if ctx.enterprise_id is None:
        raise HandlerError("no_enterprise", "案件没有排污单位。", "The case has no enterprise.")
    conn, unit = ctx.conn, ctx.enterprise_id
    found: list[dict[str, Any]] = []
    if not totals.is_listed(conn, year + 1, unit):
        found.append(_line("", f"不在{year + 1}年度管理名单", f"not on the list of {year + 1}", "SIPQUOTA:五.1"))
    permit, ledger = totals.permitted_by_permit(conn, unit), totals.permitted_by_ledger(conn, unit)
    statistics = totals.statistics(conn, year, unit)
    for row in rows:
        factor, permitted, actual = row["factor"], amount(row["permitted"]), amount(row["actual"])
        if actual > permitted:
            found.append(_compared(factor, "实际排放量", actual, "许可排放量", permitted, "PDR:17"))
        if amount(row["claimed"]) > permitted:
            found.append(
                _compared(factor, "允许排放量", amount(row["claimed"]), "许可排放量", permitted, "SIPQUOTA:五.3")
            )
        for name, known, basis in (("许可证载明量", permit, "PDR:13"), ("总量库核定量", ledger, "SIPQUOTA:四.2")):
            if factor in known and known[factor] != permitted:
                found.append(_compared(factor, "申报许可排放量", permitted, name, known[factor], basis))
        if factor in statistics and statistics[factor] != actual:
            found.append(_compared(factor, "申报实际排放量", actual, "环境统计", statistics[factor], "SIPQUOTA:五.3"))
    declared = {row["factor"] for row in rows}
    for factor in sorted((set(permit) | set(ledger) | set(statistics)) - declared):
        zh, en = _name(factor)
        found.append(_line(factor, f"{zh}：未申报", f"{en}: not declared", "SIPQUOTA:五.2"))
    return found


class _DeclareInputs(Schema):
    declaration = Facts(required=True)
    findings = Facts(required=True)


@handler(
    "totals.declare",
    title={"zh": "登记总量申报", "en": "Enter a declaration of quantities"},
    basis=f"{BASIS}五.2",
    inputs=_DeclareInputs,
    outputs=Done,
)
def declare(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Keep the declaration in the total register with the differences found."""
    if ctx.enterprise_id is None:
        raise HandlerError("no_enterprise", "案件没有排污单位。", "The case has no enterprise.")
    findings = inputs["findings"]
    totals.declare(
        ctx.conn,
        year=int(findings["year"]),
        enterprise_id=ctx.enterprise_id,
        zone=findings["zone"],
        rows=[
            {
                **row,
                "permitted": amount(row["permitted"]),
                "actual": amount(row["actual"]),
                "claimed": amount(row["claimed"]),
                "findings": [
                    {"zh": line["zh"], "en": line["en"]}
                    for line in findings["lines"]
                    if line["factor"] == row["factor"]
                ],
            }
            for row in inputs["declaration"]["totals"]
        ],
        case_id=ctx.case_id,
        by=ctx.actor_id,
        now=ctx.time.now(),
    )
    return {"done": True}


class _ProposeInputs(Schema):
    year = fields.Integer(required=True)
    zone = fields.String(required=True)


class _ProposeOutputs(Schema):
    rows = Rows()
    lines = Rows()
    complete = fields.Boolean(required=True)


@handler(
    "totals.propose",
    title={"zh": "允许排放量建议", "en": "Proposed allowed amounts"},
    basis=f"{BASIS}五.3",
    inputs=_ProposeInputs,
    outputs=_ProposeOutputs,
)
def propose(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """From last year's result of the zone's air and water: cut where it was not met, by what the bureau has set."""
    if ctx.enterprise_id is None:
        raise HandlerError("no_enterprise", "案件没有排污单位。", "The case has no enterprise.")
    results = totals.quality(ctx.conn, inputs["year"], inputs["zone"])
    media = {item["key"]: item["medium"] for item in catalogues.pollutants()}
    rows, lines, complete = [], [], True
    for row in totals.of_unit(ctx.conn, inputs["year"], ctx.enterprise_id):
        medium = media.get(row["factor"], "water")
        result = results.get(medium)
        complete = complete and result is not None
        proposed, zh, en = allowed(min(row["permitted"], row["claimed"]), medium, result)
        name_zh, name_en = _name(row["factor"])
        rows.append({"factor": row["factor"], "proposed": proposed, "allowed": proposed})
        lines.append(
            _line(row["factor"], f"{name_zh} {proposed:f}：{zh}", f"{name_en} {proposed:f}: {en}", "SIPQUOTA:五.3")
        )
        lines[-1] |= {"name_zh": name_zh, "basis_words": zh, "permitted": row["permitted"], "actual": row["actual"]}
    return {"rows": rows, "lines": lines, "complete": complete}


def allowed(base: Decimal, medium: str, result: Mapping[str, Any] | None) -> tuple[Decimal, str, str]:
    """The allowed amount out of the smaller of permitted and claimed; never rounded up."""
    zh, en = ("环境空气", "air") if medium == "air" else ("水环境", "water")
    if result is None:
        return base, f"上一年度{zh}考核结果尚未登记", f"last year's result for {en} is not entered"
    if result["met"]:
        return base, f"上一年度{zh}质量达到目标", f"last year's target for {en} was met"
    cut = Decimal(result["cut_percent"])
    left = (base * (100 - cut) / 100).quantize(PLACES, rounding=ROUND_DOWN)
    return (
        left,
        f"上一年度{zh}质量未达目标，削减{cut.normalize():f}%",
        f"{en} target not met, cut by {cut.normalize():f} %",
    )


class _DecisionInputs(Schema):
    year = fields.Integer(required=True)
    decision = Facts(required=True)
    proposal = Facts(required=True)


class _DecisionOutputs(Schema):
    ok = fields.Boolean(required=True)
    problems = Rows()
    lines = Rows()


@handler(
    "totals.decision",
    title={"zh": "允许排放量核定的检查", "en": "Check of the decided amounts"},
    basis=f"{BASIS}五.3",
    inputs=_DecisionInputs,
    outputs=_DecisionOutputs,
)
def decision(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Every declared factor is decided once, not above the permitted amount; who departs from the proposal says why."""
    proposed = {line["factor"]: line for line in inputs["proposal"]["lines"]}
    wanted = {row["factor"]: amount(row["proposed"]) for row in inputs["proposal"]["rows"]}
    problems: list[dict[str, str]] = []
    lines: list[dict[str, Any]] = []
    for index, row in enumerate(inputs["decision"].get("rows") or []):
        factor, given, where = row["factor"], amount(row["allowed"]), f"rows.{index}"
        line = proposed.get(factor)
        reason = str(row.get("reason") or "").strip()
        if line is None or any(one["factor"] == factor for one in lines):
            problems.append(_problem(where, f"{factor}：未申报，或者重复。", f"{factor}: not declared, or twice."))
            continue
        if given > amount(line["permitted"]):
            problems.append(
                _problem(where, f"{factor}：核定量超过许可排放量。", f"{factor}: above the permitted amount.")
            )
        if given != wanted[factor] and not reason:
            problems.append(_problem(where, f"{factor}：与建议不同，须说明理由。", f"{factor}: say why it differs."))
        lines.append({**line, "allowed": given, "reason": reason, "basis_zh": reason or line["basis_words"]})
    missing = sorted(set(wanted) - {line["factor"] for line in lines})
    problems += [_problem("rows", f"{factor}：未核定。", f"{factor}: not decided.") for factor in missing]
    return {"ok": not problems, "problems": problems, "lines": lines}


class _DecideInputs(Schema):
    year = fields.Integer(required=True)
    lines = Rows(required=True)


@handler(
    "totals.decide",
    title={"zh": "登记允许排放量", "en": "Enter the allowed amounts"},
    basis=f"{BASIS}五.3",
    inputs=_DecideInputs,
    outputs=Done,
)
def decide(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The allowed amounts of the running year enter the total register."""
    if ctx.enterprise_id is None:
        raise HandlerError("no_enterprise", "案件没有排污单位。", "The case has no enterprise.")
    totals.decide(
        ctx.conn,
        year=inputs["year"],
        enterprise_id=ctx.enterprise_id,
        allowed={line["factor"]: (amount(line["allowed"]), str(line["basis_zh"])) for line in inputs["lines"]},
        by=ctx.actor_id,
        now=ctx.time.now(),
    )
    return {"done": True}


def _name(factor: str) -> tuple[str, str]:
    return next(((item["zh"], item["en"]) for item in catalogues.pollutants() if item["key"] == factor), (factor,) * 2)


_WORDS = {
    "实际排放量": "actual",
    "许可排放量": "permitted",
    "允许排放量": "allowed as declared",
    "申报许可排放量": "permitted as declared",
    "申报实际排放量": "actual as declared",
    "许可证载明量": "permit",
    "总量库核定量": "ledger",
    "环境统计": "statistics",
}


def _compared(factor: str, one: str, value: Decimal, other: str, against: Decimal, basis: str) -> dict[str, Any]:
    zh, en = _name(factor)
    sign = "大于" if value > against else "小于"
    return _line(
        factor,
        f"{zh}：{one}{written(value)}{sign}{other}{written(against)}吨/年",
        f"{en}: {_WORDS[one]} {written(value)}, {_WORDS[other]} {written(against)} t/a",
        basis,
    )


def _line(factor: str, zh: str, en: str, basis: str) -> dict[str, Any]:
    basis_zh, basis_en = cite(basis)
    return {"factor": factor, "zh": zh, "en": en, "basis_zh": basis_zh, "basis_en": basis_en}


def _problem(where: str, zh: str, en: str) -> dict[str, str]:
    return {"path": where, "zh": zh, "en": en}
