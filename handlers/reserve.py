"""The reserve of quota: which audited reductions move into it, what the upper level grants, and the quarterly bulletin.

Law: 苏州工业园区排污总量指标管理实施细则（征求意见稿）四.1: every quarter, and by the end of February for the past year; what was
used for binding tasks, for the unit's own new project, sold, or is unfit for other reasons is not reserved. Every ton
of a candidate is either assigned to one of these or stays in the reduction register for the next round.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields

from handlers.fields import Day, Rows, amount
from handlers.reduction_register import zone_of
from handlers.registry import HandlerContext, handler
from registers import catalogues, parties, quota_balances, reduction_uses, reductions
from registers.amounts import written
from registers.quota_accounts import Account, Register, period_on
from registers.reduction_reports import report
from registers.reduction_tables import EXCLUSIONS, USE_TITLES
from registers.reduction_uses import Portion

BASIS = "《苏州工业园区排污总量指标管理实施细则（征求意见稿）》"
PURPOSES = (*EXCLUSIONS, "reserve")


class _CandidatesInputs(Schema):
    zone = fields.String(load_default="")
    until = Day(load_default=None)


class _CandidatesOutputs(Schema):
    zone = fields.String(required=True)
    zone_name = fields.String(required=True)
    count = fields.Integer(required=True)
    rows = Rows()


@handler(
    "reserve.candidates",
    title={"zh": "可储备的减排量", "en": "Reductions that may be reserved"},
    basis=f"{BASIS}四.1",
    inputs=_CandidatesInputs,
    outputs=_CandidatesOutputs,
)
def candidates(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """What the entered projects of a zone still hold; all of it is proposed for the reserve."""
    zone, name, _ = zone_of(ctx, inputs["zone"])
    held = reductions.left_in_zone(ctx.conn, zone, inputs["until"] or ctx.act_date)
    rows = [
        {
            "project": row["number"],
            "name": row["name"],
            "factor": row["factor"],
            "left_t": row["left"],
            "reserve": row["left"],
        }
        for row in held
    ]
    return {"zone": zone, "zone_name": name, "count": len(rows), "rows": rows}


class _CheckInputs(Schema):
    zone = fields.String(required=True)
    rows = Rows(required=True)


class _CheckOutputs(Schema):
    ok = fields.Boolean(required=True)
    problems = Rows()
    lines = Rows()


@handler(
    "reserve.check",
    title={"zh": "核对储备方案", "en": "Check a reserve round"},
    basis=f"{BASIS}四.1",
    inputs=_CheckInputs,
    outputs=_CheckOutputs,
)
def check(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Every row names a candidate once and assigns no more than it holds; the lines are ready for the letter."""
    held = {(row["number"], row["factor"]): row for row in reductions.left_in_zone(ctx.conn, inputs["zone"], date.max)}
    names = {item["key"]: item["zh"] for item in catalogues.pollutants()}
    problems: list[dict[str, str]] = []
    lines: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(inputs["rows"]):
        key = (str(row.get("project")), str(row.get("factor")))
        where = f"rows.{index}"
        found = held.get(key)
        if found is None or key in seen:
            problems.append(
                _problem(where, f"{key[0]} {key[1]}：不是待储备的减排量，或者重复。", f"{key}: no candidate.")
            )
            continue
        seen.add(key)
        parts = _parts(row)
        total = sum(parts.values(), Decimal(0))
        if total > found["left"]:
            said = f"{key[0]} {names.get(key[1], key[1])}：分配{total:f}吨/年，超过可用的{found['left']:f}吨/年。"
            problems.append(_problem(where, said, f"{key}: {total:f} assigned, {found['left']:f} left."))
        if parts["other"] and not str(row.get("note") or "").strip():
            problems.append(
                _problem(where, f"{key[0]}：其他不符合储备条件的，须注明原因。", f"{key}: give the reason.")
            )
        lines.append(_assigned(found, parts, names.get(key[1], key[1]), to_upper=row.get("to_upper") is True))
    if not any(line["reserve"] or line["excluded"] for line in lines) and not problems:
        problems.append(_problem("rows", "没有分配任何减排量。", "Nothing is assigned."))
    return {"ok": not problems, "problems": problems, "lines": lines}


class _TransferInputs(Schema):
    lines = Rows(required=True)
    document = fields.String(load_default="")


class _TransferOutputs(Schema):
    postings = fields.Integer(required=True)
    reserved = fields.Integer(required=True)


@handler(
    "reserve.transfer",
    title={"zh": "转入储备库", "en": "Move into the reserve"},
    basis=f"{BASIS}四.1",
    inputs=_TransferInputs,
    outputs=_TransferOutputs,
)
def transfer(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Post what was confirmed: each portion to the reserve, or out of the register for its use; all or nothing."""
    portions = [
        Portion(uuid.UUID(line["project_id"]), line["factor"], purpose, amount(part), line["to_upper"] is True)
        for line in inputs["lines"]
        for purpose, part in line["parts"].items()
        if amount(part) > 0
    ]
    made = reduction_uses.use(
        ctx.conn,
        portions,
        on=ctx.act_date,
        now=ctx.time.now(),
        by=ctx.actor_id,
        case_id=ctx.case_id,
        document=inputs["document"],
    )
    return {"postings": len(made), "reserved": sum(one.purpose == "reserve" for one in portions)}


class _GrantInputs(Schema):
    zone = fields.String(required=True)
    rows = Rows(required=True)
    document = fields.String(required=True)


@handler(
    "upper.grant",
    title={"zh": "上级储备指标拨入", "en": "Enter what the upper level grants"},
    basis=f"{BASIS}四.2",
    inputs=_GrantInputs,
    outputs=_TransferOutputs,
)
def grant(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The granted amounts come into the zone's reserve through the upper-level account."""
    amounts = {row["factor"]: amount(row["granted_t"]) for row in inputs["rows"] if amount(row["granted_t"]) > 0}
    made = reduction_uses.grant(
        ctx.conn,
        zone=inputs["zone"],
        amounts=amounts,
        on=ctx.act_date,
        now=ctx.time.now(),
        by=ctx.actor_id,
        document=inputs["document"],
        case_id=ctx.case_id,
    )
    return {"postings": len(made), "reserved": len(amounts)}


class _NeedInputs(Schema):
    zone = fields.String(load_default="")
    rows = Rows(required=True)


class _NeedOutputs(Schema):
    zone = fields.String(required=True)
    zone_name = fields.String(required=True)
    lines = Rows()


@handler(
    "upper.need",
    title={"zh": "上级储备指标需求", "en": "What is asked of the upper level"},
    basis=f"{BASIS}四.2",
    inputs=_NeedInputs,
    outputs=_NeedOutputs,
)
def need(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """For every factor asked for: what the zone's own reserve holds today, and what is missing."""
    zone, name, _ = zone_of(ctx, inputs["zone"])
    period = period_on(ctx.conn, ctx.act_date)
    names = {item["key"]: item["zh"] for item in catalogues.pollutants()}
    lines = [
        {
            "factor": row["factor"],
            "factor_zh": names.get(row["factor"], row["factor"]),
            "balance_t": quota_balances.balance(ctx.conn, Account(zone, row["factor"], Register.RESERVE, period)),
            "asked_t": amount(row["asked_t"]),
            "granted_t": amount(row["asked_t"]),
        }
        for row in inputs["rows"]
    ]
    return {"zone": zone, "zone_name": name, "lines": lines}


class _BulletinInputs(Schema):
    zone = fields.String(load_default="")
    year = fields.Integer(required=True)
    quarter = fields.Integer(required=True)


class _BulletinOutputs(Schema):
    rows = Rows()
    first = Day(required=True)
    last = Day(required=True)
    zones = fields.String(required=True)
    title = fields.String(required=True)


@handler(
    "bulletin.compile",
    title={"zh": "编制减排和储备情况通报", "en": "Compile the bulletin"},
    basis=f"{BASIS}四.5（考核通报）、四.3（预警通报）",
    inputs=_BulletinInputs,
    outputs=_BulletinOutputs,
)
def bulletin(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Per zone and factor of a quarter: audited, used by purpose, left, and the reserve at its end."""
    first, last = quarter_days(inputs["year"], inputs["quarter"])
    rows = bulletin_rows(ctx.conn, first, last, inputs["zone"])
    titles = {code: zh for code, zh, _ in parties.zones(ctx.conn)}
    return {
        "rows": rows,
        "first": first,
        "last": last,
        "zones": titles.get(inputs["zone"], "各功能区"),
        "title": f"{inputs['year']}年第{inputs['quarter']}季度减排和储备情况通报",
    }


def bulletin_rows(conn: Any, first: date, last: date, zone: str = "") -> list[dict[str, Any]]:
    """The lines of a bulletin; the reserve counts to the last day."""
    period = period_on(conn, last)
    names = {item["key"]: (item["zh"], item["en"]) for item in catalogues.pollutants()}
    zones = {code: (zh, en) for code, zh, en in parties.zones(conn)}
    rows = []
    for row in report(conn, first, last, zone):
        reserve = quota_balances.balance(conn, Account(row["zone"], row["factor"], Register.RESERVE, period), last)
        excluded: Decimal = sum((row[purpose] for purpose in EXCLUSIONS), Decimal(0))
        rows.append(
            {
                **row,
                "zone_zh": zones[row["zone"]][0],
                "zone_en": zones[row["zone"]][1],
                "factor_zh": names[row["factor"]][0],
                "factor_en": names[row["factor"]][1],
                "excluded": excluded,
                "reserved": row["reserve"],
                "reserve": reserve,
            }
        )
    return rows


def quarter_days(year: int, quarter: int) -> tuple[date, date]:
    """The first and last day of a quarter."""
    if not (1 <= quarter <= 4 and 2000 <= year <= 2100):
        raise ValidationError("not a quarter")
    first = date(year, quarter * 3 - 2, 1)
    following = date(year + quarter // 4, quarter * 3 % 12 + 1, 1)
    return first, date.fromordinal(following.toordinal() - 1)


def _assigned(
    found: Mapping[str, Any], parts: Mapping[str, Decimal], factor_zh: str, *, to_upper: bool
) -> dict[str, Any]:
    """A line of the letter: what of a project's amount (t/a) goes to the reserve and what to uses that exclude it."""
    excluded = [f"{USE_TITLES[purpose][0]}{written(parts[purpose])}" for purpose in EXCLUSIONS if parts[purpose]]
    return {
        "project_id": str(found["id"]),
        "project": found["number"],
        "name": found["name"],
        "factor": found["factor"],
        "factor_zh": factor_zh,
        "left": found["left"],
        "excluded": sum(parts.values(), Decimal(0)) - parts["reserve"],
        "excluded_zh": "；".join(excluded) or "—",
        "to_upper": to_upper,
        "parts": {purpose: format(part, "f") for purpose, part in parts.items()},
        "reserve": parts["reserve"],
    }


def _parts(row: Mapping[str, Any]) -> dict[str, Decimal]:
    return {purpose: amount(row[purpose]) if row.get(purpose) not in (None, "") else Decimal(0) for purpose in PURPOSES}


def _problem(where: str, zh: str, en: str) -> dict[str, str]:
    return {"path": where, "zh": zh, "en": en}
