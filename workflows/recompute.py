"""Dates counted anew when the calendar or a limit changes: all open clocks, deadlines and notice periods.

Two phases. The command that changes a register only notes what is to be done (`request`). Then any node walks
the running cases (`work`), a batch to a transaction under the locks of their rows; where it stopped stands in
the `recomputation` row, so a node that dies loses nothing and the page can show progress. People are told
only when their date moved, from when to when; a date that merely ceases to be provisional is rewritten in
silence. What moves is found by `recounting`, which changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Index, delete, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from registers.accounts import SYSTEM
from registers.db import Base, uuid7
from registers.obligations import Obligation
from workflows import events, lights, matters, notify
from workflows.commands import Answer, Step, command, to_json
from workflows.lights import ClockAlarm
from workflows.models import Case
from workflows.recounting import Changes, Move, compute
from workflows.reference import Reference
from workflows.runtime import Runtime

BATCH = 1000


class Recomputation(Base):
    """One walk over all running cases, and how far it has come."""

    __tablename__ = "recomputation"
    __table_args__ = (Index("ix_recomputation_open", "requested_at", postgresql_where=text("finished_at IS NULL")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reason: Mapped[dict[str, Any]]
    requested_at: Mapped[datetime]
    requested_by: Mapped[uuid.UUID | None]
    cursor: Mapped[uuid.UUID | None]
    total: Mapped[int]
    horizon: Mapped[int | None] = mapped_column(BigInteger, comment="transactions before this one may know old dates")
    done: Mapped[int] = mapped_column(server_default="0")
    moved: Mapped[int] = mapped_column(server_default="0")
    finished_at: Mapped[datetime | None]


def request(step: Step, zh: str, en: str) -> uuid.UUID:
    """Note that all dates are to be counted anew, and why."""
    recomputation_id = uuid7()
    total = step.conn.scalar(select(func.count()).select_from(Case).where(Case.status == "running"))
    step.conn.execute(
        insert(Recomputation).values(
            id=recomputation_id,
            reason={"zh": zh, "en": en},
            requested_at=step.now,
            requested_by=step.actor.id,
            total=total or 0,
        )
    )
    return recomputation_id


def work(rt: Runtime) -> int:
    """Do what is noted; returns how many cases were gone through. Any node may, one at a time does."""
    gone = 0
    while True:
        with rt.db.transaction() as conn:
            noted = conn.scalar(
                select(Recomputation.id)
                .where(Recomputation.finished_at.is_(None))
                .order_by(Recomputation.requested_at)
                .limit(1)
            )
        if noted is None:
            return gone
        answer = walk(rt, SYSTEM, recomputation_id=noted)
        if not answer["worked"]:
            return gone
        gone += answer["cases"]


@command("dates.recompute")
def walk(step: Step, *, recomputation_id: uuid.UUID) -> Answer:
    """Go through the next batch of running cases.

    The walk begins when every transaction that was under way with the old calendar or limit is over: a case that
    one of them opens is there by then, and later ones are opened with the new dates.
    """
    conn = step.conn
    query = select(Recomputation.__table__).where(Recomputation.id == recomputation_id)
    todo = conn.execute(query.with_for_update(skip_locked=True)).mappings().first()
    if todo is None or todo["finished_at"] is not None:
        return {"worked": False, "cases": 0}
    if todo["horizon"] is None:
        conn.execute(_NOTE_HORIZON, {"id": recomputation_id})
        return {"worked": True, "cases": 0}
    if not conn.scalar(_IS_PAST, {"horizon": todo["horizon"]}):
        return {"worked": False, "cases": 0}
    of_cases = select(Case.id).where(Case.status == "running").order_by(Case.id).limit(BATCH).with_for_update()
    if todo["cursor"] is not None:
        of_cases = of_cases.where(Case.id > todo["cursor"])
    case_ids = list(conn.scalars(of_cases))
    reference = step.rt.reference.get(conn)
    changes = compute(conn, reference, case_ids, step.today)
    _apply(step, changes, todo["reason"])
    last = len(case_ids) < BATCH
    if last:
        _obligations(step, reference, todo["reason"])
    conn.execute(
        update(Recomputation)
        .where(Recomputation.id == recomputation_id)
        .values(
            cursor=case_ids[-1] if case_ids else todo["cursor"],
            done=todo["done"] + len(case_ids),
            moved=todo["moved"] + len(changes.moves),
            finished_at=step.now if last else None,
        )
    )
    return {"worked": True, "cases": len(case_ids), "moved": len(changes.moves)}


# Every command has a transaction number before it looks at a calendar or a limit: it begins by claiming its key.
_NOTE_HORIZON = text(
    "UPDATE recomputation SET horizon = pg_snapshot_xmax(pg_current_snapshot())::text::bigint WHERE id = :id"
)
_IS_PAST = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= :horizon")


def preview(conn: Connection, reference: Reference, today: date, limit: int = 5000) -> list[Move]:
    """What would move under another calendar, for the first cases; nothing is written."""
    found: list[Move] = []
    for case_ids in _batches(conn, limit):
        found += compute(conn, reference, case_ids, today).moves
    return found


def recent(conn: Connection, limit: int = 10) -> list[dict[str, Any]]:
    """The latest walks with their progress."""
    rows = conn.execute(select(Recomputation.__table__).order_by(Recomputation.requested_at.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _batches(conn: Connection, limit: int) -> Iterator[list[uuid.UUID]]:
    after: uuid.UUID | None = None
    for _ in range(0, limit, BATCH):
        query = select(Case.id).where(Case.status == "running").order_by(Case.id).limit(BATCH)
        ids = list(conn.scalars(query if after is None else query.where(Case.id > after)))
        if ids:
            yield ids
        if len(ids) < BATCH:
            return
        after = ids[-1]


def _apply(step: Step, changes: Changes, reason: dict[str, str]) -> None:
    """Write what has changed, enter it into the records of the cases, and tell people."""
    conn = step.conn
    if changes.matters:
        conn.execute(
            delete(ClockAlarm).where(matters.among(ClockAlarm.matter_id, changes.matters), ClockAlarm.done_at.is_(None))
        )
        lights.enter(conn, changes.alarms)
    if changes.deadlines:
        conn.execute(_MOVE_DEADLINES, {"rows": to_json(changes.deadlines)})
    if changes.notices:
        conn.execute(_MOVE_NOTICES, {"rows": to_json(changes.notices)})
    _record(step, changes.moves, reason)
    _tell(step, changes.moves, reason)


_MOVE_DEADLINES = text(
    """
    WITH moved AS (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                   AS r(id uuid, task uuid, due_on date, provisional boolean, due_at timestamptz)),
         dated AS (UPDATE deadline d SET due_on = m.due_on, due_at = m.due_at, provisional = m.provisional
                     FROM moved m WHERE d.id = m.id)
    UPDATE task t SET due_on = m.due_on FROM moved m WHERE t.id = m.task
    """
)
_MOVE_NOTICES = text(
    """
    UPDATE notice n SET until_on = r.until_on
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, until_on date) WHERE n.id = r.id
    """
)


def _record(step: Step, moves: list[Move], reason: dict[str, str]) -> None:
    """A line for every moved date in the record of its case."""
    if not moves:
        return
    chains = events.chains(step.conn, {move.case_id for move in moves})
    for move in moves:
        chains[move.case_id].append(
            "date_moved",
            at=step.now,
            actor=step.actor,
            what=move.zh,
            old=move.old,
            new=move.new,
            provisional=move.provisional,
            reason=reason["zh"],
        )
    events.append_all(step.conn, chains.values())


def _tell(step: Step, moves: list[Move], reason: dict[str, str]) -> None:
    """One message for every moved date to the officers of the body and the people of the enterprise."""
    people: dict[Any, frozenset[uuid.UUID]] = {}
    told = []
    for move in moves:
        key = (move.enterprise_id, move.body_id)
        if key not in people:
            officers = notify.of_body(step.conn, move.body_id, ("reviewer", "window", "head"), step.today)
            firm = (
                notify.of_enterprise(step.conn, move.enterprise_id, step.today) if move.enterprise_id else frozenset()
            )
            people[key] = officers | firm
        by = (move.new - move.old).days
        way_zh, way_en = ("推后", "later") if by > 0 else ("提前", "earlier")
        mark_zh, mark_en = ("（暂定）", " (provisional)") if move.provisional else ("", "")
        told.append(
            notify.Outgoing(
                people[key],
                "moved",
                f"{move.zh}由{move.old}改为{move.new}{mark_zh}，{way_zh}{abs(by)}天：{move.number} {move.title}（{reason['zh']}）",
                f"{move.en} moved from {move.old} to {move.new}{mark_en}, {abs(by)} days {way_en}: {move.number} {move.title}"
                f" ({reason['en']})",
                move.case_id,
            )
        )
    notify.send(step.conn, step.now, told)


def _obligations(step: Step, reference: Reference, reason: dict[str, str]) -> None:
    """Duties counted by a rule from a date move with it too."""
    rows = step.conn.execute(
        select(Obligation.__table__).where(
            Obligation.status == "open", Obligation.rule.is_not(None), Obligation.start_on.is_not(None)
        )
    ).mappings()
    changed, told = [], []
    for row in rows:
        due = reference.due(step.conn, row["rule"], row["start_on"])
        if (due.date, due.provisional) == (row["due_on"], row["provisional"]):
            continue
        changed.append({"id": row["id"], "due_on": due.date, "provisional": due.provisional})
        if due.date != row["due_on"] and row["enterprise_id"] is not None:
            told.append(
                notify.Outgoing(
                    notify.of_enterprise(step.conn, row["enterprise_id"], step.today),
                    "moved",
                    f"{row['title']['zh']}期限由{row['due_on']}改为{due.date}（{reason['zh']}）",
                    f"{row['title']['en']} moved from {row['due_on']} to {due.date} ({reason['en']})",
                    row["case_id"],
                    "/duties",
                )
            )
    if changed:
        step.conn.execute(
            text("UPDATE obligation SET due_on = :due_on, provisional = :provisional WHERE id = :id"), changed
        )
    notify.send(step.conn, step.now, told)
