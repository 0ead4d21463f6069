"""Incidents: service steps that failed, as an administrator sees them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from workflows.models import Case, Incident


def open_incidents(conn: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """Unresolved incidents, oldest first, with the case they stop."""
    rows = conn.execute(
        select(Incident.__table__, Case.number, Case.title)
        .join(Case, Case.id == Incident.case_id)
        .where(Incident.resolved_at.is_(None))
        .order_by(Incident.created_at)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]
