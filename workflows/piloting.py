"""Pilots and parks for the people who work with them: who sees and keeps which, and what is entered outside a case.

Officials see the register; an enterprise does not. A pilot is kept by the officers of its lead body and of the body that
approves it, and by those who supervise either. What a procedure decides (`bpmn/pilot_evaluation` and its sisters) is
entered by its handlers; here is the rest: what was reached, pushed, delivered, reported, measured, and risks.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select, update

from registers import milestones, parties, pilot_events, pilot_loading, pilots
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.files import StoredFileRow
from registers.pilot_tables import (
    CAUSES,
    LIGHTS,
    Park,
    Pilot,
    PilotIndicator,
    PilotRisk,
    PilotSlip,
    PilotValue,
)
from registers.timesource import CHINA
from workflows import milestoning
from workflows.commands import Answer, Step, command
from workflows.deskwork import parsed_position

KEEPERS = ("window", "reviewer", "head", "supervisor")
REPORTS: dict[str, tuple[str, str]] = {
    "month": ("月报", "monthly report"),
    "quarter": ("季报", "quarterly report"),
    "half": ("半年报", "half-year report"),
    "year": ("年报", "yearly report"),
    "self": ("自评估", "self-evaluation"),
    "third": ("第三方评估", "third-party evaluation"),
    "site": ("现场检查", "on-site check"),
    "final": ("总结报告", "final report"),
    "experience": ("经验总结", "summary of experience"),
}


def may_see(actor: Actor) -> bool:
    """Officials see the register of pilots and parks."""
    return actor.is_system or (actor.id is not None and actor.enterprise_id is None)


def see(conn: Connection, actor: Actor, pilot_id: uuid.UUID) -> dict[str, Any]:
    """The pilot, or NotFound for whoever may not know of it."""
    if not may_see(actor):
        raise NotFound("没有这个试点，或您无权查看。", "There is no such pilot, or it is not yours to see.")
    return pilots.one(conn, pilot_id)


def require_seeing(actor: Actor) -> None:
    """Refuse those who are not officials."""
    if not may_see(actor):
        raise Forbidden("试点和园区由机关人员查看。", "Pilots and parks are for officials.")


def keeps(actor: Actor, pilot: dict[str, Any]) -> bool:
    """Whether the person keeps this pilot."""
    bodies = {pilot["lead_body_id"], pilot["approver_body_id"]} - {None}
    return actor.is_system or bool(bodies & actor.supervised) or any(actor.has(r, b) for r in KEEPERS for b in bodies)


def keeps_register(actor: Actor) -> bool:
    """Whether the person may load what the documents say, and say which bodies lead and approve."""
    return actor.is_system or bool(actor.role_names & {"system_admin", "supervisor"})


def _kept(step: Step, pilot_id: uuid.UUID) -> dict[str, Any]:
    pilot = see(step.conn, step.actor, pilot_id)
    if not keeps(step.actor, pilot):
        raise Forbidden(
            "该试点由牵头单位和审批机关的经办人员维护。",
            "This pilot is kept by the officers of its lead and approving bodies.",
        )
    return pilot


def _may_plan(conn: Connection, actor: Actor, pilot_id: uuid.UUID) -> bool:
    return keeps(actor, pilots.one(conn, pilot_id))


milestoning.OWNERS[pilots.KIND] = milestoning.Owner(
    see,
    _may_plan,
    lambda conn, rt, pilot_id: (),
    lambda step, pilot_id, kind, facts: None,  # the log of revisions is the record
)


def by(step: Step) -> tuple[uuid.UUID | None, str]:
    """Who does it, as the registers write it down."""
    return step.actor.id, step.actor.name


# -- the register -----------------------------------------------------------------------------------------


@command("pilot.load")
def load(step: Step) -> Answer:
    """Enter the programmes, parks and pilots of the source documents; what is there stays as it is."""
    if not keeps_register(step.actor):
        raise Forbidden("由监管人员或者系统管理员载入。", "Supervisors and system administrators load them.")
    return pilot_loading.load(step.conn, now=step.now, by=by(step))


@command("pilot.assign")
def assign(step: Step, *, pilot_id: uuid.UUID, lead: str, approver: str) -> Answer:
    """Say which bodies of this installation lead a pilot and approve it."""
    pilot = see(step.conn, step.actor, pilot_id)
    if not (keeps_register(step.actor) or keeps(step.actor, pilot)):
        raise Forbidden("由监管人员或者系统管理员指定。", "Supervisors and system administrators assign bodies.")
    bodies = {
        "lead_body_id": parties.body_by_code(step.conn, lead).id if lead else None,
        "approver_body_id": parties.body_by_code(step.conn, approver).id if approver else None,
    }
    step.conn.execute(update(Pilot).where(Pilot.id == pilot_id).values(**bodies))
    return {"pilot_id": pilot_id, "lead": lead, "approver": approver}


@command("park.save")
def save_park(step: Step, *, code: str, facts: dict[str, Any]) -> Answer:
    """Keep what is known of a park: where it is, area, sectors, infrastructure, negative list, planning EIA, body, zones."""
    park = pilots.park(step.conn, code)
    body_id = park["body_id"]
    if not (keeps_register(step.actor) or any(step.actor.has(role, body_id) for role in KEEPERS if body_id)):
        raise Forbidden("该园区由其管理机构的人员维护。", "This park is kept by the people of its body.")
    changed: dict[str, Any] = {
        key: facts[key] for key in ("sectors", "infrastructure", "negative_list", "planning_eia") if key in facts
    }
    if "area_km2" in facts:
        changed["area_km2"] = _positive(facts["area_km2"], "area_km2")
    if "position" in facts:
        changed["longitude"], changed["latitude"] = _place(str(facts["position"] or "").strip())
    if "zone_codes" in facts:
        known = {zone[0] for zone in parties.zones(step.conn)}
        unknown = [zone for zone in facts["zone_codes"] if zone not in known]
        if unknown:
            raise DomainError(
                "zone", f"没有功能区“{unknown[0]}”。", f"There is no zone {unknown[0]}.", pointer="zone_codes"
            )
        changed["zone_codes"] = list(facts["zone_codes"])
    if facts.get("body"):
        changed["body_id"] = parties.body_by_code(step.conn, facts["body"]).id
    step.conn.execute(
        update(Park).where(Park.code == code).values(**changed, changed_by=step.actor.id, changed_at=step.now)
    )
    return {"code": code, "changed": sorted(changed)}


def _place(text: str) -> tuple[Decimal | None, Decimal | None]:
    """Longitude and latitude in degrees out of words like “E120.72 N31.32”; nothing for an empty text."""
    if not text:
        return None, None
    found = parsed_position(text)
    if found is None:
        raise DomainError(
            "position",
            f"“{text}”不是位置，请写成“E120.72 N31.32”（东经、北纬，度）。",
            f"“{text}” is no position: write it like “E120.72 N31.32” (degrees east and north).",
            pointer="position",
        )
    return Decimal(str(found[0])), Decimal(str(found[1]))


# -- tasks and dates ----------------------------------------------------------------------------------------


@command("pilot.task")
def add_task(step: Step, *, pilot_id: uuid.UUID, title: str, due: date, deliverable: str, source: str) -> Answer:
    """Add a task with its date (the date is its baseline), what it delivers, and the document that says so."""
    _kept(step, pilot_id)
    if not title.strip() or not source.strip():
        raise DomainError("title", "请填写任务名称和依据。", "Name the task and its ground.", pointer="title")
    key = f"own-{uuid.uuid4().hex[:8]}"
    words = {"zh": title.strip()[:300], "en": title.strip()[:300]}
    row = {"key": key, "title": words, "due": due.isoformat(), "deliverable": deliverable[:500], "source": source[:300]}
    pilots.enter_tasks(step.conn, pilot_id, [row], now=step.now, by=by(step))
    return {"pilot_id": pilot_id, "key": key}


@command("pilot.reach")
def reach(step: Step, *, pilot_id: uuid.UUID, key: str, on: date, note: str = "") -> Answer:
    """Note the day on which a task was done."""
    _kept(step, pilot_id)
    if on > step.today:
        raise DomainError("on", "完成日期不能晚于今天。", "The day it was done cannot lie ahead.", pointer="on")
    pilots.reach(step.conn, pilot_id, key, on, now=step.now, by=by(step), reason=note[:2000])
    return {"pilot_id": pilot_id, "key": key, "on": on}


@command("pilot.push")
def push(step: Step, *, pilot_id: uuid.UUID, key: str, on: date, cause: str, reason: str) -> Answer:
    """Push a task to another day; the reason and whom the delay is put down to stay in the log."""
    pilot = _kept(step, pilot_id)
    if pilot["case_id"] is not None:
        raise Conflict(
            "change_in_case",
            "该试点由案件办理，调整方案须说明理由并经批准，请在案件中提出。",
            "A case carries this pilot: a change of plan is asked for there, with its reason, and approved.",
        )
    return push_task(step, pilot_id, key, on, cause, reason)


def push_task(step: Step, pilot_id: uuid.UUID, key: str, on: date, cause: str, reason: str) -> Answer:
    """The push itself, with its attribution; while an event that may cost the pilot its place waits, it gets no more time."""
    if waiting := pilot_events.open_count(step.conn, pilot_id):
        raise Conflict(
            "event_waits",
            f"尚有{waiting}项须处理的情形未处理，处理之前不得延期。",
            f"{waiting} events wait to be settled; until then nothing is put off.",
        )
    if cause not in CAUSES:
        raise DomainError("cause", "请选择延误原因方。", "Say whom the delay is put down to.", pointer="cause")
    moved = milestoning.push.function(step, owner_kind=pilots.KIND, owner_id=pilot_id, key=key, on=on, reason=reason)[
        "moved"
    ]
    slip = {"pilot_id": pilot_id, "cause": cause, "reason": reason.strip(), "at": step.now}
    rows = [
        {**slip, "id": uuid7(), "key": one["key"], "days": (one["new"] - one["old"]).days if one["old"] else 0}
        for one in moved
    ]
    step.conn.execute(insert(PilotSlip), rows)
    return {"pilot_id": pilot_id, "moved": len(rows)}


@command("pilot.deliver")
def deliver(
    step: Step, *, pilot_id: uuid.UUID, key: str, title: str, note: str = "", file_id: uuid.UUID | None = None
) -> Answer:
    """Hand in the next version of what a task delivers."""
    _kept(step, pilot_id)
    if file_id is not None:
        own = select(StoredFileRow.id).where(StoredFileRow.id == file_id, StoredFileRow.uploaded_by == step.actor.id)
        if step.conn.scalar(own) is None:
            raise NotFound("没有这个文件，请重新上传。", "There is no such file of yours.")
    version = pilots.deliver(
        step.conn, pilot_id, key, title=title, note=note, file_id=file_id, by=step.actor.name, now=step.now
    )
    return {"pilot_id": pilot_id, "key": key, "version": version}


@command("pilot.report")
def report(step: Step, *, pilot_id: uuid.UUID, kind: str, light: str, said: str) -> Answer:
    """Report how the pilot stands."""
    _kept(step, pilot_id)
    if kind not in REPORTS or light not in LIGHTS:
        raise DomainError("kind", "请选择报告种类和状态。", "Choose the kind of report and its light.", pointer="kind")
    pilots.report(step.conn, pilot_id, kind, on=step.today, light=light, said=said, by=step.actor.name, now=step.now)
    return {"pilot_id": pilot_id, "kind": kind}


@command("pilot.note")
def note(step: Step, *, pilot_id: uuid.UUID, reason: str, document: str = "") -> Answer:
    """Record a decision that changes no status; those that do are made in the pilot's case."""
    _kept(step, pilot_id)
    if not reason.strip():
        raise DomainError("reason", "请写明决定内容。", "Say what was decided.", pointer="reason")
    made = pilots.decide(
        step.conn,
        pilot_id,
        "note",
        on=step.today,
        reason=reason.strip(),
        document=document,
        now=step.now,
        actor_name=step.actor.name,
    )
    return {"decision_id": made}


# -- indicators and risks -----------------------------------------------------------------------------------


@command("pilot.indicator")
def indicator(
    step: Step,
    *,
    pilot_id: uuid.UUID,
    key: str,
    title: str,
    unit: str,
    better: str,
    source: str,
    baseline: Decimal | None = None,
    target: Decimal | None = None,
    target_on: date | None = None,
) -> Answer:
    """Enter an indicator with its baseline and target; they are set once, and never moved to fit what came."""
    _kept(step, pilot_id)
    if not key.strip() or not title.strip() or not source.strip() or better not in ("up", "down"):
        raise DomainError(
            "indicator", "请填写指标编号、名称、方向和依据。", "Key, name, direction and source are needed."
        )
    known = select(PilotIndicator.id).where(PilotIndicator.pilot_id == pilot_id, PilotIndicator.key == key)
    if step.conn.scalar(known) is not None:
        raise Conflict("indicator_known", "该指标已登记，基线和目标不再改变。", "This indicator stands already.")
    made = uuid7()
    words = {"zh": title.strip()[:200], "en": title.strip()[:200]}
    facts = {"baseline": baseline, "target": target, "target_on": target_on, "source": source[:300]}
    step.conn.execute(
        insert(PilotIndicator).values(
            id=made, pilot_id=pilot_id, key=key[:60], title=words, unit=unit[:40], better=better, **facts
        )
    )
    return {"indicator_id": made}


@command("pilot.value")
def value(step: Step, *, pilot_id: uuid.UUID, key: str, on: date, value: Decimal, source: str) -> Answer:
    """Enter a measured value of an indicator with where it comes from."""
    _kept(step, pilot_id)
    known = select(PilotIndicator.id).where(PilotIndicator.pilot_id == pilot_id, PilotIndicator.key == key)
    indicator_id = step.conn.scalar(known)
    if indicator_id is None:
        raise NotFound("没有这个指标。", "There is no such indicator.")
    if not source.strip() or on > step.today:
        raise DomainError(
            "source", "请填写来源，日期不能晚于今天。", "A source, and a day not ahead.", pointer="source"
        )
    row = {"on_date": on, "value": value, "source": source.strip()[:300], "entered_by": step.actor.name}
    step.conn.execute(insert(PilotValue).values(indicator_id=indicator_id, at=step.now, **row))
    return {"pilot_id": pilot_id, "key": key}


@command("pilot.risk")
def risk(step: Step, *, pilot_id: uuid.UUID, title: str, level: str, measures: str, owner: str) -> Answer:
    """Enter a risk, how bad it would be, and what is done about it."""
    _kept(step, pilot_id)
    if not title.strip() or level not in ("low", "middle", "high"):
        raise DomainError("title", "请填写风险及其等级。", "Name the risk and its level.", pointer="title")
    made = uuid7()
    facts = {"title": title.strip()[:300], "level": level, "measures": measures[:2000], "owner": owner[:100]}
    step.conn.execute(insert(PilotRisk).values(id=made, pilot_id=pilot_id, opened_on=step.today, **facts))
    return {"risk_id": made}


@command("pilot.risk_close")
def close_risk(step: Step, *, pilot_id: uuid.UUID, risk_id: uuid.UUID, closing: str) -> Answer:
    """Close a risk and say how it ended."""
    _kept(step, pilot_id)
    if not closing.strip():
        raise DomainError("closing", "请写明风险如何消除。", "Say how the risk ended.", pointer="closing")
    mine = (PilotRisk.id == risk_id) & (PilotRisk.pilot_id == pilot_id) & PilotRisk.closed_on.is_(None)
    done = step.conn.execute(update(PilotRisk).where(mine).values(closed_on=step.today, closing=closing.strip()[:2000]))
    if not done.rowcount:
        raise NotFound("没有这个未关闭的风险。", "There is no such open risk.")
    return {"risk_id": risk_id}


# -- reading --------------------------------------------------------------------------------------------------


def document(conn: Connection, actor: Actor, pilot_id: uuid.UUID, on: date) -> dict[str, Any]:
    """A pilot with all that is recorded of it, as it stood on a day."""
    pilot = see(conn, actor, pilot_id)
    tasks = pilots.tasks_of(conn, [pilot_id])[pilot_id]
    stood = pilots.standings(conn, [pilot_id], on)[pilot_id]
    programme = next(row for row in pilots.programmes(conn) if row["code"] == pilot["programme"])
    dossier = pilots.dossier(conn, pilot_id)
    past = {name: [row for row in dossier[name] if row["on_date"] <= on] for name in ("decisions", "reports")} | {
        name: [row for row in dossier[name] if row["at"].astimezone(CHINA).date() <= on]
        for name in ("deliverables", "slips")
    }
    return {
        **pilot,
        "on": on,
        "programme_title": programme["title"],
        "programme_notes": programme["notes"],
        "grounds": programme["grounds"],
        "tasks": [
            {**task, "state": one.state, "due_on": one.due_on, "done_on": one.done_on, "slip": one.slip}
            for task, one in zip(tasks, stood, strict=True)
        ],
        "park": pilots.park(conn, pilot["park_code"]) if pilot["park_code"] else None,
        "may_keep": keeps(actor, pilot),
        "events": [row for row in pilot_events.of_pilot(conn, pilot_id) if row["on_date"] <= on],
        "revisions": milestones.revisions(conn, pilots.KIND, pilot_id),
        **dossier,
        **past,
    }


def _positive(given: Any, pointer: str) -> Decimal | None:
    if given in (None, ""):
        return None
    number = Decimal(str(given))
    if not number.is_finite() or number <= 0:
        raise DomainError(pointer, "应为大于零的数。", "A number above zero.", pointer=pointer)
    return number
