"""Joint inspections from random lists: draw a list, begin the inspection of one enterprise on it.

The inspection itself is a case (`bpmn/two_licences_inspection`), so its checklist has drafts, its photographs survive
a dropped line, and rectification and recheck run in the open. The case is begun at the gate: until then the enterprise
sees nothing of the list.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from sqlalchemy import Connection

from registers import inspections, waste_licences
from registers.accounts import Actor
from registers.errors import Conflict, DomainError, Forbidden
from workflows import cases
from workflows.commands import Answer, Step, command
from workflows.wasteledger import bodies_of

PROCEDURE = "two_licences_inspection"
INSPECTORS = ("reviewer", "head", "supervisor")
MOST = 200


def may_inspect(actor: Actor) -> bool:
    """Whether the person draws lists and begins inspections."""
    return bool(actor.role_names & set(INSPECTORS))


def _require(actor: Actor) -> None:
    if not may_inspect(actor):
        raise Forbidden("联合检查由生态环境主管部门进行。", "Joint inspections are made by the authority.")


@command("inspection.draw")
def draw(step: Step, *, wanted: int, seed: str = "") -> Answer:
    """Draw a random list from the operators in one's reach; the seed is kept so the list can be drawn again."""
    _require(step.actor)
    if not 1 <= wanted <= MOST:
        raise DomainError("wanted", f"抽取数量应为1至{MOST}。", f"Draw between 1 and {MOST}.", pointer="wanted")
    bodies = bodies_of(step.actor)
    draw_id = inspections.draw(
        step.conn,
        body_id=next(body for role, body in sorted(step.actor.roles, key=str) if role in INSPECTORS and body),
        year=step.today.year,
        seed=seed.strip()[:64] or secrets.token_hex(16),
        wanted=wanted,
        operators=waste_licences.operators(step.conn, bodies),
        by=step.actor.id,
        now=step.now,
    )
    return {"draw_id": draw_id}


@command("inspection.begin")
def begin(step: Step, *, draw_id: uuid.UUID, enterprise_id: uuid.UUID) -> Answer:
    """Begin the inspection of an enterprise on a list: its case, with the checklist as first task."""
    _require(step.actor)
    found = inspections.one(step.conn, draw_id, bodies_of(step.actor))
    if str(enterprise_id) not in {row["id"] for row in found["chosen"]}:
        raise DomainError(
            "not_drawn", "该单位不在名单上。", "The enterprise is not on the list.", pointer="enterprise_id"
        )
    if (draw_id, str(enterprise_id)) in inspections.cases_of(step.conn, [draw_id]):
        raise Conflict("inspection_begun", "该单位的检查已经开始。", "This inspection has begun already.")
    started = cases.start.function(step, procedure=PROCEDURE, enterprise_id=enterprise_id)
    case_id: uuid.UUID = started["case_id"]
    inspections.begun(step.conn, draw_id, enterprise_id, case_id)
    return {"case_id": case_id, "open_tasks": started["open_tasks"]}


def lists(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The lists of one's bodies with the case of each enterprise whose inspection has begun."""
    found = inspections.draws(conn, bodies_of(actor))
    known = inspections.cases_of(conn, [row["id"] for row in found])
    return [
        {**row, "chosen": [{**one, "case_id": known.get((row["id"], one["id"]))} for one in row["chosen"]]}
        for row in found
    ]
