"""Reduction projects for the people who work with them: who sees which, the report per zone, upper-level use.

Projects are entered by their procedure (`bpmn/reduction_audit`) and moved to the reserve by another
(`bpmn/quota_reserve`); what remains to be done outside a case stands here.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, true

from handlers.reserve import bulletin_rows
from registers import parties, reduction_uses, reductions
from registers.accounts import Actor
from registers.errors import DomainError, Forbidden, NotFound
from registers.reduction_tables import ReductionProject
from registers.reduction_uses import Portion
from workflows.commands import Answer, Step, command

# Who keeps the registers of a zone; experts and consulted departments see their tasks, not the register.
KEEPERS = ("window", "reviewer", "head")


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition under which a project may be seen by this person."""
    return true() if actor.is_system else reductions.visible(actor.enterprise_id, _bodies(actor))


def one(conn: Connection, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """A project with its amounts and uses, or NotFound."""
    query = select(ReductionProject.id).where(and_(ReductionProject.id == project_id, visible(actor)))
    if conn.scalar(query) is None:
        raise NotFound("没有这个减排项目，或您无权查看。", "There is no such project, or it is not yours to see.")
    found = reductions.one(conn, project_id)
    return {
        **found,
        "amounts": reductions.amounts_of(conn, [project_id])[project_id],
        "uses": reductions.uses_of(conn, project_id),
        "may_keep": actor.enterprise_id is None and keeps(conn, actor, found["zone_code"], found["body_id"]),
    }


def listing(conn: Connection, actor: Actor, **wanted: Any) -> list[dict[str, Any]]:
    """The projects a person may see with what is left of their amounts, newest first."""
    rows = reductions.listing(conn, visible(actor), **wanted)
    amounts = reductions.amounts_of(conn, [row["id"] for row in rows])
    return [{**row, "amounts": amounts[row["id"]]} for row in rows]


def report(conn: Connection, actor: Actor, first: date, last: date, zone: str = "") -> list[dict[str, Any]]:
    """The report per zone and factor, for those who keep or oversee registers (考核通报)."""
    if not may_report(conn, actor):
        raise Forbidden("通报由功能区和生态环境局查看。", "The report is for the zones and the bureau.")
    if last < first:
        raise DomainError("days", "截止日期早于起始日期。", "The last day is before the first.", pointer="last")
    return bulletin_rows(conn, first, last, zone)


def may_report(conn: Connection, actor: Actor) -> bool:
    """Whether the person works for or oversees a body that runs a zone."""
    return bool(zones_of(conn, actor))


def zones_of(conn: Connection, actor: Actor) -> list[str]:
    """The zones run by the bodies a person works for or oversees."""
    bodies = sorted(_bodies(actor))
    return list(conn.scalars(select(parties.Zone.code).where(parties.Zone.body_id.in_(bodies)).order_by("code")))


def keeps(conn: Connection, actor: Actor, zone: str, *bodies: uuid.UUID) -> bool:
    """Whether the person keeps the registers of a zone: an officer of its body, or of the bureau."""
    of_zone = conn.scalar(select(parties.Zone.body_id).where(parties.Zone.code == zone))
    return any(actor.has(role, body) for role in KEEPERS for body in (of_zone, *bodies) if body is not None)


def _bodies(actor: Actor) -> set[uuid.UUID]:
    return {body for role, body in actor.roles if role in KEEPERS and body is not None} | set(actor.supervised)


@command("reduction.upper_use")
def upper_use(step: Step, *, project_id: uuid.UUID, factor: str, amount: Decimal, document: str) -> Answer:
    """The upper level has used an amount of a project it also holds: debited from the zone's reserve."""
    project = one(step.conn, step.actor, project_id)
    if not project["may_keep"]:
        raise Forbidden("只有生态环境局可以登记上级使用。", "Only the bureau enters what the upper level uses.")
    if not document.strip():
        raise DomainError("document", "请填写上级文件文号。", "Give the number of the document.", pointer="document")
    posting = reduction_uses.use_by_upper(
        step.conn,
        Portion(project_id, factor, "upper", amount),
        on=step.today,
        now=step.now,
        by=step.actor.id,
        document=document.strip()[:300],
    )
    return {"posting_id": posting}
