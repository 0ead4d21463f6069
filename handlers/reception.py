"""Reception: a deficiency notice names everything at once.

Law: 行政许可法 art. 32(1)(4) and 72(4), 排污许可管理条例 art. 9(1)(4). A second notice may only repeat
what the first one named and is still missing, or name a fault of the corrected material itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Facts, Rows
from handlers.registry import HandlerContext, handler
from registers.laws import cite_all


def new_demands(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
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


class _SectionsInputs(Schema):
    items = Rows()


class _SectionsOutputs(Schema):
    sections = fields.List(fields.String(), required=True)
    count = fields.Integer(required=True)


@handler(
    "reception.returned_sections",
    title={"zh": "需补正的部分", "en": "Parts to be corrected"},
    basis="《行政许可法》第31条、第32条",
    inputs=_SectionsInputs,
    outputs=_SectionsOutputs,
)
def returned_sections(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The sections of the application that a notice sends back; only these are asked again."""
    return {"sections": sections_of(inputs["items"]), "count": len(inputs["items"])}


class _MergeInputs(Schema):
    application = Facts(required=True)
    correction = Facts(required=True)


class _MergeOutputs(Schema):
    application = fields.Dict(required=True)


@handler(
    "reception.merge",
    title={"zh": "并入补正材料", "en": "Take in the corrected material"},
    basis="《行政许可法》第32条第1款第5项",
    inputs=_MergeInputs,
    outputs=_MergeOutputs,
)
def merge(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The application with the corrected parts in place of the old ones; the rest stays as submitted."""
    given = {key: value for key, value in inputs["correction"].items() if value is not None}
    return {"application": {**inputs["application"], **given}}


def sections_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sections that rows name, each once, in order."""
    return list(dict.fromkeys(str(row["section"]) for row in rows if row.get("section")))
