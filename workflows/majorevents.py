"""Major events of pilots: a supervisor enters one at any time, the approving body settles it.

Nobody has to wait for the pilot's own report: what comes to a supervisor's knowledge is entered with day, ground and
evidence, and those who lead and approve the pilot are told. While an event is open the pilot cannot pass
(`pilot.verdict`). Who settles it dismisses it with the reason, or disqualifies the pilot: the decision stands in the
register and the case that carries the pilot ends with it.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select

from registers import pilot_events, pilots
from registers.accounts import Actor
from registers.errors import Conflict, DomainError, Forbidden
from registers.pilot_tables import ENDED, GROUNDS
from workflows import cases, notify, piloting
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Case


def may_enter(actor: Actor, pilot: dict[str, Any]) -> bool:
    """Supervisors of any pilot, and the officers of this one."""
    return piloting.keeps_register(actor) or piloting.keeps(actor, pilot)


def may_settle(actor: Actor, pilot: dict[str, Any]) -> bool:
    """The head of the approving body and those who supervise it; supervisors where no body is named yet."""
    body = pilot["approver_body_id"]
    if body is None:
        return actor.is_system or "supervisor" in actor.role_names
    return actor.is_system or actor.has("head", body) or actor.has("supervisor", body) or body in actor.supervised


@command("pilot.event")
def enter(step: Step, *, pilot_id: uuid.UUID, on: date, ground: str, said: str, document: str = "") -> Answer:
    """Enter an event that may cost a pilot its place."""
    pilot = piloting.see(step.conn, step.actor, pilot_id)
    if not may_enter(step.actor, pilot):
        raise Forbidden("由监管人员或者该试点的经办人员登记。", "Supervisors and the officers of the pilot enter it.")
    if ground not in GROUNDS or not said.strip():
        raise DomainError(
            "said", "请选择情形并写明事实和证据。", "Choose the ground, say what is known.", pointer="said"
        )
    if on > step.today:
        raise DomainError("on", "日期不能晚于今天。", "The day cannot lie ahead.", pointer="on")
    if pilot["status"] in ENDED:
        raise Conflict("pilot_ended", "该试点已经结束。", "This pilot has ended.")
    made = pilot_events.enter(
        step.conn,
        pilot_id,
        on=on,
        ground=ground,
        said=said.strip(),
        document=document.strip(),
        by=step.actor.name,
        now=step.now,
    )
    _tell(step, pilot, *GROUNDS[ground])
    return {"event_id": made}


@command("pilot.event_settle")
def settle(
    step: Step, *, pilot_id: uuid.UUID, event_id: uuid.UUID, outcome: str, reason: str, document: str = ""
) -> Answer:
    """Dismiss an event with the reason, or disqualify the pilot for it; the pilot's case ends with that."""
    pilot = piloting.see(step.conn, step.actor, pilot_id)
    if not may_settle(step.actor, pilot):
        raise Forbidden(
            "由审批机关负责人或者其监管人员处理。", "The head or the supervisors of the approving body settle it."
        )
    if outcome not in pilot_events.OUTCOMES or not reason.strip():
        raise DomainError(
            "reason", "请选择处理结果并写明理由。", "Choose the outcome and give the reason.", pointer="reason"
        )
    event = pilot_events.settle(
        step.conn,
        pilot_id,
        event_id,
        outcome=outcome,
        settling=reason.strip(),
        by=step.actor.name,
        on=step.today,
    )
    if outcome == "disqualified":
        _disqualify(step, pilot, event["ground"], reason.strip(), document.strip())
    return {"event_id": event_id, "outcome": outcome}


def _disqualify(step: Step, pilot: dict[str, Any], ground: str, reason: str, document: str) -> None:
    """The decision that takes a pilot its place for an event, with the conditions of its ground."""
    if ground == "milestones_missed" and not pilots.late_tasks(step.conn, pilot["id"], step.today):
        raise DomainError(
            "not_late",
            "登记中没有逾期任务，不能以未按期完成为由取消资格。",
            "No task is late: missed milestones are no ground.",
            pointer="outcome",
        )
    pilots.decide(
        step.conn,
        pilot["id"],
        "disqualified",
        on=step.today,
        reason=reason,
        now=step.now,
        actor_name=step.actor.name,
        status="disqualified",
        document=document,
        ground=ground,
        case_id=pilot["case_id"],
    )
    running = select(Case.id).where(Case.id == pilot["case_id"], Case.status == "running")
    if pilot["case_id"] is not None and step.conn.scalar(running) is not None:
        cases.end(CaseRun.lock(step, pilot["case_id"]), "cancelled", f"取消试点资格：{reason}")


def _tell(step: Step, pilot: dict[str, Any], zh: str, en: str) -> None:
    people: frozenset[uuid.UUID] = frozenset()
    for body in {pilot["lead_body_id"], pilot["approver_body_id"]} - {None}:
        people |= notify.of_body(step.conn, body, ("head", "reviewer", "supervisor"), step.today)
    title = pilot["title"]
    said = notify.Outgoing(
        people,
        "escalation",
        f"试点“{title['zh']}”登记了须处理的情形：{zh}",
        f"Pilot “{title['en']}”: an event to be settled ({en})",
        None,
        f"/pilots/{pilot['id']}#events",
    )
    notify.send(step.conn, step.now, [said])
