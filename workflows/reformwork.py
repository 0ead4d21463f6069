"""Measured reform: what a pilot changed in working days, materials, visits and submissions, against its baseline, with numbers.

A baseline is a period of cases or a stated figure with its source; both sides are of closed cases of one procedure (and
zone), withdrawn and cancelled ones left out, by the definitions of the boards (`workflows.boards`). A claim such as
"shorter by 40 %" is held against the median. Figures are of the whole house, so that everybody reads the same.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select, text

from registers import parties
from registers.db import uuid7
from registers.errors import DomainError, Forbidden
from registers.scoring_tables import PilotComparison
from workflows import piloting
from workflows.commands import Answer, Step, command

METRICS: dict[str, tuple[str, str]] = {
    "authority_days": ("机关用时（工作日）", "authority's working days"),
    "applicant_days": ("申请人用时（工作日）", "applicant's working days"),
    "total_days": ("全程用时（工作日）", "working days in all"),
    "materials": ("提交材料（份）", "files handed in"),
    "visits": ("申请人到场次数", "visits of the applicant in person"),
    "submissions": ("申请人提交次数", "submissions by the applicant"),
}
_METRIC_SQL = {name: name for name in METRICS} | {"total_days": "authority_days + applicant_days"}


@command("pilot.compare")
def compare(
    step: Step,
    *,
    pilot_id: uuid.UUID,
    metric: str,
    procedure: str,
    reform_first: date,
    reform_last: date,
    base_first: date | None = None,
    base_last: date | None = None,
    base_value: Decimal | None = None,
    base_source: str = "",
    zone: str | None = None,
    claimed_percent: Decimal | None = None,
) -> Answer:
    """Say how a pilot's effect is measured: against a period of cases, or against a stated figure with its source."""
    pilot = piloting.see(step.conn, step.actor, pilot_id)
    if not piloting.keeps(step.actor, pilot):
        raise Forbidden("该试点由牵头单位和审批机关的经办人员维护。", "This pilot is not yours to keep.")
    if metric not in METRICS:
        raise DomainError("metric", "请选择衡量的内容。", "Choose what is measured.", pointer="metric")
    _one_baseline(base_first, base_last, base_value, base_source)
    if reform_last < reform_first or (base_first and base_last and base_last < base_first):
        raise DomainError("period", "止日早于起日。", "A period ends before it begins.", pointer="reform_last")
    if zone:
        parties.zone(step.conn, zone)
    made = uuid7()
    step.conn.execute(
        insert(PilotComparison).values(
            id=made,
            pilot_id=pilot_id,
            metric=metric,
            procedure=procedure,
            zone_code=zone or None,
            base_first=base_first,
            base_last=base_last,
            base_value=base_value,
            base_source=base_source[:500],
            reform_first=reform_first,
            reform_last=reform_last,
            claimed_percent=claimed_percent,
            entered_by=step.actor.name,
            at=step.now,
        )
    )
    return {"comparison_id": made}


def _one_baseline(first: date | None, last: date | None, value: Decimal | None, source: str) -> None:
    """Refuse a baseline that is neither a period nor a figure with its source, or both at once."""
    if (value is None) == (first is None) or (first is None) != (last is None):
        raise DomainError(
            "base",
            "基线填一个时段，或者填一个有出处的数值，二者择一。",
            "The baseline is a period, or a figure with its source: one of the two.",
            pointer="base_value",
        )
    if value is not None and not source.strip():
        raise DomainError(
            "base_source", "请写明基线数值的出处。", "Say where the figure is from.", pointer="base_source"
        )


def effects(conn: Connection, pilot_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was measured for a pilot: medians and means with the numbers of cases, and the change in percent."""
    query = select(PilotComparison.__table__).where(PilotComparison.pilot_id == pilot_id).order_by(PilotComparison.id)
    return [_effect(conn, dict(row)) for row in conn.execute(query.limit(100)).mappings()]


def _effect(conn: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """A comparison with what was measured on both sides, the change in percent, and whether the claim holds."""
    reform = _measured(conn, row, row["reform_first"], row["reform_last"])
    if row["base_value"] is not None:
        base: dict[str, Any] = {"cases": 0, "median": row["base_value"], "mean": row["base_value"], "stated": True}
    else:
        base = {**_measured(conn, row, row["base_first"], row["base_last"]), "stated": False}
    change = {
        name: _percent(base[name], reform[name]) if base[name] is not None and reform[name] is not None else None
        for name in ("median", "mean")
    }
    claimed = row["claimed_percent"]
    holds = None if claimed is None or change["median"] is None else -change["median"] >= claimed
    return {**row, "base": base, "reform": reform, "change": change, "claim_holds": holds}


def _measured(conn: Connection, row: dict[str, Any], first: date, last: date) -> dict[str, Any]:
    """Median and mean of the closed cases of a period; withdrawn and cancelled ones are not measured."""
    expression = _METRIC_SQL[row["metric"]]
    found = conn.execute(
        text(
            f"""SELECT count(*) AS cases, percentile_cont(0.5) WITHIN GROUP (ORDER BY {expression}) AS median,
                       avg({expression}) AS mean
                  FROM board_case b WHERE NOT b.running AND b.procedure = :procedure AND b.closed_on BETWEEN :first AND :last
                   AND (CAST(:zone AS text) IS NULL OR b.zone_code = :zone)
                   AND b.outcome IS DISTINCT FROM 'withdrawn' AND b.outcome IS DISTINCT FROM 'cancelled'"""  # noqa: S608
        ),
        {"procedure": row["procedure"], "first": first, "last": last, "zone": row["zone_code"]},
    ).mappings()
    one = found.one()
    return {
        "cases": one["cases"],
        "median": None if one["median"] is None else Decimal(str(one["median"])).quantize(Decimal("0.01")),
        "mean": None if one["mean"] is None else Decimal(one["mean"]).quantize(Decimal("0.01")),
    }


def _percent(base: Decimal, now: Decimal) -> Decimal | None:
    return None if not base else ((now - base) / base * 100).quantize(Decimal("0.1"))
