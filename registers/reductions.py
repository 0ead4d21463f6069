"""Emission-reduction projects (污染减排项目): what was reduced where, who checked it, and what became of it.

A project is listed by its zone, declared, calculated, checked by a second person or a third party (never the one
who calculated or checked first: the database refuses it), audited, and then entered into the reduction register
(减排库) by a posting of the ledger, or refused with a reason. An entered amount leaves in portions: to the reserve, or
to one of the four uses that exclude it from the reserve. More than was entered can never leave.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, insert, or_, select, update

from registers import parties, quota_accounts, quota_postings
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.quota_accounts import Account, Kind, Register, period_on
from registers.quota_postings import Posting
from registers.reduction_tables import ReductionAmount, ReductionProject, ReductionUse, standing

RULE = "SIPQUOTA:四"


# -- the way into the register ----------------------------------------------------------------------------


def enlist(
    conn: Connection,
    *,
    zone: str,
    body_id: uuid.UUID,
    unit_name: str,
    name: str,
    kind: str,
    origin: str,
    on: date,
    now: datetime,
    year: int | None = None,
    enterprise_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    listed_by: uuid.UUID | None = None,
) -> dict[str, Any]:
    """Put a project on the list of its zone; it is numbered within zone and year."""
    locked = conn.scalar(select(parties.Zone.code).where(parties.Zone.code == zone).with_for_update())
    if locked is None:
        raise DomainError("zone", f"没有功能区“{zone}”。", f"There is no zone {zone}.", pointer="zone")
    year = year or on.year
    period = period_on(conn, on)
    count = conn.scalar(
        select(func.count()).where(ReductionProject.zone_code == zone, ReductionProject.number.like(f"%-{on.year}-%"))
    )
    project_id, number = uuid7(), f"JP-{zone}-{on.year}-{(count or 0) + 1:03d}"
    conn.execute(
        insert(ReductionProject).values(
            id=project_id,
            number=number,
            zone_code=zone,
            body_id=body_id,
            enterprise_id=enterprise_id,
            unit_name=unit_name,
            name=name,
            kind=kind,
            origin=origin,
            period=period,
            year=year,
            status="listed",
            case_id=case_id,
            declaration={},
            calculation={},
            listed_by=listed_by,
            created_at=now,
        )
    )
    return {"id": project_id, "number": number, "period": period}


def declare(
    conn: Connection,
    project_id: uuid.UUID,
    *,
    declaration: Mapping[str, Any],
    calculation: Mapping[str, Any],
    by: uuid.UUID | None,
) -> None:
    """Keep what was declared and calculated; a new calculation takes back the checks of the earlier one."""
    project = _locked(conn, project_id)
    conn.execute(
        update(ReductionProject)
        .where(ReductionProject.id == project["id"])
        .values(
            status="declared",
            declaration=dict(declaration),
            calculation=dict(calculation),
            calculated_by=by,
            first_by=None,
            second_by=None,
            second_kind="",
        )
    )


def checked(conn: Connection, project_id: uuid.UUID, *, stage: str, by: uuid.UUID | None, kind: str = "") -> None:
    """Note who checked the calculation first, or second; the second is somebody else."""
    project = _locked(conn, project_id)
    if stage == "second" and by is not None and by in (project["first_by"], project["calculated_by"]):
        raise DomainError(
            "same_person",
            "复核须由初核和核算以外的人员或者第三方进行。",
            "The second check is made by somebody else than the calculation and the first check, or a third party.",
        )
    values = {"first_by": by} if stage == "first" else {"second_by": by, "second_kind": kind}
    conn.execute(update(ReductionProject).where(ReductionProject.id == project_id).values(**values))


def enter(
    conn: Connection,
    project_id: uuid.UUID,
    amounts: Mapping[str, Decimal],
    *,
    on: date,
    now: datetime,
    by: uuid.UUID | None,
    document: str = "",
) -> uuid.UUID:
    """Enter the audited amounts into the reduction register of the zone; one posting for all factors."""
    project = _locked(conn, project_id)
    if not amounts:
        raise DomainError("no_amounts", "没有可入库的减排量。", "There is no amount to enter.")
    lines = between(project["zone_code"], project["period"], Register.SOURCE, Register.REDUCTION, amounts)
    posting_id = quota_postings.post(
        conn,
        Posting(
            Kind.REDUCTION,
            on,
            lines,
            document=document or f"reduction:{project_id}",
            rule=f"{RULE}.4",
            reason=project["name"],
            case_id=project["case_id"],
            enterprise_id=project["enterprise_id"],
            actor_id=by,
        ),
        now,
    )
    conn.execute(
        insert(ReductionAmount),
        [
            {"project_id": project_id, "factor": factor, "amount": amount, "posting_id": posting_id}
            for factor, amount in sorted(amounts.items())
        ],
    )
    conn.execute(
        update(ReductionProject)
        .where(ReductionProject.id == project_id)
        .values(status="entered", decided_by=by, decided_on=on)
    )
    return posting_id


def refuse(conn: Connection, project_id: uuid.UUID, *, reason: str, on: date, by: uuid.UUID | None) -> None:
    """The audit was not passed; the reason is told (细则 四.4)."""
    _locked(conn, project_id)
    if not reason.strip():
        raise DomainError("reason", "审核不通过须说明原因。", "A refusal gives its reason.", pointer="reason")
    conn.execute(
        update(ReductionProject)
        .where(ReductionProject.id == project_id)
        .values(status="refused", reason=reason.strip(), decided_by=by, decided_on=on)
    )


def leave(conn: Connection, case_id: uuid.UUID) -> None:
    """A case that ends without a decision takes its project off the list; nothing of it was entered."""
    conn.execute(
        update(ReductionProject)
        .where(ReductionProject.case_id == case_id, ReductionProject.status.in_(("listed", "declared")))
        .values(status="void")
    )


def between(
    zone: str, period: str, source: Register, target: Register, amounts: Mapping[str, Decimal]
) -> list[quota_accounts.Line]:
    """The lines that carry amounts (t/a by factor) from one register of a zone to another, in the order of the factors."""
    return [
        line
        for factor, amount in sorted(amounts.items())
        for line in quota_postings.transfer(
            Account(zone, factor, source, period), Account(zone, factor, target, period), amount
        )
    ]


# -- reading ----------------------------------------------------------------------------------------------


def one(conn: Connection, project_id: uuid.UUID) -> dict[str, Any]:
    """A project; raises NotFound. The caller checks who may see it."""
    row = conn.execute(select(ReductionProject.__table__).where(ReductionProject.id == project_id)).mappings().first()
    if row is None:
        raise NotFound("没有这个减排项目，或您无权查看。", "There is no such project, or it is not yours to see.")
    return dict(row)


def of_case(conn: Connection, case_id: uuid.UUID) -> uuid.UUID:
    """The project a case is about; raises NotFound."""
    found = conn.scalar(select(ReductionProject.id).where(ReductionProject.case_id == case_id))
    if found is None:
        raise NotFound("案件尚未列入减排项目清单。", "The case is not on the list of reduction projects yet.")
    return found


def visible(enterprise_id: uuid.UUID | None, body_ids: Iterable[uuid.UUID]) -> ColumnElement[bool]:
    """The condition under which a project may be seen: by its unit, its zone, and the bureau that audits."""
    bodies = sorted(body_ids)
    zones = select(parties.Zone.code).where(parties.Zone.body_id.in_(bodies))
    conditions: list[ColumnElement[bool]] = []
    if enterprise_id is not None:
        conditions.append(ReductionProject.enterprise_id == enterprise_id)
    if bodies:
        conditions += [ReductionProject.body_id.in_(bodies), ReductionProject.zone_code.in_(zones)]
    return or_(*conditions) if conditions else false()


def listing(
    conn: Connection,
    seen: ColumnElement[bool],
    *,
    zone: str = "",
    status: str = "",
    kind: str = "",
    year: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Projects, newest first."""
    query = select(ReductionProject.__table__, parties.Zone.name_zh, parties.Zone.name_en).join(
        parties.Zone, parties.Zone.code == ReductionProject.zone_code
    )
    for column, wanted in (
        (ReductionProject.zone_code, zone),
        (ReductionProject.status, status),
        (ReductionProject.kind, kind),
        (ReductionProject.year, year),
    ):
        if wanted:
            query = query.where(column == wanted)
    rows = conn.execute(query.where(seen).order_by(ReductionProject.id.desc()).limit(limit).offset(offset))
    return [dict(row) for row in rows.mappings()]


def amounts_of(conn: Connection, project_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The entered amounts of projects with what is left of each."""
    found: dict[uuid.UUID, list[dict[str, Any]]] = {project_id: [] for project_id in project_ids}
    rows = conn.execute(
        select(ReductionAmount.__table__)
        .where(ReductionAmount.project_id.in_(list(found)))
        .order_by(ReductionAmount.project_id, ReductionAmount.factor)
    )
    for row in rows.mappings():
        found[row["project_id"]].append({**row, "left": row["amount"] - row["used"]})
    return found


def uses_of(conn: Connection, project_id: uuid.UUID) -> list[dict[str, Any]]:
    """What became of a project's amounts, in order."""
    rows = conn.execute(
        select(ReductionUse.__table__, (~standing()).label("reversed"))
        .where(ReductionUse.project_id == project_id)
        .order_by(ReductionUse.on_date, ReductionUse.id)
        .limit(500)
    )
    return [dict(row) for row in rows.mappings()]


def left_in_zone(conn: Connection, zone: str, until: date) -> list[dict[str, Any]]:
    """What the entered projects of a zone still hold, decided up to a day: the candidates of a reserve round."""
    rows = conn.execute(
        select(
            ReductionProject.id,
            ReductionProject.number,
            ReductionProject.name,
            ReductionProject.unit_name,
            ReductionAmount.factor,
            (ReductionAmount.amount - ReductionAmount.used).label("left"),
        )
        .join(ReductionAmount, ReductionAmount.project_id == ReductionProject.id)
        .where(
            ReductionProject.zone_code == zone,
            ReductionProject.status == "entered",
            ReductionProject.decided_on <= until,
            ReductionAmount.used < ReductionAmount.amount,
        )
        .order_by(ReductionProject.number, ReductionAmount.factor)
        .limit(500)
    )
    return [dict(row) for row in rows.mappings()]


# -- helpers ----------------------------------------------------------------------------------------------


def _locked(conn: Connection, project_id: uuid.UUID) -> dict[str, Any]:
    query = select(ReductionProject.__table__).where(ReductionProject.id == project_id).with_for_update()
    row = conn.execute(query).mappings().first()
    if row is None:
        raise NotFound("没有这个减排项目。", "There is no such project.")
    if row["status"] in ("entered", "refused", "void"):
        raise Conflict("project_decided", "该减排项目已有审核结论。", "This project has been decided.")
    return dict(row)
