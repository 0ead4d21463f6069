"""Milestones (节点): what was first planned, what is planned now, and what happened; of a case or of a pilot.

A milestone of law has a rule instead of a planned date: it is counted from the milestone before it and nobody
writes it. The log of revisions is append-only: who moved which date, from when to when, and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7


class Milestone(Base):
    """One milestone; `case_id` is set when the owner is a case, so that only who sees the case sees it."""

    __tablename__ = "milestone"
    __table_args__ = (
        UniqueConstraint("owner_kind", "owner_id", "key"),
        CheckConstraint("owner_kind IN ('case', 'pilot')", name="owner"),
        CheckConstraint("unit IN ('workday', 'day')", name="unit"),
        CheckConstraint('"offset" IS NULL OR ("offset" BETWEEN 0 AND 5000 AND after_key IS NOT NULL)', name="offset"),
        CheckConstraint("rule IS NULL OR (after_key IS NOT NULL AND current_on IS NULL)", name="statutory"),
        CheckConstraint("baseline_on IS NOT NULL OR current_on IS NULL", name="planned"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    owner_kind: Mapped[str]
    owner_id: Mapped[uuid.UUID]
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))
    key: Mapped[str]
    title: Mapped[dict[str, Any]]
    position: Mapped[int] = mapped_column(server_default="0")
    after_key: Mapped[str | None] = mapped_column(comment="the milestone it follows")
    offset: Mapped[int | None] = mapped_column(comment="how many days after it")
    unit: Mapped[str] = mapped_column(server_default="workday")
    rule: Mapped[str | None] = mapped_column(comment="a limit of law that gives the date, counted from after_key")
    baseline_on: Mapped[date | None]
    current_on: Mapped[date | None]
    actual_on: Mapped[date | None]


class MilestoneRevision(Base):
    """A date of a milestone that was set or moved; never changed."""

    __tablename__ = "milestone_revision"
    __table_args__ = (
        Index("ix_milestone_revision_owner", "owner_kind", "owner_id", "at"),
        CheckConstraint("cause IN ('planned', 'pushed', 'followed', 'reached')", name="cause"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    owner_kind: Mapped[str]
    owner_id: Mapped[uuid.UUID]
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))
    key: Mapped[str]
    title: Mapped[dict[str, Any]]
    cause: Mapped[str]
    old_on: Mapped[date | None]
    new_on: Mapped[date]
    reason: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    at: Mapped[datetime]


def of_owner(conn: Connection, owner_kind: str, owner_id: uuid.UUID) -> list[dict[str, Any]]:
    """The milestones of an owner in their order."""
    rows = conn.execute(
        select(Milestone.__table__)
        .where(Milestone.owner_kind == owner_kind, Milestone.owner_id == owner_id)
        .order_by(Milestone.position, Milestone.key)
    )
    return [dict(row) for row in rows.mappings()]


def revisions(conn: Connection, owner_kind: str, owner_id: uuid.UUID, limit: int = 200) -> list[dict[str, Any]]:
    """What was set and moved, newest first."""
    rows = conn.execute(
        select(MilestoneRevision.__table__)
        .where(MilestoneRevision.owner_kind == owner_kind, MilestoneRevision.owner_id == owner_id)
        .order_by(MilestoneRevision.at.desc(), MilestoneRevision.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def put(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter milestones or replace their plan; an actual date is not touched."""
    given = [dict(row) for row in rows]
    if given:
        statement = upsert(Milestone).values([{"id": uuid7(), **row} for row in given])
        kept = ("title", "position", "after_key", "offset", "unit", "rule", "baseline_on", "current_on")
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=["owner_kind", "owner_id", "key"],
                set_={name: getattr(statement.excluded, name) for name in kept},
            )
        )


def log(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write lines of the log of revisions."""
    given = [{"id": uuid7(), **row} for row in rows]
    if given:
        conn.execute(insert(MilestoneRevision), given)


def reached(
    conn: Connection,
    owner: tuple[str, uuid.UUID, uuid.UUID | None],
    passed: Mapping[str, tuple[str, str]],
    *,
    on: date,
    now: datetime,
    by: tuple[uuid.UUID | None, str],
    reason: str = "",
) -> None:
    """Note the actual date of milestones by key; passed again, the last time counts and the log keeps both.

    `owner` is its kind, its id and the case it hangs on; `by` who did it, id and name.
    """
    kind, owner_id, case_id = owner
    common = {"kind": kind, "owner": owner_id, "case": case_id, "on": on, "now": now, "reason": reason}
    for key, (zh, en) in passed.items():
        ids = {"id": uuid7(), "log": uuid7(), "actor": by[0], "name": by[1]}
        conn.execute(_REACHED, {**common, **ids, "key": key, "zh": zh, "en": en})


_REACHED = text(
    """
    WITH before AS (SELECT actual_on FROM milestone WHERE owner_kind = :kind AND owner_id = :owner AND key = :key),
    made AS (
      INSERT INTO milestone (id, owner_kind, owner_id, case_id, key, title, actual_on)
      VALUES (:id, :kind, :owner, :case, :key, jsonb_build_object('zh', CAST(:zh AS text), 'en', CAST(:en AS text)), :on)
          ON CONFLICT (owner_kind, owner_id, key) DO UPDATE SET actual_on = excluded.actual_on
       WHERE milestone.actual_on IS DISTINCT FROM excluded.actual_on
      RETURNING title)
    INSERT INTO milestone_revision (id, owner_kind, owner_id, case_id, key, title, cause, old_on, new_on, reason,
                                    actor_id, actor_name, at)
    SELECT :log, :kind, :owner, :case, :key, made.title, 'reached', (SELECT actual_on FROM before), :on, :reason,
           :actor, :name, :now FROM made
    """
)
