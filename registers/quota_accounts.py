"""The tables of the quota ledger: plan periods, accounts, postings, entries and shares.

Everything here is written by one database function, `quota_post` (revision 0021); the runtime role may read
these tables and nothing else. An account is zone x factor x register x plan period. An entry is one line of a
posting and is never changed. A share says whose part of an account an amount is: the case behind a reservation,
the enterprise behind a permitted total. An amount is held once, where it can fall short, and never falls below zero:
in parts, or in shares where it is somebody's; the view `quota_balance` tells the balance of any account.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    Text,
    TypeDecorator,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from registers import catalogues
from registers.db import Base
from registers.errors import DomainError

PLACES = Decimal("0.000001")
AMOUNT = Numeric(20, 6)


class Register(StrEnum):
    """The registers of a zone; `source` and `used` lie outside and balance what enters and leaves."""

    REDUCTION = "reduction"
    RESERVE = "reserve"
    RESERVED = "reserved"
    TOTAL = "total"
    UPPER = "upper"
    SOURCE = "source"
    USED = "used"


REGISTER_TITLES: dict[str, tuple[str, str]] = {
    "reduction": ("减排库", "Reductions"),
    "reserve": ("储备库", "Reserve"),
    "reserved": ("预占", "Reserved"),
    "total": ("总量库", "Permitted totals"),
    "upper": ("上级储备", "Upper-level reserve"),
    "source": ("来源（库外）", "Source (outside)"),
    "used": ("去向（库外）", "Use (outside)"),
}


class Kind(StrEnum):
    """What a posting does."""

    OPENING = "opening"
    REDUCTION = "reduction"
    TO_RESERVE = "to_reserve"
    REDUCTION_USE = "reduction_use"
    UPPER_GRANT = "upper_grant"
    UPPER_DEBIT = "upper_debit"
    ZONE_TRANSFER = "zone_transfer"
    RESERVATION = "reservation"
    COMMITMENT = "commitment"
    RELEASE = "release"
    RECOVERY = "recovery"
    AUCTION = "auction"
    REPLACEMENT = "replacement"
    REVERSAL = "reversal"


KIND_TITLES: dict[str, tuple[str, str]] = {
    "opening": ("期初", "Opening balance"),
    "reduction": ("减排入库", "Reduction entered"),
    "to_reserve": ("转入储备", "Moved to the reserve"),
    "reduction_use": ("减排量另用", "Reduction used otherwise"),
    "upper_grant": ("上级储备拨入", "Granted from the upper reserve"),
    "upper_debit": ("上级使用扣减", "Debited for upper-level use"),
    "zone_transfer": ("功能区调剂", "Transfer between zones"),
    "reservation": ("预占", "Reservation"),
    "commitment": ("核销", "Commitment"),
    "release": ("释放", "Release"),
    "recovery": ("回收", "Recovery"),
    "auction": ("储备拍卖", "Reserve auction"),
    "replacement": ("1:1总量替代", "1:1 replacement"),
    "reversal": ("冲正", "Reversal"),
}


class Account(NamedTuple):
    """The key of an account."""

    zone: str
    factor: str
    register: str
    period: str


class Ruled(TypeDecorator[Any]):
    """A column whose rule is a domain of the database: read and compared like the type under it."""

    impl = Text
    cache_ok = True

    def __init__(self, domain: str, under: TypeEngine[Any]) -> None:
        super().__init__()
        self.domain, self.under = domain, under
        self.impl = under  # type: ignore[assignment]

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DOMAIN(self.domain, self.under, create_type=False))


NOT_NEGATIVE = Ruled("quota_not_negative", AMOUNT)
Line = tuple[Account, Decimal]  # of a posting: an account and what is added to it


class QuotaPeriod(Base):
    """A plan period (五年规划期); accounts belong to one."""

    __tablename__ = "quota_period"
    __table_args__ = (CheckConstraint("last_on > first_on", name="days"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    first_on: Mapped[date]
    last_on: Mapped[date]


class QuotaAccount(Base):
    """An account; its balance is the sum of its parts, of its shares, or of its entries (`quota_balance`)."""

    __tablename__ = "quota_account"
    __table_args__ = (
        UniqueConstraint("zone_code", "factor", "register", "period"),
        CheckConstraint(f"register IN ({', '.join(repr(str(name)) for name in Register)})", name="register"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    zone_code: Mapped[str] = mapped_column(ForeignKey("zone.code"))
    factor: Mapped[str]
    register: Mapped[str]
    period: Mapped[str] = mapped_column(ForeignKey("quota_period.code"))


class QuotaPart(Base):
    """A part of the balance of reductions, reserve or upper-level reserve: several can be drawn on at once."""

    __tablename__ = "quota_part"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    account_id: Mapped[int] = mapped_column(ForeignKey("quota_account.id"), primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    amount: Mapped[Decimal] = mapped_column(NOT_NEGATIVE, server_default="0")


class QuotaPosting(Base):
    """One posting: what happened, when, in which case, by which document and rule, by whom, and why."""

    __tablename__ = "quota_posting"
    __table_args__ = (
        UniqueConstraint("reverses"),
        Index("ix_quota_posting_case_id", "case_id", postgresql_where="case_id IS NOT NULL"),
        Index("ix_quota_posting_enterprise_id", "enterprise_id", postgresql_where="enterprise_id IS NOT NULL"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Ruled("quota_kind", Text()))
    on_date: Mapped[date]
    zone_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    case_id: Mapped[uuid.UUID | None]
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"))
    document: Mapped[str] = mapped_column(comment="letter:<id>, file:<id>, reduction:<id> or words")
    rule: Mapped[str] = mapped_column(comment="code and version of the rule that was applied")
    ratio: Mapped[Decimal | None] = mapped_column(Ruled("quota_at_least_one", Numeric(8, 4)))
    base: Mapped[Decimal | None] = mapped_column(AMOUNT, comment="the added external amount before the ratio")
    reason: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    reverses: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("quota_posting.id"))
    posted_at: Mapped[datetime]


class QuotaEntry(Base):
    """One line of a posting on one account.

    No foreign keys: `quota_post`, the only writer, writes it right after its posting on an account it has looked up,
    nothing deletes either of them, and the keys' checks would cost a tenth of a posting and lock the busiest rows.
    """

    __tablename__ = "quota_entry"
    __table_args__ = (
        Index("ix_quota_entry_account", "account_id", "on_date", "id"),
        Index("ix_quota_entry_posting_id", "posting_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    posting_id: Mapped[uuid.UUID]
    account_id: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Ruled("quota_not_zero", AMOUNT))
    on_date: Mapped[date]


class QuotaShare(Base):
    """Whose part of an account an amount is: a case (reserved) or an enterprise (total)."""

    __tablename__ = "quota_share"
    __table_args__ = (Index("ix_quota_share_owner", "owner"),)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(NOT_NEGATIVE)


@dataclass(frozen=True)
class Period:
    """A plan period as other rooms see it."""

    code: str
    name_zh: str
    name_en: str
    first_on: date
    last_on: date


# The two plan periods around the rules of 2023: dates of the national five-year plans, which are data here.
_BUILT_IN = (
    ("14", "“十四五”", "14th five-year plan", date(2021, 1, 1), date(2025, 12, 31)),
    ("15", "“十五五”", "15th five-year plan", date(2026, 1, 1), date(2030, 12, 31)),
)


def factors() -> Mapping[str, Mapping[str, Any]]:
    """The factors under quota control by key."""
    return {item["key"]: item for item in catalogues.pollutants()}


def seed(conn: Connection) -> int:
    """Enter the plan periods that are missing; returns how many were entered."""
    names = ("code", "name_zh", "name_en", "first_on", "last_on")
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in _BUILT_IN]
    statement = insert(QuotaPeriod).on_conflict_do_nothing(index_elements=["code"]).returning(QuotaPeriod.code)
    return len(conn.execute(statement, rows).all())


def periods(conn: Connection) -> list[Period]:
    """All plan periods, newest first."""
    rows = conn.execute(select(QuotaPeriod.__table__).order_by(QuotaPeriod.first_on.desc()))
    return [Period(**row) for row in rows.mappings()]


def period_on(conn: Connection, on: date) -> str:
    """The code of the plan period of a day; raises DomainError when none was entered."""
    found = conn.scalar(select(QuotaPeriod.code).where(QuotaPeriod.first_on <= on, QuotaPeriod.last_on >= on))
    if found is None:
        raise DomainError(
            "quota_period",
            f"没有登记 {on} 所在的规划期，请系统管理员补充。",
            f"No plan period is entered for {on}; an administrator has to add it.",
        )
    return found
