"""The measures of a park's reform: which of the sixteen are taken up, and what shows that they are carried out.

Law: 江苏省产业园区生态环境政策集成改革试点方案 二、三（二）; 绍兴市支持小微企业园区建设发展若干环保服务举措（征求意见稿）.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select

from handlers.fields import Day, Rows
from handlers.pilots import PLAN, pilot_of
from handlers.registry import HandlerContext, handler
from registers import pilot_loading, pilots
from registers.pilot_tables import PilotMeasure


class _Nothing(Schema):
    pass


class _ChooseInputs(Schema):
    rows = Rows(required=True)
    catalogue = fields.String(required=True, validate=validate.OneOf(["js2019", "sx16"]))


class _ChooseOutputs(Schema):
    chosen = fields.Integer(required=True)
    not_listed = fields.List(fields.String())


@handler(
    "reform.choose",
    title={"zh": "登记所选改革措施", "en": "Enter the chosen measures"},
    basis=f"{PLAN}（二）：选择本方案全部或部分内容；《绍兴市支持小微企业园区建设发展若干环保服务举措（征求意见稿）》",
    inputs=_ChooseInputs,
    outputs=_ChooseOutputs,
)
def choose(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The measures a park takes up out of the sixteen, each with how it means to do it; a later plan replaces the earlier."""
    pilot_id = pilot_of(ctx)
    known = {one["key"] for one in pilot_loading.measures(inputs["catalogue"])}
    wanted = {str(row.get("measure")): str(row.get("plan") or "") for row in inputs["rows"]}
    unknown = sorted(set(wanted) - known)
    pilots.choose_measures(ctx.conn, pilot_id, {key: plan for key, plan in wanted.items() if key in known})
    return {"chosen": len(wanted) - len(unknown), "not_listed": unknown}


class _EvidenceInputs(Schema):
    rows = Rows(required=True)


class _EvidenceOutputs(Schema):
    entered = fields.Integer(required=True)


@handler(
    "reform.evidence",
    title={"zh": "登记措施佐证", "en": "Enter evidence of measures"},
    basis=f"{PLAN}（三）",
    inputs=_EvidenceInputs,
    outputs=_EvidenceOutputs,
)
def evidence(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """What shows that a measure is carried out, added to what is there."""
    said = {str(row.get("measure")): str(row.get("said") or "") for row in inputs["rows"] if row.get("said")}
    return {"entered": pilots.add_evidence(ctx.conn, pilot_of(ctx), said, ctx.act_date)}


class _StandOutputs(Schema):
    complete = fields.Boolean(required=True)
    rows = Rows()
    missing = fields.List(fields.String())


@handler(
    "reform.stand",
    title={"zh": "核对每项措施的佐证", "en": "Whether each chosen measure has evidence"},
    basis=f"{PLAN}（三）",
    inputs=_Nothing,
    outputs=_StandOutputs,
)
def stand(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The chosen measures with what is on record for each; complete when none is without evidence."""
    names = {one["key"]: one["title"]["zh"] for one in pilot_loading.measures()}
    query = select(PilotMeasure.__table__).where(PilotMeasure.pilot_id == pilot_of(ctx)).order_by(PilotMeasure.measure)
    rows = [dict(row) for row in ctx.conn.execute(query).mappings()]
    missing = [names[row["measure"]] for row in rows if not row["evidence"]]
    lines = [{"measure": row["measure"], "title": names[row["measure"]]} for row in rows]
    return {"complete": bool(rows) and not missing, "rows": lines, "missing": missing}


class _TimelyInputs(Schema):
    due = Day(load_default=None)


class _TimelyOutputs(Schema):
    on = Day(required=True)
    late_days = fields.Integer(required=True)
    timely = fields.Boolean(required=True)


@handler(
    "reform.filed",
    title={"zh": "核对备案日期", "en": "Whether the plan was filed in time"},
    basis=f"{PLAN}（一）：按期报省生态环境厅备案",
    inputs=_TimelyInputs,
    outputs=_TimelyOutputs,
)
def filed(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """By how many days the filing is late; late filing is recorded and no ground to refuse it."""
    late = max((ctx.act_date - inputs["due"]).days, 0) if inputs["due"] else 0
    return {"on": ctx.act_date, "late_days": late, "timely": late == 0}
