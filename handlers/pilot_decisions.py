"""Decisions on a pilot: what they make of it, and whether one stands on what is known.

What was vetoed does not pass, an extension is asked for by the pilot, and who is disqualified for missed milestones has missed some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, fields, validate

from handlers.fields import Day, Done, Facts, Rows, optional_day
from handlers.pilots import PLAN, by, pilot_of
from handlers.registry import HandlerContext, handler
from registers import pilot_events, pilots
from registers.pilot_tables import DECISIONS, GROUNDS

# What a decision makes of the pilot.
STATUS_AFTER: Mapping[str, str] = {
    "filed": "filed",
    "reviewed": "reviewed",
    "requested": "requested",
    "approved": "running",
    "refused": "refused",
    "evaluating": "evaluating",
    "extended": "running",
    "passed": "passed",
    "promoted": "promoted",
    "disqualified": "disqualified",
    "named": "named",
    "verified": "named",
    "warned": "warned",
    "cured": "named",
    "revoked": "revoked",
}


class _DecideInputs(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(list(DECISIONS)))
    reason = fields.String(load_default="")
    ground = fields.String(load_default="")
    document = fields.String(load_default="")
    until = Day(load_default=None)


@handler(
    "pilot.decide",
    title={"zh": "登记试点决定", "en": "Enter a decision on a pilot"},
    basis=f"{PLAN}（二）、（三）",
    inputs=_DecideInputs,
    outputs=Done,
)
def decide(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The decision with its ground and document, and the status it gives the pilot."""
    pilots.decide(
        ctx.conn,
        pilot_of(ctx),
        inputs["kind"],
        on=ctx.act_date,
        reason=inputs["reason"] or DECISIONS[inputs["kind"]][0],
        now=ctx.time.now(),
        actor_name=by(ctx)[1],
        status=STATUS_AFTER.get(inputs["kind"]),
        document=inputs["document"],
        ground=inputs["ground"],
        case_id=ctx.case_id,
        deadline_on=inputs["until"],
    )
    return {"done": True}


class _VerdictInputs(Schema):
    decision = Facts(required=True)
    result = Facts()
    asked = Facts()


class _VerdictOutputs(Schema):
    allowed = fields.Boolean(required=True)
    outcome = fields.String(required=True)
    ground = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    late = Rows()


@handler(
    "pilot.verdict",
    title={"zh": "核对评估决定", "en": "Check a decision on a pilot"},
    basis=f"{PLAN}（二）：取消试点资格、延长试点期限；（三）：绩效评估",
    inputs=_VerdictInputs,
    outputs=_VerdictOutputs,
)
def verdict(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Whether the decision stands on what is known: the score, what the pilot asked for, what is late."""
    decision, result, asked = inputs["decision"], inputs["result"], inputs["asked"]
    outcome = str(decision.get("outcome") or "")
    ground = str(decision.get("ground") or "") if outcome == "disqualified" else ""
    late = pilots.late_tasks(ctx.conn, pilot_of(ctx), ctx.act_date)
    waiting = pilot_events.open_count(ctx.conn, pilot_of(ctx))
    refused = _waits(outcome, waiting) or _refusal(
        outcome, ground, str(result.get("grade") or ""), asked, decision, late, ctx.act_date
    )
    zh, en = refused or ("决定符合要求。", "The decision stands.")
    lines = [{"title": row["title"]["zh"], "due_on": row["due_on"], "days": row["days"]} for row in late]
    return {"allowed": refused is None, "outcome": outcome, "ground": ground, "zh": zh, "en": en, "late": lines}


def _waits(outcome: str, events: int) -> tuple[str, str] | None:
    """Nobody passes or goes on while an event that may cost the pilot its place waits to be settled."""
    if events and outcome != "disqualified":
        return f"尚有{events}项须处理的情形未处理，不能作出该决定。", f"{events} events wait to be settled first."
    return None


def _refusal(
    outcome: str,
    ground: str,
    grade: str,
    asked: Mapping[str, Any],
    decision: Mapping[str, Any],
    late: Sequence[Any],
    today: date,
) -> tuple[str, str] | None:
    if outcome in ("passed", "promoted", "named") and grade in ("vetoed", "failed", "incomplete"):
        return f"评分结果为“{grade}”，不能作出通过的决定。", f"The score says {grade}; it cannot pass."
    if outcome == "promoted" and grade != "promote":
        return "得分未达到推广的分数线。", "The score is below the mark for promotion."
    if outcome == "extended":
        until = optional_day(decision.get("until"))
        if asked.get("extension") is not True:
            return "延长期限须由试点单位申请。", "An extension is asked for by the pilot."
        if until is None or until <= today:
            return "请填写今天以后的新期限。", "Give a new date that lies ahead."
    if outcome == "disqualified" and ground not in GROUNDS:
        return "请选择取消资格的情形。", "Choose the ground of disqualification."
    if outcome == "disqualified" and ground == "milestones_missed" and not late:
        return "登记中没有逾期任务，不能以未按期完成为由取消资格。", "No task is late: missed milestones are no ground."
    return None
