"""What an administrator sets for the quota ledger: balance ratios, and zone bans (区域限批).

Ratios are dated versions of a table; one administrator enters a version, another signs it, and none is built in
as law (the table that the park's rules refer to could not be found). A ban stops
new amounts of a factor in a zone between two days; it is proposed or entered, put in force, and lifted, each with
its document. Who may do this is decided where the commands are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base
from registers.errors import DomainError
from registers.quota_accounts import AMOUNT, factors


class QuotaRatio(Base):
    """A version of the ratio table; in force from a day once a second administrator has signed it."""

    __tablename__ = "quota_ratio"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'signed', 'rejected')", name="status"),
        CheckConstraint("signed_by <> entered_by", name="four_eyes"),
        CheckConstraint("(status = 'proposed') = (signed_at IS NULL)", name="signed"),
        UniqueConstraint("version"),
        Index("uq_quota_ratio_day", "valid_from", unique=True, postgresql_where=text("status = 'signed'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    valid_from: Mapped[date]
    lines: Mapped[list[Any]] = mapped_column(comment="factor, ratio, and optionally zone and industry prefix")
    basis: Mapped[str] = mapped_column(comment="the document the ratios are taken from")
    note: Mapped[str]
    status: Mapped[str]
    entered_by: Mapped[uuid.UUID]
    entered_at: Mapped[datetime]
    signed_by: Mapped[uuid.UUID | None]
    signed_at: Mapped[datetime | None]
    sign_note: Mapped[str] = mapped_column(server_default="")


class QuotaBan(Base):
    """A ban on new amounts of a factor in a zone (区域限批) for a time, with its document."""

    __tablename__ = "quota_ban"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'in_force', 'rejected', 'lifted')", name="status"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on", name="days"),
        Index("ix_quota_ban_zone", "zone_code", "factor", "from_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"))
    factor: Mapped[str]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    reason: Mapped[str]
    document: Mapped[str]
    status: Mapped[str]
    entered_by: Mapped[uuid.UUID | None]
    entered_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(server_default="")


class QuotaRecovery(Base):
    """A proposal to take permitted quota back (回收), with its figures; an officer decides with reasons."""

    __tablename__ = "quota_recovery"
    __table_args__ = (
        CheckConstraint("ground IN ('dropped', 'surplus', 'other')", name="ground"),
        CheckConstraint("status IN ('proposed', 'recovered', 'declined')", name="status"),
        CheckConstraint("amount > 0 AND amount <= permitted", name="amount"),
        Index(
            "uq_quota_recovery_open",
            "enterprise_id",
            "zone_code",
            "factor",
            "period",
            unique=True,
            postgresql_where=text("status = 'proposed'"),
        ),
        Index("ix_quota_recovery_zone", "zone_code", "status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"))
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"))
    factor: Mapped[str]
    period: Mapped[str] = mapped_column(ForeignKey("quota_period.code"))
    ground: Mapped[str]
    permitted: Mapped[Decimal] = mapped_column(AMOUNT)
    actual: Mapped[Decimal | None] = mapped_column(AMOUNT)
    year: Mapped[int | None] = mapped_column(comment="the year whose actual amount was audited")
    amount: Mapped[Decimal] = mapped_column(AMOUNT, comment="what is proposed to be taken back")
    facts: Mapped[str]
    status: Mapped[str]
    proposed_by: Mapped[uuid.UUID | None]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")
    posting_id: Mapped[uuid.UUID | None]


@dataclass(frozen=True)
class Ratio:
    """The ratio that applies to a project and the version of the table it stands in."""

    value: Decimal
    rule: str
    basis: str


def ratio(conn: Connection, *, on: date, factor: str, zone: str, industry: str = "") -> Ratio:
    """The signed ratio of a factor on a day: the narrowest line that fits (zone and industry before either alone)."""
    row = conn.execute(
        select(QuotaRatio.version, QuotaRatio.lines, QuotaRatio.basis)
        .where(QuotaRatio.status == "signed", QuotaRatio.valid_from <= on)
        .order_by(QuotaRatio.valid_from.desc())
        .limit(1)
    ).first()
    fitting = [line for line in (row.lines if row else ()) if _fits(line, factor, zone, industry)]
    if row is None or not fitting:
        name = factors().get(factor, {"zh": factor, "en": factor})
        raise DomainError(
            "quota_ratio_missing",
            f"平衡比例表中没有 {on} 适用于“{name['zh']}”的比例，请管理员录入并由第二人签核。",
            f"The ratio table has no ratio for {name['en']} on {on}; an administrator enters one, a second one signs.",
            pointer=factor,
        )
    best = max(fitting, key=lambda line: (bool(line.get("zone")), len(line.get("industry") or "")))
    return Ratio(Decimal(best["ratio"]), f"quota.ratio@{row.version}", row.basis)


def check_lines(lines: Iterable[Mapping[str, Any]], zones: Iterable[str]) -> list[dict[str, str]]:
    """The lines of a ratio table in their written form; refuses unknown factors, zones and ratios below one."""
    known, checked = set(zones), []
    for number, line in enumerate(lines):
        factor, zone = str(line.get("factor", "")), str(line.get("zone") or "")
        industry = str(line.get("industry") or "")
        try:
            value = Decimal(str(line.get("ratio", "")))
        except InvalidOperation:
            value = Decimal(0)
        if factor not in factors() or (zone and zone not in known) or (industry and not industry.isdigit()):
            raise DomainError(
                "quota_ratio_line",
                f"第{number + 1}行的因子、功能区或行业代码不正确。",
                f"Line {number + 1}: unknown factor or zone, or a wrong industry code.",
                pointer=f"lines.{number}",
            )
        if not value.is_finite() or not Decimal(1) <= value <= Decimal(100) or value != round(value, 4):
            raise DomainError(
                "quota_ratio_value",
                f"第{number + 1}行的比例须在1至100之间，最多四位小数。",
                f"Line {number + 1}: a ratio lies between 1 and 100, with at most four places.",
                pointer=f"lines.{number}.ratio",
            )
        checked.append({"factor": factor, "zone": zone, "industry": industry, "ratio": format(value, "f")})
    keys = {(line["factor"], line["zone"], line["industry"]) for line in checked}
    if not checked or len(keys) < len(checked):
        raise DomainError(
            "quota_ratio_line",
            "比例表不能为空，同一因子、功能区和行业只能有一行。",
            "The table is not empty and has one line for a factor, zone and industry.",
            pointer="lines",
        )
    return checked


def next_version(conn: Connection) -> int:
    """The number of the next version of the ratio table."""
    return (conn.scalar(select(func.max(QuotaRatio.version))) or 0) + 1


def bans(conn: Connection, zone: str, on: date, names: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The bans in force in a zone on a day, of the factors named or of all."""
    query = select(QuotaBan.__table__).where(
        QuotaBan.zone_code == zone,
        QuotaBan.status == "in_force",
        QuotaBan.from_on <= on,
        QuotaBan.to_on.is_(None) | (QuotaBan.to_on >= on),
    )
    if names is not None:
        query = query.where(QuotaBan.factor.in_(list(names)))
    return [dict(row) for row in conn.execute(query.order_by(QuotaBan.from_on)).mappings()]


def _fits(line: Mapping[str, Any], factor: str, zone: str, industry: str) -> bool:
    return (
        line["factor"] == factor
        and line.get("zone") in (None, "", zone)
        and (not line.get("industry") or industry.startswith(str(line["industry"])))
    )
