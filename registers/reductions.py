"""Emission-reduction projects (污染减排项目): what was reduced where, who checked it, and what became of it.

A project is listed by its zone, declared, calculated, checked by a second person or a third party (never the one
who calculated or checked first: the database refuses it), audited, and then entered into the reduction register
(减排库) by a posting of the ledger, or refused with a reason. An entered amount leaves in portions: to the reserve, or
to one of the four uses that exclude it from the reserve. More than was entered can never leave.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, insert, or_, select, update

from registers import parties, quota
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.quota import Account, Kind, Posting, Register
from registers.quota_accounts import period_on
from registers.reduction_tables import USE_TITLES, ReductionAmount, ReductionProject, ReductionUse, standing

RULE = "SIPQUOTA:四"


@dataclass(frozen=True)
class Portion:
    """A part of one project's amount of one factor, and what becomes of it."""

    project_id: uuid.UUID
    factor: str
    purpose: str
    amount: Decimal
    to_upper: bool = False


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
    lines = [
        line
        for factor, amount in sorted(amounts.items())
        for line in quota.transfer(
            Account(project["zone_code"], factor, Register.SOURCE, project["period"]),
            Account(project["zone_code"], factor, Register.REDUCTION, project["period"]),
            amount,
        )
    ]
    posting_id = quota.post(
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


# -- the way out of it ------------------------------------------------------------------------------------


def use(
    conn: Connection,
    portions: Sequence[Portion],
    *,
    on: date,
    now: datetime,
    by: uuid.UUID | None,
    case_id: uuid.UUID | None = None,
    document: str = "",
) -> list[uuid.UUID]:
    """Let portions leave the reduction register: to the reserve, or to a use that excludes them from it.

    All portions or none. Amounts are locked in the order of project and factor, then the ledger locks its accounts.
    """
    ordered = sorted(portions, key=lambda one: (str(one.project_id), one.factor, one.purpose))
    projects = {project_id: one(conn, project_id) for project_id in dict.fromkeys(p.project_id for p in ordered)}
    for portion in ordered:
        _take(conn, portion, projects[portion.project_id])
    postings = [_posting(portion, projects[portion.project_id], on, by, case_id, document) for portion in ordered]
    made = quota.post_all(conn, postings, now)
    if made:
        conn.execute(
            insert(ReductionUse),
            [
                {
                    "id": uuid7(),
                    "project_id": portion.project_id,
                    "factor": portion.factor,
                    "purpose": portion.purpose,
                    "amount": portion.amount,
                    "on_date": on,
                    "to_upper": portion.to_upper,
                    "document": posting.document,
                    "posting_id": posting_id,
                    "actor_id": by,
                    "created_at": now,
                }
                for portion, posting, posting_id in zip(ordered, postings, made, strict=True)
            ],
        )
    return made


def use_by_upper(
    conn: Connection, portion: Portion, *, on: date, now: datetime, by: uuid.UUID | None, document: str
) -> uuid.UUID:
    """The upper level has used an amount it also holds in reserve: it is debited from the zone's reserve (细则 四.2)."""
    project = one(conn, portion.project_id)
    conn.execute(select(ReductionAmount.factor).where(*_amount_of(portion)).with_for_update())
    rows = conn.execute(
        select(ReductionUse.purpose, func.sum(ReductionUse.amount))
        .where(ReductionUse.project_id == portion.project_id, ReductionUse.factor == portion.factor)
        .where(or_(ReductionUse.to_upper, ReductionUse.purpose == "upper"), standing())
        .group_by(ReductionUse.purpose)
    )
    held: dict[str, Decimal] = {row[0]: row[1] for row in rows}
    left = held.get("reserve", Decimal(0)) - held.get("upper", Decimal(0))
    if portion.amount <= 0 or portion.amount > left:
        raise _short(project, portion, left)
    account = Account(project["zone_code"], portion.factor, Register.RESERVE, project["period"])
    posting_id = quota.post(
        conn,
        Posting(
            Kind.UPPER_DEBIT,
            on,
            quota.transfer(account, account._replace(register=Register.USED), portion.amount),
            document=document,
            rule=f"{RULE}.2",
            reason=f"{project['number']} {project['name']}",
            actor_id=by,
        ),
        now,
    )
    conn.execute(
        insert(ReductionUse).values(
            project_id=portion.project_id,
            factor=portion.factor,
            purpose="upper",
            amount=portion.amount,
            on_date=on,
            document=document,
            posting_id=posting_id,
            actor_id=by,
            created_at=now,
        )
    )
    return posting_id


def grant(
    conn: Connection,
    *,
    zone: str,
    amounts: Mapping[str, Decimal],
    on: date,
    now: datetime,
    by: uuid.UUID | None,
    document: str,
    case_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """The upper level grants amounts to a zone's reserve: they come into the upper account and are drawn from it."""
    period = period_on(conn, on)
    postings = []
    for source, target in ((Register.SOURCE, Register.UPPER), (Register.UPPER, Register.RESERVE)):
        lines = [
            line
            for factor, amount in sorted(amounts.items())
            for line in quota.transfer(
                Account(zone, factor, source, period), Account(zone, factor, target, period), amount
            )
        ]
        postings.append(
            Posting(Kind.UPPER_GRANT, on, lines, document=document, rule=f"{RULE}.2", case_id=case_id, actor_id=by)
        )
    return quota.post_all(conn, postings, now)


def take_back(conn: Connection, posting_id: uuid.UUID) -> None:
    """A posting was reversed: what it took from a project is there again, what it entered is no longer there.

    An entry of which something has left already is not taken back before those portions are.
    """
    rows = conn.execute(
        select(ReductionUse.project_id, ReductionUse.factor, ReductionUse.amount).where(
            ReductionUse.posting_id == posting_id, ReductionUse.purpose != "upper"
        )
    ).all()
    for row in rows:
        conn.execute(
            update(ReductionAmount)
            .where(ReductionAmount.project_id == row.project_id, ReductionAmount.factor == row.factor)
            .values(used=ReductionAmount.used - row.amount)
        )
    entered = conn.execute(
        select(ReductionAmount.project_id, ReductionAmount.used)
        .where(ReductionAmount.posting_id == posting_id)
        .with_for_update()
    ).all()
    if any(row.used for row in entered):
        raise Conflict(
            "reduction_used",
            "该项目的减排量已有使用，请先冲正使用记录。",
            "Amounts of this project have been used; reverse those postings first.",
        )
    for project_id in {row.project_id for row in entered}:
        conn.execute(
            update(ReductionProject)
            .where(ReductionProject.id == project_id)
            .values(status="void", reason="入库记账已冲正")
        )


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


def _amount_of(portion: Portion) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ReductionAmount.project_id == portion.project_id, ReductionAmount.factor == portion.factor


def _take(conn: Connection, portion: Portion, project: Mapping[str, Any]) -> None:
    left = conn.scalar(
        select(ReductionAmount.amount - ReductionAmount.used).where(*_amount_of(portion)).with_for_update()
    )
    if portion.amount <= 0 or left is None or portion.amount > left:
        raise _short(project, portion, left or Decimal(0))
    conn.execute(update(ReductionAmount).where(*_amount_of(portion)).values(used=ReductionAmount.used + portion.amount))


def _posting(
    portion: Portion,
    project: Mapping[str, Any],
    on: date,
    by: uuid.UUID | None,
    case_id: uuid.UUID | None,
    document: str,
) -> Posting:
    account = Account(project["zone_code"], portion.factor, Register.REDUCTION, project["period"])
    kept = portion.purpose == "reserve"
    target = account._replace(register=Register.RESERVE if kept else Register.USED)
    return Posting(
        Kind.TO_RESERVE if kept else Kind.REDUCTION_USE,
        on,
        quota.transfer(account, target, portion.amount),
        document=document or f"reduction:{portion.project_id}",
        rule=f"{RULE}.1",
        reason=f"{project['number']} {USE_TITLES[portion.purpose][0]}",
        case_id=case_id,
        enterprise_id=project["enterprise_id"],
        actor_id=by,
    )


def _short(project: Mapping[str, Any], portion: Portion, left: Decimal) -> DomainError:
    return DomainError(
        "reduction_short",
        f"项目{project['number']}因子{portion.factor}可用减排量{left:f}吨/年，要求{portion.amount:f}吨/年。",
        f"Project {project['number']}, factor {portion.factor}: {left:f} t/a left, {portion.amount:f} t/a asked for.",
        pointer=portion.factor,
        status=409,
        available=format(left, "f"),
    )
