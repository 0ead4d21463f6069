"""Reports of reductions per zone (考核通报, 细则 四.5): audited, used by purpose, and what is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true

from registers.reduction_tables import USE_TITLES, ReductionAmount, ReductionProject, ReductionUse, standing

Rows = dict[tuple[str, str], dict[str, Any]]


def report(conn: Connection, first: date, last: date, zone: str = "") -> list[dict[str, Any]]:
    """Per zone and factor: entered and used between the days, and what stands in the register at their end."""
    here = ReductionProject.zone_code == zone if zone else true()
    rows: Rows = {}
    for found in conn.execute(_entered(here, ReductionProject.decided_on.between(first, last))):
        _row(rows, found.zone_code, found.factor).update(entered=found.total, projects=found.projects)
    for found in conn.execute(_used(here, ReductionUse.on_date.between(first, last))):
        _row(rows, found.zone_code, found.factor)[found.purpose] = found.total
    for found in conn.execute(_entered(here, ReductionProject.decided_on <= last)):
        _row(rows, found.zone_code, found.factor)["left"] += found.total
    for found in conn.execute(_used(here, ReductionUse.on_date <= last)):
        # What the upper level uses leaves the reserve, not the reduction register.
        if found.purpose != "upper":
            _row(rows, found.zone_code, found.factor)["left"] -= found.total
    return [rows[key] for key in sorted(rows)]


def _row(rows: Rows, zone: str, factor: str) -> dict[str, Any]:
    blank: dict[str, Any] = {"zone": zone, "factor": factor, "projects": 0, "entered": Decimal(0)}
    blank |= {purpose: Decimal(0) for purpose in USE_TITLES} | {"left": Decimal(0)}
    return rows.setdefault((zone, factor), blank)


def _entered(here: ColumnElement[bool], when: ColumnElement[bool]) -> Any:
    """The entered amounts (t/a) by zone and factor."""
    return (
        select(
            ReductionProject.zone_code,
            ReductionAmount.factor,
            func.sum(ReductionAmount.amount).label("total"),
            func.count(ReductionProject.id).label("projects"),
        )
        .join(ReductionAmount, ReductionAmount.project_id == ReductionProject.id)
        .where(here, when, ReductionProject.status == "entered")
        .group_by(ReductionProject.zone_code, ReductionAmount.factor)
    )


def _used(here: ColumnElement[bool], when: ColumnElement[bool]) -> Any:
    """What left the register (t/a) by zone, factor and purpose; what was reversed does not count."""
    return (
        select(
            ReductionProject.zone_code,
            ReductionUse.factor,
            ReductionUse.purpose,
            func.sum(ReductionUse.amount).label("total"),
        )
        .join(ReductionUse, ReductionUse.project_id == ReductionProject.id)
        .where(here, when, standing())
        .group_by(ReductionProject.zone_code, ReductionUse.factor, ReductionUse.purpose)
    )
