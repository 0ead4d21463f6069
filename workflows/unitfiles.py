"""One file for each enterprise (一企一档) and each park (一园一档): everything the registers hold of it, in one place.

Nothing is stored here; each part is read where it lives, with a limit, and under the eyes of who asks. The enterprise sees
its own file; an official sees the file of an enterprise in a zone of a body the official works for or supervises.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, func, or_, select

from registers import (
    obligations,
    parties,
    permits,
    pilots,
    quota_views,
    reductions,
    totals,
    waste_ledger,
    waste_licences,
)
from registers.accounts import Actor
from registers.errors import NotFound
from registers.obligations import Obligation
from registers.permits import Permit
from registers.pilot_tables import Pilot
from registers.quota_accounts import period_on
from registers.reduction_tables import ReductionProject
from registers.scoring_tables import SurveyInvitation
from workflows import access, documents, inspecting, piloting, quotareading, wasteledger
from workflows.models import Case, Letter, Notice
from workflows.runtime import Runtime

MOST, MOST_OPERATORS = 200, 50


def enterprise(conn: Connection, rt: Runtime, actor: Actor, enterprise_id: uuid.UUID) -> dict[str, Any]:
    """All that is known of an enterprise: cases, letters, notices, permits, duties, quota, totals, reductions, wastes,
    inspections; to the enterprise itself also the documents it stored and may use again."""
    unit = quotareading.unit(conn, actor, enterprise_id)
    cases = _cases(conn, actor, Case.enterprise_id == enterprise_id)
    letters = select(
        Letter.id, Letter.case_id, Letter.title, Letter.number, Letter.issued_at, Letter.delivered_on
    ).join(Case, Case.id == Letter.case_id)
    issued = letters.where(Case.enterprise_id == enterprise_id, Letter.status == "issued", access.visible_cases(actor))
    year = rt.time.today().year
    own = reductions.visible(enterprise_id, ())
    return {
        "unit": unit,
        "zone": _zone(conn, unit["zone_code"]),
        "cases": cases,
        "letters": [dict(row) for row in conn.execute(issued.order_by(Letter.issued_at.desc()).limit(MOST)).mappings()],
        "permits": permits.of_parties(conn, enterprise_id, []),
        "duties": obligations.of_enterprise(conn, enterprise_id, MOST),
        "quota": quota_views.holdings(conn, enterprise_id),
        "quota_life": quota_views.life(conn, enterprise_id, MOST),
        "totals": totals.amounts(conn, year - 1, enterprise_id=enterprise_id),
        "reductions": reductions.listing(conn, own, limit=MOST),
        "waste": _waste(conn, rt, actor, enterprise_id),
        "inspections": [row for row in cases if row["procedure"] == inspecting.PROCEDURE],
        "notices": _notices(conn, enterprise_id, access.visible_cases(actor)),
        "documents": documents.reusable(conn, actor) if actor.enterprise_id == enterprise_id else [],
        "surveys": conn.scalar(
            select(func.count()).select_from(SurveyInvitation).where(SurveyInvitation.enterprise_id == enterprise_id)
        ),
    }


def park(conn: Connection, rt: Runtime, actor: Actor, code: str) -> dict[str, Any]:
    """All that is known of a park: facts, pilots, zones with their quota, enterprises, cases, permits, duties."""
    piloting.require_seeing(actor)
    found = pilots.park(conn, code)
    zones = [_zone(conn, zone) for zone in found["zone_codes"]]
    codes = [zone["code"] for zone in zones if zone]
    seen = {zone["code"] for zone in quotareading.zones(conn, actor)} & set(codes)
    today = rt.time.today()
    in_park = Case.enterprise_id == parties.Enterprise.id
    members = parties.Enterprise.zone_code.in_(sorted(seen))
    some = (
        select(Case.id).where(in_park, access.visible_cases(actor)).limit(1000).correlate(parties.Enterprise).lateral()
    )
    units = select(
        parties.Enterprise.id,
        parties.Enterprise.name,
        parties.Enterprise.credit_code,
        parties.Enterprise.zone_code,
        select(func.count()).select_from(some).scalar_subquery().label("cases"),
        select(func.count()).where(Permit.enterprise_id == parties.Enterprise.id).scalar_subquery().label("permits"),
        select(func.count())
        .where(Obligation.enterprise_id == parties.Enterprise.id, Obligation.status == "overdue")
        .scalar_subquery()
        .label("overdue"),
    ).where(members)
    park_pilots, _ = pilots.listing(conn, park=code, limit=MOST)
    standings = pilots.standings(conn, [row["id"] for row in park_pilots], today)
    return {
        "park": found,
        "zones": [zone for zone in zones if zone],
        "pilots": [{**row, "late": sum(one.state == "late" for one in standings[row["id"]])} for row in park_pilots],
        "quota": quota_views.standings(conn, sorted(seen), period_on(conn, today), today) if seen else [],
        "enterprises": [
            dict(row) for row in conn.execute(units.order_by(parties.Enterprise.name).limit(500)).mappings()
        ],
        "reductions": reductions.listing(conn, ReductionProject.zone_code.in_(sorted(seen)), limit=MOST),
        "permits": _by_kind(conn, members),
        "duties": _overdue(conn, members),
        "waste": _operators(conn, rt, actor, members),
        "inspections": _cases(
            conn,
            actor,
            Case.enterprise_id.in_(select(parties.Enterprise.id).where(members)),
            Case.procedure == inspecting.PROCEDURE,
        ),
        "may_keep": piloting.keeps_register(actor)
        or any(actor.has(role, found["body_id"]) for role in piloting.KEEPERS if found["body_id"]),
    }


def parks(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """All parks with the number of their pilots."""
    piloting.require_seeing(actor)
    query = select(Pilot.park_code, func.count()).where(Pilot.park_code.is_not(None)).group_by(Pilot.park_code)
    counts = {row[0]: row[1] for row in conn.execute(query)}
    return [{**row, "pilots": counts.get(row["code"], 0)} for row in pilots.parks(conn)]


def enterprises(conn: Connection, actor: Actor, words: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Enterprises whose file a person may open, by a part of their name or credit code."""
    zones = [zone["code"] for zone in quotareading.zones(conn, actor)]
    query = select(parties.Enterprise.id, parties.Enterprise.name, parties.Enterprise.credit_code)
    mine = or_(parties.Enterprise.zone_code.in_(zones), parties.Enterprise.id == actor.enterprise_id)
    if words:
        like = or_(
            parties.Enterprise.name.contains(words, autoescape=True),
            parties.Enterprise.credit_code.startswith(words.upper(), autoescape=True),
        )
        query = query.where(like)
    rows = conn.execute(query.where(mine).order_by(parties.Enterprise.name).limit(limit)).mappings()
    return [dict(row) for row in rows]


def _notices(conn: Connection, enterprise_id: uuid.UUID, seen: Any) -> list[dict[str, Any]]:
    """The public notices about the cases of an enterprise, newest first."""
    query = (
        select(Notice.id, Notice.kind, Notice.title, Notice.from_on, Notice.until_on, Notice.closed_at)
        .join(Case, Case.id == Notice.case_id)
        .where(Case.enterprise_id == enterprise_id, seen)
        .order_by(Notice.from_on.desc(), Notice.id.desc())
        .limit(MOST)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def _waste(conn: Connection, rt: Runtime, actor: Actor, enterprise_id: uuid.UUID) -> dict[str, Any] | None:
    """The waste ledger in short: licence, scale used this year, what lies in store and until when; None without one."""
    licence = waste_licences.newest(conn, enterprise_id, "waste")
    _, entries = waste_ledger.entries(conn, enterprise_id, limit=1)
    if (licence is None and not entries) or not wasteledger.may_read(conn, actor, enterprise_id):
        return None
    today = rt.time.today()
    used = waste_ledger.usage(conn, enterprise_id, today.year, today)
    batches = wasteledger.batches(conn, rt.reference.get(conn), enterprise_id, today)
    return {
        "licence": licence["number"] if licence else None,
        "entries": entries,
        "used": used.used,
        "licensed": used.licensed,
        "state": used.state,
        "stored": [{**vars(one), "state": one.state, "named": one.named} for one in wasteledger.by_code(batches)],
        "urgent": sum(one.state != "fine" for one in batches),
    }


def _by_kind(conn: Connection, members: Any) -> list[dict[str, Any]]:
    """How many permits of a kind and class are in force in a park."""
    query = (
        select(Permit.kind, Permit.klass, func.count().label("permits"))
        .join(parties.Enterprise, parties.Enterprise.id == Permit.enterprise_id)
        .where(members, Permit.status == "valid")
        .group_by(Permit.kind, Permit.klass)
    )
    return [dict(row) for row in conn.execute(query.order_by(Permit.kind, Permit.klass)).mappings()]


def _overdue(conn: Connection, members: Any) -> list[dict[str, Any]]:
    """The duties of the enterprises of a park that are overdue, the oldest first."""
    query = (
        select(Obligation.title, Obligation.due_on, parties.Enterprise.id, parties.Enterprise.name)
        .join(parties.Enterprise, parties.Enterprise.id == Obligation.enterprise_id)
        .where(members, Obligation.status == "overdue")
    )
    return [dict(row) for row in conn.execute(query.order_by(Obligation.due_on).limit(MOST)).mappings()]


def _operators(conn: Connection, rt: Runtime, actor: Actor, members: Any) -> list[dict[str, Any]]:
    """The enterprises of a park that hold a waste licence, with their ledger in short."""
    query = (
        select(parties.Enterprise.id, parties.Enterprise.name)
        .join(Permit, Permit.enterprise_id == parties.Enterprise.id)
        .where(members, Permit.kind == "waste", Permit.status == "valid")
        .group_by(parties.Enterprise.id)
        .order_by(parties.Enterprise.name)
        .limit(MOST_OPERATORS)
    )
    found = []
    for row in conn.execute(query).mappings().all():
        ledger = _waste(conn, rt, actor, row["id"])
        if ledger is not None:
            found.append({**row, **ledger})
    return found


def _cases(conn: Connection, actor: Actor, *conditions: Any) -> list[dict[str, Any]]:
    columns = (
        Case.id,
        Case.number,
        Case.title,
        Case.procedure,
        Case.status,
        Case.outcome,
        Case.opened_at,
        Case.closed_at,
    )
    query = select(*columns).where(*conditions, access.visible_cases(actor)).order_by(Case.opened_at.desc()).limit(MOST)
    return [dict(row) for row in conn.execute(query).mappings()]


def _zone(conn: Connection, code: str | None) -> dict[str, Any] | None:
    if not code:
        return None
    try:
        found = parties.zone(conn, code)
    except NotFound:
        return None
    return {"code": found[0], "name_zh": found[1], "name_en": found[2]}
