"""Reception: a deficiency notice names everything at once.

Law: 行政许可法 art. 32(1)(4) and 72(4), 排污许可管理条例 art. 9(1)(4). A second notice may only repeat
what the first one named and is still missing, or name a fault of the corrected material itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from handlers.fields import Day, Rows
from handlers.registry import HandlerContext, handler
from registers.laws import cite, cite_all


def new_demands(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines of a second notice that the law forbids: new, and not caused by the correction."""
    named = {(row.get("section"), _words(row)) for row in first}
    sections = {row.get("section") for row in first}
    return [
        row
        for row in second
        if (row.get("section"), _words(row)) not in named
        and not (row.get("from_correction") is True and row.get("section") in sections)
    ]


def _words(row: Mapping[str, Any]) -> str:
    return "".join(str(row.get("item") or "").split())


class _SecondInputs(Schema):
    first = Rows()
    second = Rows()


class _SecondOutputs(Schema):
    allowed = fields.Boolean(required=True)
    refused = Rows()
    sections = fields.List(fields.String())
    zh = fields.String()
    en = fields.String()


@handler(
    "reception.second_notice",
    title={"zh": "再次补正的合法性检查", "en": "Whether a further deficiency notice is lawful"},
    basis="《行政许可法》第32条第1款第4项、第72条第4项；《排污许可管理条例》第9条第1款第4项",
    inputs=_SecondInputs,
    outputs=_SecondOutputs,
)
def second_notice(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Refuse a second notice that names something the first did not name."""
    refused = new_demands(inputs["first"], inputs["second"])
    zh_basis, en_basis = cite_all(["APL:32(1)(4)", "APL:72"])
    names = "、".join(str(row.get("item")) for row in refused)
    return {
        "allowed": not refused,
        "refused": [dict(row) for row in refused],
        "sections": sections_of(inputs["second"]),
        "zh": f"首次告知未列明：{names}。补正须一次性告知（{zh_basis}）。" if refused else "",
        "en": f"Not named in the first notice: {names} ({en_basis})." if refused else "",
    }


class _FirstInputs(Schema):
    items = Rows()


class _FirstOutputs(Schema):
    sections = fields.List(fields.String(), required=True)
    items = Rows()


@handler(
    "reception.first_notice",
    title={"zh": "一次性告知", "en": "The one-time notice"},
    basis="《行政许可法》第32条第1款第4项；《排污许可管理条例》第9条第1款第4项",
    inputs=_FirstInputs,
    outputs=_FirstOutputs,
)
def first_notice(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Keep what the first notice names; later notices are measured against it."""
    return {"sections": sections_of(inputs["items"]), "items": inputs["items"]}


class _ReceivedInputs(Schema):
    pass


class _ReceivedOutputs(Schema):
    on = Day(required=True)


@handler(
    "reception.received",
    title={"zh": "登记收件日期", "en": "Day of receipt"},
    basis="《行政许可法》第32条第1款第4项、第5项",
    inputs=_ReceivedInputs,
    outputs=_ReceivedOutputs,
)
def received(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The day on which the material (or its correction) arrived."""
    return {"on": ctx.act_date}


_OUTCOMES = {
    "accepted": ("受理", "accepted", "APL:32(1)(5)"),
    "deemed_accepted": ("逾期未告知，视为受理", "deemed accepted", "APL:32(1)(4)"),
    "not_needed": ("依法不需要取得许可", "no licence needed", "APL:32(1)(1)"),
    "not_competent": ("不属于本机关职权范围", "another body decides", "APL:32(1)(2)"),
}


class _ResultInputs(Schema):
    outcome = fields.String(required=True, validate=OneOf(tuple(_OUTCOMES)))
    received_on = Day(required=True)


class _ResultOutputs(Schema):
    outcome = fields.String(required=True)
    accepted = fields.Boolean(required=True)
    accepted_on = Day(required=True, allow_none=True)
    zh = fields.String()
    en = fields.String()
    basis_zh = fields.String()
    basis_en = fields.String()


@handler(
    "reception.result",
    title={"zh": "受理结果", "en": "Outcome of the reception"},
    basis="《行政许可法》第32条；《排污许可管理条例》第9条",
    inputs=_ResultInputs,
    outputs=_ResultOutputs,
)
def result(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Whether and from what day the application counts as accepted: by silence, from the day of receipt."""
    zh, en, basis = _OUTCOMES[inputs["outcome"]]
    basis_zh, basis_en = cite(basis)
    accepted = inputs["outcome"] in ("accepted", "deemed_accepted")
    by_silence = inputs["outcome"] == "deemed_accepted"
    return {
        "outcome": inputs["outcome"],
        "accepted": accepted,
        "accepted_on": (inputs["received_on"] if by_silence else ctx.act_date) if accepted else None,
        "zh": zh,
        "en": en,
        "basis_zh": basis_zh,
        "basis_en": basis_en,
    }


def sections_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sections that rows name, each once, in order."""
    return list(dict.fromkeys(str(row["section"]) for row in rows if row.get("section")))
