"""Imported calendar years: the State Council's yearly holiday notice as data.

A year is imported whole, from JSON or CSV, and replaces what the program shipped for that year. A notice may
also name days of the neighbouring year (31 December off before New Year's Day); those single days count too.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base
from registers.errors import DomainError

DayKind = Literal["off", "work"]


@dataclass(frozen=True)
class CalendarYear:
    """One published year: days off and make-up working days that differ from a plain week."""

    year: int
    source: str
    days: dict[date, DayKind]


class CalendarYearRow(Base):
    """A published year as imported."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    days: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]


def parse(content: bytes, source: str = "") -> CalendarYear:
    """Read a year from JSON (`{"year", "source", "days": [{"date", "kind"}]}`) or CSV (`date,kind`)."""
    text = content.decode("utf-8-sig").strip()
    try:
        if text.startswith("{"):
            raw = json.loads(text)
            year, source = int(raw["year"]), str(raw.get("source") or source)
            pairs = [(item["date"], item["kind"]) for item in raw["days"]]
        else:
            pairs = [(row["date"], row["kind"]) for row in csv.DictReader(io.StringIO(text))]
            years = [date.fromisoformat(day).year for day, _ in pairs]
            year = max(set(years), key=years.count)
        days = {date.fromisoformat(day): _kind(kind) for day, kind in pairs}
    except (ValueError, KeyError, TypeError) as error:
        raise DomainError(
            "calendar_unreadable",
            f"节假日文件无法读取：{error}。每行需要 date（YYYY-MM-DD）和 kind（off 或 work）。",
            f"The holiday file cannot be read: {error}. Each line needs a date and a kind (off or work).",
        ) from None
    return checked(CalendarYear(year, source, days))


def checked(item: CalendarYear) -> CalendarYear:
    """Refuse a year that cannot be right: days of another year, a make-up day in the week, no day off."""
    for day, kind in item.days.items():
        near = day.year == item.year or day in (
            date(item.year - 1, 12, day.day),
            date(item.year + 1, 1, day.day),
        )
        if not near:
            raise DomainError(
                "calendar_wrong_year",
                f"{day} 不属于 {item.year} 年的放假安排。",
                f"{day} does not belong to the arrangement of {item.year}.",
                pointer=day.isoformat(),
            )
        if kind == "work" and day.weekday() < 5:
            raise DomainError(
                "calendar_not_a_makeup_day",
                f"{day} 本来就是工作日，不能标为调休上班。",
                f"{day} is an ordinary working day and cannot be a make-up day.",
                pointer=day.isoformat(),
            )
    if not any(kind == "off" for kind in item.days.values()):
        raise DomainError("calendar_empty", "文件中没有任何休息日。", "The file names no day off.")
    return item


def save(conn: Connection, item: CalendarYear, now: datetime) -> None:
    """Store a year; importing it again replaces it."""
    values = {
        "year": item.year,
        "source": item.source,
        "days": {day.isoformat(): kind for day, kind in sorted(item.days.items())},
        "imported_at": now,
    }
    statement = insert(CalendarYearRow).values(**values)
    conn.execute(statement.on_conflict_do_update(index_elements=["year"], set_=values))


def load_all(conn: Connection) -> tuple[CalendarYear, ...]:
    """All imported years."""
    rows = conn.execute(
        select(CalendarYearRow.year, CalendarYearRow.source, CalendarYearRow.days).order_by(CalendarYearRow.year)
    )
    return tuple(
        CalendarYear(row.year, row.source, {date.fromisoformat(day): _kind(kind) for day, kind in row.days.items()})
        for row in rows
    )


def _kind(text: str) -> DayKind:
    if text == "off":
        return "off"
    if text == "work":
        return "work"
    raise ValueError(f"unknown kind of day {text!r}")
