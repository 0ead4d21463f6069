"""Evaluating a pilot: the scheme in force, the evaluators' sheets, the questionnaire, the result.

Law: 江苏省产业园区生态环境政策集成改革试点方案 三（三）: 绩效评估, 社会评价或者第三方评估. The computing itself stands in `handlers.scoring`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Amount, Day, Facts, Rows
from handlers.pilots import PLAN, by, pilot_of
from handlers.registry import HandlerContext, HandlerError, handler
from handlers.scoring import compute
from registers import pilots, scoring


class _OpenInputs(Schema):
    scheme = fields.String(required=True)


class _OpenOutputs(Schema):
    rows = Rows()
    vetoes = Rows()
    seats = Rows()
    least = fields.Integer(required=True)
    scheme = fields.String(required=True)


@handler(
    "scoring.open",
    title={"zh": "按评分方案开始评估", "en": "Open an evaluation by its scheme"},
    basis=f"{PLAN}（三）",
    inputs=_OpenInputs,
    outputs=_OpenOutputs,
)
def open_(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The newest published version of the scheme; its indicators and vetoes are what each evaluator fills in."""
    opened = scoring.open_evaluation(ctx.conn, pilot_of(ctx), inputs["scheme"], ctx.act_date)
    content = opened["scheme"]["content"]
    rows = [
        {"key": one["key"], "indicator": one["title"]["zh"], "weight": f"{one['weight']}%", "asked": one["evidence"]}
        for one in content["indicators"]
    ]
    vetoes = [{"key": one["key"], "veto": one["title"]["zh"], "found": False} for one in content["vetoes"]]
    name = f"{opened['scheme']['title']['zh']} 第{opened['scheme']['version']}版"
    # Every seat is one evaluator's: all of them score at the same time and none sees another's sheet.
    seats = [{"seat": number} for number in range(1, content["least"] + 1)]
    return {"rows": rows, "vetoes": vetoes, "seats": seats, "least": content["least"], "scheme": name}


class _SheetInputs(Schema):
    sheet = Facts(required=True)


class _SheetOutputs(Schema):
    accepted = fields.Boolean(required=True)
    valid = fields.Boolean(required=True)
    counted = fields.Integer(required=True)
    complete = fields.Boolean(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


@handler(
    "scoring.sheet",
    title={"zh": "登记评委评分", "en": "Take in an evaluator's sheet"},
    basis=f"{PLAN}（三）",
    inputs=_SheetInputs,
    outputs=_SheetOutputs,
)
def sheet(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """One sheet a person; who declares a conflict of interest is not counted, and another takes the seat."""
    told = inputs["sheet"]
    opened = scoring.current(ctx.conn, pilot_of(ctx))
    if opened is None or ctx.actor_id is None:
        raise HandlerError("no_evaluation", "没有正在进行的评估。", "No evaluation is open.")
    conflict = str(told.get("conflict_reason") or "").strip() if told.get("conflict") == "yes" else ""
    known = {one["key"] for one in opened["scheme"]["content"]["indicators"]}
    accepted = scoring.hand_in(
        ctx.conn,
        opened["id"],
        user_id=ctx.actor_id,
        name=by(ctx)[1],
        conflict_reason=conflict,
        scores=[
            {"key": row["key"], "score": format(Decimal(row["score"]), "f"), "evidence": str(row.get("evidence") or "")}
            for row in told.get("rows") or []
            if row.get("key") in known and row.get("score") is not None
        ],
        vetoes=[
            {"key": row["key"], "evidence": str(row.get("evidence") or "有")}
            for row in told.get("vetoes") or []
            if row.get("found") is True
        ],
        comment=str(told.get("comment") or ""),
        now=ctx.time.now(),
    )
    sheets = scoring.evaluation(ctx.conn, opened["id"])["sheets"]
    counted = sum(not one["conflict"] for one in sheets)
    least = opened["scheme"]["content"]["least"]
    zh, en = f"有效评分{counted}份，至少{least}份。", f"{counted} sheets count; {least} are needed."
    if not accepted:
        zh, en = "您已评过分，请由其他评委评分。", "You have scored already; another evaluator is needed."
    return {
        "accepted": accepted,
        "valid": accepted and not conflict,
        "counted": counted,
        "complete": counted >= least,
        "zh": zh,
        "en": en,
    }


class _ResultInputs(Schema):
    satisfaction = Amount(load_default=None, allow_none=True)


class _ResultOutputs(Schema):
    total = Amount(required=True)
    grade = fields.String(required=True)
    grade_zh = fields.String(required=True)
    grade_en = fields.String(required=True)
    evaluators = fields.Integer(required=True)
    needed = fields.Integer(required=True)
    excluded = Rows()
    lines = Rows()
    vetoes = Rows()


@handler(
    "scoring.result",
    title={"zh": "计算评分结果", "en": "Compute the score"},
    basis=f"{PLAN}（三）",
    inputs=_ResultInputs,
    outputs=_ResultOutputs,
)
def result(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Weighted points line by line with mean and spread, gates and one-vote vetoes; the result is fixed with that."""
    opened = scoring.current(ctx.conn, pilot_of(ctx))
    if opened is None:
        raise HandlerError("no_evaluation", "没有正在进行的评估。", "No evaluation is open.")
    found = compute(opened["scheme"]["content"], opened["sheets"], inputs["satisfaction"])
    kept = json.loads(json.dumps(found, default=lambda value: format(value, "f"), ensure_ascii=False))
    scoring.close_evaluation(ctx.conn, opened["id"], kept, ctx.time.now())
    return found


class _SurveyInputs(Schema):
    days = fields.Integer(load_default=30)
    closes_on = Day(load_default=None)


class _SurveyOutputs(Schema):
    id = fields.String(required=True)
    closes_on = Day(required=True)


@handler(
    "survey.open",
    title={"zh": "发布企业问卷", "en": "Open a questionnaire to enterprises"},
    basis=f"{PLAN}（三）：社会评价",
    inputs=_SurveyInputs,
    outputs=_SurveyOutputs,
)
def survey_open(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """A questionnaire about the pilot; its invitations are made on the pilot's page, one link for each enterprise."""
    pilot_id = pilot_of(ctx)
    pilot = pilots.one(ctx.conn, pilot_id)
    closes_on = inputs["closes_on"] or ctx.act_date + timedelta(days=inputs["days"])
    title = {"zh": f"{pilot['title']['zh']}：企业问卷", "en": f"{pilot['title']['en']}: questionnaire"}
    made = scoring.open_survey(ctx.conn, pilot_id, title, on=ctx.act_date, closes_on=closes_on)
    return {"id": str(made), "closes_on": closes_on}


class _SurveyEndInputs(Schema):
    survey = fields.UUID(required=True)


class _SurveyEndOutputs(Schema):
    answers = fields.Integer(required=True)
    satisfaction = Amount(allow_none=True, required=True)


@handler(
    "survey.close",
    title={"zh": "结束企业问卷", "en": "Close a questionnaire"},
    basis=f"{PLAN}（三）：社会评价",
    inputs=_SurveyEndInputs,
    outputs=_SurveyEndOutputs,
)
def survey_close(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """How many answered and how content they are, from 0 to 100; without answers there is no figure."""
    scoring.close_survey(ctx.conn, inputs["survey"], ctx.time.now())
    found = scoring.results(ctx.conn, inputs["survey"])
    return {"answers": found["answers"], "satisfaction": found["satisfaction"]}
