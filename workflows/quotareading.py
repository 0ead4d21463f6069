"""Who sees what of the quota ledger: a body its zones, an enterprise its own, administrators all of it.

The one place pages and API ask before they show; row-level security of the postings stands behind it.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, select

from registers import parties, quota_balances, quota_views
from registers.accounts import Actor
from registers.errors import Forbidden, NotFound
from registers.quota_rules import QuotaBan, QuotaRatio, QuotaRecovery
from workflows import quotaledger


def zones(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The zones whose ledger a person may read, by code."""
    query = select(parties.Zone.__table__).order_by(parties.Zone.code)
    if not actor.scope.everything:
        query = query.where(parties.Zone.body_id.in_(sorted(actor.case_body_ids)))
    return [dict(row) for row in conn.execute(query).mappings()]


def all_zones(conn: Connection) -> list[dict[str, Any]]:
    """All zones by code: their names are no secret, their ledgers are."""
    return [dict(row) for row in conn.execute(select(parties.Zone.__table__).order_by(parties.Zone.code)).mappings()]


def zone(conn: Connection, actor: Actor, code: str) -> dict[str, Any]:
    """One zone whose ledger the person may read, or NotFound."""
    for found in zones(conn, actor):
        if found["code"] == code:
            return found
    raise NotFound("没有这个功能区，或您无权查看。", "There is no such zone, or it is not yours to see.")


def require_any(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The person's zones; Forbidden when there is none."""
    found = zones(conn, actor)
    if not found:
        raise Forbidden("您没有可查看的功能区。", "No zone's ledger is yours to see.")
    return found


def keeps(actor: Actor, zones_seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The zones for which the person makes postings."""
    return [found for found in zones_seen if any(actor.has(role, found["body_id"]) for role in quotaledger.OFFICERS)]


def unit(conn: Connection, actor: Actor, enterprise_id: uuid.UUID) -> dict[str, Any]:
    """An enterprise whose quota the person may read: the own one, or one of the person's zones."""
    if actor.enterprise_id == enterprise_id:
        return parties.enterprise(conn, enterprise_id)
    seen = {found["code"] for found in zones(conn, actor)}
    found = conn.execute(select(parties.Enterprise.__table__).where(parties.Enterprise.id == enterprise_id)).mappings()
    row = found.first()
    held = {item["zone_code"] for item in quota_views.holdings(conn, enterprise_id)}
    if row is None or not seen & ({row["zone_code"]} | held):
        raise NotFound("没有这家单位，或您无权查看。", "There is no such unit, or it is not yours to see.")
    return dict(row)


def units(conn: Connection, codes: list[str], limit: int = 500) -> list[dict[str, Any]]:
    """The enterprises of zones, by name."""
    rows = conn.execute(
        select(parties.Enterprise.id, parties.Enterprise.name, parties.Enterprise.zone_code)
        .where(parties.Enterprise.zone_code.in_(codes))
        .order_by(parties.Enterprise.name)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def posting(conn: Connection, posting_id: uuid.UUID) -> dict[str, Any]:
    """A posting with its lines and the names behind it; row-level security hides those of others."""
    return {**quota_balances.posting(conn, posting_id), **quota_views.posting_facts(conn, posting_id)}


def ratios(conn: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """All versions of the ratio table with the people behind them, newest first."""
    entered, signed = parties.User.__table__.alias("entered"), parties.User.__table__.alias("signed")
    rows = conn.execute(
        select(QuotaRatio.__table__, entered.c.name.label("enterer"), signed.c.name.label("signer"))
        .outerjoin(entered, entered.c.id == QuotaRatio.entered_by)
        .outerjoin(signed, signed.c.id == QuotaRatio.signed_by)
        .order_by(QuotaRatio.version.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def bans(conn: Connection, codes: list[str], limit: int = 200) -> list[dict[str, Any]]:
    """Bans of zones: those waiting for the head first."""
    rows = conn.execute(
        select(QuotaBan.__table__, parties.Zone.name_zh, parties.Zone.name_en, parties.Zone.body_id)
        .join(parties.Zone, parties.Zone.code == QuotaBan.zone_code)
        .where(QuotaBan.zone_code.in_(codes))
        .order_by(QuotaBan.status != "proposed", QuotaBan.entered_at.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def recoveries(
    conn: Connection, *, codes: list[str] | None = None, enterprise_id: uuid.UUID | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Recoveries of zones or of one unit: those to be decided first."""
    query = (
        select(QuotaRecovery.__table__, parties.Enterprise.name, parties.Zone.name_zh, parties.Zone.name_en)
        .join(parties.Enterprise, parties.Enterprise.id == QuotaRecovery.enterprise_id)
        .join(parties.Zone, parties.Zone.code == QuotaRecovery.zone_code)
        .order_by(QuotaRecovery.status != "proposed", QuotaRecovery.proposed_at.desc())
        .limit(limit)
    )
    if codes is not None:
        query = query.where(QuotaRecovery.zone_code.in_(codes))
    if enterprise_id is not None:
        query = query.where(QuotaRecovery.enterprise_id == enterprise_id)
    return [dict(row) for row in conn.execute(query).mappings()]
