"""The tables of the waste ledger (一套台账) and of joint inspections."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.quota_accounts import AMOUNT

# How an entry moves the stock; a count says what was found and moves nothing.
SIGNS: dict[str, int] = {"received": 1, "produced": 1, "treated": -1, "shipped": -1, "counted": 0}
KIND_TITLES: dict[str, tuple[str, str]] = {
    "received": ("接收", "received"),
    "produced": ("次生产生", "produced (secondary)"),
    "treated": ("利用处置", "treated"),
    "shipped": ("转移出厂", "shipped out"),
    "counted": ("盘点", "counted"),
}


class WasteEntry(Base):
    """One movement of a waste on a day; never changed, taken back by an entry that names it."""

    __tablename__ = "waste_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('received', 'produced', 'treated', 'shipped', 'counted')", name="kind"),
        CheckConstraint("amount_t > 0 OR (kind = 'counted' AND amount_t = 0)", name="amount"),
        UniqueConstraint("reverses"),
        Index("ix_waste_entry_stock", "enterprise_id", "code", "on_date"),
        Index("ix_waste_entry_day", "enterprise_id", "on_date"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"))
    on_date: Mapped[date]
    kind: Mapped[str]
    code: Mapped[str] = mapped_column(comment="eight-digit code of the national list")
    amount_t: Mapped[Decimal] = mapped_column(AMOUNT)
    lot: Mapped[str] = mapped_column(server_default="", comment="转移联单号 or batch")
    partner: Mapped[str] = mapped_column(server_default="", comment="from whom or to whom")
    note: Mapped[str] = mapped_column(server_default="")
    import_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("waste_import.id"), index=True)
    reverses: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("waste_entry.id"))
    entered_by: Mapped[uuid.UUID | None]
    entered_at: Mapped[datetime]


class WasteImport(Base):
    """A spreadsheet that was read in, with all its rows and what is wrong in them."""

    __tablename__ = "waste_import"
    __table_args__ = (Index("ix_waste_import_enterprise", "enterprise_id", "imported_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"))
    file_name: Mapped[str]
    rows: Mapped[list[Any]]
    good: Mapped[int]
    bad: Mapped[int]
    imported_by: Mapped[uuid.UUID | None]
    imported_at: Mapped[datetime]


class InspectionDraw(Base):
    """A random list (随机抽查名单): candidates, seed and outcome, so that anybody can draw it again."""

    __tablename__ = "inspection_draw"
    __table_args__ = (
        CheckConstraint("wanted > 0", name="wanted"),
        Index("ix_inspection_draw_body", "body_id", "drawn_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"))
    year: Mapped[int]
    seed: Mapped[str]
    wanted: Mapped[int]
    candidates: Mapped[list[Any]]
    chosen: Mapped[list[Any]]
    drawn_by: Mapped[uuid.UUID | None]
    drawn_at: Mapped[datetime]


class InspectionCase(Base):
    """The case of an inspection that came from a random list."""

    __tablename__ = "inspection_case"

    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("inspection_draw.id"), primary_key=True)
    enterprise_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enterprise.id"), primary_key=True, index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
