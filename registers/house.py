"""House rules: numbers that no law gives and an installation decides for itself, each with its source.

When a light turns yellow, how long a draft may lie: the values shipped stand in `data/house.json`. A change is a
new row (`house_setting`, append-only) with who, when and on what ground; the newest row of a key counts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Index, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.errors import DomainError
from registers.laws import DATA


class HouseSetting(Base):
    """A value an installation chose."""

    __tablename__ = "house_setting"
    __table_args__ = (Index("ix_house_setting_key", "key", "entered_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str]
    value: Mapped[int]
    source: Mapped[str]
    entered_by: Mapped[uuid.UUID | None]
    entered_at: Mapped[datetime]


@dataclass(frozen=True)
class HouseRule:
    """A number with its bounds, its words and where it comes from."""

    key: str
    value: int
    low: int
    high: int
    unit: str
    zh: str
    en: str
    source_zh: str
    source_en: str
    changed_at: datetime | None = None


@cache
def built_in() -> Mapping[str, HouseRule]:
    """The values as shipped."""
    rows = json.loads((DATA / "house.json").read_text(encoding="utf-8"))["rules"]
    return {
        row["key"]: HouseRule(
            row["key"],
            row["value"],
            row["low"],
            row["high"],
            row["unit"],
            *(row["title"][name] for name in ("zh", "en")),
            *(row["source"][name] for name in ("zh", "en")),
        )
        for row in rows
    }


def values(conn: Connection) -> dict[str, int]:
    """The values that count now."""
    return {rule.key: rule.value for rule in rules(conn)}


def rules(conn: Connection) -> list[HouseRule]:
    """All house rules with the values that count now."""
    rows = conn.execute(select(HouseSetting.__table__).order_by(HouseSetting.entered_at, HouseSetting.id)).mappings()
    chosen = {row["key"]: row for row in rows}
    return [
        HouseRule(
            **{
                **vars(rule),
                "value": chosen[key]["value"],
                "source_zh": chosen[key]["source"],
                "source_en": chosen[key]["source"],
                "changed_at": chosen[key]["entered_at"],
            }
        )
        if key in chosen
        else rule
        for key, rule in built_in().items()
    ]


def history(conn: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """What was changed, newest first."""
    rows = conn.execute(select(HouseSetting.__table__).order_by(HouseSetting.entered_at.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def save(conn: Connection, key: str, value: int, source: str, by: uuid.UUID | None, now: datetime) -> None:
    """Choose another value; refused out of its bounds or without a ground."""
    rule = built_in().get(key)
    if rule is None:
        raise DomainError("unknown_setting", f"没有“{key}”这项设置。", f"There is no setting “{key}”.", pointer="key")
    if not rule.low <= value <= rule.high:
        raise DomainError(
            "setting_range",
            f"“{rule.zh}”应在{rule.low}至{rule.high}之间。",
            f"“{rule.en}” lies between {rule.low} and {rule.high}.",
            pointer="value",
        )
    if not source.strip():
        raise DomainError("source", "请写明依据。", "Say on what ground.", pointer="source")
    row = {"id": uuid7(), "key": key, "value": value, "source": source.strip()[:500], "entered_by": by}
    conn.execute(insert(HouseSetting).values(**row, entered_at=now))
