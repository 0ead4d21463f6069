"""Renewal of a discharge permit (延续): what may be renewed, what the last term was like, what the public is told.

A renewal keeps what the permit states, or states less. More of anything is another act (重新申请), and so is a
permit whose term is over. Law: 排污许可管理条例 arts. 11, 14, 15; 排污许可管理办法 art. 24.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers import changes, permits
from handlers.announcements import chinese, content_of, remedies
from handlers.fields import Day, Facts, Rows, amount
from handlers.registry import HandlerContext, handler
from registers import obligations, totals
from registers.amounts import written
from registers.laws import cite
from registers.quota_accounts import factors


class _AssessInputs(Schema):
    facts = Facts(required=True)
    held = Facts(required=True)


class _AssessOutputs(Schema):
    way = fields.String(required=True)
    lines = Rows()
    late = fields.Boolean(required=True)
    zh = fields.String()
    en = fields.String()


@handler(
    "renewal.assess",
    title={"zh": "能否办理延续", "en": "Whether the permit can be renewed"},
    basis="《排污许可管理条例》第14条、第15条；《排污许可管理办法》第24条",
    inputs=_AssessInputs,
    outputs=_AssessOutputs,
)
def assess(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Renewal, application anew because of a change (with its grounds), or a new permit because the term is over."""
    facts, held = inputs["facts"], inputs["held"]
    late = int(held.get("late_days") or 0)
    grounds = changes.permit_grounds(facts) if facts.get("anything_changed") is True else []
    anew = [ground for ground in grounds if ground["action"] == "reapply"]
    beside = [ground for ground in grounds if ground["action"] != "reapply"]
    if held.get("ok") is False:
        line = _line(str(held.get("zh")), str(held.get("en")), "PDR:14(2)")
        return {"late": False, "way": "not_held", "lines": [line], "zh": line["zh"], "en": line["en"]}
    if held.get("klass") == "registration":
        line = _line(
            "排污登记不办理延续，期满前重新填报排污登记表", "a registration is made anew, not renewed", "CODE:186"
        )
        return {"late": late > 0, "way": "over", "lines": [line], "zh": line["zh"], "en": line["en"]}
    if held.get("over") is True:
        zh = f"许可证有效期至{chinese(held['valid_to'])}，{held.get('over_zh')}，不能延续；继续排放污染物的，应当重新申请排污许可证"
        line = _line(zh, f"its term ended on {held['valid_to']}: a new permit must be applied for", "PDR:14(2)")
        return {"late": late > 0, "way": "over", "lines": [line], "zh": zh, "en": line["en"]}
    if anew:
        zh = "变化属于应当重新申请排污许可证的情形，不能按延续办理"
        en = "the change asks for an application anew; it is no renewal"
        return {"late": late > 0, "way": "reapply", "lines": _said(anew), "zh": zh, "en": en}
    zh, en = _in_time(held, late)
    lines = [_line(zh, en, "PDM:24" if late else "PDR:14(2)"), *_said(beside)]
    return {"late": late > 0, "way": "renew", "lines": lines, "zh": zh, "en": en}


def _in_time(held: Mapping[str, Any], late: int) -> tuple[str, str]:
    until = held["apply_by"]
    if not late:
        return f"可以延续；应于{chinese(until)}前申请，未逾期", f"can be renewed; asked for in time (by {until})"
    return (
        f"可以延续，但应于{chinese(until)}前申请，已逾期{late}日：届满前未作决定的，不视为准予延续，届满后至决定前不得排放污染物，"
        "新的有效期自作出决定之日起算",
        f"can be renewed, but {late} days late (by {until}): without a decision the permit ends on its last day,"
        " and the next term begins with the decision",
    )


def _line(zh: str, en: str, basis: str) -> dict[str, Any]:
    basis_zh, basis_en = cite(basis)
    return {"zh": zh, "en": en, "basis_zh": basis_zh, "basis_en": basis_en}


def _said(grounds: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: ground[name] for name in ("zh", "en", "basis_zh", "basis_en")} for ground in grounds]


class _CompareInputs(Schema):
    held = Facts(required=True)
    application = Facts(required=True)


class _CompareOutputs(Schema):
    within = fields.Boolean(required=True)
    problems = Rows()
    lines = Rows()
    totals = Rows()
    zh = fields.String()
    en = fields.String()


@handler(
    "renewal.compare",
    title={"zh": "与原许可证比较", "en": "Compared with the permit held"},
    basis="《排污许可管理条例》第15条；《生态环境法典》第182条",
    inputs=_CompareInputs,
    outputs=_CompareOutputs,
)
def compare(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """What asks for more than the permit states (not a renewal), and what asks for less."""
    held, asked = inputs["held"], inputs["application"]
    more = [*_outlets(held, asked), *_emissions(held, asked)]
    before, after = (permits.totals(rows.get("emissions") or []) for rows in (held, asked))
    less = _cuts({row["factor"]: row["amount_t"] for row in before}, {row["factor"]: row["amount_t"] for row in after})
    basis = cite("PDR:15")[0]
    said = [
        {"zh": f"{zh}，应当重新申请（{basis}）；请改回原许可内容，确需增加的撤回本申请", "en": en} for zh, en in more
    ]
    zh = f"{len(more)}处超出原许可证" if more else "未超出原许可证"
    en = f"{len(more)} points beyond the permit" if more else "within the permit"
    return {"within": not more, "problems": said, "lines": less, "totals": after, "zh": zh, "en": en}


def _outlets(held: Mapping[str, Any], asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = {str(row.get("code")): row for row in held.get("outlets") or []}
    found = []
    for row in asked.get("outlets") or []:
        code = str(row.get("code"))
        if known and code not in known:
            found.append((f"排放口{code}不在原许可证中", f"outlet {code} is not in the permit"))
            continue
        for name, zh, en in (("position", "位置", "position"), ("destination", "排放去向", "destination")):
            before = known.get(code, {}).get(name)
            if before and row.get(name) != before:
                found.append((f"排放口{code}的{zh}与原许可证不同", f"the {en} of outlet {code} differs"))
    return found


def _emissions(held: Mapping[str, Any], asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = {_place(row): row for row in held.get("emissions") or []}
    found = []
    for row in asked.get("emissions") or []:
        before, place = known.get(_place(row)), f"{row.get('outlet')} {_name(str(row.get('factor')))[0]}"
        if known and before is None:
            found.append((f"{place}不在原许可证中", f"{place} is not in the permit"))
            continue
        for name, zh, en in (
            ("concentration", "许可排放浓度", "concentration"),
            ("amount_t", "许可年排放量", "amount"),
        ):
            was, wanted = _number((before or {}).get(name)), _number(row.get(name))
            if was is not None and (wanted is None or wanted > was):
                said = written(wanted) if wanted is not None else "未填"
                found.append(
                    (
                        f"{place}的{zh}原为{written(was)}，现填{said}",
                        f"{place}: {en} {written(was)} in the permit, now {said}",
                    )
                )
    return found


def _cuts(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    return [
        {
            "zh": f"{_name(factor)[0]}全厂许可年排放量由{written(was)}吨减为{written(after.get(factor, Decimal(0)))}吨",
            "en": f"{_name(factor)[1]} of the plant from {written(was)} to {written(after.get(factor, Decimal(0)))} t/a",
        }
        for factor, was in before.items()
        if after.get(factor, Decimal(0)) < was
    ]


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("outlet") or ""), str(row.get("factor") or "")


def _name(factor: str) -> tuple[str, str]:
    """A factor under quota control by its names; others are written as the permit writes them."""
    known = factors().get(factor)
    return (known["zh"], known["en"]) if known else (factor, factor)


def _number(value: Any) -> Decimal | None:
    return None if value in (None, "") else amount(value)


class _LimitsInputs(Schema):
    totals = Rows()
    limits = Rows()


class _LimitsOutputs(Schema):
    ok = fields.Boolean(required=True)
    problems = Rows()
    totals = Rows()
    cuts_zh = fields.String()
    zh = fields.String()
    en = fields.String()


@handler(
    "renewal.limits",
    title={"zh": "核定许可排放量", "en": "Amounts set at the renewal"},
    basis="《排污许可管理条例》第11条第2项、第13条",
    inputs=_LimitsInputs,
    outputs=_LimitsOutputs,
)
def limits(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The amounts of the plant as the reviewer sets them: at most what is asked for, of factors that are asked for."""
    asked = {row["factor"]: amount(row["amount_t"]) for row in inputs["totals"]}
    wanted = {str(row["factor"]): amount(row["amount_t"]) for row in inputs["limits"]}
    problems = [
        {
            "zh": f"{_name(factor)[0]}核定{written(given)}吨，申请{written(asked[factor]) if factor in asked else 0}吨；延续不能核增",
            "en": f"{_name(factor)[1]}: {written(given)} t is more than is asked for",
        }
        for factor, given in wanted.items()
        if factor not in asked or given > asked[factor]
    ]
    cuts = "；".join(f"{_name(factor)[0]}{written(given)}吨" for factor, given in wanted.items())
    zh, en = (
        ("核定量高于申请量", "more than is asked for")
        if problems
        else (cuts or "按申请量载明", "as set" if cuts else "as asked for")
    )
    return {
        "ok": not problems,
        "problems": problems,
        "totals": [{"factor": factor, "amount_t": wanted.get(factor, given)} for factor, given in asked.items()],
        "cuts_zh": cuts,
        "zh": zh,
        "en": en,
    }


class _PeriodInputs(Schema):
    held = Facts(required=True)
    application = Facts(required=True)


class _PeriodOutputs(Schema):
    lines = Rows()
    missing = fields.Integer(required=True)
    over = fields.Integer(required=True)
    zh = fields.String()
    en = fields.String()


@handler(
    "renewal.period",
    title={"zh": "上一有效期履行情况", "en": "The last term of the permit"},
    basis="《排污许可管理条例》第11条、第14条、第22条；《排污许可管理办法》第37条",
    inputs=_PeriodInputs,
    outputs=_PeriodOutputs,
)
def period(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Reports handed in or missing, what was discharged against what is permitted, and what the ledger holds."""
    if ctx.enterprise_id is None:
        return {"lines": [], "missing": 0, "over": 0, "zh": "", "en": ""}
    held = inputs["held"]
    first, last = held["valid_from"], ctx.act_date
    permitted = {row["factor"]: row["amount_t"] for row in permits.totals(held.get("emissions") or [])}
    reports, missing = _reports(ctx, ctx.enterprise_id, first, last)
    actual = [
        *_declared(ctx, ctx.enterprise_id, first, last),
        *_told(inputs["application"].get("actual") or [], permitted),
    ]
    over = sum(1 for line in actual if line["level_en"] == "over")
    zh = f"执行报告未提交{missing}份；实际排放超过许可{over}项"
    en = f"{missing} reports missing; {over} amounts above the permit"
    lines = [*reports, *actual, *_ledger(ctx, ctx.enterprise_id, permitted)]
    return {"lines": lines, "missing": missing, "over": over, "zh": zh, "en": en}


def _reports(ctx: HandlerContext, unit: uuid.UUID, first: date, last: date) -> tuple[list[dict[str, Any]], int]:
    rows = obligations.reports_of(ctx.conn, unit, first, last)
    done = [row for row in rows if row["status"] == "done"]
    late = [row for row in done if row["done_on"] and row["done_on"] > row["due_on"]]
    missing = [row for row in rows if row["status"] in ("open", "overdue")]
    summary = {
        "zh": f"执行报告应交{len(rows)}份，已交{len(done)}份，其中逾期{len(late)}份",
        "en": f"{len(rows)} compliance reports due, {len(done)} handed in, {len(late)} of them late",
        "level_zh": "齐全" if not missing else f"未交{len(missing)}份",
        "level_en": "complete" if not missing else f"{len(missing)} missing",
    }
    named = [
        {
            "zh": f"未交：{row['title']['zh']}（{row['due_on']}到期）",
            "en": f"missing: {row['title']['en']} ({row['due_on']})",
        }
        for row in missing[:20]
    ]
    return [summary, *named], len(missing)


def _declared(ctx: HandlerContext, unit: uuid.UUID, first: date, last: date) -> list[dict[str, Any]]:
    """What the unit declared year by year (年度总量申报)."""
    return [
        _against(
            f"{row['year']}年总量申报", f"declared for {row['year']}", row["factor"], row["actual"], row["permitted"]
        )
        for row in totals.of_years(ctx.conn, unit, first.year, last.year)
    ]


def _told(rows: Sequence[Mapping[str, Any]], permitted: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """What the application says was discharged, against the permit."""
    return [
        _against(
            f"{row.get('year')}年实际排放",
            f"discharged in {row.get('year')}",
            str(row.get("factor")),
            amount(row["amount_t"]),
            permitted.get(str(row.get("factor"))),
        )
        for row in rows
        if row.get("amount_t") not in (None, "")
    ]


def _against(zh: str, en: str, factor: str, actual: Decimal, allowed: Decimal | None) -> dict[str, Any]:
    level = (
        ("无许可量", "no permitted amount")
        if allowed is None
        else ("未超过", "within")
        if actual <= allowed
        else ("超过", "over")
    )
    limit = "—" if allowed is None else written(allowed)
    return {
        "zh": f"{zh}：{_name(factor)[0]}{written(actual)}吨，许可{limit}吨",
        "en": f"{en}: {_name(factor)[1]} {written(actual)} t, permitted {limit} t",
        "level_zh": level[0],
        "level_en": level[1],
    }


def _ledger(ctx: HandlerContext, unit: uuid.UUID, permitted: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """The amounts the quota ledger holds for the unit: a renewal moves none of them."""
    held = totals.permitted_by_ledger(ctx.conn, unit)
    return [
        {
            "zh": f"总量台账{_name(factor)[0]}：{written(have)}吨，许可证{written(permitted.get(factor, Decimal(0)))}吨，延续不增减指标",
            "en": f"ledger, {_name(factor)[1]}: {written(have)} t, permit {written(permitted.get(factor, Decimal(0)))} t; a renewal moves none",
        }
        for factor, have in sorted(held.items())
        if have
    ]


class _AnnouncementInputs(Schema):
    enterprise = Facts()
    body = fields.String(load_default="")
    number = fields.String(required=True)
    valid_from = Day(required=True)
    valid_to = Day(required=True)


class _Content(Schema):
    content = fields.Dict(required=True)


@handler(
    "renewal.announcement",
    title={"zh": "延续公开的内容", "en": "What the publication of a renewal says"},
    basis="《行政许可法》第40条；《排污许可管理条例》第14条",
    inputs=_AnnouncementInputs,
    outputs=_Content,
)
def announcement(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Whose permit was renewed, under which number and until when, and the remedies."""
    first, last = inputs["valid_from"], inputs["valid_to"]
    special = {
        "排污许可决定": f"准予延续（{chinese(ctx.act_date)}），有效期自{chinese(first)}至{chinese(last)}",
        "排污许可证": f"证书编号{inputs['number']}",
        "救济途径": remedies(ctx.act_date),
    }
    return content_of({"application": {}, **inputs}, ctx, special)
