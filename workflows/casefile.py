"""What a case has gathered: submissions, permits, incidents; for pages, letters and exports."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, or_, select

from registers.parties import User
from registers.permits import Permit
from registers.renewals import PermitVersion
from workflows.models import ClockFact, Incident, Submission


def submissions(conn: Connection, case_id: uuid.UUID, limit: int = 500) -> list[dict[str, Any]]:
    """What was handed in, in order, with the name of the person; the caller has checked the case."""
    rows = conn.execute(
        select(Submission.__table__, User.name.label("person"))
        .outerjoin(User, User.id == Submission.submitted_by)
        .where(Submission.case_id == case_id)
        .order_by(Submission.submitted_at, Submission.id)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def latest(conn: Connection, case_id: uuid.UUID, form: str) -> dict[str, Any] | None:
    """The data of the last submission with this form, or None."""
    found: dict[str, Any] | None = conn.scalar(
        select(Submission.data)
        .where(Submission.case_id == case_id, Submission.form == form)
        .order_by(Submission.submitted_at.desc(), Submission.id.desc())
        .limit(1)
    )
    return found


def permits(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The register entries a case led to, or gave a further term."""
    renewed = select(PermitVersion.permit_id).where(PermitVersion.case_id == case_id)
    rows = conn.execute(
        select(Permit.__table__)
        .where(or_(Permit.case_id == case_id, Permit.id.in_(renewed)))
        .order_by(Permit.entered_at, Permit.id)
    )
    return [dict(row) for row in rows.mappings()]


def clock_facts(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The recorded facts of the case's clocks, in order."""
    rows = conn.execute(
        select(ClockFact.__table__).where(ClockFact.case_id == case_id).order_by(ClockFact.recorded_at, ClockFact.id)
    )
    return [dict(row) for row in rows.mappings()]


def incidents(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The unresolved incidents of a case, without technical detail."""
    rows = conn.execute(
        select(Incident.id, Incident.element, Incident.operator, Incident.cause, Incident.created_at)
        .where(Incident.case_id == case_id, Incident.resolved_at.is_(None))
        .order_by(Incident.created_at)
    )
    return [dict(row) for row in rows.mappings()]
