"""What the procedures of pilots and parks write into the register, and the rules they follow.

Plan drafted and filed, reviewed, requested, approved, reported on, changed, evaluated, decided: each step works for the
pilot of its case. A decision is checked before it is made: what was vetoed does not pass, an extension is asked for by the
pilot, and who is disqualified for missed milestones has missed some.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select, update

from handlers.fields import Day, Facts, Rows
from handlers.registry import HandlerContext, HandlerError, handler
from registers import parties, pilot_events, pilots
from registers.errors import DomainError
from registers.pilot_tables import DECISIONS, GROUNDS, Park, Pilot, Programme
from registers.pilot_tables import PilotTask as Task

PLAN = "《江苏省产业园区生态环境政策集成改革试点方案》三"
ECO = "《关于进一步做好国家生态工业示范园区建设工作的指导意见（征求意见稿）》"
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


class _Done(Schema):
    done = fields.Boolean(required=True)


class _EnterInputs(Schema):
    plan = Facts(required=True)
    programme = fields.String(load_default="")


class _EnterOutputs(Schema):
    id = fields.String(required=True)
    code = fields.String(required=True)
    title = fields.String(required=True)
    approver = fields.String(required=True)
    programme = fields.String(required=True)


@handler(
    "pilot.enter",
    title={"zh": "登记试点方案", "en": "Enter the plan of a pilot"},
    basis=f"{PLAN}（一）",
    inputs=_EnterInputs,
    outputs=_EnterOutputs,
)
def enter(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The plan becomes a pilot of its programme, once for each case; a listed pilot of the documents is taken up as it is."""
    plan = inputs["plan"]
    case_id = _case(ctx)
    programme = str(inputs["programme"] or plan.get("programme") or "")
    name = ctx.conn.scalar(select(Programme.code).where(Programme.code == programme).with_for_update())
    if name is None:
        raise HandlerError(
            "programme", f"没有试点项目“{programme}”，请先载入。", f"There is no programme {programme}; load it first."
        )
    known = ctx.conn.scalar(select(Pilot.id).where(Pilot.case_id == case_id))
    listed = _listed(ctx, str(plan.get("code") or "").strip()) if known is None else None
    lead = _own_body(ctx)
    approver = _top(ctx, lead)
    facts = {
        "lead_body_id": lead.id if lead else None,
        "approver_body_id": approver.id if approver else None,
        "case_id": case_id,
    }
    if known is None and listed is None:
        known = _new(ctx, plan, programme, facts)
    elif listed is not None:
        known = listed
        ctx.conn.execute(update(Pilot).where(Pilot.id == known).values(**facts, status="filed"))
    assert known is not None
    _add_tasks(ctx, known, plan.get("tasks") or [])
    pilot = pilots.one(ctx.conn, known)
    return {
        "id": str(known),
        "code": pilot["code"],
        "title": pilot["title"]["zh"],
        "approver": approver.code if approver else "",
        "programme": programme,
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
    outputs=_Done,
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


class _RequestInputs(Schema):
    request = Facts(required=True)


class _RequestOutputs(Schema):
    title = fields.String(required=True)
    own = fields.Boolean(required=True)
    lines = Rows()
    count = fields.Integer(required=True)


@handler(
    "pilot.request",
    title={"zh": "汇总请示", "en": "Consolidate the request"},
    basis="《江苏省生态环境厅关于开展生态环境部固定污染源排污许可管理试点工作的请示》",
    inputs=_RequestInputs,
    outputs=_RequestOutputs,
)
def request(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """All reviewed pilots of the programme under the same approving body, in one request; or this one joins an earlier one."""
    told = inputs["request"]
    pilot = pilots.one(ctx.conn, pilot_of(ctx))
    own = told.get("mode") != "join"
    query = select(Pilot.__table__).where(
        Pilot.programme == pilot["programme"],
        Pilot.status == "reviewed",
        Pilot.approver_body_id == pilot["approver_body_id"],
    )
    rows = [dict(row) for row in ctx.conn.execute(query.order_by(Pilot.code).limit(500)).mappings()] if own else [pilot]
    lines = [
        {
            "number": str(place),
            "city": row["city"],
            "title": row["title"]["zh"],
            "lead": row["lead"],
            "deadline": row["deadline_on"].isoformat() if row["deadline_on"] else "—",
        }
        for place, row in enumerate(rows, 1)
    ]
    programme = next(row for row in pilots.programmes(ctx.conn) if row["code"] == pilot["programme"])
    return {"title": f"关于开展{programme['title']['zh']}的请示", "own": own, "lines": lines, "count": len(lines)}


class _Nothing(Schema):
    pass


class _TasksOutputs(Schema):
    rows = Rows()
    late = fields.Integer(required=True)
    open = fields.Integer(required=True)


@handler(
    "pilot.tasks",
    title={"zh": "试点任务现状", "en": "The tasks of the pilot as they stand"},
    basis=f"{PLAN}（二）",
    inputs=_Nothing,
    outputs=_TasksOutputs,
)
def tasks(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Every task that is not done with its date, for the report to start from."""
    pilot_id = pilot_of(ctx)
    standings = {one.key: one for one in pilots.standings(ctx.conn, [pilot_id], ctx.act_date)[pilot_id]}
    rows = [
        {
            "key": task["key"],
            "title": task["title"]["zh"],
            "due_on": standings[task["key"]].due_on,
            "deliverable": task["deliverable"],
        }
        for task in pilots.tasks_of(ctx.conn, [pilot_id])[pilot_id]
        if task["actual_on"] is None
    ]
    late = sum(one.state == "late" for one in standings.values())
    return {"rows": rows, "late": late, "open": len(rows)}


class _ProgressInputs(Schema):
    rows = Rows(required=True)


class _ProgressOutputs(Schema):
    reached = fields.Integer(required=True)
    problems = Rows()


@handler(
    "pilot.progress",
    title={"zh": "登记完成的任务和成果", "en": "Enter tasks done and what they delivered"},
    basis=f"{PLAN}（二）",
    inputs=_ProgressInputs,
    outputs=_ProgressOutputs,
)
def progress(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Each row with a day of completion is done on that day; a day that lies ahead is told back and not entered."""
    pilot_id = pilot_of(ctx)
    known = {task["key"]: task for task in pilots.tasks_of(ctx.conn, [pilot_id])[pilot_id]}
    reached, problems = 0, []
    for place, row in enumerate(inputs["rows"]):
        done_on = row.get("done_on")
        if done_on is None:
            continue
        day = done_on if isinstance(done_on, date) else date.fromisoformat(str(done_on))
        task = known.get(str(row.get("key")))
        if task is None or day > ctx.act_date:
            problems.append(
                {
                    "path": f"rows.{place}",
                    "zh": "任务编号不存在，或者完成日期晚于今天。",
                    "en": "Not a task, or a day ahead.",
                }
            )
            continue
        note = str(row.get("note") or "")
        pilots.reach(ctx.conn, pilot_id, task["key"], day, now=ctx.time.now(), by=by(ctx), reason=note)
        if row.get("deliverable"):
            file_id = uuid.UUID(str(row["file"])) if row.get("file") else None
            pilots.deliver(
                ctx.conn,
                pilot_id,
                task["key"],
                title=str(row["deliverable"]),
                note=note,
                by=by(ctx)[1],
                now=ctx.time.now(),
                file_id=file_id,
            )
        reached += 1
    return {"reached": reached, "problems": problems}


class _ReportInputs(Schema):
    kind = fields.String(required=True)
    light = fields.String(load_default="green")
    said = fields.String(required=True)


@handler(
    "pilot.report",
    title={"zh": "登记情况报告", "en": "Enter a report on how the pilot stands"},
    basis=f"{PLAN}（三）",
    inputs=_ReportInputs,
    outputs=_Done,
)
def report(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """A periodic, yearly or final report, a self-evaluation, an on-site check: kept with its light."""
    told = {name: inputs[name] for name in ("kind", "light", "said")}
    pilots.report(ctx.conn, pilot_of(ctx), on=ctx.act_date, by=by(ctx)[1], now=ctx.time.now(), **told)
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
        until = decision.get("until")
        if asked.get("extension") is not True:
            return "延长期限须由试点单位申请。", "An extension is asked for by the pilot."
        if until is None or (until if isinstance(until, date) else date.fromisoformat(str(until))) <= today:
            return "请填写今天以后的新期限。", "Give a new date that lies ahead."
    if outcome == "disqualified" and ground not in GROUNDS:
        return "请选择取消资格的情形。", "Choose the ground of disqualification."
    if outcome == "disqualified" and ground == "milestones_missed" and not late:
        return "登记中没有逾期任务，不能以未按期完成为由取消资格。", "No task is late: missed milestones are no ground."
    return None


# -- helpers ------------------------------------------------------------------------------------------------------


def _case(ctx: HandlerContext) -> uuid.UUID:
    if ctx.case_id is None:
        raise HandlerError("no_case", "该步骤须在案件中办理。", "This step belongs to a case.")
    return ctx.case_id


def pilot_of(ctx: HandlerContext) -> uuid.UUID:
    """The pilot the case carries."""
    return pilots.of_case(ctx.conn, _case(ctx))


def by(ctx: HandlerContext) -> tuple[uuid.UUID | None, str]:
    """Who does it: id and name."""
    name = ctx.conn.scalar(select(parties.User.name).where(parties.User.id == ctx.actor_id)) if ctx.actor_id else None
    return ctx.actor_id, name or "系统"


def _own_body(ctx: HandlerContext) -> parties.BodyRef | None:
    """The body of who drafted the plan: it leads the pilot."""
    query = select(parties.UserRole.body_id).where(
        parties.UserRole.user_id == ctx.actor_id, parties.UserRole.body_id.is_not(None)
    )
    found = ctx.conn.scalar(query.order_by(parties.UserRole.body_id).limit(1))
    return parties.body(ctx.conn, found) if found else None


def _top(ctx: HandlerContext, lead: parties.BodyRef | None) -> parties.BodyRef | None:
    """The highest body above the lead: it approves."""
    here = lead
    for _ in range(10):
        parent = ctx.conn.scalar(select(parties.Body.parent_id).where(parties.Body.id == here.id)) if here else None
        if parent is None:
            return here
        here = parties.body(ctx.conn, parent)
    return here


def _listed(ctx: HandlerContext, code: str) -> uuid.UUID | None:
    """A pilot of the documents that no case carries yet, by its code."""
    if not code:
        return None
    found: uuid.UUID | None = ctx.conn.scalar(
        select(Pilot.id).where(Pilot.code == code, Pilot.case_id.is_(None), Pilot.status == "listed")
    )
    return found


def _new(ctx: HandlerContext, plan: Mapping[str, Any], programme: str, facts: Mapping[str, Any]) -> uuid.UUID:
    count = ctx.conn.execute(select(Pilot.code).where(Pilot.programme == programme)).fetchall()
    code = f"{programme}-{ctx.act_date.year}-{len(count) + 1:03d}"
    park = ctx.conn.scalar(select(Park.code).where(Park.code == str(plan.get("park") or "")))
    title = str(plan["title"])[:300]
    until = plan.get("until")
    return pilots.create(
        ctx.conn,
        code=code,
        programme=programme,
        status="filed",
        title={"zh": title, "en": title},
        city=str(plan.get("city") or "")[:100],
        lead=str(plan.get("lead") or "")[:300],
        source=str(plan.get("source") or "试点实施方案")[:300],
        supporting=[part.strip() for part in str(plan.get("supporting") or "").split("、") if part.strip()],
        park_code=park,
        deadline_on=until if isinstance(until, date) or until is None else date.fromisoformat(str(until)),
        now=ctx.time.now(),
        **facts,
    )


def _add_tasks(ctx: HandlerContext, pilot_id: uuid.UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """The tasks of the plan; those of an earlier draft stay when they are named again and go when they are not."""
    known = {
        row.key: row.title["zh"]
        for row in ctx.conn.execute(select(Task.key, Task.title).where(Task.pilot_id == pilot_id))
    }
    fresh = [row for row in rows if str(row.get("title")) not in known.values()]
    given = [
        {
            "key": f"p{len(known) + place:02d}",
            "title": {"zh": str(row["title"])[:300], "en": str(row["title"])[:300]},
            "start": str(row.get("start") or ""),
            "due": str(row.get("due") or ""),
            "deliverable": str(row.get("deliverable") or "")[:500],
            "source": "试点实施方案",
        }
        for place, row in enumerate(fresh, 1)
    ]
    try:
        pilots.enter_tasks(ctx.conn, pilot_id, given, now=ctx.time.now(), by=by(ctx))
    except ValueError:
        raise DomainError("tasks", "任务日期不正确。", "A date of a task is not right.", pointer="tasks") from None
