"""What the procedures of pilots write into the register while they run: the plan, the request, tasks, progress, reports.

Each step works for the pilot of its case. What is decided on a pilot stands in `pilot_decisions`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select, update

from handlers.fields import Done, Facts, Rows, day_of, optional_day
from handlers.registry import HandlerContext, HandlerError, handler
from registers import parties, pilots
from registers.errors import DomainError
from registers.pilot_tables import Park, Pilot, Programme
from registers.pilot_tables import PilotTask as Task

PLAN = "《江苏省产业园区生态环境政策集成改革试点方案》三"


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
        day = day_of(done_on)
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
    outputs=Done,
)
def report(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """A periodic, yearly or final report, a self-evaluation, an on-site check: kept with its light."""
    told = {name: inputs[name] for name in ("kind", "light", "said")}
    pilots.report(ctx.conn, pilot_of(ctx), on=ctx.act_date, by=by(ctx)[1], now=ctx.time.now(), **told)
    return {"done": True}


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
        deadline_on=optional_day(until),
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
