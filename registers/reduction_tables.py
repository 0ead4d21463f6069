"""The tables of reduction projects: the project, its audited amounts, and the portions that left the register."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, exists, select
from sqlalchemy.orm import Mapped, aliased, mapped_column

from registers.db import Base, uuid7
from registers.quota_accounts import AMOUNT, QuotaPosting

KIND_TITLES: dict[str, tuple[str, str]] = {
    "closure": ("产业结构升级类", "Industrial upgrading (closure)"),
    "process": ("工艺改进类", "Process improvement"),
    "treatment": ("深度治理类", "Deep treatment"),
    "other": ("其他类", "Other"),
}
ORIGIN_TITLES: dict[str, tuple[str, str]] = {
    "relocation": ("企业动迁", "Relocation"),
    "renewal": ("产业更新", "Industrial renewal"),
    "service": ("服务企业", "Enterprise service"),
    "inspection": ("日常监管", "Inspection"),
    "key_project": ("生态环境局：年度重点项目", "Bureau: key project of the year"),
    "special_check": ("生态环境局：专项排查", "Bureau: special check"),
    "permit_change": ("生态环境局：排污许可变更", "Bureau: permit change"),
    "subsidy": ("生态环境局：引导资金补助", "Bureau: subsidy"),
}
STATUS_TITLES: dict[str, tuple[str, str]] = {
    "listed": ("已列入清单", "Listed"),
    "declared": ("已申报，待审核", "Declared"),
    "entered": ("已入减排库", "Entered"),
    "refused": ("未通过", "Refused"),
    "void": ("已终止", "Ended without a decision"),
}
# Law: 苏州工业园区排污总量指标管理实施细则（征求意见稿）四.1: the four exclusions from the reserve; then the reserve itself.
USE_TITLES: dict[str, tuple[str, str]] = {
    "binding": ("用于约束性减排任务", "Used for binding reduction tasks"),
    "own_replacement": ("用于本单位“以新带老”", "Used for the unit's own new project"),
    "sold": ("已出让排污权", "Emission rights sold"),
    "other": ("其他不符合储备条件", "Other reasons against the reserve"),
    "reserve": ("转入储备库", "Moved to the reserve"),
    "upper": ("上级已使用", "Used by the upper level"),
}
EXCLUSIONS = ("binding", "own_replacement", "sold", "other")


def _one_of(column: str, names: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(name) for name in names)})"


class ReductionProject(Base):
    """One reduction project with its way through declaration, checks and audit."""

    __tablename__ = "reduction_project"
    __table_args__ = (
        CheckConstraint(_one_of("kind", KIND_TITLES), name="kind"),
        CheckConstraint(_one_of("origin", ORIGIN_TITLES), name="origin"),
        CheckConstraint(_one_of("status", STATUS_TITLES), name="status"),
        # Law: 细则 四.3, 四.4: calculation and check lie in different hands.
        CheckConstraint("second_by <> first_by AND second_by <> calculated_by", name="four_eyes"),
        CheckConstraint("status <> 'entered' OR (second_by IS NOT NULL AND decided_by IS NOT NULL)", name="checked"),
        CheckConstraint("status <> 'refused' OR reason <> ''", name="reason"),
        Index("ix_reduction_project_zone", "zone_code", "status"),
        Index("ix_reduction_project_enterprise_id", "enterprise_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str] = mapped_column(unique=True)
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"))
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"), comment="the bureau that audits")
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"))
    unit_name: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    origin: Mapped[str]
    period: Mapped[str] = mapped_column(ForeignKey("quota_period.code"))
    year: Mapped[int] = mapped_column(comment="the year for which it is declared")
    status: Mapped[str]
    case_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    declaration: Mapped[dict[str, Any]]
    calculation: Mapped[dict[str, Any]]
    calculated_by: Mapped[uuid.UUID | None]
    first_by: Mapped[uuid.UUID | None]
    second_by: Mapped[uuid.UUID | None]
    second_kind: Mapped[str] = mapped_column(server_default="", comment="person or third_party")
    decided_by: Mapped[uuid.UUID | None]
    decided_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(server_default="")
    listed_by: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]


class ReductionAmount(Base):
    """The audited amount of one factor of an entered project, and how much of it has left the register."""

    __tablename__ = "reduction_amount"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("used >= 0 AND used <= amount", name="used"),
    )

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reduction_project.id"), primary_key=True)
    factor: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    used: Mapped[Decimal] = mapped_column(AMOUNT, server_default="0")
    posting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("quota_posting.id"))


class ReductionUse(Base):
    """A portion of an amount that went somewhere; written once, never changed."""

    __tablename__ = "reduction_use"
    __table_args__ = (
        CheckConstraint(_one_of("purpose", USE_TITLES), name="purpose"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_reduction_use_project", "project_id", "factor"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reduction_project.id"))
    factor: Mapped[str]
    purpose: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    on_date: Mapped[date]
    to_upper: Mapped[bool] = mapped_column(server_default="false", comment="also entered in the upper-level reserve")
    document: Mapped[str]
    posting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("quota_posting.id"))
    actor_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]


def standing() -> ColumnElement[bool]:
    """The condition under which a use stands: its posting was not reversed."""
    reversal = aliased(QuotaPosting)
    return ~exists(select(reversal.id).where(reversal.reverses == ReductionUse.posting_id))
