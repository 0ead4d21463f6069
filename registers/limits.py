"""The limit table: every statutory period as a versioned row with its citation.

A rule is found by its speaking code and the date of the act; the version in force on that date applies
(on 2026-08-15 the Code replaced the EIA Law, so the same limit has two versions). The built-in rows come
from `data/limits.json`; `seed` writes them once and never overwrites a row an administrator has changed.
Two things belong to a body and not to the law: whether a bare 日 is counted in working days, and a promised
limit that is shorter than the statutory one (`limit_setting`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import CheckConstraint, Connection, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.errors import DomainError
from registers.laws import DATA, cite_all

Unit = Literal["workday", "day", "month", "year"]
UNITS: tuple[Unit, ...] = ("workday", "day", "month", "year")


UNIT_WORDS: dict[Unit, tuple[str, str]] = {
    "workday": ("个工作日", "working days"),
    "day": ("日", "days"),
    "month": ("个月", "months"),
    "year": ("年", "years"),
}  # Chinese, English


@dataclass(frozen=True)
class Extension:
    """How far a limit may be extended, who approves it and where the law says so."""

    limit: int
    unit: Unit
    approver: str
    basis_zh: str
    basis_en: str


@dataclass(frozen=True)
class LimitRule:
    """One version of one statutory period."""

    code: str
    limit: int
    unit: Unit
    title: Mapping[str, str]
    start_fact: str
    effect: str
    basis_zh: str
    basis_en: str
    count_start: bool = False
    backward: bool = False
    pauses: frozenset[str] = field(default_factory=frozenset)
    pause_basis_zh: str = ""
    pause_basis_en: str = ""
    extension: Extension | None = None
    promised: int | None = None
    bare_day: bool = False
    actor: str = ""
    verified: str = "yes"
    valid_from: date = date.min
    valid_to: date | None = None


class LimitRow(Base):
    """A version of a limit as stored; `source` tells built-in rows from those of an administrator."""

    __tablename__ = "limit_rule"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("unit in ('workday', 'day', 'month', 'year')", name="unit"),
        CheckConstraint('"limit" >= 0', name="not_negative"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="period"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    limit: Mapped[int]
    unit: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(comment="everything else of LimitRule, as in data/limits.json")
    source: Mapped[str] = mapped_column(server_default="built-in")


class LimitSetting(Base):
    """What a body decides: the unit of a bare 日 (code null = everywhere), a shorter promised limit."""

    __tablename__ = "limit_setting"
    __table_args__ = (
        UniqueConstraint("body_code", "code", "valid_from", postgresql_nulls_not_distinct=True),
        CheckConstraint("bare_day_unit is null or bare_day_unit in ('day', 'workday')", name="unit"),
        CheckConstraint("promised is null or (promised > 0 and code is not null)", name="promised"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    body_code: Mapped[str]
    code: Mapped[str | None]
    valid_from: Mapped[date]
    bare_day_unit: Mapped[str | None]
    promised: Mapped[int | None]
    basis: Mapped[str] = mapped_column(server_default="")


def rule(conn: Connection, code: str, act_date: date, body_code: str | None = None) -> LimitRule:
    """The version of a limit in force on a date, as the body named counts and promises it."""
    row = conn.execute(
        select(
            LimitRow.code,
            LimitRow.limit,
            LimitRow.unit,
            LimitRow.valid_from,
            LimitRow.valid_to,
            LimitRow.facts,
        )
        .where(LimitRow.code == code, LimitRow.valid_from <= act_date)
        .where((LimitRow.valid_to.is_(None)) | (LimitRow.valid_to > act_date))
        .order_by(LimitRow.valid_from.desc())
        .limit(1)
    ).first()
    if row is None:
        raise _unknown(code, act_date)
    found = _from_facts(row.code, row.limit, row.unit, row.valid_from, row.valid_to, row.facts)
    if body_code is None:
        return found
    settings = conn.execute(
        select(LimitSetting.code, LimitSetting.bare_day_unit, LimitSetting.promised)
        .where(LimitSetting.body_code == body_code, LimitSetting.valid_from <= act_date)
        .where((LimitSetting.code == code) | LimitSetting.code.is_(None))
        .order_by(LimitSetting.code.nulls_first(), LimitSetting.valid_from)
    ).all()
    for setting in settings:
        found = with_setting(found, setting.bare_day_unit, setting.promised)
    return found


def with_setting(found: LimitRule, bare_day_unit: str | None, promised: int | None) -> LimitRule:
    """Apply what a body decides; a promise longer than the law is refused, never cut silently."""
    if found.bare_day and bare_day_unit:
        found = replace(found, unit=_unit(bare_day_unit))
    if promised is not None:
        if promised > found.limit:
            raise DomainError(
                "promise_too_long",
                f"承诺时限 {promised} 不得长于法定时限 {found.limit}。",
                f"The promised limit {promised} must not be longer than the statutory limit {found.limit}.",
                pointer=found.code,
            )
        found = replace(found, promised=promised)
    return found


def built_in(code: str, act_date: date) -> LimitRule:
    """The version in force as shipped, without a database (worked examples, linting, documentation)."""
    for candidate in built_in_rules():
        ends = candidate.valid_to or date.max
        if candidate.code == code and candidate.valid_from <= act_date < ends:
            return candidate
    raise _unknown(code, act_date)


@cache
def built_in_rules() -> tuple[LimitRule, ...]:
    """Every version of every limit as shipped."""
    return tuple(
        _from_facts(item["code"], item["limit"], item["unit"], valid_from, valid_to, {**item, "basis": basis})
        for item, valid_from, valid_to, basis in _versions()
    )


def codes(conn: Connection | None = None) -> frozenset[str]:
    """All limit codes, as stored or as shipped; what a model's `limitRule` may name."""
    stored = conn.scalars(select(LimitRow.code).distinct()) if conn is not None else ()
    return frozenset(stored) | frozenset(item.code for item in built_in_rules())


def seed(conn: Connection) -> int:
    """Write the built-in rows that are missing; returns how many were written."""
    rows = [
        {
            "id": uuid7(),
            "code": item["code"],
            "valid_from": valid_from,
            "valid_to": valid_to,
            "limit": item["limit"],
            "unit": item["unit"],
            "facts": {key: value for key, value in item.items() if key != "versions"} | {"basis": basis},
        }
        for item, valid_from, valid_to, basis in _versions()
    ]
    statement = insert(LimitRow).on_conflict_do_nothing(index_elements=["code", "valid_from"])
    return len(conn.execute(statement.returning(LimitRow.id), rows).all())


def written(rule: LimitRule) -> str:
    """A limit as papers say it: “30个工作日”."""
    return f"{rule.limit}{UNIT_WORDS[rule.unit][0]}"


def effect_text(effect: str) -> tuple[str, str]:
    """What silence means, in Chinese and English."""
    return _words("effects", effect)


def pause_text(kind: str) -> tuple[str, str]:
    """The name of a kind of pause, in Chinese and English."""
    return _words("pauses", kind)


def start_text(fact: str) -> tuple[str, str]:
    """From what day a limit runs, in Chinese and English."""
    return _words("starts", fact)


def _versions() -> Iterable[tuple[dict[str, Any], date, date | None, list[str]]]:
    for item in _data()["limits"]:
        for version in item["versions"]:
            valid_from = date.fromisoformat(version["valid_from"]) if version["valid_from"] else date(2000, 1, 1)
            valid_to = date.fromisoformat(version["valid_to"]) if version["valid_to"] else None
            yield item, valid_from, valid_to, version["basis"]


def _from_facts(
    code: str, limit: int, unit: str, valid_from: date, valid_to: date | None, facts: Mapping[str, Any]
) -> LimitRule:
    """A limit out of what a row or the shipped data say, its citations written out."""
    basis_zh, basis_en = cite_all(facts["basis"])
    pause_zh, pause_en = cite_all(facts.get("pause_basis", ()))
    raw = facts.get("extension")
    extension = None
    if raw:
        extension = Extension(raw["limit"], _unit(raw["unit"]), raw["approver"], *cite_all(raw["basis"]))
    return LimitRule(
        code=code,
        limit=limit,
        unit=_unit(unit),
        title=facts["title"],
        start_fact=facts["start"],
        effect=facts["effect"],
        basis_zh=basis_zh,
        basis_en=basis_en,
        count_start=facts.get("count_start", False),
        backward=facts.get("backward", False),
        pauses=frozenset(facts.get("pauses", ())),
        pause_basis_zh=pause_zh,
        pause_basis_en=pause_en,
        extension=extension,
        promised=facts.get("promised"),
        bare_day=facts.get("bare_day", False),
        actor=facts.get("actor", ""),
        verified=facts.get("verified", "yes"),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _unit(text: str) -> Unit:
    if text not in UNITS:
        raise DomainError("unknown_unit", f"未知的时限单位：{text}。", f"Unknown unit of a limit: {text}.")
    return text


def _words(table: str, key: str) -> tuple[str, str]:
    item = _data()[table].get(key, {"zh": key, "en": key})
    return item["zh"], item["en"]


def _unknown(code: str, act_date: date) -> DomainError:
    return DomainError(
        "limit_not_in_force",
        f"时限“{code}”在 {act_date} 没有有效版本。",
        f'Limit "{code}" has no version in force on {act_date}.',
        pointer=code,
        status=404,
    )


@cache
def _data() -> dict[str, Any]:
    return cast(dict[str, Any], json.loads((DATA / "limits.json").read_text(encoding="utf-8")))
