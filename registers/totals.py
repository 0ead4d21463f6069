"""The total register (总量库): which units are managed in a year, what they declared, and what they are allowed.

By the end of February the list is drawn up; by the end of March every listed unit declares what it was permitted,
what it discharged and what it claims for the past year, each factor with its method. The bureau reviews that and
decides the allowed amount of the running year from the air and water results of the last one, which are data here,
entered with their document. Amounts are t/a, Decimal, six places.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.parties import Enterprise, Zone
from registers.permits import Permit
from registers.quota_accounts import QuotaAccount, QuotaShare, Register
from registers.total_tables import MEDIA, ManagedUnit, UnitStatistic, UnitTotal, ZoneQuality

# -- the list ---------------------------------------------------------------------------------------------


def put_on_list(
    conn: Connection, year: int, enterprise_id: uuid.UUID, *, basis: str, by: uuid.UUID | None, now: datetime
) -> None:
    """Put a unit on the list of a year, or back on it; its zone is that of the register of enterprises."""
    zone = conn.scalar(select(Enterprise.zone_code).where(Enterprise.id == enterprise_id))
    if zone is None:
        raise DomainError(
            "unit_zone", "该单位未登记功能区，不能列入名单。", "The unit has no zone in the register.", pointer="zone"
        )
    values = {"zone_code": zone, "basis": basis, "status": "listed", "changed_by": by, "changed_at": now}
    conn.execute(
        insert(ManagedUnit)
        .values(year=year, enterprise_id=enterprise_id, **values)
        .on_conflict_do_update(index_elements=["year", "enterprise_id"], set_=values)
    )


def take_off_list(
    conn: Connection, year: int, enterprise_id: uuid.UUID, *, reason: str, by: uuid.UUID | None, now: datetime
) -> None:
    """Take a unit off the list with a reason; what it declared stays."""
    done = conn.execute(
        update(ManagedUnit)
        .where(ManagedUnit.year == year, ManagedUnit.enterprise_id == enterprise_id, ManagedUnit.status == "listed")
        .values(status="removed", basis=reason, changed_by=by, changed_at=now)
    )
    if not done.rowcount:
        raise NotFound("名单中没有该单位。", "The unit is not on the list.")


def is_listed(conn: Connection, year: int, enterprise_id: uuid.UUID) -> bool:
    """Whether a unit is on the list of a year."""
    found = conn.scalar(
        select(ManagedUnit.status).where(ManagedUnit.year == year, ManagedUnit.enterprise_id == enterprise_id)
    )
    return found == "listed"


# -- declarations and decisions ---------------------------------------------------------------------------


def declare(
    conn: Connection,
    *,
    year: int,
    enterprise_id: uuid.UUID,
    zone: str,
    rows: Sequence[Mapping[str, Any]],
    case_id: uuid.UUID | None,
    by: uuid.UUID | None,
    now: datetime,
) -> None:
    """Keep what a unit declared for a year; declared again it replaces what was not decided yet."""
    conn.execute(select(Enterprise.id).where(Enterprise.id == enterprise_id).with_for_update())
    mine = (UnitTotal.year == year, UnitTotal.enterprise_id == enterprise_id)
    if conn.scalar(select(UnitTotal.id).where(*mine, UnitTotal.status == "decided").limit(1)):
        raise Conflict(
            "totals_decided",
            f"{year}年度申报已核定，不能再次申报。",
            f"The declaration of {year} has been decided and is not declared again.",
        )
    conn.execute(delete(UnitTotal).where(*mine))
    conn.execute(
        insert(UnitTotal),
        [
            {
                "id": uuid7(),
                "year": year,
                "enterprise_id": enterprise_id,
                "zone_code": zone,
                "factor": row["factor"],
                "permitted": row["permitted"],
                "actual": row["actual"],
                "claimed": row["claimed"],
                "method": row["method"],
                "evidence": row["evidence"],
                "findings": list(row.get("findings") or []),
                "status": "declared",
                "case_id": case_id,
                "declared_by": by,
                "declared_at": now,
            }
            for row in rows
        ],
    )


def decide(
    conn: Connection,
    *,
    year: int,
    enterprise_id: uuid.UUID,
    allowed: Mapping[str, tuple[Decimal, str]],
    by: uuid.UUID | None,
    now: datetime,
) -> None:
    """Decide the allowed amounts of the year after; every declared factor once, never above what is permitted."""
    for factor, (amount, reason) in allowed.items():
        done = conn.execute(
            update(UnitTotal)
            .where(UnitTotal.year == year, UnitTotal.enterprise_id == enterprise_id, UnitTotal.factor == factor)
            .where(UnitTotal.status == "declared", UnitTotal.permitted >= amount)
            .values(status="decided", allowed=amount, reason=reason, decided_by=by, decided_at=now)
        )
        if not done.rowcount:
            raise Conflict(
                "allowed_amount",
                f"因子{factor}未申报、已核定，或者核定量超过许可排放量。",
                f"Factor {factor} is not declared, decided already, or above the permitted amount.",
                pointer=factor,
            )


def of_unit(conn: Connection, year: int, enterprise_id: uuid.UUID) -> list[dict[str, Any]]:
    """What a unit declared for a year, by factor."""
    rows = conn.execute(
        select(UnitTotal.__table__)
        .where(UnitTotal.year == year, UnitTotal.enterprise_id == enterprise_id)
        .order_by(UnitTotal.factor)
    )
    return [dict(row) for row in rows.mappings()]


def of_years(conn: Connection, enterprise_id: uuid.UUID, first: int, last: int) -> list[dict[str, Any]]:
    """What a unit declared for the years from one to another, by year and factor."""
    rows = conn.execute(
        select(UnitTotal.__table__)
        .where(UnitTotal.enterprise_id == enterprise_id, UnitTotal.year.between(first, last))
        .order_by(UnitTotal.year, UnitTotal.factor)
        .limit(1000)
    )
    return [dict(row) for row in rows.mappings()]


# -- what declarations are held against -------------------------------------------------------------------


def statistics(conn: Connection, year: int, enterprise_id: uuid.UUID) -> dict[str, Decimal]:
    """The amounts of a unit in the environmental statistics of a year."""
    rows = conn.execute(
        select(UnitStatistic.factor, UnitStatistic.amount).where(
            UnitStatistic.year == year, UnitStatistic.enterprise_id == enterprise_id
        )
    )
    return {row.factor: row.amount for row in rows}


def put_statistic(
    conn: Connection, year: int, enterprise_id: uuid.UUID, factor: str, amount: Decimal, source: str
) -> None:
    """Enter or correct an amount of the environmental statistics."""
    conn.execute(
        insert(UnitStatistic)
        .values(year=year, enterprise_id=enterprise_id, factor=factor, amount=amount, source=source)
        .on_conflict_do_update(
            index_elements=["year", "enterprise_id", "factor"], set_={"amount": amount, "source": source}
        )
    )


def permitted_by_permit(conn: Connection, enterprise_id: uuid.UUID) -> dict[str, Decimal]:
    """The permitted totals that the valid discharge permits of a unit state."""
    found: dict[str, Decimal] = {}
    contents = conn.scalars(
        select(Permit.content).where(
            Permit.enterprise_id == enterprise_id, Permit.kind == "permit", Permit.status == "valid"
        )
    )
    for content in contents:
        for row in (content or {}).get("totals") or []:
            if row.get("factor") and row.get("amount_t") not in (None, ""):
                found[row["factor"]] = found.get(row["factor"], Decimal(0)) + Decimal(str(row["amount_t"]))
    return found


def permitted_by_ledger(conn: Connection, enterprise_id: uuid.UUID) -> dict[str, Decimal]:
    """The permitted totals of a unit in the ledger, by factor."""
    rows = conn.execute(
        select(QuotaAccount.factor, func.sum(QuotaShare.amount).label("amount"))
        .join(QuotaShare, QuotaShare.account_id == QuotaAccount.id)
        .where(QuotaShare.owner == enterprise_id, QuotaAccount.register == Register.TOTAL)
        .group_by(QuotaAccount.factor)
    )
    return {row.factor: row.amount for row in rows}


def quality(conn: Connection, year: int, zone: str) -> dict[str, dict[str, Any]]:
    """The results of a zone for a year by medium."""
    rows = conn.execute(
        select(ZoneQuality.__table__).where(ZoneQuality.year == year, ZoneQuality.zone_code == zone)
    ).mappings()
    return {row["medium"]: dict(row) for row in rows}


def put_quality(
    conn: Connection,
    *,
    year: int,
    zone: str,
    medium: str,
    met: bool,
    cut_percent: Decimal,
    document: str,
    by: uuid.UUID | None,
    now: datetime,
) -> None:
    """Enter the assessed result of a zone and medium, with the cut that the bureau sets because of it."""
    if medium not in MEDIA or not document.strip() or not 0 <= cut_percent <= 100:
        raise DomainError(
            "quality",
            "请填写环境要素、考核文件和0至100之间的削减比例。",
            "Give the medium, the document and a cut between 0 and 100 per cent.",
            pointer="document",
        )
    values = {
        "met": met,
        "cut_percent": cut_percent,
        "document": document.strip(),
        "entered_by": by,
        "entered_at": now,
    }
    conn.execute(
        insert(ZoneQuality)
        .values(year=year, zone_code=zone, medium=medium, **values)
        .on_conflict_do_update(index_elements=["year", "zone_code", "medium"], set_=values)
    )


# -- lists for pages and spreadsheets ---------------------------------------------------------------------


def units(conn: Connection, year: int, zones: Sequence[str], limit: int = 1000) -> list[dict[str, Any]]:
    """The list of a year with how far each unit has come."""
    declared = (
        select(
            UnitTotal.enterprise_id,
            func.count().label("factors"),
            func.count(UnitTotal.allowed).label("decided"),
            func.sum(func.jsonb_array_length(UnitTotal.findings)).label("differences"),
        )
        # A unit on the list of a year declares for the year before.
        .where(UnitTotal.year == year - 1)
        .group_by(UnitTotal.enterprise_id)
        .subquery()
    )
    rows = conn.execute(
        select(
            ManagedUnit.__table__,
            Enterprise.name,
            Enterprise.credit_code,
            Zone.name_zh,
            Zone.name_en,
            func.coalesce(declared.c.factors, 0).label("factors"),
            func.coalesce(declared.c.decided, 0).label("decided"),
            func.coalesce(declared.c.differences, 0).label("differences"),
        )
        .join(Enterprise, Enterprise.id == ManagedUnit.enterprise_id)
        .join(Zone, Zone.code == ManagedUnit.zone_code)
        .outerjoin(declared, declared.c.enterprise_id == ManagedUnit.enterprise_id)
        .where(ManagedUnit.year == year, ManagedUnit.zone_code.in_(zones), ManagedUnit.status == "listed")
        .order_by(ManagedUnit.zone_code, Enterprise.name)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def amounts(
    conn: Connection,
    year: int,
    *,
    zones: Sequence[str] = (),
    enterprise_id: uuid.UUID | None = None,
    limit: int = 5000,
) -> list[dict[str, Any]]:
    """What was declared and decided for a year: of zones, or of one unit."""
    query = (
        select(UnitTotal.__table__, Enterprise.name, Enterprise.credit_code, Zone.name_zh, Zone.name_en)
        .join(Enterprise, Enterprise.id == UnitTotal.enterprise_id)
        .join(Zone, Zone.code == UnitTotal.zone_code)
        .where(UnitTotal.year == year)
        .order_by(UnitTotal.zone_code, Enterprise.name, UnitTotal.factor)
        .limit(limit)
    )
    whose = UnitTotal.zone_code.in_(zones) if enterprise_id is None else UnitTotal.enterprise_id == enterprise_id
    query = query.where(whose)
    return [dict(row) for row in conn.execute(query).mappings()]
