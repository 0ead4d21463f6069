"""The tables of the total register: list of a year, declared and allowed amounts, statistics, results, imports."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.quota_accounts import AMOUNT

# Law: 苏州工业园区排污总量指标管理实施细则（征求意见稿）五.2 names the methods; the order is that of HJ 942 ch. 9 (to be confirmed).
METHOD_TITLES: dict[str, tuple[str, str]] = {
    "automatic": ("自动监测", "automatic monitoring"),
    "manual": ("手工监测", "manual monitoring"),
    "balance": ("物料衡算", "material balance"),
    "coefficient": ("产排污系数", "coefficients"),
}
MEDIA = ("air", "water")


class ManagedUnit(Base):
    """A unit on the list of a year (污染物排放总量管理名单)."""

    __tablename__ = "managed_unit"
    __table_args__ = (CheckConstraint("status IN ('listed', 'removed')", name="status"),)

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"), index=True)
    basis: Mapped[str] = mapped_column(comment="why it is on the list: permit, statistics, need of the park")
    status: Mapped[str]
    changed_by: Mapped[uuid.UUID | None]
    changed_at: Mapped[datetime]


class UnitTotal(Base):
    """What a unit declared for a year and factor, and the amount allowed for the year after."""

    __tablename__ = "unit_total"
    __table_args__ = (
        UniqueConstraint("year", "enterprise_id", "factor"),
        CheckConstraint("method IN ('automatic', 'manual', 'balance', 'coefficient')", name="method"),
        CheckConstraint("status IN ('declared', 'decided')", name="status"),
        CheckConstraint("permitted >= 0 AND actual >= 0 AND claimed >= 0", name="amounts"),
        CheckConstraint("(status = 'decided') = (allowed IS NOT NULL)", name="decided"),
        CheckConstraint("allowed IS NULL OR (allowed >= 0 AND allowed <= permitted)", name="allowed"),
        Index("ix_unit_total_zone", "year", "zone_code", "factor"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    year: Mapped[int]
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"))
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"))
    factor: Mapped[str]
    permitted: Mapped[Decimal] = mapped_column(AMOUNT)
    actual: Mapped[Decimal] = mapped_column(AMOUNT)
    claimed: Mapped[Decimal] = mapped_column(AMOUNT, comment="the allowed amount as declared by the unit")
    method: Mapped[str]
    evidence: Mapped[str]
    findings: Mapped[list[Any]]
    status: Mapped[str]
    allowed: Mapped[Decimal | None] = mapped_column(AMOUNT, comment="decided for the year after `year`")
    reason: Mapped[str] = mapped_column(server_default="")
    case_id: Mapped[uuid.UUID | None]
    declared_by: Mapped[uuid.UUID | None]
    declared_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]


class UnitStatistic(Base):
    """The amount of a unit in the environmental statistics of a year, to be compared with."""

    __tablename__ = "unit_statistic"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    factor: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    source: Mapped[str]


class ZoneQuality(Base):
    """The result of the environmental quality assessment of a zone, and the cut decided because of it."""

    __tablename__ = "zone_quality"
    __table_args__ = (
        CheckConstraint("medium IN ('air', 'water')", name="medium"),
        CheckConstraint("cut_percent >= 0 AND cut_percent <= 100", name="cut"),
    )

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"), primary_key=True)
    medium: Mapped[str] = mapped_column(primary_key=True)
    met: Mapped[bool]
    cut_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    document: Mapped[str]
    entered_by: Mapped[uuid.UUID | None]
    entered_at: Mapped[datetime]


class TotalImport(Base):
    """A spreadsheet that was read in: every row as it was, with what was wrong in it; nothing is lost."""

    __tablename__ = "total_import"
    __table_args__ = (CheckConstraint("kind IN ('list', 'statistics', 'declaration')", name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    year: Mapped[int]
    file_name: Mapped[str]
    rows: Mapped[list[Any]]
    good: Mapped[int]
    bad: Mapped[int]
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"), index=True)
    imported_by: Mapped[uuid.UUID | None]
    imported_at: Mapped[datetime]
